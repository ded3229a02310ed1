// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page migration policy: the backend "dma", channels of DMA engines.
 *
 * For machines with an engine that copies memory faster than their CPUs, or
 * whose CPUs have better things to do.
 */

/**
 * DOC: migrate_copy_dma
 *
 * A request picks free channels: of all devices that have one the nearest to
 * where the folios go, the other channels of that device, and those of other
 * devices that are as near. Without a free channel the backend declines.
 *
 * Each folio is mapped for one device and becomes one descriptor, or as many
 * as the limits of the device ask for, dealt out to the channels that the
 * request has of it. Each descriptor reports for itself, in any order, and a
 * folio is copied if all of its descriptors have succeeded. A folio that cannot
 * be mapped, or only by bouncing it, or that has memory tags, which no engine
 * carries over, is left to the CPU.
 *
 * Descriptors come from a fixed pool, in rounds: when the pool or the room in
 * the engine is used up, the round is waited for. mdma_end_round() does not
 * return while a descriptor is out: an engine that was only told to terminate
 * may still write. When channels do not answer in time they are out of use
 * until they are taken anew, and the wait goes on, except for those of drivers
 * that are known to stop their engine: see mdma_stoppers.
 *
 * From before a suspend until after it the backend declines: a device that
 * sleeps would not answer, and memory may be reclaimed meanwhile.
 */

/*
 * Locking:
 *
 * J: the request that has the channels, which are its own from mdma_pick() to
 *	mdma_put_job()
 * A: atomic
 *
 * Callbacks come in any context but a sleeping one; what they touch stays
 * until they have put the last of mdma_job.pending.
 */

#include <linux/cc_platform.h>
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/init.h>
#include <linux/iommu-dma.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/processor.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/suspend.h>
#include <linux/topology.h>

#ifdef CONFIG_ARM64_MTE
#include <asm/mte.h>
#include <linux/cpufeature.h>
#endif

#include "migrate_copy_dma.h"

/* Setting an engine up and waiting for it costs as much as copying some. */
#define MDMA_MIN_PAGES		256

/* For less than this a request does not take another channel. */
#define MDMA_PAGES_PER_CHANNEL	64

/* An engine begins when it has got so many descriptors, or all. */
#define MDMA_ISSUE		16

/*
 * Drivers that are known to stop their engine, by the name of the device's
 * driver: when terminate_all and synchronize have returned 0, nothing writes
 * any more and no callback comes. Documentation/mm/migrate_policy.rst says
 * how to tell.
 */
static const char * const mdma_stoppers[] = {
	/* Waits for the transfer flag of the channel to fall, or says so. */
	"uniphier-xdmac",
};

/* The system is about to sleep, or sleeps. Only mdma_pm_event() writes it. */
static bool mdma_asleep;

static bool mdma_can_stop(const struct dma_chan *chan)
{
	const char *driver = dev_driver_string(chan->device->dev);

	return match_string(mdma_stoppers, ARRAY_SIZE(mdma_stoppers),
			    driver) >= 0;
}

/* Did this mapping put another buffer in the folio's place? */
static bool mdma_bounced(struct device *dev, struct folio *folio,
			 dma_addr_t addr)
{
	if (use_dma_iommu(dev))
		return false;
	return addr != phys_to_dma(dev, PFN_PHYS(folio_pfn(folio)));
}

static bool mdma_has_tags(struct folio *folio)
{
#ifdef CONFIG_ARM64_MTE
	if (!system_supports_mte())
		return false;
	for (long i = 0; i < folio_nr_pages(folio); i++) {
		if (page_mte_tagged(folio_page(folio, i)))
			return true;
	}
#endif
	return false;
}

static bool mdma_map_folio(struct device *dev, struct folio *folio,
			   enum dma_data_direction dir, dma_addr_t *addr)
{
	*addr = dma_map_page_attrs(dev, &folio->page, 0, folio_size(folio),
				   dir, DMA_ATTR_NO_WARN);
	if (dma_mapping_error(dev, *addr))
		return false;
	if (!mdma_bounced(dev, folio, *addr))
		return true;
	dma_unmap_page_attrs(dev, *addr, folio_size(folio), dir,
			     DMA_ATTR_SKIP_CPU_SYNC);
	return false;
}

/* Returns whether @mapping->dev is set, which it is not yet. */
static bool mdma_map_item(struct device *dev, struct migrate_copy_item *item,
			  struct mdma_mapping *mapping)
{
	if (mdma_has_tags(item->src) ||
	    !mdma_map_folio(dev, item->src, DMA_TO_DEVICE, &mapping->src))
		return false;
	if (mdma_map_folio(dev, item->dst, DMA_FROM_DEVICE, &mapping->dst)) {
		mapping->dev = dev;
		return true;
	}
	dma_unmap_page(dev, mapping->src, folio_size(item->src),
		       DMA_TO_DEVICE);
	return false;
}

