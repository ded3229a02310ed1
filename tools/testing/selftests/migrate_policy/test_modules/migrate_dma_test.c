// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA engines in software that misbehave on demand, for the selftest of the
 * backend "dma" of the page migration policy: see dma.c.
 */

/**
 * DOC: migrate_dma_test
 *
 * Platform devices whose channels copy memory with the CPU, in a work item of
 * each. The parameters are in /sys/module/migrate_dma_test/parameters/, and can
 * be changed while the module is there unless it says "fixed":
 *
 * - devices: how many, at most 4; the first is on memory node 0, the second on
 *   node 1 and so on, in turn; one alone is on none (fixed)
 * - channels: of each device (fixed)
 * - segment, boundary: the most bytes of a descriptor, and what addresses it
 *   must not cross (fixed)
 * - mask: how many bits an address may have (fixed)
 * - narrows: the same, but from when a channel is taken; 0 for mask (fixed)
 * - room: how many descriptors a channel holds
 * - stops: the driver has the name of one that is known to stop its engine (fixed)
 * - error_every: of so many descriptors one fails, and is not copied
 * - delay_us: before each copy
 * - reverse: of what was issued the last is copied first
 * - hang: nothing is copied before it is 0 again
 *
 * and, to be read only:
 *
 * - copied: how many descriptors were copied by each device
 * - asked: how often somebody asked whether a descriptor is done
 * - refused: how many descriptors broke one of the limits
 */

#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/dmaengine.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/nodemask.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#define DEVICES_MAX	4

static unsigned int devices = 1;
module_param(devices, uint, 0444);
MODULE_PARM_DESC(devices, "how many devices there are, at most 4");

static unsigned int channels = 2;
module_param(channels, uint, 0444);
MODULE_PARM_DESC(channels, "how many channels each of them has");

static unsigned int segment = SZ_1M;
module_param(segment, uint, 0444);
MODULE_PARM_DESC(segment, "most bytes of a descriptor");

static unsigned long boundary = U32_MAX;
module_param(boundary, ulong, 0444);
MODULE_PARM_DESC(boundary, "what no descriptor crosses, a power of two less 1");

static unsigned int mask = 64;
module_param(mask, uint, 0444);
MODULE_PARM_DESC(mask, "bits of an address");

static unsigned int narrows;
module_param(narrows, uint, 0444);
MODULE_PARM_DESC(narrows, "bits of an address, once a channel is taken");

static unsigned int room = UINT_MAX;
module_param(room, uint, 0644);
MODULE_PARM_DESC(room, "most descriptors that a channel holds");

static bool stops;
module_param(stops, bool, 0444);
MODULE_PARM_DESC(stops, "terminate is known to stop the engine");

static unsigned int error_every;
module_param(error_every, uint, 0644);
MODULE_PARM_DESC(error_every, "of so many descriptors one fails");

static unsigned int delay_us;
module_param(delay_us, uint, 0644);
MODULE_PARM_DESC(delay_us, "microseconds to sleep before each copy");

static bool reverse;
module_param(reverse, bool, 0644);
MODULE_PARM_DESC(reverse, "last issued, first copied");

static bool hang;
module_param(hang, bool, 0644);
MODULE_PARM_DESC(hang, "copy nothing until it is 0 again");

/* Channels of a device count in parallel. */
static DEFINE_SPINLOCK(copied_lock);
static unsigned int copied[DEVICES_MAX];
module_param_array(copied, uint, NULL, 0444);
MODULE_PARM_DESC(copied, "descriptors copied, by device");

static unsigned int asked;
module_param(asked, uint, 0444);
MODULE_PARM_DESC(asked, "how often somebody asked for a descriptor");

static unsigned int refused;
module_param(refused, uint, 0444);
MODULE_PARM_DESC(refused, "descriptors that broke a limit");

struct test_descriptor {
	struct dma_async_tx_descriptor tx;
	struct list_head list;
	dma_addr_t dst;
	dma_addr_t src;
	size_t len;
};

struct test_chan {
	struct dma_chan chan;
	struct work_struct work;
	spinlock_t lock;	/* of the lists */
	struct list_head submitted;
	struct list_head issued;
	atomic_t held;		/* descriptors prepared and not finished */
	bool terminated;
};

struct test_engine {
	struct dma_device device;
	unsigned int nr;
	struct test_chan chans[];
};

static struct platform_device *test_devices[DEVICES_MAX];
static struct workqueue_struct *test_wq;
static atomic_t test_descriptors;

static struct test_chan *to_test_chan(struct dma_chan *chan)
{
	return container_of(chan, struct test_chan, chan);
}

