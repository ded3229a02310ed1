// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the page migration policy: the table of policies on the
 * kernel's own parsers, and the registry of backends.
 * tools/testing/migrate_policy/ tests the model in depth.
 */

#include <kunit/test.h>
#include <linux/jump_label.h>
#include <linux/migrate.h>
#include <linux/string.h>

#include "migrate_kunit.h"

/* Attributes */

struct value_case {
	enum migrate_policy_key key;
	const char *text;
	const char *reads;	/* NULL: refused with rc */
	int rc;
};

static const struct value_case value_cases[] = {
	{ MIGRATE_KEY_BACKEND, "mt", "mt\n" },
	{ MIGRATE_KEY_BACKEND, "mt\n", "mt\n" },
	{ MIGRATE_KEY_BACKEND, "inline\n", "inline\n" },
	{ MIGRATE_KEY_BACKEND, "absent", NULL, -ENOENT },
	{ MIGRATE_KEY_BACKEND, "", NULL, -EINVAL },
	{ MIGRATE_KEY_BACKEND, "m t", NULL, -EINVAL },
	{ MIGRATE_KEY_BACKEND, "mt\n\n", NULL, -EINVAL },
	{ MIGRATE_KEY_BATCH_SIZE, "1", "1\n" },
	{ MIGRATE_KEY_BATCH_SIZE, "262144\n", "262144\n" },
	{ MIGRATE_KEY_BATCH_SIZE, "0", NULL, -ERANGE },
	{ MIGRATE_KEY_BATCH_SIZE, "262145", NULL, -ERANGE },
	{ MIGRATE_KEY_BATCH_SIZE, "4294967297", NULL, -ERANGE },
	{ MIGRATE_KEY_BATCH_SIZE, "18446744073709551617", NULL, -ERANGE },
	{ MIGRATE_KEY_BATCH_SIZE, "-1", NULL, -EINVAL },
	{ MIGRATE_KEY_BATCH_SIZE, " 1", NULL, -EINVAL },
	{ MIGRATE_KEY_BATCH_SIZE, "1 ", NULL, -EINVAL },
	{ MIGRATE_KEY_BATCH_SIZE, "1\n\n", NULL, -EINVAL },
	{ MIGRATE_KEY_BATCH_SIZE, "0x10", NULL, -EINVAL },
	{ MIGRATE_KEY_BATCH_SIZE, "\n", NULL, -EINVAL },
	{ MIGRATE_KEY_MIN_PAGES, "262144", "262144\n" },
	{ MIGRATE_KEY_MIN_PAGES, "0\n", "0\n" },
	{ MIGRATE_KEY_MIN_PAGES, "262145", NULL, -ERANGE },
	{ MIGRATE_KEY_MIN_PAGES, "many", NULL, -EINVAL },
	{ MIGRATE_KEY_WORKERS, "64", "64\n" },
	{ MIGRATE_KEY_WORKERS, "0\n", "0\n" },
	{ MIGRATE_KEY_WORKERS, "65", NULL, -ERANGE },
	{ MIGRATE_KEY_WORKERS, "+", NULL, -EINVAL },
	{ MIGRATE_KEY_CLASSES, "none\n", "none\n" },
	{ MIGRATE_KEY_CLASSES, "file,anon\n", "anon,file\n" },
	{ MIGRATE_KEY_CLASSES, "shmem,swapcache", "swapcache,shmem\n" },
	{ MIGRATE_KEY_CLASSES, "", NULL, -EINVAL },
	{ MIGRATE_KEY_CLASSES, "anon,anon", NULL, -EINVAL },
	{ MIGRATE_KEY_CLASSES, "anon,", NULL, -EINVAL },
	{ MIGRATE_KEY_CLASSES, "anon,none", NULL, -EINVAL },
};

