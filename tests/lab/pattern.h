/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bytes that the lab's tools send and the sum by which they tell what arrived: byte n of a
 * stream is a function of n only, with a period that is no power of two, so that a lost or repeated
 * piece is noticed. FNV-1a, 64 bits.
 */
#ifndef LAB_PATTERN_H
#define LAB_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#define FNV_START 0xcbf29ce484222325ull

static inline uint8_t pattern_byte(uint64_t n)
{
	return (uint8_t)(n % 251 + n / 251 % 7);
}

static inline void pattern_fill(uint8_t *buf, size_t len, uint64_t offset)
{
	size_t i;

	for (i = 0; i < len; i++)
		buf[i] = pattern_byte(offset + i);
}

/* How many of the bytes are as they should be. */
static inline size_t pattern_match(const uint8_t *buf, size_t len, uint64_t offset)
{
	size_t i;

	for (i = 0; i < len && buf[i] == pattern_byte(offset + i); i++)
		;
	return i;
}

static inline uint64_t fnv_add(uint64_t sum, const void *bytes, size_t len)
{
	const uint8_t *b = bytes;
	size_t i;

	for (i = 0; i < len; i++)
		sum = (sum ^ b[i]) * 0x100000001b3ull;
	return sum;
}

#endif
