/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the model of the page migration policy uses of the kernel, in user
 * space.
 *
 * For tools/testing/migrate_policy: each header below include/ leads here, so
 * that the files of the model build unmodified. Locking, SRCU and memory keep
 * the kernel's rules and end the program when one is broken; shim.h is the
 * tests' side of it.
 */
#ifndef _TEST_KERNEL_H
#define _TEST_KERNEL_H

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

typedef uint64_t u64;
typedef unsigned int gfp_t;

#define __percpu
#define __rcu
#define __init
#define __acquires(lock)
#define __releases(lock)
#define EXPORT_SYMBOL_GPL(symbol)	extern typeof(symbol) symbol
#define THIS_MODULE			NULL

/* As compiler.h has them, for the files that are not the kernel's, too. */
#define __aligned(x)			__attribute__((__aligned__(x)))
#define __noreturn			__attribute__((__noreturn__))
#define __printf(format, args)						\
	__attribute__((__format__(printf, format, args)))

#define BIT(nr)				(1UL << (nr))
#define container_of(ptr, type, member)					\
	((type *)((char *)(ptr) - offsetof(type, member)))

/* Ends the program with a message unless @cond holds. */
#define SHIM_RULE(cond, rule)						\
	((cond) ? (void)0 : shim_broken(__func__, rule))
void __noreturn shim_broken(const char *where, const char *rule);

#define WARN_ON(cond) ({						\
	bool _warn = (cond);						\
	SHIM_RULE(!_warn, "WARN_ON(" #cond ")");			\
	_warn;								\
})

/* list.h */
struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD(name)		struct list_head name = { &(name), &(name) }

static inline void list_add_tail(struct list_head *entry,
				 struct list_head *head)
{
	entry->next = head;
	entry->prev = head->prev;
	head->prev->next = entry;
	head->prev = entry;
}

static inline void list_del(struct list_head *entry)
{
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
	entry->next = NULL;
	entry->prev = NULL;
}

#define list_for_each_entry(pos, head, member)				\
	for (pos = container_of((head)->next, typeof(*(pos)), member);	\
	     &(pos)->member != (head);					\
	     pos = container_of((pos)->member.next, typeof(*(pos)), member))

/* bitmap.h, for maps of one word */
#define DECLARE_BITMAP(name, bits)					\
	unsigned long name[(bits) <= 64 ? 1 : -1]

static inline unsigned int find_first_zero_bit(const unsigned long *map,
					       unsigned int bits)
{
	unsigned int i;

	for (i = 0; i < bits && *map & BIT(i); i++)
		;
	return i;
}

static inline void __set_bit(unsigned int nr, unsigned long *map)
{
	*map |= BIT(nr);
}

static inline void __clear_bit(unsigned int nr, unsigned long *map)
{
	*map &= ~BIT(nr);
}

/* mutex.h, lockdep.h */
struct mutex {
	pthread_mutex_t lock;
};

#define DEFINE_MUTEX(name)						\
	struct mutex name = { .lock = PTHREAD_MUTEX_INITIALIZER }

void mutex_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);
bool lockdep_is_held(const struct mutex *mutex);

#define lockdep_assert_held(mutex)					\
	SHIM_RULE(lockdep_is_held(mutex), "the mutex is held")

/* build_bug.h: the message may be left out */
#undef static_assert
#define static_assert(expr, ...)	_Static_assert(expr, "" __VA_ARGS__)

/* compiler.h, wait.h */
#define READ_ONCE(var)		__atomic_load_n(&(var), __ATOMIC_RELAXED)
#define WRITE_ONCE(var, value)	__atomic_store_n(&(var), value, __ATOMIC_RELAXED)

struct wait_queue_head {
	pthread_mutex_t lock;
	pthread_cond_t woken;
};

#define DECLARE_WAIT_QUEUE_HEAD(name)					\
	struct wait_queue_head name = {					\
		.lock = PTHREAD_MUTEX_INITIALIZER,			\
		.woken = PTHREAD_COND_INITIALIZER,			\
	}

#define wait_event(queue, cond) do {					\
	shim_may_wait();						\
	pthread_mutex_lock(&(queue).lock);				\
	while (!(cond))							\
		pthread_cond_wait(&(queue).woken, &(queue).lock);	\
	pthread_mutex_unlock(&(queue).lock);				\
} while (0)

