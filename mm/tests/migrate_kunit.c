// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the KUnit tests of the page migration policy have in common: a backend
 * that does what a test says, folios with known contents, batches, counters.
 */

#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/jump_label.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../internal.h"
#include "migrate_kunit.h"

struct mpk_fake mpk_fake;

/**
 * mpk_status() - what an item of the tests' backend comes back with
 * @i: the number of the item
 *
 * Return: 0 or a negative errno.
 */
int mpk_status(unsigned int i)
{
	if (!mpk_fake.fail_every || i % mpk_fake.fail_every)
		return 0;
	return i % 2 ? -EIO : -EINPROGRESS;
}

/**
 * mpk_copy() - the copy() of the tests' backend
 * @req: the request, which is noted down
 *
 * Return: what the test asked for.
 */
int mpk_copy(struct migrate_copy_request *req)
{
	if (mpk_fake.block) {
		complete(&mpk_fake.entered);
		wait_for_completion(&mpk_fake.leave);
		return 0;
	}
	if (mpk_fake.nr_requests < MPK_REQUESTS)
		mpk_fake.requests[mpk_fake.nr_requests] = *req;
	mpk_fake.nr_requests++;
	for (unsigned int i = 0; i < req->nr_items; i++)
		req->items[i].status = mpk_status(i);
	return mpk_fake.rc;
}

struct migrate_copy_backend mpk_backend = {
	.name = "kunit",
	.copy = mpk_copy,
};

/**
 * mpk_set_policy() - set an attribute of the tests' reason, or fail the test
 * @test: the test
 * @key: the attribute
 * @text: its value
 */
void mpk_set_policy(struct kunit *test, enum migrate_policy_key key,
		    const char *text)
{
	KUNIT_ASSERT_EQ_MSG(test, 0,
			    migrate_policy_store(MPK_REASON, key, text),
			    "%s to %s", text, migrate_policy_key_name(key));
}

/**
 * mpk_use_backend() - let the tests' backend copy for the tests' reason
 * @test: the test
 * @min_pages: its own minimum
 */
void mpk_use_backend(struct kunit *test, unsigned int min_pages)
{
	mpk_backend.min_pages = min_pages;
	KUNIT_ASSERT_EQ(test, 0, migrate_copy_register(&mpk_backend));
	mpk_fake.registered = true;
	mpk_set_policy(test, MIGRATE_KEY_BACKEND, mpk_backend.name);
}

/**
 * mpk_drop_backend() - withdraw the tests' backend, if it is there
 */
void mpk_drop_backend(void)
{
	if (mpk_fake.registered)
		migrate_copy_unregister(&mpk_backend);
	mpk_fake.registered = false;
}

/**
 * mpk_new_page() - a page for text, which goes with the test
 * @test: the test
 *
 * Return: the page, zeroed.
 */
char *mpk_new_page(struct kunit *test)
{
	char *page = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	return page;
}

