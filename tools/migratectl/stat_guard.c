// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guard of a trial: it looks again and again, and each look is a chance
 * to err, so that each gets only its part of the level.
 */
#include "statistics.h"

#include <math.h>

/* Fewer calls than this say nothing that a normal distribution could. */
#define LEAST	30

bool surely_longer(const struct hist *arm, const struct hist *control,
		   double factor, double level, unsigned long look)
{
	double mean[2], variance[2], error, z;
	double n = (double)hist_total(arm);
	double m = (double)hist_total(control);

	if (n < LEAST || m < LEAST)
		return false;
	hist_log_moments(arm, &mean[0], &variance[0]);
	hist_log_moments(control, &mean[1], &variance[1]);
	error = sqrt(variance[0] / n + variance[1] / m);
	z = normal_quantile(level / (double)look / (double)(look + 1));
	return mean[0] - mean[1] - z * error > log(factor);
}
