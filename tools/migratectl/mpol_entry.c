// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists of what profiles say, each with the place where it is said.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mpol_profile.h"

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

static void clear(struct mpol_entry *entry)
{
	free(entry->section);
	free(entry->key);
	free(entry->value);
	free(entry->file);
}

static int fill(struct mpol_entry *to, const struct mpol_entry *from)
{
	*to = (struct mpol_entry){
		.section = copy(from->section), .key = copy(from->key),
		.value = copy(from->value), .file = copy(from->file),
		.line = from->line,
	};
	if ((from->section && !to->section) || (from->key && !to->key) ||
	    (from->value && !to->value) || (from->file && !to->file)) {
		clear(to);
		return -ENOMEM;
	}
	return 0;
}

int mpol_entries_add(struct mpol_entries *entries,
		     const struct mpol_entry *entry)
{
	struct mpol_entry *more = realloc(entries->entry,
					  (entries->count + 1) * sizeof(*more));
	int ret;

	if (!more)
		return -ENOMEM;
	entries->entry = more;
	ret = fill(&more[entries->count], entry);
	entries->count += !ret;
	return ret;
}

struct mpol_entry *mpol_entries_find(const struct mpol_entries *entries,
				     const char *section, const char *key)
{
	for (size_t i = 0; i < entries->count; i++) {
		struct mpol_entry *entry = &entries->entry[i];

		if (!strcmp(entry->section, section) &&
		    !strcmp(entry->key, key))
			return entry;
	}
	return NULL;
}

int mpol_entries_override(struct mpol_entries *entries,
			  const struct mpol_entry *entry)
{
	struct mpol_entry *old = mpol_entries_find(entries, entry->section,
						   entry->key);
	struct mpol_entry new;
	int ret;

	if (!old)
		return mpol_entries_add(entries, entry);
	ret = fill(&new, entry);
	if (ret)
		return ret;
	clear(old);
	*old = new;
	return 0;
}

void mpol_entries_free(struct mpol_entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		clear(&entries->entry[i]);
	free(entries->entry);
	*entries = (struct mpol_entries){ 0 };
}
