// SPDX-License-Identifier: GPL-2.0-only
/*
 * What writes must answer, for the migrate_policy selftests: see judge.h.
 */
#include "judge.h"

#include "ktap.h"
#include "policy.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN	31
#define DEVICES_MAX_LEN	255

/* The sample's: as many base pages as 512 pages of 1 GiB have. */
#define SAMPLE_MAX	(512ull << 18)

static const struct {
	const char *name;
	struct judge judge;
} judges[] = {
	{ "backend", { JUDGE_BACKEND, 0, 0 } },
	{ "batch_size", { JUDGE_NUMBER, 1, 262144 } },
	{ "min_pages", { JUDGE_NUMBER, 0, 262144 } },
	{ "workers", { JUDGE_NUMBER, 0, 64 } },
	{ "classes", { JUDGE_CLASSES, 0, 0 } },
	{ "strict", { JUDGE_NUMBER, 0, 1 } },
	{ "stats", { JUDGE_NUMBER, 0, 1 } },
	{ "cpus", { JUDGE_CPUS, 0, 0 } },
	{ "channels", { JUDGE_NUMBER, 0, 64 } },
	{ "devices", { JUDGE_DEVICES, 0, 0 } },
	{ "poll_us", { JUDGE_NUMBER, 0, 1000 } },
	{ "poll_pages", { JUDGE_NUMBER, 0, 262144 } },
	{ "timeout_ms", { JUDGE_NUMBER, 1, 600000 } },
	{ "max_pages", { JUDGE_NUMBER, 1, SAMPLE_MAX } },
};

struct judge judge_of(const char *path)
{
	const char *name = strrchr(path, '/') + 1;

	for (size_t i = 0; i < ARRAY_SIZE(judges); i++) {
		if (!strcmp(name, judges[i].name) && !strstr(path, "/faults/"))
			return judges[i].judge;
	}
	return (struct judge){ .kind = JUDGE_OTHER };
}

/* At most one newline, at the end. */
static bool ends(const char *text)
{
	return !*text || !strcmp(text, "\n");
}

static int judge_backend(const char *text, char *value)
{
	char path[SYS_PATH];
	size_t len = 0;

	while (islower((unsigned char)text[len]) ||
	       isdigit((unsigned char)text[len]) || text[len] == '-' ||
	       text[len] == '_')
		len++;
	if (!len || len > NAME_MAX_LEN || !ends(text + len))
		return -EINVAL;
	memcpy(value, text, len);
	value[len] = '\0';
	snprintf(path, sizeof(path), POLICY_STATE "/backends/%s", value);
	return sys_exists(path) ? 0 : -ENOENT;
}

/* Decimal, perhaps with a plus; too large for 64 bits counts as too large. */
static int judge_number(const struct judge *judge, const char *text,
			char *value)
{
	const char *digits = text + (*text == '+');
	size_t len = strspn(digits, "0123456789");
	unsigned long long number;

	if (!len)
		return -EINVAL;
	errno = 0;
	number = strtoull(digits, NULL, 10);
	if (errno == ERANGE)
		return -ERANGE;
	if (!ends(digits + len))
		return -EINVAL;
	snprintf(value, SYS_VALUE, "%llu", number);
	return number < judge->min || number > judge->max ? -ERANGE : 0;
}

static int judge_classes(const char *text, char *value)
{
	static const char * const names[] = {
		"anon", "swapcache", "shmem", "file",
	};
	char copy[64], *rest = copy, *word;
	unsigned int seen = 0;
	size_t class, len = strcspn(text, "\n");

	if (len >= sizeof(copy) || !ends(text + len))
		return -EINVAL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (!strcmp(copy, "none"))
		return snprintf(value, SYS_VALUE, "none") < 0;
	while ((word = strsep(&rest, ","))) {
		for (class = 0; class < ARRAY_SIZE(names); class++) {
			if (!strcmp(word, names[class]))
				break;
		}
		if (class == ARRAY_SIZE(names) || seen >> class & 1)
			return -EINVAL;
		seen |= 1u << class;
	}
	*value = '\0';
	for (class = 0; class < ARRAY_SIZE(names); class++) {
		len = strlen(value);
		if (seen >> class & 1)
			snprintf(value + len, SYS_VALUE - len, "%s%s",
				 len ? "," : "", names[class]);
	}
	return 0;
}

static int judge_devices(const char *text, char *value)
{
	size_t len = strcspn(text, " \t\n");

	if (!ends(text + len))
		return -EINVAL;
	if (len > DEVICES_MAX_LEN)
		return -ERANGE;
	if (!len || *text == ',' || text[len - 1] == ',' || strstr(text, ",,"))
		return -EINVAL;
	memcpy(value, text, len);
	value[len] = '\0';
	return 0;
}

static bool is_one_of(int rc, int a, int b, int c)
{
	return !rc || rc == -a || rc == -b || rc == -c;
}

bool judge_answer(const struct judge *judge, const char *text, int rc,
		  char value[SYS_VALUE])
{
	int expected;

	*value = '\0';
	switch (judge->kind) {
	case JUDGE_BACKEND:
		expected = judge_backend(text, value);
		break;
	case JUDGE_NUMBER:
		expected = judge_number(judge, text, value);
		break;
	case JUDGE_CLASSES:
		expected = judge_classes(text, value);
		break;
	case JUDGE_DEVICES:
		expected = judge_devices(text, value);
		break;
	case JUDGE_CPUS:
		return is_one_of(rc, EINVAL, ERANGE, EINVAL);
	default:
		return is_one_of(rc, EINVAL, ERANGE, EOVERFLOW);
	}
	return rc == expected;
}
