// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the registry of copy backends: names, pins, start and stop.
 *
 * For the model of the page migration policy, in user space.
 */

#include <stdio.h>

#include "tests.h"

/* What a backend was asked for, and what it is to answer. */
static struct {
	int rc;
	int starts;
	int stops;
	int running;
} probe;

static struct module probe_module;

static int probe_start(void)
{
	assert_int_equal(probe.running, 0);
	if (probe.rc)
		return probe.rc;
	probe.running = 1;
	probe.starts++;
	return 0;
}

/* Nobody can look the backend up any more, but its code is still there. */
static void probe_stop(void)
{
	assert_int_equal(probe.running, 1);
	assert_true(probe_module.pins > 0);
	probe.running = 0;
	probe.stops++;
}

static struct migrate_copy_backend probe_backend = {
	.name = "probe",
	.owner = &probe_module,
	.start = probe_start,
	.stop = probe_stop,
	.copy = copy_nothing,
};

static int setup_probe(void **state)
{
	memset(&probe, 0, sizeof(probe));
	memset(&probe_module, 0, sizeof(probe_module));
	return setup(state) ?: migrate_copy_register(&probe_backend);
}

static int teardown_probe(void **state)
{
	shim_reset();
	write_defaults();
	migrate_copy_unregister(&probe_backend);
	assert_int_equal(probe_module.pins, 0);
	assert_int_equal(probe.starts, probe.stops);
	assert_int_equal(probe.running, 0);
	return teardown(state);
}

static void set_backend(enum migrate_reason reason, const char *name)
{
	assert_store(reason, MIGRATE_KEY_BACKEND, name, 0);
}

static void test_names(void **unused)
{
	static const struct {
		const char *name;
		int rc;
	} names[] = {
		{ "a", 0 }, { "0", 0 }, { "dma-2_b", 0 }, { "_", 0 },
		{ "a-name-of-thirty-one-characters", 0 },
		{ "a-name-of-thirty-two-characters-", -EINVAL },
		{ "", -EINVAL }, { "A", -EINVAL }, { "a b", -EINVAL },
		{ "a/b", -EINVAL }, { "..", -EINVAL }, { "a\n", -EINVAL },
		{ "test", -EEXIST }, { "inline", -EEXIST },
	};

	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct migrate_copy_backend backend = {
			.name = names[i].name,
			.copy = copy_nothing,
		};

		assert_int_equal(migrate_copy_register(&backend), names[i].rc);
		if (names[i].rc)
			continue;
		set_backend(MR_SYSCALL, names[i].name);
		assert_shows(MR_SYSCALL, MIGRATE_KEY_BACKEND, names[i].name);
		migrate_copy_unregister(&backend);
	}
}

static void test_no_copy(void **unused)
{
	struct migrate_copy_backend backend = { .name = "nothing" };
	struct state before;

	(void)unused;
	save_state(&before);
	assert_int_equal(migrate_copy_register(&backend), -EINVAL);
	assert_unchanged(&before);
}

/* A name is free again when its backend is gone. */
static void test_register_again(void **unused)
{
	(void)unused;
	for (int i = 0; i < 40; i++) {
		migrate_copy_unregister(&probe_backend);
		assert_store(MR_SYSCALL, MIGRATE_KEY_BACKEND, "probe", -ENOENT);
		assert_int_equal(migrate_copy_register(&probe_backend), 0);
		assert_int_equal(migrate_copy_register(&probe_backend), -EEXIST);
	}
}

