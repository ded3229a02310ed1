/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page migration policy: what the batch engine calls to force what seldom
 * happens (CONFIG_MIGRATE_COPY_FAULT), and to look for what must never happen
 * (CONFIG_MIGRATE_COPY_VERIFY).
 *
 * Without the options all of it is empty.
 */
#ifndef _MM_MIGRATE_COPY_DEBUG_H
#define _MM_MIGRATE_COPY_DEBUG_H

#include <linux/fault-inject.h>
#include <linux/list.h>
#include <linux/types.h>

#include "migrate_copy.h"

struct config_group;
struct kobject;

/* What can be forced, by the names of the directories in configfs. */
enum migrate_fault {
	MIGRATE_FAULT_ITEM_EIO,
	MIGRATE_FAULT_ITEM_HWPOISON,
	MIGRATE_FAULT_DECLINE,
	MIGRATE_FAULT_NOMEM,
	MIGRATE_FAULT_ERROR,
	MIGRATE_FAULT_SLOT,
	MIGRATE_FAULT_DELAY,
	MIGRATE_FAULT_STALE,
	MIGRATE_FAULTS,
};

#ifdef CONFIG_MIGRATE_COPY_FAULT

struct fault_attr *migrate_fault_attr(enum migrate_fault fault);
u64 migrate_fault_injected(enum migrate_fault fault);
bool migrate_fault_slot(void);
int migrate_fault_decline(struct migrate_copy_request *req);
void migrate_fault_items(struct migrate_copy_request *req);
void migrate_fault_delay(struct list_head *dsts);
bool migrate_fault_stale(struct folio *dst);
void migrate_fault_configfs_add(struct config_group *root);
int migrate_fault_sysfs_add(struct kobject *root);

#else /* !CONFIG_MIGRATE_COPY_FAULT */

static inline bool migrate_fault_slot(void)
{
	return false;
}

static inline int migrate_fault_decline(struct migrate_copy_request *req)
{
	return 0;
}

static inline void migrate_fault_items(struct migrate_copy_request *req)
{
}

static inline void migrate_fault_delay(struct list_head *dsts)
{
}

static inline bool migrate_fault_stale(struct folio *dst)
{
	return false;
}

static inline void migrate_fault_configfs_add(struct config_group *root)
{
}

static inline int migrate_fault_sysfs_add(struct kobject *root)
{
	return 0;
}

#endif /* CONFIG_MIGRATE_COPY_FAULT */

/**
 * struct migrate_mismatch - a copy that was found to be wrong
 * @dst: the folio that has it
 * @src: the folio it was made of
 * @reason: why it migrates
 * @class: the class of @src
 * @page: the first base page of the folio that differed
 * @offset: the first byte of that page that differed
 */
struct migrate_mismatch {
	struct folio *dst;
	struct folio *src;
	enum migrate_reason reason;
	enum migrate_class class;
	unsigned long page;
	unsigned int offset;
};

void migrate_verify_report(const struct migrate_mismatch *mismatch,
			   const char *backend);

#ifdef CONFIG_MIGRATE_COPY_VERIFY

void migrate_verify(struct folio *dst, struct folio *src,
		    enum migrate_reason reason, enum migrate_class class);

#else /* !CONFIG_MIGRATE_COPY_VERIFY */

static inline void migrate_verify(struct folio *dst, struct folio *src,
				  enum migrate_reason reason,
				  enum migrate_class class)
{
}

#endif /* CONFIG_MIGRATE_COPY_VERIFY */

#endif /* _MM_MIGRATE_COPY_DEBUG_H */
