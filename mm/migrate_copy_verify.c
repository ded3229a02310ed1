// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page migration policy: looking at copies once more.
 *
 * For tests, and for whoever suspects that pages come out wrong: compares
 * each folio that was copied ahead with its source when nothing can change
 * the source any more.
 */

/**
 * DOC: migrate_copy_verify
 *
 * A folio that was copied ahead moves without another look at its bytes.
 * migrate_verify() takes that look, at the only moment when it proves
 * something: the mapping leads to the destination, so nobody finds the source
 * any more, and the destination is locked and not up to date, so nobody reads
 * it yet. A difference means that the backend said it had copied what it had
 * not, or that somebody wrote to the source between copy and move, whom the
 * two judgements should have noticed.
 *
 * The difference is reported and counted ("mismatched"), and the destination
 * gets the bytes that it should have had. There is no way back at this point
 * and the second copy must not fail: the source is read once, a chunk at a
 * time, by means that survive a machine check, and it is the chunk that is
 * compared and that mends the destination. Where the source cannot be read,
 * the destination keeps what the backend wrote, as it would without this
 * option, and the page is not counted as verified. A machine check on the
 * destination, which was written a moment ago, is as fatal as on any memory of
 * the kernel.
 *
 * Memory tags are not compared.
 */

#include <kunit/static_stub.h>
#include <linux/bug.h>
#include <linux/highmem.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "migrate_copy_debug.h"

/* On the stack: nothing can be allocated here. */
#define CHUNK	128

/* The first of @size bytes in which @a and @b differ; @size if none does. */
static size_t first_difference(const char *a, const char *b, size_t size)
{
	size_t i = 0;

	while (i < size && a[i] == b[i])
		i++;
	return i;
}

/*
 * Compares and mends. @first becomes the first byte that differed, or stays.
 * Returns false where the source could not be read to its end.
 */
static bool verify_page(struct page *dst, struct page *src, size_t *first)
{
	char *to = kmap_local_page(dst);
	char *from = kmap_local_page(src);
	size_t at = 0;

	for (; at < PAGE_SIZE; at += CHUNK) {
		char chunk[CHUNK];

		if (copy_mc_to_kernel(chunk, from + at, CHUNK))
			break;
		if (!memcmp(to + at, chunk, CHUNK))
			continue;
		if (*first == PAGE_SIZE)
			*first = at + first_difference(to + at, chunk, CHUNK);
		memcpy(to + at, chunk, CHUNK);
	}
	kunmap_local(from);
	kunmap_local(to);
	return at == PAGE_SIZE;
}

/**
 * migrate_verify_report() - say that a copy was wrong
 * @mismatch: what was found
 * @backend: who made the copy
 *
 * Context: process context. Tests put a function of theirs in its place.
 */
void migrate_verify_report(const struct migrate_mismatch *mismatch,
			   const char *backend)
{
	unsigned long page = mismatch->page;

	KUNIT_STATIC_STUB_REDIRECT(migrate_verify_report, mismatch, backend);
	pr_err_ratelimited("migrate_policy: wrong copy by %s, reason %s, class %s: pfn %#lx to %#lx differ at byte %u\n",
			   backend, migrate_reason_names[mismatch->reason],
			   migrate_class_name(mismatch->class),
			   folio_pfn(mismatch->src) + page,
			   folio_pfn(mismatch->dst) + page, mismatch->offset);
	WARN_ONCE(1, "a page was copied wrong, see above\n");
}

/**
 * migrate_verify() - compare a folio that was copied ahead with its source
 * @dst: the folio that the mapping has now: locked, not up to date
 * @src: the folio that it had
 * @reason: why it migrates
 * @class: the class of @src when it was moved
 *
 * Where they differ, @dst gets the bytes of @src.
 *
 * Context: process context, both folios locked.
 */
void migrate_verify(struct folio *dst, struct folio *src,
		    enum migrate_reason reason, enum migrate_class class)
{
	struct migrate_mismatch mismatch = {
		.dst = dst, .src = src, .reason = reason, .class = class,
	};
	unsigned long verified = 0, mismatched = 0;
	const struct migrate_policy *policy;
	int idx;

	for (unsigned long i = 0; i < folio_nr_pages(src); i++) {
		size_t first = PAGE_SIZE;

		verified += verify_page(folio_page(dst, i), folio_page(src, i),
					&first);
		if (first != PAGE_SIZE && !mismatched++) {
			mismatch.page = i;
			mismatch.offset = first;
		}
		cond_resched();
	}
	policy = migrate_policy_get(reason, &idx);
	if (mismatched)
		migrate_verify_report(&mismatch, policy->backend->name);
	migrate_count(reason, policy, MIGRATE_VERIFIED, verified);
	migrate_count(reason, policy, MIGRATE_MISMATCHED, mismatched);
	migrate_policy_put(idx);
}
