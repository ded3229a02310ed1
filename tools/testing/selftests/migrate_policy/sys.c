// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel settings of the migrate_policy selftests: see sys.h.
 */
#include "sys.h"

#include "ktap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/swap.h>
#include <unistd.h>

#define UNDO_MAX	1024

#define TAINT_WARN	0x200
/* TAINT_BAD_PAGE, TAINT_DIE, TAINT_WARN, TAINT_SOFTLOCKUP */
#define TAINT_SPLATS	(0x20 | 0x80 | TAINT_WARN | 0x4000)

enum undo_kind {
	UNDO_WRITE,
	UNDO_RMDIR,
	UNDO_UNLINK,
	UNDO_MOUNT,
	UNDO_SWAPON,
};

/* What undoes one change. */
struct undo {
	enum undo_kind kind;
	char path[SYS_PATH];
	char value[SYS_VALUE];
};

static struct undo undos[UNDO_MAX];
static atomic_int nr_undos;

int sys_read(const char *path, char *value, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = read(fd, value, size - 1);
	close(fd);
	if (len < 0)
		return -errno;
	if (len && value[len - 1] == '\n')
		len--;
	value[len] = '\0';
	return 0;
}

__u64 sys_number(const char *path)
{
	char text[SYS_VALUE];
	int rc = sys_read(path, text, sizeof(text));
	__u64 number;
	char *end;

	if (rc) {
		ktap_note("cannot read %s: %s", path, strerror(-rc));
		return UINT64_MAX;
	}
	number = strtoull(text, &end, 10);
	if (end == text || *end) {
		ktap_note("%s holds \"%s\", not a number", path, text);
		return UINT64_MAX;
	}
	return number;
}

__u64 sys_sum_lines(const char *path, const char *prefix)
{
	FILE *file = fopen(path, "re");
	__u64 sum = UINT64_MAX;
	char line[256];

	while (file && fgets(line, sizeof(line), file)) {
		char *name = line + strspn(line, " ");

		if (strncmp(name, prefix, strlen(prefix)))
			continue;
		if (sum == UINT64_MAX)
			sum = 0;
		sum += strtoull(name + strcspn(name, " "), NULL, 10);
	}
	if (file)
		fclose(file);
	return sum;
}

/* Only async-signal-safe calls: undo_to() runs in signal handlers. */
int sys_write(const char *path, const char *value)
{
	size_t len = strlen(value);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t done;
	int rc;

	if (fd < 0)
		return -errno;
	done = write(fd, value, len);
	rc = done < 0 ? -errno : 0;
	close(fd);
	if (!rc && (size_t)done != len)
		rc = -EIO;
	return rc;
}

/* Of "always [madvise] never" the word in brackets is the value. */
static void take_bracketed(char *value)
{
	char *begin = strchr(value, '[');
	char *end = begin ? strchr(begin, ']') : NULL;

	if (!end)
		return;
	*end = '\0';
	memmove(value, begin + 1, end - begin);
}

int sys_set(const char *path, const char *value)
{
	char old[SYS_VALUE];
	int rc = sys_read(path, old, sizeof(old));

	if (!rc) {
		take_bracketed(old);
		undo_write(path, old);
		rc = sys_write(path, value);
	}
	if (rc)
		ktap_note("cannot write \"%s\" to %s: %s", value, path,
			  strerror(-rc));
	return rc;
}

bool sys_exists(const char *path)
{
	return !access(path, F_OK);
}

/*
 * Whether the kernel log has a warning other than the stock kernel's that the
 * selftest torn_thp shows. One that cannot be read counts.
 */
static bool warned(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char record[8192];
	bool found = fd < 0;
	ssize_t len;

	while (!found && (len = read(fd, record, sizeof(record) - 1)) > 0) {
		record[len] = '\0';
		found = strstr(record, "WARNING: ") &&
			!strstr(record, " at deferred_split_folio+");
	}
	found |= fd < 0 || errno != EAGAIN;
	if (fd >= 0)
		close(fd);
	return found;
}

__u64 sys_splats(void)
{
	__u64 splats = sys_number("/proc/sys/kernel/tainted") & TAINT_SPLATS;

	return splats & TAINT_WARN && !warned() ? splats & ~TAINT_WARN : splats;
}

static void undo_at_exit(void)
{
	undo_to(0);
}

static void undo_at_signal(int sig)
{
	undo_to(0);
	signal(sig, SIG_DFL);
	raise(sig);
}

void undo_init(void)
{
	static const int signals[] = {
		SIGHUP, SIGINT, SIGTERM, SIGALRM, SIGPIPE,
		SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE,
	};

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		signal(signals[i], undo_at_signal);
	atexit(undo_at_exit);
}

void undo_forget(void)
{
	nr_undos = 0;
}

int undo_mark(void)
{
	return nr_undos;
}

static void undo_one(const struct undo *undo)
{
	switch (undo->kind) {
	case UNDO_WRITE:
		sys_write(undo->path, undo->value);
		break;
	case UNDO_RMDIR:
		rmdir(undo->path);
		break;
	case UNDO_UNLINK:
		unlink(undo->path);
		break;
	case UNDO_MOUNT:
		umount2(undo->path, MNT_DETACH);
		break;
	case UNDO_SWAPON:
		swapoff(undo->path);
		break;
	}
}

void undo_to(int mark)
{
	while (nr_undos > mark)
		undo_one(&undos[--nr_undos]);
}

static void undo_push(enum undo_kind kind, const char *path, const char *value)
{
	struct undo *undo = &undos[nr_undos];

	if (nr_undos == UNDO_MAX || strlen(path) >= sizeof(undo->path) ||
	    strlen(value) >= sizeof(undo->value)) {
		ktap_note("too much to put back: %s", path);
		exit(KTAP_FAIL);
	}
	undo->kind = kind;
	snprintf(undo->path, sizeof(undo->path), "%s", path);
	snprintf(undo->value, sizeof(undo->value), "%s", value);
	nr_undos++;
}

void undo_write(const char *path, const char *value)
{
	undo_push(UNDO_WRITE, path, value);
}

void undo_rmdir(const char *path)
{
	undo_push(UNDO_RMDIR, path, "");
}

void undo_unlink(const char *path)
{
	undo_push(UNDO_UNLINK, path, "");
}

void undo_mount(const char *path)
{
	undo_push(UNDO_MOUNT, path, "");
}

void undo_swapon(const char *path)
{
	undo_push(UNDO_SWAPON, path, "");
}
