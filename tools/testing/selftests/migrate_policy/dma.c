// SPDX-License-Identifier: GPL-2.0-only
/*
 * The backend "dma", with engines in software that misbehave on demand:
 * test_modules/migrate_dma_test.c. Whatever they do, every page gets where it
 * was to go, as it was.
 */
#include "engine.h"
#include "ktap.h"
#include "mem.h"
#include "policy.h"
#include "provoke.h"
#include "sys.h"

#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MB		(1024ul * 1024)
#define HANG_MS		"200"

/* A node's memory beyond 4 GiB is the first to be given out. */
#define NARROW		"32"

/* What the backend says of a move, and whether all went well. */
struct move {
	bool ok;
	struct counters before;
	struct counters after;
};

static bool use_dma(const char *channels)
{
	return !policy_set(SYSCALL_OR_CPUSET, "backend", "dma") &&
	       !policy_set(SYSCALL_OR_CPUSET, "min_pages", "1") &&
	       engine_setting("channels", channels);
}

static void move_there(struct move *move, enum mem_kind kind, size_t size)
{
	struct area area;

	policy_backend_counters("dma", &move->before);
	move->ok = !mem_map(&area, kind, size, FAST_NODE);
	if (!move->ok)
		return;
	move->ok &= ktap_expect(!mem_move(&area, SLOW_NODE),
				"move_pages to move everything");
	move->ok &= ktap_expect(mem_on_node(&area, SLOW_NODE) ==
				mem_pages(&area), "all on the other node");
	move->ok &= ktap_expect(!mem_wrong(&area), "no wrong byte");
	mem_unmap(&area);
	policy_backend_counters("dma", &move->after);
}

static __u64 rise(const struct move *move, enum counter what)
{
	return counted(&move->before, &move->after, what);
}

static bool copies_all(enum mem_kind kind, size_t size)
{
	struct move m;

	move_there(&m, kind, size);
	return m.ok && ktap_expect(rise(&m, PAGES) == size / BASE_PAGE,
				   "%zu pages copied, not %llu",
				   size / BASE_PAGE, rise(&m, PAGES));
}

static bool declines(void)
{
	struct move m;

	move_there(&m, MEM_BASE, 2 * MB);
	return m.ok && ktap_expect(!rise(&m, PAGES) && rise(&m, DECLINED_BUSY),
				   "nothing copied, not %llu pages, %llu declined",
				   rise(&m, PAGES), rise(&m, DECLINED_BUSY));
}

/* Everything is left to the CPU. */
static bool fails_all(void)
{
	struct move m;

	move_there(&m, MEM_BASE, 2 * MB);
	return m.ok && ktap_expect(!rise(&m, PAGES) && rise(&m, FAILED_ITEMS),
				   "nothing copied, not %llu pages, %llu failed",
				   rise(&m, PAGES), rise(&m, FAILED_ITEMS));
}

static bool no_channels(void)
{
	return use_dma("0") && declines() && use_dma("2") && declines() &&
	       engine_load("channels=2") && declines();
}

static bool copies_well(void)
{
	return engine_load("channels=3") && use_dma("2") &&
	       engine_taken(2) &&
	       copies_all(MEM_BASE, 4 * MB) && copies_all(MEM_THP, 8 * MB) &&
	       engine_setting("channels", "64") && engine_taken(3) &&
	       copies_all(MEM_BASE, 4 * MB) && copies_all(MEM_THP, 8 * MB);
}

static bool one_worker(void)
{
	return engine_load("channels=1 devices=4 delay_us=100") &&
	       use_dma("4") &&
	       !policy_set(SYSCALL_OR_CPUSET, "workers", "1") &&
	       copies_all(MEM_BASE, 2 * MB) &&
	       ktap_expect(engine_copied(1) == 512 || engine_copied(3) == 512,
			   "one channel to copy all");
}

/* No bounce buffers: neither a device that needs them, nor a folio. */
static bool reaches_little(void)
{
	return engine_load("mask=" NARROW) && use_dma("2") &&
	       engine_taken(0) && declines() &&
	       engine_load("narrows=" NARROW) &&
	       engine_setting("channels", "1") && engine_taken(1) &&
	       fails_all();
}

/* Parts that end at limits, and more of them than a request has out. */
static bool has_limits(void)
{
	return engine_load("segment=20544 boundary=65535") && use_dma("2") &&
	       copies_all(MEM_THP, 8 * MB) &&
	       ktap_expect(!engine_number("refused"), "all limits kept") &&
	       engine_setting("channels", "0") &&
	       engine_load("segment=4096") &&
	       engine_setting("channels", "2") &&
	       !policy_set(SYSCALL_OR_CPUSET, "batch_size", "2048") &&
	       copies_all(MEM_THP, 8 * MB) &&
	       ktap_expect(!engine_number("refused"), "all limits kept");
}

