// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the page migration policy: what is forced on the engine
 * (CONFIG_MIGRATE_COPY_FAULT) is as bad as it should be, and is counted.
 */

#include <kunit/test.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>

#include "migrate_kunit.h"

static void calm_down(void *data)
{
	struct fault_attr *attr = data;

	attr->probability = 0;
	atomic_set(&attr->times, 1);
	attr->verbose = 2;
}

/* The next @times times that the engine asks, and then no more. */
static void force(struct kunit *test, enum migrate_fault fault, int times)
{
	struct fault_attr *attr = migrate_fault_attr(fault);

	attr->probability = 100;
	atomic_set(&attr->times, times);
	attr->verbose = 0;
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, calm_down, attr));
}

/* Whatever is forced, the folios that it spares keep what they had. */
static struct mpk_batch *filled_batch(struct kunit *test, unsigned int nr,
				      unsigned int order)
{
	struct mpk_batch *batch = mpk_new_batch(test, nr, order);
	struct folio *dst;

	list_for_each_entry(dst, &batch->dsts, lru)
		mpk_fill(dst, 9);
	return batch;
}

static unsigned int count_spoilt(struct mpk_batch *batch)
{
	unsigned int nr = 0;
	struct folio *dst;

	list_for_each_entry(dst, &batch->dsts, lru)
		nr += !mpk_has(dst, 9);
	return nr;
}

struct fault_case {
	const char *name;
	enum migrate_fault fault;
	enum migrate_counter counter;
};

static const struct fault_case item_cases[] = {
	{ "item_eio", MIGRATE_FAULT_ITEM_EIO },
	{ "item_hwpoison", MIGRATE_FAULT_ITEM_HWPOISON },
};

KUNIT_ARRAY_PARAM_DESC(item, item_cases, name);

static void fault_items_test(struct kunit *test)
{
	const struct fault_case *param = test->param_value;
	u64 injected = migrate_fault_injected(param->fault);
	struct mpk_batch *batch = filled_batch(test, 10, 1);
	struct mpk_counts *before;
	struct folio *dst;

	mpk_use_backend(test, 0);
	force(test, param->fault, 3);
	before = mpk_take_counts(test);
	mpk_run_batch(batch);
	KUNIT_EXPECT_EQ(test, 1, mpk_fake.nr_requests);
	KUNIT_EXPECT_EQ(test, 7, mpk_count_copied(batch));
	list_for_each_entry(dst, &batch->dsts, lru)
		KUNIT_EXPECT_EQ(test, mpk_is_copied(dst), mpk_has(dst, 9));
	mpk_expect_count(test, before, MIGRATE_FAILED_ITEMS, 3);
	mpk_expect_count(test, before, MIGRATE_FOLIOS, 7);
	mpk_expect_no_declines(test, before);
	KUNIT_EXPECT_EQ(test, injected + 3,
			migrate_fault_injected(param->fault));
}

static const struct fault_case decline_cases[] = {
	{ "decline", MIGRATE_FAULT_DECLINE, MIGRATE_DECLINED_BUSY },
	{ "nomem", MIGRATE_FAULT_NOMEM, MIGRATE_DECLINED_NOMEM },
	{ "error", MIGRATE_FAULT_ERROR, MIGRATE_DECLINED_ERROR },
};

KUNIT_ARRAY_PARAM_DESC(decline, decline_cases, name);

/* The first request only: what it leaves behind spoils no other. */
static void fault_decline_test(struct kunit *test)
{
	const struct fault_case *param = test->param_value;
	u64 injected = migrate_fault_injected(param->fault);
	struct mpk_batch *batch = filled_batch(test, MIGRATE_COPY_ITEMS + 1, 0);
	struct mpk_counts *before;

	mpk_use_backend(test, 0);
	force(test, param->fault, 1);
	before = mpk_take_counts(test);
	mpk_run_batch(batch);
	KUNIT_EXPECT_EQ(test, 1, mpk_fake.nr_requests);
	KUNIT_EXPECT_EQ(test, 1, mpk_count_copied(batch));
	KUNIT_EXPECT_EQ(test, MIGRATE_COPY_ITEMS, count_spoilt(batch));
	for (int i = MIGRATE_DECLINED_MIN; i <= MIGRATE_DECLINED_ERROR; i++)
		mpk_expect_count(test, before, i, i == param->counter);
	mpk_expect_count(test, before, MIGRATE_FOLIOS, 1);
	mpk_expect_count(test, before, MIGRATE_FAILED_ITEMS, 0);
	KUNIT_EXPECT_EQ(test, injected + 1,
			migrate_fault_injected(param->fault));
}

