/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Is a flow in a set of the flow table (flow.h), and had it a packet in this second? Every packet
 * asks one or the other, for all ways of the set at once and without a branch for each: which way
 * it is cannot be predicted. Pure.
 */
#ifndef SYNWARD_FLOW_MATCH_H
#define SYNWARD_FLOW_MATCH_H

#include "base.h"

static __always_inline __u16 flow_tag(__u64 id)
{
	__u16 tag = id >> 16;

	return tag ?: 1;
}

/* Four tags in a word: of x, which is 0 in a half that matches, x - 1 borrows from bit 15 there. In
 * a half above one that matches it may, too: whether there is one is exact, which one is not. */
#define TAG_IN_EACH 0x0001000100010001ULL

static __always_inline __u64 flow_tag_match(__u64 four, __u16 tag)
{
	__u64 x = four ^ tag * TAG_IN_EACH;

	return (x - TAG_IN_EACH) & ~x & TAG_IN_EACH << 15;
}

/* May the flow be in the set? */
static __always_inline bool flow_tags_have(const struct flow_tags *tags, __u16 tag)
{
	return flow_tag_match(tags->four[0], tag) | flow_tag_match(tags->four[1], tag);
}

/*
 * A connection's entry is looked at once a second; its other packets ask half a cache line for the
 * whole set that says so:
 *
 *      31                               8 7              0
 *     +----------------------------------+----------------+
 *     |        bits 63..40 of the id     |  that second   |
 *     +----------------------------------+----------------+
 *
 * It may be wrong: the second comes round again after four minutes, for a second, and of 2^21
 * packets that belong to no connection one looks like a set's. What is then believed passes to the
 * kernel, which knows.
 */
struct flow_seen {
	union {
		__u32 word[FLOW_WAYS];
		__u64 two[FLOW_WAYS / 2];
	};
};

static __always_inline __u32 flow_seen_word(__u64 id, __u32 second)
{
	return (__u32)(id >> 40) << 8 | (second & 0xff);
}

/* Of the same connection, whatever the second? */
static __always_inline bool flow_seen_is_of(__u32 word, __u64 id)
{
	return word >> 8 == (__u32)(id >> 40);
}

/* As the tags are compared, two in a word. */
#define SEEN_IN_EACH 0x0000000100000001ULL

static __always_inline bool flow_seen_has(const struct flow_seen *seen, __u32 want)
{
	__u64 match = 0;

	UNROLL
	for (int i = 0; i < FLOW_WAYS / 2; i++) {
		__u64 x = seen->two[i] ^ want * SEEN_IN_EACH;

		match |= (x - SEEN_IN_EACH) & ~x;
	}
	return match & SEEN_IN_EACH << 31;
}

#endif
