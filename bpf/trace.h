/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `synward trace` is told: a frame as it came, what became of it and why, and what the TC half
 * made of it. Only the traced versions of the programs call this; they are loaded, and stand in the
 * place of the others, while somebody traces. The maps are made with them, and go with them.
 *
 * Told is what belongs to handshakes: the packets of a connection that is known only when they end
 * it, and those of no service only to who asks for a source or a port.
 */
#ifndef SYNWARD_TRACE_H
#define SYNWARD_TRACE_H

#include "finish.h"
#include "handoff.h"
#include "trace_abi.h"

/* Daemon writes, programs read. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct trace_conf);
} trace_conf SEC(".maps");

/* Programs write and read: how much was told in this window of time, over all CPUs. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct trace_used);
} trace_used SEC(".maps");

/* Programs write, daemon adds up. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct trace_lost);
} trace_lost SEC(".maps");

/* Programs write, daemon reads. When it is full, what does not fit is counted as lost. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, TRACE_RING_BYTES);
} trace_ring SEC(".maps");

/* Programs alone: the frame at hand. */
struct trace_cpu {
	struct pkt pkt;
	struct trace_record record;
	bool is_wanted; /* as far as the frame says; why it is what it is decides with it */
	bool is_parsed; /* `pkt` is filled */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct trace_cpu);
} trace_cpu SEC(".maps");

#define TCP_ENDS_OR_BEGINS (TCP_SYN | TCP_FIN | TCP_RST)

static __always_inline bool trace_matches(const struct trace_conf *conf, const struct pkt *p)
{
	if (conf->port && conf->port != p->dport)
		return false;
	UNROLL
	for (int i = 0; i < 4; i++)
		if ((p->src.word[i] & conf->mask.word[i]) != conf->addr.word[i])
			return false;
	return true;
}

/* The daemon says every second that somebody traces; if it is gone, nobody does. */
static __always_inline bool trace_is_on(const struct trace_conf *conf)
{
	return (__s64)(conf->until_ms - clock_ms()) > 0;
}

static __always_inline bool trace_is_told(const struct trace_conf *conf, const struct trace_cpu *t,
					  enum reason why)
{
	switch (why) {
	case NOT_IP:
	case NOT_TCP:
	case FRAGMENT:
		return false;
	case FLOW_KNOWN:
		return t->pkt.flags & TCP_ENDS_OR_BEGINS;
	case NOT_SERVICE:
		return conf->is_filtered && (t->pkt.flags & TCP_ENDS_OR_BEGINS);
	default:
		return true;
	}
}

static __always_inline void trace_lose(bool is_ring_full)
{
	struct trace_lost *lost = ONLY(trace_lost);

	if (!lost)
		return;
	if (is_ring_full)
		lost->ring_full++;
	else
		lost->over_limit++;
}

/* One of its kind more in this window? Whoever comes too late only reads: in a flood all CPUs come
 * by here. */
static __always_inline bool trace_take(enum trace_kind kind)
{
	struct trace_used *all = ONLY(trace_used);
	__u32 window = clock_ms() / TRACE_WINDOW_MS;
	__u64 was;

	if (!all)
		return false;
	was = *(volatile __u64 *)&all->used[kind];
	if ((__s32)(window - (__u32)(was >> 32)) > 0 &&
	    __sync_val_compare_and_swap(&all->used[kind], was, (__u64)window << 32 | 1) == was)
		return true;
	was = *(volatile __u64 *)&all->used[kind];
	if ((__u32)was < TRACE_PER_WINDOW)
		was = __sync_fetch_and_add(&all->used[kind], 1);
	if ((__u32)was < TRACE_PER_WINDOW)
		return true;
	trace_lose(false);
	return false;
}

static __always_inline void trace_tell(struct trace_record *record, __u32 out_kept)
{
	record->out_kept = out_kept;
	record->at_ns = bpf_ktime_get_ns();
	VERIFIER_LEARNS(out_kept);
	if (out_kept > TRACE_SNAP)
		return;
	if (bpf_ringbuf_output(&trace_ring, record, offsetof(struct trace_record, out) + out_kept,
			       0))
		trace_lose(true);
}

