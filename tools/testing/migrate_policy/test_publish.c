// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of how a write takes effect: publication, the static key, memory.
 *
 * For the model of the page migration policy, in user space.
 */

#include "tests.h"

static bool key_is_on(void)
{
	return static_branch_unlikely(&migrate_policy_key);
}

static void test_same_value(void **unused)
{
	struct state before;

	(void)unused;
	for (int changed = 0; changed < 2; changed++) {
		save_state(&before);
		shim_reset();
		for_each_reason(reason) {
			for_each_key(key)
				assert_store(reason, key,
					     before.texts[reason][key], 0);
		}
		assert_int_equal(migrate_policy_store_stats("0"), 0);
		assert_unchanged(&before);
		assert_int_equal(shim.synchronized, 0);
		assert_int_equal(shim.allocs, 0);
		for_each_key(key)
			assert_store(MR_DEMOTION, key, other_value(key), 0);
	}
}

static void test_change_publishes_once(void **unused)
{
	u64 generation = migrate_policy_generation();

	(void)unused;
	for_each_reason(reason) {
		for_each_key(key) {
			shim_reset();
			assert_store(reason, key, other_value(key), 0);
			assert_int_equal(migrate_policy_generation(),
					 ++generation);
			assert_int_equal(shim.synchronized, 1);
		}
	}
	assert_int_equal(migrate_policy_store_stats("1"), 0);
	assert_int_equal(migrate_policy_generation(), ++generation);
	assert_int_equal(migrate_policy_store_stats("1\n"), 0);
	assert_int_equal(migrate_policy_generation(), generation);
	assert_int_equal(migrate_policy_store_stats("0"), 0);
	assert_int_equal(migrate_policy_generation(), ++generation);
}

/* A reason with all defaults has no snapshot, the others have one each. */
static void test_snapshots(void **unused)
{
	int live = shim.live;
	char text[TEXT_LEN];

	(void)unused;
	for_each_reason(reason) {
		for_each_key(key) {
			assert_store(reason, key, other_value(key), 0);
			assert_int_equal(shim.live, live + reason + 1);
		}
	}
	for_each_reason(reason) {
		for_each_key(key) {
			assert_int_equal(shim.live, live + MR_TYPES - reason);
			show_default(key, text);
			assert_store(reason, key, text, 0);
		}
	}
	assert_int_equal(shim.live, live);
}

static void test_key_follows_policies(void **unused)
{
	char text[TEXT_LEN];

	(void)unused;
	for_each_reason(reason) {
		for_each_key(key) {
			show_default(key, text);
			assert_false(key_is_on());
			assert_store(reason, key, other_value(key), 0);
			assert_true(key_is_on());
			assert_store(reason, key, text, 0);
		}
	}
	assert_false(key_is_on());
}

static void test_key_counts_reasons(void **unused)
{
	(void)unused;
	assert_store(MR_DAMON, MIGRATE_KEY_WORKERS, "1", 0);
	assert_store(MR_COMPACTION, MIGRATE_KEY_WORKERS, "1", 0);
	assert_store(MR_COMPACTION, MIGRATE_KEY_WORKERS, "0", 0);
	assert_true(key_is_on());
	assert_store(MR_DAMON, MIGRATE_KEY_WORKERS, "0", 0);
	assert_false(key_is_on());
}

static void test_key_follows_stats(void **unused)
{
	(void)unused;
	assert_int_equal(migrate_policy_store_stats("1"), 0);
	assert_true(key_is_on());
	assert_store(MR_DAMON, MIGRATE_KEY_WORKERS, "1", 0);
	assert_int_equal(migrate_policy_store_stats("0"), 0);
	assert_true(key_is_on());
	assert_int_equal(migrate_policy_store_stats("1"), 0);
	assert_store(MR_DAMON, MIGRATE_KEY_WORKERS, "0", 0);
	assert_true(key_is_on());
	assert_int_equal(migrate_policy_store_stats("0"), 0);
	assert_false(key_is_on());
}

static void test_get(void **unused)
{
	const struct migrate_policy *policy;
	int idx;

	(void)unused;
	for_each_key(key)
		assert_store(MR_DAMON, key, other_value(key), 0);

	policy = migrate_policy_get(MR_DAMON, &idx);
	assert_ptr_equal(policy->backend, &test_backend);
	assert_int_equal(policy->batch_size, 2048);
	assert_int_equal(policy->min_pages, 64);
	assert_int_equal(policy->workers, 2);
	assert_int_equal(policy->classes, BIT(MIGRATE_CLASS_ANON) |
					  BIT(MIGRATE_CLASS_SHMEM));
	assert_int_equal(policy->strict, 1);
	migrate_policy_put(idx);
}

static void test_get_default(void **unused)
{
	const struct migrate_policy *policy;
	int idx;

	(void)unused;
	assert_store(MR_DAMON, MIGRATE_KEY_BATCH_SIZE, "1", 0);
	for (enum migrate_reason reason = 0; reason < MR_DAMON; reason++) {
		policy = migrate_policy_get(reason, &idx);
		assert_ptr_equal(policy->backend, &migrate_copy_inline);
		assert_int_equal(policy->batch_size, TEST_BATCH_SIZE);
		assert_int_equal(policy->min_pages, 0);
		assert_int_equal(policy->workers, 0);
		assert_int_equal(policy->classes,
				 BIT(MIGRATE_CLASS_ANON) |
				 BIT(MIGRATE_CLASS_SWAPCACHE));
		assert_int_equal(policy->strict, 0);
		migrate_policy_put(idx);
	}
}

