/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page migration policy: what mm/migrate.c calls, and what the files of the
 * engine share.
 *
 * With CONFIG_MIGRATE_POLICY=n every hook is an empty macro (an inline
 * function would change the code around it) and struct migrate_cut is empty,
 * so that mm/migrate.c compiles to what it was.
 */
#ifndef _MM_MIGRATE_COPY_H
#define _MM_MIGRATE_COPY_H

#ifdef CONFIG_MIGRATE_POLICY

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/huge_mm.h>
#include <linux/list.h>
#include <linux/migrate_mode.h>
#include <linux/percpu.h>
#include <linux/types.h>

#include "migrate_trial.h"

/* What migrate_pages() cuts a list at on its own, in base pages. */
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
#define MIGRATE_BATCH_DEFAULT	HPAGE_PMD_NR
#else
#define MIGRATE_BATCH_DEFAULT	512
#endif

/*
 * In the word that mm/migrate.c keeps in a dst folio between record and
 * extract: a policy has seen to the folio. Free because an anon_vma is aligned
 * to 8 bytes on 64 bit, and two bits are taken.
 */
#define MIGRATE_MARKED		BIT(2)

/**
 * enum migrate_mark - what a policy has seen to
 * @MIGRATE_MARK_COPIED: the contents are in dst
 * @MIGRATE_MARK_ONLY: the same, and in no other way may they come there
 * @MIGRATE_MARK_REFUSED: they are not, and in no other way may they come there
 *
 * In dst->index of a marked folio, which has no other use before its move.
 */
enum migrate_mark {
	MIGRATE_MARK_COPIED,
	MIGRATE_MARK_ONLY,
	MIGRATE_MARK_REFUSED,
};

static inline bool migrate_is_copied(struct folio *dst)
{
	return (unsigned long)folio_get_private(dst) & MIGRATE_MARKED &&
	       dst->index != MIGRATE_MARK_REFUSED;
}

/**
 * struct migrate_call - a call of migrate_pages() that belongs to an arm
 * @name: of the arm
 * @result: of the arm, while a cut of the call is under way
 * @id: of the arm, 0 for the control arm
 * @drawn: @id was
 * @ends: with the cut that is under way
 * @sums: what that cut did so far, see enum migrate_sum
 * @first: when the first folio of the cut had moved, in ns
 * @last: when the last one had
 * @moved: how many had by then
 * @ns: time of all cuts of the call that have ended
 * @pages: their base pages
 *
 * On the stack of migrate_pages(), and filled in only while there is a trial.
 */
struct migrate_call {
	const char *name;
	struct migrate_result __percpu *result;
	u64 id;
	bool drawn;
	bool ends;
	u64 sums[MIGRATE_SUMS];
	u64 first;
	u64 last;
	u64 moved;
	u64 ns;
	u64 pages;
};

/**
 * struct migrate_cut - the part of a migrate_pages() list that is under way
 * @policy: how to copy it; NULL while nothing is configured
 * @call: what to count for an arm of a trial; NULL if the call has none
 * @batch_size: base pages to cut a list at
 * @srcu_idx: for migrate_policy_put()
 * @reason: why it migrates
 * @succeeded: base pages that the call had migrated when the cut began
 * @failed: base pages that the call had failed when the cut began
 * @start: when the cut began, in ns
 *
 * Lives in struct migrate_pages_stats; only the task that called
 * migrate_pages() touches it.
 */
struct migrate_cut {
	const struct migrate_policy *policy;
	struct migrate_call *call;
	int batch_size;
	int srcu_idx;
	enum migrate_reason reason;
	int succeeded;
	int failed;
	u64 start;
};

void __migrate_cut_begin(struct migrate_cut *cut, enum migrate_reason reason,
			 int succeeded, int failed);
void __migrate_cut_end(struct migrate_cut *cut, int succeeded, int failed);
void __migrate_call_begin(struct migrate_cut *cut, struct migrate_call *call);
void __migrate_cut_moved(struct migrate_call *call, int rc);
void __migrate_cut_settled(struct migrate_call *call);
void __migrate_copy_batch(struct migrate_cut *cut, struct list_head *srcs,
			  struct list_head *dsts);
int migrate_marked_folio(struct folio *dst, struct folio *src,
			 enum migrate_reason reason);
bool __migrate_cut_refuses(struct migrate_cut *cut);
void migrate_folio_mark(struct folio *dst, enum migrate_mark mark);

/* Before the first cut of a call. */
static inline void migrate_call_begin(struct migrate_cut *cut,
				      struct migrate_call *call)
{
	if (static_branch_unlikely(&migrate_trial_key))
		__migrate_call_begin(cut, call);
}

/* Before the end of the last one. */
static inline void migrate_call_end(struct migrate_cut *cut)
{
	if (unlikely(cut->call))
		cut->call->ends = true;
}

/*
 * After each attempt to move a folio of the cut. Of the two keys this one is
 * patched less often, and a call that began without it is of no arm.
 */
static inline void migrate_cut_moved(struct migrate_cut *cut, int rc)
{
	if (static_branch_unlikely(&migrate_policy_key) && cut->call)
		__migrate_cut_moved(cut->call, rc);
}

