// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every attribute of every reason, of the backends mt and dma and of the layer:
 * its default, what it accepts and reads back, what it refuses and with which
 * errno, who may write it, and that neither a refused nor a repeated write
 * changes or logs anything.
 */
#include "ktap.h"
#include "policy.h"
#include "sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY		65534
#define MAX_VALUES	40

/* A value that is written, and what it reads back as. */
struct good {
	const char *write;
	const char *read;
};

struct bad {
	const char *write;
	int error;
};

struct attr {
	const char *name;
	const char *initial;
	struct good good[MAX_VALUES];
	struct bad bad[MAX_VALUES];
};

/* An attribute at its place. */
struct file {
	const struct attr *attr;
	char path[SYS_PATH];
};

static const struct attr reason_attrs[] = {
	{
		.name = "backend",
		.initial = "inline",
		.good = {
			{ "mt", "mt" }, { "mt\n", "mt" },
			{ "inline", "inline" }, { "inline\n", "inline" },
		},
		.bad = {
			{ "\n", EINVAL }, { " mt", EINVAL }, { "mt ", EINVAL },
			{ "MT", EINVAL }, { "mt\n\n", EINVAL },
			{ "mt,inline", EINVAL }, { "../mt", EINVAL },
			{ "a-name-that-is-longer-than-allowed", EINVAL },
			{ "nosuch", ENOENT }, { "m", ENOENT },
			{ "mtx", ENOENT }, { "0", ENOENT },
		},
	}, {
		.name = "batch_size",
		.initial = "512",
		.good = {
			{ "1", "1" }, { "2", "2" }, { "511", "511" },
			{ "512", "512" }, { "513\n", "513" },
			{ "4096", "4096" }, { "262144\n", "262144" },
		},
		.bad = {
			{ "0", ERANGE }, { "262145", ERANGE },
			{ "4294967295", ERANGE }, { "4294967296", ERANGE },
			{ "4294967297", ERANGE },
			{ "18446744073709551617", ERANGE },
			{ "99999999999999999999999", ERANGE },
			{ "\n", EINVAL }, { "-1", EINVAL }, { "x", EINVAL },
			{ "12x", EINVAL }, { "1 2", EINVAL }, { " 1", EINVAL },
			{ "1,2", EINVAL }, { "1.5", EINVAL },
			{ "0x10", EINVAL }, { "1\n\n", EINVAL },
		},
	}, {
		.name = "min_pages",
		.initial = "0",
		.good = {
			{ "1", "1" }, { "64", "64" }, { "0", "0" },
			{ "262144\n", "262144" },
		},
		.bad = {
			{ "262145", ERANGE }, { "4294967296", ERANGE },
			{ "18446744073709551616", ERANGE },
			{ "\n", EINVAL }, { "-1", EINVAL }, { "x", EINVAL },
			{ "1x", EINVAL }, { "1 2", EINVAL }, { "0x1", EINVAL },
		},
	}, {
		.name = "workers",
		.initial = "0",
		.good = {
			{ "1", "1" }, { "2\n", "2" }, { "0", "0" },
			{ "64", "64" },
		},
		.bad = {
			{ "65", ERANGE }, { "4294967296", ERANGE },
			{ "18446744073709551616", ERANGE },
			{ "\n", EINVAL }, { "-1", EINVAL }, { "x", EINVAL },
			{ "1x", EINVAL }, { "1 2", EINVAL }, { "0x1", EINVAL },
		},
	}, {
		.name = "classes",
		.initial = "anon,swapcache",
		.good = {
			{ "none", "none" }, { "none\n", "none" },
			{ "anon", "anon" }, { "swapcache", "swapcache" },
			{ "shmem", "shmem" }, { "file", "file" },
			{ "anon,shmem", "anon,shmem" },
			{ "file,anon", "anon,file" },
			{ "shmem,swapcache", "swapcache,shmem" },
			{ "swapcache,file", "swapcache,file" },
			{ "shmem,file", "shmem,file" },
			{ "shmem,anon,swapcache", "anon,swapcache,shmem" },
			{ "file,swapcache,anon", "anon,swapcache,file" },
			{ "anon,file,shmem", "anon,shmem,file" },
			{ "file,shmem,swapcache", "swapcache,shmem,file" },
			{ "file,shmem,swapcache,anon\n",
			  "anon,swapcache,shmem,file" },
			{ "swapcache,anon", "anon,swapcache" },
		},
		.bad = {
			{ "\n", EINVAL }, { ",", EINVAL }, { "anon,", EINVAL },
			{ ",anon", EINVAL }, { "anon,,file", EINVAL },
			{ "anon file", EINVAL }, { "anon, file", EINVAL },
			{ "none,anon", EINVAL }, { "anon,none", EINVAL },
			{ "anon,anon", EINVAL }, { "ANON", EINVAL },
			{ "ano", EINVAL }, { "anonx", EINVAL },
			{ "all", EINVAL }, { "hugetlb", EINVAL },
			{ "anon\n\n", EINVAL }, { "0", EINVAL },
			{ "anon\nfile", EINVAL },
		},
	}, {
		.name = "strict",
		.initial = "0",
		.good = { { "1", "1" }, { "0\n", "0" }, { "1\n", "1" } },
		.bad = {
			{ "2", ERANGE }, { "4294967296", ERANGE },
			{ "\n", EINVAL }, { "-1", EINVAL }, { "y", EINVAL },
			{ "01x", EINVAL }, { "true", EINVAL },
		},
	},
};

