// SPDX-License-Identifier: GPL-2.0-only
/*
 * Disturbances for the migrate_policy selftests: see disturb.h.
 */
#include "disturb.h"

#include "ktap.h"
#include "mem.h"
#include "modules.h"
#include "pace.h"
#include "policy.h"
#include "provoke.h"
#include "random.h"
#include "sys.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MB		(1024ul * 1024)
#define CPUS		"/sys/devices/system/cpu"
#define MEMORY		"/sys/devices/system/memory"
#define NODE_BLOCKS	"/sys/devices/system/node/node1"
#define MAX_BLOCK	1024
#define MODPROBE_US	20000

/* Offlining goes on as long as something cannot move. */
#define OFFLINE_SECONDS	10

/* As long as the write(2) of another thread may take. */
#define REMOVAL_SECONDS	20

/* The reason whose policy pins a module until its thread lets go of it. */
#define PINNED		LONGTERM_PIN

struct disturbance {
	const char *name;
	bool (*open)(void);		/* may be NULL */
	/* One step; what it answers goes to answer(). */
	void (*step)(struct disturbance *self, __u64 *random);
	void (*close)(void);		/* may be NULL */
	long rest_us;			/* at most, between two steps */
	bool changes;			/* the configuration, that is */
	pthread_t thread;
	bool running;
	atomic_bool ended;
	atomic_ullong done;
	atomic_ullong refused;		/* as it may be */
	atomic_ullong wrong;		/* as it may not be */
	atomic_ullong since_us;		/* an operation began, or 0 */
	atomic_ullong longest_us;
};

static const char *cgroup;
static long nr_cpus;
static size_t blocks[64];
static size_t nr_blocks;
static __u64 seed;
static atomic_bool stop;

static __u64 now_us(void)
{
	return pace_now() * 1e6;
}

static void begin(struct disturbance *self)
{
	self->since_us = now_us();
}

static void end(struct disturbance *self)
{
	__u64 took = now_us() - self->since_us;

	if (took > self->longest_us)
		self->longest_us = took;
	self->since_us = 0;
}

/* Counts an answer: success, the refusal @may, or something unexpected. */
static void answer(struct disturbance *self, const char *what, int rc, int may,
		   int may_too)
{
	if (!rc)
		self->done++;
	else if (rc == -may || rc == -may_too)
		self->refused++;
	else if (self->wrong++ < 5)
		ktap_note("%s: %s: %s", self->name, what, strerror(-rc));
}

static int timed_write(struct disturbance *self, const char *path,
		       const char *value)
{
	int rc;

	begin(self);
	rc = sys_write(path, value);
	end(self);
	return rc;
}

/* Policies: any value of any attribute of any reason. */

static const char *random_value(const char *key, __u64 *random)
{
	static const char * const backends[] = { "inline", "mt", "mt" };
	static const char * const sizes[] = {
		"1", "2", "33", "511", "512", "513", "4096", "262144",
	};
	static const char * const minima[] = { "0", "1", "1", "600", "262144" };
	static const char * const workers[] = { "0", "1", "2", "3", "64" };
	static const char * const classes[] = {
		"none", "anon", "anon,swapcache", "shmem", "file",
		"anon,swapcache,shmem,file",
	};

	if (!strcmp(key, "backend"))
		return backends[random_index(random, backends)];
	if (!strcmp(key, "batch_size"))
		return sizes[random_index(random, sizes)];
	if (!strcmp(key, "min_pages"))
		return minima[random_index(random, minima)];
	if (!strcmp(key, "workers"))
		return workers[random_index(random, workers)];
	return classes[random_index(random, classes)];
}

static void reason_path(char *path, int reason, const char *key)
{
	snprintf(path, SYS_PATH, POLICY_CONFIG "/reasons/%s/%s",
		 reason_names[reason], key);
}

/* tally.h wants the batch_size of damon to itself, modules() all of PINNED. */
static void change_policy(struct disturbance *self, __u64 *random)
{
	static const char * const keys[] = {
		"backend", "batch_size", "min_pages", "workers", "classes",
	};
	int reason = random_below(random, NR_REASONS);
	const char *key = keys[random_index(random, keys)];
	char path[SYS_PATH];

	if (reason == PINNED || (reason == DAMON && !strcmp(key, keys[1])))
		return;
	reason_path(path, reason, key);
	answer(self, path, timed_write(self, path, random_value(key, random)),
	       0, 0);
}

