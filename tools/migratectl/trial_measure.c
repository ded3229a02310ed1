// SPDX-License-Identifier: GPL-2.0-only
/*
 * The time of a trial itself: the arms are read now and then, the guard looks
 * at them, and in the end each has what it did meanwhile.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stat.h"
#include "trial.h"

#define SECOND		1000000000ULL
#define TICK_NS		(SECOND / 20)
#define LOOK_NS		SECOND

/* The guard errs with this chance in all of a trial, whatever the arms. */
#define GUARD_LEVEL	0.05

/* The state of a measurement. */
struct watch {
	struct cli *cli;
	struct trial *trial;
	const struct measuring *how;
	uint64_t start_ns;
	uint64_t slice_ns;	/* length of one */
	uint64_t slice_end;
	uint64_t look_at;
	uint64_t shown_ns;
	unsigned long looks;
	uint64_t first_cuts;
	struct slice last[TRIAL_ARMS];	/* counters where the slice began */
};

static const struct {
	const char *name;
	double ns;
} units[] = {
	{ "", 1e9 }, { "ms", 1e6 }, { "s", 1e9 }, { "m", 60e9 },
	{ "min", 60e9 }, { "h", 3600e9 },
};

int trial_parse_time(const struct cli *cli, const char *option,
		     const char *text, uint64_t *ns)
{
	char *end;
	double value = strtod(text, &end);

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(end, units[i].name))
			continue;
		value *= units[i].ns;
		if (*text < '0' || *text > '9' ||
		    !(value >= 1e8 && value <= 30 * 86400e9))
			break;
		*ns = (uint64_t)value;
		return CLI_DONE;
	}
	return usage_error(cli, "%s: '%s' is not a time from 100ms on, as in 60s or 5m",
			   option, text);
}

static int read_now(struct watch *w, size_t i, bool all)
{
	struct arm *arm = &w->trial->arm[i];
	int ret = all ? mpol_load_results(w->cli->mpol, &arm->object,
					  &arm->now) :
			mpol_load_summary(w->cli->mpol, &arm->object,
					  &arm->now);

	return ret ? mpol_failure(w->cli) : CLI_DONE;
}

static struct slice counters_of(const struct arm *arm)
{
	const uint64_t *value = arm->now.value;

	return (struct slice){ value[MPOL_R_CALLS], value[MPOL_R_SUCCEEDED],
			       value[MPOL_R_CUT_NS] };
}

static uint64_t since(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

/* Two neighbours become one. */
static void halve(struct trial *trial)
{
	trial->slices /= 2;
	for (size_t i = 0; i < trial->count; i++) {
		struct slice *s = trial->arm[i].slice;

		for (size_t j = 0; j < trial->slices; j++) {
			s[j].calls = s[2 * j].calls + s[2 * j + 1].calls;
			s[j].pages = s[2 * j].pages + s[2 * j + 1].pages;
			s[j].ns = s[2 * j].ns + s[2 * j + 1].ns;
		}
	}
}

static void end_slice(struct watch *w)
{
	struct trial *trial = w->trial;

	if (trial->slices == SLICES_MAX) {
		halve(trial);
		w->slice_ns *= 2;
	}
	for (size_t i = 0; i < trial->count; i++) {
		struct slice now = counters_of(&trial->arm[i]);

		trial->arm[i].slice[trial->slices] = (struct slice){
			since(now.calls, w->last[i].calls),
			since(now.pages, w->last[i].pages),
			since(now.ns, w->last[i].ns),
		};
		w->last[i] = now;
	}
	trial->slices++;
	w->slice_end += w->slice_ns;
}

static uint64_t counted(const struct trial *trial, enum mpol_result_id id)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < trial->count; i++)
		sum += since(trial->arm[i].now.value[id],
			     trial->arm[i].before.value[id]);
	return sum;
}

/* How much of it is done, by whichever end is nearer. */
static double part_done(const struct watch *w, uint64_t passed)
{
	double done = 0;

	if (w->how->duration_ns)
		done = (double)passed / (double)w->how->duration_ns;
	if (w->how->batches)
		done = fmax(done, (double)counted(w->trial, MPOL_R_CUTS) /
				  (double)w->how->batches);
	return fmin(done, 1);
}

static void show(struct watch *w, uint64_t passed)
{
	double done = part_done(w, passed);
	struct progress progress = {
		.passed_ns = passed,
		.done = done,
		.calls = counted(w->trial, MPOL_R_CALLS),
	};

	if (done > 0.001)
		progress.left_ns = (uint64_t)((double)passed * (1 - done) / done);
	if (w->shown_ns && passed - w->shown_ns < SECOND / 4)
		return;
	w->shown_ns = passed;
	trial_show_progress(&progress);
}

