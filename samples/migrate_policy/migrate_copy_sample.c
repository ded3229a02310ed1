// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page migration policy: a copy backend as a loadable module.
 *
 * For authors of drivers that can copy memory: copy this file, rename
 * "sample", and put your engine where this one uses the CPU.
 */

/**
 * DOC: migrate_copy_sample
 *
 * Everything that a backend has, and nothing else: a name, an alias that loads
 * the module when the administrator writes that name, resources that are
 * acquired in start() and released in stop(), a setting of its own, and a
 * copy() that keeps the contract of include/linux/migrate_policy.h.
 *
 * The engine is made up. It serves one request at a time, as a DMA channel
 * would, and copies with the CPU. Try it::
 *
 *	echo sample > /sys/kernel/config/migrate_policy/reasons/demotion/backend
 *	echo 8192 > /sys/kernel/config/migrate_policy/backends/sample/max_pages
 *	cat /sys/kernel/mm/migrate_policy/backends/sample/pages
 *	echo inline > /sys/kernel/config/migrate_policy/reasons/demotion/backend
 *	modprobe -r migrate-copy-sample
 *
 * What to change for real hardware:
 *
 * - start() gets the channels and maps what they need, stop() gives them back.
 *   Both run under the policy mutex, once for any number of policies.
 * - copy() submits a descriptor for each item, waits until the hardware is done
 *   with all of them, and sets each status. When it returns, nothing may touch
 *   a source or a destination any more: on a time-out keep waiting, unless the
 *   driver is known to stop the hardware.
 * - A channel that does not answer should take no new request: decline with
 *   -EBUSY, and the folios are copied by the CPU as ever.
 */

/*
 * Locking:
 *
 * S: set in sample_start(), constant until sample_stop()
 * A: atomic
 * W: sample_mutex for writing; readers take it as it is
 */

#include <linux/bitops.h>
#include <linux/configfs.h>
#include <linux/errno.h>
#include <linux/kstrtox.h>
#include <linux/migrate_policy.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

/* Handing over a request to an engine costs as much as copying this much. */
#define SAMPLE_MIN_PAGES	16

/* The most base pages that a request can have: 512 huge pages of 1 GiB. */
#define SAMPLE_MAX_PAGES	(MIGRATE_COPY_ITEMS * (1UL << (30 - PAGE_SHIFT)))

#define SAMPLE_BUSY		0

/**
 * struct sample_engine - what a driver has for its hardware
 * @flags: A: bit SAMPLE_BUSY while a request has the engine
 */
struct sample_engine {
	unsigned long flags;
};

static struct sample_engine *sample_engine;			/* S */
static DEFINE_MUTEX(sample_mutex);
static unsigned long sample_max_pages = SAMPLE_MAX_PAGES;	/* W */

/*
 * No allocation that can reclaim, no lock that reclaim takes, and no way out
 * before the last byte is copied.
 */
static int sample_copy(struct migrate_copy_request *req)
{
	if (req->nr_pages > READ_ONCE(sample_max_pages))
		return -EOPNOTSUPP;
	if (test_and_set_bit_lock(SAMPLE_BUSY, &sample_engine->flags))
		return -EBUSY;

	for (unsigned int i = 0; i < req->nr_items; i++) {
		struct migrate_copy_item *item = &req->items[i];

		item->status = folio_mc_copy(item->dst, item->src);
		cond_resched();
	}
	clear_bit_unlock(SAMPLE_BUSY, &sample_engine->flags);
	return 0;
}

static int sample_start(void)
{
	sample_engine = kzalloc(sizeof(*sample_engine), GFP_KERNEL);
	return sample_engine ? 0 : -ENOMEM;
}

/* No request runs any more. */
static void sample_stop(void)
{
	kfree(sample_engine);
	sample_engine = NULL;
}

static ssize_t sample_max_pages_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%lu\n", READ_ONCE(sample_max_pages));
}

/*
 * As every file of the layer: parse before locking, one errno per meaning,
 * nothing printed, and in effect when write(2) returns.
 */
static ssize_t sample_max_pages_store(struct config_item *item,
				      const char *page, size_t count)
{
	unsigned long pages;
	int rc = kstrtoul(page, 10, &pages);

	if (rc)
		return rc;
	if (!pages || pages > SAMPLE_MAX_PAGES)
		return -ERANGE;

	mutex_lock(&sample_mutex);
	if (pages != sample_max_pages) {
		WRITE_ONCE(sample_max_pages, pages);
		migrate_copy_settle();
	}
	mutex_unlock(&sample_mutex);
	return count;
}

CONFIGFS_ATTR(sample_, max_pages);

static struct configfs_attribute *sample_attrs[] = {
	&sample_attr_max_pages,
	NULL,
};

/* The owner keeps the module while somebody has one of the files open. */
static const struct config_item_type sample_settings = {
	.ct_owner = THIS_MODULE,
	.ct_attrs = sample_attrs,
};

/* The owner keeps the module while a policy names the backend. */
static struct migrate_copy_backend sample_backend = {
	.name = "sample",
	.owner = THIS_MODULE,
	.min_pages = SAMPLE_MIN_PAGES,
	.settings = &sample_settings,
	.start = sample_start,
	.stop = sample_stop,
	.copy = sample_copy,
};

/* Last of all: from here on the backend can be used. */
static int __init sample_init(void)
{
	return migrate_copy_register(&sample_backend);
}
module_init(sample_init);

/* First of all: when this returns nobody uses the backend. */
static void __exit sample_exit(void)
{
	migrate_copy_unregister(&sample_backend);
}
module_exit(sample_exit);

MODULE_ALIAS("migrate-copy-sample");
MODULE_DESCRIPTION("Sample copy backend of the page migration policy");
MODULE_LICENSE("GPL");
