// SPDX-License-Identifier: GPL-2.0-only
/*
 * The four ways in which copying ahead of the checks is known to go wrong, each
 * with memory of its kind, under a policy that allows all classes:
 *
 * - private hugetlb folios, whose state bits sit where a mark would;
 * - secret memory, which the kernel must not read, and refuses only later;
 * - block devices, whose users write by buffer heads, without the folio lock;
 * - shmem, which somebody may pin, write and release at any time: not allowed
 *   by default.
 *
 * Kernels with CONFIG_MIGRATE_COPY_FAULT also sleep between copy and move.
 */
#include "faults.h"
#include "ktap.h"
#include "mem.h"
#include "mover.h"
#include "pace.h"
#include "policy.h"
#include "provoke.h"
#include "random.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_memfd_secret
#define SYS_memfd_secret	447
#endif

#define MB		(1024ul * 1024)
#define HUGE_FOLIOS	4
#define POOL		"/sys/devices/system/node/node%d/hugepages/hugepages-2048kB/%s"
#define DELAY		POLICY_CONFIG "/faults/delay_us"

#define IMAGE		"/tmp/migrate_policy_holes.img"
#define MOUNT		"/tmp/migrate_policy_holes.mnt"
#define IMAGE_SIZE	(4 * MB)
/* Where a small file system has its bitmaps and inodes. */
#define METADATA	(512ul << 10)
#define MAKE_IMAGE	"mkfs.ext2 -q -F -b 1024 -N 512 " IMAGE " >/dev/null"
#define CHECK_IMAGE	"e2fsck -fn " IMAGE " 2>&1"
#define ATTACH_IMAGE	"losetup -f --show " IMAGE
#define CHURNERS	2
#define CHURN_SECONDS	8
#define FILES		24

static enum ktap_result result_of(bool ok)
{
	return ok ? KTAP_PASS : KTAP_FAIL;
}

/* All classes, and everything ahead: only the guards say no. */
static bool set_policies(const char *classes)
{
	static const enum reason reasons[] = {
		SYSCALL_OR_CPUSET, MEMPOLICY_MBIND, COMPACTION,
	};

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		if (policy_set(reasons[i], "backend", "mt") ||
		    policy_set(reasons[i], "workers", "1") ||
		    policy_set(reasons[i], "min_pages", "1") ||
		    (classes && policy_set(reasons[i], "classes", classes)))
			return false;
	}
	return true;
}

/* Where the kernel can: sleeps between copy and move, every other time. */
static bool widen_window(void)
{
	size_t nr = faults_open();

	for (size_t i = 0; i < nr; i++) {
		if (!strcmp(faults_name(i), "delay")) {
			faults_begin(i, 50);
			return !sys_set(DELAY, "3000");
		}
	}
	return true;
}

/* Private hugetlb folios */

static __u64 pool(int node, const char *name)
{
	char path[SYS_PATH];

	snprintf(path, sizeof(path), POOL, node, name);
	return sys_number(path);
}

static __u64 both_pools(const char *name)
{
	return pool(FAST_NODE, name) + pool(SLOW_NODE, name);
}

static bool set_pools(void)
{
	char path[SYS_PATH];
	bool ok;

	snprintf(path, sizeof(path), POOL, SLOW_NODE, "nr_hugepages");
	ok = !sys_set(path, "0");
	snprintf(path, sizeof(path), POOL, FAST_NODE, "nr_hugepages");
	ok = ok && !sys_set(path, "4");
	return ok && ktap_expect(pool(FAST_NODE, "free_hugepages") ==
				 HUGE_FOLIOS, "a pool of %d", HUGE_FOLIOS);
}

