// SPDX-License-Identifier: GPL-2.0-only
/*
 * A trial and its arms in memory.
 */
#include <stdlib.h>
#include <string.h>

#include "trial.h"

struct arm *trial_add_arm(struct trial *trial, const char *name)
{
	struct arm *more = realloc(trial->arm,
				   (trial->count + 1) * sizeof(*more));
	struct arm *arm;

	if (!more)
		exit(failed("out of memory"));
	trial->arm = more;
	arm = &more[trial->count++];
	memset(arm, 0, sizeof(*arm));
	snprintf(arm->name, sizeof(arm->name), "%s", name);
	return arm;
}

void trial_free(struct trial *trial)
{
	for (size_t i = 0; i < trial->count; i++)
		mpol_settings_free(&trial->arm[i].settings);
	free(trial->arm);
	free(trial->file);
	*trial = (struct trial){ 0 };
}

const char *arm_setting(const struct arm *arm, const char *key)
{
	const char *value = mpol_setting(&arm->settings, key);

	return value ? value : "";
}

bool arm_has_backend(const struct arm *arm)
{
	const char *backend = arm_setting(arm, "backend");

	return *backend && strcmp(backend, "inline");
}

double arm_engaged(const struct arm *arm)
{
	const uint64_t *value = arm->delta.value;

	return value[MPOL_R_SUCCEEDED] ?
		(double)value[MPOL_R_ENGAGED] /
		(double)value[MPOL_R_SUCCEEDED] : 0;
}
