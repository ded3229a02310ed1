// SPDX-License-Identifier: GPL-2.0-only
/*
 * See stat.h.
 */
#include "stat.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_SEC	1000000000ULL

struct row {
	const struct mpol_object *object;
	const char *backend;
	const struct mpol_counters *counters;
	uint64_t ns;		/* 0: since boot */
};

static const char *text_name(struct cell *cell)
{
	const struct row *row = cell->row;

	return row->object->name;
}

static const char *text_backend(struct cell *cell)
{
	const struct row *row = cell->row;

	return *row->backend ? row->backend : NULL;
}

static const char *number(struct cell *cell, uint64_t value)
{
	snprintf(cell->room, sizeof(cell->room), "%" PRIu64, value);
	return cell->room;
}

/* A share of nothing is no share; one of an unknown part is unknown. */
static const char *share(struct cell *cell, enum mpol_counter_id part_id,
			 uint64_t whole)
{
	const struct row *row = cell->row;
	uint64_t part = row->counters->value[part_id];

	if (row->counters->absent[part_id])
		return NULL;
	if (!whole)
		return NULL;
	snprintf(cell->room, sizeof(cell->room), "%.4f",
		 (double)part / (double)whole);
	return cell->room;
}

static const char *text_counter(struct cell *cell)
{
	const struct row *row = cell->row;
	size_t i = 0;

	while (strcmp(mpol_counter_table[i].name, cell->column->source))
		i++;
	return row->counters->absent[i] ? NULL :
		number(cell, row->counters->value[i]);
}

static const char *text_engaged(struct cell *cell)
{
	const struct row *row = cell->row;
	const uint64_t *value = row->counters->value;

	return share(cell, MPOL_COPIED, value[MPOL_SUCCEEDED]);
}

/* Inline copies inside the move: how long that took nobody knows. */
static const char *text_copy_share(struct cell *cell)
{
	const struct row *row = cell->row;
	const uint64_t *value = row->counters->value;

	return share(cell, MPOL_COPY_NS,
		     value[MPOL_COPIED] ? value[MPOL_CUT_NS] : 0);
}

static const char *text_page_ns(struct cell *cell)
{
	const struct row *row = cell->row;
	const uint64_t *value = row->counters->value;

	return value[MPOL_SUCCEEDED] && !row->counters->absent[MPOL_CUT_NS] ?
		number(cell, value[MPOL_CUT_NS] / value[MPOL_SUCCEEDED]) : NULL;
}

static const char *text_declined(struct cell *cell)
{
	const struct row *row = cell->row;

	return number(cell, mpol_declined(row->counters));
}

/* "min:12 busy:3" */
static const char *text_causes(struct cell *cell)
{
	const struct row *row = cell->row;
	size_t used = 0;

	for (size_t i = MPOL_DECLINED_MIN; i <= MPOL_DECLINED_ERROR; i++)
		if (row->counters->value[i])
			used += (size_t)snprintf(cell->room + used,
				sizeof(cell->room) - used, "%s%s:%" PRIu64,
				used ? " " : "",
				strchr(mpol_counter_table[i].name, '_') + 1,
				row->counters->value[i]);
	return used ? cell->room : NULL;
}

static const char *text_rate(struct cell *cell)
{
	const struct row *row = cell->row;
	double pages = (double)row->counters->value[MPOL_SUCCEEDED];
	double seconds = (double)row->ns / (double)NS_PER_SEC;

	if (!row->ns || row->counters->absent[MPOL_SUCCEEDED])
		return NULL;
	return number(cell, (uint64_t)(pages * (double)sysconf(_SC_PAGESIZE) /
				       seconds));
}

static const char *text_interval(struct cell *cell)
{
	const struct row *row = cell->row;

	return row->ns ? number(cell, row->ns) : NULL;
}

#define COUNTER(name, kind, shown, counter, help) \
	{ name, kind, shown, counter, text_counter, help }

