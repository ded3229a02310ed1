// SPDX-License-Identifier: GPL-2.0-only
/*
 * A walk through the combinations of policies: see matrix.h.
 */
#include "matrix.h"

#include "faults.h"
#include "ktap.h"
#include "policy.h"
#include "random.h"
#include "sys.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ENGINES	12

/* Of the faults that are injected, in percent of the cases. */
#define FAULT_PERCENT	20

/* A backend and how many workers a batch may use. */
struct engine {
	char backend[32];
	const char *workers;
};

static struct engine engines[MAX_ENGINES];
static size_t nr_engines;

static const char * const classes[] = {
	"none", "anon", "anon,swapcache", "anon,swapcache,shmem,file",
};

static const char * const sizes[] = {
	"1", "2", "511", "512", "513", "4096", "262144",
};

/* In which order they have their turns. */
static size_t engine_order[MAX_ENGINES];
static size_t class_order[ARRAY_SIZE(classes)];
static size_t size_order[ARRAY_SIZE(sizes)];

static size_t nr_faults;	/* and a turn without, before each */
static size_t fault;		/* under way, or nr_faults */

static size_t step;
static bool covered[MAX_ENGINES][ARRAY_SIZE(classes)][ARRAY_SIZE(sizes)];
static struct engine *engine_now;
static const char *classes_now;
static char now[160];

static size_t gcd(size_t a, size_t b)
{
	while (b) {
		size_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static size_t lcm(size_t a, size_t b)
{
	return a / gcd(a, b) * b;
}

/*
 * The second of two dimensions of @a and @b values at step @i, where the first
 * one is at @i modulo @a. Both change with each step, and a * b steps have all
 * pairs.
 */
static size_t second(size_t i, size_t a, size_t b)
{
	return (i + i / lcm(a, b)) % b;
}

static void shuffle(size_t *order, size_t nr, __u64 *random)
{
	for (size_t i = 0; i < nr; i++) {
		size_t k = random_below(random, i + 1);

		order[i] = order[k];
		order[k] = i;
	}
}

static void add_engine(const char *backend, const char *workers)
{
	struct engine *engine = &engines[nr_engines];

	if (nr_engines == MAX_ENGINES)
		return;
	snprintf(engine->backend, sizeof(engine->backend), "%.31s",
		 backend);
	engine->workers = workers;
	nr_engines++;
}

/* All that are registered now, whether a policy names them or not. */
static bool list_engines(void)
{
	DIR *dir = opendir(POLICY_CONFIG "/backends");
	struct dirent *entry;

	nr_engines = 0;
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (!strcmp(entry->d_name, "inline")) {
			add_engine(entry->d_name, "0");
			continue;
		}
		add_engine(entry->d_name, "1");
		add_engine(entry->d_name, "2");
	}
	if (dir)
		closedir(dir);
	return ktap_expect(nr_engines > 1, "backends besides inline");
}

static bool set_attribute(const char *key, const char *value)
{
	for (int i = 0; i < NR_REASONS; i++) {
		int rc = policy_write(i, key, value);

		if (rc)
			return ktap_expect(false,
					   "%s of %s to become %s, not error %s",
					   key, reason_names[i], value,
					   strerror(-rc));
	}
	return true;
}

static void keep_initial_values(void)
{
	static const char * const keys[] = {
		"backend", "workers", "classes", "batch_size", "min_pages",
	};

	for (int i = 0; i < NR_REASONS; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
			policy_keep(i, keys[k]);
	}
}

bool matrix_open(__u64 seed)
{
	__u64 random = seed * 2 + 1;

	if (!policy_present())
		return true;
	if (!list_engines())
		return false;
	shuffle(engine_order, nr_engines, &random);
	shuffle(class_order, ARRAY_SIZE(classes), &random);
	shuffle(size_order, ARRAY_SIZE(sizes), &random);
	nr_faults = faults_open();
	fault = nr_faults;
	keep_initial_values();
	ktap_note("%zu backends, %zu class settings, %zu batch sizes, %zu faults; seed %llu",
		  nr_engines, ARRAY_SIZE(classes), ARRAY_SIZE(sizes),
		  nr_faults, seed);
	return !policy_set_stats("1") && set_attribute("min_pages", "1");
}

void matrix_rest(void)
{
	if (fault < nr_faults)
		faults_end(fault);
	fault = nr_faults;
}

/* Every other step is one without. */
static void inject(size_t at)
{
	matrix_rest();
	if (!nr_faults || at % 2)
		return;
	fault = at / 2 % nr_faults;
	faults_begin(fault, FAULT_PERCENT);
}

static bool set_all(size_t engine, size_t class, size_t size)
{
	engine_now = &engines[engine];
	classes_now = classes[class];
	snprintf(now, sizeof(now),
		 "backend=%s workers=%s classes=%s batch_size=%s fault=%s",
		 engine_now->backend, engine_now->workers, classes_now,
		 sizes[size], fault < nr_faults ? faults_name(fault) : "none");
	covered[engine][class][size] = true;
	return set_attribute("backend", engine_now->backend) &&
	       set_attribute("workers", engine_now->workers) &&
	       set_attribute("classes", classes_now) &&
	       set_attribute("batch_size", sizes[size]);
}

bool matrix_step(void)
{
	size_t pairs = nr_engines * ARRAY_SIZE(classes);
	size_t at = step, pair;

	if (!nr_engines)
		return true;
	step++;
	pair = at % pairs;
	inject(at);
	return set_all(engine_order[pair % nr_engines],
		       class_order[second(pair, nr_engines,
					  ARRAY_SIZE(classes))],
		       size_order[second(at, pairs, ARRAY_SIZE(sizes))]);
}

const char *matrix_now(void)
{
	return now;
}

bool matrix_copies_ahead(void)
{
	return engine_now && strcmp(engine_now->backend, "inline") &&
	       strcmp(classes_now, "none");
}

size_t matrix_round(void)
{
	size_t round = ARRAY_SIZE(sizes);

	if (!nr_engines)
		return 0;
	if (round < 2 * nr_faults)
		round = 2 * nr_faults;
	return round < nr_engines ? nr_engines : round;
}

void matrix_report(void)
{
	size_t found = 0;

	for (size_t i = 0; i < nr_engines; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(classes); k++) {
			for (size_t m = 0; m < ARRAY_SIZE(sizes); m++)
				found += covered[i][k][m];
		}
	}
	ktap_note("%zu steps, %zu of %zu combinations of backend, workers, classes and batch size",
		  step, found,
		  nr_engines * ARRAY_SIZE(classes) * ARRAY_SIZE(sizes));
}
