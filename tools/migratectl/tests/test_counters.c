// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of mpol_counters.c.
 */
#include <errno.h>
#include <string.h>

#include "tree.h"

static void fill(const struct tree *tree)
{
	char path[PATH_MAX / 2], value[32];

	for (size_t i = 0; i < MPOL_COUNTERS; i++) {
		snprintf(path, sizeof(path), SYSFS "/reasons/damon/%s",
			 mpol_counter_table[i].name);
		snprintf(value, sizeof(value), "%zu", 100 + i);
		tree_write(tree, path, value);
	}
	tree_write(tree, CONFIG "/reasons/damon/backend", "inline");
}

static void test_load(void **state)
{
	const struct tree *tree = *state;
	struct mpol_object damon;
	struct mpol_counters counters;

	fill(tree);
	damon = tree_find(tree, "damon");
	assert_int_equal(mpol_load_counters(tree->mpol, &damon, &counters), 0);
	for (size_t i = 0; i < MPOL_COUNTERS; i++)
		assert_int_equal(counters.value[i], 100 + i);
	assert_int_equal(mpol_declined(&counters),
			 5 * (100 + MPOL_DECLINED_MIN) + 10);
}

static void test_missing(void **state)
{
	const struct tree *tree = *state;
	struct mpol_object damon;
	struct mpol_counters counters;

	fill(tree);
	tree_remove(tree, SYSFS "/reasons/damon/stale");
	damon = tree_find(tree, "damon");
	assert_int_equal(mpol_load_counters(tree->mpol, &damon, &counters), 0);
	for (size_t i = 0; i < MPOL_COUNTERS; i++) {
		assert_int_equal(counters.absent[i], i == MPOL_STALE);
		assert_int_equal(counters.value[i],
				 i == MPOL_STALE ? 0 : 100 + i);
	}
	tree_remove(tree, SYSFS "/reasons/damon");
	assert_int_equal(mpol_load_counters(tree->mpol, &damon, &counters),
			 -ENOENT);
	assert_non_null(strstr(mpol_error(tree->mpol), "reasons/damon/"));
}

static void test_since(void **state)
{
	const struct mpol_counters before = { .value = { 10, 5, ~0ULL } };
	const struct mpol_counters now = {
		{ 12, 3, ~0ULL, 7 }, { [4] = true },
	};
	struct mpol_counters delta;

	(void)state;
	mpol_counters_since(&now, &before, &delta);
	assert_int_equal(delta.value[0], 2);
	/* It went down: it was started anew. */
	assert_int_equal(delta.value[1], 3);
	assert_int_equal(delta.value[2], 0);
	assert_int_equal(delta.value[3], 7);
	assert_true(delta.absent[4]);
	assert_false(delta.absent[3]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_tree(test_load),
		with_tree(test_missing),
		cmocka_unit_test(test_since),
	};

	return run_tap("counters", tests);
}