const struct column stat_columns[STAT_COLUMNS] = {
	{ "NAME", COLUMN_TEXT, true, NULL, text_name, "reason or backend" },
	{ "BACKEND", COLUMN_TEXT, false, NULL, text_backend,
	  "who copies for this reason at present" },
	COUNTER("SUCCEEDED", COLUMN_COUNT, true, "succeeded",
		"base pages migrated"),
	COUNTER("FAILED", COLUMN_COUNT, true, "failed",
		"base pages that failed to migrate"),
	COUNTER("PAGES", COLUMN_COUNT, true, "pages",
		"base pages a backend copied ahead; always 0 for inline"),
	{ "ENGAGED", COLUMN_SHARE, true, NULL, text_engaged,
	  "PAGES as a share of SUCCEEDED" },
	{ "COPY_SHARE", COLUMN_SHARE, true, NULL, text_copy_share,
	  "COPY_NS as a share of CUT_NS" },
	{ "DECLINED", COLUMN_COUNT, true, NULL, text_declined,
	  "requests copied inline instead, whatever the cause" },
	{ "CAUSES", COLUMN_LINES, false, NULL, text_causes,
	  "DECLINED by cause, as in min:12 busy:3" },
	{ "RATE", COLUMN_SIZE, false, NULL, text_rate,
	  "bytes migrated per second of the interval" },
	{ "PAGE_NS", COLUMN_TIME, false, NULL, text_page_ns,
	  "CUT_NS for each of the base pages that SUCCEEDED" },
	{ "INTERVAL_NS", COLUMN_TIME, false, NULL, text_interval,
	  "how long the interval was" },
	COUNTER("CUTS", COLUMN_COUNT, false, "cuts",
		"cuts finished, pieces of a list to migrate"),
	COUNTER("CUT_NS", COLUMN_TIME, false, "cut_ns",
		"wall time of those cuts, first unmap to last move"),
	COUNTER("BATCHES", COLUMN_COUNT, false, "batches",
		"requests a backend accepted"),
	COUNTER("FOLIOS", COLUMN_COUNT, false, "folios",
		"folios a backend copied ahead"),
	COUNTER("BYTES", COLUMN_SIZE, false, "bytes",
		"bytes a backend copied ahead"),
	COUNTER("COPY_NS", COLUMN_TIME, false, "copy_ns",
		"wall time spent in a backend"),
	COUNTER("HELPER_NS", COLUMN_TIME, false, "helper_ns",
		"CPU time of a backend's helpers"),
	COUNTER("DECLINED_MIN", COLUMN_COUNT, false, "declined_min",
		"declined: smaller than the minimum"),
	COUNTER("DECLINED_SLOT", COLUMN_COUNT, false, "declined_slot",
		"declined: no slot free"),
	COUNTER("DECLINED_BUSY", COLUMN_COUNT, false, "declined_busy",
		"declined: nobody free to copy"),
	COUNTER("DECLINED_NOMEM", COLUMN_COUNT, false, "declined_nomem",
		"declined: no memory"),
	COUNTER("DECLINED_ERROR", COLUMN_COUNT, false, "declined_error",
		"declined: the backend failed"),
	COUNTER("INELIGIBLE", COLUMN_COUNT, false, "ineligible",
		"folios that could not be copied ahead"),
	COUNTER("FAILED_ITEMS", COLUMN_COUNT, false, "failed_items",
		"folios whose copy ahead failed and that were copied inline"),
	COUNTER("STALE", COLUMN_COUNT, false, "stale",
		"folios whose copy ahead was dropped and done again inline"),
	COUNTER("REFUSED", COLUMN_COUNT, false, "refused",
		"folios not migrated since a strict backend did not copy"),
	COUNTER("VERIFIED", COLUMN_COUNT, false, "verified",
		"base pages copied ahead that were compared at the move"),
	COUNTER("MISMATCHED", COLUMN_COUNT, false, "mismatched",
		"base pages of them that were wrong, and mended"),
};

uint64_t monotonic_ns(void)
{
	struct timespec t;

	/* This clock always exists. */
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_SEC + (uint64_t)t.tv_nsec;
}

int rhythm_parse(const struct cli *cli, double seconds, struct rhythm *rhythm)
{
	const char *interval = cli->options.interval;
	const char *count = cli->options.count;
	char *end;

	*rhythm = (struct rhythm){ 0 };
	if (interval)
		seconds = strtod(interval, &end);
	if (interval && (*interval < '0' || *interval > '9' || *end ||
			 !(seconds >= 0.1 && seconds <= 86400)))
		return usage_error(cli, "--interval: '%s' is not a number of seconds from 0.1 to 86400",
				   interval);
	rhythm->ns = (uint64_t)(seconds * (double)NS_PER_SEC);
	if (!count)
		return CLI_DONE;
	errno = 0;
	rhythm->count = strtoul(count, &end, 10);
	if (*count < '1' || *count > '9' || *end || errno)
		return usage_error(cli, "--count: '%s' is not a number from 1 on",
				   count);
	return CLI_DONE;
}

