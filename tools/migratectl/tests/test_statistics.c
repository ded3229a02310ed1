// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of the statistics, against figures that others computed: SciPy
 * 1.10.1 (scipy.stats.mannwhitneyu(method="asymptotic"), norm.sf, norm.isf,
 * binom.cdf), and the tables and examples named below. What is random is seeded.
 */
#include "tree.h"

#include <math.h>
#include <string.h>

#include "statistics.h"

static void near(double got, double expected, double tolerance)
{
	if (fabs(got - expected) > tolerance)
		fail_msg("%.17g, expected %.17g", got, expected);
}

/* Adds @n events that took @value. */
static void put(struct hist *hist, uint64_t value, uint64_t n)
{
	hist->count[hist_bucket_of(value)] += n;
}

static void test_buckets(void **state)
{
	(void)state;
	for (size_t i = 0; i < HIST_BUCKETS; i++) {
		assert_int_equal(hist_bucket(hist_lower(i)), i);
		if (i + 1 < HIST_BUCKETS)
			assert_true(hist_upper(i) == (double)hist_lower(i + 1));
	}
	assert_true(hist_upper(HIST_BUCKETS - 1) == ldexp(1, 64));
	assert_int_equal(hist_bucket_of(UINT64_MAX), HIST_BUCKETS - 1);
	/* LOWER + 2^(max(floor(log2 LOWER), 2) - 2) */
	assert_true(hist_upper(hist_bucket(3)) == 4);
	assert_true(hist_upper(hist_bucket(5)) == 6);
	assert_true(hist_upper(hist_bucket(1280)) == 1536);
	assert_int_equal(hist_lower(hist_bucket_of(1535)), 1280);
	assert_int_equal(hist_bucket(1281), HIST_BUCKETS);
}

static void test_since(void **state)
{
	struct hist before = { 0 }, now = { 0 }, delta;

	(void)state;
	put(&before, 100, 3);
	put(&now, 100, 5);
	put(&now, 1000, 1);
	put(&before, 2000, 1);
	hist_since(&now, &before, &delta);
	assert_int_equal(hist_total(&delta), 3);
	assert_int_equal(delta.count[hist_bucket_of(2000)], 0);
	hist_add(&delta, &before);
	assert_int_equal(hist_total(&delta), 7);
}

static void test_quantile(void **state)
{
	struct hist hist = { 0 };

	(void)state;
	assert_true(hist_quantile(&hist, 0.5) == 0);
	assert_true(hist_typical(&hist) == 0);
	put(&hist, 1024, 2);
	near(hist_quantile(&hist, 0.5), sqrt(1024.0 * 1280), 1e-9);
	near(hist_quantile(&hist, 0), 1024, 1e-9);
	near(hist_quantile(&hist, 1), 1280, 1e-9);
	put(&hist, 4096, 2);
	near(hist_quantile(&hist, 0.5), 1280, 1e-9);
	near(hist_quantile(&hist, 0.99), 4096 * pow(1.25, 0.98), 1e-9);
	near(hist_typical(&hist), sqrt(1024 * 1.25 * 4096), 1e-9);
}

static void test_shift(void **state)
{
	struct hist hist = { 0 };
	double share[HIST_BUCKETS], sum = 0;

	(void)state;
	put(&hist, 1024, 3);
	put(&hist, 0, 1);
	hist_shift(&hist, 0, share);
	near(share[hist_bucket(1024)], 0.75, 1e-9);
	near(share[0], 0.25, 1e-9);
	/* A tenth of the bucket's width goes into the next one. */
	hist_shift(&hist, log(1.25) / 10, share);
	near(share[hist_bucket(1280)],
	     0.75 * log(1.25) / 10 / log(1.25), 1e-9);
	for (size_t i = 0; i < HIST_BUCKETS; i++)
		sum += share[i];
	near(sum, 1, 1e-9);
}

static void test_normal(void **state)
{
	(void)state;
	near(normal_tail(0), 0.5, 1e-15);
	near(normal_tail(1), 0.15865525393145707, 1e-15);
	near(normal_tail(5), 2.866515718791933e-07, 1e-20);
	near(normal_tail(10), 7.61985302416047e-24, 1e-36);
	near(normal_quantile(0.025), 1.959963984540054, 1e-9);
	near(normal_quantile(1e-6), 4.753424308822899, 1e-9);
	near(normal_quantile(0.5), 0, 1e-9);
}

