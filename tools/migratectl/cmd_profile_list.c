// SPDX-License-Identifier: GPL-2.0-only
/*
 * migratectl profile list: which profiles there are, and what for.
 */
#include "cli.h"

struct row {
	const char *name;
	const struct mpol_profile *profile;
};

static const char *text_name(struct cell *cell)
{
	const struct row *row = cell->row;

	return row->name;
}

static const char *text_summary(struct cell *cell)
{
	const struct row *row = cell->row;

	return row->profile->summary;
}

/* The files of the profile itself are read before those it includes. */
static const char *text_file(struct cell *cell)
{
	const struct row *row = cell->row;

	return row->profile->files.name[0];
}

static const char *text_settings(struct cell *cell)
{
	const struct row *row = cell->row;

	snprintf(cell->room, sizeof(cell->room), "%zu",
		 row->profile->settings.count);
	return cell->room;
}

static const struct column columns[] = {
	{ "NAME", COLUMN_TEXT, true, NULL, text_name, "name of the profile" },
	{ "SUMMARY", COLUMN_TEXT, true, NULL, text_summary,
	  "what it is for" },
	{ "SETTINGS", COLUMN_NUMBER, false, NULL, text_settings,
	  "how many settings it names, with those it includes" },
	{ "FILE", COLUMN_TEXT, false, NULL, text_file, "where it is" },
};

static int add_row(struct cli *cli, struct libscols_table *table,
		   const char *name)
{
	struct mpol_profile profile;
	const struct row row = { name, &profile };

	if (mpol_profile_load(cli->mpol, name, &profile))
		return mpol_failure(cli);
	table_row(cli, table, &row, false);
	mpol_profile_free(&profile);
	return CLI_DONE;
}

/* One bad profile hides no other one. */
static int print(struct cli *cli, const struct mpol_names *names)
{
	struct libscols_table *table = table_new(cli, "profiles");
	int ret = CLI_DONE;

	for (size_t i = 0; i < names->count; i++)
		if (add_row(cli, table, names->name[i]))
			ret = CLI_FAILED;
	return table_print(table) ? CLI_FAILED : ret;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct mpol_names names;
	int ret;

	if (argc)
		return usage_error(cli, "profile list: unexpected argument '%s'",
				   argv[0]);
	ret = cli_create(cli);
	if (ret)
		return ret;
	if (mpol_profile_names(cli->mpol, &names))
		return mpol_failure(cli);
	ret = print(cli, &names);
	mpol_names_free(&names);
	return ret;
}

const struct command cmd_profile_list = {
	.name = "profile list",
	.arguments = "",
	.summary = "list the profiles",
	.columns = { columns, ARRAY_SIZE(columns), NULL },
	.run = run,
};
