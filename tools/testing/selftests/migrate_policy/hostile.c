// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hostile input: writes of any text and size and any other operation on the
 * configfs and sysfs trees of the policy, as root and as an ordinary user.
 *
 * As root, each answer is the documented one, what is read back is canonical,
 * a refused write changes nothing. As an ordinary user, nothing changes. The
 * kernel log stays as it is, and no file tells an address.
 *
 * MP_INPUTS sets the number of inputs, MP_SECONDS the time instead, MP_SEED
 * another sequence of them.
 */
#include "ktap.h"
#include "modules.h"
#include "pace.h"
#include "policy.h"
#include "random.h"
#include "sys.h"
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY		65534
#define INPUTS		50000
#define TEXT_MAX	(64 * 1024)
#define NOTES		10
#define EVENTS		"/sys/kernel/tracing/events/migrate_policy"

/* One in so many inputs is something else than a write. */
#define OTHER_SHARE	5

/* Inputs between two looks at the whole of both trees. */
#define LOOK_EVERY	5000

static struct tree tree;
static int generation_fd = -1;
static __u64 last_generation;
static __u64 seed = 1;
static char text[TEXT_MAX + 1];
static __u64 nr_inputs, nr_accepted, nr_wrong;

static enum ktap_result result_of(bool ok)
{
	return ok ? KTAP_PASS : KTAP_FAIL;
}

static __u64 number_from(const char *name, __u64 otherwise)
{
	const char *value = getenv(name);

	return value && *value ? strtoull(value, NULL, 10) : otherwise;
}

static __u64 generation(void)
{
	char number[SYS_VALUE];
	ssize_t len = pread(generation_fd, number, sizeof(number) - 1, 0);

	number[len < 0 ? 0 : len] = '\0';
	return strtoull(number, NULL, 10);
}

/* Texts: what is valid, then what is done to it. */

static size_t add(size_t len, const char *more)
{
	return len + snprintf(text + len, 64, "%.60s", more);
}

static size_t make_number(__u64 *random)
{
	static const char * const edges[] = {
		"0", "1", "2", "63", "64", "65", "511", "512", "513", "262143",
		"262144", "262145", "4294967295", "4294967296", "4294967297",
		"9223372036854775808", "18446744073709551615",
		"18446744073709551616", "99999999999999999999999", "+7", "-1",
		"007", "0x10", "1e3", "1.5", "00000000000000000000000000001",
	};

	if (random_below(random, 2))
		return add(0, edges[random_index(random, edges)]);
	return snprintf(text, 64, "%llu", random_below(random, 600));
}

static size_t make_list(__u64 *random)
{
	static const char * const words[] = {
		"anon", "swapcache", "shmem", "file", "none", "", "ANON",
		"hugetlb", "all", "0", "1", "0-1", "1-0", "0-3:1/2", "N",
	};
	size_t nr = 1 + random_below(random, 5), len = 0;

	for (size_t i = 0; i < nr; i++) {
		if (i)
			len = add(len, random_below(random, 9) ? "," : ", ");
		len = add(len, words[random_index(random, words)]);
	}
	return len;
}

static size_t make_name(__u64 *random)
{
	static const char * const names[] = {
		"inline", "mt", "sample", "test", "dma", "inlin", "inlinee",
		"mt2", "_", "-", "../mt", "mt/", "a b", "%s%n%x",
		"abcdefghijklmnopqrstuvwxyz01234",
		"abcdefghijklmnopqrstuvwxyz012345",
		"abcdefghijklmnopqrstuvwxyz0123456",
	};

	return add(0, names[random_index(random, names)]);
}

static size_t make_noise(__u64 *random)
{
	size_t len = random_below(random, 64);

	for (size_t i = 0; i < len; i++)
		text[i] = random_next(random) >> 32;
	return len;
}

/* Sizes around those where buffers end. */
static size_t make_long(__u64 *random)
{
	static const size_t sizes[] = {
		1, 127, 128, 255, 256, 4094, 4095, 4096, 4097, 8192, TEXT_MAX,
	};
	static const char fills[] = "0a,\n \xff\0x1-";
	size_t len = sizes[random_index(random, sizes)];

	memset(text, fills[random_below(random, sizeof(fills) - 1)], len);
	if (random_below(random, 2))
		memcpy(text, "1\n", len < 2 ? len : 2);
	return len;
}

