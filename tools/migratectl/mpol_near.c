// SPDX-License-Identifier: GPL-2.0-only
/*
 * The nearest valid names for a mistyped one: by edit distance, where a swap
 * of neighbours counts once, or because the word is a part of the name.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "mpol.h"

#define LONGEST		63
#define FAR		(LONGEST + 1)
#define MOST_HINTS	3

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int ab = a < b ? a : b;

	return ab < c ? ab : c;
}

static bool same_letter(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Optimal string alignment; row[2] is the present row, row[0] two above. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[3][LONGEST + 1] = { 0 };
	size_t n = strlen(b);

	for (unsigned int j = 0; j <= n; j++)
		row[2][j] = j;
	for (unsigned int i = 1; a[i - 1]; i++) {
		memmove(row[0], row[1], 2 * sizeof(row[0]));
		row[2][0] = i;
		for (size_t j = 1; j <= n; j++) {
			bool same = same_letter(a[i - 1], b[j - 1]);

			row[2][j] = min3(row[1][j] + 1, row[2][j - 1] + 1,
					 row[1][j - 1] + !same);
			if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) &&
			    same_letter(a[i - 2], b[j - 1]))
				row[2][j] = min3(row[2][j], row[0][j - 2] + 1,
						 FAR);
		}
	}
	return row[2][n];
}

static unsigned int nearness(const char *word, const char *name)
{
	size_t length = strlen(word);
	unsigned int far;

	if (!length || length > LONGEST || strlen(name) > LONGEST)
		return FAR;
	if (length >= 3 && strcasestr(name, word))
		return 1;
	far = distance(word, name);
	return far <= (length + 2) / 3 ? far : FAR;
}

static unsigned int nearest(const char *word, const struct mpol_names *names)
{
	unsigned int best = FAR;

	for (size_t i = 0; i < names->count; i++) {
		unsigned int far = nearness(word, names->name[i]);

		if (far < best)
			best = far;
	}
	return best;
}

bool mpol_nearest(const char *word, const struct mpol_names *names,
		  char *text, size_t size)
{
	unsigned int best = nearest(word, names);
	size_t used, hints = 0;

	if (best == FAR)
		return false;
	used = (size_t)snprintf(text, size, "did you mean");
	for (size_t i = 0; i < names->count && used < size; i++) {
		if (nearness(word, names->name[i]) != best)
			continue;
		if (hints++ == MOST_HINTS)
			break;
		used += (size_t)snprintf(text + used, size - used, "%s '%s'",
					 hints > 1 ? " or" : "",
					 names->name[i]);
	}
	if (used < size)
		snprintf(text + used, size - used, "?");
	return true;
}

void mpol_suggest(const char *word, const struct mpol_names *names,
		  char *text, size_t size)
{
	size_t used;

	if (mpol_nearest(word, names, text, size))
		return;
	used = (size_t)snprintf(text, size, "known: ");
	if (used < size)
		mpol_names_join(names, ", ", text + used, size - used);
}
