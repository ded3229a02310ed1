/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loop devices over memory for the migrate_policy selftests: a kernel thread
 * serves their reads and writes while the memory that these go to is pinned.
 */
#ifndef MIGRATE_POLICY_LOOPDEV_H
#define MIGRATE_POLICY_LOOPDEV_H

#include <stdbool.h>
#include <stddef.h>

#define LOOPDEV_NAME	32

struct loopdev {
	int fd;			/* open for direct I/O */
	char name[LOOPDEV_NAME];
};

/*
 * The device lasts as long as it is in use, by us or as swap. Returns false,
 * with a note, if it cannot be made.
 */
bool loopdev_open(struct loopdev *loop, size_t size);

/* The same over a file that is open for reading and writing, or -1. */
bool loopdev_attach(struct loopdev *loop, int backing);

void loopdev_close(struct loopdev *loop);

#endif /* MIGRATE_POLICY_LOOPDEV_H */
