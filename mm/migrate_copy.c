// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page migration policy: the batch engine.
 *
 * Copies the contents of a batch of folios ahead of their move, through the
 * backend that the policy of the migration's reason names.
 */

/**
 * DOC: migrate_copy
 *
 * migrate_pages() calls in here at three places: around each cut of its list,
 * after the TLB flush of a batch, and when it moves a folio.
 *
 * After the flush, __migrate_copy_batch() gathers the folios that may be
 * copied ahead into requests of at most MIGRATE_COPY_ITEMS items, hands them
 * to the backend and marks each folio whose item came back with status 0. The
 * mark sits in the word that mm/migrate.c keeps in the dst folio, and is gone
 * when migrate_folio_move() takes that word out: no file system and no
 * hugetlb code ever sees it. migrate_marked_folio() then judges the folio
 * again and moves mapping and flags without a copy. Whatever is in doubt, at
 * either point, takes the path it always took, copy included: that path is
 * never wrong, so a doubt costs time and nothing else.
 *
 * A folio may be copied ahead if nobody can change its bytes between the copy
 * and the move without either holding a reference at the move or being kept
 * out by something that migrate_pages() holds itself, which is the folio
 * lock. Reference counts alone do not prove that: a reference may be taken,
 * used for a write, and dropped in between. So it is the identity of the
 * migration callback that decides: a callback that does nothing besides copy
 * and move promises that there is nothing else to exclude. The table in
 * Documentation/mm/migrate_policy.rst goes through it case by case.
 *
 * A policy may be strict: then its backend copies or nobody does. All folios
 * of a batch get a mark then. One that says that the backend did not copy, or
 * whose copy counts for nothing, makes the move fail with -EOPNOTSUPP, and the
 * caller sees a folio that could not be migrated. hugetlb folios, which are
 * never in a batch, fail before they are unmapped.
 *
 * While the reason has a trial (mm/migrate_trial.c), the first cut of a call
 * draws the arm that the call belongs to, with a random number of its CPU's
 * own, and each cut adds what it did to the results of that arm. The state is
 * struct migrate_call, on the stack of migrate_pages().
 *
 * A request needs a slot. Slots are allocated when the first policy names a
 * backend that copies ahead and freed when none does any more: nothing is
 * allocated while folios are locked. No slot free means inline.
 */

/*
 * Locking:
 *
 * L: migrate_policy_mutex (callers hold it; it is private to the model)
 * SL: L for writing, policy SRCU for reading
 */

#include <linux/bitops.h>
#include <linux/buffer_head.h>
#include <linux/cgroup.h>
#include <linux/init.h>
#include <linux/kernel_stat.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/prandom.h>
#include <linux/sched/mm.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include "internal.h"
#include "migrate_copy_debug.h"

#define CREATE_TRACE_POINTS
#include <trace/events/migrate_policy.h>

/* More callers than CPUs can be in a copy: they may be preempted there. */
#define SLOTS_PER_CPU	2

struct migrate_copy_slot {
	struct migrate_copy_request req;
	unsigned int nr;
	struct migrate_copy_item items[MIGRATE_COPY_ITEMS];
};

static struct migrate_copy_slot **slots;	/* SL */
static unsigned long *slots_busy;		/* SL, its bits are atomic */
static unsigned int nr_slots;			/* SL */
static unsigned int slots_users;		/* L */

DEFINE_PER_CPU(struct migrate_counters, migrate_counters);

/* For the drawing of arms: not secret, but each CPU's own. */
static DEFINE_PER_CPU(struct rnd_state, draw_state);

/* Today's path: nothing is copied ahead. */
struct migrate_copy_backend migrate_copy_inline = {
	.name = "inline",
};

static void free_slots(void)
{
	for (unsigned int i = 0; slots && i < nr_slots; i++)
		kvfree(slots[i]);
	kfree(slots);
	bitmap_free(slots_busy);
	slots = NULL;
	slots_busy = NULL;
	nr_slots = 0;
}

