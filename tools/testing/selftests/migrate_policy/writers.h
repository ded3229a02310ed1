/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the migrate_policy selftests do to memory while it migrates: the ways
 * to write to it, to give it away and to change its mappings.
 */
#ifndef MIGRATE_POLICY_WRITERS_H
#define MIGRATE_POLICY_WRITERS_H

#include "kinds.h"
#include "loopdev.h"

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#define WORK_BUFFER	(2ul << 20)

/* What a thread that works on a region has to itself. */
struct work {
	struct region *region;
	__u64 random;
	char *buffer;		/* WORK_BUFFER bytes */
	struct loopdev *loop;
	size_t loop_at;		/* as much of it */
	int pipe[2];
	int mem;		/* /proc/self/mem */
	/* What the region shall hold, read page by page, with pauses. */
	char *late;
	struct uffd *late_uffd;
};

struct writer {
	const char *name;
	unsigned int needs;	/* enum allowed */
	/* How often, compared with others. */
	unsigned int weight;
	/* False, with a note, if something failed that must not. */
	bool (*work)(struct work *work);
};

extern const struct writer writers[];
extern const size_t nr_writers;

/* Returns false, with a note, if it cannot; work_close() is due as well. */
bool work_open(struct work *work, struct region *region, struct loopdev *loop,
	       size_t loop_at);
void work_close(struct work *work);

#endif /* MIGRATE_POLICY_WRITERS_H */
