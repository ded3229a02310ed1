// SPDX-License-Identifier: GPL-2.0-only
/*
 * What trial run and trial report print: a row an arm, then the verdicts in
 * words. An estimate has its interval in the line below.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "trial.h"

/* From here on a terminal has room for more columns. */
#define WIDE	120

static const char *text_file(struct cell *cell)
{
	const struct finding *f = cell->row;

	return f->trial->file;
}

static const char *text_reason(struct cell *cell)
{
	const struct finding *f = cell->row;

	return f->trial->reason;
}

static const char *text_arm(struct cell *cell)
{
	const struct finding *f = cell->row;

	return f->arm->name;
}

static const char *text_backend(struct cell *cell)
{
	const struct finding *f = cell->row;

	return arm_setting(f->arm, "backend");
}

static const char *number(struct cell *cell, uint64_t value)
{
	snprintf(cell->room, sizeof(cell->room), "%" PRIu64, value);
	return cell->room;
}

static const char *text_share(struct cell *cell)
{
	const struct finding *f = cell->row;

	return number(cell, f->arm->share);
}

static const char *text_result(struct cell *cell)
{
	const struct finding *f = cell->row;
	size_t i = 0;

	while (strcmp(mpol_result_name[i], cell->column->source))
		i++;
	return number(cell, f->arm->delta.value[i]);
}

static const char *text_engaged(struct cell *cell)
{
	const struct finding *f = cell->row;

	if (!arm_has_backend(f->arm) || !f->arm->delta.value[MPOL_R_SUCCEEDED])
		return NULL;
	snprintf(cell->room, sizeof(cell->room), "%.4f", arm_engaged(f->arm));
	return cell->room;
}

/* How a number of a range is written. */
typedef const char *write_fn(double value, char *room);

static const char *write_exact(double value, char *room)
{
	snprintf(room, HUMAN_SIZE, "%.0f", value);
	return room;
}

static const char *write_size(double value, char *room)
{
	return human_size((unsigned long long)value, room);
}

static const char *write_time(double value, char *room)
{
	return human_time((unsigned long long)value, room);
}

static const char *write_ratio(double value, char *room)
{
	snprintf(room, HUMAN_SIZE, value < 10 ? "%.3f" : "%.1f", value);
	return room;
}

/* Of the three parts of a range, the last letter of the source tells which. */
static double part_of(const struct range *range, const char *source)
{
	switch (source[strlen(source) - 1]) {
	case 'l':
		return range->low;
	case 'h':
		return range->high;
	default:
		return range->value;
	}
}

static bool wants_plain(const struct cell *cell)
{
	const struct options *options = &cell->cli->options;

	return options->json || options->raw ||
	       cell->column->kind != COLUMN_RANGE;
}

/* "12us", and below it "11us-13us". */
static const char *range(struct cell *cell, const struct range *range,
			 write_fn *exact, write_fn *human)
{
	write_fn *write = cell->cli->options.bytes ? exact : human;
	char value[HUMAN_SIZE], low[HUMAN_SIZE], high[HUMAN_SIZE];

	if (!(range->value > 0) ||
	    (!(range->high > 0) && strchr("lh", cell->column->source[
			strlen(cell->column->source) - 1])))
		return NULL;
	if (wants_plain(cell))
		return exact(part_of(range, cell->column->source), cell->room);
	if (range->high > 0)
		snprintf(cell->room, sizeof(cell->room), "%s\n%s-%s",
			 write(range->value, value), write(range->low, low),
			 write(range->high, high));
	else
		snprintf(cell->room, sizeof(cell->room), "%s",
			 write(range->value, value));
	return cell->room;
}

static const char *text_rate(struct cell *cell)
{
	const struct finding *f = cell->row;
	double bytes = 1e9 * (double)sysconf(_SC_PAGESIZE);
	const struct range rate = {
		f->rate.value * bytes, f->rate.low * bytes,
		f->rate.high * bytes,
	};

	return range(cell, &rate, write_exact, write_size);
}

static const char *text_ratio(struct cell *cell)
{
	const struct finding *f = cell->row;

	return range(cell, &f->ratio, write_ratio, write_ratio);
}