static int alloc_slots(void)
{
	unsigned int nr = SLOTS_PER_CPU * num_possible_cpus();

	slots = kcalloc(nr, sizeof(*slots), GFP_KERNEL);
	slots_busy = bitmap_zalloc(nr, GFP_KERNEL);
	if (!slots || !slots_busy)
		goto err_free;

	for (; nr_slots < nr; nr_slots++) {
		/* The write that wants it says that it failed. */
		slots[nr_slots] = kvzalloc(sizeof(**slots),
					   GFP_KERNEL | __GFP_NOWARN);
		if (!slots[nr_slots])
			goto err_free;
		slots[nr_slots]->nr = nr_slots;
	}
	return 0;

err_free:
	free_slots();
	return -ENOMEM;
}

/**
 * migrate_copy_start() - acquire what a backend needs
 * @backend: the backend that a policy is about to name
 *
 * Context: process context, under the policy mutex; allocates.
 * Return: 0, -ENOMEM or what the backend's start() answered.
 */
int migrate_copy_start(struct migrate_copy_backend *backend)
{
	int rc;

	if (!backend->copy)
		return 0;
	if (!slots_users) {
		rc = alloc_slots();
		if (rc)
			return rc;
	}
	if (backend->start) {
		rc = backend->start();
		if (rc)
			goto err_slots;
	}
	slots_users++;
	return 0;

err_slots:
	if (!slots_users)
		free_slots();
	return rc;
}

/**
 * migrate_copy_stop() - release what migrate_copy_start() acquired
 * @backend: the backend that no policy names any more
 *
 * Context: process context, under the policy mutex, when no request of
 *	@backend is running.
 */
void migrate_copy_stop(struct migrate_copy_backend *backend)
{
	if (!backend->copy)
		return;
	if (backend->stop)
		backend->stop();
	if (!--slots_users)
		free_slots();
}

/* Starts looking at a place of the CPU's own, where it seldom meets others. */
static struct migrate_copy_slot *get_slot(void)
{
	unsigned int first = SLOTS_PER_CPU * raw_smp_processor_id();

	if (migrate_fault_slot())
		return NULL;
	for (unsigned int i = 0; i < nr_slots; i++) {
		unsigned int nr = (first + i) % nr_slots;

		if (!test_bit(nr, slots_busy) &&
		    !test_and_set_bit_lock(nr, slots_busy)) {
			slots[nr]->req = (struct migrate_copy_request) {
				.items = slots[nr]->items,
			};
			return slots[nr];
		}
	}
	return NULL;
}

static void put_slot(struct migrate_copy_slot *slot)
{
	clear_bit_unlock(slot->nr, slots_busy);
}

/* The class of page cache, by what the file system's callback promises. */
static enum migrate_class mapping_class(struct address_space *mapping,
					struct folio *src)
{
	typeof(mapping->a_ops->migrate_folio) migrate =
		mapping->a_ops->migrate_folio;

	if (!migrate || mapping_inaccessible(mapping) ||
	    folio_test_private_2(src))
		return MIGRATE_CLASS_NEVER;
	if (migrate == migrate_folio)
		return shmem_mapping(mapping) ? MIGRATE_CLASS_SHMEM :
						MIGRATE_CLASS_NEVER;
	if (folio_test_dirty(src))
		return MIGRATE_CLASS_NEVER;
	if (migrate == filemap_migrate_folio)
		return MIGRATE_CLASS_FILE;
	if (migrate == buffer_migrate_folio && !folio_test_private(src))
		return MIGRATE_CLASS_FILE;
	return MIGRATE_CLASS_NEVER;
}

/**
 * migrate_copy_class() - who can reach the contents of a folio under migration
 * @src: the folio: locked, unmapped, the TLBs flushed
 *
 * Context: any, with @src locked.
 * Return: its class, MIGRATE_CLASS_NEVER if it must not be copied ahead.
 */
enum migrate_class migrate_copy_class(struct folio *src)
{
	struct address_space *mapping;

