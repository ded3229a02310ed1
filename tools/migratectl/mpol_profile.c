// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading a profile: its files, then what they include below that. What the
 * names in it mean is settled against the kernel's tree at the very end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mpol_ini.h"
#include "mpol_private.h"
#include "mpol_profile.h"

/* Far more than anybody means; an accident must still come to an end. */
#define DEPTH_MAX	16
#define FILES_MAX	256
#define KEY_MAX		49

#define SUMMARY		"summary"
#define INCLUDE		"include"

/* A profile on its way from the outermost one to the one that is read. */
struct level {
	const struct level *outer;
	const char *name;
	unsigned int depth;
	struct mpol *mpol;
	struct mpol_profile *profile;
	struct mpol_entries own;	/* without what is included */
};

static int out_of_memory(struct mpol *m)
{
	return mpol_fail(m, ENOMEM, "%s", strerror(ENOMEM));
}

/* Puts the place in front of the sentence that is there; returns @ret. */
static int at(struct mpol *m, const char *file, unsigned int line, int ret)
{
	char what[MPOL_ERROR_SIZE];

	memcpy(what, m->error, sizeof(what));
	mpol_fail(m, -ret, "%s:%u: %s", file, line, what);
	return ret;
}

static bool is_same_file(const struct mpol_entry *entry,
			 const struct mpol_ini_item *item)
{
	return !strcmp(entry->file, item->file);
}

static int go_on(struct level *level, const struct mpol_ini_item *item)
{
	struct mpol_entry *entry = mpol_entries_find(&level->own, item->section,
						     item->key);
	char *longer;

	if (asprintf(&longer, "%s%s", entry->value, item->value) < 0)
		return out_of_memory(level->mpol);
	free(entry->value);
	entry->value = longer;
	return 0;
}

static int check_item(struct level *level, const struct mpol_ini_item *item)
{
	struct mpol *m = level->mpol;
	struct mpol_entry *before;

	if (!*item->section)
		return mpol_fail(m, EINVAL, "%s:%u: '%s' stands before the first [SECTION]",
				 item->file, item->line, item->key);
	if (!*item->key)
		return mpol_fail(m, EINVAL, "%s:%u: no key before the '='",
				 item->file, item->line);
	/* libinih would cut it off in the lines that go on with it. */
	if (strlen(item->key) > KEY_MAX)
		return mpol_fail(m, EINVAL, "%s:%u: the name of the key is too long",
				 item->file, item->line);
	before = mpol_entries_find(&level->own, item->section, item->key);
	if (before && is_same_file(before, item))
		return mpol_fail(m, EEXIST, "%s:%u: %s.%s: given twice, first on line %u",
				 item->file, item->line, item->section,
				 item->key, before->line);
	return 0;
}

static int check_own_key(struct mpol *m, const struct mpol_ini_item *item)
{
	char summary[] = SUMMARY;
	char include[] = INCLUDE;
	const struct mpol_names keys = { (char *[]){ summary, include }, 2 };
	char hint[128];

	if (strcmp(item->section, MPOL_PROFILE_SECTION) ||
	    mpol_names_have(&keys, item->key))
		return 0;
	mpol_suggest(item->key, &keys, hint, sizeof(hint));
	return mpol_fail(m, ENOENT, "%s:%u: " MPOL_PROFILE_SECTION ": no such key '%.64s'; %s",
			 item->file, item->line, item->key, hint);
}

static int take_item(const struct mpol_ini_item *item, void *arg)
{
	struct level *level = arg;
	/* The copies are made by the list. */
	const struct mpol_entry entry = {
		.section = (char *)(uintptr_t)item->section,
		.key = (char *)(uintptr_t)item->key,
		.value = (char *)(uintptr_t)item->value,
		.file = (char *)(uintptr_t)item->file,
		.line = item->line,
	};
	int ret;

	if (!item->key)
		return mpol_entries_add(&level->profile->sections, &entry) ?
			out_of_memory(level->mpol) : 0;
	if (item->more)
		return go_on(level, item);
	ret = check_item(level, item);
	if (!ret)
		ret = check_own_key(level->mpol, item);
	if (!ret && mpol_entries_override(&level->own, &entry))
		ret = out_of_memory(level->mpol);
	return ret;
}

