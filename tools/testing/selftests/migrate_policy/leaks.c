// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page accounting of the migrate_policy selftests: see leaks.h.
 */
#include "leaks.h"

#include "ktap.h"
#include "mem.h"
#include "pace.h"
#include "pageflags.h"
#include "sys.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NODE		"/sys/devices/system/node/node%d"
#define POOL		NODE "/hugepages/hugepages-2048kB/"

/*
 * Where KASAN, kmemleak and page_owner keep each call chain that they meet. It
 * grows with every new one; pools of order 2 (DEPOT_POOL_ORDER in 6.12 and 7.3).
 */
#define DEPOT		"/sys/kernel/debug/stackdepot/stats"
#define DEPOT_PAGES	4

/*
 * KASAN has a byte for each eight of vmalloc space, allocated with an area and
 * free only when the area is purged, which is when there is enough to purge.
 */
#define VMALLOC		"/proc/vmallocinfo"
#define SHADOW		" kasan_populate_vmalloc\n"
#define SHADOW_SHIFT	3

#define TRIES		25	/* a fifth of a second each */
#define PAUSE_US	200000

/* A page is suspicious in one scan, and a leak if it remains so. */
struct suspects {
	__u64 *pfn;
	size_t nr;
	size_t max;
};

static bool has_shadow(void)
{
	static int found = -1;
	FILE *file = found < 0 ? fopen("/proc/kallsyms", "re") : NULL;
	char line[512];

	while (file && found < 0 && fgets(line, sizeof(line), file)) {
		if (strstr(line, SHADOW))
			found = true;
	}
	if (file)
		fclose(file);
	found = found > 0;
	return found;
}

/* Lines begin with the place and the size of an area, purged or not. */
static __s64 shadow_pages(void)
{
	FILE *file = has_shadow() ? fopen(VMALLOC, "re") : NULL;
	unsigned long size, sum = 0;
	char line[512];

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*s %lu", &size) == 1)
			sum += size;
	}
	if (file)
		fclose(file);
	return (sum >> SHADOW_SHIFT) / BASE_PAGE;
}

static __s64 depot_pages(void)
{
	__u64 pools = sys_sum_lines(DEPOT, "pools:");

	return pools == UINT64_MAX ? 0 : pools * DEPOT_PAGES;
}

/* All that has a counter of its own; in pages. */
static __s64 accounted(void)
{
	static const char * const kilobytes[] = {
		"MemFree:", "Buffers:", "Cached:", "SwapCached:", "AnonPages:",
		"Slab:", "KernelStack:", "PageTables:", "SecPageTables:",
		"Percpu:", "VmallocUsed:", "Hugetlb:",
	};
	__s64 pages = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kilobytes); i++) {
		__u64 kb = sys_sum_lines("/proc/meminfo", kilobytes[i]);

		pages += kb == UINT64_MAX ? 0 : kb / 4;
	}
	/* Lists of free pages of the CPUs, and compressed swap. */
	pages += sys_sum_lines("/proc/zoneinfo", "count:");
	if (sys_sum_lines("/proc/vmstat", "nr_zspages") != UINT64_MAX)
		pages += sys_sum_lines("/proc/vmstat", "nr_zspages");
	return pages + depot_pages() + shadow_pages();
}

static __u64 pool(int node, const char *what)
{
	char path[SYS_PATH];

	snprintf(path, sizeof(path), POOL "%s", node, what);
	return sys_exists(path) ? sys_number(path) : 0;
}

static void settle(void)
{
	sync();
	sys_write("/proc/sys/vm/drop_caches", "3");
	/* Puts what sits in batches of the CPUs on the lists. */
	sys_write("/proc/sys/vm/compact_memory", "1");
	sys_write("/proc/sys/vm/stat_refresh", "1");
}

void leaks_take(struct leaks *leaks)
{
	settle();
	leaks->missing = sys_sum_lines("/proc/meminfo", "MemTotal:") / 4 -
			 accounted();
	leaks->poisoned = sys_sum_lines("/proc/meminfo",
					"HardwareCorrupted:") / 4;
	for (int i = 0; i < LEAKS_NODES; i++) {
		leaks->hugetlb[i] = pool(i, "nr_hugepages");
		leaks->hugetlb_free[i] = pool(i, "free_hugepages");
	}
	leaks->splats = sys_splats();
}

