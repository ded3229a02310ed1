// SPDX-License-Identifier: GPL-2.0-only
/*
 * Out of memory while a policy is written: each allocation behind a write
 * fails in its turn. The write says ENOMEM and changes nothing, or it did
 * without that allocation; the next write works, and nothing is leaked. Needs
 * CONFIG_FAILSLAB and CONFIG_FAIL_PAGE_ALLOC.
 */
#include "ktap.h"
#include "policy.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FAILSLAB	"/sys/kernel/debug/failslab/"
#define PAGE_ALLOC	"/sys/kernel/debug/fail_page_alloc/"
#define FAIL_NTH	"/proc/self/fail-nth"

/* More than any write allocates. */
#define NTH_MAX		1000

/* Slots and jobs of two CPUs have 80 kB: a leak of them shows. */
#define LEAK_KB		512
#define LEAK_ROUNDS	300

struct target {
	const char *name;
	const char *path;
	const char *value;
	unsigned int least;	/* writes that fail at least */
};

static const struct target targets[] = {
	{ "backend", POLICY_CONFIG "/reasons/damon/backend", "mt", 6 },
	{ "batch_size", POLICY_CONFIG "/reasons/damon/batch_size", "1024", 1 },
	{ "mt/cpus", POLICY_CONFIG "/backends/mt/cpus", "0", 1 },
};

static unsigned long long injected;
static int fail_nth = -1;	/* opening it allocates, too */

/* Lets the @nth allocation from here fail; 0 ends it. */
static bool fail_at(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	return pwrite(fail_nth, text, len, 0) == len;
}

/* Returns whether it came to that allocation. */
static bool fail_end(void)
{
	char left[16] = "";
	ssize_t len = pread(fail_nth, left, sizeof(left) - 1, 0);

	return fail_at(0) && len > 0 && !strtol(left, NULL, 10);
}

/* A write(2) whose @nth allocation fails. Returns 0 or a negative errno. */
static int write_short(const struct target *target, unsigned int nth, bool *hit)
{
	int fd = open(target->path, O_WRONLY | O_CLOEXEC);
	size_t len = strlen(target->value);
	ssize_t done;
	int rc;

	if (fd < 0)
		return -errno;
	if (!fail_at(nth)) {
		close(fd);
		return -EIO;
	}
	done = write(fd, target->value, len);
	rc = done < 0 ? -errno : done == (ssize_t)len ? 0 : -EIO;
	*hit = fail_end();
	close(fd);
	return rc;
}

static bool holds(const struct target *target, const char *value)
{
	char now[SYS_VALUE] = "";

	return ktap_expect(!sys_read(target->path, now, sizeof(now)) &&
			   !strcmp(now, value), "%s to hold %s, not %s",
			   target->name, value, now);
}

/* After a failure everything is as before, and the next write succeeds. */
static bool check_failed(const struct target *target, const char *old,
			 __u64 generation)
{
	bool ok = holds(target, old);

	ok &= ktap_expect(policy_generation() == generation,
			  "nothing to be published by a failed write");
	ok &= ktap_expect(!sys_write(target->path, target->value),
			  "the next write to succeed");
	return ok && holds(target, target->value);
}

/* One step of the walk. Returns false, with a note, if something is wrong. */
static bool try_step(const struct target *target, unsigned int nth,
		     const char *old, int *rc, bool *hit)
{
	__u64 generation = policy_generation();
	bool ok;

	*rc = write_short(target, nth, hit);
	if (*rc)
		ok = ktap_expect(*rc == -ENOMEM, "ENOMEM, not %s",
				 strerror(-*rc)) &&
		     check_failed(target, old, generation);
	else
		ok = holds(target, target->value);
	ok &= ktap_expect(!sys_write(target->path, old), "%s to be written",
			  old);
	if (!ok)
		ktap_note("%s, allocation %u fails", target->name, nth);
	return ok && holds(target, old);
}

