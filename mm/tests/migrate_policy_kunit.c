// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the page migration policy.
 *
 * For what user space cannot test: the attributes on the kernel's own
 * parsers, which folios may be copied ahead, the batch engine with a backend
 * that does what a test says, the move of a copied folio, and the copies that
 * the backend "mt" makes. tools/testing/migrate_policy/ tests the model in
 * depth, and the selftests test real migrations.
 */

#include <kunit/test.h>
#include <linux/bitops.h>
#include <linux/buffer_head.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/jump_label.h>
#include <linux/kthread.h>
#include <linux/memcontrol.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/percpu.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/swap.h>

#include "../internal.h"
#include "../migrate_copy.h"

/* Nothing else migrates for this reason while the tests run. */
#define TEST_REASON	MR_DAMON

#define FAKE_REQUESTS	8

/* What the backend of the tests does, and what it was asked for. */
static struct fake {
	int rc;
	unsigned int fail_every;
	bool block;
	struct completion entered;
	struct completion leave;
	unsigned int nr_requests;
	struct migrate_copy_request requests[FAKE_REQUESTS];
	bool registered;
} fake;

/* What an item of the fake backend comes back with. */
static int fake_status(unsigned int i)
{
	if (!fake.fail_every || i % fake.fail_every)
		return 0;
	return i % 2 ? -EIO : -EINPROGRESS;
}

static int fake_copy(struct migrate_copy_request *req)
{
	if (fake.block) {
		complete(&fake.entered);
		wait_for_completion(&fake.leave);
		return 0;
	}
	if (fake.nr_requests < FAKE_REQUESTS)
		fake.requests[fake.nr_requests] = *req;
	fake.nr_requests++;
	for (unsigned int i = 0; i < req->nr_items; i++)
		req->items[i].status = fake_status(i);
	return fake.rc;
}

static struct migrate_copy_backend fake_backend = {
	.name = "kunit",
	.copy = fake_copy,
};

static void set_policy(struct kunit *test, enum migrate_policy_key key,
		       const char *text)
{
	KUNIT_ASSERT_EQ_MSG(test, 0,
			    migrate_policy_store(TEST_REASON, key, text),
			    "%s to %s", text, migrate_policy_key_name(key));
}

static void use_fake(struct kunit *test, unsigned int min_pages)
{
	fake_backend.min_pages = min_pages;
	KUNIT_ASSERT_EQ(test, 0, migrate_copy_register(&fake_backend));
	fake.registered = true;
	set_policy(test, MIGRATE_KEY_BACKEND, fake_backend.name);
}

static void drop_fake(void)
{
	if (fake.registered)
		migrate_copy_unregister(&fake_backend);
	fake.registered = false;
}

static char *new_page(struct kunit *test)
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
			KUNIT_EXPECT_EQ(test, 0,
					migrate_policy_store(reason, key, page));
	}
	KUNIT_EXPECT_EQ(test, 0, migrate_policy_store_stats("0"));
	free_page((unsigned long)page);
}

static int migrate_policy_test_init(struct kunit *test)
{
	if (migrate_policy_disabled())
		kunit_skip(test, "switched off at boot");
	memset(&fake, 0, sizeof(fake));
	init_completion(&fake.entered);
	init_completion(&fake.leave);
	return 0;
}

static void migrate_policy_test_exit(struct kunit *test)
{
	drop_fake();
	write_defaults(test);
	KUNIT_EXPECT_FALSE(test, static_key_enabled(&migrate_policy_key));
}

/* Attributes */

struct value_case {
	enum migrate_policy_key key;
	const char *text;
	const char *reads;	/* NULL: refused with rc */
	int rc;
};

