// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files under load: see filework.h.
 */
#include "filework.h"

#include "ktap.h"
#include "mem.h"
#include "names.h"
#include "pace.h"
#include "random.h"
#include "recfile.h"
#include "record.h"
#include "sys.h"
#include "uring.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#endif

#define MB		(1024ul * 1024)

/* Steps between two short sleeps. */
#define BURST		16
#define REST_US		500

/* Whoever migrates holds locks that others wait for, and is to go on first. */
#define NICE		5

/* How often the reader drops caches. */
#define DROP_SECONDS	1.5

struct worker;

struct work {
	const char *name;
	size_t size;
	bool process;		/* in a process of its own, not a thread */
	void (*step)(struct worker *worker);
};

struct worker {
	const struct work *work;
	struct recfile *file;
	__u64 random;
	char *buffer;		/* RECFILE_BUFFER bytes that can be read directly */
	struct uring ring;
	double next_drop;
	pthread_t thread;
	pid_t pid;
	bool running;
};

static void step_stores(struct worker *worker);
static void step_calls(struct worker *worker);
static void step_direct(struct worker *worker);
static void step_uring(struct worker *worker);
static void step_resize(struct worker *worker);
static void step_names(struct worker *worker);
static void step_read(struct worker *worker);

enum {
	STORES, CALLS, DIRECT, URING, RESIZE, FROZEN, NR_FILES,
	SMALL = NR_FILES, READER, NR_WORKS,
};

/* Nobody changes the frozen file: so it can be copied ahead all the time. */
static const struct work works[NR_WORKS] = {
	[STORES] = { "stores", MB, false, step_stores },
	[CALLS] = { "calls", MB, true, step_calls },
	[DIRECT] = { "direct", MB / 2, false, step_direct },
	[URING] = { "uring", MB / 2, false, step_uring },
	[RESIZE] = { "resize", MB / 2, true, step_resize },
	[FROZEN] = { "frozen", MB, false, NULL },
	[SMALL] = { "small files", 0, true, step_names },
	[READER] = { "reader", 0, true, step_read },
};

/* In memory that all processes share. */
struct stage {
	struct recfile files[NR_FILES];
	struct names names;
	pthread_mutex_t names_lock;
	bool holes;
	atomic_bool stop;
	atomic_ullong failed;	/* calls, besides those of the files */
};

static struct stage *stage;
static struct worker workers[NR_WORKS];

static void check(struct worker *worker, enum recfile_way way, size_t first,
		  size_t nr)
{
	recfile_check(worker->file, way, first, nr, worker->buffer);
}

static void write_records(struct worker *worker, enum recfile_way way,
			  size_t first, size_t nr)
{
	recfile_write(worker->file, way, first, nr, worker->buffer);
}

/* A stretch of at most @max records of the file; false if it is empty. */
static bool choose(struct worker *worker, size_t max, size_t *first, size_t *nr)
{
	size_t length = worker->file->length;

	if (!length)
		return false;
	*first = random_below(&worker->random, length);
	*nr = 1 + random_below(&worker->random, max);
	if (*nr > length - *first)
		*nr = length - *first;
	return true;
}

static void check_some(struct worker *worker, enum recfile_way way)
{
	size_t first, nr;

	if (choose(worker, 2 * RECORDS_PER_PAGE, &first, &nr))
		check(worker, way, first, nr);
}

static bool once_in(struct worker *worker, unsigned int times)
{
	return !random_below(&worker->random, times);
}

/* Stores through a shared mapping, and msync(2). */
static void step_stores(struct worker *worker)
{
	size_t first, nr;

	if (!choose(worker, 4, &first, &nr))
		return;
	check(worker, BY_MAP, first, nr);
	write_records(worker, BY_MAP, first, nr);
	if (once_in(worker, 8))
		check(worker, BY_CALL, first, nr);
	if (once_in(worker, 64) &&
	    msync(worker->file->map, worker->file->size,
		  once_in(worker, 4) ? MS_SYNC : MS_ASYNC))
		recfile_trouble(worker->file, "msync");
}

/* write(2) across pages, fdatasync(2) and writeback. */
static void step_calls(struct worker *worker)
{
	int fd = worker->file->fd;
	size_t first, nr;

	if (!choose(worker, 3 * RECORDS_PER_PAGE, &first, &nr))
		return;
	check(worker, BY_CALL, first, nr);
	write_records(worker, BY_CALL, first, nr);
	if (once_in(worker, 8))
		check(worker, BY_MAP, first, nr);
	if (once_in(worker, 64) && fdatasync(fd))
		recfile_trouble(worker->file, "fdatasync");
	if (once_in(worker, 16) &&
	    sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE))
		recfile_trouble(worker->file, "sync_file_range");
}

