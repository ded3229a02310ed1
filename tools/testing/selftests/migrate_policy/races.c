// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migration against everything that can change meanwhile: policies, backends
 * and their modules, CPUs, memory, limits of a cgroup, other work on the CPUs.
 * No wrong byte, nothing that hangs or takes for ever, counters that add up
 * and nothing left behind. Meant for a debug kernel; whoever runs it also looks
 * at the kernel log.
 *
 * The memory under load (churn.h) is that of a child, so that the limits bite
 * there and leave alone what causes them.
 */
#include "churn.h"
#include "disturb.h"
#include "ktap.h"
#include "mem.h"
#include "modules.h"
#include "pace.h"
#include "policy.h"
#include "provoke.h"
#include "sys.h"
#include "tally.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MB		(1024ul * 1024)
#define SECONDS		20
#define CGROUP_ROOT	"/sys/fs/cgroup"
#define CGROUP		CGROUP_ROOT "/migrate_policy_races"

/* No operation may take longer, on a machine that is slow and emulated. */
#define BOUND		90

static struct tally tally;
static __u64 splats;
static __u64 pages_before;
static double longest_move;
static size_t nr_moves;

/* The child with the memory under load. */
static struct {
	pid_t pid;
	int stop;		/* closed to end it */
	struct churn_sums *sums;
	size_t *lost;
} load;

static enum ktap_result result_of(bool ok)
{
	return ok ? KTAP_PASS : KTAP_FAIL;
}

/* Loadable backends, one thing at a time. */

static bool goes(const char *name)
{
	char config[SYS_PATH], state[SYS_PATH];
	int rc = module_remove(name);

	snprintf(config, sizeof(config), POLICY_CONFIG "/backends/%s", name);
	snprintf(state, sizeof(state), POLICY_STATE "/backends/%s", name);
	return ktap_expect(!rc, "%s to be removed, not error %d", name, rc) &&
	       ktap_expect(!sys_exists(config) && !sys_exists(state) &&
			   !module_loaded(name), "nothing left of %s", name);
}

/* Naming it loads it, it copies, it stays while named, and goes after. */
static enum ktap_result use_backend(const void *name)
{
	__u64 pages;
	bool ok;
	int rc;

	if (!module_present())
		return KTAP_SKIP;
	rc = module_name(name);
	if (!ktap_expect(!rc, "%s to be loaded, not error %d",
			 (const char *)name, rc))
		return KTAP_FAIL;
	pages = module_moves(name, PAGES);
	ok = ktap_expect(pages >= MODULE_PAGES,
			 "%s to copy all pages, not %llu", (const char *)name,
			 pages);
	ok &= ktap_expect(module_remove(name) == -EAGAIN,
			  "%s to be in use", (const char *)name);
	ok &= !module_name("inline");
	return result_of(ok & goes(name));
}

static bool refuses_to_start(void)
{
	char now[SYS_VALUE];
	int rc = module_set("test", "start_error", "5");
	bool ok = ktap_expect(!rc, "to set start_error");

	ok &= !module_name("inline");
	rc = module_name("test");
	ok &= ktap_expect(rc == -EIO, "start()'s own error, not %d", rc);
	sys_read(POLICY_CONFIG "/reasons/syscall_or_cpuset/backend", now,
		 sizeof(now));
	ok &= ktap_expect(!strcmp(now, "inline"), "inline, not %s", now);
	return ok & !module_set("test", "start_error", "0");
}

static bool declines(const char *error, enum counter what)
{
	return ktap_expect(!module_set("test", "copy_error", error) &&
			   module_moves("test", what),
			   "%s to count for error %s", counter_names[what],
			   error);
}

/* A backend that fails, declines or is slow costs time and nothing else. */
static enum ktap_result bad_backend(const void *arg)
{
	bool ok;

	(void)arg;
	if (!module_present())
		return KTAP_SKIP;
	if (!ktap_expect(!module_name("test"), "test to be loaded"))
		return KTAP_FAIL;
	ok = refuses_to_start() && !module_name("test");
	ok &= declines("16", DECLINED_BUSY);
	ok &= declines("12", DECLINED_NOMEM);
	ok &= declines("5", DECLINED_ERROR);
	ok &= !module_set("test", "copy_error", "0");
	ok &= !module_set("test", "delay_us", "20000");
	ok &= ktap_expect(module_moves("test", PAGES), "a slow backend to copy");
	ok &= !module_name("inline");
	return result_of(ok & goes("test"));
}

/* Memory under load, in a cgroup of its own. */

static bool make_cgroup(void)
{
	int rc = sys_write(CGROUP_ROOT "/cgroup.subtree_control",
			   "+memory +cpu +cpuset");

	rmdir(CGROUP);
	if (!rc && mkdir(CGROUP, 0755))
		rc = -errno;
	if (!rc)
		undo_rmdir(CGROUP);
	return ktap_expect(!rc, "a cgroup with memory, cpu and cpuset: %s",
			   strerror(-rc));
}

static int churn_alone(int ready, int stop)
{
	char byte = 0;

	undo_forget();
	if (sys_write(CGROUP "/cgroup.procs", "0") || !churn_start(4))
		return KTAP_FAIL;
	if (write(ready, &byte, 1) != 1)
		return KTAP_FAIL;
	while (read(stop, &byte, 1) < 0 && errno == EINTR)
		;
	churn_stop();
	churn_read(load.sums);
	*load.lost = churn_lost();
	churn_free();
	return KTAP_PASS;
}

