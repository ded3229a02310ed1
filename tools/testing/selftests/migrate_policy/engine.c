// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA engines in the migrate_policy selftests: see engine.h.
 */
#include "engine.h"

#include "ktap.h"
#include "policy.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MODULE		"migrate_dma_test"
#define PARAMETERS	"/sys/module/" MODULE "/parameters"
#define SETTINGS	POLICY_CONFIG "/backends/dma"
#define STATE		POLICY_STATE "/backends/dma"

bool engine_present(void)
{
	return sys_exists(SETTINGS "/channels") &&
	       !system("modinfo " MODULE " >/dev/null 2>&1");
}

bool engine_unload(void)
{
	return !syscall(SYS_delete_module, MODULE, O_NONBLOCK) ||
	       errno == ENOENT;
}

bool engine_load(const char *parameters)
{
	char command[SYS_VALUE];

	if (!ktap_expect(engine_unload(), "the engine's module to go"))
		return false;
	snprintf(command, sizeof(command), "modprobe " MODULE " %s",
		 parameters);
	if (!ktap_expect(!system(command), "%s to do", command))
		return false;
	undo_write(PARAMETERS "/hang", "0");
	return true;
}

static bool set(const char *folder, const char *name, const char *value,
		int (*write)(const char *path, const char *value))
{
	char path[SYS_PATH];
	int rc;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	rc = write(path, value);
	return ktap_expect(!rc, "%s to take %s, not error %d", path, value, rc);
}

bool engine_set(const char *parameter, const char *value)
{
	return set(PARAMETERS, parameter, value, sys_write);
}

bool engine_setting(const char *name, const char *value)
{
	return set(SETTINGS, name, value, sys_set);
}

bool engine_change(const char *name, const char *value)
{
	return set(SETTINGS, name, value, sys_write);
}

__u64 engine_number(const char *parameter)
{
	char path[SYS_PATH];

	snprintf(path, sizeof(path), PARAMETERS "/%s", parameter);
	return sys_number(path);
}

__u64 engine_copied(unsigned int device)
{
	char text[SYS_VALUE];
	char *next = text;

	if (sys_read(PARAMETERS "/copied", text, sizeof(text)))
		return UINT64_MAX;
	while (device-- && next) {
		next = strchr(next, ',');
		next += !!next;
	}
	return next ? strtoull(next, NULL, 10) : UINT64_MAX;
}

bool engine_taken(__u64 channels)
{
	__u64 taken = sys_number(STATE "/taken");

	return ktap_expect(taken == channels, "%llu channels, not %llu",
			   channels, taken);
}

__u64 engine_timeouts(void)
{
	return sys_number(STATE "/timeouts");
}
