// SPDX-License-Identifier: GPL-2.0-only
/*
 * migratectl trial record: watches trials that somebody else made, and stores
 * their raw histograms.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trial.h"

/* What "trial run" put in front of the name. */
static const char *short_name(const char *name)
{
	size_t length = strlen(TRIAL_PREFIX);
	const char *rest;

	if (strncmp(name, TRIAL_PREFIX, length))
		return name;
	rest = name + length + strspn(name + length, "0123456789");
	return *rest == '-' && rest[1] ? rest + 1 : name;
}

static int add_arm(struct cli *cli, struct trial *trial, const char *name)
{
	struct mpol_object object;
	char live[MPOL_VALUE_SIZE];
	struct arm *arm;

	if (mpol_trial(cli->mpol, trial->reason, name, &object) ||
	    mpol_read(cli->mpol, &object, "live", live))
		return mpol_failure(cli);
	if (strcmp(live, "1"))
		return CLI_DONE;
	if (trial->count == TRIAL_ARMS)
		return failed("%s: more than %d trials are live", trial->reason,
			      ARMS_MAX);
	arm = trial_add_arm(trial, short_name(name));
	arm->object = object;
	return trial_load_arm(cli, arm);
}

static int find_arms(struct cli *cli, struct trial *trial)
{
	struct mpol_names names;
	int ret;

	if (mpol_trials(cli->mpol, trial->reason, &names))
		return mpol_failure(cli);
	ret = trial_add_control(cli, trial);
	for (size_t i = 0; !ret && i < names.count; i++)
		ret = add_arm(cli, trial, names.name[i]);
	mpol_names_free(&names);
	if (!ret && trial->count < 2)
		return failed("%s: no trial is live", trial->reason);
	for (size_t i = 1; i < trial->count; i++)
		trial->arm[0].share -= trial->arm[i].share;
	return ret;
}

static int store(struct cli *cli, const struct trial *trial)
{
	char *text;

	if (cli->options.output)
		return trial_store(cli, trial, cli->options.output);
	text = trial_text(trial);
	fputs(text, stdout);
	free(text);
	return CLI_DONE;
}

static int record(struct cli *cli, struct trial *trial,
		  const struct measuring *how)
{
	int ret = find_arms(cli, trial);

	if (!ret)
		ret = catch_signals();
	if (!ret)
		ret = trial_measure(cli, trial, how);
	describe_machine(trial->machine, sizeof(trial->machine));
	return ret ? ret : store(cli, trial);
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct trial trial = { 0 };
	struct measuring how;
	int ret;

	if (argc)
		return usage_error(cli, "trial record: unexpected argument '%s'",
				   argv[0]);
	if (cli->options.dry_run)
		return usage_error(cli, "trial record: it changes nothing; --dry-run does not apply");
	ret = trial_parse_how(cli, &how);
	if (!ret)
		ret = cli_open(cli);
	if (!ret)
		ret = trial_find_reason(cli, &trial);
	if (!ret)
		ret = record(cli, &trial, &how);
	trial_free(&trial);
	return ret;
}

const struct command cmd_trial_record = {
	.name = "trial record",
	.arguments = "--reason REASON [-o FILE]",
	.summary = "store what the trials that are live measure",
	.help = "Watches the live trials of a reason, whoever made them, and stores what they\n"
		"and the control did meanwhile, in FILE or on stdout: for 'trial report'.\n"
		"^C ends it early.\n",
	.writes_file = true,
	.run = run,
};
