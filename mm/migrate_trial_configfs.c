// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page migration policy: trials and results in configfs.
 */

/**
 * DOC: migrate_trial_configfs
 *
 * In /sys/kernel/config/migrate_policy/reasons/<reason>/ there are
 *
 *	trials/			mkdir makes a trial, rmdir removes it
 *	trials/<name>/		the attributes of a reason, share, live
 *	trials/<name>/results/	what the calls of the trial did
 *	results/		what the calls of the control arm did
 *
 * A thin view of mm/migrate_trial.c and mm/migrate_result.c. configfs answers
 * for a file of a trial that is removed by itself, and lets no reader or
 * writer of one run beyond rmdir: a trial can be freed with its directory.
 */

#include <linux/configfs.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "migrate_trial_configfs.h"

struct trial_group {
	struct config_group group;
	struct migrate_result_group results;
	struct migrate_trial trial;
};

static struct migrate_trial *to_trial(struct config_item *item)
{
	return &container_of(to_config_group(item), struct trial_group,
			     group)->trial;
}

#define TRIAL_ATTR(_name, _KEY)						\
static ssize_t trial_##_name##_show(struct config_item *item, char *page) \
{									\
	return migrate_trial_show(to_trial(item), MIGRATE_KEY_##_KEY, page); \
}									\
									\
static ssize_t trial_##_name##_store(struct config_item *item,		\
				     const char *page, size_t count)	\
{									\
	return migrate_trial_store(to_trial(item), MIGRATE_KEY_##_KEY,	\
				   page) ?: count;			\
}									\
									\
CONFIGFS_ATTR(trial_, _name)

TRIAL_ATTR(backend, BACKEND);
TRIAL_ATTR(batch_size, BATCH_SIZE);
TRIAL_ATTR(min_pages, MIN_PAGES);
TRIAL_ATTR(workers, WORKERS);
TRIAL_ATTR(classes, CLASSES);
TRIAL_ATTR(strict, STRICT);

static ssize_t trial_share_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", migrate_trial_share(to_trial(item)));
}

static ssize_t trial_share_store(struct config_item *item, const char *page,
				 size_t count)
{
	return migrate_trial_store_share(to_trial(item), page) ?: count;
}

CONFIGFS_ATTR(trial_, share);

static ssize_t trial_live_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", migrate_trial_live(to_trial(item)));
}

static ssize_t trial_live_store(struct config_item *item, const char *page,
				size_t count)
{
	return migrate_trial_store_live(to_trial(item), page) ?: count;
}

CONFIGFS_ATTR(trial_, live);

static struct configfs_attribute *trial_attrs[] = {
	[MIGRATE_KEY_BACKEND] = &trial_attr_backend,
	[MIGRATE_KEY_BATCH_SIZE] = &trial_attr_batch_size,
	[MIGRATE_KEY_MIN_PAGES] = &trial_attr_min_pages,
	[MIGRATE_KEY_WORKERS] = &trial_attr_workers,
	[MIGRATE_KEY_CLASSES] = &trial_attr_classes,
	[MIGRATE_KEY_STRICT] = &trial_attr_strict,
	[MIGRATE_KEYS] = &trial_attr_share,
	&trial_attr_live,
	NULL,
};

static struct migrate_result_group *to_results(struct config_item *item)
{
	return container_of(to_config_group(item), struct migrate_result_group,
			    group);
}

static ssize_t result_summary_show(struct config_item *item, char *page)
{
	struct migrate_result_group *results = to_results(item);

	if (results->trial)
		return migrate_trial_show_sums(results->trial, page);
	return migrate_result_show_sums(migrate_trial_control(results->reason),
					page);
}

CONFIGFS_ATTR_RO(result_, summary);

static ssize_t show_hist(struct migrate_result_group *results,
			 enum migrate_hist hist, char *page)
{
	if (results->trial)
		return migrate_trial_show_hist(results->trial, hist, page);
	return migrate_result_show_hist(migrate_trial_control(results->reason),
					hist, page);
}

#define HIST_ATTR(_name, _NAME)						\
static ssize_t result_##_name##_show(struct config_item *item, char *page) \
{									\
	return show_hist(to_results(item), MIGRATE_##_NAME, page);	\
}									\
									\
CONFIGFS_ATTR_RO(result_, _name)

HIST_ATTR(hist_page_ns, HIST_PAGE_NS);
HIST_ATTR(hist_cut_ns, HIST_CUT_NS);
HIST_ATTR(hist_first_ns, HIST_FIRST_NS);
HIST_ATTR(hist_away_ns, HIST_AWAY_NS);

static struct configfs_attribute *result_attrs[] = {
	&result_attr_summary,
	&result_attr_hist_page_ns,
	&result_attr_hist_cut_ns,
	&result_attr_hist_first_ns,
	&result_attr_hist_away_ns,
	NULL,
};

static const struct config_item_type result_type = {
	.ct_owner = THIS_MODULE,
	.ct_attrs = result_attrs,
};

static void add_results(struct migrate_result_group *results,
			struct config_group *parent)
{
	config_group_init_type_name(&results->group, "results", &result_type);
	configfs_add_default_group(&results->group, parent);
}

static void trial_release(struct config_item *item)
{
	kfree(container_of(to_config_group(item), struct trial_group, group));
}

static struct configfs_item_operations trial_ops = {
	.release = trial_release,
};

static const struct config_item_type trial_type = {
	.ct_owner = THIS_MODULE,
	.ct_item_ops = &trial_ops,
	.ct_attrs = trial_attrs,
};

static struct config_group *make_trial(struct config_group *group,
				       const char *name)
{
	struct migrate_trials_groups *groups =
		container_of(group, struct migrate_trials_groups, trials);
	struct trial_group *new = kzalloc(sizeof(*new), GFP_KERNEL);
	int rc;

	if (!new)
		return ERR_PTR(-ENOMEM);
	rc = migrate_trial_add(&new->trial, groups->results.reason, name);
	if (rc) {
		kfree(new);
		return ERR_PTR(rc);
	}
	config_group_init_type_name(&new->group, name, &trial_type);
	new->results.trial = &new->trial;
	add_results(&new->results, &new->group);
	return &new->group;
}

static void drop_trial(struct config_group *group, struct config_item *item)
{
	migrate_trial_del(to_trial(item));
	config_item_put(item);
}

static struct configfs_group_operations trials_ops = {
	.make_group = make_trial,
	.drop_item = drop_trial,
};

static const struct config_item_type trials_type = {
	.ct_owner = THIS_MODULE,
	.ct_group_ops = &trials_ops,
};

/**
 * migrate_trials_configfs_add() - give a reason its trials/ and results/
 * @groups: the directories to make
 * @reason: the reason
 * @parent: the directory of the reason, not registered yet
 *
 * Context: boot.
 */
void __init migrate_trials_configfs_add(struct migrate_trials_groups *groups,
					enum migrate_reason reason,
					struct config_group *parent)
{
	groups->results.reason = reason;
	config_group_init_type_name(&groups->trials, "trials", &trials_type);
	configfs_add_default_group(&groups->trials, parent);
	add_results(&groups->results, parent);
}
