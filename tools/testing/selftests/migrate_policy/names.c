// SPDX-License-Identifier: GPL-2.0-only
/*
 * Small files that come and go: see names.h.
 */
#include "names.h"

#include "ktap.h"
#include "random.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDERS		2

static void path_of(const struct names *names, size_t name, char *path)
{
	snprintf(path, SYS_PATH + 64,
		 "%s/%zu/a name long enough to need some room %03zu",
		 names->folder, name % FOLDERS, name);
}

static size_t first_record(const struct names *names, size_t name)
{
	return names->content[name] * (size_t)NAMES_RECORDS;
}

static size_t nr_records(const struct names *names, size_t name)
{
	return 1 + names->content[name] * 37 % NAMES_RECORDS;
}

static bool complain(const char *what, const char *path)
{
	ktap_note("cannot %s %s: %s", what, path, strerror(errno));
	return false;
}

bool names_make(struct names *names, const char *folder)
{
	char path[SYS_PATH + 8];

	snprintf(names->folder, sizeof(names->folder), "%s", folder);
	if (mkdir(folder, 0700))
		return complain("make", folder);
	for (size_t i = 0; i < FOLDERS; i++) {
		snprintf(path, sizeof(path), "%s/%zu", folder, i);
		if (mkdir(path, 0700))
			return complain("make", path);
	}
	for (size_t i = 0; i < NAMES; i++)
		names->content[i] = i;
	return ledger_open_shared(&names->ledger, "small files",
				  NAMES * NAMES_RECORDS *
				  sizeof(struct record));
}

/* A new file, or new contents for one that is there. */
static bool create(struct names *names, size_t name, const char *path,
		   bool sync, void *buffer)
{
	size_t size = nr_records(names, name) * sizeof(struct record);
	int flags = names->exists[name] ? O_TRUNC : O_CREAT | O_EXCL;
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0600);
	bool ok;

	if (fd < 0)
		return complain("create", path);
	ledger_write(&names->ledger, first_record(names, name),
		     nr_records(names, name), buffer);
	ok = write(fd, buffer, size) == (ssize_t)size && (!sync || !fsync(fd));
	close(fd);
	names->exists[name] = true;
	return ok || complain("write", path);
}

static bool move(struct names *names, size_t from, size_t to, const char *path)
{
	char target[SYS_PATH + 64];
	unsigned char content = names->content[from];

	path_of(names, to, target);
	if (rename(path, target))
		return complain("rename", path);
	names->content[from] = names->content[to];
	names->content[to] = content;
	names->exists[from] = false;
	names->exists[to] = true;
	return true;
}

/* A directory that comes and goes. */
static bool make_folder(const struct names *names)
{
	char path[SYS_PATH + 8];

	snprintf(path, sizeof(path), "%s/empty", names->folder);
	return (!mkdir(path, 0700) && !rmdir(path)) ||
	       complain("make and remove", path);
}

bool names_step(struct names *names, __u64 *random, void *buffer)
{
	size_t name = random_below(random, NAMES);
	size_t other = (name + 1 + random_below(random, NAMES - 1)) % NAMES;
	char path[SYS_PATH + 64];
	unsigned int choice = random_below(random, 8);

	path_of(names, name, path);
	if (!names->exists[name] && choice)
		return create(names, name, path, choice == 1, buffer);
	if (!names->exists[name])
		return make_folder(names);
	if (!names_check(names, name, buffer))
		return false;
	if (choice < 2)
		return create(names, name, path, choice, buffer);
	if (choice < 5)
		return move(names, name, other, path);
	names->exists[name] = false;
	return !unlink(path) || complain("unlink", path);
}

bool names_check(struct names *names, size_t name, void *buffer)
{
	size_t size = nr_records(names, name) * sizeof(struct record);
	char path[SYS_PATH + 64];
	ssize_t found;
	int fd;

	path_of(names, name, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return (errno == ENOENT && !names->exists[name]) ||
		       complain("open", path);
	/* One byte more would be one too many. */
	found = read(fd, buffer, size + 1);
	close(fd);
	if (!names->exists[name] || found != (ssize_t)size)
		return ktap_expect(false, "%s to have %zu bytes, not %zd",
				   path, names->exists[name] ? size : 0,
				   found);
	return !ledger_check(&names->ledger, first_record(names, name),
			     nr_records(names, name), buffer);
}

static size_t nr_listed(const char *path)
{
	DIR *folder = opendir(path);
	size_t nr = 0;

	if (!folder)
		return 0;
	for (const struct dirent *entry; (entry = readdir(folder));)
		nr += entry->d_name[0] != '.';
	closedir(folder);
	return nr;
}

bool names_check_all(struct names *names, void *buffer)
{
	size_t expected = 0, listed = 0;
	char path[SYS_PATH + 8];
	bool ok = true;

	for (size_t i = 0; i < NAMES; i++) {
		ok &= names_check(names, i, buffer);
		expected += names->exists[i];
	}
	for (size_t i = 0; i < FOLDERS; i++) {
		snprintf(path, sizeof(path), "%s/%zu", names->folder, i);
		listed += nr_listed(path);
	}
	return ktap_expect(listed == expected, "%zu files in %s, not %zu",
			   expected, names->folder, listed) && ok;
}
