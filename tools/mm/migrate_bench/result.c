// SPDX-License-Identifier: GPL-2.0-only
/*
 * Results, for cmd_demo.c and cmd_report.c: the figures of a series become
 * JSON, and table and plot are made from that JSON alone, so that a report of
 * another machine prints like one's own.
 */
#include <err.h>
#include <json-c/json.h>
#include <libsmartcols/libsmartcols.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "bench.h"

/* ------------------------------------------------------------- machine */

/* A hypervisor names itself in CPUID leaf 0x40000000. */
static const char *accelerator(void)
{
#if defined(__x86_64__)
	static const char * const known[][2] = {
		{ "TCGTCGTCGTCG", "tcg" }, { "KVMKVMKVM", "kvm" },
	};
	unsigned int a, b, c, d;
	char name[13] = "";

	__cpuid(1, a, b, c, d);
	if (!(c >> 31))
		return "none";
	__cpuid(0x40000000, a, b, c, d);
	memcpy(name, &b, 4);
	memcpy(name + 4, &c, 4);
	memcpy(name + 8, &d, 4);
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (!strcmp(name, known[i][0]))
			return known[i][1];
	}
#endif
	return "unknown";
}

static unsigned int count_nodes(void)
{
	unsigned int nodes = 0;
	char path[64];

	do {
		snprintf(path, sizeof(path), "/sys/devices/system/node/node%u",
			 nodes);
	} while (!access(path, F_OK) && ++nodes);
	return nodes ?: 1;
}

static void cpu_name(char *buf, size_t size)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[256];

	snprintf(buf, size, "unknown");
	while (f && fgets(line, sizeof(line), f)) {
		char *colon = strchr(line, ':');

		if (!colon || strncmp(line, "model name", 10))
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(buf, size, "%.80s", colon + 2);
		break;
	}
	if (f)
		fclose(f);
}

void machine_describe(struct machine *m)
{
	struct utsname u;

	memset(m, 0, sizeof(*m));
	if (uname(&u))
		err(EXIT_FAILURE, "cannot read the kernel's name");
	snprintf(m->kernel, sizeof(m->kernel), "%s", u.release);
	snprintf(m->accel, sizeof(m->accel), "%s", accelerator());
	cpu_name(m->cpu, sizeof(m->cpu));
	m->nodes = count_nodes();
	/* CPUID tells of what is below User-mode Linux. */
	if (!strcmp(m->cpu, "UML"))
		snprintf(m->accel, sizeof(m->accel), "uml");
}

/* ---------------------------------------------------------------- JSON */

static void add_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

static void add_count(struct json_object *o, const char *key, uint64_t n)
{
	json_object_object_add(o, key, json_object_new_int64(n));
}

static struct json_object *real(double value, int digits)
{
	char text[32];

	if (!isfinite(value))
		return NULL;
	snprintf(text, sizeof(text), "%.*f", digits, value);
	return json_object_new_double_s(value, text);
}

static void add_real(struct json_object *o, const char *key, double value,
		     int digits)
{
	json_object_object_add(o, key, real(value, digits));
}

static void add_interval(struct json_object *o, const char *key,
			 struct interval i)
{
	struct json_object *pair = json_object_new_array();

	json_object_array_add(pair, real(i.lo, 4));
	json_object_array_add(pair, real(i.hi, 4));
	json_object_object_add(o, key, pair);
}

static void add_machine(struct json_object *o, const struct machine *m)
{
	add_text(o, "kernel", m->kernel);
	add_text(o, "accel", m->accel);
	add_text(o, "cpu", m->cpu);
	if (m->host_cpu[0])
		add_text(o, "host_cpu", m->host_cpu);
}

static void add_explanation(struct json_object *report)
{
	add_text(report, "ratio_of",
		 "time of whole cuts for each page, inline divided by this run; median of alternating pairs");
	add_text(report, "ci_of",
		 "order statistics of the pairs, at least 95%");
}

struct json_object *result_new(const struct machine *m)
{
	struct json_object *report = json_object_new_object();

