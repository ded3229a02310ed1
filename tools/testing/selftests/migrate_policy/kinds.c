// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kinds of memory to torture: see kinds.h.
 */
#include "kinds.h"

#include "ktap.h"
#include "mem.h"
#include "pageflags.h"
#include "swap.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MB		0x100000ul
#define MTHP		(64ul << 10)
#define THP_SYSFS	"/sys/kernel/mm/transparent_hugepage"
#define KSM_SYSFS	"/sys/kernel/mm/ksm"
#define POOL		"/sys/devices/system/node/node%d/hugepages/" \
			"hugepages-2048kB/nr_hugepages"
#define POOL_PAGES	"16"
#define SWAP_SIZE	(48 * MB)

#define PRIVATE		(MAP_PRIVATE | MAP_ANONYMOUS)
#define MAY_HOLD	(MAY_PIN | MAY_REGISTER)
#define MAY_ANON	(MAY_HOLD | MAY_FORK | MAY_DISCARD | MAY_LOSE |	\
			 MAY_REMAP | MAY_MREMAP | MAY_PROTECT |		\
			 MAY_OFFLINE | MAY_POISON)
/*
 * Linux 6.12 leaks a poisoned page of a large folio that cannot be split for
 * the moment ("recovery action for unsplit thp: Failed").
 */
#define MAY_LARGE	((MAY_ANON & ~MAY_POISON) | MAY_SPLIT)
#define MAY_SHMEM	(MAY_HOLD | MAY_DISCARD | MAY_REMOVE |		\
			 MAY_MREMAP | MAY_PROTECT | MAY_OFFLINE)
#define MAY_FILE	(MAY_SHMEM | MAY_TRUNCATE | MAY_REMAP)

/* See uring_swap.c: io_uring does not make what it has read dirty. */
#define MAY_SWAPCACHE	(MAY_ANON & ~MAY_REGISTER)
#define MAY_SHMEM_SWAP	(MAY_FILE & ~MAY_REGISTER)

static bool allow_mthp(const struct kind *kind)
{
	(void)kind;
	return !sys_set(THP_SYSFS "/hugepages-64kB/enabled", "madvise");
}

static bool allow_shmem_thp(const struct kind *kind)
{
	(void)kind;
	return !sys_set(THP_SYSFS "/shmem_enabled", "advise");
}

static bool fill_pools(const struct kind *kind)
{
	char path[SYS_PATH];

	(void)kind;
	for (int node = 0; node < 2; node++) {
		snprintf(path, sizeof(path), POOL, node);
		if (sys_set(path, POOL_PAGES))
			return false;
	}
	return true;
}

/* Pages of another node are merged, too: they would differ otherwise. */
static bool run_ksm(const struct kind *kind)
{
	(void)kind;
	return !sys_set(KSM_SYSFS "/sleep_millisecs", "5") &&
	       !sys_set(KSM_SYSFS "/pages_to_scan", "1000") &&
	       !sys_set(KSM_SYSFS "/run", "1");
}

static bool prepare_zram(const struct kind *kind)
{
	(void)kind;
	return swap_on_zram(SWAP_SIZE);
}

static bool prepare_loop(const struct kind *kind)
{
	(void)kind;
	return swap_on_loop(SWAP_SIZE);
}