/* kswapd, kcompactd and others isolate pages, too, if only for a moment. */
static bool none_isolated(int node)
{
	char path[SYS_PATH];
	__u64 found = 0;

	snprintf(path, sizeof(path), NODE "/vmstat", node);
	for (int try = 0; try < TRIES; try++) {
		found = sys_sum_lines(path, "nr_isolated_");
		if (!found)
			return true;
		sys_write("/proc/sys/vm/stat_refresh", "1");
		pace_rest_us(PAUSE_US);
	}
	return ktap_expect(false, "no isolated page on node %d, not %lld", node,
			   (long long)found);
}

static bool suspicious(__u64 pfn, __u64 flags)
{
	if (flags & (KPF_BUDDY | KPF_HWPOISON | KPF_HUGE))
		return false;
	if (flags & KPF_LOCKED)
		return true;
	return (flags & KPF_ANON) && !(flags & KPF_SWAPCACHE) &&
	       !pageflags_mapped(pfn);
}

static void add_suspect(__u64 pfn, __u64 flags, void *arg)
{
	struct suspects *found = arg;

	if (!suspicious(pfn, flags))
		return;
	if (found->nr == found->max) {
		size_t max = found->max * 2 + 64;
		__u64 *more = realloc(found->pfn, max * sizeof(*more));

		if (!more)
			return;
		found->pfn = more;
		found->max = max;
	}
	found->pfn[found->nr++] = pfn;
}

/* Keeps those that still are. */
static void look_again(struct suspects *found)
{
	size_t kept = 0;

	for (size_t i = 0; i < found->nr; i++) {
		if (suspicious(found->pfn[i], pageflags_of(found->pfn[i])))
			found->pfn[kept++] = found->pfn[i];
	}
	found->nr = kept;
}

size_t leaks_stuck(unsigned int looks)
{
	struct suspects found = {};
	size_t nr = SIZE_MAX;
	bool ok = pageflags_scan(add_suspect, &found);

	while (ok && found.nr && looks--) {
		sys_write("/proc/sys/vm/compact_memory", "1");
		pace_rest_us(PAUSE_US);
		look_again(&found);
	}
	if (ok)
		nr = found.nr;
	if (ok && nr)
		ktap_note("pfn %llx and %zu more are stuck", found.pfn[0],
			  nr - 1);
	free(found.pfn);
	return nr;
}

static bool pools_as_before(const struct leaks *before, const struct leaks *now)
{
	bool ok = true;

	for (int i = 0; i < LEAKS_NODES; i++) {
		ok &= ktap_expect(now->hugetlb[i] == before->hugetlb[i] &&
				  now->hugetlb_free[i] ==
				  before->hugetlb_free[i],
				  "%llu hugetlb pages on node %d, %llu free, not %llu and %llu",
				  before->hugetlb[i], i,
				  before->hugetlb_free[i], now->hugetlb[i],
				  now->hugetlb_free[i]);
		ok &= ktap_expect(!pool(i, "surplus_hugepages"),
				  "no surplus hugetlb page on node %d", i);
	}
	return ok;
}

/* What is freed with a delay gets its time. */
static __s64 grown(const struct leaks *before, struct leaks *now, __u64 noise)
{
	__s64 more = 0;

	for (int try = 0; try < TRIES; try++) {
		leaks_take(now);
		more = now->missing - before->missing;
		if (more <= (__s64)noise)
			break;
		pace_rest_us(PAUSE_US);
	}
	return more;
}

bool leaks_none(const struct leaks *before, __u64 noise)
{
	struct leaks now;
	__s64 more = grown(before, &now, noise);
	bool ok;

	ktap_note("pages unaccounted for: %lld more than before", more);
	ktap_note("pages of KASAN and the like: %lld of call chains, %lld of shadow",
		  depot_pages(), shadow_pages());
	ok = ktap_expect(more <= (__s64)noise,
			 "no more than %llu pages to be missing, not %lld",
			 noise, more);
	ok &= ktap_expect(now.poisoned == before->poisoned,
			  "%llu poisoned pages, not %llu", before->poisoned,
			  now.poisoned);
	ok &= pools_as_before(before, &now);
	for (int i = 0; i < LEAKS_NODES; i++)
		ok &= none_isolated(i);
	ok &= ktap_expect(!leaks_stuck(TRIES),
			  "no page locked or without an owner");
	ok &= ktap_expect(now.splats == before->splats,
			  "no splat in the kernel log");
	return ok;
}
