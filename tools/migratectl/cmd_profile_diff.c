// SPDX-License-Identifier: GPL-2.0-only
/*
 * migratectl profile diff: what applying a profile would change.
 */
#include "cli.h"

static const char *text_name(struct cell *cell)
{
	const struct mpol_change *change = cell->row;

	return change->object.name;
}

static const char *text_key(struct cell *cell)
{
	const struct mpol_change *change = cell->row;

	return change->key;
}

static const char *text_now(struct cell *cell)
{
	const struct mpol_change *change = cell->row;

	return change->old;
}

static const char *text_profile(struct cell *cell)
{
	const struct mpol_change *change = cell->row;

	return change->value;
}

static const char *text_from(struct cell *cell)
{
	const struct mpol_change *change = cell->row;

	return change->origin;
}

static const struct column columns[] = {
	{ "NAME", COLUMN_TEXT, true, NULL, text_name,
	  "reason, backend or " MPOL_GLOBAL_NAME },
	{ "KEY", COLUMN_TEXT, true, NULL, text_key, "the setting" },
	{ "NOW", COLUMN_TEXT, true, NULL, text_now, "its present value" },
	{ "PROFILE", COLUMN_TEXT, true, NULL, text_profile,
	  "what the profile wants" },
	{ "FROM", COLUMN_TEXT, false, NULL, text_from,
	  "file and line that says so" },
};

static int print(struct cli *cli, const struct mpol_changes *changes)
{
	struct libscols_table *table = table_new(cli, "differences");

	for (size_t i = 0; i < changes->count; i++)
		table_row(cli, table, &changes->change[i], false);
	return table_print(table);
}

static int run(struct cli *cli, int argc, char **argv)
{
	const char *name = one_argument(cli, argc, argv, "profile");
	struct wanted wanted = { 0 };
	int ret = name ? cli_open(cli) : CLI_USAGE;

	if (!ret)
		ret = want_profile(cli, name, &wanted);
	if (!ret)
		ret = print(cli, &wanted.changes);
	wanted_free(&wanted);
	return ret;
}

const struct command cmd_profile_diff = {
	.name = "profile diff",
	.arguments = "NAME",
	.summary = "show what applying the profile would change",
	.columns = { columns, ARRAY_SIZE(columns), NULL },
	.run = run,
};
