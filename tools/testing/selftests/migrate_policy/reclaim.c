// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reclaim rule: a backend that allocates in its copy() in a way that can
 * reclaim is reported by lockdep at its first use, even if nothing reclaims.
 *
 * Leaves lockdep off and a report in the kernel log: for a boot of its own, by
 * scripts/check-reclaim, which reads that report.
 */
#include "ktap.h"
#include "modules.h"
#include "policy.h"
#include "sys.h"

#include <unistd.h>

static enum ktap_result result_of(bool ok)
{
	return ok ? KTAP_PASS : KTAP_FAIL;
}

static __u64 lockdep_is_on(void)
{
	return sys_sum_lines("/proc/lockdep_stats", "debug_locks:");
}

static bool copies(void)
{
	return ktap_expect(module_moves("test", PAGES) >= MODULE_PAGES,
			   "the backend to copy all pages");
}

static enum ktap_result keep_rule(const void *arg)
{
	int rc = module_name("test");

	(void)arg;
	return result_of(ktap_expect(!rc, "test to be loaded, not error %d",
				     rc) &&
			 copies() &&
			 ktap_expect(lockdep_is_on() == 1, "no report"));
}

/* The one allocation is enough, and harms nobody here. */
static enum ktap_result break_rule(const void *arg)
{
	bool ok = !module_set("test", "reclaim", "1") && copies();

	(void)arg;
	ok &= ktap_expect(!lockdep_is_on(), "a report");
	ok &= !module_set("test", "reclaim", "0") && !module_name("inline") &&
	      !module_remove("test");
	return result_of(ok);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "a backend that keeps the rule", keep_rule, NULL },
		{ "a backend that can reclaim", break_rule, NULL },
	};

	if (geteuid())
		return ktap_skip_all("run it as root");
	if (!policy_present() || !policy_enabled())
		return ktap_skip_all("this kernel has no migrate_policy");
	if (lockdep_is_on() != 1 || !module_present())
		return ktap_skip_all("needs lockdep and the module test");
	undo_init();
	return ktap_run(cases, ARRAY_SIZE(cases));
}
