// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the page migration policy: the copies that the backend "mt"
 * makes.
 */

#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "../internal.h"
#include "migrate_kunit.h"

#define MT_ITEMS	MIGRATE_COPY_ITEMS

/* A request with one item more than it tells of. */
struct mt_request {
	struct migrate_copy_request req;
	struct migrate_copy_item items[MT_ITEMS + 1];
};

static void free_request(void *data)
{
	struct mt_request *mt = data;

	for (unsigned int i = 0; i <= MT_ITEMS && mt->items[i].src; i++) {
		mpk_free_folio(mt->items[i].src);
		if (mt->items[i].dst)
			mpk_free_folio(mt->items[i].dst);
	}
	kvfree(mt);
}

static struct mt_request *new_request(struct kunit *test, unsigned int workers)
{
	struct mt_request *mt = kvzalloc(sizeof(*mt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, mt);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, free_request, mt));
	mt->req.items = mt->items;
	mt->req.workers = workers;
	mt->req.reason = MPK_REASON;
	return mt;
}

static void add_item(struct kunit *test, struct mt_request *mt,
		     unsigned int nr, unsigned int order)
{
	struct migrate_copy_item *item = &mt->items[nr];

	item->src = mpk_new_folio(test, order);
	item->dst = mpk_new_folio(test, order);
	item->status = -EINPROGRESS;
	mpk_fill(item->src, nr + 1);
	mpk_fill(item->dst, ~0ULL);
}

/* Items of a request, and one that is none of it. */
static struct mt_request *fill_request(struct kunit *test, unsigned int workers,
				       unsigned int nr,
				       const unsigned int *item_orders,
				       unsigned int nr_orders)
{
	struct mt_request *mt = new_request(test, workers);

	for (unsigned int i = 0; i < nr; i++) {
		add_item(test, mt, i, item_orders[i % nr_orders]);
		mt->req.nr_pages += folio_nr_pages(mt->items[i].src);
	}
	add_item(test, mt, nr, 0);
	mt->req.nr_items = nr;
	return mt;
}

/* As the engine does: with the policy held while the backend copies. */
static int copy_request(struct kunit *test, struct migrate_copy_request *req)
{
	const struct migrate_policy *policy;
	int idx, rc;

	mpk_set_policy(test, MIGRATE_KEY_BACKEND, "mt");
	policy = migrate_policy_get(MPK_REASON, &idx);
	rc = policy->backend->copy(req);
	migrate_policy_put(idx);
	return rc;
}

static void expect_copied(struct kunit *test, struct mt_request *mt)
{
	unsigned int nr = mt->req.nr_items;

	for (unsigned int i = 0; i < nr; i++) {
		KUNIT_EXPECT_EQ(test, 0, mt->items[i].status);
		KUNIT_EXPECT_TRUE(test, mpk_has(mt->items[i].dst, i + 1));
		KUNIT_EXPECT_TRUE(test, mpk_has(mt->items[i].src, i + 1));
	}
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, mt->items[nr].status);
	KUNIT_EXPECT_TRUE(test, mpk_has(mt->items[nr].dst, ~0ULL));
	KUNIT_EXPECT_LT(test, mt->req.helpers,
			mt->req.workers ?: num_online_cpus());
}

static void copy_and_check(struct kunit *test, struct mt_request *mt)
{
	KUNIT_ASSERT_EQ(test, 0, copy_request(test, &mt->req));
	expect_copied(test, mt);
	kunit_release_action(test, free_request, mt);
}

static const unsigned int worker_counts[] = { 1, 2, 0, 64 };

static void workers_desc(const unsigned int *workers, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u workers", *workers);
}

KUNIT_ARRAY_PARAM(workers, worker_counts, workers_desc);

static void mt_orders_test(struct kunit *test)
{
	unsigned int workers = *(const unsigned int *)test->param_value;

	for (unsigned int order = 0; order <= PMD_ORDER; order++) {
		copy_and_check(test, fill_request(test, workers, 1, &order, 1));
		copy_and_check(test, fill_request(test, workers, 3, &order, 1));
	}
}

