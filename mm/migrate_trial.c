// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page migration policy: the model of trials.
 *
 * Which part of a reason's calls runs under another policy, to see which is
 * better.
 */

/**
 * DOC: migrate_trial
 *
 * A trial is a policy beside that of its reason. It is edited while nothing
 * runs under it, and then made live as a whole: its policy and share become an
 * arm in the snapshot of the reason. Each call of migrate_pages() is drawn for
 * one of the arms, or for the control arm, which is the reason's own policy,
 * and stays with it.
 *
 * A call may have many cuts and does not hold a snapshot from one to the next,
 * so that a write never waits for a whole call. It remembers the id of its arm
 * instead. If the arm is gone, the rest of the call runs under the reason's
 * policy and is counted for no arm, and neither is the call.
 *
 * A trial has new results each time that it becomes live, and those that it had
 * are freed a grace period after the last snapshot that had its arm, as those of
 * a trial that goes. Those of the control arms are allocated when the first
 * trial of their reason becomes live, and stay.
 *
 * This file has no configfs and draws no random number, so that
 * tools/testing/migrate_policy/ can build and test it in user space.
 */

/*
 * Locking:
 *
 * L: migrate_policy_mutex
 */

#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/kstrtox.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "migrate_trial.h"

static LIST_HEAD(trials);						/* L */
static u64 last_id;							/* L */
static struct migrate_result __percpu *controls[MR_TYPES];		/* L */

static const char name_chars[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";

static bool valid_name(const char *name)
{
	size_t len = strspn(name, name_chars);

	return len && !name[len] && len < MIGRATE_TRIAL_NAME_LEN &&
	       strcmp(name, "control");
}

static unsigned int count_trials(enum migrate_reason reason)
{
	struct migrate_trial *trial;
	unsigned int nr = 0;

	lockdep_assert_held(&migrate_policy_mutex);
	list_for_each_entry(trial, &trials, list)
		nr += trial->reason == reason;
	return nr;
}

static int link_trial(struct migrate_trial *trial)
{
	int rc;

	lockdep_assert_held(&migrate_policy_mutex);
	if (count_trials(trial->reason) >= MIGRATE_TRIALS)
		return -ENOSPC;
	trial->staged = migrate_snapshot_locked(trial->reason)->base;
	rc = migrate_backend_hold(trial->staged.backend);
	if (!rc)
		list_add_tail(&trial->list, &trials);
	return rc;
}

/**
 * migrate_trial_add() - make a trial, a copy of what its reason has
 * @trial: the trial
 * @reason: the reason
 * @name: its name; the caller sees to it that the reason has no other of it
 *
 * Context: process context; sleeps and allocates.
 * Return: 0, -EINVAL for a bad name, -ENOSPC if the reason has too many,
 *	-ENOMEM, or what the backend answered.
 */
int migrate_trial_add(struct migrate_trial *trial, enum migrate_reason reason,
		      const char *name)
{
	int rc;

	if (!valid_name(name))
		return -EINVAL;
	trial->reason = reason;
	strscpy(trial->name, name, sizeof(trial->name));
	trial->share = 0;
	trial->id = 0;
	trial->result = alloc_percpu(struct migrate_result);
	if (!trial->result)
		return -ENOMEM;

	mutex_lock(&migrate_policy_mutex);
	rc = link_trial(trial);
	mutex_unlock(&migrate_policy_mutex);
	if (rc)
		free_percpu(trial->result);
	return rc;
}

/* The snapshot of its reason without the arm of @trial, if it has one. */
static void remove_arm(const struct migrate_trial *trial,
		       struct migrate_snapshot *next)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < next->nr_arms; i++) {
		if (next->arms[i].id != trial->id)
			next->arms[nr++] = next->arms[i];
	}
	next->nr_arms = nr;
}

/* Cannot fail: there must be a way back. */
static struct migrate_snapshot *stop_trial(struct migrate_trial *trial)
{
	struct migrate_snapshot *old = NULL;
	struct migrate_snapshot next;

	lockdep_assert_held(&migrate_policy_mutex);
	if (!trial->id)
		return NULL;
	next = *migrate_snapshot_locked(trial->reason);
	remove_arm(trial, &next);
	WARN_ON(migrate_snapshot_publish(trial->reason, &next,
					 GFP_KERNEL | __GFP_NOFAIL, &old));
	trial->id = 0;
	return old;
}

/**
 * migrate_trial_del() - stop a trial and free what belongs to it
 * @trial: the trial, of which nobody else knows any more
 *
 * Context: process context; sleeps until no cut runs under the trial.
 */
void migrate_trial_del(struct migrate_trial *trial)
{
	struct migrate_snapshot *old;

	mutex_lock(&migrate_policy_mutex);
	old = stop_trial(trial);
	list_del(&trial->list);
	migrate_backend_release(trial->staged.backend);
	mutex_unlock(&migrate_policy_mutex);

	/* Also if it is not live: who stopped it may still be waiting. */
	migrate_snapshot_settle();
	migrate_snapshot_retire(old);
	free_percpu(trial->result);
	trial->result = NULL;
}

