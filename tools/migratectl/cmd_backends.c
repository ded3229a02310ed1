// SPDX-License-Identifier: GPL-2.0-only
/*
 * migratectl backends: what the registered backends are, did, and who names
 * them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

struct row {
	const struct mpol_object *backend;
	struct mpol_names users;
	struct mpol_names others;
};

static const char *text_name(struct cell *cell)
{
	const struct row *row = cell->row;

	return row->backend->name;
}

/* Adds to @sum; false if this kernel has no such counter. */
static bool add_counter(const struct cell *cell, const char *counter,
			uint64_t *sum)
{
	const struct row *row = cell->row;
	uint64_t value;
	int ret = mpol_counter(cell->cli->mpol, row->backend, counter, &value);

	if (ret && ret != -ENOENT)
		exit(mpol_failure(cell->cli));
	if (!ret)
		*sum += value;
	return !ret;
}

/* The source may be a sum: "declined_min declined_slot". */
static const char *text_counter(struct cell *cell)
{
	char counters[256];
	char *rest = counters;
	char *counter;
	uint64_t sum = 0;
	bool any = false;

	snprintf(counters, sizeof(counters), "%s", cell->column->source);
	while ((counter = strsep(&rest, " ")))
		any |= add_counter(cell, counter, &sum);
	if (!any)
		return NULL;
	snprintf(cell->room, sizeof(cell->room), "%" PRIu64, sum);
	return cell->room;
}

/* For people: whichever is shorter, those who name it or those who do not. */
static const char *summarize(struct cell *cell)
{
	const struct row *row = cell->row;
	bool few = row->users.count <= row->others.count;
	size_t used;

	if (!row->others.count)
		return "all";
	used = (size_t)snprintf(cell->room, sizeof(cell->room), "%s",
				few ? "" : "all but ");
	mpol_names_join(few ? &row->users : &row->others, ", ",
			cell->room + used, sizeof(cell->room) - used);
	return cell->room;
}

static const char *text_users(struct cell *cell)
{
	const struct options *options = &cell->cli->options;
	const struct row *row = cell->row;

	if (!row->users.count)
		return NULL;
	if (!options->json && !options->raw)
		return summarize(cell);
	mpol_names_join(&row->users, ",", cell->room, sizeof(cell->room));
	return cell->room;
}

#define DECLINED	"declined_min declined_slot declined_busy " \
			"declined_nomem declined_error"

