// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files that others read while we write them. What a crash leaves is the old
 * file or the new one, never half of either.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mpol_private.h"
#include "mpol_profile.h"

/* The end keeps it from those who read every *.conf or *.prom. */
#define TEMPORARY	".XXXXXX.tmp"

static int sync_dir(struct mpol *m, const char *path)
{
	char copy[PATH_MAX];
	const char *dir;
	int fd;
	int ret = 0;

	snprintf(copy, sizeof(copy), "%s", path);
	dir = dirname(copy);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		ret = mpol_fail(m, errno, "%s: %s", dir, strerror(errno));
	if (fd >= 0)
		close(fd);
	return ret;
}

/* mkstemps() lets only the owner read, whatever the umask says. */
static int open_to_others(int fd)
{
	mode_t mask = umask(0);

	umask(mask);
	return fchmod(fd, 0666 & ~mask);
}

static int write_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t done = write(fd, text, left);

		if (done < 0 && errno != EINTR)
			return -errno;
		if (done < 0)
			continue;
		text += done;
		left -= (size_t)done;
	}
	return open_to_others(fd) || fsync(fd) ? -errno : 0;
}

static int cannot(struct mpol *m, const char *path, const char *what, int err)
{
	return mpol_fail(m, err, "%s: cannot be %s: %s", path, what,
			 strerror(err));
}

static int write_temporary(struct mpol *m, const char *path, char *temporary,
			   const char *text)
{
	int suffix = (int)strlen(strrchr(TEMPORARY, '.'));
	int fd = mkostemps(temporary, suffix, O_CLOEXEC);
	int ret;

	if (fd < 0)
		return cannot(m, path, "created", errno);
	ret = write_all(fd, text);
	if (close(fd) && !ret)
		ret = -errno;
	if (!ret)
		return 0;
	unlink(temporary);
	return cannot(m, path, "written", -ret);
}

/* A rename would take the place of /dev/null just as well. */
static bool may_be_replaced(const char *path)
{
	struct stat st;

	return stat(path, &st) || S_ISREG(st.st_mode);
}

static int give_name(const char *temporary, const char *path, bool replace)
{
	int ret;

	if (replace)
		return rename(temporary, path) ? -errno : 0;
	/* Unlike rename(), link() leaves what is there alone. */
	ret = link(temporary, path) ? -errno : 0;
	unlink(temporary);
	return ret;
}

int mpol_store(struct mpol *m, const char *path, const char *text,
	       bool replace)
{
	char temporary[PATH_MAX];
	int ret;

	if (replace && !may_be_replaced(path))
		return mpol_fail(m, EINVAL, "%s: not a regular file", path);
	if ((size_t)snprintf(temporary, sizeof(temporary), "%s" TEMPORARY,
			     path) >= sizeof(temporary))
		return mpol_fail(m, ENAMETOOLONG, "%.64s...: %s", path,
				 strerror(ENAMETOOLONG));
	ret = write_temporary(m, path, temporary, text);
	if (ret)
		return ret;
	ret = give_name(temporary, path, replace);
	if (!ret)
		return sync_dir(m, path);
	unlink(temporary);
	return cannot(m, path, replace ? "written" : "created", -ret);
}

int mpol_prepare_file(struct mpol *m, const char *path, char *full)
{
	int ret = mpol_below_root(m, path, full);

	if (ret)
		return ret;
	for (char *slash = strchr(full + strlen(m->root) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(full, 0755) && errno != EEXIST)
			ret = mpol_fail(m, errno, "%s: %s", full,
					strerror(errno));
		*slash = '/';
		if (ret)
			return ret;
	}
	return 0;
}