static size_t mutate(size_t len, __u64 *random)
{
	static const char bytes[] = "\n\0 ,-+0179azAZ_/\x7f\x80\xff";
	char byte = bytes[random_below(random, sizeof(bytes) - 1)];
	size_t at = random_below(random, len + 1);

	switch (random_below(random, 4)) {
	case 0:
		text[len < TEXT_MAX ? len++ : 0] = byte;
		break;
	case 1:
		text[at < len ? at : 0] = byte;
		return len ? len : 1;
	case 2:
		if (len < TEXT_MAX) {
			memmove(text + at + 1, text + at, len - at);
			text[at] = byte;
			len++;
		}
		break;
	default:
		len = at;
	}
	return len;
}

static size_t make_text(const struct node *node, __u64 *random)
{
	size_t len;

	switch (random_below(random, 16)) {
	case 0:
		return make_noise(random);
	case 1:
		return make_long(random);
	case 2:
		return add(0, node->value);
	case 3:
		len = make_name(random);
		break;
	case 4:
		len = make_number(random);
		break;
	case 5:
		len = make_list(random);
		break;
	default:
		if (node->judge.kind == JUDGE_BACKEND)
			len = make_name(random);
		else if (node->judge.kind == JUDGE_CLASSES ||
			 node->judge.kind == JUDGE_DEVICES ||
			 node->judge.kind == JUDGE_CPUS)
			len = make_list(random);
		else
			len = make_number(random);
	}
	if (!random_below(random, 4))
		len = add(len, "\n");
	while (!random_below(random, 3))
		len = mutate(len, random);
	return len;
}

/* Writes as root. */

static bool wrong(const struct node *node, const char *why, int rc)
{
	if (nr_wrong++ < NOTES)
		ktap_note("input %llu, seed %llu: \"%.60s\" to %s: %s (%d)",
			  nr_inputs, seed, text, node->path, why, rc);
	return false;
}

/*
 * A refused write, and one of what is there, publishes nothing. Nobody else
 * does either, so that reading the number once for each input is enough.
 */
static bool check_generation(const struct node *node, bool changed)
{
	__u64 before = last_generation;

	last_generation = generation();
	/* An attribute that is not the policy's own is not counted. */
	if (node->judge.kind == JUDGE_OTHER)
		changed = false;
	return last_generation - before == changed ||
	       wrong(node, "the generation is wrong", last_generation - before);
}

static bool check_value(struct node *node, const char *expected, int rc)
{
	char value[SYS_VALUE];
	int error = tree_read(node, value);

	if (error)
		return wrong(node, "cannot be read", error);
	if (rc && strcmp(value, node->value))
		return wrong(node, "a refused write changed it", rc);
	if (!rc && *expected && strcmp(value, expected))
		return wrong(node, value, rc);
	snprintf(node->value, sizeof(node->value), "%s", value);
	return true;
}

/* What is read can be written, and is there already. */
static bool check_canonical(struct node *node)
{
	size_t len = strlen(node->value);
	ssize_t done = pwrite(node->fd, node->value, len, 0);

	if (done != (ssize_t)len)
		return wrong(node, "what is read cannot be written", errno);
	return check_value(node, node->value, 0) &&
	       check_generation(node, false);
}

static off_t random_offset(__u64 *random)
{
	static const off_t offsets[] = { 0, 0, 0, 1, 4095, 4096, 1ll << 40 };

	return offsets[random_index(random, offsets)];
}

/* A long text is cut, and write(2) says so. */
static int write_text(const struct node *node, size_t len, __u64 *random)
{
	size_t taken = len > JUDGE_WRITE_MAX ? JUDGE_WRITE_MAX : len;
	ssize_t done = pwrite(node->fd, text, len, random_offset(random));

	if (done < 0)
		return -errno;
	return done == (ssize_t)taken ? 0 : -EIO;
}

static bool write_root(struct node *node, __u64 *random)
{
	size_t len = make_text(node, random);
	char old[SYS_VALUE], expected[SYS_VALUE];
	int rc = write_text(node, len, random);

	text[len > JUDGE_WRITE_MAX ? JUDGE_WRITE_MAX : len] = '\0';
	if (!len)
		return (rc == -EFAULT || wrong(node, "not EFAULT", rc)) &&
		       check_generation(node, false);
	if (!judge_answer(&node->judge, text, rc, expected))
		return wrong(node, "not the documented answer", rc);
	snprintf(old, sizeof(old), "%s", node->value);
	if (!check_value(node, expected, rc) ||
	    !check_generation(node, strcmp(old, node->value)))
		return false;
	nr_accepted += !rc;
	return rc || random_below(random, 8) || check_canonical(node);
}

