// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of our own that calibrate moves between two nodes.
 */
#include <errno.h>
#include <numa.h>
#include <numaif.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "calibrate.h"

/* Since Linux 6.1; older C libraries do not know it. */
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

/* Free memory a node must have, so that we press nobody. */
#define ROOM	(64LL << 20)

/* Of those this process may use. */
static bool has_room(const struct bitmask *allowed, int node)
{
	long long free_bytes = 0;

	return numa_bitmask_isbitset(allowed, (unsigned int)node) &&
	       numa_node_size64(node, &free_bytes) > 0 && free_bytes >= ROOM;
}

/* The first node with room from @node on, counting round; -1: none. */
static int next_node(const struct bitmask *allowed, int node, int besides)
{
	int count = numa_max_node() + 1;

	for (int i = 0; i < count; i++) {
		int candidate = (node + i) % count;

		if (candidate != besides && has_room(allowed, candidate))
			return candidate;
	}
	return -1;
}

int area_find_nodes(struct area *area)
{
	struct bitmask *allowed;
	int here;

	*area = (struct area){ 0 };
	if (numa_available() < 0)
		return failed("calibrate: this kernel has no NUMA: there are no two memory nodes to move pages between");
	here = numa_node_of_cpu(sched_getcpu());
	allowed = numa_get_mems_allowed();
	area->from = next_node(allowed, here < 0 ? 0 : here, -1);
	area->to = area->from < 0 ? -1 :
				    next_node(allowed, area->from, area->from);
	numa_bitmask_free(allowed);
	if (area->to >= 0)
		return CLI_DONE;
	return failed("calibrate: cannot measure here: pages have to be moved between two memory nodes with %lldM free each; nothing was changed. On one node, numa=fake=2 on the kernel command line splits it where CONFIG_NUMA_EMU is set",
		      ROOM >> 20);
}

static int bind_to(const struct area *area)
{
	struct bitmask *nodes = numa_allocate_nodemask();
	long ret;

	if (!nodes)
		return -1;
	numa_bitmask_setbit(nodes, (unsigned int)area->from);
	ret = mbind(area->memory, area->bytes, MPOL_BIND, nodes->maskp,
		    nodes->size + 1, 0);
	numa_free_nodemask(nodes);
	return (int)ret;
}

/* Every page tells its place, so that a lost or swapped one is seen. */
static size_t *mark(const struct area *area, size_t offset)
{
	return (size_t *)(void *)(area->memory + offset);
}

static void fill(struct area *area)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	for (size_t at = 0; at < area->bytes; at += page) {
		*mark(area, at) = at + 1;
		*mark(area, at + page - sizeof(size_t)) = at + 2;
	}
}

bool area_is_intact(const struct area *area)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	for (size_t at = 0; at < area->bytes; at += page)
		if (*mark(area, at) != at + 1 ||
		    *mark(area, at + page - sizeof(size_t)) != at + 2)
			return false;
	return true;
}

int area_create(struct area *area, size_t bytes, size_t folio_bytes)
{
	bool huge = folio_bytes > (size_t)sysconf(_SC_PAGESIZE);
	size_t skip;

	area->bytes = bytes;
	area->used = bytes;
	area->folio_bytes = folio_bytes;
	area->mapped = bytes + folio_bytes;
	area->mapping = mmap(NULL, area->mapped, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area->mapping == MAP_FAILED)
		return failed("calibrate: no memory: %s", strerror(errno));
	skip = folio_bytes - (size_t)area->mapping % folio_bytes;
	area->memory = (char *)area->mapping + skip % folio_bytes;
	/* A kernel without huge pages knows no such advice; it has none. */
	madvise(area->memory, bytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	if (!bind_to(area)) {
		fill(area);
		/* Asked for like this, huge pages need not be enabled. */
		if (huge)
			madvise(area->memory, bytes, MADV_COLLAPSE);
		return CLI_DONE;
	}
	failed("calibrate: cannot bind memory to node %d: %s", area->from,
	       strerror(errno));
	area_free(area);
	return CLI_FAILED;
}

void area_free(struct area *area)
{
	munmap(area->mapping, area->mapped);
}

/* "7f0000000000-7f0000200000 rw-p ..." */
static bool is_header(const char *line, size_t *start, size_t *end)
{
	size_t first, last;

	/* Other lines may begin with a letter that is a digit as well. */
	if (sscanf(line, "%zx-%zx ", &first, &last) != 2)
		return false;
	*start = first;
	*end = last;
	return true;
}

bool area_is_huge(const struct area *area)
{
	size_t at = (size_t)area->memory, start = 0, end = 0, kib, huge = 0;
	FILE *file = fopen("/proc/self/smaps", "re");
	char *line = NULL;
	size_t room = 0;

	if (!file)
		return false;
	while (getline(&line, &room, file) > 0)
		if (!is_header(line, &start, &end) && start >= at &&
		    end <= at + area->bytes &&
		    sscanf(line, "AnonHugePages: %zu kB", &kib) == 1)
			huge += kib << 10;
	free(line);
	fclose(file);
	return huge == area->bytes;
}

int area_move(const struct area *area, int node)
{
	size_t count = area->used / area->folio_bytes;
	void **page = calloc(count, sizeof(*page));
	int *nodes = calloc(count, sizeof(*nodes));
	int *status = calloc(count, sizeof(*status));
	long left = -1;

	errno = ENOMEM;
	if (page && nodes && status) {
		for (size_t i = 0; i < count; i++) {
			page[i] = area->memory + i * area->folio_bytes;
			nodes[i] = node;
		}
		left = move_pages(0, count, page, nodes, status, MPOL_MF_MOVE);
	}
	free(page);
	free(nodes);
	free(status);
	if (left < 0)
		return failed("calibrate: cannot move pages to node %d: %s",
			      node, strerror(errno));
	return left ? failed("calibrate: %ld of %zu folios could not be moved to node %d",
			     left, count, node) : CLI_DONE;
}
