// SPDX-License-Identifier: GPL-2.0-only
/*
 * migratectl profile save: gives the present settings a name.
 */
#include "cli.h"

static int save(struct cli *cli, const char *name)
{
	char path[PATH_MAX];
	char full[PATH_MAX] = "";

	snprintf(path, sizeof(path), MPOL_PROFILE_DIR "/%s.conf", name);
	if (!cli->options.dry_run &&
	    mpol_prepare_file(cli->mpol, path, full))
		return mpol_failure(cli);
	/* Somebody may have written comments into the one that is there. */
	return save_settings(cli, full, "Settings of one moment", false);
}

static int run(struct cli *cli, int argc, char **argv)
{
	const char *name = one_argument(cli, argc, argv, "name");
	int ret = name ? check_profile_name(cli, name) : CLI_USAGE;

	if (!ret)
		ret = cli_open_locked(cli);
	return ret ? ret : save(cli, name);
}

const struct command cmd_profile_save = {
	.name = "profile save",
	.arguments = "NAME",
	.summary = "save all settings as a new profile",
	.help = "It goes to " MPOL_PROFILE_DIR "/NAME.conf; one that is there is\n"
		"kept. --dry-run prints it instead.\n",
	.run = run,
};