	add_machine(report, m);
	add_explanation(report);
	json_object_object_add(report, "runs", json_object_new_array());
	return report;
}

struct json_object *result_new_grid(const struct machine *m)
{
	struct json_object *report = json_object_new_object();
	struct json_object *machine = json_object_new_object();

	add_machine(machine, m);
	add_count(machine, "nodes", m->nodes);
	json_object_object_add(report, "machine", machine);
	add_explanation(report);
	json_object_object_add(report, "cells", json_object_new_array());
	return report;
}

static struct json_object *runs_of(struct json_object *report)
{
	struct json_object *runs = json_object_object_get(report, "runs");

	return runs ? runs : json_object_object_get(report, "cells");
}

static struct json_object *machine_of(struct json_object *report)
{
	struct json_object *machine = json_object_object_get(report, "machine");

	return machine ? machine : report;
}

static bool is_grid(struct json_object *report)
{
	return json_object_object_get_ex(report, "cells", NULL);
}

/* What the format of the report asks for. */
static void add_main(struct json_object *run, const struct series *s, size_t v)
{
	const struct workload *w = s->workload;
	struct interval ratio = series_figure(s, v, figure_ratio);
	uint64_t pages = series_total(s, v, SUCCEEDED);

	add_text(run, "reason", w->reason);
	add_count(run, "folio_kb", w->folio_kb);
	add_text(run, "backend", s->variant[v].backend);
	add_count(run, "workers", s->variant[v].workers);
	add_count(run, "batch_size", w->batch_size);
	add_count(run, "cuts", series_total(s, v, CUTS));
	add_count(run, "pages", pages);
	add_real(run, "engaged", (double)series_total(s, v, PAGES) / pages, 4);
	add_real(run, "mb_per_s", series_figure(s, v, figure_mb_per_s).mid, 1);
	add_real(run, "ratio", ratio.mid, 4);
	add_interval(run, "ci", ratio);
	add_real(run, "copy_share", series_copy_share(s).mid, 4);
	json_object_object_add(run, "verified",
			       json_object_new_boolean(series_verified(s, v)));
}

/* What helps to judge it. */
static void add_more(struct json_object *run, const struct series *s, size_t v,
		     const char *load)
{
	const struct variant *variant = &s->variant[v];
	double share = series_copy_share(s).mid;
	uint64_t compared = 0;

	for (size_t r = 0; r < s->rounds; r++)
		compared += series_sample(s, r, v)->place.moved;
	add_text(run, "workload", s->workload->name);
	add_text(run, "label", s->workload->label);
	add_text(run, "load", load);
	add_count(run, "folios", s->workload->folios);
	add_count(run, "min_pages", variant->min_pages);
	add_count(run, "pairs", s->rounds);
	add_count(run, "compared", compared);
	if (variant->workers) {
		add_real(run, "bound", copy_bound(share, variant->workers), 4);
		add_real(run, "bound_reached",
			 series_figure(s, v, figure_reached).mid, 4);
	}
	add_real(run, "best_mb_per_s", series_best_mb_per_s(s, v), 1);
	add_real(run, "wall_ratio",
		 series_figure(s, v, figure_wall_ratio).mid, 4);
	add_real(run, "cut_of_wall",
		 series_figure(s, v, figure_cut_of_wall).mid, 4);
	add_real(run, "cpu_us_per_page",
		 series_figure(s, v, figure_cpu_us_per_page).mid, 3);
}

/*
 * When the first folio of a cut is back nothing here can see. With fewer than
 * a hundred runs the 99th percentile is the longest one.
 */
static void add_cell(struct json_object *run, const struct series *s, size_t v)
{
	static const char * const memory[] = {
		[MEMORY_ANON] = "anon",
		[MEMORY_TMPFS] = "tmpfs",
		[MEMORY_KERNEL] = "kernel",
	};
	double longest = 0;

	for (size_t r = 0; r < s->rounds; r++)
		longest = fmax(longest, figure_away_us(s, r, v));
	add_text(run, "memory", memory[s->workload->memory]);
	json_object_object_add(run, "first_us", NULL);
	add_real(run, "away_us", series_figure(s, v, figure_away_us).mid, 1);
	add_real(run, "away_p99_us", longest, 1);
	add_real(run, "helper_us", series_figure(s, v, figure_helper_us).mid, 1);
	add_text(run, "verdict",
		 ratio_verdict(series_figure(s, v, figure_ratio)));
}