	if (page_has_movable_ops(&src->page) || folio_test_hugetlb(src) ||
	    folio_is_zone_device(src) || folio_mapped(src) ||
	    folio_test_writeback(src) || !folio_test_uptodate(src) ||
	    folio_contain_hwpoisoned_page(src))
		return MIGRATE_CLASS_NEVER;
	if (folio_test_swapcache(src))
		return MIGRATE_CLASS_SWAPCACHE;

	mapping = folio_mapping(src);
	if (folio_test_anon(src))
		return mapping ? MIGRATE_CLASS_NEVER : MIGRATE_CLASS_ANON;
	return mapping ? mapping_class(mapping, src) : MIGRATE_CLASS_NEVER;
}

/* May @src be copied now, ahead of its move? */
static bool may_copy(struct folio *src, unsigned int classes)
{
	enum migrate_class class = migrate_copy_class(src);

	if (class == MIGRATE_CLASS_NEVER || !(classes & BIT(class)))
		return false;
	if (folio_ref_count(src) != folio_expected_ref_count(src) + 1)
		return false;
	/* No byte is read before the references have been. */
	smp_rmb();
	return true;
}

static void decline(struct migrate_cut *cut, enum migrate_counter counter,
		    const char *cause, unsigned long nr_pages)
{
	migrate_count(cut->reason, cut->policy, counter, 1);
	trace_migrate_copy_decline(cut->reason, cut->policy->backend->name,
				   cause, nr_pages);
}

static void decline_error(struct migrate_cut *cut, int rc,
			  unsigned long nr_pages)
{
	if (rc == -EBUSY)
		decline(cut, MIGRATE_DECLINED_BUSY, "busy", nr_pages);
	else if (rc == -ENOMEM)
		decline(cut, MIGRATE_DECLINED_NOMEM, "nomem", nr_pages);
	else
		decline(cut, MIGRATE_DECLINED_ERROR, "error", nr_pages);
}

/*
 * Lets lockdep splat at the first use of a backend that allocates in a way
 * that can reclaim, or takes a lock under which others do. Not where the
 * caller has PF_MEMALLOC: reclaim holds the annotation already, and nothing
 * that such a task allocates would reclaim.
 */
static int call_backend(struct migrate_copy_backend *backend,
			struct migrate_copy_request *req)
{
	int rc = migrate_fault_decline(req);

	if (rc)
		return rc;
	fs_reclaim_acquire(GFP_KERNEL);
	rc = backend->copy(req);
	fs_reclaim_release(GFP_KERNEL);
	if (!rc)
		migrate_fault_items(req);
	return rc;
}

#ifdef CONFIG_CGROUPS
/*
 * Adds what others worked for this task to the CPU time of its control group,
 * as if it had done so itself. That is all it does: the scheduler has charged
 * that time elsewhere, and no limit sees it. Not cgroup_account_cputime(): the
 * cpuacct controller wants the lock of a runqueue.
 */
static void charge_helpers(u64 ns)
{
	struct cgroup *cgrp;

	if (!ns)
		return;
	guard(rcu)();
	cgrp = task_dfl_cgroup(current);
	/* The root has no sums of its own: it shows those of the CPUs. */
	if (!cgroup_parent(cgrp))
		return;
	__cgroup_account_cputime(cgrp, ns);
	__cgroup_account_cputime_field(cgrp, CPUTIME_SYSTEM, ns);
}
#else
static void charge_helpers(u64 ns) {}
#endif

/* Inline copies whatever it migrates: it has nothing to refuse. */
static bool is_strict(const struct migrate_policy *policy)
{
	return policy->strict && policy->backend->copy;
}

/* Marks what the backend copied, and counts. */
static void finish_request(struct migrate_cut *cut,
			   struct migrate_copy_request *req, u64 copy_ns)
{
	const struct migrate_policy *policy = cut->policy;
	enum migrate_mark mark = is_strict(policy) ? MIGRATE_MARK_ONLY :
						     MIGRATE_MARK_COPIED;
	unsigned long pages = 0;
	unsigned int folios = 0;

