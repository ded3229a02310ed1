// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page migration policy: the backend "mt", several CPUs.
 *
 * For machines whose CPUs are not all busy. The caller copies, and helpers on
 * CPUs that are idle at that moment copy with it.
 */

/**
 * DOC: migrate_copy_mt
 *
 * A request is cut into chunks of at most 64 KiB, so that a large folio is
 * split over the workers as well as a batch of small ones. Everybody claims
 * the next chunk from one counter until there is none left.
 *
 * The caller never waits for a helper to start. It claims chunks like the
 * others, takes back the invitation of each helper that has not begun, and
 * then waits only for chunks that others have claimed. A helper claims and
 * copies a chunk with preemption disabled, so that this wait is bounded by
 * the copy of one chunk and nobody waits for a preempted helper.
 *
 * A helper may still hold the job when the caller is gone, to find out that
 * no chunk is left. So jobs are counted references into a fixed pool, and
 * are not reused before the last of them is dropped.
 *
 * Helpers run where they disturb nobody: on CPUs that are idle, that the
 * caller may use itself, that are not isolated, and that the administrator
 * left in backends/mt/cpus; on other last-level caches first. If there is
 * none, the caller copies alone.
 */

/*
 * Locking:
 *
 * S: set in mt_start(), constant until mt_stop()
 * O: the job's owner, from mt_get_job() until its last chunk is claimed; then
 *	constant
 * A: atomic
 * MR: mt_cpus_mutex for writing, policy SRCU for reading
 */

#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/atomic.h>
#include <linux/configfs.h>
#include <linux/cpumask.h>
#include <linux/highmem.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/isolation.h>
#include <linux/sched/topology.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include "migrate_copy.h"

/* What one worker copies between two looks at the scheduler, in base pages. */
#define MT_CHUNK_PAGES	max(SZ_64K / PAGE_SIZE, 1UL)

/* Unless the policy says otherwise. More gained little per CPU when measured. */
#define MT_WORKERS	4

/* Below this a helper's wake-up costs about what its help is worth. */
#define MT_MIN_PAGES	64

/* CPUs to look at for helpers in one pass: on a busy machine it is in vain. */
#define MT_SCAN_CPUS	64

/* A preempted helper may keep a job from being reused for a while. */
#define MT_JOBS_PER_CPU	2

/**
 * struct mt_job - one request and those who work on it
 * @req: O: the request
 * @nr_chunks: O: the number of its chunks
 * @first: O: for each item, the base pages before it; then their sum
 * @cpus: O: where helpers were invited
 * @nr_cpus: O: how many of them
 * @users: A: the caller, and each helper that was invited; 0: free
 * @next: A: the next chunk to claim
 * @done: A: chunks copied
 * @helped: A: helpers that copied at least one chunk
 * @helper_ns: A: time they spent copying, in ns
 */
struct mt_job {
	struct migrate_copy_request *req;
	unsigned int nr_chunks;
	unsigned int nr_cpus;
	atomic_t users;
	atomic_t helped;
	atomic64_t helper_ns;
	atomic_t next ____cacheline_aligned_in_smp;
	atomic_t done ____cacheline_aligned_in_smp;
	unsigned int first[MIGRATE_COPY_ITEMS + 1];
	int cpus[MIGRATE_WORKERS_MAX];
};

/* A CPU's seat for a helper; @job is the invitation, taken with xchg(). */
struct mt_helper {
	struct work_struct work;
	struct mt_job *job;
};

static DEFINE_PER_CPU(struct mt_helper, mt_helpers);
static struct workqueue_struct *mt_wq;		/* S */
static struct mt_job **mt_jobs;			/* S */
static unsigned int mt_nr_jobs;			/* S */
static DEFINE_MUTEX(mt_cpus_mutex);
static struct cpumask __rcu *mt_cpus;		/* MR; NULL: all CPUs */

/* Starts at the CPU's own jobs. A job is free when nobody uses it. */
static struct mt_job *mt_get_job(void)
{
	unsigned int first = MT_JOBS_PER_CPU * raw_smp_processor_id();

