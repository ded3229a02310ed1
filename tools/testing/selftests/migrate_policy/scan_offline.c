// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reproducer, for running by hand: compaction reads the struct pages of
 * memory that goes offline, on a kernel without this layer, too.
 *
 * isolate_migratepages() asks once whether a page block is online, and then
 * looks at its pages one by one. Nothing keeps memory from going offline
 * meanwhile, and with CONFIG_DEBUG_VM remove_pfn_range_from_zone() overwrites
 * all struct pages then. What looks like a tail page leads to an address that
 * is none.
 *
 * Passes if the kernel lives to the end.
 */
#include "ktap.h"
#include "pace.h"
#include "sys.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#define NODE		"/sys/devices/system/node/node1"
#define COMPACT		NODE "/compact"
#define MAX_BLOCK	1024
#define SECONDS		180

static atomic_bool stop;

static void *compact(void *arg)
{
	(void)arg;
	while (!stop)
		sys_write(COMPACT, "1");
	return NULL;
}

static __u64 toggle(unsigned int block)
{
	char path[SYS_PATH];

	snprintf(path, sizeof(path), NODE "/memory%u/state", block);
	if (!sys_exists(path) || sys_write(path, "offline"))
		return 0;
	return !sys_write(path, "online_movable");
}

static enum ktap_result scan(const void *arg)
{
	double end = pace_now() + SECONDS;
	pthread_t threads[2];
	__u64 toggled = 0;
	size_t nr = 0;

	(void)arg;
	while (nr < ARRAY_SIZE(threads) &&
	       !pthread_create(&threads[nr], NULL, compact, NULL))
		nr++;
	for (unsigned int block = 0; nr && pace_now() < end;
	     block = (block + 1) % MAX_BLOCK)
		toggled += toggle(block);
	stop = true;
	while (nr)
		pthread_join(threads[--nr], NULL);
	ktap_note("%llu times a block of memory went off- and online", toggled);
	return ktap_expect(toggled, "memory that can go offline") ? KTAP_PASS :
								    KTAP_FAIL;
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "compaction of memory that goes offline", scan, NULL },
	};

	if (geteuid())
		return ktap_skip_all("run it as root");
	undo_init();
	return ktap_run(cases, ARRAY_SIZE(cases));
}