static int stage(struct migrate_trial *trial, enum migrate_policy_key key,
		 const struct migrate_value *value)
{
	struct migrate_policy next = trial->staged;
	int rc;

	lockdep_assert_held(&migrate_policy_mutex);
	if (trial->id)
		return -EBUSY;
	rc = migrate_policy_apply(key, value, &next);
	if (rc)
		return rc;
	rc = migrate_backend_hold(next.backend);
	if (rc)
		return rc;
	migrate_backend_release(trial->staged.backend);
	trial->staged = next;
	return 0;
}

static int change_trial(void *target, enum migrate_policy_key key,
			const struct migrate_value *value)
{
	int rc;

	mutex_lock(&migrate_policy_mutex);
	rc = stage(target, key, value);
	mutex_unlock(&migrate_policy_mutex);
	return rc;
}

/**
 * migrate_trial_store() - change one attribute of a trial that is not live
 * @trial: the trial
 * @key: the attribute
 * @text: the value as the administrator wrote it, a newline may end it
 *
 * Context: process context, no lock that reclaim takes; may sleep, allocate
 *	and load a module.
 * Return: 0, -EBUSY while it is live, or an errno of migrate_policy_store().
 */
int migrate_trial_store(struct migrate_trial *trial,
			enum migrate_policy_key key, const char *text)
{
	return migrate_policy_edit(key, text, change_trial, trial);
}

/**
 * migrate_trial_show() - one attribute of a trial as text
 * @trial: the trial
 * @key: the attribute
 * @buf: a page to write to
 *
 * Context: process context; may sleep.
 * Return: the number of bytes written to @buf.
 */
int migrate_trial_show(struct migrate_trial *trial,
		       enum migrate_policy_key key, char *buf)
{
	int len;

	mutex_lock(&migrate_policy_mutex);
	len = migrate_policy_emit(key, &trial->staged, buf);
	mutex_unlock(&migrate_policy_mutex);
	return len;
}

static int parse_up_to(const char *text, unsigned int max, unsigned int *value)
{
	int rc = kstrtouint(text, 10, value);

	if (rc)
		return rc;
	return *value > max ? -ERANGE : 0;
}

/**
 * migrate_trial_store_share() - set the share of a trial that is not live
 * @trial: the trial
 * @text: percent as the administrator wrote it, a newline may end it
 *
 * Context: process context; may sleep.
 * Return: 0, -EINVAL for a malformed value, -ERANGE above 100, -EBUSY while
 *	it is live.
 */
int migrate_trial_store_share(struct migrate_trial *trial, const char *text)
{
	unsigned int share;
	int rc = parse_up_to(text, 100, &share);

	if (rc)
		return rc;
	mutex_lock(&migrate_policy_mutex);
	if (trial->id)
		rc = -EBUSY;
	else
		trial->share = share;
	mutex_unlock(&migrate_policy_mutex);
	return rc;
}

/**
 * migrate_trial_share() - the share of a trial
 * @trial: the trial
 *
 * Context: process context; may sleep.
 * Return: percent of the reason's calls, live or not.
 */
unsigned int migrate_trial_share(struct migrate_trial *trial)
{
	unsigned int share;

	mutex_lock(&migrate_policy_mutex);
	share = trial->share;
	mutex_unlock(&migrate_policy_mutex);
	return share;
}

static struct migrate_result __percpu *get_control(enum migrate_reason reason)
{
	lockdep_assert_held(&migrate_policy_mutex);
	if (!controls[reason])
		controls[reason] = alloc_percpu(struct migrate_result);
	return controls[reason];
}

static int add_arm(const struct migrate_trial *trial,
		   struct migrate_snapshot *next)
{
	unsigned int share = trial->share;

	for (unsigned int i = 0; i < next->nr_arms; i++)
		share += next->arms[i].share;
	if (share > 100)
		return -ERANGE;
	next->control = get_control(trial->reason);
	if (!next->control)
		return -ENOMEM;
	next->arms[next->nr_arms++] = (struct migrate_arm) {
		.name = trial->name,
		.id = last_id + 1,
		.policy = trial->staged,
		.share = trial->share,
		.result = trial->result,
	};
	return 0;
}

/* @result takes the place of the results of @trial, which go there. */
static int start_trial(struct migrate_trial *trial,
		       struct migrate_result __percpu **result,
		       struct migrate_snapshot **old)
{
	struct migrate_snapshot next = *migrate_snapshot_locked(trial->reason);
	int rc;

	lockdep_assert_held(&migrate_policy_mutex);
	if (trial->id)
		return 0;
	swap(trial->result, *result);
	rc = add_arm(trial, &next);
	if (!rc)
		rc = migrate_snapshot_publish(trial->reason, &next, GFP_KERNEL,
					      old);
	if (!rc)
		trial->id = ++last_id;
	else
		swap(trial->result, *result);
	return rc;
}

/**
 * migrate_trial_store_live() - start or stop a trial
 * @trial: the trial
 * @text: 0 or 1 as the administrator wrote it, a newline may end it
 *
 * When it returns, every cut that begins is drawn among the arms there are
 * now, and no cut runs under a trial that was stopped. A trial that starts has
 * no results yet; those of one that stops stay.
 *
 * Context: process context; sleeps and allocates.
 * Return: 0, -EINVAL for a malformed value, -ERANGE for another number or if
 *	the live shares of the reason would exceed 100, -ENOMEM, or what the
 *	backend answered. Stopping does not fail.
 */
