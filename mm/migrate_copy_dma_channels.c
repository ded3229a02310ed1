// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page migration policy: the channels of the backend "dma", and its settings.
 *
 * For administrators who know which engines a machine can spare: nothing is
 * taken before they say how many channels there may be.
 */

/**
 * DOC: migrate_copy_dma_channels
 *
 * The administrator says how many channels the backend may have
 * (backends/dma/channels) and of which devices (backends/dma/devices). They are
 * taken when the first policy names the backend, or when one of the two
 * changes meanwhile, and given back when no policy names it any more. All that
 * a request needs comes with them, so that the copy itself allocates nothing.
 *
 * When a setting changes, all channels are given back and taken anew; in
 * between the backend declines. So a channel that is out of use, since it did
 * not answer in time, gets another chance.
 */

/*
 * Locking:
 *
 * C: mdma_config_mutex, held by writers of settings
 * T: mdma_mutex
 * TC: mdma_mutex, and besides mdma_config_mutex for writing
 * TR: mdma_mutex for writing, policy SRCU for reading
 *
 * Order: mdma_config_mutex -> policy mutex -> mdma_mutex -> those of
 * dmaengine. start() and stop() come with the policy mutex held. What waits for
 * requests does so under mdma_config_mutex alone: an engine that does not
 * answer holds up its callers and those who change its settings, but not the
 * readers of policies.
 */

#include <linux/configfs.h>
#include <linux/dma-direct.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/iommu-dma.h>
#include <linux/kstrtox.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/swiotlb.h>
#include <linux/sysfs.h>

#include "migrate_copy_dma.h"

/* Longer than this an engine seldom takes for what is polled for. */
#define MDMA_POLL_US		20
#define MDMA_POLL_US_MAX	1000
#define MDMA_POLL_PAGES		512
#define MDMA_POLL_PAGES_MAX	MIGRATE_BATCH_MAX

#define MDMA_TIMEOUT_MS		10000
#define MDMA_TIMEOUT_MS_MAX	600000

/* For the names of devices, the commas between them and the NUL. */
#define MDMA_DEVICES_LEN	256

static DEFINE_MUTEX(mdma_config_mutex);
static DEFINE_MUTEX(mdma_mutex);
static struct mdma_channels __rcu *mdma_all;		/* TR */
static bool mdma_started;				/* T */
static bool mdma_changing;				/* T */
static unsigned int mdma_nr_channels;			/* TC */
static char mdma_devices[MDMA_DEVICES_LEN] = "any";	/* TC */

unsigned int mdma_poll_us = MDMA_POLL_US;		/* C for writing */
unsigned int mdma_poll_pages = MDMA_POLL_PAGES;		/* C for writing */
unsigned int mdma_timeout_ms = MDMA_TIMEOUT_MS;		/* C for writing */
atomic_long_t mdma_timeouts;

/**
 * mdma_channels_get() - look the channels up
 *
 * Context: in a read-side section of the policy SRCU, until whose end they
 * stay.
 * Return: all channels that the backend has, NULL if it has none.
 */
struct mdma_channels *mdma_channels_get(void)
{
	return rcu_dereference_check(mdma_all, true);
}

static struct mdma_channels *mdma_swap(struct mdma_channels *next)
{
	return rcu_replace_pointer(mdma_all, next,
				   lockdep_is_held(&mdma_mutex));
}

/* Is it one of those that the administrator named? */
static bool mdma_is_wanted(const struct device *dev)
{
	const char *name = mdma_devices;
	size_t len;

	lockdep_assert_held(&mdma_mutex);
	if (!strcmp(mdma_devices, "any"))
		return true;
	for (;; name += len + 1) {
		len = strcspn(name, ",");
		if (!strncmp(dev_name(dev), name, len) && !dev_name(dev)[len])
			return true;
		if (!name[len])
			return false;
	}
}

/* Would the DMA layer give it anything but the memory itself? */
static bool mdma_is_bounced(struct device *dev)
{
	return dma_addressing_limited(dev) || force_dma_unencrypted(dev) ||
	       is_swiotlb_force_bounce(dev) ||
	       (dev_is_pci(dev) && to_pci_dev(dev)->untrusted) ||
	       (get_dma_ops(dev) && !use_dma_iommu(dev));
}

