/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What XDP tells TC about an ACK whose cookie is valid, in the frame's metadata: nothing on the
 * wire can carry it.
 */
#ifndef SYNWARD_NOTE_H
#define SYNWARD_NOTE_H

#include <linux/if_ether.h>

#include "base.h"
#include "cookie.h"

#define NOTE_MAGIC 0x5adb /* no MSS that a note can hold, so no part of a note looks like it */

#define NOTE_SACK (1U << 0)
#define NOTE_ECN (1U << 1)
#define NOTE_TIMESTAMPS (1U << 2)

struct note {
	__u32 tsval, tsecr; /* of the ACK, host order */
	__u32 sent_ms;      /* when the SYN-ACK was sent; low bits of the millisecond clock */
	__u16 mss;
	__u8 wscale; /* the client's, or WSCALE_NONE */
	__u8 flags;  /* NOTE_* */
};

/*
 * How it lies before the frame, and the two ways in which TC may see it:
 *
 *                    | lead 14 | magic 2 | note 16 | Ethernet 14 | IP ...
 *     usually        ^ data_meta                   ^ data
 *     without L2               ^ data_meta                       ^ data
 *
 * The second is generic mode on a kernel that copied the skb to make headroom and lost the length
 * of its MAC header on the way (Linux 6.18): data and data_meta are both an Ethernet header late.
 */
struct note_area {
	__u8 lead[ETH_HLEN];
	__u16 magic;
	struct note note;
};

#define NOTE_MAGIC_AT ETH_HLEN
#define NOTE_MAGIC_AT_WITHOUT_L2 0

_Static_assert(sizeof(struct note_area) == 32, "what every kernel takes as metadata: 32 bytes");

static __always_inline void note_make(const struct offer *got, const struct tcp_opts *opts,
				      __u64 sent_ms, struct note *ret)
{
	*ret = (struct note){
		.tsval = opts->tsval,
		.tsecr = opts->tsecr,
		.sent_ms = sent_ms,
		.mss = got->mss,
		.wscale = got->wscale,
		.flags = (got->sack ? NOTE_SACK : 0) | (got->ecn ? NOTE_ECN : 0) |
			 (got->timestamps ? NOTE_TIMESTAMPS : 0),
	};
}

#endif
