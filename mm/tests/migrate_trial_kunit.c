// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the page migration policy: how calls are drawn for the arms
 * of trials, and what is counted for them. tools/testing/migrate_policy/ tests
 * the model of trials in depth.
 */

#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/jump_label.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/string.h>

#include "migrate_kunit.h"

/* Calls drawn, and how far from the mean their number is once in 10^9 times. */
#define CALLS		20000
#define SHARE		30
#define DEVIATION	400

/* They go before the test looks whether everything is at its default again. */
static struct migrate_trial trials[2];
static int nr_trials;

static struct migrate_trial *new_trial(struct kunit *test, const char *name,
				       const char *share)
{
	struct migrate_trial *trial = &trials[nr_trials];

	KUNIT_ASSERT_LT(test, nr_trials, (int)ARRAY_SIZE(trials));
	KUNIT_ASSERT_EQ(test, 0, migrate_trial_add(trial, MPK_REASON, name));
	nr_trials++;
	KUNIT_ASSERT_EQ(test, 0, migrate_trial_store_share(trial, share));
	KUNIT_ASSERT_EQ(test, 0, migrate_trial_store_live(trial, "1\n"));
	return trial;
}

static void trial_exit(struct kunit *test)
{
	while (nr_trials)
		migrate_trial_del(&trials[--nr_trials]);
	mpk_exit(test);
	KUNIT_EXPECT_FALSE(test, static_key_enabled(&migrate_trial_key));
}

static u64 sum_of(struct migrate_result __percpu *result, enum migrate_sum nr)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu_ptr(result, cpu)->sums[nr];
	return sum;
}

static u64 hist_of(struct migrate_result __percpu *result,
		   enum migrate_hist hist)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		for (int i = 0; i < MIGRATE_BUCKETS; i++)
			sum += per_cpu_ptr(result, cpu)->hists[hist][i];
	}
	return sum;
}

static void expect_sum(struct kunit *test, const struct migrate_trial *trial,
		       enum migrate_sum nr, u64 sum)
{
	KUNIT_EXPECT_EQ_MSG(test, sum, sum_of(trial->result, nr), "sum %d",
			    nr);
}

/* A call of one cut in which nothing moves. */
static void run_call(struct migrate_cut *cut)
{
	struct migrate_call call;

	memset(cut, 0, sizeof(*cut));
	migrate_call_begin(cut, &call);
	migrate_cut_begin(cut, MPK_REASON, 0, 0);
	migrate_call_end(cut);
	migrate_cut_end(cut, 0, 0);
}

static void buckets_test(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 3, migrate_bucket(3));
	KUNIT_EXPECT_EQ(test, 7, migrate_bucket(7));
	KUNIT_EXPECT_EQ(test, 8, migrate_bucket(9));
	KUNIT_EXPECT_EQ(test, 9, migrate_bucket(10));
	for (unsigned int i = 1; i < MIGRATE_BUCKETS; i++) {
		u64 lower = migrate_bucket_lower(i);

		KUNIT_EXPECT_EQ(test, i, migrate_bucket(lower));
		KUNIT_EXPECT_EQ(test, i - 1, migrate_bucket(lower - 1));
	}
	KUNIT_EXPECT_EQ(test, MIGRATE_BUCKETS - 1, migrate_bucket(U64_MAX));
}

/* No trial: nothing is drawn, nothing is noted down. */
static void no_trial_test(struct kunit *test)
{
	struct migrate_cut cut;
	struct migrate_call call;

	KUNIT_EXPECT_FALSE(test, static_key_enabled(&migrate_trial_key));
	mpk_set_policy(test, MIGRATE_KEY_WORKERS, "1");
	memset(&cut, 0, sizeof(cut));
	migrate_call_begin(&cut, &call);
	migrate_cut_begin(&cut, MPK_REASON, 0, 0);
	KUNIT_EXPECT_PTR_EQ(test, NULL, cut.call);
	migrate_cut_moved(&cut, 0);
	migrate_cut_settled(&cut);
	migrate_call_end(&cut);
	migrate_cut_end(&cut, 1, 0);
}

