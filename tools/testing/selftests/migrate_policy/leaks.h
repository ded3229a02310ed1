/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page accounting of the migrate_policy selftests: what migrations must leave
 * as it was. Take it once before, and check it when all memory of the test is
 * unmapped and its threads have ended.
 */
#ifndef MIGRATE_POLICY_LEAKS_H
#define MIGRATE_POLICY_LEAKS_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#define LEAKS_NODES	2

struct leaks {
	__s64 missing;			/* pages that no counter accounts for */
	__u64 poisoned;			/* pages with PG_hwpoison */
	__u64 hugetlb[LEAKS_NODES];	/* pages in the pools, 2 MiB */
	__u64 hugetlb_free[LEAKS_NODES];
	__u64 splats;			/* taint flags */
};

/*
 * Page frames that are locked, or anonymous without a mapping, and remain so
 * for a number of looks, a fifth of a second apart.
 */
size_t leaks_stuck(unsigned int looks);

/* Frees what can be freed, and counts. */
void leaks_take(struct leaks *leaks);

/*
 * Counts again, and compares. Besides: no page is isolated on any node, none
 * is stuck. @noise is by how many pages the kernel's own use of memory
 * may have grown. A test that has poisoned pages enters them in @before.
 * Returns false, with notes, if something is not as it was.
 */
bool leaks_none(const struct leaks *before, __u64 noise);

#endif /* MIGRATE_POLICY_LEAKS_H */
