// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals that end a command which has something to put back first.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "cli.h"

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

bool was_stopped(void)
{
	return stopped;
}

/* No SA_RESTART: whoever waits has to wake up. */
int catch_signals(void)
{
	static const int signals[] = {
		SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE,
	};
	struct sigaction action = { .sa_handler = stop };

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (sigaction(signals[i], &action, NULL))
			return failed("cannot catch signal %d: %s", signals[i],
				      strerror(errno));
	return CLI_DONE;
}