static void draw_test(struct kunit *test)
{
	struct migrate_trial *trial = new_trial(test, "draw", "30");
	struct migrate_result __percpu *control;
	struct migrate_cut cut;
	u64 before;
	long off;

	control = migrate_trial_control(MPK_REASON);
	KUNIT_ASSERT_NOT_NULL(test, (void __force *)control);
	before = sum_of(control, MIGRATE_SUM_CALLS);
	for (int i = 0; i < CALLS; i++)
		run_call(&cut);
	off = sum_of(trial->result, MIGRATE_SUM_CALLS);
	KUNIT_EXPECT_EQ(test, CALLS,
			off + sum_of(control, MIGRATE_SUM_CALLS) - before);
	off -= CALLS * SHARE / 100;
	KUNIT_EXPECT_LE(test, off, DEVIATION);
	KUNIT_EXPECT_GE(test, off, -DEVIATION);
}

/* Shares of 0 and 100 leave nothing to chance. */
static void certain_test(struct kunit *test)
{
	struct migrate_trial *none = new_trial(test, "none", "0");
	struct migrate_trial *all = new_trial(test, "all", "100");
	struct migrate_cut cut;

	for (int i = 0; i < 1000; i++)
		run_call(&cut);
	expect_sum(test, none, MIGRATE_SUM_CALLS, 0);
	expect_sum(test, all, MIGRATE_SUM_CALLS, 1000);
}

/* What migrate_pages() does with a batch of four, one of which fails. */
static void move_batch(struct migrate_cut *cut, struct mpk_batch *batch)
{
	migrate_copy_batch(cut, &batch->srcs, &batch->dsts);
	migrate_cut_moved(cut, -EAGAIN);
	for (int i = 0; i < 3; i++)
		migrate_cut_moved(cut, 0);
	migrate_cut_moved(cut, -ENOMEM);
	migrate_cut_settled(cut);
}

static void expect_results(struct kunit *test, struct migrate_trial *trial)
{
	struct migrate_result __percpu *result = trial->result;

	expect_sum(test, trial, MIGRATE_SUM_CALLS, 1);
	expect_sum(test, trial, MIGRATE_SUM_CUTS, 2);
	expect_sum(test, trial, MIGRATE_SUM_FOLIOS, 3);
	expect_sum(test, trial, MIGRATE_SUM_RETRIES, 1);
	expect_sum(test, trial, MIGRATE_SUM_OFFERED, 4);
	expect_sum(test, trial, MIGRATE_SUM_ENGAGED_PAGES, 2);
	expect_sum(test, trial, MIGRATE_SUM_SUCCEEDED, 3);
	expect_sum(test, trial, MIGRATE_SUM_FAILED, 6);
	expect_sum(test, trial, MIGRATE_SUM_PAGES, 9);
	KUNIT_EXPECT_EQ(test, 2, hist_of(result, MIGRATE_HIST_CUT_NS));
	KUNIT_EXPECT_EQ(test, 1, hist_of(result, MIGRATE_HIST_FIRST_NS));
	KUNIT_EXPECT_EQ(test, 1, hist_of(result, MIGRATE_HIST_AWAY_NS));
	KUNIT_EXPECT_EQ(test, 1, hist_of(result, MIGRATE_HIST_PAGE_NS));
	KUNIT_EXPECT_GT(test, sum_of(result, MIGRATE_SUM_FIRST_NS), 0);
	KUNIT_EXPECT_GE(test, sum_of(result, MIGRATE_SUM_AWAY_NS),
			sum_of(result, MIGRATE_SUM_FIRST_NS));
	KUNIT_EXPECT_GE(test, sum_of(result, MIGRATE_SUM_CUT_NS),
			sum_of(result, MIGRATE_SUM_AWAY_NS));
}

/*
 * A call of two cuts. The first pass of migrate_pages_sync() has a cut of its
 * own, which counts for the same call.
 */
