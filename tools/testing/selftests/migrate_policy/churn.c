// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory under load for the migrate_policy selftests: see churn.h.
 */
#include "churn.h"

#include "ktap.h"
#include "mem.h"
#include "mover.h"
#include "pace.h"
#include "random.h"
#include "record.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MB		(1024ul * 1024)
#define IMAGE		"/tmp/migrate_policy_selftest.img"
#define MOUNT		"/tmp/migrate_policy_selftest.mnt"

#define MAKE_IMAGE	"mkfs.ext4 -q -F " IMAGE " >/dev/null"

/* Detached while it is mounted, the loop device ends with the mount. */
#define MOUNT_IMAGE	"dev=$(losetup -f --show " IMAGE ") && mount $dev " \
			MOUNT " && losetup -d $dev"

/* Records that a region's thread visits between two short sleeps. */
#define BURST		32

enum backing {
	ANON,
	SHMEM,
	FILE_DIRTY,	/* written all the time */
	FILE_CLEAN,	/* written and synced once, then only read */
};

struct region {
	const char *name;
	enum backing backing;
	size_t unit;		/* bytes per folio, at best */
	size_t size;
	int fd;			/* another way to write to it */
	char *map;
	struct ledger ledger;
	pthread_t thread;
	bool running;
};

static struct region regions[] = {
	{ .name = "anon 4K", .backing = ANON, .unit = BASE_PAGE,
	  .size = 2 * MB },
	{ .name = "anon 64K", .backing = ANON, .unit = 64 << 10,
	  .size = 2 * MB },
	{ .name = "anon 2M", .backing = ANON, .unit = HUGE_PAGE,
	  .size = 4 * MB },
	{ .name = "shmem 4K", .backing = SHMEM, .unit = BASE_PAGE,
	  .size = 2 * MB },
	{ .name = "shmem 2M", .backing = SHMEM, .unit = HUGE_PAGE,
	  .size = 4 * MB },
	{ .name = "file, dirty", .backing = FILE_DIRTY, .unit = BASE_PAGE,
	  .size = 1 * MB },
	{ .name = "file, clean", .backing = FILE_CLEAN, .unit = BASE_PAGE,
	  .size = 2 * MB },
};

static struct mover_range ranges[ARRAY_SIZE(regions)];
static struct mover_sums moved;
static atomic_bool stop;
static atomic_ullong nr_failed;		/* writes */

static struct record *record_at(const struct region *region, size_t i)
{
	return (struct record *)region->map + i;
}

/*
 * With a reference to the page, taken and dropped by the kernel, or through
 * the page cache, where there is one.
 */
static bool write_elsehow(const struct region *region, size_t i,
			  const struct record *record)
{
	off_t at = i * sizeof(*record);

	if (region->backing == ANON)
		at += (uintptr_t)region->map;
	return pwrite(region->fd, record, sizeof(*record), at) ==
	       sizeof(*record);
}

static void change_record(struct region *region, size_t i, bool elsehow)
{
	struct record record;

	if (!elsehow) {
		ledger_write(&region->ledger, i, 1, record_at(region, i));
		return;
	}
	ledger_write(&region->ledger, i, 1, &record);
	if (!write_elsehow(region, i, &record) &&
	    !atomic_fetch_add(&nr_failed, 1))
		ktap_note("%s: cannot write: %s", region->name,
			  strerror(errno));
}

static void *live(void *arg)
{
	struct region *region = arg;
	__u64 random = region->ledger.id * 0x1234567 + 1;

	while (!stop) {
		for (int k = 0; k < BURST; k++) {
			__u64 choice = random_next(&random);
			size_t i = choice % region->ledger.nr;

			ledger_check(&region->ledger, i, 1,
				     record_at(region, i));
			if (region->backing != FILE_CLEAN)
				change_record(region, i, choice >> 61 == 0);
		}
		pace_rest_us(1000);
	}
	return NULL;
}

/* A file system of our own whose files can be copied ahead while clean. */
static bool mount_image(void)
{
	int fd = open(IMAGE, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, 64 * MB))
		return ktap_expect(false, "to make the file %s", IMAGE);
	close(fd);
	undo_unlink(IMAGE);
	if (mkdir(MOUNT, 0700) && errno != EEXIST)
		return ktap_expect(false, "to make the directory %s", MOUNT);
	undo_rmdir(MOUNT);
	if (system(MAKE_IMAGE) || system(MOUNT_IMAGE))
		return ktap_expect(false, "to mount an ext4 image by loop");
	undo_mount(MOUNT);
	return true;
}