static const struct attr stats_attr = {
	.name = "stats",
	.initial = "0",
	.good = { { "1", "1" }, { "0\n", "0" }, { "1\n", "1" }, { "0", "0" } },
	.bad = {
		{ "2", ERANGE }, { "4294967296", ERANGE }, { "\n", EINVAL },
		{ "-1", EINVAL }, { "on", EINVAL }, { "y", EINVAL },
		{ "1 0", EINVAL },
	},
};

/* Its default and its full range depend on the machine: see mt_cpus(). */
static const struct attr cpus_attr = {
	.name = "cpus",
	.good = { { "0", "0" }, { "0-0\n", "0" }, { "0,0", "0" } },
	.bad = {
		{ "\n", EINVAL }, { "x", EINVAL }, { "1-0", EINVAL },
		{ "-1", EINVAL }, { "0-", EINVAL }, { "0 x", EINVAL },
		{ "999999", ERANGE }, { "0,999999", ERANGE },
		{ "0-999999", ERANGE },
	},
};

#define HALF_TOO_LONG							\
	"0000:00:01.0-0000:00:01.0-0000:00:01.0-0000:00:01.0-0000:00:01."\
	"0000:00:01.0-0000:00:01.0-0000:00:01.0-0000:00:01.0-0000:00:01."

static const struct attr dma_attrs[] = {
	{
		.name = "channels",
		.initial = "0",
		.good = { { "1", "1" }, { "64\n", "64" }, { "0", "0" } },
		.bad = {
			{ "65", ERANGE },
			{ "4294967296", ERANGE },
			{ "18446744073709551616", ERANGE },
			{ "\n", EINVAL }, { "-1", EINVAL }, { "x", EINVAL },
			{ "1x", EINVAL }, { "1 2", EINVAL }, { "0x1", EINVAL },
		},
	}, {
		.name = "devices",
		.initial = "any",
		.good = {
			{ "0000:00:01.0\n", "0000:00:01.0" },
			{ "0000:00:01.0,b", "0000:00:01.0,b" },
			{ "a,b,c", "a,b,c" }, { "any\n", "any" },
		},
		.bad = {
			{ HALF_TOO_LONG HALF_TOO_LONG HALF_TOO_LONG, ERANGE },
			{ "\n", EINVAL }, { "a b", EINVAL }, { "a\nb", EINVAL },
			{ ",", EINVAL }, { "a,", EINVAL }, { ",a", EINVAL },
			{ "a,,b", EINVAL }, { " a", EINVAL },
			{ "a\n\n", EINVAL },
		},
	}, {
		.name = "poll_us",
		.initial = "20",
		.good = { { "0", "0" }, { "1000\n", "1000" } },
		.bad = {
			{ "1001", ERANGE },
			{ "4294967296", ERANGE },
			{ "18446744073709551616", ERANGE },
			{ "\n", EINVAL }, { "-1", EINVAL }, { "x", EINVAL },
			{ "1x", EINVAL }, { "1 2", EINVAL }, { "0x1", EINVAL },
		},
	}, {
		.name = "poll_pages",
		.initial = "512",
		.good = { { "0", "0" }, { "262144\n", "262144" } },
		.bad = {
			{ "262145", ERANGE },
			{ "4294967296", ERANGE },
			{ "18446744073709551616", ERANGE },
			{ "\n", EINVAL }, { "-1", EINVAL }, { "x", EINVAL },
			{ "1x", EINVAL }, { "1 2", EINVAL }, { "0x1", EINVAL },
		},
	}, {
		.name = "timeout_ms",
		.initial = "10000",
		.good = { { "1", "1" }, { "600000\n", "600000" } },
		.bad = {
			{ "0", ERANGE }, { "600001", ERANGE },
			{ "4294967296", ERANGE },
			{ "18446744073709551616", ERANGE },
			{ "\n", EINVAL }, { "-1", EINVAL }, { "x", EINVAL },
			{ "1x", EINVAL }, { "1 2", EINVAL }, { "0x1", EINVAL },
		},
	},
};

