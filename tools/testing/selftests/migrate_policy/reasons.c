// SPDX-License-Identifier: GPL-2.0-only
/*
 * Provokes every migration reason under a policy of its own and sees that the
 * reason's counters move, that the tracepoint mm_migrate_pages says the same,
 * that the folios are elsewhere and that no byte of them changed.
 *
 * With --trace it runs on any kernel: then only the tracepoint is asked. With
 * MP_BACKEND=dma in the environment engines copy that the machine has, as many
 * as there are, instead of mt.
 */
#include "ktap.h"
#include "mem.h"
#include "policy.h"
#include "provoke.h"
#include "sys.h"
#include "trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRACE_KB	4096
#define MTHP		"/sys/kernel/mm/transparent_hugepage"

/* What all witnesses say at one moment. */
struct state {
	struct counters reason;
	struct counters backend;
	struct trace_sums trace;
};

static bool trace_only;
static const char *backend = "mt";

/* What a test of its own cannot provide: the engines of this machine. */
static bool take_engines(void)
{
	__u64 taken;

	if (strcmp(backend, "dma"))
		return true;
	if (sys_set(POLICY_CONFIG "/backends/dma/channels", "64"))
		return ktap_expect(false, "a kernel with the backend dma");
	taken = sys_number(POLICY_STATE "/backends/dma/taken");
	return ktap_expect(taken, "an engine");
}

static bool set_policy(enum reason reason)
{
	if (trace_only)
		return true;
	return !policy_set(reason, "backend", backend) &&
	       !policy_set(reason, "workers", "1") &&
	       !policy_set(reason, "min_pages", "1") &&
	       !policy_set(reason, "batch_size", "2048") &&
	       take_engines();
}

static __u64 look_at_counters(enum reason reason, struct state *state)
{
	if (trace_only)
		return 0;
	policy_reason_counters(reason, &state->reason);
	policy_backend_counters(backend, &state->backend);
	return state->reason.v[SUCCEEDED];
}

/* Some reasons go on for a moment; then the witnesses are asked again. */
static bool look(enum reason reason, struct state *state)
{
	for (int try = 0; try < 50; try++) {
		__u64 before = look_at_counters(reason, state);

		if (!trace_read(&state->trace))
			return false;
		if (look_at_counters(reason, state) == before)
			return true;
	}
	return ktap_expect(false, "%s to end", reason_names[reason]);
}

/* The folios: all there, elsewhere, in one piece, unchanged. */
static bool check_memory(const struct provocation *what,
			 const struct area *area, size_t moved)
{
	size_t least = mem_pages(area) * what->percent / 100;
	size_t wrong = mem_wrong(area);
	bool ok;

	ok = ktap_expect(mem_pages(area) && moved >= least,
			 "at least %zu of %zu pages to move, not %zu", least,
			 mem_pages(area), moved);
	ok &= ktap_expect(!wrong, "no wrong byte, not %zu", wrong);
	if (what->whole)
		ok &= ktap_expect(!mem_torn(area), "all folios in one piece");
	return ok;
}

static bool check_trace(enum reason reason, const struct state *before,
			const struct state *after, size_t moved)
{
	__u64 traced = after->trace.succeeded[reason] -
			  before->trace.succeeded[reason];

	ktap_note("tracepoint: %llu pages in %llu calls", traced,
		  after->trace.calls[reason] - before->trace.calls[reason]);
	return ktap_expect(traced >= moved,
			   "the tracepoint to tell of %zu pages", moved);
}

static bool check_counters(const struct provocation *what,
			   const struct state *before,
			   const struct state *after)
{
	__u64 traced = after->trace.succeeded[what->reason] -
			  before->trace.succeeded[what->reason];
	__u64 succeeded = counted(&before->reason, &after->reason,
				     SUCCEEDED);
	__u64 cuts = counted(&before->reason, &after->reason, CUTS);
	__u64 pages = counted(&before->reason, &after->reason, PAGES);
	__u64 own = counted(&before->backend, &after->backend, PAGES);
	__u64 own_all = counted(&before->backend, &after->backend, SUCCEEDED);
	bool ok;

	ktap_note("%s: %llu pages in %llu cuts, %llu copied ahead",
		  reason_names[what->reason], succeeded, cuts, pages);
	ok = ktap_expect(succeeded == traced,
			 "succeeded to be %llu as traced, not %llu", traced,
			 succeeded);
	ok &= ktap_expect(own_all == succeeded,
			  "succeeded of %s to be %llu, not %llu", backend,
			  succeeded, own_all);
	ok &= ktap_expect(cuts, "cuts to grow");
	ok &= ktap_expect(own == pages, "pages of %s to be %llu, not %llu",
			  backend, pages, own);
	ok &= ktap_expect(counted(&before->reason, &after->reason, BYTES) ==
			  pages * BASE_PAGE, "bytes to go with pages");
	return ok;
}

