// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files on several file systems, of which each migrates its pages in its own
 * way, under load while their pages and those of the block device below
 * migrate: every record is right in the page cache and on disk, and the file
 * system's own fsck finds nothing.
 *
 * Before, for each: what is copied ahead is what the documentation says.
 */
#include "cgroup.h"
#include "disk.h"
#include "faults.h"
#include "filework.h"
#include "ktap.h"
#include "leaks.h"
#include "matrix.h"
#include "mem.h"
#include "mover.h"
#include "pace.h"
#include "policy.h"
#include "provoke.h"
#include "record.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_NOHUGEPAGE
#define MADV_NOHUGEPAGE		15
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#endif

#define MB		(1024ul * 1024)
#define PROBE_SIZE	MB
#define DEVICE_SIZE	(4 * MB)

#define ALL_CLASSES	"anon,swapcache,shmem,file"

/* The short run: of all file systems together. */
#define SHORT_SECONDS	70

/* Load on one file system goes on for at least as long. */
#define MIN_LOAD	3.0
#define STEP_US		200000

/* What the kernel may use more of in the end, in pages. */
#define LEAKS_NOISE	4096

struct setup {
	struct leaks leaks;
	__u64 mismatched;
	__u64 injected;
};

static struct setup at_start;
static double share;	/* seconds for each file system */

static enum ktap_result result_of(bool ok)
{
	return ok ? KTAP_PASS : KTAP_FAIL;
}

static enum ktap_result start(const void *arg)
{
	bool ok;

	(void)arg;
	ok = cgroup_join("memory") &&
	     !sys_set("/sys/kernel/mm/numa/demotion_enabled", "1") &&
	     matrix_open(matrix_seed());
	leaks_take(&at_start.leaks);
	at_start.mismatched = policy_mismatched();
	at_start.injected = faults_injected();
	return result_of(ok);
}

/*
 * A mapping of a file or device, with all of its pages there to stay: not to be
 * mapped anew by khugepaged.
 */
