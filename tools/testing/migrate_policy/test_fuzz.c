// SPDX-License-Identifier: GPL-2.0-only
/*
 * A short run of the fuzz target on made-up input, the same every time.
 *
 * For the model of the page migration policy, in user space. Pieces of good
 * and bad values, put together at random, get further than random bytes.
 */

#include "fuzz.h"
#include "tests.h"

#define RUNS	50000

static uint32_t seed;

/* The constants are of Numerical Recipes, section 7.1. */
static unsigned int random_below(unsigned int limit)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % limit;
}

static size_t add_piece(uint8_t *data)
{
	static const char * const pieces[] = {
		"0", "1", "5", "64", "65", "512", "262144", "262145", "+", "-",
		"4294967295", "4294967296", "18446744073709551616", "0x", " ",
		"anon", "swapcache", "shmem", "file", "none", ",", "\n", "\n",
		"mt", "inline", "absent", "_", "A", "-name", "anon,file",
	};
	const char *piece = pieces[random_below(ARRAY_SIZE(pieces))];

	if (!random_below(16)) {
		*data = 1 + random_below(255);
		return 1;
	}
	memcpy(data, piece, strlen(piece));
	return strlen(piece);
}

/* One byte for where to, up to five pieces of text, and a NUL. */
static size_t add_write(uint8_t *data)
{
	size_t len = 1;

	data[0] = random_below(256);
	for (unsigned int nr = random_below(6); nr; nr--)
		len += add_piece(data + len);
	data[len++] = '\0';
	return len;
}

static void run_target(uint32_t first)
{
	uint8_t data[1024];

	seed = first;
	for (int run = 0; run < RUNS; run++) {
		size_t len = 0;

		for (unsigned int nr = 1 + random_below(4); nr; nr--)
			len += add_write(data + len);
		assert_int_equal(LLVMFuzzerTestOneInput(data, len), 0);
	}
}

static void test_random_writes(void **unused)
{
	(void)unused;
	run_target(1);
}

static int init_target(void **state)
{
	(void)state;
	return LLVMFuzzerInitialize(NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_writes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, init_target, NULL);
}
