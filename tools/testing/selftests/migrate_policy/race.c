// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writing while memory migrates for any reason: see race.h.
 */
#include "race.h"

#include "ktap.h"
#include "pace.h"
#include "random.h"
#include "record.h"

#include <pthread.h>
#include <stdatomic.h>

#define BURST		32
#define PAUSE_US	500

struct racer {
	struct area *area;
	struct ledger ledger;
	size_t per_folio;	/* records */
	atomic_bool stop;
	pthread_t thread;
};

static struct record *record_at(const struct racer *racer, size_t i)
{
	return (struct record *)racer->area->page[i / racer->per_folio] +
	       i % racer->per_folio;
}

static void *write_records(void *arg)
{
	struct racer *racer = arg;
	__u64 random = 1;

	while (!racer->stop) {
		for (int k = 0; k < BURST; k++) {
			size_t i = random_below(&random, racer->ledger.nr);

			ledger_check(&racer->ledger, i, 1,
				     record_at(racer, i));
			ledger_write(&racer->ledger, i, 1,
				     record_at(racer, i));
		}
		pace_rest_us(PAUSE_US);
	}
	return NULL;
}

static bool start_racer(struct racer *racer, const char *name)
{
	size_t per_folio = racer->area->unit / sizeof(struct record);

	racer->per_folio = per_folio;
	if (!ledger_open(&racer->ledger, name,
			 racer->area->nr * racer->area->unit))
		return false;
	for (size_t i = 0; i < racer->area->nr; i++)
		ledger_write(&racer->ledger, i * per_folio, per_folio,
			     record_at(racer, i * per_folio));
	return ktap_expect(!pthread_create(&racer->thread, NULL, write_records,
					   racer), "to start a thread");
}

static bool stop_racer(struct racer *racer)
{
	racer->stop = true;
	pthread_join(racer->thread, NULL);
	for (size_t i = 0; i < racer->ledger.nr; i += racer->per_folio)
		ledger_check(&racer->ledger, i, racer->per_folio,
			     record_at(racer, i));
	return ktap_expect(!racer->ledger.wrong, "no wrong record, not %llu",
			   (unsigned long long)racer->ledger.wrong);
}

bool race_possible(const struct provocation *what)
{
	return what->reason != MEMORY_HOTPLUG;
}

static bool race_in(const struct provocation *what, struct area *area,
		    struct race_sums *sums)
{
	struct racer racer = { .area = area };
	size_t moved;
	bool ok;

	if (!mem_snapshot(area) || !start_racer(&racer, what->name)) {
		ledger_close(&racer.ledger);
		return ktap_expect(false, "an area with records");
	}
	ok = what->provoke(area);
	moved = mem_moved(area);
	ok &= stop_racer(&racer);
	ktap_note("%zu of %zu pages moved, %llu records written meanwhile",
		  moved, mem_pages(area),
		  (unsigned long long)racer.ledger.written);
	sums->moved += moved;
	sums->written += racer.ledger.written;
	sums->checked += racer.ledger.checked;
	ledger_close(&racer.ledger);
	return ok & ktap_expect(moved, "pages to move");
}

bool race(const struct provocation *what, struct race_sums *sums)
{
	struct area area = {};
	int mark = undo_mark();
	bool ok = what->prepare(what, &area);

	if (ok)
		ok = race_in(what, &area, sums);
	mem_unmap(&area);
	undo_to(mark);
	return ok;
}
