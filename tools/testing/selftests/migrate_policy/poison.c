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

static atomic_uint nr_poisoned;
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

bool poison_open(void)
{
	struct sigaction action = {
		.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO,
	};

	owner = getpid();
	sigemptyset(&action.sa_mask);
	return ktap_expect(!sigaction(SIGBUS, &action, NULL),
			   "to handle SIGBUS") &&
	       ktap_expect(sys_exists(UNPOISON), "the kernel to have %s",
			   UNPOISON);
}

static bool advise(char *page, int advice)
{
	if (atomic_fetch_add(&nr_poisoned, 1) >= MAX_POISONED) {
		atomic_fetch_sub(&nr_poisoned, 1);
		return false;
	}
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

static void unpoison(__u64 pfn, __u64 flags, __u64 mapped, void *arg)
{
	size_t *nr = arg;
	char text[SYS_VALUE];

	(void)mapped;
	if (!(flags & KPF_HWPOISON))
		return;
	snprintf(text, sizeof(text), "%llu", pfn);
	if (!sys_write(UNPOISON, text))
		++*nr;
}

size_t poison_take_back(void)
{
	size_t nr = 0;

	pageflags_scan(unpoison, &nr);
	nr_poisoned = 0;
	return nr;
}