/* The source says which histogram, which quantile, which part. */
static const char *text_time(struct cell *cell)
{
	const struct finding *f = cell->row;
	const char *source = cell->column->source;

	return range(cell, &f->time[source[0] - '0'][source[1] - '0'],
		     write_exact, write_time);
}

static const char *probability(struct cell *cell, double p)
{
	if (!cell->cli->options.json && !cell->cli->options.raw && p < 0.001)
		return "<0.001";
	snprintf(cell->room, sizeof(cell->room), p < 0.001 ? "%.3g" : "%.3f",
		 p);
	return cell->room;
}

static const char *text_p(struct cell *cell)
{
	const struct finding *f = cell->row;

	if (f->verdict == TRIAL_CONTROL || f->verdict == TRIAL_NEVER_RAN)
		return NULL;
	return probability(cell, f->p);
}

static const char *text_p_files(struct cell *cell)
{
	const struct finding *f = cell->row;

	return f->p_files < 0 ? NULL : probability(cell, f->p_files);
}

static const char *text_verdict(struct cell *cell)
{
	finding_words(cell->row, cell->room, sizeof(cell->room));
	return *cell->room ? cell->room : NULL;
}

#define RESULT(name, kind, key, help) \
	{ name, kind, false, key, text_result, help }

#define RANGE(name, kind, source, text, help) \
	{ name, COLUMN_RANGE, false, source "v", text, help }, \
	{ name "_LOW", kind, false, source "l", text, \
	  "lower end of its 95% interval" }, \
	{ name "_HIGH", kind, false, source "h", text, \
	  "upper end of its 95% interval" }

#define TIMES(name, digit, what) \
	RANGE(name "_P50", COLUMN_TIME, digit "0", text_time, \
	      "median of " what), \
	RANGE(name "_P90", COLUMN_TIME, digit "1", text_time, \
	      "what nine tenths of them stay below"), \
	RANGE(name "_P99", COLUMN_TIME, digit "2", text_time, \
	      "what 99 of 100 stay below")

const struct column trial_report_columns[REPORT_COLUMNS] = {
	{ "FILE", COLUMN_TEXT, false, NULL, text_file,
	  "what it was read from" },
	{ "REASON", COLUMN_TEXT, false, NULL, text_reason, "the reason" },
	{ "ARM", COLUMN_TEXT, false, NULL, text_arm,
	  "the arm; control is the base policy" },
	{ "BACKEND", COLUMN_TEXT, false, NULL, text_backend,
	  "who was to copy" },
	{ "SHARE", COLUMN_NUMBER, false, NULL, text_share,
	  "percent of the calls" },
	RESULT("CALLS", COLUMN_COUNT, "calls", "calls of migrate_pages()"),
	RESULT("CUTS", COLUMN_COUNT, "cuts", "cuts of their lists"),
	RESULT("FOLIOS", COLUMN_COUNT, "folios", "folios in them"),
	RESULT("SUCCEEDED", COLUMN_COUNT, "succeeded", "base pages migrated"),
	RESULT("FAILED", COLUMN_COUNT, "failed",
	       "base pages that failed to migrate"),
	RESULT("RETRIES", COLUMN_COUNT, "retries",
	       "folios that were tried again"),
	{ "ENGAGED", COLUMN_SHARE, false, NULL, text_engaged,
	  "share of SUCCEEDED that the backend copied" },
	RESULT("COPY_NS", COLUMN_TIME, "copy_ns", "wall time in a backend"),
	RESULT("HELPER_NS", COLUMN_TIME, "helper_ns",
	       "CPU time of a backend's helpers"),
	RANGE("RATE", COLUMN_SIZE, "", text_rate,
	      "bytes migrated per second of its cuts"),
	RANGE("RATIO", COLUMN_NUMBER, "", text_ratio,
	      "time per page of the control by that of the arm"),
	{ "P_VALUE", COLUMN_NUMBER, false, NULL, text_p,
	  "how often chance alone makes as large a difference" },
	{ "P_FILES", COLUMN_NUMBER, false, NULL, text_p_files,
	  "the same, of the ratio and that in the first file" },
	{ "VERDICT", COLUMN_TEXT, false, NULL, text_verdict, "in words" },
	TIMES("PAGE", "0", "time per base page, of calls"),
	TIMES("CUT", "1", "time of a cut"),
	TIMES("FIRST", "2", "time until the first folio is back"),
	TIMES("AWAY", "3", "time that a folio may be away"),
};

