// SPDX-License-Identifier: GPL-2.0-only
/*
 * Histograms with four buckets to each power of two, as the kernel keeps them.
 * Within a bucket, logarithms are taken to be spread evenly.
 */
#include "statistics.h"

#include <math.h>
#include <string.h>

/* Buckets of one power of two. */
#define PARTS	4

/* 95% of a normal distribution are nearer than this. */
#define NORMAL_95	1.959963984540054

size_t hist_bucket_of(uint64_t value)
{
	unsigned int power;

	if (value < PARTS)
		return (size_t)value;
	power = 63 - (unsigned int)__builtin_clzll(value);
	return PARTS + PARTS * (power - 2) +
	       ((value >> (power - 2)) & (PARTS - 1));
}

uint64_t hist_lower(size_t bucket)
{
	unsigned int power;

	if (bucket < PARTS)
		return bucket;
	power = (unsigned int)(bucket / PARTS) + 1;
	return (PARTS + (uint64_t)bucket % PARTS) << (power - 2);
}

double hist_upper(size_t bucket)
{
	unsigned int power = bucket < PARTS ? 2 :
		(unsigned int)(bucket / PARTS) + 1;

	return (double)hist_lower(bucket) + ldexp(1, (int)power - 2);
}

size_t hist_bucket(uint64_t lower)
{
	size_t bucket = hist_bucket_of(lower);

	return hist_lower(bucket) == lower ? bucket : HIST_BUCKETS;
}

uint64_t hist_total(const struct hist *hist)
{
	uint64_t total = 0;

	for (size_t i = 0; i < HIST_BUCKETS; i++)
		total += hist->count[i];
	return total;
}

void hist_add(struct hist *to, const struct hist *from)
{
	for (size_t i = 0; i < HIST_BUCKETS; i++)
		to->count[i] += from->count[i];
}

void hist_since(const struct hist *now, const struct hist *before,
		struct hist *delta)
{
	for (size_t i = 0; i < HIST_BUCKETS; i++)
		delta->count[i] = now->count[i] > before->count[i] ?
			now->count[i] - before->count[i] : 0;
}

/* Less than a nanosecond was measured as 0: its logarithm has to be finite. */
static double log_lower(size_t bucket)
{
	return log(bucket ? (double)hist_lower(bucket) : 0.5);
}

static double log_upper(size_t bucket)
{
	return log(hist_upper(bucket));
}

double hist_quantile(const struct hist *hist, double share)
{
	double rank = share * (double)hist_total(hist);
	double below = 0;
	size_t last = HIST_BUCKETS;

	for (size_t i = 0; i < HIST_BUCKETS; i++) {
		double here = (double)hist->count[i];

		if (!hist->count[i])
			continue;
		if (below + here >= rank)
			return exp(log_lower(i) + (log_upper(i) - log_lower(i)) *
				   (rank - below) / here);
		below += here;
		last = i;
	}
	return last < HIST_BUCKETS ? hist_upper(last) : 0;
}

/*
 * Of so many events, the number below the true quantile is binomial. A
 * bootstrap would do the same, but for what is lost in the buckets.
 */
struct range hist_quantile_range(const struct hist *hist, double share)
{
	double total = (double)hist_total(hist);
	double off;

	if (!(total > 0))
		return (struct range){ 0 };
	off = NORMAL_95 * sqrt(share * (1 - share) / total);
	return (struct range){
		.value = hist_quantile(hist, share),
		.low = hist_quantile(hist, fmax(share - off, 0)),
		.high = hist_quantile(hist, fmin(share + off, 1)),
	};
}

static double log_middle(size_t bucket)
{
	return (log_lower(bucket) + log_upper(bucket)) / 2;
}

static bool log_mean(const struct hist *hist, double *mean)
{
	double total = 0, sum = 0;

	for (size_t i = 0; i < HIST_BUCKETS; i++) {
		if (!hist->count[i])
			continue;
		total += (double)hist->count[i];
		sum += (double)hist->count[i] * log_middle(i);
	}
	*mean = total > 0 ? sum / total : 0;
	return total > 0;
}

bool hist_log_moments(const struct hist *hist, double *mean, double *variance)
{
	double total = (double)hist_total(hist);
	double squares = 0;

	*variance = 0;
	if (!log_mean(hist, mean))
		return false;
	for (size_t i = 0; i < HIST_BUCKETS; i++) {
		double width = log_upper(i) - log_lower(i);
		double off = log_middle(i) - *mean;

		squares += (double)hist->count[i] *
			   (off * off + width * width / 12);
	}
	*variance = squares / total;
	return true;
}

double hist_typical(const struct hist *hist)
{
	double mean;

	return log_mean(hist, &mean) ? exp(mean) : 0;
}

/* Spreads @mass over what [@low, @high) of logarithms covers. */
static void spread(double mass, double low, double high, double *share)
{
	size_t i = hist_bucket_of((uint64_t)exp(low));

	for (; i < HIST_BUCKETS && log_lower(i) < high; i++) {
		double from = fmax(low, log_lower(i));
		double to = fmin(high, log_upper(i));

		if (to > from)
			share[i] += mass * (to - from) / (high - low);
	}
}

void hist_shift(const struct hist *hist, double shift, double *share)
{
	double total = (double)hist_total(hist);

	memset(share, 0, HIST_BUCKETS * sizeof(*share));
	for (size_t i = 0; i < HIST_BUCKETS; i++)
		if (hist->count[i])
			spread((double)hist->count[i] / total,
			       log_lower(i) + shift, log_upper(i) + shift,
			       share);
}
