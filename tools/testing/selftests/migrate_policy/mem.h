/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of the migrate_policy selftests: areas of folios on a chosen node,
 * filled so that every word tells its address, whose physical place can be
 * looked up and whose contents can be proven.
 */
#ifndef MIGRATE_POLICY_MEM_H
#define MIGRATE_POLICY_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#include <stdint.h>

#define BASE_PAGE	4096ul
#define HUGE_PAGE	(2ul << 20)

enum mem_kind {
	MEM_BASE,	/* anonymous, 4 KiB folios */
	MEM_MTHP,	/* anonymous, 64 KiB folios where the kernel can */
	MEM_THP,	/* anonymous, 2 MiB folios */
	MEM_HUGETLB,	/* private, 2 MiB hugetlb folios */
};

/* Folios that may lie apart: mem_keep() lets go of some of them. */
struct area {
	char *map;
	size_t map_size;
	size_t unit;		/* bytes per folio */
	size_t nr;
	char **page;		/* where each folio is mapped */
	__u64 *pfn;		/* where it was at mem_snapshot() */
};

/*
 * Maps and fills @size bytes on @node (-1: anywhere). The mapping itself has
 * no memory policy. Returns 0 or a negative errno, with a note.
 */
int mem_map(struct area *area, enum mem_kind kind, size_t size, int node);
void mem_unmap(struct area *area);

/* The two halves of mem_map(): address space, and folios @begin to @end. */
int mem_reserve(struct area *area, enum mem_kind kind, size_t size);
int mem_populate(struct area *area, size_t begin, size_t end, int node);

/* An area of what is mapped already, for mem_move() and the like. */
int mem_list(struct area *area, void *map, size_t size, size_t unit);
void mem_unlist(struct area *area);

/* Address space for @size bytes that begins where a huge page can. */
char *mem_aligned_place(size_t size);

/* Frees the folios for which @keep says no. */
void mem_keep(struct area *area,
	      bool (*keep)(const struct area *area, size_t i, const void *arg),
	      const void *arg);

/* Bytes that are not what they were filled with. */
size_t mem_wrong(const struct area *area);

/* None: where memory begins at address 0, page frame 0 is one as any other. */
#define NO_PFN		(~0ull)

/* The page frame of a mapped address, NO_PFN if there is none. */
__u64 mem_pfn(const void *addr);

/* Remembers where the folios are now; false if one is not there. */
bool mem_snapshot(struct area *area);

/* Base pages that are elsewhere than at the snapshot. */
size_t mem_moved(const struct area *area);

/* Folios of more than a base page that are no longer contiguous. */
size_t mem_torn(const struct area *area);

/* Base pages that are on @node now. */
size_t mem_on_node(const struct area *area, int node);

static inline size_t mem_pages(const struct area *area)
{
	return area->nr * (area->unit / BASE_PAGE);
}

/* move_pages(2) of the whole area. Returns 0, a negative errno, or folios. */
long mem_move(const struct area *area, int node);

/* The same, pages that others map as well included. */
long mem_move_all(const struct area *area, int node);

/* set_mempolicy(2): bind to @node, or back to the default for -1. */
int mem_bind_task(int node);

/* mbind(2) with MPOL_MF_MOVE. Returns 0 or a negative errno. */
int mem_mbind(void *addr, size_t size, int node, unsigned int flags);

/* migrate_pages(2) of the calling process. Returns 0 or a negative errno. */
int mem_migrate_self(int from, int to);

#endif /* MIGRATE_POLICY_MEM_H */
