// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the page migration policy: which folios may be copied ahead,
 * the batch engine with a backend that does what a test says, and the move of
 * a copied folio. The selftests test real migrations.
 */

#include <kunit/test.h>
#include <linux/bitops.h>
#include <linux/buffer_head.h>
#include <linux/completion.h>
#include <linux/file.h>
#include <linux/kthread.h>
#include <linux/memcontrol.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>
#include <linux/swap.h>

#include "../internal.h"
#include "migrate_kunit.h"

/* Classes */

static int own_migrate_folio(struct address_space *mapping, struct folio *dst,
			     struct folio *src, enum migrate_mode mode)
{
	return -EIO;
}

static const struct address_space_operations no_aops = {};

static const struct address_space_operations own_aops = {
	.migrate_folio = own_migrate_folio,
};

static const struct address_space_operations simple_aops = {
	.migrate_folio = migrate_folio,
};

static const struct address_space_operations filemap_aops = {
	.migrate_folio = filemap_migrate_folio,
};

static const struct address_space_operations buffer_aops = {
	.migrate_folio = buffer_migrate_folio,
};

static const struct address_space_operations norefs_aops = {
	.migrate_folio = buffer_migrate_folio_norefs,
};

static void dress_anon(struct folio *folio)
{
	mpk_make_anon(folio);
}

static void dress_anon_dirty(struct folio *folio)
{
	mpk_make_anon(folio);
	folio_set_dirty(folio);
}

static void dress_ksm(struct folio *folio)
{
	mpk_set_mapping(folio, FOLIO_MAPPING_KSM);
}

static void dress_anon_swapcache(struct folio *folio)
{
	mpk_make_anon(folio);
	folio_set_swapcache(folio);
}

static void dress_shmem_swapcache(struct folio *folio)
{
	__folio_set_swapbacked(folio);
	folio_set_swapcache(folio);
}

/* As a balloon's, and yet not to be taken for what its other bits say. */
static void dress_movable_ops(struct folio *folio)
{
	__folio_set_offline(folio);
	SetPageMovableOps(&folio->page);
	dress_shmem_swapcache(folio);
}

static void dress_writeback(struct folio *folio)
{
	folio_test_set_writeback(folio);
}

static void dress_not_uptodate(struct folio *folio)
{
	folio_clear_uptodate(folio);
}

static void dress_dirty(struct folio *folio)
{
	folio_set_dirty(folio);
}

static void dress_private(struct folio *folio)
{
	folio_set_private(folio);
}

static void dress_private_2(struct folio *folio)
{
	folio_set_private_2(folio);
}

/* As the rmap would: one page table entry. */
static void dress_mapped(struct folio *folio)
{
	atomic_set(&folio->_mapcount, 0);
}

#ifdef CONFIG_MEMORY_FAILURE
static void dress_hwpoison(struct folio *folio)
{
	SetPageHWPoison(&folio->page);
}
#endif

struct class_case {
	const char *name;
	const struct address_space_operations *aops;
	void (*dress)(struct folio *folio);
	void (*spoil)(struct folio *folio);
	enum migrate_class class;
	bool inaccessible;
};

#define ANON_CASE(_name, _dress, _spoil, _class) {			\
	.name = _name, .dress = _dress, .spoil = _spoil,		\
	.class = MIGRATE_CLASS_##_class,				\
}

#define FILE_CASE(_name, _aops, _dress, _class) {			\
	.name = _name, .aops = _aops, .dress = _dress,			\
	.class = MIGRATE_CLASS_##_class,				\
}

