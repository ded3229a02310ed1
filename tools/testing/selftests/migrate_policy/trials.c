// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trials of policies: every answer of their files, what is staged and when it
 * takes effect, that calls are drawn in the proportion of the shares, that the
 * results add up to the counters of the reason and to the tracepoint of cuts,
 * and that trials can come and go at any time while memory under load migrates.
 * Meant for a kernel with lockdep; whoever runs it also looks at the kernel
 * log.
 */
#include "churn.h"
#include "ktap.h"
#include "mem.h"
#include "modules.h"
#include "pace.h"
#include "policy.h"
#include "provoke.h"
#include "random.h"
#include "sys.h"
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REASON	POLICY_CONFIG "/reasons/syscall_or_cpuset"
#define TRIALS	REASON "/trials"

/* Trials made and removed while memory migrates, also where MP_SECONDS is set. */
#define CYCLES		100
#define CYCLES_LONG	1000

/* Calls to draw, and pages that each of them moves. */
#define CALLS		2000
#define CALL_PAGES	16

static enum ktap_result result_of(bool ok)
{
	return ok ? KTAP_PASS : KTAP_FAIL;
}

static const char *path_of(const char *name, const char *file)
{
	static char path[SYS_PATH];

	snprintf(path, sizeof(path), TRIALS "/%s%s%s", name, *file ? "/" : "",
		 file);
	return path;
}

static int make(const char *name)
{
	const char *path = path_of(name, "");

	if (mkdir(path, 0755))
		return -errno;
	undo_rmdir(path);
	return 0;
}

static int drop(const char *name)
{
	return rmdir(path_of(name, "")) ? -errno : 0;
}

static int set(const char *name, const char *file, const char *value)
{
	return sys_write(path_of(name, file), value);
}

static bool reads(const char *name, const char *file, const char *expected)
{
	char value[SYS_VALUE] = "";
	int rc = sys_read(path_of(name, file), value, sizeof(value));

	return ktap_expect(!rc && !strcmp(value, expected),
			   "%s of %s to read %s, not \"%s\" (%d)", file, name,
			   expected, value, rc);
}

static bool answers(const char *name, const char *file, const char *value,
		    int expected)
{
	int rc = set(name, file, value);

	return ktap_expect(rc == expected, "\"%s\" to %s of %s: %d, not %d",
			   value, file, name, expected, rc);
}

/* The files of results, as text. */
static bool read_all(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	text[len < 0 ? 0 : len] = '\0';
	return ktap_expect(len >= 0, "to read %s: %s", path, strerror(errno));
}

/* A number of the summary in a directory; UINT64_MAX if it is not there. */
static __u64 sum_in(const char *dir, const char *name)
{
	char path[SYS_PATH], text[4096];
	size_t len = strlen(name);

	snprintf(path, sizeof(path), "%s/results/summary", dir);
	if (!read_all(path, text, sizeof(text)))
		return UINT64_MAX;
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (!strncmp(line, name, len) && line[len] == ' ')
			return strtoull(line + len, NULL, 10);
	}
	ktap_note("no %s in %s", name, path);
	return UINT64_MAX;
}

/* The counts of a histogram; UINT64_MAX if its bounds do not rise. */
static __u64 count_in(const char *dir, const char *name)
{
	char path[SYS_PATH], text[4096];
	__u64 sum = 0, last = 0;
	bool first = true;

	snprintf(path, sizeof(path), "%s/results/%s", dir, name);
	if (!read_all(path, text, sizeof(text)))
		return UINT64_MAX;
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		__u64 lower = strtoull(line, &line, 10);

		if (!first && lower <= last)
			return UINT64_MAX;
		first = false;
		last = lower;
		sum += strtoull(line, NULL, 10);
	}
	return sum;
}

static enum ktap_result check_names(const void *arg)
{
	static const struct {
		const char *name;
		int rc;
	} names[] = {
		{ "control", -EINVAL }, { "a b", -EINVAL }, { "a,b", -EINVAL },
		{ "a=b", -EINVAL }, { "\xc3\xa4", -EINVAL },
		{ "123456789012345678901234567890123", -EINVAL },
		{ "12345678901234567890123456789012", 0 }, { "A.b_C-9", 0 },
		{ "-", 0 }, { "...", 0 },
	};
	bool ok = true;

