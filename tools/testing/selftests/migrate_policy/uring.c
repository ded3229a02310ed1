// SPDX-License-Identifier: GPL-2.0-only
/*
 * One read into a registered buffer: see uring.h.
 */
#include "uring.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

struct ring {
	int fd;
	struct io_uring_params params;
	void *rings;		/* both of them, IORING_FEAT_SINGLE_MMAP */
	size_t rings_size;
	struct io_uring_sqe *sqes;
};

static void ring_close(struct ring *ring)
{
	if (ring->sqes != MAP_FAILED)
		munmap(ring->sqes, ring->params.sq_entries *
				   sizeof(*ring->sqes));
	if (ring->rings != MAP_FAILED)
		munmap(ring->rings, ring->rings_size);
	close(ring->fd);
}

static size_t rings_size(const struct io_uring_params *params)
{
	size_t sq = params->sq_off.array +
		    params->sq_entries * sizeof(unsigned int);
	size_t cq = params->cq_off.cqes +
		    params->cq_entries * sizeof(struct io_uring_cqe);

	return sq > cq ? sq : cq;
}

static int ring_open(struct ring *ring)
{
	memset(ring, 0, sizeof(*ring));
	ring->fd = syscall(SYS_io_uring_setup, 1, &ring->params);
	if (ring->fd < 0)
		return -errno;
	ring->rings_size = rings_size(&ring->params);
	ring->rings = mmap(NULL, ring->rings_size, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_POPULATE, ring->fd,
			   IORING_OFF_SQ_RING);
	ring->sqes = mmap(NULL, ring->params.sq_entries * sizeof(*ring->sqes),
			  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			  ring->fd, IORING_OFF_SQES);
	if (ring->rings == MAP_FAILED || ring->sqes == MAP_FAILED) {
		ring_close(ring);
		return -ENOMEM;
	}
	return 0;
}

static void *at_offset(const struct ring *ring, __u32 offset)
{
	return (char *)ring->rings + offset;
}

static int submit_and_wait(struct ring *ring)
{
	const struct io_sqring_offsets *sq = &ring->params.sq_off;
	const struct io_cqring_offsets *cq = &ring->params.cq_off;
	atomic_uint *sq_tail = at_offset(ring, sq->tail);
	atomic_uint *cq_tail = at_offset(ring, cq->tail);
	struct io_uring_cqe *cqe = at_offset(ring, cq->cqes);

	*(unsigned int *)at_offset(ring, sq->array) = 0;
	atomic_store(sq_tail, 1);
	if (syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS,
		    NULL, 0) != 1)
		return -errno;
	if (!atomic_load(cq_tail))
		return -EIO;
	return cqe->res;
}

ssize_t uring_read_fixed(int fd, void *buffer, size_t size, off_t from)
{
	struct iovec iov = { buffer, size };
	struct ring ring;
	ssize_t rc = ring_open(&ring);

	if (rc)
		return rc;
	ring.sqes[0] = (struct io_uring_sqe) {
		.opcode = IORING_OP_READ_FIXED,
		.fd = fd,
		.off = from,
		.addr = (__u64)(uintptr_t)buffer,
		.len = size,
	};
	if (syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_BUFFERS,
		    &iov, 1))
		rc = -errno;
	else
		rc = submit_and_wait(&ring);
	ring_close(&ring);
	return rc;
}
