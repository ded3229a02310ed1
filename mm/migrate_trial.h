/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page migration policy: trials and their results, as mm/ sees them.
 *
 * Free of configfs, as mm/migrate_policy.h is.
 */
#ifndef _MM_MIGRATE_TRIAL_H
#define _MM_MIGRATE_TRIAL_H

#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/types.h>

#include "migrate_policy.h"

/* The longest name of a trial, its terminating NUL included. */
#define MIGRATE_TRIAL_NAME_LEN	33

/**
 * struct migrate_trial - a policy that some calls of a reason are to try
 * @list: all trials
 * @reason: the reason
 * @name: its name
 * @staged: the policy, which holds its backend
 * @share: percent of the calls
 * @id: of its arm while it is live, else 0
 * @result: what the calls did since it became live
 *
 * Reason and name are fixed; the rest is under migrate_policy_mutex.
 */
struct migrate_trial {
	struct list_head list;
	enum migrate_reason reason;
	char name[MIGRATE_TRIAL_NAME_LEN];
	struct migrate_policy staged;
	unsigned int share;
	u64 id;
	struct migrate_result __percpu *result;
};

int migrate_trial_add(struct migrate_trial *trial, enum migrate_reason reason,
		      const char *name);
void migrate_trial_del(struct migrate_trial *trial);
int migrate_trial_store(struct migrate_trial *trial,
			enum migrate_policy_key key, const char *text);
int migrate_trial_show(struct migrate_trial *trial,
		       enum migrate_policy_key key, char *buf);
int migrate_trial_store_share(struct migrate_trial *trial, const char *text);
unsigned int migrate_trial_share(struct migrate_trial *trial);
int migrate_trial_store_live(struct migrate_trial *trial, const char *text);
bool migrate_trial_live(struct migrate_trial *trial);
struct migrate_result __percpu *
migrate_trial_control(enum migrate_reason reason);
int migrate_trial_show_sums(struct migrate_trial *trial, char *buf);

const struct migrate_arm *
migrate_trial_draw(const struct migrate_snapshot *snapshot,
		   unsigned int percent);
const struct migrate_arm *
migrate_trial_find(const struct migrate_snapshot *snapshot, u64 id);

/* What is summed up for an arm, in the order of the file "summary". */
enum migrate_sum {
	MIGRATE_SUM_CALLS,
	MIGRATE_SUM_CUTS,
	MIGRATE_SUM_FOLIOS,
	MIGRATE_SUM_PAGES,
	MIGRATE_SUM_SUCCEEDED,
	MIGRATE_SUM_FAILED,
	MIGRATE_SUM_RETRIES,
	MIGRATE_SUM_OFFERED,
	MIGRATE_SUM_ENGAGED_PAGES,
	MIGRATE_SUM_CUT_NS,
	MIGRATE_SUM_FIRST_NS,
	MIGRATE_SUM_AWAY_NS,
	MIGRATE_SUM_COPY_NS,
	MIGRATE_SUM_HELPER_NS,
	MIGRATE_SUMS,
};

/* What is sorted by duration. */
enum migrate_hist {
	MIGRATE_HIST_PAGE_NS,
	MIGRATE_HIST_CUT_NS,
	MIGRATE_HIST_FIRST_NS,
	MIGRATE_HIST_AWAY_NS,
	MIGRATE_HISTS,
};

/* The last bucket begins at 30 s and has no end. */
#define MIGRATE_BUCKETS		136

/**
 * struct migrate_result - what the calls of an arm did, on one CPU
 * @sums: see enum migrate_sum
 * @hists: how often a duration fell into each bucket
 */
struct migrate_result {
	u64 sums[MIGRATE_SUMS];
	u64 hists[MIGRATE_HISTS][MIGRATE_BUCKETS];
};

unsigned int migrate_bucket(u64 ns);
u64 migrate_bucket_lower(unsigned int bucket);
void migrate_result_add_cut(struct migrate_result __percpu *result,
			    const u64 *sums);
void migrate_result_add_call(struct migrate_result __percpu *result, u64 ns,
			     u64 pages);
int migrate_result_show_sums(struct migrate_result __percpu *result,
			     char *buf);
int migrate_result_show_hist(struct migrate_result __percpu *result,
			     enum migrate_hist hist, char *buf);
int migrate_trial_show_hist(struct migrate_trial *trial,
			    enum migrate_hist hist, char *buf);

#endif /* _MM_MIGRATE_TRIAL_H */