static const struct value_case value_cases[] = {
	{ MIGRATE_KEY_BACKEND, "mt", "mt\n" },
	{ MIGRATE_KEY_BACKEND, "mt\n", "mt\n" },
	{ MIGRATE_KEY_BACKEND, "inline\n", "inline\n" },
	{ MIGRATE_KEY_BACKEND, "absent", NULL, -ENOENT },
	{ MIGRATE_KEY_BACKEND, "", NULL, -EINVAL },
	{ MIGRATE_KEY_BACKEND, "m t", NULL, -EINVAL },
	{ MIGRATE_KEY_BACKEND, "mt\n\n", NULL, -EINVAL },
	{ MIGRATE_KEY_BATCH_SIZE, "1", "1\n" },
	{ MIGRATE_KEY_BATCH_SIZE, "262144\n", "262144\n" },
	{ MIGRATE_KEY_BATCH_SIZE, "0", NULL, -ERANGE },
	{ MIGRATE_KEY_BATCH_SIZE, "262145", NULL, -ERANGE },
	{ MIGRATE_KEY_BATCH_SIZE, "4294967297", NULL, -ERANGE },
	{ MIGRATE_KEY_BATCH_SIZE, "18446744073709551617", NULL, -ERANGE },
	{ MIGRATE_KEY_BATCH_SIZE, "-1", NULL, -EINVAL },
	{ MIGRATE_KEY_BATCH_SIZE, " 1", NULL, -EINVAL },
	{ MIGRATE_KEY_BATCH_SIZE, "1 ", NULL, -EINVAL },
	{ MIGRATE_KEY_BATCH_SIZE, "1\n\n", NULL, -EINVAL },
	{ MIGRATE_KEY_BATCH_SIZE, "0x10", NULL, -EINVAL },
	{ MIGRATE_KEY_BATCH_SIZE, "\n", NULL, -EINVAL },
	{ MIGRATE_KEY_MIN_PAGES, "262144", "262144\n" },
	{ MIGRATE_KEY_MIN_PAGES, "0\n", "0\n" },
	{ MIGRATE_KEY_MIN_PAGES, "262145", NULL, -ERANGE },
	{ MIGRATE_KEY_MIN_PAGES, "many", NULL, -EINVAL },
	{ MIGRATE_KEY_WORKERS, "64", "64\n" },
	{ MIGRATE_KEY_WORKERS, "0\n", "0\n" },
	{ MIGRATE_KEY_WORKERS, "65", NULL, -ERANGE },
	{ MIGRATE_KEY_WORKERS, "+", NULL, -EINVAL },
	{ MIGRATE_KEY_CLASSES, "none\n", "none\n" },
	{ MIGRATE_KEY_CLASSES, "file,anon\n", "anon,file\n" },
	{ MIGRATE_KEY_CLASSES, "shmem,swapcache", "swapcache,shmem\n" },
	{ MIGRATE_KEY_CLASSES, "", NULL, -EINVAL },
	{ MIGRATE_KEY_CLASSES, "anon,anon", NULL, -EINVAL },
	{ MIGRATE_KEY_CLASSES, "anon,", NULL, -EINVAL },
	{ MIGRATE_KEY_CLASSES, "anon,none", NULL, -EINVAL },
};

static void expect_value(struct kunit *test, enum migrate_reason reason,
			 const struct value_case *value, char *page)
{
	u64 generation = migrate_policy_generation();

	KUNIT_EXPECT_EQ_MSG(test, value->rc,
			    migrate_policy_store(reason, value->key,
						 value->text),
			    "\"%s\" to %s", value->text,
			    migrate_policy_key_name(value->key));
	if (value->rc) {
		KUNIT_EXPECT_EQ(test, generation, migrate_policy_generation());
		return;
	}
	KUNIT_EXPECT_EQ(test, strlen(value->reads),
			migrate_policy_show(reason, value->key, page));
	KUNIT_EXPECT_STREQ(test, value->reads, page);
}

static void attributes_test(struct kunit *test)
{
	enum migrate_reason reason = *(const int *)test->param_value;
	char *page = new_page(test);

	for (int i = 0; i < ARRAY_SIZE(value_cases); i++)
		expect_value(test, reason, &value_cases[i], page);
}

static const int reasons[] = {
	MR_COMPACTION, MR_MEMORY_FAILURE, MR_MEMORY_HOTPLUG, MR_SYSCALL,
	MR_MEMPOLICY_MBIND, MR_NUMA_MISPLACED, MR_CONTIG_RANGE,
	MR_LONGTERM_PIN, MR_DEMOTION, MR_DAMON,
};

static void reason_desc(const int *reason, char *desc)
{
	strscpy(desc, migrate_reason_names[*reason], KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(reason, reasons, reason_desc);

static void key_test(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, static_key_enabled(&migrate_policy_key));
	set_policy(test, MIGRATE_KEY_WORKERS, "1");
	KUNIT_EXPECT_TRUE(test, static_key_enabled(&migrate_policy_key));
	set_policy(test, MIGRATE_KEY_WORKERS, "0");
	KUNIT_EXPECT_FALSE(test, static_key_enabled(&migrate_policy_key));
	KUNIT_EXPECT_EQ(test, 0, migrate_policy_store_stats("1\n"));
	KUNIT_EXPECT_TRUE(test, static_key_enabled(&migrate_policy_key));
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
	if (PageOffline(&folio->page))
		__ClearPageOffline(&folio->page);
	folio->private = NULL;
	folio->mapping = NULL;
}

static void free_folio(void *data)
{
	struct folio *folio = data;

	undress(folio);
	folio_unlock(folio);
	folio_put(folio);
}

static struct folio *new_folio(struct kunit *test, unsigned int order)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, order);

	KUNIT_ASSERT_NOT_NULL(test, folio);
	folio_lock(folio);
	folio_mark_uptodate(folio);
	return folio;
}

/* A folio that goes with the test. */
static struct folio *test_folio(struct kunit *test, unsigned int order)
{
	struct folio *folio = new_folio(test, order);

	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, free_folio, folio));
	return folio;
}