static void write_defaults(struct kunit *test)
{
	char *page = (char *)get_zeroed_page(GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	for (int key = 0; key < MIGRATE_KEYS; key++) {
		migrate_policy_show_default(key, page);
		for (int reason = 0; reason < MIGRATE_POLICY_REASONS; reason++)
			KUNIT_EXPECT_EQ(test, 0, migrate_policy_store(reason,
								      key,
								      page));
	}
	KUNIT_EXPECT_EQ(test, 0, migrate_policy_store_stats("0"));
	free_page((unsigned long)page);
}

/* Takes the place of the report, which is for those who have a reason. */
static void note_mismatch(const struct migrate_mismatch *mismatch,
			  const char *backend)
{
	mpk_fake.mismatch = *mismatch;
	mpk_fake.nr_mismatches++;
	mpk_fake.culprit = backend;
}

/**
 * mpk_init() - what comes before each test
 * @test: the test
 *
 * Return: 0.
 */
int mpk_init(struct kunit *test)
{
	if (IS_ENABLED(CONFIG_MIGRATE_COPY_VERIFY))
		kunit_activate_static_stub(test, migrate_verify_report,
					   note_mismatch);
	if (migrate_policy_disabled())
		kunit_skip(test, "switched off at boot");
	memset(&mpk_fake, 0, sizeof(mpk_fake));
	init_completion(&mpk_fake.entered);
	init_completion(&mpk_fake.leave);
	return 0;
}

/**
 * mpk_exit() - what comes after each test: everything is at its default again
 * @test: the test
 */
void mpk_exit(struct kunit *test)
{
	mpk_drop_backend();
	write_defaults(test);
	KUNIT_EXPECT_FALSE(test, static_key_enabled(&migrate_policy_key));
}

/* Folios */

/* Takes everything off a folio that its freeing would stumble over. */
static void undress(struct folio *folio)
{
	folio_test_clear_writeback(folio);
	folio_clear_dirty(folio);
	folio_clear_uptodate(folio);
	folio_clear_private_2(folio);
	folio_clear_swapcache(folio);
	__folio_clear_swapbacked(folio);
	if (folio_test_private(folio))
		folio_clear_private(folio);
	ClearPageHWPoison(&folio->page);
	if (folio_test_offline(folio))
		__folio_clear_offline(folio);
	folio->private = NULL;
	folio->mapping = NULL;
}

/**
 * mpk_free_folio() - free a folio of a test, whatever it looks like by now
 * @data: the folio, locked
 */
void mpk_free_folio(void *data)
{
	struct folio *folio = data;

	undress(folio);
	folio_unlock(folio);
	folio_put(folio);
}

/**
 * mpk_new_folio() - a locked folio for whoever frees it
 * @test: the test
 * @order: its order
 *
 * Return: the folio.
 */
struct folio *mpk_new_folio(struct kunit *test, unsigned int order)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, order);

	KUNIT_ASSERT_NOT_NULL(test, folio);
	folio_lock(folio);
	folio_mark_uptodate(folio);
	folio->index = MIGRATE_MARK_COPIED;
	return folio;
}

/**
 * mpk_test_folio() - a locked folio that goes with the test
 * @test: the test
 * @order: its order
 *
 * Return: the folio.
 */
struct folio *mpk_test_folio(struct kunit *test, unsigned int order)
{
	struct folio *folio = mpk_new_folio(test, order);

	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, mpk_free_folio, folio));
	return folio;
}

/**
 * mpk_set_mapping() - give a folio a mapping that is no struct address_space
 * @folio: the folio; nobody follows the pointer while it is not mapped
 * @flags: the bits of the pointer that say what it is
 */
void mpk_set_mapping(struct folio *folio, unsigned long flags)
{
	static unsigned long nobody[8] __aligned(8);

	folio->mapping = (void *)((unsigned long)nobody | flags);
	__folio_set_swapbacked(folio);
}

/**
 * mpk_make_anon() - make a folio anonymous
 * @folio: the folio
 */
void mpk_make_anon(struct folio *folio)
{
	mpk_set_mapping(folio, FOLIO_MAPPING_ANON);
}

static u64 word_of(u64 seed, unsigned long page, unsigned int word)
{
	return (seed << 40) ^ (page << 16) ^ word ^ 0x5a00a50000000000;
}

/**
 * mpk_fill() - give each word of a folio a value of its own
 * @folio: the folio
 * @seed: what its values are made of, with their place
 */
void mpk_fill(struct folio *folio, u64 seed)
{
	for (unsigned long page = 0; page < folio_nr_pages(folio); page++) {
		u64 *words = kmap_local_folio(folio, page * PAGE_SIZE);

		for (int i = 0; i < PAGE_SIZE / sizeof(u64); i++)
			words[i] = word_of(seed, page, i);
		kunmap_local(words);
	}
}

/**
 * mpk_has() - does a folio hold what mpk_fill() wrote, to the last byte?
 * @folio: the folio
 * @seed: the seed
 *
 * Return: true if it does.
 */
bool mpk_has(struct folio *folio, u64 seed)
{
	bool has = true;

	for (unsigned long page = 0; page < folio_nr_pages(folio); page++) {
		u64 *words = kmap_local_folio(folio, page * PAGE_SIZE);

		for (int i = 0; i < PAGE_SIZE / sizeof(u64); i++)
			has &= words[i] == word_of(seed, page, i);
		kunmap_local(words);
	}
	return has;
}

/* Counters */

/**
 * mpk_take_counts() - read all counters of the tests' reason and backend
 * @test: the test
 *
 * Return: the counters, which go with the test.
 */
struct mpk_counts *mpk_take_counts(struct kunit *test)
{
	struct mpk_counts *counts;
	int cpu;