static const struct class_case class_cases[] = {
	ANON_CASE("anon", dress_anon, NULL, ANON),
	ANON_CASE("anon, dirty", dress_anon_dirty, NULL, ANON),
	ANON_CASE("ksm", dress_ksm, NULL, ANON),
	ANON_CASE("anon, swapcache", dress_anon_swapcache, NULL, SWAPCACHE),
	ANON_CASE("shmem, swapcache", dress_shmem_swapcache, NULL, SWAPCACHE),
	ANON_CASE("movable_ops", dress_movable_ops, NULL, NEVER),
	ANON_CASE("truncated", NULL, NULL, NEVER),
	ANON_CASE("anon, mapped", dress_anon, dress_mapped, NEVER),
	ANON_CASE("anon, writeback", dress_anon, dress_writeback, NEVER),
	ANON_CASE("anon, not uptodate", dress_anon, dress_not_uptodate, NEVER),
	ANON_CASE("swapcache, writeback", dress_anon_swapcache,
		  dress_writeback, NEVER),
	ANON_CASE("swapcache, mapped", dress_anon_swapcache, dress_mapped,
		  NEVER),
	ANON_CASE("swapcache, not uptodate", dress_anon_swapcache,
		  dress_not_uptodate, NEVER),
	FILE_CASE("no callback", &no_aops, NULL, NEVER),
	FILE_CASE("own callback", &own_aops, NULL, NEVER),
	FILE_CASE("migrate_folio, not shmem", &simple_aops, NULL, NEVER),
	FILE_CASE("filemap", &filemap_aops, NULL, FILE),
	FILE_CASE("filemap, private", &filemap_aops, dress_private, FILE),
	FILE_CASE("filemap, dirty", &filemap_aops, dress_dirty, NEVER),
	FILE_CASE("filemap, private_2", &filemap_aops, dress_private_2, NEVER),
	FILE_CASE("filemap, writeback", &filemap_aops, dress_writeback, NEVER),
	FILE_CASE("filemap, mapped", &filemap_aops, dress_mapped, NEVER),
	FILE_CASE("filemap, not uptodate", &filemap_aops, dress_not_uptodate,
		  NEVER),
	{
		.name = "filemap, inaccessible", .aops = &filemap_aops,
		.class = MIGRATE_CLASS_NEVER, .inaccessible = true,
	},
#ifdef CONFIG_MEMORY_FAILURE
	ANON_CASE("anon, hwpoison", dress_anon, dress_hwpoison, NEVER),
	ANON_CASE("swapcache, hwpoison", dress_anon_swapcache, dress_hwpoison,
		  NEVER),
	FILE_CASE("filemap, hwpoison", &filemap_aops, dress_hwpoison, NEVER),
#endif
#ifdef CONFIG_BUFFER_HEAD
	FILE_CASE("buffer", &buffer_aops, NULL, FILE),
	FILE_CASE("buffer, dirty", &buffer_aops, dress_dirty, NEVER),
#endif
	FILE_CASE("buffer, private", &buffer_aops, dress_private, NEVER),
	FILE_CASE("buffer, norefs", &norefs_aops, NULL, NEVER),
};

KUNIT_ARRAY_PARAM_DESC(class, class_cases, name);

static struct address_space *new_mapping(struct kunit *test,
					 const struct class_case *param)
{
	struct address_space *mapping =
		kunit_kzalloc(test, sizeof(*mapping), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, mapping);
	mapping->a_ops = param->aops;
	if (param->inaccessible)
		mapping_set_inaccessible(mapping);
	return mapping;
}

static void class_test(struct kunit *test)
{
	const struct class_case *param = test->param_value;
	struct folio *folio = mpk_test_folio(test, 0);

	if (param->aops)
		folio->mapping = new_mapping(test, param);
	if (param->dress)
		param->dress(folio);
	if (param->spoil)
		param->spoil(folio);
	KUNIT_EXPECT_EQ(test, param->class, migrate_copy_class(folio));
	if (param->dress == dress_mapped || param->spoil == dress_mapped)
		atomic_set(&folio->_mapcount, -1);
}

/* The kind of a large folio is as good as that of a small one. */
static void class_large_test(struct kunit *test)
{
	struct folio *folio = mpk_test_folio(test, 2);

	mpk_make_anon(folio);
	KUNIT_EXPECT_EQ(test, MIGRATE_CLASS_ANON, migrate_copy_class(folio));
	folio_set_swapcache(folio);
	KUNIT_EXPECT_EQ(test, MIGRATE_CLASS_SWAPCACHE,
			migrate_copy_class(folio));
}

/* Batches */

static struct folio *first_src(struct mpk_batch *batch)
{
	return list_first_entry(&batch->srcs, struct folio, lru);
}

static void engine_copies_test(struct kunit *test)
{
	struct mpk_batch *batch = mpk_new_batch(test, 5, 0);
	struct mpk_counts *before;

	mpk_use_backend(test, 0);
	mpk_set_policy(test, MIGRATE_KEY_WORKERS, "7");
	mpk_add_folios(test, batch, 2, 3);
	before = mpk_take_counts(test);
	mpk_run_batch(batch);

	KUNIT_ASSERT_EQ(test, 1, mpk_fake.nr_requests);
	KUNIT_EXPECT_EQ(test, 7, mpk_fake.requests[0].nr_items);
	KUNIT_EXPECT_EQ(test, 5 + 2 * 8, mpk_fake.requests[0].nr_pages);
	KUNIT_EXPECT_EQ(test, 7, mpk_fake.requests[0].workers);
	KUNIT_EXPECT_EQ(test, MPK_REASON, mpk_fake.requests[0].reason);
	KUNIT_EXPECT_EQ(test, 7, mpk_count_copied(batch));
	mpk_expect_count(test, before, MIGRATE_BATCHES, 1);
	mpk_expect_count(test, before, MIGRATE_FOLIOS, 7);
	mpk_expect_count(test, before, MIGRATE_PAGES, 21);
	mpk_expect_count(test, before, MIGRATE_BYTES, 21 * PAGE_SIZE);
	mpk_expect_count(test, before, MIGRATE_INELIGIBLE, 0);
	mpk_expect_count(test, before, MIGRATE_FAILED_ITEMS, 0);
	mpk_expect_no_declines(test, before);
}