static void reset_policies(void)
{
	static const char * const keys[] = {
		"backend", "min_pages", "workers", "classes", "batch_size",
	};
	char value[SYS_VALUE], path[SYS_PATH];

	for (int reason = 0; reason < NR_REASONS; reason++) {
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
			if (reason == DAMON && !strcmp(keys[i], "batch_size"))
				continue;
			snprintf(path, sizeof(path), POLICY_STATE
				 "/defaults/%s", keys[i]);
			if (sys_read(path, value, sizeof(value)))
				continue;
			reason_path(path, reason, keys[i]);
			sys_write(path, value);
		}
	}
}

/* The CPUs of helpers. */

static void change_cpus(struct disturbance *self, __u64 *random)
{
	long first = random_below(random, nr_cpus);
	long last = first + random_below(random, nr_cpus - first);
	char list[SYS_VALUE];

	snprintf(list, sizeof(list), "%ld-%ld", first, last);
	answer(self, list,
	       timed_write(self, POLICY_CONFIG "/backends/mt/cpus", list), 0,
	       0);
}

static bool keep_cpus(void)
{
	char value[SYS_VALUE];

	if (sys_read(POLICY_CONFIG "/backends/mt/cpus", value, sizeof(value)))
		return ktap_expect(false, "to read backends/mt/cpus");
	undo_write(POLICY_CONFIG "/backends/mt/cpus", value);
	return true;
}

static void toggle_stats(struct disturbance *self, __u64 *random)
{
	const char *value = random_below(random, 2) ? "1" : "0";

	answer(self, value,
	       timed_write(self, POLICY_CONFIG "/stats", value), 0, 0);
}

/*
 * Modules: named, used, let go of and removed at once. While named, removal
 * must be refused; then it must succeed.
 */

static void use_module(struct disturbance *self, const char *name,
		       __u64 *random)
{
	static const int used[] = {
		SYSCALL_OR_CPUSET, MEMPOLICY_MBIND, COMPACTION,
	};
	char path[SYS_PATH];

	for (size_t i = 0; i < ARRAY_SIZE(used); i++) {
		reason_path(path, used[i], "backend");
		answer(self, path, timed_write(self, path, name), 0, 0);
	}
	if (!strcmp(name, "test"))
		module_set("test", "delay_us",
			   random_below(random, 2) ? "0" : "3000");
	pace_rest_us(MODPROBE_US + random_below(random, 300000));
	if (module_remove(name) != -EAGAIN && self->wrong++ < 5)
		ktap_note("%s is not in use while a policy names it", name);
	for (size_t i = 0; i < ARRAY_SIZE(used); i++) {
		reason_path(path, used[i], "backend");
		answer(self, path, timed_write(self, path, "inline"), 0, 0);
	}
}

/*
 * At once, but for what named it before: a snapshot that another thread has
 * just replaced holds the module until its write(2) is about to return.
 */
static int remove_unnamed(const char *name)
{
	double until = pace_now() + REMOVAL_SECONDS;
	int rc;

	do {
		rc = module_remove(name);
	} while (rc == -EAGAIN && pace_now() < until && !sched_yield());
	return rc;
}

static void cycle_module(struct disturbance *self, __u64 *random)
{
	static const char * const names[] = { "sample", "test" };
	const char *name = names[random_index(random, names)];
	char path[SYS_PATH];
	int rc;

	reason_path(path, PINNED, "backend");
	rc = timed_write(self, path, name);
	answer(self, name, rc, 0, 0);
	if (rc)
		return;
	use_module(self, name, random);
	answer(self, path, timed_write(self, path, "inline"), 0, 0);
	begin(self);
	rc = remove_unnamed(name);
	end(self);
	answer(self, "removal", rc, 0, 0);
}

/* CPUs: all but the first go off- and online. */

static void cpu_path(char *path, long cpu)
{
	snprintf(path, SYS_PATH, CPUS "/cpu%ld/online", cpu);
}

static void toggle_cpu(struct disturbance *self, __u64 *random)
{
	long cpu = 1 + random_below(random, nr_cpus - 1);
	char path[SYS_PATH];

	cpu_path(path, cpu);
	answer(self, path,
	       timed_write(self, path, sys_number(path) ? "0" : "1"), EBUSY,
	       0);
}

static bool keep_online(void)
{
	char path[SYS_PATH];

	for (long cpu = 1; cpu < nr_cpus; cpu++) {
		cpu_path(path, cpu);
		if (!sys_exists(path))
			return ktap_expect(false, "CPUs that can go offline");
		undo_write(path, "1");
	}
	return ktap_expect(nr_cpus > 1, "more than one CPU");
}

static void all_online(void)
{
	char path[SYS_PATH];

	for (long cpu = 1; cpu < nr_cpus; cpu++) {
		cpu_path(path, cpu);
		sys_write(path, "1");
	}
}

/* Memory: blocks of the second node, one at a time. */

