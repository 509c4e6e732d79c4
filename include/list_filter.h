/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The filter in front of the allow and deny lists: is it possible that a source is on one of them?
 * A blocked Bloom filter, one block of 128 bits per hash, so that a source on no list costs one
 * cache line per level instead of a walk through a trie. "No" is certain, "yes" is wrong for one
 * or two sources in a hundred. Pure; the daemon fills it, XDP asks it.
 *
 * A prefix is kept at a level, the longest that is not longer than the prefix itself:
 *
 *     bit of levels_v4       0    1    2    3          7
 *     IPv4 prefix           /8  /16  /24  /32    shorter than /8: everything has to be asked
 *     IPv6 prefix          /16  /32  /48  /64    shorter than /16
 */
#ifndef SYNWARD_LIST_FILTER_H
#define SYNWARD_LIST_FILTER_H

#include <linux/types.h>
#include <stdbool.h>

#include "abi.h"

#define LIST_LEVELS 4
#define LIST_LEVEL_ALL (1U << 7)

/* Bits from one level to the next. */
static inline int list_step(bool is_v6)
{
	return is_v6 ? 16 : 8;
}

/* The level at which a prefix of @bits is kept, 0 to 3; -1: LIST_LEVEL_ALL. */
static inline int list_level(int bits, bool is_v6)
{
	int levels = bits / list_step(is_v6);

	return (levels > LIST_LEVELS ? LIST_LEVELS : levels) - 1;
}

/* An address cut to @level; @upper: see address_upper(). */
static inline __u64 list_cut(__u64 upper, int level, bool is_v6)
{
	int rest = 64 - (level + 1) * list_step(is_v6);

	return upper >> rest << rest;
}

/*
 * What the filter keeps of a prefix: five numbers of a bit, and the block that they are set in.
 *
 *      63         45 44        30 29        24 23      18 17      12 11       6 5        0
 *     +-------------+------------+------------+----------+----------+----------+----------+
 *     |    block    |     -      |     of word[1]        |            of word[0]          |
 *     +-------------+------------+------------+----------+----------+----------+----------+
 */
static inline __u64 list_hash(__u64 key, __u64 cut, int level, bool is_v6)
{
	__u64 h = (cut ^ (__u64)(level + 1 + (is_v6 ? LIST_LEVELS : 0))) * key;

	h ^= h >> 32;
	h *= key;
	return h ^ h >> 29;
}

static inline __u32 list_block_of(__u64 hash, __u32 mask)
{
	return (__u32)(hash >> 45) & mask;
}

/* Five bits, three in one word and two in the other. */
static inline void list_bits(__u64 hash, struct list_block *ret)
{
	ret->word[0] = 1ULL << (hash & 63) | 1ULL << (hash >> 6 & 63) | 1ULL << (hash >> 12 & 63);
	ret->word[1] = 1ULL << (hash >> 18 & 63) | 1ULL << (hash >> 24 & 63);
}

static inline bool list_block_has(const struct list_block *block, __u64 hash)
{
	struct list_block want;

	list_bits(hash, &want);
	return !(want.word[0] & ~block->word[0]) && !(want.word[1] & ~block->word[1]);
}

#endif
