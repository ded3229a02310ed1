/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fuzz target, under the name that libFuzzer calls it by.
 */
#ifndef _FUZZ_H
#define _FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#endif /* _FUZZ_H */
