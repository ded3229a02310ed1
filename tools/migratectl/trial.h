/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the trial commands share. A trial here is one experiment:
 * a reason, the base policy as its control, and arms against it, each of which
 * is a trial of the kernel.
 */
#ifndef TRIAL_H
#define TRIAL_H

#include "cli.h"
#include "mpol_trial.h"

/* Arms with the control; the kernel's share is in whole percent. */
#define TRIAL_ARMS	(ARMS_MAX + 1)
#define ARM_NAME	33

/* "migratectl-4194304-" in front of it has to fit the kernel's 32 letters. */
#define ARM_NAME_MAX	13
#define CONTROL		"control"

/* A kernel trial that is ours is called this, its owner's PID, and the arm. */
#define TRIAL_PREFIX	PROGRAM "-"

/* Kept at most: when there are more, neighbours are put together. */
#define SLICES_MAX	64

struct arm {
	char name[ARM_NAME];
	struct mpol_object object;	/* the reason itself for the control */
	struct mpol_settings settings;
	unsigned int share;		/* percent of the calls */
	struct mpol_results before;
	struct mpol_results now;
	struct mpol_results delta;
	/* Calls of the control over the same time. */
	struct hist against;
	uint64_t stopped_ns;		/* by the guard; 0: it was not */
	struct slice slice[SLICES_MAX];
};

struct trial {
	char reason[NAME_MAX + 1];
	char *file;			/* that it was read from, or NULL */
	char machine[256];
	uint64_t ns;			/* how long it took */
	bool interrupted;
	struct arm *arm;		/* the control first */
	size_t count;
	size_t slices;
};

struct trials {
	struct trial *trial;
	size_t count;
};

/* trial.c */

/* Adds an arm; exits when there is no memory. */
struct arm *trial_add_arm(struct trial *trial, const char *name);
void trial_free(struct trial *trial);

/* The backend of an arm, or "". */
const char *arm_setting(const struct arm *arm, const char *key);

/* Whether another backend than inline is to copy. */
bool arm_has_backend(const struct arm *arm);

/* Which part of what was migrated the backend copied. */
double arm_engaged(const struct arm *arm);

struct measuring;

/* trial_setup.c; all of these report what goes wrong */

/* --duration, --batches and --stop-if-worse. */
int trial_parse_how(const struct cli *cli, struct measuring *how);

/* --reason; CLI_NO_KERNEL if the kernel has no trials. */
int trial_find_reason(struct cli *cli, struct trial *trial);
int trial_add_control(struct cli *cli, struct trial *trial);

/* The settings and the share of an arm as the kernel has them. */
int trial_load_arm(struct cli *cli, struct arm *arm);

/* trial_arms.c: what --arm says. */

/* "mt,batch_size=1024,name=big" to an arm with the settings named. */
int trial_parse_arms(struct cli *cli, struct trial *trial);

/* trial_owner.c: what is removed, however the program ends. */

struct owner {
	struct cli *cli;
	int state_fd;		/* of /run/migratectl/trial-PID, locked */
	int alive_fd;		/* a pipe to the janitor; -1: there is none */
	int janitor;		/* PID */
	char path[PATH_MAX];
};

/* From now on a trial can be owned; reports what goes wrong. */
int owner_start(struct cli *cli, const struct trial *trial,
		struct owner *owner);

/* Removes all trials that are owned; reports which could not be. */
int owner_end(struct owner *owner);

/* Gives an arm its place in the kernel. */
int owner_object(struct cli *cli, const struct trial *trial, struct arm *arm);

/* Removes what processes left that are gone; tells how much. */
int owner_clean(struct cli *cli, size_t *removed);

/* trial_measure.c */

struct measuring {
	uint64_t duration_ns;	/* 0: without end */
	uint64_t batches;	/* 0: as many as there are */
	double worse;		/* 1.1 of --stop-if-worse 10%; 0: no guard */
	bool stop_arms;		/* they are ours to stop */
};

/* Watches the arms until it is time; fills in what each did. */
int trial_measure(struct cli *cli, struct trial *trial,
		  const struct measuring *how);

