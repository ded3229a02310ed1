// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loadable copy backends in the migrate_policy selftests: see modules.h.
 */
#include "modules.h"

#include "ktap.h"
#include "mem.h"
#include "provoke.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#define PREFIX	"migrate_copy_"

/* Looks for a name in the index that depmod has written. */
static bool listed(const char *backend)
{
	char path[SYS_PATH], wanted[64], line[256];
	struct utsname uts;
	bool found = false;
	FILE *file;

	if (uname(&uts))
		return false;
	snprintf(path, sizeof(path), "/lib/modules/%.64s/modules.dep",
		 uts.release);
	snprintf(wanted, sizeof(wanted), "/" PREFIX "%s.ko", backend);
	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, wanted);
	if (file)
		fclose(file);
	return found;
}

bool module_present(void)
{
	return ktap_expect(listed("sample") && listed("test"),
			   "the modules of both backends to be installed");
}

bool module_loaded(const char *backend)
{
	char path[SYS_PATH];

	snprintf(path, sizeof(path), "/sys/module/" PREFIX "%s", backend);
	return sys_exists(path);
}

int module_remove(const char *backend)
{
	char name[64];

	snprintf(name, sizeof(name), PREFIX "%s", backend);
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

int module_set(const char *backend, const char *parameter, const char *value)
{
	char path[SYS_PATH];

	snprintf(path, sizeof(path), "/sys/module/" PREFIX "%s/parameters/%s",
		 backend, parameter);
	return sys_write(path, value);
}

int module_name(const char *backend)
{
	return sys_write(POLICY_CONFIG "/reasons/syscall_or_cpuset/backend",
			 backend);
}

__u64 module_moves(const char *backend, enum counter what)
{
	struct counters before, after;
	struct area area;
	bool ok;

	policy_backend_counters(backend, &before);
	if (mem_map(&area, MEM_BASE, MODULE_PAGES * BASE_PAGE, FAST_NODE))
		return 0;
	ok = !mem_move(&area, SLOW_NODE);
	ok &= mem_on_node(&area, SLOW_NODE) == mem_pages(&area);
	ok &= !mem_wrong(&area);
	mem_unmap(&area);
	policy_backend_counters(backend, &after);
	ktap_expect(ok, "pages on the other node, as they were written");
	return ok ? counted(&before, &after, what) : 0;
}
