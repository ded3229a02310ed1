// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contents under concurrent migration: a copy that ends too late or begins too
 * early has nowhere to hide; then, for every batch size, threads migrate
 * anonymous memory, shmem and files for three reasons with different backends
 * at the same time, while other threads change and check that memory.
 */
#include "churn.h"
#include "ktap.h"
#include "policy.h"
#include "provoke.h"
#include "sys.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

/* A batch size is tried for this many spans of 100 ms. */
#define SPANS		25
#define SPANS_MAX	200

/* Moves of an area that one caller and a helper copy together. */
#define HELPED_SIZE	(4ul << 20)
#define HELPED_MOVES	200
#define CHUNK		(64ul << 10)

/* Moves of an area with words that another thread stores to all the time. */
#define STORED_SIZE	(8ul << 20)
#define STORED_MOVES	60
#define STORED_WORDS	3

struct state {
	struct counters move;
	struct counters mbind;
	struct counters compaction;
	struct counters mt;
	struct churn_sums churn;
};

static struct state at_start;

static enum ktap_result result_of(bool ok)
{
	return ok ? KTAP_PASS : KTAP_FAIL;
}

static void look(struct state *state)
{
	policy_reason_counters(SYSCALL_OR_CPUSET, &state->move);
	policy_reason_counters(MEMPOLICY_MBIND, &state->mbind);
	policy_reason_counters(COMPACTION, &state->compaction);
	policy_backend_counters("mt", &state->mt);
	churn_read(&state->churn);
}

static bool set_policies(void)
{
	static const char classes[] = "anon,swapcache,shmem,file";

	return !policy_set(SYSCALL_OR_CPUSET, "backend", "mt") &&
	       !policy_set(SYSCALL_OR_CPUSET, "workers", "2") &&
	       !policy_set(SYSCALL_OR_CPUSET, "min_pages", "1") &&
	       !policy_set(SYSCALL_OR_CPUSET, "classes", classes) &&
	       !policy_set(COMPACTION, "backend", "mt") &&
	       !policy_set(COMPACTION, "workers", "1") &&
	       !policy_set(COMPACTION, "min_pages", "1") &&
	       !policy_set(COMPACTION, "classes", classes) &&
	       !policy_set(MEMPOLICY_MBIND, "classes", classes);
}

static enum ktap_result start(const void *arg)
{
	(void)arg;
	if (sys_set("/proc/sys/vm/compaction_proactiveness", "0") ||
	    !set_policies())
		return KTAP_FAIL;
	look(&at_start);
	return result_of(churn_start(1));
}

/* The last word of each chunk that a worker copies on its own. */
static __u64 *chunk_word(const struct area *area, size_t i)
{
	return (__u64 *)(area->map + (i + 1) * CHUNK) - 1;
}

/*
 * Moves the area, changes a word of each chunk at once, the last one first,
 * and looks at them a moment later: a worker that is still copying when the
 * call returns brings old words back. Returns the number of these.
 */
static size_t move_and_write(const struct area *area, const __u64 *words,
			     __u64 key)
{
	struct timespec moment = { 0, 300000 };
	size_t nr = area->map_size / CHUNK, wrong = 0;

	if (mem_move(area, key % 2))
		return nr;
	for (size_t i = nr; i-- > 0;)
		*chunk_word(area, i) = words[i] ^ key;
	nanosleep(&moment, NULL);
	for (size_t i = 0; i < nr; i++)
		wrong += *chunk_word(area, i) != (words[i] ^ key);
	return wrong;
}

static bool move_with_helpers(const struct area *area)
{
	__u64 words[HELPED_SIZE / CHUNK];
	struct state before, after;
	size_t wrong = 0;
	bool ok;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		words[i] = *chunk_word(area, i);
	look(&before);
	for (__u64 key = HELPED_MOVES; key-- > 0;)
		wrong += move_and_write(area, words, key);
	look(&after);
	wrong += mem_wrong(area);
	ktap_note("%llu pages in %d moves, %llu ms of helpers",
		  counted(&before.move, &after.move, PAGES), HELPED_MOVES,
		  counted(&before.move, &after.move, HELPER_NS) / 1000000);
	ok = ktap_expect(!wrong, "no wrong word, not %zu", wrong);
	ok &= ktap_expect(counted(&before.move, &after.move, HELPER_NS),
			  "helpers to take part");
	return ok;
}