/* Nobody follows the pointer while the folio is not mapped. */
static void set_mapping_flags(struct folio *folio, unsigned long flags)
{
	static unsigned long nobody[8] __aligned(8);

	folio->mapping = (void *)((unsigned long)nobody | flags);
	__folio_set_swapbacked(folio);
}

static void make_anon(struct folio *folio)
{
	set_mapping_flags(folio, FOLIO_MAPPING_ANON);
}

static u64 word_of(u64 seed, unsigned long page, unsigned int word)
{
	return (seed << 40) ^ (page << 16) ^ word ^ 0x5a00a50000000000;
}

static void fill_folio(struct folio *folio, u64 seed)
{
	for (unsigned long page = 0; page < folio_nr_pages(folio); page++) {
		u64 *words = kmap_local_folio(folio, page * PAGE_SIZE);

		for (int i = 0; i < PAGE_SIZE / sizeof(u64); i++)
			words[i] = word_of(seed, page, i);
		kunmap_local(words);
	}
}

static bool folio_has(struct folio *folio, u64 seed)
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
	make_anon(folio);
}

static void dress_anon_dirty(struct folio *folio)
{
	make_anon(folio);
	folio_set_dirty(folio);
}

static void dress_ksm(struct folio *folio)
{
	set_mapping_flags(folio, FOLIO_MAPPING_KSM);
}

static void dress_anon_swapcache(struct folio *folio)
{
	make_anon(folio);
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
	__SetPageOffline(&folio->page);
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

static void dress_hwpoison(struct folio *folio)
{
	SetPageHWPoison(&folio->page);
}

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
	ANON_CASE("anon, hwpoison", dress_anon, dress_hwpoison, NEVER),
	ANON_CASE("swapcache, writeback", dress_anon_swapcache,
		  dress_writeback, NEVER),
	ANON_CASE("swapcache, mapped", dress_anon_swapcache, dress_mapped,
		  NEVER),
	ANON_CASE("swapcache, not uptodate", dress_anon_swapcache,
		  dress_not_uptodate, NEVER),
	ANON_CASE("swapcache, hwpoison", dress_anon_swapcache, dress_hwpoison,
		  NEVER),
	FILE_CASE("no callback", &no_aops, NULL, NEVER),
	FILE_CASE("own callback", &own_aops, NULL, NEVER),
	FILE_CASE("migrate_folio, not shmem", &simple_aops, NULL, NEVER),
	FILE_CASE("filemap", &filemap_aops, NULL, FILE),
	FILE_CASE("filemap, private", &filemap_aops, dress_private, FILE),
	FILE_CASE("filemap, dirty", &filemap_aops, dress_dirty, NEVER),
	FILE_CASE("filemap, private_2", &filemap_aops, dress_private_2, NEVER),
	FILE_CASE("filemap, writeback", &filemap_aops, dress_writeback, NEVER),
	FILE_CASE("filemap, mapped", &filemap_aops, dress_mapped, NEVER),
	FILE_CASE("filemap, hwpoison", &filemap_aops, dress_hwpoison, NEVER),
	FILE_CASE("filemap, not uptodate", &filemap_aops, dress_not_uptodate,
		  NEVER),
	{
		.name = "filemap, inaccessible", .aops = &filemap_aops,
		.class = MIGRATE_CLASS_NEVER, .inaccessible = true,
	},
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
	struct folio *folio = test_folio(test, 0);

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
	struct folio *folio = test_folio(test, 2);

	make_anon(folio);
	KUNIT_EXPECT_EQ(test, MIGRATE_CLASS_ANON, migrate_copy_class(folio));
	folio_set_swapcache(folio);
	KUNIT_EXPECT_EQ(test, MIGRATE_CLASS_SWAPCACHE,
			migrate_copy_class(folio));
}

/* Counters */

struct counts {
	u64 reason[MIGRATE_COUNTERS];
	u64 backend[MIGRATE_COUNTERS];
};

static struct counts *take_counts(struct kunit *test)
{
	struct counts *counts = kunit_kzalloc(test, sizeof(*counts), GFP_KERNEL);
	int cpu;

	KUNIT_ASSERT_NOT_NULL(test, counts);
	for_each_possible_cpu(cpu) {
		struct migrate_counters *all = &per_cpu(migrate_counters, cpu);

		for (int i = 0; i < MIGRATE_COUNTERS; i++) {
			counts->reason[i] += all->reason[TEST_REASON][i];
			counts->backend[i] += all->backend[fake_backend.id][i];
		}
	}
	return counts;
}

/* The reason and the backend count the same. */
static void expect_count(struct kunit *test, const struct counts *before,
			 enum migrate_counter counter, u64 nr)
{
	struct counts *now = take_counts(test);

	KUNIT_EXPECT_EQ_MSG(test, nr,
			    now->reason[counter] - before->reason[counter],
			    "counter %d of the reason", counter);
	KUNIT_EXPECT_EQ_MSG(test, nr,
			    now->backend[counter] - before->backend[counter],
			    "counter %d of the backend", counter);
}

