/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The layer's counters against the tracepoint mm_migrate_pages, for the
 * migrate_policy selftests: whatever happened in between, both tell the same.
 */
#ifndef MIGRATE_POLICY_TALLY_H
#define MIGRATE_POLICY_TALLY_H

#include "policy.h"

#include <stdbool.h>
#include <stddef.h>

struct tally {
	struct counters before[NR_REASONS];
	struct counters after[NR_REASONS];
	__u64 generation;
};

/*
 * Begins to count and to trace, until undo_to(). The policy of the reason damon
 * has a batch_size of its own from now on, so that counting goes on while stats
 * is 0: it must stay. Returns false, with a note, if it cannot.
 */
bool tally_start(struct tally *tally);

/*
 * Adds up what has happened, once nothing migrates any more. Returns false,
 * with notes, if counters and tracepoint differ.
 */
bool tally_adds_up(struct tally *tally);

#endif /* MIGRATE_POLICY_TALLY_H */
