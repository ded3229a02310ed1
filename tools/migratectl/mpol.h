/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mpol: the library part of migratectl. It talks to the two trees of the
 * kernel's migrate_policy and knows nothing of options, tables or exit codes.
 *
 *   configfs  migrate_policy/{stats,reasons/<reason>/KEY,backends/<backend>/KEY}
 *   sysfs     kernel/mm/migrate_policy/{enabled,defaults/KEY,backends/<backend>/COUNTER}
 *
 * Every function that returns int returns 0 or a negative errno, and on
 * failure leaves one sentence for mpol_error() that names the object.
 * The library never prints and never exits.
 */
#ifndef MPOL_H
#define MPOL_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One attribute is at most a page; this has room for the NUL as well. */
#define MPOL_VALUE_SIZE	4097

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/* Room for one message of mpol_error(). */
#define MPOL_ERROR_SIZE	1024

/* The object that holds what belongs to no reason and no backend. */
#define MPOL_GLOBAL_NAME	"global"

struct mpol;

enum mpol_type {
	MPOL_REASON,
	MPOL_BACKEND,
	MPOL_GLOBAL,
	MPOL_TRIAL,		/* its name is a path, see mpol_trial.h */
};

/* Something that has settings. Reasons and backends share one name space. */
struct mpol_object {
	enum mpol_type type;
	char name[NAME_MAX + 1];
};

struct mpol_names {
	char **name;
	size_t count;
};

/* A setting of one object, as the kernel shows it. */
struct mpol_setting {
	char *key;
	char *value;
};

struct mpol_settings {
	struct mpol_setting *setting;
	size_t count;
};

/* How two spellings of one value are compared. */
enum mpol_kind {
	MPOL_WORD,
	MPOL_NUMBER,
	MPOL_BOOL,
	MPOL_WORDLIST,
	MPOL_CPULIST,
};

/* What the tool knows about a key. The kernel alone decides on values. */
struct mpol_key {
	enum mpol_type type;
	const char *name;
	enum mpol_kind kind;
	const char *allowed;		/* NULL: the registered backends */
	const char *const *words;	/* MPOL_WORDLIST: NULL-terminated */
	const char *help;
	const char *backend;		/* the one that has it, for MPOL_BACKEND */
};

enum mpol_state {
	MPOL_PENDING,	/* not written, or already as it was */
	MPOL_WRITTEN,	/* handed to the kernel */
	MPOL_UNDONE,	/* the old value was put back */
	MPOL_STUCK,	/* the old value could not be put back */
};

struct mpol_change {
	struct mpol_object object;
	char *key;
	char *old;
	char *value;
	char *origin;			/* "FILE:LINE", or NULL */
	enum mpol_state state;
};

/* Called before each write with the full path of the file. */
typedef void mpol_report_fn(const char *path, const char *value, void *arg);

/* A set of changes that is applied as a whole or not at all. */
struct mpol_changes {
	struct mpol_change *change;
	size_t count;
	bool dry_run;			/* report the writes, do none */
	mpol_report_fn *report;		/* may be NULL */
	void *arg;
	const struct mpol_change *failed;	/* set by mpol_changes_apply() */
};

/* mpol_tree.c */

/**
 * mpol_open - find both trees
 * @mp: the handle; set even on failure (for mpol_error()) except on -ENOMEM
 * @root: directory that holds sys/, or NULL for the running kernel
 *
 * Without @root configfs is looked up in /proc/self/mountinfo and mounted at
 * /sys/kernel/config where it is not mounted. Below @root nothing is mounted.
 * Returns -EOPNOTSUPP if the kernel has no migrate_policy.
 */
int mpol_open(struct mpol **mp, const char *root);

/* The two halves of mpol_open(): what needs no kernel works after the first. */
int mpol_create(struct mpol **mp, const char *root);
int mpol_attach(struct mpol *m);
void mpol_close(struct mpol *m);

