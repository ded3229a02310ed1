// SPDX-License-Identifier: GPL-2.0-only
/*
 * Applying a set of changes, whichever command made it: the dry run, the verbose
 * report, and what to tell after a failure.
 */
#include <signal.h>
#include <string.h>

#include "cli.h"

#define PLAIN_CHARS	"abcdefghijklmnopqrstuvwxyz" \
			"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./,:+=@%-"

static void print_word(FILE *file, const char *word)
{
	if (*word && strspn(word, PLAIN_CHARS) == strlen(word)) {
		fputs(word, file);
		return;
	}
	fputc('\'', file);
	for (; *word; word++)
		fputs(*word == '\'' ? "'\\''" : (char[]){ *word, '\0' }, file);
	fputc('\'', file);
}

/* A line for the shell; echo would take -n or a backslash for its own. */
static void print_write(const char *path, const char *value, void *file)
{
	bool plain = value[0] != '-' && !strchr(value, '\\');

	fputs(plain ? "echo " : "printf '%s\\n' ", file);
	print_word(file, value);
	fputs(" > ", file);
	print_word(file, path);
	fputc('\n', file);
}

static int report_failure(struct cli *cli, const struct mpol_changes *changes)
{
	size_t undone = mpol_changes_in_state(changes, MPOL_UNDONE);

	if (changes->failed->origin)
		message("%s: %s", changes->failed->origin,
			mpol_error(cli->mpol));
	else
		mpol_failure(cli);
	if (undone)
		message("%zu earlier change%s put back", undone,
			undone == 1 ? " was" : "s were");
	for (size_t i = 0; i < changes->count; i++) {
		const struct mpol_change *c = &changes->change[i];

		if (c->state == MPOL_STUCK)
			message("%s.%s: could not be put back to '%s'",
				c->object.name, c->key, c->old);
	}
	return mpol_changes_in_state(changes, MPOL_STUCK) ? CLI_STUCK :
							    CLI_FAILED;
}

/* Half a transaction must not stay behind when somebody presses Ctrl-C. */
static void hold_signals(sigset_t *before)
{
	static const int held[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(held); i++)
		sigaddset(&set, held[i]);
	sigprocmask(SIG_BLOCK, &set, before);
}

int apply_changes(struct cli *cli, struct mpol_changes *changes)
{
	const struct options *options = &cli->options;
	sigset_t before;
	int ret = CLI_DONE;

	changes->dry_run = options->dry_run;
	changes->arg = options->dry_run ? stdout : stderr;
	if (options->dry_run || options->verbose)
		changes->report = print_write;
	hold_signals(&before);
	if (mpol_changes_apply(cli->mpol, changes))
		ret = report_failure(cli, changes);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return ret;
}
