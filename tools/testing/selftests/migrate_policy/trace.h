/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel's own tracepoint mm_migrate_pages says about migrations:
 * the second witness of the migrate_policy selftests, independent of the
 * layer's counters.
 */
#ifndef MIGRATE_POLICY_TRACE_H
#define MIGRATE_POLICY_TRACE_H

#include "policy.h"

struct trace_sums {
	__u64 calls[NR_REASONS];
	__u64 succeeded[NR_REASONS];
	__u64 failed[NR_REASONS];
};

/*
 * A trace buffer of our own with that one event, until undo_to(). @kb is its
 * size per CPU. Returns 0 or a negative errno.
 */
int trace_start(unsigned int kb);

/* Forgets what was traced so far. */
void trace_clear(void);

/* Adds up what was traced; false, with a note, if events were lost. */
bool trace_read(struct trace_sums *sums);

#endif /* MIGRATE_POLICY_TRACE_H */
