/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Swap for the migrate_policy selftests, of @size bytes until undo_to(). Both
 * return false, with a note, if they cannot.
 */
#ifndef MIGRATE_POLICY_SWAP_H
#define MIGRATE_POLICY_SWAP_H

#include <stdbool.h>
#include <stddef.h>

/* Every page that comes back goes through the swap cache. */
bool swap_on_loop(size_t size);

/* A page that only one process has comes back past the swap cache. */
bool swap_on_zram(size_t size);

#endif /* MIGRATE_POLICY_SWAP_H */
