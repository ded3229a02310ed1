// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables, raw lines and JSON from one column table, drawn by libsmartcols.
 */
#include <errno.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"

/* Wide enough for the longest reason and a comma; fits a NARROW terminal. */
#define FOLD_WIDTH	22
#define NARROW		80

#define BOLD	"\033[1m"

static void no_memory(void)
{
	exit(failed("out of memory"));
}

static void show(struct cli *cli, const struct column *column)
{
	for (size_t i = 0; i < cli->shown_count; i++)
		if (cli->shown[i] == column)
			return;
	if (cli->shown_count < SHOWN_MAX)
		cli->shown[cli->shown_count++] = column;
}

/* Whether @word is one of a comma list; case does not count. */
static bool is_listed(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (; list; list = strchr(list, ',')) {
		list += *list == ',';
		if (!strncasecmp(list, word, length) &&
		    (!list[length] || list[length] == ','))
			return true;
	}
	return false;
}

bool is_default_column(const struct columns *columns,
		       const struct column *column)
{
	return columns->shown ? is_listed(columns->shown, column->name) :
				column->shown;
}

static void show_default(struct cli *cli, bool all)
{
	const struct columns *columns = &cli->command->columns;

	for (size_t i = 0; i < columns->count; i++)
		if (all || is_default_column(columns, &columns->column[i]))
			show(cli, &columns->column[i]);
}

void add_default_column(struct cli *cli, const char *name)
{
	const struct columns *columns = &cli->command->columns;
	const char *list = cli->options.output;

	for (size_t i = 0; i < columns->count; i++)
		if ((!list || *list == '+') &&
		    !strcmp(columns->column[i].name, name))
			show(cli, &columns->column[i]);
}

static int unknown_column(struct cli *cli, const char *name)
{
	const struct columns *columns = &cli->command->columns;
	struct mpol_names names = { 0 };
	char hint[MPOL_ERROR_SIZE];

	for (size_t i = 0; i < columns->count; i++)
		if (mpol_names_add(&names, columns->column[i].name))
			no_memory();
	mpol_suggest(name, &names, hint, sizeof(hint));
	mpol_names_free(&names);
	return usage_error(cli, "-o: no such column '%s'; %s", name, hint);
}

static int show_named(struct cli *cli, const char *name)
{
	const struct columns *columns = &cli->command->columns;

	for (size_t i = 0; i < columns->count; i++) {
		if (strcasecmp(columns->column[i].name, name))
			continue;
		show(cli, &columns->column[i]);
		return CLI_DONE;
	}
	return unknown_column(cli, name);
}

static int show_list(struct cli *cli, const char *list)
{
	char *copy = strdup(list);
	char *rest = copy;
	char *name;
	int ret = CLI_DONE;

	if (!copy)
		no_memory();
	while (!ret && (name = strsep(&rest, ",")))
		ret = show_named(cli, name);
	free(copy);
	return ret;
}

bool wants_table(const struct cli *cli)
{
	const struct options *options = &cli->options;

	return options->json || options->raw || options->noheadings ||
	       options->output || options->output_all;
}

static bool asks_in_vain(const struct cli *cli)
{
	const struct options *options = &cli->options;

	return options->json || options->raw || options->noheadings ||
	       options->bytes || options->output_all ||
	       (options->output && !cli->command->writes_file);
}

/* What a terminal has beyond NARROW goes to the columns that break lines. */
static void settle_fold_width(struct cli *cli)
{
	struct winsize size;
	size_t folded = 0;

	for (size_t i = 0; i < cli->shown_count; i++)
		folded += cli->shown[i]->kind == COLUMN_LINES;
	cli->fold_width = FOLD_WIDTH;
	if (folded && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) &&
	    size.ws_col > NARROW)
		cli->fold_width += (size.ws_col - NARROW) / folded;
}

int choose_columns(struct cli *cli)
{
	const struct options *options = &cli->options;
	const char *list = options->output;
	int ret;

	if (options->json && options->raw)
		return usage_error(cli, "--json and --raw exclude each other");
	if (list && options->output_all)
		return usage_error(cli, "--output and --output-all exclude each other");
	if (!cli->command->columns.count)
		return asks_in_vain(cli) ?
			usage_error(cli, "%s prints no table: -J, -r, -n, -b%s --output-all do not apply",
				    cli->command->name,
				    cli->command->writes_file ? " and" :
								", -o and") :
			CLI_DONE;
	if (!list || *list == '+')
		show_default(cli, options->output_all);
	ret = list ? show_list(cli, list + (*list == '+')) : CLI_DONE;
	settle_fold_width(cli);
	return ret;
}

/* A key that bears its unit, like copy_ns, has to be a number in JSON. */
static bool wants_exact(const struct cli *cli)
{
	return cli->options.bytes || cli->options.json;
}

static bool is_number(const struct cli *cli, const struct column *column)
{
	return column->kind == COLUMN_NUMBER || column->kind == COLUMN_COUNT ||
	       column->kind == COLUMN_RANGE ||
	       (wants_exact(cli) && (column->kind == COLUMN_SIZE ||
				     column->kind == COLUMN_TIME ||
				     column->kind == COLUMN_SHARE));
}

static bool is_text(const struct column *column)
{
	return column->kind == COLUMN_TEXT || column->kind == COLUMN_LINES;
}

