/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page migration policy: the directories of trials and results, for that of
 * the reason which has them.
 */
#ifndef _MM_MIGRATE_TRIAL_CONFIGFS_H
#define _MM_MIGRATE_TRIAL_CONFIGFS_H

#include <linux/configfs.h>

#include "migrate_trial.h"

/**
 * struct migrate_result_group - a directory of results
 * @group: the directory
 * @trial: whose they are; NULL for the control arm
 * @reason: the reason
 */
struct migrate_result_group {
	struct config_group group;
	struct migrate_trial *trial;
	enum migrate_reason reason;
};

/**
 * struct migrate_trials_groups - what a reason has for trials
 * @trials: the directory to make trials in
 * @results: the results of the control arm
 */
struct migrate_trials_groups {
	struct config_group trials;
	struct migrate_result_group results;
};

void migrate_trials_configfs_add(struct migrate_trials_groups *groups,
				 enum migrate_reason reason,
				 struct config_group *parent);

#endif /* _MM_MIGRATE_TRIAL_CONFIGFS_H */
