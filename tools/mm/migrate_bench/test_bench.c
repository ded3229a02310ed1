// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of migrate_bench, for `make check`: what a wrong measurement or
 * an unseen wrong byte would hide behind. Need no kernel with policies.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench.h"

static _Alignas(4096) unsigned char page[2][4096];

static void assert_near(double value, double expected)
{
	assert_true(fabs(value - expected) < 0.000001);
}

static void fresh_content_passes(void **state)
{
	(void)state;
	content_fill(page[0], 7);
	assert_true(content_check(page[0], 7));
}

static void every_wrong_byte_is_seen(void **state)
{
	(void)state;
	content_fill(page[0], 7);
	for (size_t i = 0; i < sizeof(page[0]); i++) {
		page[0][i] ^= 0x10;
		assert_false(content_check(page[0], 7));
		page[0][i] ^= 0x10;
	}
	assert_true(content_check(page[0], 7));
}

static void older_content_is_seen(void **state)
{
	(void)state;
	content_fill(page[0], 7);
	assert_false(content_check(page[0], 8));
}

static void content_of_another_page_is_seen(void **state)
{
	(void)state;
	content_fill(page[0], 7);
	memcpy(page[1], page[0], sizeof(page[1]));
	assert_false(content_check(page[1], 7));
}

/* Ranks from the table of the sign test: n, then k for 95%. */
static void interval_has_the_right_ranks(void **state)
{
	static const size_t rank[][2] = {
		{ 5, 1 }, { 6, 1 }, { 8, 1 }, { 9, 2 }, { 12, 3 }, { 15, 4 },
		{ 17, 5 }, { 20, 6 }, { 25, 8 }, { 50, 18 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rank); i++) {
		size_t n = rank[i][0], k = rank[i][1];
		struct interval in;
		double v[64];

		for (size_t j = 0; j < n; j++)
			v[j] = n - j;
		in = interval_of(v, n);
		assert_true(in.mid == (n + 1) / 2.0);
		assert_true(in.lo == k);
		assert_true(in.hi == n + 1 - k);
	}
}

static void nothing_has_no_median(void **state)
{
	(void)state;
	assert_true(isnan(interval_of(NULL, 0).mid));
}

static void bound_follows_the_copy_share(void **state)
{
	(void)state;
	assert_near(copy_bound(0, 2), 1);
	assert_near(copy_bound(1, 2), 2);
	assert_near(copy_bound(0.5, 2), 4 / 3.0);
	assert_near(copy_bound(0.9, 1), 1);
}

static void verdict_needs_the_whole_interval(void **state)
{
	(void)state;
	assert_string_equal(ratio_verdict((struct interval){ 1, 0.99, 1.1 }),
			    "ok");
	assert_string_equal(ratio_verdict((struct interval){ 1, 0.9, 1.1 }),
			    "undecided");
	assert_string_equal(ratio_verdict((struct interval){ 0.9, 0.8, 0.97 }),
			    "worse");
}

/* One round: inline 100 pages in 1000 ns; one CPU copies 600 of 1200 ns; two
 * need 800 ns for 200 pages.
 */
static void figures_compare_time_for_a_page(void **state)
{
	static const struct workload w = { .name = "test", .folio_kb = 4 };
	static const struct variant variant[] = {
		{ .backend = "inline" },
		{ .backend = "mt", .workers = 1 },
		{ .backend = "mt", .workers = 2 },
	};
	struct sample sample[3] = {
		{ .wall_ns = 1100, .cpu_ns = 900, .verified = true },
		{ .wall_ns = 1300, .cpu_ns = 900, .verified = true },
		{ .wall_ns = 900, .cpu_ns = 1000, .verified = false },
	};
	struct series s = {
		.workload = &w, .variant = variant, .nr_variants = 3,
		.rounds = 1, .sample = sample,
	};

	(void)state;
	sample[0].count.v[CUT_NS] = 1000;
	sample[0].count.v[SUCCEEDED] = 100;
	sample[1].count.v[CUT_NS] = 1200;
	sample[1].count.v[COPY_NS] = 600;
	sample[1].count.v[SUCCEEDED] = 100;
	sample[2].count.v[CUT_NS] = 800;
	sample[2].count.v[HELPER_NS] = 800;
	sample[2].count.v[SUCCEEDED] = 200;
	sample[2].count.v[CUTS] = 4;
	assert_near(series_figure(&s, 0, figure_ratio).mid, 1);
	assert_near(series_figure(&s, 2, figure_ratio).mid, 2.5);
	assert_near(series_copy_share(&s).mid, 0.5);
	assert_near(series_figure(&s, 2, figure_reached).mid, 1.875);
	assert_near(series_figure(&s, 2, figure_cpu_ratio).mid, 1);
	assert_near(series_figure(&s, 2, figure_away_us).mid, 0.2);
	assert_near(series_figure(&s, 2, figure_helper_us).mid, 0.8);
	assert_true(series_verified(&s, 1));
	assert_false(series_verified(&s, 2));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(fresh_content_passes),
		cmocka_unit_test(every_wrong_byte_is_seen),
		cmocka_unit_test(older_content_is_seen),
		cmocka_unit_test(content_of_another_page_is_seen),
		cmocka_unit_test(interval_has_the_right_ranks),
		cmocka_unit_test(nothing_has_no_median),
		cmocka_unit_test(bound_follows_the_copy_share),
		cmocka_unit_test(verdict_needs_the_whole_interval),
		cmocka_unit_test(figures_compare_time_for_a_page),
	};

	return cmocka_run_group_tests_name("migrate_bench", tests, NULL, NULL);
}
