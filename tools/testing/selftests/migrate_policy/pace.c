// SPDX-License-Identifier: GPL-2.0-only
/*
 * Time in the migrate_policy selftests: see pace.h.
 */
#include "pace.h"

#include <stdlib.h>
#include <time.h>

double pace_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

void pace_rest_us(long us)
{
	struct timespec time = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&time, NULL);
}

unsigned int pace_seconds(unsigned int otherwise)
{
	const char *text = getenv("MP_SECONDS");
	unsigned long seconds = text ? strtoul(text, NULL, 10) : 0;

	return seconds && seconds <= 86400 ? seconds : otherwise;
}
