/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The combinations of backend, workers, folio classes, batch size and injected
 * fault under which the migrate_policy selftests migrate.
 *
 * A walk goes through them one step at a time, for all reasons alike. A few
 * steps have every value of every dimension, and a long walk every combination
 * of backend, classes and batch size.
 */
#ifndef MIGRATE_POLICY_MATRIX_H
#define MIGRATE_POLICY_MATRIX_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

/* Of MP_SEED in the environment, or of the time. */
__u64 matrix_seed(void);

/*
 * In the environment MP_BACKEND, MP_CLASSES, MP_BATCH_SIZE and MP_FAULT leave
 * only one value of that dimension: to search for something.
 *
 * Begins a walk, whose order depends on @seed, until undo_to(). Every reason
 * counts and copies ahead however few pages from now on. Returns false, with a
 * note, if the policies cannot be set. In a kernel without policies a walk has
 * no steps.
 */
bool matrix_open(__u64 seed);

/* The next combination. Returns false, with a note, if it cannot be set. */
bool matrix_step(void);

/* The next one under which folios of @class are copied ahead. */
bool matrix_step_to(const char *class);

/* Injects no more faults until the next step. */
void matrix_rest(void);

/* What the last step has set, for notes. */
const char *matrix_now(void);

/* Do folios of @class go to a backend that copies ahead? */
bool matrix_copies(const char *class);

/* Notes how much of the matrix the walk has covered. */
void matrix_report(void);

#endif /* MIGRATE_POLICY_MATRIX_H */
