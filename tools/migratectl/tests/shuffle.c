// SPDX-License-Identifier: GPL-2.0-only
/*
 * What chance makes of recorded calls: the calls of a trial's control and of
 * its first arm are put together and dealt out anew, as many to each as it had,
 * and the test is asked again whether the two differ. As nothing but chance
 * makes them differ, it may say so in 5% of the cases. For tests/trial_check.py
 * and tests/test_trial.py.
 *
 *	shuffle FILE TIMES	prints how often it said so, and how many calls
 *				show a difference of 20% with 99%
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "trial.h"

#define LEVEL	0.05

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

static void size(const struct pool *pool)
{
	struct hist all = { 0 };

	for (uint64_t i = 0; i < pool->calls; i++)
		all.count[pool->bucket[i]]++;
	printf("needed %.0f\n",
	       events_needed(&all, 1.2, 0.5, LEVEL, 0.99));
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
