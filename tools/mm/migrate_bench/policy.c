// SPDX-License-Identifier: GPL-2.0-only
/*
 * The policy of a reason (configfs) and what was counted under it (sysfs), for
 * measure.c. Every change is put back when the program ends.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "bench.h"

#define CONFIG "/sys/kernel/config/migrate_policy"
#define STATE "/sys/kernel/mm/migrate_policy"

static const char * const counter_name[NR_COUNTERS] = {
	[CUTS] = "cuts",
	[CUT_NS] = "cut_ns",
	[SUCCEEDED] = "succeeded",
	[FAILED] = "failed",
	[BATCHES] = "batches",
	[FOLIOS] = "folios",
	[PAGES] = "pages",
	[BYTES] = "bytes",
	[COPY_NS] = "copy_ns",
	[HELPER_NS] = "helper_ns",
	[DECLINED_MIN] = "declined_min",
	[DECLINED_SLOT] = "declined_slot",
	[DECLINED_BUSY] = "declined_busy",
	[DECLINED_NOMEM] = "declined_nomem",
	[DECLINED_ERROR] = "declined_error",
	[INELIGIBLE] = "ineligible",
	[FAILED_ITEMS] = "failed_items",
	[STALE] = "stale",
};

void policy_open(void)
{
	char enabled[16];

	if (text_read(enabled, sizeof(enabled), STATE "/enabled"))
		errx(EXIT_FAILURE,
		     "this kernel has no migration policies: there is no " STATE
		     " (CONFIG_MIGRATE_POLICY)");
	if (strcmp(enabled, "1"))
		errx(EXIT_FAILURE,
		     "policies have no effect: the kernel was booted with migrate_policy=off");
	if (access(CONFIG, F_OK) &&
	    mount("configfs", "/sys/kernel/config", "configfs", 0, NULL))
		err(EXIT_FAILURE, "cannot mount configfs on /sys/kernel/config");
	/* inline is counted only while stats is 1. */
	setting_change("1", CONFIG "/stats");
}

static void number_set(const char *reason, const char *key, unsigned int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	setting_change(text, CONFIG "/reasons/%s/%s", reason, key);
}

void policy_apply(const char *reason, const struct variant *v,
		  unsigned int batch_size)
{
	setting_change(v->backend, CONFIG "/reasons/%s/backend", reason);
	number_set(reason, "workers", v->workers);
	number_set(reason, "min_pages", v->min_pages);
	number_set(reason, "batch_size", batch_size);
	if (v->classes)
		setting_change(v->classes, CONFIG "/reasons/%s/classes",
			       reason);
}

void counters_read(struct counters *c, const char *group, const char *name)
{
	char text[32], *end;

	for (size_t i = 0; i < NR_COUNTERS; i++) {
		if (text_read(text, sizeof(text), STATE "/%s/%s/%s", group,
			      name, counter_name[i]))
			err(EXIT_FAILURE, "cannot read " STATE "/%s/%s/%s",
			    group, name, counter_name[i]);
		c->v[i] = strtoull(text, &end, 10);
		if (end == text || *end)
			errx(EXIT_FAILURE, STATE "/%s/%s/%s: no number: %s",
			     group, name, counter_name[i], text);
	}
}

struct counters counters_since(const struct counters *now,
			       const struct counters *before)
{
	struct counters d;

	for (size_t i = 0; i < NR_COUNTERS; i++)
		d.v[i] = now->v[i] - before->v[i];
	return d;
}
