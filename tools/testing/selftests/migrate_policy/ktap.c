// SPDX-License-Identifier: GPL-2.0-only
/*
 * Results of the migrate_policy selftests in KTAP form: see ktap.h.
 */
#include "ktap.h"

#include "pace.h"

#include <stdarg.h>
#include <stdio.h>

int ktap_skip_all(const char *why)
{
	printf("TAP version 13\n1..0 # SKIP %s\n", why);
	return KTAP_SKIP;
}

void ktap_note(const char *fmt, ...)
{
	char line[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	printf("# %s\n", line);
}

static enum ktap_result run_one(const struct ktap_case *test, size_t number)
{
	double begin = pace_now();
	enum ktap_result result = test->run(test->arg);

	printf("# %s took %.1f s\n", test->name, pace_now() - begin);
	printf("%sok %zu %s%s\n", result == KTAP_FAIL ? "not " : "", number,
	       test->name, result == KTAP_SKIP ? " # SKIP see above" : "");
	return result;
}

int ktap_run(const struct ktap_case *cases, size_t nr)
{
	size_t failed = 0, skipped = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..%zu\n", nr);
	for (size_t i = 0; i < nr; i++) {
		enum ktap_result result = run_one(&cases[i], i + 1);

		failed += result == KTAP_FAIL;
		skipped += result == KTAP_SKIP;
	}
	printf("# Totals: pass:%zu fail:%zu skip:%zu\n", nr - failed - skipped,
	       failed, skipped);
	if (failed)
		return KTAP_FAIL;
	return skipped == nr ? KTAP_SKIP : KTAP_PASS;
}