static int read_file(struct level *level, const char *path)
{
	struct mpol *m = level->mpol;
	FILE *file;
	int ret;

	if (level->profile->files.count == FILES_MAX)
		return mpol_fail(m, E2BIG, "%s: more than %d files make up one profile",
				 path, FILES_MAX);
	if (mpol_names_add(&level->profile->files, path))
		return out_of_memory(m);
	file = fopen(path, "re");
	if (!file)
		return mpol_fail(m, errno, "%s: %s", path, strerror(errno));
	ret = mpol_ini_read(m, file, path, take_item, level);
	fclose(file);
	return ret;
}

static int read_own(struct level *level)
{
	struct mpol_names files;
	int ret = mpol_profile_files(level->mpol, level->name, &files);

	for (size_t i = 0; !ret && i < files.count; i++)
		ret = read_file(level, files.name[i]);
	mpol_names_free(&files);
	return ret;
}

static int check_loop(const struct level *level)
{
	char chain[MPOL_ERROR_SIZE / 2];
	size_t used = (size_t)snprintf(chain, sizeof(chain), "%s", level->name);

	if (level->depth == DEPTH_MAX)
		return mpol_fail(level->mpol, ELOOP, "profiles include each other more than %d deep",
				 DEPTH_MAX);
	for (const struct level *l = level->outer; l; l = l->outer) {
		if (used < sizeof(chain))
			used += (size_t)snprintf(chain + used,
						 sizeof(chain) - used,
						 ", included by %s", l->name);
		if (!strcmp(l->name, level->name))
			return mpol_fail(level->mpol, ELOOP, "profiles include each other: %s",
					 chain);
	}
	return 0;
}

static int load_level(struct level *level);

static int load_included(struct level *level, const char *name,
			 const struct mpol_entry *include)
{
	struct level inner = {
		.outer = level,
		.name = name,
		.depth = level->depth + 1,
		.mpol = level->mpol,
		.profile = level->profile,
	};
	int ret = check_loop(&inner);

	if (!ret && strchr(name, '/'))
		ret = mpol_fail(level->mpol, EINVAL, "'%.64s': include takes names of profiles, not files",
				name);
	/* What is wrong inside the included files names them already. */
	if (!ret) {
		struct mpol_names files;

		ret = mpol_profile_files(level->mpol, name, &files);
		mpol_names_free(&files);
	}
	if (ret)
		return at(level->mpol, include->file, include->line, ret);
	return load_level(&inner);
}

static int load_includes(struct level *level)
{
	const struct mpol_entry *include =
		mpol_entries_find(&level->own, MPOL_PROFILE_SECTION, INCLUDE);
	char *list = include ? strdup(include->value) : NULL;
	char *rest = list;
	char *name;
	int ret = 0;

	if (include && !list)
		return out_of_memory(level->mpol);
	while (!ret && (name = strsep(&rest, ", \t")))
		if (*name)
			ret = load_included(level, name, include);
	free(list);
	return ret;
}

static int take_summary(struct level *level)
{
	const struct mpol_entry *summary =
		mpol_entries_find(&level->own, MPOL_PROFILE_SECTION, SUMMARY);

	if (level->outer || !summary)
		return 0;
	level->profile->summary = strdup(summary->value);
	return level->profile->summary ? 0 : out_of_memory(level->mpol);
}

static int merge(struct level *level)
{
	for (size_t i = 0; i < level->own.count; i++) {
		const struct mpol_entry *entry = &level->own.entry[i];

		if (strcmp(entry->section, MPOL_PROFILE_SECTION) &&
		    mpol_entries_override(&level->profile->settings, entry))
			return out_of_memory(level->mpol);
	}
	return take_summary(level);
}

