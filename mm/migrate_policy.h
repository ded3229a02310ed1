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
	MIGRATE_KEYS,
};

/**
 * struct migrate_policy - how the folios of one reason are copied
 * @backend: who copies
 * @batch_size: base pages cut, unmapped and copied together
 * @min_pages: smaller batches are copied inline; 0 = the backend's minimum
 * @workers: most CPUs or channels for a request; 0 = the backend's choice
 * @classes: mask of BIT(enum migrate_class): what may be copied ahead
 *
 * Immutable once published.
 */
struct migrate_policy {
	struct migrate_copy_backend *backend;
	unsigned int batch_size;
	unsigned int min_pages;
	unsigned int workers;
	unsigned int classes;
};

DECLARE_STATIC_KEY_FALSE(migrate_policy_key);
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
void migrate_policy_put(int idx);

/* What the model asks of the rest of the layer. */
int migrate_copy_start(struct migrate_copy_backend *backend);
void migrate_copy_stop(struct migrate_copy_backend *backend);
int migrate_policy_sysfs_add(struct migrate_copy_backend *backend);
void migrate_policy_sysfs_del(struct migrate_copy_backend *backend);
int migrate_policy_configfs_add(struct migrate_copy_backend *backend);
void migrate_policy_configfs_del(struct migrate_copy_backend *backend);

#endif /* _MM_MIGRATE_POLICY_H */