/* A cut may begin while another one of the same task is under way. */
static void test_nested_get(void **unused)
{
	const struct migrate_policy *outer, *inner;
	int outer_idx, inner_idx;

	(void)unused;
	assert_store(MR_DEMOTION, MIGRATE_KEY_WORKERS, "3", 0);
	outer = migrate_policy_get(MR_SYSCALL, &outer_idx);
	inner = migrate_policy_get(MR_DEMOTION, &inner_idx);
	assert_int_equal(inner->workers, 3);
	migrate_policy_put(inner_idx);
	assert_int_equal(outer->workers, 0);
	migrate_policy_put(outer_idx);
}

static void test_settle(void **unused)
{
	u64 generation = migrate_policy_generation();

	(void)unused;
	shim_reset();
	migrate_copy_settle();
	assert_int_equal(migrate_policy_generation(), generation + 1);
	assert_int_equal(shim.synchronized, 1);
}

static enum migrate_reason seen_reason;
static enum migrate_policy_key seen_key;

static void look_at_new_value(void)
{
	assert_shows(seen_reason, seen_key, other_value(seen_key));
	assert_true(key_is_on());
}

/* The new policy is there, and the key on, before the old one's end. */
static void test_published_first(void **unused)
{
	(void)unused;
	shim.on_synchronize = look_at_new_value;
	for_each_key(key) {
		seen_reason = MR_LONGTERM_PIN;
		seen_key = key;
		assert_store(seen_reason, key, other_value(key), 0);
	}
	assert_int_equal(shim.synchronized, MIGRATE_KEYS);
}

/* One write, without memory: as if it had not been tried. */
static void fail_store(enum migrate_policy_key key)
{
	struct state before;
	int pins = test_module.pins;
	u64 generation;

	save_state(&before);
	shim_reset();
	shim.fail_alloc = 1;
	assert_store(MR_CONTIG_RANGE, key, other_value(key), -ENOMEM);
	assert_unchanged(&before);
	assert_int_equal(shim.allocs, 1);
	assert_int_equal(shim.starts, 0);
	assert_int_equal(shim.synchronized, 0);
	assert_int_equal(test_module.pins, pins);

	generation = migrate_policy_generation();
	assert_store(MR_CONTIG_RANGE, key, other_value(key), 0);
	assert_int_equal(shim.allocs, 2);
	assert_int_equal(migrate_policy_generation(), generation + 1);
}

static void test_no_memory(void **unused)
{
	(void)unused;
	for_each_key(key)
		fail_store(key);
}

/* The way back to the defaults needs no memory, nor does stats. */
static void test_defaults_need_no_memory(void **unused)
{
	(void)unused;
	assert_store(MR_CONTIG_RANGE, MIGRATE_KEY_WORKERS, "5", 0);
	shim_reset();
	shim.fail_alloc = 1;
	assert_store(MR_CONTIG_RANGE, MIGRATE_KEY_WORKERS, "0", 0);
	assert_int_equal(migrate_policy_store_stats("1"), 0);
	assert_int_equal(shim.allocs, 0);
}

/* All orders of writing the attributes end in the same policy. */
static void write_in_order(const enum migrate_policy_key *order)
{
	for (int i = 0; i < MIGRATE_KEYS; i++)
		assert_store(MR_MEMPOLICY_MBIND, order[i],
			     other_value(order[i]), 0);
	for_each_key(key)
		assert_shows(MR_MEMPOLICY_MBIND, key, other_value(key));
	write_defaults();
}

static void permute(enum migrate_policy_key *order, int done)
{
	if (done == MIGRATE_KEYS) {
		write_in_order(order);
		return;
	}
	for (int i = done; i < MIGRATE_KEYS; i++) {
		enum migrate_policy_key key = order[i];

		order[i] = order[done];
		order[done] = key;
		permute(order, done + 1);
		order[done] = order[i];
		order[i] = key;
	}
}

static void test_any_order(void **unused)
{
	enum migrate_policy_key order[MIGRATE_KEYS] = {
		MIGRATE_KEY_BACKEND, MIGRATE_KEY_BATCH_SIZE,
		MIGRATE_KEY_MIN_PAGES, MIGRATE_KEY_WORKERS, MIGRATE_KEY_CLASSES,
		MIGRATE_KEY_STRICT,
	};

	(void)unused;
	permute(order, 0);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_same_value),
		TEST(test_change_publishes_once),
		TEST(test_snapshots),
		TEST(test_key_follows_policies),
		TEST(test_key_counts_reasons),
		TEST(test_key_follows_stats),
		TEST(test_get),
		TEST(test_get_default),
		TEST(test_nested_get),
		TEST(test_settle),
		TEST(test_published_first),
		TEST(test_no_memory),
		TEST(test_defaults_need_no_memory),
		TEST(test_any_order),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, init_model, NULL);
}
