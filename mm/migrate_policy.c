// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page migration policy: the model.
 *
 * Which backend copies the folios of which migration reason, and in batches
 * of what size.
 */

/**
 * DOC: migrate_policy
 *
 * The administrator sets, per migration reason, who copies folios and how
 * many at a time. This file holds that table and the registry of the copy
 * backends: defaults, parsing and validation, publication, lookup. It has no
 * configfs and no I/O (mm/migrate_policy_configfs.c and
 * mm/migrate_policy_sysfs.c are thin views of it) and touches no folio
 * (mm/migrate_copy.c does), so that tools/testing/migrate_policy/ can build
 * and test it in user space.
 *
 * What holds for a reason is an immutable snapshot: its policy, and those of
 * its live trials (mm/migrate_trial.c). A write copies the snapshot, changes
 * one field, publishes the copy and waits until no batch runs under the old
 * one. A reason without a live trial whose fields all have their defaults has
 * no snapshot, and when no reason has one (and nobody asked for counters) a
 * static key keeps migrate_pages() on the path it always had.
 */

/*
 * Locking:
 *
 * I: set at initialisation, then constant
 * L: migrate_policy_mutex
 * PR: migrate_policy_mutex for writing, migrate_policy_srcu for reading
 *
 * Order: configfs su_mutex -> migrate_policy_mutex -> cpus_read_lock (static
 * key). No reclaim and no hotplug callback takes migrate_policy_mutex;
 * request_module() and synchronize_srcu() run outside it.
 */

#include <asm/barrier.h>
#include <linux/bitmap.h>
#include <linux/bits.h>
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/jump_label.h>
#include <linux/kernel.h>
#include <linux/kmod.h>
#include <linux/kstrtox.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/migrate_policy.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/wait.h>

#include "migrate_policy.h"

/* Keeps writers of policies and of trials from each other. */
DEFINE_MUTEX(migrate_policy_mutex);
DEFINE_STATIC_SRCU(migrate_policy_srcu);
DEFINE_STATIC_KEY_FALSE(migrate_policy_key);
/* On while any trial is live, and then migrate_policy_key is, too. */
DEFINE_STATIC_KEY_FALSE(migrate_trial_key);

static struct migrate_snapshot __rcu *snapshots[MR_TYPES];	/* PR */
static u64 policy_generation;					/* L */
static bool policy_stats;					/* L */
static bool policy_off;						/* I */
static LIST_HEAD(backends);					/* L */
static DECLARE_WAIT_QUEUE_HEAD(backends_unused);
static DECLARE_BITMAP(backend_ids, MIGRATE_COPY_BACKENDS);	/* L */

static struct migrate_snapshot default_snapshot = {		/* I */
	.base = {
		.backend = &migrate_copy_inline,
		.classes = BIT(MIGRATE_CLASS_ANON) |
			   BIT(MIGRATE_CLASS_SWAPCACHE),
	},
};

static const char * const class_names[MIGRATE_CLASSES] = {
	[MIGRATE_CLASS_ANON] = "anon",
	[MIGRATE_CLASS_SWAPCACHE] = "swapcache",
	[MIGRATE_CLASS_SHMEM] = "shmem",
	[MIGRATE_CLASS_FILE] = "file",
};

struct policy_key {
	const char *name;
	int (*parse)(const struct policy_key *key, const char *text,
		     struct migrate_value *value);
	int (*show)(const struct policy_key *key,
		    const struct migrate_policy *policy, char *buf);
	size_t field;
	unsigned int min;
	unsigned int max;
};

static bool ends_here(const char *text)
{
	return !*text || (*text == '\n' && !text[1]);
}

static int parse_number(const struct policy_key *key, const char *text,
			struct migrate_value *value)
{
	int rc = kstrtouint(text, 10, &value->number);

	if (rc)
		return rc;
	if (value->number < key->min || value->number > key->max)
		return -ERANGE;
	return 0;
}

static unsigned int *policy_number(const struct policy_key *key,
				   const struct migrate_policy *policy)
{
	return (void *)policy + key->field;
}

