// SPDX-License-Identifier: GPL-2.0-only
/*
 * Torture of memory that migrates: pages of every kind hold contents that
 * describe themselves and move to and fro, under one policy after the other
 * and with injected faults, while threads write to them in every way that
 * there is. No record may be wrong, and no page lost or leaked.
 *
 *	torture [--stock] [KIND...]
 *
 * MP_SECONDS is the time for all of it; a long run tries the other reasons,
 * too. MP_SEED gives the order of the policies of an earlier run, and with
 * MP_WRITER one way to write is the only one. --stock allows a kernel without
 * the policy layer, for comparison. Meant for a kernel with lockdep; whoever
 * runs it also looks at the kernel log.
 */
#include "cgroup.h"
#include "engine.h"
#include "faults.h"
#include "kinds.h"
#include "ktap.h"
#include "leaks.h"
#include "loopdev.h"
#include "matrix.h"
#include "mem.h"
#include "mover.h"
#include "pace.h"
#include "pageflags.h"
#include "poison.h"
#include "policy.h"
#include "provoke.h"
#include "race.h"
#include "random.h"
#include "selfcheck.h"
#include "sys.h"
#include "writers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECONDS		16
/* From here on a run is a long one. */
#define LONG_SECONDS	200

#define DEMOTION_ENABLED	"/sys/kernel/mm/numa/demotion_enabled"

#define REGIONS		3
#define MAX_CASES	64
#define MAX_WRITERS	32

/* How long one policy lasts. */
#define STEP_US		350000

/* Seconds more until a kind has shown what it has to. */
#define GRACE		20

/* Failures of one thread until it gives up. */
#define MAX_FAILURES	5

/*
 * Between two changes of a thread. Under every other policy they take it easy:
 * mt asks only idle CPUs for help.
 */
#define BUSY_US		300
#define CALM_US		15000

/* Pages that the kernel may need for itself by the end. */
#define NOISE		1024

struct hand {
	struct region region;
	struct work work;
	pthread_t thread;
	bool running;
	size_t failures;
	__u64 done[MAX_WRITERS];
};

static struct hand hands[REGIONS];
static struct mover_range ranges[REGIONS];
static struct loopdev loop;
static atomic_bool stop;
static atomic_long pause_us;
static struct leaks at_start;
static double share;		/* seconds of one case */

/* For the figures. */
static __u64 pages_moved, records_written, records_checked;

static enum ktap_result result_of(bool ok)
{
	return ok ? KTAP_PASS : KTAP_FAIL;
}

static bool may_work(const struct writer *writer, const struct kind *kind)
{
	const char *only = getenv("MP_WRITER");

	return !(writer->needs & ~kind->may) &&
	       (!only || !strcmp(writer->name, only));
}

/* One writer out of those that the kind allows, by weight; -1: none. */
static int choose(struct work *work)
{
	const struct kind *kind = work->region->kind;
	unsigned int sum = 0;
	__s64 rest;

	for (size_t i = 0; i < nr_writers; i++)
		sum += may_work(&writers[i], kind) ? writers[i].weight : 0;
	rest = sum ? random_below(&work->random, sum) : 0;
	for (size_t i = 0; i < nr_writers; i++) {
		rest -= may_work(&writers[i], kind) ? writers[i].weight : 0;
		if (rest < 0)
			return i;
	}
	return -1;
}

static void *live(void *arg)
{
	struct hand *hand = arg;

	while (!stop && hand->failures < MAX_FAILURES) {
		int i = choose(&hand->work);

		if (i < 0)
			break;
		hand->failures += !writers[i].work(&hand->work);
		hand->done[i]++;
		pace_rest_us(pause_us);
	}
	return NULL;
}

static bool open_hands(const struct kind *kind)
{
	bool ok = loopdev_open(&loop, REGIONS * WORK_BUFFER);

	for (size_t i = 0; ok && i < REGIONS; i++) {
		struct hand *hand = &hands[i];

		ok = region_open(&hand->region, kind) &&
		     work_open(&hand->work, &hand->region, &loop,
			       i * WORK_BUFFER);
		ranges[i] = (struct mover_range) {
			hand->region.map, kind->size, kind->unit,
		};
	}
	return ok;
}

