// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reproducer, for running by hand: what io_uring reads into a registered
 * buffer can get lost in swap, on a kernel without this layer, too. No page
 * migrates here.
 *
 * A page that was swapped in by a read is in the swap cache, clean, and mapped
 * writable; so is, outside of it, a page of shmem that was only read so far.
 * Pinning it leaves the page table entry as it is, and io_uring
 * (io_uring/rsrc.c) does not make the pages of a registered buffer dirty when
 * it lets go of them. So reclaim takes the page for what is in swap already,
 * or for zeros.
 *
 * Passes if nothing is lost.
 */
#include "ktap.h"
#include "loopdev.h"
#include "mem.h"
#include "swap.h"
#include "sys.h"
#include "uring.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGES		64
#define SIZE		(PAGES * BASE_PAGE)
#define SWAP_SIZE	(16ul << 20)
#define TRIES		50
#define PAUSE_US	500000

enum { OLD = 'o', NEW = 'n' };

static bool in_swap(const char *map)
{
	for (size_t i = 0; i < PAGES; i++) {
		if (mem_pfn(map + i * BASE_PAGE) != NO_PFN)
			return false;
	}
	return true;
}

/*
 * io_uring lets go of its buffers some time after close(2). Before that a page
 * would only be unmapped.
 */
static bool page_out(char *map)
{
	usleep(PAUSE_US);
	for (int try = 0; try < TRIES && !in_swap(map); try++) {
		madvise(map, SIZE, MADV_PAGEOUT);
		usleep(20000);
	}
	return ktap_expect(in_swap(map), "all pages to be swapped out");
}

/* Reads, that is: a write would make the pages dirty. */
static size_t pages_with(const char *map, char what)
{
	size_t nr = 0;

	for (size_t i = 0; i < PAGES; i++)
		nr += __atomic_load_n(map + i * BASE_PAGE, __ATOMIC_RELAXED) ==
		      what;
	return nr;
}

static bool fill_device(struct loopdev *loop, char *map)
{
	memset(map, NEW, SIZE);
	return ktap_expect(pwrite(loop->fd, map, SIZE, 0) == (ssize_t)SIZE,
			   "to write to the device, not: %s", strerror(errno));
}

/* Makes the pages clean: back from swap, or fresh. */
static bool make_clean(char *map, bool shared)
{
	if (shared)
		return ktap_expect(!madvise(map, SIZE, MADV_REMOVE) &&
				   pages_with(map, 0) == PAGES, "zeros");
	memset(map, OLD, SIZE);
	return page_out(map) && ktap_expect(pages_with(map, OLD) == PAGES,
					    "all pages to come back");
}

static bool lose(struct loopdev *loop, char *map, bool shared)
{
	size_t kept;
	ssize_t done;

	if (!fill_device(loop, map) || !make_clean(map, shared))
		return false;
	done = uring_read_fixed(loop->fd, map, SIZE, 0);
	if (!ktap_expect(done == (ssize_t)SIZE, "to read, not error %zd",
			 done) ||
	    !ktap_expect(pages_with(map, NEW) == PAGES, "to have read") ||
	    !page_out(map))
		return false;
	kept = pages_with(map, NEW);
	return ktap_expect(kept == PAGES, "%d pages as they were read, not %zu",
			   PAGES, kept);
}

static enum ktap_result read_and_swap(const void *arg)
{
	const int *flags = arg;
	char *map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
			 *flags | MAP_ANONYMOUS, -1, 0);
	struct loopdev loop;
	int mark = undo_mark();
	bool ok;

	if (!ktap_expect(map != MAP_FAILED, "memory") ||
	    madvise(map, SIZE, MADV_NOHUGEPAGE) || !swap_on_loop(SWAP_SIZE) ||
	    !loopdev_open(&loop, SIZE))
		return KTAP_FAIL;
	ok = lose(&loop, map, *flags == MAP_SHARED);
	loopdev_close(&loop);
	munmap(map, SIZE);
	undo_to(mark);
	return ok ? KTAP_PASS : KTAP_FAIL;
}

int main(void)
{
	static const int private = MAP_PRIVATE, shared = MAP_SHARED;
	static const struct ktap_case cases[] = {
		{ "registered buffers in the swap cache", read_and_swap,
		  &private },
		{ "registered buffers in fresh shmem", read_and_swap, &shared },
	};

	if (geteuid())
		return ktap_skip_all("run it as root");
	undo_init();
	return ktap_run(cases, ARRAY_SIZE(cases));
}
