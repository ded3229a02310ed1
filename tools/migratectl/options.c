// SPDX-License-Identifier: GPL-2.0-only
/*
 * The options: one table for getopt, for the help texts and for completion.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* What getopt returns for an option without a letter. */
#define NO_LETTER	256

#define AT(member)	offsetof(struct options, member)

const struct cli_option cli_options[] = {
	{ 0, "root", "DIR", AT(root), NULL,
	  "use the trees below DIR, not the running kernel's" },
	{ 0, "dry-run", NULL, AT(dry_run), NULL,
	  "print the writes instead of doing them" },
	{ 'J', "json", NULL, AT(json), NULL, "print JSON" },
	{ 'r', "raw", NULL, AT(raw), NULL,
	  "print columns separated by one blank, unaligned" },
	{ 'n', "noheadings", NULL, AT(noheadings), NULL, "print no headings" },
	{ 'b', "bytes", NULL, AT(bytes), NULL,
	  "print plain numbers: bytes, nanoseconds, counts" },
	{ 'o', "output", "LIST", AT(output), NULL,
	  "print these columns; +LIST adds to the default ones" },
	{ 0, "output-all", NULL, AT(output_all), NULL, "print all columns" },
	{ 'v', "verbose", NULL, AT(verbose), NULL,
	  "print each write to stderr" },
	{ 'h', "help", NULL, AT(help), NULL,
	  "print this help, or the help of COMMAND" },
	{ 'V', "version", NULL, AT(version), NULL, "print the version" },
	{ 0, "interval", "SEC", AT(interval), " stat watch ",
	  "report what happened every SEC seconds" },
	{ 0, "count", "N", AT(count), " stat watch ",
	  "stop after N reports" },
	{ 0, "reason", "REASON", AT(reason), " trial run trial record ",
	  "whose calls are divided" },
	{ 0, "arm", "ARM", AT(arm), " trial run ",
	  "BACKEND[,KEY=VALUE...]; may be given several times" },
	{ 0, "duration", "TIME", AT(duration), " trial run trial record ",
	  "how long; 60s without --batches" },
	{ 0, "batches", "N", AT(batches), " trial run trial record ",
	  "end as soon as N cuts were counted" },
	{ 0, "share", "N", AT(share), " trial run ",
	  "percent of the calls for each arm" },
	{ 0, "stop-if-worse", "N%", AT(stop_if_worse), " trial run ",
	  "switch arms off that are surely N% slower" },
	{ 0, "record", "FILE", AT(record), " trial run ",
	  "store the raw histograms" },
	{ 0, "plot", "FILE", AT(plot), " trial run trial report ",
	  "draw an SVG picture (needs gnuplot)" },
	{ 0, "save-best", "NAME", AT(save_best), " trial run trial report ",
	  "write the fastest arm as a profile" },
	{ 0, "seed", "N", AT(seed), " trial run trial report ",
	  "of the random numbers behind intervals" },
	{ 0, "prometheus", NULL, AT(prometheus), " stat ",
	  "print metrics for the textfile collector" },
	{ 0, "output-file", "FILE", AT(output_file), " stat ",
	  "replace FILE by the metrics, in one step" },
};

const size_t cli_option_count = ARRAY_SIZE(cli_options);

static void *place(struct options *options, const struct cli_option *option)
{
	return (char *)options + option->offset;
}

static bool is_given(const struct options *options,
		     const struct cli_option *option)
{
	const void *at = (const char *)options + option->offset;

	return option->argument ? *(const char *const *)at != NULL :
				  *(const bool *)at;
}

bool option_suits(const struct cli_option *option,
		  const struct command *command)
{
	char word[32];

	if (!option->commands)
		return true;
	snprintf(word, sizeof(word), " %s ", command->name);
	return strstr(option->commands, word);
}

/* getopt's two views of the table. */
struct getopt_table {
	char letters[2 * ARRAY_SIZE(cli_options) + 3];
	struct option words[ARRAY_SIZE(cli_options) + 1];
};