	(void)arg;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		int rc = make(names[i].name);

		ok &= ktap_expect(rc == names[i].rc, "mkdir %s: %d, not %d",
				  names[i].name, names[i].rc, rc);
		if (!rc) {
			ok &= ktap_expect(make(names[i].name) == -EEXIST,
					  "no second %s", names[i].name);
			ok &= ktap_expect(!drop(names[i].name), "%s to go",
					  names[i].name);
		}
	}
	return result_of(ok);
}

static enum ktap_result check_limit(const void *arg)
{
	char name[] = "t0";
	bool ok = true;

	(void)arg;
	for (; name[1] < '8'; name[1]++)
		ok &= ktap_expect(!make(name), "to make %s", name);
	ok &= ktap_expect(make(name) == -ENOSPC, "no ninth trial");
	while (name[1]-- > '0')
		ok &= ktap_expect(!drop(name), "%s to go", name);
	ok &= ktap_expect(rmdir(TRIALS) && errno == EPERM, TRIALS " to stay");
	return result_of(ok);
}

static enum ktap_result check_staging(const void *arg)
{
	static const struct {
		const char *file, *value;
	} values[] = {
		{ "backend", "mt" }, { "batch_size", "64" },
		{ "min_pages", "3" }, { "workers", "2" },
		{ "classes", "anon" }, { "share", "25" },
	};
	__u64 generation;
	bool ok;

	(void)arg;
	ok = ktap_expect(!policy_set(SYSCALL_OR_CPUSET, "workers", "7"),
			 "to write the base");
	ok &= ktap_expect(!make("staged"), "to make a trial");
	ok &= reads("staged", "workers", "7");
	ok &= reads("staged", "live", "0");
	ok &= reads("staged", "share", "0");
	generation = policy_generation();
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		ok &= answers("staged", values[i].file, values[i].value, 0);
		ok &= reads("staged", values[i].file, values[i].value);
	}
	ok &= ktap_expect(policy_generation() == generation,
			  "nothing to be published");
	ok &= answers("staged", "live", "1", 0);
	ok &= ktap_expect(policy_generation() == generation + 1,
			  "all to be published at once");
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		ok &= answers("staged", values[i].file, values[i].value,
			      -EBUSY);
	ok &= answers("staged", "live", "0", 0);
	ok &= answers("staged", "workers", "1", 0);
	ok &= ktap_expect(!drop("staged"), "it to go");
	return result_of(ok);
}

static enum ktap_result check_values(const void *arg)
{
	static const struct {
		const char *file, *value;
		int rc;
	} values[] = {
		{ "backend", "absent", -ENOENT }, { "backend", "A", -EINVAL },
		{ "batch_size", "0", -ERANGE }, { "min_pages", "x", -EINVAL },
		{ "workers", "65", -ERANGE }, { "classes", "all", -EINVAL },
		{ "share", "101", -ERANGE }, { "share", "-1", -EINVAL },
		{ "share", "100", 0 }, { "live", "2", -ERANGE },
		{ "live", "on", -EINVAL }, { "live", "0", 0 },
	};
	bool ok = ktap_expect(!make("a") && !make("b"), "to make trials");

	(void)arg;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		ok &= answers("a", values[i].file, values[i].value,
			      values[i].rc);
	ok &= answers("a", "share", "70\n", 0);
	ok &= answers("b", "share", "31", 0);
	ok &= answers("a", "live", "1", 0);
	ok &= answers("b", "live", "1", -ERANGE);
	ok &= reads("b", "live", "0");
	ok &= answers("b", "share", "30", 0);
	ok &= answers("b", "live", "1\n", 0);
	ok &= ktap_expect(access(path_of("a", "results/summary"), W_OK) ||
			  open(path_of("a", "results/summary"), O_WRONLY) < 0,
			  "results to be read-only");
	ok &= ktap_expect(!drop("a") && !drop("b"), "live trials to go");
	return result_of(ok);
}

static bool is_first(const struct area *area, size_t i, const void *nr)
{
	return i < *(const size_t *)nr;
}

/* So many base pages; an area alone is not that small. */
static bool map_pages(struct area *area, size_t nr)
{
	if (mem_map(area, MEM_BASE, nr * BASE_PAGE, FAST_NODE))
		return false;
	mem_keep(area, is_first, &nr);
	return ktap_expect(mem_pages(area) == nr, "%zu pages", nr);
}

