/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the unit tests: a small tree of plain files, and stand-ins for the
 * system calls that only a real kernel would refuse.
 */
#ifndef TESTS_TREE_H
#define TESTS_TREE_H

/* cmocka.h needs these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mpol_private.h"

#define CONFIG	"sys/kernel/config/migrate_policy"
#define SYSFS	"sys/kernel/mm/migrate_policy"

#define with_tree(test) \
	cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

/* The last statement of main(). */
#define run_tap(name, tests) \
	(puts("TAP version 13"), cmocka_set_message_output(CM_OUTPUT_TAP), \
	 cmocka_run_group_tests_name(name, tests, NULL, NULL))

struct tree {
	char root[PATH_MAX / 2];
	struct mpol *mpol;
};

/* cmocka setup and teardown; *state is a struct tree. */
int tree_setup(void **state);
int tree_teardown(void **state);

void tree_write(const struct tree *tree, const char *path, const char *value);
void tree_remove(const struct tree *tree, const char *path);
void tree_link(const struct tree *tree, const char *path, const char *target);

/* Fails the test unless the file holds @value. */
void tree_expect(const struct tree *tree, const char *path, const char *value);

/* mpol_find() that has to succeed. */
struct mpol_object tree_find(const struct tree *tree, const char *name);

/* Called for each write(2) of the library; returns an errno, 0 to write. */
extern int (*on_write)(unsigned int nth);

/* Where on_write() returns this, only the first byte is written. */
#define SHORT_WRITE	(-1)

/* Calls of on_write() so far; a test resets it. */
extern unsigned int write_count;

/* What fopen() of mountinfo yields, call by call; NULL: the real file. */
extern const char *const *mountinfo;

/* The errno of mount(2), and how often it was called. */
extern int mount_errno;
extern unsigned int mount_count;

#endif /* TESTS_TREE_H */
