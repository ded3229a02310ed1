// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's trials as rows of a table: what trial list and watch share.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stat.h"
#include "trial.h"

/* One arm over the time between both readings. */
struct row {
	const struct live_arm *arm;
	const struct mpol_results *results;
	uint64_t ns;
};

static const char *text_reason(struct cell *cell)
{
	const struct row *row = cell->row;

	return row->arm->reason;
}

static const char *text_name(struct cell *cell)
{
	const struct row *row = cell->row;

	return row->arm->name;
}

/* The control is always live and has no share of its own. */
static const char *text_setting(struct cell *cell)
{
	const struct row *row = cell->row;
	const char *value = mpol_setting(&row->arm->settings,
					 cell->column->source);

	return !value && cell->column->kind == COLUMN_MARK ? "1" : value;
}

static const char *number(struct cell *cell, uint64_t value)
{
	snprintf(cell->room, sizeof(cell->room), "%" PRIu64, value);
	return cell->room;
}

static const char *text_result(struct cell *cell)
{
	const struct row *row = cell->row;
	size_t i = 0;

	while (strcmp(mpol_result_name[i], cell->column->source))
		i++;
	return number(cell, row->results->value[i]);
}

static const char *text_engaged(struct cell *cell)
{
	const struct row *row = cell->row;
	const uint64_t *value = row->results->value;

	if (!value[MPOL_R_SUCCEEDED])
		return NULL;
	snprintf(cell->room, sizeof(cell->room), "%.4f",
		 (double)value[MPOL_R_ENGAGED] /
		 (double)value[MPOL_R_SUCCEEDED]);
	return cell->room;
}

static const char *text_rate(struct cell *cell)
{
	const struct row *row = cell->row;
	double bytes = (double)row->results->value[MPOL_R_SUCCEEDED] *
		       (double)sysconf(_SC_PAGESIZE);

	if (!row->ns)
		return NULL;
	return number(cell, (uint64_t)(bytes * 1e9 / (double)row->ns));
}

static const char *text_page_ns(struct cell *cell)
{
	const struct row *row = cell->row;
	const uint64_t *value = row->results->value;

	return value[MPOL_R_SUCCEEDED] ?
		number(cell, value[MPOL_R_CUT_NS] / value[MPOL_R_SUCCEEDED]) :
		NULL;
}

#define SETTING(name, kind, shown, key, help) \
	{ name, kind, shown, key, text_setting, help }
#define RESULT(name, kind, shown, key, help) \
	{ name, kind, shown, key, text_result, help }

const struct column trial_live_columns[LIVE_COLUMNS] = {
	{ "REASON", COLUMN_TEXT, true, NULL, text_reason, "the reason" },
	{ "TRIAL", COLUMN_TEXT, true, NULL, text_name,
	  "its name in the kernel" },
	SETTING("LIVE", COLUMN_MARK, true, "live", "whether calls go to it"),
	SETTING("SHARE", COLUMN_NUMBER, true, "share", "percent of the calls"),
	SETTING("BACKEND", COLUMN_TEXT, true, "backend", "who copies"),
	SETTING("BATCH_SIZE", COLUMN_NUMBER, true, "batch_size",
		"base pages that are unmapped and copied together"),
	SETTING("MIN_PAGES", COLUMN_NUMBER, false, "min_pages",
		"smaller batches are copied inline"),
	SETTING("WORKERS", COLUMN_NUMBER, false, "workers",
		"most CPUs or channels that one batch may use"),
	SETTING("CLASSES", COLUMN_LINES, false, "classes",
		"classes of folios that may be copied ahead"),
	SETTING("STRICT", COLUMN_NUMBER, false, "strict",
		"1: what the backend does not copy is not migrated"),
	RESULT("CALLS", COLUMN_COUNT, true, "calls",
	       "calls of migrate_pages()"),
	RESULT("CUTS", COLUMN_COUNT, false, "cuts", "cuts of their lists"),
	RESULT("SUCCEEDED", COLUMN_COUNT, false, "succeeded",
	       "base pages migrated"),
	RESULT("FAILED", COLUMN_COUNT, false, "failed",
	       "base pages that failed to migrate"),
	RESULT("RETRIES", COLUMN_COUNT, false, "retries",
	       "folios that were tried again"),
	{ "ENGAGED", COLUMN_SHARE, true, NULL, text_engaged,
	  "share of SUCCEEDED that the backend copied" },
	{ "RATE", COLUMN_SIZE, false, NULL, text_rate,
	  "bytes migrated per second; in watch" },
	{ "PAGE_NS", COLUMN_TIME, true, NULL, text_page_ns,
	  "wall time of the cuts per base page" },
};