static bool open_backing(struct region *region)
{
	bool ok = true;
	char path[SYS_PATH];

	if (region->backing == ANON) {
		region->fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	} else if (region->backing == SHMEM) {
		region->fd = memfd_create("migrate_policy", MFD_CLOEXEC);
		ok = !ftruncate(region->fd, region->size);
	} else {
		snprintf(path, sizeof(path), MOUNT "/%zu",
			 (size_t)(region - regions));
		region->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		ok = !ftruncate(region->fd, region->size);
	}
	return ktap_expect(region->fd >= 0 && ok, "to open a file for %s",
			   region->name);
}

static bool map_region(struct region *region, int prot)
{
	int flags = region->backing == ANON ? MAP_PRIVATE | MAP_ANONYMOUS :
					      MAP_SHARED;
	char *hint = mem_aligned_place(region->size);
	int advice = region->unit == BASE_PAGE ? MADV_NOHUGEPAGE :
						 MADV_HUGEPAGE;

	region->map = mmap(hint, region->size, prot, flags | MAP_FIXED,
			   region->backing == ANON ? -1 : region->fd, 0);
	if (region->map == MAP_FAILED)
		return ktap_expect(false, "to map %s", region->name);
	madvise(region->map, region->size, advice);
	return true;
}

/* What is on disk and was read from there has no buffers and is clean. */
static bool make_clean(struct region *region)
{
	munmap(region->map, region->size);
	if (fsync(region->fd) ||
	    posix_fadvise(region->fd, 0, 0, POSIX_FADV_DONTNEED))
		return ktap_expect(false, "to sync %s", region->name);
	return map_region(region, PROT_READ);
}

static bool make_region(struct region *region)
{
	region->fd = -1;
	if (!ledger_open(&region->ledger, region->name, region->size) ||
	    !open_backing(region) ||
	    !map_region(region, PROT_READ | PROT_WRITE))
		return false;
	ledger_write(&region->ledger, 0, region->ledger.nr,
		     record_at(region, 0));
	return region->backing != FILE_CLEAN || make_clean(region);
}

static bool start_threads(void)
{
	bool ok = true;

	for (size_t i = 0; ok && i < ARRAY_SIZE(regions); i++) {
		ok = !pthread_create(&regions[i].thread, NULL, live,
				     &regions[i]);
		regions[i].running = ok;
	}
	for (size_t i = 0; i < ARRAY_SIZE(regions); i++)
		ranges[i] = (struct mover_range) {
			regions[i].map, regions[i].size, regions[i].unit,
		};
	return ktap_expect(ok, "to start all threads") &&
	       mover_start(ranges, ARRAY_SIZE(ranges),
			   MOVER_BIT(MOVER_PAGES) | MOVER_BIT(MOVER_MBIND) |
			   MOVER_BIT(MOVER_COMPACT));
}

bool churn_start(unsigned int part)
{
	static const char thp[] = "/sys/kernel/mm/transparent_hugepage";
	char path[SYS_PATH];

	snprintf(path, sizeof(path), "%s/hugepages-64kB/enabled", thp);
	sys_set(path, "madvise");
	snprintf(path, sizeof(path), "%s/shmem_enabled", thp);
	sys_set(path, "advise");
	if (!mount_image())
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(regions); i++) {
		regions[i].size /= part;
		if (regions[i].size < regions[i].unit)
			regions[i].size = regions[i].unit;
		if (!make_region(&regions[i]))
			return false;
	}
	return start_threads();
}

void churn_stop(void)
{
	mover_stop(&moved);
	stop = true;
	for (size_t i = 0; i < ARRAY_SIZE(regions); i++) {
		struct ledger *ledger = &regions[i].ledger;

		if (regions[i].running)
			pthread_join(regions[i].thread, NULL);
		ledger_check(ledger, 0, ledger->nr, record_at(&regions[i], 0));
	}
}

void churn_read(struct churn_sums *sums)
{
	*sums = (struct churn_sums) { .wrong = nr_failed };
	for (size_t i = 0; i < ARRAY_SIZE(regions); i++) {
		sums->wrong += regions[i].ledger.wrong;
		sums->checked += regions[i].ledger.checked;
		sums->written += regions[i].ledger.written;
	}
	for (size_t i = 0; i < NR_MOVERS; i++)
		sums->moves += moved.calls[i];
}

size_t churn_lost(void)
{
	size_t lost = 0;

	for (size_t i = 0; i < ARRAY_SIZE(regions); i++) {
		for (size_t at = 0; at < regions[i].size; at += BASE_PAGE)
			lost += mem_pfn(regions[i].map + at) == NO_PFN;
	}
	return lost;
}

void churn_free(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(regions); i++) {
		munmap(regions[i].map, regions[i].size);
		if (regions[i].fd >= 0)
			close(regions[i].fd);
		ledger_close(&regions[i].ledger);
	}
}