static bool move_to_and_fro(const struct area *area, int calls)
{
	for (int i = 0; i < calls; i++) {
		long rc = mem_move(area, i % 2 ? FAST_NODE : SLOW_NODE);

		if (rc)
			return ktap_expect(false, "move_pages: %ld", rc);
	}
	return true;
}

/* Within 3.891 standard deviations, which is 99.99%. */
static bool likely(__u64 count, __u64 calls, unsigned int percent)
{
	double p = percent / 100.0, mean = calls * p;
	double off = count > mean ? count - mean : mean - count;

	return ktap_expect(off * off <= 3.891 * 3.891 * mean * (1 - p),
			   "about %.0f of %llu calls, not %llu", mean, calls,
			   count);
}

/* What a file of both arms has gained since @before. */
static __u64 gained(const char *name, __u64 before)
{
	return sum_in(REASON, name) + sum_in(TRIALS "/drawn", name) - before;
}

/* Sums of the arms that are counters of the reason, too. */
static const struct {
	const char *name;
	enum counter counter;
} summed[] = {
	{ "cuts", CUTS }, { "succeeded", SUCCEEDED }, { "failed", FAILED },
	{ "cut_ns", CUT_NS }, { "engaged_pages", PAGES },
	{ "copy_ns", COPY_NS }, { "helper_ns", HELPER_NS },
};

static bool adds_up(const struct counters *before,
		    const struct counters *after, const __u64 *control)
{
	bool ok = true;

	for (size_t i = 0; i < ARRAY_SIZE(summed); i++) {
		__u64 sum = gained(summed[i].name, control[i]);

		ok &= ktap_expect(sum == counted(before, after,
						 summed[i].counter),
				  "%s of the arms to be %llu, not %llu",
				  summed[i].name,
				  counted(before, after, summed[i].counter), sum);
	}
	return ok;
}

static bool check_results(__u64 calls)
{
	static const char dir[] = TRIALS "/drawn";
	bool ok;

	ok = ktap_expect(sum_in(dir, "folios") == calls * CALL_PAGES,
			 "%llu folios", calls * CALL_PAGES);
	ok &= ktap_expect(sum_in(dir, "offered") ==
			  sum_in(dir, "engaged_pages"),
			  "all that was offered to be copied");
	ok &= ktap_expect(sum_in(dir, "offered") == calls * CALL_PAGES,
			  "all to be offered");
	ok &= ktap_expect(count_in(dir, "hist_page_ns") == calls &&
			  count_in(dir, "hist_cut_ns") == calls &&
			  count_in(dir, "hist_first_ns") == calls &&
			  count_in(dir, "hist_away_ns") == calls,
			  "%llu entries in each histogram", calls);
	ok &= ktap_expect(sum_in(dir, "first_ns") <= sum_in(dir, "away_ns") &&
			  sum_in(dir, "away_ns") <= sum_in(dir, "cut_ns") &&
			  sum_in(dir, "copy_ns") <= sum_in(dir, "first_ns"),
			  "times in their order");
	return ok;
}

static enum ktap_result check_draw(const void *arg)
{
	struct counters before, after;
	__u64 control[ARRAY_SIZE(summed)], calls, others;
	struct area area;
	bool ok;

	(void)arg;
	if (!map_pages(&area, CALL_PAGES))
		return KTAP_FAIL;
	for (size_t i = 0; i < ARRAY_SIZE(summed); i++)
		control[i] = sum_in(REASON, summed[i].name);
	others = sum_in(REASON, "calls");
	ok = ktap_expect(!make("drawn"), "to make a trial");
	ok &= answers("drawn", "backend", "mt", 0);
	ok &= answers("drawn", "min_pages", "1", 0);
	ok &= answers("drawn", "share", "30", 0);
	policy_reason_counters(SYSCALL_OR_CPUSET, &before);
	ok &= answers("drawn", "live", "1", 0);
	ok &= move_to_and_fro(&area, CALLS);
	policy_reason_counters(SYSCALL_OR_CPUSET, &after);
	calls = sum_in(TRIALS "/drawn", "calls");
	ok &= likely(calls, CALLS, 30);
	ok &= ktap_expect(calls + sum_in(REASON, "calls") - others == CALLS,
			  "each call to belong to an arm");
	ok &= adds_up(&before, &after, control);
	ok &= check_results(calls);
	ok &= answers("drawn", "live", "0", 0);
	ok &= move_to_and_fro(&area, 10);
	ok &= ktap_expect(sum_in(TRIALS "/drawn", "calls") == calls &&
			  calls + sum_in(REASON, "calls") - others == CALLS,
			  "nothing to be counted without a live trial");
	ok &= ktap_expect(!mem_wrong(&area), "no wrong byte");
	ok &= ktap_expect(!drop("drawn"), "it to go");
	mem_unmap(&area);
	return result_of(ok);
}