/* O_DIRECT writes between buffered ones and stores. */
static void step_direct(struct worker *worker)
{
	size_t pages = worker->file->size / BASE_PAGE;
	size_t nr = 1 + random_below(&worker->random, 8);
	size_t first = random_below(&worker->random, pages - nr);
	enum recfile_way way = random_below(&worker->random, NR_WAYS + 1);

	if (way == NR_WAYS)
		way = DIRECTLY;
	first *= RECORDS_PER_PAGE;
	nr *= RECORDS_PER_PAGE;
	write_records(worker, way, first, nr);
	check(worker, random_below(&worker->random, NR_WAYS), first, nr);
}

#define URING_QUEUE	4
#define URING_BUFFER	(RECFILE_BUFFER / URING_QUEUE)

/* The same piece of each quarter of the file, in a buffer each. */
static bool run_uring(struct worker *worker, bool write, bool direct,
		      size_t piece, size_t size)
{
	size_t quarter = worker->file->size / URING_QUEUE;
	int rc;

	for (size_t i = 0; i < URING_QUEUE; i++) {
		const struct uring_io io = {
			.write = write, .file = direct, .buffer = i,
			.at = worker->buffer + i * URING_BUFFER, .size = size,
			.offset = i * quarter + piece,
		};

		uring_queue(&worker->ring, &io);
	}
	rc = uring_run(&worker->ring);
	if (rc) {
		errno = -rc;
		recfile_trouble(worker->file, write ? "write" : "read");
	}
	return !rc;
}

/* Registered buffers and files, directly and through the page cache. */
static void step_uring(struct worker *worker)
{
	struct ledger *ledger = &worker->file->ledger;
	size_t quarter = worker->file->size / URING_QUEUE;
	size_t size = BASE_PAGE << random_below(&worker->random, 3);
	size_t piece = random_below(&worker->random, quarter / size) * size;
	size_t nr = size / sizeof(struct record);
	bool direct = random_below(&worker->random, 2);

	for (size_t i = 0; i < URING_QUEUE; i++)
		ledger_write(ledger, (i * quarter + piece) / sizeof(struct record),
			     nr, (struct record *)(worker->buffer +
						   i * URING_BUFFER));
	if (!run_uring(worker, true, direct, piece, size))
		return;
	direct = random_below(&worker->random, 2);
	if (!run_uring(worker, false, direct, piece, size))
		return;
	for (size_t i = 0; i < URING_QUEUE; i++)
		ledger_check(ledger, (i * quarter + piece) / sizeof(struct record),
			     nr, (struct record *)(worker->buffer +
						   i * URING_BUFFER));
}

static void set_length(struct worker *worker, size_t length)
{
	struct recfile *file = worker->file;

	if (ftruncate(file->fd, length * sizeof(struct record))) {
		recfile_trouble(worker->file, "ftruncate");
		return;
	}
	if (length < file->length)
		ledger_discard(&file->ledger, length, file->length - length);
	file->length = length;
}

static void append(struct worker *worker)
{
	struct recfile *file = worker->file;
	size_t nr = file->ledger.nr - file->length;

	if (nr > RECFILE_RECORDS)
		nr = RECFILE_RECORDS;
	write_records(worker, BY_CALL, file->length, nr);
	file->length += nr;
}

static void punch_hole(struct worker *worker)
{
	struct recfile *file = worker->file;
	size_t first, nr;

	if (!stage->holes || !choose(worker, RECFILE_RECORDS, &first, &nr))
		return;
	if (fallocate(file->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		      first * sizeof(struct record),
		      nr * sizeof(struct record)))
		recfile_trouble(worker->file, "punch a hole");
	else
		ledger_discard(&file->ledger, first, nr);
}

static void write_some(struct worker *worker, enum recfile_way way)
{
	size_t first, nr;

	if (choose(worker, RECORDS_PER_PAGE, &first, &nr))
		write_records(worker, way, first, nr);
}

