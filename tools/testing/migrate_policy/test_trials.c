// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of trials: staging, shares, publication, the draw, the end of a trial.
 *
 * For the model of the page migration policy, in user space.
 */

#include <stdio.h>

#include "tests.h"

/* The trials of a test, which setup() makes of MR_DEMOTION. */
static struct migrate_trial trials[MIGRATE_TRIALS];
static bool added[MIGRATE_TRIALS];

static void add_trial(int nr, enum migrate_reason reason, int rc)
{
	char name[16];

	snprintf(name, sizeof(name), "Trial_%d.x-", nr);
	assert_int_equal(migrate_trial_add(&trials[nr], reason, name), rc);
	added[nr] = !rc;
}

static void del_trial(int nr)
{
	if (added[nr])
		migrate_trial_del(&trials[nr]);
	added[nr] = false;
}

static int setup_trials(void **state)
{
	int rc = setup(state);

	for (int i = 0; i < 3; i++)
		add_trial(i, MR_DEMOTION, 0);
	return rc;
}

/* The results of control arms stay, whichever tests ran. */
static int controls_live(void)
{
	int nr = 0;

	for_each_reason(reason)
		nr += !!migrate_trial_control(reason);
	return nr;
}

static int teardown_trials(void **state)
{
	int rc;

	shim_reset();
	for (int i = 0; i < MIGRATE_TRIALS; i++)
		del_trial(i);
	assert_false(static_branch_unlikely(&migrate_trial_key));
	shim.live -= controls_live();
	rc = teardown(state);
	shim.live += controls_live();
	return rc;
}

static void assert_trial(int nr, enum migrate_policy_key key, const char *text)
{
	static char page[PAGE_SIZE] __aligned(PAGE_SIZE);
	int len = migrate_trial_show(&trials[nr], key, page);

	page[len - 1] = '\0';
	assert_string_equal(page, text);
}

static void start(int nr, const char *share, int rc)
{
	assert_int_equal(migrate_trial_store_share(&trials[nr], share), 0);
	assert_int_equal(migrate_trial_store_live(&trials[nr], "1\n"), rc);
	assert_int_equal(migrate_trial_live(&trials[nr]), !rc);
}

static void stop(int nr)
{
	assert_int_equal(migrate_trial_store_live(&trials[nr], "0"), 0);
	assert_false(migrate_trial_live(&trials[nr]));
}

/* How many of the 100 numbers to draw fall to a trial; -1: to control. */
static int drawn_for(int nr)
{
	const struct migrate_snapshot *snapshot;
	u64 id = nr < 0 ? 0 : trials[nr].id;
	int idx, count = 0;

	snapshot = migrate_snapshot_get(MR_DEMOTION, &idx);
	for (unsigned int percent = 0; percent < 100; percent++) {
		const struct migrate_arm *arm =
			migrate_trial_draw(snapshot, percent);

		count += (arm ? arm->id : 0) == id;
	}
	migrate_policy_put(idx);
	return count;
}

static void test_names(void **unused)
{
	static const char * const bad[] = {
		"", "control", "a b", "a/b", "a\n", "\xc3\xa4", "a,b", "a=b",
		"123456789012345678901234567890123",
	};
	static const char * const good[] = {
		"Control", "controls", "-", "..a", "a.b_C-9",
		"12345678901234567890123456789012",
	};

	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(migrate_trial_add(&trials[3], MR_DAMON,
						   bad[i]), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(migrate_trial_add(&trials[3], MR_DAMON,
						   good[i]), 0);
		assert_string_equal(trials[3].name, good[i]);
		migrate_trial_del(&trials[3]);
	}
}

/* Eight for each reason, live or not; one less makes room for one more. */
static void test_limit(void **unused)
{
	struct migrate_trial late;
	int live;

	(void)unused;
	for (int i = 3; i < MIGRATE_TRIALS; i++)
		add_trial(i, MR_DEMOTION, 0);
	live = shim.live;
	assert_int_equal(migrate_trial_add(&late, MR_DEMOTION, "late"),
			 -ENOSPC);
	assert_int_equal(shim.live, live);
	assert_int_equal(migrate_trial_add(&late, MR_DAMON, "late"), 0);
	migrate_trial_del(&late);
	for (int i = 0; i < MIGRATE_TRIALS; i++)
		start(i, "12", 0);
	for (int i = 0; i < MIGRATE_TRIALS; i++)
		assert_int_equal(drawn_for(i), 12);
	assert_int_equal(drawn_for(-1), 4);
	del_trial(5);
	assert_int_equal(migrate_trial_add(&late, MR_DEMOTION, "late"), 0);
	migrate_trial_del(&late);
}