static int show_number(const struct policy_key *key,
		       const struct migrate_policy *policy, char *buf)
{
	return sysfs_emit(buf, "%u\n", *policy_number(key, policy));
}

static int match_class(const char *text, size_t len)
{
	for (int i = 0; i < MIGRATE_CLASSES; i++) {
		if (strlen(class_names[i]) == len &&
		    !strncmp(class_names[i], text, len))
			return i;
	}
	return -EINVAL;
}

static int parse_classes(const struct policy_key *key, const char *text,
			 struct migrate_value *value)
{
	value->number = 0;
	if (!strncmp(text, "none", 4) && ends_here(text + 4))
		return 0;

	for (;; text++) {
		size_t len = strcspn(text, ",\n");
		int class = match_class(text, len);

		if (class < 0 || value->number & BIT(class))
			return -EINVAL;
		value->number |= BIT(class);
		text += len;
		if (*text != ',')
			return ends_here(text) ? 0 : -EINVAL;
	}
}

static int show_classes(const struct policy_key *key,
			const struct migrate_policy *policy, char *buf)
{
	int len = 0;

	if (!policy->classes)
		return sysfs_emit(buf, "none\n");
	for (int i = 0; i < MIGRATE_CLASSES; i++) {
		if (policy->classes & BIT(i))
			len += sysfs_emit_at(buf, len, "%s%s", len ? "," : "",
					     class_names[i]);
	}
	return len + sysfs_emit_at(buf, len, "\n");
}

static bool valid_name(const char *name, size_t len)
{
	if (!len || len >= MIGRATE_COPY_NAME_LEN)
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") >= len;
}

static int parse_backend(const struct policy_key *key, const char *text,
			 struct migrate_value *value)
{
	size_t len = strcspn(text, "\n");

	if (!valid_name(text, len) || !ends_here(text + len))
		return -EINVAL;
	memcpy(value->name, text, len);
	value->name[len] = '\0';
	return 0;
}

static int show_backend(const struct policy_key *key,
			const struct migrate_policy *policy, char *buf)
{
	return sysfs_emit(buf, "%s\n", policy->backend->name);
}

#define POLICY_NUMBER(_field, _min, _max) {			\
	.name = #_field,					\
	.parse = parse_number,					\
	.show = show_number,					\
	.field = offsetof(struct migrate_policy, _field),	\
	.min = _min,						\
	.max = _max,						\
}

static const struct policy_key policy_keys[MIGRATE_KEYS] = {
	[MIGRATE_KEY_BACKEND] = {
		.name = "backend",
		.parse = parse_backend,
		.show = show_backend,
	},
	[MIGRATE_KEY_BATCH_SIZE] =
		POLICY_NUMBER(batch_size, 1, MIGRATE_BATCH_MAX),
	[MIGRATE_KEY_MIN_PAGES] =
		POLICY_NUMBER(min_pages, 0, MIGRATE_BATCH_MAX),
	[MIGRATE_KEY_WORKERS] =
		POLICY_NUMBER(workers, 0, MIGRATE_WORKERS_MAX),
	[MIGRATE_KEY_CLASSES] = {
		.name = "classes",
		.parse = parse_classes,
		.show = show_classes,
		.field = offsetof(struct migrate_policy, classes),
	},
	[MIGRATE_KEY_STRICT] = POLICY_NUMBER(strict, 0, 1),
};

static bool same_policy(const struct migrate_policy *a,
			const struct migrate_policy *b)
{
	return a->backend == b->backend && a->batch_size == b->batch_size &&
	       a->min_pages == b->min_pages && a->workers == b->workers &&
	       a->classes == b->classes && a->strict == b->strict;
}

static struct migrate_snapshot *locked_snapshot(enum migrate_reason reason)
{
	return rcu_dereference_protected(snapshots[reason],
				lockdep_is_held(&migrate_policy_mutex));
}

/**
 * migrate_snapshot_locked() - what holds for a reason, for writers
 * @reason: the reason
 *
 * Context: under migrate_policy_mutex, with which the result stays.
 * Return: the snapshot, never NULL.
 */
