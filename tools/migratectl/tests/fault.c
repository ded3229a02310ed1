// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel that refuses, for the tests of the whole command: linked into
 * migratectl-fault in front of openat() and write(). MPOL_FAULT holds rules,
 * separated by blanks:
 *
 *   PATH:ERRNO      each write to a file that ends in PATH fails with ERRNO
 *   PATH:ERRNO@N    only the Nth one does
 *   PATH:!ERRNO     opening it for writing fails
 *   PATH:=VALUE     the write succeeds, but VALUE is stored
 *   fsync:ERRNO     this call fails; so do rename and flock
 *
 * A PATH that ends in * matches wherever it stands.
 *
 * As in configfs, and unlike in a plain file, a refused write keeps the value.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RULES_MAX	8

struct rule {
	char path[256];
	int open_errno;
	int write_errno;
	int nth;		/* 0: every write */
	int writes;
	char value[64];
};

static struct rule rules[RULES_MAX];

int __real_openat(int dirfd, const char *path, int flags, int mode);
int __wrap_openat(int dirfd, const char *path, int flags, int mode);
ssize_t __real_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);

static bool parse(const char *text, struct rule *rule)
{
	char what[64];

	if (sscanf(text, "%255[^:]:%63s", rule->path, what) != 2)
		return false;
	if (sscanf(what, "!%d", &rule->open_errno) == 1)
		return true;
	if (sscanf(what, "=%63s", rule->value) == 1)
		return true;
	return sscanf(what, "%d@%d", &rule->write_errno, &rule->nth) >= 1;
}

__attribute__((constructor))
static void parse_rules(void)
{
	const char *text = getenv("MPOL_FAULT");

	for (int i = 0; text && *text; i++) {
		if (i == RULES_MAX || !parse(text, &rules[i])) {
			fprintf(stderr, "MPOL_FAULT: cannot use '%s'\n", text);
			abort();
		}
		text += strcspn(text, " ");
		text += strspn(text, " ");
	}
}

static bool has_part(const char *path, const char *part, size_t length)
{
	for (; *path; path++)
		if (!strncmp(path, part, length))
			return true;
	return false;
}

static struct rule *find_rule(const char *path)
{
	for (int i = 0; i < RULES_MAX && rules[i].path[0]; i++) {
		size_t length = strlen(rules[i].path);

		if (rules[i].path[length - 1] == '*' &&
		    has_part(path, rules[i].path, length - 1))
			return &rules[i];
		if (strlen(path) >= length &&
		    !strcmp(path + strlen(path) - length, rules[i].path))
			return &rules[i];
	}
	return NULL;
}

int __wrap_openat(int dirfd, const char *path, int flags, int mode)
{
	const struct rule *rule = find_rule(path);

	if (rule && (flags & O_ACCMODE) == O_WRONLY) {
		if (rule->open_errno) {
			errno = rule->open_errno;
			return -1;
		}
		/* Whether it is overwritten is settled by the write. */
		flags &= ~O_TRUNC;
	}
	return __real_openat(dirfd, path, flags, mode);
}

static ssize_t store(int fd, const struct rule *rule, const void *data,
		     size_t size)
{
	if (ftruncate(fd, 0))
		return -1;
	if (!rule->value[0])
		return __real_write(fd, data, size);
	if (dprintf(fd, "%s\n", rule->value) < 0)
		return -1;
	return (ssize_t)size;
}

static bool is_due(struct rule *rule)
{
	rule->writes++;
	return rule->write_errno && (!rule->nth || rule->nth == rule->writes);
}

static bool call_fails(const char *name)
{
	struct rule *rule = find_rule(name);

	if (!rule || !is_due(rule))
		return false;
	errno = rule->write_errno;
	return true;
}

int __wrap_fsync(int fd)
{
	return call_fails("fsync") ? -1 : __real_fsync(fd);
}

int __wrap_flock(int fd, int operation)
{
	return call_fails("flock") ? -1 : __real_flock(fd, operation);
}

int __wrap_rename(const char *from, const char *to)
{
	return call_fails("rename") ? -1 : __real_rename(from, to);
}

ssize_t __wrap_write(int fd, const void *data, size_t size)
{
	char link[32], path[PATH_MAX] = "";
	struct rule *rule;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (readlink(link, path, sizeof(path) - 1) < 0)
		return -1;
	rule = find_rule(path);
	if (!rule)
		return __real_write(fd, data, size);
	if (is_due(rule)) {
		errno = rule->write_errno;
		return -1;
	}
	return store(fd, rule, data, size);
}
