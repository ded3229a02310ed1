// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loop devices over memory: see loopdev.h.
 */
#include "loopdev.h"

#include "ktap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define TRIES		16

/* Another process may take the free device before we do. */
static int take_free_loop(int control, int backing, char *name)
{
	struct loop_config config = {
		.fd = backing,
		.info = { .lo_flags = LO_FLAGS_AUTOCLEAR },
	};

	for (int try = 0; try < TRIES; try++) {
		int fd;

		snprintf(name, LOOPDEV_NAME, "/dev/loop%d",
			 ioctl(control, LOOP_CTL_GET_FREE));
		fd = open(name, O_RDWR | O_DIRECT | O_CLOEXEC);
		if (fd >= 0 && !ioctl(fd, LOOP_CONFIGURE, &config))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

bool loopdev_attach(struct loopdev *loop, int backing)
{
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

	loop->fd = -1;
	if (control >= 0 && backing >= 0)
		loop->fd = take_free_loop(control, backing, loop->name);
	if (control >= 0)
		close(control);
	return ktap_expect(loop->fd >= 0, "a loop device, not: %s",
			   strerror(errno));
}

bool loopdev_open(struct loopdev *loop, size_t size)
{
	int backing = memfd_create("migrate_policy_loop", MFD_CLOEXEC);
	bool ok;

	if (backing < 0 || ftruncate(backing, size))
		ktap_note("cannot make a file in memory: %s", strerror(errno));
	ok = loopdev_attach(loop, backing);
	if (backing >= 0)
		close(backing);
	return ok;
}

void loopdev_close(struct loopdev *loop)
{
	if (loop->fd >= 0)
		close(loop->fd);
	loop->fd = -1;
}
