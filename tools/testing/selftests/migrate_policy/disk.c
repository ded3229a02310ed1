// SPDX-License-Identifier: GPL-2.0-only
/*
 * File systems on loop devices: see disk.h.
 */
#include "disk.h"

#include "ktap.h"
#include "loopdev.h"
#include "pace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER		"/tmp/migrate_policy_files"
#define IMAGES		FOLDER "/images"
#define IMAGE		IMAGES "/image"

/* Lines of a failed fsck that are shown. */
#define MAX_LINES	12

/* Something may hold a file for a moment after it was closed, as rings do. */
#define BUSY_TRIES	100
#define BUSY_US		50000

/*
 * Block sizes below a page, and at a page: the first have several buffers to a
 * folio. What has no journal overwrites its metadata in place.
 */
const struct filesystem filesystems[] = {
	{ .name = "ext4", .type = "ext4", .options = "",
	  .mkfs = "mkfs.ext4 -q -F -b 4096", .fsck = "e2fsck -fn",
	  .mb = 96, .class = "file", .holes = true },
	{ .name = "ext4, data=journal", .type = "ext4",
	  .options = "data=journal",
	  .mkfs = "mkfs.ext4 -q -F -b 4096", .fsck = "e2fsck -fn",
	  .mb = 96, .holes = true },
	{ .name = "ext2", .type = "ext2", .options = "",
	  .mkfs = "mkfs.ext2 -q -F -b 1024", .fsck = "e2fsck -fn",
	  .mb = 64, .class = "file" },
	{ .name = "xfs", .type = "xfs", .options = "",
	  .mkfs = "mkfs.xfs -q -f", .fsck = "xfs_repair -n -f",
	  .mb = 320, .class = "file", .holes = true },
	{ .name = "btrfs", .type = "btrfs", .options = "",
	  .mkfs = "mkfs.btrfs -q -f", .fsck = "btrfs check --readonly",
	  .mb = 256, .holes = true },
	{ .name = "vfat", .type = "vfat", .options = "",
	  .mkfs = "mkfs.vfat -s 8", .fsck = "fsck.vfat -n",
	  .mb = 64, .class = "file" },
	{ .name = "tmpfs", .type = "tmpfs",
	  .options = "size=128m,huge=within_size",
	  .class = "shmem", .holes = true },
};

const size_t nr_filesystems = ARRAY_SIZE(filesystems);

static char device[SYS_PATH];

const char *disk_device(void)
{
	return device;
}

static bool in_kernel(const char *type)
{
	FILE *file = fopen("/proc/filesystems", "re");
	char line[SYS_VALUE];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		found = !strcmp(strrchr(line, '\t') + 1, type);
	}
	if (file)
		fclose(file);
	return found;
}

static bool have_tool(const char *command)
{
	char look[SYS_PATH];

	snprintf(look, sizeof(look), "command -v %.*s >/dev/null",
		 (int)strcspn(command, " "), command);
	return !system(look);
}

bool disk_possible(const struct filesystem *fs)
{
	if (!in_kernel(fs->type))
		ktap_note("this kernel has no %s", fs->type);
	else if (fs->mkfs && (!have_tool(fs->mkfs) || !have_tool(fs->fsck)))
		ktap_note("install the tools of %s", fs->type);
	else
		return true;
	return false;
}

/* Runs a command; what it said is noted if it fails. */
static bool run_tool(const char *command)
{
	char lines[MAX_LINES][256] = {};
	char full[SYS_PATH];
	size_t nr = 0;
	FILE *pipe;
	int status;

	snprintf(full, sizeof(full), "%s " IMAGE " 2>&1", command);
	pipe = popen(full, "re");
	if (!pipe)
		return ktap_expect(false, "to run %s", command);
	while (fgets(lines[nr % MAX_LINES], sizeof(lines[0]), pipe))
		nr++;
	status = pclose(pipe);
	if (!status)
		return true;
	for (size_t i = nr > MAX_LINES ? nr - MAX_LINES : 0; i < nr; i++) {
		char *line = lines[i % MAX_LINES];

		line[strcspn(line, "\n")] = '\0';
		ktap_note("%s: %s", command, line);
	}
	return ktap_expect(false, "%s to find nothing, not status %x", command,
			   status);
}

static bool make_folder(const char *path)
{
	if (mkdir(path, 0700) && errno != EEXIST)
		return ktap_expect(false, "to make the directory %s", path);
	undo_rmdir(path);
	return true;
}

static bool make_image(const struct filesystem *fs)
{
	int fd;
	bool ok;

	if (!make_folder(IMAGES))
		return false;
	if (mount("images", IMAGES, "tmpfs", 0, "mode=0700"))
		return ktap_expect(false, "to mount a tmpfs: %s",
				   strerror(errno));
	undo_mount(IMAGES);
	fd = open(IMAGE, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ok = fd >= 0 && !ftruncate(fd, (off_t)fs->mb << 20);
	if (fd >= 0)
		close(fd);
	return ktap_expect(ok, "to make the file %s", IMAGE) && run_tool(fs->mkfs);
}

bool disk_make(const struct filesystem *fs)
{
	return make_folder(FOLDER) && (!fs->mkfs || make_image(fs)) &&
	       make_folder(DISK_MOUNT) && disk_mount(fs);
}

/*
 * Returns the open device, which ends with the mount then, or -1. Not open for
 * writing: some kernels do not mount what somebody else might write to.
 */
static int loop_over_image(void)
{
	int image = open(IMAGE, O_RDWR | O_CLOEXEC);
	struct loopdev loop;
	int fd = -1;

	if (loopdev_attach(&loop, image)) {
		snprintf(device, sizeof(device), "%s", loop.name);
		fd = open(device, O_RDONLY | O_CLOEXEC);
		loopdev_close(&loop);
	}
	if (image >= 0)
		close(image);
	return fd;
}

bool disk_mount(const struct filesystem *fs)
{
	int loop = -1;
	bool ok;

	device[0] = '\0';
	if (fs->mkfs) {
		loop = loop_over_image();
		if (loop < 0)
			return false;
	}
	ok = ktap_expect(!mount(fs->mkfs ? device : "none", DISK_MOUNT,
				fs->type, 0, fs->options),
			 "to mount %s, %s: %s", fs->name, fs->options,
			 strerror(errno));
	if (ok)
		undo_mount(DISK_MOUNT);
	if (loop >= 0)
		close(loop);
	return ok;
}

bool disk_umount(const struct filesystem *fs)
{
	int rc = -1;

	for (int try = 0; rc && try < BUSY_TRIES; try++) {
		rc = umount2(DISK_MOUNT, 0);
		if (rc && errno != EBUSY)
			break;
		if (rc)
			pace_rest_us(BUSY_US);
	}
	device[0] = '\0';
	return ktap_expect(!rc, "to unmount %s: %s", fs->name,
			   strerror(errno));
}

bool disk_clean(const struct filesystem *fs)
{
	return run_tool(fs->fsck);
}
