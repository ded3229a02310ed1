// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page migration policy: folios to measure with.
 *
 * Few of the reasons that pages migrate for can be provoked on a given
 * machine, and not with folios of a given size. This migrates folios of its
 * own, or memory of the caller, for any reason.
 */

/**
 * DOC: migrate_policy_bench
 *
 * The files are in /sys/kernel/debug/migrate_policy_bench/:
 *
 * ``prepare``
 *	"ORDER FOLIOS" gives a file in memory that many folios of that order
 *	and fills them; the folios of the last write go. "0 0" leaves none.
 * ``migrate``
 *	"REASON" migrates all of them for that reason.
 * ``check``
 *	reads as "PRESENT MOVED RIGHT", in base pages: those that the file has,
 *	those that are not where they were filled, and those that hold what
 *	was written, to the last byte.
 * ``migrate_range``
 *	"REASON ADDRESS BYTES" migrates what the writer has mapped there; the
 *	address is hexadecimal.
 *
 * A write returns when the migration is over: what it took is in the counters
 * of the policy layer and on the writer's clock. It fails with -EINVAL if it
 * cannot be understood, -ENOENT without folios, -ENOMEM without memory for
 * them, -EFAULT if nothing is mapped there, and -EBUSY if not all of it has
 * migrated.
 *
 * The folios are clean page cache of a file that nobody else can reach, and
 * have the class "file". Their destinations come from the page allocator while
 * they migrate, as in any other migration.
 */

/*
 * Locking:
 *
 * L: bench_mutex, which a write or a read holds from its beginning to its end
 */

#include <linux/anon_inodes.h>
#include <linux/debugfs.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/init.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/swap.h>
#include <linux/uaccess.h>

#include "../internal.h"
#include "../migrate_policy.h"

static DEFINE_MUTEX(bench_mutex);

static struct {
	struct file *file;		/* L */
	unsigned int order;		/* L */
	unsigned long nr_folios;	/* L */
	unsigned long *pfns;		/* L: where each base page was filled */
	u64 generation;			/* L */
} bench;

static const struct file_operations bench_fops = {};

/* Clean, and without anything of a file system's: of the class "file". */
static const struct address_space_operations bench_aops = {
	.dirty_folio = noop_dirty_folio,
	.migrate_folio = filemap_migrate_folio,
};

/* Contents */

static u64 bench_word(unsigned long page, unsigned int word)
{
	return (bench.generation << 48) ^ ((u64)page << 16) ^ word;
}

static void bench_fill(struct folio *folio)
{
	for (unsigned long i = 0; i < folio_nr_pages(folio); i++) {
		u64 *words = kmap_local_folio(folio, i * PAGE_SIZE);

		for (unsigned int j = 0; j < PAGE_SIZE / sizeof(u64); j++)
			words[j] = bench_word(folio->index + i, j);
		kunmap_local(words);
		bench.pfns[folio->index + i] = folio_pfn(folio) + i;
	}
}

static bool bench_is_right(struct folio *folio, unsigned long page)
{
	u64 *words = kmap_local_folio(folio, page * PAGE_SIZE);
	bool right = true;

	for (unsigned int j = 0; j < PAGE_SIZE / sizeof(u64); j++)
		right &= words[j] == bench_word(folio->index + page, j);
	kunmap_local(words);
	return right;
}

/* Folios */

static void bench_drop(void)
{
	lockdep_assert_held(&bench_mutex);

	if (bench.file) {
		/* Now, not when the file goes: the next ones need the memory. */
		truncate_inode_pages(bench.file->f_mapping, 0);
		fput(bench.file);
	}
	kvfree(bench.pfns);
	bench.file = NULL;
	bench.pfns = NULL;
	bench.nr_folios = 0;
}

static int bench_add_folio(unsigned long nr)
{
	struct address_space *mapping = bench.file->f_mapping;
	gfp_t gfp = GFP_HIGHUSER_MOVABLE | __GFP_RETRY_MAYFAIL | __GFP_NOWARN;
	struct folio *folio = folio_alloc(gfp, bench.order);
	int rc;

	if (!folio)
		return -ENOMEM;
	rc = filemap_add_folio(mapping, folio, nr << bench.order, GFP_KERNEL);
	if (!rc) {
		bench_fill(folio);
		folio_mark_uptodate(folio);
		folio_unlock(folio);
	}
	folio_put(folio);
	return rc;
}