int migrate_trial_store_live(struct migrate_trial *trial, const char *text)
{
	struct migrate_result __percpu *result = NULL;
	struct migrate_snapshot *old = NULL;
	unsigned int on;
	bool same;
	int rc = parse_up_to(text, 1, &on);

	if (rc)
		return rc;
	if (on) {
		result = alloc_percpu(struct migrate_result);
		if (!result)
			return -ENOMEM;
	}
	mutex_lock(&migrate_policy_mutex);
	same = !!trial->id == on;
	if (on)
		rc = start_trial(trial, &result, &old);
	else
		old = stop_trial(trial);
	mutex_unlock(&migrate_policy_mutex);

	/* Who stopped the trial before may still wait for a cut. */
	if (!rc && !same) {
		migrate_snapshot_settle();
		migrate_snapshot_retire(old);
	}
	free_percpu(result);
	return rc;
}

/**
 * migrate_trial_live() - is a trial live?
 * @trial: the trial
 *
 * Context: process context; may sleep.
 * Return: true if calls are drawn for it.
 */
bool migrate_trial_live(struct migrate_trial *trial)
{
	bool live;

	mutex_lock(&migrate_policy_mutex);
	live = trial->id;
	mutex_unlock(&migrate_policy_mutex);
	return live;
}

/**
 * migrate_trial_show_sums() - the sums of a trial as text
 * @trial: the trial
 * @buf: a page to write to
 *
 * Context: process context; may sleep.
 * Return: the number of bytes written to @buf.
 */
int migrate_trial_show_sums(struct migrate_trial *trial, char *buf)
{
	int len;

	mutex_lock(&migrate_policy_mutex);
	len = migrate_result_show_sums(trial->result, buf);
	mutex_unlock(&migrate_policy_mutex);
	return len;
}

/**
 * migrate_trial_show_hist() - a histogram of a trial as text
 * @trial: the trial
 * @hist: which one
 * @buf: a page to write to
 *
 * Context: process context; may sleep.
 * Return: the number of bytes written to @buf.
 */
int migrate_trial_show_hist(struct migrate_trial *trial,
			    enum migrate_hist hist, char *buf)
{
	int len;

	mutex_lock(&migrate_policy_mutex);
	len = migrate_result_show_hist(trial->result, hist, buf);
	mutex_unlock(&migrate_policy_mutex);
	return len;
}

/**
 * migrate_trial_control() - the results of a control arm
 * @reason: the reason
 *
 * Context: process context; may sleep.
 * Return: the results, which stay; NULL if no trial of the reason ever was
 *	live.
 */
struct migrate_result __percpu *
migrate_trial_control(enum migrate_reason reason)
{
	struct migrate_result __percpu *control;

	mutex_lock(&migrate_policy_mutex);
	control = controls[reason];
	mutex_unlock(&migrate_policy_mutex);
	return control;
}

/**
 * migrate_trial_forget() - no trial names a backend any more
 * @backend: the backend, which no snapshot names any more
 *
 * Trials of it go back to inline and are not live any more: with another
 * backend they are not what they were.
 *
 * Context: under migrate_policy_mutex; sleeps.
 */
void migrate_trial_forget(struct migrate_copy_backend *backend)
{
	struct migrate_trial *trial;

	lockdep_assert_held(&migrate_policy_mutex);
	list_for_each_entry(trial, &trials, list) {
		if (trial->staged.backend != backend)
			continue;
		/* Inline belongs to no module and acquires nothing. */
		WARN_ON(migrate_backend_hold(&migrate_copy_inline));
		trial->staged.backend = &migrate_copy_inline;
		trial->id = 0;
		migrate_backend_release(backend);
	}
}

/**
 * migrate_trial_draw() - the arm that a number was drawn for
 * @snapshot: what holds for the call
 * @percent: the number, 0 to 99, each as likely as the others
 *
 * Context: while @snapshot is held.
 * Return: the arm, or NULL for the control arm.
 */
const struct migrate_arm *
migrate_trial_draw(const struct migrate_snapshot *snapshot,
		   unsigned int percent)
{
	for (unsigned int i = 0; i < snapshot->nr_arms; i++) {
		if (percent < snapshot->arms[i].share)
			return &snapshot->arms[i];
		percent -= snapshot->arms[i].share;
	}
	return NULL;
}

/**
 * migrate_trial_find() - the arm that an earlier cut of a call had
 * @snapshot: what holds for the next cut
 * @id: the id of the arm
 *
 * Context: while @snapshot is held.
 * Return: the arm, or NULL if it is gone.
 */
const struct migrate_arm *
migrate_trial_find(const struct migrate_snapshot *snapshot, u64 id)
{
	for (unsigned int i = 0; i < snapshot->nr_arms; i++) {
		if (snapshot->arms[i].id == id)
			return &snapshot->arms[i];
	}
	return NULL;
}
