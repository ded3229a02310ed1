// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measuring, for the commands: one run of a workload, rounds of runs in which
 * every variant has its turn in an order that is drawn anew, and the figures
 * of a round. Runs that are compared are neighbours in time, so that what
 * disturbs the machine for longer than a round disturbs all of them.
 */
#include <err.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"

#define NOT_WORSE 0.98		/* a ratio below it is worse */
#define ENOUGH_ROUNDS 6		/* the fewest that give an interval of 95% */

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;

	if (clock_gettime(id, &t))
		err(EXIT_FAILURE, "cannot read clock %d", (int)id);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* ------------------------------------------------------------- one run */

static int move(const struct workload *w, const struct area *a)
{
	if (w->move)
		return w->move(a);
	if (w->memory == MEMORY_KERNEL)
		return prepared_move(w->reason);
	return prepared_move_area(w->reason, a);
}

static void move_timed(const struct workload *w, const struct area *a,
		       struct sample *s)
{
	uint64_t wall = clock_ns(CLOCK_MONOTONIC);
	uint64_t cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	bool failed = move(w, a);

	s->cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu;
	s->wall_ns = clock_ns(CLOCK_MONOTONIC) - wall;
	s->verified = !failed;
}

/* Counters are read close to the move: preparing may migrate as well. */
static void move_counted(const struct workload *w, const struct variant *v,
			 const struct area *a, struct sample *s)
{
	struct counters reason[2], backend[2];

	counters_read(&reason[0], "reasons", w->reason);
	counters_read(&backend[0], "backends", v->backend);
	move_timed(w, a, s);
	counters_read(&reason[1], "reasons", w->reason);
	counters_read(&backend[1], "backends", v->backend);
	s->count = counters_since(&reason[1], &reason[0]);
	s->backend_pages = backend[1].v[PAGES] - backend[0].v[PAGES];
}

static void place_verify(const struct workload *w, const struct area *a,
			 struct sample *s)
{
	struct placement *p = &s->place;

	if (w->memory == MEMORY_KERNEL)
		prepared_survey(p);
	else
		area_survey(a, p);
	if (p->intact && !p->broken &&
	    (!w->whole || p->moved == p->present))
		return;
	warnx("%s: %zu pages there, %zu moved, %zu folios broken, content %s",
	      w->name, p->present, p->moved, p->broken,
	      p->intact ? "right" : "wrong");
	s->verified = false;
}

/*
 * Pages the backend copied, or counted as left to the inline path. Requests
 * it declined do not count: with them the backend did not run.
 */
static uint64_t pages_explained(const struct workload *w,
				const struct counters *c)
{
	uint64_t left = c->v[INELIGIBLE] + c->v[FAILED_ITEMS];

	return c->v[PAGES] + left * (w->folio_kb / PAGE_KIB);
}

/* What the kernel counted must agree with what was seen from outside. */
static const char *disagreement(const struct workload *w,
				const struct variant *v,
				const struct sample *s)
{
	const struct counters *c = &s->count;

	if (c->v[SUCCEEDED] < s->place.moved)
		return "fewer pages were counted than moved";
	if (c->v[CUT_NS] > s->wall_ns)
		return "the cuts took longer than the whole call";
	if (!strcmp(v->backend, "inline"))
		return c->v[PAGES] ? "inline counted copied pages" : NULL;
	if (!c->v[PAGES] || s->backend_pages < c->v[PAGES])
		return "the backend did not copy";
	if (pages_explained(w, c) < c->v[SUCCEEDED])
		return "pages moved that the backend neither copied nor left";
	return NULL;
}

static void counters_verify(const struct workload *w, const struct variant *v,
			    struct sample *s)
{
	const char *wrong = disagreement(w, v, s);

	if (!wrong)
		return;
	warnx("%s, %s with %u workers: %s", w->name, v->backend, v->workers,
	      wrong);
	s->verified = false;
}

static void memory_create(const struct workload *w, struct area *a)
{
	if (w->memory == MEMORY_KERNEL) {
		prepared_create(w->folio_kb, w->folios);
		return;
	}
	area_create(a, w->folio_kb, w->folios, w->node,
		    w->memory == MEMORY_TMPFS);
	if (w->keep)
		area_punch(a, w->keep);
	area_fill(a);
}

static void memory_destroy(const struct workload *w, struct area *a)
{
	if (w->memory == MEMORY_KERNEL)
		prepared_destroy();
	else
		area_destroy(a);
}

void sample_run(const struct workload *w, const struct variant *v,
		struct sample *s)
{
	struct area a;

	memset(s, 0, sizeof(*s));
	if (w->prepare)
		w->prepare();
	if (v)
		policy_apply(w->reason, v, w->batch_size);
	memory_create(w, &a);
	if (v)
		move_counted(w, v, &a, s);
	else
		move_timed(w, &a, s);
	place_verify(w, &a, s);
	if (v)
		counters_verify(w, v, s);
	memory_destroy(w, &a);
}

/* -------------------------------------------------------------- rounds */

struct sample *series_sample(const struct series *s, size_t r, size_t v)
{
	return &s->sample[r * s->nr_variants + v];
}

static void shuffle(size_t *order, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t other = (size_t)random() % i, kept = order[i - 1];

		order[i - 1] = order[other];
		order[other] = kept;
	}
}

/* Compaction sometimes finds nothing to do: then prepare it anew. */
static void sample_moving(const struct workload *w, const struct variant *v,
			  struct sample *s)
{
	for (int try = 0; try < 5; try++) {
		sample_run(w, v, s);
		if (s->place.moved)
			return;
	}
	errx(EXIT_FAILURE, "%s: no page moved", w->name);
}

