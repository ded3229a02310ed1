/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Results of the migrate_policy selftests in KTAP form, for a kselftest run
 * and for a run of one program by hand.
 *
 * A test case is a function that returns KTAP_PASS, KTAP_FAIL or KTAP_SKIP and
 * says with ktap_note() what it saw. ktap_run() runs a table of them.
 */
#ifndef MIGRATE_POLICY_KTAP_H
#define MIGRATE_POLICY_KTAP_H

#include <stdbool.h>
#include <stddef.h>

#define __printf(a, b)	__attribute((format(printf, a, b)))
#define ARRAY_SIZE(x)	(sizeof(x) / sizeof((x)[0]))

enum ktap_result {
	KTAP_PASS = 0,
	KTAP_FAIL = 1,
	KTAP_SKIP = 4,
};

struct ktap_case {
	const char *name;
	enum ktap_result (*run)(const void *arg);
	const void *arg;
};

/* Exit status of a program all of whose cases were skipped, and why. */
int ktap_skip_all(const char *why);

/* Runs the cases one after the other; returns the exit status. */
int ktap_run(const struct ktap_case *cases, size_t nr);

/* A diagnostic line. Safe in threads. */
__printf(1, 2) void ktap_note(const char *fmt, ...);

/*
 * Notes what was expected if @ok is false. Returns @ok, so that a case can
 * collect several of them.
 */
#define ktap_expect(ok, fmt, ...)					\
	((ok) ? true : (ktap_note("%s:%d: expected " fmt, __func__,	\
				  __LINE__, ##__VA_ARGS__), false))

#endif /* MIGRATE_POLICY_KTAP_H */
