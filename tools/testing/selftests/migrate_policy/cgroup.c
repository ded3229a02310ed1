// SPDX-License-Identifier: GPL-2.0-only
/*
 * The control group of the migrate_policy selftests: see cgroup.h.
 */
#include "cgroup.h"

#include "ktap.h"
#include "sys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define ROOT	"/sys/fs/cgroup"
#define GROUP	ROOT "/migrate_policy_selftest"

bool cgroup_join(const char *controller)
{
	char have[SYS_VALUE], word[SYS_VALUE];
	const char *control = ROOT "/cgroup.subtree_control";

	if (sys_read(control, have, sizeof(have)))
		return ktap_expect(false, "cgroup2 on %s", ROOT);
	snprintf(word, sizeof(word), "-%s", controller);
	if (!strstr(have, controller))
		undo_write(control, word);
	word[0] = '+';
	if (sys_write(control, word))
		return ktap_expect(false, "a controller %s", controller);
	if (mkdir(GROUP, 0755) && errno != EEXIST)
		return ktap_expect(false, "to make the directory %s", GROUP);
	undo_rmdir(GROUP);
	undo_write(ROOT "/cgroup.procs", "0");
	return ktap_expect(!cgroup_write("cgroup.procs", "0"), "to join %s",
			   GROUP);
}

int cgroup_leave(void)
{
	return sys_write(ROOT "/cgroup.procs", "0");
}

int cgroup_write(const char *file, const char *value)
{
	char path[SYS_PATH];

	snprintf(path, sizeof(path), GROUP "/%s", file);
	return sys_write(path, value);
}
