// SPDX-License-Identifier: GPL-2.0-only
/*
 * What two CPUs of this machine amount to when both copy: 2 if they are
 * independent, less if they share a core, a clock budget, or the memory's
 * bandwidth. Plain copies in two processes that have nothing to do with each
 * other, and no kernel in between: what no way of migrating can exceed.
 */
#include <err.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

/* As much as a workload moves: too much for a cache of one CPU's own. */
#define WORDS ((32ul << 20) / sizeof(uint64_t))
#define ROUNDS 15

static volatile uint64_t from[WORDS], to[WORDS];

static void copy_once(void)
{
	for (size_t i = 0; i < WORDS; i += 4) {
		to[i] = from[i];
		to[i + 1] = from[i + 1];
		to[i + 2] = from[i + 2];
		to[i + 3] = from[i + 3];
	}
}

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(EXIT_FAILURE, "cannot stay on CPU %d", cpu);
}

static pid_t partner_start(int cpu)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		err(EXIT_FAILURE, "cannot start a second process");
	if (pid)
		return pid;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		_exit(EXIT_FAILURE);
	stay_on(cpu);
	for (;;)
		copy_once();
}

/* Seconds for a copy while the partner copies too, or is stopped. */
static double copy_takes(pid_t partner, int how)
{
	struct timespec begin, end;

	if (kill(partner, how))
		err(EXIT_FAILURE, "cannot control the second process");
	clock_gettime(CLOCK_MONOTONIC, &begin);
	copy_once();
	clock_gettime(CLOCK_MONOTONIC, &end);
	return (double)(end.tv_sec - begin.tv_sec) +
	       (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
}

struct interval two_cpus(void)
{
	cpu_set_t before;
	double ratio[ROUNDS];
	pid_t partner;

	if (sched_getaffinity(0, sizeof(before), &before))
		err(EXIT_FAILURE, "cannot read the allowed CPUs");
	partner = partner_start(1);
	stay_on(0);
	for (size_t i = 0; i < WORDS; i++)
		from[i] = i;
	copy_once();
	for (int i = 0; i < ROUNDS; i++) {
		double both = copy_takes(partner, SIGCONT);

		ratio[i] = 2 * copy_takes(partner, SIGSTOP) / both;
	}
	kill(partner, SIGKILL);
	waitpid(partner, NULL, 0);
	if (sched_setaffinity(0, sizeof(before), &before))
		err(EXIT_FAILURE, "cannot leave CPU 0");
	return interval_of(ratio, ROUNDS);
}
