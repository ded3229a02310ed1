// SPDX-License-Identifier: GPL-2.0-only
/*
 * Coverage-guided fuzzing of what reads profiles: "make fuzz". The input is cut
 * at bytes 0xff into a profile and two others that it may include as "a" and
 * "b". Whatever is in them, reading ends, and leaves either a profile in which
 * every setting has a place, or a sentence.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mpol_private.h"
#include "mpol_profile.h"

#define SEPARATOR	0xff

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char root[64];

static void write_file(const char *name, const uint8_t *data, size_t size)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s" MPOL_PROFILE_DIR "/%s.conf", root,
		 name);
	file = fopen(path, "we");
	if (!file || fwrite(data, 1, size, file) != size || fclose(file))
		abort();
}

/* Returns how much was used. */
static size_t write_part(const char *name, const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, SEPARATOR, size) : NULL;
	size_t length = end ? (size_t)(end - data) : size;

	write_file(name, data, length);
	return length + !!end;
}

static void remove_root(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	if (system(command))
		fprintf(stderr, "%s is left behind\n", root);
}

static void make_root(struct mpol *m)
{
	const char *tmp = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";
	char full[PATH_MAX];

	snprintf(root, sizeof(root), "%s/mpol-fuzz.XXXXXX", tmp);
	if (!mkdtemp(root))
		abort();
	atexit(remove_root);
	snprintf(m->root, sizeof(m->root), "%s", root);
	if (mpol_prepare_file(m, MPOL_PROFILE_DIR "/x.conf", full))
		abort();
}

static void check(const struct mpol_profile *profile)
{
	for (size_t i = 0; i < profile->settings.count; i++) {
		const struct mpol_entry *entry = &profile->settings.entry[i];

		if (!*entry->section || !*entry->key || !entry->value ||
		    !entry->line || !*entry->file)
			abort();
		/* Nothing stands twice, and what stands there is found. */
		if (mpol_entries_find(&profile->settings, entry->section,
				      entry->key) != entry)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "main", "a", "b" };
	static struct mpol *m;
	struct mpol_profile profile;

	if (!m) {
		if (mpol_create(&m, ""))
			abort();
		make_root(m);
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t used = write_part(names[i], data, size);

		data += used;
		size -= used;
	}
	m->error[0] = '\0';
	if (mpol_profile_load(m, "main", &profile)) {
		if (!*mpol_error(m))
			abort();
		return 0;
	}
	check(&profile);
	mpol_profile_free(&profile);
	return 0;
}