static void close_hands(void)
{
	for (size_t i = 0; i < REGIONS; i++) {
		struct hand *hand = &hands[i];

		records_written += hand->region.ledger.written;
		records_checked += hand->region.ledger.checked;
		if (hand->work.region)
			work_close(&hand->work);
		if (hand->region.kind)
			region_close(&hand->region);
	}
	loopdev_close(&loop);
	memset(hands, 0, sizeof(hands));
}

static bool start_hands(void)
{
	bool ok = true;

	stop = false;
	for (size_t i = 0; ok && i < REGIONS; i++) {
		ok = !pthread_create(&hands[i].thread, NULL, live, &hands[i]);
		hands[i].running = ok;
	}
	return ktap_expect(ok, "to start the threads that write");
}

static bool stop_hands(void)
{
	size_t failures = 0;

	stop = true;
	for (size_t i = 0; i < REGIONS; i++) {
		if (hands[i].running)
			pthread_join(hands[i].thread, NULL);
		failures += hands[i].failures;
	}
	return ktap_expect(!failures, "no failure, not %zu", failures);
}

/* What a kind has shown of itself. */
struct view {
	size_t evidence;
	struct counters before[NR_REASONS];
};

/* Only the calls for our ranges: compaction moves pages of others as well. */
static __u64 counted_ours(const struct view *view, enum counter what)
{
	static const enum reason ours[] = {
		SYSCALL_OR_CPUSET, MEMPOLICY_MBIND,
	};
	__u64 sum = 0;

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
		struct counters now;

		policy_reason_counters(ours[i], &now);
		sum += counted(&view->before[ours[i]], &now, what);
	}
	return sum;
}

/* Is it what it is called, and copied ahead if it may be? */
static bool convincing(const struct kind *kind, struct view *view)
{
	for (size_t i = 0; i < REGIONS && !view->evidence; i++)
		view->evidence += pageflags_count(hands[i].region.map,
						  kind->size, kind->evidence);
	return view->evidence && (!kind->class || !policy_present() ||
				  counted_ours(view, PAGES));
}

/* The time may be too short for a slow machine. */
static bool walk(const struct kind *kind, struct view *view)
{
	double end = pace_now() + share;
	bool done = false;
	bool ok = true;

	pause_us = CALM_US;
	if (kind->class)
		ok = matrix_step_to(kind->class);
	while (ok && pace_now() < (done ? end : end + GRACE)) {
		pace_rest_us(STEP_US);
		done = convincing(kind, view);
		pause_us = pause_us == BUSY_US ? CALM_US : BUSY_US;
		if (pace_now() < end)
			ok = matrix_step();
		else if (!done && kind->class)
			ok = matrix_step_to(kind->class);
	}
	matrix_rest();
	return ok;
}

static bool check_engaged(const struct kind *kind, const struct view *view)
{
	__u64 ahead;

	if (!policy_present())
		return true;
	ahead = counted_ours(view, PAGES);
	ktap_note("%s: %llu pages copied ahead, %llu us of it by helpers, %llu stale",
		  kind->name, ahead, counted_ours(view, HELPER_NS) / 1000,
		  counted_ours(view, STALE));
	return ktap_expect(kind->class ? ahead : !ahead,
			   "%s %s to be copied ahead", kind->name,
			   kind->class ? "sometimes" : "never");
}

static bool check_records(struct region *region, const char *when)
{
	struct ledger *ledger = &region->ledger;
	size_t wrong = ledger_check(ledger, 0, ledger->nr,
				    region_record(region, 0));

	return ktap_expect(!wrong && !ledger->wrong,
			   "no wrong record of %s %s, not %zu, %llu in all",
			   ledger->name, when, wrong,
			   (unsigned long long)ledger->wrong);
}

/* khugepaged unmaps what it has collapsed, for the next access to map. */
static void map_again(const struct region *region)
{
	for (size_t at = 0; at < region->kind->size; at += BASE_PAGE)
		__atomic_load_n(region->map + at, __ATOMIC_RELAXED);
}

static size_t lost_pages(const struct region *region)
{
	size_t lost = 0;

	map_again(region);
	for (size_t at = 0; at < region->kind->size; at += BASE_PAGE)
		lost += mem_pfn(region->map + at) == NO_PFN;
	return lost;
}