static bool map_whole(struct area *area, int fd, size_t size, int prot)
{
	void *map = mmap(NULL, size, prot, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		return ktap_expect(false, "to map a file: %s", strerror(errno));
	if (madvise(map, size, MADV_NOHUGEPAGE) ||
	    madvise(map, size, MADV_POPULATE_READ) ||
	    mem_list(area, map, size, BASE_PAGE)) {
		munmap(map, size);
		return ktap_expect(false, "to read all of a file");
	}
	return true;
}

static void unmap_whole(struct area *area)
{
	munmap(area->map, area->map_size);
	mem_unlist(area);
}

/*
 * Moves the area to and fro while only @classes may be copied ahead. Expects
 * most of what moves to be copied ahead, or nothing. (A journal keeps dirty
 * pages where they are.)
 */
static bool moves_as(const struct area *area, const char *what,
		     const char *classes, bool ahead)
{
	struct counters before, after;
	__u64 moved, copied;
	bool ok;

	if (policy_write(SYSCALL_OR_CPUSET, "classes", classes))
		return ktap_expect(false, "to set the classes %s", classes);
	policy_reason_counters(SYSCALL_OR_CPUSET, &before);
	mem_move(area, SLOW_NODE);
	mem_move(area, FAST_NODE);
	policy_reason_counters(SYSCALL_OR_CPUSET, &after);
	moved = counted(&before, &after, SUCCEEDED);
	copied = counted(&before, &after, PAGES);
	ktap_note("%s, classes %s: %llu pages moved, %llu of them copied ahead",
		  what, classes, moved, copied);
	ok = ktap_expect(moved >= mem_pages(area) || !strcmp(what, "dirty"),
			 "%zu pages to move to and fro", mem_pages(area));
	return ktap_expect(ahead ? copied >= moved / 4 * 3 : !copied,
			   "%s of them to be copied ahead",
			   ahead ? "most" : "none") && ok;
}

static const char *other_classes(const struct filesystem *fs)
{
	if (!fs->class)
		return "none";
	return strcmp(fs->class, "file") ? "anon,swapcache,file" :
					   "anon,swapcache,shmem";
}

/* Stores to every page: dirty page cache stays where it is until it moves. */
static void dirty(const struct area *area)
{
	for (size_t i = 0; i < area->nr; i++)
		__atomic_store_n(area->page[i], i, __ATOMIC_RELAXED);
}

static bool probe_mapping(const struct filesystem *fs, int fd)
{
	struct area area;
	bool ok;

	if (!map_whole(&area, fd, PROBE_SIZE, PROT_READ | PROT_WRITE))
		return false;
	ok = moves_as(&area, "clean", fs->class ?: ALL_CLASSES, fs->class);
	ok &= moves_as(&area, "clean", other_classes(fs), false);
	dirty(&area);
	ok &= moves_as(&area, "dirty", ALL_CLASSES,
		       fs->class && !strcmp(fs->class, "shmem"));
	unmap_whole(&area);
	return ok;
}

/* A file that is on disk, and was not written since it was read from there. */
static bool probe_file(const struct filesystem *fs)
{
	static char chunk[64 << 10];
	int fd = open(DISK_MOUNT "/probe", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	bool ok = fd >= 0;

	for (size_t at = 0; ok && at < PROBE_SIZE; at += sizeof(chunk))
		ok = write(fd, chunk, sizeof(chunk)) == sizeof(chunk);
	ok = ktap_expect(ok && !fsync(fd) &&
			 !posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED),
			 "to write a file") && probe_mapping(fs, fd);
	if (fd >= 0)
		close(fd);
	return ok;
}

/* Returns false, with a note, if there is a device that cannot be mapped. */
static bool map_device(struct area *area)
{
	int fd = open(disk_device(), O_RDONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return ktap_expect(false, "to open %s", disk_device());
	ok = map_whole(area, fd, DEVICE_SIZE, PROT_READ);
	close(fd);
	return ok;
}

static bool probe_device(void)
{
	struct area area;
	bool ok;

	if (!disk_device()[0])
		return true;
	if (!map_device(&area))
		return false;
	ok = moves_as(&area, "block device", ALL_CLASSES, false);
	unmap_whole(&area);
	return ok;
}

/* Does what is copied ahead have the class that the documentation says? */
static bool probe(const struct filesystem *fs)
{
	static const char * const keys[][2] = {
		{ "backend", "mt" }, { "workers", "1" },
		{ "batch_size", "512" }, { "classes", "none" },
	};
	bool ok = true;

	matrix_rest();
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		ok &= !policy_set(SYSCALL_OR_CPUSET, keys[i][0], keys[i][1]);
	ok = ok && probe_file(fs);
	return probe_device() && ok;
}

/* The first step copies the clean files ahead. */
static bool migrate_for(double seconds, const char *class,
			const struct mover_range *ranges, size_t nr,
			struct mover_sums *sums)
{
	double end = pace_now() + seconds;
	bool ok = mover_start(ranges, nr, MOVER_ALL & ~MOVER_BIT(MOVER_MBIND)) &&
		  matrix_step_to(class ?: "file");

	while (ok && pace_now() < end) {
		filework_populate();
		pace_rest_us(STEP_US);
		ok = matrix_step();
	}
	matrix_rest();
	mover_stop(sums);
	return ok;
}

/* Everything at once. */
static bool load(const struct filesystem *fs, double seconds)
{
	struct mover_range ranges[FILEWORK_RANGES + 1];
	size_t nr = filework_ranges(ranges);
	struct mover_sums moved = {};
	struct area device = {};
	bool ok = true;

	if (disk_device()[0]) {
		ok = map_device(&device);
		ranges[nr++] = (struct mover_range) {
			device.map, device.map_size, BASE_PAGE,
		};
	}
	ok = ok && filework_start() &&
	     migrate_for(seconds, fs->class, ranges, nr, &moved);
	ok &= filework_stop();
	if (device.map)
		unmap_whole(&device);
	ktap_note("figure pages migrated under check: %llu", moved.pages);
	return ok;
}

/* In the page cache, then on disk, which also passes fsck. */
static bool verify(const struct filesystem *fs)
{
	bool ok = filework_check();

	filework_close();
	if (!disk_umount(fs))
		return false;
	if (!fs->fsck)
		return ok;
	ok &= disk_clean(fs);
	if (!disk_mount(fs) || !filework_open())
		return false;
	ok &= filework_check();
	filework_close();
	return disk_umount(fs) && ok;
}

/* This file system's share of the time, less what the last one took besides. */
static double load_seconds(double besides)
{
	return share - besides > MIN_LOAD ? share - besides : MIN_LOAD;
}

static bool work_on(const struct filesystem *fs, double seconds)
{
	double begin = pace_now(), made, loaded;
	struct filework_sums sums;
	bool ok;

	ok = filework_make(DISK_MOUNT "/work", fs->holes) && filework_open();
	made = pace_now();
	ok = ok && load(fs, seconds);
	loaded = pace_now();
	ok = ok && verify(fs);
	filework_sums(&sums);
	ktap_note("figure writes racing with migration: %llu", sums.written);
	ktap_note("%.1f s to make, %.1f of load, %.1f to verify",
		  made - begin, loaded - made, pace_now() - loaded);
	ktap_note("%llu records written, %llu checked, %llu wrong",
		  sums.written, sums.checked, sums.wrong);
	return ok;
}

static enum ktap_result torture(const void *arg)
{
	static double besides = MIN_LOAD;
	const struct filesystem *fs = arg;
	double begin = pace_now(), seconds = load_seconds(besides);
	int mark = undo_mark();
	bool ok;

	if (!disk_possible(fs))
		return KTAP_SKIP;
	ok = disk_make(fs);
	if (ok) {
		ok = probe(fs);
		ok &= work_on(fs, seconds);
	}
	filework_free();
	undo_to(mark);
	besides = pace_now() - begin - seconds;
	return result_of(ok);
}

static enum ktap_result finish(const void *arg)
{
	__u64 found = policy_mismatched() - at_start.mismatched;
	bool ok;

	(void)arg;
	matrix_report();
	ktap_note("figure faults injected: %llu",
		  faults_injected() - at_start.injected);
	ok = ktap_expect(!found, "no copy to be wrong, not %llu", found);
	return result_of(leaks_none(&at_start.leaks, LEAKS_NOISE) && ok);
}

#define MAX_CASES	16

/* Those named on the command line, or all. */
static bool wanted(const struct filesystem *fs, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], fs->name))
			return true;
	}
	return argc < 2;
}

int main(int argc, char **argv)
{
	struct ktap_case cases[MAX_CASES];
	size_t nr = 0;

	if (geteuid())
		return ktap_skip_all("run it as root");
	if (!policy_present() || !policy_enabled())
		return ktap_skip_all("this kernel has no migrate_policy");
	if (!provoke_two_nodes())
		return ktap_skip_all("no second memory node without CPUs");
	undo_init();
	cases[nr++] = (struct ktap_case){ "policies", start, NULL };
	for (size_t i = 0; i < nr_filesystems; i++) {
		if (wanted(&filesystems[i], argc, argv))
			cases[nr++] = (struct ktap_case){
				filesystems[i].name, torture, &filesystems[i],
			};
	}
	share = (double)pace_seconds(SHORT_SECONDS) / (nr > 1 ? nr - 1 : 1);
	cases[nr++] = (struct ktap_case){ "nothing left behind", finish, NULL };
	return ktap_run(cases, nr);
}
