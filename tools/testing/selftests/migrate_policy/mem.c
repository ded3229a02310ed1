// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of the migrate_policy selftests: see mem.h.
 */
#include "mem.h"

#include "ktap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MADV_HUGEPAGE
#define MADV_HUGEPAGE	14
#endif
#ifndef MADV_NOHUGEPAGE
#define MADV_NOHUGEPAGE	15
#endif

#define PM_PRESENT	0x8000000000000000ull
#define PM_PFN		0x007fffffffffffffull

#define NODE_BITS	(8 * sizeof(unsigned long))

static const size_t units[] = {
	[MEM_BASE] = BASE_PAGE,
	[MEM_MTHP] = 64ul << 10,
	[MEM_THP] = HUGE_PAGE,
	[MEM_HUGETLB] = HUGE_PAGE,
};

int mem_bind_task(int node)
{
	unsigned long mask = node < 0 ? 0 : 1ul << node;
	int mode = node < 0 ? MPOL_DEFAULT : MPOL_BIND;

	if (syscall(SYS_set_mempolicy, mode, node < 0 ? NULL : &mask,
		    node < 0 ? 0 : NODE_BITS)) {
		ktap_note("set_mempolicy(node %d): %s", node, strerror(errno));
		return -errno;
	}
	return 0;
}

int mem_mbind(void *addr, size_t size, int node, unsigned int flags)
{
	unsigned long mask = 1ul << node;

	if (syscall(SYS_mbind, addr, size, MPOL_BIND, &mask, NODE_BITS, flags))
		return -errno;
	return 0;
}

int mem_migrate_self(int from, int to)
{
	unsigned long old = 1ul << from, new = 1ul << to;

	if (syscall(SYS_migrate_pages, 0, NODE_BITS, &old, &new) < 0)
		return -errno;
	return 0;
}

char *mem_aligned_place(size_t size)
{
	char *map, *aligned;

	map = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		return NULL;
	aligned = (char *)(((uintptr_t)map + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1));
	if (aligned > map)
		munmap(map, aligned - map);
	munmap(aligned + size, map + HUGE_PAGE - aligned);
	return aligned;
}

static char *map_kind(size_t size, enum mem_kind kind)
{
	char *map;

	if (kind == MEM_HUGETLB) {
		map = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
		return map == MAP_FAILED ? NULL : map;
	}
	map = mem_aligned_place(size);
	if (map)
		madvise(map, size, kind == MEM_BASE ? MADV_NOHUGEPAGE :
						      MADV_HUGEPAGE);
	return map;
}

static int list_folios(struct area *area)
{
	area->nr = area->map_size / area->unit;
	area->page = calloc(area->nr, sizeof(*area->page));
	area->pfn = calloc(area->nr, sizeof(*area->pfn));
	if (!area->page || !area->pfn)
		return -ENOMEM;
	for (size_t i = 0; i < area->nr; i++)
		area->page[i] = area->map + i * area->unit;
	return 0;
}

/* What the word at @addr holds: no two words of a process are the same. */
static __u64 word_at(const __u64 *addr)
{
	return (__u64)(uintptr_t)addr * 0x9e3779b97f4a7c15ull ^ 0x6d70;
}

static void fill_folio(const struct area *area, size_t i)
{
	__u64 *word = (__u64 *)area->page[i];

	for (size_t k = 0; k < area->unit / sizeof(*word); k++)
		word[k] = word_at(&word[k]);
}

/* What a child inherits is still its parent's. */
static int pagemap_fd(void)
{
	static int fd = -1;
	static pid_t owner;

	if (owner == getpid())
		return fd;
	if (fd >= 0)
		close(fd);
	owner = getpid();
	fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	return fd;
}

__u64 mem_pfn(const void *addr)
{
	__u64 entry;

	if (pread(pagemap_fd(), &entry, sizeof(entry),
		  (uintptr_t)addr / BASE_PAGE * sizeof(entry)) != sizeof(entry))
		return NO_PFN;
	return entry & PM_PRESENT ? entry & PM_PFN : NO_PFN;
}

