// SPDX-License-Identifier: GPL-2.0-only
/*
 * migratectl get: single values for scripts, lines that set takes back, or a
 * table with everything known about a key.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

struct row {
	const struct mpol_object *object;
	const char *key;
	const char *value;
	const struct mpol_settings *defaults;
};

/* One argument: OBJECTS[.KEY]. */
struct query {
	struct selection objects;
	const char *key;
};

/* What to do with each setting that was asked for. */
struct visitor {
	const struct cli *cli;
	void (*visit)(const struct visitor *visitor, const struct row *row);
	struct libscols_table *table;
	const struct mpol_settings *defaults;
};

static const char *text_name(struct cell *cell)
{
	const struct row *row = cell->row;

	return row->object->name;
}

static const char *text_key(struct cell *cell)
{
	const struct row *row = cell->row;

	return row->key;
}

static const char *text_value(struct cell *cell)
{
	const struct row *row = cell->row;

	return row->value;
}

static const char *text_default(struct cell *cell)
{
	const struct row *row = cell->row;

	if (row->object->type != MPOL_REASON)
		return NULL;
	return mpol_setting(row->defaults, row->key);
}

static const char *text_allowed(struct cell *cell)
{
	const struct row *row = cell->row;

	if (mpol_allowed(cell->cli->mpol, row->object->type, row->key,
			 cell->room, sizeof(cell->room)))
		exit(mpol_failure(cell->cli));
	return *cell->room ? cell->room : NULL;
}

static const char *text_help(struct cell *cell)
{
	const struct row *row = cell->row;
	const struct mpol_key *key = mpol_key(row->object->type, row->key);

	return key ? key->help : NULL;
}

static const struct column columns[] = {
	{ "NAME", COLUMN_TEXT, true, NULL, text_name,
	  "reason, backend or " MPOL_GLOBAL_NAME },
	{ "KEY", COLUMN_TEXT, true, NULL, text_key, "setting" },
	{ "VALUE", COLUMN_TEXT, true, NULL, text_value, "value in force" },
	{ "DEFAULT", COLUMN_TEXT, true, NULL, text_default,
	  "what a reset writes; empty where the kernel states none" },
	{ "ALLOWED", COLUMN_LINES, false, NULL, text_allowed,
	  "what may be written" },
	{ "HELP", COLUMN_LINES, false, NULL, text_help, "what the key is for" },
};

static int visit_object(const struct visitor *visitor,
			const struct mpol_object *object)
{
	struct mpol_settings settings;

	if (mpol_load(visitor->cli->mpol, object, &settings))
		return mpol_failure(visitor->cli);
	for (size_t i = 0; i < settings.count; i++) {
		const struct row row = {
			object, settings.setting[i].key,
			settings.setting[i].value, visitor->defaults,
		};

		visitor->visit(visitor, &row);
	}
	mpol_settings_free(&settings);
	return CLI_DONE;
}

static int visit_key(const struct visitor *visitor,
		     const struct mpol_object *object, const char *key)
{
	char value[MPOL_VALUE_SIZE];
	const struct row row = { object, key, value, visitor->defaults };
	struct mpol *mpol = visitor->cli->mpol;

	if (mpol_check_key(mpol, object, key) ||
	    mpol_read(mpol, object, key, value))
		return mpol_failure(visitor->cli);
	visitor->visit(visitor, &row);
	return CLI_DONE;
}

static int visit_all(const struct visitor *visitor, const struct query *query,
		     int count)
{
	int ret = CLI_DONE;

	for (; !ret && count--; query++) {
		const struct selection *objects = &query->objects;

		for (size_t i = 0; !ret && i < objects->count; i++)
			ret = query->key ?
				visit_key(visitor, &objects->object[i],
					  query->key) :
				visit_object(visitor, &objects->object[i]);
	}
	return ret;
}

static void print_value(const struct visitor *visitor, const struct row *row)
{
	(void)visitor;
	puts(row->value);
}

/* The form that set takes: set demotion $(get demotion). */
static void print_setting(const struct visitor *visitor, const struct row *row)
{
	(void)visitor;
	printf("%s=%s\n", row->key, row->value);
}

static void print_full(const struct visitor *visitor, const struct row *row)
{
	(void)visitor;
	printf("%s.%s=%s\n", row->object->name, row->key, row->value);
}

static void add_row(const struct visitor *visitor, const struct row *row)
{
	table_row(visitor->cli, visitor->table, row, false);
}

static int print_lines(struct cli *cli, const struct query *query, int count)
{
	bool single = count == 1 && query->objects.count == 1;
	const struct visitor visitor = {
		.cli = cli,
		.visit = !single ? print_full :
			 query->key ? print_value : print_setting,
	};

	return visit_all(&visitor, query, count);
}

static int print_table(struct cli *cli, const struct query *query, int count)
{
	struct mpol_settings defaults;
	struct visitor visitor = {
		.cli = cli, .visit = add_row, .defaults = &defaults,
	};
	int ret;

	if (mpol_load_defaults(cli->mpol, &defaults))
		return mpol_failure(cli);
	visitor.table = table_new(cli, "settings");
	ret = visit_all(&visitor, query, count);
	if (!ret)
		ret = table_print(visitor.table);
	else
		table_free(visitor.table);
	mpol_settings_free(&defaults);
	return ret;
}

static int parse_query(struct cli *cli, char *argument, struct query *query)
{
	char *dot = strrchr(argument, '.');

	if (dot) {
		*dot = '\0';
		query->key = dot + 1;
	}
	return select_objects(cli, argument, &query->objects);
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct query *query;
	int ret;

	if (!argc)
		return usage_error(cli, "get: which reason?");
	query = calloc((size_t)argc, sizeof(*query));
	if (!query)
		return failed("out of memory");
	ret = cli_open(cli);
	for (int i = 0; !ret && i < argc; i++)
		ret = parse_query(cli, argv[i], &query[i]);
	if (!ret)
		ret = wants_table(cli) ? print_table(cli, query, argc) :
					 print_lines(cli, query, argc);
	for (int i = 0; i < argc; i++)
		selection_free(&query[i].objects);
	free(query);
	return ret;
}

const struct command cmd_get = {
	.name = "get",
	.arguments = "NAME[,NAME...][.KEY]...",
	.summary = "print settings",
	.help = "NAME is a reason, a backend, '" MPOL_GLOBAL_NAME "', or 'all' for every reason.\n"
		"A single NAME.KEY prints the bare value, a single NAME prints KEY=VALUE lines\n"
		"that 'set' takes, and anything else prints NAME.KEY=VALUE lines.\n"
		"With -J, -r, -n, -o or --output-all it prints a table.\n",
	.columns = { columns, ARRAY_SIZE(columns), NULL },
	.run = run,
};
