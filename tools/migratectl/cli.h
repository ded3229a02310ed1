/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the command's own files share: options, the command table, messages,
 * tables. Everything that talks to the kernel is behind mpol.h.
 */
#ifndef CLI_H
#define CLI_H

#include <stdbool.h>
#include <stdio.h>

#include "mpol.h"
#include "mpol_profile.h"

#define PROGRAM	"migratectl"

/* Exit codes; documented, and stable for scripts. */
enum {
	CLI_DONE = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,
	CLI_NO_KERNEL = 3,	/* the kernel has no migrate_policy */
	CLI_DIFFERS = 4,	/* the state is not what a profile says */
	CLI_STUCK = 64,		/* a failed change could not be put back wholly */
};

/* Arms of a trial beside its control. */
#define ARMS_MAX	8

struct options {
	const char *root;
	const char *output;
	const char *interval;
	const char *count;
	const char *output_file;
	const char *reason;
	const char *arm[ARMS_MAX + 1];	/* NULL behind the last one */
	const char *duration;
	const char *batches;
	const char *share;
	const char *stop_if_worse;
	const char *plot;
	const char *save_best;
	const char *record;
	const char *seed;
	bool output_all;
	bool prometheus;
	bool dry_run;
	bool json;
	bool raw;
	bool noheadings;
	bool bytes;
	bool verbose;
	bool help;
	bool version;
};

enum column_kind {
	COLUMN_TEXT,
	COLUMN_LINES,	/* text that a table breaks into lines */
	COLUMN_NUMBER,
	COLUMN_COUNT,	/* a number; shown as 1.5M in an aligned table */
	COLUMN_SIZE,	/* bytes; shown as 8M unless --bytes or JSON */
	COLUMN_TIME,	/* nanoseconds; shown as 1.5ms unless --bytes or JSON */
	COLUMN_SHARE,	/* 0.123; shown as 12.3% unless --bytes or JSON */
	COLUMN_MARK,	/* "1" or "0"; shown as * or - */
	COLUMN_RANGE,	/* a number; a table has its interval in a line below */
};

struct cli;
struct column;

/* One cell of a table, to be filled from what the command calls a row. */
struct cell {
	const struct cli *cli;
	const struct column *column;
	const void *row;
	char room[MPOL_VALUE_SIZE];	/* for text that has to be made */
};

/* Returns the plain text of a cell; NULL for an empty one. */
typedef const char *cell_text_fn(struct cell *cell);

struct column {
	const char *name;
	enum column_kind kind;
	bool shown;		/* without -o */
	const char *source;	/* key or counter, for text() */
	cell_text_fn *text;
	const char *help;
};

struct columns {
	const struct column *column;
	size_t count;
	const char *shown;	/* without -o, instead of column.shown */
};

struct command {
	const char *name;
	const char *arguments;
	const char *summary;
	const char *help;
	struct columns columns;	/* none: the command prints no table */
	bool writes_file;	/* --output names it */
	/* NULL-terminated; their names are "COMMAND WORD", and run is NULL. */
	const struct command *const *subcommands;
	int (*run)(struct cli *cli, int argc, char **argv);
};

#define SHOWN_MAX	64

struct cli {
	struct options options;
	const struct command *command;
	struct mpol *mpol;
	const struct column *shown[SHOWN_MAX];
	size_t shown_count;
	size_t fold_width;	/* of the columns that break lines */
};

/* main.c */
extern const struct command *const commands[];
extern const size_t command_count;

/* NULL, after a message with the nearest names, if there is none. */
const struct command *find_command(const char *name);

/* The same for the word behind "profile" and the like. */
const struct command *find_subcommand(const struct command *command,
				      const char *word);

/* options.c */

struct cli_option {
	char letter;		/* 0: it has none */
	const char *name;
	const char *argument;	/* NULL: a flag */
	size_t offset;		/* in struct options */
	const char *commands;	/* " NAME... ", NULL: all of them */
	const char *help;
};

extern const struct cli_option cli_options[];
extern const size_t cli_option_count;

bool option_suits(const struct cli_option *option,
		  const struct command *command);

/*
 * Options may stand before the command (@stop_at_word) and behind it; optind
 * tells where they end.
 */
int parse_options(struct cli *cli, int argc, char **argv, bool stop_at_word);

/* Whether all options that were given are for this command. */
int check_options(const struct cli *cli);

/* The options of all commands (NULL), or those of one command alone. */
void print_options(FILE *file, const struct command *command);

/* message.c: all of these write one line to stderr. */

__attribute__((format(printf, 1, 2)))
void message(const char *format, ...);

/* Returns CLI_FAILED, so that a caller can return it. */
__attribute__((format(printf, 1, 2)))
int failed(const char *format, ...);

/* Returns CLI_USAGE, after a second line that names the help. */
__attribute__((format(printf, 2, 3)))
int usage_error(const struct cli *cli, const char *format, ...);

