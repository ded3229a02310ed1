// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files that others read while we write them: a temporary file in the same
 * directory, brought to disk, then renamed.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

static int cannot(const char *path, const char *what)
{
	return failed("%s: cannot be %s: %s", path, what, strerror(errno));
}

static int write_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t done = write(fd, text, left);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		text += done;
		left -= (size_t)done;
	}
	return 0;
}

/* mkstemp() lets only the owner read, whatever the umask says. */
static int open_to_others(int fd)
{
	mode_t mask = umask(0);

	umask(mask);
	return fchmod(fd, 0666 & ~mask);
}

static int fill(int fd, const char *text)
{
	int ret = write_all(fd, text);

	if (!ret)
		ret = open_to_others(fd);
	if (!ret)
		ret = fsync(fd);
	if (close(fd))
		ret = -1;
	return ret;
}

/* Makes the new name last. */
static int sync_directory(const char *path)
{
	char dir[PATH_MAX];
	char *slash;
	int fd, ret;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (!slash)
		strcpy(dir, ".");
	else
		slash[slash == dir] = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ret = fsync(fd);
	close(fd);
	return ret;
}

static bool may_be_replaced(const char *path)
{
	struct stat st;

	return stat(path, &st) || S_ISREG(st.st_mode);
}

int file_replace(const char *path, const char *text)
{
	char temporary[PATH_MAX];
	int fd;

	if (!may_be_replaced(path))
		return failed("%s: not a regular file", path);
	if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >=
	    (int)sizeof(temporary))
		return failed("%.64s...: %s", path, strerror(ENAMETOOLONG));
	fd = mkstemp(temporary);
	if (fd < 0)
		return cannot(path, "created");
	if (fill(fd, text) || rename(temporary, path)) {
		int ret = cannot(path, "written");

		unlink(temporary);
		return ret;
	}
	return sync_directory(path) ? cannot(path, "made permanent") : CLI_DONE;
}
