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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_times),
	};

	return run_tap("human", tests);
}