static int alignment(const struct column *column)
{
	switch (column->kind) {
	case COLUMN_NUMBER:
	case COLUMN_COUNT:
	case COLUMN_SIZE:
	case COLUMN_TIME:
	case COLUMN_SHARE:
		return SCOLS_FL_RIGHT;
	case COLUMN_RANGE:
		return SCOLS_FL_RIGHT | SCOLS_FL_WRAP;
	case COLUMN_LINES:
		return SCOLS_FL_WRAP;
	default:
		return 0;
	}
}

/* One line of the cell for each line of the text. */
static void keep_line_breaks(struct libscols_column *cl)
{
	if (scols_column_set_safechars(cl, "\n") ||
	    scols_column_set_wrapfunc(cl, scols_wrapnl_chunksize,
				      scols_wrapnl_nextchunk, NULL))
		no_memory();
}

static void add_column(const struct cli *cli, struct libscols_table *table,
		       const struct column *column)
{
	struct libscols_column *cl;

	cl = scols_table_new_column(table, column->name, 0, alignment(column));
	if (!cl)
		no_memory();
	if (is_number(cli, column))
		scols_column_set_json_type(cl, SCOLS_JSON_NUMBER);
	else if (column->kind == COLUMN_MARK)
		scols_column_set_json_type(cl, SCOLS_JSON_BOOLEAN);
	if (column->kind == COLUMN_LINES || column->kind == COLUMN_RANGE)
		keep_line_breaks(cl);
}

/* Colour is for terminals, and not where NO_COLOR is set to anything. */
static bool wants_color(void)
{
	const char *no_color = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && (!no_color || !*no_color);
}

struct libscols_table *table_new(const struct cli *cli, const char *name)
{
	const struct options *options = &cli->options;
	struct libscols_table *table = scols_new_table();

	if (!table || scols_table_set_name(table, name))
		no_memory();
	scols_table_enable_json(table, options->json);
	scols_table_enable_raw(table, options->raw);
	scols_table_enable_noheadings(table, options->noheadings);
	scols_table_enable_colors(table, wants_color());
	for (size_t i = 0; i < cli->shown_count; i++)
		add_column(cli, table, cli->shown[i]);
	return table;
}

/* Ends a line at @at: a blank gives way, behind a comma room is made. */
static char *break_line(char *at)
{
	if (*at != ' ')
		memmove(at + 1, at, strlen(at) + 1);
	*at = '\n';
	return at + 1;
}

/* Breaks text into lines at blanks and behind commas. */
static const char *fold(const char *text, char *room, size_t width)
{
	char *line = room;
	char *gap = NULL;

	/* Every other letter may become a line break at most. */
	if (strlen(text) > MPOL_VALUE_SIZE / 2)
		return text;
	memmove(room, text, strlen(text) + 1);
	for (char *c = room; *c; c++) {
		if (*c != ' ' && c - line >= (ptrdiff_t)width && gap) {
			line = break_line(gap);
			gap = NULL;
			c = line;
		}
		if (*c == ' ' || (c > room && c[-1] == ','))
			gap = c;
	}
	return room;
}

/* Turns plain text into what people read. */
static const char *dress(struct cell *cell, const char *text)
{
	const struct options *options = &cell->cli->options;
	enum column_kind kind = cell->column->kind;

	if (kind == COLUMN_MARK && !options->json)
		return *text == '1' ? "*" : "-";
	if (kind == COLUMN_LINES && !options->json && !options->raw)
		return fold(text, cell->room, cell->cli->fold_width);
	if (wants_exact(cell->cli))
		return text;
	if (kind == COLUMN_COUNT && !options->raw)
		return human_count(strtoull(text, NULL, 10), cell->room);
	if (kind == COLUMN_SHARE)
		return human_share(strtod(text, NULL), cell->room);
	if (kind == COLUMN_SIZE)
		return human_size(strtoull(text, NULL, 10), cell->room);
	if (kind == COLUMN_TIME)
		return human_time(strtoull(text, NULL, 10), cell->room);
	return text;
}

void table_row(const struct cli *cli, struct libscols_table *table,
	       const void *row, bool emphasize)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	struct cell cell = { .cli = cli, .row = row };

	if (!line || (emphasize && scols_line_set_color(line, BOLD)))
		no_memory();
	for (size_t i = 0; i < cli->shown_count; i++) {
		const char *text;

		cell.column = cli->shown[i];
		text = cell.column->text(&cell);
		if (text)
			text = dress(&cell, text);
		else if (cli->options.raw && !is_text(cell.column))
			text = "-";
		if (text && scols_line_set_data(line, i, text))
			no_memory();
	}
}

void table_free(struct libscols_table *table)
{
	scols_unref_table(table);
}

/* libsmartcols has no place for a key beside the table's own. */
static int print_json(struct libscols_table *table)
{
	char *text;
	int ret = scols_print_table_to_string(table, &text);

	if (ret)
		return ret;
	printf("{\n   \"schema\": %d,%s", JSON_SCHEMA, text + strcspn(text, "\n"));
	free(text);
	return 0;
}

int table_print(struct libscols_table *table)
{
	int ret = scols_table_is_json(table) ? print_json(table) :
					       scols_print_table(table);

	table_free(table);
	return ret ? failed("cannot print the table: %s", strerror(-ret)) :
		     CLI_DONE;
}

char *table_text(struct libscols_table *table)
{
	char *text;

	scols_table_enable_colors(table, 0);
	scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
	if (scols_print_table_to_string(table, &text))
		no_memory();
	table_free(table);
	return text;
}
