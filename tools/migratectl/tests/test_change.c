// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of mpol_change.c: all changes or none.
 *
 * Here a refused write leaves the plain file empty, because opening it cut it
 * off; the kernel would keep the old value. So the undoing has to restore the
 * refused file as well, which makes these tests the stricter ones.
 */
#include "tree.h"

#include <errno.h>
#include <string.h>

static const char *const keys[][3] = {
	{ "backend", "mt", "inline" },
	{ "batch_size", "2048", "512" },
	{ "min_pages", "64", "0" },
	{ "workers", "4", "0" },
	{ "classes", "anon,file", "anon,swapcache" },
};

#define KEYS	ARRAY_SIZE(keys)

static void add_all(struct tree *tree, struct mpol_changes *changes)
{
	struct mpol_object demotion = tree_find(tree, "demotion");

	for (size_t i = 0; i < KEYS; i++)
		assert_int_equal(mpol_changes_add(tree->mpol, changes,
						  &demotion, keys[i][0],
						  keys[i][1]), 0);
}

/* @column: 1 the new values, 2 the old ones. */
static void expect_all(const struct tree *tree, int column)
{
	char path[256];

	for (size_t i = 0; i < KEYS; i++) {
		snprintf(path, sizeof(path), CONFIG "/reasons/demotion/%s",
			 keys[i][0]);
		tree_expect(tree, path, keys[i][column]);
	}
}

static unsigned int fail_at, fail_also_at;

static int fail_some(unsigned int nth)
{
	return nth == fail_at || nth == fail_also_at ? ERANGE : 0;
}

static int count_only(unsigned int nth)
{
	(void)nth;
	return 0;
}

static void test_all_applied(void **state)
{
	struct tree *tree = *state;
	struct mpol_changes changes = { 0 };

	on_write = count_only;
	add_all(tree, &changes);
	assert_int_equal(write_count, 0);
	assert_int_equal(mpol_changes_apply(tree->mpol, &changes), 0);
	assert_int_equal(write_count, KEYS);
	assert_int_equal(mpol_changes_in_state(&changes, MPOL_WRITTEN), KEYS);
	expect_all(tree, 1);
	mpol_changes_free(&changes);
}

static void test_each_write_may_fail(void **state)
{
	struct tree *tree = *state;

	on_write = fail_some;
	for (fail_at = 1; fail_at <= KEYS; fail_at++) {
		struct mpol_changes changes = { 0 };

		add_all(tree, &changes);
		write_count = 0;
		assert_int_equal(mpol_changes_apply(tree->mpol, &changes),
				 -ERANGE);
		assert_int_equal(mpol_changes_in_state(&changes, MPOL_UNDONE),
				 fail_at);
		assert_int_equal(mpol_changes_in_state(&changes, MPOL_STUCK),
				 0);
		expect_all(tree, 2);
		mpol_changes_free(&changes);
	}
}

static void test_undoing_may_fail(void **state)
{
	struct tree *tree = *state;
	struct mpol_changes changes = { 0 };

	/* The third write is refused, then the undoing of the second. */
	fail_at = 3;
	fail_also_at = 5;
	on_write = fail_some;
	add_all(tree, &changes);
	assert_int_equal(mpol_changes_apply(tree->mpol, &changes), -ERANGE);
	fail_also_at = 0;
	assert_int_equal(changes.change[0].state, MPOL_UNDONE);
	assert_int_equal(changes.change[1].state, MPOL_STUCK);
	assert_int_equal(changes.change[2].state, MPOL_UNDONE);
	assert_int_equal(changes.change[3].state, MPOL_PENDING);
	/* The message is about the first cause. */
	assert_non_null(strstr(mpol_error(tree->mpol), "min_pages=64"));
	tree_expect(tree, CONFIG "/reasons/demotion/backend", "inline");
	mpol_changes_free(&changes);
}

static void test_undoing_leaves_the_unwritten_alone(void **state)
{
	struct tree *tree = *state;
	struct mpol_object demotion = tree_find(tree, "demotion");
	struct mpol_changes changes = { 0 };

	fail_at = 1;
	fail_also_at = 0;
	on_write = fail_some;
	assert_int_equal(mpol_changes_add(tree->mpol, &changes, &demotion,
					  "backend", "inline"), 0);
	assert_int_equal(mpol_changes_add(tree->mpol, &changes, &demotion,
					  "batch_size", "513"), 0);
	/* Somebody else changes what we have no reason to write. */
	tree_write(tree, CONFIG "/reasons/demotion/backend", "mt");
	write_count = 0;
	assert_int_equal(mpol_changes_apply(tree->mpol, &changes), -ERANGE);
	tree_expect(tree, CONFIG "/reasons/demotion/backend", "mt");
	mpol_changes_free(&changes);
}