static bool reads(const struct file *file, const char *expected)
{
	char value[SYS_VALUE] = "";
	int rc = sys_read(file->path, value, sizeof(value));

	return ktap_expect(!rc && !strcmp(value, expected),
			   "%s to read \"%s\", not \"%s\" (%d)", file->path,
			   expected, value, rc);
}

/* The write changes the generation by one, or by none if it changes nothing. */
static bool accepts(const struct file *file, const struct good *good)
{
	char before[SYS_VALUE] = "";
	__u64 generation = policy_generation();
	bool same;
	int rc;

	sys_read(file->path, before, sizeof(before));
	same = !strcmp(before, good->read);
	rc = sys_write(file->path, good->write);
	return ktap_expect(!rc, "%s to take \"%s\", not error %d", file->path,
			   good->write, rc) &&
	       reads(file, good->read) &&
	       ktap_expect(policy_generation() == generation + !same,
			   "\"%s\" to publish %d change in %s", good->write,
			   !same, file->path);
}

static bool refuses(const struct file *file, const struct bad *bad)
{
	char before[SYS_VALUE] = "";
	__u64 generation = policy_generation();
	bool ok;
	int rc;

	sys_read(file->path, before, sizeof(before));
	rc = sys_write(file->path, bad->write);
	ok = ktap_expect(rc == -bad->error,
			 "%s to answer \"%s\" with -%d, not %d", file->path,
			 bad->write, bad->error, rc);
	ok &= reads(file, before);
	ok &= ktap_expect(policy_generation() == generation,
			  "\"%s\" to publish nothing in %s", bad->write,
			  file->path);
	return ok;
}

/* The kernel log from now on; reading it is the only use of the result. */
static int log_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

static bool log_is_silent(int fd)
{
	char record[8192];
	ssize_t len = read(fd, record, sizeof(record) - 1);

	if (len < 0 && errno == EAGAIN)
		return true;
	record[len < 0 ? 0 : len] = '\0';
	ktap_note("the kernel logs: %s", record);
	return false;
}

/* Something else may log at that moment, but not three times in a row. */
static bool silently(const struct file *file)
{
	for (int try = 0; try < 3; try++) {
		int fd = log_open();
		bool silent;

		if (fd < 0)
			return ktap_expect(false, "to read /dev/kmsg");
		for (int i = 0; file->attr->bad[i].write; i++)
			sys_write(file->path, file->attr->bad[i].write);
		silent = log_is_silent(fd);
		close(fd);
		if (silent)
			return true;
	}
	return false;
}

static bool check_values(const struct file *file, const char *initial)
{
	bool ok = reads(file, initial);

	undo_write(file->path, initial);
	for (int i = 0; file->attr->good[i].write; i++) {
		ok &= accepts(file, &file->attr->good[i]);
		ok &= accepts(file, &file->attr->good[i]);
	}
	for (int i = 0; file->attr->bad[i].write; i++)
		ok &= refuses(file, &file->attr->bad[i]);
	ok &= silently(file);
	return ok && accepts(file, &(struct good){ initial, initial });
}

static bool check_mode(const char *path, mode_t mode)
{
	struct stat st;

	if (stat(path, &st))
		return ktap_expect(false, "%s to exist", path);
	return ktap_expect((st.st_mode & 07777) == mode && !st.st_uid,
			   "%s to have mode %o and be root's, not %o", path,
			   mode, st.st_mode & 07777);
}

/* What an open for writing gives somebody without rights. */
static int open_as_nobody(const char *path)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (setgid(NOBODY) || setuid(NOBODY))
			_exit(0);
		_exit(open(path, O_WRONLY | O_CLOEXEC) < 0 ? errno : 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -ECHILD;
	return -WEXITSTATUS(status);
}

