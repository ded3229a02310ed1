// SPDX-License-Identifier: GPL-2.0-only
/*
 * Median and interval, for measure.c: no assumption on how the values are
 * distributed, since one disturbed run among few is the common case.
 */
#include <math.h>
#include <stdlib.h>

#include "bench.h"

#define OUTSIDE 0.05

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/*
 * The interval from rank k to n+1-k misses the median when fewer than k values
 * lie on one side of it: 2 * sum(i < k) of binomial(n, i) / 2^n.
 */
static size_t outer_rank(size_t n)
{
	double term = ldexp(1, -(int)n), outside = 2 * term;
	size_t k = 1;

	while (k < n) {
		term *= (double)(n + 1 - k) / k;
		outside += 2 * term;
		if (outside > OUTSIDE)
			break;
		k++;
	}
	return k;
}

struct interval interval_of(double *v, size_t n)
{
	struct interval i = { NAN, NAN, NAN };
	size_t k;

	if (!n)
		return i;
	qsort(v, n, sizeof(*v), compare);
	k = outer_rank(n);
	i.mid = (v[(n - 1) / 2] + v[n / 2]) / 2;
	i.lo = v[k - 1];
	i.hi = v[n - k];
	return i;
}