static void test_copy_of_base(void **unused)
{
	char text[TEXT_LEN];

	(void)unused;
	for_each_key(key) {
		show_default(key, text);
		assert_trial(0, key, text);
		assert_store(MR_DEMOTION, key, other_value(key), 0);
		assert_trial(0, key, text);
	}
	assert_int_equal(migrate_trial_share(&trials[0]), 0);
	assert_false(migrate_trial_live(&trials[0]));
	add_trial(3, MR_DEMOTION, 0);
	for_each_key(key)
		assert_trial(3, key, other_value(key));
	assert_int_equal(test_module.pins, 2);
}

/* Edits take no effect, are no publication and wait for nothing. */
static void test_staged(void **unused)
{
	struct state before;

	(void)unused;
	save_state(&before);
	shim_reset();
	for_each_key(key) {
		assert_int_equal(migrate_trial_store(&trials[0], key,
						     other_value(key)), 0);
		assert_trial(0, key, other_value(key));
	}
	assert_int_equal(migrate_trial_store_share(&trials[0], "50"), 0);
	assert_int_equal(shim.synchronized, 0);
	assert_unchanged(&before);
	assert_false(static_branch_unlikely(&migrate_trial_key));
	assert_int_equal(test_module.pins, 1);
}

static void test_values(void **unused)
{
	struct migrate_trial *trial = &trials[0];

	(void)unused;
	assert_int_equal(migrate_trial_store_share(trial, "100\n"), 0);
	assert_int_equal(migrate_trial_store_share(trial, "0"), 0);
	assert_int_equal(migrate_trial_store_share(trial, "101"), -ERANGE);
	assert_int_equal(migrate_trial_store_share(trial, "-1"), -EINVAL);
	assert_int_equal(migrate_trial_store_share(trial, "5%"), -EINVAL);
	assert_int_equal(migrate_trial_store_share(trial, ""), -EINVAL);
	assert_int_equal(migrate_trial_store_live(trial, "2"), -ERANGE);
	assert_int_equal(migrate_trial_store_live(trial, "yes"), -EINVAL);
	assert_int_equal(migrate_trial_store_live(trial, "0"), 0);
	assert_int_equal(migrate_trial_store(trial, MIGRATE_KEY_WORKERS, "65"),
			 -ERANGE);
	assert_int_equal(migrate_trial_store(trial, MIGRATE_KEY_WORKERS, ""),
			 -EINVAL);
	shim_reset();
	assert_int_equal(migrate_trial_store(trial, MIGRATE_KEY_BACKEND,
					     "absent"), -ENOENT);
	assert_int_equal(shim.requests, 1);
	assert_string_equal(shim.requested, "migrate-copy-absent");
	assert_trial(0, MIGRATE_KEY_BACKEND, "inline");
}

static void test_busy(void **unused)
{
	struct migrate_trial *trial = &trials[0];

	(void)unused;
	start(0, "30", 0);
	shim_reset();
	for_each_key(key)
		assert_int_equal(migrate_trial_store(trial, key,
						     other_value(key)), -EBUSY);
	assert_int_equal(migrate_trial_store_share(trial, "30"), -EBUSY);
	assert_int_equal(migrate_trial_store(trial, MIGRATE_KEY_BACKEND,
					     "absent"), -EBUSY);
	assert_int_equal(shim.requests, 0);
	/* What is malformed is so at any time. */
	assert_int_equal(migrate_trial_store_share(trial, "x"), -EINVAL);
	assert_int_equal(migrate_trial_store_share(trial, "101"), -ERANGE);
	assert_int_equal(migrate_trial_share(trial), 30);
	stop(0);
	for_each_key(key)
		assert_int_equal(migrate_trial_store(trial, key,
						     other_value(key)), 0);
}