int mem_reserve(struct area *area, enum mem_kind kind, size_t size)
{
	int rc = -ENOMEM;

	memset(area, 0, sizeof(*area));
	area->unit = units[kind];
	area->map_size = (size + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
	area->map = map_kind(area->map_size, kind);
	if (area->map)
		rc = list_folios(area);
	if (rc) {
		ktap_note("cannot map %zu bytes: %s", size, strerror(-rc));
		mem_unmap(area);
	}
	return rc;
}

int mem_populate(struct area *area, size_t begin, size_t end, int node)
{
	int rc = node >= 0 ? mem_bind_task(node) : 0;

	for (size_t i = begin; !rc && i < end; i++) {
		fill_folio(area, i);
		area->pfn[i] = mem_pfn(area->page[i]);
		if (area->pfn[i] == NO_PFN)
			rc = -EFAULT;
	}
	if (rc)
		ktap_note("cannot fill memory on node %d: %s", node,
			  strerror(-rc));
	if (node >= 0 && mem_bind_task(-1))
		rc = -EINVAL;
	return rc;
}

int mem_map(struct area *area, enum mem_kind kind, size_t size, int node)
{
	int rc = mem_reserve(area, kind, size);

	if (!rc)
		rc = mem_populate(area, 0, area->nr, node);
	if (rc)
		mem_unmap(area);
	return rc;
}

int mem_list(struct area *area, void *map, size_t size, size_t unit)
{
	*area = (struct area){ .map = map, .map_size = size, .unit = unit };
	return list_folios(area);
}

void mem_unlist(struct area *area)
{
	free(area->page);
	free(area->pfn);
	memset(area, 0, sizeof(*area));
}

void mem_unmap(struct area *area)
{
	if (area->map)
		munmap(area->map, area->map_size);
	mem_unlist(area);
}

void mem_keep(struct area *area,
	      bool (*keep)(const struct area *area, size_t i, const void *arg),
	      const void *arg)
{
	size_t kept = 0;

	for (size_t i = 0; i < area->nr; i++) {
		if (keep(area, i, arg)) {
			area->page[kept] = area->page[i];
			area->pfn[kept++] = area->pfn[i];
		} else {
			madvise(area->page[i], area->unit, MADV_DONTNEED);
		}
	}
	area->nr = kept;
}

static size_t wrong_bytes(__u64 diff)
{
	size_t wrong = 0;

	for (; diff; diff >>= 8)
		wrong += !!(diff & 0xff);
	return wrong;
}

size_t mem_wrong(const struct area *area)
{
	size_t wrong = 0;

	for (size_t i = 0; i < area->nr; i++) {
		const __u64 *word = (const __u64 *)area->page[i];

		for (size_t k = 0; k < area->unit / sizeof(*word); k++)
			wrong += wrong_bytes(word[k] ^ word_at(&word[k]));
	}
	return wrong;
}

bool mem_snapshot(struct area *area)
{
	bool all = true;

	for (size_t i = 0; i < area->nr; i++) {
		area->pfn[i] = mem_pfn(area->page[i]);
		all &= area->pfn[i] != NO_PFN;
	}
	return all;
}

size_t mem_moved(const struct area *area)
{
	size_t moved = 0;

	for (size_t i = 0; i < area->nr; i++) {
		__u64 pfn = mem_pfn(area->page[i]);

		if (pfn != NO_PFN && pfn != area->pfn[i])
			moved += area->unit / BASE_PAGE;
	}
	return moved;
}

static bool torn(const char *page, size_t unit)
{
	size_t nr = unit / BASE_PAGE;
	__u64 first = mem_pfn(page);

	if (first & (nr - 1))
		return true;
	for (size_t k = 1; k < nr; k++) {
		if (mem_pfn(page + k * BASE_PAGE) != first + k)
			return true;
	}
	return false;
}

size_t mem_torn(const struct area *area)
{
	size_t nr = 0;

	for (size_t i = 0; i < area->nr; i++)
		nr += torn(area->page[i], area->unit);
	return nr;
}

static long call_move_pages(const struct area *area, const int *nodes,
			    int *status, int flags)
{
	long rc = syscall(SYS_move_pages, 0, area->nr, (void **)area->page,
			  nodes, status, flags);

	return rc < 0 ? -errno : rc;
}

size_t mem_on_node(const struct area *area, int node)
{
	int *status = calloc(area->nr, sizeof(*status));
	size_t found = 0;

	if (!status || call_move_pages(area, NULL, status, 0)) {
		ktap_note("move_pages does not tell the nodes");
		free(status);
		return 0;
	}
	for (size_t i = 0; i < area->nr; i++) {
		if (status[i] == node)
			found += area->unit / BASE_PAGE;
	}
	free(status);
	return found;
}

static long move_area(const struct area *area, int node, int flags)
{
	int *status = calloc(area->nr, sizeof(*status));
	int *nodes = calloc(area->nr, sizeof(*nodes));
	long rc = -ENOMEM;

	if (status && nodes) {
		for (size_t i = 0; i < area->nr; i++)
			nodes[i] = node;
		rc = call_move_pages(area, nodes, status, flags);
	}
	free(status);
	free(nodes);
	return rc;
}

long mem_move(const struct area *area, int node)
{
	return move_area(area, node, MPOL_MF_MOVE);
}

long mem_move_all(const struct area *area, int node)
{
	return move_area(area, node, MPOL_MF_MOVE_ALL);
}
