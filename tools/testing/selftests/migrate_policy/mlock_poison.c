// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reproducer, for running by hand: a poisoned page can remain mapped, on a
 * kernel without this layer, too.
 *
 * memory_failure() leaves the mappings of a page alone that is not on the LRU
 * list, as it is while it migrates, and asks a table what state it is in. That
 * does not know such a page, and the call fails; except for an mlocked one,
 * which it finds by PG_mlocked, and takes for recovered.
 *
 * Passes if each page that is said to be poisoned raises SIGBUS.
 */
#include "ktap.h"
#include "mem.h"
#include "mover.h"
#include "pace.h"
#include "poison.h"
#include "sys.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGES		64
#define SIZE		(PAGES * BASE_PAGE)
#define SECONDS		60
/* Poisoned pages that are taken back together. */
#define AT_A_TIME	16

static bool map_page(char *page)
{
	bool ok = mmap(page, BASE_PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_LOCKED,
		       -1, 0) == page;

	if (ok)
		*page = 1;
	return ok;
}

static char *map_pages(void)
{
	char *map = mmap(NULL, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);

	for (size_t at = 0; map != MAP_FAILED && at < SIZE; at += BASE_PAGE) {
		if (!map_page(map + at))
			return MAP_FAILED;
	}
	return map;
}

static enum ktap_result poison_all(const void *arg)
{
	size_t poisoned = 0, mapped = 0;
	double end = pace_now() + SECONDS;
	struct mover_sums moved;
	struct mover_range range;
	char *map = map_pages();
	bool ok;

	(void)arg;
	range = (struct mover_range) { map, SIZE, BASE_PAGE };
	ok = ktap_expect(map != MAP_FAILED, "to map locked pages") &&
	     poison_open() && mover_start(&range, 1, MOVER_BIT(MOVER_PAGES));
	for (size_t i = 0; ok && pace_now() < end; i++) {
		char *page = map + i % PAGES * BASE_PAGE;

		if (poison_inject(page)) {
			poisoned++;
			mapped += !poison_lost(page);
			ok = map_page(page);
		}
		if (!(poisoned % AT_A_TIME))
			poison_take_back();
	}
	mover_stop(&moved);
	poison_take_back();
	ktap_note("%zu pages poisoned while %llu migrated", poisoned,
		  moved.pages);
	ok &= ktap_expect(poisoned && moved.pages, "pages to do it with");
	return ok & ktap_expect(!mapped, "none still to be mapped, not %zu",
				mapped) ? KTAP_PASS : KTAP_FAIL;
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "poisoned pages that are mlocked", poison_all, NULL },
	};

	if (geteuid())
		return ktap_skip_all("run it as root");
	undo_init();
	return ktap_run(cases, ARRAY_SIZE(cases));
}
