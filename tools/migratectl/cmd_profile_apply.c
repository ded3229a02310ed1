// SPDX-License-Identifier: GPL-2.0-only
/*
 * migratectl profile apply: makes the kernel's state what a profile says, all
 * of it or nothing.
 */
#include "cli.h"

static int run(struct cli *cli, int argc, char **argv)
{
	const char *name = one_argument(cli, argc, argv, "profile");
	int ret = name ? cli_open_locked(cli) : CLI_USAGE;

	return ret ? ret : apply_profile(cli, name);
}

const struct command cmd_profile_apply = {
	.name = "profile apply",
	.arguments = "NAME",
	.summary = "make everything as the profile says, or change nothing",
	.help = "Keys that the profile does not name keep their values. Only what differs is\n"
		"written, and read back; when a write fails, those before it are put back.\n"
		"--dry-run prints the writes instead.\n",
	.run = run,
};
