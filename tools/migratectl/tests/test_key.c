// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of mpol_key.c: when a value that reads back is the one written.
 */
#include "tree.h"

static bool same(enum mpol_type type, const char *key, const char *written,
		 const char *shown)
{
	assert_non_null(mpol_key(type, key));
	return mpol_same_value(mpol_key(type, key), written, shown);
}

static void test_numbers(void **state)
{
	(void)state;
	assert_true(same(MPOL_REASON, "batch_size", "512", "512"));
	assert_true(same(MPOL_REASON, "batch_size", "0512", "512"));
	assert_true(same(MPOL_REASON, "batch_size", "+512", "512"));
	assert_false(same(MPOL_REASON, "batch_size", "0x200", "512"));
	assert_false(same(MPOL_REASON, "batch_size", "01000", "512"));
	assert_false(same(MPOL_REASON, "batch_size", "513", "512"));
	assert_false(same(MPOL_REASON, "batch_size", "", "0"));
	assert_false(same(MPOL_REASON, "batch_size", "512x", "512"));
	assert_false(same(MPOL_REASON, "batch_size", "512", ""));
}

static void test_classes(void **state)
{
	(void)state;
	assert_true(same(MPOL_REASON, "classes", "file,anon", "anon,file"));
	assert_true(same(MPOL_REASON, "classes", "anon,anon", "anon"));
	assert_true(same(MPOL_REASON, "classes", "none", "none"));
	assert_false(same(MPOL_REASON, "classes", "anon", "anon,file"));
	assert_false(same(MPOL_REASON, "classes", "anon,file", "anon"));
	assert_false(same(MPOL_REASON, "classes", "ano", "anon"));
	assert_false(same(MPOL_REASON, "classes", "anon", "none"));
}

static void test_words(void **state)
{
	(void)state;
	assert_true(same(MPOL_REASON, "backend", "mt", "mt"));
	assert_false(same(MPOL_REASON, "backend", "mt", "inline"));
	assert_false(same(MPOL_REASON, "backend", "MT", "mt"));
}

static void test_bools(void **state)
{
	(void)state;
	assert_true(same(MPOL_GLOBAL, "stats", "1", "1"));
	assert_true(same(MPOL_GLOBAL, "stats", "01", "1"));
	assert_false(same(MPOL_GLOBAL, "stats", "y", "1"));
	assert_false(same(MPOL_GLOBAL, "stats", "on", "1"));
	assert_false(same(MPOL_GLOBAL, "stats", "off", "0"));
	assert_false(same(MPOL_GLOBAL, "stats", "N", "0"));
	assert_false(same(MPOL_GLOBAL, "stats", "1", "0"));
	assert_false(same(MPOL_GLOBAL, "stats", "off", "1"));
	assert_false(same(MPOL_GLOBAL, "stats", "", "0"));
	assert_false(same(MPOL_GLOBAL, "stats", "1", ""));
}

static void test_cpulists(void **state)
{
	(void)state;
	assert_true(same(MPOL_BACKEND, "cpus", "0,1,2", "0-2"));
	assert_true(same(MPOL_BACKEND, "cpus", "2,0-1", "0-2"));
	assert_true(same(MPOL_BACKEND, "cpus", "8191", "8191"));
	assert_false(same(MPOL_BACKEND, "cpus", "0-2", "0-1"));
	assert_false(same(MPOL_BACKEND, "cpus", "0-1", "0-2"));
	assert_false(same(MPOL_BACKEND, "cpus", "0", ""));
}

static void test_cpulists_only_the_kernel_resolves(void **state)
{
	(void)state;
	assert_true(same(MPOL_BACKEND, "cpus", "all", "0-1"));
	assert_true(same(MPOL_BACKEND, "cpus", "0-N", "0-1"));
	assert_true(same(MPOL_BACKEND, "cpus", "0-7:1/2", "0,2,4,6"));
	assert_false(same(MPOL_BACKEND, "cpus", "all", "nonsense"));
	assert_true(same(MPOL_BACKEND, "cpus", "0-9000", "0-1"));
}

static void test_unknown_key_compares_text(void **state)
{
	(void)state;
	assert_null(mpol_key(MPOL_REASON, "pacing"));
	assert_null(mpol_key(MPOL_BACKEND, "backend"));
	assert_true(mpol_same_value(NULL, "1", "1"));
	assert_false(mpol_same_value(NULL, "01", "1"));
}

static void test_allowed(void **state)
{
	struct tree *tree = *state;
	char text[128];

	assert_int_equal(mpol_allowed(tree->mpol, MPOL_REASON, "backend", text,
				      sizeof(text)), 0);
	assert_string_equal(text, "inline, mt");
	assert_int_equal(mpol_allowed(tree->mpol, MPOL_REASON, "batch_size",
				      text, sizeof(text)), 0);
	assert_string_equal(text, "1..262144 base pages");
	assert_int_equal(mpol_allowed(tree->mpol, MPOL_REASON, "pacing", text,
				      sizeof(text)), 0);
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_bools),
		cmocka_unit_test(test_cpulists),
		cmocka_unit_test(test_cpulists_only_the_kernel_resolves),
		cmocka_unit_test(test_unknown_key_compares_text),
		with_tree(test_allowed),
	};

	return run_tap("key", tests);
}