/* A cut counts what the call has done since it began. */
static void engine_counts_cuts_test(struct kunit *test)
{
	struct mpk_batch *batch = mpk_new_batch(test, 5, 0);
	struct mpk_counts *before, *after;

	mpk_use_backend(test, 0);
	before = mpk_take_counts(test);
	mpk_run_batch(batch);
	after = mpk_take_counts(test);
	mpk_expect_count(test, before, MIGRATE_CUTS, 1);
	mpk_expect_count(test, before, MIGRATE_SUCCEEDED, 5);
	mpk_expect_count(test, before, MIGRATE_FAILED, 3);
	KUNIT_EXPECT_GT(test, after->reason[MIGRATE_CUT_NS],
			before->reason[MIGRATE_CUT_NS]);
	KUNIT_EXPECT_PTR_EQ(test, NULL, batch->cut.policy);
}

/* Each item has the folios of one place in both lists, in their order. */
static int check_items(struct migrate_copy_request *req)
{
	struct mpk_batch *batch = container_of(req->items[0].src->lru.prev,
					       struct mpk_batch, srcs);
	struct folio *src = list_first_entry(&batch->srcs, struct folio, lru);
	struct folio *dst = list_first_entry(&batch->dsts, struct folio, lru);

	for (unsigned int i = 0; i < req->nr_items; i++) {
		if (req->items[i].src != src || req->items[i].dst != dst ||
		    req->items[i].status != -EINPROGRESS)
			return -EINVAL;
		req->items[i].status = 0;
		src = list_next_entry(src, lru);
		dst = list_next_entry(dst, lru);
	}
	return 0;
}

static void engine_pairs_test(struct kunit *test)
{
	struct mpk_batch *batch = mpk_new_batch(test, 100, 0);
	struct mpk_counts *before;

	mpk_backend.copy = check_items;
	mpk_use_backend(test, 0);
	before = mpk_take_counts(test);
	mpk_run_batch(batch);
	mpk_backend.copy = mpk_copy;
	mpk_expect_no_declines(test, before);
	KUNIT_EXPECT_EQ(test, 100, mpk_count_copied(batch));
}

/* Only what came back with status 0 is marked. */
static void engine_failed_items_test(struct kunit *test)
{
	struct mpk_batch *batch = mpk_new_batch(test, 10, 1);
	struct mpk_counts *before;
	struct folio *dst;
	unsigned int i = 0;

	mpk_use_backend(test, 0);
	mpk_fake.fail_every = 3;
	before = mpk_take_counts(test);
	mpk_run_batch(batch);
	list_for_each_entry(dst, &batch->dsts, lru) {
		KUNIT_EXPECT_EQ(test, !mpk_status(i), mpk_is_copied(dst));
		i++;
	}
	mpk_expect_count(test, before, MIGRATE_FAILED_ITEMS, 4);
	mpk_expect_count(test, before, MIGRATE_FOLIOS, 6);
	mpk_expect_count(test, before, MIGRATE_PAGES, 12);
	mpk_expect_no_declines(test, before);
}

struct decline_case {
	const char *name;
	int rc;
	enum migrate_counter counter;
};

static const struct decline_case decline_cases[] = {
	{ "busy", -EBUSY, MIGRATE_DECLINED_BUSY },
	{ "no memory", -ENOMEM, MIGRATE_DECLINED_NOMEM },
	{ "I/O error", -EIO, MIGRATE_DECLINED_ERROR },
	{ "invalid", -EINVAL, MIGRATE_DECLINED_ERROR },
	{ "again", -EAGAIN, MIGRATE_DECLINED_ERROR },
};

KUNIT_ARRAY_PARAM_DESC(decline, decline_cases, name);

