// SPDX-License-Identifier: GPL-2.0-only
/*
 * io_uring for the migrate_policy selftests: see uring.h.
 */
#include "uring.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *map_ring(const struct uring *ring, size_t size, off_t offset)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_POPULATE, ring->fd, offset);

	return map == MAP_FAILED ? NULL : map;
}

static void find_queues(struct uring *ring,
			const struct io_uring_params *params)
{
	const struct io_sqring_offsets *sq = &params->sq_off;
	const struct io_cqring_offsets *cq = &params->cq_off;

	ring->sq_tail = (unsigned int *)(ring->rings + sq->tail);
	ring->sq_mask = *(unsigned int *)(ring->rings + sq->ring_mask);
	ring->sq_array = (unsigned int *)(ring->rings + sq->array);
	ring->cq_head = (unsigned int *)(ring->rings + cq->head);
	ring->cq_tail = (unsigned int *)(ring->rings + cq->tail);
	ring->cq_mask = *(unsigned int *)(ring->rings + cq->ring_mask);
	ring->cqes = (struct io_uring_cqe *)(ring->rings + cq->cqes);
}

static int map_queues(struct uring *ring, const struct io_uring_params *params)
{
	size_t sq = params->sq_off.array +
		    params->sq_entries * sizeof(unsigned int);
	size_t cq = params->cq_off.cqes +
		    params->cq_entries * sizeof(struct io_uring_cqe);

	if (!(params->features & IORING_FEAT_SINGLE_MMAP))
		return -ENOTSUP;
	ring->rings_size = sq > cq ? sq : cq;
	ring->rings = map_ring(ring, ring->rings_size, IORING_OFF_SQ_RING);
	ring->sqes_size = params->sq_entries * sizeof(struct io_uring_sqe);
	ring->sqes = map_ring(ring, ring->sqes_size, IORING_OFF_SQES);
	if (!ring->rings || !ring->sqes)
		return -ENOMEM;
	find_queues(ring, params);
	return 0;
}

int uring_open(struct uring *ring, unsigned int entries)
{
	struct io_uring_params params = {};
	int rc;

	memset(ring, 0, sizeof(*ring));
	ring->fd = syscall(SYS_io_uring_setup, entries, &params);
	if (ring->fd < 0)
		return -errno;
	rc = map_queues(ring, &params);
	if (rc)
		uring_close(ring);
	return rc;
}

int uring_register(struct uring *ring, const struct iovec *buffers,
		   unsigned int nr_buffers, const int *files,
		   unsigned int nr_files)
{
	if (syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_BUFFERS,
		    buffers, nr_buffers) ||
	    syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_FILES,
		    files, nr_files))
		return -errno;
	return 0;
}

void uring_close(struct uring *ring)
{
	if (ring->rings)
		munmap(ring->rings, ring->rings_size);
	if (ring->sqes)
		munmap(ring->sqes, ring->sqes_size);
	if (ring->fd >= 0)
		close(ring->fd);
	ring->fd = -1;
}

void uring_queue(struct uring *ring, const struct uring_io *io)
{
	unsigned int tail = *ring->sq_tail;
	unsigned int at = tail & ring->sq_mask;
	struct io_uring_sqe *sqe = &ring->sqes[at];

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = io->write ? IORING_OP_WRITE_FIXED : IORING_OP_READ_FIXED;
	sqe->flags = IOSQE_FIXED_FILE;
	sqe->fd = io->file;
	sqe->buf_index = io->buffer;
	sqe->addr = (uintptr_t)io->at;
	sqe->len = io->size;
	sqe->off = io->offset;
	sqe->user_data = io->size;
	ring->sq_array[at] = at;
	__atomic_store_n(ring->sq_tail, tail + 1, __ATOMIC_RELEASE);
	ring->queued++;
}

/* Takes all results; an error is kept, the last of several. */
static int take_results(struct uring *ring, unsigned int *taken)
{
	unsigned int tail = __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE);
	unsigned int head = *ring->cq_head;
	int rc = 0;

	for (; head != tail; head++) {
		const struct io_uring_cqe *cqe =
			&ring->cqes[head & ring->cq_mask];

		if (cqe->res < 0)
			rc = cqe->res;
		else if ((__u64)cqe->res != cqe->user_data)
			rc = -EIO;
		(*taken)++;
	}
	__atomic_store_n(ring->cq_head, head, __ATOMIC_RELEASE);
	return rc;
}

int uring_run(struct uring *ring)
{
	unsigned int submit = ring->queued, taken = 0;
	int rc = 0;

	while (taken < ring->queued) {
		long done = syscall(SYS_io_uring_enter, ring->fd, submit,
				    ring->queued - taken,
				    IORING_ENTER_GETEVENTS, NULL, 0);
		int result;

		if (done < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (done > 0)
			submit -= done;
		result = take_results(ring, &taken);
		rc = result ?: rc;
	}
	ring->queued = 0;
	return rc;
}

ssize_t uring_read_fixed(int fd, void *buffer, size_t size, off_t from)
{
	const struct uring_io io = {
		.at = buffer, .size = size, .offset = from,
	};
	const struct iovec iov = { buffer, size };
	struct uring ring;
	int rc = uring_open(&ring, 1);

	if (rc)
		return rc;
	rc = uring_register(&ring, &iov, 1, &fd, 1);
	if (!rc) {
		uring_queue(&ring, &io);
		rc = uring_run(&ring);
	}
	uring_close(&ring);
	return rc ?: (ssize_t)size;
}
