// SPDX-License-Identifier: GPL-2.0-only
/*
 * One attribute at a time: one open, one read or write of the whole value.
 * configfs hands each write(2) to the kernel as a complete value, so a value
 * must never be split.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mpol_private.h"

static const char *const type_dir[] = {
	[MPOL_REASON] = "reasons/",
	[MPOL_BACKEND] = "backends/",
	[MPOL_GLOBAL] = "",
	[MPOL_TRIAL] = "reasons/",
};

int mpol_relative_path(const struct mpol_object *object, const char *key,
		       char *path, size_t size)
{
	bool global = object->type == MPOL_GLOBAL;
	int length = snprintf(path, size, "%s%s%s%s", type_dir[object->type],
			      global ? "" : object->name, global ? "" : "/",
			      key);

	return (size_t)length < size ? 0 : -ENAMETOOLONG;
}

void mpol_path(const struct mpol *m, const struct mpol_object *object,
	       const char *key, char *path, size_t size)
{
	char relative[PATH_MAX];

	mpol_relative_path(object, key, relative, sizeof(relative));
	snprintf(path, size, "%s/%s", m->config_path, relative);
}

int mpol_read_at(int dirfd, const char *path, char *value)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	ssize_t length;
	int err;

	if (fd < 0)
		return -errno;
	length = read(fd, value, MPOL_VALUE_SIZE);
	err = length < 0 ? errno : length == MPOL_VALUE_SIZE ? EFBIG : 0;
	close(fd);
	if (err)
		return -err;
	if (length && value[length - 1] == '\n')
		length--;
	value[length] = '\0';
	return 0;
}

int mpol_read(struct mpol *m, const struct mpol_object *object,
	      const char *key, char *value)
{
	char path[PATH_MAX];
	int ret = mpol_relative_path(object, key, path, sizeof(path));

	if (!ret)
		ret = mpol_read_at(m->config_fd, path, value);
	if (ret)
		mpol_fail(m, -ret, "%s.%s: cannot be read: %s", object->name,
			  key, strerror(-ret));
	return ret;
}

static int write_at(int dirfd, const char *path, const char *data, size_t size)
{
	int fd = openat(dirfd, path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	ssize_t done;
	int err;

	if (fd < 0)
		return -errno;
	done = write(fd, data, size);
	err = done < 0 ? errno : (size_t)done == size ? 0 : EIO;
	if (close(fd) && !err)
		err = errno;
	return -err;
}

int mpol_write(struct mpol *m, const struct mpol_object *object,
	       const char *key, const char *value)
{
	char path[PATH_MAX];
	char data[MPOL_WRITE_MAX + 2];
	int ret = mpol_relative_path(object, key, path, sizeof(path));
	/* The newline lets an empty value reach the kernel's parser. */
	int length = snprintf(data, sizeof(data), "%s\n", value);

	if (length > MPOL_WRITE_MAX + 1)
		ret = -E2BIG;
	if (!ret)
		ret = write_at(m->config_fd, path, data, (size_t)length);
	return ret ? mpol_explain(m, object, key, value, -ret) : 0;
}

static bool parse_number(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno;
}

int mpol_counter(struct mpol *m, const struct mpol_object *object,
		 const char *counter, uint64_t *value)
{
	char path[PATH_MAX];
	char text[MPOL_VALUE_SIZE];
	int ret = mpol_relative_path(object, counter, path, sizeof(path));

	if (!ret)
		ret = mpol_read_at(m->sysfs_fd, path, text);
	if (ret)
		return mpol_fail(m, -ret, "%s/%s: %s", m->sysfs_path, path,
				 strerror(-ret));
	if (!parse_number(text, value))
		return mpol_fail(m, EINVAL, "%s/%s: '%.40s' is not a number",
				 m->sysfs_path, path, text);
	return 0;
}

int mpol_enabled(struct mpol *m)
{
	const struct mpol_object global = { .type = MPOL_GLOBAL };
	uint64_t enabled;
	int ret = mpol_counter(m, &global, "enabled", &enabled);

	return ret ? ret : enabled != 0;
}
