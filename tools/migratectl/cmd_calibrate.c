// SPDX-License-Identifier: GPL-2.0-only
/*
 * migratectl calibrate: measures from which batch size each backend pays on
 * this machine, puts every setting back, and writes a profile.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "calibrate.h"

/* The reason under which move_pages(2) migrates. */
#define REASON	"syscall_or_cpuset"

/* What is changed while measuring, as it was. */
struct saved {
	struct mpol_object reason;
	struct mpol_settings settings;
	struct mpol_object global;
	struct mpol_settings globals;
};

static int save(struct cli *cli, struct saved *saved)
{
	*saved = (struct saved){ 0 };
	if (mpol_find(cli->mpol, REASON, &saved->reason) ||
	    mpol_find(cli->mpol, MPOL_GLOBAL_NAME, &saved->global) ||
	    mpol_load(cli->mpol, &saved->reason, &saved->settings) ||
	    mpol_load(cli->mpol, &saved->global, &saved->globals))
		return mpol_failure(cli);
	return CLI_DONE;
}

static bool is_back(struct cli *cli, const struct mpol_object *object,
		    const struct mpol_setting *s)
{
	char now[MPOL_VALUE_SIZE];

	return !mpol_read(cli->mpol, object, s->key, now) &&
	       !strcmp(now, s->value);
}

/* Goes on after a failure: as much as can be is put back. */
static int put_back(struct cli *cli, const struct mpol_object *object,
		    const struct mpol_settings *settings)
{
	int ret = CLI_DONE;

	for (size_t i = 0; i < settings->count; i++) {
		const struct mpol_setting *s = &settings->setting[i];

		if (is_back(cli, object, s))
			continue;
		if (!mpol_write(cli->mpol, object, s->key, s->value) &&
		    is_back(cli, object, s))
			continue;
		message("%s.%s: could not be put back to '%s'", object->name,
			s->key, s->value);
		ret = CLI_STUCK;
	}
	return ret;
}

static int restore(struct cli *cli, const struct saved *saved)
{
	int reason = put_back(cli, &saved->reason, &saved->settings);
	int global = put_back(cli, &saved->global, &saved->globals);

	return reason ? reason : global;
}

static void saved_free(struct saved *saved)
{
	mpol_settings_free(&saved->settings);
	mpol_settings_free(&saved->globals);
}

static int measure(struct cli *cli, const struct mpol_names *backends,
		   struct calibration *c)
{
	struct saved saved;
	int stuck = CLI_DONE;
	int ret = save(cli, &saved);

	if (!ret)
		ret = catch_signals();
	if (!ret) {
		ret = calibrate_measure(cli, &saved.reason, backends, c);
		stuck = restore(cli, &saved);
	}
	saved_free(&saved);
	return stuck ? stuck : ret;
}

static int default_batch(struct cli *cli, unsigned int *batch)
{
	struct mpol_settings defaults;
	const char *value;

	*batch = 0;
	if (mpol_load_defaults(cli->mpol, &defaults))
		return mpol_failure(cli);
	value = mpol_setting(&defaults, "batch_size");
	*batch = value ? (unsigned int)strtoul(value, NULL, 10) : 512;
	mpol_settings_free(&defaults);
	return CLI_DONE;
}

static int print(struct cli *cli, const char *text)
{
	const char *path = cli->options.output;

	if (!text)
		return failed("out of memory");
	if (path && mpol_store(cli->mpol, path, text, true))
		return mpol_failure(cli);
	if (!path)
		fputs(text, stdout);
	return CLI_DONE;
}

static int write_profile(struct cli *cli, const struct calibration *c,
			 const struct mpol_names *backends)
{
	struct choice choice = calibrate_choose(c, backends);
	struct mpol_names reasons;
	char machine[512];
	unsigned int batch;
	char *text;
	int ret = default_batch(cli, &batch);

	if (ret)
		return ret;
	if (mpol_objects(cli->mpol, MPOL_REASON, &reasons))
		return mpol_failure(cli);
	describe_machine(machine, sizeof(machine));
	text = calibrate_profile(c, &choice, &reasons, batch, machine);
	ret = print(cli, text);
	free(text);
	mpol_names_free(&reasons);
	return ret;
}

static int refuse(struct cli *cli, int argc, char **argv)
{
	if (argc)
		return usage_error(cli, "calibrate: unexpected argument '%s'",
				   argv[0]);
	if (cli->options.dry_run)
		return usage_error(cli, "calibrate: nothing is known without measuring; --dry-run does not apply");
	return CLI_DONE;
}

/* Two nodes, a policy that works, and more than one backend. */
static int check(struct cli *cli, const struct mpol_names *backends,
		 struct calibration *c)
{
	struct area area;
	int enabled = mpol_enabled(cli->mpol);
	int ret;

	if (enabled < 0)
		return mpol_failure(cli);
	if (!enabled)
		return failed("calibrate: the kernel was started with migrate_policy=off: no backend takes effect");
	if (backends->count < 2)
		return failed("calibrate: this kernel has no backend but inline: there is nothing to compare");
	ret = area_find_nodes(&area);
	c->from = area.from;
	c->to = area.to;
	c->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	return ret;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct calibration calibration = { 0 };
	struct mpol_names backends = { 0 };
	int ret = refuse(cli, argc, argv);

	if (!ret)
		ret = cli_open_locked(cli);
	if (!ret && mpol_objects(cli->mpol, MPOL_BACKEND, &backends))
		ret = mpol_failure(cli);
	if (!ret)
		ret = check(cli, &backends, &calibration);
	if (!ret)
		ret = measure(cli, &backends, &calibration);
	if (!ret)
		ret = write_profile(cli, &calibration, &backends);
	mpol_names_free(&backends);
	return ret;
}

const struct command cmd_calibrate = {
	.name = "calibrate",
	.arguments = "[-o FILE]",
	.summary = "measure from which batch size backends pay; write a profile",
	.help = "Moves memory of its own between two nodes, inline and with each backend in\n"
		"turn, for some seconds, and compares the times that the kernel counts. It\n"
		"changes the policy of " REASON " meanwhile and puts it back, also when\n"
		"it fails or is interrupted. Progress goes to stderr, the profile to FILE or\n"
		"to stdout.\n",
	.writes_file = true,
	.run = run,
};
