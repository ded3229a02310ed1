// SPDX-License-Identifier: GPL-2.0-only
/*
 * The measuring of calibrate. Each pair moves the same memory once inline and
 * once with the backend, in alternating order, and compares what the kernel
 * counted: time of the cuts per page that was moved. Neighbours in time share
 * what disturbs the machine.
 */
#include "calibrate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HUGE_SIZE	"/sys/kernel/mm/transparent_hugepage/hpage_pmd_size"

/* Moved at a time; the largest batch is all of it. */
#define SMALL_PAGES	2048
#define LEAST_PAGES	512
#define HUGE_FOLIOS	8

const char *const verdict_name[] = {
	[FASTER] = "faster",
	[SAME] = "no difference",
	[SLOWER] = "slower",
	[DECLINED] = "declined",
};

/* What one measurement works with. */
struct bench {
	struct cli *cli;
	const struct mpol_object *reason;
	struct area *area;
	size_t page_bytes;
};

/* One move; time per page, and how much of it the backend copied. */
struct sample {
	double page_ns;
	double engaged;
};

const char *folio_name(const struct calibration *c, const struct point *point,
		       char *room)
{
	return human_size(point->folio_pages * c->page_bytes, room);
}

static int set(const struct bench *b, const char *key, const char *value)
{
	return mpol_write(b->cli->mpol, b->reason, key, value) ?
		mpol_failure(b->cli) : CLI_DONE;
}

static int take_sample(const struct bench *b, struct sample *sample)
{
	struct mpol_counters before, after, delta;
	struct mpol *mpol = b->cli->mpol;
	int ret;

	if (mpol_load_counters(mpol, b->reason, &before))
		return mpol_failure(b->cli);
	ret = area_move(b->area, b->area->to);
	if (ret)
		return ret;
	if (mpol_load_counters(mpol, b->reason, &after))
		return mpol_failure(b->cli);
	mpol_counters_since(&after, &before, &delta);
	if (delta.value[MPOL_SUCCEEDED] < b->area->used / b->page_bytes ||
	    !delta.value[MPOL_CUT_NS])
		return failed("calibrate: the kernel counted fewer pages than were moved; was it started with migrate_policy=off?");
	sample->page_ns = (double)delta.value[MPOL_CUT_NS] /
			  (double)delta.value[MPOL_SUCCEEDED];
	sample->engaged = (double)delta.value[MPOL_COPIED] /
			  (double)delta.value[MPOL_SUCCEEDED];
	return CLI_DONE;
}

/* There under @backend, and back. */
static int run(const struct bench *b, const char *backend,
	       struct sample *sample)
{
	int ret = set(b, "backend", backend);

	if (!ret)
		ret = take_sample(b, sample);
	if (!ret)
		ret = area_move(b->area, b->area->from);
	if (!ret && was_stopped())
		ret = failed("calibrate: interrupted");
	return ret;
}

/* [0] is inline, [1] the backend; whichever is first changes. */
static int run_pair(const struct bench *b, const char *backend, bool reverse,
		    struct sample *pair)
{
	const char *const name[] = { "inline", backend };
	int ret = run(b, name[reverse], &pair[reverse]);

	return ret ? ret : run(b, name[!reverse], &pair[!reverse]);
}

static enum verdict judge(const struct interval *ratio, size_t engaged)
{
	if (engaged <= PAIRS / 2)
		return DECLINED;
	if (ratio->low > 1)
		return FASTER;
	return ratio->high < 1 ? SLOWER : SAME;
}

static int measure_pairs(const struct bench *b, struct point *point)
{
	double ratio[PAIRS];
	size_t engaged = 0;
	struct sample pair[2];

	/* One more, which warms up and is thrown away. */
	for (int i = -1; i < PAIRS; i++) {
		int ret = run_pair(b, point->backend, i & 1, pair);

		if (ret)
			return ret;
		if (i < 0)
			continue;
		ratio[i] = pair[0].page_ns / pair[1].page_ns;
		engaged += pair[1].engaged > 0.5;
	}
	point->ratio = interval_of(ratio, PAIRS);
	point->verdict = judge(&point->ratio, engaged);
	if (!area_is_intact(b->area))
		return failed("calibrate: memory that was moved holds something else now; stop using backend %s",
			      point->backend);
	return CLI_DONE;
}

static void report(const struct calibration *c, const struct point *point)
{
	char room[HUMAN_SIZE];

	message("%s, %s folios, %u pages a batch: %.2f (%.2f to %.2f), %s",
		point->backend, folio_name(c, point, room), point->batch,
		point->ratio.mid, point->ratio.low, point->ratio.high,
		verdict_name[point->verdict]);
}

/* Bytes to move for a sample: two batches, or many small ones. */
static size_t amount(const struct bench *b, unsigned int batch)
{
	size_t bytes = 2 * batch * b->page_bytes;
	size_t least = LEAST_PAGES * b->page_bytes;

	if (bytes < least)
		bytes = least;
	return bytes < b->area->bytes ? bytes : b->area->bytes;
}

