// SPDX-License-Identifier: GPL-2.0-only
/*
 * migrate_bench grid: folios of many sizes and numbers under inline, mt on one
 * CPU and mt on two, on a machine with one memory node; for `make bench-uml`.
 * Says on stderr how far it is, prints the table on stdout.
 *
 * min_pages=1: the backend copies also where its own minimum would leave it to
 * the inline path, so that it is mt that is measured in every cell.
 */
#include <dirent.h>
#include <err.h>
#include <getopt.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define REASONS "/sys/kernel/mm/migrate_policy/reasons"
#define ALL_CLASSES "anon,swapcache,shmem,file"
#define MAX_REASONS 32
/* As much as a list may hold. */
#define MAX_KIB (128 * KIB)
#define MAX_SECONDS 10		/* a cell, on a slow machine */

static const struct variant variants[] = {
	{ .backend = "inline", .classes = ALL_CLASSES },
	{
		.backend = "mt", .workers = 1, .min_pages = 1,
		.classes = ALL_CLASSES,
	}, {
		.backend = "mt", .workers = 2, .min_pages = 1,
		.classes = ALL_CLASSES,
	},
};

struct grid {
	const char *json;
	const char *host_cpu;
	unsigned long pairs;
	struct json_object *report;
};

static void size_text(char *buf, size_t size, size_t kib)
{
	snprintf(buf, size, kib < 1024 ? "%zuK" : "%zuM",
		 kib < 1024 ? kib : kib / 1024);
}

static void figures_print(const struct series *s)
{
	fprintf(stderr, "%3zu pairs", s->rounds);
	for (size_t v = 1; v < s->nr_variants; v++) {
		struct interval i = series_figure(s, v, figure_ratio);

		fprintf(stderr, " %s/%u %.2f (%.2f-%.2f)",
			s->variant[v].backend, s->variant[v].workers, i.mid,
			i.lo, i.hi);
	}
	fprintf(stderr, "\n");
}

static void cell_run(const struct grid *g, struct workload w, const char *load)
{
	struct series s = {
		.workload = &w,
		.variant = variants,
		.nr_variants = ARRAY_SIZE(variants),
	};

	w.node = ANY_NODE;
	w.name = w.label;
	fprintf(stderr, "%-38s", w.label);
	series_start(&s);
	series_extend(&s, g->pairs, MAX_SECONDS);
	figures_print(&s);
	result_add(g->report, &s, load);
	series_free(&s);
}

/* Prepared folios, for one reason. */
static void prepared_run(const struct grid *g, const char *reason,
			 size_t folio_kb, size_t folios,
			 unsigned int batch_size, const char *load)
{
	struct workload w = {
		.reason = reason, .memory = MEMORY_KERNEL,
		.folio_kb = folio_kb, .folios = folios,
		.batch_size = batch_size, .whole = true,
	};
	char size[16], label[96];

	size_text(size, sizeof(size), folio_kb);
	snprintf(label, sizeof(label), "%s, %zu of %s, batches of %u%s",
		 reason, folios, size, batch_size,
		 strcmp(load, "busy") ? "" : ", busy");
	w.label = label;
	cell_run(g, w, load);
}

/* Whole lists in one batch as well, where that is something else. */
static void sizes_run(const struct grid *g)
{
	static const size_t sizes[] = { 4, 64, 2048 };
	static const size_t numbers[] = { 1, 8, 32, 64, 512, 4096 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(numbers); j++) {
			size_t kib = sizes[i] * numbers[j];

			if (kib > MAX_KIB)
				break;
			prepared_run(g, "demotion", sizes[i], numbers[j], 512,
				     "idle");
			if (kib > 512 * PAGE_KIB)
				prepared_run(g, "demotion", sizes[i],
					     numbers[j], kib / PAGE_KIB,
					     "idle");
		}
	}
}

static void busy_run(const struct grid *g)
{
	load_start();
	prepared_run(g, "demotion", 4, 512, 512, "busy");
	prepared_run(g, "demotion", 64, 32, 512, "busy");
	prepared_run(g, "demotion", 2048, 8, 4096, "busy");
	load_stop();
}

