// SPDX-License-Identifier: GPL-2.0-only
/*
 * migratectl trial report: what recorded trials say.
 */
#include <stdlib.h>

#include "trial.h"

static int load(struct cli *cli, int argc, char **argv, struct trials *trials)
{
	int ret = CLI_DONE;

	trials->trial = calloc((size_t)argc + 1, sizeof(*trials->trial));
	if (!trials->trial)
		return failed("out of memory");
	for (int i = 0; !ret && i < argc; i++) {
		trials->count++;
		ret = trial_load(cli, argv[i], &trials->trial[i]);
	}
	return ret;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct trials trials = { 0 };
	struct report report;
	int ret;

	if (!argc)
		return usage_error(cli, "trial report: which file?");
	ret = report_prepare(cli, &report);
	/* No kernel is needed for what is in files. */
	if (!ret)
		ret = cli_create(cli);
	if (!ret)
		ret = load(cli, argc, argv, &trials);
	if (!ret)
		ret = report_print(cli, &trials, &report);
	for (size_t i = 0; i < trials.count; i++)
		trial_free(&trials.trial[i]);
	free(trials.trial);
	return ret;
}

const struct command cmd_trial_report = {
	.name = "trial report",
	.arguments = "FILE...",
	.summary = "report what was recorded; compare several trials",
	.help = "FILE is what 'trial record' or 'trial run --record' stored. Needs no kernel.\n"
		"Of several files, arms of the same name are compared with the first one's.\n",
	.columns = { trial_report_columns, REPORT_COLUMNS,
		     "ARM,CALLS,RATE,PAGE_P50,AWAY_P99,RATIO,P_VALUE" },
	.run = run,
};