const struct migrate_snapshot *
migrate_snapshot_locked(enum migrate_reason reason)
{
	return locked_snapshot(reason) ?: &default_snapshot;
}

static void switch_key(struct static_key_false *key, bool on)
{
	if (on && !policy_off)
		static_branch_enable(key);
	else
		static_branch_disable(key);
}

/* The keys are on while anybody has to look at a policy, counter or arm. */
static void update_keys(void)
{
	bool on = policy_stats, trials = false;

	lockdep_assert_held(&migrate_policy_mutex);
	for (int i = 0; i < MR_TYPES; i++) {
		on |= !!locked_snapshot(i);
		trials |= migrate_snapshot_locked(i)->nr_arms;
	}
	switch_key(&migrate_policy_key, on);
	switch_key(&migrate_trial_key, trials);
}

static struct migrate_copy_backend *find_backend(const char *name)
{
	struct migrate_copy_backend *backend;

	lockdep_assert_held(&migrate_policy_mutex);
	list_for_each_entry(backend, &backends, list) {
		if (!strcmp(backend->name, name))
			return backend;
	}
	return NULL;
}

/**
 * migrate_backend_hold() - keep a backend's module, and what it acquired
 * @backend: the backend
 *
 * Context: under migrate_policy_mutex; sleeps and allocates.
 * Return: 0, -ENOENT if its module is on its way out, -ENOMEM or what its
 *	start() answered.
 */
int migrate_backend_hold(struct migrate_copy_backend *backend)
{
	int rc = 0;

	lockdep_assert_held(&migrate_policy_mutex);
	if (!try_module_get(backend->owner))
		return -ENOENT;
	if (!backend->users && !policy_off)
		rc = migrate_copy_start(backend);
	if (rc)
		module_put(backend->owner);
	else
		WRITE_ONCE(backend->users, backend->users + 1);
	return rc;
}

/**
 * migrate_backend_release() - let go of what migrate_backend_hold() kept
 * @backend: the backend
 *
 * Context: under migrate_policy_mutex, when no request runs because of what
 *	held it; sleeps.
 */
void migrate_backend_release(struct migrate_copy_backend *backend)
{
	lockdep_assert_held(&migrate_policy_mutex);
	WRITE_ONCE(backend->users, backend->users - 1);
	if (!backend->users && !policy_off)
		migrate_copy_stop(backend);
	module_put(backend->owner);
	wake_up_all(&backends_unused);
}

static void release_snapshot(const struct migrate_snapshot *snapshot)
{
	for (unsigned int i = 0; i < snapshot->nr_arms; i++)
		migrate_backend_release(snapshot->arms[i].policy.backend);
	migrate_backend_release(snapshot->base.backend);
}

/* A snapshot holds its backends. */
static int hold_snapshot(const struct migrate_snapshot *snapshot)
{
	unsigned int i;
	int rc;

	rc = migrate_backend_hold(snapshot->base.backend);
	if (rc)
		return rc;
	for (i = 0; i < snapshot->nr_arms; i++) {
		rc = migrate_backend_hold(snapshot->arms[i].policy.backend);
		if (rc)
			goto err_release;
	}
	return 0;

err_release:
	while (i--)
		migrate_backend_release(snapshot->arms[i].policy.backend);
	migrate_backend_release(snapshot->base.backend);
	return rc;
}

/* The copy to publish, NULL if it is what holds anyway. */
static int new_snapshot(const struct migrate_snapshot *next, gfp_t gfp,
			struct migrate_snapshot **new)
{
	int rc;

	*new = NULL;
	if (!next->nr_arms && same_policy(&next->base, &default_snapshot.base))
		return 0;
	*new = kmemdup(next, sizeof(*next), gfp);
	if (!*new)
		return -ENOMEM;
	rc = hold_snapshot(*new);
	if (rc)
		kfree(*new);
	return rc;
}