	for (unsigned int i = 0; i < mt_nr_jobs; i++) {
		struct mt_job *job = mt_jobs[(first + i) % mt_nr_jobs];

		if (!atomic_read(&job->users) &&
		    !atomic_cmpxchg_acquire(&job->users, 0, 1))
			return job;
	}
	return NULL;
}

static void mt_put_job(struct mt_job *job)
{
	atomic_dec_return_release(&job->users);
}

static void mt_init_job(struct mt_job *job, struct migrate_copy_request *req)
{
	unsigned int pages = 0;

	for (unsigned int i = 0; i < req->nr_items; i++) {
		job->first[i] = pages;
		pages += folio_nr_pages(req->items[i].src);
	}
	job->first[req->nr_items] = pages;
	job->req = req;
	job->nr_chunks = DIV_ROUND_UP(pages, MT_CHUNK_PAGES);
	job->nr_cpus = 0;
	atomic_set(&job->helped, 0);
	atomic64_set(&job->helper_ns, 0);
	atomic_set(&job->done, 0);
	atomic_set(&job->next, 0);
}

/* The item that holds base page @page of the request. */
static unsigned int mt_find_item(const struct mt_job *job, unsigned int page)
{
	unsigned int low = 0, high = job->req->nr_items - 1;

	while (low < high) {
		unsigned int mid = (low + high + 1) / 2;

		if (job->first[mid] <= page)
			low = mid;
		else
			high = mid - 1;
	}
	return low;
}

/* Several workers may copy parts of an item, and any of them may fail it. */
static void mt_copy_one_page(struct migrate_copy_item *item, unsigned int nr)
{
	if (READ_ONCE(item->status) == -EHWPOISON)
		return;
	if (copy_mc_highpage(folio_page(item->dst, nr),
			     folio_page(item->src, nr)))
		WRITE_ONCE(item->status, -EHWPOISON);
}

static void mt_copy_chunk(const struct mt_job *job, unsigned int chunk)
{
	unsigned int page = chunk * MT_CHUNK_PAGES;
	unsigned int end = min_t(unsigned int, page + MT_CHUNK_PAGES,
				 job->first[job->req->nr_items]);
	unsigned int i = mt_find_item(job, page);

	for (; page < end; page++) {
		if (page == job->first[i + 1])
			i++;
		mt_copy_one_page(&job->req->items[i], page - job->first[i]);
	}
}

/*
 * Returns false when no chunk is left to claim. The same when this is not the
 * CPU that was asked: if that went offline, its work is done on any other,
 * which may be busy, isolated, or not to be used by the caller.
 */
static bool mt_help_once(struct mt_helper *helper, struct mt_job *job,
			 bool *helped)
{
	unsigned int chunk;
	u64 start;

	guard(preempt)();
	if (helper != this_cpu_ptr(&mt_helpers))
		return false;
	chunk = atomic_fetch_inc(&job->next);
	if (chunk >= job->nr_chunks)
		return false;

	/* local_clock() counts in ticks where there is no sched_clock(). */
	start = ktime_get_ns();
	mt_copy_chunk(job, chunk);
	if (!*helped)
		atomic_inc(&job->helped);
	*helped = true;
	atomic64_add(ktime_get_ns() - start, &job->helper_ns);
	/* The caller may return once it sees this: req is not ours after it. */
	atomic_fetch_inc_release(&job->done);
	return true;
}

static void mt_help(struct work_struct *work)
{
	struct mt_helper *helper = container_of(work, struct mt_helper, work);
	struct mt_job *job = xchg(&helper->job, NULL);
	bool helped = false;

	if (!job)
		return;
	while (mt_help_once(helper, job, &helped))
		cond_resched();
	mt_put_job(job);
}

VISIBLE_IF_KUNIT bool mt_cpu_is_free(int cpu)
{
	const struct cpumask *allowed =
		rcu_dereference_check(mt_cpus, true);

	KUNIT_STATIC_STUB_REDIRECT(mt_cpu_is_free, cpu);
	return (!allowed || cpumask_test_cpu(cpu, allowed)) &&
	       cpu_online(cpu) && !cpu_is_isolated(cpu) &&
	       housekeeping_test_cpu(cpu, HK_TYPE_WQ) &&
	       idle_cpu(cpu) && !vcpu_is_preempted(cpu);
}