/* How much of what can be copied ahead was. */
static bool check_ahead(const struct provocation *what,
			const struct state *before, const struct state *after,
			size_t moved)
{
	__u64 pages = counted(&before->reason, &after->reason, PAGES);

	if (!what->ahead)
		return ktap_expect(!pages, "nothing copied ahead, not %llu",
				   pages);
	return ktap_expect(pages >= moved / 2,
			   "at least half of %zu pages copied ahead, not %llu",
			   moved, pages);
}

static bool provoke_and_check(const struct provocation *what,
			      struct area *area)
{
	struct state before, after;
	size_t moved;
	bool ok;

	trace_clear();
	if (!look(what->reason, &before) || !what->provoke(area))
		return false;
	moved = mem_moved(area);
	if (!look(what->reason, &after))
		return false;

	ok = check_memory(what, area, moved);
	ok &= check_trace(what->reason, &before, &after, moved);
	if (trace_only)
		return ok;
	ok &= check_counters(what, &before, &after);
	ok &= check_ahead(what, &before, &after, moved);
	return ok;
}

static enum ktap_result run(const void *arg)
{
	const struct provocation *what = arg;
	struct area area = {};
	int mark = undo_mark();
	bool ok;

	ok = !sys_set("/proc/sys/vm/compaction_proactiveness", "0") &&
	     !sys_set(MTHP "/hugepages-64kB/enabled", "madvise");
	ok = ok && what->prepare(what, &area) && set_policy(what->reason) &&
	     provoke_and_check(what, &area);
	mem_unmap(&area);
	undo_to(mark);
	return ok ? KTAP_PASS : KTAP_FAIL;
}

static enum ktap_result no_splat(const void *before)
{
	__u64 splats = sys_splats() & ~*(const __u64 *)before;

	return ktap_expect(!splats, "no splat in the kernel log") ? KTAP_PASS :
								    KTAP_FAIL;
}

/* The cases whose name begins with @prefix, and one for the kernel log. */
static size_t list_cases(struct ktap_case *cases, const char *prefix,
			 const __u64 *splats)
{
	size_t nr = 0;

	for (size_t i = 0; i < nr_provocations; i++) {
		const char *why = provoke_obstacle(provocations[i].reason);

		if (why) {
			ktap_note("without %s: %s", provocations[i].name, why);
			continue;
		}
		if (strncmp(provocations[i].name, prefix, strlen(prefix)))
			continue;
		cases[nr++] = (struct ktap_case){
			provocations[i].name, run, &provocations[i],
		};
	}
	cases[nr++] = (struct ktap_case){ "no splat", no_splat, splats };
	return nr;
}

/* reasons [--trace] [REASON] */
int main(int argc, char **argv)
{
	struct ktap_case *cases = calloc(nr_provocations + 1, sizeof(*cases));
	__u64 splats = sys_splats();
	const char *prefix = "";

	trace_only = argc > 1 && !strcmp(argv[1], "--trace");
	argv += trace_only;
	argc -= trace_only;
	if (argc > 1)
		prefix = argv[1];
	if (getenv("MP_BACKEND"))
		backend = getenv("MP_BACKEND");
	if (geteuid())
		return ktap_skip_all("run it as root");
	if (!trace_only && !policy_present())
		return ktap_skip_all("this kernel has no migrate_policy");
	if (!provoke_two_nodes())
		return ktap_skip_all("no second memory node without CPUs");
	undo_init();
	if (!cases || trace_start(TRACE_MIGRATE, TRACE_KB))
		return KTAP_FAIL;
	return ktap_run(cases, list_cases(cases, prefix, &splats));
}
