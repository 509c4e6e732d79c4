/* SPDX-License-Identifier: GPL-2.0-only */
/* What program.c tells its generator, program.bpf.c. */
#ifndef SYNWARD_BENCH_PROGRAM_H
#define SYNWARD_BENCH_PROGRAM_H

#ifdef __bpf__
#include <linux/types.h>
#else
#include <asm/types.h>
#endif

#define BENCH_FRAME_MAX 128
#define BENCH_TUPLES_MAX 1024 /* of connections that the kernel really has */

enum bench_target { BENCH_FLOOR, BENCH_SYNWARD, BENCH_NR_TARGETS };

/* Which packets follow one another. */
enum bench_from {
	FROM_ANYWHERE,    /* random sources and ports */
	FROM_FLOWS,       /* random ones of the first nr_flows that bench_fill entered */
	FROM_CONNECTIONS, /* of those the kernel has, each forgotten by us before */
};

struct bench_tuple {
	__be32 src[4];
	__be16 sport;
	__u16 pad;
};

/* The template holds zeros wherever packets differ, and the sums are those of such a template. */
struct bench_conf {
	__u32 target; /* enum bench_target */
	__u32 from;   /* enum bench_from */
	__u32 nr_flows;
	__u32 nr_ports; /* from dport on */
	__u16 dport;
	__u8 is_v6;
	__u8 is_one_prefix; /* all from one /24 or /48 */
	__u8 is_syn;        /* acknowledges nothing */
	__u8 is_cookie;     /* acknowledges a cookie of ours that was sent a moment ago */
	__u8 has_ts;        /* a time that varies, at ts_off */
	__u16 ts_off;
	__u16 l3_off, l4_off;
	__u16 bytes;
	__u16 l4_bytes;
	__u32 l3_sum, l4_sum; /* not folded */
	__be32 dst[4];
	__u8 frame[BENCH_FRAME_MAX];
};

#endif