void result_add(struct json_object *report, const struct series *s,
		const char *load)
{
	struct json_object *runs = runs_of(report);

	for (size_t v = 0; v < s->nr_variants; v++) {
		struct json_object *run = json_object_new_object();

		add_main(run, s, v);
		add_more(run, s, v, load);
		if (is_grid(report))
			add_cell(run, s, v);
		json_object_array_add(runs, run);
	}
}

void result_save(struct json_object *report, const char *path)
{
	int flags = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
		    JSON_C_TO_STRING_NOSLASHESCAPE;

	if (json_object_to_file_ext(path, report, flags))
		errx(EXIT_FAILURE, "cannot write %s: %s", path,
		     json_util_get_last_err());
}

struct json_object *result_load(const char *path)
{
	struct json_object *report = json_object_from_file(path);

	if (!report)
		errx(EXIT_FAILURE, "cannot read %s: %s", path,
		     json_util_get_last_err());
	if (!json_object_is_type(runs_of(report), json_type_array))
		errx(EXIT_FAILURE, "%s is no report: it has no runs", path);
	return report;
}

static const char *text_of(struct json_object *o, const char *key)
{
	struct json_object *value = json_object_object_get(o, key);

	return value ? json_object_get_string(value) : "unknown";
}

static double number_of(struct json_object *o, const char *key)
{
	struct json_object *value = json_object_object_get(o, key);

	return value ? json_object_get_double(value) : NAN;
}

static double interval_end(struct json_object *run, size_t end)
{
	struct json_object *ci = json_object_object_get(run, "ci");

	if (!json_object_is_type(ci, json_type_array) ||
	    !json_object_array_get_idx(ci, end))
		return NAN;
	return json_object_get_double(json_object_array_get_idx(ci, end));
}

static bool is_inline(struct json_object *run)
{
	return !strcmp(text_of(run, "backend"), "inline");
}

static bool is_verified(struct json_object *run)
{
	return json_object_get_boolean(json_object_object_get(run, "verified"));
}

/* --------------------------------------------------------------- table */

static void cell_text(char *buf, size_t size, struct json_object *run,
		      const char *key)
{
	snprintf(buf, size, "%s", text_of(run, key));
}

static void cell_count(char *buf, size_t size, struct json_object *run,
		       const char *key)
{
	snprintf(buf, size, "%.0f", number_of(run, key));
}

static void cell_size(char *buf, size_t size, struct json_object *run,
		      const char *key)
{
	double kb = number_of(run, key);

	if (kb < 1024)
		snprintf(buf, size, "%.0fK", kb);
	else
		snprintf(buf, size, "%.0fM", kb / 1024);
}

static void cell_workers(char *buf, size_t size, struct json_object *run,
			 const char *key)
{
	if (is_inline(run))
		snprintf(buf, size, "-");
	else
		cell_count(buf, size, run, key);
}

static void cell_ratio(char *buf, size_t size, struct json_object *run,
		       const char *key)
{
	snprintf(buf, size, "%.2f", number_of(run, key));
}

static void cell_percent(char *buf, size_t size, struct json_object *run,
			 const char *key)
{
	double share = number_of(run, key);

	if (isnan(share))
		snprintf(buf, size, "-");
	else
		snprintf(buf, size, "%.0f%%", share * 100);
}

static void cell_verified(char *buf, size_t size, struct json_object *run,
			  const char *key)
{
	(void)key;
	snprintf(buf, size, "%s", is_verified(run) ? "yes" : "NO");
}

static void cell_interval(char *buf, size_t size, struct json_object *run,
			  const char *key)
{
	(void)key;
	snprintf(buf, size, "%.2f-%.2f", interval_end(run, 0),
		 interval_end(run, 1));
}