static void test_no_space(void **unused)
{
	struct migrate_copy_backend many[MIGRATE_COPY_BACKENDS + 1] = {};
	char names[ARRAY_SIZE(many)][8];
	unsigned long ids = 0;
	size_t nr;

	(void)unused;
	for (nr = 0; nr < ARRAY_SIZE(many); nr++) {
		snprintf(names[nr], sizeof(names[nr]), "b%zu", nr);
		many[nr].name = names[nr];
		many[nr].copy = copy_nothing;
		if (migrate_copy_register(&many[nr]))
			break;
		assert_in_range(many[nr].id, 0, MIGRATE_COPY_BACKENDS - 1);
		assert_false(ids & BIT(many[nr].id));
		ids |= BIT(many[nr].id);
	}
	/* Besides inline, the tests' own and the probe. */
	assert_int_equal(nr, MIGRATE_COPY_BACKENDS - 3);
	assert_int_equal(migrate_copy_register(&many[nr]), -ENOSPC);

	migrate_copy_unregister(&many[5]);
	assert_int_equal(migrate_copy_register(&many[nr]), 0);
	assert_int_equal(many[nr].id, many[5].id);
	for (size_t i = 0; i <= nr; i++) {
		if (i != 5)
			migrate_copy_unregister(&many[i]);
	}
}

static void test_first_and_last_user(void **unused)
{
	(void)unused;
	set_backend(MR_SYSCALL, "probe");
	assert_int_equal(probe.starts, 1);
	set_backend(MR_DEMOTION, "probe");
	for_each_key(key) {
		if (key != MIGRATE_KEY_BACKEND)
			assert_store(MR_DEMOTION, key, other_value(key), 0);
	}
	set_backend(MR_SYSCALL, "test");
	assert_int_equal(probe.starts, 1);
	assert_int_equal(probe.stops, 0);
	set_backend(MR_DEMOTION, "inline");
	assert_int_equal(probe.stops, 1);

	set_backend(MR_DEMOTION, "probe");
	assert_int_equal(probe.starts, 2);
}

static void test_pins(void **unused)
{
	(void)unused;
	for_each_reason(reason) {
		set_backend(reason, "probe");
		assert_int_equal(probe_module.pins, reason + 1);
		assert_store(reason, MIGRATE_KEY_WORKERS, "1", 0);
		assert_store(reason, MIGRATE_KEY_WORKERS, "0", 0);
		assert_int_equal(probe_module.pins, reason + 1);
	}
	for_each_reason(reason) {
		set_backend(reason, reason % 2 ? "test" : "inline");
		assert_int_equal(probe_module.pins, MR_TYPES - 1 - reason);
		assert_int_equal(test_module.pins, (reason + 1) / 2);
	}
}

static void test_start_fails(void **unused)
{
	static const int errors[] = { -EIO, -ENOMEM, -ENODEV, -EBUSY };
	struct state before;

	(void)unused;
	assert_store(MR_SYSCALL, MIGRATE_KEY_WORKERS, "3", 0);
	save_state(&before);
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		probe.rc = errors[i];
		assert_store(MR_SYSCALL, MIGRATE_KEY_BACKEND, "probe",
			     errors[i]);
		assert_store(MR_DAMON, MIGRATE_KEY_BACKEND, "probe", errors[i]);
		assert_unchanged(&before);
		assert_int_equal(probe_module.pins, 0);
		assert_int_equal(probe_backend.users, 0);
	}
	assert_int_equal(probe.stops, 0);
	probe.rc = 0;
	set_backend(MR_SYSCALL, "probe");
	assert_int_equal(probe.starts, 1);
}

/* The backend in use stays in use when another one does not start. */
static void test_start_fails_in_use(void **unused)
{
	(void)unused;
	set_backend(MR_SYSCALL, "test");
	shim_reset();
	probe.rc = -EIO;
	assert_store(MR_SYSCALL, MIGRATE_KEY_BACKEND, "probe", -EIO);
	assert_shows(MR_SYSCALL, MIGRATE_KEY_BACKEND, "test");
	assert_int_equal(test_module.pins, 1);
	assert_int_equal(shim.stops, 0);
}

static void test_module_going(void **unused)
{
	struct state before;

	(void)unused;
	probe_module.going = true;
	save_state(&before);
	assert_store(MR_SYSCALL, MIGRATE_KEY_BACKEND, "probe", -ENOENT);
	assert_unchanged(&before);
	assert_int_equal(probe.starts, 0);
	assert_int_equal(probe_module.pins, 0);
	assert_int_equal(shim.requests, 1);
	assert_string_equal(shim.requested, "migrate-copy-probe");
}

