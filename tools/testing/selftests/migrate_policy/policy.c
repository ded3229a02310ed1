// SPDX-License-Identifier: GPL-2.0-only
/*
 * The migrate_policy tree as its selftests see it: see policy.h.
 */
#include "policy.h"

#include <stdio.h>

const char * const reason_names[NR_REASONS] = {
	[COMPACTION] = "compaction",
	[MEMORY_FAILURE] = "memory_failure",
	[MEMORY_HOTPLUG] = "memory_hotplug",
	[SYSCALL_OR_CPUSET] = "syscall_or_cpuset",
	[MEMPOLICY_MBIND] = "mempolicy_mbind",
	[NUMA_MISPLACED] = "numa_misplaced",
	[CONTIG_RANGE] = "contig_range",
	[LONGTERM_PIN] = "longterm_pin",
	[DEMOTION] = "demotion",
	[DAMON] = "damon",
};

const char * const counter_names[NR_COUNTERS] = {
	[CUTS] = "cuts",
	[CUT_NS] = "cut_ns",
	[SUCCEEDED] = "succeeded",
	[FAILED] = "failed",
	[BATCHES] = "batches",
	[FOLIOS] = "folios",
	[PAGES] = "pages",
	[BYTES] = "bytes",
	[COPY_NS] = "copy_ns",
	[HELPER_NS] = "helper_ns",
	[DECLINED_MIN] = "declined_min",
	[DECLINED_SLOT] = "declined_slot",
	[DECLINED_BUSY] = "declined_busy",
	[DECLINED_NOMEM] = "declined_nomem",
	[DECLINED_ERROR] = "declined_error",
	[INELIGIBLE] = "ineligible",
	[FAILED_ITEMS] = "failed_items",
	[STALE] = "stale",
	[REFUSED] = "refused",
	[VERIFIED] = "verified",
	[MISMATCHED] = "mismatched",
};

bool policy_present(void)
{
	return sys_exists(POLICY_STATE "/enabled") &&
	       sys_exists(POLICY_CONFIG "/reasons");
}

__u64 policy_enabled(void)
{
	return sys_number(POLICY_STATE "/enabled");
}

__u64 policy_generation(void)
{
	return sys_number(POLICY_STATE "/generation");
}

static void attribute(enum reason reason, const char *key, char *path)
{
	snprintf(path, SYS_PATH, POLICY_CONFIG "/reasons/%s/%s",
		 reason_names[reason], key);
}

int policy_set(enum reason reason, const char *key, const char *value)
{
	char path[SYS_PATH];

	attribute(reason, key, path);
	return sys_set(path, value);
}

int policy_write(enum reason reason, const char *key, const char *value)
{
	char path[SYS_PATH];

	attribute(reason, key, path);
	return sys_write(path, value);
}

void policy_keep(enum reason reason, const char *key)
{
	char path[SYS_PATH], value[SYS_VALUE];

	attribute(reason, key, path);
	if (!sys_read(path, value, sizeof(value)))
		undo_write(path, value);
}

int policy_set_stats(const char *value)
{
	return sys_set(POLICY_CONFIG "/stats", value);
}

static void read_counters(const char *kind, const char *name,
			  struct counters *now)
{
	char path[SYS_PATH];

	for (int i = 0; i < NR_COUNTERS; i++) {
		snprintf(path, sizeof(path), POLICY_STATE "/%s/%s/%s", kind,
			 name, counter_names[i]);
		now->v[i] = sys_number(path);
	}
}

void policy_reason_counters(enum reason reason, struct counters *now)
{
	read_counters("reasons", reason_names[reason], now);
}

void policy_backend_counters(const char *backend, struct counters *now)
{
	read_counters("backends", backend, now);
}

__u64 policy_mismatched(void)
{
	char path[SYS_PATH];
	__u64 sum = 0;

	for (int i = 0; i < NR_REASONS; i++) {
		snprintf(path, sizeof(path), POLICY_STATE "/reasons/%s/%s",
			 reason_names[i], counter_names[MISMATCHED]);
		if (sys_exists(path))
			sum += sys_number(path);
	}
	return sum;
}
