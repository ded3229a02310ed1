/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kinds of memory that the migrate_policy selftests torture, and what may
 * be done to each of them.
 */
#ifndef MIGRATE_POLICY_KINDS_H
#define MIGRATE_POLICY_KINDS_H

#include "record.h"
#include "uffd.h"

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

/* What a kind of memory allows. */
enum allowed {
	MAY_PIN		= 0x001,	/* the kernel may hold references */
	MAY_FORK	= 0x002,	/* a child has a copy of its own */
	MAY_DISCARD	= 0x004,	/* MADV_DONTNEED */
	MAY_LOSE	= 0x008,	/* ... makes it zeros */
	MAY_REMOVE	= 0x010,	/* MADV_REMOVE makes it zeros */
	MAY_TRUNCATE	= 0x020,	/* its file can be cut off */
	MAY_REMAP	= 0x040,	/* mmap(2) once more over a part of it */
	MAY_MREMAP	= 0x080,
	MAY_PROTECT	= 0x100,	/* mprotect(2) of a part */
	MAY_SPLIT	= 0x200,	/* its folios are large and can be split */
	MAY_PAGEOUT	= 0x400,
	MAY_OFFLINE	= 0x800,	/* a page can be soft offlined */
	MAY_POISON	= 0x1000,	/* a page can be lost to hwpoison */
	MAY_MERGE	= 0x2000,	/* by KSM */
	MAY_WATCH	= 0x4000,	/* its faults are served in user space */
	MAY_REGISTER	= 0x8000,	/* as a buffer with io_uring */
};

/* Which setting of classes it takes to copy it ahead; NULL: none does. */
#define CLASS_ANON	"anon"
#define CLASS_SWAP	"swapcache"
#define CLASS_SHMEM	"shmem"

struct kind {
	const char *name;
	const char *class;
	unsigned int may;	/* enum allowed */
	size_t size;		/* of one region */
	size_t unit;		/* bytes per folio, at best */
	size_t grain;		/* the least that can be mapped or discarded */
	size_t offset;		/* from where a huge page could begin */
	int flags;		/* for mmap(2) */
	int advice;		/* for madvise(2), or -1 */
	bool fixed;		/* it does not migrate at all */
	__u64 evidence;		/* what /proc/kpageflags has to show of it */
	/* The system's settings, until undo_to(). May be NULL. */
	bool (*prepare)(const struct kind *kind);
	/* The object to map, -1 if there is none. May be NULL. */
	int (*object)(const struct kind *kind);
};

extern const struct kind kinds[];
extern const size_t nr_kinds;

/* Memory of one kind, which one thread writes to. */
struct region {
	const struct kind *kind;
	char *map;
	char *spare;		/* as much address space */
	int fd;
	struct ledger ledger;
	struct uffd *uffd;	/* if MAY_WATCH */
};

/*
 * Maps a region and fills it with records. Returns false, with a note, if it
 * cannot; region_close() is due all the same.
 */
bool region_open(struct region *region, const struct kind *kind);
void region_close(struct region *region);

/* Maps a part of the region anew, in place of what is there. */
bool region_map(struct region *region, size_t at, size_t size);

static inline struct record *region_record(const struct region *region,
					   size_t i)
{
	return (struct record *)region->map + i;
}

#endif /* MIGRATE_POLICY_KINDS_H */
