// SPDX-License-Identifier: GPL-2.0-only
/*
 * What chance makes of recorded calls: the calls of a trial's control and of
 * its first arm are put together and dealt out anew, as many to each as it had,
 * and the test is asked again whether the two differ. As nothing but chance
 * makes them differ, it may say so in 5% of the cases. For tests/trial_check.py
 * and tests/test_trial.py.
 *
 * Then calls are drawn from them for trials whose arm has a delay of 20%, to
 * see how many it takes until 99% of the trials find that.
 *
 *	shuffle FILE TIMES	prints how often it said so, the delay in ns a
 *				page, and how many calls it takes
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "trial.h"

#define LEVEL	0.05
#define DELAY	0.2
#define POWER	0.99
#define TRIALS	2000

struct pool {
	uint8_t *bucket;	/* of each call */
	uint64_t calls;
	uint64_t first;		/* of them, how many the control has */
};

static void add(struct pool *pool, const struct hist *hist)
{
	for (size_t i = 0; i < HIST_BUCKETS; i++)
		for (uint64_t n = 0; n < hist->count[i]; n++)
			pool->bucket[pool->calls++] = (uint8_t)i;
}

static bool fill(struct pool *pool, const struct trial *trial)
{
	const struct hist *control = &trial->arm[0].delta.hist[MPOL_H_PAGE];
	const struct hist *arm = &trial->arm[1].delta.hist[MPOL_H_PAGE];

	*pool = (struct pool){ 0 };
	pool->bucket = malloc((size_t)(hist_total(control) + hist_total(arm)) + 1);
	if (!pool->bucket)
		return false;
	add(pool, control);
	pool->first = pool->calls;
	add(pool, arm);
	return pool->first && pool->first < pool->calls;
}

/* Fisher and Yates, as far as the first hand goes. */
static double deal(struct pool *pool, struct rng *rng)
{
	struct hist hand[2] = { 0 };

	for (uint64_t i = 0; i < pool->calls; i++) {
		if (i < pool->first) {
			uint64_t j = i + rng_below(rng, pool->calls - i);
			uint8_t drawn = pool->bucket[j];

			pool->bucket[j] = pool->bucket[i];
			pool->bucket[i] = drawn;
		}
		hand[i >= pool->first].count[pool->bucket[i]]++;
	}
	return mann_whitney(&hand[0], &hand[1]).p;
}

static void shuffle(struct pool *pool, unsigned long times)
{
	unsigned long differ = 0;
	struct rng rng;

	rng_seed(&rng, 1);
	for (unsigned long i = 0; i < times; i++)
		differ += deal(pool, &rng) < LEVEL;
	printf("calls %" PRIu64 "\ntimes %lu\ndiffer %lu\n", pool->calls, times,
	       differ);
}

/* Somewhere in its bucket, and @delay later. */
static size_t delayed(size_t bucket, double delay, struct rng *rng)
{
	double lower = (double)hist_lower(bucket);
	double value = lower + rng_uniform(rng) * (hist_upper(bucket) - lower);

	return hist_bucket_of((uint64_t)(value + delay));
}

/* Whether a trial with so many calls, half of them delayed, finds it. */
static bool finds(const struct pool *pool, uint64_t calls, double delay,
		  struct rng *rng)
{
	struct hist hand[2] = { 0 };
	struct test test;

	for (uint64_t i = 0; i < calls; i++) {
		size_t bucket = pool->bucket[rng_below(rng, pool->calls)];

		if (rng_below(rng, 2))
			hand[1].count[delayed(bucket, delay, rng)]++;
		else
			hand[0].count[bucket]++;
	}
	test = mann_whitney(&hand[0], &hand[1]);
	return test.p < LEVEL && test.superiority < 0.5;
}

static double power(const struct pool *pool, uint64_t calls, double delay)
{
	unsigned int found = 0;
	struct rng rng;

	rng_seed(&rng, 2);
	for (unsigned int i = 0; i < TRIALS; i++)
		found += finds(pool, calls, delay, &rng);
	return (double)found / TRIALS;
}

static void size(const struct pool *pool)
{
	struct hist all = { 0 };
	uint64_t calls = 20;
	double delay;

	for (uint64_t i = 0; i < pool->calls; i++)
		all.count[pool->bucket[i]]++;
	delay = DELAY * hist_quantile(&all, 0.5);
	while (calls < 100000 && power(pool, calls, delay) < POWER)
		calls += calls / 20;
	printf("delay %.0f\nneeded %" PRIu64 "\n", delay, calls);
}

int main(int argc, char **argv)
{
	struct cli cli = { 0 };
	struct trial trial = { 0 };
	struct pool pool;

	if (argc != 3) {
		fputs("usage: shuffle FILE TIMES\n", stderr);
		return 2;
	}
	if (trial_load(&cli, argv[1], &trial))
		return 1;
	if (!fill(&pool, &trial)) {
		fputs("shuffle: too few calls\n", stderr);
		return 1;
	}
	shuffle(&pool, strtoul(argv[2], NULL, 10));
	size(&pool);
	free(pool.bucket);
	trial_free(&trial);
	return 0;
}
