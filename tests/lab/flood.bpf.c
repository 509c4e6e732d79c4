// SPDX-License-Identifier: GPL-2.0-only
/*
 * The packets of the flood. Run on live frames, each run either sends one packet out of the lab's
 * client device (XDP_TX) or, while its time has not come, drops the frame (pacing). The frame comes
 * back recycled with whatever the last packet left in it, so all of it is written each time: a
 * template (flood.c) plus what varies, with both checksums brought up from the template's sums.
 *
 * Pacing: packets are due at pps; those due since the last look at the clock become credit, so that
 * the clock is read once per burst. After a pause (the generator lost its CPU) up to late_max
 * packets, 20 ms' worth, are caught up in batches, between which the peer empties its ring; the
 * rest is given up.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "flood.h"

const volatile struct flood_conf conf = { 0 };

struct flood_state state = { 0 };

static __always_inline __u64 flood_random(void)
{
	__u64 x = state.random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	state.random = x;
	return x;
}

static __always_inline bool flood_is_over(__u64 now_ns)
{
	if (!state.start_ns) {
		state.start_ns = now_ns;
		state.end_ns = now_ns + conf.duration_ns;
	}
	if (now_ns < state.end_ns)
		return false;
	state.is_over = 1;
	return true;
}

static __always_inline bool flood_is_due(void)
{
	__u64 now_ns, due, late;

	if (state.is_over)
		return false;
	if (state.credit) {
		state.credit--;
		return true;
	}
	now_ns = bpf_ktime_get_ns();
	if (flood_is_over(now_ns))
		return false;
	if (!conf.pps) {
		state.credit = conf.burst - 1;
		return true;
	}
	/* In microseconds: an hour at 100 Mpps still fits. */
	due = 1 + (now_ns - state.start_ns) / 1000 * conf.pps / 1000000;
	late = due - state.slots;
	state.slots = due;
	if (!late)
		return false;
	state.credit = (late < conf.late_max ? late : conf.late_max) - 1;
	return true;
}

static __always_inline __u16 flood_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static __always_inline __u32 flood_halves(__u32 word)
{
	return (word & 0xffff) + (word >> 16);
}

/* One word of the source, less what the template holds of it; returns what it adds to a sum. */
static __always_inline __u32 flood_vary(void *at, __u32 random, __u32 mask)
{
	random &= mask;
	*(__u32 *)at |= random;
	return flood_halves(random);
}

static __always_inline __u32 flood_source(void *frame, __u64 random)
{
	void *at = frame + conf.l3_off;

	if (!conf.is_v6)
		return flood_vary(at + 12, (__u32)random, conf.source_mask[0]);
	return flood_vary(at + 12, (__u32)(random >> 16), conf.source_mask[1]) +
	       flood_vary(at + 16, (__u32)random, conf.source_mask[2]) +
	       flood_vary(at + 20, (__u32)(random >> 32), conf.source_mask[3]);
}

static __always_inline void flood_write(void *frame)
{
	__u64 r1 = flood_random(), r2 = flood_random(), who = flood_random();
	__u32 tcp_sum = conf.tcp_sum, addr_sum;
	__be16 sport = bpf_htons(1024 + (__u32)((r1 >> 48) * 64512 >> 16));
	void *tcp = frame + conf.l4_off;
	__u32 i;

	for (i = 0; i + 8 <= conf.frame_len; i += 8)
		*(__u64 *)(frame + i) = *(const volatile __u64 *)&conf.frame[i];
	for (; i + 2 <= conf.frame_len; i += 2)
		*(__u16 *)(frame + i) = *(const volatile __u16 *)&conf.frame[i];

	addr_sum = flood_source(frame, who);
	tcp_sum += addr_sum;
	if (!conf.is_v6)
		*(__u16 *)(frame + conf.l3_off + 10) = flood_fold(conf.ip_sum + addr_sum);

	*(__be16 *)tcp = sport;
	*(__u32 *)(tcp + 4) = (__u32)r2;
	tcp_sum += sport + flood_halves((__u32)r2);
	if (conf.is_ack) {
		*(__u32 *)(tcp + 8) = (__u32)(r2 >> 32);
		tcp_sum += flood_halves((__u32)(r2 >> 32));
	}
	if (conf.tsval_off) {
		*(__u32 *)(frame + conf.tsval_off) = (__u32)r1;
		tcp_sum += flood_halves((__u32)r1);
	}
	*(__u16 *)(tcp + 16) = flood_fold(tcp_sum);
}

SEC("xdp")
int flood(struct xdp_md *ctx)
{
	void *frame = (void *)(long)ctx->data;

	if (!flood_is_due() || frame + conf.frame_len > (void *)(long)ctx->data_end)
		return XDP_DROP;
	flood_write(frame);
	state.sent++;
	if (state.sent >= conf.limit)
		state.is_over = 1;
	return XDP_TX;
}

char _license[] SEC("license") = "GPL";
