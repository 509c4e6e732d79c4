/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What XDP tells TC about an ACK whose cookie is valid, in the frame's metadata: nothing on the wire can carry it.
 */
#ifndef SYNWARD_NOTE_H
#define SYNWARD_NOTE_H

#include "base.h"
#include "cookie.h"

#define NOTE_MAGIC 0x53594e57 /* another program's metadata is not ours */

#define NOTE_SACK (1U << 0)
#define NOTE_ECN (1U << 1)
#define NOTE_TIMESTAMPS (1U << 2)

struct note {
	__u32 magic;
	__u32 tsval, tsecr; /* of the ACK, host order */
	__u32 sent_ms;      /* when the SYN-ACK was sent; low bits of the millisecond clock */
	__u16 mss;
	__u8 wscale; /* the client's, or WSCALE_NONE */
	__u8 flags;  /* NOTE_* */
};

_Static_assert(sizeof(struct note) == 20 && sizeof(struct note) % 4 == 0,
	       "metadata is at most 32 bytes, in words");

static __always_inline void note_make(const struct offer *got, const struct tcp_opts *opts,
				      __u64 sent_ms, struct note *ret)
{
	*ret = (struct note){
		.magic = NOTE_MAGIC,
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
