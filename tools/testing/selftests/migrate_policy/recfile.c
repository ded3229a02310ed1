// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of records: see recfile.h.
 */
#include "recfile.h"

#include "ktap.h"
#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_NOTES	8

bool recfile_make_lock(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attr;

	return !pthread_mutexattr_init(&attr) &&
	       !pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED) &&
	       !pthread_mutex_init(lock, &attr);
}

/* On disk, and no longer in the page cache. */
static bool write_whole(struct recfile *file, void *buffer)
{
	for (size_t at = 0; at < file->ledger.nr; at += RECFILE_RECORDS)
		recfile_write(file, BY_CALL, at, RECFILE_RECORDS, buffer);
	file->length = file->ledger.nr;
	return !file->failed && !fsync(file->fd) &&
	       !posix_fadvise(file->fd, 0, 0, POSIX_FADV_DONTNEED);
}

bool recfile_make(struct recfile *file, const char *folder, const char *name,
		  size_t size, void *buffer)
{
	bool ok;

	file->size = size;
	snprintf(file->path, sizeof(file->path), "%s/%s", folder, name);
	if (!recfile_make_lock(&file->lock) ||
	    !ledger_open_shared(&file->ledger, name, size))
		return false;
	file->fd = open(file->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ok = file->fd >= 0 && write_whole(file, buffer);
	if (file->fd >= 0)
		close(file->fd);
	return ktap_expect(ok, "to make %s: %s", file->path, strerror(errno));
}

bool recfile_open(struct recfile *file)
{
	file->fd = open(file->path, O_RDWR | O_CLOEXEC);
	file->direct = open(file->path, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (file->fd < 0 || file->direct < 0)
		return ktap_expect(false, "to open %s: %s", file->path,
				   strerror(errno));
	file->map = mmap(NULL, file->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 file->fd, 0);
	return ktap_expect(file->map != MAP_FAILED, "to map %s", file->path);
}

void recfile_close(struct recfile *file)
{
	munmap(file->map, file->size);
	close(file->direct);
	close(file->fd);
}

void recfile_trouble(struct recfile *file, const char *what)
{
	if (atomic_fetch_add(&file->failed, 1) < MAX_NOTES)
		ktap_note("%s: %s: %s", file->ledger.name, what,
			  strerror(errno));
}

static struct record *record_at(const struct recfile *file, size_t i)
{
	return (struct record *)file->map + i;
}

static int fd_of(const struct recfile *file, enum recfile_way way)
{
	return way == DIRECTLY ? file->direct : file->fd;
}

static bool done_as(struct recfile *file, ssize_t done, size_t expected,
		    const char *what)
{
	if (done == (ssize_t)expected)
		return true;
	if (done >= 0)
		errno = EIO;
	recfile_trouble(file, what);
	return false;
}

/* Directly: whole pages, but for the end of the file. */
static bool read_records(struct recfile *file, enum recfile_way way,
			 size_t first, size_t nr, void *buffer)
{
	size_t size = nr * sizeof(struct record);
	size_t rest = (file->length - first) * sizeof(struct record);
	ssize_t done;

	if (way == DIRECTLY)
		size = (size + BASE_PAGE - 1) & ~(BASE_PAGE - 1);
	done = pread(fd_of(file, way), buffer, size,
		     first * sizeof(struct record));
	return done_as(file, done, size < rest ? size : rest, "read");
}

void recfile_write(struct recfile *file, enum recfile_way way, size_t first,
		   size_t nr, void *buffer)
{
	size_t size = nr * sizeof(struct record);

	if (way == BY_MAP) {
		ledger_write(&file->ledger, first, nr, record_at(file, first));
		return;
	}
	ledger_write(&file->ledger, first, nr, buffer);
	done_as(file, pwrite(fd_of(file, way), buffer, size,
			     first * sizeof(struct record)), size, "write");
}

void recfile_check(struct recfile *file, enum recfile_way way, size_t first,
		   size_t nr, void *buffer)
{
	if (way == BY_MAP) {
		ledger_check(&file->ledger, first, nr, record_at(file, first));
		return;
	}
	if (way == DIRECTLY) {
		nr += first % RECORDS_PER_PAGE;
		first -= first % RECORDS_PER_PAGE;
	}
	if (nr > RECFILE_RECORDS)
		nr = RECFILE_RECORDS;
	if (read_records(file, way, first, nr, buffer))
		ledger_check(&file->ledger, first, nr, buffer);
}

void recfile_check_all(struct recfile *file, void *buffer)
{
	for (enum recfile_way way = 0; way < NR_WAYS; way++) {
		for (size_t at = 0; at < file->length; at += RECFILE_RECORDS) {
			size_t nr = file->length - at;

			if (nr > RECFILE_RECORDS)
				nr = RECFILE_RECORDS;
			recfile_check(file, way, at, nr, buffer);
		}
	}
}