static void mt_mixed_test(struct kunit *test)
{
	static const unsigned int mixed[] = {
		0, 3, 0, 5, 1, PMD_ORDER, 0, 2, 4, 4, 0, 0, 6,
	};
	unsigned int workers = *(const unsigned int *)test->param_value;

	for (unsigned int nr = 1; nr <= 2 * ARRAY_SIZE(mixed); nr += 5)
		copy_and_check(test, fill_request(test, workers, nr, mixed,
						  ARRAY_SIZE(mixed)));
}

/* As many items as there can be, and numbers of them around one chunk. */
static void mt_many_test(struct kunit *test)
{
	static const unsigned int small[] = { 0, 1, 0, 0, 2 };
	unsigned int workers = *(const unsigned int *)test->param_value;

	for (unsigned int nr = 15; nr <= 17; nr++)
		copy_and_check(test, fill_request(test, workers, nr, small, 1));
	copy_and_check(test, fill_request(test, workers, MT_ITEMS, small, 1));
	copy_and_check(test, fill_request(test, workers, MT_ITEMS, small,
					  ARRAY_SIZE(small)));
}

static void free_block(void *data)
{
	for (int i = 0; i < 8; i++) {
		struct folio *folio = page_folio((struct page *)data + i);

		folio_unlock(folio);
		folio_put(folio);
	}
}

/* Every second page of a block is a destination; the others stay. */
static void mt_neighbours_test(struct kunit *test)
{
	struct page *block = alloc_pages(GFP_KERNEL, 3);
	struct mt_request *mt = new_request(test, 2);
	struct migrate_copy_item *items = mt->items;

	KUNIT_ASSERT_NOT_NULL(test, block);
	split_page(block, 3);
	for (int i = 0; i < 8; i++) {
		folio_lock(page_folio(block + i));
		mpk_fill(page_folio(block + i), 100 + i);
	}
	for (int i = 0; i < 4; i++) {
		items[i].src = mpk_new_folio(test, 0);
		mpk_fill(items[i].src, i);
		items[i].dst = page_folio(block + 2 * i);
		items[i].status = -EINPROGRESS;
	}
	mt->req.nr_items = 4;
	mt->req.nr_pages = 4;
	KUNIT_EXPECT_EQ(test, 0, copy_request(test, &mt->req));
	for (int i = 0; i < 4; i++) {
		KUNIT_EXPECT_TRUE(test, mpk_has(items[i].dst, i));
		KUNIT_EXPECT_TRUE(test, mpk_has(page_folio(block + 2 * i + 1),
						100 + 2 * i + 1));
		items[i].dst = NULL;
	}
	free_block(block);
}

/* Whether the other CPU is idle is not ours to say: it will be, in a while. */
static void mt_helper_test(struct kunit *test)
{
	static const unsigned int order = PMD_ORDER;
	struct mt_request *mt = fill_request(test, 2, 4, &order, 1);

	if (num_online_cpus() == 1)
		kunit_skip(test, "nobody to help on one CPU");
	for (int i = 0; i < 200 && !mt->req.helpers; i++) {
		msleep(20);
		for (int j = 0; j < 4; j++)
			mt->items[j].status = -EINPROGRESS;
		KUNIT_ASSERT_EQ(test, 0, copy_request(test, &mt->req));
	}
	KUNIT_EXPECT_EQ(test, 1, mt->req.helpers);
	KUNIT_EXPECT_GT(test, mt->req.helper_ns, 0);
	expect_copied(test, mt);
}

#ifdef CONFIG_HOTPLUG_CPU

static bool is_offline(int cpu)
{
	return !cpu_online(cpu);
}

/*
 * A CPU that goes offline when it has been chosen: its work is done on
 * another one, which was not.
 */
