/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page migration policy: what the files of the backend "dma" share, which are
 * mm/migrate_copy_dma.c, the copying, and mm/migrate_copy_dma_channels.c, the
 * channels and their settings.
 */
#ifndef _MM_MIGRATE_COPY_DMA_H
#define _MM_MIGRATE_COPY_DMA_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/dmaengine.h>
#include <linux/types.h>

#include "migrate_copy.h"

/* The most channels at a time, for all requests together. */
#define MDMA_CHANNELS_MAX	MIGRATE_WORKERS_MAX

/* The most descriptors that one request has out at a time. */
#define MDMA_DESCRIPTORS	1024

/* Bits of struct mdma_chan's flags. */
#define MDMA_BUSY		0
#define MDMA_DEAD		1

struct mdma_job;

/**
 * struct mdma_chan - a channel that is ours
 * @chan: the channel
 * @dev: who maps for it
 * @job: for a request that picks this channel first
 * @segment: the most bytes of a descriptor, a multiple of the alignment
 * @boundary: of addresses, that no descriptor crosses; a power of two less one
 * @flags: A: MDMA_BUSY while a request has it; MDMA_DEAD once it did not
 *	answer in time
 * @cookie: J: of the last descriptor of the round; 0 if it has none
 */
struct mdma_chan {
	struct dma_chan *chan;
	struct device *dev;
	struct mdma_job *job;
	size_t segment;
	unsigned long boundary;
	unsigned long flags;
	dma_cookie_t cookie;
};

/* All of them. */
struct mdma_channels {
	unsigned int nr;
	struct mdma_chan chans[] __counted_by(nr);
};

/**
 * struct mdma_descriptor - what a channel was asked to copy at once
 * @job: J: whose it is
 * @on: J: the channel
 * @item: J: the folio of which it is a part
 * @done: it is not out any more, or never was
 */
struct mdma_descriptor {
	struct mdma_job *job;
	struct mdma_chan *on;
	struct migrate_copy_item *item;
	bool done;
};

/**
 * struct mdma_mapping - an item as a device sees it
 * @dev: the device; NULL if the item is not mapped
 * @src: address of its source
 * @dst: address of its destination
 */
struct mdma_mapping {
	struct device *dev;
	dma_addr_t src;
	dma_addr_t dst;
};

/**
 * struct mdma_job - a request and what it has out
 * @pending: A: descriptors that are out, and one more while there are to be
 * @drained: completed when none is left
 * @chans: J: the channels that the request has picked
 * @nr_chans: J: how many
 * @turn: J: the index of the one that is to get the next descriptor
 * @poll: J: the request is so small that it is better not to sleep for it
 * @nr: J: descriptors of the round
 * @descriptors: J: these
 * @mappings: J: of the request's items
 *
 * Belongs to the channel that the request has picked first, and with it to
 * the request.
 */
struct mdma_job {
	atomic_t pending;
	struct completion drained;
	struct mdma_chan *chans[MDMA_CHANNELS_MAX];
	unsigned int nr_chans;
	unsigned int turn;
	bool poll;
	unsigned int nr;
	struct mdma_descriptor descriptors[MDMA_DESCRIPTORS];
	struct mdma_mapping mappings[MIGRATE_COPY_ITEMS];
};

/* Settings that a request reads as they are at that moment. */
extern unsigned int mdma_poll_us;
extern unsigned int mdma_poll_pages;
extern unsigned int mdma_timeout_ms;

/* Channels that did not answer in time, since boot. */
extern atomic_long_t mdma_timeouts;

extern const struct config_item_type mdma_settings;
extern const struct attribute_group mdma_state;

struct mdma_channels *mdma_channels_get(void);
int mdma_channels_start(void);
void mdma_channels_stop(void);

#endif /* _MM_MIGRATE_COPY_DMA_H */
