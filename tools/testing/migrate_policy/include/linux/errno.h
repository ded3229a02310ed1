/* SPDX-License-Identifier: GPL-2.0-only */
/* The C library reads this name, too: keep to what it expects. */
#include <asm/errno.h>
