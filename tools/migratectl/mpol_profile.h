/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Profiles: settings of several objects in an INI file with a name.
 *
 *   [profile]            summary = TEXT, include = NAME[, NAME...]
 *   [REASON or BACKEND]  KEY = VALUE, as in "migratectl set"
 *
 * NAME.conf is looked for in etc/migratectl/profiles, then below run/,
 * usr/local/lib/ and usr/lib/; the first one counts. On top come the drop-ins
 * NAME.conf.d/?*.conf from all of these, sorted by name as one list, where the
 * first one of a name counts. An empty file or a link to /dev/null masks. A
 * name with a slash is the file itself, and its drop-ins are beside it.
 * Included profiles come first, so that a profile overrides what it includes.
 */
#ifndef MPOL_PROFILE_H
#define MPOL_PROFILE_H

#include "mpol.h"

/* The value that stands for what the kernel states as its default. */
#define MPOL_DEFAULT_WORD	"default"

/* The section that describes the profile itself. */
#define MPOL_PROFILE_SECTION	"profile"

/* Where "save" and "restore" keep the settings, below the root. */
#define MPOL_SAVED_FILE		"/etc/migratectl/migratectl.conf"
#define MPOL_PROFILE_DIR	"/etc/migratectl/profiles"

struct mpol_entry {
	char *section;
	char *key;		/* NULL: the section itself */
	char *value;
	char *file;
	unsigned int line;
};

struct mpol_entries {
	struct mpol_entry *entry;
	size_t count;
};

struct mpol_profile {
	char *summary;			/* NULL without one */
	struct mpol_entries settings;	/* the last word on each key */
	struct mpol_entries sections;	/* every section header */
	struct mpol_names files;	/* as they were read */
};

/* mpol_entry.c */

/* Copies its arguments; -ENOMEM. */
int mpol_entries_add(struct mpol_entries *entries,
		     const struct mpol_entry *entry);
struct mpol_entry *mpol_entries_find(const struct mpol_entries *entries,
				     const char *section, const char *key);

/* Replaces the value and the place of what is there, or adds it. */
int mpol_entries_override(struct mpol_entries *entries,
			  const struct mpol_entry *entry);
void mpol_entries_free(struct mpol_entries *entries);

/* mpol_search.c */

/* The names of all profiles that are not masked. */
int mpol_profile_names(struct mpol *m, struct mpol_names *names);

/* The file of a profile and its drop-ins, in the order they are read. */
int mpol_profile_files(struct mpol *m, const char *name,
		       struct mpol_names *files);

/* mpol_profile.c */

/* Reads a profile and what it includes. Needs no kernel. */
int mpol_profile_load(struct mpol *m, const char *name,
		      struct mpol_profile *profile);
void mpol_profile_free(struct mpol_profile *profile);

/* Turns @section and @value into what the kernel has and takes. */
int mpol_profile_resolve(struct mpol *m, const struct mpol_profile *profile,
			 struct mpol_changes *changes);

/* mpol_save.c */

/* All settings of this kernel as the text of a profile; to be freed. */
int mpol_dump(struct mpol *m, const char *summary, char **text);

/*
 * Writes a file as a whole or not at all: a temporary file beside it is
 * synced, then takes its name. -EEXIST if there is one and not @replace.
 */
int mpol_store(struct mpol *m, const char *path, const char *text,
	       bool replace);

/* @path below the root (PATH_MAX bytes in @full); makes its directory. */
int mpol_prepare_file(struct mpol *m, const char *path, char *full);

/* MPOL_SAVED_FILE below the root. */
int mpol_restore_file(struct mpol *m, char *full);

#endif /* MPOL_PROFILE_H */
