// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory under load for the migrate_policy selftests: see churn.h.
 */
#include "churn.h"

#include "ktap.h"
#include "mem.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
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

struct record {
	__u64 place;
	__u64 generation;
	__u64 body[5];
	__u64 sum;
};

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
	__u64 id;
	int fd;			/* another way to write to it */
	char *map;
	size_t nr;
	__u32 *generation;	/* of each record */
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

static atomic_bool stop;
static atomic_ullong nr_wrong, nr_checked, nr_written, nr_moves;

static void pause_us(long us)
{
	struct timespec time = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&time, NULL);
}

static __u64 mix(__u64 x)
{
	x ^= x >> 31;
	x *= 0x7fb5d329728ea185ull;
	x ^= x >> 27;
	return x * 0x81dadef4bc2dd44dull;
}

/* xorshift: threads must not share a lock on a random generator. */
static __u64 next_random(__u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void make_record(const struct region *region, size_t i,
			struct record *record)
{
	__u64 sum;

	record->place = region->id << 48 | i;
	record->generation = region->generation[i];
	sum = mix(record->place) ^ record->generation;
	for (size_t k = 0; k < ARRAY_SIZE(record->body); k++) {
		record->body[k] = mix(sum + k);
		sum += record->body[k];
	}
	record->sum = sum;
}

static struct record *record_at(const struct region *region, size_t i)
{
	return (struct record *)region->map + i;
}

static bool check_record(const struct region *region, size_t i)
{
	const struct record *found = record_at(region, i);
	struct record expected;

	make_record(region, i, &expected);
	atomic_fetch_add(&nr_checked, 1);
	if (!memcmp(found, &expected, sizeof(expected)))
		return true;
	if (atomic_fetch_add(&nr_wrong, 1) < 10)
		ktap_note("%s: record %zu: place %llx generation %llu, expected %llx %llu",
			  region->name, i, found->place, found->generation,
			  expected.place, expected.generation);
	return false;
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

	region->generation[i]++;
	make_record(region, i, &record);
	atomic_fetch_add(&nr_written, 1);
	if (!elsehow)
		*record_at(region, i) = record;
	else if (!write_elsehow(region, i, &record) &&
		 !atomic_fetch_add(&nr_wrong, 1))
		ktap_note("%s: cannot write: %s", region->name,
			  strerror(errno));
}

static void *live(void *arg)
{
	struct region *region = arg;
	__u64 random = region->id * 0x1234567 + 1;

	while (!stop) {
		for (int k = 0; k < BURST; k++) {
			__u64 choice = next_random(&random);
			size_t i = choice % region->nr;

			check_record(region, i);
			if (region->backing != FILE_CLEAN)
				change_record(region, i, choice >> 61 == 0);
		}
		pause_us(1000);
	}
	return NULL;
}

/* Every region, one after the other, to and fro. */
static void *move_all(void *arg)
{
	struct area area = {};
	int node = 1;

	(void)arg;
	while (!stop) {
		for (size_t k = 0; k < ARRAY_SIZE(regions); k++) {
			mem_list(&area, regions[k].map, regions[k].size,
				 regions[k].unit);
			mem_move(&area, node);
			mem_unlist(&area);
			atomic_fetch_add(&nr_moves, 1);
		}
		node = !node;
	}
	return NULL;
}

static void *mbind_all(void *arg)
{
	int node = 0;

	(void)arg;
	while (!stop) {
		for (size_t k = ARRAY_SIZE(regions); k-- > 0;) {
			mem_mbind(regions[k].map, regions[k].size, node,
				  MPOL_MF_MOVE);
			atomic_fetch_add(&nr_moves, 1);
		}
		node = !node;
	}
	return NULL;
}

static void *compact_all(void *arg)
{
	(void)arg;
	while (!stop) {
		sys_write("/proc/sys/vm/compact_memory", "1");
		atomic_fetch_add(&nr_moves, 1);
		pause_us(100000);
	}
	return NULL;
}

static struct {
	void *(*run)(void *arg);
	pthread_t thread;
	bool running;
} movers[] = {
	{ .run = move_all },
	{ .run = mbind_all },
	{ .run = compact_all },
};

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
		snprintf(path, sizeof(path), MOUNT "/%llu", region->id);
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
	region->id = region - regions + 1;
	region->fd = -1;
	region->generation = calloc(region->size / sizeof(struct record),
				    sizeof(*region->generation));
	if (!region->generation || !open_backing(region) ||
	    !map_region(region, PROT_READ | PROT_WRITE))
		return false;
	region->nr = region->size / sizeof(struct record);
	for (size_t i = 0; i < region->nr; i++)
		make_record(region, i, record_at(region, i));
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
	for (size_t i = 0; ok && i < ARRAY_SIZE(movers); i++) {
		ok = !pthread_create(&movers[i].thread, NULL, movers[i].run,
				     NULL);
		movers[i].running = ok;
	}
	return ktap_expect(ok, "to start all threads");
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
	stop = true;
	for (size_t i = 0; i < ARRAY_SIZE(movers); i++) {
		if (movers[i].running)
			pthread_join(movers[i].thread, NULL);
	}
	for (size_t i = 0; i < ARRAY_SIZE(regions); i++) {
		if (regions[i].running)
			pthread_join(regions[i].thread, NULL);
		for (size_t k = 0; k < regions[i].nr; k++)
			check_record(&regions[i], k);
	}
}

void churn_read(struct churn_sums *sums)
{
	sums->wrong = nr_wrong;
	sums->checked = nr_checked;
	sums->written = nr_written;
	sums->moves = nr_moves;
}

size_t churn_lost(void)
{
	size_t lost = 0;

	for (size_t i = 0; i < ARRAY_SIZE(regions); i++) {
		for (size_t at = 0; at < regions[i].size; at += BASE_PAGE)
			lost += !mem_pfn(regions[i].map + at);
	}
	return lost;
}

void churn_free(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(regions); i++) {
		munmap(regions[i].map, regions[i].size);
		if (regions[i].fd >= 0)
			close(regions[i].fd);
		free(regions[i].generation);
	}
}
