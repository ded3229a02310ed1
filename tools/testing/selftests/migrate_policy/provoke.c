// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making the kernel migrate for each of the ten reasons: see provoke.h.
 */
#include "provoke.h"

#include "cgroup.h"
#include "ktap.h"
#include "pace.h"

#include <errno.h>
#include <glob.h>
#include <linux/io_uring.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE	101
#endif

#define NODES		"/sys/devices/system/node"
#define TIERS		"/sys/devices/virtual/memory_tiering/memory_tier*/nodelist"
#define MEMORY		"/sys/devices/system/memory"
#define CMA		"/sys/kernel/debug/cma/reserved"
#define KDAMONDS	"/sys/kernel/mm/damon/admin/kdamonds"
#define KDAMOND		KDAMONDS "/0"
#define DAMON_CONTEXT	KDAMOND "/contexts/0"
#define DAMON_SCHEME	DAMON_CONTEXT "/schemes/0"

/* What keeps memory taken, so that other memory is used next. */
#define HOG_STEP	(16ul << 20)
#define MAX_HOGS	256

/* Of the CMA area, where it cannot be had as a whole. */
#define CMA_PARTS	16

struct pfn_range {
	__u64 begin;
	__u64 end;
};

static bool write_all(const char * const (*settings)[2], size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		int rc = sys_write(settings[i][0], settings[i][1]);

		if (rc) {
			ktap_note("cannot write \"%s\" to %s: %s",
				  settings[i][1], settings[i][0],
				  strerror(-rc));
			return false;
		}
	}
	return true;
}

static bool in_range(const struct area *area, size_t i, const void *arg)
{
	const struct pfn_range *range = arg;

	return area->pfn[i] >= range->begin && area->pfn[i] < range->end;
}

/* Puts every page on the lru, from where it can be isolated. */
static void drain_lru(const struct area *area)
{
	mem_move(area, FAST_NODE);
}

bool provoke_two_nodes(void)
{
	char cpus[SYS_VALUE];

	if (!sys_exists(NODES "/node1") ||
	    sys_read(NODES "/node1/cpulist", cpus, sizeof(cpus)))
		return false;
	return !cpus[0] || provoke_obstacle(DEMOTION);
}

/* Where nodes are not asked to be fake, a missing tier is an error. */
static bool fake_nodes(void)
{
	char text[4096];

	return !sys_read("/proc/cmdline", text, sizeof(text)) &&
	       strstr(text, "numa=fake=");
}

/* With numa=fake nodes are parts of the same memory. */
static bool one_tier(void)
{
	char nodes[SYS_VALUE];
	glob_t found;
	bool one = false;

	if (!fake_nodes() || glob(TIERS, 0, NULL, &found))
		return false;
	for (size_t i = 0; i < found.gl_pathc; i++)
		one |= !sys_read(found.gl_pathv[i], nodes, sizeof(nodes)) &&
		       !strncmp(nodes, "0-", 2);
	globfree(&found);
	return one;
}

/* arm64 keeps memory that was there at boot: no block goes offline. */
static bool memory_stays(void)
{
	bool stays = false;

#ifdef __aarch64__
	glob_t found;

	if (glob(MEMORY "/memory[0-9]*/state", 0, NULL, &found))
		return false;
	stays = true;
	for (size_t i = 0; i < found.gl_pathc && stays; i++) {
		stays = sys_write(found.gl_pathv[i], "offline");
		if (!stays)
			sys_write(found.gl_pathv[i], "online");
	}
	globfree(&found);
#endif
	return stays;
}

const char *provoke_obstacle(enum reason reason)
{
	if ((reason == DEMOTION || reason == NUMA_MISPLACED) && one_tier())
		return "both memory nodes are of one tier";
	if (reason == MEMORY_HOTPLUG && memory_stays())
		return "the kernel refuses to offline any block of memory";
	return NULL;
}

static bool map_fast(const struct provocation *what, struct area *area)
{
	return !mem_map(area, what->kind, what->size, FAST_NODE);
}