/* Its own files come first, for they name the includes; but they win. */
static int load_level(struct level *level)
{
	int ret = read_own(level);

	if (!ret)
		ret = load_includes(level);
	if (!ret)
		ret = merge(level);
	mpol_entries_free(&level->own);
	return ret;
}

int mpol_profile_load(struct mpol *m, const char *name,
		      struct mpol_profile *profile)
{
	struct level level = { .name = name, .mpol = m, .profile = profile };
	int ret;

	*profile = (struct mpol_profile){ 0 };
	ret = load_level(&level);
	if (ret)
		mpol_profile_free(profile);
	return ret;
}

void mpol_profile_free(struct mpol_profile *profile)
{
	free(profile->summary);
	mpol_entries_free(&profile->settings);
	mpol_entries_free(&profile->sections);
	mpol_names_free(&profile->files);
	*profile = (struct mpol_profile){ 0 };
}

/* A section without keys would pass unseen, and be a typing error all the same. */
static int check_sections(struct mpol *m, const struct mpol_profile *profile)
{
	struct mpol_object object;

	for (size_t i = 0; i < profile->sections.count; i++) {
		const struct mpol_entry *section = &profile->sections.entry[i];
		int ret;

		if (!strcmp(section->section, MPOL_PROFILE_SECTION))
			continue;
		ret = mpol_find(m, section->section, &object);
		if (ret)
			return at(m, section->file, section->line, ret);
	}
	return 0;
}

static int wanted_value(struct mpol *m, const struct mpol_object *object,
			const struct mpol_entry *entry,
			const struct mpol_settings *defaults,
			const char **value)
{
	*value = entry->value;
	if (strcmp(entry->value, MPOL_DEFAULT_WORD))
		return 0;
	*value = object->type == MPOL_REASON ?
		mpol_setting(defaults, entry->key) : NULL;
	return *value ? 0 :
		mpol_fail(m, ENOENT, "%s.%s: the kernel states no default",
			  object->name, entry->key);
}

static int add_origin(struct mpol *m, struct mpol_changes *changes,
		      const struct mpol_entry *entry)
{
	struct mpol_change *change = &changes->change[changes->count - 1];

	if (asprintf(&change->origin, "%s:%u", entry->file, entry->line) >= 0)
		return 0;
	change->origin = NULL;
	return out_of_memory(m);
}

static int resolve(struct mpol *m, const struct mpol_entry *entry,
		   const struct mpol_settings *defaults,
		   struct mpol_changes *changes)
{
	struct mpol_object object;
	const struct mpol_change *change;
	const char *value;
	int ret = mpol_find(m, entry->section, &object);

	if (!ret)
		ret = mpol_check_key(m, &object, entry->key);
	if (!ret)
		ret = wanted_value(m, &object, entry, defaults, &value);
	if (!ret)
		ret = mpol_changes_add(m, changes, &object, entry->key, value);
	if (ret)
		return at(m, entry->file, entry->line, ret);
	change = &changes->change[changes->count - 1];
	if (!mpol_no_change(mpol_key(object.type, entry->key), change->value,
			    change->old))
		return add_origin(m, changes, entry);
	mpol_changes_drop_last(changes);
	return 0;
}

int mpol_profile_resolve(struct mpol *m, const struct mpol_profile *profile,
			 struct mpol_changes *changes)
{
	struct mpol_settings defaults;
	int ret = mpol_load_defaults(m, &defaults);

	if (ret)
		return ret;
	ret = check_sections(m, profile);
	for (size_t i = 0; !ret && i < profile->settings.count; i++)
		ret = resolve(m, &profile->settings.entry[i], &defaults,
			      changes);
	mpol_settings_free(&defaults);
	return ret;
}
