// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page migration policy: forcing what seldom happens.
 *
 * For tests: makes the batch engine take each of its rare paths as often as
 * the tester says.
 */

/**
 * DOC: migrate_copy_fault
 *
 * Each fault is a point where the engine asks whether to go wrong here. The
 * answer comes from lib/fault-inject.c, whose attributes are the files of
 * faults/<fault>/ in configfs; nothing goes wrong until "probability" is
 * written. What was injected is counted in sysfs.
 *
 *	item_eio	a copied item comes back with -EIO
 *	item_hwpoison	a copied item comes back with -EHWPOISON
 *	decline		the backend declines the request with -EBUSY
 *	nomem		the same with -ENOMEM
 *	error		the same with -EIO
 *	slot		no slot is free for the batch
 *	delay		sleep between copy and move, with all folios locked
 *	stale		a marked folio is refused when it is to move
 *
 * From there on the engine is on the path of the real thing, counters
 * included.
 *
 * A forced failure is as bad as a real one may be. The destinations of all
 * items that it fails are full of garbage afterwards, and a declined request
 * comes back with every status 0. A refused folio loses its copy as well. So
 * whoever moves one of them without a fresh copy moves garbage: without that
 * a test could not tell, as a destination that was the source of an earlier
 * migration may still have the right bytes.
 */

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/configfs.h>
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/fault-inject.h>
#include <linux/highmem.h>
#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "migrate_copy_debug.h"

/* Not what any test fills its memory with. */
#define GARBAGE		0xfa

#define DELAY_US_MAX	1000000

/**
 * struct fault_point - where something can be forced
 * @config: its directory in configfs, with when to do it
 * @injected: how often it was
 * @counter: the file that says so
 */
struct fault_point {
	struct fault_config config;
	atomic64_t injected;
	struct kobj_attribute counter;
};

static ssize_t injected_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	struct fault_point *point = container_of(attr, struct fault_point,
						 counter);

	return sysfs_emit(buf, "%llu\n",
			  (u64)atomic64_read(&point->injected));
}

#define FAULT_POINT(_name) {						\
	.config.attr = FAULT_ATTR_INITIALIZER,				\
	.counter = __ATTR(_name, 0444, injected_show, NULL),		\
}

static struct fault_point points[MIGRATE_FAULTS] = {
	[MIGRATE_FAULT_ITEM_EIO] = FAULT_POINT(item_eio),
	[MIGRATE_FAULT_ITEM_HWPOISON] = FAULT_POINT(item_hwpoison),
	[MIGRATE_FAULT_DECLINE] = FAULT_POINT(decline),
	[MIGRATE_FAULT_NOMEM] = FAULT_POINT(nomem),
	[MIGRATE_FAULT_ERROR] = FAULT_POINT(error),
	[MIGRATE_FAULT_SLOT] = FAULT_POINT(slot),
	[MIGRATE_FAULT_DELAY] = FAULT_POINT(delay),
	[MIGRATE_FAULT_STALE] = FAULT_POINT(stale),
};

static unsigned int delay_us = 10000;

/**
 * migrate_fault_attr() - when to force a fault
 * @fault: the fault
 *
 * For tests inside the kernel; the administrator has the files in configfs.
 *
 * Context: any.
 * Return: the attributes, as lib/fault-inject.c has them.
 */
struct fault_attr *migrate_fault_attr(enum migrate_fault fault)
{
	return &points[fault].config.attr;
}

/**
 * migrate_fault_injected() - how often a fault was forced
 * @fault: the fault
 *
 * Context: any.
 * Return: the number of times since boot.
 */
u64 migrate_fault_injected(enum migrate_fault fault)
{
	return atomic64_read(&points[fault].injected);
}

static bool inject(enum migrate_fault fault)
{
	/*
	 * lib/fault-inject.c reads attributes while others write them, and
	 * counts without a lock. Whatever it decides then will do.
	 */
	if (!data_race(should_fail(&points[fault].config.attr, 1)))
		return false;
	atomic64_inc(&points[fault].injected);
	return true;
}

static void fill_with_garbage(struct folio *folio)
{
	for (unsigned long i = 0; i < folio_nr_pages(folio); i++) {
		char *page = kmap_local_folio(folio, i * PAGE_SIZE);

		memset(page, GARBAGE, PAGE_SIZE);
		kunmap_local(page);
		cond_resched();
	}
}

/**
 * migrate_fault_slot() - shall a batch find no slot?
 *
 * Context: process context.
 * Return: true if there is none, whatever there is.
 */
bool migrate_fault_slot(void)
{
	return inject(MIGRATE_FAULT_SLOT);
}