static void results_test(struct kunit *test)
{
	struct mpk_batch *batch = mpk_new_batch(test, 4, 0);
	struct migrate_trial *trial;
	struct migrate_call call;
	struct migrate_cut private;

	mpk_use_backend(test, 0);
	mpk_fake.fail_every = 2;
	trial = new_trial(test, "results", "100");
	migrate_call_begin(&batch->cut, &call);
	migrate_cut_begin(&batch->cut, MPK_REASON, 0, 0);
	migrate_cut_inherit(&private, &batch->cut);
	move_batch(&private, batch);
	migrate_cut_end(&batch->cut, 3, 1);
	expect_sum(test, trial, MIGRATE_SUM_CALLS, 0);
	migrate_cut_begin(&batch->cut, MPK_REASON, 3, 1);
	migrate_call_end(&batch->cut);
	migrate_cut_end(&batch->cut, 3, 6);
	expect_results(test, trial);
}

/* A call keeps its arm, and the arm's policy, however often it could change. */
static void keep_test(struct kunit *test)
{
	struct migrate_trial *trial;
	struct migrate_call call;
	struct migrate_cut cut = {};
	u64 id;

	trial = new_trial(test, "keep", "50");
	migrate_call_begin(&cut, &call);
	migrate_cut_begin(&cut, MPK_REASON, 0, 0);
	id = call.id;
	for (int i = 0; i < 100; i++) {
		migrate_cut_end(&cut, i + 1, 0);
		migrate_cut_begin(&cut, MPK_REASON, i + 1, 0);
		KUNIT_EXPECT_EQ(test, id, call.id);
		KUNIT_EXPECT_STREQ(test, id ? "keep" : "control", call.name);
	}
	migrate_call_end(&cut);
	migrate_cut_end(&cut, 101, 0);
	expect_sum(test, trial, MIGRATE_SUM_CALLS, id ? 1 : 0);
}

/* The arm is gone: the rest goes its way with the base policy, uncounted. */
static void gone_test(struct kunit *test)
{
	struct migrate_trial *trial;
	struct migrate_call call;
	struct migrate_cut cut = {};
	u64 control;

	mpk_set_policy(test, MIGRATE_KEY_BATCH_SIZE, "7");
	trial = new_trial(test, "gone", "100");
	new_trial(test, "other", "0");
	mpk_set_policy(test, MIGRATE_KEY_BATCH_SIZE, "9");
	control = sum_of(migrate_trial_control(MPK_REASON), MIGRATE_SUM_CUTS);
	migrate_call_begin(&cut, &call);
	migrate_cut_begin(&cut, MPK_REASON, 0, 0);
	KUNIT_EXPECT_EQ(test, 7, cut.batch_size);
	migrate_cut_end(&cut, 7, 0);
	KUNIT_ASSERT_EQ(test, 0, migrate_trial_store_live(trial, "0"));
	expect_sum(test, trial, MIGRATE_SUM_CUTS, 1);
	KUNIT_ASSERT_EQ(test, 0, migrate_trial_store_live(trial, "1"));
	migrate_cut_begin(&cut, MPK_REASON, 7, 0);
	KUNIT_EXPECT_EQ(test, 9, cut.batch_size);
	KUNIT_EXPECT_PTR_EQ(test, NULL, cut.call);
	migrate_call_end(&cut);
	migrate_cut_end(&cut, 16, 0);
	expect_sum(test, trial, MIGRATE_SUM_CUTS, 0);
	expect_sum(test, trial, MIGRATE_SUM_CALLS, 0);
	KUNIT_EXPECT_EQ(test, control,
			sum_of(migrate_trial_control(MPK_REASON),
			       MIGRATE_SUM_CUTS));
}

static struct kunit_case migrate_trial_test_cases[] = {
	KUNIT_CASE(buckets_test),
	KUNIT_CASE(no_trial_test),
	KUNIT_CASE(draw_test),
	KUNIT_CASE(certain_test),
	KUNIT_CASE(results_test),
	KUNIT_CASE(keep_test),
	KUNIT_CASE(gone_test),
	{}
};

static struct kunit_suite migrate_trial_test_suite = {
	.name = "migrate_policy_trial",
	.init = mpk_init,
	.exit = trial_exit,
	.test_cases = migrate_trial_test_cases,
};

kunit_test_suite(migrate_trial_test_suite);

MODULE_DESCRIPTION("KUnit tests of the trials of migration policies");
MODULE_LICENSE("GPL");