static void expect_no_declines(struct kunit *test, const struct counts *before)
{
	for (int i = MIGRATE_DECLINED_MIN; i <= MIGRATE_DECLINED_ERROR; i++)
		expect_count(test, before, i, 0);
}

/* Batches */

/* Lists of folios as migrate_pages() has them after the TLB flush. */
struct batch {
	struct list_head srcs;
	struct list_head dsts;
	struct migrate_cut cut;
	struct completion *done;
	unsigned int nr;
};

static void free_list(struct list_head *folios)
{
	struct folio *folio, *next;

	list_for_each_entry_safe(folio, next, folios, lru) {
		list_del(&folio->lru);
		free_folio(folio);
	}
}

static void free_batch(void *data)
{
	struct batch *batch = data;

	free_list(&batch->srcs);
	free_list(&batch->dsts);
}

static void add_folios(struct kunit *test, struct batch *batch,
		       unsigned int nr, unsigned int order)
{
	for (unsigned int i = 0; i < nr; i++) {
		struct folio *src = new_folio(test, order), *dst;

		make_anon(src);
		list_add_tail(&src->lru, &batch->srcs);
		dst = new_folio(test, order);
		list_add_tail(&dst->lru, &batch->dsts);
	}
	batch->nr += nr;
}

static struct batch *new_batch(struct kunit *test, unsigned int nr,
			       unsigned int order)
{
	struct batch *batch = kunit_kzalloc(test, sizeof(*batch), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, batch);
	INIT_LIST_HEAD(&batch->srcs);
	INIT_LIST_HEAD(&batch->dsts);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, free_batch, batch));
	add_folios(test, batch, nr, order);
	return batch;
}

static struct folio *first_src(struct batch *batch)
{
	return list_first_entry(&batch->srcs, struct folio, lru);
}

/* Counts folios as pages, which is good enough to count. */
static void run_batch(struct batch *batch)
{
	migrate_cut_begin(&batch->cut, TEST_REASON, 10, 20);
	migrate_copy_batch(&batch->cut, &batch->srcs, &batch->dsts);
	migrate_cut_end(&batch->cut, 10 + batch->nr, 20 + 3);
}

static bool is_copied(const struct folio *dst)
{
	return (unsigned long)folio_get_private((struct folio *)dst) &
	       MIGRATE_COPIED;
}

static unsigned int count_copied(struct batch *batch)
{
	unsigned int nr = 0;
	struct folio *dst;

	list_for_each_entry(dst, &batch->dsts, lru)
		nr += is_copied(dst);
	return nr;
}

static void engine_copies_test(struct kunit *test)
{
	struct batch *batch = new_batch(test, 5, 0);
	struct counts *before;

	use_fake(test, 0);
	set_policy(test, MIGRATE_KEY_WORKERS, "7");
	add_folios(test, batch, 2, 3);
	before = take_counts(test);
	run_batch(batch);

	KUNIT_ASSERT_EQ(test, 1, fake.nr_requests);
	KUNIT_EXPECT_EQ(test, 7, fake.requests[0].nr_items);
	KUNIT_EXPECT_EQ(test, 5 + 2 * 8, fake.requests[0].nr_pages);
	KUNIT_EXPECT_EQ(test, 7, fake.requests[0].workers);
	KUNIT_EXPECT_EQ(test, TEST_REASON, fake.requests[0].reason);
	KUNIT_EXPECT_EQ(test, 7, count_copied(batch));
	expect_count(test, before, MIGRATE_BATCHES, 1);
	expect_count(test, before, MIGRATE_FOLIOS, 7);
	expect_count(test, before, MIGRATE_PAGES, 21);
	expect_count(test, before, MIGRATE_BYTES, 21 * PAGE_SIZE);
	expect_count(test, before, MIGRATE_INELIGIBLE, 0);
	expect_count(test, before, MIGRATE_FAILED_ITEMS, 0);
	expect_no_declines(test, before);
}

/* A cut counts what the call has done since it began. */
static void engine_counts_cuts_test(struct kunit *test)
{
	struct batch *batch = new_batch(test, 5, 0);
	struct counts *before, *after;

	use_fake(test, 0);
	before = take_counts(test);
	run_batch(batch);
	after = take_counts(test);
	expect_count(test, before, MIGRATE_CUTS, 1);
	expect_count(test, before, MIGRATE_SUCCEEDED, 5);
	expect_count(test, before, MIGRATE_FAILED, 3);
	KUNIT_EXPECT_GT(test, after->reason[MIGRATE_CUT_NS],
			before->reason[MIGRATE_CUT_NS]);
	KUNIT_EXPECT_PTR_EQ(test, NULL, batch->cut.policy);
}

