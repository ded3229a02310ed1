// SPDX-License-Identifier: GPL-2.0-only
/*
 * migratectl trial clean: removes what a trial run left that was killed
 * together with its janitor.
 */
#include "trial.h"

static int run(struct cli *cli, int argc, char **argv)
{
	size_t removed;
	int ret;

	if (argc)
		return usage_error(cli, "trial clean: unexpected argument '%s'",
				   argv[0]);
	ret = cli_open(cli);
	if (!ret)
		ret = owner_clean(cli, &removed);
	if (!ret && removed && !cli->options.dry_run)
		message("%zu trial%s removed", removed,
			removed == 1 ? " was" : "s were");
	return ret;
}

const struct command cmd_trial_clean = {
	.name = "trial clean",
	.arguments = "",
	.summary = "remove what trials left that were killed",
	.help = "Removes exactly those trials that a 'trial run' made which is no longer\n"
		"there. Trials of others, and those that run, are left alone.\n",
	.run = run,
};
