// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a trial says of each of its arms, in figures and in words.
 *
 * The test is that of Mann and Whitney on the time per page of each call: the
 * call is what was drawn for an arm, so that calls are exchangeable if the
 * arms do not differ. Holm's correction accounts for several arms. The ratio
 * is that of the typical times, the geometric means.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "trial.h"

#define LEVEL	0.05
#define POWER	0.8

static bool never_ran(const struct arm *arm)
{
	return !arm->delta.value[MPOL_R_CALLS] ||
	       (arm_has_backend(arm) && arm_engaged(arm) < ENGAGED_MIN);
}

static enum trial_verdict verdict_of(const struct finding *f)
{
	if (f->arm == f->trial->arm)
		return TRIAL_CONTROL;
	if (never_ran(f->arm))
		return TRIAL_NEVER_RAN;
	if (!(f->p < LEVEL))
		return TRIAL_UNDECIDED;
	return f->test.superiority < 0.5 ? TRIAL_FASTER : TRIAL_SLOWER;
}

static double needed(const struct finding *f)
{
	const struct hist *page = &f->arm->delta.hist[MPOL_H_PAGE];
	double calls = (double)hist_total(page);
	double control = (double)hist_total(&f->arm->against);
	double arms = (double)(f->trial->count - 1);

	if (!(calls > 0 && control > 0))
		return 0;
	/* Holm demands of the best of several arms what Bonferroni does. */
	return events_needed(&f->arm->against, DETECTABLE,
			     calls / (calls + control), LEVEL / arms, POWER);
}

static void compare(struct finding *f, struct rng *rng)
{
	const struct hist *page = &f->arm->delta.hist[MPOL_H_PAGE];

	f->test = mann_whitney(page, &f->arm->against);
	f->p = f->test.p;
	f->ratio = bootstrap_ratio(&f->arm->against, page, rng, &f->deviation);
	f->needed = needed(f);
}

static void describe(struct finding *f, struct rng *rng)
{
	static const double share[QUANTILES] = { 0.5, 0.9, 0.99 };

	f->rate = bootstrap_rate(f->arm->slice, f->trial->slices, rng);
	for (size_t i = 0; i < MPOL_HISTS; i++)
		for (size_t q = 0; q < QUANTILES; q++)
			f->time[i][q] = hist_quantile_range(
				&f->arm->delta.hist[i], share[q]);
}

static void judge_one(const struct trial *trial, struct rng *rng,
		      struct finding *finding)
{
	double p[TRIAL_ARMS];

	for (size_t i = 0; i < trial->count; i++) {
		finding[i] = (struct finding){
			.trial = trial, .arm = &trial->arm[i], .p = 1,
		};
		describe(&finding[i], rng);
		if (i)
			compare(&finding[i], rng);
		p[i] = finding[i].p;
	}
	holm(p + 1, trial->count - 1);
	for (size_t i = 0; i < trial->count; i++) {
		finding[i].p = p[i];
		finding[i].verdict = verdict_of(&finding[i]);
	}
}

static struct finding *find_in_first(const struct trials *trials,
				     const struct findings *findings,
				     const char *name)
{
	for (size_t i = 1; i < trials->trial[0].count; i++)
		if (!strcmp(findings->finding[i].arm->name, name))
			return &findings->finding[i];
	return NULL;
}

/* The logarithms of both ratios are about normal. */
static double between(const struct finding *a, const struct finding *b)
{
	double error = hypot(a->deviation, b->deviation);

	if (!(error > 0))
		return -1;
	return 2 * normal_tail(fabs(log(a->ratio.value / b->ratio.value)) /
			       error);
}

/* Arms of one name in several files; Holm's correction over all of them. */
static void compare_files(const struct trials *trials,
			  struct findings *findings)
{
	double *p = calloc(findings->count + 1, sizeof(*p));
	size_t count = 0;

	if (!p)
		exit(failed("out of memory"));
	for (size_t i = 0; i < findings->count; i++) {
		struct finding *f = &findings->finding[i];
		const struct finding *first =
			find_in_first(trials, findings, f->arm->name);

		f->p_files = first && f->trial != trials->trial ?
			between(first, f) : -1;
		if (f->p_files >= 0)
			p[count++] = f->p_files;
	}
	holm(p, count);
	count = 0;
	for (size_t i = 0; i < findings->count; i++)
		if (findings->finding[i].p_files >= 0)
			findings->finding[i].p_files = p[count++];
	free(p);
}

void trial_judge(const struct trials *trials, uint64_t seed,
		 struct findings *findings)
{
	struct rng rng;
	size_t count = 0;