static bool map_slow(const struct provocation *what, struct area *area)
{
	return !mem_map(area, what->kind, what->size, SLOW_NODE);
}

/* Per-CPU lists keep what is freed from the zone, and from the other CPUs. */
static bool free_to_zone(void)
{
	return !sys_set("/proc/sys/vm/percpu_pagelist_high_fraction",
			"1000000");
}

/* compaction: half-empty page blocks, so that there is something to gain. */

static bool keep_even(const struct area *area, size_t i, const void *arg)
{
	(void)area;
	(void)arg;
	return i % 2 == 0;
}

static bool map_fragmented(const struct provocation *what, struct area *area)
{
	if (!free_to_zone() || !map_fast(what, area))
		return false;
	mem_keep(area, keep_even, NULL);
	return true;
}

static bool compact(struct area *area)
{
	int rc = sys_write("/proc/sys/vm/compact_memory", "1");

	(void)area;
	return ktap_expect(!rc, "compact_memory to work, not error %d", rc);
}

/* memory_failure: soft offline, which is taken back afterwards. */

static bool soft_offline(struct area *area)
{
	char pfn[SYS_VALUE];

	for (size_t i = 0; i < area->nr; i++) {
		if (madvise(area->page[i], BASE_PAGE, MADV_SOFT_OFFLINE)) {
			ktap_note("soft offline of page %zu: %s", i,
				  strerror(errno));
			return false;
		}
		snprintf(pfn, sizeof(pfn), "%llu", area->pfn[i]);
		undo_write("/sys/kernel/debug/hwpoison/unpoison-pfn", pfn);
	}
	return true;
}

/* memory_hotplug: a block with our folios goes offline, and online again. */

static __u64 block_size(void)
{
	char size[SYS_VALUE];

	if (sys_read(MEMORY "/block_size_bytes", size, sizeof(size)))
		return 0;
	return strtoull(size, NULL, 16) / BASE_PAGE;
}

/* The block that most of the area lies in. */
static __u64 block_of(const struct area *area)
{
	__u64 size = block_size();

	return size ? area->pfn[area->nr / 2] / size : 0;
}

int provoke_offline(const struct area *area)
{
	char path[SYS_PATH];
	int rc;

	snprintf(path, sizeof(path), MEMORY "/memory%llu/state",
		 block_of(area));
	rc = sys_write(path, "offline");
	if (!rc)
		undo_write(path, "online");
	return rc;
}

static bool offline_block(__u64 block)
{
	char path[SYS_PATH], zones[SYS_VALUE];

	snprintf(path, sizeof(path), MEMORY "/memory%llu/valid_zones",
		 block);
	if (sys_read(path, zones, sizeof(zones)))
		return false;
	snprintf(path, sizeof(path), MEMORY "/memory%llu/state", block);
	if (sys_write(path, "offline"))
		return false;
	undo_write(path, !strcmp(zones, "Movable") ? "online_movable" :
						     "online_kernel");
	return true;
}

/* Lets go of what is not in the block. */
static bool offline_most(struct area *area)
{
	__u64 size = block_size();
	__u64 block = block_of(area);
	struct pfn_range range = { block * size, (block + 1) * size };

	if (!ktap_expect(size, "a kernel with memory hotplug") ||
	    !offline_block(block))
		return false;
	mem_keep(area, in_range, &range);
	return true;
}

/*
 * The folios are laid elsewhere with enough of their kind before them to use up
 * the free ones of the block where they were.
 */
bool provoke_in_blocks(struct area *area, bool (*try)(struct area *area))
{
	enum mem_kind kind = area->unit == BASE_PAGE ? MEM_BASE : MEM_THP;
	struct area hogs[24], next;
	size_t nr = 0;
	bool done;

	while (!(done = try(area)) && nr < ARRAY_SIZE(hogs)) {
		if (mem_map(&hogs[nr], kind, 2 * HOG_STEP, SLOW_NODE))
			break;
		nr++;
		if (mem_map(&next, kind, area->map_size, SLOW_NODE))
			break;
		mem_unmap(area);
		*area = next;
	}
	while (nr)
		mem_unmap(&hogs[--nr]);
	return ktap_expect(done, "to find a block of memory to offline");
}

