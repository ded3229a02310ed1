/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What goes on besides while the migrate_policy selftests migrate memory: one
 * thread for each kind of disturbance. Policies change, backends are loaded and
 * removed, CPUs and memory go off- and online, limits of a cgroup bite, and
 * other work takes the CPUs of helpers.
 *
 * Each operation is timed, so that one that takes too long or never ends is
 * found and named while it lasts.
 */
#ifndef MIGRATE_POLICY_DISTURB_H
#define MIGRATE_POLICY_DISTURB_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

/*
 * Starts all threads. The limits are those of the cgroup in @cgroup, a folder.
 * What they change in the system is put back by disturb_stop() or undo_to().
 * Returns false, with a note, if it cannot.
 */
bool disturb_start(const char *cgroup, __u64 seed);

/*
 * False, with a note and the kernel's own word in its log, if an operation
 * goes on for more than @bound seconds already.
 */
bool disturb_alive(double bound);

/*
 * Ends all threads. Returns false, with notes, if one has not ended after
 * @bound seconds: then it never will.
 */
bool disturb_stop(double bound);

/*
 * Notes how often each kind was done and how long it took at most. Returns
 * false, with notes, if one has had an unexpected answer, was never done (or
 * tried, where it may be refused) or took more than @bound seconds.
 */
bool disturb_report(double bound);

/* Changes of the configuration that took effect. */
__u64 disturb_changes(void);

#endif /* MIGRATE_POLICY_DISTURB_H */
