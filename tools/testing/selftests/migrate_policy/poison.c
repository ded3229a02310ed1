// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking pages offline, poisoning them, and back: see poison.h.
 */
#include "poison.h"

#include "ktap.h"
#include "mem.h"
#include "pageflags.h"
#include "sys.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE	101
#endif

#define UNPOISON	"/sys/kernel/debug/hwpoison/unpoison-pfn"

/* Pages in custody at a time. */
#define MAX_POISONED	64

static __u64 custody[MAX_POISONED];	/* page frames, as far as known */
static atomic_uint nr_poisoned;
static __u64 poisoned_before;		/* in kB */
static pid_t owner;		/* of the undo stack, unlike its children */
static __thread sigjmp_buf retreat;
static __thread atomic_bool expected;

/* A mere warning of a page that we still have can reach any thread. */
static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (info->si_code == BUS_MCEERR_AO)
		return;
	if (expected)
		siglongjmp(retreat, 1);
	if (getpid() == owner)
		undo_to(0);
	signal(sig, SIG_DFL);
	raise(sig);
}

static __u64 poisoned(void)
{
	return sys_sum_lines("/proc/meminfo", "HardwareCorrupted:");
}

bool poison_open(void)
{
	struct sigaction action = {
		.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO,
	};

	owner = getpid();
	poisoned_before = poisoned();
	sigemptyset(&action.sa_mask);
	return ktap_expect(!sigaction(SIGBUS, &action, NULL),
			   "to handle SIGBUS") &&
	       ktap_expect(sys_exists(UNPOISON), "the kernel to have %s",
			   UNPOISON);
}

/* The page may move to another frame just before: see poison_take_back(). */
static bool advise(char *page, int advice)
{
	unsigned int i = atomic_fetch_add(&nr_poisoned, 1);

	if (i >= MAX_POISONED) {
		atomic_fetch_sub(&nr_poisoned, 1);
		return false;
	}
	custody[i] = mem_pfn(page);
	return !madvise(page, BASE_PAGE, advice);
}

bool poison_offline(char *page)
{
	return advise(page, MADV_SOFT_OFFLINE);
}

/* The kernel already raises SIGBUS in whoever injects. */
bool poison_inject(char *page)
{
	bool lost = true;

	if (!sigsetjmp(retreat, 1)) {
		expected = true;
		lost = advise(page, MADV_HWPOISON);
	}
	expected = false;
	return lost;
}

bool poison_lost(const char *page)
{
	bool lost = true;

	if (!sigsetjmp(retreat, 1)) {
		expected = true;
		__atomic_load_n(page, __ATOMIC_RELAXED);
		lost = false;
	}
	expected = false;
	return lost;
}

static void unpoison(__u64 pfn, __u64 flags, void *arg)
{
	char text[SYS_VALUE];

	(void)arg;
	if (!(flags & KPF_HWPOISON))
		return;
	snprintf(text, sizeof(text), "%llu", pfn);
	sys_write(UNPOISON, text);
}

void poison_take_back(void)
{
	unsigned int nr = nr_poisoned;

	for (unsigned int i = 0; i < nr; i++)
		unpoison(custody[i], pageflags_of(custody[i]), NULL);
	nr_poisoned = 0;
	if (poisoned() > poisoned_before)
		pageflags_scan(unpoison, NULL);
}
