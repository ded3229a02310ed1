// SPDX-License-Identifier: GPL-2.0-only
/*
 * migratectl list: the policy of every reason, one row each.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

struct row {
	const struct mpol_object *reason;
	const struct mpol_settings *settings;
	const struct mpol_settings *defaults;
};

static bool is_default(const struct row *row, const struct mpol_setting *s)
{
	const char *value = mpol_setting(row->defaults, s->key);

	return value && !strcmp(value, s->value);
}

static bool all_default(const struct row *row)
{
	for (size_t i = 0; i < row->settings->count; i++)
		if (!is_default(row, &row->settings->setting[i]))
			return false;
	return true;
}

static const char *text_reason(struct cell *cell)
{
	const struct row *row = cell->row;

	return row->reason->name;
}

static const char *text_setting(struct cell *cell)
{
	const struct row *row = cell->row;

	return mpol_setting(row->settings, cell->column->source);
}

static const char *text_bytes(struct cell *cell)
{
	const char *pages = text_setting(cell);
	unsigned long page_size = (unsigned long)sysconf(_SC_PAGESIZE);

	if (!pages)
		return NULL;
	snprintf(cell->room, sizeof(cell->room), "%llu",
		 strtoull(pages, NULL, 10) * page_size);
	return cell->room;
}

static const char *text_set(struct cell *cell)
{
	return all_default(cell->row) ? "0" : "1";
}

static const char *text_changed(struct cell *cell)
{
	const struct row *row = cell->row;
	struct mpol_names keys = { 0 };

	for (size_t i = 0; i < row->settings->count; i++)
		if (!is_default(row, &row->settings->setting[i]) &&
		    mpol_names_add(&keys, row->settings->setting[i].key))
			exit(failed("out of memory"));
	mpol_names_join(&keys, ",", cell->room, sizeof(cell->room));
	mpol_names_free(&keys);
	return *cell->room ? cell->room : NULL;
}

static const struct column columns[] = {
	{ "REASON", COLUMN_TEXT, true, NULL, text_reason,
	  "why pages are migrated" },
	{ "BACKEND", COLUMN_TEXT, true, "backend", text_setting,
	  "who copies" },
	{ "BATCH_SIZE", COLUMN_NUMBER, true, "batch_size", text_setting,
	  "base pages unmapped and copied together" },
	{ "MIN_PAGES", COLUMN_NUMBER, true, "min_pages", text_setting,
	  "smaller batches are copied inline; 0 = the backend decides" },
	{ "WORKERS", COLUMN_NUMBER, true, "workers", text_setting,
	  "most CPUs or channels of a batch; 0 = the backend decides" },
	{ "CLASSES", COLUMN_LINES, true, "classes", text_setting,
	  "classes of folios that may be copied ahead" },
	{ "SET", COLUMN_MARK, true, NULL, text_set,
	  "* where a value differs from the default (in JSON: true)" },
	{ "BATCH_BYTES", COLUMN_SIZE, false, "batch_size", text_bytes,
	  "BATCH_SIZE as bytes, with the page size of this machine" },
	{ "STRICT", COLUMN_NUMBER, false, "strict", text_setting,
	  "1: what the backend does not copy is not migrated" },
	{ "CHANGED", COLUMN_TEXT, false, NULL, text_changed,
	  "the keys that differ from the default" },
};

static int add_row(struct cli *cli, struct libscols_table *table,
		   const struct mpol_object *reason,
		   const struct mpol_settings *defaults)
{
	struct mpol_settings settings;
	const struct row row = { reason, &settings, defaults };

	if (reason->type != MPOL_REASON)
		return failed("%s: not a reason; see '" PROGRAM " get %s'",
			      reason->name, reason->name);
	if (mpol_load_like(cli->mpol, reason, defaults, &settings))
		return mpol_failure(cli);
	table_row(cli, table, &row, !all_default(&row));
	mpol_settings_free(&settings);
	return CLI_DONE;
}

static int print(struct cli *cli, const struct selection *reasons)
{
	struct libscols_table *table;
	struct mpol_settings defaults;
	int ret = CLI_DONE;

	if (mpol_load_defaults(cli->mpol, &defaults))
		return mpol_failure(cli);
	table = table_new(cli, "reasons");
	for (size_t i = 0; !ret && i < reasons->count; i++)
		ret = add_row(cli, table, &reasons->object[i], &defaults);
	if (!ret)
		ret = table_print(table);
	else
		table_free(table);
	mpol_settings_free(&defaults);
	return ret;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct selection reasons = { 0 };
	int ret = cli_open(cli);

	if (!ret)
		ret = warn_if_off(cli);
	if (!ret && !argc)
		ret = select_type(cli, MPOL_REASON, &reasons);
	for (int i = 0; !ret && i < argc; i++)
		ret = select_objects(cli, argv[i], &reasons);
	if (!ret)
		ret = print(cli, &reasons);
	selection_free(&reasons);
	return ret;
}

const struct command cmd_list = {
	.name = "list",
	.arguments = "[REASON[,REASON...]...]",
	.summary = "show the policy of every reason (the default command)",
	.help = "One row a reason. Rows that differ from the kernel's defaults are marked,\n"
		"and bold on a terminal.\n",
	.columns = { columns, ARRAY_SIZE(columns), NULL },
	.run = run,
};
