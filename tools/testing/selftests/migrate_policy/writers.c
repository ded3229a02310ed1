// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is done to memory while it migrates: see writers.h.
 *
 * Each of them looks at records before, changes them, and leaves it to those
 * that come later to find what went wrong. All of a region is changed by one
 * thread only, which knows what the records are.
 */
#include "writers.h"

#include "ktap.h"
#include "mem.h"
#include "pace.h"
#include "pageflags.h"
#include "poison.h"
#include "random.h"
#include "sys.h"
#include "uring.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT		21
#endif
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED	24
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP	4
#endif

#define SPLIT		"/sys/kernel/debug/split_huge_pages"

/* Single records that are changed in one go. */
#define BURST		64

/* Pages that are written late, and how late each of them is. */
#define LATE_PAGES	8
#define LATE_US		2000

/* A child looks at its copy this often. */
#define CHILD_LOOKS	3
#define CHILD_REST_US	5000

/* A part of a region: whole grains. */
struct span {
	char *map;
	size_t at;
	size_t size;
	size_t first;		/* record */
	size_t nr;
};

static struct span span_of(const struct work *work, size_t at, size_t size)
{
	return (struct span) {
		.map = work->region->map + at, .at = at, .size = size,
		.first = at / sizeof(struct record),
		.nr = size / sizeof(struct record),
	};
}

static struct span pick(struct work *work, size_t grain, size_t max)
{
	size_t grains = work->region->kind->size / grain;
	size_t at = random_below(&work->random, grains);
	size_t most = max / grain ? max / grain : 1;
	size_t nr = 1 + random_below(&work->random, most);

	if (nr > grains - at)
		nr = grains - at;
	return span_of(work, at * grain, nr * grain);
}

/* Whole folios every other time: what is empty can be one of them again. */
static struct span pick_grains(struct work *work, size_t max)
{
	const struct kind *kind = work->region->kind;

	return pick(work, random_next(&work->random) % 2 ? kind->grain :
							   kind->unit, max);
}

/* For what the kernel writes to: any pages. */
static struct span pick_pages(struct work *work)
{
	return pick(work, BASE_PAGE, random_next(&work->random) % 4 ?
		    64 * BASE_PAGE : WORK_BUFFER);
}

static void check(struct work *work, const struct span *span)
{
	ledger_check(&work->region->ledger, span->first, span->nr,
		     (const struct record *)span->map);
}

static void discarded(struct work *work, const struct span *span)
{
	ledger_discard(&work->region->ledger, span->first, span->nr);
}

/* New contents for the span, in the buffer. */
static void prepare(struct work *work, const struct span *span)
{
	check(work, span);
	ledger_write(&work->region->ledger, span->first, span->nr,
		     (struct record *)work->buffer);
}

static bool complete(const struct work *work, const char *how,
		     const struct span *span, ssize_t done)
{
	return ktap_expect(done == (ssize_t)span->size,
			   "%s to write %zu bytes to %s, not %zd (%s)", how,
			   span->size, work->region->kind->name, done,
			   strerror(errno));
}

/* Stores of the program itself. */

static bool store(struct work *work)
{
	struct ledger *ledger = &work->region->ledger;

	for (int k = 0; k < BURST; k++) {
		size_t i = random_below(&work->random, ledger->nr);

		ledger_check(ledger, i, 1, region_record(work->region, i));
		ledger_write(ledger, i, 1, region_record(work->region, i));
	}
	return true;
}

static bool store_pages(struct work *work)
{
	struct span span = pick_pages(work);

	check(work, &span);
	ledger_write(&work->region->ledger, span.first, span.nr,
		     (struct record *)span.map);
	return true;
}

/* The kernel writes, with a reference to the page or without. */

static bool write_mem(struct work *work)
{
	struct span span = pick_pages(work);

	prepare(work, &span);
	return complete(work, "/proc/self/mem", &span,
			pwrite(work->mem, work->buffer, span.size,
			       (off_t)(uintptr_t)span.map));
}

static bool write_vm(struct work *work)
{
	struct span span = pick_pages(work);
	struct iovec local = { work->buffer, span.size };
	struct iovec remote = { span.map, span.size };

	prepare(work, &span);
	return complete(work, "process_vm_writev", &span,
			process_vm_writev(getpid(), &local, 1, &remote, 1, 0));
}

/*
 * The kernel pins the pages of the region, and waits for each page that it is
 * to write there: it holds references for long, and writes just before it
 * drops them.
 */
