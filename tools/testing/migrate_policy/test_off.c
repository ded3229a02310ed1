// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of migrate_policy=off: everything can be written and read, and
 * nothing takes effect.
 *
 * For the model of the page migration policy, in user space. A program of its
 * own, as there is no way back from off.
 */

#include "tests.h"

static int init_off(void **state)
{
	migrate_policy_disable();
	return init_model(state);
}

static bool key_is_on(void)
{
	return static_branch_unlikely(&migrate_policy_key);
}

static void test_disabled(void **unused)
{
	(void)unused;
	assert_true(migrate_policy_disabled());
}

static void test_writes_read_back(void **unused)
{
	u64 generation = migrate_policy_generation();

	(void)unused;
	for_each_reason(reason) {
		for_each_key(key) {
			assert_store(reason, key, other_value(key), 0);
			assert_shows(reason, key, other_value(key));
			assert_int_equal(migrate_policy_generation(),
					 ++generation);
			assert_false(key_is_on());
		}
	}
	assert_int_equal(migrate_policy_store_stats("1"), 0);
	assert_true(migrate_policy_stats());
	assert_false(key_is_on());
}

static void test_bad_writes(void **unused)
{
	struct state before;

	(void)unused;
	save_state(&before);
	assert_store(MR_DAMON, MIGRATE_KEY_WORKERS, "65", -ERANGE);
	assert_store(MR_DAMON, MIGRATE_KEY_WORKERS, "", -EINVAL);
	assert_store(MR_DAMON, MIGRATE_KEY_BACKEND, "absent", -ENOENT);
	assert_int_equal(migrate_policy_store_stats("2"), -ERANGE);
	assert_unchanged(&before);
	assert_int_equal(shim.requests, 0);
}

static int must_not_start(void)
{
	return -EIO;
}

static void must_not_stop(void)
{
	fail_msg("stop() of a backend that was never started");
}

/* A backend acquires nothing: that could be what harms the boot. */
static void test_never_started(void **unused)
{
	struct migrate_copy_backend backend = {
		.name = "lazy",
		.start = must_not_start,
		.stop = must_not_stop,
		.copy = copy_nothing,
	};

	(void)unused;
	assert_int_equal(migrate_copy_register(&backend), 0);
	assert_store(MR_DAMON, MIGRATE_KEY_BACKEND, "lazy", 0);
	assert_store(MR_SYSCALL, MIGRATE_KEY_BACKEND, "lazy", 0);
	assert_store(MR_SYSCALL, MIGRATE_KEY_BACKEND, "test", 0);
	migrate_copy_unregister(&backend);
	assert_shows(MR_DAMON, MIGRATE_KEY_BACKEND, "inline");
	assert_int_equal(shim.starts, 0);
	assert_int_equal(shim.stops, 0);
}

/* The name still stands for something: its module must not go. */
static void test_pinned(void **unused)
{
	(void)unused;
	assert_store(MR_DAMON, MIGRATE_KEY_BACKEND, "test", 0);
	assert_int_equal(test_module.pins, 1);
	assert_store(MR_DAMON, MIGRATE_KEY_BACKEND, "inline", 0);
	assert_int_equal(test_module.pins, 0);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_disabled),
		TEST(test_writes_read_back),
		TEST(test_bad_writes),
		TEST(test_never_started),
		TEST(test_pinned),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, init_off, NULL);
}