/* What the tracepoint says of the cuts of an arm. */
struct traced {
	__u64 cuts;
	__u64 cut_ns;
	__u64 first_ns;
	__u64 away_ns;
};

/* Those of no arm, of the control and of the trial "traced". */
static const char * const traced_arms[] = {
	" arm= ", " arm=control ", " arm=traced ",
};

static bool add_cut(void *arg, char *line)
{
	struct traced *traced = arg;

	if (!strstr(line, " reason=syscall_or_cpuset "))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(traced_arms); i++) {
		if (!strstr(line, traced_arms[i]))
			continue;
		traced[i].cuts++;
		traced[i].cut_ns += trace_number(line, " cut_ns=");
		traced[i].first_ns += trace_number(line, " first_ns=");
		traced[i].away_ns += trace_number(line, " away_ns=");
		return true;
	}
	return false;
}

/* What its results say. */
static struct traced read_arm(const char *dir)
{
	return (struct traced){
		.cuts = sum_in(dir, "cuts"),
		.cut_ns = sum_in(dir, "cut_ns"),
		.first_ns = sum_in(dir, "first_ns"),
		.away_ns = sum_in(dir, "away_ns"),
	};
}

static bool same_traced(const struct traced *traced,
			const struct traced *before, const struct traced *after)
{
	return ktap_expect(traced->cuts &&
			   traced->cuts == after->cuts - before->cuts &&
			   traced->cut_ns == after->cut_ns - before->cut_ns &&
			   traced->first_ns == after->first_ns - before->first_ns &&
			   traced->away_ns == after->away_ns - before->away_ns,
			   "the trace to say what the arm does, not %llu cuts, %llu, %llu and %llu ns",
			   traced->cuts, traced->cut_ns, traced->first_ns,
			   traced->away_ns);
}

/* Half of the calls, and some more when it is no longer live. */
static bool trace_trial(struct area *area, struct traced before[2],
			struct traced after[2])
{
	bool ok = ktap_expect(!make("traced"), "to make a trial");

	ok &= answers("traced", "share", "50", 0);
	before[0] = read_arm(REASON);
	before[1] = (struct traced){ 0 };
	ok &= ktap_expect(!trace_start(TRACE_CUTS, 1024), "to trace");
	ok &= answers("traced", "live", "1", 0);
	ok &= move_to_and_fro(area, 200);
	after[0] = read_arm(REASON);
	after[1] = read_arm(TRIALS "/traced");
	ok &= answers("traced", "live", "0", 0);
	ok &= ktap_expect(!policy_set(SYSCALL_OR_CPUSET, "workers", "1"),
			  "to count without a trial");
	ok &= move_to_and_fro(area, 10);
	return ok & ktap_expect(!drop("traced"), "it to go");
}

/* Each cut says its arm, and the arms' times are the sums of theirs. */
static enum ktap_result check_traced(const void *arg)
{
	struct traced traced[ARRAY_SIZE(traced_arms)] = { 0 };
	struct traced before[2], after[2];
	int mark = undo_mark();
	struct area area;
	bool ok;

	(void)arg;
	if (!map_pages(&area, CALL_PAGES))
		return KTAP_FAIL;
	ok = trace_trial(&area, before, after);
	ok &= trace_lines(add_cut, traced);
	ok &= same_traced(&traced[1], &before[0], &after[0]);
	ok &= same_traced(&traced[2], &before[1], &after[1]);
	ok &= ktap_expect(traced[0].cuts == 10 && !traced[0].first_ns &&
			  !traced[0].away_ns,
			  "10 cuts of no arm, not %llu", traced[0].cuts);
	undo_to(mark);
	mem_unmap(&area);
	return result_of(ok);
}

