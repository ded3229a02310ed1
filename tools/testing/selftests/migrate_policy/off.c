// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel booted with migrate_policy=off: every attribute can be written and
 * reads back, and nothing that was written takes effect. See cmdline.off.
 */
#include "ktap.h"
#include "mem.h"
#include "policy.h"
#include "provoke.h"
#include "sys.h"

#include <linux/mempolicy.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define AREA_SIZE	(8ul << 20)

static const char * const values[][2] = {
	{ "backend", "mt" },
	{ "batch_size", "4096" },
	{ "min_pages", "1" },
	{ "workers", "2" },
	{ "classes", "anon,swapcache,shmem,file" },
	{ "strict", "1" },
};

static enum ktap_result result_of(bool ok)
{
	return ok ? KTAP_PASS : KTAP_FAIL;
}

static enum ktap_result check_enabled(const void *arg)
{
	(void)arg;
	return result_of(ktap_expect(!policy_enabled(), "enabled to be 0"));
}

static bool reads_back(const char *path, const char *expected)
{
	char value[SYS_VALUE] = "";

	sys_read(path, value, sizeof(value));
	return ktap_expect(!strcmp(value, expected), "%s to read %s, not %s",
			   path, expected, value);
}

static bool check_reason(int reason)
{
	char path[SYS_PATH];
	bool ok = true;

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		ok &= !policy_set(reason, values[i][0], values[i][1]);
		snprintf(path, sizeof(path), POLICY_CONFIG "/reasons/%s/%s",
			 reason_names[reason], values[i][0]);
		ok &= reads_back(path, values[i][1]);
	}
	return ok;
}

/* What is set here stays for the cases that follow. */
static enum ktap_result check_writes(const void *arg)
{
	bool ok = true;

	(void)arg;
	for (int i = 0; i < NR_REASONS; i++)
		ok &= check_reason(i);
	ok &= !policy_set_stats("1");
	ok &= reads_back(POLICY_CONFIG "/stats", "1");
	ok &= !sys_set(POLICY_CONFIG "/backends/mt/cpus", "0");
	ok &= reads_back(POLICY_CONFIG "/backends/mt/cpus", "0");
	return result_of(ok);
}

static enum ktap_result check_refusals(const void *arg)
{
	static const char dir[] = POLICY_CONFIG "/reasons/demotion";
	char path[SYS_PATH];
	bool ok = true;

	(void)arg;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, values[i][0]);
		ok &= ktap_expect(sys_write(path, "no such value") < 0,
				  "%s to refuse nonsense", path);
		ok &= reads_back(path, values[i][1]);
	}
	return result_of(ok);
}

/* There and back, for two reasons. */
static bool migrate(struct area *area)
{
	bool ok = ktap_expect(!mem_move(area, SLOW_NODE),
			      "move_pages to return 0");
	int rc;

	ok &= ktap_expect(mem_on_node(area, SLOW_NODE) == mem_pages(area),
			  "all pages on the slow node");
	rc = mem_mbind(area->map, area->map_size, FAST_NODE, MPOL_MF_MOVE);
	ok &= ktap_expect(!rc, "mbind to return 0, not %d", rc);
	ok &= ktap_expect(mem_on_node(area, FAST_NODE) == mem_pages(area),
			  "all pages back");
	return ok;
}

static enum ktap_result check_migration(const void *arg)
{
	const enum mem_kind *kind = arg;
	struct area area;
	bool ok;

	if (mem_map(&area, *kind, AREA_SIZE, FAST_NODE))
		return KTAP_FAIL;
	ok = migrate(&area);
	ok &= ktap_expect(!mem_wrong(&area), "no wrong byte");
	mem_unmap(&area);
	return result_of(ok);
}

static bool all_zero(const char *name, const struct counters *counters)
{
	bool ok = true;

	for (int i = 0; i < NR_COUNTERS; i++)
		ok &= ktap_expect(!counters->v[i],
				  "%s of %s to be 0, not %llu",
				  counter_names[i], name, counters->v[i]);
	return ok;
}

static enum ktap_result check_counters(const void *arg)
{
	struct counters counters;
	bool ok = true;

	(void)arg;
	for (int i = 0; i < NR_REASONS; i++) {
		policy_reason_counters(i, &counters);
		ok &= all_zero(reason_names[i], &counters);
	}
	policy_backend_counters("inline", &counters);
	ok &= all_zero("inline", &counters);
	policy_backend_counters("mt", &counters);
	ok &= all_zero("mt", &counters);
	return result_of(ok);
}

int main(void)
{
	static const enum mem_kind base = MEM_BASE, huge = MEM_THP;
	static const struct ktap_case cases[] = {
		{ "enabled is 0", check_enabled, NULL },
		{ "everything can be written and reads back", check_writes,
		  NULL },
		{ "nonsense is refused", check_refusals, NULL },
		{ "4 KiB folios migrate", check_migration, &base },
		{ "2 MiB folios migrate", check_migration, &huge },
		{ "nothing took effect", check_counters, NULL },
	};

	if (geteuid())
		return ktap_skip_all("run it as root");
	if (!policy_present())
		return ktap_skip_all("this kernel has no migrate_policy");
	if (policy_enabled())
		return ktap_skip_all("boot with migrate_policy=off");
	if (!provoke_two_nodes())
		return ktap_skip_all("no second memory node without CPUs");
	undo_init();
	return ktap_run(cases, ARRAY_SIZE(cases));
}
