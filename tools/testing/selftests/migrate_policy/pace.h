/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Time in the migrate_policy selftests: how long a program that tortures goes
 * on, and short rests of its threads.
 */
#ifndef MIGRATE_POLICY_PACE_H
#define MIGRATE_POLICY_PACE_H

/* Seconds of a clock that never jumps. */
double pace_now(void);

void pace_rest_us(long us);

/* The seconds that MP_SECONDS in the environment asks for, or @otherwise. */
unsigned int pace_seconds(unsigned int otherwise);

#endif /* MIGRATE_POLICY_PACE_H */
