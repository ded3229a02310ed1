/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel settings of the migrate_policy selftests: one-value files that are
 * read, written, and put back as they were.
 *
 * Everything a test changes goes on an undo stack. A test takes a mark, makes
 * its changes and calls undo_to(mark); what is left on the stack is undone
 * when the program exits or a signal ends it.
 */
#ifndef MIGRATE_POLICY_SYS_H
#define MIGRATE_POLICY_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#include <stdint.h>

#define SYS_PATH	160
#define SYS_VALUE	288

/* Reads a file without its last newline. Returns 0 or a negative errno. */
int sys_read(const char *path, char *value, size_t size);

/* Reads a decimal number; UINT64_MAX, with a note, if there is none. */
__u64 sys_number(const char *path);

/*
 * The sum of the numbers in all lines "NAME NUMBER" or "NAME: NUMBER" whose
 * name begins with @prefix; UINT64_MAX if there is no such line.
 */
__u64 sys_sum_lines(const char *path, const char *prefix);

/* One write(2) of the text as it is. Returns 0 or a negative errno. */
int sys_write(const char *path, const char *value);

/* As sys_write(), but the old value is put back by undo_to(). */
int sys_set(const char *path, const char *value);

bool sys_exists(const char *path);

/*
 * Those of the kernel's taint flags that tell of a splat in its log. A warning
 * that the selftest torn_thp gets from a stock kernel is none.
 */
__u64 sys_splats(void);

/* Makes exit and signals undo what is on the stack. Call it once, first. */
void undo_init(void);

/* In a child that goes on by itself: what is on the stack is its parent's. */
void undo_forget(void);

int undo_mark(void);
void undo_to(int mark);
void undo_write(const char *path, const char *value);
void undo_rmdir(const char *path);
void undo_unlink(const char *path);
void undo_mount(const char *path);
void undo_swapon(const char *path);

#endif /* MIGRATE_POLICY_SYS_H */