/* The destinations are temporary: there is nothing in that node's pool. */
static bool move_hugetlb(struct area *area)
{
	__u64 surplus = both_pools("surplus_hugepages");
	long rc = mem_move(area, SLOW_NODE);
	size_t wrong = mem_wrong(area), there = mem_on_node(area, SLOW_NODE);
	bool ok;

	ok = ktap_expect(!rc, "move_pages to return 0, not %ld", rc);
	ok &= ktap_expect(there == mem_pages(area), "all pages to move, not %zu",
			  there);
	ok &= ktap_expect(!wrong, "no wrong byte, not %zu", wrong);
	ok &= ktap_expect(both_pools("nr_hugepages") == HUGE_FOLIOS &&
			  !both_pools("free_hugepages") &&
			  both_pools("surplus_hugepages") == surplus,
			  "the pools as they were");
	ktap_note("figure pages migrated under check: %zu", there);
	return ok;
}

static enum ktap_result try_hugetlb(const void *arg)
{
	int mark = undo_mark();
	struct area area;
	bool ok;

	(void)arg;
	ok = set_policies("anon,swapcache,shmem,file") && set_pools() &&
	     !mem_map(&area, MEM_HUGETLB, HUGE_FOLIOS * HUGE_PAGE, FAST_NODE);
	if (ok) {
		ok = move_hugetlb(&area);
		mem_unmap(&area);
		ok &= ktap_expect(both_pools("nr_hugepages") == HUGE_FOLIOS &&
				  both_pools("free_hugepages") == HUGE_FOLIOS,
				  "the pools to get all folios back");
	}
	undo_to(mark);
	return result_of(ok);
}

/* Secret memory */

static __u64 corrupted(void)
{
	return sys_sum_lines("/proc/meminfo", "HardwareCorrupted");
}

