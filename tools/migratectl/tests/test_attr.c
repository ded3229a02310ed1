// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of mpol_attr.c, mpol_names.c and mpol_settings.c: one attribute,
 * names, all settings of an object.
 */
#include "tree.h"

#include <errno.h>
#include <string.h>

#define BATCH	CONFIG "/reasons/demotion/batch_size"

static void expect_names(const struct mpol_names *names, const char *joined)
{
	char text[256];

	mpol_names_join(names, " ", text, sizeof(text));
	assert_string_equal(text, joined);
}

static void test_read_strips_one_newline(void **state)
{
	struct tree *tree = *state;
	struct mpol_object demotion = tree_find(tree, "demotion");
	char value[MPOL_VALUE_SIZE];

	assert_int_equal(mpol_read(tree->mpol, &demotion, "batch_size", value),
			 0);
	assert_string_equal(value, "512");
	tree_write(tree, BATCH, "a\n");
	assert_int_equal(mpol_read(tree->mpol, &demotion, "batch_size", value),
			 0);
	assert_string_equal(value, "a\n");
}

static void test_read_empty(void **state)
{
	struct tree *tree = *state;
	struct mpol_object demotion = tree_find(tree, "demotion");
	char value[MPOL_VALUE_SIZE] = "x";

	tree_remove(tree, BATCH);
	tree_link(tree, BATCH, "/dev/null");
	assert_int_equal(mpol_read(tree->mpol, &demotion, "batch_size", value),
			 0);
	assert_string_equal(value, "");
}

static void test_read_page_and_more(void **state)
{
	struct tree *tree = *state;
	struct mpol_object demotion = tree_find(tree, "demotion");
	char text[MPOL_VALUE_SIZE];
	char value[MPOL_VALUE_SIZE];

	memset(text, 'x', sizeof(text));
	text[4095] = '\0';
	tree_write(tree, BATCH, text);
	assert_int_equal(mpol_read(tree->mpol, &demotion, "batch_size", value),
			 0);
	assert_string_equal(value, text);
	tree_remove(tree, BATCH);
	tree_link(tree, BATCH, "/dev/zero");
	assert_int_equal(mpol_read(tree->mpol, &demotion, "batch_size", value),
			 -EFBIG);
}

static void test_read_error_names_the_setting(void **state)
{
	struct tree *tree = *state;
	struct mpol_object demotion = tree_find(tree, "demotion");
	char value[MPOL_VALUE_SIZE];

	tree_remove(tree, BATCH);
	tree_write(tree, BATCH "/x", "");
	assert_int_equal(mpol_read(tree->mpol, &demotion, "batch_size", value),
			 -EISDIR);
	assert_string_equal(mpol_error(tree->mpol),
			    "demotion.batch_size: cannot be read: Is a directory");
}

static void test_write_replaces(void **state)
{
	struct tree *tree = *state;
	struct mpol_object demotion = tree_find(tree, "demotion");
	struct mpol_object mt = tree_find(tree, "mt");
	struct mpol_object global = tree_find(tree, "global");

	assert_int_equal(mpol_write(tree->mpol, &demotion, "batch_size", "1"),
			 0);
	tree_expect(tree, BATCH, "1");
	assert_int_equal(mpol_write(tree->mpol, &mt, "cpus", "1"), 0);
	tree_expect(tree, CONFIG "/backends/mt/cpus", "1");
	assert_int_equal(mpol_write(tree->mpol, &global, "stats", "1"), 0);
	tree_expect(tree, CONFIG "/stats", "1");
}

static int no_error(unsigned int nth)
{
	(void)nth;
	return 0;
}

static void test_write_is_one_call(void **state)
{
	struct tree *tree = *state;
	struct mpol_object demotion = tree_find(tree, "demotion");
	char value[MPOL_WRITE_MAX + 2];

	on_write = no_error;
	memset(value, 'x', sizeof(value));
	value[MPOL_WRITE_MAX] = '\0';
	assert_int_equal(mpol_write(tree->mpol, &demotion, "classes", value),
			 0);
	assert_int_equal(write_count, 1);
	value[MPOL_WRITE_MAX] = 'x';
	value[MPOL_WRITE_MAX + 1] = '\0';
	assert_int_equal(mpol_write(tree->mpol, &demotion, "classes", value),
			 -E2BIG);
	assert_int_equal(write_count, 1);
}

