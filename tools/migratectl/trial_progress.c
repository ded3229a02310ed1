// SPDX-License-Identifier: GPL-2.0-only
/*
 * How far a trial is, on one line of the terminal.
 */
#include <string.h>
#include <unistd.h>

#include "trial.h"

#define BAR	24

static void print_bar(double done)
{
	int filled = (int)(done * BAR);
	char bar[BAR + 1];

	memset(bar, ' ', BAR);
	memset(bar, '=', filled < BAR ? (size_t)filled : BAR);
	bar[BAR] = '\0';
	fprintf(stderr, "\r[%s] %3.0f%%", bar, done * 100);
}

void trial_show_progress(const struct progress *p)
{
	char passed[HUMAN_SIZE], calls[HUMAN_SIZE], left[HUMAN_SIZE];

	if (!isatty(STDERR_FILENO))
		return;
	if (!p) {
		fputs("\r\033[K", stderr);
		return;
	}
	print_bar(p->done);
	fprintf(stderr, "  %s, %s calls",
		human_time(p->passed_ns / 1000000000 * 1000000000, passed),
		human_count(p->calls, calls));
	if (p->left_ns)
		fprintf(stderr, ", %s left",
			human_time((p->left_ns + 999999999) / 1000000000 *
				   1000000000, left));
	fputs("\033[K", stderr);
	fflush(stderr);
}