/* The sentence that the last failed call left; never NULL. */
const char *mpol_error(const struct mpol *m);

/* mpol_lock.c */

/**
 * mpol_lock - keep other changes out until mpol_close()
 * @m: the handle
 * @wait: for whoever has the lock, instead of returning -EWOULDBLOCK
 *
 * Everything that reads settings in order to change them has to hold it.
 * -ENOSYS on the rare kernel without file locks.
 */
int mpol_lock(struct mpol *m, bool wait);
void mpol_unlock(struct mpol *m);

/* mpol_attr.c */

/* Reads one setting into @value (MPOL_VALUE_SIZE bytes), without newline. */
int mpol_read(struct mpol *m, const struct mpol_object *object,
	      const char *key, char *value);

/* Writes one setting with one write(2); -E2BIG if it does not fit one. */
int mpol_write(struct mpol *m, const struct mpol_object *object,
	       const char *key, const char *value);

/* The file behind a setting, for messages and dry runs. */
void mpol_path(const struct mpol *m, const struct mpol_object *object,
	       const char *key, char *path, size_t size);

/* Reads one number from sysfs; -ENOENT if this kernel has no such counter. */
int mpol_counter(struct mpol *m, const struct mpol_object *object,
		 const char *counter, uint64_t *value);

/* 1, or 0 after migrate_policy=off on the kernel command line. */
int mpol_enabled(struct mpol *m);

/* mpol_names.c */

int mpol_names_add(struct mpol_names *names, const char *name);
int mpol_names_add_all(struct mpol_names *to, const struct mpol_names *from);
bool mpol_names_have(const struct mpol_names *names, const char *name);
void mpol_names_free(struct mpol_names *names);
void mpol_names_join(const struct mpol_names *names, const char *separator,
		     char *text, size_t size);

/* The reasons, or the backends, in alphabetical order. */
int mpol_objects(struct mpol *m, enum mpol_type type, struct mpol_names *names);

/* The keys @object has in this kernel, the known ones first. */
int mpol_keys(struct mpol *m, const struct mpol_object *object,
	      struct mpol_names *keys);

/* Looks @name up: "global", then reasons, then backends. */
int mpol_find(struct mpol *m, const char *name, struct mpol_object *object);

/* -ENOENT, with the nearest valid keys, if @object has no @key. */
int mpol_check_key(struct mpol *m, const struct mpol_object *object,
		   const char *key);

/* mpol_reasons.c */

/* Longest list: one folio, however large. */
#define MPOL_ONE_FOLIO	1

struct mpol_reason {
	const char *name;
	unsigned int longest;	/* list in base pages; 0: whatever is asked */
	const char *help;
};

extern const struct mpol_reason mpol_reason_table[];
extern const size_t mpol_reason_count;

/* NULL for a reason that is newer than this tool. */
const struct mpol_reason *mpol_reason(const char *name);

/* mpol_counters.c */

enum mpol_counter_id {
	MPOL_CUTS,
	MPOL_CUT_NS,
	MPOL_SUCCEEDED,
	MPOL_FAILED,
	MPOL_BATCHES,
	MPOL_FOLIOS,
	MPOL_COPIED,
	MPOL_BYTES,
	MPOL_COPY_NS,
	MPOL_HELPER_NS,
	MPOL_DECLINED_MIN,
	MPOL_DECLINED_SLOT,
	MPOL_DECLINED_BUSY,
	MPOL_DECLINED_NOMEM,
	MPOL_DECLINED_ERROR,
	MPOL_INELIGIBLE,
	MPOL_FAILED_ITEMS,
	MPOL_STALE,
	MPOL_REFUSED,
	MPOL_VERIFIED,
	MPOL_MISMATCHED,
	MPOL_COUNTERS,
};

enum mpol_unit {
	MPOL_EVENTS,
	MPOL_PAGES,		/* base pages */
	MPOL_FOLIOS_UNIT,
	MPOL_BYTES_UNIT,
	MPOL_NS,
};

