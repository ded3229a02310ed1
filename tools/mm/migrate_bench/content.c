// SPDX-License-Identifier: GPL-2.0-only
/*
 * The content of a page, for area.c. Every 8-byte word is a function of its
 * address and of the generation, so that a byte that was not copied, copied
 * from another page, or left from an earlier use of the frame is seen. The
 * first words name the page, so that a wrong page tells where it came from.
 * Cheap on purpose: one addition a word, because emulated CPUs run this too.
 */
#include <stdio.h>

#include "bench.h"

#define WORDS (BASE_PAGE / sizeof(uint64_t))
#define STEP 0x9e3779b97f4a7c15ULL	/* odd: 2^64 divided by the golden ratio */

enum { WORD_ADDRESS, WORD_GENERATION, WORD_SUM, WORD_FIRST };

static uint64_t page_sum(uint64_t address, uint64_t generation)
{
	uint64_t x = address * STEP + generation;

	x = (x ^ (x >> 31)) * 0xff51afd7ed558ccdULL;
	x = (x ^ (x >> 29)) * 0xc4ceb9fe1a85ec53ULL;
	return x ^ (x >> 32);
}

static bool header_right(const uint64_t *w, uint64_t generation)
{
	return w[WORD_ADDRESS] == (uintptr_t)w &&
	       w[WORD_GENERATION] == generation &&
	       w[WORD_SUM] == page_sum((uintptr_t)w, generation);
}

void content_fill(void *page, uint64_t generation)
{
	uint64_t sum = page_sum((uintptr_t)page, generation);
	uint64_t *w = page;

	w[WORD_ADDRESS] = (uintptr_t)page;
	w[WORD_GENERATION] = generation;
	w[WORD_SUM] = sum;
	for (size_t i = WORD_FIRST; i < WORDS; i++)
		w[i] = sum + i * STEP;
}

bool content_check(const void *page, uint64_t generation)
{
	uint64_t sum = page_sum((uintptr_t)page, generation);
	const uint64_t *w = page;
	uint64_t wrong = 0;

	for (size_t i = WORD_FIRST; i < WORDS; i++)
		wrong |= w[i] ^ (sum + i * STEP);
	return !wrong && header_right(w, generation);
}

void content_explain(const void *page, uint64_t generation)
{
	uint64_t sum = page_sum((uintptr_t)page, generation);
	const uint64_t *w = page;
	size_t i = WORD_FIRST;

	while (i < WORDS && w[i] == sum + i * STEP)
		i++;
	fprintf(stderr,
		"page %p generation %llu: holds page %#llx generation %llu, first wrong byte %zu\n",
		page, (unsigned long long)generation,
		(unsigned long long)w[WORD_ADDRESS],
		(unsigned long long)w[WORD_GENERATION],
		header_right(w, generation) ? i * sizeof(*w) : 0);
}
