// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes that are applied as a whole: check all, write what differs, read
 * back, and on the first failure put everything back.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mpol_private.h"

static struct mpol_change *find_change(const struct mpol_changes *changes,
				       const struct mpol_object *object,
				       const char *key)
{
	for (size_t i = 0; i < changes->count; i++) {
		struct mpol_change *c = &changes->change[i];

		if (c->object.type == object->type &&
		    !strcmp(c->object.name, object->name) &&
		    !strcmp(c->key, key))
			return c;
	}
	return NULL;
}

static int append(struct mpol_changes *changes, const struct mpol_object *object,
		  const char *key, const char *old, const char *value)
{
	struct mpol_change *more = realloc(changes->change,
					   (changes->count + 1) * sizeof(*more));
	struct mpol_change *c;

	if (!more)
		return -ENOMEM;
	changes->change = more;
	c = &more[changes->count++];
	*c = (struct mpol_change){
		.object = *object,
		.key = strdup(key),
		.old = strdup(old),
		.value = strdup(value),
	};
	return c->key && c->old && c->value ? 0 : -ENOMEM;
}

int mpol_changes_add(struct mpol *m, struct mpol_changes *changes,
		     const struct mpol_object *object, const char *key,
		     const char *value)
{
	char old[MPOL_VALUE_SIZE];
	int ret = mpol_check_key(m, object, key);

	if (!ret && find_change(changes, object, key))
		return mpol_fail(m, EEXIST, "%s.%s: given twice", object->name,
				 key);
	if (!ret)
		ret = mpol_read(m, object, key, old);
	if (ret)
		return ret;
	/* The kernel would take the first page of it and drop the rest. */
	if (strlen(value) > MPOL_WRITE_MAX)
		return mpol_explain(m, object, key, value, E2BIG);
	ret = append(changes, object, key, old, value);
	return ret ? mpol_fail(m, -ret, "%s", strerror(-ret)) : 0;
}

static void report(struct mpol *m, const struct mpol_changes *changes,
		   const struct mpol_change *c, const char *value)
{
	char path[2 * PATH_MAX];

	if (!changes->report)
		return;
	mpol_path(m, &c->object, c->key, path, sizeof(path));
	changes->report(path, value, changes->arg);
}

static int write_and_check(struct mpol *m, const struct mpol_change *c,
			   const char *value)
{
	char shown[MPOL_VALUE_SIZE];
	int ret = mpol_write(m, &c->object, c->key, value);

	if (!ret)
		ret = mpol_read(m, &c->object, c->key, shown);
	if (ret)
		return ret;
	if (mpol_same_value(mpol_key(c->object.type, c->key), value, shown))
		return 0;
	return mpol_fail(m, EIO, "%s.%s=%.64s: was accepted, but reads back as '%.64s'",
			 c->object.name, c->key, value, shown);
}

static int apply_one(struct mpol *m, struct mpol_changes *changes,
		     struct mpol_change *c)
{
	/* Only identical text is skipped: other spellings the kernel judges. */
	if (!strcmp(c->old, c->value))
		return 0;
	report(m, changes, c, c->value);
	if (changes->dry_run)
		return 0;
	c->state = MPOL_WRITTEN;
	return write_and_check(m, c, c->value);
}

/* A refused write left the old value alone: then there is nothing to undo. */
static void undo_one(struct mpol *m, struct mpol_changes *changes,
		     struct mpol_change *c)
{
	char now[MPOL_VALUE_SIZE];

	if (c->state != MPOL_WRITTEN)
		return;
	if (!mpol_read(m, &c->object, c->key, now) && !strcmp(now, c->old)) {
		c->state = MPOL_PENDING;
		return;
	}
	report(m, changes, c, c->old);
	c->state = write_and_check(m, c, c->old) ? MPOL_STUCK : MPOL_UNDONE;
}

int mpol_changes_apply(struct mpol *m, struct mpol_changes *changes)
{
	char cause[MPOL_ERROR_SIZE];
	size_t i;
	int ret = 0;

	changes->failed = NULL;
	for (i = 0; !ret && i < changes->count; i++)
		ret = apply_one(m, changes, &changes->change[i]);
	if (!ret)
		return 0;
	changes->failed = &changes->change[i - 1];
	/* The undoing has failures of its own; the first cause is what counts. */
	memcpy(cause, m->error, sizeof(cause));
	while (i--)
		undo_one(m, changes, &changes->change[i]);
	memcpy(m->error, cause, sizeof(cause));
	return ret;
}

size_t mpol_changes_in_state(const struct mpol_changes *changes,
			     enum mpol_state state)
{
	size_t count = 0;

	for (size_t i = 0; i < changes->count; i++)
		count += changes->change[i].state == state;
	return count;
}

void mpol_changes_drop_last(struct mpol_changes *changes)
{
	struct mpol_change *last = &changes->change[--changes->count];

	free(last->key);
	free(last->old);
	free(last->value);
	free(last->origin);
}

void mpol_changes_free(struct mpol_changes *changes)
{
	while (changes->count)
		mpol_changes_drop_last(changes);
	free(changes->change);
	changes->change = NULL;
}
