// SPDX-License-Identifier: GPL-2.0-only
/*
 * migrate_bench report: print the table of a report, and write what report.gp
 * plots. Runs on any machine.
 */
#include <err.h>
#include <getopt.h>
#include <json-c/json.h>
#include <stdlib.h>

#include "bench.h"

int cmd_report(int argc, char **argv)
{
	static const struct option options[] = {
		{ "plot-data", required_argument, NULL, 'p' },
		{ }
	};
	const char *plot_data = NULL;
	struct json_object *report;
	int c, status;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 'p')
			return EXIT_FAILURE;
		plot_data = optarg;
	}
	if (argc - optind != 1)
		errx(EXIT_FAILURE, "report: name one report");
	report = result_load(argv[optind]);
	if (plot_data)
		result_plot_data(report, plot_data);
	status = result_print(report);
	json_object_put(report);
	return status;
}