/* Whoever was left with a reference or a lock would keep a page in place. */
static size_t left_behind(const struct region *region, int node)
{
	const size_t units[] = { region->kind->unit, BASE_PAGE };
	size_t pages = region->kind->size / BASE_PAGE, there = 0;
	struct area area;

	for (int try = 0; there < pages && try < 20; try++) {
		if (try)
			pace_rest_us(100000);
		map_again(region);
		for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
			if (mem_list(&area, region->map, region->kind->size,
				     units[i]))
				return pages;
			mem_move_all(&area, node);
			if (units[i] == BASE_PAGE)
				there = mem_on_node(&area, node);
			mem_unlist(&area);
		}
	}
	return pages - there;
}

/* All pages are there, ours alone, and still go where they are sent. */
static bool check_pages(struct region *region)
{
	struct ledger *ledger = &region->ledger;
	size_t left;
	bool ok;

	ledger_write(ledger, 0, ledger->nr, region_record(region, 0));
	ok = ktap_expect(!lost_pages(region), "no lost page of %s, not %zu",
			 ledger->name, lost_pages(region));
	if (region->kind->fixed)
		return ok;
	for (int node = SLOW_NODE; node >= FAST_NODE; node--) {
		left = left_behind(region, node);
		ok &= ktap_expect(!left, "all of %s to go to node %d, not all but %zu pages",
				  ledger->name, node, left);
	}
	return ok & check_records(region, "at the end");
}

static bool check_regions(void)
{
	bool ok = true;

	for (size_t i = 0; i < REGIONS; i++)
		ok &= check_records(&hands[i].region, "under load");
	for (size_t i = 0; i < REGIONS; i++)
		ok &= check_pages(&hands[i].region);
	return ok;
}

static void report(const struct kind *kind, const struct mover_sums *moved)
{
	char line[400];
	size_t at = 0;

	for (size_t i = 0; i < nr_writers && at < sizeof(line); i++) {
		__u64 done = 0;

		for (size_t k = 0; k < REGIONS; k++)
			done += hands[k].done[i];
		if (done)
			at += snprintf(line + at, sizeof(line) - at,
				       ", %s %llu", writers[i].name, done);
	}
	ktap_note("%s: %llu pages migrated%s", kind->name, moved->pages,
		  at ? line : "");
	at = 0;
	for (size_t i = 0; i < NR_MOVERS && at < sizeof(line); i++)
		at += snprintf(line + at, sizeof(line) - at, ", %s %llu",
			       mover_names[i], moved->calls[i]);
	ktap_note("%s: calls%s", kind->name, line + 1);
	pages_moved += moved->pages;
}

static unsigned int methods(const struct kind *kind)
{
	/* What else the process has is copied ahead. */
	return kind->class ? MOVER_ALL : MOVER_ALL & ~MOVER_BIT(MOVER_TASK);
}

static bool load(const struct kind *kind, struct view *view)
{
	struct mover_sums moved;
	bool ok;

	for (int i = 0; policy_present() && i < NR_REASONS; i++)
		policy_reason_counters(i, &view->before[i]);
	/* Large folios may all be split before the first policy is set. */
	convincing(kind, view);
	ok = start_hands() && mover_start(ranges, REGIONS, methods(kind)) &&
	     walk(kind, view);
	mover_stop(&moved);
	ok &= stop_hands();
	report(kind, &moved);
	ok &= ktap_expect(moved.pages || kind->fixed, "pages to migrate");
	return ok & ktap_expect(view->evidence, "%s to be what it is called",
				kind->name);
}

static bool set_up(const struct kind *kind)
{
	return cgroup_join("memory") &&
	       (!kind->prepare || kind->prepare(kind)) && open_hands(kind);
}

static enum ktap_result torture(const void *arg)
{
	const struct kind *kind = arg;
	struct view view = {};
	int mark = undo_mark();
	bool ok = set_up(kind);

	if (ok) {
		ok = load(kind, &view);
		ok &= check_engaged(kind, &view);
		ok &= check_regions();
	}
	close_hands();
	poison_take_back();
	undo_to(mark);
	return result_of(ok);
}

