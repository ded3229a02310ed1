// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of what happens between the copy of a folio and its move.
 *
 * Real migrations by migrate_pages(), of real page cache, with a backend that
 * copies and then lets something happen: a write by somebody who needs no
 * folio lock, a reference taken, a policy changed. Whatever it is, the last
 * bytes written have to be in the folio that the file has in the end.
 */

#include <kunit/test.h>
#include <linux/buffer_head.h>
#include <linux/completion.h>
#include <linux/file.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>
#include <linux/string.h>
#include <linux/swap.h>

#include "../internal.h"
#include "migrate_kunit.h"

/* What a folio holds, for mpk_fill(). */
#define OLD		1
#define NEW		2

#define MAX_FILES	4
#define MAX_ITEMS	16

/* A file in memory of one page, which is isolated and to be migrated. */
struct test_file {
	struct file *file;
	struct address_space *mapping;
	const struct address_space_operations *aops;
	struct folio *folio;
};

/* The window between copy and move, and who looks out of it. */
static struct window {
	struct test_file files[MAX_FILES];
	unsigned int nr_files;
	void (*meanwhile)(struct test_file *file);
	struct folio *copied[MAX_ITEMS];
	unsigned int nr_copied;
	unsigned int nr_requests;
	int start_rc;
	unsigned int max_items;	/* of a request; 0: any number */
	bool only_small;	/* destinations */
	struct buffer_head *held;
	struct completion go;
	struct completion done;
	unsigned long done_early;
} window;

static int window_start(void)
{
	return window.start_rc;
}

/* What happens in the window happens to the first file. */
static int window_copy(struct migrate_copy_request *req)
{
	if (window.max_items && req->nr_items > window.max_items)
		return -EBUSY;
	for (unsigned int i = 0; i < req->nr_items; i++) {
		struct migrate_copy_item *item = &req->items[i];

		item->status = folio_mc_copy(item->dst, item->src);
		if (window.nr_copied < MAX_ITEMS)
			window.copied[window.nr_copied++] = item->src;
	}
	if (!window.nr_requests++ && window.meanwhile)
		window.meanwhile(&window.files[0]);
	return 0;
}

static int holes_test_init(struct kunit *test)
{
	int rc = mpk_init(test);

	memset(&window, 0, sizeof(window));
	init_completion(&window.go);
	init_completion(&window.done);
	mpk_backend.start = window_start;
	mpk_backend.copy = window_copy;
	return rc;
}

static void close_file(struct test_file *file)
{
	file->mapping->a_ops = file->aops;
	clear_bit(AS_INACCESSIBLE, &file->mapping->flags);
	mapping_clear_unevictable(file->mapping);
	fput(file->file);
}

static void holes_test_exit(struct kunit *test)
{
	for (unsigned int i = 0; i < window.nr_files; i++)
		close_file(&window.files[i]);
	mpk_exit(test);
	mpk_backend.start = NULL;
	mpk_backend.copy = mpk_copy;
}

static void use_window(struct kunit *test, const char *classes)
{
	if (!mpk_fake.registered)
		mpk_use_backend(test, 0);
	mpk_set_policy(test, MIGRATE_KEY_BACKEND, mpk_backend.name);
	mpk_set_policy(test, MIGRATE_KEY_CLASSES, classes);
}

/* The folio that a file has now, with a reference; never isolated by us. */
static struct folio *folio_of(struct kunit *test, struct test_file *file)
{
	struct folio *folio = filemap_get_folio(file->mapping, 0);

	KUNIT_ASSERT_FALSE(test, IS_ERR(folio));
	return folio;
}

/* A file in memory with nothing in it, with the callbacks of shmem. */
static struct test_file *open_file(struct kunit *test, unsigned int pages)
{
	struct test_file *file = &window.files[window.nr_files];

	KUNIT_ASSERT_LT(test, window.nr_files, MAX_FILES);
	file->file = shmem_file_setup("migrate_policy", pages * PAGE_SIZE,
				      EMPTY_VMA_FLAGS);
	KUNIT_ASSERT_FALSE(test, IS_ERR(file->file));
	file->mapping = file->file->f_mapping;
	file->aops = file->mapping->a_ops;
	window.nr_files++;
	return file;
}

