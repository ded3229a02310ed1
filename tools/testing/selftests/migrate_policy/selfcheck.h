/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The checks of the migrate_policy selftests, checked: each kind of damage is
 * done on purpose, and has to be found. For ktap_case, without an argument.
 */
#ifndef MIGRATE_POLICY_SELFCHECK_H
#define MIGRATE_POLICY_SELFCHECK_H

#include "ktap.h"

/* Records that are wrong in each way there is. */
enum ktap_result selfcheck_records(const void *arg);

/* Pages that nobody maps and somebody holds. */
enum ktap_result selfcheck_leaks(const void *arg);

#endif /* MIGRATE_POLICY_SELFCHECK_H */