static const struct column columns[] = {
	{ "NAME", COLUMN_TEXT, true, NULL, text_name, "name of the backend" },
	{ "MIN_PAGES", COLUMN_NUMBER, true, "min_pages", text_counter,
	  "its own minimum in base pages; it declines smaller batches" },
	{ "BATCHES", COLUMN_NUMBER, true, "batches", text_counter,
	  "requests it accepted" },
	{ "PAGES", COLUMN_NUMBER, true, "pages", text_counter,
	  "base pages it copied ahead" },
	{ "COPY_NS", COLUMN_TIME, true, "copy_ns", text_counter,
	  "wall time spent in it" },
	{ "DECLINED", COLUMN_NUMBER, true, DECLINED, text_counter,
	  "requests copied inline instead, whatever the cause" },
	{ "USERS", COLUMN_LINES, true, NULL, text_users,
	  "reasons that name it" },
	{ "TAKEN", COLUMN_NUMBER, false, "taken", text_counter,
	  "channels of DMA engines that it has now" },
	{ "TIMEOUTS", COLUMN_NUMBER, false, "timeouts", text_counter,
	  "channels that did not answer and were put out of use" },
	{ "HELPER_NS", COLUMN_TIME, false, "helper_ns", text_counter,
	  "CPU time of its helpers" },
	{ "FOLIOS", COLUMN_NUMBER, false, "folios", text_counter,
	  "folios it copied ahead" },
	{ "BYTES", COLUMN_SIZE, false, "bytes", text_counter,
	  "bytes it copied ahead" },
	{ "CUTS", COLUMN_NUMBER, false, "cuts", text_counter,
	  "cuts finished under a policy that names it" },
	{ "CUT_NS", COLUMN_TIME, false, "cut_ns", text_counter,
	  "wall time of those cuts, first unmap to last move" },
	{ "SUCCEEDED", COLUMN_NUMBER, false, "succeeded", text_counter,
	  "base pages that these cuts migrated" },
	{ "FAILED", COLUMN_NUMBER, false, "failed", text_counter,
	  "base pages that these cuts failed to migrate" },
	{ "INELIGIBLE", COLUMN_NUMBER, false, "ineligible", text_counter,
	  "folios that could not be copied ahead" },
	{ "FAILED_ITEMS", COLUMN_NUMBER, false, "failed_items", text_counter,
	  "folios whose copy ahead failed and that were copied inline" },
	{ "STALE", COLUMN_NUMBER, false, "stale", text_counter,
	  "folios whose copy ahead was dropped and done again inline" },
	{ "REFUSED", COLUMN_NUMBER, false, "refused", text_counter,
	  "folios not migrated since it was strict and did not copy" },
	{ "VERIFIED", COLUMN_NUMBER, false, "verified", text_counter,
	  "base pages copied ahead that were compared at the move" },
	{ "MISMATCHED", COLUMN_NUMBER, false, "mismatched", text_counter,
	  "base pages of them that were wrong, and mended" },
	{ "DECLINED_MIN", COLUMN_NUMBER, false, "declined_min", text_counter,
	  "declined: smaller than the minimum" },
	{ "DECLINED_SLOT", COLUMN_NUMBER, false, "declined_slot", text_counter,
	  "declined: no slot free" },
	{ "DECLINED_BUSY", COLUMN_NUMBER, false, "declined_busy", text_counter,
	  "declined: nobody free to copy" },
	{ "DECLINED_NOMEM", COLUMN_NUMBER, false, "declined_nomem",
	  text_counter, "declined: no memory" },
	{ "DECLINED_ERROR", COLUMN_NUMBER, false, "declined_error",
	  text_counter, "declined: the backend failed" },
};

static int sort_user(struct cli *cli, const char *reason, struct row *row)
{
	char value[MPOL_VALUE_SIZE];
	struct mpol_object object;
	bool uses;

	if (mpol_find(cli->mpol, reason, &object) ||
	    mpol_read(cli->mpol, &object, "backend", value))
		return mpol_failure(cli);
	uses = !strcmp(value, row->backend->name);
	if (mpol_names_add(uses ? &row->users : &row->others, reason))
		return failed("out of memory");
	return CLI_DONE;
}

static int add_row(struct cli *cli, struct libscols_table *table,
		   const struct mpol_object *backend,
		   const struct mpol_names *reasons)
{
	struct row row = { .backend = backend };
	int ret = CLI_DONE;

	for (size_t i = 0; !ret && i < reasons->count; i++)
		ret = sort_user(cli, reasons->name[i], &row);
	if (!ret)
		table_row(cli, table, &row, false);
	mpol_names_free(&row.users);
	mpol_names_free(&row.others);
	return ret;
}

static int print(struct cli *cli, const struct selection *backends)
{
	struct libscols_table *table;
	struct mpol_names reasons;
	int ret = CLI_DONE;

	if (mpol_objects(cli->mpol, MPOL_REASON, &reasons))
		return mpol_failure(cli);
	table = table_new(cli, "backends");
	for (size_t i = 0; !ret && i < backends->count; i++)
		ret = add_row(cli, table, &backends->object[i], &reasons);
	if (!ret)
		ret = table_print(table);
	else
		table_free(table);
	mpol_names_free(&reasons);
	return ret;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct selection backends = { 0 };
	int ret;

	if (argc)
		return usage_error(cli, "backends: unexpected argument '%s'",
				   argv[0]);
	ret = cli_open(cli);
	if (!ret)
		ret = select_type(cli, MPOL_BACKEND, &backends);
	if (!ret)
		ret = print(cli, &backends);
	selection_free(&backends);
	return ret;
}

const struct command cmd_backends = {
	.name = "backends",
	.arguments = "",
	.summary = "show the registered backends and what they did",
	.help = "The counters run only while a reason has a policy of its own, or after\n"
		"'" PROGRAM " set " MPOL_GLOBAL_NAME " stats=1'.\n",
	.columns = { columns, ARRAY_SIZE(columns), NULL },
	.run = run,
};
