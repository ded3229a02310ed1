// SPDX-License-Identifier: GPL-2.0-only
/*
 * Self-describing contents of the migrate_policy selftests: see record.h.
 */
#include "record.h"

#include "ktap.h"

#include <string.h>
#include <sys/mman.h>

/*
 * In an entry: the record reads as zeros, or is the same as on other pages.
 * The rest is kept, so that no later generation is one that was there before.
 */
#define DISCARDED	0x80000000u
#define SHARED		0x40000000u
#define STATES		(DISCARDED | SHARED)

/* Notes about wrong records of one ledger. */
#define MAX_NOTES	8

static __u64 mix(__u64 x)
{
	x ^= x >> 31;
	x *= 0x7fb5d329728ea185ull;
	x ^= x >> 27;
	return x * 0x81dadef4bc2dd44dull;
}

static void make(__u64 place, __u64 generation, struct record *record)
{
	__u64 sum = mix(mix(place) ^ generation);

	record->place = place;
	record->generation = generation;
	for (size_t k = 0; k < ARRAY_SIZE(record->body); k++)
		record->body[k] = sum += 0x9e3779b97f4a7c15ull;
	record->sum = ~sum;
}

static __u64 place_of(const struct ledger *ledger, size_t i)
{
	if (ledger->generation[i] & SHARED)
		i %= RECORDS_PER_PAGE;
	return ledger->id << 40 | i;
}

static __u64 generation_of(const struct ledger *ledger, size_t i)
{
	__u32 generation = ledger->generation[i];

	return generation & SHARED ? SHARED : generation;
}

static void make_entered(const struct ledger *ledger, size_t i,
			 struct record *record)
{
	if (ledger->generation[i] & DISCARDED)
		memset(record, 0, sizeof(*record));
	else
		make(place_of(ledger, i), generation_of(ledger, i), record);
}

static size_t generations_size(const struct ledger *ledger)
{
	return ledger->nr * sizeof(*ledger->generation);
}

static bool open_ledger(struct ledger *ledger, const char *name, size_t size,
			int flags)
{
	static atomic_ullong last_id;
	void *map;

	memset(ledger, 0, sizeof(*ledger));
	ledger->name = name;
	ledger->id = atomic_fetch_add(&last_id, 1) + 1;
	ledger->nr = size / sizeof(struct record);
	map = mmap(NULL, generations_size(ledger), PROT_READ | PROT_WRITE,
		   flags | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return ktap_expect(false, "memory for the ledger of %s", name);
	ledger->generation = map;
	ledger_discard(ledger, 0, ledger->nr);
	return true;
}

bool ledger_open(struct ledger *ledger, const char *name, size_t size)
{
	return open_ledger(ledger, name, size, MAP_PRIVATE);
}

bool ledger_open_shared(struct ledger *ledger, const char *name, size_t size)
{
	return open_ledger(ledger, name, size, MAP_SHARED);
}

void ledger_close(struct ledger *ledger)
{
	if (ledger->generation)
		munmap(ledger->generation, generations_size(ledger));
	ledger->generation = NULL;
	ledger->nr = 0;
}

void ledger_write(struct ledger *ledger, size_t first, size_t nr,
		  struct record *to)
{
	for (size_t i = 0; i < nr; i++) {
		__u32 *generation = &ledger->generation[first + i];
		struct record record;

		*generation = (*generation & ~STATES) + 1;
		make_entered(ledger, first + i, &record);
		to[i] = record;
	}
	atomic_fetch_add(&ledger->written, nr);
}

void ledger_copy(const struct ledger *ledger, size_t first, size_t nr,
		 struct record *to)
{
	for (size_t i = 0; i < nr; i++) {
		struct record record;

		make_entered(ledger, first + i, &record);
		to[i] = record;
	}
}

void ledger_discard(struct ledger *ledger, size_t first, size_t nr)
{
	for (size_t i = first; i < first + nr; i++)
		ledger->generation[i] = (ledger->generation[i] & ~STATES) |
					DISCARDED;
}

void ledger_share(struct ledger *ledger, size_t first, size_t nr,
		  struct record *to)
{
	for (size_t i = first; i < first + nr; i++)
		ledger->generation[i] = (ledger->generation[i] & ~STATES) |
					SHARED;
	ledger_copy(ledger, first, nr, to);
	atomic_fetch_add(&ledger->written, nr);
}

/* What a wrong record is instead. */
static const char *looks_like(const struct record *found)
{
	static const struct record zeros;
	struct record whole;

	if (!memcmp(found, &zeros, sizeof(zeros)))
		return "zeros";
	make(found->place, found->generation, &whole);
	return memcmp(found, &whole, sizeof(whole)) ? "torn" : "whole";
}

/* @found was read from @at, where it may have changed since. */
static void note_wrong(const struct ledger *ledger, size_t i,
		       const struct record *found, const void *at)
{
	ktap_note("%s: record %zu at %p is %s: %llx generation %llu, not %llx %llu%s",
		  ledger->name, i, at, looks_like(found), found->place,
		  found->generation, place_of(ledger, i),
		  generation_of(ledger, i) & ~(__u64)DISCARDED,
		  ledger->generation[i] & DISCARDED ? ", discarded" : "");
}

size_t ledger_check(struct ledger *ledger, size_t first, size_t nr,
		    const struct record *found)
{
	size_t wrong = 0;

	for (size_t i = 0; i < nr; i++) {
		struct record expected, now = found[i];

		make_entered(ledger, first + i, &expected);
		if (!memcmp(&now, &expected, sizeof(now)))
			continue;
		wrong++;
		if (atomic_fetch_add(&ledger->wrong, 1) < MAX_NOTES &&
		    ledger->name)
			note_wrong(ledger, first + i, &now, &found[i]);
	}
	atomic_fetch_add(&ledger->checked, nr);
	return wrong;
}
