// SPDX-License-Identifier: GPL-2.0-only
/*
 * migratectl: choose the copy backend and the batch size of page migration,
 * per migration reason. For administrators and their scripts. This file reads
 * the options and hands over to a command; each command is a file of its own.
 */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

const struct command *const commands[] = {
	&cmd_list, &cmd_get, &cmd_set, &cmd_reset, &cmd_backends, &cmd_help,
	&cmd_version,
};

const size_t command_count = ARRAY_SIZE(commands);

#define LETTERS	"Jrnbo:vhV"

enum {
	OPT_ROOT = 256,
	OPT_DRY_RUN,
	OPT_OUTPUT_ALL,
};

static const struct option long_options[] = {
	{ "root", required_argument, NULL, OPT_ROOT },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "json", no_argument, NULL, 'J' },
	{ "raw", no_argument, NULL, 'r' },
	{ "noheadings", no_argument, NULL, 'n' },
	{ "bytes", no_argument, NULL, 'b' },
	{ "output", required_argument, NULL, 'o' },
	{ "output-all", no_argument, NULL, OPT_OUTPUT_ALL },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

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

static bool *flag(struct options *options, int option)
{
	switch (option) {
	case OPT_DRY_RUN:
		return &options->dry_run;
	case OPT_OUTPUT_ALL:
		return &options->output_all;
	case 'J':
		return &options->json;
	case 'r':
		return &options->raw;
	case 'n':
		return &options->noheadings;
	case 'b':
		return &options->bytes;
	case 'v':
		return &options->verbose;
	case 'h':
		return &options->help;
	case 'V':
		return &options->version;
	default:
		return NULL;
	}
}

static int wrong_long_option(const struct cli *cli, const char *word)
{
	struct mpol_names names = { 0 };
	char name[32], hint[256];

	for (size_t i = 0; long_options[i].name; i++) {
		snprintf(name, sizeof(name), "--%s", long_options[i].name);
		if (mpol_names_add(&names, name))
			exit(failed("out of memory"));
	}
	mpol_suggest(word, &names, hint, sizeof(hint));
	mpol_names_free(&names);
	return usage_error(cli, "no such option '%s'; %s", word, hint);
}

/* getopt's own message would bear the name of the command. */
static int wrong_option(const struct cli *cli, int option, char **argv)
{
	const char *word = argv[optind - 1];

	if (option == ':')
		return usage_error(cli, "option '%s' needs an argument", word);
	if (optopt && optopt < OPT_ROOT && !strchr(LETTERS, optopt))
		return usage_error(cli, "no such option '-%c'", optopt);
	if (optopt)
		return usage_error(cli, "option '%s' takes no argument", word);
	return wrong_long_option(cli, word);
}

/* Options may stand before the command (@stop_at_word) and behind it. */
static int parse_options(struct cli *cli, int argc, char **argv,
			 bool stop_at_word)
{
	const char *letters = stop_at_word ? "+:" LETTERS : ":" LETTERS;
	struct options *options = &cli->options;
	int option;

	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, letters, long_options,
				     NULL)) != -1) {
		bool *wanted = flag(options, option);

		if (wanted)
			*wanted = true;
		else if (option == 'o')
			options->output = optarg;
		else if (option == OPT_ROOT)
			options->root = optarg;
		else
			return wrong_option(cli, option, argv);
	}
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
	if (cli->options.help) {
		print_command_help(cli->command);
		return CLI_DONE;
	}
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