/**
 * migrate_snapshot_publish() - put a snapshot in the place of a reason's
 * @reason: the reason
 * @next: what shall hold, which is copied
 * @gfp: how to allocate the copy
 * @old: where to put what held, for migrate_snapshot_retire()
 *
 * Context: under migrate_policy_mutex; sleeps and allocates.
 * Return: 0, -ENOMEM or what migrate_backend_hold() answered.
 */
int migrate_snapshot_publish(enum migrate_reason reason,
			     const struct migrate_snapshot *next, gfp_t gfp,
			     struct migrate_snapshot **old)
{
	struct migrate_snapshot *new;
	int rc;

	lockdep_assert_held(&migrate_policy_mutex);
	rc = new_snapshot(next, gfp, &new);
	if (rc)
		return rc;
	*old = rcu_replace_pointer(snapshots[reason], new,
				   lockdep_is_held(&migrate_policy_mutex));
	policy_generation++;
	update_keys();
	return 0;
}

/**
 * migrate_snapshot_settle() - wait for all cuts that began under a snapshot
 *
 * Context: process context, without migrate_policy_mutex; sleeps.
 */
void migrate_snapshot_settle(void)
{
	synchronize_srcu(&migrate_policy_srcu);
}

/**
 * migrate_snapshot_retire() - free a snapshot that no cut runs under any more
 * @old: the snapshot, or NULL
 *
 * Context: process context, without migrate_policy_mutex; sleeps.
 */
void migrate_snapshot_retire(struct migrate_snapshot *old)
{
	if (!old)
		return;
	mutex_lock(&migrate_policy_mutex);
	release_snapshot(old);
	mutex_unlock(&migrate_policy_mutex);
	kfree(old);
}

/**
 * migrate_policy_apply() - give an attribute of a policy a value
 * @key: the attribute
 * @value: what migrate_policy_edit() parsed
 * @next: the policy, not published yet
 *
 * Context: under migrate_policy_mutex.
 * Return: 0, or -ENOENT if there is no such backend.
 */
int migrate_policy_apply(enum migrate_policy_key key,
			 const struct migrate_value *value,
			 struct migrate_policy *next)
{
	struct migrate_copy_backend *backend;

	lockdep_assert_held(&migrate_policy_mutex);
	if (key != MIGRATE_KEY_BACKEND) {
		*policy_number(&policy_keys[key], next) = value->number;
		return 0;
	}
	backend = find_backend(value->name);
	if (!backend || backend->going)
		return -ENOENT;
	next->backend = backend;
	return 0;
}

static int change_base(void *target, enum migrate_policy_key key,
		       const struct migrate_value *value)
{
	enum migrate_reason reason = *(enum migrate_reason *)target;
	const struct migrate_snapshot *cur;
	struct migrate_snapshot next;
	struct migrate_snapshot *old;
	bool same;
	int rc;

	mutex_lock(&migrate_policy_mutex);
	cur = migrate_snapshot_locked(reason);
	next = *cur;
	rc = migrate_policy_apply(key, value, &next.base);
	same = same_policy(&next.base, &cur->base);
	if (!rc && !same)
		rc = migrate_snapshot_publish(reason, &next, GFP_KERNEL, &old);
	mutex_unlock(&migrate_policy_mutex);
	if (rc || same)
		return rc;

	migrate_snapshot_settle();
	migrate_snapshot_retire(old);
	return 0;
}

/**
 * migrate_policy_edit() - parse a write to an attribute, and have it done
 * @key: the attribute
 * @text: the value as the administrator wrote it, a newline may end it
 * @change: does it; called again if it answers -ENOENT and a module may help
 * @target: what @change is called with
 *
 * Context: process context, no lock that reclaim takes; may sleep, allocate
 *	and load a module.
 * Return: -EINVAL for a malformed value, -ERANGE for a number out of the
 *	attribute's range, or what @change answered.
 */
