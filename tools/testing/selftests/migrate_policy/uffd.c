// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page faults served in user space: see uffd.h.
 */
#include "uffd.h"

#include "ktap.h"
#include "mem.h"
#include "pace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WAIT_MS	100

struct uffd {
	int fd;
	char *map;
	size_t size;
	struct ledger *ledger;
	struct record *page;	/* what is filled in */
	long pause_us;
	pthread_mutex_t filling;
	pthread_t thread;
	atomic_bool stop;
	atomic_ullong served;
};

int uffd_protect(struct uffd *uffd, char *at, size_t size)
{
	struct uffdio_writeprotect protect = {
		.range = { (uintptr_t)at, size },
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};

	return ioctl(uffd->fd, UFFDIO_WRITEPROTECT, &protect) ? errno : 0;
}

static void unprotect(struct uffd *uffd, __u64 page)
{
	struct uffdio_writeprotect protect = { .range = { page, BASE_PAGE } };

	while (ioctl(uffd->fd, UFFDIO_WRITEPROTECT, &protect) &&
	       errno == EAGAIN)
		;
}

/*
 * The thread that changes these records waits for this page, so the ledger
 * does not change meanwhile. It may have entered what it has yet to write.
 */
static void fill(struct uffd *uffd, __u64 page)
{
	struct uffdio_range range = { page, BASE_PAGE };
	struct uffdio_copy copy = {
		.dst = page, .src = (uintptr_t)uffd->page, .len = BASE_PAGE,
	};
	size_t first = (page - (uintptr_t)uffd->map) / sizeof(struct record);
	int rc;

	pthread_mutex_lock(&uffd->filling);
	ledger_copy(uffd->ledger, first, RECORDS_PER_PAGE, uffd->page);
	do {
		copy.copy = 0;
		rc = ioctl(uffd->fd, UFFDIO_COPY, &copy);
	} while (rc && errno == EAGAIN);
	pthread_mutex_unlock(&uffd->filling);
	if (rc)
		ioctl(uffd->fd, UFFDIO_WAKE, &range);
}

/* A fault may be told twice, and served again when it is long over. */
bool uffd_renew(struct uffd *uffd, char *at, size_t size)
{
	bool ok;

	pthread_mutex_lock(&uffd->filling);
	ok = !madvise(at, size, MADV_DONTNEED);
	pthread_mutex_unlock(&uffd->filling);
	return ok;
}

static void *serve(void *arg)
{
	struct uffd *uffd = arg;
	struct pollfd poller = { .fd = uffd->fd, .events = POLLIN };
	struct uffd_msg msg;

	while (!uffd->stop) {
		__u64 page;

		if (poll(&poller, 1, WAIT_MS) <= 0 ||
		    read(uffd->fd, &msg, sizeof(msg)) != sizeof(msg) ||
		    msg.event != UFFD_EVENT_PAGEFAULT)
			continue;
		page = msg.arg.pagefault.address & ~(BASE_PAGE - 1);
		if (uffd->pause_us)
			pace_rest_us(uffd->pause_us);
		if (msg.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WP)
			unprotect(uffd, page);
		else
			fill(uffd, page);
		atomic_fetch_add(&uffd->served, 1);
	}
	return NULL;
}

static bool register_range(struct uffd *uffd)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { (uintptr_t)uffd->map, uffd->size },
		.mode = UFFDIO_REGISTER_MODE_MISSING |
			UFFDIO_REGISTER_MODE_WP,
	};

	uffd->fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	return uffd->fd >= 0 && !ioctl(uffd->fd, UFFDIO_API, &api) &&
	       !ioctl(uffd->fd, UFFDIO_REGISTER, &range);
}

static void release(struct uffd *uffd)
{
	if (uffd->fd >= 0)
		close(uffd->fd);
	free(uffd->page);
	free(uffd);
}

struct uffd *uffd_open(char *map, size_t size, struct ledger *ledger,
		       long pause_us)
{
	struct uffd *uffd = calloc(1, sizeof(*uffd));

	if (!uffd)
		return NULL;
	uffd->fd = -1;
	uffd->map = map;
	uffd->size = size;
	uffd->ledger = ledger;
	uffd->pause_us = pause_us;
	pthread_mutex_init(&uffd->filling, NULL);
	uffd->page = aligned_alloc(BASE_PAGE, BASE_PAGE);
	if (!uffd->page || !register_range(uffd) ||
	    pthread_create(&uffd->thread, NULL, serve, uffd)) {
		ktap_note("userfaultfd: %s", strerror(errno));
		release(uffd);
		return NULL;
	}
	return uffd;
}

void uffd_close(struct uffd *uffd)
{
	if (!uffd)
		return;
	uffd->stop = true;
	pthread_join(uffd->thread, NULL);
	release(uffd);
}

unsigned long long uffd_served(const struct uffd *uffd)
{
	return uffd->served;
}