/*
 * Everything else, with a name that may or may not exist below @node. What may
 * be answered as root is in the table below.
 */

static char other[SYS_PATH + 64];

static const char *beside(const struct node *node, __u64 *random)
{
	static const char * const names[] = {
		"x", "backend", "mt", "..", ".", "reasons", "a b", "\xff", "",
		"migrate_policy", "stats", "demotion",
	};

	snprintf(other, sizeof(other), "%s/%s", node->path,
		 names[random_index(random, names)]);
	return other;
}

static int try_mkdir(const struct node *node, __u64 *random)
{
	const char *path = beside(node, random);
	int rc = mkdir(path, 0777);

	/* A trial that may be made and removed again is no finding. */
	if (!rc && strstr(node->path, "/trials") && !rmdir(path)) {
		errno = EPERM;
		return -1;
	}
	return rc;
}

static int try_rmdir(const struct node *node, __u64 *random)
{
	return rmdir(random_below(random, 2) ? node->path :
					       beside(node, random));
}

static int try_unlink(const struct node *node, __u64 *random)
{
	return unlink(random_below(random, 2) ? node->path :
						beside(node, random));
}

static int try_symlink(const struct node *node, __u64 *random)
{
	const char *to = tree.nodes[random_below(random, tree.nr)].path;

	return symlink(to, beside(node, random));
}

static int try_link(const struct node *node, __u64 *random)
{
	const char *to = tree.nodes[random_below(random, tree.nr)].path;

	return link(to, beside(node, random));
}

static int try_rename(const struct node *node, __u64 *random)
{
	const char *from = tree.nodes[random_below(random, tree.nr)].path;

	return rename(from, beside(node, random));
}

static int try_mknod(const struct node *node, __u64 *random)
{
	return mknod(beside(node, random), S_IFREG | 0666, 0);
}

static int try_truncate(const struct node *node, __u64 *random)
{
	return truncate(node->path, random_offset(random));
}

/* Of root's own files, and put back: that is not refused. */
static int try_chmod(const struct node *node, __u64 *random)
{
	int rc = chmod(node->path, random_next(random) & 07777);

	return !rc ? chmod(node->path, node->mode & 07777) : rc;
}

static int try_chown(const struct node *node, __u64 *random)
{
	uid_t uid = random_below(random, 2) ? NOBODY : 0;
	int rc = lchown(node->path, uid, uid);

	return !rc ? lchown(node->path, 0, 0) : rc;
}

/* Opens in any way, then seeks and writes what never is valid. */
static int try_open(const struct node *node, __u64 *random)
{
	static const int flags[] = {
		O_APPEND, O_TRUNC, O_DIRECT, O_SYNC, O_NONBLOCK, O_DIRECTORY,
		O_PATH, O_CREAT, O_CREAT | O_EXCL, O_NOATIME, O_NOFOLLOW,
		__O_TMPFILE | O_DIRECTORY, 0,
	};
	int writing = random_below(random, 2) ? O_WRONLY : O_RDWR;
	int one = flags[random_index(random, flags)];
	int more = flags[random_index(random, flags)];
	int fd = open(node->path, writing | one | more, 0666);
	int rc;

	if (fd < 0)
		return -1;
	lseek(fd, random_next(random), random_below(random, 6));
	rc = write(fd, " !", 2);
	close(fd);
	return rc;
}

struct operation {
	const char *name;
	int (*run)(const struct node *node, __u64 *random);
	bool may_succeed;	/* as root */
	bool anything;		/* as root, any error will do */
};

static const struct operation operations[] = {
	{ "mkdir", try_mkdir, false, false },
	{ "rmdir", try_rmdir, false, false },
	{ "unlink", try_unlink, false, false },
	{ "symlink", try_symlink, false, false },
	{ "link", try_link, false, false },
	{ "rename", try_rename, false, false },
	{ "mknod", try_mknod, false, false },
	{ "truncate", try_truncate, true, false },
	{ "chmod", try_chmod, true, false },
	{ "chown", try_chown, true, false },
	{ "open", try_open, false, true },
};

static const struct operation *random_operation(__u64 *random)
{
	return &operations[random_index(random, operations)];
}

/*
 * EPERM is what the ABI file says. EACCES is what it comes to for a file that
 * cannot be created or has no such access. The others are answers to the names,
 * which the file system does not get to see.
 */
