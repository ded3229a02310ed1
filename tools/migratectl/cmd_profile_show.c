// SPDX-License-Identifier: GPL-2.0-only
/*
 * migratectl profile show: what a profile comes to, with all that it includes
 * and all that overrides it.
 */
#include "cli.h"

static const char *text_name(struct cell *cell)
{
	const struct mpol_entry *entry = cell->row;

	return entry->section;
}

static const char *text_key(struct cell *cell)
{
	const struct mpol_entry *entry = cell->row;

	return entry->key;
}

static const char *text_value(struct cell *cell)
{
	const struct mpol_entry *entry = cell->row;

	return entry->value;
}

static const char *text_from(struct cell *cell)
{
	const struct mpol_entry *entry = cell->row;

	snprintf(cell->room, sizeof(cell->room), "%s:%u", entry->file,
		 entry->line);
	return cell->room;
}

static const struct column columns[] = {
	{ "NAME", COLUMN_TEXT, true, NULL, text_name,
	  "reason, backend or " MPOL_GLOBAL_NAME },
	{ "KEY", COLUMN_TEXT, true, NULL, text_key, "the setting" },
	{ "VALUE", COLUMN_TEXT, true, NULL, text_value,
	  "what the profile says; '" MPOL_DEFAULT_WORD "' is the kernel's default" },
	{ "FROM", COLUMN_TEXT, false, NULL, text_from,
	  "file and line that says so" },
};

static int run(struct cli *cli, int argc, char **argv)
{
	const char *name = one_argument(cli, argc, argv, "profile");
	struct libscols_table *table;
	struct mpol_profile profile;
	int ret = name ? cli_create(cli) : CLI_USAGE;

	if (ret)
		return ret;
	if (mpol_profile_load(cli->mpol, name, &profile))
		return mpol_failure(cli);
	table = table_new(cli, "settings");
	for (size_t i = 0; i < profile.settings.count; i++)
		table_row(cli, table, &profile.settings.entry[i], false);
	ret = table_print(table);
	mpol_profile_free(&profile);
	return ret;
}

const struct command cmd_profile_show = {
	.name = "profile show",
	.arguments = "NAME",
	.summary = "show what a profile comes to, all files merged",
	.columns = { columns, ARRAY_SIZE(columns), NULL },
	.run = run,
};
