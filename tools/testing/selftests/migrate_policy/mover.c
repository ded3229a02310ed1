// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads that keep migrating memory: see mover.h.
 */
#include "mover.h"

#include "cgroup.h"
#include "ktap.h"
#include "mem.h"
#include "pace.h"
#include "provoke.h"
#include "sys.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Rests between two rounds: the users of the memory shall run, too. */
#define PAUSE_US	5000
#define PAUSE_ALL_US	250000

#define RECLAIM		"1M"

const char * const mover_names[NR_MOVERS] = {
	[MOVER_PAGES] = "move_pages",
	[MOVER_MBIND] = "mbind",
	[MOVER_COMPACT] = "compact",
	[MOVER_TASK] = "migrate_pages",
	[MOVER_RECLAIM] = "reclaim",
};

struct mover {
	void (*round)(unsigned int round);
	long pause;
	pthread_t thread;
	bool running;
	atomic_ullong calls;
};

static const struct mover_range *ranges;
static size_t nr_ranges;
static __u64 pages_at_start;
static atomic_bool stop;

/* Lists the folios of all ranges, or all their pages. */
static int list_ranges(struct area *area, bool by_page)
{
	size_t max = 0;

	for (size_t i = 0; i < nr_ranges; i++)
		max += ranges[i].size / BASE_PAGE;
	area->page = calloc(max, sizeof(*area->page));
	if (!area->page)
		return -ENOMEM;
	for (size_t i = 0; i < nr_ranges; i++) {
		size_t unit = by_page ? BASE_PAGE : ranges[i].unit;

		for (size_t at = 0; at < ranges[i].size; at += unit)
			area->page[area->nr++] = ranges[i].map + at;
	}
	return 0;
}

/*
 * In one call, so that there is something to cut. The parts of a huge page
 * that was split meanwhile are reached in the rounds that go page by page,
 * which for the kernel end a list at each page of one that was not.
 */
static void move_ranges(unsigned int round)
{
	struct area area = {};

	if (!list_ranges(&area, round / 2 % 2))
		mem_move_all(&area, round % 2 ? FAST_NODE : SLOW_NODE);
	mem_unlist(&area);
}

static void bind_ranges(unsigned int round)
{
	for (size_t i = nr_ranges; i-- > 0 && !stop;)
		mem_mbind(ranges[i].map, ranges[i].size,
			  round % 2 ? SLOW_NODE : FAST_NODE, MPOL_MF_MOVE_ALL);
}

static void compact(unsigned int round)
{
	(void)round;
	sys_write("/proc/sys/vm/compact_memory", "1");
}

static void move_task(unsigned int round)
{
	if (round % 2)
		mem_migrate_self(SLOW_NODE, FAST_NODE);
	else
		mem_migrate_self(FAST_NODE, SLOW_NODE);
}

/* Demotes or swaps out, as the system is set up; -EAGAIN if it was less. */
static void reclaim_some(unsigned int round)
{
	(void)round;
	cgroup_write("memory.reclaim", RECLAIM);
}

static struct mover movers[NR_MOVERS] = {
	[MOVER_PAGES] = { .round = move_ranges, .pause = PAUSE_US },
	[MOVER_MBIND] = { .round = bind_ranges, .pause = PAUSE_US },
	[MOVER_COMPACT] = { .round = compact, .pause = PAUSE_ALL_US },
	[MOVER_TASK] = { .round = move_task, .pause = PAUSE_ALL_US },
	[MOVER_RECLAIM] = { .round = reclaim_some, .pause = PAUSE_ALL_US },
};

static void *keep_moving(void *arg)
{
	struct mover *mover = arg;

	for (unsigned int round = 0; !stop; round++) {
		mover->round(round);
		atomic_fetch_add(&mover->calls, 1);
		pace_rest_us(mover->pause);
	}
	return NULL;
}

__u64 mover_pages(void)
{
	return sys_sum_lines("/proc/vmstat", "pgmigrate_success");
}

bool mover_start(const struct mover_range *to_move, size_t nr,
		 unsigned int methods)
{
	bool ok = true;

	ranges = to_move;
	nr_ranges = nr;
	stop = false;
	pages_at_start = mover_pages();
	for (size_t i = 0; i < NR_MOVERS; i++) {
		struct mover *mover = &movers[i];

		mover->calls = 0;
		mover->running = false;
		if (!ok || !(methods & MOVER_BIT(i)))
			continue;
		ok = !pthread_create(&mover->thread, NULL, keep_moving, mover);
		mover->running = ok;
	}
	return ktap_expect(ok, "to start the threads that migrate");
}

void mover_stop(struct mover_sums *sums)
{
	stop = true;
	for (size_t i = 0; i < NR_MOVERS; i++) {
		if (movers[i].running)
			pthread_join(movers[i].thread, NULL);
		movers[i].running = false;
		sums->calls[i] = movers[i].calls;
	}
	sums->pages = mover_pages() - pages_at_start;
}
