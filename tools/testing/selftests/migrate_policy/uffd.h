/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of the migrate_policy selftests whose page faults are served in user
 * space: a thread fills missing pages with what the ledger says, and lifts
 * write protection.
 */
#ifndef MIGRATE_POLICY_UFFD_H
#define MIGRATE_POLICY_UFFD_H

#include "record.h"

#include <stdbool.h>
#include <stddef.h>

struct uffd;

/*
 * Serves the faults of @size bytes at @map, which hold the records of
 * @ledger, each after @pause_us, until uffd_close(). Returns NULL, with a
 * note, if it cannot.
 */
struct uffd *uffd_open(char *map, size_t size, struct ledger *ledger,
		       long pause_us);
void uffd_close(struct uffd *uffd);

/* Makes these pages missing: what is read next is what the ledger says now. */
bool uffd_renew(struct uffd *uffd, char *at, size_t size);

/* Makes the next write to these pages a fault. Returns 0 or an errno. */
int uffd_protect(struct uffd *uffd, char *at, size_t size);

/* Faults served so far. */
unsigned long long uffd_served(const struct uffd *uffd);

#endif /* MIGRATE_POLICY_UFFD_H */
