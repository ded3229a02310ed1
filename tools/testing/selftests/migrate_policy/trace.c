// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tracepoints for the migrate_policy selftests: see trace.h.
 */
#include "trace.h"

#include "ktap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INSTANCE	"/sys/kernel/tracing/instances/migrate_policy_selftest"

static int set_up(const char *event, unsigned int kb)
{
	char text[SYS_VALUE], enable[SYS_PATH];
	const char * const settings[][2] = {
		{ INSTANCE "/options/overwrite", "0" },
		{ enable, "1" },
		{ INSTANCE "/tracing_on", "1" },
	};
	int rc;

	snprintf(text, sizeof(text), "%u", kb);
	snprintf(enable, sizeof(enable), INSTANCE "/events/%s/enable", event);
	rc = sys_write(INSTANCE "/buffer_size_kb", text);
	for (size_t i = 0; !rc && i < ARRAY_SIZE(settings); i++)
		rc = sys_write(settings[i][0], settings[i][1]);
	return rc;
}

int trace_start(const char *event, unsigned int kb)
{
	int rc;

	rmdir(INSTANCE);
	if (mkdir(INSTANCE, 0700)) {
		rc = -errno;
	} else {
		undo_rmdir(INSTANCE);
		rc = set_up(event, kb);
	}
	if (rc)
		ktap_note("cannot trace %s in %s: %s", event, INSTANCE,
			  strerror(-rc));
	return rc;
}

void trace_clear(void)
{
	int fd = open(INSTANCE "/trace", O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0) {
		ktap_note("cannot clear the trace: %s", strerror(errno));
		exit(KTAP_FAIL);
	}
	close(fd);
}

static int reason_index(const char *name)
{
	for (int i = 0; i < NR_REASONS; i++) {
		if (!strcmp(name, reason_names[i]))
			return i;
	}
	return -1;
}

__u64 trace_number(const char *line, const char *name)
{
	const char *found = strstr(line, name);

	return found ? strtoull(found + strlen(name), NULL, 10) : 0;
}

static bool add_line(void *arg, char *line)
{
	struct trace_sums *sums = arg;
	char *name = strstr(line, " reason=");
	int reason;

	if (!strstr(line, "mm_migrate_pages:"))
		return true;
	if (!name)
		return false;
	name += strlen(" reason=");
	name[strcspn(name, "\n ")] = '\0';
	reason = reason_index(name);
	if (reason < 0)
		return false;
	sums->calls[reason]++;
	sums->succeeded[reason] += trace_number(line, " nr_succeeded=");
	sums->failed[reason] += trace_number(line, " nr_failed=");
	return true;
}

/* The sum of all lines "@name N" of the per-CPU statistics. */
static __u64 lost(const char *name)
{
	char path[SYS_PATH], text[1024];
	__u64 sum = 0;
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	for (long cpu = 0; cpu < cpus; cpu++) {
		snprintf(path, sizeof(path), INSTANCE "/per_cpu/cpu%ld/stats",
			 cpu);
		if (!sys_read(path, text, sizeof(text)))
			sum += trace_number(text, name);
	}
	return sum;
}

bool trace_lines(bool (*add)(void *arg, char *line), void *arg)
{
	__u64 gone = lost("overrun: ") + lost("dropped events: ");
	FILE *file = fopen(INSTANCE "/trace", "re");
	char *line = NULL;
	size_t size = 0;
	bool ok = true;

	if (!file) {
		ktap_note("cannot read the trace: %s", strerror(errno));
		return false;
	}
	while (ok && getline(&line, &size, file) > 0)
		ok = add(arg, line);
	if (!ok)
		ktap_note("strange trace line: %s", line);
	free(line);
	fclose(file);
	return ktap_expect(!gone, "no lost trace events, not %llu", gone) &&
	       ok;
}

bool trace_read(struct trace_sums *sums)
{
	memset(sums, 0, sizeof(*sums));
	return trace_lines(add_line, sums);
}
