// SPDX-License-Identifier: GPL-2.0-only
/*
 * See tree.h.
 */
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

int (*on_write)(unsigned int nth);
unsigned int write_count;
const char *const *mountinfo;
int mount_errno;
unsigned int mount_count;

FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);
ssize_t __real_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size);
int __wrap_mount(const char *source, const char *target, const char *type,
		 unsigned long flags, const void *data);

ssize_t __wrap_write(int fd, const void *data, size_t size)
{
	int err = on_write ? on_write(++write_count) : 0;

	if (!err)
		return __real_write(fd, data, size);
	if (err == SHORT_WRITE)
		return __real_write(fd, data, 1);
	errno = err;
	return -1;
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
	const char *text;

	if (!mountinfo)
		return __real_fopen(path, mode);
	text = *mountinfo++;
	if (!text) {
		errno = ENOENT;
		return NULL;
	}
	return fmemopen((void *)(uintptr_t)text, strlen(text), "r");
}

int __wrap_mount(const char *source, const char *target, const char *type,
		 unsigned long flags, const void *data)
{
	(void)source;
	(void)flags;
	(void)data;
	assert_string_equal(type, "configfs");
	assert_string_equal(target, "/sys/kernel/config");
	mount_count++;
	errno = mount_errno;
	return mount_errno ? -1 : 0;
}

static void full_path(const struct tree *tree, const char *path, char *full)
{
	snprintf(full, PATH_MAX, "%s/%s", tree->root, path);
}

static void make_parents(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) && errno != EEXIST)
			fail_msg("%s: %s", path, strerror(errno));
		*slash = '/';
	}
}

void tree_write(const struct tree *tree, const char *path, const char *value)
{
	char full[PATH_MAX];
	FILE *file;

	full_path(tree, path, full);
	make_parents(full);
	file = __real_fopen(full, "w");
	assert_non_null(file);
	assert_true(fprintf(file, "%s\n", value) > 0);
	assert_int_equal(fclose(file), 0);
}

void tree_expect(const struct tree *tree, const char *path, const char *value)
{
	char full[PATH_MAX];
	char text[MPOL_VALUE_SIZE] = "";
	FILE *file;

	full_path(tree, path, full);
	file = __real_fopen(full, "r");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	text[strcspn(text, "\n")] = '\0';
	assert_string_equal(text, value);
}

static int remove_entry(const char *path, const struct stat *st, int type,
			struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void tree_remove(const struct tree *tree, const char *path)
{
	char full[PATH_MAX];

	full_path(tree, path, full);
	assert_int_equal(nftw(full, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

void tree_link(const struct tree *tree, const char *path, const char *target)
{
	char full[PATH_MAX];

	full_path(tree, path, full);
	assert_int_equal(symlink(target, full), 0);
}

struct mpol_object tree_find(const struct tree *tree, const char *name)
{
	struct mpol_object object;

	assert_int_equal(mpol_find(tree->mpol, name, &object), 0);
	return object;
}

static void fill(const struct tree *tree)
{
	static const char *const dirs[] = {
		CONFIG "/reasons/demotion", CONFIG "/reasons/compaction",
		SYSFS "/defaults",
	};
	static const char *const defaults[][2] = {
		{ "backend", "inline" }, { "batch_size", "512" },
		{ "min_pages", "0" }, { "workers", "0" },
		{ "classes", "anon,swapcache" },
	};
	char path[PATH_MAX / 2];

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(defaults); j++) {
			snprintf(path, sizeof(path), "%s/%s", dirs[i],
				 defaults[j][0]);
			tree_write(tree, path, defaults[j][1]);
		}
	}
	tree_write(tree, CONFIG "/stats", "0");
	tree_write(tree, CONFIG "/backends/mt/cpus", "0-1");
	tree_write(tree, CONFIG "/backends/inline/x", "");
	tree_remove(tree, CONFIG "/backends/inline/x");
	tree_write(tree, SYSFS "/backends/mt/pages", "18446744073709551615");
	tree_write(tree, SYSFS "/enabled", "1");
}

int tree_setup(void **state)
{
	struct tree *tree = calloc(1, sizeof(*tree));
	const char *tmp = getenv("TMPDIR");

	assert_non_null(tree);
	snprintf(tree->root, sizeof(tree->root), "%s/mpol.XXXXXX",
		 tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(tree->root));
	fill(tree);
	assert_int_equal(mpol_open(&tree->mpol, tree->root), 0);
	*state = tree;
	return 0;
}

int tree_teardown(void **state)
{
	struct tree *tree = *state;

	on_write = NULL;
	write_count = 0;
	mountinfo = NULL;
	mount_errno = 0;
	mount_count = 0;
	mpol_close(tree->mpol);
	tree_remove(tree, "");
	free(tree);
	return 0;
}
