// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of mpol_near.c: which names are offered for a mistyped one.
 */
#include <string.h>

#include "tree.h"

static void expect_hint(const char *word, const char *const *list,
			const char *hint)
{
	struct mpol_names names = { 0 };
	char text[128];

	for (; *list; list++)
		assert_int_equal(mpol_names_add(&names, *list), 0);
	mpol_suggest(word, &names, text, sizeof(text));
	assert_string_equal(text, hint);
	mpol_names_free(&names);
}

static const char *const reasons[] = {
	"compaction", "demotion", "memory_failure", "memory_hotplug", "damon",
	NULL,
};

static void test_swapped_letters(void **state)
{
	(void)state;
	expect_hint("demotoin", reasons, "did you mean 'demotion'?");
	/* A swap is one edit: of so short a word, two would be too many. */
	expect_hint("tm", (const char *const[]){ "mt", NULL },
		    "did you mean 'mt'?");
}

static void test_missing_letter(void **state)
{
	(void)state;
	expect_hint("compction", reasons, "did you mean 'compaction'?");
}

static void test_letter_case(void **state)
{
	(void)state;
	expect_hint("DAMON", reasons, "did you mean 'damon'?");
}

static void test_part_of_several(void **state)
{
	(void)state;
	expect_hint("memory", reasons,
		    "did you mean 'memory_failure' or 'memory_hotplug'?");
}

static void test_at_most_three(void **state)
{
	static const char *const many[] = {
		"abc1", "abc2", "abc3", "abc4", NULL,
	};

	(void)state;
	expect_hint("abc", many, "did you mean 'abc1' or 'abc2' or 'abc3'?");
}

static void test_nothing_near_lists_all(void **state)
{
	static const char *const two[] = { "inline", "mt", NULL };

	(void)state;
	expect_hint("gpu", two, "known: inline, mt");
	expect_hint("", two, "known: inline, mt");
}

static void test_short_word_needs_one_edit(void **state)
{
	static const char *const two[] = { "inline", "mt", NULL };

	(void)state;
	expect_hint("mtt", two, "did you mean 'mt'?");
	expect_hint("mxy", two, "known: inline, mt");
}

static void test_longest_words(void **state)
{
	char word[80];
	const char *const names[] = { word + 1, NULL };

	(void)state;
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	word[64] = '\0';
	/* 64 letters are too many to compare, 63 are not. */
	expect_hint(word, (const char *const[]){ "mt", NULL }, "known: mt");
	word[1] = 'y';
	word[63] = 'y';
	expect_hint("mt", names, "known: yxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxy");
}

static void test_small_buffer(void **state)
{
	struct mpol_names names = { 0 };
	char text[8];

	(void)state;
	for (const char *const *name = reasons; *name; name++)
		assert_int_equal(mpol_names_add(&names, *name), 0);
	mpol_suggest("zzz", &names, text, sizeof(text));
	assert_string_equal(text, "known: ");
	mpol_suggest("memory", &names, text, sizeof(text));
	assert_string_equal(text, "did you");
	mpol_names_free(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_swapped_letters),
		cmocka_unit_test(test_missing_letter),
		cmocka_unit_test(test_letter_case),
		cmocka_unit_test(test_part_of_several),
		cmocka_unit_test(test_at_most_three),
		cmocka_unit_test(test_nothing_near_lists_all),
		cmocka_unit_test(test_short_word_needs_one_edit),
		cmocka_unit_test(test_longest_words),
		cmocka_unit_test(test_small_buffer),
	};

	return run_tap("near", tests);
}