	for (unsigned int i = 0; i < req->nr_items; i++) {
		if (req->items[i].status)
			continue;
		migrate_folio_mark(req->items[i].dst, mark);
		folios++;
		pages += folio_nr_pages(req->items[i].src);
	}
	migrate_count(cut->reason, policy, MIGRATE_BATCHES, 1);
	migrate_count(cut->reason, policy, MIGRATE_FOLIOS, folios);
	migrate_count(cut->reason, policy, MIGRATE_PAGES, pages);
	migrate_count(cut->reason, policy, MIGRATE_BYTES, pages * PAGE_SIZE);
	migrate_count(cut->reason, policy, MIGRATE_COPY_NS, copy_ns);
	migrate_count(cut->reason, policy, MIGRATE_HELPER_NS, req->helper_ns);
	charge_helpers(req->helper_ns);
	migrate_count(cut->reason, policy, MIGRATE_FAILED_ITEMS,
		      req->nr_items - folios);
	if (cut->call) {
		cut->call->sums[MIGRATE_SUM_ENGAGED_PAGES] += pages;
		cut->call->sums[MIGRATE_SUM_COPY_NS] += copy_ns;
		cut->call->sums[MIGRATE_SUM_HELPER_NS] += req->helper_ns;
	}
	trace_migrate_copy_end(req, policy->backend->name, folios, pages,
			       copy_ns);
}

static void run_request(struct migrate_cut *cut,
			struct migrate_copy_request *req)
{
	struct migrate_copy_backend *backend = cut->policy->backend;
	u64 start;
	int rc;

	req->workers = cut->policy->workers;
	req->reason = cut->reason;
	req->helpers = 0;
	req->helper_ns = 0;
	trace_migrate_copy_start(req, backend->name);
	if (cut->call)
		cut->call->sums[MIGRATE_SUM_OFFERED] += req->nr_pages;

	start = ktime_get_ns();
	rc = call_backend(backend, req);
	if (rc)
		decline_error(cut, rc, req->nr_pages);
	else
		finish_request(cut, req, ktime_get_ns() - start);
}

static void end_request(struct migrate_cut *cut,
			struct migrate_copy_request *req)
{
	if (req->nr_items)
		run_request(cut, req);
	req->nr_items = 0;
	req->nr_pages = 0;
}

/* The base pages of a batch, whatever they are; where it is enough, @enough. */
static unsigned long count_pages(struct list_head *srcs, unsigned long enough)
{
	unsigned long pages = 0;
	struct folio *src;

	list_for_each_entry(src, srcs, lru) {
		pages += folio_nr_pages(src);
		if (pages >= enough)
			return enough;
	}
	return pages;
}

/*
 * Is the whole batch smaller than what is worth the backend's while? To judge
 * folios takes longer than to count them, and is for a batch that is not.
 */
static bool too_small(struct migrate_cut *cut, struct list_head *srcs)
{
	unsigned long min = cut->policy->min_pages ?:
			    cut->policy->backend->min_pages;
	unsigned long pages;
	u64 ineligible = 0;
	struct folio *src;

	if (is_strict(cut->policy))
		return false;
	pages = count_pages(srcs, min);
	if (pages < min) {
		decline(cut, MIGRATE_DECLINED_MIN, "min", pages);
		return true;
	}
	pages = 0;
	list_for_each_entry(src, srcs, lru) {
		if (pages >= min)
			return false;
		if (may_copy(src, cut->policy->classes))
			pages += folio_nr_pages(src);
		else
			ineligible++;
	}
	if (!pages || pages >= min)
		return false;
	decline(cut, MIGRATE_DECLINED_MIN, "min", pages);
	migrate_count(cut->reason, cut->policy, MIGRATE_INELIGIBLE, ineligible);
	return true;
}

static void add_item(struct migrate_copy_request *req, struct folio *src,
		     struct folio *dst)
{
	req->items[req->nr_items++] = (struct migrate_copy_item) {
		.src = src,
		.dst = dst,
		.status = -EINPROGRESS,
	};
	req->nr_pages += folio_nr_pages(src);
}