static void mdma_unmap_item(struct migrate_copy_item *item,
			    const struct mdma_mapping *mapping)
{
	if (!mapping->dev)
		return;
	dma_unmap_page(mapping->dev, mapping->src, folio_size(item->src),
		       DMA_TO_DEVICE);
	dma_unmap_page(mapping->dev, mapping->dst, folio_size(item->dst),
		       DMA_FROM_DEVICE);
}

static void mdma_begin_round(struct mdma_job *job)
{
	atomic_set(&job->pending, 1);
	reinit_completion(&job->drained);
	job->nr = 0;
	for (unsigned int i = 0; i < job->nr_chans; i++)
		job->chans[i]->cookie = 0;
}

static void mdma_put_pending(struct mdma_job *job)
{
	if (atomic_dec_and_test(&job->pending))
		complete(&job->drained);
}

static void mdma_issue(struct mdma_job *job)
{
	for (unsigned int i = 0; i < job->nr_chans; i++) {
		if (job->chans[i]->cookie)
			dma_async_issue_pending(job->chans[i]->chan);
	}
}

/* In the driver's context, or that of mdma_poll(). */
static void mdma_descriptor_done(void *data,
				 const struct dmaengine_result *result)
{
	struct mdma_descriptor *descriptor = data;
	struct mdma_job *job = descriptor->job;

	if (result && result->result != DMA_TRANS_NOERROR)
		WRITE_ONCE(descriptor->item->status, -EIO);
	WRITE_ONCE(descriptor->done, true);
	mdma_put_pending(job);
}

/* Some drivers hold a spinlock from the preparation to the submission. */
static bool mdma_submit(struct mdma_descriptor *descriptor, dma_addr_t dst,
			dma_addr_t src, size_t len)
{
	struct mdma_job *job = descriptor->job;
	struct dma_async_tx_descriptor *tx;
	dma_cookie_t cookie;

	tx = dmaengine_prep_dma_memcpy(descriptor->on->chan, dst, src, len,
				       DMA_PREP_INTERRUPT | DMA_CTRL_ACK);
	if (!tx)
		return false;
	tx->callback_result = mdma_descriptor_done;
	tx->callback_param = descriptor;
	descriptor->done = false;
	atomic_inc(&job->pending);
	cookie = dmaengine_submit(tx);
	if (dma_submit_error(cookie)) {
		descriptor->done = true;
		mdma_put_pending(job);
		return false;
	}
	descriptor->on->cookie = cookie;
	if (!(job->nr % MDMA_ISSUE))
		mdma_issue(job);
	return true;
}

/* Those of the job's channels that have yet to report something. */
static void mdma_mark_dead(struct mdma_job *job)
{
	for (unsigned int i = 0; i < job->nr; i++) {
		struct mdma_chan *on = job->descriptors[i].on;

		if (READ_ONCE(job->descriptors[i].done) ||
		    test_and_set_bit(MDMA_DEAD, &on->flags))
			continue;
		atomic_long_inc(&mdma_timeouts);
		pr_warn_once("migrate_policy: %s does not answer, it is out of use\n",
			     dma_chan_name(on->chan));
	}
}

/* What has not reported by the time its engine stands still has failed. */
static void mdma_give_up(struct mdma_job *job, const struct mdma_chan *on)
{
	for (unsigned int i = 0; i < job->nr; i++) {
		struct mdma_descriptor *descriptor = &job->descriptors[i];

		if (descriptor->on != on || READ_ONCE(descriptor->done))
			continue;
		WRITE_ONCE(descriptor->item->status, -ETIMEDOUT);
		descriptor->done = true;
		mdma_put_pending(job);
	}
}

static void mdma_stop_dead(struct mdma_job *job)
{
	for (unsigned int i = 0; i < job->nr_chans; i++) {
		struct mdma_chan *on = job->chans[i];

		if (test_bit(MDMA_DEAD, &on->flags) &&
		    mdma_can_stop(on->chan) &&
		    !dmaengine_terminate_sync(on->chan))
			mdma_give_up(job, on);
	}
}

/* Looks, and lets drivers that can do so complete without an interrupt. */
static bool mdma_ask(struct mdma_job *job)
{
	for (unsigned int i = 0; i < job->nr_chans; i++) {
		struct mdma_chan *on = job->chans[i];

		if (on->cookie)
			dma_async_is_tx_complete(on->chan, on->cookie, NULL,
						 NULL);
	}
	return completion_done(&job->drained);
}