/*
 * A file of one clean page that migrates by the callback in @aops, or as
 * shmem does for NULL.
 */
static struct test_file *new_file(struct kunit *test,
				  const struct address_space_operations *aops)
{
	struct test_file *file = open_file(test, 1);

	file->folio = shmem_read_folio(file->mapping, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(file->folio));
	mpk_fill(file->folio, OLD);
	if (aops) {
		file->mapping->a_ops = aops;
		folio_clear_dirty(file->folio);
	}
	return file;
}

/* From the lru to a list of folios to migrate, as its callers do. */
static void isolate(struct kunit *test, struct test_file *file,
		    struct list_head *folios)
{
	struct folio *folio = file->folio;

	lru_add_drain_all();
	KUNIT_ASSERT_TRUE(test, folio_isolate_lru(folio));
	folio_put(folio);
	node_stat_add_folio(folio,
			    NR_ISOLATED_ANON + folio_is_file_lru(folio));
	list_add_tail(&folio->lru, folios);
}

static struct folio *new_dst(struct folio *src, unsigned long private)
{
	if (window.only_small && folio_test_large(src))
		return NULL;
	return folio_alloc(GFP_KERNEL, folio_order(src));
}

/* Migrates all files, in their order. Returns how many folios have failed. */
static int migrate_files(struct kunit *test, enum migrate_mode mode)
{
	LIST_HEAD(folios);
	int failed;

	for (unsigned int i = 0; i < window.nr_files; i++)
		isolate(test, &window.files[i], &folios);
	failed = migrate_pages(&folios, new_dst, NULL, 0, mode, MPK_REASON,
			       NULL);
	putback_movable_pages(&folios);
	return failed;
}

static bool was_copied(const struct folio *folio)
{
	for (unsigned int i = 0; i < window.nr_copied; i++) {
		if (window.copied[i] == folio)
			return true;
	}
	return false;
}

/* Callbacks */

static int refuse(struct address_space *mapping, struct folio *dst,
		  struct folio *src, enum migrate_mode mode)
{
	return -EBUSY;
}

static const struct address_space_operations refusing_aops = {
	.dirty_folio = noop_dirty_folio,
	.migrate_folio = refuse,
};

static const struct address_space_operations filemap_aops = {
	.dirty_folio = noop_dirty_folio,
	.migrate_folio = filemap_migrate_folio,
};

/* What happens meanwhile */

/* Anybody who looks the folio up may write; the lock is not theirs. */
static void write_and_release(struct test_file *file)
{
	struct folio *folio = filemap_get_folio(file->mapping, 0);

	if (IS_ERR(folio))
		return;
	mpk_fill(folio, NEW);
	folio_mark_dirty(folio);
	folio_put(folio);
}

static void write_and_hold(struct test_file *file)
{
	struct folio *folio = filemap_get_folio(file->mapping, 0);

	if (!IS_ERR(folio))
		mpk_fill(folio, NEW);
}

static void release(struct kunit *test, struct test_file *file)
{
	struct folio *folio = folio_of(test, file);

	folio_put(folio);
	folio_put(folio);
}

#ifdef CONFIG_BUFFER_HEAD

static const struct address_space_operations buffer_aops = {
	.dirty_folio = noop_dirty_folio,
	.migrate_folio = buffer_migrate_folio,
};

static const struct address_space_operations bdev_aops = {
	.dirty_folio = noop_dirty_folio,
	.migrate_folio = buffer_migrate_folio_norefs,
};

static void attach_buffers(struct test_file *file)
{
	folio_lock(file->folio);
	create_empty_buffers(file->folio, 1024, 0);
	folio_unlock(file->folio);
}

/*
 * As the user of sb_bread(): a reference to the buffer, which the folio does
 * not show, and no lock at all. mark_buffer_dirty() may come much later.
 */
