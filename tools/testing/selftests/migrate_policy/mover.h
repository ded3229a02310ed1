/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads of the migrate_policy selftests that keep migrating ranges of memory
 * to and fro while others use them: between the two nodes, and by compaction
 * within a node.
 */
#ifndef MIGRATE_POLICY_MOVER_H
#define MIGRATE_POLICY_MOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

/*
 * A range need not be mapped all the time, nor all of it. What is mapped there
 * may change: a mover never reads or writes it.
 */
struct mover_range {
	char *map;
	size_t size;
	size_t unit;		/* bytes per folio, at best */
};

enum mover_method {
	MOVER_PAGES,		/* move_pages(2), folio by folio or page by page */
	MOVER_MBIND,		/* mbind(2) */
	MOVER_COMPACT,		/* /proc/sys/vm/compact_memory */
	MOVER_TASK,		/* migrate_pages(2): all of the process */
	MOVER_RECLAIM,		/* memory.reclaim, after cgroup_join("memory") */
	NR_MOVERS,
};

#define MOVER_BIT(method)	(1u << (method))
#define MOVER_ALL		(MOVER_BIT(NR_MOVERS) - 1)

struct mover_sums {
	__u64 calls[NR_MOVERS];	/* calls that migrate */
	__u64 pages;		/* base pages migrated, by anybody */
};

extern const char * const mover_names[NR_MOVERS];

/*
 * Starts one thread for each of @methods, a mask of MOVER_BIT(). @ranges has
 * to last until mover_stop(). Returns false, with a note, if it cannot.
 */
bool mover_start(const struct mover_range *ranges, size_t nr,
		 unsigned int methods);

/* Ends the threads, and tells what was migrated since mover_start(). */
void mover_stop(struct mover_sums *sums);

/* Base pages migrated since the boot, by anybody and for whatever reason. */
__u64 mover_pages(void);

#endif /* MIGRATE_POLICY_MOVER_H */
