// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads that keep migrating memory: see mover.h.
 */
#include "mover.h"

#include "ktap.h"
#include "mem.h"
#include "pace.h"
#include "provoke.h"
#include "sys.h"

#include <linux/mempolicy.h>
#include <pthread.h>
#include <stdatomic.h>

/* Rests between two rounds: the users of the memory shall run, too. */
#define PAUSE_US	2000
#define PAUSE_COMPACT	100000

const char * const mover_names[NR_MOVERS] = {
	[MOVER_PAGES] = "move_pages",
	[MOVER_MBIND] = "mbind",
	[MOVER_COMPACT] = "compact",
	[MOVER_TASK] = "migrate_pages",
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

/*
 * The parts of a huge page that was split meanwhile are reached in the rounds
 * that go page by page, which cut the list at each page of one that was not.
 */
static void move_ranges(unsigned int round)
{
	struct area area = {};

	for (size_t i = 0; i < nr_ranges && !stop; i++) {
		size_t unit = round / 2 % 2 ? BASE_PAGE : ranges[i].unit;

		if (!mem_list(&area, ranges[i].map, ranges[i].size, unit))
			mem_move_all(&area, round % 2 ? FAST_NODE : SLOW_NODE);
		mem_unlist(&area);
	}
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

static struct mover movers[NR_MOVERS] = {
	[MOVER_PAGES] = { .round = move_ranges, .pause = PAUSE_US },
	[MOVER_MBIND] = { .round = bind_ranges, .pause = PAUSE_US },
	[MOVER_COMPACT] = { .round = compact, .pause = PAUSE_COMPACT },
	[MOVER_TASK] = { .round = move_task, .pause = PAUSE_COMPACT },
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
