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

static const struct unit counts[] = {
	{ 1000000000000000000, "E" },
	{ 1000000000000000, "P" },
	{ 1000000000000, "T" },
	{ 1000000000, "G" },
	{ 1000000, "M" },
	{ 1000, "k" },
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

/* Exact as long as it is short. */
const char *human_count(unsigned long long count, char *room)
{
	if (count >= 100000)
		return format(count, counts, room);
	snprintf(room, HUMAN_SIZE, "%llu", count);
	return room;
}

/* Rounded down: only what is all of it reads as such. */
const char *human_share(double share, char *room)
{
	double tenths = (double)(unsigned long long)(share * 1000);

	snprintf(room, HUMAN_SIZE, "%.*f%%",
		 tenths > 0 && tenths < 1000, tenths / 10);
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