/* Truncates, extends and appends; none of it ends at a page. */
static void step_resize(struct worker *worker)
{
	const struct recfile *file = worker->file;
	size_t length = file->length, max = file->ledger.nr;

	switch (random_below(&worker->random, 8)) {
	case 0:
		length -= random_below(&worker->random, length / 2 + 1);
		set_length(worker, length);
		break;
	case 1:
		length += random_below(&worker->random, max - length + 1);
		set_length(worker, length);
		break;
	case 2:
		append(worker);
		break;
	case 3:
		punch_hole(worker);
		break;
	case 4:
		if (once_in(worker, 8) && fsync(file->fd))
			recfile_trouble(worker->file, "fsync");
		break;
	case 5:
		write_some(worker, BY_CALL);
		break;
	default:
		write_some(worker, BY_MAP);
	}
	check_some(worker, random_below(&worker->random, NR_WAYS));
}

static void step_names(struct worker *worker)
{
	pthread_mutex_lock(&stage->names_lock);
	if (!names_step(&stage->names, &worker->random, worker->buffer))
		stage->failed++;
	pthread_mutex_unlock(&stage->names_lock);
}

static void check_name(struct worker *worker)
{
	size_t name = random_below(&worker->random, NAMES);

	pthread_mutex_lock(&stage->names_lock);
	if (!names_check(&stage->names, name, worker->buffer))
		stage->failed++;
	pthread_mutex_unlock(&stage->names_lock);
}

static void drop_some(struct worker *worker)
{
	static const char * const what[] = { "1", "2", "3" };

	if (pace_now() < worker->next_drop)
		return;
	worker->next_drop = pace_now() + DROP_SECONDS;
	if (sys_write("/proc/sys/vm/drop_caches",
		      what[random_below(&worker->random, ARRAY_SIZE(what))]))
		stage->failed++;
}

/* Every file in every way, from another process, after dropped caches, too. */
static void step_read(struct worker *worker)
{
	size_t which = random_below(&worker->random, NR_FILES + 1);
	enum recfile_way way = random_below(&worker->random, NR_WAYS);

	drop_some(worker);
	if (which == NR_FILES) {
		check_name(worker);
		return;
	}
	worker->file = &stage->files[which];
	pthread_mutex_lock(&worker->file->lock);
	check_some(worker, way);
	pthread_mutex_unlock(&worker->file->lock);
	worker->file = NULL;
}

static bool open_ring(struct worker *worker)
{
	const int fds[] = { worker->file->fd, worker->file->direct };
	struct iovec buffers[URING_QUEUE];
	int rc;

	for (size_t i = 0; i < URING_QUEUE; i++)
		buffers[i] = (struct iovec) {
			worker->buffer + i * URING_BUFFER, URING_BUFFER,
		};
	rc = uring_open(&worker->ring, URING_QUEUE);
	if (!rc)
		rc = uring_register(&worker->ring, buffers, URING_QUEUE, fds,
				    ARRAY_SIZE(fds));
	return ktap_expect(!rc, "to set up io_uring: %s", strerror(-rc));
}

static void *keep_working(void *arg)
{
	struct worker *worker = arg;

	setpriority(PRIO_PROCESS, gettid(), NICE);
	while (!stage->stop) {
		for (int i = 0; i < BURST && !stage->stop; i++) {
			pthread_mutex_t *lock = worker->file ?
						&worker->file->lock : NULL;

			if (lock)
				pthread_mutex_lock(lock);
			worker->work->step(worker);
			if (lock)
				pthread_mutex_unlock(lock);
		}
		pace_rest_us(REST_US);
	}
	return NULL;
}

/* What the parent has to undo is not the child's business. */
static void work_alone(struct worker *worker)
{
	static const int signals[] = {
		SIGHUP, SIGINT, SIGTERM, SIGALRM, SIGPIPE,
		SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE,
	};

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		signal(signals[i], SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	keep_working(worker);
	_exit(0);
}

static bool start_processes(void)
{
	bool ok = true;

	for (size_t i = 0; ok && i < NR_WORKS; i++) {
		struct worker *worker = &workers[i];

		if (!works[i].process)
			continue;
		worker->pid = fork();
		if (!worker->pid)
			work_alone(worker);
		ok = worker->pid > 0;
		worker->running = ok;
	}
	return ktap_expect(ok, "to start the processes");
}

static bool start_threads(void)
{
	bool ok = true;

	for (size_t i = 0; ok && i < NR_WORKS; i++) {
		struct worker *worker = &workers[i];

		if (works[i].process || !works[i].step)
			continue;
		ok = !pthread_create(&worker->thread, NULL, keep_working,
				     worker);
		worker->running = ok;
	}
	return ktap_expect(ok, "to start the threads");
}

bool filework_start(void)
{
	stage->stop = false;
	return start_processes() && open_ring(&workers[URING]) &&
	       start_threads();
}

static bool join(struct worker *worker)
{
	int status;

	if (!worker->running)
		return true;
	worker->running = false;
	if (!worker->work->process)
		return !pthread_join(worker->thread, NULL);
	return ktap_expect(waitpid(worker->pid, &status, 0) == worker->pid &&
			   !status, "the process of %s to end well",
			   worker->work->name);
}

bool filework_stop(void)
{
	bool ok = true;

	stage->stop = true;
	for (size_t i = 0; i < NR_WORKS; i++)
		ok &= join(&workers[i]);
	uring_close(&workers[URING].ring);
	return ok;
}

static void *map_memory(size_t size, int flags)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 flags | MAP_ANONYMOUS, -1, 0);

	return map == MAP_FAILED ? NULL : map;
}

