// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page migration policy: the administrator's directories in configfs.
 */

/**
 * DOC: migrate_policy_configfs
 *
 * /sys/kernel/config/migrate_policy/ is where the administrator sets the
 * policies:
 *
 *	stats			count even while every policy is the default
 *	reasons/<reason>/	backend, batch_size, min_pages, workers, classes,
 *				strict, trials/, results/
 *				(mm/migrate_trial_configfs.c)
 *	backends/<backend>/	settings of the backend's own
 *	faults/<fault>/		when to force what seldom happens, with
 *				CONFIG_MIGRATE_COPY_FAULT
 *
 * A thin view of mm/migrate_policy.c, which parses and answers. All groups
 * but the trials are default groups: they are there from boot on, cannot be
 * removed, and nothing can be made beside them.
 */

#include <linux/configfs.h>
#include <linux/init.h>
#include <linux/migrate.h>
#include <linux/module.h>
#include <linux/string.h>

#include "migrate_copy_debug.h"
#include "migrate_trial_configfs.h"

struct reason_group {
	struct config_group group;
	enum migrate_reason reason;
	struct migrate_trials_groups trials;
};

static struct reason_group reason_groups[MIGRATE_POLICY_REASONS];
static struct config_group reasons_group;
static struct config_group backends_group;

static enum migrate_reason to_reason(struct config_item *item)
{
	return container_of(to_config_group(item), struct reason_group,
			    group)->reason;
}

#define REASON_ATTR(_name, _KEY)					\
static ssize_t reason_##_name##_show(struct config_item *item, char *page) \
{									\
	return migrate_policy_show(to_reason(item), MIGRATE_KEY_##_KEY, page); \
}									\
									\
static ssize_t reason_##_name##_store(struct config_item *item,		\
				      const char *page, size_t count)	\
{									\
	return migrate_policy_store(to_reason(item), MIGRATE_KEY_##_KEY, \
				    page) ?: count;			\
}									\
									\
CONFIGFS_ATTR(reason_, _name)

REASON_ATTR(backend, BACKEND);
REASON_ATTR(batch_size, BATCH_SIZE);
REASON_ATTR(min_pages, MIN_PAGES);
REASON_ATTR(workers, WORKERS);
REASON_ATTR(classes, CLASSES);
REASON_ATTR(strict, STRICT);

static struct configfs_attribute *reason_attrs[] = {
	[MIGRATE_KEY_BACKEND] = &reason_attr_backend,
	[MIGRATE_KEY_BATCH_SIZE] = &reason_attr_batch_size,
	[MIGRATE_KEY_MIN_PAGES] = &reason_attr_min_pages,
	[MIGRATE_KEY_WORKERS] = &reason_attr_workers,
	[MIGRATE_KEY_CLASSES] = &reason_attr_classes,
	[MIGRATE_KEY_STRICT] = &reason_attr_strict,
	[MIGRATE_KEYS] = NULL,
};

static const struct config_item_type reason_type = {
	.ct_owner = THIS_MODULE,
	.ct_attrs = reason_attrs,
};

static const struct config_item_type directory_type = {
	.ct_owner = THIS_MODULE,
};

static ssize_t policy_stats_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", migrate_policy_stats());
}

static ssize_t policy_stats_store(struct config_item *item, const char *page,
				  size_t count)
{
	return migrate_policy_store_stats(page) ?: count;
}

CONFIGFS_ATTR(policy_, stats);

static struct configfs_attribute *policy_attrs[] = {
	&policy_attr_stats,
	NULL,
};

static const struct config_item_type policy_type = {
	.ct_owner = THIS_MODULE,
	.ct_attrs = policy_attrs,
};

static struct configfs_subsystem migrate_policy_subsys = {
	.su_group = {
		.cg_item = {
			.ci_namebuf = "migrate_policy",
			.ci_type = &policy_type,
		},
	},
	.su_mutex = __MUTEX_INITIALIZER(migrate_policy_subsys.su_mutex),
};

/**
 * migrate_policy_configfs_add() - make the directory of a backend
 * @backend: the backend
 *
 * Context: process context; sleeps and allocates.
 * Return: 0 or -ENOMEM.
 */
int migrate_policy_configfs_add(struct migrate_copy_backend *backend)
{
	struct config_group *group;

	group = configfs_register_default_group(&backends_group, backend->name,
						backend->settings ?:
						&directory_type);
	if (IS_ERR(group))
		return PTR_ERR(group);
	backend->configfs = group;
	return 0;
}

/**
 * migrate_policy_configfs_del() - remove the directory of a backend
 * @backend: the backend
 *
 * Context: process context; sleeps until no writer of an attribute is left.
 */
void migrate_policy_configfs_del(struct migrate_copy_backend *backend)
{
	configfs_unregister_default_group(backend->configfs);
	backend->configfs = NULL;
}

static void __init add_reasons(void)
{
	for (int i = 0; i < MIGRATE_POLICY_REASONS; i++) {
		reason_groups[i].reason = i;
		config_group_init_type_name(&reason_groups[i].group,
					    migrate_reason_names[i],
					    &reason_type);
		migrate_trials_configfs_add(&reason_groups[i].trials, i,
					    &reason_groups[i].group);
		configfs_add_default_group(&reason_groups[i].group,
					   &reasons_group);
	}
}

static int __init migrate_policy_configfs_init(void)
{
	struct config_group *root = &migrate_policy_subsys.su_group;

	migrate_policy_init(MIGRATE_BATCH_DEFAULT);
	config_group_init(root);
	config_group_init_type_name(&reasons_group, "reasons", &directory_type);
	configfs_add_default_group(&reasons_group, root);
	config_group_init_type_name(&backends_group, "backends",
				    &directory_type);
	configfs_add_default_group(&backends_group, root);
	add_reasons();
	migrate_fault_configfs_add(root);
	return configfs_register_subsystem(&migrate_policy_subsys);
}
subsys_initcall(migrate_policy_configfs_init);

static int __init migrate_policy_setup(char *text)
{
	if (strcmp(text, "off"))
		return -EINVAL;
	migrate_policy_disable();
	return 0;
}
early_param("migrate_policy", migrate_policy_setup);