int migrate_policy_edit(enum migrate_policy_key key, const char *text,
			migrate_change_fn change, void *target)
{
	struct migrate_value value;
	int rc;

	rc = policy_keys[key].parse(&policy_keys[key], text, &value);
	if (rc)
		return rc;
	rc = change(target, key, &value);
	if (rc != -ENOENT || key != MIGRATE_KEY_BACKEND || policy_off)
		return rc;
	request_module("migrate-copy-%s", value.name);
	return change(target, key, &value);
}

/**
 * migrate_policy_store() - change one attribute of a reason
 * @reason: the reason
 * @key: the attribute
 * @text: the value as the administrator wrote it, a newline may end it
 *
 * Returns when no batch runs under the old policy any more, except for cuts
 * that began while every reason had its default policy: those are not tracked
 * and end inline, as they began. Writing what is there changes nothing.
 *
 * Context: process context, no lock that reclaim takes; may sleep, allocate
 *	and load a module.
 * Return: 0, -EINVAL for a malformed value, -ERANGE for a number out of the
 *	attribute's range, -ENOENT if there is no such backend, -ENOMEM, or
 *	what the backend's start() answered.
 */
int migrate_policy_store(enum migrate_reason reason,
			 enum migrate_policy_key key, const char *text)
{
	return migrate_policy_edit(key, text, change_base, &reason);
}

/**
 * migrate_policy_emit() - an attribute of a policy as text
 * @key: the attribute
 * @policy: the policy
 * @buf: a page to write to
 *
 * Context: any in which the policy and its backend stay.
 * Return: the number of bytes written to @buf.
 */
int migrate_policy_emit(enum migrate_policy_key key,
			const struct migrate_policy *policy, char *buf)
{
	return policy_keys[key].show(&policy_keys[key], policy, buf);
}

/**
 * migrate_policy_show() - one attribute of a reason as text
 * @reason: the reason
 * @key: the attribute
 * @buf: a page to write to
 *
 * Context: process context; may sleep.
 * Return: the number of bytes written to @buf.
 */
int migrate_policy_show(enum migrate_reason reason,
			enum migrate_policy_key key, char *buf)
{
	int len;

	mutex_lock(&migrate_policy_mutex);
	len = migrate_policy_emit(key, &migrate_snapshot_locked(reason)->base,
				  buf);
	mutex_unlock(&migrate_policy_mutex);
	return len;
}

/**
 * migrate_policy_show_default() - the default of an attribute as text
 * @key: the attribute
 * @buf: a page to write to
 *
 * Context: any.
 * Return: the number of bytes written to @buf.
 */
int migrate_policy_show_default(enum migrate_policy_key key, char *buf)
{
	return migrate_policy_emit(key, &default_snapshot.base, buf);
}

/**
 * migrate_policy_key_name() - the name of an attribute
 * @key: the attribute
 *
 * Context: any.
 * Return: the name, a constant string.
 */
const char *migrate_policy_key_name(enum migrate_policy_key key)
{
	return policy_keys[key].name;
}

/**
 * migrate_class_name() - the name of a class
 * @class: the class, not MIGRATE_CLASS_NEVER
 *
 * Context: any.
 * Return: the name, a constant string.
 */
const char *migrate_class_name(enum migrate_class class)
{
	return class_names[class];
}

/**
 * migrate_policy_store_stats() - switch counting on or off
 * @text: 0 or 1 as the administrator wrote it, a newline may end it
 *
 * Context: process context; may sleep.
 * Return: 0, -EINVAL for a malformed value, -ERANGE for another number.
 */
int migrate_policy_store_stats(const char *text)
{
	unsigned int on;
	int rc = kstrtouint(text, 10, &on);

	if (rc)
		return rc;
	if (on > 1)
		return -ERANGE;

	mutex_lock(&migrate_policy_mutex);
	policy_generation += policy_stats != on;
	policy_stats = on;
	update_keys();
	mutex_unlock(&migrate_policy_mutex);
	return 0;
}

/**
 * migrate_policy_stats() - is counting asked for?
 *
 * Context: process context; may sleep.
 * Return: true if every cut is counted, even if all policies are the default.
 */