static int bench_open(unsigned int order, unsigned long nr)
{
	bench.file = anon_inode_create_getfile("[migrate_policy_bench]",
					       &bench_fops, NULL, O_RDWR,
					       NULL);
	if (IS_ERR(bench.file)) {
		int rc = PTR_ERR(bench.file);

		bench.file = NULL;
		return rc;
	}
	bench.file->f_mapping->a_ops = &bench_aops;
	bench.pfns = kvcalloc(nr << order, sizeof(*bench.pfns), GFP_KERNEL);
	if (!bench.pfns)
		return -ENOMEM;
	bench.order = order;
	bench.generation++;
	return 0;
}

static int bench_prepare(unsigned int order, unsigned long nr)
{
	int rc;

	guard(mutex)(&bench_mutex);
	bench_drop();
	if (!nr)
		return 0;
	rc = bench_open(order, nr);
	while (!rc && bench.nr_folios < nr) {
		rc = bench_add_folio(bench.nr_folios);
		if (!rc)
			bench.nr_folios++;
		cond_resched();
	}
	if (rc)
		bench_drop();
	return rc;
}

/* Migration */

static struct folio *bench_new_dst(struct folio *src, unsigned long private)
{
	return folio_alloc(GFP_HIGHUSER_MOVABLE | __GFP_RETRY_MAYFAIL |
			   __GFP_NOWARN, folio_order(src));
}

/* From the lru to a list, as those who migrate do. */
static bool bench_isolate(struct folio *folio, struct list_head *folios)
{
	if (!folio_isolate_lru(folio))
		return false;
	list_add_tail(&folio->lru, folios);
	return true;
}

/* What is put back to the lru has to have been counted as isolated. */
static void bench_count(struct list_head *folios)
{
	struct folio *folio;

	list_for_each_entry(folio, folios, lru)
		node_stat_mod_folio(folio, NR_ISOLATED_ANON +
				    folio_is_file_lru(folio),
				    folio_nr_pages(folio));
}

static void bench_put_back(struct list_head *folios)
{
	bench_count(folios);
	putback_movable_pages(folios);
}

/*
 * Those who migrate for MR_MEMORY_FAILURE release what they have isolated
 * themselves: it is not to be used again. Nobody else has what has moved.
 */
static struct folio **bench_keep(struct list_head *folios)
{
	size_t nr = list_count_nodes(folios);
	struct folio **kept, *folio;

	kept = kvcalloc(nr + 1, sizeof(*kept), GFP_KERNEL);
	nr = 0;
	if (kept)
		list_for_each_entry(folio, folios, lru)
			kept[nr++] = folio;
	return kept;
}

static void bench_release(struct folio **kept)
{
	for (size_t i = 0; kept[i]; i++) {
		if (folio_ref_count(kept[i]) == 1)
			folio_put(kept[i]);
	}
	kvfree(kept);
}

/* All that were isolated have to move; @missed says that some were not. */
static int bench_move(struct list_head *folios, enum migrate_reason reason,
		      bool missed)
{
	struct folio **kept = NULL;
	int rc;

	if (reason == MR_MEMORY_FAILURE) {
		kept = bench_keep(folios);
		if (!kept) {
			bench_put_back(folios);
			return -ENOMEM;
		}
	}
	/* Reclaim counts what it isolates by itself. */
	if (reason != MR_DEMOTION)
		bench_count(folios);
	rc = migrate_pages(folios, bench_new_dst, NULL, 0, MIGRATE_SYNC, reason,
			   NULL);
	if (kept)
		bench_release(kept);
	if (reason == MR_DEMOTION)
		bench_put_back(folios);
	else
		putback_movable_pages(folios);
	if (rc < 0)
		return rc;
	return rc || missed ? -EBUSY : 0;
}

static int bench_migrate(enum migrate_reason reason)
{
	struct address_space *mapping;
	bool missed = false;
	LIST_HEAD(folios);

	guard(mutex)(&bench_mutex);
	if (!bench.nr_folios)
		return -ENOENT;
	lru_add_drain_all();
	mapping = bench.file->f_mapping;
	for (unsigned long i = 0; i < bench.nr_folios; i++) {
		struct folio *folio = filemap_get_folio(mapping,
							i << bench.order);

		if (IS_ERR(folio)) {
			missed = true;
			continue;
		}
		missed |= !bench_isolate(folio, &folios);
		folio_put(folio);
	}
	return bench_move(&folios, reason, missed);
}

/* The pages of a large folio follow each other: it is isolated once. */
static bool bench_isolate_pages(struct page **pages, long nr,
				struct list_head *folios)
{
	struct folio *last = NULL;
	bool missed = false;

