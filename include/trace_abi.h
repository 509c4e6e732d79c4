/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the daemon and the traced versions of the programs say to each other while somebody traces:
 * whose packets are wanted, the packets themselves, and how many there was no room for. The maps
 * are in bpf/trace.h.
 */
#ifndef SYNWARD_TRACE_ABI_H
#define SYNWARD_TRACE_ABI_H

#include "abi.h"

#define TRACE_SNAP 256 /* of a frame, so many bytes are kept: all headers of a handshake */
#define TRACE_RING_BYTES (1U << 20)
#define TRACE_RENEW_MS 5000 /* who traces says so every second; after so long he is gone */
#define TRACE_WINDOW_MS 100 /* what is told is spread over a second, */
#define TRACE_PER_WINDOW 33 /* and a kind has its own share: a flood of SYNs hides no ACK */
#define TRACE_PER_SECOND (TRACE_PER_WINDOW * NR_TRACE_KINDS * (1000 / TRACE_WINDOW_MS))

enum trace_kind {
	TRACE_SYN = 0,
	TRACE_SEGMENT = 1,  /* all else that XDP sees */
	TRACE_HAND_OFF = 2, /* what the TC half did */
	NR_TRACE_KINDS,
};

/* trace_conf: whose packets. */
struct trace_conf {
	struct ip_addr addr, mask; /* source prefix; no bit of `addr` is set beyond `mask` */
	__be16 port;               /* destination; 0: any */
	__u8 is_filtered;          /* 0: everybody's */
	__u8 pad[5];
	__u64 until_ms; /* of the millisecond clock: nothing is traced from then on */
};

/* trace_used: window << 32 | how many were told in it, by kind. */
struct trace_used {
	__u64 used[NR_TRACE_KINDS];
};

/* trace_lost, per CPU: packets that were wanted and not told. */
struct trace_lost {
	__u64 over_limit;
	__u64 ring_full;
};

/*
 * trace_ring: one packet, and what became of it. What is kept of the answer comes last, and no more
 * of it is written than there is. Of TC, which answers nothing, `in` begins with the IP header.
 */
struct trace_record {
	__u64 at_ns;       /* CLOCK_MONOTONIC */
	__u32 device;      /* slot in `devices` */
	__u32 out_ifindex; /* the answer left by another device; 0: by this one */
	__u16 reason;
	__u8 is_from_tc;
	__u8 pad[5];
	__u32 in_bytes,
		out_bytes; /* whole frames, as they came, and as they went on or back; 0: none */
	__u32 in_kept, out_kept;
	__u8 in[TRACE_SNAP];
	__u8 out[TRACE_SNAP];
};

ABI_SIZE(trace_conf, 48);
ABI_SIZE(trace_used, 24);
ABI_SIZE(trace_lost, 16);
ABI_SIZE(trace_record, 40 + 2 * TRACE_SNAP);

#endif