/* Some blocks hold what cannot move. */
static bool offline_memory(struct area *area)
{
	return provoke_in_blocks(area, offline_most);
}

/* syscall_or_cpuset and mempolicy_mbind: the system calls themselves. */

static bool call_move_pages(struct area *area)
{
	long rc = mem_move(area, SLOW_NODE);

	return ktap_expect(!rc, "move_pages to return 0, not %ld", rc);
}

static bool call_migrate_pages(struct area *area)
{
	int rc = mem_migrate_self(FAST_NODE, SLOW_NODE);

	(void)area;
	return ktap_expect(!rc, "migrate_pages to return 0, not %d", rc);
}

static bool mbind_move(struct area *area)
{
	int rc = mem_mbind(area->map, area->map_size, SLOW_NODE, MPOL_MF_MOVE);

	return ktap_expect(!rc, "mbind to return 0, not %d", rc);
}

static bool map_hugetlb(const struct provocation *what, struct area *area)
{
	static const char * const pools[] = {
		NODES "/node0/hugepages/hugepages-2048kB/nr_hugepages",
		NODES "/node1/hugepages/hugepages-2048kB/nr_hugepages",
	};

	for (size_t i = 0; i < ARRAY_SIZE(pools); i++) {
		if (sys_set(pools[i], "8"))
			return false;
	}
	return map_fast(what, area);
}

static bool map_in_cpuset(const struct provocation *what, struct area *area)
{
	return cgroup_join("cpuset") && !cgroup_write("cpuset.mems", "0") &&
	       map_fast(what, area);
}

static bool wait_on_node(struct area *area, int node, int ms)
{
	for (; ms > 0; ms -= 50) {
		if (mem_on_node(area, node) == mem_pages(area))
			return true;
		pace_rest_us(50000);
	}
	return false;
}

static bool change_cpuset(struct area *area)
{
	int rc = cgroup_write("cpuset.mems", "1");

	if (!ktap_expect(!rc, "cpuset.mems to change, not error %d", rc))
		return false;
	wait_on_node(area, SLOW_NODE, 5000);
	return true;
}

/* numa_misplaced: touch pages of the slow tier until they are promoted. */

static bool touch_until_promoted(struct area *area)
{
	static const char scan[] = "/sys/kernel/debug/sched/numa_balancing";
	static const char * const periods[] = {
		"scan_delay_ms", "scan_period_min_ms", "scan_period_max_ms",
	};
	char path[SYS_PATH];

	for (size_t i = 0; sys_exists(scan) && i < ARRAY_SIZE(periods); i++) {
		snprintf(path, sizeof(path), "%s/%s", scan, periods[i]);
		sys_set(path, "100");
	}
	if (sys_set("/proc/sys/kernel/numa_balancing", "2"))
		return false;
	for (time_t end = time(NULL) + 30; time(NULL) < end;) {
		for (int round = 0; round < 50; round++) {
			for (size_t i = 0; i < area->nr; i++)
				__atomic_load_n(area->page[i],
						__ATOMIC_RELAXED);
		}
		if (mem_on_node(area, FAST_NODE) == mem_pages(area))
			break;
	}
	return true;
}

/* contig_range and longterm_pin: folios that lie in a CMA area. */

static bool cma_range(struct pfn_range *range)
{
	if (!sys_exists(CMA "/base_pfn"))
		return ktap_expect(false, "the kernel argument cma=64M");
	range->begin = sys_number(CMA "/base_pfn");
	range->end = range->begin + sys_number(CMA "/count");
	return true;
}

static size_t in_range_now(const struct area *area,
			   const struct pfn_range *range)
{
	size_t found = 0;

	for (size_t i = 0; i < area->nr; i++)
		found += in_range(area, i, range);
	return found;
}