static void test_mann_whitney(void **state)
{
	struct hist a = { 0 }, b = { 0 };
	struct test test;

	(void)state;
	put(&a, 2, 3);
	put(&a, 3, 5);
	put(&a, 8, 7);
	put(&a, 10, 2);
	put(&b, 2, 1);
	put(&b, 3, 2);
	put(&b, 8, 6);
	put(&b, 10, 9);
	test = mann_whitney(&a, &b);
	near(test.u, 80.5, 1e-9);
	near(test.p, 0.012684170068346386, 1e-12);
	near(test.superiority, 80.5 / 17 / 18, 1e-12);
	assert_true(test.z < 0);
	near(mann_whitney(&b, &a).p, test.p, 1e-15);
	near(mann_whitney(&b, &a).z, -test.z, 1e-12);
}

static void test_mann_whitney_of_many(void **state)
{
	struct hist a = { 0 }, b = { 0 };
	struct test test;

	(void)state;
	put(&a, 1024, 100);
	put(&a, 1280, 300);
	put(&a, 1536, 80);
	put(&a, 4096, 5);
	put(&b, 1024, 80);
	put(&b, 1280, 260);
	put(&b, 1536, 120);
	put(&b, 4096, 11);
	test = mann_whitney(&a, &b);
	near(test.u, 101327.5, 1e-9);
	near(test.p, 0.0006438966626721324, 1e-12);
}

static void test_mann_whitney_without_a_difference(void **state)
{
	struct hist a = { 0 }, b = { 0 };

	(void)state;
	assert_true(mann_whitney(&a, &b).p == 1);
	put(&a, 5, 3);
	assert_true(mann_whitney(&a, &b).p == 1);
	put(&b, 5, 9);
	assert_true(mann_whitney(&a, &b).p == 1);
	assert_true(mann_whitney(&a, &b).superiority == 0.5);
	memset(&b, 0, sizeof(b));
	put(&b, 7, 4);
	near(mann_whitney(&a, &b).p, 0.024744672046398936, 1e-12);
}

/* By hand: 4 * 0.005, 3 * 0.01, 2 * 0.03, then never less than before. */
static void test_holm(void **state)
{
	double p[] = { 0.03, 0.005, 0.01, 0.04 };
	double large[] = { 0.9, 0.6 };

	(void)state;
	holm(p, 4);
	near(p[1], 0.02, 1e-12);
	near(p[2], 0.03, 1e-12);
	near(p[0], 0.06, 1e-12);
	near(p[3], 0.06, 1e-12);
	holm(large, 2);
	assert_true(large[0] == 1 && large[1] == 1);
	holm(p, 0);
}

static void test_random(void **state)
{
	struct rng rng, again;
	double sum = 0;
	uint64_t seen = 0;

	(void)state;
	/* Vigna's splitmix64, seeded with 1234567, begins like this. */
	rng_seed(&rng, 1234567);
	assert_true(rng.state[0] == 6457827717110365317U);
	assert_true(rng.state[1] == 3203168211198807973U);
	/* The reference xoshiro256**: rotl(s[1] * 5, 7) * 9. */
	rng = (struct rng){ { 1, 2, 3, 4 } };
	assert_true(rng_next(&rng) == 11520);
	assert_true(rng_next(&rng) == 0);
	assert_true(rng_next(&rng) == 1509978240);
	rng_seed(&rng, 1);
	again = rng;
	for (int i = 0; i < 10000; i++) {
		double u = rng_uniform(&rng);

		assert_true(u >= 0 && u < 1 && u == rng_uniform(&again));
		sum += u;
		seen |= 1U << rng_below(&rng, 5);
		rng_below(&again, 5);
	}
	/* Four standard errors: 4 / sqrt(12 * 10000) */
	near(sum / 10000, 0.5, 0.0116);
	assert_int_equal(seen, 31);
}

/* Share of draws up to @k, against SciPy's binom.cdf; four standard errors. */
static void check_binomial(uint64_t k, uint64_t n, double p, double expected)
{
	const int draws = 40000;
	struct rng rng;
	int up_to = 0;

	rng_seed(&rng, n);
	for (int i = 0; i < draws; i++) {
		uint64_t x = rng_binomial(&rng, n, p);

		assert_true(x <= n);
		up_to += x <= k;
	}
	near((double)up_to / draws, expected,
	     4 * sqrt(expected * (1 - expected) / draws));
}

static void test_binomial(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 1);
	assert_int_equal(rng_binomial(&rng, 0, 0.5), 0);
	assert_int_equal(rng_binomial(&rng, 9, 0), 0);
	assert_int_equal(rng_binomial(&rng, 9, 1), 9);
	check_binomial(2, 20, 0.1, 0.6769268051894659);
	check_binomial(40, 100, 0.4, 0.5432944858820701);
	check_binomial(990, 1000000, 0.001, 0.3837019348799474);
	/* P(X <= 59 of 100 with 0.6) = 1 - P(X <= 40 of 100 with 0.4) */
	check_binomial(59, 100, 0.6, 1 - 0.5432944858820701);
}