static void copy_batch(struct migrate_cut *cut,
		       struct migrate_copy_request *req,
		       struct list_head *srcs, struct list_head *dsts)
{
	struct folio *dst = list_first_entry(dsts, struct folio, lru);
	struct folio *src;
	u64 ineligible = 0;

	list_for_each_entry(src, srcs, lru) {
		if (may_copy(src, cut->policy->classes))
			add_item(req, src, dst);
		else
			ineligible++;
		if (req->nr_items == MIGRATE_COPY_ITEMS) {
			end_request(cut, req);
			cond_resched();
		}
		dst = list_next_entry(dst, lru);
	}
	end_request(cut, req);
	migrate_count(cut->reason, cut->policy, MIGRATE_INELIGIBLE, ineligible);
}

static void offer_batch(struct migrate_cut *cut, struct list_head *srcs,
			struct list_head *dsts)
{
	struct migrate_copy_slot *slot;

	if (list_empty(srcs) || too_small(cut, srcs))
		return;
	slot = get_slot();
	if (!slot) {
		decline(cut, MIGRATE_DECLINED_SLOT, "slot", 0);
		return;
	}
	copy_batch(cut, &slot->req, srcs, dsts);
	put_slot(slot);
	migrate_fault_delay(dsts);
}

/* What the backend copies gets another mark. */
static void offer_strictly(struct migrate_cut *cut, struct list_head *srcs,
			   struct list_head *dsts)
{
	struct folio *dst;
	u64 refused = 0;

	list_for_each_entry(dst, dsts, lru)
		migrate_folio_mark(dst, MIGRATE_MARK_REFUSED);
	offer_batch(cut, srcs, dsts);
	list_for_each_entry(dst, dsts, lru)
		refused += dst->index == MIGRATE_MARK_REFUSED;
	migrate_count(cut->reason, cut->policy, MIGRATE_REFUSED, refused);
}

/**
 * __migrate_copy_batch() - copy the contents of a batch ahead of its move
 * @cut: the cut that the batch belongs to, with a policy
 * @srcs: the folios of the batch: locked, unmapped, the TLBs flushed
 * @dsts: their destinations, in the same order
 *
 * Context: process context, with all folios of both lists locked.
 */
void __migrate_copy_batch(struct migrate_cut *cut, struct list_head *srcs,
			  struct list_head *dsts)
{
	if (is_strict(cut->policy))
		offer_strictly(cut, srcs, dsts);
	else
		offer_batch(cut, srcs, dsts);
}

/* For the backend that the reason's policy names by now. */
static void count_at_move(enum migrate_reason reason,
			  enum migrate_counter counter)
{
	const struct migrate_policy *policy;
	int idx;

	policy = migrate_policy_get(reason, &idx);
	migrate_count(reason, policy, counter, 1);
	migrate_policy_put(idx);
}

/* Moves mapping, private and flags: all that a move does besides the copy. */
static int move_copied(struct folio *dst, struct folio *src,
		       enum migrate_reason reason)
{
	struct address_space *mapping = folio_mapping(src);
	enum migrate_class class = migrate_copy_class(src);
	void *private = NULL;
	int rc;

	if (class == MIGRATE_CLASS_NEVER)
		return -EAGAIN;
	if (mapping && mapping->a_ops->migrate_folio == filemap_migrate_folio)
		private = folio_get_private(src);

	rc = folio_migrate_mapping(mapping, dst, src, 0);
	if (rc)
		return rc;
	migrate_verify(dst, src, reason, class);
	if (private)
		folio_attach_private(dst, folio_detach_private(src));
	folio_migrate_flags(dst, src);
	if (!folio_test_anon(src))
		src->mapping = NULL;
	flush_dcache_folio(dst);
	return 0;
}