static bool write_late(struct work *work)
{
	struct span span = pick(work, BASE_PAGE, LATE_PAGES * BASE_PAGE);
	struct iovec local = { work->late + span.at, span.size };
	struct iovec remote = { span.map, span.size };
	ssize_t done;

	prepare(work, &span);
	if (!ktap_expect(uffd_renew(work->late_uffd, local.iov_base, span.size),
			 "to renew what is written late"))
		return false;
	done = process_vm_writev(getpid(), &local, 1, &remote, 1, 0);
	return complete(work, "process_vm_writev", &span, done);
}

static bool on_loop(struct work *work, const struct span *span)
{
	ssize_t done;

	prepare(work, span);
	done = pwrite(work->loop->fd, work->buffer, span->size, work->loop_at);
	return ktap_expect(done == (ssize_t)span->size,
			   "to write to a loop device, not: %s", strerror(errno));
}

static bool read_direct(struct work *work)
{
	struct span span = pick_pages(work);

	return on_loop(work, &span) &&
	       complete(work, "O_DIRECT", &span,
			pread(work->loop->fd, span.map, span.size,
			      work->loop_at));
}

static bool read_fixed(struct work *work)
{
	struct span span = pick_pages(work);
	ssize_t done;

	if (!on_loop(work, &span))
		return false;
	done = uring_read_fixed(work->loop->fd, span.map, span.size,
				work->loop_at);
	if (done < 0) {
		errno = -done;
		done = -1;
	}
	return complete(work, "io_uring", &span, done);
}

/* Pages of the region in a pipe: it refers to them, without a copy. */
static bool splice_out(struct work *work)
{
	struct span span = pick_pages(work);
	struct iovec iov = { span.map, span.size };
	ssize_t done = vmsplice(work->pipe[1], &iov, 1, SPLICE_F_NONBLOCK);

	if (!ktap_expect(done > 0, "vmsplice to a pipe, not: %s",
			 strerror(errno)) ||
	    !ktap_expect(read(work->pipe[0], work->buffer, done) == done,
			 "to read what was spliced, not: %s", strerror(errno)))
		return false;
	ledger_check(&work->region->ledger, span.first,
		     done / sizeof(struct record),
		     (const struct record *)work->buffer);
	return true;
}

static bool splice_in(struct work *work)
{
	struct span span = pick(work, BASE_PAGE, 8 * BASE_PAGE);
	struct iovec iov = { span.map, span.size };

	prepare(work, &span);
	return ktap_expect(write(work->pipe[1], work->buffer, span.size) ==
			   (ssize_t)span.size, "to fill a pipe, not: %s",
			   strerror(errno)) &&
	       complete(work, "vmsplice", &span,
			vmsplice(work->pipe[0], &iov, 1, 0));
}

/* A child has the region as it was at the fork, whatever we do to ours. */

static void look_in_child(struct region *region)
{
	struct ledger *ledger = &region->ledger;
	size_t wrong = 0;

	signal(SIGSEGV, SIG_DFL);
	for (int i = 0; i < CHILD_LOOKS; i++) {
		wrong += ledger_check(ledger, 0, ledger->nr,
				      region_record(region, 0));
		pace_rest_us(CHILD_REST_US);
	}
	_exit(!!wrong);
}

static bool fork_and_store(struct work *work)
{
	pid_t child = fork(), ended;
	int status = 0;

	if (child == 0)
		look_in_child(work->region);
	if (!ktap_expect(child > 0, "to fork, not: %s", strerror(errno)))
		return false;
	do {
		store(work);
		pace_rest_us(500);
		ended = waitpid(child, &status, WNOHANG);
	} while (!ended);
	return ktap_expect(ended == child && WIFEXITED(status) &&
			   !WEXITSTATUS(status),
			   "the child to find its copy of %s intact, status %x",
			   work->region->kind->name, status);
}

/* Mappings come and go. */

static bool give_up(struct work *work)
{
	const struct kind *kind = work->region->kind;
	struct span span = pick_grains(work, 32 * BASE_PAGE);
	int advice = kind->flags & MAP_LOCKED ? MADV_DONTNEED_LOCKED :
						MADV_DONTNEED;

	check(work, &span);
	if (!ktap_expect(!madvise(span.map, span.size, advice),
			 "to discard a part of %s, not: %s", kind->name,
			 strerror(errno)))
		return false;
	if (kind->may & MAY_LOSE)
		discarded(work, &span);
	return true;
}

static bool remove_pages(struct work *work)
{
	struct span span = pick_grains(work, 32 * BASE_PAGE);

	check(work, &span);
	discarded(work, &span);
	return ktap_expect(!madvise(span.map, span.size, MADV_REMOVE),
			   "MADV_REMOVE of a part of %s, not: %s",
			   work->region->kind->name, strerror(errno));
}