static void test_resample(void **state)
{
	struct hist hist = { 0 }, drawn, sum = { 0 };
	struct rng rng;

	(void)state;
	put(&hist, 10, 1000);
	put(&hist, 100, 3000);
	put(&hist, 1000, 1);
	rng_seed(&rng, 7);
	for (int i = 0; i < 1000; i++) {
		hist_resample(&hist, &rng, &drawn);
		assert_int_equal(hist_total(&drawn), 4001);
		hist_add(&sum, &drawn);
	}
	/* Five standard errors of a sum of binomials. */
	near((double)sum.count[hist_bucket_of(10)], 1e6,
	     5 * sqrt(1e6 * 0.75));
	near((double)sum.count[hist_bucket_of(1000)], 1000, 5 * sqrt(1000));
}

/* Both samples from one histogram, one of them shifted by @factor. */
static double power_of(const struct hist *base, double factor, double events,
		       double share)
{
	const int runs = 1000;
	struct hist pool = { 0 }, longer = { 0 }, a, b;
	double moved[HIST_BUCKETS];
	struct rng rng;
	int found = 0;

	hist_shift(base, log(factor), moved);
	for (size_t i = 0; i < HIST_BUCKETS; i++) {
		pool.count[i] = base->count[i] * 1000;
		longer.count[i] = (uint64_t)(moved[i] * 1e9);
	}
	rng_seed(&rng, 3);
	for (int run = 0; run < runs; run++) {
		memset(&a, 0, sizeof(a));
		memset(&b, 0, sizeof(b));
		for (double i = 0; i < events; i++) {
			struct hist *to = i < events * share ? &a : &b;
			const struct hist *from = to == &a ? &longer : &pool;
			uint64_t x = rng_below(&rng, hist_total(from));
			size_t bucket = 0;

			while (x >= from->count[bucket])
				x -= from->count[bucket++];
			to->count[bucket]++;
		}
		found += mann_whitney(&a, &b).p < 0.05;
	}
	return (double)found / runs;
}

/* What it says is enough does find the difference as often as it says. */
static void test_events_needed(void **state)
{
	struct hist base = { 0 };
	double need;

	(void)state;
	assert_true(events_needed(&base, 1.2, 0.5, 0.05, 0.8) == 0);
	put(&base, 1024, 20);
	put(&base, 1280, 40);
	put(&base, 1536, 25);
	put(&base, 1792, 10);
	put(&base, 4096, 5);
	assert_true(events_needed(&base, 1, 0.5, 0.05, 0.8) == 0);
	assert_true(events_needed(&base, 1.2, 1, 0.05, 0.8) == 0);
	need = events_needed(&base, 1.2, 0.5, 0.05, 0.8);
	near(power_of(&base, 1.2, need, 0.5), 0.8, 0.06);
	need = events_needed(&base, 1.2, 0.25, 0.05, 0.99);
	near(power_of(&base, 1.2, need, 0.25), 0.985, 0.014);
	/* Noether's formula goes with the inverse square of the difference. */
	near(events_needed(&base, 1.05, 0.5, 0.05, 0.8) /
	     events_needed(&base, 1.1, 0.5, 0.05, 0.8), 4, 0.5);
}

static void test_bootstrap_ratio(void **state)
{
	struct hist a = { 0 }, b = { 0 };
	struct range range;
	struct rng rng;
	double deviation, mean, va, vb;

	(void)state;
	rng_seed(&rng, 1);
	range = bootstrap_ratio(&a, &b, &rng, &deviation);
	assert_true(range.value == 0 && range.high == 0 && deviation == 0);
	put(&a, 2048, 600);
	put(&a, 4096, 400);
	put(&b, 1024, 600);
	put(&b, 2048, 400);
	range = bootstrap_ratio(&a, &b, &rng, &deviation);
	near(range.value, 2, 1e-9);
	/* Its theory: the logarithms have variances va and vb. */
	hist_log_moments(&a, &mean, &va);
	hist_log_moments(&b, &mean, &vb);
	near(deviation, sqrt(va / 1000 + vb / 1000), 0.001);
	near(log(range.high / range.value), 1.96 * deviation, 0.005);
	near(log(range.value / range.low), 1.96 * deviation, 0.005);
}

