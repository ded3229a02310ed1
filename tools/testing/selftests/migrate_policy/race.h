/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A provocation (provoke.h) with a thread that writes to the area meanwhile.
 */
#ifndef MIGRATE_POLICY_RACE_H
#define MIGRATE_POLICY_RACE_H

#include "provoke.h"

#include <linux/types.h>

struct race_sums {
	__u64 moved;		/* base pages of the area */
	__u64 written;		/* records changed */
	__u64 checked;		/* records looked at */
};

/*
 * Does the provocation allow it? Offlining memory does not: it gives pages of
 * the area away on its way.
 */
bool race_possible(const struct provocation *what);

/*
 * Provokes, and checks every record. Adds to @sums. Returns false, with a
 * note, if something went wrong.
 */
bool race(const struct provocation *what, struct race_sums *sums);

#endif /* MIGRATE_POLICY_RACE_H */
