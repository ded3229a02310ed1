// SPDX-License-Identifier: GPL-2.0-only
/*
 * migratectl restore: what was saved, as one transaction. For the boot and for
 * the way back from an experiment.
 */
#include <errno.h>
#include <string.h>

#include "cli.h"

static int restore(struct cli *cli, const char *file)
{
	char full[PATH_MAX];

	if (!file) {
		if (mpol_restore_file(cli->mpol, full))
			return mpol_failure(cli);
		return apply_profile(cli, full);
	}
	/* A name without a slash would be looked up among the profiles. */
	if ((size_t)snprintf(full, sizeof(full), "%s%s",
			     strchr(file, '/') ? "" : "./", file) >=
	    sizeof(full))
		return failed("%.64s...: %s", file, strerror(ENAMETOOLONG));
	return apply_profile(cli, full);
}

static int run(struct cli *cli, int argc, char **argv)
{
	int ret;

	if (argc > 1)
		return usage_error(cli, "restore: unexpected argument '%s'",
				   argv[1]);
	ret = cli_open_locked(cli);
	return ret ? ret : restore(cli, argv[0]);
}

const struct command cmd_restore = {
	.name = "restore",
	.arguments = "[FILE]",
	.summary = "apply what save wrote, or change nothing",
	.help = "FILE is a profile; without it, " MPOL_SAVED_FILE ".\n"
		"Keys that it does not name keep their values. --dry-run prints the writes\n"
		"instead.\n",
	.run = run,
};
