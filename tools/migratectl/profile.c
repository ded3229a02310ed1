// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the commands around profiles share.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define NAME_CHARS	"abcdefghijklmnopqrstuvwxyz" \
			"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.@-"

const char *one_argument(const struct cli *cli, int argc, char **argv,
			 const char *what)
{
	const char *name = cli->command->name;

	if (argc == 1)
		return argv[0];
	if (argc)
		usage_error(cli, "%s: unexpected argument '%s'", name, argv[1]);
	else
		usage_error(cli, "%s: which %s?", name, what);
	return NULL;
}

int check_profile_name(const struct cli *cli, const char *name)
{
	if (*name && *name != '.' && strspn(name, NAME_CHARS) == strlen(name) &&
	    strlen(name) <= NAME_MAX / 2)
		return CLI_DONE;
	return usage_error(cli, "%s: '%s' cannot be the name of a profile",
			   cli->command->name, name);
}

int want_profile(struct cli *cli, const char *name, struct wanted *wanted)
{
	if (mpol_profile_load(cli->mpol, name, &wanted->profile) ||
	    mpol_profile_resolve(cli->mpol, &wanted->profile, &wanted->changes))
		return mpol_failure(cli);
	return CLI_DONE;
}

void wanted_free(struct wanted *wanted)
{
	mpol_profile_free(&wanted->profile);
	mpol_changes_free(&wanted->changes);
}

int apply_profile(struct cli *cli, const char *name)
{
	struct wanted wanted = { 0 };
	int ret = want_profile(cli, name, &wanted);

	if (!ret)
		ret = warn_if_off(cli);
	if (!ret)
		ret = apply_changes(cli, &wanted.changes);
	wanted_free(&wanted);
	return ret;
}

int save_settings(struct cli *cli, const char *path, const char *summary,
		  bool replace)
{
	char *text;
	int ret = CLI_DONE;

	if (mpol_dump(cli->mpol, summary, &text))
		return mpol_failure(cli);
	if (cli->options.dry_run)
		fputs(text, stdout);
	else if (mpol_store(cli->mpol, path, text, replace))
		ret = mpol_failure(cli);
	free(text);
	return ret;
}
