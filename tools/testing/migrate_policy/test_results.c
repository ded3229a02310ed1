// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the results of an arm: buckets, sums, and what their files read.
 *
 * For the model of the page migration policy, in user space.
 */

#include <stdio.h>
#include <stdlib.h>

#include "tests.h"

static char page[PAGE_SIZE] __aligned(PAGE_SIZE);

/* Where a bucket ends, from where it begins, as the documentation says. */
static u64 upper(u64 lower)
{
	int power = lower < 4 ? 2 : 63 - __builtin_clzll(lower);

	return lower + (1ULL << (power - 2));
}

static void test_buckets_join(void **unused)
{
	(void)unused;
	assert_int_equal(migrate_bucket_lower(0), 0);
	for (unsigned int i = 0; i + 1 < MIGRATE_BUCKETS; i++) {
		u64 lower = migrate_bucket_lower(i);

		assert_int_equal(migrate_bucket_lower(i + 1), upper(lower));
		assert_int_equal(migrate_bucket(lower), i);
		assert_int_equal(migrate_bucket(upper(lower) - 1), i);
		assert_int_equal(migrate_bucket(upper(lower)), i + 1);
	}
}

static void test_last_bucket(void **unused)
{
	(void)unused;
	assert_int_equal(migrate_bucket_lower(MIGRATE_BUCKETS - 1), 7ULL << 32);
	assert_int_equal(migrate_bucket((7ULL << 32) - 1), MIGRATE_BUCKETS - 2);
	for (int i = 35; i < 64; i++)
		assert_int_equal(migrate_bucket(1ULL << i), MIGRATE_BUCKETS - 1);
	assert_int_equal(migrate_bucket(UINT64_MAX), MIGRATE_BUCKETS - 1);
}

/* With the largest count in each bucket it still fits; the shim looks. */
static void test_longest_file(void **unused)
{
	static struct migrate_result result;
	int len;

	(void)unused;
	memset(&result, 0xff, sizeof(result));
	for (int hist = 0; hist < MIGRATE_HISTS; hist++) {
		len = migrate_result_show_hist(&result, hist, page);
		assert_in_range(len, 3000, 4095);
		assert_int_equal(strlen(page), len);
	}
}

/* The number on the line that begins with @name. */
static u64 read_line(const char *name)
{
	size_t len = strlen(name);

	for (const char *line = page; *line; line = strchr(line, '\n') + 1) {
		if (!strncmp(line, name, len) && line[len] == ' ')
			return strtoull(line + len, NULL, 10);
	}
	fail_msg("no line %s in:\n%s", name, page);
	return 0;
}

static void test_summary(void **unused)
{
	static const char * const names[MIGRATE_SUMS] = {
		"calls", "cuts", "folios", "pages", "succeeded", "failed",
		"retries", "offered", "engaged_pages", "cut_ns", "first_ns",
		"away_ns", "copy_ns", "helper_ns",
	};
	struct migrate_result result = {};
	u64 sums[MIGRATE_SUMS];

	(void)unused;
	migrate_result_show_sums(NULL, page);
	for (int i = 0; i < MIGRATE_SUMS; i++) {
		assert_int_equal(read_line(names[i]), 0);
		sums[i] = i ? 1000 + i : 0;
	}
	for (int cut = 0; cut < 3; cut++)
		migrate_result_add_cut(&result, sums);
	migrate_result_add_call(&result, 5000, 50);
	migrate_result_show_sums(&result, page);
	assert_int_equal(read_line("calls"), 1);
	for (int i = 1; i < MIGRATE_SUMS; i++)
		assert_int_equal(read_line(names[i]), 3 * (1000 + i));
}

static void assert_hist(struct migrate_result *result, enum migrate_hist hist,
			const char *text)
{
	int len = migrate_result_show_hist(result, hist, page);

	page[len] = '\0';
	assert_string_equal(page, text);
}

static void test_histograms(void **unused)
{
	struct migrate_result result = {};
	u64 sums[MIGRATE_SUMS] = {
		[MIGRATE_SUM_FOLIOS] = 1,
		[MIGRATE_SUM_CUT_NS] = 1000,
		[MIGRATE_SUM_FIRST_NS] = 3,
		[MIGRATE_SUM_AWAY_NS] = 11,
	};

	(void)unused;
	migrate_result_add_cut(&result, sums);
	sums[MIGRATE_SUM_CUT_NS] = 2;
	migrate_result_add_cut(&result, sums);
	migrate_result_add_call(&result, 1000, 10);
	migrate_result_add_call(&result, 1270, 10);
	migrate_result_add_call(&result, 1280, 10);
	assert_hist(&result, MIGRATE_HIST_CUT_NS, "2 1\n896 1\n");
	assert_hist(&result, MIGRATE_HIST_FIRST_NS, "3 2\n");
	assert_hist(&result, MIGRATE_HIST_AWAY_NS, "10 2\n");
	assert_hist(&result, MIGRATE_HIST_PAGE_NS, "96 1\n112 1\n128 1\n");
	assert_hist(NULL, MIGRATE_HIST_CUT_NS, "");
}

/* What did not happen has no duration. */
static void test_nothing_moved(void **unused)
{
	struct migrate_result result = {};
	u64 sums[MIGRATE_SUMS] = { [MIGRATE_SUM_CUTS] = 1 };

	(void)unused;
	migrate_result_add_cut(&result, sums);
	migrate_result_add_call(&result, 1000, 0);
	assert_hist(&result, MIGRATE_HIST_CUT_NS, "0 1\n");
	assert_hist(&result, MIGRATE_HIST_FIRST_NS, "");
	assert_hist(&result, MIGRATE_HIST_AWAY_NS, "");
	assert_hist(&result, MIGRATE_HIST_PAGE_NS, "");
	assert_int_equal(result.sums[MIGRATE_SUM_CALLS], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buckets_join),
		cmocka_unit_test(test_last_bucket),
		cmocka_unit_test(test_longest_file),
		cmocka_unit_test(test_summary),
		cmocka_unit_test(test_histograms),
		cmocka_unit_test(test_nothing_moved),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
