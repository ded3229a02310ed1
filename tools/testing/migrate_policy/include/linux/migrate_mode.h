/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Migration reasons, by the names that the kernel has for them. The model
 * takes their number from here and does not depend on their order.
 */
#ifndef _TEST_LINUX_MIGRATE_MODE_H
#define _TEST_LINUX_MIGRATE_MODE_H

enum migrate_reason {
	MR_COMPACTION,
	MR_MEMORY_FAILURE,
	MR_MEMORY_HOTPLUG,
	MR_SYSCALL,
	MR_MEMPOLICY_MBIND,
	MR_NUMA_MISPLACED,
	MR_CONTIG_RANGE,
	MR_LONGTERM_PIN,
	MR_DEMOTION,
	MR_DAMON,
	MR_TYPES
};

#endif /* _TEST_LINUX_MIGRATE_MODE_H */
