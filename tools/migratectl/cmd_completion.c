// SPDX-License-Identifier: GPL-2.0-only
/*
 * migratectl completion: scripts for bash and zsh, made from the tables that
 * the program itself works by. Names that the kernel has, the script asks the
 * program for at the time; the table's reasons stand in where it cannot tell.
 */
#include <string.h>

#include "cli.h"

typedef void print_fn(const struct command *command);

/* Subcommands come right behind the command that they belong to. */
static void for_each_command(print_fn *print)
{
	for (size_t i = 0; i < command_count; i++) {
		const struct command *const *sub = commands[i]->subcommands;

		print(commands[i]);
		for (; sub && *sub; sub++)
			print(*sub);
	}
}

/* One word each, between blanks. */
static void print_options_of(const struct command *command)
{
	for (size_t i = 0; i < cli_option_count; i++) {
		const struct cli_option *option = &cli_options[i];

		if (command ? !option->commands ||
			      !option_suits(option, command) :
			      option->commands != NULL)
			continue;
		if (option->letter)
			printf(" -%c", option->letter);
		printf(" --%s", option->name);
	}
}

/* All options that want an argument, as a pattern for case. */
static void print_pattern(void)
{
	const char *bar = "";

	for (size_t i = 0; i < cli_option_count; i++) {
		const struct cli_option *option = &cli_options[i];

		if (!option->argument)
			continue;
		if (option->letter)
			printf("%s-%c", bar, option->letter);
		printf("%s--%s", option->letter ? "|" : bar, option->name);
		bar = "|";
	}
}

static void print_function(const char *name)
{
	printf("\n%s()\n{\n", name);
}

static void print_commands(void)
{
	print_function("_migratectl_commands");
	printf("\techo '");
	for (size_t i = 0; i < command_count; i++)
		printf("%s%s", i ? " " : "", commands[i]->name);
	puts("'\n}");
}

static void print_subcommands_of(const struct command *command)
{
	if (!command->subcommands)
		return;
	printf("\t%s) echo '", command->name);
	for (size_t i = 0; command->subcommands[i]; i++)
		printf(" %s", strrchr(command->subcommands[i]->name, ' ') + 1);
	puts("' ;;");
}

static void print_subcommands(void)
{
	print_function("_migratectl_subcommands");
	puts("\tcase $1 in");
	for_each_command(print_subcommands_of);
	puts("\thelp) _migratectl_commands ;;");
	puts("\tcompletion) echo 'bash zsh' ;;\n\tesac\n}");
}

static void print_group(const struct command *command)
{
	if (command->subcommands)
		printf("\t%s) return 0 ;;\n", command->name);
}

/* Whether the name of a command has a second word. */
static void print_is_group(void)
{
	print_function("_migratectl_is_group");
	puts("\tcase $1 in");
	for_each_command(print_group);
	puts("\tesac\n\treturn 1\n}");
}

static void print_writer(const struct command *command)
{
	if (command->writes_file)
		printf("\t'%s') return 0 ;;\n", command->name);
}

/* Whether -o names a file. */
static void print_writes_file(void)
{
	print_function("_migratectl_writes_file");
	puts("\tcase $1 in");
	for_each_command(print_writer);
	puts("\tesac\n\treturn 1\n}");
}

static void print_own_options(const struct command *command)
{
	printf("\t'%s') echo '", command->name);
	print_options_of(command);
	puts("' ;;");
}

static void print_option_words(void)
{
	print_function("_migratectl_options");
	puts("\tcase $1 in");
	for_each_command(print_own_options);
	printf("\tesac\n\techo '");
	print_options_of(NULL);
	puts("'\n}");
}

static void print_columns_of(const struct command *command)
{
	const struct columns *columns = &command->columns;

	if (!columns->count)
		return;
	printf("\t'%s') echo '", command->name);
	for (size_t i = 0; i < columns->count; i++)
		printf("%s%s", i ? " " : "", columns->column[i].name);
	puts("' ;;");
}

