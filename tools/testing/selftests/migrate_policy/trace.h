/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tracepoints say. Those of the kernel's own are the second witness of the
 * migrate_policy selftests, independent of the layer's counters.
 */
#ifndef MIGRATE_POLICY_TRACE_H
#define MIGRATE_POLICY_TRACE_H

#include "policy.h"

/* The tracepoints, as their folders are called. */
#define TRACE_MIGRATE	"migrate/mm_migrate_pages"
#define TRACE_CUTS	"migrate_policy/migrate_cut"
#define TRACE_QUEUE	"workqueue/workqueue_queue_work"

/* Of all calls of migrate_pages(). */
struct trace_sums {
	__u64 calls[NR_REASONS];
	__u64 succeeded[NR_REASONS];
	__u64 failed[NR_REASONS];
};

/*
 * A trace buffer of our own with that one event, until undo_to(). @kb is its
 * size per CPU. Returns 0 or a negative errno.
 */
int trace_start(const char *event, unsigned int kb);

/* Forgets what was traced so far. */
void trace_clear(void);

/*
 * Hands over what was traced, line by line, until @add returns false. False,
 * with a note, if it did, or if events were lost.
 */
bool trace_lines(bool (*add)(void *arg, char *line), void *arg);

/* The number behind @name in a line; 0 if the name is not there. */
__u64 trace_number(const char *line, const char *name);

/* Adds up what TRACE_MIGRATE told; false, with a note, if events were lost. */
bool trace_read(struct trace_sums *sums);

#endif /* MIGRATE_POLICY_TRACE_H */