/* Each item has the folios of one place in both lists, in their order. */
static int check_items(struct migrate_copy_request *req)
{
	struct batch *batch = container_of(req->items[0].src->lru.prev,
					   struct batch, srcs);
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
	struct batch *batch = new_batch(test, 100, 0);
	struct counts *before;

	fake_backend.copy = check_items;
	use_fake(test, 0);
	before = take_counts(test);
	run_batch(batch);
	fake_backend.copy = fake_copy;
	expect_no_declines(test, before);
	KUNIT_EXPECT_EQ(test, 100, count_copied(batch));
}

/* Only what came back with status 0 is marked. */
static void engine_failed_items_test(struct kunit *test)
{
	struct batch *batch = new_batch(test, 10, 1);
	struct counts *before;
	struct folio *dst;
	unsigned int i = 0;

	use_fake(test, 0);
	fake.fail_every = 3;
	before = take_counts(test);
	run_batch(batch);
	list_for_each_entry(dst, &batch->dsts, lru) {
		KUNIT_EXPECT_EQ(test, !fake_status(i), is_copied(dst));
		i++;
	}
	expect_count(test, before, MIGRATE_FAILED_ITEMS, 4);
	expect_count(test, before, MIGRATE_FOLIOS, 6);
	expect_count(test, before, MIGRATE_PAGES, 12);
	expect_no_declines(test, before);
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
	struct batch *batch = new_batch(test, 3, 0);
	struct counts *before;

	use_fake(test, 0);
	fake.rc = param->rc;
	before = take_counts(test);
	run_batch(batch);
	KUNIT_EXPECT_EQ(test, 1, fake.nr_requests);
	KUNIT_EXPECT_EQ(test, 0, count_copied(batch));
	for (int i = MIGRATE_DECLINED_MIN; i <= MIGRATE_DECLINED_ERROR; i++)
		expect_count(test, before, i, i == param->counter);
	expect_count(test, before, MIGRATE_BATCHES, 0);
	expect_count(test, before, MIGRATE_FOLIOS, 0);
	expect_count(test, before, MIGRATE_FAILED_ITEMS, 0);
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
	struct batch *batch = new_batch(test, param->nr, 0);
	struct counts *before;

	use_fake(test, param->own);
	set_policy(test, MIGRATE_KEY_MIN_PAGES, param->policy);
	before = take_counts(test);
	run_batch(batch);
	KUNIT_EXPECT_EQ(test, !param->declined, fake.nr_requests);
	KUNIT_EXPECT_EQ(test, param->declined ? 0 : param->nr,
			count_copied(batch));
	expect_count(test, before, MIGRATE_DECLINED_MIN, param->declined);
}

static void engine_windows_test(struct kunit *test)
{
	struct batch *batch = new_batch(test, 2 * MIGRATE_COPY_ITEMS + 1, 0);
	struct counts *before;

	use_fake(test, 0);
	before = take_counts(test);
	run_batch(batch);
	KUNIT_ASSERT_EQ(test, 3, fake.nr_requests);
	KUNIT_EXPECT_EQ(test, MIGRATE_COPY_ITEMS, fake.requests[0].nr_items);
	KUNIT_EXPECT_EQ(test, MIGRATE_COPY_ITEMS, fake.requests[1].nr_items);
	KUNIT_EXPECT_EQ(test, MIGRATE_COPY_ITEMS, fake.requests[1].nr_pages);
	KUNIT_EXPECT_EQ(test, 1, fake.requests[2].nr_items);
	KUNIT_EXPECT_EQ(test, 1, fake.requests[2].nr_pages);
	KUNIT_EXPECT_EQ(test, batch->nr, count_copied(batch));
	expect_count(test, before, MIGRATE_BATCHES, 3);
	expect_count(test, before, MIGRATE_FOLIOS, batch->nr);
}

static void engine_full_window_test(struct kunit *test)
{
	struct batch *batch = new_batch(test, MIGRATE_COPY_ITEMS, 0);

	use_fake(test, 0);
	run_batch(batch);
	KUNIT_EXPECT_EQ(test, 1, fake.nr_requests);
	KUNIT_EXPECT_EQ(test, batch->nr, count_copied(batch));
}

/* It is the batch that is too small or not, whatever its requests hold. */
static void engine_min_pages_windows_test(struct kunit *test)
{
	struct batch *batch = new_batch(test, MIGRATE_COPY_ITEMS + 88, 0);
	struct counts *before;

	use_fake(test, 0);
	set_policy(test, MIGRATE_KEY_MIN_PAGES, "601");
	before = take_counts(test);
	run_batch(batch);
	KUNIT_EXPECT_EQ(test, 0, fake.nr_requests);
	expect_count(test, before, MIGRATE_DECLINED_MIN, 1);

	set_policy(test, MIGRATE_KEY_MIN_PAGES, "600");
	run_batch(batch);
	KUNIT_EXPECT_EQ(test, 2, fake.nr_requests);
	KUNIT_EXPECT_EQ(test, batch->nr, count_copied(batch));
	expect_count(test, before, MIGRATE_DECLINED_MIN, 1);
}