static void fault_slot_test(struct kunit *test)
{
	u64 injected = migrate_fault_injected(MIGRATE_FAULT_SLOT);
	struct mpk_batch *batch = filled_batch(test, 3, 0);
	struct mpk_counts *before;

	mpk_use_backend(test, 0);
	force(test, MIGRATE_FAULT_SLOT, 1);
	before = mpk_take_counts(test);
	mpk_run_batch(batch);
	KUNIT_EXPECT_EQ(test, 0, mpk_fake.nr_requests);
	mpk_expect_count(test, before, MIGRATE_DECLINED_SLOT, 1);
	KUNIT_EXPECT_EQ(test, injected + 1,
			migrate_fault_injected(MIGRATE_FAULT_SLOT));

	mpk_run_batch(batch);
	KUNIT_EXPECT_EQ(test, 3, mpk_count_copied(batch));
	mpk_expect_count(test, before, MIGRATE_DECLINED_SLOT, 1);
}

/* Not without a copy: then there is no interval to widen. */
static void fault_delay_test(struct kunit *test)
{
	u64 injected = migrate_fault_injected(MIGRATE_FAULT_DELAY);
	struct mpk_batch *batch = filled_batch(test, 3, 0);
	ktime_t start;

	mpk_use_backend(test, 0);
	force(test, MIGRATE_FAULT_DELAY, -1);
	mpk_fake.rc = -EBUSY;
	mpk_run_batch(batch);
	KUNIT_EXPECT_EQ(test, injected,
			migrate_fault_injected(MIGRATE_FAULT_DELAY));

	mpk_fake.rc = 0;
	start = ktime_get();
	mpk_run_batch(batch);
	KUNIT_EXPECT_GE(test, ktime_us_delta(ktime_get(), start), 10000);
	KUNIT_EXPECT_EQ(test, injected + 1,
			migrate_fault_injected(MIGRATE_FAULT_DELAY));
	KUNIT_EXPECT_EQ(test, 3, mpk_count_copied(batch));
	KUNIT_EXPECT_EQ(test, 0, count_spoilt(batch));
}

static void fault_stale_test(struct kunit *test)
{
	u64 injected = migrate_fault_injected(MIGRATE_FAULT_STALE);
	struct folio *src = mpk_test_folio(test, 2);
	struct folio *dst = mpk_test_folio(test, 2);
	struct mpk_counts *before;

	mpk_use_backend(test, 0);
	KUNIT_ASSERT_EQ(test, 0, mem_cgroup_charge(src, NULL, GFP_KERNEL));
	mpk_make_anon(src);
	mpk_fill(src, 1);
	mpk_fill(dst, 1);
	force(test, MIGRATE_FAULT_STALE, 1);
	before = mpk_take_counts(test);
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			migrate_marked_folio(dst, src, MPK_REASON));
	KUNIT_EXPECT_PTR_EQ(test, NULL, dst->mapping);
	KUNIT_EXPECT_FALSE(test, mpk_has(dst, 1));
	KUNIT_EXPECT_TRUE(test, mpk_has(src, 1));
	mpk_expect_count(test, before, MIGRATE_STALE, 1);
	KUNIT_EXPECT_EQ(test, injected + 1,
			migrate_fault_injected(MIGRATE_FAULT_STALE));

	mpk_fill(dst, 1);
	KUNIT_EXPECT_EQ(test, 0, migrate_marked_folio(dst, src, MPK_REASON));
	mpk_expect_count(test, before, MIGRATE_STALE, 1);
}

/* Nobody asks where nothing is copied ahead. */
static void fault_inline_test(struct kunit *test)
{
	struct mpk_batch *batch = filled_batch(test, 3, 0);
	u64 injected[MIGRATE_FAULTS];

	for (int i = 0; i < MIGRATE_FAULTS; i++) {
		injected[i] = migrate_fault_injected(i);
		force(test, i, -1);
	}
	mpk_set_policy(test, MIGRATE_KEY_BATCH_SIZE, "17");
	mpk_run_batch(batch);
	for (int i = 0; i < MIGRATE_FAULTS; i++)
		KUNIT_EXPECT_EQ(test, injected[i], migrate_fault_injected(i));
	KUNIT_EXPECT_EQ(test, 0, count_spoilt(batch));
}

static struct kunit_case migrate_copy_fault_test_cases[] = {
	KUNIT_CASE_PARAM(fault_items_test, item_gen_params),
	KUNIT_CASE_PARAM(fault_decline_test, decline_gen_params),
	KUNIT_CASE(fault_slot_test),
	KUNIT_CASE(fault_delay_test),
	KUNIT_CASE(fault_stale_test),
	KUNIT_CASE(fault_inline_test),
	{}
};

static struct kunit_suite migrate_copy_fault_test_suite = {
	.name = "migrate_policy_fault",
	.init = mpk_init,
	.exit = mpk_exit,
	.test_cases = migrate_copy_fault_test_cases,
};

kunit_test_suite(migrate_copy_fault_test_suite);

MODULE_DESCRIPTION("KUnit tests of the faults of the page migration policy");
MODULE_LICENSE("GPL");
