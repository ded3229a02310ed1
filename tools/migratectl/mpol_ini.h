/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading INI files by way of libinih, for the profiles.
 */
#ifndef MPOL_INI_H
#define MPOL_INI_H

#include <stdbool.h>
#include <stdio.h>

#include "mpol.h"

/* Something that a file says, and where. The text belongs to the reader. */
struct mpol_ini_item {
	const char *section;	/* empty in front of the first one */
	const char *key;	/* NULL: the section begins */
	const char *value;
	bool more;		/* @value goes on with that of the key before */
	const char *file;
	unsigned int line;
};

/* Returns 0, or a negative errno after mpol_fail(): then reading ends. */
typedef int mpol_ini_fn(const struct mpol_ini_item *item, void *arg);

/* The most bytes in a line: what libinih takes, less the line's end. */
#define MPOL_INI_LINE	197

/*
 * Hands every section and every key of @file to @fn, in order. Messages name
 * the file as @name, with the line.
 */
int mpol_ini_read(struct mpol *m, FILE *file, const char *name, mpol_ini_fn *fn,
		  void *arg);

#endif /* MPOL_INI_H */
