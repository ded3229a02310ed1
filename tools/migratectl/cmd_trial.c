// SPDX-License-Identifier: GPL-2.0-only
/*
 * migratectl trial: the commands around trials, each in its own file.
 */
#include "cli.h"

static const struct command *const subcommands[] = {
	&cmd_trial_run, &cmd_trial_list, &cmd_trial_record, &cmd_trial_report,
	&cmd_trial_clean, NULL,
};

const struct command cmd_trial = {
	.name = "trial",
	.arguments = "run|list|record|report|clean",
	.summary = "try policies on a share of the migrations, and compare",
	.help = "Each migrate_pages() call of a reason is drawn at random for an arm, or stays\n"
		"with the reason's own policy, the control.\n\n",
	.subcommands = subcommands,
};