/* Only the write of a name asks for a module. */
static void test_module_going_in_use(void **unused)
{
	(void)unused;
	set_backend(MR_SYSCALL, "probe");
	probe_module.going = true;
	shim_reset();
	assert_store(MR_SYSCALL, MIGRATE_KEY_WORKERS, "2", -ENOENT);
	assert_int_equal(shim.requests, 0);
	assert_shows(MR_SYSCALL, MIGRATE_KEY_WORKERS, "0");
	probe_module.going = false;
	assert_store(MR_SYSCALL, MIGRATE_KEY_WORKERS, "2", 0);
}

static void test_request_fails(void **unused)
{
	struct state before;

	(void)unused;
	save_state(&before);
	assert_store(MR_SYSCALL, MIGRATE_KEY_BACKEND, "absent\n", -ENOENT);
	assert_unchanged(&before);
	assert_int_equal(shim.requests, 1);
	assert_string_equal(shim.requested, "migrate-copy-absent");
}

static void register_probe(void)
{
	assert_int_equal(migrate_copy_register(&probe_backend), 0);
}

/* The module that was asked for brings the backend. */
static void test_request_succeeds(void **unused)
{
	(void)unused;
	migrate_copy_unregister(&probe_backend);
	shim_reset();
	shim.on_request = register_probe;
	set_backend(MR_SYSCALL, "probe");
	assert_int_equal(shim.requests, 1);
	assert_int_equal(probe.starts, 1);
	assert_shows(MR_SYSCALL, MIGRATE_KEY_BACKEND, "probe");
}

static void test_no_request(void **unused)
{
	(void)unused;
	set_backend(MR_SYSCALL, "probe");
	set_backend(MR_SYSCALL, "probe");
	set_backend(MR_SYSCALL, "inline");
	assert_store(MR_SYSCALL, MIGRATE_KEY_BACKEND, "no name", -EINVAL);
	assert_int_equal(shim.requests, 0);
}

static void test_unregister(void **unused)
{
	u64 generation;

	(void)unused;
	set_backend(MR_SYSCALL, "probe");
	set_backend(MR_DAMON, "probe");
	set_backend(MR_DEMOTION, "test");
	assert_store(MR_DAMON, MIGRATE_KEY_BATCH_SIZE, "4096", 0);
	generation = migrate_policy_generation();
	shim_reset();

	migrate_copy_unregister(&probe_backend);
	assert_shows(MR_SYSCALL, MIGRATE_KEY_BACKEND, "inline");
	assert_shows(MR_DAMON, MIGRATE_KEY_BACKEND, "inline");
	assert_shows(MR_DAMON, MIGRATE_KEY_BATCH_SIZE, "4096");
	assert_shows(MR_DEMOTION, MIGRATE_KEY_BACKEND, "test");
	assert_int_equal(migrate_policy_generation(), generation + 2);
	assert_int_equal(shim.synchronized, 1);
	assert_int_equal(probe.stops, 1);
	assert_int_equal(probe_module.pins, 0);
	assert_store(MR_SYSCALL, MIGRATE_KEY_BACKEND, "probe", -ENOENT);
	register_probe();
}

static void test_unregister_ends_key(void **unused)
{
	(void)unused;
	for_each_reason(reason)
		set_backend(reason, "probe");
	migrate_copy_unregister(&probe_backend);
	assert_false(static_branch_unlikely(&migrate_policy_key));
	register_probe();
}

static void name_going(void)
{
	shim.on_synchronize = NULL;
	assert_store(MR_DAMON, MIGRATE_KEY_BACKEND, "probe", -ENOENT);
	assert_shows(MR_DAMON, MIGRATE_KEY_BACKEND, "inline");
}

/* Nobody takes a backend up again that is being unregistered. */
static void test_name_going(void **unused)
{
	(void)unused;
	set_backend(MR_SYSCALL, "probe");
	shim.on_synchronize = name_going;
	migrate_copy_unregister(&probe_backend);
	assert_null(shim.on_synchronize);
	assert_int_equal(probe.stops, 1);
	register_probe();
}

