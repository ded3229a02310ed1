// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whose trials are whose. Before a program makes trials, it writes their names
 * to a state file that it keeps locked. A child, the janitor, waits until the
 * program is gone, and removes them if the program did not. Should both be
 * killed, the lock is gone and the file still says what they left: that, and
 * nothing else, is what "trial clean" removes.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mpol_private.h"
#include "trial.h"

#define STATE_DIR	"/run/migratectl"
#define STATE_FILE	"trial-"

static void own_name(const char *arm, char *name, size_t size)
{
	snprintf(name, size, TRIAL_PREFIX "%ld-%s", (long)getpid(), arm);
}

int owner_object(struct cli *cli, const struct trial *trial, struct arm *arm)
{
	char name[NAME_MAX + 1];

	own_name(arm->name, name, sizeof(name));
	if (mpol_trial(cli->mpol, trial->reason, name, &arm->object))
		return mpol_failure(cli);
	return CLI_DONE;
}

static int cannot(const char *path)
{
	return failed("%s: %s", path, strerror(errno));
}

/* Whether @fd is still what @path names: a cleaner may have been faster. */
static bool is_current(int fd, const char *path)
{
	struct stat a, b;

	return !fstat(fd, &a) && !stat(path, &b) && a.st_ino == b.st_ino &&
	       a.st_dev == b.st_dev;
}

/* Fails with EWOULDBLOCK while somebody else has it. */
static int open_locked(const char *path, int flags)
{
	for (;;) {
		int fd = open(path, flags | O_RDWR | O_CLOEXEC | O_NOFOLLOW,
			      0600);
		int err;

		if (fd < 0)
			return -1;
		if (flock(fd, LOCK_EX | LOCK_NB)) {
			err = errno;
			close(fd);
			errno = err;
			return -1;
		}
		if (is_current(fd, path))
			return fd;
		close(fd);
	}
}

static int write_state(int fd, const struct trial *trial, const char *path)
{
	char name[NAME_MAX + 1];

	for (size_t i = 1; i < trial->count; i++) {
		own_name(trial->arm[i].name, name, sizeof(name));
		if (dprintf(fd, "%s %s\n", trial->reason, name) < 0)
			return cannot(path);
	}
	return CLI_DONE;
}

/* Both words of a line were written by us; anything else is no name. */
static bool parse_state(char *line, char **reason, char **name)
{
	line[strcspn(line, "\n")] = '\0';
	*reason = line;
	*name = strchr(line, ' ');
	if (!*name || **reason == '.' || strchr(line, '/'))
		return false;
	*(*name)++ = '\0';
	return !strncmp(*name, TRIAL_PREFIX, strlen(TRIAL_PREFIX));
}

static bool exists(struct mpol *m, const char *reason, const char *name)
{
	struct mpol_names names;
	bool found;

	if (mpol_trials(m, reason, &names))
		return false;
	found = mpol_names_have(&names, name);
	mpol_names_free(&names);
	return found;
}

/* 1 if it was removed, 0 if there was none. */
static int remove_one(struct cli *cli, const char *reason, const char *name)
{
	struct mpol_object object;
	char path[PATH_MAX];

	if (!exists(cli->mpol, reason, name))
		return 0;
	if (mpol_trial(cli->mpol, reason, name, &object))
		return -1;
	if (cli->options.dry_run) {
		mpol_path(cli->mpol, &object, "", path, sizeof(path));
		printf("rmdir %s\n", path);
		return 1;
	}
	return mpol_trial_remove(cli->mpol, &object) ? -1 : 1;
}

/* Removes what the file names, then the file. */
static int remove_all(struct cli *cli, int fd, const char *path, bool quiet,
		      size_t *removed)
{
	int copy = dup(fd);
	FILE *file = copy < 0 ? NULL : fdopen(copy, "r");
	char *line = NULL, *reason, *name;
	size_t room = 0;
	int ret = CLI_DONE;

	if (!file) {
		if (copy >= 0)
			close(copy);
		return quiet ? CLI_FAILED : cannot(path);
	}
	rewind(file);
	while (getline(&line, &room, file) > 0) {
		int done = parse_state(line, &reason, &name) ?
			remove_one(cli, reason, name) : 0;

		if (done < 0)
			ret = quiet ? CLI_FAILED : mpol_failure(cli);
		else
			*removed += (size_t)done;
	}
	free(line);
	fclose(file);
	if (!ret && !cli->options.dry_run)
		unlink(path);
	return ret;
}

