// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies that change a thousand times while memory under load migrates: no
 * splat, no lost page, no wrong byte, and counters that add up exactly to what
 * the tracepoint mm_migrate_pages told meanwhile. Meant for a kernel with
 * lockdep; whoever runs it also looks at the kernel log.
 */
#include "churn.h"
#include "ktap.h"
#include "policy.h"
#include "provoke.h"
#include "sys.h"
#include "tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SWITCHES	1000
#define ALL_CLASSES	"anon,swapcache,shmem,file"

/* What is switched to and fro, in this order, each with its next value. */
struct toggle {
	const char *path;
	const char *values[5];
};

#define REASON(name, key)	POLICY_CONFIG "/reasons/" name "/" key

static const struct toggle toggles[] = {
	{ REASON("syscall_or_cpuset", "backend"), { "mt", "inline" } },
	{ REASON("mempolicy_mbind", "backend"), { "inline", "mt" } },
	{ REASON("compaction", "backend"), { "mt", "inline", "mt" } },
	{ REASON("syscall_or_cpuset", "batch_size"),
	  { "1", "4096", "512", "33" } },
	{ REASON("mempolicy_mbind", "batch_size"), { "262144", "64", "512" } },
	{ REASON("syscall_or_cpuset", "workers"), { "2", "0", "1" } },
	{ REASON("mempolicy_mbind", "min_pages"), { "1", "0", "600" } },
	{ REASON("syscall_or_cpuset", "min_pages"), { "1", "0" } },
	{ REASON("compaction", "min_pages"), { "1", "0" } },
	{ REASON("syscall_or_cpuset", "classes"),
	  { ALL_CLASSES, "none", "anon", "anon,swapcache" } },
	{ REASON("mempolicy_mbind", "classes"),
	  { ALL_CLASSES, "anon,swapcache" } },
	{ POLICY_CONFIG "/stats", { "0", "1" } },
	{ POLICY_CONFIG "/backends/mt/cpus", { "0", "1", "0-1" } },
};

static struct tally tally;

static enum ktap_result result_of(bool ok)
{
	return ok ? KTAP_PASS : KTAP_FAIL;
}

static enum ktap_result start(const void *arg)
{
	(void)arg;
	return result_of(tally_start(&tally) && churn_start(4));
}

static const char *next_value(const struct toggle *toggle, const char *now)
{
	size_t nr = 0, i;

	while (nr < ARRAY_SIZE(toggle->values) && toggle->values[nr])
		nr++;
	for (i = 0; i < nr; i++) {
		if (!strcmp(toggle->values[i], now))
			return toggle->values[(i + 1) % nr];
	}
	return toggle->values[0];
}

/* Returns 1 if the write changed something, 0 if not, or -1. */
static int flip(const struct toggle *toggle)
{
	char before[SYS_VALUE], after[SYS_VALUE];
	const char *value;
	int rc;

	if (sys_read(toggle->path, before, sizeof(before)))
		return -1;
	value = next_value(toggle, before);
	rc = sys_write(toggle->path, value);
	if (rc || sys_read(toggle->path, after, sizeof(after)) ||
	    strcmp(value, after)) {
		ktap_note("\"%s\" to %s: %s, reads %s", value, toggle->path,
			  strerror(-rc), after);
		return -1;
	}
	return !!strcmp(before, after);
}

static void keep_initial_values(void)
{
	char value[SYS_VALUE];

	for (size_t i = 0; i < ARRAY_SIZE(toggles); i++) {
		if (!sys_read(toggles[i].path, value, sizeof(value)))
			undo_write(toggles[i].path, value);
	}
}

static enum ktap_result switch_policies(const void *arg)
{
	size_t failed = 0, changed = 0;
	__u64 rise;
	bool ok;

	(void)arg;
	keep_initial_values();
	srand(1);
	for (int i = 0; i < SWITCHES; i++) {
		int rc = flip(&toggles[rand() % ARRAY_SIZE(toggles)]);

		changed += rc > 0;
		failed += rc < 0;
	}
	ktap_note("%zu of %d writes changed something", changed, SWITCHES);
	rise = policy_generation() - tally.generation;
	ok = ktap_expect(!failed, "no failed write, not %zu", failed);
	ok &= ktap_expect(rise == changed,
			  "generation to rise by %zu, not %llu", changed, rise);
	return result_of(ok);
}

static enum ktap_result finish(const void *arg)
{
	struct churn_sums sums;
	size_t lost;
	bool ok;

	(void)arg;
	churn_stop();
	churn_read(&sums);
	lost = churn_lost();
	ktap_note("%llu records checked, %llu written, %llu calls that migrate",
		  sums.checked, sums.written, sums.moves);
	ok = ktap_expect(!sums.wrong, "no wrong record, not %llu",
			 sums.wrong);
	ok &= ktap_expect(!lost, "no lost page, not %zu", lost);
	return result_of(ok);
}

static enum ktap_result check_counters(const void *arg)
{
	static const enum reason provoked[] = {
		SYSCALL_OR_CPUSET, MEMPOLICY_MBIND, COMPACTION,
	};
	bool ok;

	(void)arg;
	ok = tally_adds_up(&tally);
	for (size_t i = 0; i < ARRAY_SIZE(provoked); i++)
		ok &= ktap_expect(counted(&tally.before[provoked[i]],
					  &tally.after[provoked[i]], SUCCEEDED),
				  "pages to migrate for %s",
				  reason_names[provoked[i]]);
	ok &= ktap_expect(counted(&tally.before[SYSCALL_OR_CPUSET],
				  &tally.after[SYSCALL_OR_CPUSET], PAGES),
			  "pages to be copied ahead");
	return result_of(ok);
}

static enum ktap_result check_isolated(const void *arg)
{
	__u64 isolated;

	(void)arg;
	churn_free();
	sys_write("/proc/sys/vm/stat_refresh", "1");
	isolated = sys_sum_lines("/proc/vmstat", "nr_isolated_");
	return result_of(ktap_expect(!isolated,
				     "no page left isolated, not %llu",
				     isolated));
}

static enum ktap_result no_splat(const void *before)
{
	__u64 splats = sys_splats() & ~*(const __u64 *)before;
	__u64 locks = sys_sum_lines("/proc/lockdep_stats", "debug_locks:");
	bool ok;

	ok = ktap_expect(!splats, "no splat in the kernel log");
	if (locks == UINT64_MAX)
		ktap_note("this kernel has no lockdep");
	ok &= ktap_expect(locks, "lockdep still on");
	return result_of(ok);
}

int main(void)
{
	static __u64 splats;
	static const struct ktap_case cases[] = {
		{ "load on all kinds of memory", start, NULL },
		{ "a thousand policy changes", switch_policies, NULL },
		{ "every record at the end", finish, NULL },
		{ "counters add up to the tracepoint", check_counters, NULL },
		{ "no page left isolated", check_isolated, NULL },
		{ "no splat", no_splat, &splats },
	};

	if (geteuid())
		return ktap_skip_all("run it as root");
	if (!policy_present() || !policy_enabled())
		return ktap_skip_all("this kernel has no migrate_policy");
	if (!provoke_two_nodes())
		return ktap_skip_all("no second memory node without CPUs");
	splats = sys_splats();
	undo_init();
	return ktap_run(cases, ARRAY_SIZE(cases));
}
