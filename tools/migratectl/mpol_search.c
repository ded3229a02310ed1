// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where profiles are: one search path, drop-ins and masks, by the rules that
 * administrators know from systemd's configuration files.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "mpol_private.h"
#include "mpol_profile.h"

#define SUFFIX		".conf"
#define DROP_INS	".d"

/* The first that has a file of a name wins. */
static const char *const search_path[] = {
	MPOL_PROFILE_DIR,
	"/run/migratectl/profiles",
	"/usr/local/lib/migratectl/profiles",
	"/usr/lib/migratectl/profiles",
};

static int out_of_memory(struct mpol *m)
{
	return mpol_fail(m, ENOMEM, "%s", strerror(ENOMEM));
}

static bool is_conf(const char *name)
{
	size_t length = strlen(name);

	return length > strlen(SUFFIX) &&
	       !strcmp(name + length - strlen(SUFFIX), SUFFIX);
}

static bool is_masked(const char *path)
{
	struct stat st;

	return !stat(path, &st) &&
	       (S_ISCHR(st.st_mode) || (S_ISREG(st.st_mode) && !st.st_size));
}

/* Names of a profile go into paths. */
static bool is_name(const char *name)
{
	return *name && *name != '.' && strlen(name) <= NAME_MAX / 2;
}

static int in_dir(struct mpol *m, size_t i, const char *name,
		  const char *suffix, char *path)
{
	char rest[PATH_MAX];
	int length = snprintf(rest, sizeof(rest), "%s/%s%s", search_path[i],
			      name, suffix);

	if ((size_t)length >= sizeof(rest))
		return mpol_fail(m, ENAMETOOLONG, "%s: %s", name,
				 strerror(ENAMETOOLONG));
	return mpol_below_root(m, rest, path);
}

/* Adds "NAME<newline>PATH": so the list sorts by name, whatever the path. */
static int add_pair(struct mpol *m, struct mpol_names *pairs, const char *name,
		    const char *dir)
{
	char pair[NAME_MAX + PATH_MAX + NAME_MAX + 3];
	size_t length = strlen(name) + 1;

	snprintf(pair, sizeof(pair), "%s\n%s/%s", name, dir, name);
	for (size_t i = 0; i < pairs->count; i++)
		if (!strncmp(pairs->name[i], pair, length))
			return 0;
	return mpol_names_add(pairs, pair) ? out_of_memory(m) : 0;
}

/* Adds the files of @dir whose names are new. No directory is no failure. */
static int add_dir(struct mpol *m, const char *dir, struct mpol_names *pairs)
{
	struct mpol_names found;
	int ret = mpol_read_dir(AT_FDCWD, dir, false, &found);

	if (ret && ret != -ENOENT)
		mpol_fail(m, -ret, "%s: %s", dir, strerror(-ret));
	else
		ret = 0;
	for (size_t i = 0; !ret && i < found.count; i++)
		if (is_conf(found.name[i]))
			ret = add_pair(m, pairs, found.name[i], dir);
	mpol_names_free(&found);
	return ret;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static const char *path_of(const char *pair)
{
	return strchr(pair, '\n') + 1;
}

static int add_paths(struct mpol *m, struct mpol_names *pairs,
		     struct mpol_names *files)
{
	int ret = 0;

	if (pairs->count)
		qsort(pairs->name, pairs->count, sizeof(*pairs->name), by_name);
	for (size_t i = 0; !ret && i < pairs->count; i++)
		if (!is_masked(path_of(pairs->name[i])) &&
		    mpol_names_add(files, path_of(pairs->name[i])))
			ret = out_of_memory(m);
	return ret;
}

int mpol_profile_names(struct mpol *m, struct mpol_names *names)
{
	struct mpol_names pairs = { 0 };
	struct mpol_names files = { 0 };
	char path[PATH_MAX];
	int ret = 0;

	*names = (struct mpol_names){ 0 };
	for (size_t i = 0; !ret && i < ARRAY_SIZE(search_path); i++) {
		ret = mpol_below_root(m, search_path[i], path);
		if (!ret)
			ret = add_dir(m, path, &pairs);
	}
	if (!ret)
		ret = add_paths(m, &pairs, &files);
	for (size_t i = 0; !ret && i < files.count; i++) {
		char *name = strrchr(files.name[i], '/') + 1;

		name[strlen(name) - strlen(SUFFIX)] = '\0';
		if (mpol_names_add(names, name))
			ret = out_of_memory(m);
	}
	mpol_names_free(&pairs);
	mpol_names_free(&files);
	if (ret)
		mpol_names_free(names);
	return ret;
}

static int no_such_profile(struct mpol *m, const char *name)
{
	char hint[MPOL_ERROR_SIZE / 2] = "there are none";
	struct mpol_names names;
	int ret = mpol_profile_names(m, &names);

	if (ret)
		return ret;
	if (names.count)
		mpol_suggest(name, &names, hint, sizeof(hint));
	mpol_names_free(&names);
	return mpol_fail(m, ENOENT, "%.64s: no such profile; %s",
			 *name ? name : "''", hint);
}

static int add_file(struct mpol *m, struct mpol_names *files, const char *path)
{
	return mpol_names_add(files, path) ? out_of_memory(m) : 0;
}

static int find_main(struct mpol *m, const char *name, struct mpol_names *files)
{
	char path[PATH_MAX];
	struct stat st;

	for (size_t i = 0; is_name(name) && i < ARRAY_SIZE(search_path); i++) {
		int ret = in_dir(m, i, name, SUFFIX, path);

		if (ret)
			return ret;
		if (is_masked(path))
			return mpol_fail(m, ENOENT, "%s: this profile is masked by %s",
					 name, path);
		if (!lstat(path, &st))
			return add_file(m, files, path);
	}
	return no_such_profile(m, name);
}

static int find_drop_ins(struct mpol *m, const char *name,
			 struct mpol_names *pairs)
{
	char path[PATH_MAX];
	int ret = 0;

	for (size_t i = 0; !ret && i < ARRAY_SIZE(search_path); i++) {
		ret = in_dir(m, i, name, SUFFIX DROP_INS, path);
		if (!ret)
			ret = add_dir(m, path, pairs);
	}
	return ret;
}

static int find_beside(struct mpol *m, const char *path,
		       struct mpol_names *files, struct mpol_names *pairs)
{
	char dir[PATH_MAX];
	int ret = add_file(m, files, path);

	if ((size_t)snprintf(dir, sizeof(dir), "%s" DROP_INS, path) >=
	    sizeof(dir))
		return mpol_fail(m, ENAMETOOLONG, "%.64s...: %s", path,
				 strerror(ENAMETOOLONG));
	return ret ? ret : add_dir(m, dir, pairs);
}

int mpol_profile_files(struct mpol *m, const char *name,
		       struct mpol_names *files)
{
	struct mpol_names pairs = { 0 };
	int ret;

	*files = (struct mpol_names){ 0 };
	if (strchr(name, '/')) {
		ret = find_beside(m, name, files, &pairs);
	} else {
		ret = find_main(m, name, files);
		if (!ret)
			ret = find_drop_ins(m, name, &pairs);
	}
	if (!ret)
		ret = add_paths(m, &pairs, files);
	mpol_names_free(&pairs);
	if (ret)
		mpol_names_free(files);
	return ret;
}
