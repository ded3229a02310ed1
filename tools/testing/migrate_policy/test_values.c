// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of what can be written to an attribute, and what is read back.
 *
 * For the model of the page migration policy, in user space.
 */

#include <stdio.h>
#include <stdlib.h>

#include "tests.h"

struct value {
	enum migrate_policy_key key;
	const char *text;
	const char *reads;	/* NULL: refused with rc */
	int rc;
};

#define GOOD(_key, _text, _reads)	{ MIGRATE_KEY_##_key, _text, _reads, 0 }
#define BAD(_key, _text, _rc)		{ MIGRATE_KEY_##_key, _text, NULL, _rc }

static const struct value values[] = {
	GOOD(BATCH_SIZE, "1", "1"),
	GOOD(BATCH_SIZE, "2\n", "2"),
	GOOD(BATCH_SIZE, "511", "511"),
	GOOD(BATCH_SIZE, "513", "513"),
	GOOD(BATCH_SIZE, "262143", "262143"),
	GOOD(BATCH_SIZE, "262144\n", "262144"),
	GOOD(BATCH_SIZE, "+5", "5"),
	GOOD(BATCH_SIZE, "0007", "7"),
	BAD(BATCH_SIZE, "0", -ERANGE),
	BAD(BATCH_SIZE, "262145", -ERANGE),

	GOOD(MIN_PAGES, "1", "1"),
	GOOD(MIN_PAGES, "0\n", "0"),
	GOOD(MIN_PAGES, "262144", "262144"),
	BAD(MIN_PAGES, "262145", -ERANGE),

	GOOD(WORKERS, "1\n", "1"),
	GOOD(WORKERS, "64", "64"),
	GOOD(WORKERS, "0", "0"),
	BAD(WORKERS, "65", -ERANGE),

	GOOD(CLASSES, "none", "none"),
	GOOD(CLASSES, "none\n", "none"),
	GOOD(CLASSES, "file\n", "file"),
	GOOD(CLASSES, "file,shmem,swapcache,anon", "anon,swapcache,shmem,file"),
	BAD(CLASSES, "", -EINVAL),
	BAD(CLASSES, "\n", -EINVAL),
	BAD(CLASSES, " anon", -EINVAL),
	BAD(CLASSES, "anon ", -EINVAL),
	BAD(CLASSES, "anon, shmem", -EINVAL),
	BAD(CLASSES, "anon shmem", -EINVAL),
	BAD(CLASSES, "anon\nshmem", -EINVAL),
	BAD(CLASSES, "anon\n\n", -EINVAL),
	BAD(CLASSES, ",", -EINVAL),
	BAD(CLASSES, ",anon", -EINVAL),
	BAD(CLASSES, "anon,", -EINVAL),
	BAD(CLASSES, "anon,\n", -EINVAL),
	BAD(CLASSES, "anon,,file", -EINVAL),
	BAD(CLASSES, "ano", -EINVAL),
	BAD(CLASSES, "anonn", -EINVAL),
	BAD(CLASSES, "Anon", -EINVAL),
	BAD(CLASSES, "all", -EINVAL),
	BAD(CLASSES, "none,anon", -EINVAL),
	BAD(CLASSES, "anon,none", -EINVAL),
	BAD(CLASSES, "none,none", -EINVAL),
	BAD(CLASSES, "none,", -EINVAL),
	BAD(CLASSES, "nonesuch", -EINVAL),
	BAD(CLASSES, "none\n\n", -EINVAL),
	BAD(CLASSES, "0", -EINVAL),

	GOOD(STRICT, "1", "1"),
	GOOD(STRICT, "0\n", "0"),
	GOOD(STRICT, "1\n", "1"),
	BAD(STRICT, "2", -ERANGE),
	BAD(STRICT, "y", -EINVAL),

	GOOD(BACKEND, "test", "test"),
	GOOD(BACKEND, "inline\n", "inline"),
	GOOD(BACKEND, "test\n", "test"),
	BAD(BACKEND, "", -EINVAL),
	BAD(BACKEND, "\n", -EINVAL),
	BAD(BACKEND, "test ", -EINVAL),
	BAD(BACKEND, " test", -EINVAL),
	BAD(BACKEND, "test\n\n", -EINVAL),
	BAD(BACKEND, "test\nx", -EINVAL),
	BAD(BACKEND, "Test", -EINVAL),
	BAD(BACKEND, "te/st", -EINVAL),
	BAD(BACKEND, "te.st", -EINVAL),
	BAD(BACKEND, "te%st", -EINVAL),
	BAD(BACKEND, "test,inline", -EINVAL),
	BAD(BACKEND, "a-name-of-thirty-two-characters-", -EINVAL),
	BAD(BACKEND, "a-name-of-thirty-one-characters", -ENOENT),
	BAD(BACKEND, "tes", -ENOENT),
	BAD(BACKEND, "test2", -ENOENT),
	BAD(BACKEND, "none\n", -ENOENT),
	BAD(BACKEND, "0", -ENOENT),
};

