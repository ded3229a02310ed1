/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control group of the migrate_policy selftests: they are its only
 * process.
 */
#ifndef MIGRATE_POLICY_CGROUP_H
#define MIGRATE_POLICY_CGROUP_H

#include <stdbool.h>

/*
 * Makes the group with a controller and joins it, until undo_to(). Returns
 * false, with a note, if it cannot.
 */
bool cgroup_join(const char *controller);

/* Back to the root; the group stays until undo_to(). */
int cgroup_leave(void);

/* Writes to a file of the group. Returns 0 or a negative errno. */
int cgroup_write(const char *file, const char *value);

#endif /* MIGRATE_POLICY_CGROUP_H */