static int sized(int fd, size_t size)
{
	if (fd >= 0 && ftruncate(fd, size)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int make_memfd(const struct kind *kind)
{
	return sized(memfd_create("migrate_policy", MFD_CLOEXEC), kind->size);
}

static int make_huge_memfd(const struct kind *kind)
{
	return sized(memfd_create("migrate_policy", MFD_CLOEXEC | MFD_HUGETLB),
		     kind->size);
}

static int make_secret(const struct kind *kind)
{
	return sized(syscall(SYS_memfd_secret, O_CLOEXEC), kind->size);
}

/* The segment goes with its last mapping; shmat() takes the place of mmap(). */
static bool attach_sysv(char *at, size_t size)
{
	int id = shmget(IPC_PRIVATE, size, 0600);
	bool ok = id >= 0 && shmat(id, at, SHM_REMAP) == at;

	if (id >= 0)
		shmctl(id, IPC_RMID, NULL);
	return ok;
}

const struct kind kinds[] = {
	{ .name = "anon-4K", .class = CLASS_ANON, .may = MAY_ANON,
	  .size = 1 * MB, .unit = BASE_PAGE, .grain = BASE_PAGE,
	  .flags = PRIVATE, .advice = MADV_NOHUGEPAGE, .evidence = KPF_ANON },
	{ .name = "anon-64K", .class = CLASS_ANON, .may = MAY_LARGE,
	  .size = 14 * MTHP, .unit = MTHP, .grain = BASE_PAGE, .offset = MTHP,
	  .flags = PRIVATE, .advice = MADV_HUGEPAGE, .evidence = KPF_THP,
	  .prepare = allow_mthp },
	{ .name = "anon-2M", .class = CLASS_ANON, .may = MAY_LARGE,
	  .size = 4 * MB, .unit = HUGE_PAGE, .grain = BASE_PAGE,
	  .flags = PRIVATE, .advice = MADV_HUGEPAGE, .evidence = KPF_THP },
	{ .name = "mlocked", .class = CLASS_ANON, .may = MAY_ANON,
	  .size = 1 * MB, .unit = BASE_PAGE, .grain = BASE_PAGE,
	  .flags = PRIVATE | MAP_LOCKED, .advice = MADV_NOHUGEPAGE,
	  .evidence = KPF_UNEVICTABLE },
	{ .name = "ksm", .class = CLASS_ANON,
	  .may = (MAY_ANON & ~MAY_POISON) | MAY_MERGE,
	  .size = 1 * MB, .unit = BASE_PAGE, .grain = BASE_PAGE,
	  .flags = PRIVATE, .advice = MADV_MERGEABLE, .evidence = KPF_KSM,
	  .prepare = run_ksm },
	{ .name = "uffd", .class = CLASS_ANON,
	  .may = MAY_HOLD | MAY_DISCARD | MAY_OFFLINE | MAY_WATCH,
	  .size = 1 * MB, .unit = BASE_PAGE, .grain = BASE_PAGE,
	  .flags = PRIVATE, .advice = MADV_NOHUGEPAGE, .evidence = KPF_ANON },
	{ .name = "swap-zram", .class = CLASS_ANON, .may = MAY_ANON |
	  MAY_PAGEOUT, .size = 1 * MB, .unit = BASE_PAGE, .grain = BASE_PAGE,
	  .flags = PRIVATE, .advice = MADV_NOHUGEPAGE, .evidence = KPF_ANON,
	  .prepare = prepare_zram },
	{ .name = "swapcache", .class = CLASS_SWAP, .may = MAY_SWAPCACHE |
	  MAY_PAGEOUT, .size = 1 * MB, .unit = BASE_PAGE, .grain = BASE_PAGE,
	  .flags = PRIVATE, .advice = MADV_NOHUGEPAGE,
	  .evidence = KPF_SWAPCACHE, .prepare = prepare_loop },
	{ .name = "shared-anon", .class = CLASS_SHMEM, .may = MAY_SHMEM,
	  .size = 1 * MB, .unit = BASE_PAGE, .grain = BASE_PAGE,
	  .flags = MAP_SHARED | MAP_ANONYMOUS, .advice = MADV_NOHUGEPAGE,
	  .evidence = KPF_SWAPBACKED },
	{ .name = "memfd", .class = CLASS_SHMEM, .may = MAY_FILE,
	  .size = 1 * MB, .unit = BASE_PAGE, .grain = BASE_PAGE,
	  .flags = MAP_SHARED, .advice = MADV_NOHUGEPAGE,
	  .evidence = KPF_SWAPBACKED, .object = make_memfd },
	{ .name = "memfd-2M", .class = CLASS_SHMEM, .may = MAY_FILE | MAY_SPLIT,
	  .size = 4 * MB, .unit = HUGE_PAGE, .grain = BASE_PAGE,
	  .flags = MAP_SHARED, .advice = MADV_HUGEPAGE, .evidence = KPF_THP,
	  .prepare = allow_shmem_thp, .object = make_memfd },
	{ .name = "shmem-swap", .class = CLASS_SHMEM, .may = MAY_SHMEM_SWAP |
	  MAY_PAGEOUT, .size = 1 * MB, .unit = BASE_PAGE, .grain = BASE_PAGE,
	  .flags = MAP_SHARED, .advice = MADV_NOHUGEPAGE,
	  .evidence = KPF_SWAPBACKED, .prepare = prepare_zram,
	  .object = make_memfd },
	{ .name = "sysv", .class = CLASS_SHMEM, .may = MAY_SHMEM & ~MAY_MREMAP,
	  .size = 1 * MB, .unit = BASE_PAGE, .grain = BASE_PAGE,
	  .flags = 0, .advice = MADV_NOHUGEPAGE,
	  .evidence = KPF_SWAPBACKED },
	{ .name = "hugetlb-private", .may = MAY_HOLD | MAY_DISCARD | MAY_LOSE,
	  .size = 4 * MB, .unit = HUGE_PAGE, .grain = HUGE_PAGE,
	  .flags = PRIVATE | MAP_HUGETLB, .advice = -1, .evidence = KPF_HUGE,
	  .prepare = fill_pools },
	{ .name = "hugetlb-shared", .may = MAY_HOLD | MAY_TRUNCATE | MAY_REMAP,
	  .size = 4 * MB, .unit = HUGE_PAGE, .grain = HUGE_PAGE,
	  .flags = MAP_SHARED, .advice = -1, .evidence = KPF_HUGE,
	  .prepare = fill_pools, .object = make_huge_memfd },
	{ .name = "secretmem", .may = 0,
	  .size = 1 * MB, .unit = BASE_PAGE, .grain = BASE_PAGE,
	  .flags = MAP_SHARED, .advice = -1, .fixed = true,
	  .evidence = KPF_UNEVICTABLE, .object = make_secret },
};

const size_t nr_kinds = ARRAY_SIZE(kinds);

bool region_map(struct region *region, size_t at, size_t size)
{
	const struct kind *kind = region->kind;
	char *addr = region->map + at;
	bool ok;

	if (kind->flags)
		ok = mmap(addr, size, PROT_READ | PROT_WRITE,
			  kind->flags | MAP_FIXED, region->fd,
			  region->fd >= 0 ? at : 0) == addr;
	else
		ok = attach_sysv(addr, size);
	if (ok && kind->advice >= 0)
		ok = !madvise(addr, size, kind->advice);
	return ktap_expect(ok, "to map %zu bytes of %s, not: %s", size,
			   kind->name, strerror(errno));
}

/* With room behind and before it, so that neighbours do not merge. */
static bool reserve(struct region *region)
{
	size_t size = region->kind->size;

	region->map = mem_aligned_place(size + HUGE_PAGE);
	region->spare = mem_aligned_place(size + HUGE_PAGE);
	if (!region->map || !region->spare)
		return ktap_expect(false, "address space");
	region->map += region->kind->offset;
	region->spare += region->kind->offset;
	return true;
}

bool region_open(struct region *region, const struct kind *kind)
{
	memset(region, 0, sizeof(*region));
	region->kind = kind;
	region->fd = -1;
	if (!reserve(region) ||
	    !ledger_open(&region->ledger, kind->name, kind->size))
		return false;
	if (kind->object) {
		region->fd = kind->object(kind);
		if (region->fd < 0)
			return ktap_expect(false, "an object for %s, not: %s",
					   kind->name, strerror(errno));
	}
	if (!region_map(region, 0, kind->size))
		return false;
	if (kind->may & MAY_WATCH) {
		region->uffd = uffd_open(region->map, kind->size,
					 &region->ledger, 0);
		if (!region->uffd)
			return false;
	}
	ledger_write(&region->ledger, 0, region->ledger.nr,
		     region_record(region, 0));
	return true;
}

void region_close(struct region *region)
{
	size_t size = region->kind->size + HUGE_PAGE;

	uffd_close(region->uffd);
	if (region->map)
		munmap(region->map - region->kind->offset, size);
	if (region->spare)
		munmap(region->spare - region->kind->offset, size);
	if (region->fd >= 0)
		close(region->fd);
	ledger_close(&region->ledger);
}