static dma_cookie_t test_submit(struct dma_async_tx_descriptor *tx)
{
	struct test_descriptor *descriptor =
		container_of(tx, struct test_descriptor, tx);
	struct test_chan *tc = to_test_chan(tx->chan);

	guard(spinlock_irqsave)(&tc->lock);
	if (++tc->chan.cookie < DMA_MIN_COOKIE)
		tc->chan.cookie = DMA_MIN_COOKIE;
	tx->cookie = tc->chan.cookie;
	list_add_tail(&descriptor->list, &tc->submitted);
	return tx->cookie;
}

static bool test_crosses(dma_addr_t addr, size_t len)
{
	return (addr & ~(dma_addr_t)boundary) !=
	       ((addr + len - 1) & ~(dma_addr_t)boundary);
}

static bool test_keeps_limits(struct dma_chan *chan, dma_addr_t dst,
			      dma_addr_t src, size_t len)
{
	if (len && len <= segment && !test_crosses(dst, len) &&
	    !test_crosses(src, len) &&
	    IS_ALIGNED(dst | src | len, 1 << chan->device->copy_align))
		return true;
	refused++;
	return false;
}

static struct dma_async_tx_descriptor *test_prep(struct dma_chan *chan,
						 dma_addr_t dst,
						 dma_addr_t src, size_t len,
						 unsigned long flags)
{
	struct test_chan *tc = to_test_chan(chan);
	struct test_descriptor *descriptor;

	if (!test_keeps_limits(chan, dst, src, len) ||
	    atomic_read(&tc->held) >= READ_ONCE(room))
		return NULL;
	descriptor = kzalloc(sizeof(*descriptor), GFP_NOWAIT);
	if (!descriptor)
		return NULL;
	atomic_inc(&tc->held);
	dma_async_tx_descriptor_init(&descriptor->tx, chan);
	descriptor->tx.tx_submit = test_submit;
	descriptor->tx.flags = flags;
	descriptor->dst = dst;
	descriptor->src = src;
	descriptor->len = len;
	return &descriptor->tx;
}

static void test_issue(struct dma_chan *chan)
{
	struct test_chan *tc = to_test_chan(chan);

	scoped_guard(spinlock_irqsave, &tc->lock)
		list_splice_tail_init(&tc->submitted, &tc->issued);
	queue_work(test_wq, &tc->work);
}

static struct test_descriptor *test_next(struct test_chan *tc)
{
	struct test_descriptor *descriptor;

	guard(spinlock_irqsave)(&tc->lock);
	if (list_empty(&tc->issued))
		return NULL;
	descriptor = READ_ONCE(reverse) ?
		list_last_entry(&tc->issued, struct test_descriptor, list) :
		list_first_entry(&tc->issued, struct test_descriptor, list);
	list_del(&descriptor->list);
	return descriptor;
}

/* Returns false if the channel was terminated meanwhile. */
static bool test_wait(struct test_chan *tc)
{
	while (READ_ONCE(hang) && !READ_ONCE(tc->terminated))
		msleep(20);
	if (READ_ONCE(delay_us))
		fsleep(READ_ONCE(delay_us));
	return !READ_ONCE(tc->terminated);
}

static void *test_address(struct test_chan *tc, dma_addr_t addr)
{
	return __va(dma_to_phys(tc->chan.device->dev, addr));
}

static void test_copy(struct test_chan *tc, struct test_descriptor *descriptor)
{
	struct test_engine *engine =
		container_of(tc->chan.device, struct test_engine, device);

	memcpy(test_address(tc, descriptor->dst),
	       test_address(tc, descriptor->src), descriptor->len);
	spin_lock(&copied_lock);
	WRITE_ONCE(copied[engine->nr], copied[engine->nr] + 1);
	spin_unlock(&copied_lock);
}

static void test_run(struct test_chan *tc, struct test_descriptor *descriptor)
{
	struct dmaengine_result result = { .result = DMA_TRANS_NOERROR };
	unsigned int every = READ_ONCE(error_every);

	if (every && !(atomic_inc_return(&test_descriptors) % every))
		result.result = DMA_TRANS_WRITE_FAILED;
	else
		test_copy(tc, descriptor);
	atomic_dec(&tc->held);
	if (descriptor->tx.callback_result)
		descriptor->tx.callback_result(descriptor->tx.callback_param,
					       &result);
}

static void test_work(struct work_struct *work)
{
	struct test_chan *tc = container_of(work, struct test_chan, work);
	struct test_descriptor *descriptor;

	while ((descriptor = test_next(tc))) {
		if (test_wait(tc))
			test_run(tc, descriptor);
		else
			atomic_dec(&tc->held);
		kfree(descriptor);
	}
}

