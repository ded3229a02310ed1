// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flags of page frames: see pageflags.h.
 */
#include "pageflags.h"

#include "ktap.h"
#include "mem.h"
#include "sys.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FLAGS	"/proc/kpageflags"
#define COUNTS	"/proc/kpagecount"
#define MEMORY	"/sys/devices/system/memory"

#define CHUNK	4096	/* page frames per read */

static __u64 entry(const char *path, __u64 pfn)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	__u64 value;

	if (fd < 0)
		return 0;
	if (pread(fd, &value, sizeof(value), pfn * sizeof(value)) !=
	    sizeof(value))
		value = 0;
	close(fd);
	return value;
}

__u64 pageflags_of(__u64 pfn)
{
	return entry(FLAGS, pfn);
}

__u64 pageflags_mapped(__u64 pfn)
{
	return entry(COUNTS, pfn);
}

/* Page frames of a block of memory, 0 where there are no blocks. */
static __u64 block_pages(void)
{
	char size[SYS_VALUE];

	if (sys_read(MEMORY "/block_size_bytes", size, sizeof(size)))
		return 0;
	return strtoull(size, NULL, 16) / BASE_PAGE;
}

/* Is there no memory from here to the end of the block? */
static bool in_hole(__u64 pfn, __u64 per_block)
{
	char path[SYS_PATH];

	if (!per_block)
		return false;
	snprintf(path, sizeof(path), MEMORY "/memory%llu", pfn / per_block);
	return !sys_exists(path);
}

bool pageflags_scan(void (*look)(__u64 pfn, __u64 flags, void *arg), void *arg)
{
	static __u64 flags[CHUNK];
	__u64 per_block = block_pages(), pfn = 0;
	int fd = open(FLAGS, O_RDONLY | O_CLOEXEC);
	ssize_t size;

	do {
		bool hole = in_hole(pfn, per_block);

		/* One of them tells whether this is the end. */
		size = pread(fd, flags, hole ? sizeof(*flags) : sizeof(flags),
			     pfn * sizeof(*flags));
		for (ssize_t i = 0; !hole && i * 8 < size; i++)
			look(pfn + i, flags[i], arg);
		pfn += size > 0 ? CHUNK : 0;
	} while (size > 0);
	close(fd);
	return ktap_expect(pfn, "to read %s", FLAGS);
}

size_t pageflags_count(const char *addr, size_t size, __u64 flag)
{
	size_t found = 0;

	for (size_t at = 0; at < size; at += BASE_PAGE) {
		__u64 pfn = mem_pfn(addr + at);

		found += pfn != NO_PFN && (pageflags_of(pfn) & flag);
	}
	return found;
}
