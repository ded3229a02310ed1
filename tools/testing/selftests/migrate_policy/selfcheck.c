// SPDX-License-Identifier: GPL-2.0-only
/*
 * Damage done on purpose: see selfcheck.h.
 */
#include "selfcheck.h"

#include "leaks.h"
#include "mem.h"
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

/* Records of the trial, on two pages. */
#define NR	(2 * RECORDS_PER_PAGE)

/* Pages that a pipe holds by default. */
#define HELD	16

struct trial {
	struct ledger ledger;
	struct record *at;
	struct record old[NR];	/* the generation before */
};

static void flip_byte(struct trial *trial)
{
	((char *)&trial->at[5])[41] ^= 1;
}

static void bring_back(struct trial *trial)
{
	trial->at[7] = trial->old[7];
}

static void tear(struct trial *trial)
{
	memcpy(&trial->at[9], &trial->old[9], sizeof(struct record) / 2);
}

static void swap_pages(struct trial *trial)
{
	memcpy(&trial->at[0], &trial->at[RECORDS_PER_PAGE],
	       RECORDS_PER_PAGE * sizeof(struct record));
}

static void lose_page(struct trial *trial)
{
	memset(trial->at, 0, RECORDS_PER_PAGE * sizeof(struct record));
}

static void keep_discarded(struct trial *trial)
{
	ledger_discard(&trial->ledger, 3, 1);
}

static void keep_shared(struct trial *trial)
{
	struct record shared;

	ledger_share(&trial->ledger, 3, 1, &shared);
}

static const struct {
	const char *name;
	void (*damage)(struct trial *trial);
	size_t wrong;
} damages[] = {
	{ "a flipped bit", flip_byte, 1 },
	{ "an old record", bring_back, 1 },
	{ "half a record", tear, 1 },
	{ "the contents of another page", swap_pages, RECORDS_PER_PAGE },
	{ "a lost page", lose_page, RECORDS_PER_PAGE },
	{ "a record in place of zeros", keep_discarded, 1 },
	{ "a record that is not shared", keep_shared, 1 },
};

static bool try_damage(size_t i)
{
	struct record page[NR];
	struct trial trial = { .at = page };
	size_t before, after;

	if (!ledger_open(&trial.ledger, NULL, sizeof(page)))
		return false;
	ledger_write(&trial.ledger, 0, NR, page);
	memcpy(trial.old, page, sizeof(page));
	ledger_write(&trial.ledger, 0, NR, page);
	before = ledger_check(&trial.ledger, 0, NR, page);
	damages[i].damage(&trial);
	after = ledger_check(&trial.ledger, 0, NR, page);
	ledger_close(&trial.ledger);
	return ktap_expect(!before && after == damages[i].wrong,
			   "%zu wrong records for %s, not %zu, and none before, not %zu",
			   damages[i].wrong, damages[i].name, after, before);
}

enum ktap_result selfcheck_records(const void *arg)
{
	bool ok = true;

	(void)arg;
	for (size_t i = 0; i < ARRAY_SIZE(damages); i++)
		ok &= try_damage(i);
	return ok ? KTAP_PASS : KTAP_FAIL;
}

/* Anonymous pages in a pipe, and nowhere else. */
static bool hold_pages(int pipe_end)
{
	struct iovec iov = { .iov_len = HELD * BASE_PAGE };
	ssize_t held;

	iov.iov_base = mem_aligned_place(HUGE_PAGE);
	if (!iov.iov_base)
		return false;
	madvise(iov.iov_base, HUGE_PAGE, MADV_NOHUGEPAGE);
	memset(iov.iov_base, 1, iov.iov_len);
	held = vmsplice(pipe_end, &iov, 1, 0);
	munmap(iov.iov_base, HUGE_PAGE);
	return ktap_expect(held == (ssize_t)iov.iov_len,
			   "a pipe to hold %d pages", HELD);
}

enum ktap_result selfcheck_leaks(const void *arg)
{
	int ends[2];
	size_t held = 0, after;
	bool ok;

	(void)arg;
	if (pipe2(ends, O_CLOEXEC))
		return KTAP_FAIL;
	if (hold_pages(ends[1]))
		held = leaks_stuck(1);
	close(ends[0]);
	close(ends[1]);
	after = leaks_stuck(25);
	ok = ktap_expect(held == HELD && !after,
			 "%d pages stuck while a pipe holds them, not %zu, and none after, not %zu",
			 HELD, held, after);
	return ok ? KTAP_PASS : KTAP_FAIL;
}