static void test_only_differences_are_written(void **state)
{
	struct tree *tree = *state;
	struct mpol_object demotion = tree_find(tree, "demotion");
	struct mpol_changes changes = { 0 };

	on_write = count_only;
	assert_int_equal(mpol_changes_add(tree->mpol, &changes, &demotion,
					  "backend", "inline"), 0);
	assert_int_equal(mpol_changes_add(tree->mpol, &changes, &demotion,
					  "batch_size", "513"), 0);
	assert_int_equal(mpol_changes_apply(tree->mpol, &changes), 0);
	assert_int_equal(write_count, 1);
	mpol_changes_free(&changes);
}

static void test_readback_differs(void **state)
{
	struct tree *tree = *state;
	struct mpol_object demotion = tree_find(tree, "demotion");
	struct mpol_changes changes = { 0 };

	tree_remove(tree, CONFIG "/reasons/demotion/workers");
	tree_link(tree, CONFIG "/reasons/demotion/workers", "/dev/null");
	assert_int_equal(mpol_changes_add(tree->mpol, &changes, &demotion,
					  "backend", "mt"), 0);
	assert_int_equal(mpol_changes_add(tree->mpol, &changes, &demotion,
					  "workers", "4"), 0);
	assert_int_equal(mpol_changes_apply(tree->mpol, &changes), -EIO);
	assert_string_equal(mpol_error(tree->mpol),
			    "demotion.workers=4: was accepted, but reads back as ''");
	tree_expect(tree, CONFIG "/reasons/demotion/backend", "inline");
	mpol_changes_free(&changes);
}

struct log {
	unsigned int count;
	char path[PATH_MAX];
	char value[64];
};

static void note(const char *path, const char *value, void *arg)
{
	struct log *log = arg;

	log->count++;
	snprintf(log->path, sizeof(log->path), "%s", path);
	snprintf(log->value, sizeof(log->value), "%s", value);
}

static void test_dry_run_writes_nothing(void **state)
{
	struct tree *tree = *state;
	struct log log = { 0 };
	struct mpol_changes changes = {
		.dry_run = true, .report = note, .arg = &log,
	};
	char path[PATH_MAX];

	on_write = count_only;
	add_all(tree, &changes);
	assert_int_equal(mpol_changes_apply(tree->mpol, &changes), 0);
	assert_int_equal(write_count, 0);
	assert_int_equal(log.count, KEYS);
	snprintf(path, sizeof(path), "%s/" CONFIG "/reasons/demotion/classes",
		 tree->root);
	assert_string_equal(log.path, path);
	assert_string_equal(log.value, "anon,file");
	expect_all(tree, 2);
	mpol_changes_free(&changes);
}

static void test_same_key_twice(void **state)
{
	struct tree *tree = *state;
	struct mpol_object demotion = tree_find(tree, "demotion");
	struct mpol_object compaction = tree_find(tree, "compaction");
	struct mpol_changes changes = { 0 };

	assert_int_equal(mpol_changes_add(tree->mpol, &changes, &demotion,
					  "workers", "1"), 0);
	assert_int_equal(mpol_changes_add(tree->mpol, &changes, &compaction,
					  "workers", "1"), 0);
	assert_int_equal(mpol_changes_add(tree->mpol, &changes, &demotion,
					  "workers", "2"), -EEXIST);
	assert_int_equal(changes.count, 2);
	mpol_changes_free(&changes);
}

static void test_checks_before_any_write(void **state)
{
	struct tree *tree = *state;
	struct mpol_object demotion = tree_find(tree, "demotion");
	struct mpol_changes changes = { 0 };
	char value[MPOL_WRITE_MAX + 2];

	memset(value, '1', sizeof(value));
	value[MPOL_WRITE_MAX + 1] = '\0';
	assert_int_equal(mpol_changes_add(tree->mpol, &changes, &demotion,
					  "workers", value), -E2BIG);
	assert_non_null(strstr(mpol_error(tree->mpol), "value too long"));
	assert_int_equal(mpol_changes_add(tree->mpol, &changes, &demotion,
					  "wrokers", "1"), -ENOENT);
	tree_remove(tree, CONFIG "/reasons/demotion/workers");
	tree_write(tree, CONFIG "/reasons/demotion/workers/x", "");
	assert_int_equal(mpol_changes_add(tree->mpol, &changes, &demotion,
					  "workers", "1"), -EISDIR);
	assert_int_equal(changes.count, 0);
	mpol_changes_free(&changes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_tree(test_all_applied),
		with_tree(test_each_write_may_fail),
		with_tree(test_undoing_may_fail),
		with_tree(test_undoing_leaves_the_unwritten_alone),
		with_tree(test_only_differences_are_written),
		with_tree(test_readback_differs),
		with_tree(test_dry_run_writes_nothing),
		with_tree(test_same_key_twice),
		with_tree(test_checks_before_any_write),
	};

	return run_tap("change", tests);
}