/* All at once, and the key with it; as what is live already, nothing. */
static void test_live(void **unused)
{
	u64 generation = migrate_policy_generation();
	const struct migrate_snapshot *snapshot;
	const struct migrate_arm *arm;
	int idx;

	(void)unused;
	for_each_key(key)
		migrate_trial_store(&trials[0], key, other_value(key));
	shim_reset();
	start(0, "40", 0);
	assert_int_equal(migrate_policy_generation(), generation + 1);
	assert_int_equal(shim.synchronized, 1);
	assert_true(static_branch_unlikely(&migrate_policy_key));
	assert_true(static_branch_unlikely(&migrate_trial_key));
	assert_int_equal(migrate_trial_store_live(&trials[0], "1"), 0);
	assert_int_equal(migrate_policy_generation(), generation + 1);

	snapshot = migrate_snapshot_get(MR_DEMOTION, &idx);
	arm = migrate_trial_find(snapshot, trials[0].id);
	assert_ptr_equal(arm->policy.backend, &test_backend);
	assert_int_equal(arm->policy.batch_size, 2048);
	assert_string_equal(arm->name, trials[0].name);
	assert_ptr_equal(arm->result, trials[0].result);
	assert_ptr_equal(snapshot->base.backend, &migrate_copy_inline);
	assert_non_null(snapshot->control);
	assert_null(migrate_trial_find(snapshot, trials[0].id + 1));
	migrate_policy_put(idx);
	assert_shows(MR_DEMOTION, MIGRATE_KEY_BACKEND, "inline");

	stop(0);
	assert_int_equal(migrate_policy_generation(), generation + 2);
	assert_int_equal(shim.synchronized, 2);
	assert_false(static_branch_unlikely(&migrate_policy_key));
	assert_false(static_branch_unlikely(&migrate_trial_key));
	assert_int_equal(migrate_trial_store_live(&trials[0], "0"), 0);
	assert_int_equal(shim.synchronized, 2);
}

static void test_shares(void **unused)
{
	struct state before;

	(void)unused;
	start(0, "60", 0);
	start(1, "40", 0);
	save_state(&before);
	start(2, "1", -ERANGE);
	assert_unchanged(&before);
	assert_int_equal(drawn_for(0), 60);
	assert_int_equal(drawn_for(1), 40);
	assert_int_equal(drawn_for(-1), 0);
	start(2, "0", 0);
	assert_int_equal(drawn_for(2), 0);
	stop(0);
	stop(2);
	start(2, "7", 0);
	assert_int_equal(drawn_for(1), 40);
	assert_int_equal(drawn_for(2), 7);
	assert_int_equal(drawn_for(-1), 53);
	/* Another reason has shares of its own. */
	add_trial(3, MR_DAMON, 0);
	start(3, "100", 0);
	assert_int_equal(drawn_for(-1), 53);
}

/* An arm that comes back is another one: no call may be half in each. */
static void test_ids(void **unused)
{
	u64 id;

	(void)unused;
	start(0, "10", 0);
	id = trials[0].id;
	assert_int_not_equal(id, 0);
	stop(0);
	start(0, "10", 0);
	assert_int_not_equal(trials[0].id, id);
}

/* A write of the reason's own policy leaves its arms as they are. */
static void test_base_changes(void **unused)
{
	u64 id;

	(void)unused;
	start(0, "25", 0);
	id = trials[0].id;
	for_each_key(key)
		assert_store(MR_DEMOTION, key, other_value(key), 0);
	assert_int_equal(trials[0].id, id);
	assert_int_equal(drawn_for(0), 25);
	assert_trial(0, MIGRATE_KEY_BACKEND, "inline");
	write_defaults();
	assert_int_equal(drawn_for(0), 25);
	stop(0);
}

static void test_no_memory(void **unused)
{
	struct migrate_trial late;
	struct state before;

	(void)unused;
	shim_reset();
	shim.fail_alloc = 1;
	assert_int_equal(migrate_trial_add(&late, MR_DAMON, "late"), -ENOMEM);
	shim_reset();
	add_trial(3, MR_CONTIG_RANGE, 0);
	save_state(&before);
	/* Results of the trial and of the control arm, and the snapshot. */
	shim_reset();
	shim.fail_alloc = 1;
	start(3, "1", -ENOMEM);
	assert_unchanged(&before);
	shim_reset();
	shim.fail_alloc = 2;
	start(3, "1", -ENOMEM);
	assert_unchanged(&before);
	shim_reset();
	shim.fail_alloc = 3;
	start(3, "1", -ENOMEM);
	before.live++;
	assert_unchanged(&before);
	start(3, "1", 0);
	/* The way back does not fail. */
	start(0, "1", 0);
	start(1, "1", 0);
	shim_reset();
	shim.fail_alloc = 1;
	stop(0);
}

static int fail_start(void)
{
	return -EIO;
}

/* A trial whose backend cannot start keeps the one it has. */
static void test_start_fails(void **unused)
{
	struct migrate_copy_backend backend = {
		.name = "broken",
		.start = fail_start,
		.copy = copy_nothing,
	};

	(void)unused;
	assert_int_equal(migrate_copy_register(&backend), 0);
	assert_int_equal(migrate_trial_store(&trials[0], MIGRATE_KEY_BACKEND,
					     "broken"), -EIO);
	assert_trial(0, MIGRATE_KEY_BACKEND, "inline");
	migrate_copy_unregister(&backend);
}