static bool may_answer(const struct operation *op, int error)
{
	switch (error) {
	case EPERM:
	case EACCES:
	case ENOENT:
	case EEXIST:
	case ENOTDIR:
	case EISDIR:
	case EXDEV:
	case EBUSY:
	case ENOTEMPTY:
	case EINVAL:
	case EFBIG:
		return true;
	default:
		return op->anything && error != EFAULT;
	}
}

static bool operate_root(const struct node *node, __u64 *random)
{
	const struct operation *op = random_operation(random);
	int rc;

	errno = 0;
	rc = op->run(node, random);
	if (rc < 0 ? !may_answer(op, errno) : !op->may_succeed) {
		if (nr_wrong++ < NOTES)
			ktap_note("input %llu, seed %llu: %s of %s: %s",
				  nr_inputs, seed, op->name, node->path,
				  rc < 0 ? strerror(errno) : "success");
		return false;
	}
	return check_generation(node, false);
}

static bool input_root(__u64 *random)
{
	if (!random_below(random, OTHER_SHARE))
		return operate_root(&tree.nodes[random_below(random, tree.nr)],
				    random);
	return write_root(&tree.nodes[tree.files[random_below(random,
							      tree.nr_files)]],
			  random);
}

/* The kernel log from now on. */
static int log_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

/* What a slow machine logs by itself. */
static bool is_noise(const char *record)
{
	static const char * const noise[] = {
		"perf: interrupt took", "hrtimer: interrupt took",
		"clocksource:", "workqueue: ", "random: ", "kmemleak: ",
	};

	for (size_t i = 0; i < ARRAY_SIZE(noise); i++) {
		if (strstr(record, noise[i]))
			return true;
	}
	return false;
}

static bool log_is_silent(int fd)
{
	char record[8192];
	size_t nr = 0;
	ssize_t len;

	while ((len = read(fd, record, sizeof(record) - 1)) > 0 ||
	       (len < 0 && errno == EPIPE)) {
		record[len < 0 ? 0 : len] = '\0';
		record[strcspn(record, "\n")] = '\0';
		if (len > 0 && is_noise(record))
			continue;
		if (nr++ < NOTES)
			ktap_note("the kernel logs: %.300s",
				  len > 0 ? record : "too much");
	}
	return !nr;
}

struct plan {
	__u64 inputs;		/* 0: as long as it takes */
	double until;
};

static bool goes_on(const struct plan *plan, __u64 done)
{
	if (plan->inputs)
		return done < plan->inputs;
	return pace_now() < plan->until;
}

static struct plan make_plan(void)
{
	struct plan plan = {
		.inputs = number_from("MP_INPUTS", 0),
		.until = pace_now() + pace_seconds(0),
	};

	if (!plan.inputs && !pace_seconds(0))
		plan.inputs = INPUTS;
	return plan;
}

static enum ktap_result fuzz_root(const void *arg)
{
	struct plan plan = make_plan();
	__u64 random = seed * 0x9e3779b9 + 1;
	double begin = pace_now();
	int log = log_open();
	bool ok = log >= 0;

	(void)arg;
	last_generation = generation();
	ktap_note("seed %llu, %zu settings, %zu files and directories", seed,
		  tree.nr_files, tree.nr);
	while (ok && goes_on(&plan, nr_inputs) && nr_wrong < NOTES) {
		input_root(&random);
		if (!(++nr_inputs % LOOK_EVERY))
			ok = tree_as_before(&tree);
	}
	ok &= ktap_expect(!nr_wrong, "no wrong answer, not %llu", nr_wrong);
	ok &= ktap_expect(nr_accepted, "accepted writes");
	ok &= tree_as_before(&tree) && tree_values_kept(&tree);
	ok &= ktap_expect(log_is_silent(log), "a silent kernel log");
	close(log);
	ktap_note("%llu writes accepted, %.0f inputs a second", nr_accepted,
		  nr_inputs / (pace_now() - begin));
	ktap_note("figure inputs fuzzed: %llu", nr_inputs);
	return result_of(ok);
}

/* As an ordinary user: every operation and every write is refused. */

static bool refused(int rc, const struct operation *op, const struct node *node)
{
	if (rc < 0 && errno != EFAULT)
		return true;
	if (nr_wrong++ < NOTES)
		ktap_note("as a user: %s of %s: %s", op->name, node->path,
			  rc < 0 ? strerror(errno) : "success");
	return false;
}

