/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trials of the kernel: arms that take a share of the migrate_pages() calls of
 * one reason, and what was measured of each.
 *
 *   reasons/<reason>/results/FILE              of the base policy: the control
 *   reasons/<reason>/trials/<trial>/KEY        made with mkdir
 *   reasons/<reason>/trials/<trial>/results/FILE
 *
 * The object of a trial has the type MPOL_TRIAL and the name
 * "<reason>/trials/<trial>".
 */
#ifndef MPOL_TRIAL_H
#define MPOL_TRIAL_H

#include "mpol.h"
#include "statistics.h"

enum mpol_result_id {
	MPOL_R_CALLS,
	MPOL_R_CUTS,
	MPOL_R_FOLIOS,
	MPOL_R_PAGES,
	MPOL_R_SUCCEEDED,
	MPOL_R_FAILED,
	MPOL_R_RETRIES,
	MPOL_R_ENGAGED,
	MPOL_R_OFFERED,
	MPOL_R_CUT_NS,
	MPOL_R_FIRST_NS,
	MPOL_R_AWAY_NS,
	MPOL_R_COPY_NS,
	MPOL_R_HELPER_NS,
	MPOL_RESULTS,
};

enum mpol_hist_id {
	MPOL_H_PAGE,	/* per call: ns a base page; what is tested */
	MPOL_H_CUT,	/* per cut: first unmap to last move */
	MPOL_H_FIRST,	/* per cut: until the first folio is back */
	MPOL_H_AWAY,	/* per cut: longest that a folio may have been away */
	MPOL_HISTS,
};

/* The kernel's names: keys of summary, and files. */
extern const char *const mpol_result_name[MPOL_RESULTS];
extern const char *const mpol_hist_name[MPOL_HISTS];

struct mpol_results {
	uint64_t value[MPOL_RESULTS];
	struct hist hist[MPOL_HISTS];
};

/* The trials of a reason; -EOPNOTSUPP if this kernel has none at all. */
int mpol_trials(struct mpol *m, const char *reason, struct mpol_names *names);

/* Sets @object up; whether there is one is another question. */
int mpol_trial(struct mpol *m, const char *reason, const char *name,
	       struct mpol_object *object);
int mpol_trial_make(struct mpol *m, const struct mpol_object *object);

/* One that is gone already is a success. */
int mpol_trial_remove(struct mpol *m, const struct mpol_object *object);

/* The counters alone, of a reason's control or of a trial. */
int mpol_load_summary(struct mpol *m, const struct mpol_object *object,
		      struct mpol_results *results);

/* One of the histograms. */
int mpol_load_hist(struct mpol *m, const struct mpol_object *object,
		   enum mpol_hist_id id, struct hist *hist);

/* All of it. */
int mpol_load_results(struct mpol *m, const struct mpol_object *object,
		      struct mpol_results *results);

/* What came since @before. */
void mpol_results_since(const struct mpol_results *now,
			const struct mpol_results *before,
			struct mpol_results *delta);

/* Reads one line of summary; false if it is none. Unknown keys are skipped. */
bool mpol_parse_result(const char *line, struct mpol_results *results);

/* Reads one line of a histogram; false if it is none. */
bool mpol_parse_bucket(const char *line, struct hist *hist);

#endif /* MPOL_TRIAL_H */
