// SPDX-License-Identifier: GPL-2.0-only
/*
 * What trial run and trial record begin with: the reason, its control, how
 * long; and the settings of an arm as the kernel has them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trial.h"

#define DURATION_NS	60000000000ULL

static int parse_batches(const struct cli *cli, uint64_t *batches)
{
	const char *text = cli->options.batches;
	char *end;

	errno = 0;
	*batches = strtoull(text, &end, 10);
	if (*text < '1' || *text > '9' || *end || errno)
		return usage_error(cli, "--batches: '%s' is not a number from 1 on",
				   text);
	return CLI_DONE;
}

static int parse_worse(const struct cli *cli, double *worse)
{
	const char *text = cli->options.stop_if_worse;
	char *end;
	double percent = strtod(text, &end);

	if (*text < '0' || *text > '9' || strcmp(end, "%") || !(percent < 1e6))
		return usage_error(cli, "--stop-if-worse: '%s' is not a percentage, as in 10%%",
				   text);
	*worse = 1 + percent / 100;
	return CLI_DONE;
}

int trial_parse_how(const struct cli *cli, struct measuring *how)
{
	int ret = CLI_DONE;

	*how = (struct measuring){ 0 };
	if (cli->options.duration)
		ret = trial_parse_time(cli, "--duration", cli->options.duration,
				       &how->duration_ns);
	else if (!cli->options.batches)
		how->duration_ns = DURATION_NS;
	if (!ret && cli->options.batches)
		ret = parse_batches(cli, &how->batches);
	if (!ret && cli->options.stop_if_worse)
		ret = parse_worse(cli, &how->worse);
	return ret;
}

/* A kernel without trials gets the exit code of one without policies. */
static int check_kernel(struct cli *cli, const char *reason)
{
	struct mpol_names names;
	int ret = mpol_trials(cli->mpol, reason, &names);

	if (!ret) {
		mpol_names_free(&names);
		return CLI_DONE;
	}
	mpol_failure(cli);
	return ret == -EOPNOTSUPP ? CLI_NO_KERNEL : CLI_FAILED;
}

int trial_find_reason(struct cli *cli, struct trial *trial)
{
	const char *name = cli->options.reason;
	struct mpol_object object;

	if (!name)
		return usage_error(cli, "%s: --reason is missing",
				   cli->command->name);
	if (mpol_find(cli->mpol, name, &object))
		return mpol_failure(cli);
	if (object.type != MPOL_REASON)
		return failed("%s: not a reason; only reasons have trials",
			      name);
	memcpy(trial->reason, object.name, sizeof(trial->reason));
	return check_kernel(cli, name);
}

/* What makes the arm a trial is no part of its policy. */
static void drop(struct mpol_settings *s, const char *key)
{
	for (size_t i = 0; i < s->count; i++) {
		if (strcmp(s->setting[i].key, key))
			continue;
		free(s->setting[i].key);
		free(s->setting[i].value);
		s->setting[i] = s->setting[--s->count];
		return;
	}
}

int trial_load_arm(struct cli *cli, struct arm *arm)
{
	const char *share;

	mpol_settings_free(&arm->settings);
	if (mpol_load(cli->mpol, &arm->object, &arm->settings))
		return mpol_failure(cli);
	share = mpol_setting(&arm->settings, "share");
	if (share)
		arm->share = (unsigned int)strtoul(share, NULL, 10);
	drop(&arm->settings, "share");
	drop(&arm->settings, "live");
	return CLI_DONE;
}

int trial_add_control(struct cli *cli, struct trial *trial)
{
	struct arm *arm = trial_add_arm(trial, CONTROL);

	arm->share = 100;
	if (mpol_find(cli->mpol, trial->reason, &arm->object))
		return mpol_failure(cli);
	return trial_load_arm(cli, arm);
}