/* Can it copy any folio, in parts as large as it takes them? */
static bool mdma_suits(struct dma_chan *chan, void *unused)
{
	struct device *dev = dmaengine_get_dma_device(chan);
	unsigned long least;

	if (!chan->device->device_prep_dma_memcpy ||
	    chan->device->copy_align > PAGE_SHIFT ||
	    !mdma_is_wanted(chan->device->dev) || mdma_is_bounced(dev))
		return false;
	least = 1UL << chan->device->copy_align;
	return dma_get_max_seg_size(dev) >= least &&
	       dma_get_seg_boundary(dev) >= least - 1;
}

static struct dma_chan *mdma_request_channel(void)
{
	dma_cap_mask_t mask;

	dma_cap_zero(mask);
	dma_cap_set(DMA_MEMCPY, mask);
	return dma_request_channel(mask, mdma_suits, NULL);
}

static bool mdma_take_one(struct mdma_chan *on)
{
	struct dma_chan *chan;

	on->job = kvzalloc(sizeof(*on->job), GFP_KERNEL);
	if (!on->job)
		return false;
	chan = mdma_request_channel();
	if (!chan) {
		kvfree(on->job);
		return false;
	}
	init_completion(&on->job->drained);
	on->chan = chan;
	on->dev = dmaengine_get_dma_device(chan);
	on->segment = round_down(dma_get_max_seg_size(on->dev),
				 1UL << chan->device->copy_align);
	on->boundary = dma_get_seg_boundary(on->dev);
	return true;
}

/* As many as were asked for and are to be had; NULL for none. */
static struct mdma_channels *mdma_take(void)
{
	struct mdma_channels *all;

	lockdep_assert_held(&mdma_mutex);
	if (!mdma_nr_channels)
		return NULL;
	all = kzalloc(struct_size(all, chans, mdma_nr_channels), GFP_KERNEL);
	if (!all)
		return NULL;
	for (all->nr = 1; mdma_take_one(&all->chans[all->nr - 1]); all->nr++) {
		if (all->nr == mdma_nr_channels)
			return all;
	}
	if (--all->nr)
		return all;
	kfree(all);
	return NULL;
}

static void mdma_give_back(struct mdma_channels *all)
{
	for (unsigned int i = 0; all && i < all->nr; i++) {
		dma_release_channel(all->chans[i].chan);
		kvfree(all->chans[i].job);
	}
	kfree(all);
}

/**
 * mdma_channels_start() - take the channels that the settings ask for
 *
 * Context: process context, before the first request; sleeps and allocates.
 * While a setting changes, who changes it takes them.
 * Return: 0: fewer channels than asked for, or none, are no failure.
 */
int mdma_channels_start(void)
{
	guard(mutex)(&mdma_mutex);
	mdma_started = true;
	if (!mdma_changing)
		mdma_swap(mdma_take());
	return 0;
}

/**
 * mdma_channels_stop() - give all channels back
 *
 * Context: process context, after the last request; sleeps.
 */
void mdma_channels_stop(void)
{
	guard(mutex)(&mdma_mutex);
	mdma_started = false;
	mdma_give_back(mdma_swap(NULL));
}

static struct mdma_channels *mdma_begin_change(void)
{
	guard(mutex)(&mdma_mutex);
	mdma_changing = true;
	return mdma_swap(NULL);
}

static void mdma_end_change(struct mdma_channels *old,
			    void (*set)(const void *value), const void *value)
{
	guard(mutex)(&mdma_mutex);
	mdma_give_back(old);
	set(value);
	mdma_changing = false;
	if (mdma_started)
		mdma_swap(mdma_take());
}

/* No request has a channel when @set makes the change. */
static void mdma_change(void (*set)(const void *value), const void *value)
{
	struct mdma_channels *old;

	lockdep_assert_held(&mdma_config_mutex);
	old = mdma_begin_change();
	migrate_copy_settle();
	mdma_end_change(old, set, value);
}

static int mdma_parse(const char *page, unsigned int min, unsigned int max,
		      unsigned int *number)
{
	int rc = kstrtouint(page, 10, number);

	if (rc)
		return rc;
	return *number < min || *number > max ? -ERANGE : 0;
}

static void mdma_set_channels(const void *value)
{
	mdma_nr_channels = *(const unsigned int *)value;
}