/* Withdrawn: trials of it go back to inline, and live ones stop. */
static void test_backend_goes(void **unused)
{
	struct migrate_copy_backend backend = {
		.name = "gone",
		.copy = copy_nothing,
	};

	(void)unused;
	assert_int_equal(migrate_copy_register(&backend), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(migrate_trial_store(&trials[i],
						     MIGRATE_KEY_BACKEND,
						     "gone"), 0);
	start(0, "10", 0);
	start(2, "20", 0);
	migrate_copy_unregister(&backend);
	assert_int_equal(backend.users, 0);
	for (int i = 0; i < 2; i++)
		assert_trial(i, MIGRATE_KEY_BACKEND, "inline");
	assert_false(migrate_trial_live(&trials[0]));
	assert_true(migrate_trial_live(&trials[2]));
	assert_int_equal(drawn_for(2), 20);
	assert_int_equal(drawn_for(-1), 80);
	assert_int_equal(shim.starts, shim.stops);
}

static u64 *seen;

static void look_at_results(void)
{
	/* The address sanitizer would object. */
	seen[MIGRATE_SUM_CALLS]++;
}

/* A cut may add to the results until the grace period is over. */
static void test_freed_late(void **unused)
{
	(void)unused;
	for (int live = 0; live < 2; live++) {
		if (live)
			start(live, "10", 0);
		seen = trials[live].result->sums;
		shim_reset();
		shim.on_synchronize = look_at_results;
		shim.on_synchronized = look_at_results;
		del_trial(live);
		assert_int_equal(shim.synchronized, 1);
		shim_reset();
	}
}

static void assert_calls(int nr, const char *line)
{
	static char page[PAGE_SIZE] __aligned(PAGE_SIZE);

	migrate_trial_show_sums(&trials[nr], page);
	assert_memory_equal(page, line, strlen(line));
}

/* Until it starts again; and if that fails, too. */
static void test_results_stay(void **unused)
{
	static char page[PAGE_SIZE] __aligned(PAGE_SIZE);

	(void)unused;
	start(0, "10", 0);
	migrate_result_add_call(trials[0].result, 10, 1);
	assert_int_equal(migrate_trial_store_live(&trials[0], "1"), 0);
	assert_calls(0, "calls 1\n");
	stop(0);
	assert_calls(0, "calls 1\n");
	migrate_trial_show_hist(&trials[0], MIGRATE_HIST_PAGE_NS, page);
	assert_string_equal(page, "10 1\n");
	shim_reset();
	shim.fail_alloc = 2;
	start(0, "20", -ENOMEM);
	assert_calls(0, "calls 1\n");
	start(0, "20", 0);
	assert_calls(0, "calls 0\n");
}

/* A cut of the run before, whose end somebody still waits for. */
static void test_restarted_early(void **unused)
{
	(void)unused;
	start(0, "10", 0);
	seen = trials[0].result->sums;
	stop(0);
	shim_reset();
	shim.on_synchronize = look_at_results;
	shim.on_synchronized = look_at_results;
	start(0, "10", 0);
	assert_int_equal(shim.synchronized, 1);
	shim_reset();
}

/* Counting alone is no reason to look for an arm. */
static void test_key(void **unused)
{
	(void)unused;
	assert_int_equal(migrate_policy_store_stats("1"), 0);
	assert_store(MR_SYSCALL, MIGRATE_KEY_WORKERS, "1", 0);
	assert_false(static_branch_unlikely(&migrate_trial_key));
	start(0, "10", 0);
	assert_true(static_branch_unlikely(&migrate_trial_key));
	stop(0);
	assert_false(static_branch_unlikely(&migrate_trial_key));
}

#define TEST(name)							\
	cmocka_unit_test_setup_teardown(name, setup_trials, teardown_trials)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_names),
		TEST(test_limit),
		TEST(test_copy_of_base),
		TEST(test_staged),
		TEST(test_values),
		TEST(test_busy),
		TEST(test_live),
		TEST(test_shares),
		TEST(test_ids),
		TEST(test_base_changes),
		TEST(test_no_memory),
		TEST(test_start_fails),
		TEST(test_backend_goes),
		TEST(test_freed_late),
		TEST(test_results_stay),
		TEST(test_restarted_early),
		TEST(test_key),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, init_model, NULL);
}
