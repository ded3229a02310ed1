/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Contents of the migrate_policy selftests that describe themselves: records
 * of 64 bytes that tell their place, their generation and their checksum.
 *
 * A ledger knows the generation of every record of a stretch of memory or of a
 * file. Each change of a record goes through it and gives the record a new
 * generation, so that a byte that was changed, lost, brought back from earlier
 * or taken from elsewhere is found. Only one thread at a time may change a
 * given record and its entry in the ledger; others may do so with others.
 */
#ifndef MIGRATE_POLICY_RECORD_H
#define MIGRATE_POLICY_RECORD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#include <stdint.h>

struct record {
	__u64 place;
	__u64 generation;
	__u64 body[5];
	__u64 sum;
};

#define RECORDS_PER_PAGE	(4096 / sizeof(struct record))

struct ledger {
	const char *name;	/* NULL: no notes */
	__u64 id;		/* no two ledgers have the same */
	size_t nr;
	__u32 *generation;	/* of each record; see record.c */
	atomic_ullong checked;	/* records looked at */
	atomic_ullong wrong;	/* records found wrong, ever */
	atomic_ullong written;	/* records changed */
};

/*
 * A ledger for @size bytes, all of them zero for now. @name goes into notes,
 * and has to live as long as the ledger. Returns false, with a note, if there is
 * no memory.
 */
bool ledger_open(struct ledger *ledger, const char *name, size_t size);

/*
 * The same for processes that are forked later and share it; @ledger itself
 * has to be in shared memory then.
 */
bool ledger_open_shared(struct ledger *ledger, const char *name, size_t size);

void ledger_close(struct ledger *ledger);

/* Enters a new generation of @nr records and lays them at @to. */
void ledger_write(struct ledger *ledger, size_t first, size_t nr,
		  struct record *to);

/* Lays at @to what the records are, without a change. */
void ledger_copy(const struct ledger *ledger, size_t first, size_t nr,
		 struct record *to);

/* Enters that @nr records read as zeros from now on. */
void ledger_discard(struct ledger *ledger, size_t first, size_t nr);

/*
 * Enters that @nr records are what they are on every page of this ledger that
 * shares its contents with others, and lays them at @to.
 */
void ledger_share(struct ledger *ledger, size_t first, size_t nr,
		  struct record *to);

/* The records that are not as entered, with a note on the first few. */
size_t ledger_check(struct ledger *ledger, size_t first, size_t nr,
		    const struct record *found);

#endif /* MIGRATE_POLICY_RECORD_H */