/* After the last move of a batch of the cut. */
static inline void migrate_cut_settled(struct migrate_cut *cut)
{
	if (unlikely(cut->call))
		__migrate_cut_settled(cut->call);
}

static inline void migrate_cut_begin(struct migrate_cut *cut, int reason,
				     int succeeded, int failed)
{
	cut->batch_size = MIGRATE_BATCH_DEFAULT;
	if (static_branch_unlikely(&migrate_policy_key))
		__migrate_cut_begin(cut, reason, succeeded, failed);
}

static inline void migrate_cut_end(struct migrate_cut *cut, int succeeded,
				   int failed)
{
	if (unlikely(cut->policy))
		__migrate_cut_end(cut, succeeded, failed);
}

/* Between the TLB flush and the first move of a batch. */
static inline void migrate_copy_batch(struct migrate_cut *cut,
				      struct list_head *srcs,
				      struct list_head *dsts)
{
	if (unlikely(cut->policy) && cut->policy->backend->copy)
		__migrate_copy_batch(cut, srcs, dsts);
}

/*
 * Before pages with movable_ops move: they have a mark if they must not. The
 * key keeps the compiler from testing for it before it is known what they are.
 */
static inline bool migrate_mark_refuses(int state)
{
	return static_branch_unlikely(&migrate_policy_key) &&
	       state & MIGRATE_MARKED;
}

/* Before a folio that is never in a batch is migrated: must it not be? */
static inline bool migrate_cut_refuses(struct migrate_cut *cut)
{
	return unlikely(cut->policy) && __migrate_cut_refuses(cut);
}

/* @nr is what mm/migrate.c would cut at; the policy knows better. */
#define migrate_cut_pages(cut, nr) ({					\
	BUILD_BUG_ON(__builtin_constant_p(nr) &&			\
		     (nr) != MIGRATE_BATCH_DEFAULT);			\
	(cut)->batch_size;						\
})

/* A private stats of one call follows the cut of the call. */
#define migrate_cut_inherit(cut, from)	(*(cut) = *(from))

/* Counters of a reason, and the same ones of a backend. */
enum migrate_counter {
	MIGRATE_CUTS,
	MIGRATE_CUT_NS,
	MIGRATE_SUCCEEDED,
	MIGRATE_FAILED,
	MIGRATE_BATCHES,
	MIGRATE_FOLIOS,
	MIGRATE_PAGES,
	MIGRATE_BYTES,
	MIGRATE_COPY_NS,
	MIGRATE_HELPER_NS,
	MIGRATE_DECLINED_MIN,
	MIGRATE_DECLINED_SLOT,
	MIGRATE_DECLINED_BUSY,
	MIGRATE_DECLINED_NOMEM,
	MIGRATE_DECLINED_ERROR,
	MIGRATE_INELIGIBLE,
	MIGRATE_FAILED_ITEMS,
	MIGRATE_STALE,
	MIGRATE_REFUSED,
	MIGRATE_VERIFIED,
	MIGRATE_MISMATCHED,
	MIGRATE_COUNTERS,
};

struct migrate_counters {
	u64 reason[MR_TYPES][MIGRATE_COUNTERS];
	u64 backend[MIGRATE_COPY_BACKENDS][MIGRATE_COUNTERS];
};

DECLARE_PER_CPU(struct migrate_counters, migrate_counters);

static inline void migrate_count(enum migrate_reason reason,
				 const struct migrate_policy *policy,
				 enum migrate_counter counter, u64 nr)
{
	this_cpu_add(migrate_counters.reason[reason][counter], nr);
	this_cpu_add(migrate_counters.backend[policy->backend->id][counter],
		     nr);
}

enum migrate_class migrate_copy_class(struct folio *src);

#if IS_ENABLED(CONFIG_KUNIT)
bool mt_cpu_is_free(int cpu);
#endif

#else /* !CONFIG_MIGRATE_POLICY */

#define MIGRATE_MARKED		0

struct migrate_call {};
struct migrate_cut {};

#define migrate_call_begin(cut, call)		((void)(cut), (void)(call))
#define migrate_call_end(cut)			((void)(cut))
#define migrate_cut_moved(cut, rc)		((void)(cut), (void)(rc))
#define migrate_cut_settled(cut)		((void)(cut))

#define migrate_cut_begin(cut, reason, succeeded, failed)		\
	((void)(cut), (void)(reason), (void)(succeeded), (void)(failed))
#define migrate_cut_end(cut, succeeded, failed)				\
	((void)(cut), (void)(succeeded), (void)(failed))
#define migrate_cut_pages(cut, nr)		((void)(cut), (nr))
#define migrate_cut_inherit(cut, from)		((void)(cut), (void)(from))
#define migrate_copy_batch(cut, srcs, dsts)				\
	((void)(cut), (void)(srcs), (void)(dsts))
#define migrate_mark_refuses(state)		((void)(state), false)
#define migrate_cut_refuses(cut)		((void)(cut), false)
#define migrate_marked_folio(dst, src, reason)				\
	((void)(dst), (void)(src), (void)(reason), -EAGAIN)

#endif /* CONFIG_MIGRATE_POLICY */

#endif /* _MM_MIGRATE_COPY_H */
