/* SPDX-License-Identifier: GPL-2.0-only */
/* The one header that is not stood in for. */
#include "../../../../../include/linux/migrate_policy.h"