/* What is open when a trial goes has nothing to tell any more. */
static bool remove_while_open(const char *name)
{
	int fd = open(path_of(name, "results/summary"), O_RDONLY | O_CLOEXEC);
	char text[4096];
	bool ok;

	ok = ktap_expect(fd >= 0, "to open results of %s", name);
	ok &= ktap_expect(!drop(name), "%s to go", name);
	ok &= ktap_expect(read(fd, text, sizeof(text)) < 0 && errno == ENOENT,
			  "no results of what is gone");
	if (fd >= 0)
		close(fd);
	return ok;
}

static bool cycle(__u64 *random)
{
	static const char * const backends[] = { "mt", "inline" };
	static const char * const sizes[] = { "1", "64", "512", "4096" };
	bool ok;

	ok = ktap_expect(!mkdir(path_of("cycle", ""), 0755), "to make it");
	ok &= answers("cycle", "backend",
		      backends[random_index(random, backends)], 0);
	ok &= answers("cycle", "batch_size",
		      sizes[random_index(random, sizes)], 0);
	ok &= answers("cycle", "min_pages", "1", 0);
	ok &= answers("cycle", "share", "50", 0);
	ok &= answers("cycle", "live", "1", 0);
	usleep(random_below(random, 2000));
	if (random_below(random, 2))
		ok &= answers("cycle", "live", "0", 0);
	return ok & remove_while_open("cycle");
}

/* Copy time per page of a trial's calls, in ns. */
static double copy_time(const char *name, struct area *area, int calls)
{
	char dir[SYS_PATH];
	double before, pages;

	snprintf(dir, sizeof(dir), TRIALS "/%s", name);
	before = sum_in(dir, "copy_ns");
	pages = sum_in(dir, "engaged_pages");
	move_to_and_fro(area, calls);
	pages = sum_in(dir, "engaged_pages") - pages;
	return pages > 0 ? (sum_in(dir, "copy_ns") - before) / pages : 0;
}

/*
 * A backend that is slower on purpose is seen to be; by how much depends on
 * what else the machine does. Its module stays while a trial names it.
 */
static enum ktap_result check_slower(const void *arg)
{
	struct area area;
	double fast, slow;
	bool ok;

	(void)arg;
	if (!map_pages(&area, 64))
		return KTAP_FAIL;
	ok = ktap_expect(!make("slower"), "to make a trial");
	ok &= answers("slower", "backend", "test", 0);
	ok &= ktap_expect(module_remove("test") == -EAGAIN, "it to be pinned");
	ok &= answers("slower", "share", "100", 0);
	ok &= answers("slower", "live", "1", 0);
	ok &= ktap_expect(module_remove("test") == -EAGAIN, "it to be pinned");
	fast = copy_time("slower", &area, 200);
	ok &= ktap_expect(!module_set("test", "delay_percent", "400"),
			  "to delay it");
	slow = copy_time("slower", &area, 200);
	ktap_note("%.0f ns a page, with 400%% more %.0f ns", fast, slow);
	ok &= ktap_expect(fast > 0 && slow > 2 * fast, "it to be slower");
	ok &= ktap_expect(!drop("slower"), "it to go");
	ok &= ktap_expect(!module_remove("test"), "its module to go");
	mem_unmap(&area);
	return result_of(ok);
}

/* Time that the backend of an arm took for a page since it had @before. */
static double since(const char *dir, const double before[2])
{
	double pages = sum_in(dir, "engaged_pages") - before[1];

	return pages > 0 ? (sum_in(dir, "copy_ns") - before[0]) / pages : 0;
}

/* Control and trial copy in the same way, but for a known time. */
static enum ktap_result check_known_time(const void *arg)
{
	static const double none[2];
	double before[2], fast, slow;
	int mark = undo_mark();
	struct area area;
	bool ok;

