// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the backend mt asks for help: behind a last-level cache that nobody
 * works on yet, as long as there is one, and nowhere that the caller or the
 * administrator did not allow. The tracepoint of the helpers' work queue tells
 * which CPU asked and which was asked.
 */
#include "ktap.h"
#include "mem.h"
#include "policy.h"
#include "provoke.h"
#include "sys.h"
#include "trace.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CACHE	"/sys/devices/system/cpu/cpu%d/cache/index3/shared_cpu_list"
#define MT_CPUS	POLICY_CONFIG "/backends/mt/cpus"

#define AREA_SIZE	(8ul << 20)
#define CALLS		60
#define TRACE_KB	512
#define MAX_CPUS	16
/* A CPU that is not idle at that moment is not asked. */
#define MOST		90

static int nr_cpus;
static int cache_of[MAX_CPUS];	/* the first CPU behind the same cache */

/* Who was asked for help. */
struct asked {
	__u64 all;
	__u64 other_cache;
	__u64 cpu[MAX_CPUS];
};

struct spread_case {
	const char *name;
	const char *workers;
	const char *mt_cpus;	/* of the backend; NULL: as it is */
	int caller_cpus;	/* what the caller may use, from CPU 0 on; 0: all */
	int least_cpus;		/* to be asked over time */
	int most_cpu;		/* none above it */
	bool other_cache;	/* most helpers are behind another one */
};

static bool find_caches(void)
{
	bool several = false;

	nr_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	if (nr_cpus < 4 || nr_cpus > MAX_CPUS)
		return false;
	for (int cpu = 0; cpu < nr_cpus; cpu++) {
		char path[SYS_PATH], list[SYS_VALUE];

		snprintf(path, sizeof(path), CACHE, cpu);
		if (sys_read(path, list, sizeof(list)))
			return false;
		cache_of[cpu] = atoi(list);
		several |= cache_of[cpu] != cache_of[0];
	}
	return several && cache_of[1] == cache_of[0];
}

/* "  spread-71  [002] d..1. 12.34: workqueue_queue_work: ... cpu=1" */
static bool add_line(void *arg, char *line)
{
	struct asked *asked = arg;
	const char *caller = strstr(line, " [");
	const char *cpu = strstr(line, " cpu=");
	int from, to;

	if (!strstr(line, "workqueue=migrate_copy "))
		return true;
	if (!caller || !cpu)
		return false;
	from = atoi(caller + strlen(" ["));
	to = atoi(cpu + strlen(" cpu="));
	if (from < 0 || from >= nr_cpus || to < 0 || to >= nr_cpus)
		return false;
	asked->all++;
	asked->cpu[to]++;
	asked->other_cache += cache_of[from] != cache_of[to];
	return true;
}

static bool run_on(int first, int nr)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int cpu = first; cpu < first + nr; cpu++)
		CPU_SET(cpu, &set);
	if (!sched_setaffinity(0, sizeof(set), &set))
		return true;
	ktap_note("cannot run on CPU %d and %d more: %s", first, nr - 1,
		  strerror(errno));
	return false;
}

/* Each call begins on CPU 0, from where the next CPU is behind its cache. */
static bool migrate(const struct spread_case *c, const struct area *area)
{
	for (int i = 0; i < CALLS; i++) {
		if (!run_on(0, 1) || !run_on(0, c->caller_cpus ?: nr_cpus))
			return false;
		mem_move(area, i % 2 ? FAST_NODE : SLOW_NODE);
	}
	return true;
}

static bool set_policy(const struct spread_case *c)
{
	return !policy_set(SYSCALL_OR_CPUSET, "backend", "mt") &&
	       !policy_set(SYSCALL_OR_CPUSET, "workers", c->workers) &&
	       !policy_set(SYSCALL_OR_CPUSET, "batch_size", "8192") &&
	       (!c->mt_cpus || !sys_set(MT_CPUS, c->mt_cpus));
}

static bool check(const struct spread_case *c, const struct asked *asked)
{
	int cpus = 0;
	bool ok = true;

	ktap_note("%s: %llu helpers asked, %llu behind another cache", c->name,
		  asked->all, asked->other_cache);
	for (int cpu = 0; cpu < nr_cpus; cpu++) {
		ktap_note("CPU %d: %llu", cpu, asked->cpu[cpu]);
		cpus += !!asked->cpu[cpu];
		ok &= ktap_expect(cpu <= c->most_cpu || !asked->cpu[cpu],
				  "nobody on CPU %d", cpu);
	}
	ok &= ktap_expect(asked->all >= CALLS / 2, "help in most calls");
	ok &= ktap_expect(cpus >= c->least_cpus, "%d CPUs asked, not %d",
			  c->least_cpus, cpus);
	return ok & ktap_expect(!c->other_cache || asked->other_cache * 100 >=
				asked->all * MOST,
				"%d%% behind another cache", MOST);
}

static enum ktap_result run(const void *arg)
{
	const struct spread_case *c = arg;
	struct asked asked = {};
	struct area area = {};
	int mark = undo_mark();
	bool ok = set_policy(c) &&
		  !mem_map(&area, MEM_THP, AREA_SIZE, FAST_NODE) &&
		  !trace_start(TRACE_QUEUE, TRACE_KB) && migrate(c, &area) &&
		  trace_lines(add_line, &asked) && check(c, &asked);

	mem_unmap(&area);
	run_on(0, nr_cpus);
	undo_to(mark);
	return ok ? KTAP_PASS : KTAP_FAIL;
}

int main(void)
{
	static const struct spread_case cases[] = {
		{ "two workers, two caches", "2", .least_cpus = 1,
		  .most_cpu = MAX_CPUS, .other_cache = true },
		{ "four workers, all CPUs", "4", .least_cpus = 3,
		  .most_cpu = MAX_CPUS },
		{ "CPUs of the backend", "4", "0-1", .least_cpus = 1,
		  .most_cpu = 1 },
		{ "CPUs of the caller", "4", .caller_cpus = 2, .least_cpus = 1,
		  .most_cpu = 1 },
	};
	struct ktap_case list[ARRAY_SIZE(cases)];

	if (geteuid())
		return ktap_skip_all("run it as root");
	if (!policy_present())
		return ktap_skip_all("this kernel has no migrate_policy");
	if (!provoke_two_nodes())
		return ktap_skip_all("no second memory node without CPUs");
	if (!find_caches())
		return ktap_skip_all("no CPUs behind two last-level caches");
	undo_init();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		list[i] = (struct ktap_case){ cases[i].name, run, &cases[i] };
	return ktap_run(list, ARRAY_SIZE(list));
}
