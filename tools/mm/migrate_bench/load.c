// SPDX-License-Identifier: GPL-2.0-only
/*
 * Other work, for measurements on a busy machine: one process of normal
 * priority on every CPU, computing without end. They are bound to their CPU,
 * so that no CPU is ever idle, and end with their parent.
 */
#include <err.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static pid_t spinner[CPU_SETSIZE];
static size_t nr_spinners;

static _Noreturn void spin(int cpu, pid_t parent)
{
	volatile unsigned long work = 0;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent ||
	    sched_setaffinity(0, sizeof(set), &set))
		_exit(EXIT_FAILURE);
	for (;;)
		work++;
}

void load_start(void)
{
	pid_t parent = getpid();
	cpu_set_t allowed;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		err(EXIT_FAILURE, "cannot read the allowed CPUs");
	fflush(NULL);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		pid_t pid;

		if (!CPU_ISSET(cpu, &allowed))
			continue;
		pid = fork();
		if (pid < 0)
			err(EXIT_FAILURE, "cannot start other work");
		if (!pid)
			spin(cpu, parent);
		spinner[nr_spinners++] = pid;
	}
}

void load_stop(void)
{
	while (nr_spinners) {
		pid_t pid = spinner[--nr_spinners];
		int status;

		kill(pid, SIGKILL);
		if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
			errx(EXIT_FAILURE, "other work ended too early");
	}
}