void wake_up_all(struct wait_queue_head *queue);
void shim_may_wait(void);

/* slab.h */
#define GFP_KERNEL		0x1U
#define __GFP_NOFAIL		0x2U

/* percpu.h, on a machine with one CPU */
void *shim_alloc(size_t len, gfp_t gfp);

#define alloc_percpu(type)	((type *)shim_alloc(sizeof(type), GFP_KERNEL))
#define free_percpu(ptr)	kfree(ptr)
#define per_cpu_ptr(ptr, cpu)	((void)(cpu), ptr)
#define get_cpu_ptr(ptr)	(ptr)
#define put_cpu_ptr(ptr)	((void)(ptr))
#define for_each_possible_cpu(cpu)					\
	for ((cpu) = 0; (cpu) < 1; (cpu)++)

/* log2.h, string.h */
#define ilog2(n)		(63 - __builtin_clzll(n))

ssize_t strscpy(char *dst, const char *src, size_t len);

void *kmemdup(const void *src, size_t len, gfp_t gfp);
void kfree(const void *ptr);

/* rcupdate.h, srcu.h */
struct srcu_struct {
	pthread_mutex_t lock;		/* protects the other fields */
	pthread_cond_t gone;
	pthread_mutex_t writer;		/* one grace period at a time */
	unsigned int readers[2];
	int idx;
};

#define DEFINE_STATIC_SRCU(name)					\
	static struct srcu_struct name = {				\
		.lock = PTHREAD_MUTEX_INITIALIZER,			\
		.gone = PTHREAD_COND_INITIALIZER,			\
		.writer = PTHREAD_MUTEX_INITIALIZER,			\
	}

int srcu_read_lock(struct srcu_struct *srcu);
void srcu_read_unlock(struct srcu_struct *srcu, int idx);
void synchronize_srcu(struct srcu_struct *srcu);
bool srcu_read_lock_held(const struct srcu_struct *srcu);

#define srcu_dereference(ptr, srcu) ({					\
	SHIM_RULE(srcu_read_lock_held(srcu), "a reader dereferences");	\
	__atomic_load_n(&(ptr), __ATOMIC_ACQUIRE);			\
})

#define rcu_dereference_protected(ptr, held) ({				\
	SHIM_RULE(held, "the writer's lock is held");			\
	__atomic_load_n(&(ptr), __ATOMIC_RELAXED);			\
})

#define rcu_replace_pointer(ptr, new, held) ({				\
	SHIM_RULE(held, "the writer's lock is held");			\
	__atomic_exchange_n(&(ptr), new, __ATOMIC_ACQ_REL);		\
})

/* The accesses around it are ordered by srcu_dereference() already. */
#define smp_rmb()		__atomic_signal_fence(__ATOMIC_ACQUIRE)

/* minmax.h */
#define swap(a, b) do {							\
	typeof(a) _kept = (a);						\
	(a) = (b);							\
	(b) = _kept;							\
} while (0)

/* jump_label.h */
struct static_key_false {
	bool on;
};

#define DEFINE_STATIC_KEY_FALSE(name)	struct static_key_false name
#define DECLARE_STATIC_KEY_FALSE(name)	extern struct static_key_false name
#define static_branch_enable(key)					\
	__atomic_store_n(&(key)->on, true, __ATOMIC_RELAXED)
#define static_branch_disable(key)					\
	__atomic_store_n(&(key)->on, false, __ATOMIC_RELAXED)
#define static_branch_unlikely(key)					\
	__atomic_load_n(&(key)->on, __ATOMIC_RELAXED)

/* module.h, kmod.h */
struct module {
	int pins;
	bool going;
};

bool try_module_get(struct module *module);
void module_put(struct module *module);
int __printf(1, 2) request_module(const char *format, ...);

/* kstrtox.h, sysfs.h */
#define PAGE_SIZE		4096

int kstrtouint(const char *text, unsigned int base, unsigned int *value);
int __printf(2, 3) sysfs_emit(char *buf, const char *format, ...);
int __printf(3, 4) sysfs_emit_at(char *buf, int at, const char *format, ...);

#endif /* _TEST_KERNEL_H */
