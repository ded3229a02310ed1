// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the tool knows about each key: what may be written, how two spellings
 * of one value are compared, and what it is for.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mpol_private.h"

/* The largest NR_CPUS of any architecture. */
#define CPUS_MAX	8192

static const char *const class_words[] = {
	"anon", "swapcache", "shmem", "file", "none", NULL,
};

const struct mpol_key mpol_key_table[] = {
	{ MPOL_REASON, "backend", MPOL_WORD, NULL, NULL,
	  "who copies: inline, as without a policy, or a batch backend", NULL },
	{ MPOL_REASON, "batch_size", MPOL_NUMBER, "1..262144 base pages", NULL,
	  "base pages that are unmapped and copied together", NULL },
	{ MPOL_REASON, "min_pages", MPOL_NUMBER,
	  "0..262144 base pages, 0 = the backend's own minimum", NULL,
	  "smaller batches are copied inline", NULL },
	{ MPOL_REASON, "workers", MPOL_NUMBER,
	  "0..64, 0 = the backend's own choice", NULL,
	  "most CPUs or channels that one batch may use", NULL },
	{ MPOL_REASON, "classes", MPOL_WORDLIST,
	  "comma list of anon, swapcache, shmem, file; or none", class_words,
	  "classes of folios that may be copied ahead", NULL },
	{ MPOL_REASON, "strict", MPOL_BOOL, "0 or 1", NULL,
	  "1: what the backend does not copy is not migrated", NULL },
	{ MPOL_BACKEND, "cpus", MPOL_CPULIST,
	  "list of possible CPUs, as in 0-3,8; not empty", NULL,
	  "CPUs that helpers may run on", "mt" },
	{ MPOL_BACKEND, "channels", MPOL_NUMBER, "0..64 channels", NULL,
	  "most channels that it takes from DMA engines", "dma" },
	{ MPOL_BACKEND, "devices", MPOL_WORD,
	  "comma list of names of devices; or any", NULL,
	  "devices whose channels it takes", "dma" },
	{ MPOL_BACKEND, "poll_us", MPOL_NUMBER, "0..1000 microseconds", NULL,
	  "how long small requests are polled for", "dma" },
	{ MPOL_BACKEND, "poll_pages", MPOL_NUMBER, "0..262144 base pages", NULL,
	  "most base pages of a request that is polled for", "dma" },
	{ MPOL_BACKEND, "timeout_ms", MPOL_NUMBER, "1..600000 milliseconds",
	  NULL, "a channel silent for so long gets nothing more to do", "dma" },
	{ MPOL_GLOBAL, "stats", MPOL_BOOL, "0 or 1", NULL,
	  "count even while every reason is at its default", NULL },
};

const size_t mpol_key_count = ARRAY_SIZE(mpol_key_table);

const struct mpol_key *mpol_key(enum mpol_type type, const char *name)
{
	/* A trial has the keys of its reason. */
	if (type == MPOL_TRIAL)
		type = MPOL_REASON;
	for (size_t i = 0; i < mpol_key_count; i++)
		if (mpol_key_table[i].type == type &&
		    !strcmp(mpol_key_table[i].name, name))
			return &mpol_key_table[i];
	return NULL;
}

int mpol_allowed(struct mpol *m, enum mpol_type type, const char *name,
		 char *text, size_t size)
{
	const struct mpol_key *key = mpol_key(type, name);
	struct mpol_names backends;
	int ret;

	snprintf(text, size, "%s", key && key->allowed ? key->allowed : "");
	if (!key || key->allowed)
		return 0;
	ret = mpol_objects(m, MPOL_BACKEND, &backends);
	if (ret)
		return ret;
	mpol_names_join(&backends, ", ", text, size);
	mpol_names_free(&backends);
	return 0;
}

/* The kernel reads base 10 alone, and 0 or 1 in the same way. */
static bool same_number(const char *a, const char *b)
{
	char *end_a, *end_b;
	unsigned long long x = strtoull(a, &end_a, 10);
	unsigned long long y = strtoull(b, &end_b, 10);

	return *a && *b && !*end_a && !*end_b && x == y;
}

static bool has_word(const char *list, const char *word, size_t length)
{
	while (*list) {
		size_t here = strcspn(list, ",");

		if (here == length && !strncmp(list, word, length))
			return true;
		list += here;
		list += *list == ',';
	}
	return false;
}

static bool has_words(const char *list, const char *words)
{
	while (*words) {
		size_t length = strcspn(words, ",");

		if (!has_word(list, words, length))
			return false;
		words += length;
		words += *words == ',';
	}
	return true;
}

static bool set_cpus(char *map, const char **text)
{
	char *end;
	unsigned long first, last;

	if (**text < '0' || **text > '9')
		return false;
	first = strtoul(*text, &end, 10);
	last = first;
	if (*end == '-' && end[1] >= '0' && end[1] <= '9')
		last = strtoul(end + 1, &end, 10);
	if (last < first || last >= CPUS_MAX || (*end && *end != ','))
		return false;
	memset(map + first, 1, last - first + 1);
	*text = end + (*end == ',');
	return true;
}

/* One byte a CPU; false for all, N and strides, which the kernel resolves. */
static bool parse_cpus(const char *text, char *map)
{
	memset(map, 0, CPUS_MAX);
	do {
		if (!set_cpus(map, &text))
			return false;
	} while (*text);
	return true;
}

static bool same_cpus(const char *written, const char *shown)
{
	char a[CPUS_MAX], b[CPUS_MAX];

	if (!parse_cpus(shown, b))
		return false;
	return !parse_cpus(written, a) || !memcmp(a, b, sizeof(a));
}

bool mpol_same_value(const struct mpol_key *key, const char *written,
		     const char *shown)
{
	if (!strcmp(written, shown))
		return true;
	switch (key ? key->kind : MPOL_WORD) {
	case MPOL_NUMBER:
	case MPOL_BOOL:
		return same_number(written, shown);
	case MPOL_WORDLIST:
		return has_words(written, shown) && has_words(shown, written);
	case MPOL_CPULIST:
		return same_cpus(written, shown);
	case MPOL_WORD:
		break;
	}
	return false;
}

static bool parses_as_cpus(const char *text)
{
	char map[CPUS_MAX];

	return parse_cpus(text, map);
}

bool mpol_no_change(const struct mpol_key *key, const char *wanted,
		    const char *shown)
{
	if (!strcmp(wanted, shown))
		return true;
	switch (key ? key->kind : MPOL_WORD) {
	case MPOL_NUMBER:
	case MPOL_WORDLIST:
		return mpol_same_value(key, wanted, shown);
	case MPOL_CPULIST:
		return parses_as_cpus(wanted) && same_cpus(wanted, shown);
	case MPOL_BOOL:
	case MPOL_WORD:
		break;
	}
	return false;
}