/* As the command's heading has them, and in lower case as JSON does. */
static void print_columns(void)
{
	print_function("_migratectl_columns");
	puts("\tcase ${1:-list} in");
	for_each_command(print_columns_of);
	puts("\tesac\n}");
}

static void print_keys_of(const char *pattern, enum mpol_type type)
{
	printf("\t%s) echo '", pattern);
	for (size_t i = 0; i < mpol_key_count; i++) {
		const struct mpol_key *key = &mpol_key_table[i];

		if (key->type == type &&
		    (!key->backend || !strcmp(key->backend, pattern)))
			printf(" %s", key->name);
	}
	puts("' ;;");
}

/* The keys of a backend stand together in the table. */
static void print_keys(void)
{
	const char *last = "";

	print_function("_migratectl_keys");
	puts("\tcase $1 in");
	print_keys_of(MPOL_GLOBAL_NAME, MPOL_GLOBAL);
	for (size_t i = 0; i < mpol_key_count; i++) {
		const char *backend = mpol_key_table[i].backend;

		if (backend && strcmp(backend, last))
			print_keys_of(backend, MPOL_BACKEND);
		last = backend ? backend : last;
	}
	print_keys_of("*", MPOL_REASON);
	puts("\tesac\n}");
}

/* What a key may be set to, where that is a few words. */
static void print_values(void)
{
	print_function("_migratectl_values");
	puts("\tcase $1 in\n\tbackend) _migratectl_backends ;;");
	for (size_t i = 0; i < mpol_key_count; i++) {
		const struct mpol_key *key = &mpol_key_table[i];

		if (key->kind == MPOL_BOOL)
			printf("\t%s) echo '0 1' ;;\n", key->name);
		if (!key->words)
			continue;
		printf("\t%s) echo '", key->name);
		for (size_t j = 0; key->words[j]; j++)
			printf(" %s", key->words[j]);
		puts("' ;;");
	}
	puts("\tesac\n}");
}

static void print_names(void)
{
	print_function("_migratectl_reasons");
	fputs("\t" PROGRAM " list -rno REASON 2>/dev/null ||\n\t\techo '", stdout);
	for (size_t i = 0; i < mpol_reason_count; i++)
		printf("%s%s", i ? " " : "", mpol_reason_table[i].name);
	puts("'\n}");
	print_function("_migratectl_backends");
	puts("\t" PROGRAM " backends -rno NAME 2>/dev/null || echo 'inline mt'\n}");
	print_function("_migratectl_profiles");
	puts("\t" PROGRAM " profile list -rno NAME 2>/dev/null\n}");
}

/* Which names a command takes. */
static void print_arguments(void)
{
	static const struct {
		const char *command;
		const char *names;
	} takes[] = {
		{ "list|reset", "_migratectl_reasons; echo all" },
		{ "get|set", "_migratectl_reasons; _migratectl_backends; "
			     "echo 'all " MPOL_GLOBAL_NAME "'" },
		{ "stat|watch", "_migratectl_reasons; _migratectl_backends; "
				"echo all" },
		{ "'profile show'|'profile cat'|'profile check'|'profile diff'|"
		  "'profile apply'", "_migratectl_profiles" },
	};

	print_function("_migratectl_names");
	puts("\tcase $1 in");
	for (size_t i = 0; i < ARRAY_SIZE(takes); i++)
		printf("\t%s) %s ;;\n", takes[i].command, takes[i].names);
	puts("\t*) _migratectl_subcommands \"$1\" ;;\n\tesac\n}");
}

static void print_takes_argument(void)
{
	print_function("_migratectl_takes_argument");
	fputs("\tcase $1 in\n\t", stdout);
	print_pattern();
	puts(") return 0 ;;\n\tesac\n\treturn 1\n}");
}

/*
 * The same for both shells: prints candidates for the last of its arguments,
 * the words of the line; "file" or "directory" for one of those. In a comma
 * list they bear what stands in front.
 */