static bool fork_load(void)
{
	int ready[2], ends[2];
	char byte;
	bool ok;

	load.sums = mmap(NULL, BASE_PAGE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (load.sums == MAP_FAILED || pipe(ready) || pipe(ends))
		return ktap_expect(false, "memory and pipes");
	load.lost = (size_t *)(load.sums + 1);
	load.pid = fork();
	if (!load.pid) {
		close(ends[1]);
		exit(churn_alone(ready[1], ends[0]));
	}
	close(ready[1]);
	close(ends[0]);
	load.stop = ends[1];
	ok = load.pid > 0 && read(ready[0], &byte, 1) == 1;
	close(ready[0]);
	return ktap_expect(ok, "memory under load");
}

static enum ktap_result start_load(const void *arg)
{
	bool ok = make_cgroup();

	(void)arg;
	sys_set("/sys/kernel/mm/numa/demotion_enabled", "1");
	pages_before = sys_sum_lines("/proc/vmstat", "pgmigrate_success");
	return result_of(ok && fork_load());
}

/* Our own mover, whose calls are timed. */

static bool move_timed(struct area *area, int node)
{
	double begin = pace_now(), took;
	long rc = mem_move(area, node);

	took = pace_now() - begin;
	if (took > longest_move)
		longest_move = took;
	nr_moves++;
	return ktap_expect(rc >= 0, "move_pages to work, not error %ld", rc) &&
	       ktap_expect(!mem_wrong(area), "every byte as written");
}

static bool race_once(struct area *areas, int node)
{
	for (int i = 0; i < 2; i++) {
		if (!move_timed(&areas[i], node))
			return false;
	}
	return disturb_alive(BOUND);
}

static enum ktap_result race(const void *arg)
{
	double until = pace_now() + pace_seconds(SECONDS);
	struct area areas[2] = {};
	bool ok;

	(void)arg;
	ok = !mem_map(&areas[0], MEM_BASE, 2 * MB, FAST_NODE) &&
	     !mem_map(&areas[1], MEM_THP, 4 * MB, FAST_NODE) &&
	     disturb_start(CGROUP, 1);
	for (int node = 1; ok && pace_now() < until; node = !node)
		ok = race_once(areas, node);
	/* A thread that hangs would keep the program: leave it behind. */
	if (!disturb_stop(BOUND))
		ok = false;
	mem_unmap(&areas[0]);
	mem_unmap(&areas[1]);
	return result_of(ok);
}

static enum ktap_result check_bounds(const void *arg)
{
	bool ok = disturb_report(BOUND);

	(void)arg;
	ktap_note("move_pages: %zu calls, longest %.3f s", nr_moves,
		  longest_move);
	ok &= ktap_expect(longest_move <= BOUND,
			  "move_pages to take no more than %d s", BOUND);
	ktap_note("figure configuration changes during migration: %llu",
		  disturb_changes());
	return result_of(ok && nr_moves);
}

static enum ktap_result check_records(const void *arg)
{
	int status = -1;
	bool ok;

	(void)arg;
	close(load.stop);
	ok = waitpid(load.pid, &status, 0) == load.pid &&
	     ktap_expect(!status, "the memory under load to end, not %#x",
			 status);
	ktap_note("figure writes racing with migration: %llu",
		  load.sums->written);
	ktap_note("figure pages migrated under check: %llu",
		  sys_sum_lines("/proc/vmstat", "pgmigrate_success") -
		  pages_before);
	ok &= ktap_expect(load.sums->checked && !load.sums->wrong,
			  "no wrong record, not %llu of %llu",
			  load.sums->wrong, load.sums->checked);
	ok &= ktap_expect(!*load.lost, "no lost page, not %zu", *load.lost);
	return result_of(ok);
}

static enum ktap_result check_counters(const void *arg)
{
	(void)arg;
	return result_of(tally_adds_up(&tally));
}

static enum ktap_result check_rest(const void *arg)
{
	__u64 isolated;
	bool ok;

	(void)arg;
	sys_write("/proc/sys/vm/stat_refresh", "1");
	isolated = sys_sum_lines("/proc/vmstat", "nr_isolated_");
	ok = ktap_expect(!isolated, "no page left isolated, not %llu",
			 isolated);
	ok &= ktap_expect(!module_loaded("sample") && !module_loaded("test"),
			  "no module left");
	ok &= ktap_expect(!(sys_splats() & ~splats),
			  "no splat in the kernel log");
	ok &= ktap_expect(sys_sum_lines("/proc/lockdep_stats", "debug_locks:"),
			  "lockdep still on");
	return result_of(ok);
}

static enum ktap_result start_tally(const void *arg)
{
	(void)arg;
	return result_of(tally_start(&tally));
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "counting", start_tally, NULL },
		{ "loading sample", use_backend, "sample" },
		{ "loading test", use_backend, "test" },
		{ "a backend that misbehaves", bad_backend, NULL },
		{ "memory under load", start_load, NULL },
		{ "everything changes while memory migrates", race, NULL },
		{ "every operation within its bound", check_bounds, NULL },
		{ "every record at the end", check_records, NULL },
		{ "counters add up to the tracepoint", check_counters, NULL },
		{ "nothing left behind", check_rest, NULL },
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