static void fill(struct getopt_table *table, bool stop_at_word)
{
	char *letter = table->letters;

	*table = (struct getopt_table){ 0 };
	if (stop_at_word)
		*letter++ = '+';
	*letter++ = ':';
	for (size_t i = 0; i < cli_option_count; i++) {
		const struct cli_option *option = &cli_options[i];

		table->words[i] = (struct option){
			option->name, option->argument ? required_argument :
							 no_argument,
			NULL, NO_LETTER + (int)i,
		};
		if (!option->letter)
			continue;
		*letter++ = option->letter;
		if (option->argument)
			*letter++ = ':';
	}
}

/* Of what getopt returned; NULL for its error codes. */
static const struct cli_option *find_option(int code)
{
	if (code >= NO_LETTER)
		return &cli_options[code - NO_LETTER];
	for (size_t i = 0; i < cli_option_count; i++)
		if (cli_options[i].letter && cli_options[i].letter == code)
			return &cli_options[i];
	return NULL;
}

static int wrong_long_option(const struct cli *cli, const char *word)
{
	struct mpol_names names = { 0 };
	char name[32], hint[512];

	for (size_t i = 0; i < cli_option_count; i++) {
		if (cli->command && !option_suits(&cli_options[i], cli->command))
			continue;
		snprintf(name, sizeof(name), "--%s", cli_options[i].name);
		if (mpol_names_add(&names, name))
			exit(failed("out of memory"));
	}
	mpol_suggest(word, &names, hint, sizeof(hint));
	mpol_names_free(&names);
	return usage_error(cli, "no such option '%s'; %s", word, hint);
}

/* getopt's own message would bear the name of the command. */
static int wrong_option(const struct cli *cli, int code, char **argv)
{
	const char *word = argv[optind - 1];

	if (code == ':')
		return usage_error(cli, "option '%s' needs an argument", word);
	if (optopt && !find_option(optopt))
		return usage_error(cli, "no such option '-%c'", optopt);
	if (optopt)
		return usage_error(cli, "option '%s' takes no argument", word);
	return wrong_long_option(cli, word);
}

/* The one option that may be given several times. */
static bool add_arm(struct options *options, const char *arm)
{
	for (size_t i = 0; i < ARMS_MAX; i++) {
		if (options->arm[i])
			continue;
		options->arm[i] = arm;
		return true;
	}
	return false;
}

static bool keep_argument(struct options *options,
			  const struct cli_option *option)
{
	if (option->offset == AT(arm))
		return add_arm(options, optarg);
	*(const char **)place(options, option) = optarg;
	return true;
}

int parse_options(struct cli *cli, int argc, char **argv, bool stop_at_word)
{
	struct getopt_table table;
	int code;

	fill(&table, stop_at_word);
	optind = 0;
	opterr = 0;
	while ((code = getopt_long(argc, argv, table.letters, table.words,
				   NULL)) != -1) {
		const struct cli_option *option = find_option(code);

		if (code == '?' || code == ':' || !option)
			return wrong_option(cli, code, argv);
		if (option->argument) {
			if (!keep_argument(&cli->options, option))
				return usage_error(cli, "--%s: %d at most",
						   option->name, ARMS_MAX);
		} else {
			*(bool *)place(&cli->options, option) = true;
		}
	}
	return CLI_DONE;
}

int check_options(const struct cli *cli)
{
	for (size_t i = 0; i < cli_option_count; i++) {
		const struct cli_option *option = &cli_options[i];

		if (is_given(&cli->options, option) &&
		    !option_suits(option, cli->command))
			return usage_error(cli, "--%s does not apply to '%s'",
					   option->name, cli->command->name);
	}
	return CLI_DONE;
}

static void print_option(FILE *file, const struct cli_option *option)
{
	char words[32], letter[5] = "    ";

	if (option->letter)
		snprintf(letter, sizeof(letter), "-%c, ", option->letter);
	snprintf(words, sizeof(words), "--%s%s%s", option->name,
		 option->argument ? " " : "",
		 option->argument ? option->argument : "");
	fprintf(file, "  %s%-19s %s\n", letter, words, option->help);
}

void print_options(FILE *file, const struct command *command)
{
	bool first = true;

	for (size_t i = 0; i < cli_option_count; i++) {
		const struct cli_option *option = &cli_options[i];

		if (!option->commands != !command ||
		    (command && !option_suits(option, command)))
			continue;
		if (first)
			fputs(command ? "\nOptions of its own:\n" :
					"\nOptions:\n", file);
		first = false;
		print_option(file, option);
	}
}