static void engine_no_class_test(struct kunit *test)
{
	struct batch *batch = new_batch(test, 4, 0);
	struct counts *before;

	use_fake(test, 0);
	set_policy(test, MIGRATE_KEY_CLASSES, "none");
	before = take_counts(test);
	run_batch(batch);
	set_policy(test, MIGRATE_KEY_CLASSES, "swapcache,shmem,file");
	run_batch(batch);
	KUNIT_EXPECT_EQ(test, 0, fake.nr_requests);
	KUNIT_EXPECT_EQ(test, 0, count_copied(batch));
	expect_count(test, before, MIGRATE_INELIGIBLE, 8);
	expect_no_declines(test, before);
}

/* A folio that somebody holds is left out, and the others stay in step. */
static void engine_ineligible_test(struct kunit *test)
{
	struct batch *batch = new_batch(test, 3, 0);
	struct folio *held = list_next_entry(first_src(batch), lru);
	struct folio *dst;
	unsigned int i = 0;
	struct counts *before;

	use_fake(test, 0);
	before = take_counts(test);
	folio_get(held);
	run_batch(batch);
	folio_put(held);
	KUNIT_ASSERT_EQ(test, 1, fake.nr_requests);
	KUNIT_EXPECT_EQ(test, 2, fake.requests[0].nr_items);
	list_for_each_entry(dst, &batch->dsts, lru)
		KUNIT_EXPECT_EQ(test, i++ != 1, is_copied(dst));
	expect_count(test, before, MIGRATE_INELIGIBLE, 1);
}

/* Swapcache has a reference for each page; one short is as bad as one more. */
static void engine_swapcache_refs_test(struct kunit *test)
{
	struct batch *batch = new_batch(test, 1, 2);
	struct folio *src = first_src(batch);

	use_fake(test, 0);
	folio_set_swapcache(src);
	folio_ref_add(src, 3);
	run_batch(batch);
	KUNIT_EXPECT_EQ(test, 0, fake.nr_requests);
	folio_ref_inc(src);
	run_batch(batch);
	KUNIT_EXPECT_EQ(test, 1, fake.nr_requests);
	folio_ref_sub(src, 4);
}

static void engine_inline_test(struct kunit *test)
{
	struct batch *batch = new_batch(test, 3, 0);
	struct counts *before;

	use_fake(test, 0);
	set_policy(test, MIGRATE_KEY_BACKEND, "inline");
	set_policy(test, MIGRATE_KEY_BATCH_SIZE, "17");
	before = take_counts(test);
	migrate_cut_begin(&batch->cut, TEST_REASON, 0, 0);
	KUNIT_EXPECT_EQ(test, 17, migrate_cut_pages(&batch->cut,
						    MIGRATE_BATCH_DEFAULT));
	migrate_copy_batch(&batch->cut, &batch->srcs, &batch->dsts);
	migrate_cut_end(&batch->cut, 3, 0);
	KUNIT_EXPECT_EQ(test, 0, fake.nr_requests);
	KUNIT_EXPECT_EQ(test, 0, count_copied(batch));
	KUNIT_EXPECT_EQ(test, before->reason[MIGRATE_SUCCEEDED] + 3,
			take_counts(test)->reason[MIGRATE_SUCCEEDED]);
	KUNIT_EXPECT_EQ(test, before->reason[MIGRATE_INELIGIBLE],
			take_counts(test)->reason[MIGRATE_INELIGIBLE]);
}

