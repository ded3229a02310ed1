// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests with several threads: who waits for whom, and what a lookup sees
 * while others write.
 *
 * For the model of the page migration policy, in user space, under the thread
 * sanitizer.
 */

#include <stdio.h>
#include <time.h>

#include "tests.h"

/* Long enough for any thread to get as far as it can. */
#define A_WHILE_MS	100

/* Writes of each writer in the stress test. */
#define WRITES		1500

static void sleep_ms(long ms)
{
	struct timespec time = { .tv_nsec = ms * 1000000 };

	nanosleep(&time, NULL);
}

static bool flag(const bool *where)
{
	return __atomic_load_n(where, __ATOMIC_ACQUIRE);
}

static void raise_flag(bool *where)
{
	__atomic_store_n(where, true, __ATOMIC_RELEASE);
}

static void wait_for(const bool *where)
{
	while (!flag(where))
		sleep_ms(1);
}

static pthread_t spawn(void *(*run)(void *), void *arg)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, run, arg), 0);
	return thread;
}

static void join(pthread_t thread)
{
	assert_int_equal(pthread_join(thread, NULL), 0);
}

/* A batch under way: holds a policy from began until let_go. */
struct batch {
	enum migrate_reason reason;
	bool began;
	bool let_go;
	unsigned int workers_first;
	unsigned int workers_last;
};

static void *run_batch(void *arg)
{
	const struct migrate_policy *policy;
	struct batch *batch = arg;
	int idx;

	policy = migrate_policy_get(batch->reason, &idx);
	batch->workers_first = policy->workers;
	raise_flag(&batch->began);
	wait_for(&batch->let_go);
	batch->workers_last = policy->workers;
	migrate_policy_put(idx);
	return NULL;
}

/* Something that may have to wait. */
struct action {
	void (*act)(void);
	bool done;
};

static void *run_action(void *arg)
{
	struct action *action = arg;

	action->act();
	raise_flag(&action->done);
	return NULL;
}

static void store_workers(void)
{
	assert_store(MR_SYSCALL, MIGRATE_KEY_WORKERS, "8", 0);
}

static void store_default(void)
{
	assert_store(MR_SYSCALL, MIGRATE_KEY_WORKERS, "0", 0);
}

static void store_inline(void)
{
	assert_store(MR_SYSCALL, MIGRATE_KEY_BACKEND, "inline", 0);
}

static void store_other_reason(void)
{
	assert_store(MR_DAMON, MIGRATE_KEY_WORKERS, "8", 0);
}

static void unregister_test(void)
{
	migrate_copy_unregister(&test_backend);
}

/* Runs @act while a batch of MR_SYSCALL is under way: it has to wait. */
static void assert_waits_for_batch(void (*act)(void))
{
	struct batch batch = { .reason = MR_SYSCALL };
	struct action action = { .act = act };
	pthread_t reader = spawn(run_batch, &batch), writer;
	bool early;

	wait_for(&batch.began);
	writer = spawn(run_action, &action);
	sleep_ms(A_WHILE_MS);
	early = flag(&action.done);
	raise_flag(&batch.let_go);
	join(reader);
	join(writer);
	assert_false(early);
	assert_int_equal(batch.workers_first, batch.workers_last);
}

static void test_write_waits(void **unused)
{
	(void)unused;
	assert_waits_for_batch(store_workers);
	assert_waits_for_batch(store_default);
	assert_waits_for_batch(migrate_copy_settle);
	assert_waits_for_batch(store_other_reason);
}

static void test_unregister_waits(void **unused)
{
	(void)unused;
	assert_store(MR_SYSCALL, MIGRATE_KEY_BACKEND, "test", 0);
	assert_waits_for_batch(unregister_test);
	assert_int_equal(test_module.pins, 0);
	assert_int_equal(migrate_copy_register(&test_backend), 0);
}

static unsigned int workers_now(void)
{
	unsigned int workers;
	int idx;

	workers = migrate_policy_get(MR_SYSCALL, &idx)->workers;
	migrate_policy_put(idx);
	return workers;
}

/* While a write waits, new batches begin with what it wrote. */
static void test_new_batches_go_on(void **unused)
{
	struct batch batch = { .reason = MR_SYSCALL };
	struct action action = { .act = store_workers };
	pthread_t reader = spawn(run_batch, &batch), writer;
	unsigned int shown, seen;
	char text[TEXT_LEN];
	bool early;

	(void)unused;
	wait_for(&batch.began);
	writer = spawn(run_action, &action);
	sleep_ms(A_WHILE_MS);
	early = flag(&action.done);
	seen = workers_now();
	show(MR_SYSCALL, MIGRATE_KEY_WORKERS, text);
	shown = *text - '0';
	raise_flag(&batch.let_go);
	join(reader);
	join(writer);
	assert_false(early);
	assert_int_equal(seen, 8);
	assert_int_equal(shown, 8);
	assert_int_equal(batch.workers_first, 0);
	assert_int_equal(batch.workers_last, 0);
}

/* Holds up who has the flag set, between its grace period and what follows. */
static __thread bool slow;
static bool arrived, go_on;

static void hold_up(void)
{
	if (!slow)
		return;
	raise_flag(&arrived);
	wait_for(&go_on);
}

static void store_inline_slowly(void)
{
	slow = true;
	store_inline();
}

/*
 * One thread has taken the last policy off a backend and has yet to let go of
 * it. Until then the backend must not be gone for another one either, whose
 * module would be freed next.
 */