static void page_hist(const struct arm *arm, struct hist *delta)
{
	hist_since(&arm->now.hist[MPOL_H_PAGE], &arm->before.hist[MPOL_H_PAGE],
		   delta);
}

/* Its calls go back to the control; what it did stays readable. */
static int stop_arm(struct watch *w, struct arm *arm,
		    const struct hist *control)
{
	if (mpol_write(w->cli->mpol, &arm->object, "live", "0"))
		return mpol_failure(w->cli);
	arm->stopped_ns = monotonic_ns() - w->start_ns;
	arm->against = *control;
	trial_show_progress(NULL);
	message("%s: surely worse than the control by more than %.0f%%; switched off after %.0f s",
		arm->name, (w->how->worse - 1) * 100,
		(double)arm->stopped_ns / (double)SECOND);
	return CLI_DONE;
}

static int look(struct watch *w)
{
	struct trial *trial = w->trial;
	double level = GUARD_LEVEL / (double)(trial->count - 1);
	struct hist control, arm;
	int ret = read_now(w, 0, true);

	w->looks++;
	w->look_at += LOOK_NS;
	page_hist(&trial->arm[0], &control);
	for (size_t i = 1; !ret && i < trial->count; i++) {
		if (trial->arm[i].stopped_ns)
			continue;
		ret = read_now(w, i, true);
		page_hist(&trial->arm[i], &arm);
		if (!ret && surely_longer(&arm, &control, w->how->worse, level,
					  w->looks))
			ret = stop_arm(w, &trial->arm[i], &control);
	}
	return ret;
}

static bool all_stopped(const struct trial *trial)
{
	for (size_t i = 1; i < trial->count; i++)
		if (!trial->arm[i].stopped_ns)
			return false;
	return true;
}

static int tick(struct watch *w, uint64_t now)
{
	int ret = CLI_DONE;

	for (size_t i = 0; !ret && i < w->trial->count; i++)
		if (!w->trial->arm[i].stopped_ns)
			ret = read_now(w, i, false);
	if (!ret && now >= w->slice_end)
		end_slice(w);
	if (!ret && w->how->worse > 0 && w->how->stop_arms && now >= w->look_at)
		ret = look(w);
	if (!ret)
		show(w, now - w->start_ns);
	return ret;
}

/* A signal ends it early. */
static void rest(uint64_t until)
{
	const struct timespec t = {
		.tv_sec = (time_t)(until / SECOND),
		.tv_nsec = (long)(until % SECOND),
	};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static int watch_arms(struct watch *w)
{
	uint64_t now = w->start_ns;
	int ret = CLI_DONE;

	while (!ret && !was_stopped() && part_done(w, now - w->start_ns) < 1 &&
	       !all_stopped(w->trial)) {
		rest(now + TICK_NS);
		now = monotonic_ns();
		ret = tick(w, now);
	}
	return ret;
}

static int start(struct watch *w)
{
	int ret = CLI_DONE;

	for (size_t i = 0; !ret && i < w->trial->count; i++) {
		struct arm *arm = &w->trial->arm[i];

		ret = read_now(w, i, true);
		arm->before = arm->now;
		w->last[i] = counters_of(arm);
	}
	w->start_ns = monotonic_ns();
	w->slice_ns = TICK_NS;
	w->slice_end = w->start_ns + w->slice_ns;
	w->look_at = w->start_ns + LOOK_NS;
	return ret;
}

static int finish(struct watch *w)
{
	struct trial *trial = w->trial;
	int ret = CLI_DONE;

	trial->ns = monotonic_ns() - w->start_ns;
	trial->interrupted = was_stopped();
	trial_show_progress(NULL);
	for (size_t i = 0; !ret && i < trial->count; i++)
		if (!trial->arm[i].stopped_ns)
			ret = read_now(w, i, true);
	for (size_t i = 0; i < trial->count; i++) {
		struct arm *arm = &trial->arm[i];

		mpol_results_since(&arm->now, &arm->before, &arm->delta);
		if (i && !arm->stopped_ns)
			arm->against = trial->arm[0].delta.hist[MPOL_H_PAGE];
	}
	return ret;
}

int trial_measure(struct cli *cli, struct trial *trial,
		  const struct measuring *how)
{
	struct watch w = { .cli = cli, .trial = trial, .how = how };
	int ret = start(&w);

	if (!ret)
		ret = watch_arms(&w);
	return ret ? ret : finish(&w);
}