static int select_counted(struct cli *cli, int argc, char **argv,
			  struct selection *objects)
{
	int ret = argc ? CLI_DONE : select_type(cli, MPOL_REASON, objects);

	for (int i = 0; !ret && i < argc; i++)
		ret = select_objects(cli, argv[i], objects);
	for (size_t i = 0; !ret && i < objects->count; i++)
		if (objects->object[i].type == MPOL_GLOBAL)
			ret = failed("%s: has no counters; only reasons and backends do",
				     objects->object[i].name);
	return ret;
}

static int read_backend(struct mpol *mpol, const struct mpol_object *object,
			struct backend_name *backend)
{
	char value[MPOL_VALUE_SIZE];
	int ret;

	if (object->type != MPOL_REASON)
		return 0;
	ret = mpol_read(mpol, object, "backend", value);
	if (!ret)
		snprintf(backend->text, sizeof(backend->text), "%.*s",
			 NAME_MAX, value);
	return ret;
}

int sampler_read(struct cli *cli, struct sampler *sampler)
{
	struct mpol_counters *spare = sampler->before;
	int ret = 0;

	sampler->before = sampler->now;
	sampler->before_ns = sampler->now_ns;
	sampler->now = spare;
	sampler->now_ns = monotonic_ns();
	for (size_t i = 0; !ret && i < sampler->objects.count; i++) {
		const struct mpol_object *object = &sampler->objects.object[i];

		ret = mpol_load_counters(cli->mpol, object, &sampler->now[i]);
		if (!ret)
			ret = read_backend(cli->mpol, object,
					   &sampler->backend[i]);
	}
	return ret;
}

int sampler_start(struct cli *cli, int argc, char **argv,
		  struct sampler *sampler)
{
	int ret;

	*sampler = (struct sampler){ 0 };
	ret = select_counted(cli, argc, argv, &sampler->objects);
	if (ret)
		return ret;
	sampler->before = calloc(sampler->objects.count + 1,
				 sizeof(*sampler->before));
	sampler->now = calloc(sampler->objects.count + 1,
			      sizeof(*sampler->now));
	sampler->backend = calloc(sampler->objects.count + 1,
				  sizeof(*sampler->backend));
	if (!sampler->before || !sampler->now || !sampler->backend)
		return failed("out of memory");
	if (sampler_read(cli, sampler))
		return mpol_failure(cli);
	/* Since boot: the reading before is all zero. */
	sampler->before_ns = sampler->now_ns;
	return CLI_DONE;
}

void sampler_free(struct sampler *sampler)
{
	selection_free(&sampler->objects);
	free(sampler->backend);
	free(sampler->before);
	free(sampler->now);
}

struct libscols_table *sampler_table(const struct cli *cli,
				     const struct sampler *sampler)
{
	struct libscols_table *table = table_new(cli, "counters");
	struct mpol_counters delta;

	for (size_t i = 0; i < sampler->objects.count; i++) {
		const struct row row = {
			&sampler->objects.object[i],
			sampler->backend[i].text, &delta,
			sampler->now_ns - sampler->before_ns,
		};

		mpol_counters_since(&sampler->now[i], &sampler->before[i],
				    &delta);
		table_row(cli, table, &row, delta.value[MPOL_COPIED]);
	}
	return table;
}

static void sleep_until(uint64_t ns)
{
	const struct timespec t = {
		.tv_sec = (time_t)(ns / NS_PER_SEC),
		.tv_nsec = (long)(ns % NS_PER_SEC),
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL))
		;
}

int sampler_report(struct cli *cli, struct sampler *sampler,
		   const struct rhythm *rhythm, print_more_fn *more, void *arg)
{
	bool plain = !cli->options.json && !cli->options.raw;
	uint64_t next = sampler->now_ns;
	int ret = CLI_DONE;

	for (unsigned long i = 0; !ret && (!rhythm->count || i < rhythm->count);
	     i++) {
		next += rhythm->ns;
		sleep_until(next);
		if (sampler_read(cli, sampler))
			return mpol_failure(cli);
		if (i && plain)
			putchar('\n');
		ret = table_print(sampler_table(cli, sampler));
		if (!ret && more)
			ret = more(cli, arg);
		if (!ret && fflush(stdout))
			ret = failed("standard output: %s", strerror(errno));
	}
	return ret;
}