/* The statuses of a declined request count for nothing. */
static void engine_decline_test(struct kunit *test)
{
	const struct decline_case *param = test->param_value;
	struct mpk_batch *batch = mpk_new_batch(test, 3, 0);
	struct mpk_counts *before;

	mpk_use_backend(test, 0);
	mpk_fake.rc = param->rc;
	before = mpk_take_counts(test);
	mpk_run_batch(batch);
	KUNIT_EXPECT_EQ(test, 1, mpk_fake.nr_requests);
	KUNIT_EXPECT_EQ(test, 0, mpk_count_copied(batch));
	for (int i = MIGRATE_DECLINED_MIN; i <= MIGRATE_DECLINED_ERROR; i++)
		mpk_expect_count(test, before, i, i == param->counter);
	mpk_expect_count(test, before, MIGRATE_BATCHES, 0);
	mpk_expect_count(test, before, MIGRATE_FOLIOS, 0);
	mpk_expect_count(test, before, MIGRATE_FAILED_ITEMS, 0);
}

struct min_case {
	const char *name;
	unsigned int own;
	const char *policy;
	unsigned int nr;
	bool declined;
};

static const struct min_case min_cases[] = {
	{ "below the backend's", 4, "0", 3, true },
	{ "at the backend's", 4, "0", 4, false },
	{ "none at all", 0, "0", 1, false },
	{ "below the policy's", 4, "6", 5, true },
	{ "at the policy's", 4, "6", 6, false },
	{ "at a lower one of the policy", 4, "1", 1, false },
	{ "below the highest", 0, "262144", 511, true },
};

KUNIT_ARRAY_PARAM_DESC(min, min_cases, name);

static void engine_min_pages_test(struct kunit *test)
{
	const struct min_case *param = test->param_value;
	struct mpk_batch *batch = mpk_new_batch(test, param->nr, 0);
	struct mpk_counts *before;

	mpk_use_backend(test, param->own);
	mpk_set_policy(test, MIGRATE_KEY_MIN_PAGES, param->policy);
	before = mpk_take_counts(test);
	mpk_run_batch(batch);
	KUNIT_EXPECT_EQ(test, !param->declined, mpk_fake.nr_requests);
	KUNIT_EXPECT_EQ(test, param->declined ? 0 : param->nr,
			mpk_count_copied(batch));
	mpk_expect_count(test, before, MIGRATE_DECLINED_MIN, param->declined);
}

static void engine_windows_test(struct kunit *test)
{
	unsigned int nr = 2 * MIGRATE_COPY_ITEMS + 1;
	struct mpk_batch *batch = mpk_new_batch(test, nr, 0);
	struct migrate_copy_request *req = mpk_fake.requests;
	struct mpk_counts *before;

	mpk_use_backend(test, 0);
	before = mpk_take_counts(test);
	mpk_run_batch(batch);
	KUNIT_ASSERT_EQ(test, 3, mpk_fake.nr_requests);
	KUNIT_EXPECT_EQ(test, MIGRATE_COPY_ITEMS, req[0].nr_items);
	KUNIT_EXPECT_EQ(test, MIGRATE_COPY_ITEMS, req[1].nr_items);
	KUNIT_EXPECT_EQ(test, MIGRATE_COPY_ITEMS, req[1].nr_pages);
	KUNIT_EXPECT_EQ(test, 1, req[2].nr_items);
	KUNIT_EXPECT_EQ(test, 1, req[2].nr_pages);
	KUNIT_EXPECT_EQ(test, batch->nr, mpk_count_copied(batch));
	mpk_expect_count(test, before, MIGRATE_BATCHES, 3);
	mpk_expect_count(test, before, MIGRATE_FOLIOS, batch->nr);
}

static void engine_full_window_test(struct kunit *test)
{
	struct mpk_batch *batch = mpk_new_batch(test, MIGRATE_COPY_ITEMS, 0);

	mpk_use_backend(test, 0);
	mpk_run_batch(batch);
	KUNIT_EXPECT_EQ(test, 1, mpk_fake.nr_requests);
	KUNIT_EXPECT_EQ(test, batch->nr, mpk_count_copied(batch));
}

/* It is the batch that is too small or not, whatever its requests hold. */
static void engine_min_pages_windows_test(struct kunit *test)
{
	unsigned int nr = MIGRATE_COPY_ITEMS + 88;
	struct mpk_batch *batch = mpk_new_batch(test, nr, 0);
	struct mpk_counts *before;

	mpk_use_backend(test, 0);
	mpk_set_policy(test, MIGRATE_KEY_MIN_PAGES, "601");
	before = mpk_take_counts(test);
	mpk_run_batch(batch);
	KUNIT_EXPECT_EQ(test, 0, mpk_fake.nr_requests);
	mpk_expect_count(test, before, MIGRATE_DECLINED_MIN, 1);

	mpk_set_policy(test, MIGRATE_KEY_MIN_PAGES, "600");
	mpk_run_batch(batch);
	KUNIT_EXPECT_EQ(test, 2, mpk_fake.nr_requests);
	KUNIT_EXPECT_EQ(test, batch->nr, mpk_count_copied(batch));
	mpk_expect_count(test, before, MIGRATE_DECLINED_MIN, 1);
}

