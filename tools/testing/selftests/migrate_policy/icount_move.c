// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moves the same 4 KiB pages from node 0 to node 1 and back, many times, and
 * prints how many nanoseconds of guest time that took. For scripts/check-icount:
 * in an emulator whose clock counts instructions, it is the number of
 * instructions that move_pages(2) needs, interrupts included.
 *
 *	icount_move ROUNDS
 *
 * Prints "page-moves nanoseconds slowest-round fastest-round".
 */
#include <errno.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PAGES		512
#define WARM_UP		16

struct area {
	char *base;
	void *pages[PAGES];
	int nodes[2][PAGES];
	int status[PAGES];
};

static long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static int fail(const char *what)
{
	fprintf(stderr, "icount_move: %s: %s\n", what, strerror(errno));
	return -1;
}

static int area_init(struct area *area, long page_size)
{
	size_t size = PAGES * page_size;
	int i;

	area->base = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area->base == MAP_FAILED)
		return fail("mmap");
	/* A kernel without THP has nothing to switch off. */
	if (madvise(area->base, size, MADV_NOHUGEPAGE) && errno != EINVAL)
		return fail("madvise");
	memset(area->base, 0x5a, size);
	for (i = 0; i < PAGES; i++) {
		area->pages[i] = area->base + i * page_size;
		area->nodes[0][i] = 0;
		area->nodes[1][i] = 1;
	}
	return 0;
}

static int move_to(struct area *area, int node)
{
	int i;

	if (syscall(SYS_move_pages, 0, PAGES, area->pages, area->nodes[node],
		    area->status, MPOL_MF_MOVE))
		return fail("move_pages");
	for (i = 0; i < PAGES; i++) {
		if (area->status[i] != node) {
			fprintf(stderr, "icount_move: page %d is at %d, not on node %d\n",
				i, area->status[i], node);
			return -1;
		}
	}
	return 0;
}

/* To node 1 and back; returns the time both moves took, or -1. */
static long long one_round(struct area *area)
{
	long long begin = now_ns();

	if (move_to(area, 1) || move_to(area, 0))
		return -1;
	return now_ns() - begin;
}

static int run(struct area *area, long rounds)
{
	long long sum = 0, slowest = 0, fastest = -1;
	long i;

	for (i = -WARM_UP; i < rounds; i++) {
		long long took = one_round(area);

		if (took < 0)
			return -1;
		if (i < 0)
			continue;
		sum += took;
		if (took > slowest)
			slowest = took;
		if (fastest < 0 || took < fastest)
			fastest = took;
	}
	printf("%ld %lld %lld %lld\n", 2 * PAGES * rounds, sum, slowest,
	       fastest);
	return 0;
}

int main(int argc, char **argv)
{
	static struct area area;
	long rounds = argc == 2 ? atol(argv[1]) : 0;

	if (rounds < 1) {
		fprintf(stderr, "usage: icount_move ROUNDS\n");
		return 2;
	}
	if (area_init(&area, sysconf(_SC_PAGESIZE)))
		return 1;
	return run(&area, rounds) ? 1 : 0;
}