static void write_buffers(struct test_file *file)
{
	struct folio *folio = filemap_get_folio(file->mapping, 0);
	struct buffer_head *head, *bh;

	if (IS_ERR(folio))
		return;
	head = folio_buffers(folio);
	bh = head;
	do {
		get_bh(bh);
		bh = bh->b_this_page;
	} while (bh != head);
	mpk_fill(folio, NEW);
	do {
		put_bh(bh);
		bh = bh->b_this_page;
	} while (bh != head);
	folio_put(folio);
}

static void write_and_hold_buffers(struct test_file *file)
{
	struct folio *folio = filemap_get_folio(file->mapping, 0);

	if (IS_ERR(folio))
		return;
	window.held = folio_buffers(folio);
	get_bh(window.held);
	folio_put(folio);
	write_buffers(file);
}

static void release_buffers(struct kunit *test, struct test_file *file)
{
	put_bh(window.held);
}

static void detach_buffers(struct kunit *test, struct test_file *file)
{
	struct folio *folio = folio_of(test, file);

	folio_lock(folio);
	if (folio_buffers(folio))
		KUNIT_EXPECT_TRUE(test, try_to_free_buffers(folio));
	folio_unlock(folio);
	folio_put(folio);
}

#endif /* CONFIG_BUFFER_HEAD */

static void make_inaccessible(struct test_file *file)
{
	mapping_set_inaccessible(file->mapping);
}

struct window_case {
	const char *name;
	const struct address_space_operations *aops;
	void (*prepare)(struct test_file *file);
	void (*meanwhile)(struct test_file *file);
	void (*after)(struct kunit *test, struct test_file *file);
	void (*clean)(struct kunit *test, struct test_file *file);
	bool ahead;		/* Is it copied ahead? */
	bool stale;		/* And has that copy to be dropped? */
	bool stays;		/* Does it stay where it is? */
};

static const struct window_case window_cases[] = {
	{ .name = "shmem, untouched", .ahead = true },
	{
		.name = "shmem, written and held",
		.meanwhile = write_and_hold, .after = release,
		.ahead = true, .stale = true, .stays = true,
	}, {
		.name = "file, untouched",
		.aops = &filemap_aops, .ahead = true,
	}, {
		.name = "file, written and released",
		.aops = &filemap_aops, .meanwhile = write_and_release,
		.ahead = true, .stale = true,
	}, {
		.name = "file, written and held",
		.aops = &filemap_aops, .meanwhile = write_and_hold,
		.after = release, .ahead = true, .stale = true, .stays = true,
	},
#ifdef CONFIG_BUFFER_HEAD
	{
		.name = "file with buffers, written and released",
		.aops = &buffer_aops, .prepare = attach_buffers,
		.meanwhile = write_buffers, .clean = detach_buffers,
	}, {
		.name = "block device, written and released",
		.aops = &bdev_aops, .prepare = attach_buffers,
		.meanwhile = write_buffers, .clean = detach_buffers,
	}, {
		.name = "block device, written and held",
		.aops = &bdev_aops, .prepare = attach_buffers,
		.meanwhile = write_and_hold_buffers, .after = release_buffers,
		.clean = detach_buffers, .stays = true,
	},
#endif
	{
		.name = "inaccessible",
		.aops = &filemap_aops, .prepare = make_inaccessible,
		.stays = true,
	}, {
		.name = "refusing, as secretmem",
		.aops = &refusing_aops, .meanwhile = write_and_release,
		.stays = true,
	},
};

KUNIT_ARRAY_PARAM_DESC(window, window_cases, name);

static void expect_end(struct kunit *test, const struct window_case *param,
		       struct test_file *file, const struct folio *before)
{
	struct folio *now = folio_of(test, file);

	KUNIT_EXPECT_EQ_MSG(test, param->stays, now == before,
			    "did it move?");
	KUNIT_EXPECT_TRUE_MSG(test,
			      mpk_has(now, param->meanwhile ? NEW : OLD),
			      "the file has lost what was written last");
	folio_put(now);
}

/*
 * One folio that something happens to, and another that is copied ahead in
 * any case, so that there is a window.
 */