static void engine_no_class_test(struct kunit *test)
{
	struct mpk_batch *batch = mpk_new_batch(test, 4, 0);
	struct mpk_counts *before;

	mpk_use_backend(test, 0);
	mpk_set_policy(test, MIGRATE_KEY_CLASSES, "none");
	before = mpk_take_counts(test);
	mpk_run_batch(batch);
	mpk_set_policy(test, MIGRATE_KEY_CLASSES, "swapcache,shmem,file");
	mpk_run_batch(batch);
	KUNIT_EXPECT_EQ(test, 0, mpk_fake.nr_requests);
	KUNIT_EXPECT_EQ(test, 0, mpk_count_copied(batch));
	mpk_expect_count(test, before, MIGRATE_INELIGIBLE, 8);
	mpk_expect_no_declines(test, before);
}

/* In a batch that is too small anyway nobody looks at the folios. */
static void engine_small_unjudged_test(struct kunit *test)
{
	struct mpk_batch *batch = mpk_new_batch(test, 4, 0);
	struct mpk_counts *before;

	mpk_use_backend(test, 5);
	mpk_set_policy(test, MIGRATE_KEY_CLASSES, "none");
	before = mpk_take_counts(test);
	mpk_run_batch(batch);
	KUNIT_EXPECT_EQ(test, 0, mpk_fake.nr_requests);
	mpk_expect_count(test, before, MIGRATE_DECLINED_MIN, 1);
	mpk_expect_count(test, before, MIGRATE_INELIGIBLE, 0);
}

/* A folio that somebody holds is left out, and the others stay in step. */
static void engine_ineligible_test(struct kunit *test)
{
	struct mpk_batch *batch = mpk_new_batch(test, 3, 0);
	struct folio *held = list_next_entry(first_src(batch), lru);
	struct folio *dst;
	unsigned int i = 0;
	struct mpk_counts *before;

	mpk_use_backend(test, 0);
	before = mpk_take_counts(test);
	folio_get(held);
	mpk_run_batch(batch);
	folio_put(held);
	KUNIT_ASSERT_EQ(test, 1, mpk_fake.nr_requests);
	KUNIT_EXPECT_EQ(test, 2, mpk_fake.requests[0].nr_items);
	list_for_each_entry(dst, &batch->dsts, lru)
		KUNIT_EXPECT_EQ(test, i++ != 1, mpk_is_copied(dst));
	mpk_expect_count(test, before, MIGRATE_INELIGIBLE, 1);
}

/* Swapcache has a reference for each page; one short is as bad as one more. */
static void engine_swapcache_refs_test(struct kunit *test)
{
	struct mpk_batch *batch = mpk_new_batch(test, 1, 2);
	struct folio *src = first_src(batch);

	mpk_use_backend(test, 0);
	folio_set_swapcache(src);
	folio_ref_add(src, 3);
	mpk_run_batch(batch);
	KUNIT_EXPECT_EQ(test, 0, mpk_fake.nr_requests);
	folio_ref_inc(src);
	mpk_run_batch(batch);
	KUNIT_EXPECT_EQ(test, 1, mpk_fake.nr_requests);
	folio_ref_sub(src, 4);
}

static void engine_inline_test(struct kunit *test)
{
	struct mpk_batch *batch = mpk_new_batch(test, 3, 0);
	struct mpk_counts *before;

	mpk_use_backend(test, 0);
	mpk_set_policy(test, MIGRATE_KEY_BACKEND, "inline");
	mpk_set_policy(test, MIGRATE_KEY_BATCH_SIZE, "17");
	before = mpk_take_counts(test);
	migrate_cut_begin(&batch->cut, MPK_REASON, 0, 0);
	KUNIT_EXPECT_EQ(test, 17, migrate_cut_pages(&batch->cut,
						    MIGRATE_BATCH_DEFAULT));
	migrate_copy_batch(&batch->cut, &batch->srcs, &batch->dsts);
	migrate_cut_end(&batch->cut, 3, 0);
	KUNIT_EXPECT_EQ(test, 0, mpk_fake.nr_requests);
	KUNIT_EXPECT_EQ(test, 0, mpk_count_copied(batch));
	KUNIT_EXPECT_EQ(test, before->reason[MIGRATE_SUCCEEDED] + 3,
			mpk_take_counts(test)->reason[MIGRATE_SUCCEEDED]);
	KUNIT_EXPECT_EQ(test, before->reason[MIGRATE_INELIGIBLE],
			mpk_take_counts(test)->reason[MIGRATE_INELIGIBLE]);
}

