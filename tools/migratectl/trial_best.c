// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arm that won, as a profile.
 */
#include <stdlib.h>
#include <string.h>

#include "trial.h"

static char *profile_text(const struct finding *best)
{
	const struct mpol_settings *settings = &best->arm->settings;
	char *text = NULL, words[256];
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		exit(failed("out of memory"));
	finding_words(best, words, sizeof(words));
	fprintf(file,
		"# Written by " PROGRAM " trial; see migratectl.conf(5).\n"
		"#\n# Arm %s of a trial of %.0f s:\n# %s\n"
		"# (time per page of the control divided by that of the arm: %.2f, with 95%%\n"
		"# between %.2f and %.2f).\n# %s\n\n"
		"[profile]\nsummary = Best of a trial here, for %s\n\n[%s]\n",
		best->arm->name, (double)best->trial->ns / 1e9, words,
		best->ratio.value, best->ratio.low, best->ratio.high,
		best->trial->machine, best->trial->reason,
		best->trial->reason);
	for (size_t i = 0; i < settings->count; i++)
		fprintf(file, "%s = %s\n", settings->setting[i].key,
			settings->setting[i].value);
	if (fclose(file))
		exit(failed("out of memory"));
	return text;
}

int trial_save_best(struct cli *cli, const struct finding *best,
		    const char *name)
{
	char path[PATH_MAX], full[PATH_MAX];
	char *text;
	int ret = CLI_DONE;

	if (!best)
		return failed("no arm is faster than the control: profile '%s' is not written",
			      name);
	snprintf(path, sizeof(path), MPOL_PROFILE_DIR "/%s.conf", name);
	text = profile_text(best);
	if (mpol_prepare_file(cli->mpol, path, full) ||
	    mpol_store(cli->mpol, full, text, false))
		ret = mpol_failure(cli);
	free(text);
	return ret;
}
