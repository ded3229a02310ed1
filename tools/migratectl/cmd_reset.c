// SPDX-License-Identifier: GPL-2.0-only
/*
 * migratectl reset: writes the defaults that the kernel itself states.
 */
#include "cli.h"

static int add_defaults(struct cli *cli, const struct mpol_object *reason,
			const struct mpol_settings *defaults,
			struct mpol_changes *changes)
{
	struct mpol_names keys;
	int ret = CLI_DONE;

	if (reason->type != MPOL_REASON)
		return failed("%s: only reasons can be reset; the kernel states no defaults for %s",
			      reason->name, reason->name);
	if (mpol_keys(cli->mpol, reason, &keys))
		return mpol_failure(cli);
	for (size_t i = 0; !ret && i < keys.count; i++) {
		const char *value = mpol_setting(defaults, keys.name[i]);

		if (!value)
			ret = failed("%s.%s: the kernel states no default",
				     reason->name, keys.name[i]);
		else if (mpol_changes_add(cli->mpol, changes, reason,
					  keys.name[i], value))
			ret = mpol_failure(cli);
	}
	mpol_names_free(&keys);
	return ret;
}

static int reset(struct cli *cli, const struct selection *reasons)
{
	struct mpol_settings defaults;
	struct mpol_changes changes = { 0 };
	int ret = CLI_DONE;

	if (mpol_load_defaults(cli->mpol, &defaults))
		return mpol_failure(cli);
	for (size_t i = 0; !ret && i < reasons->count; i++)
		ret = add_defaults(cli, &reasons->object[i], &defaults,
				   &changes);
	if (!ret)
		ret = apply_changes(cli, &changes);
	mpol_changes_free(&changes);
	mpol_settings_free(&defaults);
	return ret;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct selection reasons = { 0 };
	int ret = cli_open_locked(cli);

	if (!ret && !argc)
		ret = select_type(cli, MPOL_REASON, &reasons);
	for (int i = 0; !ret && i < argc; i++)
		ret = select_objects(cli, argv[i], &reasons);
	if (!ret)
		ret = warn_if_off(cli);
	if (!ret)
		ret = reset(cli, &reasons);
	selection_free(&reasons);
	return ret;
}

const struct command cmd_reset = {
	.name = "reset",
	.arguments = "[REASON[,REASON...]...]",
	.summary = "write the kernel's defaults back, for all reasons or those named",
	.help = "Only what differs is written, all of it or nothing. Settings of backends and\n"
		"of '" MPOL_GLOBAL_NAME "' stay as they are: the kernel states no defaults for them.\n"
		"--dry-run prints the writes instead.\n",
	.run = run,
};