static int test_terminate(struct dma_chan *chan)
{
	WRITE_ONCE(to_test_chan(chan)->terminated, true);
	return 0;
}

/* The work finds out by itself, and throws away what is left. */
static void test_synchronize(struct dma_chan *chan)
{
	struct test_chan *tc = to_test_chan(chan);

	test_issue(chan);
	flush_work(&tc->work);
	WRITE_ONCE(tc->terminated, false);
}

static enum dma_status test_status(struct dma_chan *chan, dma_cookie_t cookie,
				   struct dma_tx_state *state)
{
	WRITE_ONCE(asked, READ_ONCE(asked) + 1);
	return DMA_IN_PROGRESS;
}

static int test_set_mask(struct device *dev, unsigned int bits)
{
	return dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(bits));
}

/* As when memory is added beyond what the device reaches. */
static int test_alloc(struct dma_chan *chan)
{
	return test_set_mask(chan->device->dev, narrows ?: mask);
}

static void test_free(struct dma_chan *chan)
{
	test_terminate(chan);
	test_synchronize(chan);
	test_set_mask(chan->device->dev, mask);
}

static void test_add_chan(struct test_engine *engine, struct test_chan *tc)
{
	INIT_WORK(&tc->work, test_work);
	spin_lock_init(&tc->lock);
	INIT_LIST_HEAD(&tc->submitted);
	INIT_LIST_HEAD(&tc->issued);
	tc->chan.device = &engine->device;
	list_add_tail(&tc->chan.device_node, &engine->device.channels);
}

static void test_init_device(struct dma_device *device, struct device *dev)
{
	device->dev = dev;
	INIT_LIST_HEAD(&device->channels);
	dma_cap_set(DMA_MEMCPY, device->cap_mask);
	device->copy_align = DMAENGINE_ALIGN_64_BYTES;
	device->device_alloc_chan_resources = test_alloc;
	device->device_free_chan_resources = test_free;
	device->device_prep_dma_memcpy = test_prep;
	device->device_issue_pending = test_issue;
	device->device_terminate_all = test_terminate;
	device->device_synchronize = test_synchronize;
	device->device_tx_status = test_status;
}

static int test_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct test_engine *engine;
	int rc;

	engine = devm_kzalloc(dev, struct_size(engine, chans, channels),
			      GFP_KERNEL);
	if (!engine)
		return -ENOMEM;
	rc = test_set_mask(dev, mask);
	if (rc)
		return rc;
	dma_set_max_seg_size(dev, segment);
	dma_set_seg_boundary(dev, boundary);
	engine->nr = pdev->id;
	test_init_device(&engine->device, dev);
	for (unsigned int i = 0; i < channels; i++)
		test_add_chan(engine, &engine->chans[i]);
	platform_set_drvdata(pdev, engine);
	return dma_async_device_register(&engine->device);
}

static void test_remove(struct platform_device *pdev)
{
	struct test_engine *engine = platform_get_drvdata(pdev);

	dma_async_device_unregister(&engine->device);
}

static struct platform_driver test_driver = {
	.driver.name = "migrate-dma-test",
	.probe = test_probe,
	.remove = test_remove,
};

static int test_add_device(unsigned int nr)
{
	struct platform_device *pdev =
		platform_device_alloc(test_driver.driver.name, nr);
	int rc;

	if (!pdev)
		return -ENOMEM;
	if (devices > 1)
		set_dev_node(&pdev->dev, nr % num_online_nodes());
	rc = platform_device_add(pdev);
	if (rc) {
		platform_device_put(pdev);
		return rc;
	}
	test_devices[nr] = pdev;
	return 0;
}

static void test_end(void)
{
	for (unsigned int i = 0; i < DEVICES_MAX; i++)
		platform_device_unregister(test_devices[i]);
	platform_driver_unregister(&test_driver);
	destroy_workqueue(test_wq);
}

static int __init test_init(void)
{
	int rc;

	if (devices > DEVICES_MAX)
		return -EINVAL;
	test_wq = alloc_workqueue("migrate_dma_test",
				  WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!test_wq)
		return -ENOMEM;
	if (stops)
		test_driver.driver.name = "uniphier-xdmac";
	rc = platform_driver_register(&test_driver);
	if (rc) {
		destroy_workqueue(test_wq);
		return rc;
	}
	for (unsigned int i = 0; !rc && i < devices; i++)
		rc = test_add_device(i);
	if (rc)
		test_end();
	return rc;
}
module_init(test_init);

static void __exit test_exit(void)
{
	test_end();
}
module_exit(test_exit);

MODULE_DESCRIPTION("DMA engines in software that misbehave, for selftests");
MODULE_LICENSE("GPL");
