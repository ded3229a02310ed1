/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small files of the migrate_policy selftests that come and go: they are
 * created, renamed over each other, rewritten and unlinked in two directories,
 * so that directories, inodes and free space change all the time. What there
 * is, and what each file holds, is known exactly.
 */
#ifndef MIGRATE_POLICY_NAMES_H
#define MIGRATE_POLICY_NAMES_H

#include "record.h"
#include "sys.h"

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#define NAMES		128
#define NAMES_RECORDS	100	/* at most, in one file */

/* The buffer that the functions below want. */
#define NAMES_BUFFER	((NAMES_RECORDS + 1) * sizeof(struct record))

/* One at a time may change or check it. */
struct names {
	char folder[SYS_PATH];
	struct ledger ledger;		/* of all contents */
	bool exists[NAMES];
	unsigned char content[NAMES];	/* of each name; no two have the same */
};

/* Makes the empty directories in @folder. */
bool names_make(struct names *names, const char *folder);

/* Changes or checks one of them, at random; false, with a note, if it fails. */
bool names_step(struct names *names, __u64 *random, void *buffer);

/* Checks whether a file is there if it should, and what it holds. */
bool names_check(struct names *names, size_t name, void *buffer);

/* Checks all of them, and that there is nothing else. */
bool names_check_all(struct names *names, void *buffer);

#endif /* MIGRATE_POLICY_NAMES_H */
