// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults that the migrate_policy selftests inject: see faults.h.
 */
#include "faults.h"

#include "ktap.h"
#include "policy.h"
#include "sys.h"

#include <stdio.h>
#include <string.h>

#define FAULTS		POLICY_CONFIG "/faults"

static const char * const names[] = {
	"delay", "item_eio", "item_hwpoison", "decline", "nomem", "error",
	"slot", "stale",
};

static const char *present[ARRAY_SIZE(names)];
static size_t nr_present;

static void set(const char *fault, const char *key, const char *value)
{
	char path[SYS_PATH];
	int rc;

	snprintf(path, sizeof(path), FAULTS "/%s/%s", fault, key);
	rc = sys_write(path, value);
	if (rc)
		ktap_note("cannot write \"%s\" to %s: %s", value, path,
			  strerror(-rc));
}

size_t faults_open(void)
{
	char path[SYS_PATH];

	nr_present = 0;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), FAULTS "/%s/probability",
			 names[i]);
		if (!sys_exists(path))
			continue;
		undo_write(path, "0");
		set(names[i], "interval", "1");
		set(names[i], "verbose", "0");
		present[nr_present++] = names[i];
	}
	return nr_present;
}

const char *faults_name(size_t i)
{
	return present[i];
}

void faults_begin(size_t i, unsigned int percent)
{
	char text[SYS_VALUE];

	snprintf(text, sizeof(text), "%u", percent);
	set(present[i], "times", "-1");
	set(present[i], "probability", text);
}

void faults_end(size_t i)
{
	set(present[i], "probability", "0");
}

__u64 faults_injected(void)
{
	char path[SYS_PATH];
	__u64 sum = 0;

	for (size_t i = 0; i < nr_present; i++) {
		snprintf(path, sizeof(path), POLICY_STATE "/faults/%s",
			 present[i]);
		sum += sys_number(path);
	}
	return sum;
}
