/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the KUnit tests of the page migration policy have in common.
 */
#ifndef _MM_TESTS_MIGRATE_KUNIT_H
#define _MM_TESTS_MIGRATE_KUNIT_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/list.h>
#include <linux/migrate_mode.h>
#include <linux/types.h>

#include "../migrate_copy_debug.h"

/* Nothing else migrates for this reason while the tests run. */
#define MPK_REASON	MR_DAMON

/* So many are noted down. */
#define MPK_REQUESTS	8

/**
 * struct mpk_fake - what the tests' backend does, and what it was asked for
 * @rc: what copy() answers
 * @fail_every: of so many items one fails; 0: none does
 * @block: copy() completes @entered and waits for @leave
 * @entered: see @block
 * @leave: see @block
 * @nr_requests: how many requests came
 * @requests: the first of them
 * @registered: the backend is
 * @nr_mismatches: how many wrong copies were reported
 * @mismatch: the last of them
 * @culprit: who made it
 */
struct mpk_fake {
	int rc;
	unsigned int fail_every;
	bool block;
	struct completion entered;
	struct completion leave;
	unsigned int nr_requests;
	struct migrate_copy_request requests[MPK_REQUESTS];
	bool registered;
	unsigned int nr_mismatches;
	struct migrate_mismatch mismatch;
	const char *culprit;
};

extern struct mpk_fake mpk_fake;
extern struct migrate_copy_backend mpk_backend;

/**
 * struct mpk_counts - counters, summed over all CPUs
 * @reason: those of the tests' reason
 * @backend: those of the tests' backend
 */
struct mpk_counts {
	u64 reason[MIGRATE_COUNTERS];
	u64 backend[MIGRATE_COUNTERS];
};

/**
 * struct mpk_batch - lists of folios as migrate_pages() has them after the
 *	TLB flush
 * @srcs: the folios
 * @dsts: their destinations
 * @cut: the cut that they belong to
 * @done: for a thread that works on it
 * @nr: the length of the lists
 */
struct mpk_batch {
	struct list_head srcs;
	struct list_head dsts;
	struct migrate_cut cut;
	struct completion *done;
	unsigned int nr;
};

int mpk_init(struct kunit *test);
void mpk_exit(struct kunit *test);

int mpk_status(unsigned int i);
int mpk_copy(struct migrate_copy_request *req);
void mpk_use_backend(struct kunit *test, unsigned int min_pages);
void mpk_drop_backend(void);
void mpk_set_policy(struct kunit *test, enum migrate_policy_key key,
		    const char *text);
char *mpk_new_page(struct kunit *test);

struct folio *mpk_new_folio(struct kunit *test, unsigned int order);
struct folio *mpk_test_folio(struct kunit *test, unsigned int order);
void mpk_free_folio(void *data);
void mpk_set_mapping(struct folio *folio, unsigned long flags);
void mpk_make_anon(struct folio *folio);
void mpk_fill(struct folio *folio, u64 seed);
bool mpk_has(struct folio *folio, u64 seed);

struct mpk_counts *mpk_take_counts(struct kunit *test);
void mpk_expect_count(struct kunit *test, const struct mpk_counts *before,
		      enum migrate_counter counter, u64 nr);
void mpk_expect_no_declines(struct kunit *test,
			    const struct mpk_counts *before);

struct mpk_batch *mpk_new_batch(struct kunit *test, unsigned int nr,
				unsigned int order);
void mpk_add_folios(struct kunit *test, struct mpk_batch *batch,
		    unsigned int nr, unsigned int order);
void mpk_run_batch(struct mpk_batch *batch);
bool mpk_is_copied(const struct folio *dst);
unsigned int mpk_count_copied(struct mpk_batch *batch);

#endif /* _MM_TESTS_MIGRATE_KUNIT_H */
