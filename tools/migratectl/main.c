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
	&cmd_watch, &cmd_calibrate, &cmd_trial, &cmd_profile, &cmd_save,
	&cmd_restore, &cmd_completion, &cmd_help, &cmd_version,
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

static const char *last_word(const struct command *command)
{
	return strrchr(command->name, ' ') + 1;
}

static int no_such_subcommand(const struct command *command, const char *word)
{
	const struct cli here = { .command = command };
	struct mpol_names names = { 0 };
	char hint[256];

	for (size_t i = 0; command->subcommands[i]; i++)
		if (mpol_names_add(&names, last_word(command->subcommands[i])))
			exit(failed("out of memory"));
	mpol_suggest(word, &names, hint, sizeof(hint));
	mpol_names_free(&names);
	return usage_error(&here, "%s: no such command '%s'; %s", command->name,
			   word, hint);
}

const struct command *find_subcommand(const struct command *command,
				      const char *word)
{
	for (size_t i = 0; command->subcommands[i]; i++)
		if (!strcmp(last_word(command->subcommands[i]), word))
			return command->subcommands[i];
	no_such_subcommand(command, word);
	return NULL;
}

static int choose_subcommand(struct cli *cli, int argc, char **argv)
{
	const struct command *sub;

	if (!argc)
		return usage_error(cli, "%s: %s?", cli->command->name,
				   cli->command->arguments);
	sub = find_subcommand(cli->command, argv[0]);
	if (!sub)
		return CLI_USAGE;
	cli->command = sub;
	return CLI_DONE;
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
	if (cli->command->subcommands && (argc || !cli->options.help)) {
		ret = choose_subcommand(cli, argc, argv);
		if (ret)
			return ret;
		argc--;
		argv++;
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