/* "60s", "5m", "500ms", "2h" or seconds; reports what is none of it. */
int trial_parse_time(const struct cli *cli, const char *option,
		     const char *text, uint64_t *ns);

/* trial_progress.c */

struct progress {
	uint64_t passed_ns;
	uint64_t left_ns;	/* 0: nobody knows */
	double done;		/* 0 to 1 */
	uint64_t calls;
};

/* A line on stderr, if that is a terminal; a NULL @progress wipes it. */
void trial_show_progress(const struct progress *progress);

/* trial_file.c */

/* All of a trial as text, to be freed. */
char *trial_text(const struct trial *trial);

/* Stores it; reports what goes wrong. */
int trial_store(struct cli *cli, const struct trial *trial, const char *path);
int trial_load(struct cli *cli, const char *path, struct trial *trial);

/* trial_judge.c */

enum trial_verdict {
	TRIAL_CONTROL,
	TRIAL_FASTER,
	TRIAL_SLOWER,
	TRIAL_UNDECIDED,
	TRIAL_NEVER_RAN,
};

/* 50%, 90% and 99%. */
#define QUANTILES	3

/* What is said of one arm. */
struct finding {
	const struct trial *trial;
	const struct arm *arm;
	enum trial_verdict verdict;
	struct test test;
	double p;		/* accounts for all arms of the trial */
	double p_files;		/* against the first file; -1: it has none */
	struct range ratio;	/* typical time of control / arm */
	double deviation;	/* of its logarithm */
	double needed;		/* calls of both to see DETECTABLE; 0: unknown */
	struct range rate;	/* pages a ns */
	struct range time[MPOL_HISTS][QUANTILES];
};

struct findings {
	struct finding *finding;
	size_t count;
};

/* The difference that undecided arms are measured by. */
#define DETECTABLE	1.05

/* A backend that copied less of it than this never ran. */
#define ENGAGED_MIN	0.05

/* Exits when there is no memory. */
void trial_judge(const struct trials *trials, uint64_t seed,
		 struct findings *findings);

/* "mt is 1.7x faster, p < 0.001", into @text. */
void finding_words(const struct finding *finding, char *text, size_t size);

/* The one that is faster than its control and than all others; or NULL. */
const struct finding *trial_best(const struct findings *findings);

/* trial_report.c: what run, record and report end with. */

#define REPORT_COLUMNS	59

extern const struct column trial_report_columns[REPORT_COLUMNS];

struct report {
	uint64_t seed;
	const char *plot;	/* a file, or NULL */
	const char *save_best;	/* a name, or NULL */
};

/* Reads --seed, --plot and --save-best, and what can be said of them now. */
int report_prepare(struct cli *cli, struct report *report);
int report_print(struct cli *cli, const struct trials *trials,
		 const struct report *report);

/* trial_plot.c */
int trial_plot_check(void);
int trial_plot(struct cli *cli, const struct findings *findings,
	       const char *path);

/* trial_best.c: writes the arm as the profile @name. */
int trial_save_best(struct cli *cli, const struct finding *best,
		    const char *name);

/* trial_live.c: the table of the arms that there are, for watch and list. */

struct live_arm {
	struct mpol_object object;
	char reason[NAME_MAX + 1];
	char name[NAME_MAX + 1];
	struct mpol_settings settings;
	struct mpol_results before;
	struct mpol_results now;
};

struct live_arms {
	struct live_arm *arm;
	size_t count;
	uint64_t before_ns;
	uint64_t now_ns;
};

#define LIVE_COLUMNS	18

extern const struct column trial_live_columns[LIVE_COLUMNS];

/*
 * Reads them again, of all reasons that there are; what was read before stays
 * as what they are compared with. Returns 0 or a negative errno, says nothing;
 * a kernel without trials has none.
 */
int live_arms_read(struct cli *cli, struct live_arms *arms);
void live_arms_free(struct live_arms *arms);

/* For the columns of @cli's command, or NULL if there are no arms. */
struct libscols_table *live_arms_table(const struct cli *cli,
				       const struct live_arms *arms,
				       bool since_start);

#endif /* TRIAL_H */
