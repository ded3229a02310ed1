/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The statistics behind trials: histograms as the kernel keeps them, and what
 * can be said from them. Values are nanoseconds, weights are events.
 *
 * It is own code: GSL has the distributions, but not the test, and loading it
 * would cost every other command of the program more than the command itself.
 */
#ifndef STATISTICS_H
#define STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Every power of two has four buckets; 0 to 3 have one each. */
#define HIST_BUCKETS	252

struct hist {
	uint64_t count[HIST_BUCKETS];
};

/* An estimate, and what holds the true value with 95%. */
struct range {
	double value;
	double low;
	double high;
};

/* stat_hist.c */

/* The bucket that begins at @lower; HIST_BUCKETS if none does. */
size_t hist_bucket(uint64_t lower);

/* The bucket that @value falls into. */
size_t hist_bucket_of(uint64_t value);
uint64_t hist_lower(size_t bucket);

/* The first value behind it; a double, as 2^64 may be. */
double hist_upper(size_t bucket);
uint64_t hist_total(const struct hist *hist);
void hist_add(struct hist *to, const struct hist *from);

/* What came since @before; counts that fell stand for nothing new. */
void hist_since(const struct hist *now, const struct hist *before,
		struct hist *delta);

/* The value below which @share of the events lie; 0 of an empty histogram. */
double hist_quantile(const struct hist *hist, double share);

/* The same, with the interval that the ranks beside it give. */
struct range hist_quantile_range(const struct hist *hist, double share);

/* Mean and variance of the natural logarithm; false if empty. */
bool hist_log_moments(const struct hist *hist, double *mean, double *variance);

/* The typical value: the geometric mean; 0 of an empty histogram. */
double hist_typical(const struct hist *hist);

/* Every value multiplied by exp(@shift), 0 <= shift: shares, not counts. */
void hist_shift(const struct hist *hist, double shift, double *share);

/* stat_random.c */

/* xoshiro256**, Blackman and Vigna 2018. */
struct rng {
	uint64_t state[4];
};

void rng_seed(struct rng *rng, uint64_t seed);
uint64_t rng_next(struct rng *rng);

/* Of [0, 1). */
double rng_uniform(struct rng *rng);

/* Of 0 to @n - 1, each as likely. */
uint64_t rng_below(struct rng *rng, uint64_t n);
uint64_t rng_binomial(struct rng *rng, uint64_t n, double p);

/* As many events, drawn from @hist with replacement. */
void hist_resample(const struct hist *hist, struct rng *rng,
		   struct hist *drawn);

/* stat_test.c */

/* What is beyond @z of the standard normal distribution; and back. */
double normal_tail(double z);
double normal_quantile(double tail);

struct test {
	double u;		/* of the first sample */
	double superiority;	/* P(a > b) + P(a = b) / 2 */
	double z;
	double p;		/* two-sided; 1 if nothing can be told */
};

/* Wilcoxon, Mann and Whitney, corrected for ties, with continuity. */
struct test mann_whitney(const struct hist *a, const struct hist *b);

/* Holm 1979: @p is replaced by what accounts for all @n tests. */
void holm(double *p, size_t n);

/*
 * Events in both samples together until mann_whitney() tells, with @power and
 * at two-sided @level, @base from the same @factor times as long; @share of
 * them are in one sample. Noether 1987, with the ties of the buckets. 0 if
 * that cannot be computed.
 */
double events_needed(const struct hist *base, double factor, double share,
		     double level, double power);

/* stat_bootstrap.c */

#define BOOTSTRAPS	2000

/* Typical value of @a by that of @b; @deviation is that of its logarithm. */
struct range bootstrap_ratio(const struct hist *a, const struct hist *b,
			     struct rng *rng, double *deviation);

/* One stretch of time. */
struct slice {
	uint64_t calls;
	uint64_t pages;
	uint64_t ns;
};

/*
 * Sum of pages by sum of ns, resampled by stretches: neighbours in time may
 * depend on each other. low = high = 0 where fewer than five have anything.
 */
struct range bootstrap_rate(const struct slice *slice, size_t count,
			    struct rng *rng);

/* stat_guard.c */

/*
 * Whether @arm is surely more than @factor times as long as @control, at the
 * @look-th look (from 1 on) of any number of them: all looks together err
 * with @level at most. The levels level / (look * (look + 1)) add up to it.
 */
bool surely_longer(const struct hist *arm, const struct hist *control,
		   double factor, double level, unsigned long look);

#endif /* STATISTICS_H */