static int node_of(__u64 pfn)
{
	__u64 size = block_size();
	char path[SYS_PATH];

	if (!size)
		return FAST_NODE;
	snprintf(path, sizeof(path), NODES "/node1/memory%llu", pfn / size);
	return sys_exists(path) ? SLOW_NODE : FAST_NODE;
}

static bool among_first(const struct area *area, size_t i, const void *arg)
{
	(void)area;
	return i < *(const size_t *)arg;
}

/*
 * The kernel gives CMA memory away when little else is free in its zone, so
 * take the rest first: until the next step would get some of it.
 */
static size_t take_rest(struct area *hogs, size_t max,
			const struct pfn_range *cma)
{
	size_t nr = 0;

	while (nr < max &&
	       !mem_map(&hogs[nr], MEM_THP, HOG_STEP, node_of(cma->begin))) {
		if (in_range_now(&hogs[nr], cma)) {
			mem_unmap(&hogs[nr]);
			break;
		}
		nr++;
	}
	return nr;
}

/* From then on a part of the folios comes from the CMA area. */
static bool fill_from_cma(struct area *area, const struct pfn_range *cma,
			  size_t want, int node)
{
	size_t step = HUGE_PAGE / area->unit, found = 0;

	for (size_t i = 0; i < area->nr && found < want; i += step) {
		if (mem_populate(area, i, i + step, node))
			return false;
		for (size_t k = i; k < i + step; k++)
			found += in_range(area, k, cma);
	}
	mem_keep(area, in_range, cma);
	mem_keep(area, among_first, &want);
	return ktap_expect(area->nr == want,
			   "%zu folios in the CMA area, not %zu", want,
			   area->nr);
}

static bool map_in_cma(const struct provocation *what, struct area *area)
{
	static struct area hogs[MAX_HOGS];
	size_t want = what->size / BASE_PAGE;
	struct pfn_range cma;
	size_t nr;
	bool done;

	if (!cma_range(&cma) || !free_to_zone())
		return false;
	nr = take_rest(hogs, MAX_HOGS, &cma);
	done = !mem_reserve(area, what->kind, 8 * HOG_STEP) &&
	       fill_from_cma(area, &cma, want / (area->unit / BASE_PAGE),
			     node_of(cma.begin));
	while (nr)
		mem_unmap(&hogs[--nr]);
	return done;
}

static int allocate_pages(__u64 pages)
{
	char text[SYS_VALUE];
	int rc;

	snprintf(text, sizeof(text), "%llu", pages);
	rc = sys_write(CMA "/alloc", text);
	if (!rc)
		undo_write(CMA "/free", text);
	return rc;
}

/*
 * What was used up there by others may not move at once, and what drivers have
 * there never does; then take the rest of it in parts.
 */
static bool allocate_cma(struct area *area)
{
	__u64 pages = sys_number(CMA "/count");
	int rc = allocate_pages(pages);
	size_t parts = 0;

	(void)area;
	if (rc)
		rc = allocate_pages(pages);
	for (int i = 0; rc && i < CMA_PARTS; i++)
		parts += !allocate_pages(pages / CMA_PARTS);
	return ktap_expect(!rc || parts,
			   "a CMA allocation to work, not error %d", rc);
}

/* Neighbours become one buffer, so that they are pinned together. */
static size_t list_buffers(const struct area *area, struct iovec *iov)
{
	size_t nr = 0;

	for (size_t i = 0; i < area->nr; i++) {
		struct iovec *last = nr ? &iov[nr - 1] : NULL;

		if (last && (char *)last->iov_base + last->iov_len ==
			    area->page[i])
			last->iov_len += area->unit;
		else
			iov[nr++] = (struct iovec){ area->page[i], area->unit };
	}
	return nr;
}

static int register_buffers(struct area *area)
{
	struct io_uring_params params = {};
	struct iovec *iov = calloc(area->nr, sizeof(*iov));
	int ring = syscall(SYS_io_uring_setup, 1, &params);
	int rc = 0;

	if (!iov || ring < 0 ||
	    syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, iov,
		    list_buffers(area, iov)))
		rc = -errno;
	if (ring >= 0)
		close(ring);
	free(iov);
	return rc;
}