/* While nothing else runs: helpers come only to CPUs that are idle. */
static enum ktap_result try_helpers(const void *arg)
{
	int mark = undo_mark();
	struct area area;
	bool ok;

	(void)arg;
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		ktap_note("there is no second CPU");
		return KTAP_SKIP;
	}
	ok = set_policies() && !mem_map(&area, MEM_THP, HELPED_SIZE, FAST_NODE);
	if (ok) {
		ok = move_with_helpers(&area);
		mem_unmap(&area);
	}
	undo_to(mark);
	return result_of(ok);
}

/* A thread that counts some words up, and the stores of its that were lost. */
struct counting {
	__u64 *word[STORED_WORDS];
	atomic_bool stop;
	__u64 stores;
	__u64 lost;
};

static __u64 load(const __u64 *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/*
 * Its CPU has no reason to let go of the translations of these few pages until
 * it is told to: it stores through them until the very flush.
 */
static void *count_up(void *arg)
{
	struct counting *c = arg;
	__u64 value[STORED_WORDS];

	for (int i = 0; i < STORED_WORDS; i++)
		value[i] = load(c->word[i]);
	for (; !c->stop; c->stores += STORED_WORDS) {
		for (int i = 0; i < STORED_WORDS; i++) {
			__u64 now = load(c->word[i]);

			c->lost += now != value[i];
			value[i] = now + 1;
			__atomic_store_n(c->word[i], value[i],
					 __ATOMIC_RELAXED);
		}
	}
	return NULL;
}

static bool move_and_store(const struct area *area)
{
	struct counting c = { 0 };
	struct state before, after;
	pthread_t thread;
	bool ok;

	for (size_t i = 0; i < STORED_WORDS; i++)
		c.word[i] = (__u64 *)area->page[i * (area->nr - 1) /
						(STORED_WORDS - 1)];
	look(&before);
	if (pthread_create(&thread, NULL, count_up, &c))
		return ktap_expect(false, "a thread");
	for (int i = 0; i < STORED_MOVES; i++)
		mem_move(area, i % 2 ? FAST_NODE : SLOW_NODE);
	c.stop = true;
	pthread_join(thread, NULL);
	look(&after);
	ktap_note("%llu stores while %llu pages moved", c.stores,
		  counted(&before.move, &after.move, SUCCEEDED));
	ok = ktap_expect(!c.lost, "no lost store, not %llu", c.lost);
	ok &= ktap_expect(c.stores, "stores");
	return ok & ktap_expect(counted(&before.move, &after.move, PAGES) >=
				area->nr * STORED_MOVES / 2,
				"most pages copied ahead");
}

static enum ktap_result try_stores(const void *arg)
{
	int mark = undo_mark();
	struct area area;
	bool ok;

	(void)arg;
	ok = set_policies() &&
	     !policy_set(SYSCALL_OR_CPUSET, "batch_size", "8192") &&
	     !mem_map(&area, MEM_BASE, STORED_SIZE, FAST_NODE);
	if (ok) {
		ok = move_and_store(&area);
		mem_unmap(&area);
	}
	undo_to(mark);
	return result_of(ok);
}

/*
 * Spans in which cuts of both backends ended. Goes on for a while if a slow
 * machine did not come to that.
 */
static int both_busy(void)
{
	struct timespec span = { 0, 100000000 };
	struct state before, after;
	int both = 0;

	look(&before);
	for (int i = 0; i < SPANS || (both < 2 && i < SPANS_MAX); i++) {
		nanosleep(&span, NULL);
		look(&after);
		both += counted(&before.move, &after.move, PAGES) &&
			counted(&before.mbind, &after.mbind, CUTS);
		before = after;
	}
	return both;
}

static enum ktap_result try_batch_size(const void *arg)
{
	struct state before, after;
	int mark = undo_mark(), both;
	bool ok;

	ok = !policy_set(SYSCALL_OR_CPUSET, "batch_size", arg) &&
	     !policy_set(MEMPOLICY_MBIND, "batch_size", arg) &&
	     !policy_set(COMPACTION, "batch_size", arg);
	look(&before);
	both = both_busy();
	look(&after);
	undo_to(mark);

	ktap_note("%llu pages by mt, %llu inline, %llu of compaction; %d spans with both",
		  counted(&before.move, &after.move, PAGES),
		  counted(&before.mbind, &after.mbind, SUCCEEDED),
		  counted(&before.compaction, &after.compaction, SUCCEEDED),
		  both);
	ok &= ktap_expect(both >= 2, "both backends at work at a time");
	ok &= ktap_expect(!after.churn.wrong, "no wrong record, not %llu",
			  after.churn.wrong);
	return result_of(ok);
}

static enum ktap_result finish(const void *arg)
{
	struct churn_sums sums;
	size_t lost;
	bool ok;

	(void)arg;
	churn_stop();
	churn_read(&sums);
	lost = churn_lost();
	ktap_note("%llu records checked, %llu written, %llu calls that migrate",
		  sums.checked, sums.written, sums.moves);
	ok = ktap_expect(!sums.wrong, "no wrong record, not %llu",
			 sums.wrong);
	ok &= ktap_expect(!lost, "no lost page, not %zu", lost);
	return result_of(ok);
}

static bool plausible(const char *name, const struct counters *before,
		      const struct counters *after)
{
	__u64 pages = counted(before, after, PAGES);
	__u64 limit = counted(before, after, SUCCEEDED) +
			 512 * counted(before, after, STALE);
	bool ok = true;

	ktap_note("%s: %llu cuts, %llu pages of %llu ahead, %llu stale, %llu ineligible", name,
		  counted(before, after, CUTS), pages,
		  counted(before, after, SUCCEEDED),
		  counted(before, after, STALE),
		  counted(before, after, INELIGIBLE));
	ok &= ktap_expect(pages <= limit,
			  "%s to copy at most %llu pages ahead, not %llu", name,
			  limit, pages);
	ok &= ktap_expect(counted(before, after, BYTES) == pages * 4096,
			  "the bytes of %s to go with its pages", name);
	ok &= ktap_expect(counted(before, after, FOLIOS) <= pages,
			  "no more folios than pages of %s", name);
	return ok;
}

static enum ktap_result check_counters(const void *arg)
{
	struct state now;
	__u64 sum;
	bool ok;

	(void)arg;
	look(&now);
	ok = plausible("syscall_or_cpuset", &at_start.move, &now.move);
	ok &= plausible("mempolicy_mbind", &at_start.mbind, &now.mbind);
	ok &= plausible("compaction", &at_start.compaction, &now.compaction);
	ok &= plausible("mt", &at_start.mt, &now.mt);
	sum = counted(&at_start.move, &now.move, PAGES) +
	      counted(&at_start.compaction, &now.compaction, PAGES);
	ok &= ktap_expect(counted(&at_start.mt, &now.mt, PAGES) == sum,
			  "%llu pages by mt, not %llu", sum,
			  counted(&at_start.mt, &now.mt, PAGES));
	ok &= ktap_expect(!counted(&at_start.mbind, &now.mbind, BATCHES) &&
			  !counted(&at_start.mbind, &now.mbind, PAGES),
			  "inline to copy nothing ahead");
	churn_free();
	return result_of(ok);
}

static enum ktap_result no_splat(const void *before)
{
	__u64 splats = sys_splats() & ~*(const __u64 *)before;

	return result_of(ktap_expect(!splats, "no splat in the kernel log"));
}

int main(void)
{
	static __u64 splats;
	static const struct ktap_case cases[] = {
		{ "helpers on idle CPUs", try_helpers, NULL },
		{ "stores until the flush", try_stores, NULL },
		{ "load on all kinds of memory", start, NULL },
		{ "batch_size 1", try_batch_size, "1" },
		{ "batch_size 2", try_batch_size, "2" },
		{ "batch_size 511", try_batch_size, "511" },
		{ "batch_size 512", try_batch_size, "512" },
		{ "batch_size 513", try_batch_size, "513" },
		{ "batch_size 4096", try_batch_size, "4096" },
		{ "batch_size 262144", try_batch_size, "262144" },
		{ "every record at the end", finish, NULL },
		{ "counters", check_counters, NULL },
		{ "no splat", no_splat, &splats },
	};

	if (geteuid())
		return ktap_skip_all("run it as root");
	if (!policy_present() || !policy_enabled())
		return ktap_skip_all("this kernel has no migrate_policy");
	if (!provoke_two_nodes())
		return ktap_skip_all("no second memory node without CPUs");
	splats = sys_splats();
	undo_init();
	return ktap_run(cases, ARRAY_SIZE(cases));
}