/* Until a write is short of nothing any more. */
static bool walk(const struct target *target, unsigned int *failed)
{
	char old[SYS_VALUE];
	bool hit = true;

	if (sys_read(target->path, old, sizeof(old)))
		return ktap_expect(false, "%s to be readable", target->path);
	for (unsigned int nth = 1; hit && nth < NTH_MAX; nth++) {
		int rc;

		if (!try_step(target, nth, old, &rc, &hit))
			return false;
		*failed += !!rc;
		injected += hit;
	}
	return ktap_expect(!hit, "a write that is short of nothing");
}

static enum ktap_result check_target(const void *arg)
{
	const struct target *target = arg;
	unsigned int failed = 0;
	bool ok = walk(target, &failed);

	ktap_note("%s: %u writes failed", target->name, failed);
	ok &= ktap_expect(failed >= target->least, "%u failures or more",
			  target->least);
	return ok ? KTAP_PASS : KTAP_FAIL;
}

/* What would hold slots and jobs that nobody refers to any more. */
static __u64 kernel_kb(void)
{
	return sys_sum_lines("/proc/meminfo", "SUnreclaim:") +
	       sys_sum_lines("/proc/meminfo", "VmallocUsed:") +
	       sys_sum_lines("/proc/meminfo", "Percpu:");
}

/* The walk through the backend's allocations, over and over. */
static bool fail_again(int rounds)
{
	const struct target *target = &targets[0];
	unsigned int nth = 1;

	for (int i = 0; i < rounds; i++) {
		bool hit = false;
		int rc = write_short(target, nth++, &hit);

		injected += hit;
		if (!hit)
			nth = 1;
		if (!rc && !ktap_expect(!sys_write(target->path, "inline"),
					"the backend to be put back"))
			return false;
	}
	return true;
}

static enum ktap_result check_leaks(const void *arg)
{
	__u64 before, after;
	bool ok;

	(void)arg;
	ok = fail_again(LEAK_ROUNDS / 10);
	before = kernel_kb();
	ok &= fail_again(LEAK_ROUNDS);
	after = kernel_kb();
	ktap_note("%llu kB before, %llu kB after", (unsigned long long)before,
		  (unsigned long long)after);
	ok &= ktap_expect(after < before + LEAK_KB, "no more than %d kB more",
			  LEAK_KB);
	return ok ? KTAP_PASS : KTAP_FAIL;
}

/* Allocations that may sleep fail, too; nothing is printed about it. */
static bool set_up(void)
{
	static const char * const settings[][2] = {
		{ FAILSLAB "ignore-gfp-wait", "N" },
		{ FAILSLAB "verbose", "0" },
		{ PAGE_ALLOC "ignore-gfp-wait", "N" },
		{ PAGE_ALLOC "ignore-gfp-highmem", "N" },
		{ PAGE_ALLOC "min-order", "0" },
		{ PAGE_ALLOC "verbose", "0" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		if (sys_set(settings[i][0], settings[i][1]))
			return false;
	}
	fail_nth = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	return ktap_expect(fail_nth >= 0, FAIL_NTH " to open");
}

int main(void)
{
	struct ktap_case cases[ARRAY_SIZE(targets) + 1];
	int rc;

	if (geteuid())
		return ktap_skip_all("run it as root");
	if (!policy_present())
		return ktap_skip_all("this kernel has no migrate_policy");
	if (!sys_exists(FAIL_NTH) || !sys_exists(FAILSLAB "probability") ||
	    !sys_exists(PAGE_ALLOC "probability"))
		return ktap_skip_all("this kernel has no fault injection");
	undo_init();
	if (!set_up())
		return EXIT_FAILURE;
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		cases[i] = (struct ktap_case) {
			targets[i].name, check_target, &targets[i],
		};
	cases[ARRAY_SIZE(targets)] = (struct ktap_case) {
		"leaks", check_leaks, NULL,
	};
	rc = ktap_run(cases, ARRAY_SIZE(cases));
	ktap_note("figure faults injected: %llu", injected);
	return rc;
}
