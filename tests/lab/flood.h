/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What flood.c tells its BPF half (once, before the load: the verifier then removes what is not
 * used) and what it hears back.
 */
#ifndef LAB_FLOOD_H
#define LAB_FLOOD_H

#include <linux/types.h>

#define FLOOD_FRAME_MAX 128
#define FLOOD_BATCH 64 /* frames per NAPI batch */

struct flood_conf {
	__u8 frame[FLOOD_FRAME_MAX]; /* template; all that varies is zero */
	__u32 frame_len;             /* even */
	__u32 l3_off;
	__u32 l4_off;
	__u32 tsval_off; /* of the timestamp's value; 0: none */
	__u32 ip_sum;    /* unfolded sums of the template, pseudo-header included */
	__u32 tcp_sum;
	__u32 burst;           /* at the highest speed: packets for each look at the clock */
	__u32 late_max;        /* more late packets than this are given up */
	__be32 source_mask[4]; /* which bits of the source vary; 0 in the template */
	__u8 is_v6;
	__u8 is_ack;
	__u8 pad[6];
	__u64 pps; /* 0: as fast as it goes */
	__u64 limit;
	__u64 duration_ns;
};

struct flood_state {
	__u64 start_ns; /* CLOCK_MONOTONIC; 0: not begun */
	__u64 end_ns;
	__u64 sent;
	__u64 slots;
	__u64 credit;
	__u64 random; /* seed, never 0 */
	__u64 is_over;
};

#endif
