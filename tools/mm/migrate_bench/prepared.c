// SPDX-License-Identifier: GPL-2.0-only
/*
 * Folios of the kernel's own, for measure.c: with CONFIG_MIGRATE_POLICY_BENCH
 * it fills folios of any size and migrates them, or an area of ours, for any
 * reason. Where there is but one memory node, and no huge pages, nothing else
 * does.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "bench.h"

#define DEBUGFS "/sys/kernel/debug"
#define FOLDER DEBUGFS "/migrate_policy_bench"

void prepared_open(void)
{
	if (access(FOLDER, F_OK) && mount("debugfs", DEBUGFS, "debugfs", 0,
					  NULL) && errno != EBUSY)
		err(EXIT_FAILURE, "cannot mount debugfs on " DEBUGFS);
	if (access(FOLDER "/migrate", W_OK))
		err(EXIT_FAILURE, FOLDER
		    " (CONFIG_MIGRATE_POLICY_BENCH)");
}

static unsigned int order_of(size_t folio_kb)
{
	unsigned int order = 0;

	while (PAGE_KIB << order < folio_kb)
		order++;
	return order;
}

void prepared_create(size_t folio_kb, size_t folios)
{
	char text[64];

	snprintf(text, sizeof(text), "%u %zu", order_of(folio_kb), folios);
	if (text_write(FOLDER "/prepare", text))
		err(EXIT_FAILURE, "cannot prepare %zu folios of %zu KiB",
		    folios, folio_kb);
}

void prepared_destroy(void)
{
	if (text_write(FOLDER "/prepare", "0 0"))
		err(EXIT_FAILURE, "cannot give the kernel's folios back");
}

int prepared_move(const char *reason)
{
	if (!text_write(FOLDER "/migrate", reason))
		return 0;
	warn("cannot migrate the kernel's folios for %s", reason);
	return -1;
}

int prepared_move_area(const char *reason, const struct area *a)
{
	char text[96];

	snprintf(text, sizeof(text), "%s 0x%lx %zu", reason,
		 (unsigned long)a->addr, area_bytes(a));
	if (!text_write(FOLDER "/migrate_range", text))
		return 0;
	warn("cannot migrate %zu folios for %s", a->folios, reason);
	return -1;
}

void prepared_survey(struct placement *p)
{
	size_t right;
	char text[96];

	*p = (struct placement){ };
	if (text_read(text, sizeof(text), FOLDER "/check"))
		err(EXIT_FAILURE, "cannot read " FOLDER "/check");
	if (sscanf(text, "%zu %zu %zu", &p->present, &p->moved, &right) != 3)
		errx(EXIT_FAILURE, FOLDER "/check: not three numbers: %s",
		     text);
	p->intact = right == p->present;
}
