// SPDX-License-Identifier: GPL-2.0-only
/*
 * What calibrate found, as a profile: the figures in comments, and a section
 * for every reason.
 */
#include <stdlib.h>
#include <string.h>

#include "calibrate.h"

static void print_point(FILE *file, const struct calibration *c,
			const struct point *point)
{
	char room[HUMAN_SIZE];

	fprintf(file, "#   %-10s %5s %6u   %5.2f  (%.2f to %.2f)  %s\n",
		point->backend, folio_name(c, point, room), point->batch,
		point->ratio.mid, point->ratio.low, point->ratio.high,
		verdict_name[point->verdict]);
}

static void print_figures(FILE *file, const struct calibration *c,
			  const char *machine)
{
	fprintf(file,
		"# Written by " PROGRAM " calibrate.\n#\n"
		"# %s; memory moved from node %d to node %d.\n"
		"# RATIO is the time of a cut per page inline, divided by that with the\n"
		"# backend: median of %d alternating pairs, and the interval that holds it\n"
		"# with 95%%. Above 1 the backend is faster. BATCH is in base pages.\n#\n"
		"#   BACKEND    FOLIO  BATCH   RATIO\n", machine, c->from, c->to,
		PAIRS);
	for (size_t i = 0; i < c->count; i++)
		print_point(file, c, &c->point[i]);
	if (!c->huge_pages)
		fputs("#\n# Huge folios could not be measured.\n", file);
}

static void print_head(FILE *file, const struct choice *choice)
{
	fputs("\n[profile]\n", file);
	if (choice->backend)
		fprintf(file, "summary = Measured here: %s pays from %u pages on, up to %.1f times as fast\n",
			choice->backend, choice->min_pages, choice->gain);
	else
		fputs("summary = Measured here: no backend is faster than inline\n",
		      file);
}

/* Whether lists of this reason can be long enough; says so if not. */
static bool reaches(FILE *file, const struct calibration *c,
		    const struct choice *choice, const char *name)
{
	const struct mpol_reason *reason = mpol_reason(name);

	if (!reason || !reason->longest)
		return true;
	if (reason->longest == MPOL_ONE_FOLIO) {
		if (choice->min_pages <= c->huge_pages)
			return true;
		fputs("# One folio at a time: too little.\n", file);
		return false;
	}
	if (choice->min_pages <= reason->longest)
		return true;
	fprintf(file, "# At most %u pages at a time: too few.\n",
		reason->longest);
	return false;
}

/* A batch that is cut below the minimum would never reach the backend. */
static void print_reason(FILE *file, const struct calibration *c,
			 const struct choice *choice, const char *name,
			 unsigned int default_batch)
{
	bool use;

	fputc('\n', file);
	use = choice->backend && reaches(file, c, choice, name);
	fprintf(file, "[%s]\nbackend = %s\nbatch_size = %u\nmin_pages = %u\nworkers = 0\n",
		name, use ? choice->backend : "inline",
		use && choice->min_pages > default_batch ? choice->min_pages :
							   default_batch,
		use ? choice->min_pages : 0);
}

char *calibrate_profile(const struct calibration *c,
			const struct choice *choice,
			const struct mpol_names *reasons,
			unsigned int default_batch, const char *machine)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	bool bad;

	if (!file)
		return NULL;
	print_figures(file, c, machine);
	print_head(file, choice);
	for (size_t i = 0; i < reasons->count; i++)
		print_reason(file, c, choice, reasons->name[i], default_batch);
	bad = ferror(file);
	if (!fclose(file) && !bad)
		return text;
	free(text);
	return NULL;
}