struct mpol_counter_info {
	const char *name;	/* of the kernel's file */
	enum mpol_unit unit;
	const char *help;
};

extern const struct mpol_counter_info mpol_counter_table[MPOL_COUNTERS];

struct mpol_counters {
	uint64_t value[MPOL_COUNTERS];
	bool absent[MPOL_COUNTERS];	/* in this kernel; the value is 0 */
};

/*
 * All counters of a reason or a backend that this kernel has; -ENOENT if it has
 * none.
 */
int mpol_load_counters(struct mpol *m, const struct mpol_object *object,
		       struct mpol_counters *counters);

/* What happened in between. */
void mpol_counters_since(const struct mpol_counters *now,
			 const struct mpol_counters *before,
			 struct mpol_counters *delta);

/* Requests copied inline instead, whatever the cause. */
uint64_t mpol_declined(const struct mpol_counters *counters);

/* mpol_near.c */

/* "did you mean 'a' or 'b'?"; false, and no text, if none is near. */
bool mpol_nearest(const char *word, const struct mpol_names *names,
		  char *text, size_t size);

/*
 * Ends an error message about @word: the nearest of @names as a question, or
 * all of them if none is near.
 */
void mpol_suggest(const char *word, const struct mpol_names *names,
		  char *text, size_t size);

/* mpol_settings.c */

/* All settings of @object. */
int mpol_load(struct mpol *m, const struct mpol_object *object,
	      struct mpol_settings *settings);

/*
 * The settings of @object under the keys of @like; those it has not are left
 * out. A reason has the keys that have defaults, so that for all of them one
 * listing will do.
 */
int mpol_load_like(struct mpol *m, const struct mpol_object *object,
		   const struct mpol_settings *like,
		   struct mpol_settings *settings);

/* What a reset of a reason writes. */
int mpol_load_defaults(struct mpol *m, struct mpol_settings *settings);
const char *mpol_setting(const struct mpol_settings *settings, const char *key);
void mpol_settings_free(struct mpol_settings *settings);

/* mpol_key.c */

extern const struct mpol_key mpol_key_table[];
extern const size_t mpol_key_count;

/* NULL for a key that is newer than this tool. */
const struct mpol_key *mpol_key(enum mpol_type type, const char *name);

/* What a key may be set to; empty for a key newer than this tool. */
int mpol_allowed(struct mpol *m, enum mpol_type type, const char *key,
		 char *text, size_t size);

/* Whether the kernel's @shown is what @written asks for. */
bool mpol_same_value(const struct mpol_key *key, const char *written,
		     const char *shown);

/*
 * Whether writing @wanted over @shown would change nothing. Unlike above, the
 * kernel did not accept @wanted yet: what is in doubt differs.
 */
bool mpol_no_change(const struct mpol_key *key, const char *wanted,
		    const char *shown);

/* mpol_explain.c */

/* Turns the errno of a refused write into a sentence; returns -@err. */
int mpol_explain(struct mpol *m, const struct mpol_object *object,
		 const char *key, const char *value, int err);

/* mpol_change.c */

/*
 * Adds a change after checking what can be checked before the write: the key
 * exists, its old value is readable, the new one fits a single write.
 * -EEXIST if the set already changes this key of @object.
 */
int mpol_changes_add(struct mpol *m, struct mpol_changes *changes,
		     const struct mpol_object *object, const char *key,
		     const char *value);

/* Takes the change that was added last out again. */
void mpol_changes_drop_last(struct mpol_changes *changes);

/*
 * Writes what differs, in order, and reads each back. On the first failure
 * the old values are put back in reverse order; each change's state tells how
 * that went.
 */
int mpol_changes_apply(struct mpol *m, struct mpol_changes *changes);
size_t mpol_changes_in_state(const struct mpol_changes *changes,
			     enum mpol_state state);
void mpol_changes_free(struct mpol_changes *changes);

#endif /* MPOL_H */
