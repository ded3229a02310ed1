// SPDX-License-Identifier: GPL-2.0-only
/*
 * A steady load for tests/trial_check.py and tests/test_guest_trial.py: moves
 * memory of its own there and back between two nodes, a list of 64 base pages
 * a call, until it is killed. With an argument the memory is of huge folios,
 * and a list has so many of them. With -p it sleeps so many milliseconds after
 * each call.
 *
 *	movers [-p MS] [FOLIOS]
 */
#include <numaif.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGES	64
#define HUGE	(2UL << 20)

struct list {
	void *folio[PAGES];
	int node[PAGES];
	int status[PAGES];
	unsigned long count;
};

/* Aligned to @size, and written to. */
static int fill(struct list *list, size_t size)
{
	size_t bytes = (list->count + 1) * size;
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return -1;
	memory = (char *)(((uintptr_t)memory + size - 1) & ~(size - 1));
	madvise(memory, list->count * size,
		size == HUGE ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	memset(memory, 1, list->count * size);
	for (unsigned long i = 0; i < list->count; i++)
		list->folio[i] = memory + i * size;
	return 0;
}

/* To a node and wait. */
static int move(struct list *list, int node, unsigned int ms)
{
	for (unsigned long i = 0; i < list->count; i++)
		list->node[i] = node;
	if (move_pages(0, list->count, list->folio, list->node, list->status,
		       MPOL_MF_MOVE) < 0)
		return -1;
	return ms ? usleep(ms * 1000) : 0;
}

static unsigned int pause_of(int argc, char **argv)
{
	unsigned int ms = 0;
	int option;

	while ((option = getopt(argc, argv, "p:")) != -1) {
		if (option != 'p')
			exit(2);
		ms = (unsigned int)strtoul(optarg, NULL, 10);
	}
	return ms;
}

int main(int argc, char **argv)
{
	unsigned int ms = pause_of(argc, argv);
	bool huge = argv[optind];
	struct list list = { .count = huge ? strtoul(argv[optind], NULL, 10) :
					     PAGES };
	size_t size = huge ? HUGE : (size_t)sysconf(_SC_PAGESIZE);

	if (!list.count || list.count > PAGES || fill(&list, size)) {
		fputs("movers: no memory, or no number from 1 to 64\n", stderr);
		return 1;
	}
	while (!move(&list, 1, ms) && !move(&list, 0, ms))
		;
	perror("movers: move_pages");
	return 1;
}