void live_arms_free(struct live_arms *arms)
{
	for (size_t i = 0; i < arms->count; i++)
		mpol_settings_free(&arms->arm[i].settings);
	free(arms->arm);
	*arms = (struct live_arms){ 0 };
}

static const struct live_arm *find(const struct live_arms *arms,
				   const struct mpol_object *object)
{
	for (size_t i = 0; i < arms->count; i++)
		if (!strcmp(arms->arm[i].object.name, object->name))
			return &arms->arm[i];
	return NULL;
}

/* One that came since begins at nothing, one that is gone is left out. */
static int add(struct cli *cli, struct live_arms *arms,
	       const struct live_arms *old, const struct live_arm *new)
{
	struct live_arm *more = realloc(arms->arm,
					(arms->count + 1) * sizeof(*more));
	const struct live_arm *before = find(old, &new->object);
	struct live_arm *arm;
	int ret;

	if (!more)
		return -ENOMEM;
	arms->arm = more;
	arm = &more[arms->count];
	*arm = *new;
	ret = mpol_load(cli->mpol, &arm->object, &arm->settings);
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	arms->count++;
	ret = mpol_load_summary(cli->mpol, &arm->object, &arm->now);
	if (before)
		arm->before = before->now;
	else if (arm->object.type == MPOL_REASON)
		arm->before = arm->now;
	return ret == -ENOENT ? 0 : ret;
}

static int read_reason(struct cli *cli, const char *reason,
		       struct live_arms *arms, const struct live_arms *old)
{
	struct live_arm arm = { .name = CONTROL };
	struct mpol_names names;
	int ret = mpol_trials(cli->mpol, reason, &names);

	if (ret || !names.count) {
		if (!ret)
			mpol_names_free(&names);
		return ret == -EOPNOTSUPP ? 0 : ret;
	}
	snprintf(arm.reason, sizeof(arm.reason), "%s", reason);
	ret = mpol_find(cli->mpol, reason, &arm.object);
	if (!ret)
		ret = add(cli, arms, old, &arm);
	for (size_t i = 0; !ret && i < names.count; i++) {
		snprintf(arm.name, sizeof(arm.name), "%s", names.name[i]);
		ret = mpol_trial(cli->mpol, reason, arm.name, &arm.object);
		if (!ret)
			ret = add(cli, arms, old, &arm);
	}
	mpol_names_free(&names);
	return ret;
}

int live_arms_read(struct cli *cli, struct live_arms *arms)
{
	struct live_arms old = *arms;
	struct mpol_names reasons;
	int ret = mpol_objects(cli->mpol, MPOL_REASON, &reasons);

	if (ret)
		return ret;
	*arms = (struct live_arms){
		.before_ns = old.now_ns, .now_ns = monotonic_ns(),
	};
	for (size_t i = 0; !ret && i < reasons.count; i++)
		ret = read_reason(cli, reasons.name[i], arms, &old);
	mpol_names_free(&reasons);
	live_arms_free(&old);
	return ret;
}

/* Since its start there is no interval, and the control never started. */
static void add_row(const struct cli *cli, struct libscols_table *table,
		    const struct live_arms *arms, const struct live_arm *arm,
		    bool since_start)
{
	struct mpol_results delta = { 0 };
	struct row row = { .arm = arm, .results = &arm->now };

	if (since_start && arm->object.type == MPOL_REASON)
		return;
	if (!since_start) {
		mpol_results_since(&arm->now, &arm->before, &delta);
		row.results = &delta;
		row.ns = arms->before_ns ? arms->now_ns - arms->before_ns : 0;
	}
	table_row(cli, table, &row, arm->object.type == MPOL_TRIAL &&
		  row.results->value[MPOL_R_ENGAGED]);
}

struct libscols_table *live_arms_table(const struct cli *cli,
				       const struct live_arms *arms,
				       bool since_start)
{
	struct libscols_table *table;

	if (!arms->count && !since_start)
		return NULL;
	table = table_new(cli, "trials");
	for (size_t i = 0; i < arms->count; i++)
		add_row(cli, table, arms, &arms->arm[i], since_start);
	return table;
}
