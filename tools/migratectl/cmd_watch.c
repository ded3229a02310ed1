// SPDX-License-Identifier: GPL-2.0-only
/*
 * migratectl watch: what is migrated at present, on the whole screen of a
 * terminal; where there is none, table after table as stat --interval does.
 * Below it the arms of trials, while there are any.
 */
#include <curses.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "stat.h"
#include "terminal.h"
#include "trial.h"

#define ARMS_SHOWN	"REASON,TRIAL,SHARE,CALLS,ENGAGED,RATE,PAGE_NS"

/* Makes the columns of the arms known; it has no name and never runs. */
static const struct command arms_table = {
	.name = "watch",
	.columns = { trial_live_columns, LIVE_COLUMNS, ARMS_SHOWN },
};

/* What is on the screen. */
struct view {
	struct sampler *sampler;
	const struct rhythm *rhythm;
	struct live_arms arms;
	struct cli arms_cli;
};

/* The options that name columns are about the upper table. */
static int prepare_arms(const struct cli *cli, struct view *view)
{
	view->arms_cli = *cli;
	view->arms_cli.command = &arms_table;
	view->arms_cli.shown_count = 0;
	view->arms_cli.options.output = NULL;
	view->arms_cli.options.output_all = false;
	return choose_columns(&view->arms_cli);
}

/* The shape that stat.c asks for. */
static int print_arms(struct cli *cli, void *arg)
{
	struct view *view = arg;
	struct libscols_table *table;

	if (live_arms_read(cli, &view->arms))
		return mpol_failure(cli);
	table = live_arms_table(&view->arms_cli, &view->arms, false);
	if (!table)
		return CLI_DONE;
	if (!cli->options.json && !cli->options.raw)
		putchar('\n');
	return table_print(table);
}

static void draw_line(int y, const char *text, size_t length, attr_t attribute)
{
	attrset(attribute);
	mvaddnstr(y, 0, text, length < (size_t)COLS ? (int)length : COLS);
	attrset(A_NORMAL);
}

static void draw_title(const struct rhythm *rhythm)
{
	char text[80], clock[16] = "";
	time_t now = time(NULL);
	struct tm tm;

	if (localtime_r(&now, &tm))
		strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	snprintf(text, sizeof(text), PROGRAM " watch   %s   every %gs   q quits",
		 clock, (double)rhythm->ns / 1e9);
	draw_line(0, text, strlen(text), A_NORMAL);
}

/* Lines that do not fit are left out; none is wrapped. */
static int draw_lines(int y, const char *text, bool noheadings)
{
	const char *line = text;

	for (int first = y; y < LINES && *line; y++) {
		size_t length = strcspn(line, "\n");
		bool heading = y == first && !noheadings;

		draw_line(y, line, length, heading ? A_BOLD : A_NORMAL);
		line += length + (line[length] == '\n');
	}
	return y;
}

static void draw(struct cli *cli, const struct view *view)
{
	char *text = table_text(sampler_table(cli, view->sampler));
	struct libscols_table *arms;
	int y;

	erase();
	draw_title(view->rhythm);
	y = draw_lines(2, text, cli->options.noheadings);
	free(text);
	arms = live_arms_table(&view->arms_cli, &view->arms, false);
	if (arms) {
		text = table_text(arms);
		draw_lines(y + 1, text, cli->options.noheadings);
		free(text);
	}
	refresh();
}

/* Waits for the next reading; false when it is time to go. */
static bool wait_until(uint64_t next, struct cli *cli, const struct view *view)
{
	for (;;) {
		uint64_t now = monotonic_ns();
		int key;

		if (was_stopped())
			return false;
		if (now >= next)
			return true;
		/* Rounded up, and short enough for any int. */
		timeout((int)((next - now) / 1000000 % 60000 + 1));
		key = getch();
		if (key == 'q' || key == 'Q')
			return false;
		if (key == KEY_RESIZE)
			draw(cli, view);
	}
}

/* Returns 0 or a negative errno. */
static int show(struct cli *cli, struct view *view)
{
	const struct rhythm *rhythm = view->rhythm;
	uint64_t next = view->sampler->now_ns;
	int ret = 0;

	for (unsigned long i = 0; !ret && (!rhythm->count || i < rhythm->count);
	     i++) {
		next += rhythm->ns;
		if (!wait_until(next, cli, view))
			break;
		ret = sampler_read(cli, view->sampler);
		if (!ret)
			ret = live_arms_read(cli, &view->arms);
		if (!ret)
			draw(cli, view);
	}
	return ret;
}

static int show_on_screen(struct cli *cli, struct view *view)
{
	SCREEN *screen;
	int ret = catch_signals();

	if (ret)
		return ret;
	screen = terminal_is_known() ? newterm(NULL, stdout, stdin) : NULL;
	if (!screen)
		return failed("the terminal type is not known; set TERM, or use '" PROGRAM " stat --interval 1'");
	cbreak();
	noecho();
	curs_set(0);
	keypad(stdscr, TRUE);
	draw(cli, view);
	ret = show(cli, view);
	endwin();
	delscreen(screen);
	return ret ? mpol_failure(cli) : CLI_DONE;
}

static bool has_screen(const struct cli *cli)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) &&
	       !cli->options.json && !cli->options.raw;
}

static int watch(struct cli *cli, struct view *view)
{
	int ret = warn_if_off(cli);

	if (!ret)
		ret = warn_if_idle(cli);
	if (!ret)
		ret = prepare_arms(cli, view);
	if (!ret && live_arms_read(cli, &view->arms))
		ret = mpol_failure(cli);
	if (ret)
		return ret;
	return has_screen(cli) ? show_on_screen(cli, view) :
				 sampler_report(cli, view->sampler,
						view->rhythm, print_arms, view);
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct sampler sampler = { 0 };
	struct rhythm rhythm;
	struct view view = { .sampler = &sampler, .rhythm = &rhythm };
	int ret = rhythm_parse(cli, 1, &rhythm);

	if (!ret)
		ret = cli_open(cli);
	if (!ret)
		ret = sampler_start(cli, argc, argv, &sampler);
	/* No history on the screen: only what happens from now on. */
	if (!ret && sampler_read(cli, &sampler))
		ret = mpol_failure(cli);
	if (!ret)
		ret = watch(cli, &view);
	live_arms_free(&view.arms);
	sampler_free(&sampler);
	return ret;
}

#define SHOWN	"NAME,BACKEND,RATE,SUCCEEDED,ENGAGED,COPY_SHARE,PAGE_NS,DECLINED"

const struct command cmd_watch = {
	.name = "watch",
	.arguments = "[REASON|BACKEND[,...]...]",
	.summary = "show what is migrated at present, on the whole screen",
	.help = "The columns of stat, for the last interval of 1 s, or of --interval. Leave it\n"
		"with q or ^C. Where there is no terminal it prints a table an interval.\n"
		"While there are trials, a second table shows their arms and controls.\n",
	.columns = { stat_columns, STAT_COLUMNS, SHOWN },
	.run = run,
};
