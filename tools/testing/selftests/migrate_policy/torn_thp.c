// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reproducer, for running by hand: a warning of CONFIG_DEBUG_VM when a part
 * of a huge page is unmapped at the end of its migration, on a kernel without
 * this layer, too.
 *
 * migrate_folio_move() maps the destination first. Then it puts it on the queue
 * of folios to split, with what it noted of the source long before: whether it
 * is partially mapped. By now the destination may be, and may say so, and
 * deferred_split_folio() warns that a folio has become whole again.
 *
 * Passes if it does not warn. The others know this warning, and take it for no
 * splat: see sys_splats().
 */
#include "ktap.h"
#include "mem.h"
#include "mover.h"
#include "pace.h"
#include "random.h"
#include "sys.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TAINTED		"/proc/sys/kernel/tainted"
#define SECONDS		60
/* As long as it takes to move one, so that any moment of it may be hit. */
#define WAIT_US		4000

static bool map_thp(char *map)
{
	bool ok = mmap(map, HUGE_PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == map &&
		  !madvise(map, HUGE_PAGE, MADV_HUGEPAGE);

	if (ok)
		*map = 1;
	return ok;
}

static void wait_a_little(__u64 *random)
{
	double end = pace_now() + random_below(random, WAIT_US) / 1e6;

	while (pace_now() < end)
		;
}

/* A new huge page each time: of one that was torn there is no more to see. */
static __u64 tear_all(char *map, __u64 tainted)
{
	double end = pace_now() + SECONDS;
	__u64 random = 1, torn = 0;

	while (pace_now() < end && sys_number(TAINTED) == tainted &&
	       map_thp(map)) {
		wait_a_little(&random);
		torn += !madvise(map + BASE_PAGE, BASE_PAGE, MADV_DONTNEED);
	}
	return torn;
}

static enum ktap_result tear(const void *arg)
{
	char *map = mem_aligned_place(HUGE_PAGE);
	struct mover_range range = { map, HUGE_PAGE, HUGE_PAGE };
	struct mover_sums moved;
	__u64 tainted = sys_number(TAINTED), torn;

	(void)arg;
	if (!ktap_expect(map && map_thp(map), "to map a huge page") ||
	    !mover_start(&range, 1, MOVER_BIT(MOVER_PAGES)))
		return KTAP_FAIL;
	torn = tear_all(map, tainted);
	mover_stop(&moved);
	ktap_note("%llu huge pages torn while %llu pages migrated", torn,
		  moved.pages);
	return ktap_expect(torn && moved.pages, "pages to do it with") &
	       ktap_expect(sys_number(TAINTED) == tainted, "no warning") ?
	       KTAP_PASS : KTAP_FAIL;
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "huge pages torn while they migrate", tear, NULL },
	};

	if (geteuid())
		return ktap_skip_all("run it as root");
	undo_init();
	return ktap_run(cases, ARRAY_SIZE(cases));
}
