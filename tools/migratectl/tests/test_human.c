// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of human.c.
 */
#include "tree.h"

#include "cli.h"

static void test_sizes(void **state)
{
	char room[HUMAN_SIZE];

	(void)state;
	assert_string_equal(human_size(0, room), "0");
	assert_string_equal(human_size(1023, room), "1023B");
	assert_string_equal(human_size(1024, room), "1K");
	assert_string_equal(human_size(1536, room), "1.5K");
	assert_string_equal(human_size(8ULL << 20, room), "8M");
	assert_string_equal(human_size(~0ULL, room), "16383P");
}

static void test_times(void **state)
{
	char room[HUMAN_SIZE];

	(void)state;
	assert_string_equal(human_time(0, room), "0");
	assert_string_equal(human_time(999, room), "999ns");
	assert_string_equal(human_time(1000, room), "1us");
	assert_string_equal(human_time(12345678, room), "12.3ms");
	assert_string_equal(human_time(123456789, room), "123ms");
	assert_string_equal(human_time(7890000000, room), "7.8s");
	assert_string_equal(human_time(~0ULL, room), "18446744073s");
}

static void test_counts(void **state)
{
	char room[HUMAN_SIZE];

	(void)state;
	assert_string_equal(human_count(0, room), "0");
	assert_string_equal(human_count(99999, room), "99999");
	assert_string_equal(human_count(100000, room), "100k");
	assert_string_equal(human_count(1234567, room), "1.2M");
	assert_string_equal(human_count(~0ULL, room), "18.4E");
}

static void test_shares(void **state)
{
	char room[HUMAN_SIZE];

	(void)state;
	assert_string_equal(human_share(0, room), "0%");
	assert_string_equal(human_share(0.0625, room), "6.2%");
	assert_string_equal(human_share(0.9999, room), "99.9%");
	assert_string_equal(human_share(1, room), "100%");
	assert_string_equal(human_share(1.25, room), "125%");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_shares),
	};

	return run_tap("human", tests);
}