/* Passes the library's own sentence on; returns CLI_FAILED. */
int mpol_failure(const struct cli *cli);

/* tree.c */

/* Opens the trees; returns an exit code, after a message if not CLI_DONE. */
int cli_open(struct cli *cli);

/* The same for what needs no kernel; cli_open() may follow. */
int cli_create(struct cli *cli);

/*
 * cli_open() for a command that changes settings: waits until nobody else
 * does. A dry run waits for nobody.
 */
int cli_open_locked(struct cli *cli);

/* Says once that migrate_policy=off makes every policy idle. */
int warn_if_off(struct cli *cli);

/* Says once that the kernel counts nothing at present, and how it would. */
int warn_if_idle(struct cli *cli);

/* select.c */

struct selection {
	struct mpol_object *object;
	size_t count;
};

/* Adds the objects of "NAME[,NAME...]"; "all" stands for every reason. */
int select_objects(struct cli *cli, char *list, struct selection *selection);

/* Adds every object of one type. */
int select_type(struct cli *cli, enum mpol_type type,
		struct selection *selection);
void selection_free(struct selection *selection);

/* machine.c: "host Linux 6.12, x86_64, 4 CPUs" */
void describe_machine(char *text, size_t size);

/* change.c */

/* Applies @changes, or prints them for a dry run; reports how it went. */
int apply_changes(struct cli *cli, struct mpol_changes *changes);

/* profile.c */

/* What a profile asks for on this kernel, and what it is called. */
struct wanted {
	struct mpol_profile profile;
	struct mpol_changes changes;	/* only what differs */
};

/* The one argument of a command; NULL after a usage error. */
const char *one_argument(const struct cli *cli, int argc, char **argv,
			 const char *what);

/* Whether a new profile can be called so; a usage error if not. */
int check_profile_name(const struct cli *cli, const char *name);

/* Loads @name and compares it with the kernel's state. */
int want_profile(struct cli *cli, const char *name, struct wanted *wanted);
void wanted_free(struct wanted *wanted);

/* Applies a profile as one transaction. */
int apply_profile(struct cli *cli, const char *name);

/* Writes all settings to @path, or to stdout for a dry run. */
int save_settings(struct cli *cli, const char *path, const char *summary,
		  bool replace);

/* human.c: short texts, some of them made in @room (HUMAN_SIZE bytes). */

#define HUMAN_SIZE	32

const char *human_count(unsigned long long count, char *room);
const char *human_share(double share, char *room);
const char *human_size(unsigned long long bytes, char *room);
const char *human_time(unsigned long long ns, char *room);

/* table.c */

/* Changes when a name or a type in the JSON output does; see the manual. */
#define JSON_SCHEMA	1

struct libscols_table;

/* Settles which columns are shown; reports unknown ones as usage errors. */
int choose_columns(struct cli *cli);

bool is_default_column(const struct columns *columns,
		       const struct column *column);

/* Shows one more of the command's columns, unless the user named them all. */
void add_default_column(struct cli *cli, const char *name);

/* Whether an option asks for a table where a command prints lines. */
bool wants_table(const struct cli *cli);

/* Exits with CLI_FAILED when there is no memory, as table_row() does. */
struct libscols_table *table_new(const struct cli *cli, const char *name);
void table_row(const struct cli *cli, struct libscols_table *table,
	       const void *row, bool emphasize);

void table_free(struct libscols_table *table);

/* Prints and frees the table. */
int table_print(struct libscols_table *table);

/* The table as plain text, to be freed; frees the table. */
char *table_text(struct libscols_table *table);

/* signals.c */

/* From now on signals only set a mark; returns an exit code. */
int catch_signals(void);
bool was_stopped(void);

/* cmd_help.c */
void print_overview(FILE *file);
void print_command_help(const struct command *command);

extern const struct command cmd_list;
extern const struct command cmd_get;
extern const struct command cmd_set;
extern const struct command cmd_reset;
extern const struct command cmd_backends;
extern const struct command cmd_stat;
extern const struct command cmd_watch;
extern const struct command cmd_calibrate;
extern const struct command cmd_completion;
extern const struct command cmd_profile;
extern const struct command cmd_profile_list;
extern const struct command cmd_profile_show;
extern const struct command cmd_profile_cat;
extern const struct command cmd_profile_check;
extern const struct command cmd_profile_diff;
extern const struct command cmd_profile_apply;
extern const struct command cmd_profile_save;
extern const struct command cmd_trial;
extern const struct command cmd_trial_run;
extern const struct command cmd_trial_list;
extern const struct command cmd_trial_record;
extern const struct command cmd_trial_report;
extern const struct command cmd_trial_clean;
extern const struct command cmd_save;
extern const struct command cmd_restore;
extern const struct command cmd_help;
extern const struct command cmd_version;

#endif /* CLI_H */
