// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the page migration policy: a wrong copy is found, reported,
 * counted and mended (CONFIG_MIGRATE_COPY_VERIFY).
 */

#include <kunit/test.h>
#include <linux/highmem.h>
#include <linux/list.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>

#include "migrate_kunit.h"

/* Two folios with the same contents, one of which shall move to the other. */
struct pair {
	struct folio *src;
	struct folio *dst;
	struct mpk_counts *before;
};

static void make_pair(struct kunit *test, struct pair *pair)
{
	const int *order = test->param_value;

	pair->src = mpk_test_folio(test, *order);
	pair->dst = mpk_test_folio(test, *order);
	KUNIT_ASSERT_EQ(test, 0,
			mem_cgroup_charge(pair->src, NULL, GFP_KERNEL));
	mpk_make_anon(pair->src);
	mpk_fill(pair->src, 1);
	mpk_fill(pair->dst, 1);
	mpk_use_backend(test, 0);
	pair->before = mpk_take_counts(test);
}

static void spoil_byte(struct folio *folio, unsigned long page,
		       unsigned int offset)
{
	char *bytes = kmap_local_folio(folio, page * PAGE_SIZE);

	bytes[offset] ^= 1;
	kunmap_local(bytes);
}

/* The move succeeds and its contents are right, whatever they were before. */
static void move(struct kunit *test, struct pair *pair, unsigned int wrong)
{
	KUNIT_ASSERT_EQ(test, 0, migrate_marked_folio(pair->dst, pair->src,
						      MPK_REASON));
	KUNIT_EXPECT_TRUE(test, mpk_has(pair->dst, 1));
	KUNIT_EXPECT_TRUE(test, mpk_has(pair->src, 1));
	KUNIT_EXPECT_EQ(test, !!wrong, mpk_fake.nr_mismatches);
	mpk_expect_count(test, pair->before, MIGRATE_MISMATCHED, wrong);
	mpk_expect_count(test, pair->before, MIGRATE_VERIFIED,
			 folio_nr_pages(pair->src));
	mpk_expect_count(test, pair->before, MIGRATE_STALE, 0);
}

static const int orders[] = { 0, 2 };

static void order_desc(const int *order, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "order %d", *order);
}

KUNIT_ARRAY_PARAM(order, orders, order_desc);

static void verify_same_test(struct kunit *test)
{
	struct pair pair;

	make_pair(test, &pair);
	move(test, &pair, 0);
}

static void expect_report(struct kunit *test, struct pair *pair,
			  unsigned long page, unsigned int offset)
{
	KUNIT_EXPECT_PTR_EQ(test, pair->src, mpk_fake.mismatch.src);
	KUNIT_EXPECT_PTR_EQ(test, pair->dst, mpk_fake.mismatch.dst);
	KUNIT_EXPECT_EQ(test, MPK_REASON, mpk_fake.mismatch.reason);
	KUNIT_EXPECT_EQ(test, MIGRATE_CLASS_ANON, mpk_fake.mismatch.class);
	KUNIT_EXPECT_EQ(test, page, mpk_fake.mismatch.page);
	KUNIT_EXPECT_EQ(test, offset, mpk_fake.mismatch.offset);
	KUNIT_EXPECT_STREQ(test, "kunit", mpk_fake.culprit);
}

static void verify_last_byte_test(struct kunit *test)
{
	struct pair pair;
	unsigned long last;

	make_pair(test, &pair);
	last = folio_nr_pages(pair.dst) - 1;
	spoil_byte(pair.dst, last, PAGE_SIZE - 1);
	move(test, &pair, 1);
	expect_report(test, &pair, last, PAGE_SIZE - 1);
}

/* Each page that differs counts once, and the report names the first byte. */
static void verify_every_page_test(struct kunit *test)
{
	struct pair pair;
	unsigned long nr;

	make_pair(test, &pair);
	nr = folio_nr_pages(pair.dst);
	for (unsigned long i = 0; i < nr; i++) {
		for (unsigned int at = 777; at < PAGE_SIZE; at += 100)
			spoil_byte(pair.dst, i, at);
	}
	move(test, &pair, nr);
	expect_report(test, &pair, 0, 777);
}

/* The tests' backend says that it copied and did not. */
static void verify_liar_test(struct kunit *test)
{
	struct mpk_batch *batch = mpk_new_batch(test, 5, 1);
	struct mpk_counts *before;
	struct folio *src, *dst;

	list_for_each_entry(src, &batch->srcs, lru) {
		KUNIT_ASSERT_EQ(test, 0,
				mem_cgroup_charge(src, NULL, GFP_KERNEL));
		mpk_fill(src, 1);
	}
	list_for_each_entry(dst, &batch->dsts, lru)
		mpk_fill(dst, 2);
	mpk_use_backend(test, 0);
	before = mpk_take_counts(test);
	mpk_run_batch(batch);
	KUNIT_ASSERT_EQ(test, 5, mpk_count_copied(batch));

	dst = list_first_entry(&batch->dsts, struct folio, lru);
	list_for_each_entry(src, &batch->srcs, lru) {
		KUNIT_EXPECT_EQ(test, 0,
				migrate_marked_folio(dst, src, MPK_REASON));
		KUNIT_EXPECT_TRUE(test, mpk_has(dst, 1));
		dst = list_next_entry(dst, lru);
	}
	KUNIT_EXPECT_EQ(test, 5, mpk_fake.nr_mismatches);
	mpk_expect_count(test, before, MIGRATE_MISMATCHED, 10);
	mpk_expect_count(test, before, MIGRATE_VERIFIED, 10);
}

/* A folio that is refused is not compared: it is copied anyway. */
static void verify_stale_test(struct kunit *test)
{
	struct pair pair;

	make_pair(test, &pair);
	mpk_fill(pair.dst, 2);
	folio_get(pair.src);
	KUNIT_EXPECT_EQ(test, -EAGAIN, migrate_marked_folio(pair.dst, pair.src,
							    MPK_REASON));
	folio_put(pair.src);
	KUNIT_EXPECT_TRUE(test, mpk_has(pair.dst, 2));
	mpk_expect_count(test, pair.before, MIGRATE_VERIFIED, 0);
	mpk_expect_count(test, pair.before, MIGRATE_MISMATCHED, 0);
}

static struct kunit_case migrate_copy_verify_test_cases[] = {
	KUNIT_CASE_PARAM(verify_same_test, order_gen_params),
	KUNIT_CASE_PARAM(verify_last_byte_test, order_gen_params),
	KUNIT_CASE_PARAM(verify_every_page_test, order_gen_params),
	KUNIT_CASE_PARAM(verify_stale_test, order_gen_params),
	KUNIT_CASE(verify_liar_test),
	{}
};

static struct kunit_suite migrate_copy_verify_test_suite = {
	.name = "migrate_policy_verify",
	.init = mpk_init,
	.exit = mpk_exit,
	.test_cases = migrate_copy_verify_test_cases,
};

kunit_test_suite(migrate_copy_verify_test_suite);

MODULE_DESCRIPTION("KUnit tests of CONFIG_MIGRATE_COPY_VERIFY");
MODULE_LICENSE("GPL");
