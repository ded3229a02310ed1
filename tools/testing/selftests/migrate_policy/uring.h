/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * io_uring for the migrate_policy selftests: reads and writes with registered
 * buffers and registered files, by the system calls alone.
 */
#ifndef MIGRATE_POLICY_URING_H
#define MIGRATE_POLICY_URING_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#include <sys/types.h>
#include <sys/uio.h>

struct uring {
	int fd;
	unsigned int queued;
	char *rings;		/* of both queues */
	size_t rings_size;
	struct io_uring_sqe *sqes;
	size_t sqes_size;
	unsigned int *sq_tail;
	unsigned int sq_mask;
	unsigned int *sq_array;
	unsigned int *cq_head;
	unsigned int *cq_tail;
	unsigned int cq_mask;
	struct io_uring_cqe *cqes;
};

/* One read or write; buffer and file are those of this index. */
struct uring_io {
	bool write;
	unsigned int file;
	unsigned int buffer;
	void *at;		/* in the buffer */
	size_t size;
	off_t offset;		/* in the file */
};

/*
 * A ring for @entries requests at a time. Returns 0 or a negative errno, as
 * all the functions below do.
 */
int uring_open(struct uring *ring, unsigned int entries);
int uring_register(struct uring *ring, const struct iovec *buffers,
		   unsigned int nr_buffers, const int *files,
		   unsigned int nr_files);
void uring_close(struct uring *ring);

void uring_queue(struct uring *ring, const struct uring_io *io);

/*
 * Submits what is queued and waits for all of it; -EIO if anything was not
 * done as a whole.
 */
int uring_run(struct uring *ring);

/*
 * Registers @buffer, reads @size bytes at @from of @fd into it and unregisters
 * it again. Returns the bytes read or a negative errno.
 */
ssize_t uring_read_fixed(int fd, void *buffer, size_t size, off_t from);

#endif /* MIGRATE_POLICY_URING_H */