static bool pin_longterm(struct area *area)
{
	int rc = register_buffers(area);

	return ktap_expect(!rc, "io_uring to pin the area, not error %d", rc);
}

/* demotion: proactive reclaim of a control group that the area belongs to. */

static bool map_in_memcg(const struct provocation *what, struct area *area)
{
	return cgroup_join("memory") && map_fast(what, area) &&
	       !cgroup_leave();
}

static bool reclaim_memcg(struct area *area)
{
	char bytes[SYS_VALUE];

	if (sys_set("/sys/kernel/mm/numa/demotion_enabled", "1"))
		return false;
	drain_lru(area);
	snprintf(bytes, sizeof(bytes), "%zu", area->nr * area->unit);
	for (int try = 0; try < 20; try++) {
		cgroup_write("memory.reclaim", bytes);
		if (mem_on_node(area, SLOW_NODE) == mem_pages(area))
			break;
	}
	return true;
}

/* damon: a scheme that moves every folio of a physical range. */

static bool set_up_damon(const char *begin, const char *end)
{
	const char * const settings[][2] = {
		{ KDAMONDS "/nr_kdamonds", "1" },
		{ KDAMOND "/contexts/nr_contexts", "1" },
		{ DAMON_CONTEXT "/operations", "paddr" },
		{ DAMON_CONTEXT "/monitoring_attrs/intervals/sample_us",
		  "10000" },
		{ DAMON_CONTEXT "/monitoring_attrs/intervals/aggr_us",
		  "100000" },
		{ DAMON_CONTEXT "/targets/nr_targets", "1" },
		{ DAMON_CONTEXT "/targets/0/regions/nr_regions", "1" },
		{ DAMON_CONTEXT "/targets/0/regions/0/start", begin },
		{ DAMON_CONTEXT "/targets/0/regions/0/end", end },
		{ DAMON_CONTEXT "/schemes/nr_schemes", "1" },
		{ DAMON_SCHEME "/action", "migrate_cold" },
		{ DAMON_SCHEME "/target_nid", "1" },
		{ DAMON_SCHEME "/access_pattern/sz/max", "1099511627776" },
		{ DAMON_SCHEME "/access_pattern/nr_accesses/max", "1000000" },
		{ DAMON_SCHEME "/access_pattern/age/max", "1000000" },
	};

	undo_write(KDAMONDS "/nr_kdamonds", "0");
	undo_write(KDAMOND "/state", "off");
	return write_all(settings, ARRAY_SIZE(settings));
}

static bool run_damon(struct area *area)
{
	char begin[SYS_VALUE], end[SYS_VALUE];
	__u64 first = UINT64_MAX, last = 0;
	int rc;

	drain_lru(area);
	for (size_t i = 0; i < area->nr; i++) {
		first = area->pfn[i] < first ? area->pfn[i] : first;
		last = area->pfn[i] > last ? area->pfn[i] : last;
	}
	snprintf(begin, sizeof(begin), "%llu", first * BASE_PAGE);
	snprintf(end, sizeof(end), "%llu", last * BASE_PAGE + area->unit);
	if (!set_up_damon(begin, end))
		return false;
	rc = sys_write(KDAMOND "/state", "on");
	if (!ktap_expect(!rc, "DAMON to start, not error %d", rc))
		return false;
	wait_on_node(area, SLOW_NODE, 10000);
	sys_write(KDAMOND "/state", "off");
	return true;
}

#define MB	(1024ul * 1024)