/* With nothing configured a cut is what it always was. */
static void engine_off_test(struct kunit *test)
{
	struct mpk_batch *batch = mpk_new_batch(test, 3, 0);
	struct mpk_counts *before = mpk_take_counts(test);

	mpk_run_batch(batch);
	KUNIT_EXPECT_EQ(test, MIGRATE_BATCH_DEFAULT,
			migrate_cut_pages(&batch->cut, MIGRATE_BATCH_DEFAULT));
	KUNIT_EXPECT_EQ(test, 0, mpk_count_copied(batch));
	KUNIT_EXPECT_MEMEQ(test, before->reason, mpk_take_counts(test)->reason,
			   sizeof(before->reason));
}

/* No reason, no policy: migrate_pages() passes what it is given. */
static void engine_bad_reason_test(struct kunit *test)
{
	struct migrate_cut cut = {};

	KUNIT_ASSERT_EQ(test, 0, migrate_policy_store_stats("1"));
	migrate_cut_begin(&cut, -1, 0, 0);
	KUNIT_EXPECT_PTR_EQ(test, NULL, cut.policy);
	migrate_cut_begin(&cut, MR_TYPES, 0, 0);
	KUNIT_EXPECT_PTR_EQ(test, NULL, cut.policy);
	KUNIT_EXPECT_EQ(test, MIGRATE_BATCH_DEFAULT, cut.batch_size);
	migrate_cut_end(&cut, 0, 0);
}

/* A thread that is in the backend, and so holds a slot, until it may leave. */
static int hold_slot(void *data)
{
	struct mpk_batch *batch = data;

	mpk_run_batch(batch);
	complete(batch->done);
	return 0;
}

static void hold_slots(struct kunit *test, unsigned int nr,
		       struct completion *done)
{
	for (unsigned int i = 0; i < nr; i++) {
		struct mpk_batch *batch = mpk_new_batch(test, 1, 0);
		struct task_struct *task;

		batch->done = done;
		task = kthread_run(hold_slot, batch, "kunit_slot/%u", i);
		KUNIT_ASSERT_FALSE(test, IS_ERR(task));
		wait_for_completion(&mpk_fake.entered);
	}
}

/* Two slots a CPU: that many callers are served, the next one is not. */
static void engine_slots_test(struct kunit *test)
{
	unsigned int nr = 2 * num_possible_cpus();
	DECLARE_COMPLETION_ONSTACK(done);
	struct mpk_batch *late = mpk_new_batch(test, 1, 0);
	struct mpk_counts *before;

	mpk_use_backend(test, 0);
	mpk_fake.block = true;
	before = mpk_take_counts(test);
	hold_slots(test, nr, &done);
	mpk_run_batch(late);
	mpk_expect_count(test, before, MIGRATE_DECLINED_SLOT, 1);
	KUNIT_EXPECT_EQ(test, 0, mpk_count_copied(late));

	complete_all(&mpk_fake.leave);
	for (unsigned int i = 0; i < nr; i++)
		wait_for_completion(&done);
	mpk_fake.block = false;
	mpk_run_batch(late);
	mpk_expect_count(test, before, MIGRATE_DECLINED_SLOT, 1);
	KUNIT_EXPECT_EQ(test, 1, mpk_count_copied(late));
}

/* Moves */

/*
 * A move does not look at the contents: what is in @dst stays there, unless
 * it has to be what is in @src.
 */
static void expect_contents(struct kunit *test, struct folio *dst, u64 dst_seed,
			    u64 src_seed)
{
	bool verify = IS_ENABLED(CONFIG_MIGRATE_COPY_VERIFY);

	KUNIT_EXPECT_TRUE(test, mpk_has(dst, verify ? src_seed : dst_seed));
	KUNIT_EXPECT_EQ(test, verify, mpk_fake.nr_mismatches);
}

