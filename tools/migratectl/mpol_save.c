// SPDX-License-Identifier: GPL-2.0-only
/*
 * All settings as the text of a file that "restore" and "profile apply" read.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "mpol_ini.h"
#include "mpol_private.h"
#include "mpol_profile.h"

static int out_of_memory(struct mpol *m)
{
	return mpol_fail(m, ENOMEM, "%s", strerror(ENOMEM));
}

/* What the kernel made read-only is state, not a setting. */
static bool is_writable(const struct mpol *m, const struct mpol_object *object,
			const char *key)
{
	char path[PATH_MAX];
	struct stat st;

	return !mpol_relative_path(object, key, path, sizeof(path)) &&
	       !fstatat(m->config_fd, path, &st, 0) && (st.st_mode & 0200);
}

static int collect_key(struct mpol *m, const struct mpol_object *object,
		       char *key, struct mpol_entries *entries)
{
	char value[MPOL_VALUE_SIZE];
	struct mpol_entry entry = {
		.section = (char *)(uintptr_t)object->name,
		.key = key,
		.value = value,
	};
	int ret;

	if (!is_writable(m, object, key))
		return 0;
	ret = mpol_read(m, object, key, value);
	if (!ret && mpol_entries_add(entries, &entry))
		ret = out_of_memory(m);
	return ret;
}

static int collect_object(struct mpol *m, const struct mpol_object *object,
			  struct mpol_entries *entries)
{
	struct mpol_names keys;
	int ret = mpol_keys(m, object, &keys);

	if (ret)
		return ret;
	for (size_t i = 0; !ret && i < keys.count; i++)
		ret = collect_key(m, object, keys.name[i], entries);
	mpol_names_free(&keys);
	return ret;
}

static int collect_type(struct mpol *m, enum mpol_type type,
			struct mpol_entries *entries)
{
	struct mpol_object object;
	struct mpol_names names;
	int ret = mpol_objects(m, type, &names);

	if (ret)
		return ret;
	for (size_t i = 0; !ret && i < names.count; i++) {
		ret = mpol_find(m, names.name[i], &object);
		if (!ret)
			ret = collect_object(m, &object, entries);
	}
	mpol_names_free(&names);
	return ret;
}

/* Backends first: a reason should find its backend as it shall work. */
static int collect(struct mpol *m, struct mpol_entries *entries)
{
	const struct mpol_object global = {
		.type = MPOL_GLOBAL, .name = MPOL_GLOBAL_NAME,
	};
	int ret = collect_object(m, &global, entries);

	if (!ret)
		ret = collect_type(m, MPOL_BACKEND, entries);
	if (!ret)
		ret = collect_type(m, MPOL_REASON, entries);
	return ret;
}

/* A long list goes on in a new line behind one of its commas. */
static void print_value(FILE *file, const char *value, size_t room)
{
	while (strlen(value) > room) {
		const char *comma = memrchr(value, ',', room);

		if (!comma)
			break;
		fprintf(file, "%.*s\n\t", (int)(comma + 1 - value), value);
		value = comma + 1;
		room = MPOL_INI_LINE / 2;
	}
	fprintf(file, "%s\n", value);
}

static void print_entries(FILE *file, const struct mpol_entries *entries)
{
	const char *section = "";

	for (size_t i = 0; i < entries->count; i++) {
		const struct mpol_entry *entry = &entries->entry[i];

		if (strcmp(section, entry->section))
			fprintf(file, "\n[%s]\n", entry->section);
		section = entry->section;
		fprintf(file, "%s = ", entry->key);
		print_value(file, entry->value, MPOL_INI_LINE / 2);
	}
}

static int render(struct mpol *m, const struct mpol_entries *entries,
		  const char *summary, char **text)
{
	size_t size;
	FILE *file = open_memstream(text, &size);

	if (!file)
		return out_of_memory(m);
	fprintf(file, "# Written by migratectl " VERSION "; see migratectl.conf(5).\n\n"
		"[" MPOL_PROFILE_SECTION "]\nsummary = %s\n", summary);
	print_entries(file, entries);
	return fclose(file) ? out_of_memory(m) : 0;
}

struct proof {
	struct mpol *mpol;
	struct mpol_entries entries;
};

static int read_back(const struct mpol_ini_item *item, void *arg)
{
	struct proof *proof = arg;
	struct mpol_entry *entry;
	char *longer;

	if (!item->key || !strcmp(item->section, MPOL_PROFILE_SECTION))
		return 0;
	if (!item->more)
		return mpol_entries_add(&proof->entries, &(struct mpol_entry){
			.section = (char *)(uintptr_t)item->section,
			.key = (char *)(uintptr_t)item->key,
			.value = (char *)(uintptr_t)item->value,
		}) ? out_of_memory(proof->mpol) : 0;
	entry = &proof->entries.entry[proof->entries.count - 1];
	if (asprintf(&longer, "%s%s", entry->value, item->value) < 0)
		return out_of_memory(proof->mpol);
	free(entry->value);
	entry->value = longer;
	return 0;
}

static int compare(struct mpol *m, const struct mpol_entries *asked,
		   const struct mpol_entries *got)
{
	for (size_t i = 0; i < asked->count; i++) {
		const struct mpol_entry *a = &asked->entry[i];
		const struct mpol_entry *b = &got->entry[i];

		if (i >= got->count || strcmp(a->section, b->section) ||
		    strcmp(a->key, b->key) || strcmp(a->value, b->value))
			return mpol_fail(m, EINVAL, "%s.%s: the value '%.64s' cannot be kept in a profile",
					 a->section, a->key, a->value);
	}
	return 0;
}

/* The format has its limits: better to hear of them now than at the boot. */
static int prove(struct mpol *m, char *text, const struct mpol_entries *entries)
{
	struct proof proof = { .mpol = m };
	FILE *file = fmemopen(text, strlen(text), "r");
	int ret;

	if (!file)
		return out_of_memory(m);
	ret = mpol_ini_read(m, file, "what was to be saved", read_back, &proof);
	fclose(file);
	if (!ret)
		ret = compare(m, entries, &proof.entries);
	mpol_entries_free(&proof.entries);
	return ret;
}

int mpol_dump(struct mpol *m, const char *summary, char **text)
{
	struct mpol_entries entries = { 0 };
	int ret = collect(m, &entries);

	*text = NULL;
	if (!ret)
		ret = render(m, &entries, summary, text);
	if (!ret)
		ret = prove(m, *text, &entries);
	mpol_entries_free(&entries);
	if (ret) {
		free(*text);
		*text = NULL;
	}
	return ret;
}

int mpol_restore_file(struct mpol *m, char *full)
{
	return mpol_below_root(m, MPOL_SAVED_FILE, full);
}