	rng_seed(&rng, seed);
	for (size_t i = 0; i < trials->count; i++)
		count += trials->trial[i].count;
	findings->finding = calloc(count + 1, sizeof(*findings->finding));
	findings->count = 0;
	if (!findings->finding)
		exit(failed("out of memory"));
	for (size_t i = 0; i < trials->count; i++) {
		judge_one(&trials->trial[i], &rng,
			  &findings->finding[findings->count]);
		findings->count += trials->trial[i].count;
	}
	compare_files(trials, findings);
}

static void p_words(double p, char *text, size_t size)
{
	if (p < 0.001)
		snprintf(text, size, "p < 0.001");
	else
		snprintf(text, size, "p = %.3f", p);
}

/* "1.7x"; of a small difference the digits behind matter. */
static void times_words(double ratio, char *text, size_t size)
{
	snprintf(text, size, ratio < 1.1 ? "%.3fx" : ratio < 10 ? "%.1fx" :
		 "%.0fx", ratio);
}

static void difference_words(const struct finding *f, char *text, size_t size)
{
	bool faster = f->verdict == TRIAL_FASTER;
	char p[32], times[32];
	double ratio = faster ? f->ratio.value : 1 / f->ratio.value;

	p_words(f->p, p, sizeof(p));
	times_words(ratio, times, sizeof(times));
	/* Most calls may gain and a few lose more than that. */
	if (ratio > 1)
		snprintf(text, size, "%s is %s %s, %s", f->arm->name, times,
			 faster ? "faster" : "slower", p);
	else
		snprintf(text, size, "%s is %s in most calls, but not on average, %s",
			 f->arm->name, faster ? "faster" : "slower", p);
}

static void undecided_words(const struct finding *f, char *text, size_t size)
{
	uint64_t n = hist_total(&f->arm->delta.hist[MPOL_H_PAGE]) +
		     hist_total(&f->arm->against);
	double seconds = f->needed / (double)n * (double)f->trial->ns / 1e9;
	int percent = (int)lround((DETECTABLE - 1) * 100);

	if (!(f->needed > 0))
		snprintf(text, size, "%s: no difference can be seen with %llu calls",
			 f->arm->name, (unsigned long long)n);
	else if (f->needed <= (double)n)
		snprintf(text, size, "%s: no difference can be seen with %llu calls, and one of %d%% most likely would have been",
			 f->arm->name, (unsigned long long)n, percent);
	else
		snprintf(text, size, "%s: no difference can be seen with %llu calls; about %.0f would be needed for one of %d%%, %.0f s like these",
			 f->arm->name, (unsigned long long)n, f->needed,
			 percent, ceil(seconds));
}

static void never_words(const struct finding *f, char *text, size_t size)
{
	if (!f->arm->delta.value[MPOL_R_CALLS])
		snprintf(text, size, "%s never ran: no call was drawn for it",
			 f->arm->name);
	else
		snprintf(text, size, "%s never ran: backend %s copied %.1f%% of its pages",
			 f->arm->name, arm_setting(f->arm, "backend"),
			 arm_engaged(f->arm) * 100);
}

static void control_words(const struct finding *f, char *text, size_t size)
{
	if (!f->arm->delta.value[MPOL_R_CALLS])
		snprintf(text, size, CONTROL " never ran: no call was left to it");
	else if (never_ran(f->arm))
		snprintf(text, size, CONTROL ": its backend %s copied %.1f%% of its pages",
			 arm_setting(f->arm, "backend"),
			 arm_engaged(f->arm) * 100);
	else
		*text = '\0';
}

void finding_words(const struct finding *f, char *text, size_t size)
{
	static void (*const words[])(const struct finding *f, char *text,
				     size_t size) = {
		[TRIAL_CONTROL] = control_words,
		[TRIAL_FASTER] = difference_words,
		[TRIAL_SLOWER] = difference_words,
		[TRIAL_UNDECIDED] = undecided_words,
		[TRIAL_NEVER_RAN] = never_words,
	};
	size_t length;

	words[f->verdict](f, text, size);
	length = strlen(text);
	if (f->arm->stopped_ns && length < size)
		snprintf(text + length, size - length,
			 "; switched off after %.0f s",
			 (double)f->arm->stopped_ns / 1e9);
}

const struct finding *trial_best(const struct findings *findings)
{
	const struct finding *best = NULL;

	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *f = &findings->finding[i];

		if (f->verdict == TRIAL_FASTER && f->ratio.value > 1 &&
		    (!best || f->ratio.value > best->ratio.value))
			best = f;
	}
	return best;
}