static void cell_microseconds(char *buf, size_t size, struct json_object *run,
			      const char *key)
{
	snprintf(buf, size, "%.0f", number_of(run, key));
}

/* Of a grid, or of a demo, or of both. */
enum report_kind { OF_BOTH, OF_DEMO, OF_GRID };

struct column {
	const char *title;
	const char *key;
	int flags;
	enum report_kind kind;
	void (*format)(char *buf, size_t size, struct json_object *run,
		       const char *key);
};

static const struct column columns[] = {
	{ "REASON", "reason", 0, OF_BOTH, cell_text },
	{ "MEMORY", "memory", 0, OF_GRID, cell_text },
	{ "LOAD", "load", 0, OF_GRID, cell_text },
	{ "SIZE", "folio_kb", SCOLS_FL_RIGHT, OF_BOTH, cell_size },
	{ "FOLIOS", "folios", SCOLS_FL_RIGHT, OF_GRID, cell_count },
	{ "BACKEND", "backend", 0, OF_BOTH, cell_text },
	{ "WORKERS", "workers", SCOLS_FL_RIGHT, OF_BOTH, cell_workers },
	{ "BATCH", "batch_size", SCOLS_FL_RIGHT, OF_BOTH, cell_count },
	{ "CUTS", "cuts", SCOLS_FL_RIGHT, OF_DEMO, cell_count },
	{ "PAGES", "pages", SCOLS_FL_RIGHT, OF_DEMO, cell_count },
	{ "MB/S", "mb_per_s", SCOLS_FL_RIGHT, OF_BOTH, cell_count },
	{ "AWAY US", "away_us", SCOLS_FL_RIGHT, OF_GRID, cell_microseconds },
	{ "ENGAGED", "engaged", SCOLS_FL_RIGHT, OF_GRID, cell_percent },
	{ "RATIO", "ratio", SCOLS_FL_RIGHT, OF_BOTH, cell_ratio },
	{ "95%", "ci", SCOLS_FL_RIGHT, OF_GRID, cell_interval },
	{ "COPY", "copy_share", SCOLS_FL_RIGHT, OF_BOTH, cell_percent },
	{ "BOUND", "bound", SCOLS_FL_RIGHT, OF_GRID, cell_ratio },
	{ "REACHED", "bound_reached", SCOLS_FL_RIGHT, OF_GRID, cell_percent },
	{ "INTACT", "verified", SCOLS_FL_RIGHT, OF_BOTH, cell_verified },
};

static void row_add(struct libscols_table *table, struct json_object *run,
		    enum report_kind kind)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	size_t cell = 0;
	char text[64];

	if (!line)
		errx(EXIT_FAILURE, "no memory for the table");
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		if (columns[i].kind != OF_BOTH && columns[i].kind != kind)
			continue;
		columns[i].format(text, sizeof(text), run, columns[i].key);
		if (scols_line_set_data(line, cell++, text))
			errx(EXIT_FAILURE, "no memory for the table");
	}
}

static void table_print(struct json_object *runs, enum report_kind kind)
{
	struct libscols_table *table = scols_new_table();

	if (!table)
		errx(EXIT_FAILURE, "no memory for the table");
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		if (columns[i].kind != OF_BOTH && columns[i].kind != kind)
			continue;
		if (!scols_table_new_column(table, columns[i].title, 0,
					    columns[i].flags))
			errx(EXIT_FAILURE, "no memory for the table");
	}
	for (size_t i = 0; i < json_object_array_length(runs); i++)
		row_add(table, json_object_array_get_idx(runs, i), kind);
	if (scols_print_table(table))
		errx(EXIT_FAILURE, "cannot print the table");
	scols_unref_table(table);
}

static void machine_print(FILE *f, struct json_object *report,
			  const char *separator)
{
	fprintf(f, "Linux %s, accelerator %s%s%s", text_of(report, "kernel"),
		text_of(report, "accel"), separator, text_of(report, "cpu"));
	if (json_object_object_get(report, "host_cpu"))
		fprintf(f, " on %s", text_of(report, "host_cpu"));
}

/* The run of several CPUs that gained most, or least. */
static struct json_object *extreme(struct json_object *runs, bool most)
{
	struct json_object *found = NULL;