int report_prepare(struct cli *cli, struct report *report)
{
	const char *seed = cli->options.seed;
	char *end;
	int ret = CLI_DONE;

	*report = (struct report){
		.seed = 1, .plot = cli->options.plot,
		.save_best = cli->options.save_best,
	};
	if (seed)
		report->seed = strtoull(seed, &end, 10);
	if (seed && (*seed < '0' || *seed > '9' || *end))
		return usage_error(cli, "--seed: '%s' is not a number", seed);
	if (report->save_best)
		ret = check_profile_name(cli, report->save_best);
	return !ret && report->plot ? trial_plot_check() : ret;
}

static bool is_wide(void)
{
	struct winsize size;

	return !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col >= WIDE;
}

/* Numbers have their intervals in columns of their own. */
static void add_intervals(struct cli *cli)
{
	size_t count = cli->shown_count;
	char name[64];

	for (size_t i = 0; i < count; i++) {
		if (cli->shown[i]->kind != COLUMN_RANGE)
			continue;
		snprintf(name, sizeof(name), "%s_LOW", cli->shown[i]->name);
		add_default_column(cli, name);
		snprintf(name, sizeof(name), "%s_HIGH", cli->shown[i]->name);
		add_default_column(cli, name);
	}
}

static void add_columns(struct cli *cli, bool several)
{
	static const char *const more[] = {
		"PAGE_P99", "FIRST_P99", "ENGAGED", "SHARE",
	};
	bool plain = cli->options.json || cli->options.raw;

	for (size_t i = 0; i < ARRAY_SIZE(more); i++)
		if (plain || is_wide())
			add_default_column(cli, more[i]);
	if (several) {
		add_default_column(cli, "P_FILES");
		add_default_column(cli, "FILE");
	}
	if (plain)
		add_intervals(cli);
	if (cli->options.json)
		add_default_column(cli, "VERDICT");
}

static double first_ratio(const struct findings *findings,
			  const struct finding *f)
{
	size_t i = 0;

	while (strcmp(findings->finding[i].arm->name, f->arm->name))
		i++;
	return findings->finding[i].ratio.value;
}

static void print_words(const struct findings *findings, bool several)
{
	char text[512];

	putchar('\n');
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *f = &findings->finding[i];

		finding_words(f, text, sizeof(text));
		if (!*text)
			continue;
		if (several)
			printf("%s: ", f->trial->file);
		puts(text);
	}
}

/* The same arm in another file, against that in the first one. */
static void print_files(const struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *f = &findings->finding[i];

		if (f->p_files < 0)
			continue;
		printf("%s: %.2fx in %s, %.2fx in %s: ", f->arm->name,
		       first_ratio(findings, f), findings->finding[0].trial->file,
		       f->ratio.value, f->trial->file);
		if (f->p_files < 0.001)
			puts("they differ, p < 0.001");
		else
			printf("%s, p = %.3f\n", f->p_files < 0.05 ?
			       "they differ" :
			       "no difference of the two can be seen",
			       f->p_files);
	}
}

static int print_table(struct cli *cli, const struct findings *findings,
		       bool several)
{
	struct libscols_table *table;
	int ret;

	add_columns(cli, several);
	table = table_new(cli, "arms");
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *f = &findings->finding[i];

		table_row(cli, table, f, f->verdict == TRIAL_FASTER ||
			  f->verdict == TRIAL_SLOWER);
	}
	ret = table_print(table);
	if (!ret && !cli->options.json && !cli->options.raw &&
	    !cli->options.noheadings) {
		print_words(findings, several);
		print_files(findings);
	}
	return ret;
}

int report_print(struct cli *cli, const struct trials *trials,
		 const struct report *report)
{
	struct findings findings;
	int ret;

	trial_judge(trials, report->seed, &findings);
	ret = print_table(cli, &findings, trials->count > 1);
	if (!ret && report->plot)
		ret = trial_plot(cli, &findings, report->plot);
	if (!ret && report->save_best)
		ret = trial_save_best(cli, trial_best(&findings),
				      report->save_best);
	free(findings.finding);
	return ret;
}
