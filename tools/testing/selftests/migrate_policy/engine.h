/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The backend "dma" in the migrate_policy selftests, and the DMA engines in
 * software that it gets there: test_modules/migrate_dma_test.c.
 *
 * What fails is noted, and returns false.
 */
#ifndef MIGRATE_POLICY_ENGINE_H
#define MIGRATE_POLICY_ENGINE_H

#include <stdbool.h>
#include <linux/types.h>

/* Is the backend there, and the module of the engines? */
bool engine_present(void);

/* Loads the module anew, with parameters; undo_to() ends a hang. */
bool engine_load(const char *parameters);

/* Returns false if the module is in use; true as well if it is not there. */
bool engine_unload(void);

/* A parameter. */
bool engine_set(const char *parameter, const char *value);
__u64 engine_number(const char *parameter);

/* How many descriptors a device has copied since it was loaded. */
__u64 engine_copied(unsigned int device);

/* A setting of the backend, until undo_to(); and for good. */
bool engine_setting(const char *name, const char *value);
bool engine_change(const char *name, const char *value);

/* Has the backend so many channels? */
bool engine_taken(__u64 channels);

/* Channels that did not answer in time. */
__u64 engine_timeouts(void);

#endif /* MIGRATE_POLICY_ENGINE_H */