static void window_test(struct kunit *test)
{
	const struct window_case *param = test->param_value;
	struct test_file *file = new_file(test, param->aops);
	struct folio *before = file->folio;
	struct mpk_counts *counts;

	new_file(test, NULL);
	if (param->prepare)
		param->prepare(file);
	window.meanwhile = param->meanwhile;
	use_window(test, "anon,swapcache,shmem,file");
	counts = mpk_take_counts(test);
	KUNIT_EXPECT_EQ(test, param->stays,
			migrate_files(test, MIGRATE_ASYNC));
	if (param->after)
		param->after(test, file);
	KUNIT_EXPECT_EQ_MSG(test, param->ahead, was_copied(before),
			    "was it copied ahead?");
	mpk_expect_count(test, counts, MIGRATE_STALE, param->stale);
	KUNIT_EXPECT_EQ(test, 0, mpk_fake.nr_mismatches);
	expect_end(test, param, file, before);
	if (param->clean)
		param->clean(test, file);
}

/* Shmem has a writer that needs no lock; see memfd_pin_folios(). */
static void default_classes_test(struct kunit *test)
{
	struct test_file *file = new_file(test, NULL);
	struct folio *before = file->folio, *now;
	char *page = mpk_new_page(test);

	migrate_policy_show_default(MIGRATE_KEY_CLASSES, page);
	use_window(test, page);
	KUNIT_EXPECT_EQ(test, 0, migrate_files(test, MIGRATE_ASYNC));
	KUNIT_EXPECT_EQ(test, 0, window.nr_copied);
	now = folio_of(test, file);
	KUNIT_EXPECT_PTR_NE(test, before, now);
	KUNIT_EXPECT_TRUE(test, mpk_has(now, OLD));
	folio_put(now);
}

/* Retries */

static unsigned int retries;

/*
 * The callback of the second file runs when the first one has failed to move
 * for the reference that somebody holds. Now the holder writes and lets go.
 */
static int write_between_passes(struct address_space *mapping,
				struct folio *dst, struct folio *src,
				enum migrate_mode mode)
{
	struct folio *folio;

	if (retries++)
		return filemap_migrate_folio(mapping, dst, src, mode);
	folio = filemap_get_folio(window.files[0].mapping, 0);
	if (!IS_ERR(folio)) {
		mpk_fill(folio, NEW);
		folio_put(folio);
		folio_put(folio);
	}
	return -EAGAIN;
}

static const struct address_space_operations retrying_aops = {
	.dirty_folio = noop_dirty_folio,
	.migrate_folio = write_between_passes,
};

static void hold(struct test_file *file)
{
	filemap_get_folio(file->mapping, 0);
}

/* A folio that is retried is copied anew: its mark is gone. */
static void retry_test(struct kunit *test)
{
	struct test_file *file = new_file(test, NULL);
	struct folio *now;

	new_file(test, &retrying_aops);
	retries = 0;
	window.meanwhile = hold;
	use_window(test, "shmem");
	KUNIT_EXPECT_EQ(test, 0, migrate_files(test, MIGRATE_ASYNC));
	KUNIT_EXPECT_EQ(test, 2, retries);
	now = folio_of(test, file);
	KUNIT_EXPECT_TRUE_MSG(test, mpk_has(now, NEW),
			      "the copy of the first pass was used again");
	folio_put(now);
}

/* Both callers of a batch, each cut of its own size. */
static void cuts_test(struct kunit *test)
{
	struct mpk_counts *counts;

	for (int i = 0; i < 3; i++)
		new_file(test, NULL);
	use_window(test, "shmem");
	mpk_set_policy(test, MIGRATE_KEY_BATCH_SIZE, "1");
	counts = mpk_take_counts(test);
	KUNIT_EXPECT_EQ(test, 0, migrate_files(test, MIGRATE_SYNC));
	KUNIT_EXPECT_EQ(test, 3, window.nr_requests);
	KUNIT_EXPECT_EQ(test, 3, window.nr_copied);
	mpk_expect_count(test, counts, MIGRATE_CUTS, 3);
	mpk_expect_count(test, counts, MIGRATE_PAGES, 3);
	mpk_expect_count(test, counts, MIGRATE_SUCCEEDED, 3);
	for (int i = 0; i < 3; i++) {
		struct folio *folio = folio_of(test, &window.files[i]);

		KUNIT_EXPECT_TRUE(test, mpk_has(folio, OLD));
		folio_put(folio);
	}
}