static void move_anon_test(struct kunit *test)
{
	const int *order = test->param_value;
	struct folio *src = mpk_test_folio(test, *order);
	struct folio *dst = mpk_test_folio(test, folio_order(src));
	struct mpk_counts *before = mpk_take_counts(test);

	KUNIT_ASSERT_EQ(test, 0, mem_cgroup_charge(src, NULL, GFP_KERNEL));
	mpk_make_anon(src);
	src->index = 77;
	folio_set_dirty(src);
	folio_clear_uptodate(dst);
	mpk_fill(src, 1);
	mpk_fill(dst, 2);
	KUNIT_EXPECT_EQ(test, 0, migrate_marked_folio(dst, src, MPK_REASON));
	KUNIT_EXPECT_PTR_EQ(test, src->mapping, dst->mapping);
	KUNIT_EXPECT_EQ(test, 77, dst->index);
	KUNIT_EXPECT_TRUE(test, folio_test_anon(dst));
	KUNIT_EXPECT_TRUE(test, folio_test_uptodate(dst));
	KUNIT_EXPECT_TRUE(test, folio_test_dirty(dst));
	expect_contents(test, dst, 2, 1);
	KUNIT_EXPECT_EQ(test, before->reason[MIGRATE_STALE],
			mpk_take_counts(test)->reason[MIGRATE_STALE]);
}

static const int orders[] = { 0, 2 };

static void order_desc(const int *order, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "order %d", *order);
}

KUNIT_ARRAY_PARAM(order, orders, order_desc);

static void expect_stale(struct kunit *test, struct folio *dst,
			 struct folio *src)
{
	struct mpk_counts *before = mpk_take_counts(test);
	struct address_space *mapping = src->mapping;

	KUNIT_EXPECT_EQ(test, -EAGAIN,
			migrate_marked_folio(dst, src, MPK_REASON));
	KUNIT_EXPECT_PTR_EQ(test, mapping, src->mapping);
	KUNIT_EXPECT_PTR_EQ(test, NULL, dst->mapping);
	mpk_expect_count(test, before, MIGRATE_STALE, 1);
}

static void move_stale_test(struct kunit *test)
{
	const int *order = test->param_value;
	struct folio *src = mpk_test_folio(test, *order);
	struct folio *dst = mpk_test_folio(test, folio_order(src));

	mpk_use_backend(test, 0);
	mpk_make_anon(src);
	folio_get(src);
	expect_stale(test, dst, src);
	folio_put(src);

	folio_clear_uptodate(src);
	expect_stale(test, dst, src);
	folio_mark_uptodate(src);

	folio_test_set_writeback(src);
	expect_stale(test, dst, src);
	folio_test_clear_writeback(src);
}

/* The first folio of a file in memory, isolated and locked. */
struct test_file {
	struct file *file;
	struct address_space *mapping;
	const struct address_space_operations *aops;
	struct folio *folio;
};

/* The folio goes back to the lru, wherever the mapping has it now. */
static void close_file(void *data)
{
	struct test_file *file = data;

	file->mapping->a_ops = file->aops;
	folio_unlock(file->folio);
	folio_putback_lru(file->folio);
	fput(file->file);
}

static void open_file(struct kunit *test, struct test_file *file)
{
	file->file = shmem_file_setup("migrate_policy", PAGE_SIZE,
				      EMPTY_VMA_FLAGS);
	KUNIT_ASSERT_FALSE(test, IS_ERR(file->file));
	file->mapping = file->file->f_mapping;
	file->aops = file->mapping->a_ops;
	file->folio = shmem_read_folio(file->mapping, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(file->folio));
	lru_add_drain_all();
	KUNIT_ASSERT_TRUE(test, folio_isolate_lru(file->folio));
	folio_put(file->folio);
	folio_lock(file->folio);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, close_file, file));
}

/* After a move the test's own folio is the one that is in the file. */
static void swap_folio(struct kunit *test, struct test_file *file,
		       struct folio *dst)
{
	struct folio *src = file->folio;

	KUNIT_EXPECT_PTR_EQ(test, NULL, src->mapping);
	KUNIT_EXPECT_PTR_EQ(test, file->mapping, dst->mapping);
	KUNIT_EXPECT_EQ(test, 1, folio_ref_count(src));
	file->folio = dst;
	folio_unlock(src);
	folio_put(src);
}

static void expect_in_file(struct kunit *test, struct test_file *file,
			   struct folio *folio)
{
	struct folio *found = filemap_get_folio(file->mapping, 0);

	KUNIT_ASSERT_FALSE(test, IS_ERR(found));
	KUNIT_EXPECT_PTR_EQ(test, folio, found);
	folio_put(found);
}