static int offline_in_time(const char *path)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (!pid) {
		signal(SIGALRM, SIG_DFL);
		alarm(OFFLINE_SECONDS);
		_exit(-sys_write(path, "offline"));
	}
	if (waitpid(pid, &status, 0) != pid)
		return -ECHILD;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

static void toggle_memory(struct disturbance *self, __u64 *random)
{
	size_t block = blocks[random_below(random, nr_blocks)];
	char path[SYS_PATH], zones[SYS_VALUE];
	int rc;

	snprintf(path, sizeof(path), MEMORY "/memory%zu/valid_zones",
		 block);
	/* A block of two zones or nodes cannot go offline. */
	if (sys_read(path, zones, sizeof(zones)) || !strcmp(zones, "none"))
		return;
	snprintf(path, sizeof(path), MEMORY "/memory%zu/state", block);
	begin(self);
	rc = offline_in_time(path);
	if (rc == -EINTR || !rc)
		sys_write(path, strcmp(zones, "Movable") ? "online_kernel" :
							   "online_movable");
	end(self);
	answer(self, path, rc == -EINVAL ? -EBUSY : rc, EBUSY, EINTR);
}

static bool find_blocks(void)
{
	char path[SYS_PATH];

	nr_blocks = 0;
	for (size_t block = 0; block < MAX_BLOCK; block++) {
		snprintf(path, sizeof(path), NODE_BLOCKS "/memory%zu", block);
		if (sys_exists(path) && nr_blocks < ARRAY_SIZE(blocks))
			blocks[nr_blocks++] = block;
	}
	return ktap_expect(nr_blocks, "memory that can go offline");
}

/* A cgroup whose limits bite, and are lifted again. */

static int limit(struct disturbance *self, const char *file, const char *value)
{
	char path[SYS_PATH];

	snprintf(path, sizeof(path), "%s/%s", cgroup, file);
	return self ? timed_write(self, path, value) : sys_write(path, value);
}

static void lift_limits(void)
{
	limit(NULL, "memory.max", "max");
	limit(NULL, "memory.high", "max");
	limit(NULL, "cpu.max", "max");
	limit(NULL, "cpuset.cpus", "0-1");
	limit(NULL, "cpuset.mems", "0-1");
}

/* Below the present use for memory.high, a little above it for memory.max. */
static void limit_memory(struct disturbance *self, __u64 *random)
{
	bool high = random_below(random, 2);
	char path[SYS_PATH], value[SYS_VALUE];
	__u64 now;

	snprintf(path, sizeof(path), "%s/memory.current", cgroup);
	now = sys_number(path);
	snprintf(value, sizeof(value), "%llu",
		 high ? now - now / 10 : now + 4 * MB);
	answer(self, "memory limit",
	       limit(self, high ? "memory.high" : "memory.max", value), 0, 0);
}

static void change_limits(struct disturbance *self, __u64 *random)
{
	static const struct {
		const char *file;
		const char *value;
	} limits[] = {
		{ "cpu.max", "20000 100000" }, { "cpu.max", "max" },
		{ "cpuset.cpus", "0" }, { "cpuset.cpus", "0-1" },
		{ "cpuset.mems", "0" }, { "cpuset.mems", "1" },
		{ "cpuset.mems", "0-1" },
		{ "memory.high", "max" }, { "memory.max", "max" },
		{ "memory.reclaim", "1M" }, { NULL, NULL }, { NULL, NULL },
	};
	size_t i = random_below(random, ARRAY_SIZE(limits));

	if (!limits[i].file)
		limit_memory(self, random);
	else
		answer(self, limits[i].file,
		       limit(self, limits[i].file, limits[i].value), EAGAIN,
		       EBUSY);
}

/* Work that no helper can push aside, on all CPUs but the first. */

static void hog_cpu(struct disturbance *self, __u64 *random)
{
	long cpu = 1 + random_below(random, nr_cpus - 1);
	double until = pace_now() + random_below(random, 250) / 1e3;
	struct sched_param param = { .sched_priority = 10 };
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus)) {
		/* It is offline. */
		answer(self, "affinity", -errno, EINVAL, 0);
		return;
	}
	if (sched_setscheduler(0, SCHED_FIFO, &param)) {
		answer(self, "SCHED_FIFO", -errno, 0, 0);
		return;
	}
	while (pace_now() < until && !stop)
		;
	param.sched_priority = 0;
	answer(self, "SCHED_OTHER",
	       sched_setscheduler(0, SCHED_OTHER, &param) ? -errno : 0, 0, 0);
}

