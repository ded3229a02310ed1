// SPDX-License-Identifier: GPL-2.0-only
/*
 * migratectl trial run: makes the arms, watches them, removes them, reports.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "trial.h"

static int refuse(struct cli *cli, int argc, char **argv)
{
	if (argc)
		return usage_error(cli, "trial run: unexpected argument '%s'",
				   argv[0]);
	if (!cli->options.arm[0])
		return usage_error(cli, "trial run: --arm is missing");
	return CLI_DONE;
}

static int check_kernel(struct cli *cli)
{
	int enabled = mpol_enabled(cli->mpol);

	if (enabled < 0)
		return mpol_failure(cli);
	if (!enabled)
		return failed("trial run: the kernel was started with migrate_policy=off: no policy takes effect");
	return CLI_DONE;
}

/* Better known before a trial than behind it. */
static int check_best(struct cli *cli, const char *name)
{
	char path[PATH_MAX], full[PATH_MAX];
	struct stat st;

	if (!name)
		return CLI_DONE;
	snprintf(path, sizeof(path), MPOL_PROFILE_DIR "/%s.conf", name);
	snprintf(full, sizeof(full), "%s%s",
		 cli->options.root ? cli->options.root : "", path);
	if (stat(full, &st))
		return CLI_DONE;
	return failed("--save-best: %s is there already", full);
}

static void print_write(struct cli *cli, const struct arm *arm,
			const char *key, const char *value)
{
	char path[PATH_MAX];

	mpol_path(cli->mpol, &arm->object, key, path, sizeof(path));
	printf("echo %s > %s\n", value, path);
}

static int print_all(struct cli *cli, const struct trial *trial)
{
	char path[PATH_MAX], share[16];

	for (size_t i = 1; i < trial->count; i++) {
		const struct arm *arm = &trial->arm[i];

		mpol_path(cli->mpol, &arm->object, "", path, sizeof(path));
		printf("mkdir %s\n", path);
		for (size_t j = 0; j < arm->settings.count; j++)
			print_write(cli, arm, arm->settings.setting[j].key,
				    arm->settings.setting[j].value);
		snprintf(share, sizeof(share), "%u", arm->share);
		print_write(cli, arm, "share", share);
	}
	for (size_t i = 1; i < trial->count; i++)
		print_write(cli, &trial->arm[i], "live", "1");
	return CLI_DONE;
}

static int make_arm(struct cli *cli, struct arm *arm)
{
	char share[16];

	if (mpol_trial_make(cli->mpol, &arm->object))
		return mpol_failure(cli);
	for (size_t i = 0; i < arm->settings.count; i++)
		if (mpol_write(cli->mpol, &arm->object,
			       arm->settings.setting[i].key,
			       arm->settings.setting[i].value))
			return mpol_failure(cli);
	snprintf(share, sizeof(share), "%u", arm->share);
	if (mpol_write(cli->mpol, &arm->object, "share", share))
		return mpol_failure(cli);
	return trial_load_arm(cli, arm);
}

static int start_arm(struct cli *cli, const struct trial *trial,
		     const struct arm *arm)
{
	int ret = mpol_write(cli->mpol, &arm->object, "live", "1");

	if (ret == -ERANGE)
		return failed("%s: the shares of all its trials together are above 100 percent; see 'trial list'",
			      trial->reason);
	return ret ? mpol_failure(cli) : CLI_DONE;
}

/* All are made before the first begins: they begin together. */
static int make_arms(struct cli *cli, struct trial *trial)
{
	int ret = CLI_DONE;

	for (size_t i = 1; !ret && i < trial->count; i++)
		ret = make_arm(cli, &trial->arm[i]);
	for (size_t i = 1; !ret && i < trial->count; i++)
		ret = start_arm(cli, trial, &trial->arm[i]);
	return ret;
}