static bool map_secret(struct area *area)
{
	int fd = syscall(SYS_memfd_secret, O_CLOEXEC), rc;
	void *map = MAP_FAILED;

	if (fd >= 0 && !ftruncate(fd, MB))
		map = mmap(NULL, MB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	if (!ktap_expect(map != MAP_FAILED, "secret memory, not %s",
			 strerror(errno)))
		return false;
	rc = mem_list(area, map, MB, BASE_PAGE);
	return ktap_expect(!rc && !mem_populate(area, 0, area->nr, FAST_NODE),
			   "to fill secret memory");
}

static bool secret_is_intact(struct area *area, const char *after, __u64 before)
{
	size_t wrong = mem_wrong(area);
	bool ok;

	ok = ktap_expect(!mem_moved(area), "%s to leave the pages alone",
			 after);
	ok &= ktap_expect(!wrong, "no wrong byte after %s, not %zu", after,
			  wrong);
	ok &= ktap_expect(corrupted() == before,
			  "%s not to take pages for corrupted", after);
	return ok;
}

static bool move_secret(struct area *area)
{
	__u64 before = corrupted();
	long rc = mem_move(area, SLOW_NODE);
	bool ok;

	ktap_note("move_pages returns %ld", rc);
	ok = ktap_expect(!mem_on_node(area, SLOW_NODE), "no page to move");
	ok &= secret_is_intact(area, "move_pages", before);
	rc = mem_mbind(area->map, area->map_size, SLOW_NODE, 2);
	ok &= ktap_expect(!rc, "mbind to return 0, not %ld", rc);
	ok &= secret_is_intact(area, "mbind", before);
	for (int i = 0; i < 3; i++)
		ok &= ktap_expect(!sys_write("/proc/sys/vm/compact_memory", "1"),
				  "compact_memory to work");
	ok &= secret_is_intact(area, "compact_memory", before);
	return ok;
}

static enum ktap_result try_secret(const void *arg)
{
	int mark = undo_mark();
	struct area area = {};
	bool ok;

	(void)arg;
	ok = set_policies("anon,swapcache,shmem,file") && map_secret(&area) &&
	     move_secret(&area);
	mem_unmap(&area);
	undo_to(mark);
	return result_of(ok);
}

/* Block devices */

static atomic_bool stop;
static atomic_ullong nr_changes;	/* of the file system */

/* A file of a size that needs bitmaps, an inode, and sometimes more blocks. */
static bool change_file(const char *path, __u64 choice)
{
	char data[24 << 10] = {};
	int fd;

	if (choice % 3 == 0)
		return !unlink(path) || errno == ENOENT;
	if (choice % 3 == 1)
		return !truncate(path, choice % sizeof(data)) ||
		       errno == ENOENT || errno == ENOSPC;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == ENOSPC;
	if (write(fd, data, choice % sizeof(data)) < 0 && errno != ENOSPC) {
		close(fd);
		return false;
	}
	return !close(fd);
}

static void *churn_files(void *arg)
{
	size_t me = (uintptr_t)arg;
	__u64 random = me + 1;
	char path[SYS_PATH];

	while (!stop) {
		__u64 choice = random_next(&random) >> 8;

		snprintf(path, sizeof(path), MOUNT "/%zu.%llu", me,
			 choice % FILES);
		if (!change_file(path, choice / FILES)) {
			ktap_note("%s: %s", path, strerror(errno));
			return (void *)1;
		}
		nr_changes++;
	}
	return NULL;
}

static bool attach_image(char *device, size_t size)
{
	FILE *pipe = popen(ATTACH_IMAGE, "re");
	bool ok = pipe && fgets(device, size, pipe);

	if (pipe && pclose(pipe))
		ok = false;
	device[strcspn(device, "\n")] = '\0';
	return ktap_expect(ok, "a loop device");
}

/* Detached while it is mounted, the loop device ends with its last user. */
static bool mount_device(const char *device)
{
	char detach[SYS_PATH];
	bool ok;

	snprintf(detach, sizeof(detach), "losetup -d %s", device);
	ok = ktap_expect(!mount(device, MOUNT, "ext2", 0, NULL),
			 "to mount %s, not %s", device, strerror(errno));
	if (ok)
		undo_mount(MOUNT);
	return ktap_expect(!system(detach), "to detach %s", device) && ok;
}

static bool make_image(char *device, size_t size)
{
	int fd = open(IMAGE, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && !ftruncate(fd, IMAGE_SIZE);

	if (fd >= 0)
		close(fd);
	undo_unlink(IMAGE);
	if (!ktap_expect(ok, "to make the file %s", IMAGE))
		return false;
	if (mkdir(MOUNT, 0700) && errno != EEXIST)
		return ktap_expect(false, "to make the directory %s", MOUNT);
	undo_rmdir(MOUNT);
	return ktap_expect(!system(MAKE_IMAGE), "to make an ext2 image") &&
	       attach_image(device, size) && mount_device(device);
}

static void *map_device(const char *device)
{
	int fd = open(device, O_RDONLY | O_CLOEXEC);
	void *map = MAP_FAILED;

	if (fd >= 0)
		map = mmap(NULL, METADATA, PROT_READ, MAP_SHARED | MAP_POPULATE,
			   fd, 0);
	if (fd >= 0)
		close(fd);
	return map;
}

static bool join_churners(const pthread_t *threads, size_t nr)
{
	bool ok = true;

	stop = true;
	for (size_t i = 0; i < nr; i++) {
		void *failed;

		ok &= !pthread_join(threads[i], &failed) && !failed;
	}
	return ktap_expect(ok, "no file operation to fail");
}

static bool churn_and_move(char *map, unsigned int seconds)
{
	const struct mover_range range = { map, METADATA, BASE_PAGE };
	pthread_t threads[CHURNERS];
	__u64 faults = faults_injected();
	struct mover_sums sums;
	size_t nr = 0;
	bool ok;

	stop = false;
	ok = mover_start(&range, 1, MOVER_BIT(MOVER_PAGES) |
				    MOVER_BIT(MOVER_COMPACT));
	while (ok && nr < CHURNERS) {
		ok = !pthread_create(&threads[nr], NULL, churn_files,
				     (void *)(uintptr_t)nr);
		nr += ok;
	}
	for (unsigned int i = 0; ok && i < 10 * seconds; i++)
		pace_rest_us(100000);
	ok &= join_churners(threads, nr);
	mover_stop(&sums);
	ktap_note("figure pages migrated under check: %llu", sums.pages);
	ktap_note("figure writes racing with migration: %llu",
		  (unsigned long long)nr_changes);
	ktap_note("figure faults injected: %llu", faults_injected() - faults);
	return ktap_expect(ok && sums.pages, "pages to move meanwhile");
}

/* Says what e2fsck says if it finds fault with the image. */
static bool image_is_clean(void)
{
	FILE *pipe = popen(CHECK_IMAGE, "re");
	char lines[12][160];
	size_t nr = 0;
	int rc;

	while (pipe && fgets(lines[nr % 12], sizeof(lines[0]), pipe))
		nr++;
	rc = pipe ? pclose(pipe) : -1;
	for (size_t i = 0; rc && i < nr && i < 12; i++) {
		lines[i][strcspn(lines[i], "\n")] = '\0';
		ktap_note("%s", lines[i]);
	}
	return ktap_expect(!rc, "a clean file system, not status %d", rc);
}

static enum ktap_result try_block_device(const void *arg)
{
	unsigned int seconds = pace_seconds(CHURN_SECONDS);
	int mark = undo_mark();
	char device[64] = "";
	void *map;
	bool ok;

	(void)arg;
	ok = make_image(device, sizeof(device));
	map = ok ? map_device(device) : MAP_FAILED;
	ok = ktap_expect(map != MAP_FAILED, "to map %s", device) &&
	     set_policies("anon,swapcache,shmem,file") && widen_window() &&
	     churn_and_move(map, seconds);
	if (map != MAP_FAILED)
		munmap(map, METADATA);
	ok &= ktap_expect(!umount2(MOUNT, 0), "to unmount, not %s",
			  strerror(errno));
	ok &= image_is_clean();
	undo_to(mark);
	return result_of(ok);
}

/* Shmem */

static bool move_shmem(struct area *area)
{
	struct counters before, after;
	size_t wrong;
	long rc;
	bool ok;

	policy_reason_counters(SYSCALL_OR_CPUSET, &before);
	rc = mem_move(area, SLOW_NODE);
	policy_reason_counters(SYSCALL_OR_CPUSET, &after);
	wrong = mem_wrong(area);
	ok = ktap_expect(!rc && mem_moved(area) == area->nr,
			 "all pages to move");
	ok &= ktap_expect(!wrong, "no wrong byte, not %zu", wrong);
	ok &= ktap_expect(!counted(&before, &after, PAGES),
			  "nothing copied ahead, not %llu",
			  counted(&before, &after, PAGES));
	ok &= ktap_expect(counted(&before, &after, SUCCEEDED) >= area->nr,
			  "the moves to be counted");
	return ok;
}

static enum ktap_result try_shmem(const void *arg)
{
	int fd = memfd_create("migrate_policy", MFD_CLOEXEC);
	int mark = undo_mark();
	void *map = MAP_FAILED;
	struct area area = {};
	bool ok;

	(void)arg;
	if (fd >= 0 && !ftruncate(fd, MB))
		map = mmap(NULL, MB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	ok = ktap_expect(map != MAP_FAILED, "a memfd") &&
	     !mem_list(&area, map, MB, BASE_PAGE) &&
	     !mem_populate(&area, 0, area.nr, FAST_NODE) &&
	     set_policies(NULL) && move_shmem(&area);
	mem_unmap(&area);
	undo_to(mark);
	return result_of(ok);
}

static enum ktap_result no_splat(const void *before)
{
	__u64 splats = sys_splats() & ~*(const __u64 *)before;

	return result_of(ktap_expect(!splats, "no splat in the kernel log"));
}

int main(void)
{
	static __u64 splats;
	static const struct ktap_case cases[] = {
		{ "private hugetlb to a node without a pool", try_hugetlb, NULL },
		{ "secret memory stays where it is", try_secret, NULL },
		{ "metadata on a block device", try_block_device, NULL },
		{ "shmem is not copied ahead by default", try_shmem, NULL },
		{ "no splat", no_splat, &splats },
	};

	if (geteuid())
		return ktap_skip_all("run it as root");
	if (!policy_present() || !policy_enabled())
		return ktap_skip_all("this kernel has no migrate_policy");
	if (!provoke_two_nodes())
		return ktap_skip_all("no second memory node without CPUs");
	splats = sys_splats();
	undo_init();
	return ktap_run(cases, ARRAY_SIZE(cases));
}
