/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything that is no SYN: of a connection, the answer to a cookie, or of nothing.
 */
#ifndef SYNWARD_SEGMENT_H
#define SYNWARD_SEGMENT_H

#include "judge.h"

/* For tests: behave as on a driver that carries no metadata. */
const volatile bool without_metadata;

/* Leave a note for TC. False when the driver has no room for metadata. */
static __always_inline bool note_leave(struct xdp_md *ctx, const struct note *note)
{
	struct note_area *to;

	if (without_metadata || bpf_xdp_adjust_meta(ctx, -(int)sizeof(*to)))
		return false;
	to = (void *)(long)ctx->data_meta;
	if ((void *)(to + 1) > (void *)(long)ctx->data)
		return false;
	__builtin_memset(to->lead, 0, sizeof(to->lead));
	to->magic = NOTE_MAGIC;
	to->note = *note;
	return true;
}

static __always_inline enum reason ack_note(struct xdp_md *ctx, struct judgement *j,
					    const struct note *note)
{
	__u32 slot = dev_slot;
	struct dev_notes *notes = bpf_map_lookup_elem(&device_notes, &slot);

	if (notes && !notes->untaken++)
		notes->since_ms = j->now_ms;
	if (note_leave(ctx, note)) {
		flow_put(j->flow_id, FLOW_HANDED_OFF, j->now_ms);
		return ACK_COOKIE_VALID;
	}
	if (notes)
		notes->is_without_metadata = true;
	flow_put(j->flow_id, FLOW_VALIDATED, j->now_ms);
	return ACK_NO_NOTE;
}

/* A segment for which the kernel has no more than a listener. */
static __always_inline enum reason judge_ack(struct xdp_md *ctx, struct judgement *j,
					     bool is_queue_full)
{
	struct note note;
	enum reason why;
	__u64 sum;

	if ((j->pkt->flags & (TCP_SYN | TCP_RST | TCP_ACK)) != TCP_ACK)
		return is_armed(j) ? OUT_OF_STATE : AT_PEACE;
	if (!header_read(j, (void *)(long)ctx->data, (void *)(long)ctx->data_end, &sum))
		return BAD_HEADER;
	why = cookie_judge(j, &note);
	if (why != ACK_COOKIE_VALID) {
		if (!is_armed(j))
			return ACK_INVALID_PEACE;
		if (is_kernel_cookie(j))
			return KERNEL_COOKIE;
		j->counts->cookies_invalid++;
		return why;
	}
	j->counts->cookies_valid++;
	if (is_queue_full)
		return ACK_ACCEPTQ_FULL;
	return ack_note(ctx, j, &note);
}

static __always_inline enum reason judge_unknown(struct xdp_md *ctx, struct judgement *j)
{
	struct bpf_sock *sk = socket_lookup(ctx, j->pkt);
	struct listener_record rec = {};
	__u32 state;

	if (!sk) {
		if (j->pkt->flags & TCP_ACK)
			return ACK_NO_LISTENER;
		return is_armed(j) ? OUT_OF_STATE : AT_PEACE;
	}
	state = sk->state;
	if (state == BPF_TCP_LISTEN)
		listener_read(sk, j->set, &rec);
	bpf_sk_release(sk);
	switch (state) {
	case BPF_TCP_LISTEN:
		return judge_ack(ctx, j, rec.is_full);
	case BPF_TCP_NEW_SYN_RECV:
		return KERNEL_HANDSHAKE;
	case BPF_TCP_TIME_WAIT:
		return KERNEL_TIME_WAIT;
	}
	flow_put(j->flow_id, FLOW_ESTABLISHED, j->now_ms);
	return FLOW_LEARNED;
}

static __always_inline enum reason judge_segment(struct xdp_md *ctx, struct judgement *j)
{
	struct sip_key key;
	struct flow *flow;

	if (!is_armed(j) && !is_draining(j))
		return AT_PEACE;
	flow_key(&key);
	j->flow_id = flow_id_make(&key, j->pkt);
	flow = flow_find(j->flow_id, j->now_ms);
	if (flow && flow->state == FLOW_ESTABLISHED) {
		flow_refresh(flow, j->now_ms);
		return FLOW_KNOWN;
	}
	if (flow && (__u32)j->now_ms - flow->seen_ms < HAND_OFF_WINDOW_MS)
		return FLOW_JUST_HANDED_OFF;
	return judge_unknown(ctx, j);
}

#endif
