// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening the kernel's trees for a command, and what to say about them.
 */
#include <errno.h>
#include <string.h>

#include "cli.h"
#include "mpol_trial.h"

int cli_create(struct cli *cli)
{
	int ret = mpol_create(&cli->mpol, cli->options.root);

	if (!cli->mpol)
		return failed("out of memory");
	return ret ? mpol_failure(cli) : CLI_DONE;
}

static int attach(struct cli *cli)
{
	int ret = mpol_attach(cli->mpol);

	if (!ret)
		return CLI_DONE;
	mpol_failure(cli);
	return ret == -EOPNOTSUPP ? CLI_NO_KERNEL : CLI_FAILED;
}

int cli_open(struct cli *cli)
{
	int ret = cli->mpol ? CLI_DONE : cli_create(cli);

	return ret ? ret : attach(cli);
}

static int lock(struct cli *cli)
{
	int ret = mpol_lock(cli->mpol, false);

	if (ret == -EWOULDBLOCK) {
		message("%s; waiting", mpol_error(cli->mpol));
		ret = mpol_lock(cli->mpol, true);
	}
	/* Better to work unprotected there than not at all. */
	if (ret == -ENOSYS) {
		message("warning: %s; make sure that nobody else changes the policy now",
			mpol_error(cli->mpol));
		return CLI_DONE;
	}
	return ret ? mpol_failure(cli) : CLI_DONE;
}

int cli_open_locked(struct cli *cli)
{
	int ret = cli_open(cli);

	return ret || cli->options.dry_run ? ret : lock(cli);
}

int warn_if_off(struct cli *cli)
{
	int enabled = mpol_enabled(cli->mpol);

	if (enabled < 0)
		return mpol_failure(cli);
	if (!enabled)
		message("warning: the kernel was started with migrate_policy=off: settings are kept, but none takes effect");
	return CLI_DONE;
}

/* 1 if a reason has a policy of its own, 0, or a negative errno. */
static int is_changed(struct cli *cli, const char *reason,
		      const struct mpol_settings *defaults)
{
	struct mpol_settings settings;
	struct mpol_object object = { .type = MPOL_REASON };
	int ret;

	snprintf(object.name, sizeof(object.name), "%s", reason);
	ret = mpol_load_like(cli->mpol, &object, defaults, &settings);
	if (ret)
		return ret;
	for (size_t i = 0; !ret && i < settings.count; i++) {
		const struct mpol_setting *s = &settings.setting[i];
		const char *value = mpol_setting(defaults, s->key);

		ret = !value || strcmp(value, s->value);
	}
	mpol_settings_free(&settings);
	return ret;
}

/* 1 if calls go to the trial, 0 also if it is gone, or a negative errno. */
static int is_live(struct cli *cli, const char *reason, const char *trial)
{
	struct mpol_object object;
	char live[MPOL_VALUE_SIZE];
	int ret = mpol_trial(cli->mpol, reason, trial, &object);

	if (!ret)
		ret = mpol_read(cli->mpol, &object, "live", live);
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	return !strcmp(live, "1");
}

/* The same of any trial of a reason; a kernel without trials has none. */
static int has_live_trial(struct cli *cli, const char *reason)
{
	struct mpol_names names;
	int ret = mpol_trials(cli->mpol, reason, &names);

	if (ret)
		return ret == -EOPNOTSUPP ? 0 : ret;
	for (size_t i = 0; !ret && i < names.count; i++)
		ret = is_live(cli, reason, names.name[i]);
	mpol_names_free(&names);
	return ret;
}

/* Whether the kernel counts, though "stats" is 0. */
static int any_counted(struct cli *cli)
{
	struct mpol_settings defaults;
	struct mpol_names reasons;
	int ret = mpol_load_defaults(cli->mpol, &defaults);

	if (ret)
		return ret;
	ret = mpol_objects(cli->mpol, MPOL_REASON, &reasons);
	if (!ret) {
		for (size_t i = 0; !ret && i < reasons.count; i++) {
			ret = is_changed(cli, reasons.name[i], &defaults);
			if (!ret)
				ret = has_live_trial(cli, reasons.name[i]);
		}
		mpol_names_free(&reasons);
	}
	mpol_settings_free(&defaults);
	return ret;
}

int warn_if_idle(struct cli *cli)
{
	const struct mpol_object global = {
		.type = MPOL_GLOBAL, .name = MPOL_GLOBAL_NAME,
	};
	char stats[MPOL_VALUE_SIZE];
	int ret = mpol_read(cli->mpol, &global, "stats", stats);

	if (!ret && !strcmp(stats, "0"))
		ret = any_counted(cli);
	else if (!ret)
		ret = 1;
	if (ret < 0)
		return mpol_failure(cli);
	if (!ret)
		message("note: every reason is at its default and no trial is live, so nothing is counted; '" PROGRAM " set " MPOL_GLOBAL_NAME " stats=1' counts all the same");
	return CLI_DONE;
}