static bool has_no_room(void)
{
	return engine_load("room=7") && use_dma("2") &&
	       copies_all(MEM_BASE, 4 * MB) && engine_set("room", "0") &&
	       fails_all();
}

static bool out_of_order(void)
{
	return engine_load("reverse=1 segment=65536") && use_dma("2") &&
	       copies_all(MEM_BASE, 4 * MB) && copies_all(MEM_THP, 8 * MB);
}

/* A part of a large folio that fails, fails the folio. */
static bool has_errors(void)
{
	struct move m;

	if (!engine_load("error_every=3 segment=262144") || !use_dma("2"))
		return false;
	move_there(&m, MEM_BASE, 4 * MB);
	return m.ok && ktap_expect(rise(&m, FAILED_ITEMS) == 341 &&
				   rise(&m, PAGES) == 683,
				   "a third to fail, not %llu and %llu",
				   rise(&m, FAILED_ITEMS), rise(&m, PAGES)) &&
	       engine_setting("channels", "1") &&
	       engine_set("error_every", "8") &&
	       !policy_set(SYSCALL_OR_CPUSET, "batch_size", "2048") &&
	       (move_there(&m, MEM_THP, 8 * MB), m.ok) &&
	       ktap_expect(rise(&m, FAILED_ITEMS) == 4 && !rise(&m, PAGES),
			   "every huge page to fail, not %llu",
			   rise(&m, FAILED_ITEMS)) &&
	       engine_set("error_every", "1") &&
	       engine_set("delay_us", "500") && fails_all();
}

/* How often the engine was asked while something moved. */
static __u64 asked(const char *poll_us, const char *poll_pages)
{
	__u64 before = engine_number("asked");

	if (!engine_setting("poll_us", poll_us) ||
	    !engine_setting("poll_pages", poll_pages) ||
	    !copies_all(MEM_BASE, 2 * MB))
		return UINT64_MAX;
	return engine_number("asked") - before;
}

static bool polls(void)
{
	__u64 never, large, small;

	if (!engine_load("delay_us=20") || !use_dma("2"))
		return false;
	never = asked("0", "512");
	large = asked("1000", "511");
	small = asked("1000", "512");
	return ktap_expect(!never && !large && small && small != UINT64_MAX,
			   "to ask for small requests alone, not %llu, %llu, %llu times",
			   never, large, small);
}

static pid_t move_in_child(void)
{
	pid_t pid = fork();
	struct move m;

	if (pid)
		return pid;
	undo_forget();
	move_there(&m, MEM_BASE, 2 * MB);
	_exit(!m.ok);
}

static bool waits(pid_t pid)
{
	usleep(1500000);
	return ktap_expect(!waitpid(pid, NULL, WNOHANG),
			   "the caller to wait for the engine");
}

static bool ends_well(pid_t pid)
{
	int status;

	return ktap_expect(waitpid(pid, &status, 0) == pid && !status,
			   "the caller to end well, not with %x", status);
}

/*
 * One that only forgets: the caller waits until it has copied, and the channel
 * gets nothing more before it is taken anew.
 */
static bool hangs(void)
{
	__u64 timeouts = engine_timeouts();
	bool ok;
	pid_t pid;

	if (!engine_load("channels=2 hang=1") || !use_dma("2") ||
	    !engine_setting("timeout_ms", HANG_MS) ||
	    policy_set(SYSCALL_OR_CPUSET, "workers", "1"))
		return false;
	pid = move_in_child();
	ok = waits(pid);
	ok &= ktap_expect(engine_timeouts() == timeouts + 1, "one timeout");
	ok &= ktap_expect(!engine_copied(0), "nothing copied yet");
	ok &= engine_set("hang", "0") && ends_well(pid);
	ok &= ktap_expect(engine_copied(0) == 512, "all copied late");
	ok &= engine_set("hang", "1");
	pid = move_in_child();
	ok &= waits(pid) && engine_set("hang", "0") && ends_well(pid);
	ok &= declines();
	return ok && engine_setting("channels", "1") &&
	       copies_all(MEM_BASE, 2 * MB);
}

/* One that stops: the caller goes on without it, and nothing is written late. */
static bool is_stopped(void)
{
	return engine_load("channels=1 hang=1 stops=1") && use_dma("1") &&
	       engine_setting("timeout_ms", HANG_MS) && fails_all() &&
	       engine_set("hang", "0") && declines() &&
	       ktap_expect(!engine_copied(0), "nothing copied late") &&
	       engine_setting("channels", "0") &&
	       engine_setting("channels", "1") && copies_all(MEM_BASE, 2 * MB);
}

/* Slower than the timeout as a whole, but never silent for so long. */
static bool is_slow(void)
{
	__u64 timeouts = engine_timeouts();

	return engine_load("channels=1 delay_us=2000") && use_dma("1") &&
	       engine_setting("timeout_ms", HANG_MS) &&
	       copies_all(MEM_BASE, 2 * MB) &&
	       ktap_expect(engine_timeouts() == timeouts, "no timeout");
}