#ifdef CONFIG_TRANSPARENT_HUGEPAGE

/* A file of one large folio, which can be split. */
static struct test_file *new_large_file(struct kunit *test)
{
	struct test_file *file = open_file(test, 4);
	struct folio *folio = folio_alloc(GFP_KERNEL, 2);

	KUNIT_ASSERT_NOT_NULL(test, folio);
	file->mapping->a_ops = &filemap_aops;
	mapping_set_large_folios(file->mapping);
	KUNIT_ASSERT_EQ(test, 0, filemap_add_folio(file->mapping, folio, 0,
						   GFP_KERNEL));
	mpk_fill(folio, OLD);
	folio_mark_uptodate(folio);
	folio_unlock(folio);
	file->folio = folio;
	return file;
}

/* No large destination: its parts migrate, under the same policy. */
static void split_test(struct kunit *test)
{
	struct test_file *file = new_large_file(test);
	struct mpk_counts *counts;
	struct folio *now;

	use_window(test, "file");
	counts = mpk_take_counts(test);
	window.only_small = true;
	KUNIT_EXPECT_EQ(test, 0, migrate_files(test, MIGRATE_ASYNC));
	KUNIT_EXPECT_EQ(test, 4, window.nr_copied);
	mpk_expect_count(test, counts, MIGRATE_CUTS, 1);
	now = folio_of(test, file);
	KUNIT_EXPECT_FALSE(test, folio_test_large(now));
	KUNIT_EXPECT_TRUE(test, mpk_has(now, OLD));
	folio_put(now);
}

#endif /* CONFIG_TRANSPARENT_HUGEPAGE */

/* Strict policies */

static void use_strict_window(struct kunit *test, const char *classes)
{
	use_window(test, classes);
	mpk_set_policy(test, MIGRATE_KEY_STRICT, "1");
}

static void expect_unmoved(struct kunit *test)
{
	for (unsigned int i = 0; i < window.nr_files; i++) {
		struct folio *now = folio_of(test, &window.files[i]);

		KUNIT_EXPECT_PTR_EQ(test, window.files[i].folio, now);
		KUNIT_EXPECT_TRUE(test, mpk_has(now, OLD));
		folio_put(now);
	}
}

/* What may not be copied ahead fails in both phases, before any copy. */
static void strict_class_test(struct kunit *test)
{
	struct mpk_counts *counts;

	new_file(test, &retrying_aops);
	new_file(test, &retrying_aops);
	retries = 0;
	use_strict_window(test, "shmem,file");
	counts = mpk_take_counts(test);
	KUNIT_EXPECT_EQ(test, 2, migrate_files(test, MIGRATE_SYNC));
	KUNIT_EXPECT_EQ_MSG(test, 0, retries, "another way was tried");
	KUNIT_EXPECT_EQ(test, 0, window.nr_requests);
	mpk_expect_count(test, counts, MIGRATE_REFUSED, 4);
	mpk_expect_count(test, counts, MIGRATE_FAILED, 2);
	mpk_expect_count(test, counts, MIGRATE_SUCCEEDED, 0);
	expect_unmoved(test);
}

/* A backend that declines the batch is asked again for each folio of it. */
static void strict_sync_test(struct kunit *test)
{
	struct mpk_counts *counts;

	for (int i = 0; i < 3; i++)
		new_file(test, NULL);
	use_strict_window(test, "shmem");
	window.max_items = 1;
	counts = mpk_take_counts(test);
	KUNIT_EXPECT_EQ(test, 0, migrate_files(test, MIGRATE_SYNC));
	KUNIT_EXPECT_EQ(test, 3, window.nr_copied);
	mpk_expect_count(test, counts, MIGRATE_DECLINED_BUSY, 1);
	mpk_expect_count(test, counts, MIGRATE_REFUSED, 3);
	mpk_expect_count(test, counts, MIGRATE_SUCCEEDED, 3);
	mpk_expect_count(test, counts, MIGRATE_FAILED, 0);
}