/* Nothing opens for writing, whatever is written then. */
static int write_user(const struct node *node, __u64 *random)
{
	int fd = open(node->path, random_below(random, 2) ? O_WRONLY : O_RDWR);

	if (fd < 0)
		return errno == EACCES || errno == EPERM ||
		       (errno == EISDIR && node->directory) ? -1 : 0;
	if (write(fd, text, make_text(node, random)) < 0)
		ktap_note("%s opens, but takes nothing", node->path);
	close(fd);
	return 0;
}

static void input_user(const struct node *node, __u64 *random)
{
	static const struct operation writing = { .name = "open and write" };
	const struct operation *op = random_operation(random);

	errno = 0;
	if (random_below(random, 2))
		refused(write_user(node, random), &writing, node);
	else
		refused(op->run(node, random), op, node);
}

static int fuzz_as_nobody(__u64 inputs)
{
	__u64 random = seed * 0x9e3779b9 + 2;

	/* The files that root has open are not the user's. */
	tree_close(&tree);
	if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY)) {
		ktap_note("cannot become another user: %s", strerror(errno));
		return KTAP_FAIL;
	}
	nr_wrong = 0;
	for (__u64 i = 0; i < inputs; i++)
		input_user(&tree.nodes[i % tree.nr], &random);
	return nr_wrong ? KTAP_FAIL : KTAP_PASS;
}

static enum ktap_result fuzz_user(const void *arg)
{
	__u64 before = generation();
	/* Every file and directory has its turn, several times. */
	__u64 inputs = nr_inputs / 4 + 8 * tree.nr;
	int log = log_open();
	int status = -1;
	pid_t pid = fork();
	bool ok;

	(void)arg;
	if (!pid) {
		undo_forget();
		_exit(fuzz_as_nobody(inputs));
	}
	ok = pid > 0 && waitpid(pid, &status, 0) == pid && !status;
	ktap_expect(ok, "every operation to be refused, not %#x", status);
	ok &= ktap_expect(generation() == before, "nothing to be published");
	ok &= tree_as_before(&tree) && tree_values_kept(&tree);
	ok &= ktap_expect(log_is_silent(log), "a silent kernel log");
	close(log);
	ktap_note("figure inputs fuzzed: %llu", inputs);
	return result_of(ok);
}

static enum ktap_result check_leaks(const void *arg)
{
	static const char * const folders[] = {
		POLICY_CONFIG, POLICY_STATE, EVENTS,
	};
	bool ok = true;

	(void)arg;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		ok &= tree_leaks_nothing(folders[i]);
	return result_of(ok);
}

/* Puts back what root's writes have left. */
static enum ktap_result put_back(const void *arg)
{
	(void)arg;
	tree_close(&tree);
	undo_to(0);
	if (module_loaded("sample") && module_remove("sample"))
		return result_of(ktap_expect(false, "sample to be removed"));
	return result_of(ktap_expect(!sys_splats(), "no splat"));
}

/*
 * Looking for a module takes the kernel far longer than all the rest. And
 * nothing shall migrate by itself: where faults can be injected, any input may
 * have them injected, which is logged.
 */
static enum ktap_result prepare(const void *arg)
{
	char path[SYS_PATH];
	bool ok;

	(void)arg;
	/* Its settings, too, where it is installed. */
	snprintf(path, sizeof(path), POLICY_CONFIG "/reasons/%s/backend",
		 reason_names[DAMON]);
	if (!sys_write(path, "sample"))
		sys_write(path, "inline");
	ok = !sys_set("/proc/sys/kernel/modprobe", "\n") &&
	     !sys_set("/proc/sys/vm/compaction_proactiveness", "0") &&
	     !sys_set("/proc/sys/kernel/numa_balancing", "0");
	generation_fd = open(POLICY_STATE "/generation", O_RDONLY | O_CLOEXEC);
	ok &= generation_fd >= 0 && tree_open(&tree);
	for (size_t i = 0; ok && i < tree.nr_files; i++)
		undo_write(tree.nodes[tree.files[i]].path,
			   tree.nodes[tree.files[i]].value);
	return result_of(ok);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "all files", prepare, NULL },
		{ "no address before", check_leaks, NULL },
		{ "any input, as root", fuzz_root, NULL },
		{ "any input, as an ordinary user", fuzz_user, NULL },
		{ "no address after", check_leaks, NULL },
		{ "everything put back", put_back, NULL },
	};

	if (geteuid())
		return ktap_skip_all("run it as root");
	if (!policy_present())
		return ktap_skip_all("this kernel has no migrate_policy");
	seed = number_from("MP_SEED", 1);
	undo_init();
	return ktap_run(cases, ARRAY_SIZE(cases));
}