static ssize_t mdma_channels_show(struct config_item *item, char *page)
{
	guard(mutex)(&mdma_mutex);
	return sysfs_emit(page, "%u\n", mdma_nr_channels);
}

static ssize_t mdma_channels_store(struct config_item *item, const char *page,
				   size_t count)
{
	unsigned int channels;
	int rc = mdma_parse(page, 0, MDMA_CHANNELS_MAX, &channels);

	if (rc)
		return rc;
	guard(mutex)(&mdma_config_mutex);
	if (channels != mdma_nr_channels)
		mdma_change(mdma_set_channels, &channels);
	return count;
}

static void mdma_set_devices(const void *value)
{
	strscpy(mdma_devices, value);
}

static ssize_t mdma_devices_show(struct config_item *item, char *page)
{
	guard(mutex)(&mdma_mutex);
	return sysfs_emit(page, "%s\n", mdma_devices);
}

/* Copies a list of names without the newline at its end. */
static int mdma_parse_devices(const char *page,
			      char devices[MDMA_DEVICES_LEN])
{
	size_t len = strcspn(page, " \t\n");

	if (page[len + (page[len] == '\n')])
		return -EINVAL;
	if (len >= MDMA_DEVICES_LEN)
		return -ERANGE;
	memcpy(devices, page, len);
	devices[len] = '\0';
	if (!len || devices[0] == ',' || devices[len - 1] == ',' ||
	    strstr(devices, ",,"))
		return -EINVAL;
	return 0;
}

/* A device that is not there now may be when channels are taken. */
static ssize_t mdma_devices_store(struct config_item *item, const char *page,
				  size_t count)
{
	char devices[MDMA_DEVICES_LEN];
	int rc = mdma_parse_devices(page, devices);

	if (rc)
		return rc;
	guard(mutex)(&mdma_config_mutex);
	if (strcmp(devices, mdma_devices))
		mdma_change(mdma_set_devices, devices);
	return count;
}

CONFIGFS_ATTR(mdma_, channels);
CONFIGFS_ATTR(mdma_, devices);

/* One that a request reads when it begins, or begins to wait. */
#define MDMA_NUMBER(_name, _min, _max)					\
static ssize_t mdma_##_name##_show(struct config_item *item, char *page) \
{									\
	return sysfs_emit(page, "%u\n", READ_ONCE(mdma_##_name));	\
}									\
									\
static ssize_t mdma_##_name##_store(struct config_item *item,		\
				    const char *page, size_t count)	\
{									\
	unsigned int number;						\
	int rc = mdma_parse(page, _min, _max, &number);			\
									\
	if (rc)								\
		return rc;						\
	guard(mutex)(&mdma_config_mutex);				\
	if (number != mdma_##_name) {					\
		WRITE_ONCE(mdma_##_name, number);			\
		migrate_copy_settle();					\
	}								\
	return count;							\
}									\
									\
CONFIGFS_ATTR(mdma_, _name)

MDMA_NUMBER(poll_us, 0, MDMA_POLL_US_MAX);
MDMA_NUMBER(poll_pages, 0, MDMA_POLL_PAGES_MAX);
MDMA_NUMBER(timeout_ms, 1, MDMA_TIMEOUT_MS_MAX);

static struct configfs_attribute *mdma_attrs[] = {
	&mdma_attr_channels,
	&mdma_attr_devices,
	&mdma_attr_poll_us,
	&mdma_attr_poll_pages,
	&mdma_attr_timeout_ms,
	NULL,
};

const struct config_item_type mdma_settings = {
	.ct_owner = THIS_MODULE,
	.ct_attrs = mdma_attrs,
};

static ssize_t taken_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	struct mdma_channels *all;

	guard(mutex)(&mdma_mutex);
	all = rcu_dereference_protected(mdma_all,
					lockdep_is_held(&mdma_mutex));
	return sysfs_emit(buf, "%u\n", all ? all->nr : 0);
}

static struct kobj_attribute taken_attr = __ATTR_RO(taken);

static ssize_t timeouts_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%ld\n", atomic_long_read(&mdma_timeouts));
}

static struct kobj_attribute timeouts_attr = __ATTR_RO(timeouts);

static struct attribute *mdma_state_attrs[] = {
	&taken_attr.attr,
	&timeouts_attr.attr,
	NULL,
};

const struct attribute_group mdma_state = {
	.attrs = mdma_state_attrs,
};
