// SPDX-License-Identifier: GPL-2.0-only
/*
 * The test of one arm against the control, and how many events it needs.
 */
#include "statistics.h"

#include <math.h>
#include <stdlib.h>

double normal_tail(double z)
{
	return erfc(z / sqrt(2)) / 2;
}

/* By bisection: it is asked for a few times only. */
double normal_quantile(double tail)
{
	double low = -39, high = 39;

	while (high - low > 1e-12) {
		double mid = (low + high) / 2;

		if (normal_tail(mid) > tail)
			low = mid;
		else
			high = mid;
	}
	return (low + high) / 2;
}

/* Events of the same bucket tie; each pair of them counts a half. */
struct test mann_whitney(const struct hist *a, const struct hist *b)
{
	double n = (double)hist_total(a), m = (double)hist_total(b);
	double all = n + m, below = 0, ties = 0, off, variance;
	struct test test = { .superiority = 0.5, .p = 1 };

	if (!(n > 0 && m > 0))
		return test;
	for (size_t i = 0; i < HIST_BUCKETS; i++) {
		double x = (double)a->count[i], y = (double)b->count[i];
		double tied = x + y;

		test.u += x * (below + y / 2);
		below += y;
		ties += tied * (tied * tied - 1);
	}
	test.superiority = test.u / n / m;
	variance = n * m / 12 * (all + 1 - ties / all / (all - 1));
	off = test.u - n * m / 2;
	if (!(variance > 0) || fabs(off) <= 0.5)
		return test;
	test.z = (off - copysign(0.5, off)) / sqrt(variance);
	test.p = fmin(1, 2 * normal_tail(fabs(test.z)));
	return test;
}

static int by_value(const void *a, const void *b)
{
	double x = **(double *const *)a, y = **(double *const *)b;

	return (x > y) - (x < y);
}

void holm(double *p, size_t n)
{
	double **order = calloc(n + 1, sizeof(*order));
	double least = 0;

	if (!order) {
		/* Bonferroni needs no memory and only says less. */
		for (size_t i = 0; i < n; i++)
			p[i] = fmin(1, p[i] * (double)n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		order[i] = &p[i];
	qsort(order, n, sizeof(*order), by_value);
	for (size_t i = 0; i < n; i++) {
		least = fmax(least, fmin(1, *order[i] * (double)(n - i)));
		*order[i] = least;
	}
	free(order);
}

double events_needed(const struct hist *base, double factor, double share,
		     double level, double power)
{
	double total = (double)hist_total(base);
	double longer[HIST_BUCKETS];
	double below = 0, superiority = 0, ties = 0, z, off;

	if (!(total > 0 && factor > 1 && share > 0 && share < 1))
		return 0;
	hist_shift(base, log(factor), longer);
	for (size_t i = 0; i < HIST_BUCKETS; i++) {
		double here = (double)base->count[i] / total;
		double pooled = (1 - share) * here + share * longer[i];

		superiority += longer[i] * (below + here / 2);
		below += here;
		ties += pooled * pooled * pooled;
	}
	off = superiority - 0.5;
	z = normal_quantile(level / 2) + normal_quantile(1 - power);
	if (!(off > 0))
		return 0;
	return ceil((1 - ties) * z * z / (12 * share * (1 - share) * off * off));
}