static struct disturbance disturbances[] = {
	{ .name = "policies", .step = change_policy, .close = reset_policies,
	  .rest_us = 10000, .changes = true },
	{ .name = "policies, too", .step = change_policy, .rest_us = 10000,
	  .changes = true },
	{ .name = "CPUs of mt", .open = keep_cpus, .step = change_cpus,
	  .rest_us = 30000, .changes = true },
	{ .name = "stats", .step = toggle_stats, .rest_us = 50000,
	  .changes = true },
	{ .name = "loadable backends", .open = module_present,
	  .step = cycle_module, .rest_us = 10000, .changes = true },
	{ .name = "CPU hotplug", .open = keep_online, .step = toggle_cpu,
	  .close = all_online, .rest_us = 300000 },
	{ .name = "memory hotplug", .open = find_blocks, .step = toggle_memory,
	  .rest_us = 300000 },
	{ .name = "limits of a cgroup", .step = change_limits,
	  .close = lift_limits, .rest_us = 100000 },
	{ .name = "SCHED_FIFO work", .step = hog_cpu, .rest_us = 500000 },
	{ .name = "more SCHED_FIFO work", .step = hog_cpu, .rest_us = 500000 },
};

static void *disturb(void *arg)
{
	struct disturbance *self = arg;
	__u64 random = seed * 0x9e3779b9 + (self - disturbances) + 1;

	while (!stop) {
		self->step(self, &random);
		pace_rest_us(1 + random_below(&random, self->rest_us));
	}
	self->ended = true;
	return NULL;
}

bool disturb_start(const char *folder, __u64 with_seed)
{
	bool ok = true;

	cgroup = folder;
	seed = with_seed;
	nr_cpus = sysconf(_SC_NPROCESSORS_CONF);
	for (size_t i = 0; ok && i < ARRAY_SIZE(disturbances); i++)
		ok = !disturbances[i].open || disturbances[i].open();
	for (size_t i = 0; ok && i < ARRAY_SIZE(disturbances); i++) {
		ok = !pthread_create(&disturbances[i].thread, NULL, disturb,
				     &disturbances[i]);
		disturbances[i].running = ok;
		ktap_expect(ok, "to start the thread for %s",
			    disturbances[i].name);
	}
	return ok;
}

/* Blocked tasks, CPUs and locks, into the kernel log. */
static void ask_kernel(void)
{
	static const char * const keys[] = { "w", "l", "d" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		sys_write("/proc/sysrq-trigger", keys[i]);
}

bool disturb_alive(double bound)
{
	bool ok = true;

	for (size_t i = 0; i < ARRAY_SIZE(disturbances); i++) {
		__u64 since = disturbances[i].since_us;
		double lasts = since ? (now_us() - since) / 1e6 : 0;

		ok &= ktap_expect(lasts <= bound, "%s not to go on for %.0f s",
				  disturbances[i].name, lasts);
	}
	if (!ok)
		ask_kernel();
	return ok;
}

static bool has_ended(struct disturbance *self, double until)
{
	if (!self->running)
		return true;
	while (!self->ended && pace_now() < until)
		pace_rest_us(10000);
	if (self->ended)
		pthread_join(self->thread, NULL);
	self->running = !self->ended;
	return ktap_expect(self->ended, "%s to end", self->name);
}

bool disturb_stop(double bound)
{
	double until = pace_now() + bound;
	bool ok = true;

	stop = true;
	for (size_t i = 0; i < ARRAY_SIZE(disturbances); i++)
		ok &= has_ended(&disturbances[i], until);
	if (!ok) {
		ask_kernel();
		return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(disturbances); i++) {
		if (disturbances[i].close)
			disturbances[i].close();
	}
	return true;
}

bool disturb_report(double bound)
{
	bool ok = true;

	for (size_t i = 0; i < ARRAY_SIZE(disturbances); i++) {
		struct disturbance *self = &disturbances[i];
		double longest = self->longest_us / 1e6;

		ktap_note("%s: %llu done, %llu refused, longest %.3f s",
			  self->name, self->done, self->refused, longest);
		/* Memory may be in use, for as long as a short run lasts. */
		ok &= ktap_expect(self->done ||
				  (self->refused && !self->changes),
				  "%s to succeed", self->name);
		ok &= ktap_expect(!self->wrong, "no other answer, not %llu, of %s",
				  self->wrong, self->name);
		ok &= ktap_expect(longest <= bound,
				  "%s to take no more than %.0f s at a time",
				  self->name, bound);
	}
	return ok;
}

__u64 disturb_changes(void)
{
	__u64 changes = 0;

	for (size_t i = 0; i < ARRAY_SIZE(disturbances); i++) {
		if (disturbances[i].changes)
			changes += disturbances[i].done;
	}
	return changes;
}
