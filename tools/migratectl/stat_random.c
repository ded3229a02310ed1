// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random numbers that a seed repeats on every machine, and what bootstraps
 * draw.
 */
#include "statistics.h"

#include <math.h>
#include <string.h>

/* Below this mean, counting gaps is faster than transformed rejection. */
#define FEW	10

/* splitmix64 fills the state, as the authors of xoshiro advise. */
void rng_seed(struct rng *rng, uint64_t seed)
{
	for (size_t i = 0; i < 4; i++) {
		uint64_t z = seed += 0x9e3779b97f4a7c15;

		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
		z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
		rng->state[i] = z ^ (z >> 31);
	}
}

static uint64_t rotate(uint64_t x, int bits)
{
	return (x << bits) | (x >> (64 - bits));
}

uint64_t rng_next(struct rng *rng)
{
	uint64_t *s = rng->state;
	uint64_t result = rotate(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

double rng_uniform(struct rng *rng)
{
	return ldexp((double)(rng_next(rng) >> 11), -53);
}

/* What does not fill a multiple of @n is drawn again. */
uint64_t rng_below(struct rng *rng, uint64_t n)
{
	uint64_t least = -n % n;
	uint64_t x;

	do {
		x = rng_next(rng);
	} while (x < least);
	return x % n;
}

/* Jumps from success to success; the gaps are geometric. */
static uint64_t binomial_by_gaps(struct rng *rng, uint64_t n, double p)
{
	double miss = log1p(-p);
	double at = 0;
	uint64_t successes = 0;

	for (;;) {
		at += floor(log1p(-rng_uniform(rng)) / miss) + 1;
		if (at > (double)n)
			return successes;
		successes++;
	}
}

/* log(k! (n - k)!), up to the sign and what does not depend on k */
static double log_ways(double n, double k)
{
	return lgamma(k + 1) + lgamma(n - k + 1);
}

/* Hormann 1993, algorithm BTRS, without its squeeze: p <= 1/2, np >= 10. */
static uint64_t binomial_by_rejection(struct rng *rng, uint64_t count, double p)
{
	double n = (double)count;
	double deviation = sqrt(n * p * (1 - p));
	double b = 1.15 + 2.53 * deviation;
	double a = -0.0873 + 0.0248 * b + 0.01 * p;
	double c = n * p + 0.5;
	double alpha = (2.83 + 5.1 / b) * deviation;
	double odds = log(p / (1 - p));
	double mode = floor((n + 1) * p);
	double most = log_ways(n, mode);

	for (;;) {
		double u = rng_uniform(rng) - 0.5;
		double v = 1 - rng_uniform(rng);
		double us = 0.5 - fabs(u);
		double k = floor((2 * a / us + b) * u + c);

		if (!(k >= 0 && k <= n))
			continue;
		v = log(v * alpha / (a / (us * us) + b));
		if (v <= most - log_ways(n, k) + (k - mode) * odds)
			return (uint64_t)k;
	}
}

uint64_t rng_binomial(struct rng *rng, uint64_t n, double p)
{
	if (!n || !(p > 0))
		return 0;
	if (p >= 1)
		return n;
	if (p > 0.5)
		return n - rng_binomial(rng, n, 1 - p);
	if ((double)n * p < FEW)
		return binomial_by_gaps(rng, n, p);
	return binomial_by_rejection(rng, n, p);
}

/* Multinomial: bucket after bucket takes its share of what is left. */
void hist_resample(const struct hist *hist, struct rng *rng, struct hist *drawn)
{
	uint64_t left = hist_total(hist);
	uint64_t undrawn = left;

	memset(drawn, 0, sizeof(*drawn));
	for (size_t i = 0; i < HIST_BUCKETS && undrawn; i++) {
		if (!hist->count[i])
			continue;
		drawn->count[i] = rng_binomial(rng, undrawn,
					       (double)hist->count[i] /
					       (double)left);
		undrawn -= drawn->count[i];
		left -= hist->count[i];
	}
}