/* A backend that nobody uses goes without anybody noticing. */
static void test_unregister_unused(void **unused)
{
	struct state before;

	(void)unused;
	migrate_copy_unregister(&probe_backend);
	set_backend(MR_DAMON, "test");
	save_state(&before);
	register_probe();
	migrate_copy_unregister(&probe_backend);
	assert_unchanged(&before);
	register_probe();
}

static void test_unregister_without_memory(void **unused)
{
	(void)unused;
	set_backend(MR_DAMON, "probe");
	assert_store(MR_DAMON, MIGRATE_KEY_WORKERS, "7", 0);
	shim_reset();
	shim.fail_alloc = 1;
	migrate_copy_unregister(&probe_backend);
	assert_int_equal(shim.allocs, 1);
	assert_shows(MR_DAMON, MIGRATE_KEY_BACKEND, "inline");
	assert_shows(MR_DAMON, MIGRATE_KEY_WORKERS, "7");
	register_probe();
}

/* A grace period lies between the last lookup of a policy and stop(). */
static void not_stopped_yet(void)
{
	assert_int_equal(probe.running, 1);
	assert_true(probe_module.pins > 0);
	assert_shows(MR_SYSCALL, MIGRATE_KEY_BACKEND, "inline");
}

static void test_stop_after_grace_period(void **unused)
{
	(void)unused;
	set_backend(MR_SYSCALL, "probe");
	shim.on_synchronize = not_stopped_yet;
	set_backend(MR_SYSCALL, "inline");
	assert_int_equal(probe.stops, 1);

	shim.on_synchronize = NULL;
	set_backend(MR_SYSCALL, "probe");
	shim.on_synchronize = not_stopped_yet;
	migrate_copy_unregister(&probe_backend);
	assert_int_equal(probe.stops, 2);
	shim.on_synchronize = NULL;
	register_probe();
}

static void fail_register(int *cause)
{
	struct state before;
	unsigned int id = probe_backend.id;

	migrate_copy_unregister(&probe_backend);
	save_state(&before);
	*cause = -ENOMEM;
	assert_int_equal(migrate_copy_register(&probe_backend), -ENOMEM);
	*cause = 0;
	assert_unchanged(&before);
	assert_store(MR_SYSCALL, MIGRATE_KEY_BACKEND, "probe", -ENOENT);
	register_probe();
	assert_int_equal(probe_backend.id, id);
}

static void test_register_fails(void **unused)
{
	(void)unused;
	fail_register(&shim.fail_sysfs);
	fail_register(&shim.fail_configfs);
}

static void name_it(struct migrate_copy_backend *backend)
{
	set_backend(MR_SYSCALL, backend->name);
}

/* Somebody names the backend before its registration fails. */
static void test_named_before_failure(void **unused)
{
	(void)unused;
	migrate_copy_unregister(&probe_backend);
	shim.on_sysfs_add = name_it;
	shim.fail_sysfs = -ENOMEM;
	assert_int_equal(migrate_copy_register(&probe_backend), -ENOMEM);
	shim_reset();
	assert_shows(MR_SYSCALL, MIGRATE_KEY_BACKEND, "inline");
	assert_int_equal(probe.starts, 1);
	assert_int_equal(probe.stops, 1);
	assert_int_equal(probe_module.pins, 0);
	register_probe();
}

#define TEST(name)							\
	cmocka_unit_test_setup_teardown(name, setup_probe, teardown_probe)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_names),
		TEST(test_no_copy),
		TEST(test_register_again),
		TEST(test_no_space),
		TEST(test_first_and_last_user),
		TEST(test_pins),
		TEST(test_start_fails),
		TEST(test_start_fails_in_use),
		TEST(test_module_going),
		TEST(test_module_going_in_use),
		TEST(test_request_fails),
		TEST(test_request_succeeds),
		TEST(test_no_request),
		TEST(test_unregister),
		TEST(test_unregister_ends_key),
		TEST(test_name_going),
		TEST(test_unregister_unused),
		TEST(test_unregister_without_memory),
		TEST(test_stop_after_grace_period),
		TEST(test_register_fails),
		TEST(test_named_before_failure),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, init_model, NULL);
}
