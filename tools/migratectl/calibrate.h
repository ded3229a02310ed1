/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Measuring from which batch size a backend pays: what the files of the
 * calibrate command share.
 */
#ifndef CALIBRATE_H
#define CALIBRATE_H

#include "cli.h"

/* Nine pairs give an interval of 95% that stands one outlier on each side. */
#define PAIRS	9

struct interval {
	double mid;
	double low;
	double high;
};

/* interval.c: of @n > 5 values for 95%; sorts them. */
struct interval interval_of(double *value, size_t n);

/* area.c */

/* Memory that is moved there and back. */
struct area {
	char *memory;
	size_t bytes;
	size_t used;		/* of them, what is moved */
	size_t folio_bytes;
	void *mapping;
	size_t mapped;
	int from;		/* nodes */
	int to;
};

/* Finds two nodes; reports what is missing. */
int area_find_nodes(struct area *area);

/* Fills the area with folios of @folio_bytes on its first node. */
int area_create(struct area *area, size_t bytes, size_t folio_bytes);

/* Whether all of it is mapped by huge pages. */
bool area_is_huge(const struct area *area);

/* Moves what is used of it; reports what went wrong. */
int area_move(const struct area *area, int node);

/* Whether it still holds what it was filled with. */
bool area_is_intact(const struct area *area);
void area_free(struct area *area);

/* calibrate.c */

enum verdict {
	FASTER,
	SAME,			/* no difference can be told */
	SLOWER,
	DECLINED,		/* the backend copied too little to tell */
};

/* One batch size of one backend and one folio size. */
struct point {
	const char *backend;
	size_t folio_pages;
	unsigned int batch;	/* base pages */
	struct interval ratio;	/* time inline / time with the backend */
	enum verdict verdict;
};

#define POINTS_MAX	64

struct calibration {
	struct point point[POINTS_MAX];
	size_t count;
	size_t page_bytes;
	size_t huge_pages;	/* base pages of a huge one; 0: there are none */
	int from;		/* nodes */
	int to;
};

/* What the points say about one backend. */
struct choice {
	const char *backend;	/* NULL: inline everywhere */
	unsigned int min_pages;
	double gain;		/* best ratio from there on */
};

extern const char *const verdict_name[];

/* "4K" or "2M" */
const char *folio_name(const struct calibration *c, const struct point *point,
		       char *room);

/* Measures all points under a reason that is the caller's to put back. */
int calibrate_measure(struct cli *cli, const struct mpol_object *reason,
		      const struct mpol_names *backends,
		      struct calibration *calibration);

/*
 * The smallest batch from which on @backend is never slower, and faster to
 * begin with; 0 if there is none.
 */
unsigned int calibrate_threshold(const struct calibration *calibration,
				 const char *backend);
struct choice calibrate_choose(const struct calibration *calibration,
			       const struct mpol_names *backends);

/* The profile as text, to be freed; NULL if there is no memory. */
char *calibrate_profile(const struct calibration *calibration,
			const struct choice *choice,
			const struct mpol_names *reasons,
			unsigned int default_batch, const char *machine);

#endif /* CALIBRATE_H */