/* With nothing configured a cut is what it always was. */
static void engine_off_test(struct kunit *test)
{
	struct batch *batch = new_batch(test, 3, 0);
	struct counts *before = take_counts(test);

	run_batch(batch);
	KUNIT_EXPECT_EQ(test, MIGRATE_BATCH_DEFAULT,
			migrate_cut_pages(&batch->cut, MIGRATE_BATCH_DEFAULT));
	KUNIT_EXPECT_EQ(test, 0, count_copied(batch));
	KUNIT_EXPECT_MEMEQ(test, before->reason, take_counts(test)->reason,
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
	struct batch *batch = data;

	run_batch(batch);
	complete(batch->done);
	return 0;
}

static void hold_slots(struct kunit *test, unsigned int nr,
		       struct completion *done)
{
	for (unsigned int i = 0; i < nr; i++) {
		struct batch *batch = new_batch(test, 1, 0);
		struct task_struct *task;

		batch->done = done;
		task = kthread_run(hold_slot, batch, "kunit_slot/%u", i);
		KUNIT_ASSERT_FALSE(test, IS_ERR(task));
		wait_for_completion(&fake.entered);
	}
}

/* Two slots a CPU: that many callers are served, the next one is not. */
static void engine_slots_test(struct kunit *test)
{
	unsigned int nr = 2 * num_possible_cpus();
	DECLARE_COMPLETION_ONSTACK(done);
	struct batch *late = new_batch(test, 1, 0);
	struct counts *before;

	use_fake(test, 0);
	fake.block = true;
	before = take_counts(test);
	hold_slots(test, nr, &done);
	run_batch(late);
	expect_count(test, before, MIGRATE_DECLINED_SLOT, 1);
	KUNIT_EXPECT_EQ(test, 0, count_copied(late));

	complete_all(&fake.leave);
	for (unsigned int i = 0; i < nr; i++)
		wait_for_completion(&done);
	fake.block = false;
	run_batch(late);
	expect_count(test, before, MIGRATE_DECLINED_SLOT, 1);
	KUNIT_EXPECT_EQ(test, 1, count_copied(late));
}

/* Registration */

static void unregister_test(struct kunit *test)
{
	char *page = new_page(test);
	int idx;

	use_fake(test, 0);
	set_policy(test, MIGRATE_KEY_BATCH_SIZE, "1024");
	drop_fake();
	migrate_policy_show(TEST_REASON, MIGRATE_KEY_BACKEND, page);
	KUNIT_EXPECT_STREQ(test, "inline\n", page);
	migrate_policy_show(TEST_REASON, MIGRATE_KEY_BATCH_SIZE, page);
	KUNIT_EXPECT_STREQ(test, "1024\n", page);
	KUNIT_EXPECT_PTR_EQ(test, &migrate_copy_inline,
			    migrate_policy_get(TEST_REASON, &idx)->backend);
	migrate_policy_put(idx);
	KUNIT_EXPECT_EQ(test, -ENOENT,
			migrate_policy_store(TEST_REASON, MIGRATE_KEY_BACKEND,
					     fake_backend.name));
}

/* The directories of a backend come and go with it. */
static void register_again_test(struct kunit *test)
{
	for (int i = 0; i < 20; i++) {
		use_fake(test, 0);
		KUNIT_EXPECT_EQ(test, -EEXIST,
				migrate_copy_register(&fake_backend));
		drop_fake();
	}
}

/* Moves */

static void move_anon_test(struct kunit *test)
{
	struct folio *src = test_folio(test, *(const int *)test->param_value);
	struct folio *dst = test_folio(test, folio_order(src));
	struct counts *before = take_counts(test);

	KUNIT_ASSERT_EQ(test, 0, mem_cgroup_charge(src, NULL, GFP_KERNEL));
	make_anon(src);
	src->index = 77;
	folio_set_dirty(src);
	folio_clear_uptodate(dst);
	fill_folio(src, 1);
	fill_folio(dst, 2);
	KUNIT_EXPECT_EQ(test, 0, migrate_copied_folio(dst, src, TEST_REASON));
	KUNIT_EXPECT_PTR_EQ(test, src->mapping, dst->mapping);
	KUNIT_EXPECT_EQ(test, 77, dst->index);
	KUNIT_EXPECT_TRUE(test, folio_test_anon(dst));
	KUNIT_EXPECT_TRUE(test, folio_test_uptodate(dst));
	KUNIT_EXPECT_TRUE(test, folio_test_dirty(dst));
	KUNIT_EXPECT_TRUE_MSG(test, folio_has(dst, 2), "it was copied again");
	KUNIT_EXPECT_EQ(test, before->reason[MIGRATE_STALE],
			take_counts(test)->reason[MIGRATE_STALE]);
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
	struct counts *before = take_counts(test);
	struct address_space *mapping = src->mapping;

	KUNIT_EXPECT_EQ(test, -EAGAIN,
			migrate_copied_folio(dst, src, TEST_REASON));
	KUNIT_EXPECT_PTR_EQ(test, mapping, src->mapping);
	KUNIT_EXPECT_PTR_EQ(test, NULL, dst->mapping);
	expect_count(test, before, MIGRATE_STALE, 1);
}

static void move_stale_test(struct kunit *test)
{
	struct folio *src = test_folio(test, *(const int *)test->param_value);
	struct folio *dst = test_folio(test, folio_order(src));

	use_fake(test, 0);
	make_anon(src);
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

	dst = new_folio(test, 0);
	fill_folio(dst, 3);
	KUNIT_ASSERT_EQ(test, 0, migrate_copied_folio(dst, src, TEST_REASON));
	swap_folio(test, &file, dst);
	expect_in_file(test, &file, dst);
	KUNIT_EXPECT_TRUE(test, folio_test_dirty(dst));
	KUNIT_EXPECT_TRUE(test, folio_has(dst, 3));
	kunit_release_action(test, close_file, &file);
}

static void move_shmem_stale_test(struct kunit *test)
{
	struct folio *dst = test_folio(test, 0);
	struct test_file file;

	use_fake(test, 0);
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

	dst = new_folio(test, 0);
	KUNIT_ASSERT_EQ(test, 0, migrate_copied_folio(dst, src, TEST_REASON));
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
	struct folio *dst = test_folio(test, 0);
	struct test_file file;

	use_fake(test, 0);
	open_file(test, &file);
	file.mapping->a_ops = &filemap_aops;
	folio_set_dirty(file.folio);
	expect_stale(test, dst, file.folio);
	folio_clear_dirty(file.folio);
	kunit_release_action(test, close_file, &file);
}

/* The backend mt */

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
		free_folio(mt->items[i].src);
		if (mt->items[i].dst)
			free_folio(mt->items[i].dst);
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
	mt->req.reason = TEST_REASON;
	return mt;
}