static void mdma_poll(struct mdma_job *job)
{
	u64 end = ktime_get_ns() + READ_ONCE(mdma_poll_us) * NSEC_PER_USEC;

	while (!need_resched() && ktime_get_ns() < end && !mdma_ask(job))
		cpu_relax();
}

/* Returns false if nothing was reported for as long as the timeout. */
static bool mdma_wait(struct mdma_job *job)
{
	unsigned long timeout = msecs_to_jiffies(READ_ONCE(mdma_timeout_ms));
	int before;

	do {
		before = atomic_read(&job->pending);
		if (wait_for_completion_timeout(&job->drained, timeout))
			return true;
	} while (atomic_read(&job->pending) != before);
	return false;
}

/* When it returns, no engine can touch a folio of the round any more. */
static void mdma_end_round(struct mdma_job *job)
{
	mdma_issue(job);
	mdma_put_pending(job);
	if (job->poll)
		mdma_poll(job);
	if (mdma_wait(job))
		return;
	mdma_mark_dead(job);
	mdma_stop_dead(job);
	wait_for_completion(&job->drained);
}

static void mdma_next_round(struct mdma_job *job)
{
	mdma_end_round(job);
	mdma_begin_round(job);
}

/* The channel whose turn it is, of @dev if that is given; NULL: all dead. */
static struct mdma_chan *mdma_turn(struct mdma_job *job,
				   const struct device *dev)
{
	for (unsigned int i = 0; i < job->nr_chans; i++) {
		unsigned int turn = (job->turn + i) % job->nr_chans;
		struct mdma_chan *on = job->chans[turn];

		if (test_bit(MDMA_DEAD, &on->flags) || (dev && on->dev != dev))
			continue;
		job->turn = turn;
		return on;
	}
	return NULL;
}

static struct mdma_descriptor *
mdma_new_descriptor(struct mdma_job *job, struct migrate_copy_item *item,
		    const struct device *dev)
{
	struct mdma_descriptor *descriptor;
	struct mdma_chan *on;

	if (job->nr == MDMA_DESCRIPTORS)
		mdma_next_round(job);
	on = mdma_turn(job, dev);
	if (!on)
		return NULL;
	descriptor = &job->descriptors[job->nr++];
	*descriptor = (struct mdma_descriptor) {
		.job = job,
		.on = on,
		.item = item,
		.done = true,
	};
	return descriptor;
}

/* As much as the device takes at once and without crossing a boundary. */
static size_t mdma_part(const struct mdma_chan *on, dma_addr_t dst,
			dma_addr_t src, size_t size)
{
	unsigned long last = min(size, on->segment) - 1;

	last = min(last, on->boundary - (dst & on->boundary));
	return min(last, on->boundary - (src & on->boundary)) + 1;
}

/* Returns how much is on its way; 0 if no channel takes it. */
static size_t mdma_copy_part(struct mdma_job *job,
			     struct migrate_copy_item *item,
			     const struct mdma_mapping *mapping, size_t offset)
{
	dma_addr_t dst = mapping->dst + offset, src = mapping->src + offset;
	size_t rest = folio_size(item->src) - offset;

	for (int i = 0; i < 2; i++) {
		struct mdma_descriptor *descriptor =
			mdma_new_descriptor(job, item, mapping->dev);
		size_t len;

		if (!descriptor)
			return 0;
		len = mdma_part(descriptor->on, dst, src, rest);
		if (mdma_submit(descriptor, dst, src, len)) {
			job->turn++;
			return len;
		}
		/* It may only be that the engine has no more room. */
		mdma_next_round(job);
	}
	return 0;
}

static int mdma_copy_item(struct mdma_job *job, struct migrate_copy_item *item,
			  struct mdma_mapping *mapping)
{
	struct mdma_chan *on = mdma_turn(job, NULL);
	size_t len;

	mapping->dev = NULL;
	if (!on)
		return -ETIMEDOUT;
	if (!mdma_map_item(on->dev, item, mapping))
		return -EOPNOTSUPP;
	for (size_t at = 0; at < folio_size(item->src); at += len) {
		len = mdma_copy_part(job, item, mapping, at);
		if (!len)
			return -EIO;
	}
	return 0;
}

static int mdma_distance(const struct mdma_chan *on, int nid)
{
	int node = dev_to_node(on->dev);

	return node == NUMA_NO_NODE ? LOCAL_DISTANCE : node_distance(node, nid);
}

