/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tests' side of the kernel and of the rest of the layer as they are in
 * user space: what to let fail, what to do in between, what was called.
 */
#ifndef _TEST_SHIM_H
#define _TEST_SHIM_H

#include "kernel.h"
#include "../../../mm/migrate_trial.h"

/**
 * struct shim - what the model meets, and what it did
 * @fail_alloc: the allocation that fails, counted from 1; 0: none
 * @fail_sysfs: what migrate_policy_sysfs_add() answers
 * @fail_configfs: what migrate_policy_configfs_add() answers
 * @on_synchronize: called at the start of each grace period, or NULL
 * @on_synchronized: called at the end of each grace period, or NULL
 * @on_request: called by request_module(), or NULL
 * @on_sysfs_add: called by migrate_policy_sysfs_add(), or NULL
 * @allocs: allocations tried
 * @synchronized: grace periods
 * @requests: calls of request_module()
 * @starts: calls of migrate_copy_start() that succeeded
 * @stops: calls of migrate_copy_stop()
 * @live: allocations that have not been freed; outlives shim_reset()
 * @dirs: directories of backends there are; outlives shim_reset()
 * @requested: the last module asked for
 *
 * Tests with several threads touch the first half only while there is one.
 */
struct shim {
	int fail_alloc;
	int fail_sysfs;
	int fail_configfs;
	void (*on_synchronize)(void);
	void (*on_synchronized)(void);
	void (*on_request)(void);
	void (*on_sysfs_add)(struct migrate_copy_backend *backend);
	int allocs;
	int synchronized;
	int requests;
	int starts;
	int stops;
	int live;
	int dirs;
	char requested[128];
};

extern struct shim shim;

void shim_reset(void);

#endif /* _TEST_SHIM_H */