	(void)arg;
	if (mem_map(&area, MEM_BASE, 64 * BASE_PAGE, FAST_NODE))
		return KTAP_FAIL;
	/* It maps more than that. */
	area.nr = 64;
	ok = ktap_expect(!policy_set(SYSCALL_OR_CPUSET, "backend", "test") &&
			 !policy_set(SYSCALL_OR_CPUSET, "min_pages", "1") &&
			 !module_set("test", "slow_ns", "100000"),
			 "to set the base");
	ok &= ktap_expect(!make("known"), "to make a trial");
	ok &= answers("known", "backend", "slow", 0);
	ok &= answers("known", "share", "50", 0);
	ok &= answers("known", "live", "1", 0);
	before[0] = sum_in(REASON, "copy_ns");
	before[1] = sum_in(REASON, "engaged_pages");
	ok &= move_to_and_fro(&area, 200);
	fast = since(REASON, before);
	slow = since(TRIALS "/known", none);
	ktap_note("%.0f ns a page, and %.0f with 100000 more", fast, slow);
	ok &= ktap_expect(fast > 0 && slow >= 100000 && slow > fast + 50000,
			  "the trial to take longer than control");
	ok &= answers("known", "live", "0", 0) & answers("known", "live", "1", 0);
	ok &= ktap_expect(!sum_in(TRIALS "/known", "calls") &&
			  !count_in(TRIALS "/known", "hist_page_ns"),
			  "no results of the run before");
	ok &= ktap_expect(!drop("known"), "it to go");
	undo_to(mark);
	ok &= ktap_expect(!module_remove("test"), "their module to go");
	mem_unmap(&area);
	return result_of(ok);
}

/*
 * While another trial is live, one that comes or goes changes no code. That is
 * most of the time, since the emulator in which these tests mostly run may
 * trip over code that changes under load.
 */
static bool hold(bool on)
{
	return answers("holder", "live", on ? "1" : "0", 0);
}

static enum ktap_result check_cycles(const void *arg)
{
	int cycles = pace_seconds(0) ? CYCLES_LONG : CYCLES;
	struct churn_sums sums;
	__u64 random = 1;
	size_t lost;
	bool ok = ktap_expect(!make("holder"), "to make a trial");

	(void)arg;
	undo_rmdir(path_of("cycle", ""));
	if (!churn_start(4))
		return KTAP_FAIL;
	for (int i = 0; ok && i < cycles; i++)
		ok = hold(i % 25) && cycle(&random);
	churn_stop();
	ok &= ktap_expect(!drop("holder"), "it to go");
	churn_read(&sums);
	lost = churn_lost();
	ktap_note("%d trials, %llu records checked, %llu calls that migrate",
		  cycles, sums.checked, sums.moves);
	ok &= ktap_expect(!sums.wrong, "no wrong record, not %llu", sums.wrong);
	ok &= ktap_expect(!lost, "no lost page, not %zu", lost);
	ok &= ktap_expect(sums.moves, "memory to migrate meanwhile");
	churn_free();
	return result_of(ok);
}

static enum ktap_result check_rest(const void *before)
{
	__u64 splats = sys_splats() & ~*(const __u64 *)before;
	__u64 isolated;
	struct stat st;
	bool ok;

	sys_write("/proc/sys/vm/stat_refresh", "1");
	isolated = sys_sum_lines("/proc/vmstat", "nr_isolated_");
	ok = ktap_expect(!isolated, "no page left isolated, not %llu",
			 isolated);
	ok &= ktap_expect(!stat(TRIALS, &st) && st.st_nlink == 2,
			  "no trial to be left");
	ok &= ktap_expect(!splats, "no splat in the kernel log");
	ok &= ktap_expect(sys_sum_lines("/proc/lockdep_stats", "debug_locks:"),
			  "lockdep still on");
	return result_of(ok);
}

int main(void)
{
	static __u64 splats;
	static const struct ktap_case cases[] = {
		{ "names", check_names, NULL },
		{ "eight trials", check_limit, NULL },
		{ "staged settings", check_staging, NULL },
		{ "values", check_values, NULL },
		{ "calls are drawn and results add up", check_draw, NULL },
		{ "each cut in the trace says its arm", check_traced, NULL },
		{ "a backend that is slower on purpose", check_slower, NULL },
		{ "arms that differ by a known time", check_known_time, NULL },
		{ "trials come and go during migration", check_cycles, NULL },
		{ "nothing is left", check_rest, &splats },
	};

	if (geteuid())
		return ktap_skip_all("run it as root");
	if (!policy_present() || !policy_enabled())
		return ktap_skip_all("this kernel has no migrate_policy");
	if (!provoke_two_nodes())
		return ktap_skip_all("no second memory node without CPUs");
	splats = sys_splats();
	undo_init();
	return ktap_run(cases, ARRAY_SIZE(cases));
}