static bool check_rights(const struct file *file)
{
	int rc = open_as_nobody(file->path);
	bool ok = check_mode(file->path, 0644);

	ok &= ktap_expect(rc == -EACCES,
			  "%s to be closed to others, not error %d",
			  file->path, rc);
	return ok;
}

static struct file reason_file(int reason, const struct attr *attr)
{
	struct file file = { .attr = attr };

	snprintf(file.path, sizeof(file.path), POLICY_CONFIG "/reasons/%s/%s",
		 reason_names[reason], attr->name);
	return file;
}

static enum ktap_result check_file(const struct file *file,
				   const char *initial)
{
	int mark = undo_mark();
	bool ok = check_rights(file);

	ok &= check_values(file, initial);
	undo_to(mark);
	return ok ? KTAP_PASS : KTAP_FAIL;
}

static enum ktap_result check_reason(const void *arg)
{
	int reason = (const char * const *)arg - reason_names;
	enum ktap_result result = KTAP_PASS;

	for (size_t i = 0; i < ARRAY_SIZE(reason_attrs); i++) {
		struct file file = reason_file(reason, &reason_attrs[i]);

		result |= check_file(&file, reason_attrs[i].initial);
	}
	return result;
}

static enum ktap_result check_stats(const void *arg)
{
	struct file file = { &stats_attr, POLICY_CONFIG "/stats" };

	(void)arg;
	return check_file(&file, stats_attr.initial);
}

static enum ktap_result check_cpus(const void *arg)
{
	struct file file = { &cpus_attr, POLICY_CONFIG "/backends/mt/cpus" };
	char possible[SYS_VALUE];

	(void)arg;
	if (sys_read("/sys/devices/system/cpu/possible", possible,
		     sizeof(possible)))
		return KTAP_FAIL;
	return check_file(&file, possible);
}

static enum ktap_result check_dma(const void *arg)
{
	enum ktap_result result = KTAP_PASS;

	(void)arg;
	if (!sys_exists(POLICY_CONFIG "/backends/dma"))
		return KTAP_SKIP;
	for (size_t i = 0; i < ARRAY_SIZE(dma_attrs); i++) {
		struct file file = { .attr = &dma_attrs[i] };

		snprintf(file.path, sizeof(file.path),
			 POLICY_CONFIG "/backends/dma/%s", dma_attrs[i].name);
		result |= check_file(&file, dma_attrs[i].initial);
	}
	return result;
}

/* The order of writes never matters, and reasons do not touch each other. */
static enum ktap_result check_independence(const void *arg)
{
	int mark = undo_mark();
	bool ok = true;

	(void)arg;
	ok &= !policy_set(DAMON, "batch_size", "4096");
	ok &= !policy_set(DAMON, "backend", "mt");
	ok &= !policy_set(DEMOTION, "backend", "mt");
	ok &= !policy_set(DEMOTION, "batch_size", "1");
	for (int i = 0; i < NR_REASONS; i++) {
		struct file backend = reason_file(i, &reason_attrs[0]);
		struct file size = reason_file(i, &reason_attrs[1]);
		bool set = i == DAMON || i == DEMOTION;

		ok &= reads(&backend, set ? "mt" : "inline");
		ok &= reads(&size, i == DAMON ? "4096" :
				   i == DEMOTION ? "1" : "512");
	}
	undo_to(mark);
	return ok ? KTAP_PASS : KTAP_FAIL;
}

static enum ktap_result check_defaults(const void *arg)
{
	bool ok = true;

	(void)arg;
	for (size_t i = 0; i < ARRAY_SIZE(reason_attrs); i++) {
		struct file file = { .attr = &reason_attrs[i] };

		snprintf(file.path, sizeof(file.path),
			 POLICY_STATE "/defaults/%s", reason_attrs[i].name);
		ok &= reads(&file, reason_attrs[i].initial);
		ok &= check_mode(file.path, 0444);
	}
	return ok ? KTAP_PASS : KTAP_FAIL;
}

static bool check_counters(const char *kind, const char *name)
{
	char path[SYS_PATH];
	bool ok = true;

	for (int i = 0; i < NR_COUNTERS; i++) {
		snprintf(path, sizeof(path), POLICY_STATE "/%s/%s/%s", kind,
			 name, counter_names[i]);
		ok &= check_mode(path, 0444);
		ok &= sys_number(path) != UINT64_MAX;
		ok &= ktap_expect(sys_write(path, "0") < 0,
				  "%s to refuse a write", path);
	}
	return ok;
}

