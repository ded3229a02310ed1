// SPDX-License-Identifier: GPL-2.0-only
/*
 * Intervals by the bootstrap: percentiles of what resampled data would say.
 */
#include "statistics.h"

#include <math.h>
#include <stdlib.h>

/* What the interval leaves out on each side. */
#define OUTSIDE	0.025

/* A rate needs a few stretches that saw anything. */
#define SLICES_MIN	5

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts @drawn. */
static struct range percentiles(double value, double *drawn)
{
	size_t outside = (size_t)(OUTSIDE * BOOTSTRAPS);

	qsort(drawn, BOOTSTRAPS, sizeof(*drawn), compare);
	return (struct range){
		.value = value,
		.low = drawn[outside],
		.high = drawn[BOOTSTRAPS - 1 - outside],
	};
}

static double deviation_of_logs(const double *drawn)
{
	double sum = 0, squares = 0;

	for (size_t i = 0; i < BOOTSTRAPS; i++)
		sum += log(drawn[i]);
	sum /= BOOTSTRAPS;
	for (size_t i = 0; i < BOOTSTRAPS; i++)
		squares += (log(drawn[i]) - sum) * (log(drawn[i]) - sum);
	return sqrt(squares / (BOOTSTRAPS - 1));
}

struct range bootstrap_ratio(const struct hist *a, const struct hist *b,
			     struct rng *rng, double *deviation)
{
	double drawn[BOOTSTRAPS];
	struct hist from_a, from_b;

	*deviation = 0;
	if (!hist_total(a) || !hist_total(b))
		return (struct range){ 0 };
	for (size_t i = 0; i < BOOTSTRAPS; i++) {
		hist_resample(a, rng, &from_a);
		hist_resample(b, rng, &from_b);
		drawn[i] = hist_typical(&from_a) / hist_typical(&from_b);
	}
	*deviation = deviation_of_logs(drawn);
	return percentiles(hist_typical(a) / hist_typical(b), drawn);
}

/* Those that saw anything, and the rate over all of them. */
static size_t count_busy(const struct slice *slice, size_t count, double *rate)
{
	double pages = 0, ns = 0;
	size_t busy = 0;

	for (size_t i = 0; i < count; i++) {
		pages += (double)slice[i].pages;
		ns += (double)slice[i].ns;
		busy += slice[i].ns != 0;
	}
	*rate = ns > 0 ? pages / ns : 0;
	return busy;
}

/* One resample; drawn again in the rare case that it has seen nothing. */
static double draw_rate(const struct slice *slice, size_t count,
			struct rng *rng)
{
	double pages, ns;

	do {
		pages = 0;
		ns = 0;
		for (size_t i = 0; i < count; i++) {
			const struct slice *s = &slice[rng_below(rng, count)];

			pages += (double)s->pages;
			ns += (double)s->ns;
		}
	} while (!(ns > 0));
	return pages / ns;
}

struct range bootstrap_rate(const struct slice *slice, size_t count,
			    struct rng *rng)
{
	double drawn[BOOTSTRAPS];
	double rate;

	if (count_busy(slice, count, &rate) < SLICES_MIN)
		return (struct range){ .value = rate };
	for (size_t i = 0; i < BOOTSTRAPS; i++)
		drawn[i] = draw_rate(slice, count, rng);
	return percentiles(rate, drawn);
}