/**
 * migrate_marked_folio() - move a folio that a policy has seen to
 * @dst: the destination, which has the contents unless its mark says no
 * @src: the folio to move
 * @reason: why it migrates
 *
 * Judges @src again: a folio that somebody holds or may have changed since
 * the copy is left alone, and the caller moves it with a fresh copy.
 *
 * Context: process context, both folios locked, @src unmapped.
 * Return: 0, -EAGAIN if the copy counts for nothing, or -EOPNOTSUPP if there
 *	is none that counts and the policy does not want another.
 */
int migrate_marked_folio(struct folio *dst, struct folio *src,
			 enum migrate_reason reason)
{
	const enum migrate_mark mark = dst->index;
	int rc = -EAGAIN;

	if (mark == MIGRATE_MARK_REFUSED)
		return -EOPNOTSUPP;
	if (!migrate_fault_stale(dst))
		rc = move_copied(dst, src, reason);
	if (!rc)
		return 0;
	count_at_move(reason, MIGRATE_STALE);
	if (mark == MIGRATE_MARK_COPIED)
		return rc;
	count_at_move(reason, MIGRATE_REFUSED);
	return -EOPNOTSUPP;
}

/**
 * __migrate_cut_refuses() - must a folio that is in no batch not migrate?
 * @cut: the cut that the folio belongs to, with a policy
 *
 * Context: process context.
 * Return: true if the policy is strict.
 */
bool __migrate_cut_refuses(struct migrate_cut *cut)
{
	if (!is_strict(cut->policy))
		return false;
	migrate_count(cut->reason, cut->policy, MIGRATE_REFUSED, 1);
	return true;
}

/**
 * __migrate_call_begin() - a call may belong to an arm
 * @cut: the first cut of the call
 * @call: where to keep what it does
 *
 * Context: process context.
 */
void __migrate_call_begin(struct migrate_cut *cut, struct migrate_call *call)
{
	memset(call, 0, sizeof(*call));
	cut->call = call;
}

/* A number below 100; no lock, and no line that other CPUs write to. */
static unsigned int draw_percent(void)
{
	u32 random = prandom_u32_state(&get_cpu_var(draw_state));

	put_cpu_var(draw_state);
	return ((u64)random * 100) >> 32;
}

/* The arm of a call, NULL if it is the control arm or none. */
static const struct migrate_arm *call_arm(struct migrate_call *call,
					  const struct migrate_snapshot *snapshot)
{
	const struct migrate_arm *arm;

	if (call->drawn)
		return migrate_trial_find(snapshot, call->id);
	arm = migrate_trial_draw(snapshot, draw_percent());
	call->drawn = true;
	call->id = arm ? arm->id : 0;
	return arm;
}

/* Takes the policy of the call's arm, or leaves the call without an arm. */
static void join_arm(struct migrate_cut *cut,
		     const struct migrate_snapshot *snapshot)
{
	struct migrate_call *call = cut->call;
	const struct migrate_arm *arm = NULL;

	cut->call = NULL;
	if (!snapshot->nr_arms)
		return;
	arm = call_arm(call, snapshot);
	if (call->id && !arm)
		return;
	if (arm)
		cut->policy = &arm->policy;
	call->name = arm ? arm->name : "control";
	call->result = arm ? arm->result : snapshot->control;
	call->moved = 0;
	memset(call->sums, 0, sizeof(call->sums));
	cut->call = call;
}

/**
 * __migrate_cut_begin() - look the policy of a cut up and hold it
 * @cut: the cut
 * @reason: why its folios migrate
 * @succeeded: base pages that the call has migrated so far
 * @failed: base pages that the call has failed so far
 *
 * Context: process context; the policy is held until __migrate_cut_end().
 */
void __migrate_cut_begin(struct migrate_cut *cut, enum migrate_reason reason,
			 int succeeded, int failed)
{
	const struct migrate_snapshot *snapshot;

	if (reason >= MR_TYPES) {
		cut->call = NULL;
		return;
	}
	snapshot = migrate_snapshot_get(reason, &cut->srcu_idx);
	cut->policy = &snapshot->base;
	if (cut->call)
		join_arm(cut, snapshot);
	cut->batch_size = cut->policy->batch_size;
	cut->reason = reason;
	cut->succeeded = succeeded;
	cut->failed = failed;
	cut->start = ktime_get_ns();
}

