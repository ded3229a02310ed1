// SPDX-License-Identifier: GPL-2.0-only
/*
 * migratectl set: changes exactly the keys that are named, all of them or
 * none.
 */
#include <string.h>

#include "cli.h"

static int refuse(struct cli *cli, int argc, char **argv)
{
	if (!argc)
		return usage_error(cli, "set: which reason?");
	if (strchr(argv[0], '='))
		return usage_error(cli, "set: the name of a reason or backend comes before '%s'",
				   argv[0]);
	if (argc == 1)
		return usage_error(cli, "set: %s: which KEY=VALUE?", argv[0]);
	return CLI_DONE;
}

/* Splits KEY=VALUE: the key ends where the '=' was, the value follows. */
static int split(struct cli *cli, char *argument)
{
	char *equals = strchr(argument, '=');

	if (!equals || equals == argument)
		return usage_error(cli, "set: '%s' is not KEY=VALUE", argument);
	*equals = '\0';
	return CLI_DONE;
}

static const char *value_of(const char *key)
{
	return key + strlen(key) + 1;
}

static int split_all(struct cli *cli, int count, char **argv)
{
	for (int i = 0; i < count; i++) {
		int ret = split(cli, argv[i]);

		if (ret)
			return ret;
		for (int j = 0; j < i; j++)
			if (!strcmp(argv[i], argv[j]))
				return usage_error(cli, "set: %s is given twice",
						   argv[i]);
	}
	return CLI_DONE;
}

static int add_all(struct cli *cli, struct mpol_changes *changes,
		   const struct mpol_object *object, int count, char **keys)
{
	for (int i = 0; i < count; i++)
		if (mpol_changes_add(cli->mpol, changes, object, keys[i],
				     value_of(keys[i])))
			return mpol_failure(cli);
	return CLI_DONE;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct mpol_changes changes = { 0 };
	struct selection objects = { 0 };
	int ret = refuse(cli, argc, argv);

	if (!ret)
		ret = split_all(cli, argc - 1, argv + 1);
	if (!ret)
		ret = cli_open_locked(cli);
	if (!ret)
		ret = select_objects(cli, argv[0], &objects);
	for (size_t i = 0; !ret && i < objects.count; i++)
		ret = add_all(cli, &changes, &objects.object[i], argc - 1,
			      argv + 1);
	if (!ret)
		ret = warn_if_off(cli);
	if (!ret)
		ret = apply_changes(cli, &changes);
	mpol_changes_free(&changes);
	selection_free(&objects);
	return ret;
}

const struct command cmd_set = {
	.name = "set",
	.arguments = "NAME[,NAME...] KEY=VALUE...",
	.summary = "change settings, all of them or none",
	.help = "NAME is a reason, a backend, '" MPOL_GLOBAL_NAME "', or 'all' for every reason.\n"
		"Keys that are not named keep their values. Each write is read back; when one\n"
		"fails, those before it are put back. --dry-run prints the writes instead.\n",
	.run = run,
};