/* There is no such phase for those who do not want to wait. */
static void strict_async_test(struct kunit *test)
{
	struct mpk_counts *counts;

	for (int i = 0; i < 3; i++)
		new_file(test, NULL);
	use_strict_window(test, "shmem");
	window.max_items = 1;
	counts = mpk_take_counts(test);
	KUNIT_EXPECT_EQ(test, 3, migrate_files(test, MIGRATE_ASYNC));
	mpk_expect_count(test, counts, MIGRATE_REFUSED, 3);
	mpk_expect_count(test, counts, MIGRATE_FAILED, 3);
	expect_unmoved(test);
}

/* A copy that counts for nothing is none, and is not made up for. */
static void strict_stale_test(struct kunit *test)
{
	struct test_file *file = new_file(test, NULL);
	struct mpk_counts *counts;

	use_strict_window(test, "shmem");
	window.meanwhile = hold;
	counts = mpk_take_counts(test);
	KUNIT_EXPECT_EQ(test, 1, migrate_files(test, MIGRATE_ASYNC));
	release(test, file);
	KUNIT_EXPECT_EQ(test, 1, window.nr_copied);
	mpk_expect_count(test, counts, MIGRATE_STALE, 1);
	mpk_expect_count(test, counts, MIGRATE_REFUSED, 1);
	expect_unmoved(test);
}

/* No batch is too small: inline would be the only other way. */
static void strict_min_pages_test(struct kunit *test)
{
	struct mpk_counts *counts;

	new_file(test, NULL);
	use_strict_window(test, "shmem");
	mpk_set_policy(test, MIGRATE_KEY_MIN_PAGES, "262144");
	counts = mpk_take_counts(test);
	KUNIT_EXPECT_EQ(test, 0, migrate_files(test, MIGRATE_ASYNC));
	KUNIT_EXPECT_EQ(test, 1, window.nr_copied);
	mpk_expect_no_declines(test, counts);
	mpk_expect_count(test, counts, MIGRATE_REFUSED, 0);
}

/* Inline copies whatever it migrates: it has nothing to refuse. */
static void strict_inline_test(struct kunit *test)
{
	struct migrate_cut cut = {};
	u64 refused;

	new_file(test, NULL);
	use_strict_window(test, "none");
	mpk_set_policy(test, MIGRATE_KEY_BACKEND, "inline");
	refused = mpk_take_counts(test)->reason[MIGRATE_REFUSED];
	KUNIT_EXPECT_EQ(test, 0, migrate_files(test, MIGRATE_SYNC));
	/* What is in no batch is asked for by itself. */
	migrate_cut_begin(&cut, MPK_REASON, 0, 0);
	KUNIT_EXPECT_FALSE(test, migrate_cut_refuses(&cut));
	migrate_cut_end(&cut, 0, 0);
	KUNIT_EXPECT_EQ(test, refused,
			mpk_take_counts(test)->reason[MIGRATE_REFUSED]);
}

/* Publication */

static int change_policy(void *unused)
{
	wait_for_completion(&window.go);
	migrate_policy_store(MPK_REASON, MIGRATE_KEY_WORKERS, "3");
	complete(&window.done);
	return 0;
}

static void let_it_change(struct test_file *file)
{
	complete(&window.go);
	window.done_early = wait_for_completion_timeout(&window.done, HZ / 5);
}

/* A change is over when no cut runs under the old policy, and not before. */
static void change_waits_test(struct kunit *test)
{
	struct task_struct *task;

	new_file(test, NULL);
	use_window(test, "shmem");
	task = kthread_run(change_policy, NULL, "kunit_policy");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	window.meanwhile = let_it_change;
	KUNIT_EXPECT_EQ(test, 0, migrate_files(test, MIGRATE_ASYNC));
	KUNIT_EXPECT_EQ_MSG(test, 0, window.done_early,
			    "the change was over while the backend copied");
	if (!window.done_early)
		wait_for_completion(&window.done);
	KUNIT_EXPECT_EQ(test, 1, window.nr_requests);
}