/* Every form of a number that is none, or not one of 32 bits. */
static const struct {
	const char *text;
	int rc;
} bad_numbers[] = {
	{ "", -EINVAL }, { "\n", -EINVAL }, { " ", -EINVAL },
	{ " 5", -EINVAL }, { "5 ", -EINVAL }, { "\t5", -EINVAL },
	{ "5\n\n", -EINVAL }, { "5\n5", -EINVAL }, { "\n5", -EINVAL },
	{ "5\r\n", -EINVAL }, { "-1", -EINVAL }, { "-0", -EINVAL },
	{ "+", -EINVAL }, { "++5", -EINVAL }, { "+-5", -EINVAL },
	{ "0x5", -EINVAL }, { "5k", -EINVAL }, { "5.0", -EINVAL },
	{ "1e2", -EINVAL }, { "five", -EINVAL }, { "5,6", -EINVAL },
	{ "4294967296 ", -EINVAL },
	{ "2147483648", -ERANGE },
	{ "4294967295", -ERANGE },
	{ "4294967296", -ERANGE },
	{ "4294967301", -ERANGE },
	{ "18446744073709551615", -ERANGE },
	{ "18446744073709551616", -ERANGE },
	{ "18446744073709551621\n", -ERANGE },
	{ "99999999999999999999999999999999999999", -ERANGE },
};

static void test_defaults(void **unused)
{
	static const char * const defaults[MIGRATE_KEYS] = {
		[MIGRATE_KEY_BACKEND] = "inline",
		[MIGRATE_KEY_BATCH_SIZE] = "512",
		[MIGRATE_KEY_MIN_PAGES] = "0",
		[MIGRATE_KEY_WORKERS] = "0",
		[MIGRATE_KEY_CLASSES] = "anon,swapcache",
		[MIGRATE_KEY_STRICT] = "0",
	};
	char text[TEXT_LEN];

	(void)unused;
	assert_int_equal(MIGRATE_POLICY_REASONS, 10);
	for_each_key(key) {
		show_default(key, text);
		assert_string_equal(text, defaults[key]);
		for_each_reason(reason)
			assert_shows(reason, key, defaults[key]);
	}
	assert_false(migrate_policy_stats());
	assert_false(migrate_policy_disabled());
	assert_false(static_branch_unlikely(&migrate_policy_key));
}

static void test_names(void **unused)
{
	static const char * const names[MIGRATE_KEYS] = {
		"backend", "batch_size", "min_pages", "workers", "classes",
		"strict",
	};

	(void)unused;
	for_each_key(key)
		assert_string_equal(migrate_policy_key_name(key), names[key]);
}

static void test_accepted(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		if (!values[i].reads)
			continue;
		for_each_reason(reason) {
			assert_store(reason, values[i].key, values[i].text, 0);
			assert_shows(reason, values[i].key, values[i].reads);
		}
	}
	assert_int_equal(shim.requests, 0);
}

static void assert_refused(enum migrate_reason reason,
			   const struct value *value)
{
	struct state before;

	save_state(&before);
	shim_reset();
	assert_store(reason, value->key, value->text, value->rc);
	assert_unchanged(&before);
	assert_int_equal(shim.synchronized, 0);
	assert_int_equal(shim.allocs, 0);
	assert_int_equal(shim.requests, value->rc == -ENOENT);
}

