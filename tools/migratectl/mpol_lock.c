// SPDX-License-Identifier: GPL-2.0-only
/*
 * One change at a time: whoever reads settings in order to write them holds
 * this lock, or two transactions could undo each other's halves. The lock goes
 * with the process, however that ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mpol_private.h"

#define RUN_DIR		"/run"
#define LOCK_FILE	RUN_DIR "/migratectl.lock"

static const char *advice(int err)
{
	return err == EACCES || err == EPERM ?
		"; only root may change the policy" : "";
}

static const char *reason(int err)
{
	switch (err) {
	case EWOULDBLOCK:
		return "somebody else is changing the policy";
	case ENOSYS:
		return "this kernel has no file locks (CONFIG_FILE_LOCKING)";
	default:
		return strerror(err);
	}
}

/* A recorded tree may lack the directory; a running system has it. */
static int make_run_dir(struct mpol *m)
{
	char path[PATH_MAX];
	int ret = mpol_below_root(m, RUN_DIR, path);

	if (ret || !mkdir(path, 0755) || errno == EEXIST)
		return ret;
	return mpol_fail(m, errno, "%s: %s%s", path, strerror(errno),
			 advice(errno));
}

static int open_lock(struct mpol *m, char *path)
{
	int ret = make_run_dir(m);

	if (!ret)
		ret = mpol_below_root(m, LOCK_FILE, path);
	if (ret)
		return ret;
	m->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (m->lock_fd >= 0)
		return 0;
	return mpol_fail(m, errno, "%s: %s%s", path, strerror(errno),
			 advice(errno));
}

int mpol_lock(struct mpol *m, bool wait)
{
	char path[PATH_MAX];
	int ret = open_lock(m, path);

	if (ret)
		return ret;
	while (flock(m->lock_fd, LOCK_EX | (wait ? 0 : LOCK_NB))) {
		if (errno == EINTR)
			continue;
		ret = mpol_fail(m, errno, "%s: %s", path, reason(errno));
		mpol_unlock(m);
		return ret;
	}
	return 0;
}

void mpol_unlock(struct mpol *m)
{
	if (m->lock_fd >= 0)
		close(m->lock_fd);
	m->lock_fd = -1;
}