/* Is a worker already on the last-level cache of @cpu? */
static bool mt_cache_is_taken(const struct mt_job *job, int caller, int cpu)
{
	if (cpus_share_cache(caller, cpu))
		return true;
	for (unsigned int i = 0; i < job->nr_cpus; i++) {
		if (cpus_share_cache(job->cpus[i], cpu))
			return true;
	}
	return false;
}

static void mt_invite(struct mt_job *job, int cpu)
{
	atomic_inc(&job->users);
	if (cmpxchg(&per_cpu(mt_helpers, cpu).job, NULL, job))
		mt_put_job(job);
	else
		job->cpus[job->nr_cpus++] = cpu;
}

/* CPUs behind caches that nobody works on yet first, then any. */
static void mt_find_helpers(struct mt_job *job, unsigned int want, bool spread)
{
	int caller = raw_smp_processor_id();
	unsigned int scan = MT_SCAN_CPUS;
	int cpu;

	for_each_cpu_wrap(cpu, current->cpus_ptr, caller + 1) {
		if (job->nr_cpus == want || !scan--)
			return;
		if (cpu == caller || !mt_cpu_is_free(cpu) ||
		    (spread && mt_cache_is_taken(job, caller, cpu)))
			continue;
		mt_invite(job, cpu);
	}
}

/* All seats are taken before the first helper can leave one. */
static void mt_call_helpers(struct mt_job *job)
{
	unsigned int want = job->req->workers ?: MT_WORKERS;

	want = min3(want, job->nr_chunks, MIGRATE_WORKERS_MAX + 0U) - 1;
	if (!want)
		return;
	mt_find_helpers(job, want, true);
	mt_find_helpers(job, want, false);
	for (unsigned int i = 0; i < job->nr_cpus; i++)
		queue_work_on(job->cpus[i], mt_wq,
			      &per_cpu(mt_helpers, job->cpus[i]).work);
}

/* Takes the invitations back of those who have not begun. */
static void mt_dismiss_helpers(struct mt_job *job)
{
	for (unsigned int i = 0; i < job->nr_cpus; i++) {
		struct mt_helper *helper = &per_cpu(mt_helpers, job->cpus[i]);

		if (cmpxchg(&helper->job, job, NULL) == job)
			mt_put_job(job);
	}
}

static void mt_work(struct mt_job *job)
{
	unsigned int chunk;

	while ((chunk = atomic_fetch_inc(&job->next)) < job->nr_chunks) {
		mt_copy_chunk(job, chunk);
		atomic_fetch_inc_release(&job->done);
		cond_resched();
	}
}

static void mt_report(struct mt_job *job)
{
	struct migrate_copy_request *req = job->req;

	for (unsigned int i = 0; i < req->nr_items; i++) {
		if (req->items[i].status == -EINPROGRESS)
			req->items[i].status = 0;
	}
	req->helpers = atomic_read(&job->helped);
	req->helper_ns = atomic64_read(&job->helper_ns);
}

static int mt_copy(struct migrate_copy_request *req)
{
	struct mt_job *job = mt_get_job();

	if (!job)
		return -EBUSY;
	mt_init_job(job, req);
	mt_call_helpers(job);
	mt_work(job);
	mt_dismiss_helpers(job);
	smp_cond_load_acquire(&job->done.counter, VAL == job->nr_chunks);
	mt_report(job);
	mt_put_job(job);
	return 0;
}

static void mt_free_jobs(void)
{
	for (unsigned int i = 0; i < mt_nr_jobs; i++)
		kvfree(mt_jobs[i]);
	kfree(mt_jobs);
	mt_jobs = NULL;
	mt_nr_jobs = 0;
}

