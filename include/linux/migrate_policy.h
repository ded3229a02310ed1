/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page migration policy: the interface for copy backends.
 *
 * For authors of drivers that can copy memory. A backend copies the contents
 * of folios that are being migrated; which migrations it serves is the
 * administrator's choice, per migration reason. See
 * Documentation/mm/migrate_policy.rst.
 */
#ifndef _LINUX_MIGRATE_POLICY_H
#define _LINUX_MIGRATE_POLICY_H

#include <linux/list.h>
#include <linux/migrate_mode.h>
#include <linux/types.h>

struct attribute_group;
struct config_item_type;
struct folio;
struct module;

/* The most items that one request holds. */
#define MIGRATE_COPY_ITEMS	512

/* The longest name of a backend, its terminating NUL included. */
#define MIGRATE_COPY_NAME_LEN	32

/**
 * struct migrate_copy_item - one folio to copy
 * @src: the folio to copy from: locked, unmapped, off the TLBs
 * @dst: the folio to copy to: locked, of the same order, seen by nobody else
 * @status: set by the backend: 0 if every byte of @src is in @dst (with the
 *	metadata that the CPU's own copy would carry over, such as memory
 *	tags), a negative errno if not; -EINPROGRESS when the backend gets it
 */
struct migrate_copy_item {
	struct folio *src;
	struct folio *dst;
	int status;
};

/**
 * struct migrate_copy_request - what a backend is asked to copy
 * @items: the folios
 * @nr_items: their number, 1 to MIGRATE_COPY_ITEMS
 * @nr_pages: the sum of their sizes in base pages
 * @workers: the most CPUs or channels to use; 0 leaves it to the backend
 * @reason: why these folios migrate
 * @helpers: set by the backend: CPUs or channels that took part besides the
 *	caller
 * @helper_ns: set by the backend: CPU time of others than the caller, in ns;
 *	is charged to the caller's control group
 */
struct migrate_copy_request {
	struct migrate_copy_item *items;
	unsigned int nr_items;
	unsigned long nr_pages;
	unsigned int workers;
	enum migrate_reason reason;
	unsigned int helpers;
	u64 helper_ns;
};

/**
 * struct migrate_copy_backend - somebody who copies folios
 * @name: what the administrator writes to a reason's "backend": lower-case
 *	letters, digits, "-" and "_"
 * @owner: the module to pin while a policy names this backend
 * @min_pages: batches of fewer base pages are copied inline, unless the
 *	administrator says otherwise
 * @settings: the attributes of the directory backends/@name in configfs, or
 *	NULL
 * @state: read-only attributes besides the counters in the directory
 *	backends/@name in sysfs, or NULL; each is a struct kobj_attribute
 * @start: acquires what @copy needs. Called when the first policy names the
 *	backend, in process context; may sleep and allocate. Returns 0 or a
 *	negative errno, which the administrator's write gets. May be NULL.
 * @stop: releases it. Called after the last policy that named the backend is
 *	gone and all its requests have ended, in the context of @start. May
 *	be NULL.
 * @copy: copies the items of a request and sets the status of each, in
 *	process context with many folio locks held, often inside reclaim or
 *	with the mmap lock held. It must not allocate in a way that can
 *	reclaim, take a lock that reclaim takes, touch the mapping, the lru
 *	or the private word of a folio, or wait for a worker to start. It
 *	must not return while anything can still touch a source or a
 *	destination. Returns 0 if the statuses are set; -EBUSY, -ENOMEM or
 *	another negative errno to decline the request as a whole, which is
 *	then copied inline.
 *
 * The other fields belong to the policy layer.
 */
struct migrate_copy_backend {
	const char *name;
	struct module *owner;
	unsigned int min_pages;
	const struct config_item_type *settings;
	const struct attribute_group *state;
	int (*start)(void);
	void (*stop)(void);
	int (*copy)(struct migrate_copy_request *req);

	/* private: under the policy mutex, except id, which is fixed */
	struct list_head list;
	unsigned int id;
	unsigned int users;
	bool going;
	void *sysfs;
	void *configfs;
};

int migrate_copy_register(struct migrate_copy_backend *backend);
void migrate_copy_unregister(struct migrate_copy_backend *backend);
void migrate_copy_settle(void);

#endif /* _LINUX_MIGRATE_POLICY_H */