static void test_unregister_waits_for_writer(void **unused)
{
	struct action away = { .act = store_inline_slowly };
	struct action unregister = { .act = unregister_test };
	pthread_t writer, last;
	bool early;

	(void)unused;
	assert_store(MR_SYSCALL, MIGRATE_KEY_BACKEND, "test", 0);
	shim.on_synchronized = hold_up;
	arrived = false;
	go_on = false;
	writer = spawn(run_action, &away);
	wait_for(&arrived);
	last = spawn(run_action, &unregister);
	sleep_ms(A_WHILE_MS);
	early = flag(&unregister.done);
	raise_flag(&go_on);
	join(last);
	join(writer);
	assert_int_equal(migrate_copy_register(&test_backend), 0);
	assert_false(early);
}

/* The same race without a batch to hold it up: as close as threads get. */
static void test_unregister_races(void **unused)
{
	struct action away = { .act = store_inline };

	(void)unused;
	for (int i = 0; i < 300; i++) {
		pthread_t writer;
		bool used;

		assert_store(MR_SYSCALL, MIGRATE_KEY_BACKEND, "test", 0);
		writer = spawn(run_action, &away);
		migrate_copy_unregister(&test_backend);
		used = test_backend.users || test_module.pins;
		join(writer);
		assert_int_equal(migrate_copy_register(&test_backend), 0);
		assert_false(used);
	}
}

/* The stress test: what start() sets up, copy() must find. No atomics here. */
static struct stress {
	int table;
	bool end;
	unsigned int written[MR_TYPES];
} stress;

static int stress_start(void)
{
	stress.table = 42;
	return 0;
}

static void stress_stop(void)
{
	stress.table = 0;
}

static int stress_copy(struct migrate_copy_request *req)
{
	(void)req;
	SHIM_RULE(stress.table == 42, "what start() set up is there");
	return 0;
}

static struct migrate_copy_backend stress_backend = {
	.name = "stress",
	.start = stress_start,
	.stop = stress_stop,
	.copy = stress_copy,
};

static void look_up(enum migrate_reason reason)
{
	const struct migrate_policy *policy;
	unsigned int written;
	int idx;

	written = __atomic_load_n(&stress.written[reason], __ATOMIC_ACQUIRE);
	policy = migrate_policy_get(reason, &idx);
	SHIM_RULE(policy->batch_size >= written,
		  "a lookup sees what was written before it");
	if (policy->backend->copy)
		policy->backend->copy(NULL);
	migrate_policy_put(idx);
}

static void *run_reader(void *arg)
{
	(void)arg;
	for (enum migrate_reason reason = 0; !flag(&stress.end);
	     reason = (reason + 1) % MR_TYPES)
		look_up(reason);
	return NULL;
}

/* Counts one reason's batch size up, and switches its backend to and fro. */
static void *run_writer(void *arg)
{
	enum migrate_reason reason = (uintptr_t)arg;
	char text[TEXT_LEN];

	for (unsigned int i = 1; i <= WRITES; i++) {
		snprintf(text, sizeof(text), "%u\n", TEST_BATCH_SIZE + i);
		SHIM_RULE(!migrate_policy_store(reason, MIGRATE_KEY_BATCH_SIZE,
						text), "the size is good");
		__atomic_store_n(&stress.written[reason], TEST_BATCH_SIZE + i,
				 __ATOMIC_RELEASE);
		/* Now and then nobody has registered it. */
		migrate_policy_store(reason, MIGRATE_KEY_BACKEND,
				     i % 3 ? "stress" : "inline");
	}
	return NULL;
}

static void *run_registrar(void *arg)
{
	(void)arg;
	while (!flag(&stress.end)) {
		SHIM_RULE(!migrate_copy_register(&stress_backend),
			  "the name is free");
		sleep_ms(1);
		migrate_copy_unregister(&stress_backend);
		SHIM_RULE(!stress_backend.users, "nobody uses what is gone");
	}
	return NULL;
}

static void *run_watcher(void *arg)
{
	u64 last = 0, now;
	char text[TEXT_LEN];

	(void)arg;
	while (!flag(&stress.end)) {
		migrate_policy_store_stats("1");
		show(MR_SYSCALL, MIGRATE_KEY_BACKEND, text);
		migrate_policy_store_stats("0");
		now = migrate_policy_generation();
		SHIM_RULE(now > last, "the generation only rises");
		last = now;
	}
	return NULL;
}

static void test_stress(void **unused)
{
	pthread_t writers[2], others[4];

	(void)unused;
	memset(&stress, 0, sizeof(stress));
	others[0] = spawn(run_reader, NULL);
	others[1] = spawn(run_reader, NULL);
	others[2] = spawn(run_registrar, NULL);
	others[3] = spawn(run_watcher, NULL);
	for (uintptr_t i = 0; i < ARRAY_SIZE(writers); i++)
		writers[i] = spawn(run_writer, (void *)(MR_SYSCALL + i));
	for (size_t i = 0; i < ARRAY_SIZE(writers); i++)
		join(writers[i]);
	raise_flag(&stress.end);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		join(others[i]);
	for (size_t i = 0; i < ARRAY_SIZE(writers); i++)
		assert_int_equal(stress.written[MR_SYSCALL + i],
				 TEST_BATCH_SIZE + WRITES);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_write_waits),
		TEST(test_unregister_waits),
		TEST(test_new_batches_go_on),
		TEST(test_unregister_waits_for_writer),
		TEST(test_unregister_races),
		TEST(test_stress),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, init_model, NULL);
}
