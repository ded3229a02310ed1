// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page migration policy: what it is and what it did, read-only in sysfs.
 */

/**
 * DOC: migrate_policy_sysfs
 *
 * /sys/kernel/mm/migrate_policy/ shows tools and administrators the state of
 * the layer, and what it counted per reason and per backend:
 *
 *	enabled		0 if the layer was switched off at boot
 *	generation	how many changes have been published
 *	features	the attributes that a reason has
 *	defaults/	what they are on an untouched system
 *	reasons/	a directory of counters for each reason
 *	backends/	the same for each registered backend
 *	faults/		how often each fault was injected, with
 *			CONFIG_MIGRATE_COPY_FAULT
 *
 * Counters are per CPU and summed on read, so that counting costs no shared
 * cache line.
 */

#include <linux/init.h>
#include <linux/kobject.h>
#include <linux/migrate.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "migrate_copy_debug.h"

/* A directory of counters; @row is where each CPU has them. */
struct counters_dir {
	struct kobject kobj;
	u64 __percpu *row;
	struct migrate_copy_backend *backend;
};

static struct kobject *backends_dir;

static struct counters_dir *to_counters_dir(struct kobject *kobj)
{
	return container_of(kobj, struct counters_dir, kobj);
}

static u64 sum_counter(struct counters_dir *dir, enum migrate_counter counter)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(dir->row, cpu)[counter]);
	return sum;
}

#define COUNTER(_name, _counter)					\
static ssize_t _name##_show(struct kobject *kobj,			\
			    struct kobj_attribute *attr, char *buf)	\
{									\
	return sysfs_emit(buf, "%llu\n",				\
			  sum_counter(to_counters_dir(kobj), _counter)); \
}									\
static struct kobj_attribute _name##_attr = __ATTR_RO(_name)

COUNTER(cuts, MIGRATE_CUTS);
COUNTER(cut_ns, MIGRATE_CUT_NS);
COUNTER(succeeded, MIGRATE_SUCCEEDED);
COUNTER(failed, MIGRATE_FAILED);
COUNTER(batches, MIGRATE_BATCHES);
COUNTER(folios, MIGRATE_FOLIOS);
COUNTER(pages, MIGRATE_PAGES);
COUNTER(bytes, MIGRATE_BYTES);
COUNTER(copy_ns, MIGRATE_COPY_NS);
COUNTER(helper_ns, MIGRATE_HELPER_NS);
COUNTER(declined_min, MIGRATE_DECLINED_MIN);
COUNTER(declined_slot, MIGRATE_DECLINED_SLOT);
COUNTER(declined_busy, MIGRATE_DECLINED_BUSY);
COUNTER(declined_nomem, MIGRATE_DECLINED_NOMEM);
COUNTER(declined_error, MIGRATE_DECLINED_ERROR);
COUNTER(ineligible, MIGRATE_INELIGIBLE);
COUNTER(failed_items, MIGRATE_FAILED_ITEMS);
COUNTER(stale, MIGRATE_STALE);
COUNTER(refused, MIGRATE_REFUSED);
COUNTER(verified, MIGRATE_VERIFIED);
COUNTER(mismatched, MIGRATE_MISMATCHED);

static struct attribute *counters_attrs[] = {
	[MIGRATE_CUTS] = &cuts_attr.attr,
	[MIGRATE_CUT_NS] = &cut_ns_attr.attr,
	[MIGRATE_SUCCEEDED] = &succeeded_attr.attr,
	[MIGRATE_FAILED] = &failed_attr.attr,
	[MIGRATE_BATCHES] = &batches_attr.attr,
	[MIGRATE_FOLIOS] = &folios_attr.attr,
	[MIGRATE_PAGES] = &pages_attr.attr,
	[MIGRATE_BYTES] = &bytes_attr.attr,
	[MIGRATE_COPY_NS] = &copy_ns_attr.attr,
	[MIGRATE_HELPER_NS] = &helper_ns_attr.attr,
	[MIGRATE_DECLINED_MIN] = &declined_min_attr.attr,
	[MIGRATE_DECLINED_SLOT] = &declined_slot_attr.attr,
	[MIGRATE_DECLINED_BUSY] = &declined_busy_attr.attr,
	[MIGRATE_DECLINED_NOMEM] = &declined_nomem_attr.attr,
	[MIGRATE_DECLINED_ERROR] = &declined_error_attr.attr,
	[MIGRATE_INELIGIBLE] = &ineligible_attr.attr,
	[MIGRATE_FAILED_ITEMS] = &failed_items_attr.attr,
	[MIGRATE_STALE] = &stale_attr.attr,
	[MIGRATE_REFUSED] = &refused_attr.attr,
	[MIGRATE_VERIFIED] = &verified_attr.attr,
	[MIGRATE_MISMATCHED] = &mismatched_attr.attr,
	[MIGRATE_COUNTERS] = NULL,
};
ATTRIBUTE_GROUPS(counters);

static void counters_release(struct kobject *kobj)
{
	kfree(to_counters_dir(kobj));
}

static const struct kobj_type counters_type = {
	.release = counters_release,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = counters_groups,
};

static struct counters_dir *add_counters(struct kobject *parent,
					 const char *name, u64 __percpu *row)
{
	struct counters_dir *dir = kzalloc(sizeof(*dir), GFP_KERNEL);
	int rc;

	if (!dir)
		return ERR_PTR(-ENOMEM);
	dir->row = row;
	rc = kobject_init_and_add(&dir->kobj, &counters_type, parent, "%s",
				  name);
	if (!rc)
		return dir;
	kobject_put(&dir->kobj);
	return ERR_PTR(rc);
}