static enum ktap_result check_state(const void *arg)
{
	struct file features = { .path = POLICY_STATE "/features" };
	bool ok = check_counters("backends", "inline");

	(void)arg;
	ok &= check_counters("backends", "mt");
	for (int i = 0; i < NR_REASONS; i++)
		ok &= check_counters("reasons", reason_names[i]);
	ok &= check_mode(POLICY_STATE "/backends/mt/min_pages", 0444);
	ok &= sys_number(POLICY_STATE "/backends/mt/min_pages") != UINT64_MAX;
	ok &= check_mode(POLICY_STATE "/enabled", 0444);
	ok &= check_mode(POLICY_STATE "/generation", 0444);
	ok &= check_mode(POLICY_STATE "/features", 0444);
	ok &= reads(&features,
		    "backend batch_size min_pages workers classes strict");
	ok &= ktap_expect(policy_enabled() == 1, "enabled to be 1");
	return ok ? KTAP_PASS : KTAP_FAIL;
}

static size_t count_entries(const char *path)
{
	DIR *dir = opendir(path);
	size_t nr = 0;

	if (!dir)
		return 0;
	for (struct dirent *entry; (entry = readdir(dir));)
		nr += entry->d_name[0] != '.';
	closedir(dir);
	return nr;
}

static bool is_fixed(const char *dir)
{
	char inner[SYS_PATH];
	bool ok;

	snprintf(inner, sizeof(inner), "%s/made_by_hand", dir);
	ok = ktap_expect(mkdir(inner, 0755) && errno == EPERM,
			 "no directory to be made in %s", dir);
	rmdir(inner);
	ok &= ktap_expect(rmdir(dir) && errno == EPERM, "%s to stay", dir);
	return ok;
}

/* The directories are there for good, and there are no others. */
static enum ktap_result check_directories(const void *arg)
{
	static const char * const dirs[] = {
		POLICY_CONFIG, POLICY_CONFIG "/reasons",
		POLICY_CONFIG "/backends", POLICY_CONFIG "/backends/mt",
		POLICY_CONFIG "/backends/inline",
	};
	char path[SYS_PATH];
	bool ok = true;

	(void)arg;
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		ok &= is_fixed(dirs[i]);
	for (int i = 0; i < NR_REASONS; i++) {
		snprintf(path, sizeof(path), POLICY_CONFIG "/reasons/%s",
			 reason_names[i]);
		ok &= is_fixed(path);
		/* Besides: trials and results. */
		ok &= ktap_expect(count_entries(path) ==
				  ARRAY_SIZE(reason_attrs) + 2,
				  "%s to hold nothing else", path);
		strcat(path, "/results");
		ok &= is_fixed(path);
	}
	ok &= ktap_expect(count_entries(POLICY_CONFIG "/reasons") == NR_REASONS,
			  "ten reasons and no more");
	ok &= ktap_expect(count_entries(POLICY_STATE "/reasons") == NR_REASONS,
			  "counters of ten reasons and no more");
	ok &= ktap_expect(!count_entries(POLICY_CONFIG "/backends/inline"),
			  "no settings of inline");
	return ok ? KTAP_PASS : KTAP_FAIL;
}

/* Must be first: what a boot leaves behind. */
static enum ktap_result check_untouched(const void *arg)
{
	bool ok = true;

	(void)arg;
	for (int i = 0; i < NR_REASONS; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(reason_attrs); k++) {
			struct file file = reason_file(i, &reason_attrs[k]);

			ok &= reads(&file, reason_attrs[k].initial);
		}
	}
	return ok ? KTAP_PASS : KTAP_FAIL;
}

int main(void)
{
	struct ktap_case cases[NR_REASONS + 8] = {
		{ "untouched policies", check_untouched, NULL },
		{ "defaults", check_defaults, NULL },
		{ "state and counters", check_state, NULL },
		{ "fixed directories", check_directories, NULL },
		{ "stats", check_stats, NULL },
		{ "backends/mt/cpus", check_cpus, NULL },
		{ "backends/dma", check_dma, NULL },
		{ "reasons are independent", check_independence, NULL },
	};

	if (geteuid())
		return ktap_skip_all("run it as root");
	if (!policy_present())
		return ktap_skip_all("this kernel has no migrate_policy");
	undo_init();
	for (int i = 0; i < NR_REASONS; i++)
		cases[8 + i] = (struct ktap_case) {
			reason_names[i], check_reason, &reason_names[i],
		};
	return ktap_run(cases, ARRAY_SIZE(cases));
}