static void move_shmem_test(struct kunit *test)
{
	struct test_file file;
	struct folio *dst = NULL, *src;

	open_file(test, &file);
	src = file.folio;
	KUNIT_EXPECT_EQ(test, MIGRATE_CLASS_SHMEM, migrate_copy_class(src));
	folio_mark_dirty(src);
	KUNIT_EXPECT_EQ(test, MIGRATE_CLASS_SHMEM, migrate_copy_class(src));

	dst = mpk_new_folio(test, 0);
	mpk_fill(src, 4);
	mpk_fill(dst, 3);
	KUNIT_ASSERT_EQ(test, 0, migrate_marked_folio(dst, src, MPK_REASON));
	swap_folio(test, &file, dst);
	expect_in_file(test, &file, dst);
	KUNIT_EXPECT_TRUE(test, folio_test_dirty(dst));
	expect_contents(test, dst, 3, 4);
	kunit_release_action(test, close_file, &file);
}

static void move_shmem_stale_test(struct kunit *test)
{
	struct folio *dst = mpk_test_folio(test, 0);
	struct test_file file;

	mpk_use_backend(test, 0);
	open_file(test, &file);
	folio_get(file.folio);
	expect_stale(test, dst, file.folio);
	folio_put(file.folio);
	expect_in_file(test, &file, file.folio);
	kunit_release_action(test, close_file, &file);
}

/* A clean file folio takes its private data along. */
static void move_file_test(struct kunit *test)
{
	struct test_file file;
	struct folio *dst, *src;
	int token;

	open_file(test, &file);
	src = file.folio;
	file.mapping->a_ops = &filemap_aops;
	folio_clear_dirty(src);
	folio_attach_private(src, &token);
	KUNIT_EXPECT_EQ(test, MIGRATE_CLASS_FILE, migrate_copy_class(src));

	dst = mpk_new_folio(test, 0);
	KUNIT_ASSERT_EQ(test, 0, migrate_marked_folio(dst, src, MPK_REASON));
	KUNIT_EXPECT_FALSE(test, folio_test_private(src));
	swap_folio(test, &file, dst);
	KUNIT_EXPECT_TRUE(test, folio_test_private(dst));
	KUNIT_EXPECT_PTR_EQ(test, (void *)&token, folio_detach_private(dst));
	expect_in_file(test, &file, dst);
	kunit_release_action(test, close_file, &file);
}

/* Clean when it was copied, dirty when it is to move. */
static void move_file_stale_test(struct kunit *test)
{
	struct folio *dst = mpk_test_folio(test, 0);
	struct test_file file;

	mpk_use_backend(test, 0);
	open_file(test, &file);
	file.mapping->a_ops = &filemap_aops;
	folio_set_dirty(file.folio);
	expect_stale(test, dst, file.folio);
	folio_clear_dirty(file.folio);
	kunit_release_action(test, close_file, &file);
}

static struct kunit_case migrate_copy_test_cases[] = {
	KUNIT_CASE_PARAM(class_test, class_gen_params),
	KUNIT_CASE(class_large_test),
	KUNIT_CASE(engine_copies_test),
	KUNIT_CASE(engine_counts_cuts_test),
	KUNIT_CASE(engine_pairs_test),
	KUNIT_CASE(engine_failed_items_test),
	KUNIT_CASE_PARAM(engine_decline_test, decline_gen_params),
	KUNIT_CASE_PARAM(engine_min_pages_test, min_gen_params),
	KUNIT_CASE(engine_min_pages_windows_test),
	KUNIT_CASE(engine_windows_test),
	KUNIT_CASE(engine_full_window_test),
	KUNIT_CASE(engine_no_class_test),
	KUNIT_CASE(engine_small_unjudged_test),
	KUNIT_CASE(engine_ineligible_test),
	KUNIT_CASE(engine_swapcache_refs_test),
	KUNIT_CASE(engine_inline_test),
	KUNIT_CASE(engine_off_test),
	KUNIT_CASE(engine_bad_reason_test),
	KUNIT_CASE(engine_slots_test),
	KUNIT_CASE_PARAM(move_anon_test, order_gen_params),
	KUNIT_CASE_PARAM(move_stale_test, order_gen_params),
	KUNIT_CASE(move_shmem_test),
	KUNIT_CASE(move_shmem_stale_test),
	KUNIT_CASE(move_file_test),
	KUNIT_CASE(move_file_stale_test),
	{}
};

static struct kunit_suite migrate_copy_test_suite = {
	.name = "migrate_policy_copy",
	.init = mpk_init,
	.exit = mpk_exit,
	.test_cases = migrate_copy_test_cases,
};

kunit_test_suite(migrate_copy_test_suite);

MODULE_DESCRIPTION("KUnit tests of the copy engine of the page migration policy");
MODULE_LICENSE("GPL");
