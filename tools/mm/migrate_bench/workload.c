// SPDX-License-Identifier: GPL-2.0-only
/*
 * What makes the kernel migrate, for measure.c: one table row a workload. A
 * workload is a reason, a folio size, a number of folios and a batch size; a
 * larger grid of measurements needs more rows and no more code.
 */
#include <err.h>
#include <errno.h>
#include <numaif.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define FAST_NODE 0
#define SLOW_NODE 1
#define CGROUP "/sys/fs/cgroup"
#define OUR_CGROUP CGROUP "/migrate_bench"

/* One address a folio: the kernel moves the whole folio. */
static int move_to_slow(const struct area *a)
{
	int *node = calloc(a->folios, sizeof(*node));
	int *status = calloc(a->folios, sizeof(*status));
	void **page = calloc(a->folios, sizeof(*page));
	long rc = -1;

	if (!node || !status || !page) {
		warnx("no memory for a list of %zu folios", a->folios);
		goto out;
	}
	for (size_t f = 0; f < a->folios; f++) {
		page[f] = a->addr + f * a->folio_kb * KIB;
		node[f] = SLOW_NODE;
	}
	rc = move_pages(0, a->folios, page, node, status, MPOL_MF_MOVE);
	if (rc < 0)
		warn("move_pages of %zu folios", a->folios);
	else if (rc)
		warnx("move_pages left %ld of %zu folios", rc, a->folios);
out:
	free(page);
	free(status);
	free(node);
	return rc ? -1 : 0;
}

/*
 * Compaction by itself would fill the holes before we measure; and holes kept
 * in per-CPU lists are none it can move pages to, so keep these lists short.
 */
static void prepare_compaction(void)
{
	setting_change("0", "/proc/sys/vm/compaction_proactiveness");
	setting_change("1000000", "/proc/sys/vm/percpu_pagelist_high_fraction");
}

static int compact_slow(const struct area *a)
{
	char path[64];

	(void)a;
	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/compact",
		 SLOW_NODE);
	if (text_write(path, "1")) {
		warn("cannot write 1 to %s", path);
		return -1;
	}
	return 0;
}

static void leave_cgroup(void)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	if (text_write(CGROUP "/cgroup.procs", pid) || rmdir(OUR_CGROUP))
		warn("cannot remove " OUR_CGROUP);
}

/* Reclaim is asked of a control group of our own, so that nobody else's
 * memory is demoted.
 */
static void enter_cgroup(void)
{
	static bool entered;
	char pid[16];

	setting_change("true", "/sys/kernel/mm/numa/demotion_enabled");
	if (entered)
		return;
	snprintf(pid, sizeof(pid), "%d", getpid());
	if (text_write(CGROUP "/cgroup.subtree_control", "+memory"))
		err(EXIT_FAILURE, "cannot enable memory control in " CGROUP);
	if (mkdir(OUR_CGROUP, 0755) && errno != EEXIST)
		err(EXIT_FAILURE, "cannot make " OUR_CGROUP);
	if (text_write(OUR_CGROUP "/cgroup.procs", pid))
		err(EXIT_FAILURE, "cannot enter " OUR_CGROUP);
	atexit(leave_cgroup);
	entered = true;
}

/*
 * What is demoted counts as reclaimed. EAGAIN says that less was found than
 * asked for; how much moved is seen in the survey.
 */
static int demote(const struct area *a)
{
	char amount[64];

	if (madvise(a->addr, area_bytes(a), MADV_COLD)) {
		warn("cannot mark %zu folios as cold", a->folios);
		return -1;
	}
	snprintf(amount, sizeof(amount), "%zu swappiness=200", area_bytes(a));
	if (text_write(OUR_CGROUP "/memory.reclaim", amount) &&
	    errno != EAGAIN) {
		warn("cannot write %s to " OUR_CGROUP "/memory.reclaim",
		     amount);
		return -1;
	}
	return 0;
}

const struct workload workloads[] = {
	{
		.name = "move-2m-single", .label = "move_pages 2M, 1 a batch",
		.reason = "syscall_or_cpuset",
		.folio_kb = 2048, .folios = 16, .batch_size = 512,
		.node = FAST_NODE, .whole = true, .move = move_to_slow,
	}, {
		.name = "move-2m-batch", .label = "move_pages 2M, 8 a batch",
		.reason = "syscall_or_cpuset",
		.folio_kb = 2048, .folios = 16, .batch_size = 4096,
		.node = FAST_NODE, .whole = true, .move = move_to_slow,
	}, {
		.name = "move-4k", .label = "move_pages 4K, 512 a batch",
		.reason = "syscall_or_cpuset",
		.folio_kb = 4, .folios = 4096, .batch_size = 512,
		.node = FAST_NODE, .whole = true, .move = move_to_slow,
	}, {
		.name = "compact-4k", .label = "compaction 4K",
		.reason = "compaction",
		.folio_kb = 4, .folios = 12288, .batch_size = 512,
		.node = SLOW_NODE, .keep = 4,
		.prepare = prepare_compaction, .move = compact_slow,
	}, {
		.name = "demote-2m", .label = "demotion 2M",
		.reason = "demotion",
		.folio_kb = 2048, .folios = 16, .batch_size = 512,
		.node = FAST_NODE, .prepare = enter_cgroup, .move = demote,
	}, {
		.name = "demote-4k", .label = "demotion 4K",
		.reason = "demotion",
		.folio_kb = 4, .folios = 4096, .batch_size = 512,
		.node = FAST_NODE, .prepare = enter_cgroup, .move = demote,
	},
};

const size_t nr_workloads = ARRAY_SIZE(workloads);

const struct workload *workload_find(const char *name)
{
	for (size_t i = 0; i < nr_workloads; i++) {
		if (!strcmp(workloads[i].name, name))
			return &workloads[i];
	}
	warnx("no workload is called %s; these are:", name);
	for (size_t i = 0; i < nr_workloads; i++)
		fprintf(stderr, "    %s\n", workloads[i].name);
	exit(EXIT_FAILURE);
}
