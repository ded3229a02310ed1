// SPDX-License-Identifier: GPL-2.0-only
/*
 * The counters that the kernel keeps per reason and per backend.
 */
#include <errno.h>

#include "mpol_private.h"

/* In the order of the kernel's own table. */
const struct mpol_counter_info mpol_counter_table[MPOL_COUNTERS] = {
	[MPOL_CUTS] = { "cuts", MPOL_EVENTS,
		"cuts finished, pieces of a list to migrate" },
	[MPOL_CUT_NS] = { "cut_ns", MPOL_NS,
		"wall time of the cuts, first unmap to last move" },
	[MPOL_SUCCEEDED] = { "succeeded", MPOL_PAGES,
		"base pages migrated" },
	[MPOL_FAILED] = { "failed", MPOL_PAGES,
		"base pages that failed to migrate" },
	[MPOL_BATCHES] = { "batches", MPOL_EVENTS,
		"requests the backend accepted" },
	[MPOL_FOLIOS] = { "folios", MPOL_FOLIOS_UNIT,
		"folios the backend copied ahead" },
	[MPOL_COPIED] = { "pages", MPOL_PAGES,
		"base pages the backend copied ahead" },
	[MPOL_BYTES] = { "bytes", MPOL_BYTES_UNIT,
		"bytes the backend copied ahead" },
	[MPOL_COPY_NS] = { "copy_ns", MPOL_NS,
		"wall time spent in the backend" },
	[MPOL_HELPER_NS] = { "helper_ns", MPOL_NS,
		"CPU time of the backend's helpers" },
	[MPOL_DECLINED_MIN] = { "declined_min", MPOL_EVENTS,
		"requests declined: smaller than the minimum" },
	[MPOL_DECLINED_SLOT] = { "declined_slot", MPOL_EVENTS,
		"requests declined: no slot free" },
	[MPOL_DECLINED_BUSY] = { "declined_busy", MPOL_EVENTS,
		"requests declined: nobody free to copy" },
	[MPOL_DECLINED_NOMEM] = { "declined_nomem", MPOL_EVENTS,
		"requests declined: no memory" },
	[MPOL_DECLINED_ERROR] = { "declined_error", MPOL_EVENTS,
		"requests declined: the backend failed" },
	[MPOL_INELIGIBLE] = { "ineligible", MPOL_FOLIOS_UNIT,
		"folios that could not be copied ahead" },
	[MPOL_FAILED_ITEMS] = { "failed_items", MPOL_FOLIOS_UNIT,
		"folios whose copy ahead failed, copied inline" },
	[MPOL_STALE] = { "stale", MPOL_FOLIOS_UNIT,
		"folios whose copy ahead was dropped, copied inline" },
	[MPOL_REFUSED] = { "refused", MPOL_FOLIOS_UNIT,
		"folios not migrated since a strict backend did not copy" },
	[MPOL_VERIFIED] = { "verified", MPOL_PAGES,
		"base pages copied ahead that were compared at the move" },
	[MPOL_MISMATCHED] = { "mismatched", MPOL_PAGES,
		"base pages of them that were wrong, and mended" },
};

int mpol_load_counters(struct mpol *m, const struct mpol_object *object,
		       struct mpol_counters *counters)
{
	size_t absent = 0;
	int ret = 0;

	*counters = (struct mpol_counters){ 0 };
	for (size_t i = 0; i < MPOL_COUNTERS; i++) {
		ret = mpol_counter(m, object, mpol_counter_table[i].name,
				   &counters->value[i]);
		if (ret && ret != -ENOENT)
			return ret;
		counters->absent[i] = ret;
		absent += counters->absent[i];
	}
	/* Without a single one there is no such object any more. */
	return absent == MPOL_COUNTERS ? -ENOENT : 0;
}

void mpol_counters_since(const struct mpol_counters *now,
			 const struct mpol_counters *before,
			 struct mpol_counters *delta)
{
	for (size_t i = 0; i < MPOL_COUNTERS; i++) {
		uint64_t old = before->value[i];

		/* A backend that was registered anew starts from zero. */
		if (now->value[i] < old)
			old = 0;
		delta->value[i] = now->value[i] - old;
		delta->absent[i] = now->absent[i];
	}
}

uint64_t mpol_declined(const struct mpol_counters *counters)
{
	uint64_t sum = 0;

	for (size_t i = MPOL_DECLINED_MIN; i <= MPOL_DECLINED_ERROR; i++)
		sum += counters->value[i];
	return sum;
}
