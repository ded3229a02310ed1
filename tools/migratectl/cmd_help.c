// SPDX-License-Identifier: GPL-2.0-only
/*
 * migratectl help and version: all text comes from the tables that the
 * program itself works by.
 */
#include "cli.h"

static const char exit_help[] =
"  0  done\n"
"  1  failed; nothing was changed, or all of it was put back\n"
"  2  wrong usage\n"
"  3  the kernel has no migrate_policy, or no trials\n"
"  4  the state differs from the profile (profile check)\n"
" 64  a failed change could not be put back wholly\n";

void print_overview(FILE *file)
{
	fputs("Usage: " PROGRAM " [OPTION...] [COMMAND [ARGUMENT...]]\n\n"
	      "Choose, per migration reason, who copies pages and in which batches.\n\n"
	      "Commands:\n", file);
	for (size_t i = 0; i < command_count; i++)
		fprintf(file, "  %-10s %s\n", commands[i]->name,
			commands[i]->summary);
	print_options(file, NULL);
	fprintf(file, "\nExit codes:\n%s\nSee migratectl(8).\n", exit_help);
}

static void print_columns(const struct columns *columns)
{
	printf("\nColumns for -o (* = shown by default):\n");
	for (size_t i = 0; i < columns->count; i++)
		printf("  %c %-14s %s\n",
		       is_default_column(columns, &columns->column[i]) ? '*' : ' ',
		       columns->column[i].name, columns->column[i].help);
}

static void print_reasons(void)
{
	printf("\nReasons:\n");
	for (size_t i = 0; i < mpol_reason_count; i++)
		printf("  %-17s %s\n", mpol_reason_table[i].name,
		       mpol_reason_table[i].help);
}

static void print_keys(void)
{
	static const char *const owner[] = {
		[MPOL_REASON] = "a reason",
		[MPOL_BACKEND] = "a backend",
		[MPOL_GLOBAL] = MPOL_GLOBAL_NAME,
	};

	printf("\nKeys:\n");
	for (size_t i = 0; i < mpol_key_count; i++) {
		const struct mpol_key *key = &mpol_key_table[i];

		printf("  %-11s %s\n%14sof %s: %s\n", key->name, key->help,
		       "", owner[key->type],
		       key->allowed ? key->allowed :
				      "one of '" PROGRAM " backends'");
	}
}

static void print_subcommands(const struct command *command)
{
	for (size_t i = 0; command->subcommands[i]; i++)
		printf("  %-20s %s\n", command->subcommands[i]->name,
		       command->subcommands[i]->summary);
}

void print_command_help(const struct command *command)
{
	printf("Usage: " PROGRAM " [OPTION...] %s%s%s\n\n%s%s", command->name,
	       *command->arguments ? " " : "", command->arguments,
	       command->summary, command->help ? "\n\n" : "\n");
	if (command->help)
		fputs(command->help, stdout);
	if (command == &cmd_list)
		print_reasons();
	if (command->subcommands)
		print_subcommands(command);
	if (command == &cmd_set || command == &cmd_get)
		print_keys();
	if (command->columns.count)
		print_columns(&command->columns);
	print_options(stdout, command);
	printf("\nOptions of all commands: see '" PROGRAM " --help'.\n");
}

static int run_help(struct cli *cli, int argc, char **argv)
{
	const struct command *command;

	if (!argc) {
		print_overview(stdout);
		return CLI_DONE;
	}
	command = find_command(argv[0]);
	if (command && argc == 2 && command->subcommands)
		command = find_subcommand(command, argv[1]);
	else if (argc > 1)
		return usage_error(cli, "help: one command at a time");
	if (!command)
		return CLI_USAGE;
	print_command_help(command);
	return CLI_DONE;
}

static int run_version(struct cli *cli, int argc, char **argv)
{
	if (argc)
		return usage_error(cli, "version: unexpected argument '%s'",
				   argv[0]);
	puts(PROGRAM " " VERSION);
	return CLI_DONE;
}

const struct command cmd_help = {
	.name = "help",
	.arguments = "[COMMAND]",
	.summary = "explain a command, its keys and columns",
	.run = run_help,
};

const struct command cmd_version = {
	.name = "version",
	.arguments = "",
	.summary = "print the version",
	.run = run_version,
};