/* What a failed start acquired is given back, and the next one is as good. */
static void start_fails_test(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, 0, migrate_copy_register(&mpk_backend));
	mpk_fake.registered = true;
	window.start_rc = -ENODEV;
	for (int i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, -ENODEV,
				migrate_policy_store(MPK_REASON,
						     MIGRATE_KEY_BACKEND,
						     mpk_backend.name));
		KUNIT_EXPECT_FALSE(test,
				   static_key_enabled(&migrate_policy_key));
	}
	window.start_rc = 0;
	new_file(test, NULL);
	use_window(test, "shmem");
	KUNIT_EXPECT_EQ(test, 0, migrate_files(test, MIGRATE_ASYNC));
	KUNIT_EXPECT_EQ(test, 1, window.nr_requests);
}

/* Folios without a file */

/*
 * A poisoned page raises a machine check, which a test cannot do: but an item
 * that has failed stays failed, and its other pages are left alone.
 */
static void mt_poison_test(struct kunit *test)
{
	struct migrate_copy_item items[2] = {};
	struct migrate_copy_request req = {
		.items = items, .nr_items = 2, .nr_pages = 2, .workers = 1,
		.reason = MPK_REASON,
	};
	int idx;

	for (int i = 0; i < 2; i++) {
		items[i].src = mpk_test_folio(test, 0);
		items[i].dst = mpk_test_folio(test, 0);
		mpk_fill(items[i].src, NEW);
		mpk_fill(items[i].dst, OLD);
	}
	items[0].status = -EHWPOISON;
	items[1].status = -EINPROGRESS;
	mpk_set_policy(test, MIGRATE_KEY_BACKEND, "mt");
	KUNIT_EXPECT_EQ(test, 0, migrate_policy_get(MPK_REASON, &idx)
				 ->backend->copy(&req));
	migrate_policy_put(idx);
	KUNIT_EXPECT_EQ(test, -EHWPOISON, items[0].status);
	KUNIT_EXPECT_TRUE(test, mpk_has(items[0].dst, OLD));
	KUNIT_EXPECT_EQ(test, 0, items[1].status);
	KUNIT_EXPECT_TRUE(test, mpk_has(items[1].dst, NEW));
}

#ifdef CONFIG_HUGETLB_PAGE
/* It never comes that far: migrate_pages() moves hugetlb folios elsewhere. */
static void hugetlb_class_test(struct kunit *test)
{
	struct folio *folio = mpk_test_folio(test, 2);

	mpk_make_anon(folio);
	KUNIT_EXPECT_EQ(test, MIGRATE_CLASS_ANON, migrate_copy_class(folio));
	__folio_set_hugetlb(folio);
	KUNIT_EXPECT_EQ(test, MIGRATE_CLASS_NEVER, migrate_copy_class(folio));
	__folio_clear_hugetlb(folio);
}
#endif

static struct kunit_case holes_test_cases[] = {
	KUNIT_CASE_PARAM(window_test, window_gen_params),
	KUNIT_CASE(default_classes_test),
	KUNIT_CASE(retry_test),
	KUNIT_CASE(cuts_test),
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	KUNIT_CASE(split_test),
#endif
	KUNIT_CASE(strict_class_test),
	KUNIT_CASE(strict_sync_test),
	KUNIT_CASE(strict_async_test),
	KUNIT_CASE(strict_stale_test),
	KUNIT_CASE(strict_min_pages_test),
	KUNIT_CASE(strict_inline_test),
	KUNIT_CASE(change_waits_test),
	KUNIT_CASE(start_fails_test),
	KUNIT_CASE(mt_poison_test),
#ifdef CONFIG_HUGETLB_PAGE
	KUNIT_CASE(hugetlb_class_test),
#endif
	{}
};

static struct kunit_suite holes_test_suite = {
	.name = "migrate_policy_holes",
	.init = holes_test_init,
	.exit = holes_test_exit,
	.test_cases = holes_test_cases,
};

kunit_test_suite(holes_test_suite);

MODULE_DESCRIPTION("KUnit tests of the page migration policy's window");
MODULE_LICENSE("GPL");
