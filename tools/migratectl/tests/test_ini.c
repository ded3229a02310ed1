// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of mpol_ini.c, for what the whole command cannot bring about:
 * failing streams and callbacks.
 */
#include "tree.h"

#include <errno.h>
#include <string.h>

#include "mpol_ini.h"

struct log {
	char text[512];
	int ret;		/* of each call for a key */
	unsigned int calls;
};

static int note(const struct mpol_ini_item *item, void *arg)
{
	struct log *log = arg;
	size_t used = strlen(log->text);

	log->calls++;
	if (!item->key) {
		snprintf(log->text + used, sizeof(log->text) - used, "%u[%s]",
			 item->line, item->section);
		return 0;
	}
	snprintf(log->text + used, sizeof(log->text) - used, "%u%s%s=%s;",
		 item->line, item->more ? "+" : ":", item->key, item->value);
	return log->ret;
}

static int read_text(const struct tree *tree, const char *text, struct log *log)
{
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	int ret;

	assert_non_null(file);
	ret = mpol_ini_read(tree->mpol, file, "f", note, log);
	fclose(file);
	return ret;
}

static void test_lines_are_counted(void **state)
{
	struct log log = { .text = "" };

	assert_int_equal(read_text(*state, "\n[a]\nb = 1,\n# x\n\t2\n\n[c]\n[d]\ne=",
				   &log), 0);
	assert_string_equal(log.text, "2[a]3:b=1,;5+b=2;7[c]8[d]9:e=;");
}

static void test_callback_ends_reading(void **state)
{
	struct log log = { .ret = -EEXIST };

	assert_int_equal(read_text(*state, "[a]\nb = 1\nc = 2\n[d]\nbad\n", &log),
			 -EEXIST);
	assert_int_equal(log.calls, 2);
}

static void test_first_error_counts(void **state)
{
	struct tree *tree = *state;
	struct log log = { .text = "" };

	assert_int_equal(read_text(tree, "[a]\nbad\n\n c\n", &log), -EINVAL);
	assert_string_equal(mpol_error(tree->mpol),
			    "f:2: neither [SECTION] nor KEY = VALUE");
}

static ssize_t broken_read(void *cookie, char *data, size_t size)
{
	(void)cookie;
	(void)data;
	(void)size;
	errno = EIO;
	return -1;
}

static void test_read_error(void **state)
{
	const cookie_io_functions_t broken = { .read = broken_read };
	struct tree *tree = *state;
	struct log log = { .text = "" };
	FILE *file = fopencookie(NULL, "r", broken);

	assert_non_null(file);
	assert_int_equal(mpol_ini_read(tree->mpol, file, "f", note, &log), -EIO);
	assert_string_equal(mpol_error(tree->mpol), "f: Input/output error");
	assert_int_equal(log.calls, 0);
	fclose(file);
}

static void test_no_change(void **state)
{
	static const struct {
		enum mpol_type type;
		const char *key, *wanted, *shown;
		bool same;
	} cases[] = {
		{ MPOL_REASON, "workers", "4", "4", true },
		{ MPOL_REASON, "workers", "04", "4", true },
		{ MPOL_REASON, "workers", "0x4", "4", false },
		{ MPOL_REASON, "workers", "", "0", false },
		{ MPOL_REASON, "workers", "many", "0", false },
		{ MPOL_REASON, "classes", "file,anon", "anon,file", true },
		{ MPOL_REASON, "classes", "file", "anon,file", false },
		{ MPOL_REASON, "classes", "anon,file", "anon", false },
		{ MPOL_REASON, "backend", "MT", "mt", false },
		{ MPOL_BACKEND, "cpus", "0,1", "0-1", true },
		{ MPOL_BACKEND, "cpus", "0,2", "0-1", false },
		{ MPOL_BACKEND, "cpus", "all", "0-1", false },
		{ MPOL_BACKEND, "cpus", "", "0-1", false },
		{ MPOL_GLOBAL, "stats", "off", "0", false },
		{ MPOL_GLOBAL, "newer", "1", "1", true },
		{ MPOL_GLOBAL, "newer", "01", "1", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(mpol_no_change(mpol_key(cases[i].type,
							 cases[i].key),
						cases[i].wanted,
						cases[i].shown),
				 cases[i].same);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_tree(test_lines_are_counted),
		with_tree(test_callback_ends_reading),
		with_tree(test_first_error_counts),
		with_tree(test_read_error),
		cmocka_unit_test(test_no_change),
	};

	return run_tap("ini", tests);
}
