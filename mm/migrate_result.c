// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page migration policy: what the calls of an arm did.
 */

/**
 * DOC: migrate_result
 *
 * Each arm of a reason's trials, the control arm included, has sums and
 * histograms of durations on each CPU. A cut adds to those of its CPU alone,
 * once, when it ends: that costs no lock and no shared cache line. Readers sum
 * over the CPUs. Nothing is ever set back; who wants an interval takes the
 * difference of two readings.
 *
 * A histogram has a bucket for each duration below 4 ns, and four of equal
 * width for each power of two from there on, so that a bucket is never wider
 * than a quarter of its lower bound.
 */

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/percpu.h>
#include <linux/sysfs.h>

#include "migrate_trial.h"

static const char * const sum_names[MIGRATE_SUMS] = {
	[MIGRATE_SUM_CALLS] = "calls",
	[MIGRATE_SUM_CUTS] = "cuts",
	[MIGRATE_SUM_FOLIOS] = "folios",
	[MIGRATE_SUM_PAGES] = "pages",
	[MIGRATE_SUM_SUCCEEDED] = "succeeded",
	[MIGRATE_SUM_FAILED] = "failed",
	[MIGRATE_SUM_RETRIES] = "retries",
	[MIGRATE_SUM_OFFERED] = "offered",
	[MIGRATE_SUM_ENGAGED_PAGES] = "engaged_pages",
	[MIGRATE_SUM_CUT_NS] = "cut_ns",
	[MIGRATE_SUM_FIRST_NS] = "first_ns",
	[MIGRATE_SUM_AWAY_NS] = "away_ns",
	[MIGRATE_SUM_COPY_NS] = "copy_ns",
	[MIGRATE_SUM_HELPER_NS] = "helper_ns",
};

/*
 * The longest that a histogram can get: a line has the lower bound, a count of
 * up to 20 digits, a blank and a newline. The buckets that begin below 2^10,
 * 2^20, 2^30 and 2^35 are 36, 76, 116 and 136, and their bounds have at most
 * 4, 7, 10 and 11 digits.
 */
#define LINE_LEN(digits)	((digits) + 22)
#define HIST_LEN							\
	(36 * LINE_LEN(4) + (76 - 36) * LINE_LEN(7) +			\
	 (116 - 76) * LINE_LEN(10) + (MIGRATE_BUCKETS - 116) * LINE_LEN(11))

static_assert(MIGRATE_BUCKETS == 4 * (35 - 1));
static_assert(HIST_LEN < 4096);

/**
 * migrate_bucket() - the bucket that a duration belongs to
 * @ns: the duration, in ns
 *
 * Context: any.
 * Return: its number; the last one for all that is too long.
 */
unsigned int migrate_bucket(u64 ns)
{
	unsigned int power, bucket;

	if (ns < 4)
		return ns;
	power = ilog2(ns);
	bucket = 4 * (power - 1) + (ns >> (power - 2)) % 4;
	return bucket < MIGRATE_BUCKETS ? bucket : MIGRATE_BUCKETS - 1;
}

/**
 * migrate_bucket_lower() - the shortest duration in a bucket
 * @bucket: its number
 *
 * Context: any.
 * Return: the duration, in ns.
 */
u64 migrate_bucket_lower(unsigned int bucket)
{
	if (bucket < 4)
		return bucket;
	return (u64)(4 + bucket % 4) << (bucket / 4 - 1);
}

/* Readers on other CPUs may look at it meanwhile. */
static void add(u64 *sum, u64 nr)
{
	WRITE_ONCE(*sum, *sum + nr);
}

static void count(struct migrate_result *result, enum migrate_hist hist, u64 ns)
{
	add(&result->hists[hist][migrate_bucket(ns)], 1);
}

/**
 * migrate_result_add_cut() - add what a cut did
 * @result: the results of its arm
 * @sums: MIGRATE_SUMS numbers, see enum migrate_sum
 *
 * Context: process context, while the arm cannot go away.
 */
void migrate_result_add_cut(struct migrate_result __percpu *result,
			    const u64 *sums)
{
	struct migrate_result *here = get_cpu_ptr(result);

	for (int i = 0; i < MIGRATE_SUMS; i++)
		add(&here->sums[i], sums[i]);
	count(here, MIGRATE_HIST_CUT_NS, sums[MIGRATE_SUM_CUT_NS]);
	if (sums[MIGRATE_SUM_FOLIOS]) {
		count(here, MIGRATE_HIST_FIRST_NS, sums[MIGRATE_SUM_FIRST_NS]);
		count(here, MIGRATE_HIST_AWAY_NS, sums[MIGRATE_SUM_AWAY_NS]);
	}
	put_cpu_ptr(result);
}

/**
 * migrate_result_add_call() - add a call whose last cut has been added
 * @result: the results of its arm
 * @ns: time of its cuts, in ns
 * @pages: their base pages
 *
 * Context: process context, while the arm cannot go away.
 */
void migrate_result_add_call(struct migrate_result __percpu *result, u64 ns,
			     u64 pages)
{
	struct migrate_result *here = get_cpu_ptr(result);

	add(&here->sums[MIGRATE_SUM_CALLS], 1);
	if (pages)
		count(here, MIGRATE_HIST_PAGE_NS, ns / pages);
	put_cpu_ptr(result);
}

/**
 * migrate_result_show_sums() - the sums of an arm as text
 * @result: its results; NULL for none, which reads as zeros
 * @buf: a page to write to
 *
 * Context: process context, while @result stays.
 * Return: the number of bytes written to @buf.
 */
int migrate_result_show_sums(struct migrate_result __percpu *result, char *buf)
{
	int len = 0, cpu;

	for (int i = 0; i < MIGRATE_SUMS; i++) {
		u64 sum = 0;

		for_each_possible_cpu(cpu) {
			if (result)
				sum += READ_ONCE(per_cpu_ptr(result,
							     cpu)->sums[i]);
		}
		len += sysfs_emit_at(buf, len, "%s %llu\n", sum_names[i],
				     (unsigned long long)sum);
	}
	return len;
}

static u64 sum_bucket(struct migrate_result __percpu *result,
		      enum migrate_hist hist, unsigned int bucket)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(result, cpu)->hists[hist][bucket]);
	return sum;
}

/**
 * migrate_result_show_hist() - a histogram of an arm as text
 * @result: its results; NULL for none, which is an empty histogram
 * @hist: which one
 * @buf: a page to write to
 *
 * Context: process context, while @result stays.
 * Return: the number of bytes written to @buf.
 */
int migrate_result_show_hist(struct migrate_result __percpu *result,
			     enum migrate_hist hist, char *buf)
{
	int len = 0;

	for (unsigned int i = 0; result && i < MIGRATE_BUCKETS; i++) {
		u64 sum = sum_bucket(result, hist, i);

		if (sum)
			len += sysfs_emit_at(buf, len, "%llu %llu\n",
					     (unsigned long long)
					     migrate_bucket_lower(i),
					     (unsigned long long)sum);
	}
	return len;
}