static bool punch(struct work *work)
{
	struct span span = pick_grains(work, 32 * BASE_PAGE);

	check(work, &span);
	discarded(work, &span);
	return ktap_expect(!fallocate(work->region->fd,
				      FALLOC_FL_PUNCH_HOLE |
				      FALLOC_FL_KEEP_SIZE, span.at, span.size),
			   "a hole in %s, not: %s", work->region->kind->name,
			   strerror(errno));
}

/* The end of the file, which is mapped, goes and comes back empty. */
static bool truncate_end(struct work *work)
{
	size_t all = work->region->kind->size;
	size_t grain = work->region->kind->grain;
	size_t nr = random_below(&work->random, all / 4 / grain + 1) + 1;
	struct span end = span_of(work, all - nr * grain, nr * grain);

	check(work, &end);
	discarded(work, &end);
	return ktap_expect(!ftruncate(work->region->fd, end.at) &&
			   !ftruncate(work->region->fd, all),
			   "to truncate %s, not: %s", work->region->kind->name,
			   strerror(errno));
}

/*
 * Never a gap: another thread's mmap(2) might take it. What takes the place in
 * between unmaps as munmap(2) does.
 */
static bool remap(struct work *work)
{
	struct span span = pick_grains(work, 64 * BASE_PAGE);

	check(work, &span);
	if (work->region->fd < 0)
		discarded(work, &span);
	return ktap_expect(mmap(span.map, span.size, PROT_NONE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
				MAP_FIXED, -1, 0) == span.map,
			   "to unmap a part of %s, not: %s",
			   work->region->kind->name, strerror(errno)) &&
	       region_map(work->region, span.at, span.size);
}

static bool move_to(char *from, size_t size, char *to)
{
	return mremap(from, size, size,
		      MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
		      to) == to;
}

/* To and fro. A span of several mappings does not move as one. */
static bool move_mapping(struct work *work)
{
	struct span span = pick_grains(work, 64 * BASE_PAGE);
	char *spare = work->region->spare + span.at;

	if (!move_to(span.map, span.size, spare))
		return ktap_expect(errno == EFAULT || errno == EAGAIN,
				   "to move a mapping of %s, not: %s",
				   work->region->kind->name, strerror(errno));
	ledger_check(&work->region->ledger, span.first, span.nr,
		     (const struct record *)spare);
	ledger_write(&work->region->ledger, span.first, span.nr,
		     (struct record *)spare);
	return ktap_expect(move_to(spare, span.size, span.map),
			   "to move the mapping of %s back, not: %s",
			   work->region->kind->name, strerror(errno));
}

static bool protect_some(struct work *work)
{
	struct span span = pick_grains(work, 32 * BASE_PAGE);
	bool ok = !mprotect(span.map, span.size, PROT_READ);

	check(work, &span);
	ok = !mprotect(span.map, span.size, PROT_READ | PROT_WRITE) && ok;
	return ktap_expect(ok, "to protect a part of %s, not: %s",
			   work->region->kind->name, strerror(errno)) &&
	       store(work);
}

/* A large folio that someone else holds stays as it is: no error of ours. */
static bool split_folios(struct work *work)
{
	struct span span = pick(work, work->region->kind->unit, 1);
	char text[SYS_VALUE];
	int rc;

	snprintf(text, sizeof(text), "%d,0x%lx,0x%lx", getpid(),
		 (unsigned long)span.map, (unsigned long)span.map + span.size);
	rc = sys_write(SPLIT, text);
	check(work, &span);
	return ktap_expect(!rc || rc == -EAGAIN || rc == -EBUSY ||
			   rc == -EINVAL, "to split huge pages, not: %s",
			   strerror(-rc));
}

/* The kernel takes pages away. */

static bool page_out(struct work *work)
{
	struct span span = pick_grains(work, work->region->kind->size / 4);
	struct span half = span;
	bool ok = !madvise(span.map, span.size, MADV_PAGEOUT);

	half.nr /= 2;
	check(work, &half);
	return ktap_expect(ok, "MADV_PAGEOUT of %s, not: %s",
			   work->region->kind->name, strerror(errno));
}

static bool offline(struct work *work)
{
	struct span span = pick(work, BASE_PAGE, BASE_PAGE);

	check(work, &span);
	poison_offline(span.map);
	check(work, &span);
	return true;
}

/*
 * An mlocked page that is isolated at that moment, as it is while it migrates,
 * counts as recovered with Linux 6.12 and 7.3 while it stays mapped:
 * memory_failure() does not unmap what is not on the LRU list, and finds it
 * among the states that it knows by PG_mlocked.
 */
