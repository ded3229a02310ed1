// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of mpol_tree.c: finding configfs, mounting it, opening a root.
 */
#include "tree.h"

#include <errno.h>
#include <string.h>

#define OTHER	"21 28 0:20 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
#define USUAL	"36 21 0:33 / /sys/kernel/config rw shared:17 - configfs configfs rw\n"

static int find(const char *text, char *path, size_t size)
{
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	int ret;

	assert_non_null(file);
	ret = mpol_find_configfs(file, path, size);
	fclose(file);
	return ret;
}

static void test_find_usual(void **state)
{
	char path[64];

	(void)state;
	assert_int_equal(find(OTHER USUAL, path, sizeof(path)), 0);
	assert_string_equal(path, "/sys/kernel/config");
}

static void test_find_none(void **state)
{
	char path[64];

	(void)state;
	assert_int_equal(find(OTHER, path, sizeof(path)), -ENOENT);
	assert_int_equal(find("nonsense\n\n - configfs \n", path,
			      sizeof(path)), -ENOENT);
}

static void test_find_wants_the_whole_fs(void **state)
{
	char path[64];

	(void)state;
	assert_int_equal(find("40 21 0:33 /nvmet /mnt rw - configfs none rw\n"
			      "41 21 0:33 / /config rw - configfs none rw\n",
			      path, sizeof(path)), 0);
	assert_string_equal(path, "/config");
}

static void test_find_unescapes(void **state)
{
	char path[64];

	(void)state;
	assert_int_equal(find("41 21 0:33 / /a\\040b\\134c rw - configfs none rw\n",
			      path, sizeof(path)), 0);
	assert_string_equal(path, "/a b\\c");
}

static void test_find_with_more_optional_fields(void **state)
{
	char path[64];

	(void)state;
	assert_int_equal(find("41 21 0:33 / /c rw shared:1 master:2 - configfs none rw\n",
			      path, sizeof(path)), 0);
	assert_string_equal(path, "/c");
}

static void test_find_long_path(void **state)
{
	char path[8];

	(void)state;
	assert_int_equal(find(USUAL, path, sizeof(path)), -ENAMETOOLONG);
}

static int locate(struct tree *tree, const char *const *texts, char *path)
{
	mountinfo = texts;
	return mpol_locate_configfs(tree->mpol, path);
}

static void test_mounted_is_not_mounted_again(void **state)
{
	static const char *const texts[] = { USUAL, NULL };
	char path[PATH_MAX];

	assert_int_equal(locate(*state, texts, path), 0);
	assert_string_equal(path, "/sys/kernel/config");
	assert_int_equal(mount_count, 0);
}

static void test_mounts_where_absent(void **state)
{
	static const char *const texts[] = { OTHER, OTHER USUAL, NULL };
	char path[PATH_MAX];

	assert_int_equal(locate(*state, texts, path), 0);
	assert_string_equal(path, "/sys/kernel/config");
	assert_int_equal(mount_count, 1);
}

static void test_ebusy_is_success(void **state)
{
	static const char *const texts[] = { OTHER, OTHER USUAL, NULL };
	char path[PATH_MAX];

	mount_errno = EBUSY;
	assert_int_equal(locate(*state, texts, path), 0);
	assert_string_equal(path, "/sys/kernel/config");
}

static void test_ebusy_but_not_there(void **state)
{
	static const char *const texts[] = { OTHER, OTHER, NULL };
	struct tree *tree = *state;
	char path[PATH_MAX];

	mount_errno = EBUSY;
	assert_int_equal(locate(tree, texts, path), -ENOENT);
	assert_string_equal(mpol_error(tree->mpol), "configfs is not mounted");
}

static void test_mount_needs_root(void **state)
{
	static const char *const texts[] = { OTHER, NULL };
	struct tree *tree = *state;
	char path[PATH_MAX];

	mount_errno = EPERM;
	assert_int_equal(locate(tree, texts, path), -EPERM);
	assert_string_equal(mpol_error(tree->mpol),
			    "configfs is not mounted, and mounting it at /sys/kernel/config failed: Operation not permitted; run as root");
}

static void test_mount_fails(void **state)
{
	static const char *const texts[] = { OTHER, NULL };
	struct tree *tree = *state;
	char path[PATH_MAX];

	mount_errno = ENODEV;
	assert_int_equal(locate(tree, texts, path), -ENODEV);
	assert_non_null(strstr(mpol_error(tree->mpol), "No such device"));
	assert_null(strstr(mpol_error(tree->mpol), "root"));
}

static void test_no_proc(void **state)
{
	static const char *const texts[] = { NULL };
	struct tree *tree = *state;
	char path[PATH_MAX];

	assert_int_equal(locate(tree, texts, path), -EIO);
	assert_non_null(strstr(mpol_error(tree->mpol), "is /proc mounted?"));
	assert_int_equal(mount_count, 0);
}

static int reopen(const struct tree *tree, char *text, size_t size)
{
	struct mpol *m;
	int ret = mpol_open(&m, tree->root);

	assert_non_null(m);
	snprintf(text, size, "%s", mpol_error(m));
	mpol_close(m);
	return ret;
}

static void test_no_sysfs_dir(void **state)
{
	struct tree *tree = *state;
	char text[MPOL_ERROR_SIZE];

	tree_remove(tree, SYSFS);
	assert_int_equal(reopen(tree, text, sizeof(text)), -EOPNOTSUPP);
	assert_non_null(strstr(text, "this kernel has no migrate_policy"));
	assert_non_null(strstr(text, SYSFS));
	assert_int_equal(mount_count, 0);
}

static void test_no_configfs_dir(void **state)
{
	struct tree *tree = *state;
	char text[MPOL_ERROR_SIZE];

	tree_remove(tree, CONFIG);
	assert_int_equal(reopen(tree, text, sizeof(text)), -EOPNOTSUPP);
	assert_non_null(strstr(text, CONFIG));
	/* Nothing is ever mounted below a root. */
	assert_int_equal(mount_count, 0);
}

static void test_file_for_a_directory(void **state)
{
	struct tree *tree = *state;
	char text[MPOL_ERROR_SIZE];

	tree_remove(tree, SYSFS);
	tree_write(tree, SYSFS, "x");
	assert_int_equal(reopen(tree, text, sizeof(text)), -ENOTDIR);
}

static void test_root_too_long(void **state)
{
	char root[PATH_MAX + 1];
	struct mpol *m;

	(void)state;
	memset(root, 'x', PATH_MAX);
	root[PATH_MAX] = '\0';
	assert_int_equal(mpol_open(&m, root), -ENAMETOOLONG);
	mpol_close(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find_usual),
		cmocka_unit_test(test_find_none),
		cmocka_unit_test(test_find_wants_the_whole_fs),
		cmocka_unit_test(test_find_unescapes),
		cmocka_unit_test(test_find_with_more_optional_fields),
		cmocka_unit_test(test_find_long_path),
		with_tree(test_mounted_is_not_mounted_again),
		with_tree(test_mounts_where_absent),
		with_tree(test_ebusy_is_success),
		with_tree(test_ebusy_but_not_there),
		with_tree(test_mount_needs_root),
		with_tree(test_mount_fails),
		with_tree(test_no_proc),
		with_tree(test_no_sysfs_dir),
		with_tree(test_no_configfs_dir),
		with_tree(test_file_for_a_directory),
		cmocka_unit_test(test_root_too_long),
	};

	return run_tap("tree", tests);
}
