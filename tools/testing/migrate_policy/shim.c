// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel and the rest of the layer, as the model of the page migration
 * policy meets them in user space.
 *
 * For the tests beside it. Where the kernel would deadlock, splat or corrupt
 * memory, this ends the program and names the rule that was broken.
 */

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "shim.h"

struct shim shim;

/* What the calling thread holds, to tell what it must not do now. */
static __thread const struct mutex *mutex_held;
static __thread int read_sides;

struct migrate_copy_backend migrate_copy_inline = {
	.name = "inline",
};

void shim_broken(const char *where, const char *rule)
{
	fprintf(stderr, "%s: broken rule: %s\n", where, rule);
	abort();
}

static int count(int *counter, int nr)
{
	return __atomic_add_fetch(counter, nr, __ATOMIC_RELAXED);
}

/* Forgets what a test set and counted; what is there, stays. */
void shim_reset(void)
{
	shim = (struct shim) {
		.live = shim.live,
		.dirs = shim.dirs,
	};
}

void mutex_lock(struct mutex *mutex)
{
	SHIM_RULE(!mutex_held, "one mutex at a time");
	SHIM_RULE(!read_sides, "no reader waits for a writer");
	pthread_mutex_lock(&mutex->lock);
	mutex_held = mutex;
}

void mutex_unlock(struct mutex *mutex)
{
	SHIM_RULE(lockdep_is_held(mutex), "the owner unlocks");
	mutex_held = NULL;
	pthread_mutex_unlock(&mutex->lock);
}

/* Held by the calling thread, that is. */
bool lockdep_is_held(const struct mutex *mutex)
{
	return mutex_held == mutex;
}

void wake_up_all(struct wait_queue_head *queue)
{
	pthread_mutex_lock(&queue->lock);
	pthread_cond_broadcast(&queue->woken);
	pthread_mutex_unlock(&queue->lock);
}

/* For others, that is, who may need what the thread holds. */
void shim_may_wait(void)
{
	SHIM_RULE(!mutex_held, "nobody waits under a mutex");
	SHIM_RULE(!read_sides, "nobody waits in a read side");
}

/* Zeroed. */
void *shim_alloc(size_t len, gfp_t gfp)
{
	int nr = count(&shim.allocs, 1);
	void *memory;

	SHIM_RULE(!read_sides, "no allocation in a read side");
	if (nr == shim.fail_alloc && !(gfp & __GFP_NOFAIL))
		return NULL;
	memory = calloc(1, len);
	if (!memory)
		shim_broken(__func__, "the test has memory");
	count(&shim.live, 1);
	return memory;
}

void *kmemdup(const void *src, size_t len, gfp_t gfp)
{
	void *copy = shim_alloc(len, gfp);

	return copy ? memcpy(copy, src, len) : NULL;
}

ssize_t strscpy(char *dst, const char *src, size_t len)
{
	size_t used = strlen(src);

	SHIM_RULE(used < len, "the text fits");
	memcpy(dst, src, used + 1);
	return used;
}

void kfree(const void *ptr)
{
	if (ptr)
		count(&shim.live, -1);
	free((void *)ptr);
}

int srcu_read_lock(struct srcu_struct *srcu)
{
	int idx;

	pthread_mutex_lock(&srcu->lock);
	idx = srcu->idx;
	srcu->readers[idx]++;
	pthread_mutex_unlock(&srcu->lock);
	read_sides++;
	return idx;
}

void srcu_read_unlock(struct srcu_struct *srcu, int idx)
{
	SHIM_RULE(read_sides > 0, "who unlocks is a reader");
	SHIM_RULE(idx == 0 || idx == 1, "the index comes from the lock");
	read_sides--;
	pthread_mutex_lock(&srcu->lock);
	SHIM_RULE(srcu->readers[idx] > 0, "readers are balanced");
	if (!--srcu->readers[idx])
		pthread_cond_broadcast(&srcu->gone);
	pthread_mutex_unlock(&srcu->lock);
}

bool srcu_read_lock_held(const struct srcu_struct *srcu)
{
	(void)srcu;
	return read_sides > 0;
}

void synchronize_srcu(struct srcu_struct *srcu)
{
	int old;

	shim_may_wait();
	count(&shim.synchronized, 1);
	if (shim.on_synchronize)
		shim.on_synchronize();

	pthread_mutex_lock(&srcu->writer);
	pthread_mutex_lock(&srcu->lock);
	old = srcu->idx;
	srcu->idx = !old;
	while (srcu->readers[old])
		pthread_cond_wait(&srcu->gone, &srcu->lock);
	pthread_mutex_unlock(&srcu->lock);
	pthread_mutex_unlock(&srcu->writer);
	if (shim.on_synchronized)
		shim.on_synchronized();
}

