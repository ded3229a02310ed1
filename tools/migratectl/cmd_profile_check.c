// SPDX-License-Identifier: GPL-2.0-only
/*
 * migratectl profile check: for scripts, whether the kernel's state is what a
 * profile says.
 */
#include "cli.h"

static int verdict(const char *name, size_t count)
{
	if (!count)
		return CLI_DONE;
	message("%zu setting%s of %s %s; see '" PROGRAM " profile diff %s'",
		count, count == 1 ? "" : "s", name,
		count == 1 ? "differs" : "differ", name);
	return CLI_DIFFERS;
}

static int run(struct cli *cli, int argc, char **argv)
{
	const char *name = one_argument(cli, argc, argv, "profile");
	struct wanted wanted = { 0 };
	int ret = name ? cli_open(cli) : CLI_USAGE;

	if (!ret)
		ret = want_profile(cli, name, &wanted);
	if (!ret)
		ret = verdict(name, wanted.changes.count);
	wanted_free(&wanted);
	return ret;
}

const struct command cmd_profile_check = {
	.name = "profile check",
	.arguments = "NAME",
	.summary = "exit with 4 unless everything is as the profile says",
	.help = "What the profile does not name may be anything.\n",
	.run = run,
};