/**
 * migrate_fault_decline() - shall a request be declined?
 * @req: the request, which the backend has not seen
 *
 * Context: process context, the folios of @req locked.
 * Return: 0 to ask the backend; else what it answered: -EBUSY, -ENOMEM or
 *	-EIO.
 */
int migrate_fault_decline(struct migrate_copy_request *req)
{
	int rc = inject(MIGRATE_FAULT_DECLINE) ? -EBUSY :
		 inject(MIGRATE_FAULT_NOMEM) ? -ENOMEM :
		 inject(MIGRATE_FAULT_ERROR) ? -EIO : 0;

	for (unsigned int i = 0; rc && i < req->nr_items; i++) {
		fill_with_garbage(req->items[i].dst);
		req->items[i].status = 0;
	}
	return rc;
}

/**
 * migrate_fault_items() - shall items fail that were copied?
 * @req: the request, as the backend has left it
 *
 * Context: process context, the folios of @req locked.
 */
void migrate_fault_items(struct migrate_copy_request *req)
{
	for (unsigned int i = 0; i < req->nr_items; i++) {
		struct migrate_copy_item *item = &req->items[i];

		if (item->status)
			continue;
		if (inject(MIGRATE_FAULT_ITEM_EIO))
			item->status = -EIO;
		else if (inject(MIGRATE_FAULT_ITEM_HWPOISON))
			item->status = -EHWPOISON;
		if (item->status)
			fill_with_garbage(item->dst);
	}
}

static bool any_copied(struct list_head *dsts)
{
	struct folio *dst;

	list_for_each_entry(dst, dsts, lru) {
		if (migrate_is_copied(dst))
			return true;
	}
	return false;
}

/**
 * migrate_fault_delay() - shall the moves of a batch wait?
 * @dsts: the destinations of the batch
 *
 * Widens the interval in which somebody may change what has been copied. A
 * batch of which nothing has been copied has no such interval and is not
 * delayed. migrate_pages() sleeps with folio locks anyway, and whoever waits
 * for one of these locks waits for the copies of the batch, too; one sleep is
 * far below what the hung task detector takes offence at.
 *
 * Context: process context, the folios of the batch locked; sleeps.
 */
void migrate_fault_delay(struct list_head *dsts)
{
	if (any_copied(dsts) && inject(MIGRATE_FAULT_DELAY))
		fsleep(READ_ONCE(delay_us));
}

/**
 * migrate_fault_stale() - shall a folio that was copied be refused?
 * @dst: the destination that has the copy
 *
 * Context: process context, with @dst locked.
 * Return: true if its copy counts for nothing, and is gone.
 */
bool migrate_fault_stale(struct folio *dst)
{
	if (!inject(MIGRATE_FAULT_STALE))
		return false;
	fill_with_garbage(dst);
	return true;
}

static ssize_t fault_delay_us_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(delay_us));
}

static ssize_t fault_delay_us_store(struct config_item *item, const char *page,
				    size_t count)
{
	unsigned int us;
	int rc = kstrtouint(page, 10, &us);

	if (rc)
		return rc;
	if (us > DELAY_US_MAX)
		return -ERANGE;
	WRITE_ONCE(delay_us, us);
	return count;
}

CONFIGFS_ATTR(fault_, delay_us);

static struct configfs_attribute *faults_attrs[] = {
	&fault_attr_delay_us,
	NULL,
};

static const struct config_item_type faults_type = {
	.ct_owner = THIS_MODULE,
	.ct_attrs = faults_attrs,
};

/**
 * migrate_fault_configfs_add() - add the directory "faults"
 * @root: the group to add it to, not registered yet
 *
 * Context: boot.
 */
void __init migrate_fault_configfs_add(struct config_group *root)
{
	static struct config_group faults_group;

	config_group_init_type_name(&faults_group, "faults", &faults_type);
	for (int i = 0; i < MIGRATE_FAULTS; i++) {
		const char *name = points[i].counter.attr.name;

		strscpy(points[i].config.attr.dname, name);
		fault_config_init(&points[i].config, name);
		configfs_add_default_group(&points[i].config.group,
					   &faults_group);
	}
	configfs_add_default_group(&faults_group, root);
}

/**
 * migrate_fault_sysfs_add() - add the counters of what was injected
 * @root: the directory to add them to
 *
 * Context: boot.
 * Return: 0 or -ENOMEM.
 */
int __init migrate_fault_sysfs_add(struct kobject *root)
{
	static struct attribute *attrs[MIGRATE_FAULTS + 1];
	static const struct attribute_group group = {
		.name = "faults",
		.attrs = attrs,
	};

	for (int i = 0; i < MIGRATE_FAULTS; i++)
		attrs[i] = &points[i].counter.attr;
	return sysfs_create_group(root, &group);
}