/* How many of so many bytes are kept; there are some. Linux 6.1 learns nothing from a test against
 * 0, and two tests of bounds the compiler makes one. */
static __always_inline __u32 trace_cut(__u32 bytes)
{
	if (bytes > TRACE_SNAP)
		bytes = TRACE_SNAP;
	VERIFIER_LEARNS(bytes);
	return ((bytes - 1) & (TRACE_SNAP - 1)) + 1;
}

/* The first bytes of the frame, wherever they lie. Returns how many are kept. */
static __always_inline __u32 trace_keep(struct xdp_md *ctx, __u8 *ret, __u32 *ret_bytes)
{
	__u32 bytes;

	*ret_bytes = bpf_xdp_get_buff_len(ctx);
	bytes = trace_cut(*ret_bytes);
	return bpf_xdp_load_bytes(ctx, 0, ret, bytes) ? 0 : bytes;
}

/* Before anything is asked of it. Global, so that it is verified once. */
__noinline int trace_begin(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	const struct trace_conf *conf = ONLY(trace_conf);
	struct trace_cpu *t = ONLY(trace_cpu);

	if (!conf || !t) /* for the verifier */
		return 0;
	t->is_wanted = false;
	if (!trace_is_on(conf))
		return 0;
	t->pkt.flags = 0;
	t->is_parsed = parse_packet(data, end, bpf_xdp_get_buff_len(ctx), &t->pkt) == GO_ON;
	if (conf->is_filtered && !(t->is_parsed && trace_matches(conf, &t->pkt)))
		return 0;
	t->record.in_kept = trace_keep(ctx, t->record.in, &t->record.in_bytes);
	t->is_wanted = true;
	return 0;
}

/* It is judged, and is what goes on or back. Does what finish() does, and tells of it. */
__noinline int trace_end(struct xdp_md *ctx, __u32 why)
{
	int action = finish(why);
	const struct trace_conf *conf = ONLY(trace_conf);
	const struct cpu_state *cpu = ONLY(cpu_state);
	struct trace_cpu *t = ONLY(trace_cpu);
	struct trace_record *record;
	__u32 out_kept = 0;

	if (!conf || !cpu || !t || why >= NR_REASONS) /* for the verifier */
		return action;
	if (!t->is_wanted || !trace_is_told(conf, t, why) ||
	    !trace_take(t->is_parsed && is_syn(t->pkt.flags) ? TRACE_SYN : TRACE_SEGMENT))
		return action;
	record = &t->record;
	record->device = dev_slot;
	record->reason = why;
	record->is_from_tc = false;
	record->out_bytes = 0;
	record->out_ifindex = action == XDP_REDIRECT ? cpu->way.ifindex : 0;
	if (action != XDP_DROP)
		out_kept = trace_keep(ctx, record->out, &record->out_bytes);
	trace_tell(record, out_kept);
	return action;
}

/* What the TC half made of a note. */
__noinline int trace_hand_off(struct __sk_buff *skb, __u32 why, __u32 without_l2)
{
	const struct trace_conf *conf = ONLY(trace_conf);
	struct trace_cpu *t = ONLY(trace_cpu);
	struct trace_record *record;
	__u32 bytes;

	if (!conf || !t) /* for the verifier */
		return 0;
	if (!trace_is_on(conf) || skb_parse(skb, without_l2, &t->pkt) != GO_ON ||
	    (conf->is_filtered && !trace_matches(conf, &t->pkt)) || !trace_take(TRACE_HAND_OFF))
		return 0;
	record = &t->record;
	record->device = dev_slot;
	record->reason = why;
	record->is_from_tc = true;
	record->out_bytes = 0;
	record->out_ifindex = 0;
	record->in_bytes = skb->len - t->pkt.l3_off;
	record->in_kept = 0;
	bytes = trace_cut(record->in_bytes);
	if (!bpf_skb_load_bytes(skb, t->pkt.l3_off, record->in, bytes))
		record->in_kept = bytes;
	trace_tell(record, 0);
	return 0;
}

#endif
