// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sizes and times for people: three digits or so and a unit.
 */
#include "cli.h"

struct unit {
	unsigned long long factor;
	const char *name;
};

static const struct unit sizes[] = {
	{ 1ULL << 50, "P" },
	{ 1ULL << 40, "T" },
	{ 1ULL << 30, "G" },
	{ 1ULL << 20, "M" },
	{ 1ULL << 10, "K" },
	{ 1, "B" },
};

static const struct unit times[] = {
	{ 1000000000, "s" },
	{ 1000000, "ms" },
	{ 1000, "us" },
	{ 1, "ns" },
};

/* One decimal where it says something; always rounded down. */
static const char *format(unsigned long long value, const struct unit *unit,
			  char *room)
{
	unsigned long long whole, tenths;

	if (!value)
		return "0";
	while (unit->factor > 1 && value < unit->factor)
		unit++;
	whole = value / unit->factor;
	tenths = value % unit->factor * 10 / unit->factor;
	if (tenths && whole < 100)
		snprintf(room, HUMAN_SIZE, "%llu.%llu%s", whole, tenths, unit->name);
	else
		snprintf(room, HUMAN_SIZE, "%llu%s", whole, unit->name);
	return room;
}

const char *human_size(unsigned long long bytes, char *room)
{
	return format(bytes, sizes, room);
}

const char *human_time(unsigned long long ns, char *room)
{
	return format(ns, times, room);
}