bool migrate_policy_stats(void)
{
	bool on;

	mutex_lock(&migrate_policy_mutex);
	on = policy_stats;
	mutex_unlock(&migrate_policy_mutex);
	return on;
}

/**
 * migrate_policy_generation() - how many changes have been published
 *
 * Context: process context; may sleep.
 * Return: the number of changes since boot.
 */
u64 migrate_policy_generation(void)
{
	u64 generation;

	mutex_lock(&migrate_policy_mutex);
	generation = policy_generation;
	mutex_unlock(&migrate_policy_mutex);
	return generation;
}

/**
 * migrate_copy_settle() - make a change of a backend's settings take effect
 *
 * For backends that publish a setting with rcu_assign_pointer() and read it
 * in their copy(): the old setting may be freed when this returns. Counts as
 * a publication.
 *
 * Context: process context; sleeps. No lock that copy() takes.
 */
void migrate_copy_settle(void)
{
	mutex_lock(&migrate_policy_mutex);
	policy_generation++;
	mutex_unlock(&migrate_policy_mutex);
	migrate_snapshot_settle();
}
EXPORT_SYMBOL_GPL(migrate_copy_settle);

/**
 * migrate_snapshot_get() - look up what holds for a reason, and keep it
 * @reason: the reason
 * @idx: where to keep what migrate_policy_put() needs
 *
 * Context: process context. The caller may sleep until migrate_policy_put().
 * Return: the snapshot, never NULL.
 */
const struct migrate_snapshot *migrate_snapshot_get(enum migrate_reason reason,
						    int *idx)
	__acquires(&migrate_policy_srcu)
{
	const struct migrate_snapshot *snapshot;

	*idx = srcu_read_lock(&migrate_policy_srcu);
	snapshot = srcu_dereference(snapshots[reason], &migrate_policy_srcu);
	/*
	 * Pairs with rcu_replace_pointer() in migrate_snapshot_publish(): what
	 * a backend's start() set up is seen with the policy that names it.
	 */
	smp_rmb();
	return snapshot ?: &default_snapshot;
}

/**
 * migrate_policy_get() - look a reason's own policy up and keep it
 * @reason: the reason
 * @idx: where to keep what migrate_policy_put() needs
 *
 * Context: process context. The caller may sleep until migrate_policy_put().
 * Return: the policy, never NULL.
 */
const struct migrate_policy *migrate_policy_get(enum migrate_reason reason,
						int *idx)
	__acquires(&migrate_policy_srcu)
{
	return &migrate_snapshot_get(reason, idx)->base;
}

/**
 * migrate_policy_put() - let go of a policy or a snapshot
 * @idx: what migrate_policy_get() or migrate_snapshot_get() stored
 *
 * Context: the task that called that.
 */
void migrate_policy_put(int idx)
	__releases(&migrate_policy_srcu)
{
	srcu_read_unlock(&migrate_policy_srcu, idx);
}

/**
 * migrate_policy_init() - set the defaults that depend on the configuration
 * @batch_size: what migrate_pages() cuts a list at, in base pages
 *
 * Context: boot, before anybody can write a policy.
 */
void __init migrate_policy_init(unsigned int batch_size)
{
	default_snapshot.base.batch_size = batch_size;
}

/**
 * migrate_policy_disable() - keep everything inline, whatever is written
 *
 * Context: boot, before anybody can write a policy.
 */
void __init migrate_policy_disable(void)
{
	policy_off = true;
}

/**
 * migrate_policy_disabled() - was the layer switched off at boot?
 *
 * Context: any.
 * Return: true if policies can be written but take no effect.
 */
bool migrate_policy_disabled(void)
{
	return policy_off;
}

static int add_backend(struct migrate_copy_backend *backend)
{
	lockdep_assert_held(&migrate_policy_mutex);
	if (find_backend(backend->name))
		return -EEXIST;
	backend->id = find_first_zero_bit(backend_ids, MIGRATE_COPY_BACKENDS);
	if (backend->id >= MIGRATE_COPY_BACKENDS)
		return -ENOSPC;
	__set_bit(backend->id, backend_ids);
	backend->users = 0;
	backend->going = false;
	list_add_tail(&backend->list, &backends);
	return 0;
}