/* Nothing of the terminal is the janitor's. */
static void leave_terminal(void)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
				       SIGPIPE };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
}

/* A byte tells that all is done; an end without one, that the parent died. */
static void keep_watch(struct owner *owner, int alive)
{
	size_t removed = 0;
	char byte;
	ssize_t length;

	leave_terminal();
	/* It is kept as long as any copy of it is open. */
	mpol_unlock(owner->cli->mpol);
	do {
		length = read(alive, &byte, 1);
	} while (length < 0 && errno == EINTR);
	if (!length)
		remove_all(owner->cli, owner->state_fd, owner->path, true,
			   &removed);
	_exit(0);
}

static int start_janitor(struct owner *owner)
{
	int alive[2];

	if (pipe2(alive, O_CLOEXEC))
		return cannot("pipe");
	fflush(NULL);
	owner->janitor = fork();
	if (owner->janitor < 0) {
		close(alive[0]);
		close(alive[1]);
		return cannot("fork");
	}
	if (!owner->janitor) {
		close(alive[1]);
		keep_watch(owner, alive[0]);
	}
	close(alive[0]);
	owner->alive_fd = alive[1];
	return CLI_DONE;
}

int owner_start(struct cli *cli, const struct trial *trial, struct owner *owner)
{
	size_t removed = 0;
	char file[64];
	int ret;

	*owner = (struct owner){ .cli = cli, .state_fd = -1, .alive_fd = -1 };
	snprintf(file, sizeof(file), STATE_DIR "/" STATE_FILE "%ld",
		 (long)getpid());
	if (mpol_prepare_file(cli->mpol, file, owner->path))
		return mpol_failure(cli);
	owner->state_fd = open_locked(owner->path, O_CREAT);
	if (owner->state_fd < 0)
		return cannot(owner->path);
	/* Of one who had this PID before, and was killed. */
	ret = remove_all(cli, owner->state_fd, owner->path, false, &removed);
	if (ret)
		return ret;
	close(owner->state_fd);
	owner->state_fd = open_locked(owner->path, O_CREAT);
	if (owner->state_fd < 0)
		return cannot(owner->path);
	ret = write_state(owner->state_fd, trial, owner->path);
	return ret ? ret : start_janitor(owner);
}

static void dismiss_janitor(struct owner *owner)
{
	if (owner->alive_fd < 0)
		return;
	/* If it is gone, nobody is left to be told. */
	if (write(owner->alive_fd, "", 1) < 0)
		message("the janitor of the trial was gone: %s",
			strerror(errno));
	close(owner->alive_fd);
	while (waitpid(owner->janitor, NULL, 0) < 0 && errno == EINTR)
		;
}

int owner_end(struct owner *owner)
{
	size_t removed = 0;
	int ret;

	if (owner->state_fd < 0)
		return CLI_DONE;
	ret = remove_all(owner->cli, owner->state_fd, owner->path, false,
			 &removed);
	/* What could not be removed, nobody else could either. */
	dismiss_janitor(owner);
	close(owner->state_fd);
	return ret ? CLI_STUCK : CLI_DONE;
}

static int clean_file(struct cli *cli, const char *dir, const char *name,
		      size_t *removed)
{
	char path[PATH_MAX];
	int fd, ret;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) >=
	    sizeof(path))
		return CLI_FAILED;
	fd = open_locked(path, 0);
	if (fd < 0 && errno == EWOULDBLOCK) {
		message("the trial of process %s is running; it is left alone",
			name + strlen(STATE_FILE));
		return CLI_DONE;
	}
	if (fd < 0)
		return errno == ENOENT ? CLI_DONE : cannot(path);
	ret = remove_all(cli, fd, path, false, removed);
	close(fd);
	return ret;
}

int owner_clean(struct cli *cli, size_t *removed)
{
	struct mpol_names names;
	char dir[PATH_MAX];
	int ret = CLI_DONE;

	*removed = 0;
	if (mpol_below_root(cli->mpol, STATE_DIR, dir))
		return mpol_failure(cli);
	if (mpol_read_dir(AT_FDCWD, dir, false, &names)) {
		mpol_names_free(&names);
		return errno == ENOENT ? CLI_DONE : cannot(dir);
	}
	for (size_t i = 0; i < names.count; i++) {
		if (strncmp(names.name[i], STATE_FILE, strlen(STATE_FILE)))
			continue;
		if (clean_file(cli, dir, names.name[i], removed))
			ret = CLI_FAILED;
	}
	mpol_names_free(&names);
	return ret;
}
