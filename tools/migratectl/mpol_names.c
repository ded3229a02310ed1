// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names: which reasons, backends and keys this kernel has. They come from the
 * directories alone, so a kernel newer than the tool needs no new tool.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mpol_private.h"

int mpol_names_add(struct mpol_names *names, const char *name)
{
	char **more = realloc(names->name, (names->count + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	names->name = more;
	names->name[names->count] = strdup(name);
	if (!names->name[names->count])
		return -ENOMEM;
	names->count++;
	return 0;
}

bool mpol_names_have(const struct mpol_names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (!strcmp(names->name[i], name))
			return true;
	return false;
}

void mpol_names_free(struct mpol_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->name[i]);
	free(names->name);
	*names = (struct mpol_names){ 0 };
}

void mpol_names_join(const struct mpol_names *names, const char *separator,
		     char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < names->count && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s",
					 i ? separator : "", names->name[i]);
}

static bool is_directory(int dirfd, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN && entry->d_type != DT_LNK)
		return entry->d_type == DT_DIR;
	return !fstatat(dirfd, entry->d_name, &st, 0) && S_ISDIR(st.st_mode);
}

static int collect(DIR *dir, bool directories, struct mpol_names *names)
{
	struct dirent *entry;
	int ret = 0;

	errno = 0;
	while (!ret && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.' &&
		    is_directory(dirfd(dir), entry) == directories)
			ret = mpol_names_add(names, entry->d_name);
		errno = 0;
	}
	return ret ? ret : -errno;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int mpol_read_dir(int dirfd, const char *path, bool directories,
		  struct mpol_names *names)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int ret;

	*names = (struct mpol_names){ 0 };
	if (!dir) {
		ret = -errno;
		if (fd >= 0)
			close(fd);
		return ret;
	}
	ret = collect(dir, directories, names);
	closedir(dir);
	if (names->count)
		qsort(names->name, names->count, sizeof(*names->name), by_name);
	return ret;
}

int mpol_list_at(struct mpol *m, int dirfd, const char *path, bool directories,
		 struct mpol_names *names)
{
	int ret = mpol_read_dir(dirfd, path, directories, names);

	if (ret) {
		mpol_names_free(names);
		mpol_fail(m, -ret, "%s/%s: %s",
			  dirfd == m->sysfs_fd ? m->sysfs_path : m->config_path,
			  path, strerror(-ret));
	}
	return ret;
}

int mpol_objects(struct mpol *m, enum mpol_type type, struct mpol_names *names)
{
	return mpol_list_at(m, m->config_fd,
			    type == MPOL_REASON ? "reasons" : "backends", true,
			    names);
}

/* Position in the tool's own table; keys it does not know come last. */
static size_t rank(const char *key)
{
	size_t i;

	for (i = 0; i < mpol_key_count; i++)
		if (!strcmp(mpol_key_table[i].name, key))
			break;
	return i;
}

static int by_rank(const void *a, const void *b)
{
	size_t left = rank(*(char *const *)a);
	size_t right = rank(*(char *const *)b);

	if (left != right)
		return left < right ? -1 : 1;
	return by_name(a, b);
}

void mpol_sort_keys(struct mpol_names *keys)
{
	if (keys->count)
		qsort(keys->name, keys->count, sizeof(*keys->name), by_rank);
}

int mpol_keys(struct mpol *m, const struct mpol_object *object,
	      struct mpol_names *keys)
{
	char path[PATH_MAX];
	int ret = mpol_relative_path(object, ".", path, sizeof(path));

	if (ret)
		return mpol_fail(m, -ret, "%s: %s", object->name,
				 strerror(-ret));
	ret = mpol_list_at(m, m->config_fd, path, false, keys);
	if (!ret)
		mpol_sort_keys(keys);
	return ret;
}

/* A name that may be put into a path without leaving the tree. */
static bool is_plain(const char *name)
{
	return name[0] && name[0] != '.' && !strchr(name, '/') &&
	       strlen(name) <= NAME_MAX;
}

static bool has_object(struct mpol *m, const struct mpol_object *object)
{
	char path[PATH_MAX];
	struct stat st;

	if (object->type == MPOL_GLOBAL)
		return !strcmp(object->name, MPOL_GLOBAL_NAME);
	return !mpol_relative_path(object, "", path, sizeof(path)) &&
	       !fstatat(m->config_fd, path, &st, 0) && S_ISDIR(st.st_mode);
}

int mpol_names_add_all(struct mpol_names *to, const struct mpol_names *from)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < from->count; i++)
		ret = mpol_names_add(to, from->name[i]);
	return ret;
}

static int no_such_object(struct mpol *m, const char *name)
{
	struct mpol_names known, backends;
	char hint[MPOL_ERROR_SIZE / 2];
	int ret = mpol_objects(m, MPOL_REASON, &known);

	if (ret)
		return ret;
	ret = mpol_objects(m, MPOL_BACKEND, &backends);
	if (!ret) {
		ret = mpol_names_add_all(&known, &backends);
		mpol_names_free(&backends);
	}
	if (!ret)
		ret = mpol_names_add(&known, MPOL_GLOBAL_NAME);
	if (!ret) {
		mpol_suggest(name, &known, hint, sizeof(hint));
		ret = mpol_fail(m, ENOENT, "%.64s: no such reason or backend; %s",
				*name ? name : "''", hint);
	}
	mpol_names_free(&known);
	return ret;
}

int mpol_find(struct mpol *m, const char *name, struct mpol_object *object)
{
	static const enum mpol_type order[] = {
		MPOL_GLOBAL, MPOL_REASON, MPOL_BACKEND,
	};

	if (!is_plain(name))
		return no_such_object(m, name);
	memcpy(object->name, name, strlen(name) + 1);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		object->type = order[i];
		if (has_object(m, object))
			return 0;
	}
	return no_such_object(m, name);
}

static int no_such_key(struct mpol *m, const struct mpol_object *object,
		       const char *key)
{
	struct mpol_names keys;
	char hint[MPOL_ERROR_SIZE / 2];
	int ret = mpol_keys(m, object, &keys);

	if (ret)
		return ret;
	mpol_suggest(key, &keys, hint, sizeof(hint));
	if (keys.count)
		mpol_fail(m, ENOENT, "%s: no such key '%.64s'; %s",
			  object->name, key, hint);
	else
		mpol_fail(m, ENOENT, "%s: no such key '%.64s'; %s has no settings",
			  object->name, key, object->name);
	mpol_names_free(&keys);
	return -ENOENT;
}

int mpol_check_key(struct mpol *m, const struct mpol_object *object,
		   const char *key)
{
	char path[PATH_MAX];
	struct stat st;

	if (is_plain(key) &&
	    !mpol_relative_path(object, key, path, sizeof(path)) &&
	    !fstatat(m->config_fd, path, &st, 0) &&
	    (object->type != MPOL_GLOBAL || !S_ISDIR(st.st_mode)))
		return 0;
	return no_such_key(m, object, key);
}