static void free_backend(struct migrate_copy_backend *backend)
{
	mutex_lock(&migrate_policy_mutex);
	list_del(&backend->list);
	__clear_bit(backend->id, backend_ids);
	mutex_unlock(&migrate_policy_mutex);
}

/* A policy goes back to inline, and an arm out of its reason's trials. */
static bool drop_backend(struct migrate_snapshot *next,
			 const struct migrate_copy_backend *backend)
{
	bool found = next->base.backend == backend;
	unsigned int nr = 0;

	if (found)
		next->base.backend = &migrate_copy_inline;
	for (unsigned int i = 0; i < next->nr_arms; i++) {
		if (next->arms[i].policy.backend != backend)
			next->arms[nr++] = next->arms[i];
	}
	found |= nr != next->nr_arms;
	next->nr_arms = nr;
	return found;
}

/* Nothing names @backend any more, and nothing will. */
static void forget_backend(struct migrate_copy_backend *backend)
{
	struct migrate_snapshot *old[MR_TYPES] = {};
	struct migrate_snapshot next;

	mutex_lock(&migrate_policy_mutex);
	/* Its name stays taken until its directories are gone. */
	backend->going = true;
	for (int i = 0; i < MR_TYPES; i++) {
		next = *migrate_snapshot_locked(i);
		if (drop_backend(&next, backend))
			WARN_ON(migrate_snapshot_publish(i, &next,
							 GFP_KERNEL |
							 __GFP_NOFAIL,
							 &old[i]));
	}
	migrate_trial_forget(backend);
	mutex_unlock(&migrate_policy_mutex);

	migrate_snapshot_settle();
	for (int i = 0; i < MR_TYPES; i++)
		migrate_snapshot_retire(old[i]);
	/*
	 * Others may have changed a policy that named @backend just before and
	 * have yet to retire it. The last one lets go of the mutex before
	 * free_backend() gets it.
	 */
	wait_event(backends_unused, !READ_ONCE(backend->users));
}

/**
 * migrate_copy_register() - offer a copy backend
 * @backend: the backend; must stay until migrate_copy_unregister() returns
 *
 * From now on its name can be written to a reason's "backend", and its
 * counters and settings have their directories.
 *
 * Context: process context; sleeps and allocates.
 * Return: 0, -EINVAL for a bad name or a missing copy(), -EEXIST if the name
 *	is taken, -ENOSPC if there are too many backends, -ENOMEM.
 */
int migrate_copy_register(struct migrate_copy_backend *backend)
{
	int rc;

	if (!valid_name(backend->name, strlen(backend->name)) ||
	    (!backend->copy && backend != &migrate_copy_inline))
		return -EINVAL;

	mutex_lock(&migrate_policy_mutex);
	rc = add_backend(backend);
	mutex_unlock(&migrate_policy_mutex);
	if (rc)
		return rc;

	rc = migrate_policy_sysfs_add(backend);
	if (rc)
		goto err_forget;
	rc = migrate_policy_configfs_add(backend);
	if (rc)
		goto err_del_sysfs;
	return 0;

err_del_sysfs:
	migrate_policy_sysfs_del(backend);
err_forget:
	forget_backend(backend);
	free_backend(backend);
	return rc;
}
EXPORT_SYMBOL_GPL(migrate_copy_register);

/**
 * migrate_copy_unregister() - withdraw a copy backend
 * @backend: a registered backend
 *
 * Reasons whose policy names it go back to inline; so do trials, which stop if
 * they were live. When this returns, no
 * request of it runs and nothing refers to it.
 *
 * Context: process context; sleeps and allocates.
 */
void migrate_copy_unregister(struct migrate_copy_backend *backend)
{
	forget_backend(backend);
	migrate_policy_configfs_del(backend);
	migrate_policy_sysfs_del(backend);
	free_backend(backend);
}
EXPORT_SYMBOL_GPL(migrate_copy_unregister);
