// SPDX-License-Identifier: GPL-2.0-only
/*
 * migrate_bench demo: all workloads under inline, mt on one CPU and mt on two,
 * for `make demo`. Says on stderr how far it is, prints the table on stdout.
 */
#include <err.h>
#include <getopt.h>
#include <json-c/json.h>
#include <stdlib.h>

#include "bench.h"

/*
 * min_pages=1: the backend copies also where its own minimum would leave it to
 * the inline path, so that the lists of 32 pages that compaction and reclaim
 * hand over are measured at all.
 */
static const struct variant variants[] = {
	{ .backend = "inline" },
	{ .backend = "mt", .workers = 1, .min_pages = 1 },
	{ .backend = "mt", .workers = 2, .min_pages = 1 },
};

struct demo {
	const char *json;
	const char *host_cpu;
	unsigned long pairs;
	unsigned long seconds;
};

static struct demo demo_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", required_argument, NULL, 'j' },
		{ "pairs", required_argument, NULL, 'p' },
		{ "seconds", required_argument, NULL, 's' },
		{ "host-cpu", required_argument, NULL, 'c' },
		{ }
	};
	struct demo d = { .pairs = 15, .seconds = 60 };
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'j')
			d.json = optarg;
		else if (c == 'p')
			d.pairs = number_option("--pairs", optarg, 6, MAX_PAIRS);
		else if (c == 's')
			d.seconds = number_option("--seconds", optarg, 1, 86400);
		else if (c == 'c')
			d.host_cpu = optarg;
		else
			exit(EXIT_FAILURE);
	}
	if (optind != argc)
		errx(EXIT_FAILURE, "demo: unexpected argument %s", argv[optind]);
	return d;
}

static void workload_run(struct json_object *report, const struct workload *w,
			 const struct demo *d)
{
	struct series s = {
		.workload = w,
		.variant = variants,
		.nr_variants = ARRAY_SIZE(variants),
	};

	fprintf(stderr, "%-26s", w->label);
	series_start(&s);
	series_extend(&s, d->pairs, (double)d->seconds / nr_workloads);
	fprintf(stderr, "%3zu pairs", s.rounds);
	for (size_t v = 1; v < s.nr_variants; v++) {
		struct interval i = series_figure(&s, v, figure_ratio);

		fprintf(stderr, " %s/%u %.2f (%.2f-%.2f)",
			variants[v].backend, variants[v].workers, i.mid, i.lo,
			i.hi);
	}
	fprintf(stderr, "\n");
	result_add(report, &s, "idle");
	series_free(&s);
}

int cmd_demo(int argc, char **argv)
{
	struct demo d = demo_options(argc, argv);
	struct json_object *report;
	struct machine machine;
	int status;

	policy_open();
	machine_describe(&machine);
	if (d.host_cpu)
		snprintf(machine.host_cpu, sizeof(machine.host_cpu), "%s",
			 d.host_cpu);
	report = result_new(&machine);
	for (size_t i = 0; i < nr_workloads; i++)
		workload_run(report, &workloads[i], &d);
	if (d.json)
		result_save(report, d.json);
	fprintf(stderr, "\n");
	status = result_print(report);
	json_object_put(report);
	return status;
}