static void reasons_run(const struct grid *g)
{
	DIR *dir = opendir(REASONS);
	size_t seen = 0;
	struct dirent *d;

	if (!dir)
		err(EXIT_FAILURE, "cannot read " REASONS);
	while ((d = readdir(dir))) {
		if (d->d_name[0] == '.' || seen++ == MAX_REASONS)
			continue;
		prepared_run(g, d->d_name, 64, 32, 512, "idle");
	}
	closedir(dir);
}

/*
 * Compaction by itself would fill the holes before we measure; and holes kept
 * in per-CPU lists are none it can move pages to, so keep these lists short.
 */
static void prepare_compaction(void)
{
	setting_change("0", "/proc/sys/vm/compaction_proactiveness");
	setting_change("1000000", "/proc/sys/vm/percpu_pagelist_high_fraction");
}

static int compact_all(const struct area *a)
{
	(void)a;
	if (!text_write("/proc/sys/vm/compact_memory", "1"))
		return 0;
	warn("cannot write 1 to /proc/sys/vm/compact_memory");
	return -1;
}

/* Pages of a process, through its page tables. */
static void mapped_run(const struct grid *g)
{
	static const struct workload mapped[] = {
		{
			.label = "anonymous 4K, 512 a batch",
			.reason = "syscall_or_cpuset", .memory = MEMORY_ANON,
			.folio_kb = 4, .folios = 4096, .batch_size = 512,
			.whole = true,
		}, {
			.label = "anonymous 4K, 4096 a batch",
			.reason = "syscall_or_cpuset", .memory = MEMORY_ANON,
			.folio_kb = 4, .folios = 4096, .batch_size = 4096,
			.whole = true,
		}, {
			.label = "tmpfs 4K, 512 a batch",
			.reason = "syscall_or_cpuset", .memory = MEMORY_TMPFS,
			.folio_kb = 4, .folios = 4096, .batch_size = 512,
			.whole = true,
		}, {
			.label = "tmpfs 4K, 4096 a batch",
			.reason = "syscall_or_cpuset", .memory = MEMORY_TMPFS,
			.folio_kb = 4, .folios = 4096, .batch_size = 4096,
			.whole = true,
		}, {
			.label = "compaction, anonymous 4K",
			.reason = "compaction", .memory = MEMORY_ANON,
			.folio_kb = 4, .folios = 12288, .batch_size = 512,
			.keep = 4, .prepare = prepare_compaction,
			.move = compact_all,
		}, {
			.label = "compaction, tmpfs 4K",
			.reason = "compaction", .memory = MEMORY_TMPFS,
			.folio_kb = 4, .folios = 12288, .batch_size = 512,
			.keep = 4, .prepare = prepare_compaction,
			.move = compact_all,
		},
	};

	for (size_t i = 0; i < ARRAY_SIZE(mapped); i++)
		cell_run(g, mapped[i], "idle");
}

static struct grid grid_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", required_argument, NULL, 'j' },
		{ "pairs", required_argument, NULL, 'p' },
		{ "host-cpu", required_argument, NULL, 'c' },
		{ }
	};
	struct grid g = { .pairs = 15 };
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'j')
			g.json = optarg;
		else if (c == 'p')
			g.pairs = number_option("--pairs", optarg, 6, MAX_PAIRS);
		else if (c == 'c')
			g.host_cpu = optarg;
		else
			exit(EXIT_FAILURE);
	}
	if (optind != argc)
		errx(EXIT_FAILURE, "grid: unexpected argument %s", argv[optind]);
	return g;
}

int cmd_grid(int argc, char **argv)
{
	struct grid g = grid_options(argc, argv);
	struct machine machine;
	int status;

	policy_open();
	prepared_open();
	machine_describe(&machine);
	if (g.host_cpu)
		snprintf(machine.host_cpu, sizeof(machine.host_cpu), "%s",
			 g.host_cpu);
	g.report = result_new_grid(&machine);
	mapped_run(&g);
	sizes_run(&g);
	reasons_run(&g);
	busy_run(&g);
	if (g.json)
		result_save(g.report, g.json);
	fprintf(stderr, "\n");
	status = result_print(g.report);
	json_object_put(g.report);
	return status;
}
