// SPDX-License-Identifier: GPL-2.0-only
/*
 * migratectl save: keeps all settings for the next boot.
 */
#include "cli.h"

static int save(struct cli *cli, const char *file)
{
	char full[PATH_MAX];

	if (!file && !cli->options.dry_run) {
		if (mpol_prepare_file(cli->mpol, MPOL_SAVED_FILE, full))
			return mpol_failure(cli);
		file = full;
	}
	return save_settings(cli, file, "Saved settings", true);
}

static int run(struct cli *cli, int argc, char **argv)
{
	int ret;

	if (argc > 1)
		return usage_error(cli, "save: unexpected argument '%s'",
				   argv[1]);
	ret = cli_open_locked(cli);
	return ret ? ret : save(cli, argv[0]);
}

const struct command cmd_save = {
	.name = "save",
	.arguments = "[FILE]",
	.summary = "save all settings, for restore",
	.help = "Without FILE they go to " MPOL_SAVED_FILE ", which is\n"
		"read at the next boot if migratectl-restore.service is enabled. FILE appears\n"
		"complete or not at all. --dry-run prints it instead.\n",
	.run = run,
};