bool try_module_get(struct module *module)
{
	if (!module)
		return true;
	if (module->going)
		return false;
	count(&module->pins, 1);
	return true;
}

void module_put(struct module *module)
{
	if (module)
		SHIM_RULE(count(&module->pins, -1) >= 0, "pins are balanced");
}

int request_module(const char *format, ...)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	va_list args;

	shim_may_wait();
	count(&shim.requests, 1);
	va_start(args, format);
	pthread_mutex_lock(&lock);
	vsnprintf(shim.requested, sizeof(shim.requested), format, args);
	pthread_mutex_unlock(&lock);
	va_end(args);
	if (shim.on_request)
		shim.on_request();
	return 0;
}

/*
 * The digits at @text, as the kernel reads them: the whole run counts, even
 * past an overflow.
 */
static int read_digits(const char **text, u64 *value)
{
	int rc = isdigit((unsigned char)**text) ? 0 : -EINVAL;

	*value = 0;
	for (; isdigit((unsigned char)**text); ++*text) {
		if (__builtin_mul_overflow(*value, 10, value) ||
		    __builtin_add_overflow(*value, **text - '0', value))
			rc = -ERANGE;
	}
	return rc;
}

int kstrtouint(const char *text, unsigned int base, unsigned int *value)
{
	u64 wide;
	int rc;

	SHIM_RULE(base == 10, "numbers are decimal");
	text += *text == '+';
	rc = read_digits(&text, &wide);
	if (rc)
		return rc;
	text += *text == '\n';
	if (*text)
		return -EINVAL;
	if (wide > UINT32_MAX)
		return -ERANGE;
	*value = wide;
	return 0;
}

static int __printf(3, 0) emit(char *buf, int at, const char *format,
			       va_list args)
{
	int len;

	SHIM_RULE((uintptr_t)buf % PAGE_SIZE == 0, "the buffer is a page");
	SHIM_RULE(at >= 0 && at < PAGE_SIZE, "it goes into the page");
	len = vsnprintf(buf + at, PAGE_SIZE - at, format, args);
	SHIM_RULE(len >= 0 && len < PAGE_SIZE - at, "it fits into the page");
	return len;
}

int sysfs_emit(char *buf, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = emit(buf, 0, format, args);
	va_end(args);
	return len;
}

int sysfs_emit_at(char *buf, int at, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = emit(buf, at, format, args);
	va_end(args);
	return len;
}

/* As mm/migrate_copy.c does it, without the slots. */
int migrate_copy_start(struct migrate_copy_backend *backend)
{
	int rc;

	SHIM_RULE(mutex_held, "start() runs under the policy mutex");
	if (!backend->copy)
		return 0;
	rc = backend->start ? backend->start() : 0;
	if (!rc)
		count(&shim.starts, 1);
	return rc;
}

void migrate_copy_stop(struct migrate_copy_backend *backend)
{
	SHIM_RULE(mutex_held, "stop() runs under the policy mutex");
	if (!backend->copy)
		return;
	count(&shim.stops, 1);
	if (backend->stop)
		backend->stop();
}

int migrate_policy_sysfs_add(struct migrate_copy_backend *backend)
{
	SHIM_RULE(!mutex_held, "directories are made outside the mutex");
	if (shim.on_sysfs_add)
		shim.on_sysfs_add(backend);
	if (!shim.fail_sysfs)
		count(&shim.dirs, 1);
	return shim.fail_sysfs;
}

void migrate_policy_sysfs_del(struct migrate_copy_backend *backend)
{
	(void)backend;
	SHIM_RULE(!mutex_held, "directories go outside the mutex");
	count(&shim.dirs, -1);
}

int migrate_policy_configfs_add(struct migrate_copy_backend *backend)
{
	(void)backend;
	SHIM_RULE(!mutex_held, "directories are made outside the mutex");
	if (!shim.fail_configfs)
		count(&shim.dirs, 1);
	return shim.fail_configfs;
}

void migrate_policy_configfs_del(struct migrate_copy_backend *backend)
{
	(void)backend;
	SHIM_RULE(!mutex_held, "directories go outside the mutex");
	count(&shim.dirs, -1);
}
