// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the tests of the page migration policy's model share: state to
 * compare, values to write, and the order they leave behind.
 */

#include <stdio.h>

#include "tests.h"

struct module test_module;

struct migrate_copy_backend test_backend = {
	.name = "test",
	.owner = &test_module,
	.copy = copy_nothing,
};

int copy_nothing(struct migrate_copy_request *req)
{
	(void)req;
	return -EBUSY;
}

/* The one page that sysfs would give, and the line that is in it. */
static void take_line(const char *page, int len, char *text)
{
	assert_int_equal(len, strlen(page));
	assert_in_range(len, 2, TEXT_LEN - 1);
	assert_ptr_equal(strchr(page, '\n'), page + len - 1);
	memcpy(text, page, len - 1);
	text[len - 1] = '\0';
}

void show(enum migrate_reason reason, enum migrate_policy_key key, char *text)
{
	static __thread char page[PAGE_SIZE] __aligned(PAGE_SIZE);

	take_line(page, migrate_policy_show(reason, key, page), text);
}

void show_default(enum migrate_policy_key key, char *text)
{
	static __thread char page[PAGE_SIZE] __aligned(PAGE_SIZE);

	take_line(page, migrate_policy_show_default(key, page), text);
}

void save_state(struct state *state)
{
	memset(state, 0, sizeof(*state));
	for_each_reason(reason) {
		for_each_key(key)
			show(reason, key, state->texts[reason][key]);
	}
	state->generation = migrate_policy_generation();
	state->stats = migrate_policy_stats();
	state->key = static_branch_unlikely(&migrate_policy_key);
	state->live = shim.live;
	state->dirs = shim.dirs;
}

bool same_state(const struct state *a, const struct state *b)
{
	for_each_reason(reason) {
		for_each_key(key) {
			if (strcmp(a->texts[reason][key], b->texts[reason][key]))
				return false;
		}
	}
	return a->generation == b->generation && a->stats == b->stats &&
	       a->key == b->key && a->live == b->live && a->dirs == b->dirs;
}

void assert_store(enum migrate_reason reason, enum migrate_policy_key key,
		  const char *text, int rc)
{
	int got = migrate_policy_store(reason, key, text);

	if (got != rc)
		fail_msg("\"%.40s\" to %s of reason %d: %d instead of %d",
			 text, migrate_policy_key_name(key), reason, got, rc);
}

void assert_shows(enum migrate_reason reason, enum migrate_policy_key key,
		  const char *text)
{
	char got[TEXT_LEN];

	show(reason, key, got);
	if (strcmp(got, text))
		fail_msg("%s of reason %d reads \"%s\" instead of \"%s\"",
			 migrate_policy_key_name(key), reason, got, text);
}

void assert_unchanged(const struct state *before)
{
	struct state now;

	save_state(&now);
	assert_true(same_state(before, &now));
}

void write_defaults(void)
{
	char text[TEXT_LEN];

	for_each_key(key) {
		show_default(key, text);
		for_each_reason(reason)
			assert_store(reason, key, text, 0);
	}
	assert_int_equal(migrate_policy_store_stats("0"), 0);
}

const char *other_value(enum migrate_policy_key key)
{
	static const char * const values[MIGRATE_KEYS] = {
		[MIGRATE_KEY_BACKEND] = "test",
		[MIGRATE_KEY_BATCH_SIZE] = "2048",
		[MIGRATE_KEY_MIN_PAGES] = "64",
		[MIGRATE_KEY_WORKERS] = "2",
		[MIGRATE_KEY_CLASSES] = "anon,shmem",
		[MIGRATE_KEY_STRICT] = "1",
	};

	return values[key];
}

/* What the kernel does at boot. */
int init_model(void **state)
{
	(void)state;
	migrate_policy_init(TEST_BATCH_SIZE);
	return migrate_copy_register(&migrate_copy_inline);
}

int setup(void **state)
{
	(void)state;
	shim_reset();
	return migrate_copy_register(&test_backend);
}

/* Whatever a test did: with all defaults back, nothing is left of it. */
int teardown(void **state)
{
	int dirs = 2;

	(void)state;
	shim_reset();
	write_defaults();
	migrate_copy_unregister(&test_backend);
	assert_false(static_branch_unlikely(&migrate_policy_key));
	assert_int_equal(test_module.pins, 0);
	assert_int_equal(test_backend.users, 0);
	assert_int_equal(migrate_copy_inline.users, 0);
	assert_int_equal(shim.live, 0);
	assert_int_equal(shim.dirs, dirs);
	return 0;
}