static void mt_offline_test(struct kunit *test)
{
	static const unsigned int order = PMD_ORDER;
	struct mt_request *mt = fill_request(test, 2, 4, &order, 1);
	int cpu = cpumask_last(cpu_online_mask);
	int rc;

	if (num_online_cpus() == 1)
		kunit_skip(test, "no other CPU to go offline");
	KUNIT_ASSERT_EQ(test, 0, remove_cpu(cpu));
	kunit_activate_static_stub(test, mt_cpu_is_free, is_offline);
	rc = copy_request(test, &mt->req);
	kunit_deactivate_static_stub(test, mt_cpu_is_free);
	KUNIT_ASSERT_EQ(test, 0, add_cpu(cpu));
	KUNIT_EXPECT_EQ(test, 0, rc);
	KUNIT_EXPECT_EQ(test, 0, mt->req.helpers);
	expect_copied(test, mt);
}

#endif /* CONFIG_HOTPLUG_CPU */

static struct mt_request *between;

/* Called while the caller has its job, and has not begun to copy. */
static bool copy_between(int cpu)
{
	struct mt_request *mt = between;
	const struct migrate_policy *policy;
	int idx;

	between = NULL;
	if (!mt)
		return false;
	policy = migrate_policy_get(MPK_REASON, &idx);
	policy->backend->copy(&mt->req);
	migrate_policy_put(idx);
	return false;
}

/*
 * A second request comes on the CPU of the first, whose job is in use: each
 * has a job of its own. That CPU may change in between, once in a while.
 */
static void mt_two_requests_test(struct kunit *test)
{
	static const unsigned int order = PMD_ORDER;

	if (num_online_cpus() == 1)
		kunit_skip(test, "nobody to ask whether it is free");
	for (int i = 0; i < 5; i++) {
		struct mt_request *first = fill_request(test, 2, 2, &order, 1);
		struct mt_request *second = fill_request(test, 1, 3, &order, 1);
		int rc;

		between = second;
		kunit_activate_static_stub(test, mt_cpu_is_free, copy_between);
		rc = copy_request(test, &first->req);
		kunit_deactivate_static_stub(test, mt_cpu_is_free);
		KUNIT_EXPECT_EQ(test, 0, rc);
		KUNIT_EXPECT_NULL(test, between);
		expect_copied(test, first);
		expect_copied(test, second);
		kunit_release_action(test, free_request, second);
		kunit_release_action(test, free_request, first);
	}
}

/* Through the engine, and with the counters that come of it. */
static void mt_engine_test(struct kunit *test)
{
	struct mpk_batch *batch = mpk_new_batch(test, 20, 3);
	struct mpk_counts *before;
	struct folio *src, *dst;
	u64 seed = 0;

	list_for_each_entry(src, &batch->srcs, lru)
		mpk_fill(src, seed++);
	mpk_set_policy(test, MIGRATE_KEY_BACKEND, "mt");
	before = mpk_take_counts(test);
	mpk_run_batch(batch);
	KUNIT_EXPECT_EQ(test, 20, mpk_count_copied(batch));
	KUNIT_EXPECT_EQ(test, before->reason[MIGRATE_PAGES] + 160,
			mpk_take_counts(test)->reason[MIGRATE_PAGES]);
	seed = 0;
	list_for_each_entry(dst, &batch->dsts, lru)
		KUNIT_EXPECT_TRUE(test, mpk_has(dst, seed++));
}

static struct kunit_case migrate_copy_mt_test_cases[] = {
	KUNIT_CASE_PARAM(mt_orders_test, workers_gen_params),
	KUNIT_CASE_PARAM(mt_mixed_test, workers_gen_params),
	KUNIT_CASE_PARAM(mt_many_test, workers_gen_params),
	KUNIT_CASE(mt_neighbours_test),
	KUNIT_CASE(mt_helper_test),
#ifdef CONFIG_HOTPLUG_CPU
	KUNIT_CASE(mt_offline_test),
#endif
	KUNIT_CASE(mt_two_requests_test),
	KUNIT_CASE(mt_engine_test),
	{}
};

static struct kunit_suite migrate_copy_mt_test_suite = {
	.name = "migrate_policy_mt",
	.init = mpk_init,
	.exit = mpk_exit,
	.test_cases = migrate_copy_mt_test_cases,
};

kunit_test_suite(migrate_copy_mt_test_suite);

MODULE_DESCRIPTION("KUnit tests of the backend mt of the page migration policy");
MODULE_LICENSE("GPL");
