// SPDX-License-Identifier: GPL-2.0-only
/*
 * measure RUNS COMMAND [ARGUMENT...]: runs a command and tells what that cost:
 * the median of the wall clock times in ns, and the peak of resident memory in
 * KiB. The command's output goes to /dev/null. A child begins as a copy of its
 * parent and inherits its peak, so the parent has to be small: this one is.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RUNS_MAX	1000

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void child(char **argv)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (null >= 0 && dup2(null, STDOUT_FILENO) >= 0)
		execvp(argv[0], argv);
	perror(argv[0]);
	_exit(127);
}

/* Returns the wall clock time; adds to @peak. */
static uint64_t run(char **argv, long *peak)
{
	uint64_t begin = now_ns();
	struct rusage usage;
	int status;
	pid_t pid = fork();

	if (!pid)
		child(argv);
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid) {
		perror("measure");
		exit(1);
	}
	begin = now_ns() - begin;
	if (status) {
		fprintf(stderr, "measure: %s ended with status %d\n", argv[0],
			WIFEXITED(status) ? WEXITSTATUS(status) : 128);
		exit(1);
	}
	if (usage.ru_maxrss > *peak)
		*peak = usage.ru_maxrss;
	return begin;
}

int main(int argc, char **argv)
{
	static uint64_t ns[RUNS_MAX];
	size_t runs = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	long peak = 0;

	if (!runs || runs > RUNS_MAX) {
		fputs("usage: measure RUNS COMMAND [ARGUMENT...]\n", stderr);
		return 2;
	}
	for (size_t i = 0; i < runs; i++)
		ns[i] = run(argv + 2, &peak);
	qsort(ns, runs, sizeof(*ns), compare);
	printf("%" PRIu64 " %ld\n", ns[runs / 2], peak);
	return 0;
}
