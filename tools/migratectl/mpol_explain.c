// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel answers a bad value with an errno and nothing else. This turns
 * it into a sentence that names the object, the key, the value and what is
 * allowed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mpol_private.h"

static const struct {
	int err;
	const char *text;
	bool value_at_fault;
} meaning[] = {
	{ EINVAL, "not a valid value", true },
	{ ERANGE, "out of range", true },
	{ ENOENT, "no such backend", true },
	{ E2BIG, "value too long", false },
	{ EBUSY, "not possible in the present state", false },
	{ EACCES, "permission denied; only root may change the policy", false },
	{ EPERM, "permission denied; only root may change the policy", false },
};

static bool look_up(int err, const char **text)
{
	*text = strerror(err);
	for (size_t i = 0; i < ARRAY_SIZE(meaning); i++) {
		if (meaning[i].err != err)
			continue;
		*text = meaning[i].text;
		return meaning[i].value_at_fault;
	}
	return false;
}

static bool is_word(const char *const *words, const char *word)
{
	for (; *words; words++)
		if (!strcmp(*words, word))
			return true;
	return false;
}

/* The first part of a comma list that is none of @words. */
static bool odd_word(const char *value, const char *const *words, char *word,
		     size_t size)
{
	for (;; value++) {
		size_t length = strcspn(value, ",");

		snprintf(word, size, "%.*s", (int)length, value);
		if (!is_word(words, word))
			return true;
		value += length;
		if (!*value)
			return false;
	}
}

static int valid_words(struct mpol *m, const struct mpol_key *key,
		       const char *value, char *odd, size_t size,
		       struct mpol_names *names)
{
	int ret = 0;

	*names = (struct mpol_names){ 0 };
	if (key->kind == MPOL_WORD) {
		snprintf(odd, size, "%s", value);
		return mpol_objects(m, MPOL_BACKEND, names);
	}
	if (!key->words || !odd_word(value, key->words, odd, size))
		return 0;
	for (size_t i = 0; !ret && key->words[i]; i++)
		ret = mpol_names_add(names, key->words[i]);
	return ret;
}

/* "; did you mean 'mt'?", or nothing where the allowed list says it all. */
static int hint_for(struct mpol *m, const struct mpol_key *key,
		    const char *value, char *text, size_t size)
{
	struct mpol_names names;
	char odd[64];
	int ret = valid_words(m, key, value, odd, sizeof(odd), &names);

	if (!ret && names.count &&
	    mpol_nearest(odd, &names, text + 2, size - 2))
		memcpy(text, "; ", 2);
	mpol_names_free(&names);
	return ret;
}

int mpol_explain(struct mpol *m, const struct mpol_object *object,
		 const char *name, const char *value, int err)
{
	const struct mpol_key *key = mpol_key(object->type, name);
	char allowed[256] = "";
	char hint[256] = "";
	const char *text;

	/* Whatever fails in here only makes the message shorter. */
	if (look_up(err, &text) && key) {
		mpol_allowed(m, object->type, name, allowed, sizeof(allowed));
		hint_for(m, key, value, hint, sizeof(hint));
	}
	return mpol_fail(m, err, "%s.%s=%.64s%s: %s%s%s%s", object->name, name,
			 value, strlen(value) > 64 ? "..." : "", text,
			 *allowed ? "; allowed: " : "", allowed, hint);
}