static int measure_point(const struct bench *b, struct calibration *c,
			 const char *backend, unsigned int batch)
{
	struct point *point = &c->point[c->count];
	char value[16];
	int ret;

	if (c->count == POINTS_MAX)
		return CLI_DONE;
	*point = (struct point){
		.backend = backend, .batch = batch,
		.folio_pages = b->area->folio_bytes / b->page_bytes,
	};
	b->area->used = amount(b, batch);
	snprintf(value, sizeof(value), "%u", batch);
	ret = set(b, "batch_size", value);
	if (!ret)
		ret = measure_pairs(b, point);
	if (ret)
		return ret;
	report(c, point);
	c->count++;
	return CLI_DONE;
}

/* Batches from @first to all of the area, each @factor times the last. */
static int measure_batches(const struct bench *b, struct calibration *c,
			   const struct mpol_names *backends,
			   unsigned int first, unsigned int factor)
{
	size_t all = b->area->bytes / b->page_bytes;

	for (size_t i = 0; i < backends->count; i++) {
		if (!strcmp(backends->name[i], "inline"))
			continue;
		for (unsigned int batch = first; batch <= all; batch *= factor) {
			int ret = measure_point(b, c, backends->name[i], batch);

			if (ret)
				return ret;
		}
	}
	return CLI_DONE;
}

static int measure_small(const struct bench *b, struct calibration *c,
			 const struct mpol_names *backends)
{
	int ret = area_create(b->area, SMALL_PAGES * c->page_bytes,
			      c->page_bytes);

	if (ret)
		return ret;
	ret = measure_batches(b, c, backends, 32, 4);
	area_free(b->area);
	return ret;
}

/* The size of a huge page; 0 if this kernel has none. */
static size_t huge_bytes(void)
{
	FILE *file = fopen(HUGE_SIZE, "re");
	size_t bytes = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%zu", &bytes) != 1)
		bytes = 0;
	fclose(file);
	return bytes;
}

static int measure_huge(const struct bench *b, struct calibration *c,
			const struct mpol_names *backends)
{
	size_t bytes = huge_bytes();
	int ret;

	if (!bytes) {
		message("huge folios: not measured: this kernel has none");
		return CLI_DONE;
	}
	ret = area_create(b->area, HUGE_FOLIOS * bytes, bytes);
	if (ret)
		return ret;
	if (area_is_huge(b->area)) {
		c->huge_pages = bytes / c->page_bytes;
		ret = measure_batches(b, c, backends,
				      (unsigned int)c->huge_pages, 2);
	} else {
		message("huge folios: not measured: the kernel gave none; see transparent_hugepage/, or free memory");
	}
	area_free(b->area);
	return ret;
}

/* So small a minimum and so many classes that the backend is asked. */
static int prepare(const struct bench *b)
{
	const struct mpol_object global = {
		.type = MPOL_GLOBAL, .name = MPOL_GLOBAL_NAME,
	};
	int ret = set(b, "min_pages", "1");

	if (!ret)
		ret = set(b, "workers", "0");
	if (!ret)
		ret = set(b, "classes", "anon,swapcache");
	if (!ret && mpol_write(b->cli->mpol, &global, "stats", "1"))
		ret = mpol_failure(b->cli);
	return ret;
}

int calibrate_measure(struct cli *cli, const struct mpol_object *reason,
		      const struct mpol_names *backends, struct calibration *c)
{
	struct area area = { .from = c->from, .to = c->to };
	const struct bench bench = {
		.cli = cli, .reason = reason, .area = &area,
		.page_bytes = c->page_bytes,
	};
	int ret = prepare(&bench);

	if (!ret)
		ret = measure_small(&bench, c, backends);
	if (!ret)
		ret = measure_huge(&bench, c, backends);
	return ret;
}

/* Whether @backend pays at @batch and does no harm in larger ones. */
static bool pays_from(const struct calibration *c, const char *backend,
		      unsigned int batch)
{
	bool faster = false;

	for (size_t i = 0; i < c->count; i++) {
		const struct point *point = &c->point[i];

		if (strcmp(point->backend, backend) || point->batch < batch)
			continue;
		if (point->verdict == SLOWER)
			return false;
		faster |= point->verdict == FASTER && point->batch == batch;
	}
	return faster;
}

unsigned int calibrate_threshold(const struct calibration *c,
				 const char *backend)
{
	unsigned int best = 0;

	for (size_t i = 0; i < c->count; i++) {
		unsigned int batch = c->point[i].batch;

		if ((!best || batch < best) && pays_from(c, backend, batch))
			best = batch;
	}
	return best;
}

static double gain_from(const struct calibration *c, const char *backend,
			unsigned int batch)
{
	double gain = 0;

	for (size_t i = 0; i < c->count; i++)
		if (!strcmp(c->point[i].backend, backend) &&
		    c->point[i].batch >= batch &&
		    c->point[i].verdict == FASTER)
			gain = fmax(gain, c->point[i].ratio.mid);
	return gain;
}

struct choice calibrate_choose(const struct calibration *c,
			       const struct mpol_names *backends)
{
	struct choice best = { 0 };

	for (size_t i = 0; i < backends->count; i++) {
		const char *backend = backends->name[i];
		unsigned int from = calibrate_threshold(c, backend);
		double gain = gain_from(c, backend, from);

		if (from && gain > best.gain)
			best = (struct choice){ backend, from, gain };
	}
	return best;
}