/**
 * __migrate_cut_moved() - note that a folio of a cut was to move
 * @call: the call that it belongs to
 * @rc: 0 if it did, -EAGAIN if it is to be tried again
 *
 * Context: the task that called __migrate_call_begin().
 */
void __migrate_cut_moved(struct migrate_call *call, int rc)
{
	if (rc == -EAGAIN)
		call->sums[MIGRATE_SUM_RETRIES]++;
	else if (!rc && !call->sums[MIGRATE_SUM_FOLIOS]++)
		call->first = ktime_get_ns();
}

/**
 * __migrate_cut_settled() - note when the folios of a batch have moved
 * @call: the call that it belongs to
 *
 * Context: the task that called __migrate_call_begin().
 */
void __migrate_cut_settled(struct migrate_call *call)
{
	if (call->sums[MIGRATE_SUM_FOLIOS] == call->moved)
		return;
	call->moved = call->sums[MIGRATE_SUM_FOLIOS];
	call->last = ktime_get_ns();
}

/*
 * Folios are away from after the start of the cut on: that is an upper bound,
 * without a look at the clock for the first unmap.
 */
static void count_arm(struct migrate_cut *cut, u64 ns, int succeeded,
		      int failed)
{
	struct migrate_call *call = cut->call;
	u64 *sums = call->sums;

	sums[MIGRATE_SUM_CUTS] = 1;
	sums[MIGRATE_SUM_SUCCEEDED] = succeeded;
	sums[MIGRATE_SUM_FAILED] = failed;
	sums[MIGRATE_SUM_PAGES] = succeeded + failed;
	sums[MIGRATE_SUM_CUT_NS] = ns;
	if (sums[MIGRATE_SUM_FOLIOS])
		sums[MIGRATE_SUM_FIRST_NS] = call->first - cut->start;
	if (call->moved)
		sums[MIGRATE_SUM_AWAY_NS] = call->last - cut->start;
	migrate_result_add_cut(call->result, sums);
	call->ns += ns;
	call->pages += succeeded + failed;
	if (call->ends)
		migrate_result_add_call(call->result, call->ns, call->pages);
}

/* What the cut did for its arm; 0 if it has none. */
static u64 sum_of(const struct migrate_cut *cut, enum migrate_sum sum)
{
	return cut->call ? cut->call->sums[sum] : 0;
}

/**
 * __migrate_cut_end() - account a cut and let its policy go
 * @cut: the cut
 * @succeeded: base pages that the call has migrated so far
 * @failed: base pages that the call has failed so far
 *
 * Context: the task that called __migrate_cut_begin().
 */
void __migrate_cut_end(struct migrate_cut *cut, int succeeded, int failed)
{
	const struct migrate_policy *policy = cut->policy;
	u64 ns = ktime_get_ns() - cut->start;

	succeeded -= cut->succeeded;
	failed -= cut->failed;
	migrate_count(cut->reason, policy, MIGRATE_CUTS, 1);
	migrate_count(cut->reason, policy, MIGRATE_CUT_NS, ns);
	migrate_count(cut->reason, policy, MIGRATE_SUCCEEDED, succeeded);
	migrate_count(cut->reason, policy, MIGRATE_FAILED, failed);
	if (cut->call)
		count_arm(cut, ns, succeeded, failed);
	trace_migrate_cut(cut->reason, cut->call ? cut->call->name : "",
			  policy->backend->name, succeeded, failed, ns,
			  sum_of(cut, MIGRATE_SUM_FIRST_NS),
			  sum_of(cut, MIGRATE_SUM_AWAY_NS));
	cut->policy = NULL;
	migrate_policy_put(cut->srcu_idx);
}

static int __init migrate_copy_init(void)
{
	prandom_seed_full_state(&draw_state);
	return migrate_copy_register(&migrate_copy_inline);
}
device_initcall(migrate_copy_init);
