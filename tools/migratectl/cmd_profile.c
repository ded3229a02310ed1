// SPDX-License-Identifier: GPL-2.0-only
/*
 * migratectl profile: the commands around profiles, each in its own file.
 */
#include "cli.h"

static const struct command *const subcommands[] = {
	&cmd_profile_list, &cmd_profile_show, &cmd_profile_cat,
	&cmd_profile_check, &cmd_profile_diff, &cmd_profile_apply,
	&cmd_profile_save, NULL,
};

const struct command cmd_profile = {
	.name = "profile",
	.arguments = "list|show|cat|check|diff|apply|save",
	.summary = "sets of settings with a name: see them, apply them",
	.help = "NAME is a profile of 'profile list', or with a slash a file. The format and\n"
		"the search path are in migratectl.conf(5).\n\n",
	.subcommands = subcommands,
};
