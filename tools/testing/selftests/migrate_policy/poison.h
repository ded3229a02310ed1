/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages that the migrate_policy selftests take offline or poison, and their
 * return: memory shall not run out.
 */
#ifndef MIGRATE_POLICY_POISON_H
#define MIGRATE_POLICY_POISON_H

#include <stdbool.h>

/* Makes the SIGBUS of a poisoned page an answer of poison_lost(). */
bool poison_open(void);

/* The page moves to another place; its old one is not used any more. */
bool poison_offline(char *page);

/* The page is lost. Returns false if the kernel refuses for now. */
bool poison_inject(char *page);

/* Does reading from the page raise SIGBUS? */
bool poison_lost(const char *page);

/* Gives back all pages that are poisoned now. */
void poison_take_back(void);

#endif /* MIGRATE_POLICY_POISON_H */