static void test_write_empty_reaches_the_kernel(void **state)
{
	struct tree *tree = *state;
	struct mpol_object mt = tree_find(tree, "mt");

	on_write = no_error;
	assert_int_equal(mpol_write(tree->mpol, &mt, "cpus", ""), 0);
	assert_int_equal(write_count, 1);
	tree_expect(tree, CONFIG "/backends/mt/cpus", "");
}

static void test_write_creates_nothing(void **state)
{
	struct tree *tree = *state;
	struct mpol_object demotion = tree_find(tree, "demotion");
	char value[MPOL_VALUE_SIZE];

	assert_int_equal(mpol_write(tree->mpol, &demotion, "new", "1"),
			 -ENOENT);
	assert_int_equal(mpol_read(tree->mpol, &demotion, "new", value),
			 -ENOENT);
}

static void test_write_full_device(void **state)
{
	struct tree *tree = *state;
	struct mpol_object demotion = tree_find(tree, "demotion");

	tree_remove(tree, BATCH);
	tree_link(tree, BATCH, "/dev/full");
	assert_int_equal(mpol_write(tree->mpol, &demotion, "batch_size", "1"),
			 -ENOSPC);
	assert_string_equal(mpol_error(tree->mpol),
			    "demotion.batch_size=1: No space left on device");
}

static int refusal;

static int refuse(unsigned int nth)
{
	(void)nth;
	return refusal;
}

static void test_short_write_is_an_error(void **state)
{
	struct tree *tree = *state;
	struct mpol_object demotion = tree_find(tree, "demotion");

	refusal = SHORT_WRITE;
	on_write = refuse;
	assert_int_equal(mpol_write(tree->mpol, &demotion, "batch_size", "99"),
			 -EIO);
}

static void test_refusals_are_explained(void **state)
{
	static const struct {
		const char *object, *key, *value;
		int err;
		const char *text;
	} cases[] = {
		{ "demotion", "batch_size", "0", ERANGE,
		  "demotion.batch_size=0: out of range; allowed: 1..262144 base pages" },
		{ "demotion", "batch_size", "x", EINVAL,
		  "demotion.batch_size=x: not a valid value; allowed: 1..262144 base pages" },
		{ "demotion", "backend", "mtt", ENOENT,
		  "demotion.backend=mtt: no such backend; allowed: inline, mt; did you mean 'mt'?" },
		{ "demotion", "backend", "gpu", ENOENT,
		  "demotion.backend=gpu: no such backend; allowed: inline, mt" },
		{ "demotion", "classes", "anon,flie", EINVAL,
		  "demotion.classes=anon,flie: not a valid value; allowed: comma list of anon, swapcache, shmem, file; or none; did you mean 'file'?" },
		{ "demotion", "classes", "anon,none", EINVAL,
		  "demotion.classes=anon,none: not a valid value; allowed: comma list of anon, swapcache, shmem, file; or none" },
		{ "mt", "cpus", "", EINVAL,
		  "mt.cpus=: not a valid value; allowed: list of possible CPUs, as in 0-3,8; not empty" },
		{ "global", "stats", "2", EINVAL,
		  "global.stats=2: not a valid value; allowed: 0 or 1" },
		{ "demotion", "backend", "mt", EBUSY,
		  "demotion.backend=mt: not possible in the present state" },
		{ "demotion", "backend", "mt", EACCES,
		  "demotion.backend=mt: permission denied; only root may change the policy" },
		{ "demotion", "backend", "mt", EPERM,
		  "demotion.backend=mt: permission denied; only root may change the policy" },
		{ "demotion", "backend", "mt", ENOMEM,
		  "demotion.backend=mt: Cannot allocate memory" },
	};
	struct tree *tree = *state;

	on_write = refuse;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mpol_object object = tree_find(tree, cases[i].object);

		refusal = cases[i].err;
		assert_int_equal(mpol_write(tree->mpol, &object, cases[i].key,
					    cases[i].value), -cases[i].err);
		assert_string_equal(mpol_error(tree->mpol), cases[i].text);
	}
}

static void test_find(void **state)
{
	struct tree *tree = *state;

	assert_int_equal(tree_find(tree, "demotion").type, MPOL_REASON);
	assert_int_equal(tree_find(tree, "mt").type, MPOL_BACKEND);
	assert_int_equal(tree_find(tree, "global").type, MPOL_GLOBAL);
}

