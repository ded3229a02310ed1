/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the mpol library share among themselves, and with their
 * unit tests.
 */
#ifndef MPOL_PRIVATE_H
#define MPOL_PRIVATE_H

#include <stdio.h>

#include "mpol.h"

/* configfs keeps the last byte of its page, and we end with a newline. */
#define MPOL_WRITE_MAX	4094

struct mpol {
	int config_fd;		/* migrate_policy/ in configfs */
	int sysfs_fd;		/* kernel/mm/migrate_policy/ in sysfs */
	int lock_fd;		/* -1 while this handle holds no lock */
	char root[PATH_MAX];	/* empty for the running kernel */
	char config_path[PATH_MAX];
	char sysfs_path[PATH_MAX];
	char error[MPOL_ERROR_SIZE];
};

/* Keeps the sentence for mpol_error(); returns -@err. */
__attribute__((format(printf, 3, 4)))
int mpol_fail(struct mpol *m, int err, const char *format, ...);

/* Finds configfs, mounting it where needed; @path has PATH_MAX bytes. */
int mpol_locate_configfs(struct mpol *m, char *path);

/* The mount point of configfs; -ENOENT if it is not mounted. */
int mpol_find_configfs(FILE *mountinfo, char *path, size_t size);

/* @path of the running system, below the handle's root (PATH_MAX bytes). */
int mpol_below_root(struct mpol *m, const char *path, char *full);

/* Reads a whole file below @dirfd; strips one newline. */
int mpol_read_at(int dirfd, const char *path, char *value);

/* "reasons/demotion/backend": the same shape in both trees. */
int mpol_relative_path(const struct mpol_object *object, const char *key,
		       char *path, size_t size);

/* The directories, or the files, in a directory, in alphabetical order. */
int mpol_list_at(struct mpol *m, int dirfd, const char *path, bool directories,
		 struct mpol_names *names);

/* The same without a sentence for mpol_error(). */
int mpol_read_dir(int dirfd, const char *path, bool directories,
		  struct mpol_names *names);

/* The known keys first, in the order of the tool's own table. */
void mpol_sort_keys(struct mpol_names *keys);

#endif /* MPOL_PRIVATE_H */
