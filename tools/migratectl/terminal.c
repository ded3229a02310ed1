// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether curses can drive the terminal. Apart from watch, because term.h
 * claims words like "columns" for itself.
 */
#include "terminal.h"

#include <curses.h>
#include <term.h>
#include <unistd.h>

bool terminal_is_known(void)
{
	int error;

	if (setupterm(NULL, STDOUT_FILENO, &error) != OK)
		return false;
	del_curterm(cur_term);
	return true;
}