/* Another policy in the middle of it makes a mixture of the control. */
static int check_control(struct cli *cli, const struct trial *trial)
{
	const struct arm *control = &trial->arm[0];
	char value[MPOL_VALUE_SIZE];

	for (size_t i = 0; i < control->settings.count; i++) {
		const struct mpol_setting *s = &control->settings.setting[i];

		if (mpol_read(cli->mpol, &control->object, s->key, value))
			return mpol_failure(cli);
		if (strcmp(value, s->value))
			message("warning: %s.%s was changed during the trial: the control is no single policy",
				trial->reason, s->key);
	}
	return CLI_DONE;
}

/* As when its backend is withdrawn. */
static int check_arms(struct cli *cli, const struct trial *trial)
{
	char live[MPOL_VALUE_SIZE];

	for (size_t i = 1; i < trial->count; i++) {
		const struct arm *arm = &trial->arm[i];

		if (mpol_read(cli->mpol, &arm->object, "live", live))
			return mpol_failure(cli);
		if (!arm->stopped_ns && strcmp(live, "1"))
			message("warning: %s was switched off during the trial, and not by this command",
				arm->name);
	}
	return CLI_DONE;
}

static int measure(struct cli *cli, struct trial *trial,
		   const struct measuring *how)
{
	struct owner owner;
	int ret = owner_start(cli, trial, &owner);
	int stuck;

	if (!ret)
		ret = make_arms(cli, trial);
	/* Others may change the policy of other reasons meanwhile. */
	mpol_unlock(cli->mpol);
	if (!ret)
		ret = trial_measure(cli, trial, how);
	if (!ret)
		ret = check_control(cli, trial);
	if (!ret)
		ret = check_arms(cli, trial);
	stuck = owner_end(&owner);
	describe_machine(trial->machine, sizeof(trial->machine));
	return stuck ? stuck : ret;
}

static int report(struct cli *cli, struct trial *trial,
		  const struct report *how)
{
	const struct trials one = { trial, 1 };
	int ret = CLI_DONE;

	if (trial->interrupted)
		message("trial run: interrupted after %.0f s",
			(double)trial->ns / 1e9);
	if (cli->options.record)
		ret = trial_store(cli, trial, cli->options.record);
	if (!ret)
		ret = report_print(cli, &one, how);
	return !ret && trial->interrupted ? CLI_FAILED : ret;
}

static int run_trial(struct cli *cli, struct trial *trial,
		     const struct measuring *measuring,
		     const struct report *how)
{
	int ret = trial_find_reason(cli, trial);

	if (!ret)
		ret = check_kernel(cli);
	if (!ret)
		ret = trial_add_control(cli, trial);
	if (!ret)
		ret = trial_parse_arms(cli, trial);
	for (size_t i = 1; !ret && i < trial->count; i++)
		ret = owner_object(cli, trial, &trial->arm[i]);
	if (!ret && cli->options.dry_run)
		return print_all(cli, trial);
	if (!ret)
		ret = catch_signals();
	if (!ret)
		ret = measure(cli, trial, measuring);
	return ret ? ret : report(cli, trial, how);
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct trial trial = { 0 };
	struct measuring measuring;
	struct report how;
	int ret = refuse(cli, argc, argv);

	if (!ret)
		ret = trial_parse_how(cli, &measuring);
	measuring.stop_arms = true;
	if (!ret)
		ret = report_prepare(cli, &how);
	if (!ret)
		ret = check_best(cli, how.save_best);
	if (!ret)
		ret = cli_open_locked(cli);
	if (!ret)
		ret = run_trial(cli, &trial, &measuring, &how);
	trial_free(&trial);
	return ret;
}

const struct command cmd_trial_run = {
	.name = "trial run",
	.arguments = "--reason REASON --arm ARM...",
	.summary = "try policies side by side, and report",
	.help = "ARM is BACKEND[,KEY=VALUE...] with the keys of the reason; what it does not\n"
		"name is as in the reason's own policy, the control. 'share=N' is the arm's\n"
		"percentage of the calls, 'name=NAME' what it is called. However the command\n"
		"ends, its trials are removed; ^C ends it early, with a report.\n",
	.columns = { trial_report_columns, REPORT_COLUMNS,
		     "ARM,CALLS,RATE,PAGE_P50,AWAY_P99,RATIO,P_VALUE" },
	.run = run,
};
