// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory that is moved, for workload.c and measure.c: anonymous folios of
 * one size on one node, filled with content that describes itself, and the
 * survey afterwards of where every page is and what it holds.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <numaif.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define PMD_KIB 2048UL
#define PMD_BYTES (PMD_KIB * KIB)
#define PAGEMAP_PRESENT (1ULL << 63)
#define PAGEMAP_PFN ((1ULL << 55) - 1)
#define THP_FOLDER "/sys/kernel/mm/transparent_hugepage"
#define THP_ENABLED THP_FOLDER "/hugepages-%lukB/enabled"

static uint64_t last_generation;

static size_t folio_pages(const struct area *a)
{
	return a->folio_kb / PAGE_KIB;
}

static size_t area_pages(const struct area *a)
{
	return a->folios * folio_pages(a);
}

size_t area_bytes(const struct area *a)
{
	return a->folios * a->folio_kb * KIB;
}

/* Only folios of the wanted size, so that a larger one cannot take its place. */
static void choose_folio_size(size_t folio_kb)
{
	if (folio_kb != PAGE_KIB)
		setting_change("madvise", THP_ENABLED, (unsigned long)folio_kb);
	if (folio_kb != PMD_KIB && !access(THP_FOLDER, F_OK))
		setting_change("never", THP_ENABLED, PMD_KIB);
}

/* A kernel without huge pages has no other folios than small ones. */
static void area_advise(const struct area *a)
{
	int advice = a->folio_kb == PAGE_KIB ? MADV_NOHUGEPAGE : MADV_HUGEPAGE;

	if (madvise(a->addr, area_bytes(a), advice) &&
	    (errno != EINVAL || a->folio_kb != PAGE_KIB))
		err(EXIT_FAILURE, "cannot choose folios of %zu KiB",
		    a->folio_kb);
}

static void area_bind(const struct area *a, int node)
{
	unsigned long mask = 1UL << node;

	if (mbind(a->addr, area_bytes(a), MPOL_BIND, &mask,
		  sizeof(mask) * 8, 0))
		err(EXIT_FAILURE, "cannot bind memory to node %d", node);
}

static void area_map(struct area *a, bool shared)
{
	int flags = (shared ? MAP_SHARED : MAP_PRIVATE) | MAP_ANONYMOUS |
		    MAP_NORESERVE;
	uintptr_t start;

	a->map_bytes = area_bytes(a) + PMD_BYTES;
	a->map = mmap(NULL, a->map_bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (a->map == MAP_FAILED)
		err(EXIT_FAILURE, "cannot map %zu bytes", a->map_bytes);
	start = ((uintptr_t)a->map + PMD_BYTES - 1) & ~(PMD_BYTES - 1);
	a->addr = (char *)start;
}

/* Reads one pagemap entry a base page; what is not there becomes 0. */
static void pfns_read(const struct area *a, uint64_t *pfn)
{
	off_t at = (uintptr_t)a->addr / BASE_PAGE * sizeof(*pfn);
	size_t bytes = area_pages(a) * sizeof(*pfn);
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || pread(fd, pfn, bytes, at) != (ssize_t)bytes)
		err(EXIT_FAILURE, "cannot read /proc/self/pagemap");
	close(fd);
	for (size_t i = 0; i < area_pages(a); i++)
		pfn[i] = pfn[i] & PAGEMAP_PRESENT ? pfn[i] & PAGEMAP_PFN : 0;
}

static uint64_t *pfns_new(const struct area *a)
{
	uint64_t *pfn = calloc(area_pages(a), sizeof(*pfn));

	if (!pfn)
		err(EXIT_FAILURE, "no memory for the PFNs of %zu folios",
		    a->folios);
	return pfn;
}

/* A folio is one naturally aligned run of PFNs. */
static bool folio_whole(const uint64_t *pfn, size_t pages)
{
	if (pfn[0] % pages)
		return false;
	for (size_t i = 1; i < pages; i++) {
		if (pfn[i] != pfn[0] + i)
			return false;
	}
	return true;
}

void area_create(struct area *a, size_t folio_kb, size_t folios, int node,
		 bool shared)
{
	memset(a, 0, sizeof(*a));
	a->folio_kb = folio_kb;
	a->folios = folios;
	/* What is shared stays when one process does not need it. */
	a->give_back = shared ? MADV_REMOVE : MADV_DONTNEED;
	choose_folio_size(folio_kb);
	area_map(a, shared);
	area_advise(a);
	if (node != ANY_NODE)
		area_bind(a, node);
	if (madvise(a->addr, area_bytes(a), MADV_POPULATE_WRITE))
		err(EXIT_FAILURE, "no room for %zu folios of %zu KiB on node %d",
		    folios, folio_kb, node);
	a->pfn = pfns_new(a);
	pfns_read(a, a->pfn);
	for (size_t f = 0; f < folios; f++) {
		if (!folio_whole(a->pfn + f * folio_pages(a), folio_pages(a)))
			errx(EXIT_FAILURE,
			     "node %d has no free folio of %zu KiB: give the machine more memory",
			     node, folio_kb);
	}
}

void area_destroy(struct area *a)
{
	munmap(a->map, a->map_bytes);
	free(a->pfn);
	memset(a, 0, sizeof(*a));
}

void area_punch(struct area *a, size_t keep)
{
	size_t bytes = a->folio_kb * KIB;

	for (size_t f = 0; f < a->folios; f++) {
		if (f % keep &&
		    madvise(a->addr + f * bytes, bytes, a->give_back))
			err(EXIT_FAILURE, "cannot give back a folio");
	}
}

void area_fill(struct area *a)
{
	char *page = a->addr;

	a->generation = ++last_generation;
	pfns_read(a, a->pfn);
	for (size_t i = 0; i < area_pages(a); i++, page += BASE_PAGE) {
		if (a->pfn[i])
			content_fill(page, a->generation);
	}
}

static bool folio_intact(const struct area *a, size_t f)
{
	const char *page = a->addr + f * a->folio_kb * KIB;

	for (size_t i = 0; i < folio_pages(a); i++, page += BASE_PAGE) {
		if (!content_check(page, a->generation)) {
			content_explain(page, a->generation);
			return false;
		}
	}
	return true;
}

static void folio_survey(const struct area *a, size_t f, const uint64_t *now,
			 struct placement *p)
{
	const uint64_t *before = a->pfn + f * folio_pages(a);
	size_t pages = folio_pages(a);

	for (size_t i = 0; i < pages; i++) {
		p->present += now[i] != 0;
		p->moved += now[i] != before[i];
	}
	if (!folio_whole(now, pages))
		p->broken++;
	if (!folio_intact(a, f))
		p->intact = false;
}

void area_survey(const struct area *a, struct placement *p)
{
	uint64_t *now = pfns_new(a);

	*p = (struct placement){ .intact = true };
	pfns_read(a, now);
	for (size_t f = 0; f < a->folios; f++) {
		if (a->pfn[f * folio_pages(a)])
			folio_survey(a, f, now + f * folio_pages(a), p);
	}
	free(now);
}
