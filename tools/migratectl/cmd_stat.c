// SPDX-License-Identifier: GPL-2.0-only
/*
 * migratectl stat: the counters, since boot or in intervals, as a table or for
 * a monitoring system.
 */
#include <stdlib.h>

#include "stat.h"

static int refuse(const struct cli *cli)
{
	const struct options *options = &cli->options;

	if (options->count && !options->interval)
		return usage_error(cli, "--count needs --interval");
	if (options->output_file && !options->prometheus)
		return usage_error(cli, "--output-file needs --prometheus");
	if (options->prometheus && options->interval)
		return usage_error(cli, "--prometheus and --interval exclude each other");
	if (options->prometheus && (wants_table(cli) || options->bytes))
		return usage_error(cli, "--prometheus prints no table: -J, -r, -n, -b, -o and --output-all do not apply");
	return CLI_DONE;
}

static int print_metrics(struct cli *cli, int argc, char **argv)
{
	const char *path = cli->options.output_file;
	struct selection objects = { 0 };
	char *text = NULL;
	int ret = CLI_DONE;

	if (!argc) {
		ret = select_type(cli, MPOL_REASON, &objects);
		if (!ret)
			ret = select_type(cli, MPOL_BACKEND, &objects);
	}
	for (int i = 0; !ret && i < argc; i++)
		ret = select_objects(cli, argv[i], &objects);
	if (!ret)
		text = prometheus_text(cli, &objects);
	if (text && path)
		ret = mpol_store(cli->mpol, path, text, true) ?
			      mpol_failure(cli) : CLI_DONE;
	else if (text)
		fputs(text, stdout);
	else
		ret = CLI_FAILED;
	free(text);
	selection_free(&objects);
	return ret;
}

static int print_counters(struct cli *cli, int argc, char **argv,
			  const struct rhythm *rhythm)
{
	struct sampler sampler;
	int ret = sampler_start(cli, argc, argv, &sampler);

	if (cli->options.interval)
		add_default_column(cli, "RATE");
	if (!ret)
		ret = warn_if_off(cli);
	if (!ret)
		ret = warn_if_idle(cli);
	if (!ret)
		ret = cli->options.interval ?
			sampler_report(cli, &sampler, rhythm, NULL, NULL) :
			table_print(sampler_table(cli, &sampler));
	sampler_free(&sampler);
	return ret;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct rhythm rhythm;
	int ret = refuse(cli);

	if (!ret)
		ret = rhythm_parse(cli, 0, &rhythm);
	if (!ret)
		ret = cli_open(cli);
	if (ret)
		return ret;
	return cli->options.prometheus ?
		print_metrics(cli, argc, argv) :
		print_counters(cli, argc, argv, &rhythm);
}

const struct command cmd_stat = {
	.name = "stat",
	.arguments = "[REASON|BACKEND[,...]...]",
	.summary = "show what was counted, since boot or in intervals",
	.help = "One row a reason, or those that are named. Columns count since boot; with\n"
		"--interval, what happened in the interval. ENGAGED tells how much a backend\n"
		"copied of what was migrated, COPY_SHARE how much of the time that took.\n"
		"--prometheus prints reasons and backends for node_exporter's textfile\n"
		"collector; --output-file replaces a file by that in one step.\n",
	.columns = { stat_columns, STAT_COLUMNS, NULL },
	.run = run,
};
