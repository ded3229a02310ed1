// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flags of page frames: see pageflags.h.
 */
#include "pageflags.h"

#include "ktap.h"
#include "mem.h"

#include <fcntl.h>
#include <unistd.h>

#define CHUNK	4096	/* page frames per read */

bool pageflags_scan(void (*look)(__u64 pfn, __u64 flags, __u64 mapped,
				 void *arg), void *arg)
{
	static __u64 flags[CHUNK], mapped[CHUNK];
	int flags_fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	int count_fd = open("/proc/kpagecount", O_RDONLY | O_CLOEXEC);
	__u64 pfn = 0;
	ssize_t size;

	do {
		size = read(flags_fd, flags, sizeof(flags));
		if (size < 0 || read(count_fd, mapped, size) != size)
			break;
		for (size_t i = 0; i < size / sizeof(flags[0]); i++, pfn++)
			look(pfn, flags[i], mapped[i], arg);
	} while (size > 0);
	close(flags_fd);
	close(count_fd);
	return ktap_expect(pfn, "to read /proc/kpageflags and kpagecount");
}

size_t pageflags_count(const char *addr, size_t size, __u64 flag)
{
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	size_t found = 0;

	for (size_t at = 0; fd >= 0 && at < size; at += BASE_PAGE) {
		__u64 pfn = mem_pfn(addr + at), flags;

		if (pfn && pread(fd, &flags, sizeof(flags),
				 pfn * sizeof(flags)) == sizeof(flags))
			found += !!(flags & flag);
	}
	if (fd >= 0)
		close(fd);
	return found;
}
