// SPDX-License-Identifier: GPL-2.0-only
/*
 * Swap: see swap.h.
 */
#include "swap.h"

#include "ktap.h"
#include "loopdev.h"
#include "sys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/swap.h>

#define ZRAM		"/sys/block/zram0"

static bool swap_on(const char *name)
{
	char command[64];

	snprintf(command, sizeof(command), "mkswap %s >/dev/null", name);
	if (system(command) || swapon(name, 0))
		return ktap_expect(false, "to swap on %s, not: %s", name,
				   strerror(errno));
	undo_swapon(name);
	return true;
}

/* The device lasts as long as it is in use, ours or as swap. */
bool swap_on_loop(size_t size)
{
	struct loopdev loop;
	bool ok;

	if (!loopdev_open(&loop, size))
		return false;
	ok = swap_on(loop.name);
	loopdev_close(&loop);
	return ok;
}

bool swap_on_zram(size_t size)
{
	char text[SYS_VALUE];
	int rc;

	snprintf(text, sizeof(text), "%zu", size);
	rc = sys_write(ZRAM "/disksize", text);
	if (rc)
		return ktap_expect(false, "to set up zram, not: %s",
				   strerror(-rc));
	undo_write(ZRAM "/reset", "1");
	return swap_on("/dev/zram0");
}
