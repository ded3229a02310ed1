/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>

/* newterm() would tell as well, but keeps memory when it fails. */
bool terminal_is_known(void);

#endif /* TERMINAL_H */