static ssize_t min_pages_show(struct kobject *kobj,
			      struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n",
			  to_counters_dir(kobj)->backend->min_pages);
}

/* Not the attribute of a reason: what its 0 stands for. */
static struct kobj_attribute own_min_pages_attr =
	__ATTR(min_pages, 0444, min_pages_show, NULL);

static void clear_row(u64 __percpu *row)
{
	int cpu;

	for_each_possible_cpu(cpu)
		memset(per_cpu_ptr(row, cpu), 0,
		       MIGRATE_COUNTERS * sizeof(u64));
}

/**
 * migrate_policy_sysfs_add() - make the directory of a backend
 * @backend: the backend, whose id is set
 *
 * Context: process context; allocates.
 * Return: 0 or -ENOMEM.
 */
int migrate_policy_sysfs_add(struct migrate_copy_backend *backend)
{
	u64 __percpu *row = migrate_counters.backend[backend->id];
	struct counters_dir *dir;
	int rc;

	if (!backends_dir)
		return -ENOMEM;
	clear_row(row);
	dir = add_counters(backends_dir, backend->name, row);
	if (IS_ERR(dir))
		return PTR_ERR(dir);
	dir->backend = backend;
	rc = sysfs_create_file(&dir->kobj, &own_min_pages_attr.attr);
	if (!rc && backend->state)
		rc = sysfs_create_group(&dir->kobj, backend->state);
	if (rc) {
		kobject_put(&dir->kobj);
		return rc;
	}
	backend->sysfs = dir;
	return 0;
}

/**
 * migrate_policy_sysfs_del() - remove the directory of a backend
 * @backend: the backend
 *
 * Context: process context; sleeps until no reader of the directory is left.
 */
void migrate_policy_sysfs_del(struct migrate_copy_backend *backend)
{
	struct counters_dir *dir = backend->sysfs;

	kobject_del(&dir->kobj);
	kobject_put(&dir->kobj);
	backend->sysfs = NULL;
}

#define DEFAULT(_name, _key)						\
static ssize_t default_##_name##_show(struct kobject *kobj,		\
				      struct kobj_attribute *attr,	\
				      char *buf)			\
{									\
	return migrate_policy_show_default(_key, buf);			\
}									\
static struct kobj_attribute default_##_name##_attr =			\
	__ATTR(_name, 0444, default_##_name##_show, NULL)

DEFAULT(backend, MIGRATE_KEY_BACKEND);
DEFAULT(batch_size, MIGRATE_KEY_BATCH_SIZE);
DEFAULT(min_pages, MIGRATE_KEY_MIN_PAGES);
DEFAULT(workers, MIGRATE_KEY_WORKERS);
DEFAULT(classes, MIGRATE_KEY_CLASSES);
DEFAULT(strict, MIGRATE_KEY_STRICT);

static struct attribute *defaults_attrs[] = {
	[MIGRATE_KEY_BACKEND] = &default_backend_attr.attr,
	[MIGRATE_KEY_BATCH_SIZE] = &default_batch_size_attr.attr,
	[MIGRATE_KEY_MIN_PAGES] = &default_min_pages_attr.attr,
	[MIGRATE_KEY_WORKERS] = &default_workers_attr.attr,
	[MIGRATE_KEY_CLASSES] = &default_classes_attr.attr,
	[MIGRATE_KEY_STRICT] = &default_strict_attr.attr,
	[MIGRATE_KEYS] = NULL,
};

static const struct attribute_group defaults_group = {
	.name = "defaults",
	.attrs = defaults_attrs,
};

static ssize_t enabled_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%d\n", !migrate_policy_disabled());
}

static struct kobj_attribute enabled_attr = __ATTR_RO(enabled);

static ssize_t generation_show(struct kobject *kobj,
			       struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", migrate_policy_generation());
}

static struct kobj_attribute generation_attr = __ATTR_RO(generation);

static ssize_t features_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	int len = 0;

	for (int i = 0; i < MIGRATE_KEYS; i++)
		len += sysfs_emit_at(buf, len, "%s%s", i ? " " : "",
				     migrate_policy_key_name(i));
	return len + sysfs_emit_at(buf, len, "\n");
}

static struct kobj_attribute features_attr = __ATTR_RO(features);

static struct attribute *state_attrs[] = {
	&enabled_attr.attr,
	&generation_attr.attr,
	&features_attr.attr,
	NULL,
};

static const struct attribute_group state_group = {
	.attrs = state_attrs,
};

static const struct attribute_group *root_groups[] = {
	&state_group,
	&defaults_group,
	NULL,
};

static int __init add_reasons(struct kobject *parent)
{
	struct counters_dir *dir;

	for (int i = 0; i < MIGRATE_POLICY_REASONS; i++) {
		dir = add_counters(parent, migrate_reason_names[i],
				   migrate_counters.reason[i]);
		if (IS_ERR(dir))
			return PTR_ERR(dir);
	}
	return 0;
}

/* Boot goes on without the directory if there is no memory for it. */
static int __init migrate_policy_sysfs_init(void)
{
	struct kobject *root, *reasons;

	root = kobject_create_and_add("migrate_policy", mm_kobj);
	if (!root)
		return -ENOMEM;
	reasons = kobject_create_and_add("reasons", root);
	backends_dir = kobject_create_and_add("backends", root);
	if (!reasons || !backends_dir)
		return -ENOMEM;
	return sysfs_create_groups(root, root_groups) ?:
	       migrate_fault_sysfs_add(root) ?: add_reasons(reasons);
}
subsys_initcall(migrate_policy_sysfs_init);
