/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a write to an attribute of the migrate_policy tree must answer and what
 * the attribute must read after it, by the ABI file: a second reading of the
 * interface, which shares nothing with the kernel's own.
 */
#ifndef MIGRATE_POLICY_JUDGE_H
#define MIGRATE_POLICY_JUDGE_H

#include "sys.h"

#include <stdbool.h>
#include <stddef.h>

/* What write(2) takes of what it is given. */
#define JUDGE_WRITE_MAX	4095

enum judge_kind {
	JUDGE_BACKEND,
	JUDGE_NUMBER,
	JUDGE_CLASSES,
	JUDGE_DEVICES,
	JUDGE_CPUS,	/* the answer is known, the value is not */
	JUDGE_OTHER,	/* neither is */
};

struct judge {
	enum judge_kind kind;
	unsigned long long min;
	unsigned long long max;
};

/* The judge for an attribute of the configfs tree. */
struct judge judge_of(const char *path);

/*
 * Is @rc, 0 or a negative errno, what a write of @text may answer? If it is
 * known what is read then, it is left in @value, else that is empty.
 */
bool judge_answer(const struct judge *judge, const char *text, int rc,
		  char value[SYS_VALUE]);

#endif /* MIGRATE_POLICY_JUDGE_H */
