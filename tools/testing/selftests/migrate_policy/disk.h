/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * File systems of the migrate_policy selftests: each on a loop device of its
 * own over an image in memory, made, mounted, unmounted and checked by the
 * tools of that file system.
 */
#ifndef MIGRATE_POLICY_DISK_H
#define MIGRATE_POLICY_DISK_H

#include "sys.h"

#include <stdbool.h>
#include <stddef.h>

#define DISK_MOUNT	"/tmp/migrate_policy_files/mnt"

struct filesystem {
	const char *name;
	const char *type;	/* as for mount(8) */
	const char *options;
	const char *mkfs;	/* command, without the image; NULL: no disk */
	const char *fsck;	/* likewise, which changes nothing */
	unsigned int mb;	/* size of the image */
	const char *class;	/* what its clean folios are copied ahead as */
	bool holes;		/* can it punch them? */
};

extern const struct filesystem filesystems[];
extern const size_t nr_filesystems;

/* Has this kernel the file system, and the machine its tools? */
bool disk_possible(const struct filesystem *fs);

/*
 * Makes the file system and mounts it on DISK_MOUNT until undo_to(). Returns
 * false, with a note, if it cannot.
 */
bool disk_make(const struct filesystem *fs);

bool disk_mount(const struct filesystem *fs);

/* Afterwards only the image has what was written. */
bool disk_umount(const struct filesystem *fs);

/* Runs the fsck of an unmounted file system; notes what it complains of. */
bool disk_clean(const struct filesystem *fs);

/* The block device that is mounted, "" if there is none. */
const char *disk_device(void);

#endif /* MIGRATE_POLICY_DISK_H */
