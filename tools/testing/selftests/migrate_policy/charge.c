// SPDX-License-Identifier: GPL-2.0-only
/*
 * The CPU time of helpers is on the bill of the control group whose task
 * migrates: cpu.stat shows it besides what the task itself has run, and shows
 * nothing besides that without helpers.
 */
#include "cgroup.h"
#include "ktap.h"
#include "mem.h"
#include "policy.h"
#include "provoke.h"
#include "sys.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define CPU_STAT	"/sys/fs/cgroup/migrate_policy_selftest/cpu.stat"
#define AREA_SIZE	(32ul << 20)
/* What is to be seen has to be more than what the clocks are apart. */
#define ENOUGH_US	50000
#define SLACK_US	5000
#define MAX_ROUNDS	400

struct bill {
	__u64 usage;
	__u64 system;
	__u64 own;
	__u64 helpers;
};

static enum ktap_result result_of(bool ok)
{
	return ok ? KTAP_PASS : KTAP_FAIL;
}

static __u64 own_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000ull + ts.tv_nsec / 1000;
}

/* The process is the only one of the group, and has been from its start on. */
static void look(struct bill *bill)
{
	struct counters mt;

	policy_backend_counters("mt", &mt);
	bill->helpers = mt.v[HELPER_NS] / 1000;
	bill->own = own_us();
	bill->usage = sys_sum_lines(CPU_STAT, "usage_usec");
	bill->system = sys_sum_lines(CPU_STAT, "system_usec");
}

static bool set_policy(const char *workers)
{
	return !policy_set(SYSCALL_OR_CPUSET, "backend", "mt") &&
	       !policy_set(SYSCALL_OR_CPUSET, "workers", workers) &&
	       !policy_set(SYSCALL_OR_CPUSET, "min_pages", "1") &&
	       !policy_set(SYSCALL_OR_CPUSET, "batch_size", "8192");
}

/* Back and forth; with @until, until helpers have worked so long. */
static bool migrate(const struct area *area, struct bill *before,
		    struct bill *after, __u64 until)
{
	look(before);
	for (int i = 0; i < MAX_ROUNDS; i++) {
		mem_move(area, i % 2 ? FAST_NODE : SLOW_NODE);
		look(after);
		if (until ? after->helpers - before->helpers >= until : i == 20)
			return true;
	}
	return ktap_expect(!until, "helpers to work for %llu us, not %llu",
			   until, after->helpers - before->helpers);
}

static bool measure(const char *workers, struct bill *bill, __u64 until)
{
	struct bill before, after;
	struct area area = {};
	bool ok = cgroup_join("cpuset") && set_policy(workers) &&
		  !mem_map(&area, MEM_THP, AREA_SIZE, FAST_NODE) &&
		  migrate(&area, &before, &after, until);

	mem_unmap(&area);
	if (!ok)
		return false;
	bill->usage = after.usage - before.usage;
	bill->system = after.system - before.system;
	bill->own = after.own - before.own;
	bill->helpers = after.helpers - before.helpers;
	ktap_note("usage %llu us, system %llu us; itself %llu us, helpers %llu us",
		  bill->usage, bill->system, bill->own, bill->helpers);
	return true;
}

static bool near(__u64 is, __u64 wanted)
{
	__u64 slack = wanted / 10 + SLACK_US;

	return ktap_expect(is + slack >= wanted && is <= wanted + slack,
			   "%llu us in cpu.stat, not %llu", wanted, is);
}

static enum ktap_result with_helpers(const void *arg)
{
	int mark = undo_mark();
	struct bill bill;
	bool ok = measure("2", &bill, ENOUGH_US) &&
		  near(bill.usage, bill.own + bill.helpers) &&
		  ktap_expect(bill.system + SLACK_US >= bill.helpers,
			      "helpers in system_usec");

	(void)arg;
	undo_to(mark);
	return result_of(ok);
}

static enum ktap_result alone(const void *arg)
{
	int mark = undo_mark();
	struct bill bill;
	bool ok = measure("1", &bill, 0) && near(bill.usage, bill.own) &&
		  ktap_expect(!bill.helpers, "no helpers");

	(void)arg;
	undo_to(mark);
	return result_of(ok);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "with helpers", with_helpers, NULL },
		{ "without helpers", alone, NULL },
	};

	if (geteuid())
		return ktap_skip_all("run it as root");
	if (!policy_present())
		return ktap_skip_all("this kernel has no migrate_policy");
	if (!provoke_two_nodes())
		return ktap_skip_all("no second memory node without CPUs");
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		return ktap_skip_all("one CPU has no helpers");
	undo_init();
	return ktap_run(cases, ARRAY_SIZE(cases));
}