static void test_find_nothing_odd(void **state)
{
	static const char *const odd[] = {
		"", ".", "..", "../reasons", "reasons/demotion", "demotion/",
		"stats",
	};
	struct tree *tree = *state;
	struct mpol_object object;

	for (size_t i = 0; i < ARRAY_SIZE(odd); i++)
		assert_int_equal(mpol_find(tree->mpol, odd[i], &object),
				 -ENOENT);
}

static void test_find_suggests(void **state)
{
	struct tree *tree = *state;
	struct mpol_object object;

	assert_int_equal(mpol_find(tree->mpol, "demotoin", &object), -ENOENT);
	assert_string_equal(mpol_error(tree->mpol),
			    "demotoin: no such reason or backend; did you mean 'demotion'?");
	assert_int_equal(mpol_find(tree->mpol, "xyz", &object), -ENOENT);
	assert_string_equal(mpol_error(tree->mpol),
			    "xyz: no such reason or backend; known: compaction, demotion, inline, mt, global");
}

static void test_check_key(void **state)
{
	struct tree *tree = *state;
	struct mpol_object demotion = tree_find(tree, "demotion");
	struct mpol_object idle = tree_find(tree, "inline");
	struct mpol_object global = tree_find(tree, "global");

	assert_int_equal(mpol_check_key(tree->mpol, &demotion, "workers"), 0);
	assert_int_equal(mpol_check_key(tree->mpol, &demotion, "worker"),
			 -ENOENT);
	assert_string_equal(mpol_error(tree->mpol),
			    "demotion: no such key 'worker'; did you mean 'workers'?");
	assert_int_equal(mpol_check_key(tree->mpol, &demotion, "../../stats"),
			 -ENOENT);
	assert_int_equal(mpol_check_key(tree->mpol, &demotion, ""), -ENOENT);
	assert_int_equal(mpol_check_key(tree->mpol, &idle, "cpus"), -ENOENT);
	assert_string_equal(mpol_error(tree->mpol),
			    "inline: no such key 'cpus'; inline has no settings");
	assert_int_equal(mpol_check_key(tree->mpol, &global, "reasons"),
			 -ENOENT);
}

static void test_objects_are_sorted(void **state)
{
	struct tree *tree = *state;
	struct mpol_names names;

	assert_int_equal(mpol_objects(tree->mpol, MPOL_REASON, &names), 0);
	expect_names(&names, "compaction demotion");
	mpol_names_free(&names);
	assert_int_equal(mpol_objects(tree->mpol, MPOL_BACKEND, &names), 0);
	expect_names(&names, "inline mt");
	mpol_names_free(&names);
}

static void test_objects_without_directory(void **state)
{
	struct tree *tree = *state;
	struct mpol_names names;

	tree_remove(tree, CONFIG "/reasons");
	assert_int_equal(mpol_objects(tree->mpol, MPOL_REASON, &names),
			 -ENOENT);
	assert_non_null(strstr(mpol_error(tree->mpol), CONFIG "/reasons"));
}

static void test_keys_known_first(void **state)
{
	struct tree *tree = *state;
	struct mpol_object demotion = tree_find(tree, "demotion");
	struct mpol_names keys;

	tree_write(tree, CONFIG "/reasons/demotion/pacing", "0");
	tree_write(tree, CONFIG "/reasons/demotion/aging", "0");
	tree_write(tree, CONFIG "/reasons/demotion/trials/x", "0");
	assert_int_equal(mpol_keys(tree->mpol, &demotion, &keys), 0);
	expect_names(&keys, "backend batch_size min_pages workers classes aging pacing");
	mpol_names_free(&keys);
}

static void test_keys_of_global(void **state)
{
	struct tree *tree = *state;
	struct mpol_object global = tree_find(tree, "global");
	struct mpol_names keys;

	assert_int_equal(mpol_keys(tree->mpol, &global, &keys), 0);
	expect_names(&keys, "stats");
	mpol_names_free(&keys);
}

static void test_load(void **state)
{
	struct tree *tree = *state;
	struct mpol_object demotion = tree_find(tree, "demotion");
	struct mpol_settings settings;

	tree_write(tree, BATCH, "7");
	assert_int_equal(mpol_load(tree->mpol, &demotion, &settings), 0);
	assert_int_equal(settings.count, 5);
	assert_string_equal(mpol_setting(&settings, "batch_size"), "7");
	assert_null(mpol_setting(&settings, "pacing"));
	mpol_settings_free(&settings);
	assert_int_equal(mpol_load_defaults(tree->mpol, &settings), 0);
	assert_int_equal(settings.count, 5);
	assert_string_equal(mpol_setting(&settings, "batch_size"), "512");
	mpol_settings_free(&settings);
}

