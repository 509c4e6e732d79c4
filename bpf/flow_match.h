/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Is a flow in a set of the flow table (flow.h), and had it a packet in this second? Every packet
 * asks one or the other, for all ways of the set at once and without a branch for each: which way
 * it is cannot be predicted. Pure.
 */
#ifndef SYNWARD_FLOW_MATCH_H
#define SYNWARD_FLOW_MATCH_H

#include "base.h"

/*
 * A flow's tag has two bytes, in two maps: strangers ask the first one alone, but for one in 32 of
 * a full set, and it is half as large and so in a nearer cache than both would be. Where the set's
 * number reaches into the tag, it is into the second byte. A way that was never used has 0
 * in both, which a flow may have as well: its entry says that it is another one.
 */
static __always_inline __u8 flow_tag(__u64 id)
{
	return id >> 24;
}

static __always_inline __u8 flow_tag_more(__u64 id)
{
	return id >> 16;
}

/* Eight tags in a word: of x, which is 0 in a byte that matches, x - 1 borrows from its upper bit.
 * In a byte above one that matches it may, too: whether there is one is exact, which one is not. */
#define TAG_IN_EACH 0x0101010101010101ULL

static __always_inline __u64 flow_tag_match(__u64 all, __u8 tag)
{
	__u64 x = all ^ tag * TAG_IN_EACH;

	return (x - TAG_IN_EACH) & ~x & TAG_IN_EACH << 7;
}

/* Of the ways that are in @match by their first byte, not 0 if one matches by its second. */
static __always_inline __u64 flow_tag_match_more(__u64 match, __u64 all, __u64 id)
{
	return match & flow_tag_match(all, flow_tag_more(id));
}

/*
 * A connection's entry is looked at once a second; its other packets ask half a cache line for the
 * whole set that says so: the second, and of each connection that had a packet in it the upper half
 * of its id. One more than there is room for is looked at with each packet.
 *
 *      0         32        64                         224       255
 *     +---------+---------+---------+-- ... --+---------+---------+
 *     | second  |   id    |   id    |         |   id    |   id    |
 *     +---------+---------+---------+-- ... --+---------+---------+
 *
 * A packet that is taken for one of these goes to the kernel unjudged, and the ACK of a cookie
 * would be lost there: for one in 2^28, in a full set.
 */
#define SEEN_WAYS 7

struct flow_seen {
	union {
		struct {
			__u32 second;
			__u32 id[SEEN_WAYS]; /* flow_seen_id(); 0: free */
		};
		__u64 two[(1 + SEEN_WAYS) / 2]; /* the second is in the lower half of the first */
	};
};

_Static_assert(sizeof(struct flow_seen) == 32, "half a cache line");

static __always_inline __u32 flow_seen_id(__u64 id)
{
	return id >> 32 | 1;
}

/* As the tags are compared, two in a word and without a branch. */
#define SEEN_IN_EACH 0x0000000100000001ULL

/* Not 0 in a half that matches. */
static __always_inline __u64 flow_seen_match(__u64 x)
{
	return (x - SEEN_IN_EACH) & ~x & SEEN_IN_EACH << 31;
}

static __always_inline bool flow_seen_has(const struct flow_seen *seen, __u32 want)
{
	__u64 wanted = want * SEEN_IN_EACH;
	__u64 match =
		flow_seen_match((seen->two[0] ^ wanted) | 0xffffffff); /* the second is none */

	UNROLL
	for (int i = 1; i < (1 + SEEN_WAYS) / 2; i++)
		match |= flow_seen_match(seen->two[i] ^ wanted);
	return match;
}

#endif
