// SPDX-License-Identifier: GPL-2.0-only
/*
 * Provokes every migration reason under a strict policy, in two ways:
 *
 * - the backend may copy: what it can copy moves, however small the batch is,
 *   and hugetlb folios, which it cannot, stay;
 * - no class may be copied: nothing moves for this reason, the folios stay in
 *   one piece, unchanged, and each of them is counted. The system calls fail;
 *   a memory block goes on trying to go offline until a signal comes.
 */
#include "ktap.h"
#include "mem.h"
#include "policy.h"
#include "provoke.h"
#include "sys.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define MTHP		"/sys/kernel/mm/transparent_hugepage"
/* Longer than it takes to offline a block whose folios may move. */
#define SERVED_SECONDS	30
#define REFUSED_SECONDS	3
/* Promotion, for one, does not come at once. */
#define TRIES		4

/* With and without something that the backend may copy. */
struct strict_case {
	const struct provocation *what;
	bool refused;
	char name[96];
};

static bool went_offline;

static void stop_waiting(int sig)
{
	(void)sig;
}

/* A system call that lasts longer is interrupted, and so is the next one. */
static void limit_calls(unsigned int seconds)
{
	const struct sigaction action = { .sa_handler = stop_waiting,
					  .sa_flags = SA_RESTART };
	const struct itimerval timer = { { seconds, 0 }, { seconds, 0 } };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static bool set_policy(const struct strict_case *c)
{
	enum reason reason = c->what->reason;

	return !policy_set(reason, "backend", "mt") &&
	       !policy_set(reason, "workers", "1") &&
	       !policy_set(reason, "min_pages", "262144") &&
	       !policy_set(reason, "classes", c->refused ? "none" :
			   "anon,swapcache,shmem,file") &&
	       !policy_set(reason, "strict", "1");
}

/* True for a block that goes on trying until the signal comes. */
static bool offline_is_interrupted(struct area *area)
{
	int rc = provoke_offline(area);

	ktap_note("offline: %s", rc ? strerror(-rc) : "done");
	went_offline |= !rc;
	return !rc || rc == -EINTR;
}

static bool keeps_trying(struct area *area)
{
	went_offline = false;
	return provoke_in_blocks(area, offline_is_interrupted) &&
	       ktap_expect(!went_offline, "no block to go offline");
}

/* Whether the call says so or not is its own affair: see check_refused(). */
static bool provoke(const struct strict_case *c, struct area *area)
{
	bool hotplug = c->what->reason == MEMORY_HOTPLUG;
	bool ok = true;

	if (hotplug)
		limit_calls(c->refused ? REFUSED_SECONDS : SERVED_SECONDS);
	if (hotplug && c->refused)
		ok = keeps_trying(area);
	else if (!c->what->provoke(area) && !c->refused && c->what->ahead)
		ok = false;
	if (hotplug)
		limit_calls(0);
	return ok;
}

static bool check_refused(const struct strict_case *c,
			  const struct area *area,
			  const struct counters *before,
			  const struct counters *after)
{
	size_t moved = mem_moved(area);
	__u64 refused = counted(before, after, REFUSED);
	bool ok;

	ktap_note("%s: %llu folios refused", c->name, refused);
	ok = ktap_expect(mem_pages(area) && !moved,
			 "none of %zu pages to move, not %zu", mem_pages(area),
			 moved);
	ok &= ktap_expect(refused, "refused to grow");
	ok &= ktap_expect(counted(before, after, FAILED), "failed to grow");
	ok &= ktap_expect(!counted(before, after, PAGES) || !c->refused,
			  "nothing copied");
	return ok;
}

static bool check_served(const struct strict_case *c, const struct area *area,
			 const struct counters *before,
			 const struct counters *after)
{
	size_t least = mem_pages(area) * c->what->percent / 100;
	size_t moved = mem_moved(area);
	__u64 pages = counted(before, after, PAGES);
	bool ok;

	ktap_note("%s: %zu pages moved, %llu copied, %llu folios refused",
		  c->name, moved, pages, counted(before, after, REFUSED));
	ok = ktap_expect(mem_pages(area) && moved >= least,
			 "at least %zu of %zu pages to move, not %zu", least,
			 mem_pages(area), moved);
	ok &= ktap_expect(pages >= moved, "all %zu pages copied, not %llu",
			  moved, pages);
	ok &= ktap_expect(!counted(before, after, DECLINED_MIN),
			  "min_pages to be ignored");
	return ok;
}

static bool check(const struct strict_case *c, struct area *area)
{
	struct counters before, after;
	unsigned int tries = 0;
	size_t wrong;
	bool ok;

	policy_reason_counters(c->what->reason, &before);
	do {
		if (!provoke(c, area))
			return false;
		policy_reason_counters(c->what->reason, &after);
	} while (c->refused && !counted(&before, &after, REFUSED) &&
		 ++tries < TRIES);
	wrong = mem_wrong(area);
	ok = ktap_expect(!wrong, "no wrong byte, not %zu", wrong);
	if (c->what->whole)
		ok &= ktap_expect(!mem_torn(area), "all folios in one piece");
	if (c->refused || !c->what->ahead)
		return check_refused(c, area, &before, &after) && ok;
	return check_served(c, area, &before, &after) && ok;
}

static enum ktap_result run(const void *arg)
{
	const struct strict_case *c = arg;
	struct area area = {};
	int mark = undo_mark();
	bool ok;

	/* Page cache that goes later would make room outside the CMA area. */
	sys_write("/proc/sys/vm/drop_caches", "3");
	ok = !sys_set("/proc/sys/vm/compaction_proactiveness", "0") &&
	     !sys_set(MTHP "/hugepages-64kB/enabled", "madvise");
	ok = ok && c->what->prepare(c->what, &area) && mem_snapshot(&area) &&
	     set_policy(c) && check(c, &area);
	mem_unmap(&area);
	undo_to(mark);
	return ok ? KTAP_PASS : KTAP_FAIL;
}

static enum ktap_result no_splat(const void *before)
{
	__u64 splats = sys_splats() & ~*(const __u64 *)before;

	return ktap_expect(!splats, "no splat in the kernel log") ? KTAP_PASS :
								    KTAP_FAIL;
}

static size_t list_cases(struct ktap_case *list, struct strict_case *cases,
			 const char *prefix)
{
	size_t nr = 0;

	for (size_t i = 0; i < 2 * nr_provocations; i++) {
		struct strict_case *c = &cases[nr];

		c->what = &provocations[i / 2];
		c->refused = i % 2;
		snprintf(c->name, sizeof(c->name), "%s, %s", c->what->name,
			 c->refused ? "refused" : "served");
		if (!prefix || !strncmp(c->name, prefix, strlen(prefix)))
			list[nr++] = (struct ktap_case){ c->name, run, c };
	}
	return nr;
}

/* strict [REASON] */
int main(int argc, char **argv)
{
	struct ktap_case *list = calloc(2 * nr_provocations + 1, sizeof(*list));
	struct strict_case *cases = calloc(2 * nr_provocations, sizeof(*cases));
	__u64 splats = sys_splats();
	size_t nr;

	if (geteuid())
		return ktap_skip_all("run it as root");
	if (!policy_present())
		return ktap_skip_all("this kernel has no migrate_policy");
	if (!provoke_two_nodes())
		return ktap_skip_all("no second memory node without CPUs");
	(void)argc;
	undo_init();
	if (!list || !cases)
		return KTAP_FAIL;
	nr = list_cases(list, cases, argv[1]);
	list[nr++] = (struct ktap_case){ "no splat", no_splat, &splats };
	return ktap_run(list, nr);
}
