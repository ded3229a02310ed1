/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults that the migrate_policy selftests inject, where the kernel has
 * CONFIG_MIGRATE_COPY_FAULT: one kind of fault at a time, at random.
 */
#ifndef MIGRATE_POLICY_FAULTS_H
#define MIGRATE_POLICY_FAULTS_H

#include <stddef.h>
#include <linux/types.h>

/*
 * Looks for the faults of this kernel, and sees to it that none is injected
 * any more after undo_to(). Returns how many there are.
 */
size_t faults_open(void);

const char *faults_name(size_t i);

/* Injects fault @i, in @percent of the cases. */
void faults_begin(size_t i, unsigned int percent);
void faults_end(size_t i);

/* Faults injected since the boot. */
__u64 faults_injected(void);

#endif /* MIGRATE_POLICY_FAULTS_H */