/* With defaults, and where every attribute has another value already. */
static void test_refused(void **unused)
{
	(void)unused;
	for_each_key(key)
		assert_store(MR_DAMON, key, other_value(key), 0);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		if (values[i].reads)
			continue;
		assert_refused(MR_COMPACTION, &values[i]);
		assert_refused(MR_DAMON, &values[i]);
	}
}

/* A write changes the attribute of the reason it is for, and no other. */
static void test_independent(void **unused)
{
	struct state before, after;

	(void)unused;
	for_each_reason(reason) {
		for_each_key(key) {
			save_state(&before);
			assert_store(reason, key, other_value(key), 0);
			save_state(&after);
			assert_string_equal(after.texts[reason][key],
					    other_value(key));
			memcpy(after.texts[reason][key],
			       before.texts[reason][key], TEXT_LEN);
			assert_memory_equal(before.texts, after.texts,
					    sizeof(before.texts));
		}
	}
}

static bool is_number(enum migrate_policy_key key)
{
	return key == MIGRATE_KEY_BATCH_SIZE || key == MIGRATE_KEY_MIN_PAGES ||
	       key == MIGRATE_KEY_WORKERS || key == MIGRATE_KEY_STRICT;
}

static void test_bad_numbers(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(bad_numbers); i++) {
		for_each_key(key) {
			struct value value = {
				.key = key,
				.text = bad_numbers[i].text,
				.rc = bad_numbers[i].rc,
			};

			if (is_number(key))
				assert_refused(MR_SYSCALL, &value);
		}
	}
}

static const char * const classes[MIGRATE_CLASSES] = {
	"anon", "swapcache", "shmem", "file",
};

/* The list that has the classes of the digits of @nr, base 5, 0: none. */
static unsigned int make_list(unsigned int nr, char *list, char *canonical,
			      bool *duplicate)
{
	unsigned int mask = 0, len = 0;

	*duplicate = false;
	*list = '\0';
	for (; nr; nr /= 5) {
		unsigned int class = nr % 5 - 1;

		*duplicate |= mask >> class & 1;
		mask |= 1U << class;
		len += sprintf(list + len, "%s%s", len ? "," : "",
			       classes[class]);
	}
	*canonical = '\0';
	for (unsigned int i = 0; i < MIGRATE_CLASSES; i++) {
		if (mask >> i & 1)
			sprintf(canonical + strlen(canonical), "%s%s",
				*canonical ? "," : "", classes[i]);
	}
	return mask;
}

static bool has_zero_digit(unsigned int nr)
{
	for (; nr; nr /= 5) {
		if (!(nr % 5))
			return true;
	}
	return false;
}

/* All lists of one to five classes, in any order and repetition. */
static void test_class_lists(void **unused)
{
	unsigned int accepted = 0;
	char list[64], canonical[64];
	bool duplicate;

	(void)unused;
	for (unsigned int nr = 1; nr < 5 * 5 * 5 * 5 * 5; nr++) {
		if (has_zero_digit(nr))
			continue;
		make_list(nr, list, canonical, &duplicate);
		assert_store(MR_SYSCALL, MIGRATE_KEY_CLASSES, list,
			     duplicate ? -EINVAL : 0);
		if (!duplicate)
			assert_shows(MR_SYSCALL, MIGRATE_KEY_CLASSES,
				     canonical);
		accepted += !duplicate;
	}
	/* Ordered choices of 1, 2, 3 and 4 of 4. */
	assert_int_equal(accepted, 4 + 12 + 24 + 24);
}

static void test_class_mask(void **unused)
{
	int idx;

	(void)unused;
	for (unsigned int i = 0; i < MIGRATE_CLASSES; i++) {
		assert_store(MR_SYSCALL, MIGRATE_KEY_CLASSES, classes[i], 0);
		assert_int_equal(migrate_policy_get(MR_SYSCALL, &idx)->classes,
				 BIT(i));
		migrate_policy_put(idx);
	}
	assert_store(MR_SYSCALL, MIGRATE_KEY_CLASSES, "none", 0);
	assert_int_equal(migrate_policy_get(MR_SYSCALL, &idx)->classes, 0);
	migrate_policy_put(idx);
}