static const char candidates[] =
"\n_migratectl_join()\n{\n"
"\tlocal word\n\n"
"\twhile read -r word; do\n\t\techo \"$1$word\"\n\tdone\n}\n"
"\n_migratectl_lines()\n{\n"
"\ttr -s ' ' '\\n' | grep .\n}\n"
"\n_migratectl_list()\n{\n"
"\tlocal before=''\n\n"
"\tcase $1 in\n"
"\t*,*) before=${1%,*}, ;;\n"
"\t+*) before=+ ;;\n"
"\tesac\n"
"\t_migratectl_lines | _migratectl_join \"$2$before\"\n}\n"
"\n_migratectl_candidates()\n{\n"
"\tlocal command='' object='' count=0 last='' word\n\n"
"\tshift\n"
"\twhile [ $# -gt 1 ]; do\n"
"\t\tword=$1\n\t\tshift\n"
"\t\tif _migratectl_takes_argument \"$word\"; then\n"
"\t\t\tlast=$word\n"
"\t\t\t[ $# -gt 1 ] || break\n"
"\t\t\tlast=\n\t\t\tshift\n"
"\t\t\tcontinue\n"
"\t\tfi\n"
"\t\tcase $word in\n"
"\t\t-*) ;;\n"
"\t\t*)\tif [ -z \"$command\" ]; then\n"
"\t\t\t\tcommand=$word\n"
"\t\t\telif _migratectl_is_group \"$command\"; then\n"
"\t\t\t\tcommand=\"$command $word\"\n"
"\t\t\telse\n"
"\t\t\t\tobject=$word\n"
"\t\t\t\tcount=$((count + 1))\n"
"\t\t\tfi ;;\n"
"\t\tesac\n"
"\tdone\n"
"\tcase $last in\n"
"\t--root) echo directory; return ;;\n"
"\t--output-file|--plot|--record) echo file; return ;;\n"
"\t--reason) _migratectl_reasons; return ;;\n"
"\t--arm) _migratectl_backends; return ;;\n"
"\t-o|--output)\n"
"\t\tif _migratectl_writes_file \"$command\"; then\n"
"\t\t\techo file\n"
"\t\telse\n"
"\t\t\t_migratectl_columns \"$command\" | _migratectl_list \"$1\"\n"
"\t\tfi\n"
"\t\treturn ;;\n"
"\t?*) return ;;\n"
"\tesac\n"
"\tcase $command,$1 in\n"
"\t*,-*) _migratectl_options \"$command\" | _migratectl_lines ;;\n"
"\t,*) _migratectl_commands | _migratectl_lines ;;\n"
"\tsave,*|restore,*|'profile '*,*/*|'trial report',*) echo file ;;\n"
"\tset,classes=*) _migratectl_values classes |\n"
"\t\t_migratectl_list \"${1#*=}\" \"${1%%=*}=\" ;;\n"
"\tset,*=*) _migratectl_values \"${1%%=*}\" | _migratectl_lines |\n"
"\t\t_migratectl_join \"${1%%=*}=\" ;;\n"
"\tget,*.*) _migratectl_keys \"${1%%.*}\" | _migratectl_lines |\n"
"\t\t_migratectl_join \"${1%.*}.\" ;;\n"
"\tset,*)\tif [ $count -gt 0 ]; then\n"
"\t\t\t_migratectl_keys \"$object\" | _migratectl_lines |\n"
"\t\t\t\tsed 's/..*/&=/'\n"
"\t\telse\n"
"\t\t\t_migratectl_names set | _migratectl_list \"$1\"\n"
"\t\tfi ;;\n"
"\thelp,*)\tif [ $count -eq 0 ]; then\n"
"\t\t\t_migratectl_names help | _migratectl_lines\n"
"\t\telif [ $count -eq 1 ] && _migratectl_is_group \"$object\"; then\n"
"\t\t\t_migratectl_subcommands \"$object\" | _migratectl_lines\n"
"\t\tfi ;;\n"
"\t*) _migratectl_names \"$command\" | _migratectl_list \"$1\" ;;\n"
"\tesac\n}\n";

