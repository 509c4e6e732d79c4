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
 * A connection's entry is looked at once a second; its other packets ask one line for the whole set
 * that says so:
 *
 *      63                                            16 15             0
 *     +------------------------------------------------+----------------+
 *     |                     of the id                  |  that second   |
 *     +------------------------------------------------+----------------+
 *
 * The second comes round again after 18 hours, for a second; what is then believed passes, as it
 * would have then.
 */
struct flow_seen {
	__u64 word[FLOW_WAYS];
};

static __always_inline __u64 flow_seen_word(__u64 id, __u32 second)
{
	return (id & ~0xffffULL) | (second & 0xffff);
}

/* Bit 63 of x | -x is 0 for 0 alone. */
static __always_inline bool flow_seen_has(const struct flow_seen *seen, __u64 want)
{
	__u64 others = ~0ULL;

	UNROLL
	for (int i = 0; i < FLOW_WAYS; i++) {
		__u64 x = seen->word[i] ^ want;

		others &= x | -x;
	}
	return !(others >> 63);
}

#endif
