// SPDX-License-Identifier: GPL-2.0-only
/*
 * migratectl: choose the copy backend and the batch size of page migration,
 * per migration reason. For administrators and their scripts. This file finds
 * the command and hands over to it; each command is a file of its own.
 */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

const struct command *const commands[] = {
	&cmd_list, &cmd_get, &cmd_set, &cmd_reset, &cmd_backends, &cmd_stat,
	&cmd_watch, &cmd_calibrate, &cmd_completion, &cmd_help, &cmd_version,
};

const size_t command_count = ARRAY_SIZE(commands);

static void no_such_command(const char *name)
{
	const struct cli nobody = { 0 };
	struct mpol_names names = { 0 };
	char hint[256];

	for (size_t i = 0; i < command_count; i++)
		if (mpol_names_add(&names, commands[i]->name))
			exit(failed("out of memory"));
	mpol_suggest(name, &names, hint, sizeof(hint));
	mpol_names_free(&names);
	usage_error(&nobody, "no such command '%s'; %s", name, hint);
}

const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < command_count; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	no_such_command(name);
	return NULL;
}

static int run(struct cli *cli, int argc, char **argv)
{
	int ret;

	cli->command = *argv ? find_command(*argv) : &cmd_list;
	if (!cli->command)
		return CLI_USAGE;
	/* getopt wants a word in front: the command's name is one. */
	if (argc) {
		ret = parse_options(cli, argc, argv, false);
		if (ret)
			return ret;
		argc -= optind;
		argv += optind;
	}
	if (cli->options.help) {
		print_command_help(cli->command);
		return CLI_DONE;
	}
	ret = check_options(cli);
	if (!ret)
		ret = choose_columns(cli);
	return ret ? ret : cli->command->run(cli, argc, argv);
}

static int start(struct cli *cli, int argc, char **argv)
{
	int ret = parse_options(cli, argc, argv, true);

	if (ret)
		return ret;
	if (cli->options.version)
		return cmd_version.run(cli, 0, argv);
	if (cli->options.help && optind == argc) {
		print_overview(stdout);
		return CLI_DONE;
	}
	return run(cli, argc - optind, argv + optind);
}

int main(int argc, char **argv)
{
	struct cli cli = { 0 };
	int ret;

	/* Letters as the user has them; numbers as scripts expect them. */
	setlocale(LC_CTYPE, "");
	ret = start(&cli, argc, argv);
	mpol_close(cli.mpol);
	if (fflush(stdout) || ferror(stdout))
		return failed("standard output: %s", strerror(errno));
	return ret;
}