/* One reason under a policy of its own. */
static enum ktap_result torture_reason(const void *arg)
{
	const struct provocation *what = arg;
	struct race_sums sums = {};
	bool ok = matrix_step();

	matrix_rest();
	ktap_note("%s", matrix_now());
	ok = ok && race(what, &sums);
	pages_moved += sums.moved;
	records_written += sums.written;
	records_checked += sums.checked;
	return result_of(ok);
}

/* Channels for dma that report in reverse, and now and then an error. */
static bool add_channels(void)
{
	return !engine_present() ||
	       (engine_load("channels=4 reverse=1 error_every=50") &&
		engine_setting("channels", "4"));
}

static enum ktap_result start(const void *arg)
{
	(void)arg;
	if (!add_channels() || !matrix_open(matrix_seed()) ||
	    !poison_open() || sys_set(DEMOTION_ENABLED, "1"))
		return KTAP_FAIL;
	leaks_take(&at_start);
	return KTAP_PASS;
}

static enum ktap_result finish(const void *arg)
{
	bool ok;

	(void)arg;
	poison_take_back();
	ok = leaks_none(&at_start, NOISE);
	ok &= ktap_expect(!policy_mismatched(), "no copy to differ, not %llu",
			  policy_mismatched());
	matrix_report();
	ktap_note("%llu records checked", records_checked);
	ktap_note("figure pages migrated under check: %llu", pages_moved);
	ktap_note("figure writes racing with migration: %llu",
		  records_written);
	ktap_note("figure faults injected: %llu", faults_injected());
	if (engine_present())
		ktap_note("%llu parts copied by DMA engines", engine_copied(0));
	return result_of(ok);
}

/* Is it among the names, or are there none? */
static bool wanted(const struct kind *kind, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++) {
		if (!strcmp(*names, kind->name))
			return true;
	}
	return false;
}

/* The first name that is none of a kind, or NULL. */
static const char *unknown(char **names)
{
	for (; *names; names++) {
		size_t i = 0;

		while (i < nr_kinds && strcmp(*names, kinds[i].name))
			i++;
		if (i == nr_kinds)
			return *names;
	}
	return NULL;
}

static struct ktap_case cases[MAX_CASES];
static size_t nr_cases;

static void add_case(const char *name, enum ktap_result (*run)(const void *arg),
		     const void *arg)
{
	if (nr_cases < MAX_CASES)
		cases[nr_cases++] = (struct ktap_case) { name, run, arg };
}

static void add_reasons(char **names, unsigned int seconds)
{
	for (size_t i = 0; i < nr_provocations; i++) {
		const struct provocation *what = &provocations[i];

		if (race_possible(what) && seconds >= LONG_SECONDS && !*names)
			add_case(what->name, torture_reason, what);
	}
}

static void add_cases(char **names)
{
	unsigned int seconds = pace_seconds(SECONDS);
	size_t nr = 0;

	add_case("the check of records", selfcheck_records, NULL);
	add_case("policies and counts", start, NULL);
	/* With lockdep it takes long to look at all page frames. */
	if (seconds >= LONG_SECONDS)
		add_case("the check of leaks", selfcheck_leaks, NULL);
	for (size_t i = 0; i < nr_kinds; i++) {
		if (!wanted(&kinds[i], names))
			continue;
		add_case(kinds[i].name, torture, &kinds[i]);
		nr++;
	}
	/* A long run leaves a part of its time for the reasons. */
	share = (double)seconds / nr;
	if (seconds >= LONG_SECONDS && !*names)
		share *= 0.7;
	add_reasons(names, seconds);
	add_case("nothing lost and nothing leaked", finish, NULL);
}

int main(int argc, char **argv)
{
	bool stock = argc > 1 && !strcmp(argv[1], "--stock");
	char **names = argv + 1 + stock;

	if (unknown(names)) {
		fprintf(stderr, "torture: there is no kind %s\n",
			unknown(names));
		return KTAP_FAIL;
	}
	if (geteuid())
		return ktap_skip_all("run it as root");
	if (!stock && (!policy_present() || !policy_enabled()))
		return ktap_skip_all("this kernel has no migrate_policy");
	if (!provoke_two_nodes())
		return ktap_skip_all("no second memory node without CPUs");
	undo_init();
	add_cases(names);
	return ktap_run(cases, nr_cases);
}
