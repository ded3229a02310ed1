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
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_ENGINES	12

/* Of the faults that are injected, in percent of the cases. */
#define FAULT_PERCENT	20
#define ONLY_PERCENT	50

/* A backend and how many workers a batch may use. */
struct engine {
	char backend[32];
	const char *workers;
};

static struct engine engines[MAX_ENGINES];
static size_t nr_engines;

static const char * const classes[] = {
	"none", "anon", "anon,swapcache", "shmem", "file",
	"anon,swapcache,shmem,file",
};

static const char * const sizes[] = {
	"1", "2", "511", "512", "513", "4096", "262144",
};

/* The values that have their turns, in this order. */
struct turns {
	size_t nr;
	size_t order[MAX_ENGINES];
};

static struct turns engine_turns, class_turns, size_turns, fault_turns;

static size_t nr_faults;
static size_t fault;		/* under way, or nr_faults */

static size_t step, steps_taken;
static bool *place_now;		/* in covered */
static atomic_size_t nr_failed;	/* writes */
static bool covered[MAX_ENGINES][ARRAY_SIZE(classes)][ARRAY_SIZE(sizes)];
static const struct engine *engine_now;
static const char *classes_now;
static const char *size_now;
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

static void add_turn(struct turns *turns, size_t value, const char *name,
		     const char *only)
{
	if (turns->nr < MAX_ENGINES && (!only || !strcmp(name, only)))
		turns->order[turns->nr++] = value;
}

static void shuffle(struct turns *turns, __u64 *random)
{
	for (size_t i = turns->nr; i > 1; i--) {
		size_t k = random_below(random, i);
		size_t last = turns->order[i - 1];

		turns->order[i - 1] = turns->order[k];
		turns->order[k] = last;
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

/*
 * Each reason has a thread of its own: a write waits for the cuts under way,
 * but not for other writes.
 */
static void *set_reason(void *arg)
{
	const struct {
		const char *key, *value;
	} settings[] = {
		{ "min_pages", "1" },
		{ "backend", engine_now->backend },
		{ "workers", engine_now->workers },
		{ "classes", classes_now },
		{ "batch_size", size_now },
	};
	enum reason reason = (size_t)arg;

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		int rc = policy_write(reason, settings[i].key,
				      settings[i].value);

		if (ktap_expect(!rc, "%s of %s to become %s, not error %s",
				settings[i].key, reason_names[reason],
				settings[i].value, strerror(-rc)))
			continue;
		atomic_fetch_add(&nr_failed, 1);
	}
	return NULL;
}

static bool set_reasons(void)
{
	pthread_t threads[NR_REASONS];
	size_t nr = 0;

	while (nr < NR_REASONS &&
	       !pthread_create(&threads[nr], NULL, set_reason, (void *)nr))
		nr++;
	for (size_t i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
	return ktap_expect(nr == NR_REASONS, "to start a thread a reason") &&
	       !nr_failed;
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

static bool list_turns(void)
{
	for (size_t i = 0; i < nr_engines; i++)
		add_turn(&engine_turns, i, engines[i].backend,
			 getenv("MP_BACKEND"));
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		add_turn(&class_turns, i, classes[i], getenv("MP_CLASSES"));
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		add_turn(&size_turns, i, sizes[i], getenv("MP_BATCH_SIZE"));
	for (size_t i = 0; i < nr_faults; i++)
		add_turn(&fault_turns, i, faults_name(i), getenv("MP_FAULT"));
	return ktap_expect(engine_turns.nr && class_turns.nr && size_turns.nr,
			   "MP_BACKEND, MP_CLASSES and MP_BATCH_SIZE to name what there is");
}

__u64 matrix_seed(void)
{
	const char *text = getenv("MP_SEED");

	return text ? strtoull(text, NULL, 10) : (__u64)time(NULL);
}

bool matrix_open(__u64 seed)
{
	__u64 random = seed * 2 + 1;

	if (!policy_present())
		return true;
	nr_faults = faults_open();
	fault = nr_faults;
	if (!list_engines() || !list_turns())
		return false;
	shuffle(&engine_turns, &random);
	shuffle(&class_turns, &random);
	shuffle(&size_turns, &random);
	shuffle(&fault_turns, &random);
	keep_initial_values();
	ktap_note("%zu backends, %zu class settings, %zu batch sizes, %zu faults; seed %llu",
		  engine_turns.nr, class_turns.nr, size_turns.nr,
		  fault_turns.nr, seed);
	return !policy_set_stats("1");
}

void matrix_rest(void)
{
	if (fault < nr_faults)
		faults_end(fault);
	fault = nr_faults;
}

/* Every other step is one without, unless there is to be only one. */
static void inject(size_t at)
{
	matrix_rest();
	if (!fault_turns.nr || (at % 2 && fault_turns.nr > 1))
		return;
	fault = fault_turns.order[at / 2 % fault_turns.nr];
	faults_begin(fault, fault_turns.nr > 1 ? FAULT_PERCENT : ONLY_PERCENT);
}

/* Chooses what is due at a step, without setting it. */
static void choose(size_t at)
{
	size_t pairs = engine_turns.nr * class_turns.nr;
	size_t pair = at % pairs;
	size_t engine = engine_turns.order[pair % engine_turns.nr];
	size_t class = class_turns.order[second(pair, engine_turns.nr,
						class_turns.nr)];
	size_t size = size_turns.order[second(at, pairs, size_turns.nr)];

	engine_now = &engines[engine];
	classes_now = classes[class];
	size_now = sizes[size];
	place_now = &covered[engine][class][size];
}

static bool take_step(size_t at)
{
	inject(at);
	steps_taken++;
	*place_now = true;
	snprintf(now, sizeof(now),
		 "backend=%s workers=%s classes=%s batch_size=%s fault=%s",
		 engine_now->backend, engine_now->workers, classes_now,
		 size_now, fault < nr_faults ? faults_name(fault) : "none");
	return set_reasons();
}

bool matrix_step(void)
{
	if (!nr_engines)
		return true;
	choose(step);
	return take_step(step++);
}

bool matrix_step_to(const char *class)
{
	size_t all = engine_turns.nr * class_turns.nr * size_turns.nr;

	if (!nr_engines)
		return true;
	for (size_t i = 0; i < all; i++) {
		choose(step++);
		if (matrix_copies(class))
			break;
	}
	return take_step(step - 1);
}

const char *matrix_now(void)
{
	return now;
}

bool matrix_copies(const char *class)
{
	return engine_now && strcmp(engine_now->backend, "inline") &&
	       strstr(classes_now, class);
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
		  steps_taken, found,
		  nr_engines * ARRAY_SIZE(classes) * ARRAY_SIZE(sizes));
}