/* The nearest devices are used, and all that are as near, but no others. */
static bool nearest(void)
{
	return engine_load("devices=4 channels=1 delay_us=100") &&
	       use_dma("4") && engine_taken(4) &&
	       copies_all(MEM_BASE, 2 * MB) &&
	       ktap_expect(!engine_copied(0) && engine_copied(1) > 100 &&
			   !engine_copied(2) && engine_copied(3) > 100,
			   "the devices of node 1 alone to copy");
}

static bool named_devices(void)
{
	return engine_load("devices=3 channels=2") && use_dma("6") &&
	       engine_setting("devices",
			      "migrate-dma-test.0,nosuch,migrate-dma-test.2") &&
	       engine_taken(4) && copies_all(MEM_BASE, 2 * MB) &&
	       ktap_expect(!engine_copied(1), "no channel of the other device") &&
	       engine_setting("devices", "migrate-dma-test") &&
	       engine_taken(0) && declines();
}

static bool releases(void)
{
	int mark = undo_mark();
	bool ok = engine_load("") && use_dma("2") && engine_taken(2) &&
		  ktap_expect(!engine_unload(), "channels to keep the module");

	undo_to(mark);
	return ok && engine_taken(0) &&
	       ktap_expect(engine_unload(), "the module to go");
}

/* Back and forth until told to stop. */
static void keep_moving(atomic_bool *stop)
{
	struct area area;
	bool ok = !mem_map(&area, MEM_BASE, 2 * MB, FAST_NODE);

	undo_forget();
	while (ok && !*stop)
		ok = !mem_move(&area, SLOW_NODE) && !mem_wrong(&area) &&
		     !mem_move(&area, FAST_NODE) && !mem_wrong(&area);
	_exit(!ok);
}

/* So short a delay needs no timer of high resolution. */
#define CHANGING	"channels=3 delay_us=5 reverse=1"

static bool change_settings(void)
{
	static const char * const values[] = { "1", "3", "2", "0" };
	bool ok = true;

	for (int i = 0; ok && i < 40; i++) {
		ok = engine_change("channels", values[i % 4]) &&
		     engine_change("devices", i % 3 ? "any" : "nosuch");
		if (ok && i % 20 == 19)
			ok = engine_load(CHANGING);
		usleep(5000);
	}
	return engine_change("devices", "any") && ok;
}

/* Channels come and go while several tasks migrate, and so do devices. */
static bool changes(void)
{
	atomic_bool *stop = mmap(NULL, BASE_PAGE, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct counters before, after;
	pid_t pids[3];
	bool ok;

	if (stop == MAP_FAILED || !use_dma("2") ||
	    !engine_load(CHANGING))
		return false;
	policy_backend_counters("dma", &before);
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		if (!pids[i])
			keep_moving(stop);
	}
	ok = change_settings();
	*stop = true;
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		ok &= ends_well(pids[i]);
	munmap(stop, BASE_PAGE);
	policy_backend_counters("dma", &after);
	ktap_note("%llu pages copied, %llu requests declined",
		  counted(&before, &after, PAGES),
		  counted(&before, &after, DECLINED_BUSY));
	return ok && ktap_expect(counted(&before, &after, PAGES) &&
				 counted(&before, &after, DECLINED_BUSY),
				 "some requests copied, and some declined");
}

struct test {
	const char *name;
	bool (*run)(void);
};

static enum ktap_result in_turn(const void *arg)
{
	const struct test *test = arg;
	int mark = undo_mark();
	bool ok = test->run();

	undo_to(mark);
	return engine_unload() && ok ? KTAP_PASS : KTAP_FAIL;
}

static const struct test tests[] = {
	{ "without a channel it declines", no_channels },
	{ "channels copy", copies_well },
	{ "one worker", one_worker },
	{ "an engine that does not reach all memory", reaches_little },
	{ "segments, boundaries and rounds", has_limits },
	{ "an engine without room", has_no_room },
	{ "out of order", out_of_order },
	{ "the CPU makes up for errors", has_errors },
	{ "polling for small requests", polls },
	{ "a slow engine", is_slow },
	{ "an engine that hangs", hangs },
	{ "an engine that hangs and can be stopped", is_stopped },
	{ "the nearest devices", nearest },
	{ "devices by name", named_devices },
	{ "channels are given back", releases },
	{ "channels come and go", changes },
};

int main(void)
{
	struct ktap_case cases[ARRAY_SIZE(tests)];

	if (geteuid())
		return ktap_skip_all("run it as root");
	if (!engine_present())
		return ktap_skip_all("no backend dma, or no engine for it");
	if (!provoke_two_nodes())
		return ktap_skip_all("no second memory node without CPUs");
	undo_init();
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		cases[i] = (struct ktap_case) {
			tests[i].name, in_turn, &tests[i],
		};
	return ktap_run(cases, ARRAY_SIZE(cases));
}
