// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz target: any sequence of writes to any attribute.
 *
 * For the model of the page migration policy, in user space; run by
 * test_fuzz.c and by libFuzzer ("make fuzz"). Input is a row of writes, each
 * ended by a NUL: one byte that says where to, then the text. What a write
 * may answer is told by a second reading of the interface, made to share
 * nothing with the first.
 */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"
#include "shim.h"

#define BATCH_SIZE	512

static char page[PAGE_SIZE] __aligned(PAGE_SIZE);

static int copy_nothing(struct migrate_copy_request *req)
{
	(void)req;
	return -EBUSY;
}

static struct migrate_copy_backend backend = {
	.name = "mt",
	.copy = copy_nothing,
};

/* A number of at most @max digits, then perhaps a newline. */
static int judge_number(const char *text, unsigned long min, unsigned long max)
{
	size_t plus = *text == '+', digits = strspn(text + plus, "0123456789");
	const char *end = text + plus + digits;
	unsigned long value;
	bool overflow;

	if (!digits)
		return -EINVAL;
	errno = 0;
	value = strtoul(text + plus, NULL, 10);
	overflow = errno == ERANGE;
	errno = 0;
	if (!overflow && *end && strcmp(end, "\n"))
		return -EINVAL;
	return overflow || value < min || value > max ? -ERANGE : 0;
}

/* All words of a list are classes, and all are different. */
static int judge_classes(const char *text)
{
	static const char * const names[] = {
		"anon", "swapcache", "shmem", "file",
	};
	char copy[64], *rest = copy, *word;
	unsigned int seen = 0, class;
	size_t len = strlen(text);

	if (len >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, len + 1);
	if (len && copy[len - 1] == '\n')
		copy[len - 1] = '\0';
	if (!strcmp(copy, "none"))
		return 0;
	while ((word = strsep(&rest, ","))) {
		for (class = 0; class < 4 && strcmp(word, names[class]); class++)
			;
		if (class == 4 || seen >> class & 1)
			return -EINVAL;
		seen |= 1U << class;
	}
	return 0;
}

static int judge_backend(const char *text)
{
	size_t len = 0;

	while (islower((unsigned char)text[len]) ||
	       isdigit((unsigned char)text[len]) ||
	       text[len] == '-' || text[len] == '_')
		len++;
	if (!len || len > 31 || (text[len] && strcmp(text + len, "\n")))
		return -EINVAL;
	if ((len == 2 && !memcmp(text, "mt", 2)) ||
	    (len == 6 && !memcmp(text, "inline", 6)))
		return 0;
	return -ENOENT;
}

static int judge(enum migrate_policy_key key, const char *text)
{
	switch (key) {
	case MIGRATE_KEY_BACKEND:
		return judge_backend(text);
	case MIGRATE_KEY_BATCH_SIZE:
		return judge_number(text, 1, 262144);
	case MIGRATE_KEY_MIN_PAGES:
		return judge_number(text, 0, 262144);
	case MIGRATE_KEY_WORKERS:
		return judge_number(text, 0, 64);
	case MIGRATE_KEY_STRICT:
		return judge_number(text, 0, 1);
	default:
		return judge_classes(text);
	}
}

static void require(bool cond, const char *rule)
{
	if (!cond)
		shim_broken("fuzz", rule);
}

/* What was read can be written, and publishes nothing. */
static void check_reads_back(enum migrate_reason reason,
			     enum migrate_policy_key key)
{
	u64 generation = migrate_policy_generation();
	int len = migrate_policy_show(reason, key, page);

	require(len == (int)strlen(page), "a line has the length it says");
	require(len > 1 && strchr(page, '\n') == page + len - 1,
		"a value is one line");
	require(!migrate_policy_store(reason, key, page), "it can be written");
	require(migrate_policy_generation() == generation,
		"it was there already");
}

static void write_one(uint8_t where, const char *text)
{
	enum migrate_reason reason = where / MIGRATE_KEYS % MR_TYPES;
	enum migrate_policy_key key = where % MIGRATE_KEYS;
	u64 generation = migrate_policy_generation();
	int rc = migrate_policy_store(reason, key, text);

	require(rc == judge(key, text), "the answer is the documented one");
	require(migrate_policy_generation() - generation <= !rc,
		"one write publishes once, a refused one not at all");
	check_reads_back(reason, key);
}

static void write_defaults(void)
{
	for (unsigned int reason = 0; reason < MR_TYPES; reason++) {
		for (unsigned int key = 0; key < MIGRATE_KEYS; key++) {
			migrate_policy_show_default(key, page);
			require(!migrate_policy_store(reason, key, page),
				"the default can be written");
		}
	}
	require(!static_branch_unlikely(&migrate_policy_key),
		"the key is off when all is default");
	require(!shim.live, "nothing is left");
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	migrate_policy_init(BATCH_SIZE);
	require(!migrate_copy_register(&migrate_copy_inline), "inline is new");
	require(!migrate_copy_register(&backend), "mt is new");
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *input = malloc(size + 1), *at = input;

	require(input, "there is memory");
	memcpy(input, data, size);
	input[size] = '\0';
	while (at < input + size) {
		write_one((uint8_t)*at, at + 1);
		at += strlen(at + 1) + 2;
	}
	write_defaults();
	free(input);
	return 0;
}