static bool mdma_pick(struct mdma_chan *on)
{
	return !test_bit(MDMA_DEAD, &on->flags) &&
	       !test_and_set_bit_lock(MDMA_BUSY, &on->flags);
}

static struct mdma_chan *mdma_nearest(struct mdma_channels *all, int nid)
{
	struct mdma_chan *best = NULL;

	for (unsigned int i = 0; i < all->nr; i++) {
		struct mdma_chan *on = &all->chans[i];

		if (!READ_ONCE(on->flags) &&
		    (!best || mdma_distance(on, nid) <
			      mdma_distance(best, nid)))
			best = on;
	}
	return best;
}

/* Of the same device, or as near. */
static void mdma_pick_more(struct mdma_channels *all, struct mdma_job *job,
			   unsigned int want, int nid, bool same)
{
	const struct mdma_chan *first = job->chans[0];

	for (unsigned int i = 0; i < all->nr && job->nr_chans < want; i++) {
		struct mdma_chan *on = &all->chans[i];

		if ((same ? on->dev == first->dev :
		     mdma_distance(on, nid) <= mdma_distance(first, nid)) &&
		    mdma_pick(on))
			job->chans[job->nr_chans++] = on;
	}
}

/* Somebody else may be faster with the first channel; then there is none. */
static struct mdma_job *mdma_get_job(struct mdma_channels *all,
				     const struct migrate_copy_request *req)
{
	unsigned long want = min_not_zero(req->workers, MDMA_CHANNELS_MAX + 0U);
	int nid = folio_nid(req->items[0].dst);
	struct mdma_chan *first = mdma_nearest(all, nid);
	struct mdma_job *job;

	if (!first || !mdma_pick(first))
		return NULL;
	want = min(want, DIV_ROUND_UP(req->nr_pages, MDMA_PAGES_PER_CHANNEL));
	job = first->job;
	job->chans[0] = first;
	job->nr_chans = 1;
	job->turn = 0;
	job->poll = req->nr_pages <= READ_ONCE(mdma_poll_pages);
	mdma_pick_more(all, job, want, nid, true);
	mdma_pick_more(all, job, want, nid, false);
	return job;
}

/* The first channel last: the job goes with it. */
static void mdma_put_job(struct mdma_job *job)
{
	for (unsigned int i = job->nr_chans; i--;)
		clear_bit_unlock(MDMA_BUSY, &job->chans[i]->flags);
}

static void mdma_run(struct mdma_job *job, struct migrate_copy_request *req)
{
	mdma_begin_round(job);
	for (unsigned int i = 0; i < req->nr_items; i++) {
		struct migrate_copy_item *item = &req->items[i];
		int rc = mdma_copy_item(job, item, &job->mappings[i]);

		if (rc)
			WRITE_ONCE(item->status, rc);
		cond_resched();
	}
	mdma_end_round(job);
	for (unsigned int i = 0; i < req->nr_items; i++) {
		mdma_unmap_item(&req->items[i], &job->mappings[i]);
		if (req->items[i].status == -EINPROGRESS)
			req->items[i].status = 0;
	}
	req->helpers = job->nr_chans;
}

static int mdma_copy(struct migrate_copy_request *req)
{
	struct mdma_channels *all = mdma_channels_get();
	struct mdma_job *job = NULL;

	/* What encrypted memory holds depends on where it is, and who looks. */
	if (cc_platform_has(CC_ATTR_MEM_ENCRYPT))
		return -EOPNOTSUPP;
	if (all && !READ_ONCE(mdma_asleep))
		job = mdma_get_job(all, req);
	if (!job)
		return -EBUSY;
	mdma_run(job, req);
	mdma_put_job(job);
	return 0;
}

/*
 * It does not wait for requests: the tasks that made them do not freeze before
 * they are done. Of one that hangs it is the suspend that gives up.
 */
static int mdma_pm_event(struct notifier_block *nb, unsigned long event,
			 void *unused)
{
	switch (event) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		WRITE_ONCE(mdma_asleep, true);
		break;
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
		WRITE_ONCE(mdma_asleep, false);
		break;
	}
	return NOTIFY_OK;
}

static struct migrate_copy_backend migrate_copy_dma = {
	.name = "dma",
	.min_pages = MDMA_MIN_PAGES,
	.settings = &mdma_settings,
	.state = &mdma_state,
	.start = mdma_channels_start,
	.stop = mdma_channels_stop,
	.copy = mdma_copy,
};

static int __init migrate_copy_dma_init(void)
{
	pm_notifier(mdma_pm_event, 0);
	return migrate_copy_register(&migrate_copy_dma);
}
device_initcall(migrate_copy_dma_init);