static int mt_alloc_jobs(void)
{
	unsigned int nr = MT_JOBS_PER_CPU * num_possible_cpus();

	mt_jobs = kcalloc(nr, sizeof(*mt_jobs), GFP_KERNEL);
	if (!mt_jobs)
		return -ENOMEM;
	for (; mt_nr_jobs < nr; mt_nr_jobs++) {
		mt_jobs[mt_nr_jobs] = kvzalloc(sizeof(**mt_jobs), GFP_KERNEL);
		if (!mt_jobs[mt_nr_jobs]) {
			mt_free_jobs();
			return -ENOMEM;
		}
	}
	return 0;
}

static int mt_start(void)
{
	int rc = mt_alloc_jobs();

	if (rc)
		return rc;
	mt_wq = alloc_workqueue("migrate_copy", WQ_HIGHPRI | WQ_PERCPU, 0);
	if (mt_wq)
		return 0;
	mt_free_jobs();
	return -ENOMEM;
}

/*
 * A helper that has not begun has nothing to do any more, and what keeps its
 * CPU may keep it for long. One that has begun is about to find no chunk left.
 */
static void mt_stop(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		cancel_work_sync(per_cpu_ptr(&mt_helpers.work, cpu));
	destroy_workqueue(mt_wq);
	mt_wq = NULL;
	mt_free_jobs();
}

/* "all" and "N" mean what is there, not what the mask has room for. */
static int mt_parse_list(const char *text, struct cpumask *cpus)
{
	int rc = bitmap_parselist(text, cpumask_bits(cpus), nr_cpu_ids);

	if (rc == -EOVERFLOW)
		return -ERANGE;
	if (rc)
		return rc;
	if (cpumask_empty(cpus))
		return -EINVAL;
	return cpumask_subset(cpus, cpu_possible_mask) ? 0 : -ERANGE;
}

static struct cpumask *mt_parse_cpus(const char *text)
{
	struct cpumask *cpus = kzalloc(cpumask_size(), GFP_KERNEL);
	int rc;

	if (!cpus)
		return ERR_PTR(-ENOMEM);
	rc = mt_parse_list(text, cpus);
	if (!rc)
		return cpus;
	kfree(cpus);
	return ERR_PTR(rc);
}

static const struct cpumask *mt_locked_cpus(void)
{
	return rcu_dereference_protected(mt_cpus,
					 lockdep_is_held(&mt_cpus_mutex)) ?:
	       cpu_possible_mask;
}

static ssize_t mt_cpus_show(struct config_item *item, char *page)
{
	guard(mutex)(&mt_cpus_mutex);
	return sysfs_emit(page, "%*pbl\n", cpumask_pr_args(mt_locked_cpus()));
}

static ssize_t mt_cpus_store(struct config_item *item, const char *page,
			     size_t count)
{
	struct cpumask *cpus = mt_parse_cpus(page);

	if (IS_ERR(cpus))
		return PTR_ERR(cpus);

	mutex_lock(&mt_cpus_mutex);
	if (!cpumask_equal(cpus, mt_locked_cpus())) {
		cpus = rcu_replace_pointer(mt_cpus, cpus,
					   lockdep_is_held(&mt_cpus_mutex));
		migrate_copy_settle();
	}
	mutex_unlock(&mt_cpus_mutex);
	kfree(cpus);
	return count;
}

CONFIGFS_ATTR(mt_, cpus);

static struct configfs_attribute *mt_attrs[] = {
	&mt_attr_cpus,
	NULL,
};

static const struct config_item_type mt_settings = {
	.ct_owner = THIS_MODULE,
	.ct_attrs = mt_attrs,
};

static struct migrate_copy_backend migrate_copy_mt = {
	.name = "mt",
	.min_pages = MT_MIN_PAGES,
	.settings = &mt_settings,
	.start = mt_start,
	.stop = mt_stop,
	.copy = mt_copy,
};

static int __init migrate_copy_mt_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		INIT_WORK(per_cpu_ptr(&mt_helpers.work, cpu), mt_help);
	return migrate_copy_register(&migrate_copy_mt);
}
device_initcall(migrate_copy_mt_init);