static bool left_mapped(const struct work *work, const char *page)
{
	return work->region->kind->evidence == KPF_UNEVICTABLE &&
	       pageflags_of(mem_pfn(page)) & KPF_HWPOISON;
}

/* The page is lost with its records, and no other one. */
static bool poison(struct work *work)
{
	struct span span = pick(work, BASE_PAGE, BASE_PAGE);
	bool ok = true;

	check(work, &span);
	ledger_write(&work->region->ledger, span.first, span.nr,
		     (struct record *)span.map);
	if (poison_inject(span.map))
		ok = ktap_expect(poison_lost(span.map) ||
				 left_mapped(work, span.map),
				 "SIGBUS from a poisoned page of %s",
				 work->region->kind->name);
	discarded(work, &span);
	return region_map(work->region, span.at, span.size) && ok;
}

static bool merge(struct work *work)
{
	struct span span = pick_grains(work, 64 * BASE_PAGE);

	check(work, &span);
	ledger_share(&work->region->ledger, span.first, span.nr,
		     (struct record *)span.map);
	return true;
}

static bool watch(struct work *work)
{
	struct span span = pick(work, BASE_PAGE, 32 * BASE_PAGE);
	int rc;

	do {
		rc = uffd_protect(work->region->uffd, span.map, span.size);
	} while (rc == EAGAIN);
	check(work, &span);
	ledger_write(&work->region->ledger, span.first, span.nr,
		     (struct record *)span.map);
	return ktap_expect(!rc, "to write-protect a part of %s, not: %s",
			   work->region->kind->name, strerror(rc));
}

const struct writer writers[] = {
	{ "store", 0, 40, store },
	{ "store pages", 0, 4, store_pages },
	{ "/proc/self/mem", MAY_PIN, 6, write_mem },
	{ "process_vm_writev", MAY_PIN, 6, write_vm },
	{ "late write", MAY_PIN, 8, write_late },
	{ "O_DIRECT", MAY_PIN, 16, read_direct },
	{ "io_uring", MAY_REGISTER, 4, read_fixed },
	{ "vmsplice out", MAY_PIN, 4, splice_out },
	{ "vmsplice in", MAY_PIN, 4, splice_in },
	{ "fork", MAY_FORK, 1, fork_and_store },
	{ "MADV_DONTNEED", MAY_DISCARD, 4, give_up },
	{ "MADV_REMOVE", MAY_REMOVE, 4, remove_pages },
	{ "punch hole", MAY_TRUNCATE, 4, punch },
	{ "truncate", MAY_TRUNCATE, 2, truncate_end },
	{ "remap", MAY_REMAP, 4, remap },
	{ "mremap", MAY_MREMAP, 4, move_mapping },
	{ "mprotect", MAY_PROTECT, 4, protect_some },
	{ "split", MAY_SPLIT, 2, split_folios },
	{ "page out", MAY_PAGEOUT, 8, page_out },
	{ "soft offline", MAY_OFFLINE, 1, offline },
	{ "hwpoison", MAY_POISON, 1, poison },
	{ "merge", MAY_MERGE, 12, merge },
	{ "write-protect", MAY_WATCH, 8, watch },
};

const size_t nr_writers = ARRAY_SIZE(writers);

bool work_open(struct work *work, struct region *region, struct loopdev *loop,
	       size_t loop_at)
{
	memset(work, 0, sizeof(*work));
	work->region = region;
	work->random = region->ledger.id * 0x9e3779b97f4a7c15ull | 1;
	work->loop = loop;
	work->loop_at = loop_at;
	work->pipe[0] = -1;
	work->mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	work->buffer = mmap(NULL, WORK_BUFFER, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	work->late = mem_aligned_place(region->kind->size);
	if (work->late)
		work->late_uffd = uffd_open(work->late, region->kind->size,
					    &region->ledger, LATE_US);
	return ktap_expect(work->mem >= 0 && work->buffer != MAP_FAILED &&
			   work->late_uffd && !pipe2(work->pipe, O_CLOEXEC),
			   "buffers and a pipe, not: %s", strerror(errno));
}

void work_close(struct work *work)
{
	if (work->mem >= 0)
		close(work->mem);
	if (work->buffer != MAP_FAILED)
		munmap(work->buffer, WORK_BUFFER);
	uffd_close(work->late_uffd);
	if (work->late)
		munmap(work->late, work->region->kind->size);
	if (work->pipe[0] >= 0) {
		close(work->pipe[0]);
		close(work->pipe[1]);
	}
}
