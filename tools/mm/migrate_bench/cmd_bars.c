// SPDX-License-Identifier: GPL-2.0-only
/*
 * migrate_bench bars: does mt reach what it must? For `make test`; KTAP.
 *
 * Idle: with two CPUs at least 0.9 of what the copy share of the same boot
 * allows, for 2 MiB folios, one a batch and several. What two CPUs of this
 * machine amount to is measured beside it with plain copies: where they are
 * not independent, no backend can reach the bound of two, and the part of the
 * bound of this machine tells how good the backend is.
 *
 * Busy, other work on every CPU: not slower than inline (the 95% interval of
 * the ratio is not wholly below 0.97) and no more CPU time for a page (the
 * interval of its ratio is not wholly above 1). Speed is wall time there too:
 * that is what whoever waits for the pages sees, and the other work takes the
 * same share of it from both. CPU time is that of the calling thread in the
 * call, waiting excluded, plus what helpers used elsewhere.
 *
 * Shipped defaults apply, other than workers. A bar that is missed is judged
 * once more on all pairs after as many again twice over.
 */
#include <err.h>
#include <getopt.h>
#include <stdlib.h>

#include "bench.h"

#define REACH 0.9
#define NOT_SLOWER 0.97
#define NOT_DEARER 1.0

/* Limits a series on a slow machine; an ordinary one has its pairs before. */
#define SECONDS 60

static const struct variant idle_variants[] = {
	{ .backend = "inline" },
	{ .backend = "mt", .workers = 1 },
	{ .backend = "mt", .workers = 2 },
};

static const struct variant busy_variants[] = {
	{ .backend = "inline" },
	{ .backend = "mt", .workers = 2 },
};

static const char * const judged[] = { "move-2m-single", "move-2m-batch" };

static bool reaches_bound(const struct series *s, size_t v)
{
	return series_figure(s, v, figure_reached).mid >= REACH;
}

static bool not_slower(const struct series *s, size_t v)
{
	return series_figure(s, v, figure_ratio).hi >= NOT_SLOWER;
}

static bool not_dearer(const struct series *s, size_t v)
{
	return series_figure(s, v, figure_cpu_ratio).lo <= NOT_DEARER;
}

struct bar {
	const char *text;
	bool (*holds)(const struct series *s, size_t v);
};

static const struct bar idle_bars[] = {
	{ "mt on two CPUs reaches 0.9 of its bound", reaches_bound },
	{ "every run verified", series_verified },
	{ }
};

static const struct bar busy_bars[] = {
	{ "mt is not slower than inline", not_slower },
	{ "mt uses no more CPU time for a page", not_dearer },
	{ "every run verified", series_verified },
	{ }
};

struct setup {
	const char *name;
	bool busy;
	const struct variant *variant;
	size_t nr_variants;
	const struct bar *bar;
};

static const struct setup setups[] = {
	{ "idle", false, idle_variants, ARRAY_SIZE(idle_variants), idle_bars },
	{ "busy", true, busy_variants, ARRAY_SIZE(busy_variants), busy_bars },
};

static void interval_print(const char *name, struct interval i)
{
	printf("# %-28s %.3f, 95%%: %.3f to %.3f\n", name, i.mid, i.lo, i.hi);
}

/* The same with what two CPUs of this machine amount to. */
static void machine_print(double share, double ratio)
{
	struct interval cpus = two_cpus();
	double bound = copy_bound(share, cpus.mid);

	interval_print("two CPUs, in CPUs", cpus);
	printf("# %-28s %.3f\n", "bound of this machine", bound);
	printf("# %-28s %.3f\n", "part of that reached", ratio / bound);
}

static void figures_print(const struct series *s, size_t v)
{
	double share = series_copy_share(s).mid;

	printf("# %zu pairs, engaged %.3f\n", s->rounds,
	       (double)series_total(s, v, PAGES) /
	       series_total(s, v, SUCCEEDED));
	interval_print("inline, MB/s", series_figure(s, 0, figure_mb_per_s));
	interval_print("ratio to inline", series_figure(s, v, figure_ratio));
	interval_print("by the wall clock",
		       series_figure(s, v, figure_wall_ratio));
	interval_print("CPU time for a page, ratio",
		       series_figure(s, v, figure_cpu_ratio));
	if (s->nr_variants < 3)
		return;
	interval_print("mt on one CPU, ratio",
		       series_figure(s, 1, figure_ratio));
	interval_print("copy share", series_copy_share(s));
	printf("# %-28s %.3f\n", "bound", copy_bound(share, 2));
	interval_print("part of the bound reached",
		       series_figure(s, v, figure_reached));
	machine_print(share, series_figure(s, v, figure_ratio).mid);
}

/* inline and mt on one CPU must be verified as well. */
static bool bar_holds(const struct bar *bar, const struct series *s)
{
	if (bar->holds != series_verified)
		return bar->holds(s, s->nr_variants - 1);
	for (size_t v = 0; v < s->nr_variants; v++) {
		if (!series_verified(s, v))
			return false;
	}
	return true;
}

static bool all_hold(const struct setup *setup, const struct series *s)
{
	for (const struct bar *bar = setup->bar; bar->text; bar++) {
		if (!bar_holds(bar, s))
			return false;
	}
	return true;
}

/* Returns how many bars were missed; counts all in @nr. */
static size_t setup_judge(const struct setup *setup, const char *name,
			  size_t pairs, size_t *nr)
{
	struct series s = {
		.workload = workload_find(name),
		.variant = setup->variant,
		.nr_variants = setup->nr_variants,
	};
	size_t missed = 0;

	series_start(&s);
	series_extend(&s, pairs, SECONDS);
	if (!all_hold(setup, &s))
		series_extend(&s, 3 * pairs, 2 * SECONDS);
	figures_print(&s, s.nr_variants - 1);
	for (const struct bar *bar = setup->bar; bar->text; bar++) {
		bool holds = bar_holds(bar, &s);

		printf("%s %zu - %s %s: %s\n", holds ? "ok" : "not ok", ++*nr,
		       setup->name, name, bar->text);
		missed += !holds;
	}
	fflush(stdout);
	series_free(&s);
	return missed;
}

static size_t setup_run(const struct setup *setup, size_t pairs, size_t *nr)
{
	size_t missed = 0;

	if (setup->busy)
		load_start();
	for (size_t i = 0; i < ARRAY_SIZE(judged); i++)
		missed += setup_judge(setup, judged[i], pairs, nr);
	if (setup->busy)
		load_stop();
	return missed;
}

static size_t nr_bars(void)
{
	size_t nr = 0;

	for (size_t i = 0; i < ARRAY_SIZE(setups); i++) {
		for (const struct bar *bar = setups[i].bar; bar->text; bar++)
			nr += ARRAY_SIZE(judged);
	}
	return nr;
}

int cmd_bars(int argc, char **argv)
{
	static const struct option options[] = {
		{ "pairs", required_argument, NULL, 'p' },
		{ }
	};
	unsigned long pairs = 15;
	size_t missed = 0, nr = 0;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 'p')
			return EXIT_FAILURE;
		pairs = number_option("--pairs", optarg, 6, MAX_PAIRS / 3);
	}
	if (optind != argc)
		errx(EXIT_FAILURE, "bars: unexpected argument %s", argv[optind]);
	policy_open();
	printf("TAP version 13\n1..%zu\n", nr_bars());
	for (size_t i = 0; i < ARRAY_SIZE(setups); i++)
		missed += setup_run(&setups[i], pairs, &nr);
	return missed ? EXIT_FAILURE : EXIT_SUCCESS;
}