static void add_item(struct kunit *test, struct mt_request *mt,
		     unsigned int nr, unsigned int order)
{
	struct migrate_copy_item *item = &mt->items[nr];

	item->src = new_folio(test, order);
	item->dst = new_folio(test, order);
	item->status = -EINPROGRESS;
	fill_folio(item->src, nr + 1);
	fill_folio(item->dst, ~0ULL);
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

	set_policy(test, MIGRATE_KEY_BACKEND, "mt");
	policy = migrate_policy_get(TEST_REASON, &idx);
	rc = policy->backend->copy(req);
	migrate_policy_put(idx);
	return rc;
}

static void expect_copied(struct kunit *test, struct mt_request *mt)
{
	unsigned int nr = mt->req.nr_items;

	for (unsigned int i = 0; i < nr; i++) {
		KUNIT_EXPECT_EQ(test, 0, mt->items[i].status);
		KUNIT_EXPECT_TRUE(test, folio_has(mt->items[i].dst, i + 1));
		KUNIT_EXPECT_TRUE(test, folio_has(mt->items[i].src, i + 1));
	}
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, mt->items[nr].status);
	KUNIT_EXPECT_TRUE(test, folio_has(mt->items[nr].dst, ~0ULL));
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
		fill_folio(page_folio(block + i), 100 + i);
	}
	for (int i = 0; i < 4; i++) {
		items[i].src = new_folio(test, 0);
		fill_folio(items[i].src, i);
		items[i].dst = page_folio(block + 2 * i);
		items[i].status = -EINPROGRESS;
	}
	mt->req.nr_items = 4;
	mt->req.nr_pages = 4;
	KUNIT_EXPECT_EQ(test, 0, copy_request(test, &mt->req));
	for (int i = 0; i < 4; i++) {
		KUNIT_EXPECT_TRUE(test, folio_has(items[i].dst, i));
		KUNIT_EXPECT_TRUE(test, folio_has(page_folio(block + 2 * i + 1),
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

/* Through the engine, and with the counters that come of it. */
static void mt_engine_test(struct kunit *test)
{
	struct batch *batch = new_batch(test, 20, 3);
	struct counts *before;
	struct folio *src, *dst;
	u64 seed = 0;

	list_for_each_entry(src, &batch->srcs, lru)
		fill_folio(src, seed++);
	set_policy(test, MIGRATE_KEY_BACKEND, "mt");
	before = take_counts(test);
	run_batch(batch);
	KUNIT_EXPECT_EQ(test, 20, count_copied(batch));
	KUNIT_EXPECT_EQ(test, before->reason[MIGRATE_PAGES] + 160,
			take_counts(test)->reason[MIGRATE_PAGES]);
	seed = 0;
	list_for_each_entry(dst, &batch->dsts, lru)
		KUNIT_EXPECT_TRUE(test, folio_has(dst, seed++));
}

static struct kunit_case migrate_policy_test_cases[] = {
	KUNIT_CASE_PARAM(attributes_test, reason_gen_params),
	KUNIT_CASE(key_test),
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
	KUNIT_CASE(engine_ineligible_test),
	KUNIT_CASE(engine_swapcache_refs_test),
	KUNIT_CASE(engine_inline_test),
	KUNIT_CASE(engine_off_test),
	KUNIT_CASE(engine_bad_reason_test),
	KUNIT_CASE(engine_slots_test),
	KUNIT_CASE(unregister_test),
	KUNIT_CASE(register_again_test),
	KUNIT_CASE_PARAM(move_anon_test, order_gen_params),
	KUNIT_CASE_PARAM(move_stale_test, order_gen_params),
	KUNIT_CASE(move_shmem_test),
	KUNIT_CASE(move_shmem_stale_test),
	KUNIT_CASE(move_file_test),
	KUNIT_CASE(move_file_stale_test),
	KUNIT_CASE_PARAM(mt_orders_test, workers_gen_params),
	KUNIT_CASE_PARAM(mt_mixed_test, workers_gen_params),
	KUNIT_CASE_PARAM(mt_many_test, workers_gen_params),
	KUNIT_CASE(mt_neighbours_test),
	KUNIT_CASE(mt_helper_test),
	KUNIT_CASE(mt_engine_test),
	{}
};

static struct kunit_suite migrate_policy_test_suite = {
	.name = "migrate_policy",
	.init = migrate_policy_test_init,
	.exit = migrate_policy_test_exit,
	.test_cases = migrate_policy_test_cases,
};

kunit_test_suite(migrate_policy_test_suite);

MODULE_DESCRIPTION("KUnit tests of the page migration policy");
MODULE_LICENSE("GPL");
