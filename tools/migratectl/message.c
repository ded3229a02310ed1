// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages: one line each, on stderr, with the program's name in front. Where a
 * terminal would break that line inside a word, it is broken between two.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"

#define LEAD	PROGRAM ":"
/* A terminal that is narrower may break lines as it likes. */
#define NARROWEST	40

static size_t message_width(void)
{
	struct winsize size;

	return !ioctl(STDERR_FILENO, TIOCGWINSZ, &size) &&
	       size.ws_col >= NARROWEST ? size.ws_col : SIZE_MAX;
}

static void print_words(const char *text, size_t width)
{
	size_t column = strlen(LEAD);

	fputs(LEAD, stderr);
	for (bool more = true; more; more = *text++ == ' ') {
		size_t length = strcspn(text, " ");

		if (column + 1 + length > width) {
			column = strlen(LEAD);
			fprintf(stderr, "\n%*s", (int)column, "");
		}
		fprintf(stderr, " %.*s", (int)length, text);
		column += 1 + length;
		text += length;
	}
	fputc('\n', stderr);
}

__attribute__((format(printf, 1, 0)))
static void print(const char *format, va_list ap)
{
	char *text;

	/* Keep the order where both streams end in one file. */
	fflush(stdout);
	if (vasprintf(&text, format, ap) < 0) {
		fputs(LEAD " out of memory\n", stderr);
		return;
	}
	print_words(text, message_width());
	free(text);
}

void message(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	print(format, ap);
	va_end(ap);
}

int failed(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	print(format, ap);
	va_end(ap);
	return CLI_FAILED;
}

int usage_error(const struct cli *cli, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	print(format, ap);
	va_end(ap);
	if (cli->command)
		fprintf(stderr, "Try '" PROGRAM " help %s'.\n",
			cli->command->name);
	else
		fputs("Try '" PROGRAM " --help'.\n", stderr);
	return CLI_USAGE;
}

int mpol_failure(const struct cli *cli)
{
	return failed("%s", mpol_error(cli->mpol));
}
