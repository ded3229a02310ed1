// SPDX-License-Identifier: GPL-2.0-only
/*
 * Directories that come with files, for the tests of trial: linked into
 * migratectl-trial. As in configfs, a new directory below trials/ has the
 * attributes of its reason, share, live and results at once, and rmdir takes
 * them along. What the kernel counts there, tests/fake_trials.py writes.
 * $FAKE_TRIALS may name a call that fails, as "mkdirat:12" or "unlinkat:16";
 * "fork:11" and "pipe2:24" likewise.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const keys[] = {
	"backend", "batch_size", "min_pages", "workers", "classes", "strict",
};

static const char *const results[] = {
	"summary", "hist_page_ns", "hist_cut_ns", "hist_first_ns",
	"hist_away_ns",
};

int __real_mkdirat(int dirfd, const char *path, mode_t mode);
int __wrap_mkdirat(int dirfd, const char *path, mode_t mode);
int __real_unlinkat(int dirfd, const char *path, int flags);
int __wrap_unlinkat(int dirfd, const char *path, int flags);
pid_t __real_fork(void);
pid_t __wrap_fork(void);
int __real_pipe2(int fd[2], int flags);
int __wrap_pipe2(int fd[2], int flags);

static int refuses(const char *call)
{
	const char *text = getenv("FAKE_TRIALS");
	size_t length = strlen(call);

	if (!text || strncmp(text, call, length) || text[length] != ':')
		return 0;
	errno = atoi(text + length + 1);
	return 1;
}

static void write_file(int dirfd, const char *dir, const char *name,
		       const char *text)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	/* Not write(): what refuses writes is meant for the command. */
	if (fd < 0 ||
	    pwrite(fd, text, strlen(text), 0) != (ssize_t)strlen(text))
		abort();
	close(fd);
}

static void copy_key(int dirfd, const char *dir, const char *key)
{
	char path[4096], text[4097];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "%s/../../%s", dir, key);
	fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		abort();
	length = read(fd, text, sizeof(text) - 1);
	if (length < 0)
		abort();
	text[length] = '\0';
	close(fd);
	write_file(dirfd, dir, key, text);
}

int __wrap_mkdirat(int dirfd, const char *path, mode_t mode)
{
	char dir[4096];
	int ret;

	if (refuses("mkdirat"))
		return -1;
	ret = __real_mkdirat(dirfd, path, mode);
	if (ret || !strstr(path, "/trials/"))
		return ret;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		copy_key(dirfd, path, keys[i]);
	snprintf(dir, sizeof(dir), "%s/results", path);
	if (__real_mkdirat(dirfd, dir, 0755))
		abort();
	for (size_t i = 0; i < sizeof(results) / sizeof(*results); i++)
		write_file(dirfd, dir, results[i], "");
	write_file(dirfd, path, "share", "0\n");
	write_file(dirfd, path, "live", "0\n");
	return 0;
}

static void empty(int dirfd, const char *path)
{
	char file[4096];

	for (size_t i = 0; i < sizeof(results) / sizeof(*results); i++) {
		snprintf(file, sizeof(file), "%s/results/%s", path, results[i]);
		__real_unlinkat(dirfd, file, 0);
	}
	snprintf(file, sizeof(file), "%s/results", path);
	__real_unlinkat(dirfd, file, AT_REMOVEDIR);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		snprintf(file, sizeof(file), "%s/%s", path, keys[i]);
		__real_unlinkat(dirfd, file, 0);
	}
	snprintf(file, sizeof(file), "%s/share", path);
	__real_unlinkat(dirfd, file, 0);
	snprintf(file, sizeof(file), "%s/live", path);
	__real_unlinkat(dirfd, file, 0);
}

/* Out of the way first: whoever writes results finds it whole or not at all. */
int __wrap_unlinkat(int dirfd, const char *path, int flags)
{
	const char *trials = strstr(path, "/trials/");
	char gone[2048];

	if (refuses("unlinkat"))
		return -1;
	if (!(flags & AT_REMOVEDIR) || !trials)
		return __real_unlinkat(dirfd, path, flags);
	snprintf(gone, sizeof(gone), "%.*s/.gone-%ld", (int)(trials - path),
		 path, (long)getpid());
	if (renameat(dirfd, path, dirfd, gone))
		return -1;
	/* Who was about to write may have got in all the same. */
	do {
		empty(dirfd, gone);
	} while (__real_unlinkat(dirfd, gone, flags) && errno == ENOTEMPTY);
	return 0;
}

pid_t __wrap_fork(void)
{
	return refuses("fork") ? -1 : __real_fork();
}

int __wrap_pipe2(int fd[2], int flags)
{
	return refuses("pipe2") ? -1 : __real_pipe2(fd, flags);
}
