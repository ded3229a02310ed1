/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory under load for the migrate_policy selftests: regions of anonymous
 * memory, shmem and files, one thread for each that keeps changing and
 * checking it, and threads that keep migrating all of them for different
 * reasons.
 *
 * A region consists of records (record.h). Only the thread of the region
 * writes to it.
 */
#ifndef MIGRATE_POLICY_CHURN_H
#define MIGRATE_POLICY_CHURN_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#include <stdint.h>

struct churn_sums {
	__u64 wrong;	/* records found wrong, ever, and failed writes */
	__u64 checked;	/* records looked at */
	__u64 written;	/* records changed */
	__u64 moves;	/* calls that migrate, after churn_stop() */
};

/*
 * Maps the regions and starts all threads. @part is the part of their full
 * size to use: shorter cuts for a test that waits for their end. What it
 * changes in the system is on the undo stack. Returns false, with a note, if
 * it cannot.
 */
bool churn_start(unsigned int part);

/* Ends all threads, then checks every record of every region. */
void churn_stop(void);

void churn_read(struct churn_sums *sums);

/* Base pages of the regions that are not mapped after churn_stop(). */
size_t churn_lost(void);

/* Unmaps the regions. */
void churn_free(void);

#endif /* MIGRATE_POLICY_CHURN_H */
