// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copy backends that misbehave on demand, for the selftests of the page
 * migration policy: see races.c, reclaim.c and trials.c.
 */

/**
 * DOC: migrate_copy_test
 *
 * Backend "test" copies with the CPU, without a minimum. Its parameters, in
 * /sys/module/migrate_copy_test/parameters/, make it a bad one:
 *
 * - start_error: start() fails with this errno
 * - hang: start() does not return before it is 0 again: 1 sleeps, 2 keeps the
 *   CPU with interrupts off
 * - copy_error: copy() declines every request with this errno
 * - delay_us: copy() sleeps as long, before and after it copies
 * - delay_percent: copy() then spins for so many percent of the time that it
 *   took, with that sleep: an arm of a trial that is known to be slower
 * - reclaim: copy() allocates in a way that can reclaim, which the contract
 *   forbids and lockdep reports
 *
 * Backend "slow" copies as "test" does without any of these, and then keeps the
 * CPU for slow_ns nanoseconds for each base page. Two arms of a trial, "test"
 * and "slow", thus differ in nothing else, and by a known time.
 */

#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/ktime.h>
#include <linux/migrate_policy.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/processor.h>
#include <linux/sched.h>
#include <linux/slab.h>

static unsigned int start_error;
module_param(start_error, uint, 0644);
MODULE_PARM_DESC(start_error, "errno that start() fails with");

static unsigned int hang;
module_param(hang, uint, 0644);
MODULE_PARM_DESC(hang, "start() hangs: 1 asleep, 2 with interrupts off");

static unsigned int copy_error;
module_param(copy_error, uint, 0644);
MODULE_PARM_DESC(copy_error, "errno that copy() declines with");

static unsigned int delay_us;
module_param(delay_us, uint, 0644);
MODULE_PARM_DESC(delay_us, "microseconds to sleep before and after a copy");

static unsigned int delay_percent;
module_param(delay_percent, uint, 0644);
MODULE_PARM_DESC(delay_percent, "percent of its time that a copy takes longer");

static unsigned int slow_ns;
module_param(slow_ns, uint, 0644);
MODULE_PARM_DESC(slow_ns, "nanoseconds that \"slow\" loses for a base page");

static bool reclaim;
module_param(reclaim, bool, 0644);
MODULE_PARM_DESC(reclaim, "allocate in copy() in a way that can reclaim");

/* Set by start(), read by copy(): shows a copy() that runs without. */
static unsigned long *test_started;

static void test_sleep(void)
{
	unsigned int us = READ_ONCE(delay_us);

	if (us)
		fsleep(us);
}

static void test_spin(u64 start)
{
	u64 now = ktime_get_ns();
	u64 end = now + (now - start) * READ_ONCE(delay_percent) / 100;

	while (ktime_get_ns() < end)
		cpu_relax();
}

static noinline void test_allocate(void)
{
	void *memory = kmalloc(PAGE_SIZE, GFP_KERNEL);

	kfree(memory);
}

static void copy_items(struct migrate_copy_request *req)
{
	for (unsigned int i = 0; i < req->nr_items; i++)
		req->items[i].status = folio_mc_copy(req->items[i].dst,
						     req->items[i].src);
}

static int test_copy(struct migrate_copy_request *req)
{
	unsigned int error = READ_ONCE(copy_error);
	u64 start = ktime_get_ns();

	if (WARN_ON_ONCE(!READ_ONCE(*test_started)))
		return -ENODEV;
	if (error)
		return -(int)error;
	if (READ_ONCE(reclaim))
		test_allocate();
	test_sleep();
	copy_items(req);
	test_sleep();
	test_spin(start);
	return 0;
}

static int slow_copy(struct migrate_copy_request *req)
{
	u64 end;

	copy_items(req);
	end = ktime_get_ns() + (u64)READ_ONCE(slow_ns) * req->nr_pages;
	while (ktime_get_ns() < end)
		cpu_relax();
	return 0;
}

static noinline void test_hang(void)
{
	while (READ_ONCE(hang) == 1)
		schedule_timeout_uninterruptible(HZ);
	local_irq_disable();
	while (READ_ONCE(hang) == 2)
		cpu_relax();
	local_irq_enable();
}

static int test_start(void)
{
	unsigned int error = READ_ONCE(start_error);

	test_hang();
	if (error)
		return -(int)error;
	test_started = kmalloc(sizeof(*test_started), GFP_KERNEL);
	if (!test_started)
		return -ENOMEM;
	*test_started = 1;
	return 0;
}

static void test_stop(void)
{
	WRITE_ONCE(*test_started, 0);
	kfree(test_started);
	test_started = NULL;
}

static struct migrate_copy_backend test_backend = {
	.name = "test",
	.owner = THIS_MODULE,
	.start = test_start,
	.stop = test_stop,
	.copy = test_copy,
};

static struct migrate_copy_backend slow_backend = {
	.name = "slow",
	.owner = THIS_MODULE,
	.copy = slow_copy,
};

static int __init test_init(void)
{
	int rc = migrate_copy_register(&test_backend);

	if (rc)
		return rc;
	rc = migrate_copy_register(&slow_backend);
	if (rc)
		migrate_copy_unregister(&test_backend);
	return rc;
}
module_init(test_init);

static void __exit test_exit(void)
{
	migrate_copy_unregister(&slow_backend);
	migrate_copy_unregister(&test_backend);
}
module_exit(test_exit);

MODULE_ALIAS("migrate-copy-slow");
MODULE_ALIAS("migrate-copy-test");
MODULE_DESCRIPTION("Copy backends that misbehave, for selftests");
MODULE_LICENSE("GPL");
