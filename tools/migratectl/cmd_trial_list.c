// SPDX-License-Identifier: GPL-2.0-only
/*
 * migratectl trial list: the trials that the kernel has at present.
 */
#include "trial.h"

static int run(struct cli *cli, int argc, char **argv)
{
	struct live_arms arms = { 0 };
	int ret;

	if (argc)
		return usage_error(cli, "trial list: unexpected argument '%s'",
				   argv[0]);
	ret = cli_open(cli);
	if (!ret && live_arms_read(cli, &arms))
		ret = mpol_failure(cli);
	if (!ret)
		ret = table_print(live_arms_table(cli, &arms, true));
	live_arms_free(&arms);
	return ret;
}

const struct command cmd_trial_list = {
	.name = "trial list",
	.arguments = "",
	.summary = "show the kernel's trials, whoever made them",
	.help = "Counters are those since a trial went live.\n",
	.columns = { trial_live_columns, LIVE_COLUMNS, NULL },
	.run = run,
};
