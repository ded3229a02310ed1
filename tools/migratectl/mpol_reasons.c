// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the tool knows about each reason. Which of them there are the kernel
 * says: nothing is refused for not being in this table.
 */
#include <string.h>

#include "mpol.h"

const struct mpol_reason mpol_reason_table[] = {
	{ "compaction", 32, "making room for large allocations" },
	{ "memory_failure", MPOL_ONE_FOLIO, "saving data from failing memory" },
	{ "memory_hotplug", 0, "taking memory offline" },
	{ "syscall_or_cpuset", 0,
	  "move_pages(2), migrate_pages(2), a cpuset's new nodes" },
	{ "mempolicy_mbind", 0, "mbind(2) with MPOL_MF_MOVE" },
	{ "numa_misplaced", MPOL_ONE_FOLIO,
	  "NUMA balancing, promotion to a faster tier" },
	{ "contig_range", 32, "contiguous ranges: CMA, gigantic pages" },
	{ "longterm_pin", 0, "pages about to be pinned for long" },
	{ "demotion", 0, "reclaim into a slower tier" },
	{ "damon", 0, "DAMON's migrate schemes" },
};

const size_t mpol_reason_count = ARRAY_SIZE(mpol_reason_table);

const struct mpol_reason *mpol_reason(const char *name)
{
	for (size_t i = 0; i < mpol_reason_count; i++)
		if (!strcmp(mpol_reason_table[i].name, name))
			return &mpol_reason_table[i];
	return NULL;
}
