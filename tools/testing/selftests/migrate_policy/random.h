/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random numbers of the migrate_policy selftests: each thread has a state of
 * its own, since threads must not share the lock of a generator.
 */
#ifndef MIGRATE_POLICY_RANDOM_H
#define MIGRATE_POLICY_RANDOM_H

#include <linux/types.h>

/* xorshift; @state must not be 0. */
static inline __u64 random_next(__u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static inline __u64 random_below(__u64 *state, __u64 bound)
{
	return random_next(state) % bound;
}

/* An index into an array; needs ktap.h. */
#define random_index(state, array)	random_below(state, ARRAY_SIZE(array))

#endif /* MIGRATE_POLICY_RANDOM_H */
