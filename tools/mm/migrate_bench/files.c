// SPDX-License-Identifier: GPL-2.0-only
/*
 * Small text files, for all parts of migrate_bench: reading and writing
 * attributes of sysfs, configfs and cgroups, and putting changed settings back
 * when the program ends, in reverse order, also after an error.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

struct setting {
	struct setting *next;
	char path[256];
	char value[256];
};

static struct setting *changed;

static int line_read(char *buf, size_t size, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n < 0)
		return -1;
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

int text_read(char *buf, size_t size, const char *fmt, ...)
{
	char path[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	return line_read(buf, size, path);
}

int text_write(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	ssize_t n;
	int saved;

	if (fd < 0)
		return -1;
	n = write(fd, value, strlen(value));
	saved = errno;
	close(fd);
	errno = saved;
	return n < 0 ? -1 : 0;
}

/* "always [madvise] never" means madvise. */
static void keep_chosen(char *value)
{
	char *start = strchr(value, '[');
	char *end = start ? strchr(start, ']') : NULL;

	if (!end)
		return;
	*end = '\0';
	memmove(value, start + 1, strlen(start + 1) + 1);
}

static void settings_restore(void)
{
	for (struct setting *s = changed; s; s = s->next) {
		if (text_write(s->path, s->value))
			warn("cannot put %s back to %s", s->path, s->value);
	}
}

static void setting_remember(const char *path)
{
	struct setting *s;

	for (s = changed; s; s = s->next) {
		if (!strcmp(s->path, path))
			return;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		err(EXIT_FAILURE, "cannot remember %s", path);
	snprintf(s->path, sizeof(s->path), "%s", path);
	if (line_read(s->value, sizeof(s->value), path))
		err(EXIT_FAILURE, "cannot read %s", path);
	keep_chosen(s->value);
	if (!changed)
		atexit(settings_restore);
	s->next = changed;
	changed = s;
}

void setting_change(const char *value, const char *fmt, ...)
{
	char path[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	setting_remember(path);
	if (text_write(path, value))
		err(EXIT_FAILURE, "cannot write %s to %s", value, path);
}
