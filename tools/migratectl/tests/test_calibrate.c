// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of what calibrate makes of its measurements.
 */
#include <stdlib.h>
#include <string.h>

#include "tree.h"

#include "calibrate.h"

static char *names[] = { (char []){ "inline" }, (char []){ "dma" },
			 (char []){ "mt" } };
static const struct mpol_names backends = { names, ARRAY_SIZE(names) };

static void add(struct calibration *c, const char *backend, size_t folio_pages,
		unsigned int batch, double ratio, enum verdict verdict)
{
	c->point[c->count++] = (struct point){
		backend, folio_pages, batch,
		{ ratio, ratio - 0.125, ratio + 0.125 }, verdict,
	};
}

static void test_interval(void **state)
{
	double six[] = { 6, 2, 5, 1, 4, 3 };
	double nine[] = { 9, 1, 8, 2, 7, 3, 6, 4, 1000 };
	struct interval i = interval_of(six, 6);

	(void)state;
	assert_true(i.mid == 3.5 && i.low == 1 && i.high == 6);
	/* One outlier on each side is left out. */
	i = interval_of(nine, 9);
	assert_true(i.mid == 6 && i.low == 2 && i.high == 9);
}

static void test_threshold(void **state)
{
	struct calibration c = { .page_bytes = 4096, .huge_pages = 512 };

	(void)state;
	assert_int_equal(calibrate_threshold(&c, "mt"), 0);
	add(&c, "mt", 1, 32, 0.5, SLOWER);
	add(&c, "mt", 1, 128, 1.5, FASTER);
	add(&c, "mt", 1, 512, 1.0, SAME);
	add(&c, "mt", 512, 512, 1.5, FASTER);
	add(&c, "mt", 512, 1024, 2.5, FASTER);
	assert_int_equal(calibrate_threshold(&c, "mt"), 128);
	/* Faster for small folios, harmful for large ones. */
	add(&c, "mt", 512, 512, 0.5, SLOWER);
	assert_int_equal(calibrate_threshold(&c, "mt"), 1024);
	add(&c, "mt", 1, 2048, 0.5, SLOWER);
	assert_int_equal(calibrate_threshold(&c, "mt"), 0);
}

static void test_threshold_needs_a_gain(void **state)
{
	struct calibration c = { .page_bytes = 4096 };

	(void)state;
	add(&c, "mt", 1, 32, 1, SAME);
	add(&c, "mt", 1, 128, 1, DECLINED);
	assert_int_equal(calibrate_threshold(&c, "mt"), 0);
	add(&c, "mt", 1, 512, 2, FASTER);
	assert_int_equal(calibrate_threshold(&c, "mt"), 512);
	assert_int_equal(calibrate_threshold(&c, "dma"), 0);
}

static void test_choice(void **state)
{
	struct calibration c = { .page_bytes = 4096 };
	struct choice choice = calibrate_choose(&c, &backends);

	(void)state;
	assert_null(choice.backend);
	add(&c, "mt", 1, 32, 1.5, FASTER);
	add(&c, "dma", 1, 32, 0.5, SLOWER);
	add(&c, "dma", 1, 512, 3, FASTER);
	choice = calibrate_choose(&c, &backends);
	assert_string_equal(choice.backend, "dma");
	assert_int_equal(choice.min_pages, 512);
	assert_true(choice.gain == 3);
}

/* The section of one reason. */
static char *section(const struct calibration *c, const struct choice *choice,
		     const char *reason)
{
	char *name[] = { strdup(reason) };
	const struct mpol_names one = { name, 1 };
	char *text = calibrate_profile(c, choice, &one, 512, "a machine");
	char *start;

	assert_non_null(text);
	assert_non_null(strstr(text, "# a machine; "));
	start = strstr(text, "\n\n");
	assert_non_null(start);
	start = strstr(start + 2, "\n\n");
	assert_non_null(start);
	memmove(text, start + 2, strlen(start + 2) + 1);
	free(name[0]);
	return text;
}

static void expect(const struct choice *choice, const char *reason,
		   const char *expected)
{
	const struct calibration c = { .page_bytes = 4096, .huge_pages = 512 };
	char *text = section(&c, choice, reason);

	assert_string_equal(text, expected);
	free(text);
}

#define INLINE	"backend = inline\nbatch_size = 512\nmin_pages = 0\nworkers = 0\n"

static void test_profile(void **state)
{
	const struct choice none = { 0 };
	const struct choice early = { "mt", 32, 2 };
	const struct choice late = { "mt", 1024, 2 };

	(void)state;
	expect(&none, "damon", "[damon]\n" INLINE);
	expect(&early, "compaction",
	       "[compaction]\nbackend = mt\nbatch_size = 512\nmin_pages = 32\nworkers = 0\n");
	expect(&late, "damon",
	       "[damon]\nbackend = mt\nbatch_size = 1024\nmin_pages = 1024\nworkers = 0\n");
	expect(&late, "compaction",
	       "# At most 32 pages at a time: too few.\n[compaction]\n" INLINE);
	expect(&late, "numa_misplaced",
	       "# One folio at a time: too little.\n[numa_misplaced]\n" INLINE);
	expect(&late, "newer",
	       "[newer]\nbackend = mt\nbatch_size = 1024\nmin_pages = 1024\nworkers = 0\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interval),
		cmocka_unit_test(test_threshold),
		cmocka_unit_test(test_threshold_needs_a_gain),
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_profile),
	};

	return run_tap("calibrate", tests);
}
