// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages: one line each, on stderr, with the program's name in front.
 */
#include <stdarg.h>

#include "cli.h"

__attribute__((format(printf, 1, 0)))
static void print(const char *format, va_list ap)
{
	/* Keep the order where both streams end in one file. */
	fflush(stdout);
	fputs(PROGRAM ": ", stderr);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
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