static void print_tables(void)
{
	print_commands();
	print_subcommands();
	print_is_group();
	print_writes_file();
	print_option_words();
	print_columns();
	print_keys();
	print_values();
	print_names();
	print_arguments();
	print_takes_argument();
	fputs(candidates, stdout);
}

/* bash breaks words at "=", and puts only the part behind it back. */
static const char bash_end[] =
"\n_migratectl()\n{\n"
"\tlocal line=${COMP_LINE:0:COMP_POINT} current candidates\n"
"\tlocal -a words\n\n"
"\tread -r -a words <<< \"$line\"\n"
"\t[[ $line != *[[:space:]] ]] || words+=('')\n"
"\tcurrent=${words[-1]}\n"
"\tcandidates=$(_migratectl_candidates \"${words[@]}\")\n"
"\tcase $candidates in\n"
"\tfile) mapfile -t COMPREPLY < <(compgen -f -- \"$current\") ;;\n"
"\tdirectory) mapfile -t COMPREPLY < <(compgen -d -- \"$current\") ;;\n"
"\t*) mapfile -t COMPREPLY < <(compgen -W \"$candidates\" -- \"$current\") ;;\n"
"\tesac\n"
"\tif [[ ${COMPREPLY[0]} == *[=,.+] || $candidates == *,* ]]; then\n"
"\t\tcompopt -o nospace 2>/dev/null\n"
"\tfi\n"
"\tif [[ $current == *=* && $COMP_WORDBREAKS == *=* ]]; then\n"
"\t\tCOMPREPLY=(\"${COMPREPLY[@]#*=}\")\n"
"\tfi\n}\n\n"
"complete -F _migratectl " PROGRAM "\n";

static const char zsh_end[] =
"\n_migratectl()\n{\n"
"\temulate -L zsh\n"
"\tlocal -a candidates\n\n"
"\tcandidates=(${(f)\"$(_migratectl_candidates \"${(@)words[1,CURRENT]}\")\"})\n"
"\tcase $candidates in\n"
"\tfile) _files ;;\n"
"\tdirectory) _files -/ ;;\n"
"\t*=|*,*) compadd -S '' -- $candidates ;;\n"
"\t*) compadd -- $candidates ;;\n"
"\tesac\n}\n\n"
"if [ \"$funcstack[1]\" = _migratectl ]; then\n"
"\t_migratectl \"$@\"\n"
"else\n"
"\tcompdef _migratectl " PROGRAM "\n"
"fi\n";

static const struct {
	const char *name;
	const char *head;
	const char *end;
} shells[] = {
	{ "bash", "# bash completion for " PROGRAM "; made by '" PROGRAM
		  " completion bash'\n", bash_end },
	{ "zsh", "#compdef " PROGRAM "\n# made by '" PROGRAM
		 " completion zsh'\n", zsh_end },
};

static int no_such_shell(struct cli *cli, const char *word)
{
	struct mpol_names names = { 0 };
	char hint[128] = "";

	for (size_t i = 0; i < ARRAY_SIZE(shells); i++)
		if (mpol_names_add(&names, shells[i].name))
			return failed("out of memory");
	mpol_suggest(word, &names, hint, sizeof(hint));
	mpol_names_free(&names);
	return usage_error(cli, "completion: no such shell '%s'; %s", word,
			   hint);
}

static int run(struct cli *cli, int argc, char **argv)
{
	if (argc != 1)
		return usage_error(cli, "completion: for which shell, bash or zsh?");
	for (size_t i = 0; i < ARRAY_SIZE(shells); i++) {
		if (strcmp(shells[i].name, argv[0]))
			continue;
		fputs(shells[i].head, stdout);
		print_tables();
		fputs(shells[i].end, stdout);
		return CLI_DONE;
	}
	return no_such_shell(cli, argv[0]);
}

const struct command cmd_completion = {
	.name = "completion",
	.arguments = "bash|zsh",
	.summary = "print a completion script for a shell",
	.help = "Made from the program's own tables. For the running shell:\n"
		"    eval \"$(" PROGRAM " completion bash)\"\n",
	.run = run,
};
