/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loadable copy backends in the migrate_policy selftests: "sample" of
 * samples/migrate_policy/ and "test" of test_modules/, which misbehaves on
 * demand. The kernel loads them when their name is written to a policy.
 */
#ifndef MIGRATE_POLICY_MODULES_H
#define MIGRATE_POLICY_MODULES_H

#include "policy.h"

#include <stdbool.h>

/* Base pages that module_moves() moves. */
#define MODULE_PAGES	512

/* Are both installed where modprobe finds them? With a note if not. */
bool module_present(void);

bool module_loaded(const char *backend);

/* delete_module(2), without waiting. Returns 0 or a negative errno. */
int module_remove(const char *backend);

/* Sets a parameter. Returns 0 or a negative errno. */
int module_set(const char *backend, const char *parameter, const char *value);

/* Names a backend in the policy that module_moves() migrates under. */
int module_name(const char *backend);

/*
 * Moves memory to the other node. Returns by how much a counter of the backend
 * has risen; 0, with a note, if a page did not move or changed.
 */
__u64 module_moves(const char *backend, enum counter what);

#endif /* MIGRATE_POLICY_MODULES_H */