/* As much as a write to configfs can carry. */
static void store_long(enum migrate_policy_key key, char fill, const char *end,
		       int rc)
{
	size_t len = PAGE_SIZE - strlen(end) - 1;
	char *text = malloc(PAGE_SIZE);

	assert_non_null(text);
	memset(text, fill, len);
	memcpy(text + len, end, PAGE_SIZE - len);
	assert_store(MR_DEMOTION, key, text, rc);
	free(text);
}

static void test_long_texts(void **unused)
{
	struct state before;

	(void)unused;
	save_state(&before);
	store_long(MIGRATE_KEY_BACKEND, 'a', "", -EINVAL);
	store_long(MIGRATE_KEY_CLASSES, 'a', "", -EINVAL);
	store_long(MIGRATE_KEY_CLASSES, ',', "anon", -EINVAL);
	for_each_key(key) {
		if (!is_number(key))
			continue;
		store_long(key, '9', "", -ERANGE);
		store_long(key, ' ', "5", -EINVAL);
		store_long(key, '5', "x", -ERANGE);
	}
	assert_unchanged(&before);
	store_long(MIGRATE_KEY_BATCH_SIZE, '0', "64\n", 0);
	assert_shows(MR_DEMOTION, MIGRATE_KEY_BATCH_SIZE, "64");
}

/* Whatever byte stands alone or behind a good value. */
static void test_every_byte(void **unused)
{
	char alone[2] = "", behind[3] = "5";

	(void)unused;
	for (int byte = 1; byte < 256; byte++) {
		bool digit = byte >= '0' && byte <= '9';

		alone[0] = byte;
		behind[1] = byte;
		assert_store(MR_DAMON, MIGRATE_KEY_WORKERS, alone,
			     digit ? 0 : -EINVAL);
		assert_store(MR_DAMON, MIGRATE_KEY_WORKERS, behind,
			     digit || byte == '\n' ? 0 : -EINVAL);
		assert_store(MR_DAMON, MIGRATE_KEY_CLASSES, alone, -EINVAL);
	}
}

/* The bytes that a name may have, each alone and behind another. */
static void test_every_name_byte(void **unused)
{
	char text[3] = "";

	(void)unused;
	for (int byte = 1; byte < 256; byte++) {
		bool named = (byte >= 'a' && byte <= 'z') || byte == '_' ||
			     (byte >= '0' && byte <= '9') || byte == '-';

		text[0] = byte;
		text[1] = '\0';
		assert_store(MR_DAMON, MIGRATE_KEY_BACKEND, text,
			     named ? -ENOENT : -EINVAL);
		text[0] = 'x';
		text[1] = byte;
		assert_store(MR_DAMON, MIGRATE_KEY_BACKEND, text,
			     named || byte == '\n' ? -ENOENT : -EINVAL);
	}
}

static void test_stats_values(void **unused)
{
	static const struct value texts[] = {
		{ .text = "1", .reads = "1" }, { .text = "0\n", .reads = "0" },
		{ .text = "1\n", .reads = "1" }, { .text = "00", .reads = "0" },
		{ .text = "", .rc = -EINVAL }, { .text = "\n", .rc = -EINVAL },
		{ .text = "y", .rc = -EINVAL }, { .text = "on", .rc = -EINVAL },
		{ .text = "-1", .rc = -EINVAL }, { .text = " 1", .rc = -EINVAL },
		{ .text = "1 ", .rc = -EINVAL }, { .text = "1\n\n", .rc = -EINVAL },
		{ .text = "2", .rc = -ERANGE },
		{ .text = "4294967297", .rc = -ERANGE },
		{ .text = "18446744073709551617", .rc = -ERANGE },
	};
	struct state before;

	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		save_state(&before);
		assert_int_equal(migrate_policy_store_stats(texts[i].text),
				 texts[i].rc);
		if (texts[i].rc)
			assert_unchanged(&before);
		else
			assert_int_equal(migrate_policy_stats(),
					 *texts[i].reads == '1');
	}
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_defaults),
		TEST(test_names),
		TEST(test_accepted),
		TEST(test_refused),
		TEST(test_bad_numbers),
		TEST(test_independent),
		TEST(test_class_lists),
		TEST(test_class_mask),
		TEST(test_long_texts),
		TEST(test_every_byte),
		TEST(test_every_name_byte),
		TEST(test_stats_values),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, init_model, NULL);
}
