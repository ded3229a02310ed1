/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What /proc/kpageflags tells the migrate_policy selftests about pages.
 */
#ifndef MIGRATE_POLICY_PAGEFLAGS_H
#define MIGRATE_POLICY_PAGEFLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#define KPF_BIT(nr)	(1ull << (nr))

#define KPF_LOCKED	KPF_BIT(0)
#define KPF_LRU		KPF_BIT(5)
#define KPF_BUDDY	KPF_BIT(10)
#define KPF_ANON	KPF_BIT(12)
#define KPF_SWAPCACHE	KPF_BIT(13)
#define KPF_SWAPBACKED	KPF_BIT(14)
#define KPF_HUGE	KPF_BIT(17)
#define KPF_UNEVICTABLE	KPF_BIT(18)
#define KPF_HWPOISON	KPF_BIT(19)
#define KPF_KSM		KPF_BIT(21)
#define KPF_THP		KPF_BIT(22)

/*
 * Calls @look for every page frame of the system's memory. With lockdep that
 * takes seconds. Returns false, with a note, if the flags cannot be read.
 */
bool pageflags_scan(void (*look)(__u64 pfn, __u64 flags, void *arg), void *arg);

/* The flags of one page frame, and how often it is mapped; 0 if unknown. */
__u64 pageflags_of(__u64 pfn);
__u64 pageflags_mapped(__u64 pfn);

/* Base pages from @addr on that are mapped and have @flag set. */
size_t pageflags_count(const char *addr, size_t size, __u64 flag);

#endif /* MIGRATE_POLICY_PAGEFLAGS_H */