static void round_run(struct series *s, size_t r)
{
	size_t order[8];

	for (size_t i = 0; i < s->nr_variants; i++)
		order[i] = i;
	shuffle(order, s->nr_variants);
	for (size_t i = 0; i < s->nr_variants; i++)
		sample_moving(s->workload, &s->variant[order[i]],
			      series_sample(s, r, order[i]));
}

/* The first round warms up and is thrown away. */
void series_start(struct series *s)
{
	s->sample = calloc(MAX_PAIRS * s->nr_variants, sizeof(*s->sample));
	if (!s->sample)
		err(EXIT_FAILURE, "no memory for samples");
	round_run(s, 0);
	s->rounds = 0;
}

void series_extend(struct series *s, size_t pairs, double seconds)
{
	uint64_t end = clock_ns(CLOCK_MONOTONIC) + seconds * 1e9;

	if (pairs > MAX_PAIRS)
		pairs = MAX_PAIRS;
	while (s->rounds < pairs && (s->rounds < ENOUGH_ROUNDS ||
				     clock_ns(CLOCK_MONOTONIC) < end))
		round_run(s, s->rounds++);
}

void series_free(struct series *s)
{
	free(s->sample);
	s->sample = NULL;
}

/* ------------------------------------------------------------- figures */

static double per_page(uint64_t amount, const struct sample *s)
{
	return (double)amount / s->count.v[SUCCEEDED];
}

static uint64_t cpu_ns(const struct sample *s)
{
	return s->cpu_ns + s->count.v[HELPER_NS];
}

/* Variant 0 is what the others are compared with. */
double figure_ratio(const struct series *s, size_t r, size_t v)
{
	const struct sample *a = series_sample(s, r, 0);
	const struct sample *b = series_sample(s, r, v);

	return per_page(a->count.v[CUT_NS], a) / per_page(b->count.v[CUT_NS], b);
}

double figure_wall_ratio(const struct series *s, size_t r, size_t v)
{
	const struct sample *a = series_sample(s, r, 0);
	const struct sample *b = series_sample(s, r, v);

	return per_page(a->wall_ns, a) / per_page(b->wall_ns, b);
}

double figure_cpu_ratio(const struct series *s, size_t r, size_t v)
{
	const struct sample *a = series_sample(s, r, 0);
	const struct sample *b = series_sample(s, r, v);

	return per_page(cpu_ns(b), b) / per_page(cpu_ns(a), a);
}

double figure_mb_per_s(const struct series *s, size_t r, size_t v)
{
	const struct sample *a = series_sample(s, r, v);

	return BASE_PAGE * 1e3 / per_page(a->count.v[CUT_NS], a);
}

double figure_copy_share(const struct series *s, size_t r, size_t v)
{
	const struct sample *a = series_sample(s, r, v);

	return (double)a->count.v[COPY_NS] / a->count.v[CUT_NS];
}

double figure_cpu_us_per_page(const struct series *s, size_t r, size_t v)
{
	const struct sample *a = series_sample(s, r, v);

	return per_page(cpu_ns(a), a) / 1e3;
}

double figure_cut_of_wall(const struct series *s, size_t r, size_t v)
{
	const struct sample *a = series_sample(s, r, v);

	return (double)a->count.v[CUT_NS] / a->wall_ns;
}

/* How long a cut was away, on average over the cuts of the run. */
double figure_away_us(const struct series *s, size_t r, size_t v)
{
	const struct sample *a = series_sample(s, r, v);

	return a->count.v[CUT_NS] / 1e3 / a->count.v[CUTS];
}

double figure_helper_us(const struct series *s, size_t r, size_t v)
{
	return series_sample(s, r, v)->count.v[HELPER_NS] / 1e3;
}

/* The variant that copies ahead on one CPU; nr_variants if there is none. */
static size_t single_worker(const struct series *s)
{
	size_t v = 0;

	while (v < s->nr_variants && s->variant[v].workers != 1)
		v++;
	return v;
}

double figure_reached(const struct series *s, size_t r, size_t v)
{
	size_t single = single_worker(s);
	double share;

	if (single == s->nr_variants)
		return NAN;
	share = figure_copy_share(s, r, single);
	return figure_ratio(s, r, v) / copy_bound(share, s->variant[v].workers);
}

struct interval series_copy_share(const struct series *s)
{
	size_t single = single_worker(s);

	if (single == s->nr_variants)
		return (struct interval){ NAN, NAN, NAN };
	return series_figure(s, single, figure_copy_share);
}

struct interval series_figure(const struct series *s, size_t v, figure_fn fn)
{
	double value[MAX_PAIRS];

	for (size_t r = 0; r < s->rounds; r++)
		value[r] = fn(s, r, v);
	return interval_of(value, s->rounds);
}

const char *ratio_verdict(struct interval ratio)
{
	if (ratio.lo >= NOT_WORSE)
		return "ok";
	return ratio.hi < NOT_WORSE ? "worse" : "undecided";
}

double copy_bound(double share, double n)
{
	return 1 / ((1 - share) + share / n);
}

double series_best_mb_per_s(const struct series *s, size_t v)
{
	double best = 0;

	for (size_t r = 0; r < s->rounds; r++)
		best = fmax(best, figure_mb_per_s(s, r, v));
	return best;
}

uint64_t series_total(const struct series *s, size_t v, enum counter c)
{
	uint64_t sum = 0;

	for (size_t r = 0; r < s->rounds; r++)
		sum += series_sample(s, r, v)->count.v[c];
	return sum;
}

bool series_verified(const struct series *s, size_t v)
{
	for (size_t r = 0; r < s->rounds; r++) {
		if (!series_sample(s, r, v)->verified)
			return false;
	}
	return true;
}
