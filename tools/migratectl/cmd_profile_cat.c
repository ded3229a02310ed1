// SPDX-License-Identifier: GPL-2.0-only
/*
 * migratectl profile cat: the files of a profile, each under its name.
 */
#include <errno.h>
#include <string.h>

#include "cli.h"

static int copy(const char *path)
{
	FILE *file = fopen(path, "re");
	int last = '\n';
	int c, ret = CLI_DONE;

	if (!file)
		return failed("%s: %s", path, strerror(errno));
	printf("# %s\n", path);
	while ((c = getc(file)) != EOF)
		last = putchar(c);
	if (ferror(file))
		ret = failed("%s: %s", path, strerror(errno));
	if (last != '\n')
		putchar('\n');
	fclose(file);
	return ret;
}

static int run(struct cli *cli, int argc, char **argv)
{
	const char *name = one_argument(cli, argc, argv, "profile");
	struct mpol_profile profile;
	int ret = name ? cli_create(cli) : CLI_USAGE;

	if (ret)
		return ret;
	if (mpol_profile_load(cli->mpol, name, &profile))
		return mpol_failure(cli);
	for (size_t i = 0; !ret && i < profile.files.count; i++) {
		if (i)
			putchar('\n');
		ret = copy(profile.files.name[i]);
	}
	mpol_profile_free(&profile);
	return ret;
}

const struct command cmd_profile_cat = {
	.name = "profile cat",
	.arguments = "NAME",
	.summary = "print the files of a profile: itself, drop-ins, includes",
	.run = run,
};
