// SPDX-License-Identifier: GPL-2.0-only
/*
 * Median and interval of a few values, for calibrate: order statistics, since
 * one disturbed run among few is the common case and no distribution is known.
 */
#include <math.h>
#include <stdlib.h>

#include "calibrate.h"

#define OUTSIDE	0.05

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/*
 * The interval from the kth value to the kth last one misses the median when
 * fewer than k values lie on one of its sides: 2 * sum(i < k) of
 * binomial(n, i) / 2^n.
 */
static size_t outer_rank(size_t n)
{
	double term = ldexp(1, -(int)n);
	double outside = 2 * term;
	size_t k = 1;

	for (; k < n; k++) {
		term *= (double)(n + 1 - k) / (double)k;
		outside += 2 * term;
		if (outside > OUTSIDE)
			break;
	}
	return k;
}

struct interval interval_of(double *value, size_t n)
{
	size_t k = outer_rank(n);

	qsort(value, n, sizeof(*value), compare);
	return (struct interval){
		.mid = (value[(n - 1) / 2] + value[n / 2]) / 2,
		.low = value[k - 1],
		.high = value[n - k],
	};
}
