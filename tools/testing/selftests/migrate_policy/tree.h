/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every file and directory of the migrate_policy trees in configfs and sysfs,
 * for the selftest hostile.c: what is there, what the values are, and whether
 * anything has changed.
 */
#ifndef MIGRATE_POLICY_TREE_H
#define MIGRATE_POLICY_TREE_H

#include "judge.h"
#include "sys.h"

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#include <sys/types.h>

#define TREE_MAX	1024

struct node {
	char path[SYS_PATH];
	mode_t mode;
	bool directory;
	bool setting;			/* a file of configfs to write */
	struct judge judge;
	int fd;				/* of a setting, for reading and writing */
	char value[SYS_VALUE];		/* what the setting read last */
};

struct tree {
	struct node nodes[TREE_MAX];
	size_t nr;
	size_t files[TREE_MAX];		/* the settings among them */
	size_t nr_files;
};

/* Finds everything. Returns false, with a note, if that is nothing. */
bool tree_open(struct tree *tree);
void tree_close(struct tree *tree);

/* Reads a setting through the file that is open. Returns 0 or -errno. */
int tree_read(const struct node *node, char value[SYS_VALUE]);

/* Are names and modes those of tree_open(), and no others? */
bool tree_as_before(const struct tree *tree);

/* Does every setting read what it read last? */
bool tree_values_kept(const struct tree *tree);

/*
 * Looks for what could be an address of the kernel in every file below a
 * folder. Returns false, with a note, if there is one.
 */
bool tree_leaks_nothing(const char *folder);

#endif /* MIGRATE_POLICY_TREE_H */
