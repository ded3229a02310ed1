// SPDX-License-Identifier: GPL-2.0-only
/*
 * All settings of one object at once, and the defaults the kernel states.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mpol_private.h"

#define DEFAULTS	"defaults"

static int out_of_memory(struct mpol *m)
{
	return mpol_fail(m, ENOMEM, "%s", strerror(ENOMEM));
}

/* Room for @count of them. */
static int allocate(struct mpol *m, size_t count,
		    struct mpol_settings *settings)
{
	*settings = (struct mpol_settings){ 0 };
	settings->setting = calloc(count + 1, sizeof(*settings->setting));
	return settings->setting ? 0 : out_of_memory(m);
}

static int add_setting(struct mpol *m, struct mpol_settings *settings,
		       const char *key, const char *value)
{
	struct mpol_setting *next = &settings->setting[settings->count];

	next->key = strdup(key);
	next->value = strdup(value);
	settings->count++;
	return next->key && next->value ? 0 : out_of_memory(m);
}

static int load_key(struct mpol *m, const struct mpol_object *object,
		    const char *key, struct mpol_settings *settings)
{
	char value[MPOL_VALUE_SIZE];
	int ret = mpol_read(m, object, key, value);

	return ret ? ret : add_setting(m, settings, key, value);
}

static int load_default(struct mpol *m, const char *key,
			struct mpol_settings *settings)
{
	char path[PATH_MAX];
	char value[MPOL_VALUE_SIZE];
	int ret;

	snprintf(path, sizeof(path), DEFAULTS "/%s", key);
	ret = mpol_read_at(m->sysfs_fd, path, value);
	if (ret)
		return mpol_fail(m, -ret, "%s/%s: %s", m->sysfs_path, path,
				 strerror(-ret));
	return add_setting(m, settings, key, value);
}

/* A NULL @object stands for the defaults. */
static int load_keys(struct mpol *m, const struct mpol_object *object,
		     const struct mpol_names *keys,
		     struct mpol_settings *settings)
{
	int ret = allocate(m, keys->count, settings);

	for (size_t i = 0; !ret && i < keys->count; i++)
		ret = object ? load_key(m, object, keys->name[i], settings) :
			       load_default(m, keys->name[i], settings);
	if (ret)
		mpol_settings_free(settings);
	return ret;
}

int mpol_load(struct mpol *m, const struct mpol_object *object,
	      struct mpol_settings *settings)
{
	struct mpol_names keys;
	int ret = mpol_keys(m, object, &keys);

	if (ret)
		return ret;
	ret = load_keys(m, object, &keys, settings);
	mpol_names_free(&keys);
	return ret;
}

int mpol_load_like(struct mpol *m, const struct mpol_object *object,
		   const struct mpol_settings *like,
		   struct mpol_settings *settings)
{
	int ret = allocate(m, like->count, settings);

	for (size_t i = 0; !ret && i < like->count; i++) {
		ret = load_key(m, object, like->setting[i].key, settings);
		if (ret == -ENOENT)
			ret = 0;
	}
	if (ret)
		mpol_settings_free(settings);
	return ret;
}

int mpol_load_defaults(struct mpol *m, struct mpol_settings *settings)
{
	struct mpol_names keys;
	int ret = mpol_list_at(m, m->sysfs_fd, DEFAULTS, false, &keys);

	if (ret)
		return ret;
	mpol_sort_keys(&keys);
	ret = load_keys(m, NULL, &keys, settings);
	mpol_names_free(&keys);
	return ret;
}

const char *mpol_setting(const struct mpol_settings *settings, const char *key)
{
	for (size_t i = 0; i < settings->count; i++)
		if (!strcmp(settings->setting[i].key, key))
			return settings->setting[i].value;
	return NULL;
}

void mpol_settings_free(struct mpol_settings *settings)
{
	for (size_t i = 0; i < settings->count; i++) {
		free(settings->setting[i].key);
		free(settings->setting[i].value);
	}
	free(settings->setting);
	*settings = (struct mpol_settings){ 0 };
}
