/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * migrate_bench: moves pages for real migration reasons under one policy
 * after the other and says what each did to time and contents.
 *
 * The parts, from the ground up:
 *	files.c		small text files; settings put back at exit
 *	content.c	what is written into a page, and the check of it
 *	area.c		memory of one folio size on one node, and where it is
 *	prepared.c	folios of the kernel's own, and where they are
 *	policy.c	the policy of a reason and the counters (configfs, sysfs)
 *	workload.c	what provokes each reason
 *	load.c		other work that keeps every CPU busy
 *	stats.c		median and its interval
 *	measure.c	one run; rounds of alternating runs; figures of a round
 *	result.c	figures to and from JSON
 *	cmd_*.c		one command a file
 */
#ifndef MIGRATE_BENCH_H
#define MIGRATE_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define KIB 1024UL
#define PAGE_KIB 4UL
#define BASE_PAGE (PAGE_KIB * KIB)
#define MAX_PAIRS 64

/* ------------------------------------------------------------- files.c */

/**
 * text_read() - read a small file as one line, without the newline
 * @buf: where to put it
 * @size: bytes in @buf
 * @fmt: the path, as for printf()
 *
 * Return: 0, or -1 with errno set.
 */
int text_read(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** text_write() - write @value to the file @path; 0, or -1 with errno set */
int text_write(const char *path, const char *value);

/**
 * setting_change() - write a setting that is put back when the program ends
 * @value: what to write
 * @fmt: the path, as for printf()
 *
 * The value found at the first change of a path is the one put back. A file
 * that cannot be written ends the program with a message.
 */
void setting_change(const char *value, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* ----------------------------------------------------------- content.c */

/**
 * content_fill() - write one base page so that it describes itself
 * @page: the page, written to every byte
 * @generation: changes with every fill, so that an older content never passes
 */
void content_fill(void *page, uint64_t generation);

/** content_check() - true where every byte of @page is what was written */
bool content_check(const void *page, uint64_t generation);

/** content_explain() - say on stderr what is wrong with @page */
void content_explain(const void *page, uint64_t generation);

/* -------------------------------------------------------------- area.c */

/**
 * struct area - anonymous memory made of folios of one size
 * @addr: start, aligned to the folio size
 * @folio_kb: KiB in one folio
 * @folios: number of folios
 * @give_back: the advice that frees a part of it
 * @generation: generation of the content
 * @pfn: where each base page was at area_fill(); 0 = not there
 * @map: the mapping that @addr lies in
 * @map_bytes: length of @map
 */
struct area {
	char *addr;
	size_t folio_kb;
	size_t folios;
	int give_back;
	uint64_t generation;
	uint64_t *pfn;
	void *map;
	size_t map_bytes;
};

/**
 * struct placement - where the pages of an area are after a move
 * @present: base pages that exist
 * @moved: of these, base pages with another PFN than at area_fill()
 * @broken: folios that are no longer one aligned run of PFNs
 * @intact: every byte of every page is what was written
 */
struct placement {
	size_t present;
	size_t moved;
	size_t broken;
	bool intact;
};

/** area_bytes() - bytes in the area */
size_t area_bytes(const struct area *a);

/* No choice: the machine has one node, or the kernel knows of none. */
#define ANY_NODE (-1)

/**
 * area_create() - map and populate on @node
 * @a: filled in
 * @folio_kb: KiB in one folio
 * @folios: number of folios
 * @node: the node, or ANY_NODE
 * @shared: tmpfs instead of anonymous memory
 *
 * Ends the program where the memory cannot be had or where the kernel did not
 * make folios of the size asked for.
 */
void area_create(struct area *a, size_t folio_kb, size_t folios, int node,
		 bool shared);

/** area_destroy() - give the memory back */
void area_destroy(struct area *a);

/** area_punch() - give back all folios but every @keep-th */
void area_punch(struct area *a, size_t keep);

/** area_fill() - write new content to every page and note where the page is */
void area_fill(struct area *a);

/** area_survey() - compare place and content of every page */
void area_survey(const struct area *a, struct placement *p);

/* ---------------------------------------------------------- prepared.c */

/** prepared_open() - end with a message where the kernel prepares no folios */
void prepared_open(void);

/** prepared_create() - let the kernel fill folios of its own */
void prepared_create(size_t folio_kb, size_t folios);

/** prepared_destroy() - give them back */
void prepared_destroy(void);

/** prepared_move() - migrate them for @reason; a message and -1 on error */
int prepared_move(const char *reason);

/** prepared_move_area() - the same with an area of ours */
int prepared_move_area(const char *reason, const struct area *a);

/** prepared_survey() - compare place and content of every page */
void prepared_survey(struct placement *p);

/* ------------------------------------------------------------ policy.c */

enum counter {
	CUTS, CUT_NS, SUCCEEDED, FAILED, BATCHES, FOLIOS, PAGES, BYTES,
	COPY_NS, HELPER_NS, DECLINED_MIN, DECLINED_SLOT, DECLINED_BUSY,
	DECLINED_NOMEM, DECLINED_ERROR, INELIGIBLE, FAILED_ITEMS, STALE,
	NR_COUNTERS
};

struct counters {
	uint64_t v[NR_COUNTERS];
};

/**
 * struct variant - one way of copying that is compared
 * @backend: name of the backend
 * @workers: most CPUs one batch may use, 0 = the backend's own choice
 * @min_pages: smaller batches are copied inline, 0 = the backend's own minimum
 * @classes: what may be copied ahead, NULL = what is set
 */
struct variant {
	const char *backend;
	unsigned int workers;
	unsigned int min_pages;
	const char *classes;
};

/** policy_open() - end with a message where this kernel has no policies */
void policy_open(void);

/** policy_apply() - set the policy of @reason; put back at exit */
void policy_apply(const char *reason, const struct variant *v,
		  unsigned int batch_size);

/** counters_read() - read all counters of @name in @group (reasons, backends) */
void counters_read(struct counters *c, const char *group, const char *name);

/** counters_since() - what was counted since @before */
struct counters counters_since(const struct counters *now,
			       const struct counters *before);

/* ---------------------------------------------------------- workload.c */

/** enum memory - whose the folios of a workload are */
enum memory {
	MEMORY_ANON,		/* ours, anonymous */
	MEMORY_TMPFS,		/* ours, shared */
	MEMORY_KERNEL,		/* the kernel's: no area */
};

/**
 * struct workload - pages that move for one reason
 * @name: short and unique, for the command line
 * @label: for people
 * @reason: the migration reason, as the kernel names it
 * @folio_kb: KiB in one folio
 * @folios: folios in the area
 * @batch_size: batch_size of the policy
 * @node: the node they start on, or ANY_NODE
 * @memory: whose they are
 * @keep: where not 0, only every @keep-th folio is there when it starts
 * @whole: every page must have moved afterwards
 * @prepare: once before the first run, may be NULL
 * @move: makes the kernel move the pages; a message and -1 on error. NULL:
 *	they are moved for @reason as prepared.c does
 */
struct workload {
	const char *name;
	const char *label;
	const char *reason;
	size_t folio_kb;
	size_t folios;
	unsigned int batch_size;
	int node;
	enum memory memory;
	size_t keep;
	bool whole;
	void (*prepare)(void);
	int (*move)(const struct area *a);
};

extern const struct workload workloads[];
extern const size_t nr_workloads;

/** workload_find() - the workload called @name; ends with a message if none */
const struct workload *workload_find(const char *name);

/* -------------------------------------------------------------- load.c */

/** load_start() - one process that computes without end on every CPU */
void load_start(void);

/** load_stop() - end them */
void load_stop(void);

/* ------------------------------------------------------------- stats.c */

/**
 * struct interval - a median and the interval that holds the true one
 * @mid: the median
 * @lo: lower end
 * @hi: upper end
 */
struct interval {
	double mid;
	double lo;
	double hi;
};

/**
 * interval_of() - median and its interval from order statistics
 * @v: the values, sorted in place
 * @n: how many
 *
 * The ends are the values of rank k and n+1-k, with the largest k for which
 * the true median of independent values lies outside in at most 5% of cases,
 * whatever their distribution (sign test). From 6 values on there is such a k;
 * with fewer the smallest and the largest value are the ends.
 */
struct interval interval_of(double *v, size_t n);

/* ----------------------------------------------------------- measure.c */

/**
 * struct sample - one run of a workload
 * @wall_ns: time of the call that moved the pages
 * @cpu_ns: CPU time this thread used in it
 * @count: what the kernel counted for the reason
 * @backend_pages: by how much the backend's own counter of pages rose
 * @place: where the pages are afterwards
 * @verified: the content is right, the pages are elsewhere, the counters agree
 */
struct sample {
	uint64_t wall_ns;
	uint64_t cpu_ns;
	struct counters count;
	uint64_t backend_pages;
	struct placement place;
	bool verified;
};

/**
 * struct series - the runs of one workload under several variants
 * @rounds: number of rounds; each ran every variant once, in changing order
 */
struct series {
	const struct workload *workload;
	const struct variant *variant;
	size_t nr_variants;
	size_t rounds;
	struct sample *sample;
};

/** series_sample() - the sample of variant @v in round @r */
struct sample *series_sample(const struct series *s, size_t r, size_t v);

/** series_start() - prepare @s and run one round that is thrown away */
void series_start(struct series *s);

/**
 * series_extend() - run rounds until there are enough
 * @s: started
 * @pairs: rounds wanted in all, at most MAX_PAIRS
 * @seconds: once there are 6 rounds, stop when this much time is used
 */
void series_extend(struct series *s, size_t pairs, double seconds);

/** series_free() - give the samples back */
void series_free(struct series *s);

/**
 * sample_run() - run a workload once
 * @w: the workload
 * @v: set and count this variant; NULL: under whatever policy is there, and
 *     nothing is counted, so that any kernel will do
 * @s: filled in
 */
void sample_run(const struct workload *w, const struct variant *v,
		struct sample *s);

/** What a round can be asked for. Ratios compare variant @v with variant 0. */
typedef double (*figure_fn)(const struct series *s, size_t r, size_t v);

double figure_ratio(const struct series *s, size_t r, size_t v);
double figure_wall_ratio(const struct series *s, size_t r, size_t v);
double figure_cpu_ratio(const struct series *s, size_t r, size_t v);
double figure_mb_per_s(const struct series *s, size_t r, size_t v);
double figure_copy_share(const struct series *s, size_t r, size_t v);
double figure_cpu_us_per_page(const struct series *s, size_t r, size_t v);
double figure_cut_of_wall(const struct series *s, size_t r, size_t v);
double figure_away_us(const struct series *s, size_t r, size_t v);
double figure_helper_us(const struct series *s, size_t r, size_t v);
/* The ratio, as a part of what the copy share of the same round allows. */
double figure_reached(const struct series *s, size_t r, size_t v);

/** series_copy_share() - copy share, from the variant with one worker; or NAN */
struct interval series_copy_share(const struct series *s);

/** series_figure() - median and interval of @fn over all rounds */
struct interval series_figure(const struct series *s, size_t v, figure_fn fn);

/** series_best_mb_per_s() - speed of the least disturbed run */
double series_best_mb_per_s(const struct series *s, size_t v);

/**
 * ratio_verdict() - is it worse than what it is compared with?
 *
 * Return: "ok" or "worse" if all of the interval says so, else "undecided".
 */
const char *ratio_verdict(struct interval ratio);

/**
 * copy_bound() - the best ratio that @n CPUs allow with copy share @share
 *
 * @n need not be whole: see two_cpus().
 */
double copy_bound(double share, double n);

/**
 * two_cpus() - how much copying CPUs 0 and 1 get done together
 *
 * Return: in units of what one of them gets done alone, at most about 2.
 */
struct interval two_cpus(void);

/** series_total() - sum of one counter over all rounds */
uint64_t series_total(const struct series *s, size_t v, enum counter c);

/** series_verified() - true where every run of variant @v was verified */
bool series_verified(const struct series *s, size_t v);

/* ------------------------------------------------------------ result.c */

struct json_object;

/** struct machine - what the figures were taken on */
struct machine {
	char kernel[96];
	char accel[16];
	char cpu[96];
	char host_cpu[96];
	unsigned int nodes;
};

/** machine_describe() - fill in what the running kernel says of itself */
void machine_describe(struct machine *m);

/** result_new() - an empty report */
struct json_object *result_new(const struct machine *m);

/** result_new_grid() - an empty report whose runs are the cells of a grid */
struct json_object *result_new_grid(const struct machine *m);

/** result_add() - add the figures of a series, one run an object */
void result_add(struct json_object *report, const struct series *s,
		const char *load);

/** result_save() - write the report; ends with a message on error */
void result_save(struct json_object *report, const char *path);

/** result_load() - read a report; ends with a message on error */
struct json_object *result_load(const char *path);

/** result_print() - table, title and closing lines on stdout */
int result_print(struct json_object *report);

/** result_plot_data() - write what report.gp reads */
void result_plot_data(struct json_object *report, const char *path);

/* --------------------------------------------------------------- cmd_* */

int cmd_demo(int argc, char **argv);
int cmd_bars(int argc, char **argv);
int cmd_grid(int argc, char **argv);
int cmd_once(int argc, char **argv);
int cmd_report(int argc, char **argv);

/** number_option() - parse the value of option @name, or end with a message */
unsigned long number_option(const char *name, const char *text,
			    unsigned long min, unsigned long max);

#endif