static void test_load_like(void **state)
{
	struct tree *tree = *state;
	struct mpol_object demotion = tree_find(tree, "demotion");
	struct mpol_settings defaults, settings;

	assert_int_equal(mpol_load_defaults(tree->mpol, &defaults), 0);
	tree_write(tree, BATCH, "7");
	tree_remove(tree, CONFIG "/reasons/demotion/workers");
	assert_int_equal(mpol_load_like(tree->mpol, &demotion, &defaults,
					&settings), 0);
	assert_int_equal(settings.count, 4);
	assert_string_equal(settings.setting[0].key, "backend");
	assert_string_equal(mpol_setting(&settings, "batch_size"), "7");
	assert_null(mpol_setting(&settings, "workers"));
	mpol_settings_free(&settings);
	tree_remove(tree, BATCH);
	tree_link(tree, BATCH, "batch_size");
	assert_int_equal(mpol_load_like(tree->mpol, &demotion, &defaults,
					&settings), -ELOOP);
	mpol_settings_free(&defaults);
}

static void test_load_unreadable(void **state)
{
	struct tree *tree = *state;
	struct mpol_object demotion = tree_find(tree, "demotion");
	struct mpol_settings settings;

	tree_remove(tree, BATCH);
	tree_link(tree, BATCH, "nowhere");
	assert_int_equal(mpol_load(tree->mpol, &demotion, &settings), -ENOENT);
	tree_remove(tree, SYSFS "/defaults");
	assert_int_equal(mpol_load_defaults(tree->mpol, &settings), -ENOENT);
	assert_non_null(strstr(mpol_error(tree->mpol), "defaults"));
}

static void test_counter(void **state)
{
	struct tree *tree = *state;
	struct mpol_object mt = tree_find(tree, "mt");
	uint64_t value;

	assert_int_equal(mpol_counter(tree->mpol, &mt, "pages", &value), 0);
	assert_true(value == UINT64_MAX);
	assert_int_equal(mpol_counter(tree->mpol, &mt, "bytes", &value),
			 -ENOENT);
	tree_write(tree, SYSFS "/backends/mt/pages", "18446744073709551616");
	assert_int_equal(mpol_counter(tree->mpol, &mt, "pages", &value),
			 -EINVAL);
	tree_write(tree, SYSFS "/backends/mt/pages", "-1");
	assert_int_equal(mpol_counter(tree->mpol, &mt, "pages", &value),
			 -EINVAL);
	tree_write(tree, SYSFS "/backends/mt/pages", "");
	assert_int_equal(mpol_counter(tree->mpol, &mt, "pages", &value),
			 -EINVAL);
}

static void test_enabled(void **state)
{
	struct tree *tree = *state;

	assert_int_equal(mpol_enabled(tree->mpol), 1);
	tree_write(tree, SYSFS "/enabled", "0");
	assert_int_equal(mpol_enabled(tree->mpol), 0);
	tree_remove(tree, SYSFS "/enabled");
	assert_int_equal(mpol_enabled(tree->mpol), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_tree(test_read_strips_one_newline),
		with_tree(test_read_empty),
		with_tree(test_read_page_and_more),
		with_tree(test_read_error_names_the_setting),
		with_tree(test_write_replaces),
		with_tree(test_write_is_one_call),
		with_tree(test_write_empty_reaches_the_kernel),
		with_tree(test_write_creates_nothing),
		with_tree(test_write_full_device),
		with_tree(test_short_write_is_an_error),
		with_tree(test_refusals_are_explained),
		with_tree(test_find),
		with_tree(test_find_nothing_odd),
		with_tree(test_find_suggests),
		with_tree(test_check_key),
		with_tree(test_objects_are_sorted),
		with_tree(test_objects_without_directory),
		with_tree(test_keys_known_first),
		with_tree(test_keys_of_global),
		with_tree(test_load),
		with_tree(test_load_like),
		with_tree(test_load_unreadable),
		with_tree(test_counter),
		with_tree(test_enabled),
	};

	return run_tap("attr", tests);
}