	counts = kunit_kzalloc(test, sizeof(*counts), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, counts);
	for_each_possible_cpu(cpu) {
		struct migrate_counters *all = &per_cpu(migrate_counters, cpu);

		for (int i = 0; i < MIGRATE_COUNTERS; i++) {
			counts->reason[i] += all->reason[MPK_REASON][i];
			counts->backend[i] += all->backend[mpk_backend.id][i];
		}
	}
	return counts;
}

/**
 * mpk_expect_count() - expect a counter to have grown by so much
 * @test: the test
 * @before: the counters before
 * @counter: the counter; the reason and the backend count the same
 * @nr: how much
 */
void mpk_expect_count(struct kunit *test, const struct mpk_counts *before,
		      enum migrate_counter counter, u64 nr)
{
	struct mpk_counts *now = mpk_take_counts(test);

	KUNIT_EXPECT_EQ_MSG(test, nr,
			    now->reason[counter] - before->reason[counter],
			    "counter %d of the reason", counter);
	KUNIT_EXPECT_EQ_MSG(test, nr,
			    now->backend[counter] - before->backend[counter],
			    "counter %d of the backend", counter);
}

/**
 * mpk_expect_no_declines() - expect that no request was declined
 * @test: the test
 * @before: the counters before
 */
void mpk_expect_no_declines(struct kunit *test, const struct mpk_counts *before)
{
	for (int i = MIGRATE_DECLINED_MIN; i <= MIGRATE_DECLINED_ERROR; i++)
		mpk_expect_count(test, before, i, 0);
}

/* Batches */

static void free_list(struct list_head *folios)
{
	struct folio *folio, *next;

	list_for_each_entry_safe(folio, next, folios, lru) {
		list_del(&folio->lru);
		mpk_free_folio(folio);
	}
}

static void free_batch(void *data)
{
	struct mpk_batch *batch = data;

	free_list(&batch->srcs);
	free_list(&batch->dsts);
}

/**
 * mpk_add_folios() - add pairs of folios to a batch
 * @test: the test
 * @batch: the batch
 * @nr: how many
 * @order: of which order
 */
void mpk_add_folios(struct kunit *test, struct mpk_batch *batch,
		    unsigned int nr, unsigned int order)
{
	for (unsigned int i = 0; i < nr; i++) {
		struct folio *src = mpk_new_folio(test, order), *dst;

		mpk_make_anon(src);
		list_add_tail(&src->lru, &batch->srcs);
		dst = mpk_new_folio(test, order);
		list_add_tail(&dst->lru, &batch->dsts);
	}
	batch->nr += nr;
}

/**
 * mpk_new_batch() - a batch of anonymous folios, which goes with the test
 * @test: the test
 * @nr: how many
 * @order: of which order
 *
 * Return: the batch.
 */
struct mpk_batch *mpk_new_batch(struct kunit *test, unsigned int nr,
				unsigned int order)
{
	struct mpk_batch *batch;

	batch = kunit_kzalloc(test, sizeof(*batch), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, batch);
	INIT_LIST_HEAD(&batch->srcs);
	INIT_LIST_HEAD(&batch->dsts);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, free_batch, batch));
	mpk_add_folios(test, batch, nr, order);
	return batch;
}

/**
 * mpk_run_batch() - do with a batch what migrate_pages() does before the moves
 * @batch: the batch; its folios count as one page each
 */
void mpk_run_batch(struct mpk_batch *batch)
{
	migrate_cut_begin(&batch->cut, MPK_REASON, 10, 20);
	migrate_copy_batch(&batch->cut, &batch->srcs, &batch->dsts);
	migrate_cut_end(&batch->cut, 10 + batch->nr, 20 + 3);
}

/**
 * mpk_is_copied() - is there a mark?
 * @dst: the folio that would have it
 *
 * Return: true if the engine marked it as copied.
 */
bool mpk_is_copied(const struct folio *dst)
{
	return migrate_is_copied((struct folio *)dst);
}

/**
 * mpk_count_copied() - count the marks in a batch
 * @batch: the batch
 *
 * Return: the number of folios that the engine marked as copied.
 */
unsigned int mpk_count_copied(struct mpk_batch *batch)
{
	unsigned int nr = 0;
	struct folio *dst;

	list_for_each_entry(dst, &batch->dsts, lru)
		nr += mpk_is_copied(dst);
	return nr;
}