const struct provocation provocations[] = {
	{ "compaction of 4 KiB folios", COMPACTION, MEM_BASE, 32 * MB, 2,
	  true, false, map_fragmented, compact },
	{ "memory_failure of 4 KiB folios", MEMORY_FAILURE, MEM_BASE, 2 * MB,
	  100, true, false, map_fast, soft_offline },
	{ "memory_hotplug of 4 KiB folios", MEMORY_HOTPLUG, MEM_BASE, 4 * MB,
	  100, true, false, map_slow, offline_memory },
	{ "memory_hotplug of 2 MiB folios", MEMORY_HOTPLUG, MEM_THP, 8 * MB,
	  100, true, true, map_slow, offline_memory },
	{ "syscall_or_cpuset, move_pages of 4 KiB folios", SYSCALL_OR_CPUSET,
	  MEM_BASE, 4 * MB, 100, true, false, map_fast, call_move_pages },
	{ "syscall_or_cpuset, move_pages of 2 MiB folios", SYSCALL_OR_CPUSET,
	  MEM_THP, 8 * MB, 100, true, true, map_fast, call_move_pages },
	{ "syscall_or_cpuset, move_pages of hugetlb folios", SYSCALL_OR_CPUSET,
	  MEM_HUGETLB, 4 * MB, 100, false, true, map_hugetlb, call_move_pages },
	{ "syscall_or_cpuset, migrate_pages of 4 KiB folios",
	  SYSCALL_OR_CPUSET, MEM_BASE, 4 * MB, 100, true, false, map_fast,
	  call_migrate_pages },
	{ "syscall_or_cpuset, migrate_pages of 2 MiB folios",
	  SYSCALL_OR_CPUSET, MEM_THP, 8 * MB, 100, true, true, map_fast,
	  call_migrate_pages },
	{ "syscall_or_cpuset, cpuset.mems of 4 KiB folios", SYSCALL_OR_CPUSET,
	  MEM_BASE, 4 * MB, 100, true, false, map_in_cpuset, change_cpuset },
	{ "mempolicy_mbind of 4 KiB folios", MEMPOLICY_MBIND, MEM_BASE, 4 * MB,
	  100, true, false, map_fast, mbind_move },
	{ "mempolicy_mbind of 64 KiB folios", MEMPOLICY_MBIND, MEM_MTHP,
	  4 * MB, 100, true, true, map_fast, mbind_move },
	{ "mempolicy_mbind of 2 MiB folios", MEMPOLICY_MBIND, MEM_THP, 8 * MB,
	  100, true, true, map_fast, mbind_move },
	{ "numa_misplaced of 4 KiB folios", NUMA_MISPLACED, MEM_BASE, 2 * MB,
	  50, true, false, map_slow, touch_until_promoted },
	{ "numa_misplaced of 2 MiB folios", NUMA_MISPLACED, MEM_THP, 8 * MB,
	  50, true, true, map_slow, touch_until_promoted },
	{ "contig_range of 4 KiB folios", CONTIG_RANGE, MEM_BASE, 8 * MB, 50,
	  true, false, map_in_cma, allocate_cma },
	{ "contig_range of 2 MiB folios", CONTIG_RANGE, MEM_THP, 8 * MB, 50,
	  true, true, map_in_cma, allocate_cma },
	{ "longterm_pin of 4 KiB folios", LONGTERM_PIN, MEM_BASE, 2 * MB, 100,
	  true, false, map_in_cma, pin_longterm },
	{ "longterm_pin of 2 MiB folios", LONGTERM_PIN, MEM_THP, 8 * MB, 100,
	  true, true, map_in_cma, pin_longterm },
	{ "demotion of 4 KiB folios", DEMOTION, MEM_BASE, 4 * MB, 50, true,
	  false, map_in_memcg, reclaim_memcg },
	{ "demotion of 2 MiB folios", DEMOTION, MEM_THP, 8 * MB, 50, true,
	  true, map_in_memcg, reclaim_memcg },
	{ "damon of 4 KiB folios", DAMON, MEM_BASE, 4 * MB, 50, true, false,
	  map_fast, run_damon },
	{ "damon of 2 MiB folios", DAMON, MEM_THP, 8 * MB, 50, true, true,
	  map_fast, run_damon },
};

const size_t nr_provocations = ARRAY_SIZE(provocations);
