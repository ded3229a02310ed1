/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * io_uring of the migrate_policy selftests: reads into a buffer that is
 * registered, and thereby pinned for a long time.
 */
#ifndef MIGRATE_POLICY_URING_H
#define MIGRATE_POLICY_URING_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Registers @buffer, reads @size bytes at @from of @fd into it and unregisters
 * it again. Returns the bytes read or a negative errno.
 */
ssize_t uring_read_fixed(int fd, void *buffer, size_t size, off_t from);

#endif /* MIGRATE_POLICY_URING_H */