static void expect_value(struct kunit *test, enum migrate_reason reason,
			 const struct value_case *value, char *page)
{
	u64 generation = migrate_policy_generation();

	KUNIT_EXPECT_EQ_MSG(test, value->rc,
			    migrate_policy_store(reason, value->key,
						 value->text),
			    "\"%s\" to %s", value->text,
			    migrate_policy_key_name(value->key));
	if (value->rc) {
		KUNIT_EXPECT_EQ(test, generation, migrate_policy_generation());
		return;
	}
	KUNIT_EXPECT_EQ(test, strlen(value->reads),
			migrate_policy_show(reason, value->key, page));
	KUNIT_EXPECT_STREQ(test, value->reads, page);
}

static void attributes_test(struct kunit *test)
{
	enum migrate_reason reason = *(const int *)test->param_value;
	char *page = mpk_new_page(test);

	for (int i = 0; i < ARRAY_SIZE(value_cases); i++)
		expect_value(test, reason, &value_cases[i], page);
}

static const int reasons[] = {
	MR_COMPACTION, MR_MEMORY_FAILURE, MR_MEMORY_HOTPLUG, MR_SYSCALL,
	MR_MEMPOLICY_MBIND, MR_NUMA_MISPLACED, MR_CONTIG_RANGE,
	MR_LONGTERM_PIN, MR_DEMOTION, MR_DAMON,
};

static void reason_desc(const int *reason, char *desc)
{
	strscpy(desc, migrate_reason_names[*reason], KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(reason, reasons, reason_desc);

static void key_test(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, static_key_enabled(&migrate_policy_key));
	mpk_set_policy(test, MIGRATE_KEY_WORKERS, "1");
	KUNIT_EXPECT_TRUE(test, static_key_enabled(&migrate_policy_key));
	mpk_set_policy(test, MIGRATE_KEY_WORKERS, "0");
	KUNIT_EXPECT_FALSE(test, static_key_enabled(&migrate_policy_key));
	KUNIT_EXPECT_EQ(test, 0, migrate_policy_store_stats("1\n"));
	KUNIT_EXPECT_TRUE(test, static_key_enabled(&migrate_policy_key));
}

/* Registration */

static void unregister_test(struct kunit *test)
{
	char *page = mpk_new_page(test);
	int idx;

	mpk_use_backend(test, 0);
	mpk_set_policy(test, MIGRATE_KEY_BATCH_SIZE, "1024");
	mpk_drop_backend();
	migrate_policy_show(MPK_REASON, MIGRATE_KEY_BACKEND, page);
	KUNIT_EXPECT_STREQ(test, "inline\n", page);
	migrate_policy_show(MPK_REASON, MIGRATE_KEY_BATCH_SIZE, page);
	KUNIT_EXPECT_STREQ(test, "1024\n", page);
	KUNIT_EXPECT_PTR_EQ(test, &migrate_copy_inline,
			    migrate_policy_get(MPK_REASON, &idx)->backend);
	migrate_policy_put(idx);
	KUNIT_EXPECT_EQ(test, -ENOENT,
			migrate_policy_store(MPK_REASON, MIGRATE_KEY_BACKEND,
					     mpk_backend.name));
}

/* The directories of a backend come and go with it. */
static void register_again_test(struct kunit *test)
{
	for (int i = 0; i < 20; i++) {
		mpk_use_backend(test, 0);
		KUNIT_EXPECT_EQ(test, -EEXIST,
				migrate_copy_register(&mpk_backend));
		mpk_drop_backend();
	}
}

static struct kunit_case migrate_policy_test_cases[] = {
	KUNIT_CASE_PARAM(attributes_test, reason_gen_params),
	KUNIT_CASE(key_test),
	KUNIT_CASE(unregister_test),
	KUNIT_CASE(register_again_test),
	{}
};

static struct kunit_suite migrate_policy_test_suite = {
	.name = "migrate_policy",
	.init = mpk_init,
	.exit = mpk_exit,
	.test_cases = migrate_policy_test_cases,
};

kunit_test_suite(migrate_policy_test_suite);

MODULE_DESCRIPTION("KUnit tests of the page migration policy");
MODULE_LICENSE("GPL");
