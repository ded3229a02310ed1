/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page migration policy: the model, as mm/ sees it.
 *
 * Free of mm and configfs headers, so that mm/migrate_policy.c can be built
 * and tested in user space.
 */
#ifndef _MM_MIGRATE_POLICY_H
#define _MM_MIGRATE_POLICY_H

#include <linux/jump_label.h>
#include <linux/migrate_policy.h>
#include <linux/mutex.h>
#include <linux/srcu.h>
#include <linux/types.h>

/* The most backends that can be registered at a time. */
#define MIGRATE_COPY_BACKENDS	16

#define MIGRATE_BATCH_MAX	262144
#define MIGRATE_WORKERS_MAX	64

/*
 * Reasons that have a policy: all that pages migrate for. Newer kernels end
 * the list with MR_NEVER, which they do not.
 */
#define MIGRATE_POLICY_REASONS	(MR_DAMON + 1)

/* Kinds of folios by who can reach their contents while they migrate. */
enum migrate_class {
	MIGRATE_CLASS_ANON,
	MIGRATE_CLASS_SWAPCACHE,
	MIGRATE_CLASS_SHMEM,
	MIGRATE_CLASS_FILE,
	MIGRATE_CLASSES,
	MIGRATE_CLASS_NEVER = MIGRATE_CLASSES,
};

/* The attributes of a reason. */
enum migrate_policy_key {
	MIGRATE_KEY_BACKEND,
	MIGRATE_KEY_BATCH_SIZE,
	MIGRATE_KEY_MIN_PAGES,
	MIGRATE_KEY_WORKERS,
	MIGRATE_KEY_CLASSES,
	MIGRATE_KEY_STRICT,
	MIGRATE_KEYS,
};

/**
 * struct migrate_policy - how the folios of one reason are copied
 * @backend: who copies
 * @batch_size: base pages cut, unmapped and copied together
 * @min_pages: smaller batches are copied inline; 0 = the backend's minimum
 * @workers: most CPUs or channels for a request; 0 = the backend's choice
 * @classes: mask of BIT(enum migrate_class): what may be copied ahead
 * @strict: 1 if what @backend does not copy must not migrate
 *
 * Part of a snapshot, or of a trial that stages it.
 */
struct migrate_policy {
	struct migrate_copy_backend *backend;
	unsigned int batch_size;
	unsigned int min_pages;
	unsigned int workers;
	unsigned int classes;
	unsigned int strict;
};

/* The most trials of a reason, live or not. */
#define MIGRATE_TRIALS		8

struct migrate_result;

/**
 * struct migrate_arm - a live trial, as the calls that are drawn for it see it
 * @name: its name, which stays until the trial is freed
 * @id: tells it from every other arm there ever was; never 0
 * @policy: how to copy
 * @share: percent of the calls
 * @result: where to count what they did
 */
struct migrate_arm {
	const char *name;
	u64 id;
	struct migrate_policy policy;
	unsigned int share;
	struct migrate_result __percpu *result;
};

/**
 * struct migrate_snapshot - all that holds for the calls of one reason
 * @base: the reason's own policy, that of the control arm
 * @control: where to count what calls of the control arm did; set while there
 *	is an arm
 * @nr_arms: how many trials are live
 * @arms: these
 *
 * Immutable once published.
 */
struct migrate_snapshot {
	struct migrate_policy base;
	struct migrate_result __percpu *control;
	unsigned int nr_arms;
	struct migrate_arm arms[MIGRATE_TRIALS];
};

/**
 * struct migrate_value - what a write to an attribute asks for, parsed
 * @name: of a backend, not looked up yet
 * @number: of any other attribute
 */
struct migrate_value {
	char name[MIGRATE_COPY_NAME_LEN];
	unsigned int number;
};

/* Changes one attribute of @target, whatever that is. */
typedef int (*migrate_change_fn)(void *target, enum migrate_policy_key key,
				 const struct migrate_value *value);

DECLARE_STATIC_KEY_FALSE(migrate_policy_key);
DECLARE_STATIC_KEY_FALSE(migrate_trial_key);
extern struct migrate_copy_backend migrate_copy_inline;

void migrate_policy_init(unsigned int batch_size);
void migrate_policy_disable(void);
bool migrate_policy_disabled(void);

const char *migrate_policy_key_name(enum migrate_policy_key key);
const char *migrate_class_name(enum migrate_class class);
int migrate_policy_store(enum migrate_reason reason,
			 enum migrate_policy_key key, const char *text);
int migrate_policy_show(enum migrate_reason reason,
			enum migrate_policy_key key, char *buf);
int migrate_policy_show_default(enum migrate_policy_key key, char *buf);
int migrate_policy_store_stats(const char *text);
bool migrate_policy_stats(void);
u64 migrate_policy_generation(void);

const struct migrate_policy *migrate_policy_get(enum migrate_reason reason,
						int *idx);
const struct migrate_snapshot *migrate_snapshot_get(enum migrate_reason reason,
						    int *idx);
void migrate_policy_put(int idx);

/* What mm/migrate_trial.c shares with mm/migrate_policy.c. */
extern struct mutex migrate_policy_mutex;
int migrate_policy_edit(enum migrate_policy_key key, const char *text,
			migrate_change_fn change, void *target);
int migrate_policy_apply(enum migrate_policy_key key,
			 const struct migrate_value *value,
			 struct migrate_policy *next);
int migrate_policy_emit(enum migrate_policy_key key,
			const struct migrate_policy *policy, char *buf);
int migrate_backend_hold(struct migrate_copy_backend *backend);
void migrate_backend_release(struct migrate_copy_backend *backend);
const struct migrate_snapshot *
migrate_snapshot_locked(enum migrate_reason reason);
int migrate_snapshot_publish(enum migrate_reason reason,
			     const struct migrate_snapshot *next, gfp_t gfp,
			     struct migrate_snapshot **old);
void migrate_snapshot_settle(void);
void migrate_snapshot_retire(struct migrate_snapshot *old);
void migrate_trial_forget(struct migrate_copy_backend *backend);

/* What the model asks of the rest of the layer. */
int migrate_copy_start(struct migrate_copy_backend *backend);
void migrate_copy_stop(struct migrate_copy_backend *backend);
int migrate_policy_sysfs_add(struct migrate_copy_backend *backend);
void migrate_policy_sysfs_del(struct migrate_copy_backend *backend);
int migrate_policy_configfs_add(struct migrate_copy_backend *backend);
void migrate_policy_configfs_del(struct migrate_copy_backend *backend);

#endif /* _MM_MIGRATE_POLICY_H */
