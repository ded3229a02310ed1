// SPDX-License-Identifier: GPL-2.0-only
/*
 * A machine with two memory nodes, for the tests of calibrate: linked into
 * migratectl-numa in place of libnuma's calls. move_pages() moves nothing; it
 * counts below $FAKE_ROOT what a kernel with the policy found there would
 * count. Inline takes 1000 ns a page; mt 500 ns and 100 us a batch, so it pays
 * from 200 pages on. $FAKE_NUMA changes that, from the Nth move on:
 *
 *   slow@N     mt takes twice the time of inline
 *   decline@N  mt declines everything
 *   uncounted@N  nothing is counted
 *   fail@N     moving fails
 *   stay@N     one folio stays
 *   corrupt@N  memory changes
 *   stop@N     SIGINT arrives
 *   lonely@N   there is one node (N counts for nothing)
 *   small@N    there are no huge folios (N counts for nothing)
 */
#include <errno.h>
#include <inttypes.h>
#include <numa.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "calibrate.h"

#define REASON	"syscall_or_cpuset"

static char mode[16];
static int first_move;
static int moves;

int __wrap_numa_available(void);
int __wrap_numa_max_node(void);
int __wrap_numa_node_of_cpu(int cpu);
long long __wrap_numa_node_size64(int node, long long *free_bytes);
struct bitmask *__wrap_numa_get_mems_allowed(void);
long __wrap_mbind(void *memory, unsigned long bytes, int policy,
		  const unsigned long *mask, unsigned long nodes,
		  unsigned int flags);
long __wrap_move_pages(int pid, unsigned long count, void **page,
		       const int *node, int *status, int flags);
bool __wrap_area_is_huge(const struct area *area);

__attribute__((constructor))
static void parse_mode(void)
{
	const char *text = getenv("FAKE_NUMA");

	if (text && sscanf(text, "%15[a-z]@%d", mode, &first_move) != 2)
		abort();
}

static bool is(const char *word)
{
	return !strcmp(mode, word) && moves >= first_move;
}

int __wrap_numa_available(void)
{
	return 0;
}

int __wrap_numa_max_node(void)
{
	return 1;
}

int __wrap_numa_node_of_cpu(int cpu)
{
	(void)cpu;
	return 0;
}

long long __wrap_numa_node_size64(int node, long long *free_bytes)
{
	*free_bytes = strcmp(mode, "lonely") || !node ? 1LL << 30 : 1;
	return 1LL << 31;
}

struct bitmask *__wrap_numa_get_mems_allowed(void)
{
	struct bitmask *nodes = numa_bitmask_alloc(64);

	return numa_bitmask_setall(nodes);
}

long __wrap_mbind(void *memory, unsigned long bytes, int policy,
		  const unsigned long *mask, unsigned long nodes,
		  unsigned int flags)
{
	(void)memory;
	(void)bytes;
	(void)policy;
	(void)nodes;
	(void)flags;
	return mask[0] == 1 ? 0 : -1;
}

bool __wrap_area_is_huge(const struct area *area)
{
	(void)area;
	return strcmp(mode, "small");
}

static FILE *open_file(const char *tree, const char *name, const char *how)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path),
		 "%s/sys/kernel/%s/migrate_policy/reasons/" REASON "/%s",
		 getenv("FAKE_ROOT"), tree, name);
	file = fopen(path, how);
	if (!file)
		abort();
	return file;
}

static void read_setting(const char *key, char *value)
{
	FILE *file = open_file("config", key, "r");

	if (fscanf(file, "%31s", value) != 1)
		abort();
	fclose(file);
}

static void count(const char *counter, uint64_t more)
{
	FILE *file = open_file("mm", counter, "r");
	uint64_t value;

	if (fscanf(file, "%" SCNu64, &value) != 1)
		abort();
	fclose(file);
	file = open_file("mm", counter, "w");
	fprintf(file, "%" PRIu64 "\n", value + more);
	fclose(file);
}

static void count_move(uint64_t pages)
{
	char backend[32], batch[32];
	uint64_t ns = 1000 * pages;
	bool mt;

	read_setting("backend", backend);
	read_setting("batch_size", batch);
	mt = !strcmp(backend, "mt");
	if (mt && !is("decline")) {
		ns = pages * 500 + pages * 100000 / strtoul(batch, NULL, 10);
		count("pages", pages);
	}
	if (mt && is("slow"))
		ns = 2000 * pages;
	count("cut_ns", ns);
	count("succeeded", pages);
}

long __wrap_move_pages(int pid, unsigned long folios, void **page,
		       const int *node, int *status, int flags)
{
	uint64_t bytes = (uint64_t)((char *)page[1] - (char *)page[0]);

	(void)pid;
	(void)node;
	(void)status;
	(void)flags;
	moves++;
	if (is("corrupt"))
		*(char *)page[folios - 1] ^= 1;
	if (is("stop"))
		raise(SIGINT);
	if (is("fail")) {
		errno = EBUSY;
		return -1;
	}
	if (!is("uncounted"))
		count_move(folios * bytes / (uint64_t)sysconf(_SC_PAGESIZE));
	return is("stay");
}