	for (size_t i = 0; i < json_object_array_length(runs); i++) {
		struct json_object *run = json_object_array_get_idx(runs, i);
		double gain = number_of(run, "ratio");

		if (is_inline(run) || number_of(run, "workers") < 2)
			continue;
		if (!found || (most ? gain > number_of(found, "ratio") :
				      gain < number_of(found, "ratio")))
			found = run;
	}
	return found;
}

static void extreme_print(struct json_object *runs, bool most)
{
	struct json_object *run = extreme(runs, most);

	if (!run)
		return;
	printf("%s gain of %s with %.0f workers: %s,\n"
	       "    %.2f times inline (95%%: %.2f to %.2f), its copy share allows %.2f.\n",
	       most ? "Largest" : "Smallest", text_of(run, "backend"),
	       number_of(run, "workers"), text_of(run, "label"),
	       number_of(run, "ratio"), interval_end(run, 0),
	       interval_end(run, 1), number_of(run, "bound"));
}

static bool verdict_print(struct json_object *runs)
{
	double pages = 0, compared = 0;
	size_t wrong = 0;

	for (size_t i = 0; i < json_object_array_length(runs); i++) {
		struct json_object *run = json_object_array_get_idx(runs, i);

		pages += number_of(run, "pages");
		compared += number_of(run, "compared");
		wrong += !is_verified(run);
	}
	if (wrong)
		printf("NOT VERIFIED: %zu runs; the messages above say what was wrong.\n",
		       wrong);
	else
		printf("%.0f pages moved, %.0f of them ours: every byte of these is as written.\n",
		       pages, compared);
	return !wrong;
}

int result_print(struct json_object *report)
{
	struct json_object *runs = runs_of(report);
	struct json_object *machine = machine_of(report);
	bool verified;

	machine_print(stdout, machine, "\n");
	printf("\n\n");
	table_print(runs, is_grid(report) ? OF_GRID : OF_DEMO);
	printf("\nSIZE: of a folio. RATIO: speed of whole cuts, unmap to last move, against\n"
	       "inline; median of alternating pairs. COPY: share of the copy in the time of a\n"
	       "cut, from mt with one worker. INTACT: moved, compared and counted.\n");
	if (is_grid(report))
		printf("ENGAGED: copied ahead, of all that moved. BOUND: what the share of the copy\n"
		       "allows. AWAY: from unmap to last move, microseconds a cut.\n");
	extreme_print(runs, true);
	extreme_print(runs, false);
	verified = verdict_print(runs);
	if (!strcmp(text_of(machine, "accel"), "tcg"))
		printf("These CPUs are emulated: the figures say nothing about real hardware.\n");
	return verified ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---------------------------------------------------------------- plot */

static void plot_block(FILE *f, struct json_object *runs, bool several)
{
	size_t row = 0;

	for (size_t i = 0; i < json_object_array_length(runs); i++) {
		struct json_object *run = json_object_array_get_idx(runs, i);

		if (is_inline(run)) {
			row++;
			continue;
		}
		if ((number_of(run, "workers") != 1) != several)
			continue;
		fprintf(f, "%zu \"%s\" %.4f %.4f %.4f %.4f\n", row,
			text_of(run, "label"), number_of(run, "ratio"),
			interval_end(run, 0), interval_end(run, 1),
			number_of(run, "bound"));
	}
}

void result_plot_data(struct json_object *report, const char *path)
{
	struct json_object *runs = runs_of(report);
	FILE *f = fopen(path, "we");

	if (!f)
		err(EXIT_FAILURE, "cannot write %s", path);
	fprintf(f, "# ");
	machine_print(f, machine_of(report), ", ");
	fprintf(f, "\n");
	fprintf(f, "# row, workload, ratio to inline, low, high, bound\n");
	fprintf(f, "# one CPU\n");
	plot_block(f, runs, false);
	fprintf(f, "\n\n# several CPUs\n");
	plot_block(f, runs, true);
	if (fclose(f))
		err(EXIT_FAILURE, "cannot write %s", path);
}