static bool make_worker(size_t i)
{
	workers[i] = (struct worker) {
		.work = &works[i],
		.file = i < NR_FILES ? &stage->files[i] : NULL,
		.random = i * 0x1234567 + 1,
		.buffer = map_memory(RECFILE_BUFFER, MAP_PRIVATE),
		.ring.fd = -1,
	};
	return ktap_expect(workers[i].buffer, "memory for a buffer");
}

bool filework_make(const char *folder, bool holes)
{
	char path[SYS_PATH];
	bool ok = true;

	stage = map_memory(sizeof(*stage), MAP_SHARED);
	if (!stage)
		return ktap_expect(false, "shared memory");
	if (mkdir(folder, 0700))
		return ktap_expect(false, "to make the directory %s: %s",
				   folder, strerror(errno));
	stage->holes = holes;
	for (size_t i = 0; i < NR_WORKS; i++)
		ok &= make_worker(i);
	for (size_t i = 0; ok && i < NR_FILES; i++)
		ok = recfile_make(&stage->files[i], folder, works[i].name,
				  works[i].size, workers[i].buffer);
	snprintf(path, sizeof(path), "%s/small", folder);
	return ok && recfile_make_lock(&stage->names_lock) &&
	       names_make(&stage->names, path);
}

void filework_free(void)
{
	if (!stage)
		return;
	for (size_t i = 0; i < NR_FILES; i++)
		ledger_close(&stage->files[i].ledger);
	ledger_close(&stage->names.ledger);
	for (size_t i = 0; i < NR_WORKS; i++) {
		if (workers[i].buffer)
			munmap(workers[i].buffer, RECFILE_BUFFER);
		workers[i].buffer = NULL;
	}
	munmap(stage, sizeof(*stage));
	stage = NULL;
}

bool filework_open(void)
{
	bool ok = true;

	for (size_t i = 0; ok && i < NR_FILES; i++)
		ok = recfile_open(&stage->files[i]);
	return ok;
}

void filework_close(void)
{
	for (size_t i = 0; i < NR_FILES; i++)
		recfile_close(&stage->files[i]);
}

size_t filework_ranges(struct mover_range *ranges)
{
	for (size_t i = 0; i < NR_FILES; i++)
		ranges[i] = (struct mover_range) {
			stage->files[i].map, stage->files[i].size, BASE_PAGE,
		};
	return NR_FILES;
}

void filework_populate(void)
{
	/* It ends where the file does. */
	for (size_t i = 0; i < NR_FILES; i++)
		madvise(stage->files[i].map, stage->files[i].size,
			MADV_POPULATE_READ);
}

bool filework_check(void)
{
	struct filework_sums sums;
	bool ok;

	for (size_t i = 0; i < NR_FILES; i++)
		recfile_check_all(&stage->files[i], workers[i].buffer);
	ok = names_check_all(&stage->names, workers[SMALL].buffer);
	filework_sums(&sums);
	ok &= ktap_expect(!sums.wrong, "no wrong record, not %llu",
			  sums.wrong);
	return ktap_expect(!sums.failed, "no failed call, not %llu",
			   sums.failed) && ok;
}

static void add_ledger(struct filework_sums *sums, struct ledger *ledger)
{
	sums->checked += ledger->checked;
	sums->wrong += ledger->wrong;
	sums->written += ledger->written;
}

void filework_sums(struct filework_sums *sums)
{
	*sums = (struct filework_sums) { .failed = stage->failed };
	for (size_t i = 0; i < NR_FILES; i++) {
		add_ledger(sums, &stage->files[i].ledger);
		sums->failed += stage->files[i].failed;
	}
	add_ledger(sums, &stage->names.ledger);
}
