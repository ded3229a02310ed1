/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files under load for the migrate_policy selftests: one file, or one tree of
 * small files, for each way to change what a file holds, each with a thread or
 * process of its own that does so, and another process that reads them all.
 *
 * Everything in the files is records (record.h) or a hole, and known exactly.
 */
#ifndef MIGRATE_POLICY_FILEWORK_H
#define MIGRATE_POLICY_FILEWORK_H

#include "mover.h"

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

struct filework_sums {
	__u64 checked;	/* records looked at */
	__u64 wrong;	/* records found wrong */
	__u64 written;	/* records changed */
	__u64 failed;	/* calls that should have worked */
};

#define FILEWORK_RANGES	8

/* Makes all files in @folder; @holes: this file system can punch them. */
bool filework_make(const char *folder, bool holes);
void filework_free(void);

/* Opens and maps all files; nobody is at work then. */
bool filework_open(void);
void filework_close(void);

bool filework_start(void);
bool filework_stop(void);

/* Where the files are mapped: at most FILEWORK_RANGES. Returns how many. */
size_t filework_ranges(struct mover_range *ranges);

/* Maps every page again that was dropped. */
void filework_populate(void);

/* Checks everything in every way; false, with notes, if something is wrong. */
bool filework_check(void);

void filework_sums(struct filework_sums *sums);

#endif /* MIGRATE_POLICY_FILEWORK_H */
