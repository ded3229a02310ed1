/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files of records (record.h) for the migrate_policy selftests, which can be
 * read and written in several ways: what one way wrote, every other way has to
 * read.
 */
#ifndef MIGRATE_POLICY_RECFILE_H
#define MIGRATE_POLICY_RECFILE_H

#include "record.h"
#include "sys.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* The buffer that the functions below want; it begins at a page. */
#define RECFILE_BUFFER	(64ul << 10)
#define RECFILE_RECORDS	(RECFILE_BUFFER / sizeof(struct record))

enum recfile_way {
	BY_MAP,		/* a shared mapping */
	BY_CALL,	/* read(2) and write(2), through the page cache */
	DIRECTLY,	/* with O_DIRECT: whole pages */
	NR_WAYS,
};

/*
 * Can be in memory that processes share. Whoever reads or changes it holds the
 * lock: changes race with migration and writeback, but not with each other.
 */
struct recfile {
	char path[SYS_PATH];
	int fd;
	int direct;
	char *map;		/* as if it had its full size */
	size_t size;		/* the full one */
	size_t length;		/* records up to the end of file */
	struct ledger ledger;
	pthread_mutex_t lock;
	atomic_ullong failed;	/* calls that should have worked */
};

/*
 * Creates FOLDER/NAME with its full size: on disk, and no longer in the page
 * cache. Returns false, with a note, if it cannot.
 */
bool recfile_make(struct recfile *file, const char *folder, const char *name,
		  size_t size, void *buffer);

/* Opens it in all ways. */
bool recfile_open(struct recfile *file);
void recfile_close(struct recfile *file);

/* Counts and notes that a call has failed, with errno. */
void recfile_trouble(struct recfile *file, const char *what);

/* Writes the next generation of records. */
void recfile_write(struct recfile *file, enum recfile_way way, size_t first,
		   size_t nr, void *buffer);

/* Checks records; directly, also those before them on their page. */
void recfile_check(struct recfile *file, enum recfile_way way, size_t first,
		   size_t nr, void *buffer);

/* Checks all of it in every way. */
void recfile_check_all(struct recfile *file, void *buffer);

/* A mutex that processes share. */
bool recfile_make_lock(pthread_mutex_t *lock);

#endif /* MIGRATE_POLICY_RECFILE_H */
