/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the migrate_policy selftests make the kernel migrate a given area of
 * memory for a given reason.
 *
 * Both halves of a provocation note what kept them from working. The first
 * maps and fills an area where the second one can make it move; what they
 * change in the system goes on the undo stack.
 */
#ifndef MIGRATE_POLICY_PROVOKE_H
#define MIGRATE_POLICY_PROVOKE_H

#include "mem.h"
#include "policy.h"

#define FAST_NODE	0
#define SLOW_NODE	1

struct provocation {
	const char *name;
	enum reason reason;
	enum mem_kind kind;
	size_t size;
	/* Base pages that have to move, in percent of the area. */
	unsigned int percent;
	/* Can folios of this kind be copied ahead? */
	bool ahead;
	/* Does the folio stay in one piece, at its new place? */
	bool whole;
	bool (*prepare)(const struct provocation *what, struct area *area);
	bool (*provoke)(struct area *area);
};

extern const struct provocation provocations[];
extern const size_t nr_provocations;

/*
 * Asks for the block that most of @area lies in to go offline; 0 if it did, or
 * what the kernel answered. It is put online again by undo_to().
 */
int provoke_offline(const struct area *area);

/* Lays an area of the slow node elsewhere, until @try is content with it. */
bool provoke_in_blocks(struct area *area, bool (*try)(struct area *area));

/* Two nodes with memory; the second has no CPUs, or is of the same tier. */
bool provoke_two_nodes(void);

/* Why this machine cannot migrate for a reason; NULL if it can. */
const char *provoke_obstacle(enum reason reason);

#endif /* MIGRATE_POLICY_PROVOKE_H */