static void test_quantile_range(void **state)
{
	struct hist hist = { 0 };
	struct range range;

	(void)state;
	assert_true(hist_quantile_range(&hist, 0.5).high == 0);
	for (uint64_t i = 0; i < 1000; i++)
		put(&hist, 1000 + i, 1);
	range = hist_quantile_range(&hist, 0.5);
	near(range.value, 1500, 10);
	/* Order statistics 469 and 532 of 1000 hold the median with 95%. */
	near(range.low, 1469, 10);
	near(range.high, 1532, 10);
	/*
	 * Likewise 881 and 919 for nine tenths; of the last bucket, 1792 to
	 * 2047, 208 have values, which are spread over all of it.
	 */
	range = hist_quantile_range(&hist, 0.9);
	near(range.value, 1792 * pow(2048.0 / 1792, 108.0 / 208), 1);
	near(range.low, 1792 * pow(2048.0 / 1792, 89.4 / 208), 1);
	near(range.high, 1792 * pow(2048.0 / 1792, 126.6 / 208), 1);
	/* One event says nothing of its quantiles. */
	memset(&hist, 0, sizeof(hist));
	put(&hist, 1024, 1);
	range = hist_quantile_range(&hist, 0.99);
	near(range.low, 1024 * pow(1.25, 0.795), 1);
	near(range.high, 1280, 1e-9);
}

static void test_bootstrap_rate(void **state)
{
	struct slice slice[40] = { 0 };
	struct range range;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 1);
	assert_true(bootstrap_rate(slice, 40, &rng).value == 0);
	for (size_t i = 0; i < 4; i++)
		slice[i] = (struct slice){ 1, 100, 1000 };
	range = bootstrap_rate(slice, 40, &rng);
	assert_true(range.value == 0.1 && range.low == 0 && range.high == 0);
	for (size_t i = 0; i < 40; i++)
		slice[i] = (struct slice){ 1, i % 2 ? 100 : 200, 1000 };
	range = bootstrap_rate(slice, 40, &rng);
	near(range.value, 0.15, 1e-12);
	/* Mean of 40 that are 0.1 or 0.2: deviation 0.05 / sqrt(40) */
	near(range.high - range.value, 1.96 * 0.05 / sqrt(40), 0.002);
}

/* What holds the true ratio holds it in about 95 of 100 cases. */
static void test_bootstrap_covers(void **state)
{
	struct hist truth = { 0 }, a, b;
	struct range range;
	struct rng rng;
	double deviation;
	int held = 0;

	(void)state;
	for (uint64_t i = 1; i <= 200; i++)
		put(&truth, 1000 + i * i, 1);
	rng_seed(&rng, 5);
	for (int i = 0; i < 200; i++) {
		hist_resample(&truth, &rng, &a);
		hist_resample(&truth, &rng, &b);
		range = bootstrap_ratio(&a, &b, &rng, &deviation);
		held += range.low <= 1 && range.high >= 1;
	}
	/* 95% of 200, and what a binomial may be off with 99.9% */
	assert_in_range(held, 178, 199);
}

static void test_guard(void **state)
{
	struct hist control = { 0 }, arm = { 0 }, a, b;
	struct rng rng;
	int stopped = 0;

	(void)state;
	put(&control, 1024, 1000);
	put(&control, 1280, 1000);
	put(&arm, 1280, 20);
	assert_false(surely_longer(&arm, &control, 1, 0.05, 1));
	put(&arm, 1280, 1000);
	put(&arm, 1536, 1000);
	assert_true(surely_longer(&arm, &control, 1.1, 0.05, 1));
	assert_true(surely_longer(&arm, &control, 1.1, 0.05, 1000));
	assert_false(surely_longer(&arm, &control, 1.22, 0.05, 1));
	assert_false(surely_longer(&control, &arm, 1, 0.05, 1));
	/* Never more errors than the level, however often it looks. */
	rng_seed(&rng, 11);
	for (int run = 0; run < 200; run++) {
		memset(&a, 0, sizeof(a));
		memset(&b, 0, sizeof(b));
		for (unsigned long look = 1; look <= 50; look++) {
			for (int i = 0; i < 40; i++) {
				put(&a, 1000 + rng_below(&rng, 1000), 1);
				put(&b, 1000 + rng_below(&rng, 1000), 1);
			}
			if (!surely_longer(&a, &b, 1, 0.05, look))
				continue;
			stopped++;
			break;
		}
	}
	assert_in_range(stopped, 0, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buckets),
		cmocka_unit_test(test_since),
		cmocka_unit_test(test_quantile),
		cmocka_unit_test(test_shift),
		cmocka_unit_test(test_normal),
		cmocka_unit_test(test_mann_whitney),
		cmocka_unit_test(test_mann_whitney_of_many),
		cmocka_unit_test(test_mann_whitney_without_a_difference),
		cmocka_unit_test(test_holm),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_binomial),
		cmocka_unit_test(test_resample),
		cmocka_unit_test(test_events_needed),
		cmocka_unit_test(test_bootstrap_ratio),
		cmocka_unit_test(test_quantile_range),
		cmocka_unit_test(test_bootstrap_rate),
		cmocka_unit_test(test_bootstrap_covers),
		cmocka_unit_test(test_guard),
	};

	return run_tap("statistics", tests);
}
