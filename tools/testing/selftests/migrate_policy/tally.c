// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters against the tracepoint, for the migrate_policy selftests: see
 * tally.h.
 */
#include "tally.h"

#include "ktap.h"
#include "pace.h"
#include "trace.h"

#include <string.h>

#define TRACE_KB	16384
#define TRIES		50
#define PAUSE_US	300000

static void look(struct counters *reasons)
{
	for (int i = 0; i < NR_REASONS; i++)
		policy_reason_counters(i, &reasons[i]);
}

/*
 * A migration that ends between the first trace and the first count would be
 * in only one of them: wait until nothing moves.
 */
static void look_when_quiet(struct counters *reasons)
{
	struct counters again[NR_REASONS];

	for (int try = 0; try < TRIES; try++) {
		look(reasons);
		pace_rest_us(PAUSE_US);
		look(again);
		if (!memcmp(reasons, again, sizeof(again)))
			return;
	}
	ktap_note("something migrates all the time");
}

bool tally_start(struct tally *tally)
{
	if (sys_set("/proc/sys/vm/compaction_proactiveness", "0") ||
	    policy_set_stats("1") || policy_set(DAMON, "batch_size", "511") ||
	    trace_start(TRACE_MIGRATE, TRACE_KB))
		return false;
	look_when_quiet(tally->before);
	trace_clear();
	tally->generation = policy_generation();
	return true;
}

static bool adds_up(const struct tally *tally, int reason,
		    const struct trace_sums *sums)
{
	const struct counters *before = &tally->before[reason];
	const struct counters *after = &tally->after[reason];
	__u64 succeeded = counted(before, after, SUCCEEDED);
	__u64 failed = counted(before, after, FAILED);
	bool ok;

	ktap_note("%s: %llu calls, %llu cuts, %llu succeeded, %llu failed, %llu ahead, %llu stale",
		  reason_names[reason], sums->calls[reason],
		  counted(before, after, CUTS), succeeded, failed,
		  counted(before, after, PAGES), counted(before, after, STALE));
	ok = ktap_expect(succeeded == sums->succeeded[reason],
			 "succeeded of %s to be %llu, not %llu",
			 reason_names[reason], sums->succeeded[reason],
			 succeeded);
	ok &= ktap_expect(failed == sums->failed[reason],
			  "failed of %s to be %llu, not %llu",
			  reason_names[reason], sums->failed[reason], failed);
	ok &= ktap_expect(counted(before, after, BYTES) ==
			  counted(before, after, PAGES) * 4096,
			  "bytes of %s to be those of its pages",
			  reason_names[reason]);
	return ok;
}

bool tally_adds_up(struct tally *tally)
{
	struct trace_sums sums;
	bool ok;

	look_when_quiet(tally->after);
	ok = trace_read(&sums);
	for (int i = 0; i < NR_REASONS; i++)
		ok &= adds_up(tally, i, &sums);
	return ok;
}
