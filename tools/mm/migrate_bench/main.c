// SPDX-License-Identifier: GPL-2.0-only
/*
 * migrate_bench: what migration policies do to time and contents. For
 * `make demo`, `make test` and anyone who tunes a machine; run as root, in a
 * kernel with migration policies (`once` and `report` run anywhere).
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
};

static const struct command commands[] = {
	{ "demo", cmd_demo, "[--json FILE] [--pairs N] [--seconds S] [--host-cpu NAME]\n"
	  "\t\tall workloads under inline and mt; prints a table" },
	{ "bars", cmd_bars, "[--pairs N]\n"
	  "\t\tdoes mt reach what it must, idle and busy? prints KTAP" },
	{ "grid", cmd_grid, "[--json FILE] [--pairs N] [--host-cpu NAME]\n"
	  "\t\tfolios of many sizes and numbers that the kernel prepares" },
	{ "once", cmd_once, "[--times N] [--busy] [WORKLOAD]...\n"
	  "\t\trun workloads under the policy that is set; any kernel" },
	{ "report", cmd_report, "[--plot-data FILE] REPORT.json\n"
	  "\t\tprint the table of an earlier run" },
};

unsigned long number_option(const char *name, const char *text,
			    unsigned long min, unsigned long max)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || value < min ||
	    value > max)
		errx(EXIT_FAILURE, "%s %s: give a number from %lu to %lu", name,
		     text, min, max);
	return value;
}

static void usage(FILE *out)
{
	fprintf(out, "usage:\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  migrate_bench %s %s\n", commands[i].name,
			commands[i].help);
	fprintf(out, "workloads:\n");
	for (size_t i = 0; i < nr_workloads; i++)
		fprintf(out, "  %-16s%s\n", workloads[i].name,
			workloads[i].label);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--help")) {
		usage(stdout);
		return EXIT_SUCCESS;
	}
	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(commands); i++) {
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	}
	usage(stderr);
	return EXIT_FAILURE;
}
