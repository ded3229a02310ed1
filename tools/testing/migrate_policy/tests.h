/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of the page migration policy's model share.
 */
#ifndef _TESTS_H
#define _TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shim.h"

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/* What the tests let migrate_pages() cut at. */
#define TEST_BATCH_SIZE		512

#define for_each_reason(reason)						\
	for (enum migrate_reason reason = 0; reason < MR_TYPES; reason++)
#define for_each_key(key)						\
	for (enum migrate_policy_key key = 0; key < MIGRATE_KEYS; key++)

/* For an attribute's text: all classes take 26, a backend's name up to 31. */
#define TEXT_LEN	64

/* All that a failed or needless write must leave as it was. */
struct state {
	char texts[MR_TYPES][MIGRATE_KEYS][TEXT_LEN];
	u64 generation;
	bool stats;
	bool key;
	int live;
	int dirs;
};

void show(enum migrate_reason reason, enum migrate_policy_key key,
	  char *text);
void show_default(enum migrate_policy_key key, char *text);
void save_state(struct state *state);
bool same_state(const struct state *a, const struct state *b);

void assert_store(enum migrate_reason reason, enum migrate_policy_key key,
		  const char *text, int rc);
void assert_shows(enum migrate_reason reason, enum migrate_policy_key key,
		  const char *text);
void assert_unchanged(const struct state *before);
void write_defaults(void);

/* A value of @key that is not its default. */
const char *other_value(enum migrate_policy_key key);

/* A backend of a module, registered while a test runs. */
extern struct migrate_copy_backend test_backend;
extern struct module test_module;
int copy_nothing(struct migrate_copy_request *req);

int init_model(void **state);
int setup(void **state);
int teardown(void **state);

#endif /* _TESTS_H */
