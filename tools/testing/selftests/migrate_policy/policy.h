/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The migrate_policy tree as its selftests see it: where the files are, the
 * names of reasons, attributes and counters, and reading all counters.
 */
#ifndef MIGRATE_POLICY_POLICY_H
#define MIGRATE_POLICY_POLICY_H

#include "sys.h"

#include <linux/types.h>
#include <stdint.h>

#define POLICY_CONFIG	"/sys/kernel/config/migrate_policy"
#define POLICY_STATE	"/sys/kernel/mm/migrate_policy"

enum reason {
	COMPACTION,
	MEMORY_FAILURE,
	MEMORY_HOTPLUG,
	SYSCALL_OR_CPUSET,
	MEMPOLICY_MBIND,
	NUMA_MISPLACED,
	CONTIG_RANGE,
	LONGTERM_PIN,
	DEMOTION,
	DAMON,
	NR_REASONS,
};

enum counter {
	CUTS,
	CUT_NS,
	SUCCEEDED,
	FAILED,
	BATCHES,
	FOLIOS,
	PAGES,
	BYTES,
	COPY_NS,
	HELPER_NS,
	DECLINED_MIN,
	DECLINED_SLOT,
	DECLINED_BUSY,
	DECLINED_NOMEM,
	DECLINED_ERROR,
	INELIGIBLE,
	FAILED_ITEMS,
	STALE,
	REFUSED,
	VERIFIED,
	MISMATCHED,
	NR_COUNTERS,
};

struct counters {
	__u64 v[NR_COUNTERS];
};

extern const char * const reason_names[NR_REASONS];
extern const char * const counter_names[NR_COUNTERS];

/* Does this kernel have the layer, and its configfs tree? */
bool policy_present(void);
__u64 policy_enabled(void);
__u64 policy_generation(void);

/* Sets an attribute until undo_to(). Returns 0 or a negative errno. */
int policy_set(enum reason reason, const char *key, const char *value);

/* The same for good; policy_keep() before lets undo_to() put it back. */
int policy_write(enum reason reason, const char *key, const char *value);
void policy_keep(enum reason reason, const char *key);

/* Sets stats until undo_to(). */
int policy_set_stats(const char *value);

/* All counters of a reason, or of a backend. Counts are monotonic. */
void policy_reason_counters(enum reason reason, struct counters *now);
void policy_backend_counters(const char *backend, struct counters *now);

/* Copies that CONFIG_MIGRATE_COPY_VERIFY has found to differ; 0 without it. */
__u64 policy_mismatched(void);

static inline __u64 counted(const struct counters *before,
			    const struct counters *after, enum counter what)
{
	return after->v[what] - before->v[what];
}

#endif /* MIGRATE_POLICY_POLICY_H */
