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
#include <sys/mount.h>
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

/*
 * A file in memory that is never swapped out: what is to be swap must not have
 * parts of itself in swap.
 */
static int create_backing(void)
{
	int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	int mount = -1, file = -1;

	if (fs >= 0 && !fsconfig(fs, FSCONFIG_SET_FLAG, "noswap", NULL, 0) &&
	    !fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		mount = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (mount >= 0)
		file = openat(mount, "loop", O_RDWR | O_CREAT | O_CLOEXEC,
			      0600);
	if (mount >= 0)
		close(mount);
	if (fs >= 0)
		close(fs);
	return file;
}

bool loopdev_open(struct loopdev *loop, size_t size)
{
	int backing = create_backing();
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