	for (long i = 0; i < nr; i++) {
		struct folio *folio = page_folio(pages[i]);

		if (folio != last)
			missed |= !bench_isolate(folio, folios);
		last = folio;
	}
	for (long i = 0; i < nr; i++)
		put_page(pages[i]);
	return missed;
}

/* How many of them there are, all with a reference; or a negative errno. */
static long bench_look_up(struct page **pages, unsigned long start,
			  unsigned long nr)
{
	long done = 0, got = 0;

	while (done < nr) {
		got = get_user_pages_fast(start + done * PAGE_SIZE,
					  min(nr - done, INT_MAX + 0UL), 0,
					  pages + done);
		if (got <= 0)
			break;
		done += got;
	}
	return done ?: got;
}

/* The look-up may put pages aside to be activated: they are drained after. */
static int bench_migrate_range(enum migrate_reason reason, unsigned long start,
			       unsigned long bytes)
{
	unsigned long nr = bytes / PAGE_SIZE;
	struct page **pages;
	bool missed = false;
	LIST_HEAD(folios);
	long got;

	guard(mutex)(&bench_mutex);
	pages = kvcalloc(nr, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	got = bench_look_up(pages, start, nr);
	lru_add_drain_all();
	if (got > 0)
		missed = bench_isolate_pages(pages, got, &folios);
	kvfree(pages);
	if (got <= 0)
		return got ?: -EFAULT;
	return bench_move(&folios, reason, missed || got < nr);
}

/* Files */

static int bench_reason(const char *name)
{
	int reason = match_string(migrate_reason_names, MIGRATE_POLICY_REASONS,
				  name);

	return reason < 0 ? -EINVAL : reason;
}

static int bench_write_prepare(const char *text)
{
	unsigned long nr;
	unsigned int order;

	if (sscanf(text, "%u %lu", &order, &nr) != 2 ||
	    order > MAX_PAGE_ORDER || nr > totalram_pages() >> order)
		return -EINVAL;
	return bench_prepare(order, nr);
}

static int bench_write_migrate(const char *text)
{
	int reason = bench_reason(text);

	return reason < 0 ? reason : bench_migrate(reason);
}

static int bench_write_range(const char *text)
{
	unsigned long start, bytes;
	char name[32];
	int reason;

	if (sscanf(text, "%31s %lx %lu", name, &start, &bytes) != 3 ||
	    !PAGE_ALIGNED(start) || !PAGE_ALIGNED(bytes) || !bytes)
		return -EINVAL;
	reason = bench_reason(name);
	return reason < 0 ? reason : bench_migrate_range(reason, start, bytes);
}

struct bench_file {
	const char *name;
	int (*write)(const char *text);
};

static const struct bench_file bench_files[] = {
	{ "prepare", bench_write_prepare },
	{ "migrate", bench_write_migrate },
	{ "migrate_range", bench_write_range },
};

static ssize_t bench_write(struct file *file, const char __user *buf,
			   size_t size, loff_t *pos)
{
	const struct bench_file *bench_file = file_inode(file)->i_private;
	char text[96];
	int rc;

	if (size >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buf, size))
		return -EFAULT;
	text[size] = '\0';
	rc = bench_file->write(strim(text));
	return rc ?: size;
}

static const struct file_operations bench_write_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = bench_write,
	.llseek = noop_llseek,
};

static int check_show(struct seq_file *seq, void *unused)
{
	unsigned long present = 0, moved = 0, right = 0;

	guard(mutex)(&bench_mutex);
	for (unsigned long i = 0; i < bench.nr_folios; i++) {
		struct folio *folio = filemap_get_folio(bench.file->f_mapping,
							i << bench.order);

		if (IS_ERR(folio))
			continue;
		for (unsigned long j = 0; j < folio_nr_pages(folio); j++) {
			present++;
			moved += bench.pfns[folio->index + j] !=
				 folio_pfn(folio) + j;
			right += bench_is_right(folio, j);
		}
		folio_put(folio);
		cond_resched();
	}
	seq_printf(seq, "%lu %lu %lu\n", present, moved, right);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(check);

static int __init bench_init(void)
{
	struct dentry *dir = debugfs_create_dir("migrate_policy_bench", NULL);

	for (unsigned int i = 0; i < ARRAY_SIZE(bench_files); i++)
		debugfs_create_file(bench_files[i].name, 0200, dir,
				    (void *)&bench_files[i],
				    &bench_write_fops);
	debugfs_create_file("check", 0400, dir, NULL, &check_fops);
	return 0;
}
late_initcall(bench_init);
