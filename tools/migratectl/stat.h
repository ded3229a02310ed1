/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters as rows of a table: what stat and watch share.
 */
#ifndef STAT_H
#define STAT_H

#include "cli.h"

struct backend_name {
	char text[NAME_MAX + 1];
};

/* Two readings of the counters of some objects. */
struct sampler {
	struct selection objects;
	struct backend_name *backend;	/* of each object; empty if it has none */
	struct mpol_counters *before;
	struct mpol_counters *now;
	uint64_t before_ns;
	uint64_t now_ns;
};

#define STAT_COLUMNS	30

extern const struct column stat_columns[STAT_COLUMNS];

/* How often, and how many times, as --interval and --count say. */
struct rhythm {
	uint64_t ns;
	unsigned long count;	/* 0: until it is stopped */
};

/* Reads both options; @seconds is what no --interval stands for. */
int rhythm_parse(const struct cli *cli, double seconds, struct rhythm *rhythm);

uint64_t monotonic_ns(void);

/* Takes the objects named, or all reasons; and the first reading. */
int sampler_start(struct cli *cli, int argc, char **argv,
		  struct sampler *sampler);

/*
 * One more reading; the last one becomes the one before. Says nothing, as the
 * screen may not be ours; returns 0 or a negative errno.
 */
int sampler_read(struct cli *cli, struct sampler *sampler);
void sampler_free(struct sampler *sampler);

/* What happened between both readings; since boot if there is one only. */
struct libscols_table *sampler_table(const struct cli *cli,
				     const struct sampler *sampler);

/* Prints one more table behind that of an interval; returns an exit code. */
typedef int print_more_fn(struct cli *cli, void *arg);

/*
 * Prints a table an interval; returns when all of them are printed. @more may
 * be NULL.
 */
int sampler_report(struct cli *cli, struct sampler *sampler,
		   const struct rhythm *rhythm, print_more_fn *more, void *arg);

/* prometheus.c: all metrics of the objects as text, to be freed; or NULL. */
char *prometheus_text(struct cli *cli, const struct selection *objects);

#endif /* STAT_H */
