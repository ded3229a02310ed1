// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening the kernel's trees for a command, and what to say about them.
 */
#include <errno.h>

#include "cli.h"

int cli_open(struct cli *cli)
{
	int ret = mpol_open(&cli->mpol, cli->options.root);

	if (!ret)
		return CLI_DONE;
	if (!cli->mpol)
		return failed("out of memory");
	mpol_failure(cli);
	return ret == -EOPNOTSUPP ? CLI_NO_KERNEL : CLI_FAILED;
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
