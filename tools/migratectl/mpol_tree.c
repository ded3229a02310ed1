// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finding the trees: sysfs tells whether the kernel has migrate_policy at all,
 * configfs holds the settings and may have to be mounted first.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "mpol_private.h"

#define MOUNTINFO	"/proc/self/mountinfo"
#define CONFIGFS	"/sys/kernel/config"
#define SYSFS_DIR	"/sys/kernel/mm/migrate_policy"
#define CONFIGFS_DIR	"/migrate_policy"

int mpol_fail(struct mpol *m, int err, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(m->error, sizeof(m->error), format, ap);
	va_end(ap);
	return -err;
}

const char *mpol_error(const struct mpol *m)
{
	return m->error;
}

/* mountinfo writes blanks and backslashes as three octal digits. */
static void unescape(char *text)
{
	char *to = text;
	unsigned int code;

	while (*text) {
		if (sscanf(text, "\\%3o", &code) == 1) {
			*to++ = (char)code;
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

/* One line: ID PARENT MAJ:MIN ROOT MOUNTPOINT OPTIONS... - FSTYPE SOURCE ... */
static bool parse_mount(char *line, char **mountpoint)
{
	char *type = strstr(line, " - ");
	char *field = NULL;
	char *root = NULL;

	if (!type || strncmp(type + 3, "configfs ", 9))
		return false;
	for (int i = 0; i < 5; i++) {
		field = strsep(&line, " ");
		if (i == 3)
			root = field;
	}
	*mountpoint = field;
	return root && field && !strcmp(root, "/");
}

int mpol_find_configfs(FILE *mountinfo, char *path, size_t size)
{
	char *line = NULL;
	char *mountpoint;
	size_t room = 0;
	int ret = -ENOENT;

	while (ret == -ENOENT && getline(&line, &room, mountinfo) > 0) {
		if (!parse_mount(line, &mountpoint))
			continue;
		unescape(mountpoint);
		ret = snprintf(path, size, "%s", mountpoint) < (int)size ?
			0 : -ENAMETOOLONG;
	}
	free(line);
	return ret;
}

static int look_up_configfs(struct mpol *m, char *path)
{
	FILE *mountinfo = fopen(MOUNTINFO, "re");
	int ret;

	if (!mountinfo)
		return mpol_fail(m, EIO, MOUNTINFO ": %s; is /proc mounted?",
				 strerror(errno));
	ret = mpol_find_configfs(mountinfo, path, PATH_MAX);
	fclose(mountinfo);
	if (ret == -ENOENT)
		mpol_fail(m, ENOENT, "configfs is not mounted");
	else if (ret)
		mpol_fail(m, -ret, "mount point of configfs: %s",
			  strerror(-ret));
	return ret;
}

int mpol_locate_configfs(struct mpol *m, char *path)
{
	int ret = look_up_configfs(m, path);

	if (ret != -ENOENT)
		return ret;
	/* EBUSY: somebody else mounted it since we looked. */
	if (mount("configfs", CONFIGFS, "configfs",
		  MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) && errno != EBUSY)
		return mpol_fail(m, errno,
				 "configfs is not mounted, and mounting it at "
				 CONFIGFS " failed: %s%s", strerror(errno),
				 errno == EPERM ? "; run as root" : "");
	return look_up_configfs(m, path);
}

static int open_dir(struct mpol *m, const char *path, int *fd)
{
	*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd >= 0)
		return 0;
	if (errno == ENOENT)
		return mpol_fail(m, EOPNOTSUPP,
				 "this kernel has no migrate_policy: %s does not exist (CONFIG_MIGRATE_POLICY is needed)",
				 path);
	return mpol_fail(m, errno, "%s: %s", path, strerror(errno));
}

static int join(struct mpol *m, char *path, const char *dir, const char *rest)
{
	int length = snprintf(path, PATH_MAX, "%s%s", dir, rest);

	if (length < PATH_MAX)
		return 0;
	return mpol_fail(m, ENAMETOOLONG, "%s: %s", dir,
			 strerror(ENAMETOOLONG));
}

int mpol_attach(struct mpol *m)
{
	char configfs[PATH_MAX];
	int ret = mpol_below_root(m, SYSFS_DIR, m->sysfs_path);

	if (!ret)
		ret = open_dir(m, m->sysfs_path, &m->sysfs_fd);
	if (ret)
		return ret;
	ret = *m->root ? mpol_below_root(m, CONFIGFS, configfs) :
			 mpol_locate_configfs(m, configfs);
	if (!ret)
		ret = join(m, m->config_path, configfs, CONFIGFS_DIR);
	if (!ret)
		ret = open_dir(m, m->config_path, &m->config_fd);
	return ret;
}

int mpol_below_root(struct mpol *m, const char *path, char *full)
{
	return join(m, full, m->root, path);
}

int mpol_create(struct mpol **mp, const char *root)
{
	struct mpol *m = calloc(1, sizeof(*m));

	*mp = m;
	if (!m)
		return -ENOMEM;
	/* Every other failure brings its own sentence. */
	mpol_fail(m, ENOMEM, "%s", strerror(ENOMEM));
	m->config_fd = -1;
	m->sysfs_fd = -1;
	m->lock_fd = -1;
	return join(m, m->root, root ? root : "", "");
}

int mpol_open(struct mpol **mp, const char *root)
{
	int ret = mpol_create(mp, root);

	return ret ? ret : mpol_attach(*mp);
}

void mpol_close(struct mpol *m)
{
	if (!m)
		return;
	if (m->config_fd >= 0)
		close(m->config_fd);
	if (m->sysfs_fd >= 0)
		close(m->sysfs_fd);
	mpol_unlock(m);
	free(m);
}
