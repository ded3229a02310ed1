// SPDX-License-Identifier: GPL-2.0-only
/*
 * A trial as a picture, drawn by gnuplot: how the time per page is spread in
 * each arm, and each arm's ratio to the control with its interval.
 */
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trial.h"

extern char **environ;

/* In one quoted string of gnuplot. */
static void print_label(FILE *file, const struct finding *f)
{
	if (f->trial->file)
		fprintf(file, "'%s:%s'", basename(f->trial->file),
			f->arm->name);
	else
		fprintf(file, "'%s'", f->arm->name);
}

/* The share of calls that took at most so long, at each bucket's end. */
static void print_spread(FILE *file, size_t nth, const struct finding *f)
{
	const struct hist *hist = &f->arm->delta.hist[MPOL_H_PAGE];
	double total = (double)hist_total(hist), below = 0;
	bool begun = false;

	fprintf(file, "$spread%zu << EOD\n", nth);
	for (size_t i = 0; i < HIST_BUCKETS; i++) {
		if (!hist->count[i])
			continue;
		if (!begun)
			fprintf(file, "%g 0\n", (double)hist_lower(i) + !i);
		begun = true;
		below += (double)hist->count[i];
		fprintf(file, "%g %g\n", hist_upper(i), 100 * below / total);
	}
	/* gnuplot wants at least one point. */
	if (!begun)
		fputs("NaN NaN\n", file);
	fputs("EOD\n", file);
}

static void print_ratios(FILE *file, const struct findings *findings)
{
	size_t row = 0;

	fputs("$ratio << EOD\n", file);
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *f = &findings->finding[i];

		if (f->verdict == TRIAL_CONTROL)
			continue;
		fprintf(file, "%zu ", ++row);
		if (f->ratio.value > 0)
			fprintf(file, "%g %g %g ", f->ratio.value, f->ratio.low,
				f->ratio.high);
		else
			fputs("NaN NaN NaN ", file);
		print_label(file, f);
		fputc('\n', file);
	}
	fprintf(file, "EOD\nset xrange [0.5:%zu.5]\n", row);
}

static void print_script(FILE *file, const struct findings *findings)
{
	const struct trial *trial = findings->finding[0].trial;

	fprintf(file, "set terminal svg size 900,420 noenhanced\n"
		"set multiplot layout 1,2 title '%s, %.0f s'\n"
		"set grid\nset logscale x\nset key bottom right\n"
		"set xlabel 'time per base page, ns'\n"
		"set ylabel 'calls that took at most so long, %%'\nset yrange [0:100]\n",
		trial->reason, (double)trial->ns / 1e9);
	for (size_t i = 0; i < findings->count; i++)
		print_spread(file, i, &findings->finding[i]);
	for (size_t i = 0; i < findings->count; i++) {
		fprintf(file, "%s $spread%zu with lines linewidth 2 title ",
			i ? "," : "plot", i);
		print_label(file, &findings->finding[i]);
	}
	fputs("\nunset logscale x\nset yrange [*:*]\nset xlabel ''\nunset key\n"
	      "set ylabel 'time of the control / time of the arm'\n", file);
	print_ratios(file, findings);
	fputs("plot 1 with lines dashtype 2 linecolor 'gray', $ratio using 1:2:3:4:xticlabels(5) with yerrorbars pointtype 7 linewidth 2\n"
	      "unset multiplot\n", file);
}

/* Runs gnuplot from @in to @out; an errno, or -1 if it fails. */
static int run_gnuplot(FILE *in, FILE *out)
{
	static char name[] = "gnuplot";
	char *const argv[] = { name, NULL };
	posix_spawn_file_actions_t actions;
	int status, err;
	pid_t pid;

	rewind(in);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fileno(in), STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, fileno(out), STDOUT_FILENO);
	err = posix_spawnp(&pid, name, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (err)
		return err;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return errno;
	return status ? -1 : 0;
}

static char *read_all(FILE *file)
{
	char *text = NULL;
	size_t room = 0;

	rewind(file);
	if (getdelim(&text, &room, '\0', file) > 0)
		return text;
	free(text);
	return NULL;
}

static int gnuplot_failed(int err)
{
	if (err == ENOENT)
		return failed("--plot: gnuplot is not installed");
	if (err > 0)
		return failed("--plot: gnuplot: %s", strerror(err));
	return failed("--plot: gnuplot failed");
}

/* Better before a trial than behind it. */
int trial_plot_check(void)
{
	FILE *in = tmpfile(), *out = tmpfile();
	int err = in && out ? run_gnuplot(in, out) : errno;

	if (in)
		fclose(in);
	if (out)
		fclose(out);
	return err ? gnuplot_failed(err) : CLI_DONE;
}

static int store(struct cli *cli, FILE *out, const char *path)
{
	char *text = read_all(out);
	int ret = CLI_DONE;

	if (!text)
		ret = gnuplot_failed(-1);
	else if (mpol_store(cli->mpol, path, text, true))
		ret = mpol_failure(cli);
	free(text);
	return ret;
}

int trial_plot(struct cli *cli, const struct findings *findings,
	       const char *path)
{
	FILE *in = tmpfile(), *out = tmpfile();
	int err = in && out ? 0 : errno;
	int ret;

	if (!err) {
		print_script(in, findings);
		fflush(in);
		err = run_gnuplot(in, out);
	}
	ret = err ? gnuplot_failed(err) : store(cli, out, path);
	if (in)
		fclose(in);
	if (out)
		fclose(out);
	return ret;
}
