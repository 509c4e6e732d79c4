/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything that is no SYN: of a connection, of a handshake that the kernel holds, the answer to a
 * cookie, or of nothing.
 */
#ifndef SYNWARD_SEGMENT_H
#define SYNWARD_SEGMENT_H

#include "request.h"

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

/* The cookie came back, for the first time: the handshake is open no longer. */
static __always_inline void cookie_finish(const struct judgement *j, const struct flow *known,
					  __u64 sent_ms)
{
	if (known && flow_is_handed_off(known))
		return;
	cookie_count_out(j, sent_ms);
	j->here->counts.served++;
}

static __always_inline enum reason ack_note(struct xdp_md *ctx, struct judgement *j,
					    const struct note *note)
{
	__u32 slot = dev_slot;
	struct dev_notes *notes = bpf_map_lookup_elem(&device_notes, &slot);
	bool is_left = note_leave(ctx, note);

	flow_put(
		j->pkt, j->flow_id, j->now_ms, HANDED_OFF_TIMEOUT_MS,
		FLOW_IS(j->row_index, is_left ? FLOW_HANDED_OFF : FLOW_VALIDATED, ACCEPTED_COOKIE));
	if (notes && !notes->untaken++)
		notes->since_ms = j->now_ms;
	if (is_left)
		return ACK_COOKIE_VALID;
	if (notes)
		notes->is_without_metadata = true;
	return ACK_NO_NOTE;
}

/* A segment for which the kernel has no more than a listener. */
static __always_inline enum reason judge_ack(struct xdp_md *ctx, struct judgement *j,
					     const struct flow *known, bool is_queue_full)
{
	struct note note;
	enum reason why;
	__u64 sum, sent_ms;

	if (!is_armed(j) && !is_draining(j))
		return AT_PEACE;
	if ((j->pkt->flags & (TCP_SYN | TCP_RST | TCP_ACK)) != TCP_ACK)
		return is_armed(j) ? OUT_OF_STATE : AT_PEACE;
	if (!header_read(j, (void *)(long)ctx->data, (void *)(long)ctx->data_end, &sum))
		return BAD_HEADER;
	why = cookie_judge(j, &note, &sent_ms);
	if (why != ACK_COOKIE_VALID) {
		if (!is_armed(j))
			return ACK_INVALID_PEACE;
		if (is_kernel_cookie(j))
			return KERNEL_COOKIE;
		j->here->counts.cookies_invalid++;
		return why;
	}
	j->here->counts.cookies_valid++;
	if (is_queue_full)
		return ACK_ACCEPTQ_FULL;
	cookie_finish(j, known, sent_ms);
	return ack_note(ctx, j, &note);
}

/* The kernel has a socket beyond the handshake. */
static __always_inline enum reason flow_learn(const struct judgement *j, struct flow *known,
					      __u32 state)
{
	bool is_closing = state == BPF_TCP_FIN_WAIT1 || state == BPF_TCP_FIN_WAIT2 ||
			  state == BPF_TCP_CLOSE_WAIT || state == BPF_TCP_LAST_ACK ||
			  state == BPF_TCP_CLOSING;

	if (known)
		handshake_finish(j, known); /* if it was one: behind our back */
	flow_put(j->pkt, j->flow_id, j->now_ms, is_closing ? CLOSING_TIMEOUT_MS : FLOW_TIMEOUT_MS,
		 FLOW_IS(j->row_index, is_closing ? FLOW_CLOSING : FLOW_ESTABLISHED,
			 ACCEPTED_UNKNOWN));
	return FLOW_LEARNED;
}

/* What the kernel holds decides. @known: what we know of the flow, which is not enough; or NULL. */
static __always_inline enum reason judge_by_socket(struct xdp_md *ctx, struct judgement *j,
						   struct flow *known)
{
	struct bpf_sock *sk = socket_lookup(ctx, j->pkt);
	enum reason why = KERNEL_HANDSHAKE;
	struct listener_record rec = {};
	__u32 state = sk ? sk->state : BPF_TCP_CLOSE;
	__u64 sum = 0;

	if (state == BPF_TCP_LISTEN)
		listener_read(sk, j->set, &rec);
	else if (state == BPF_TCP_NEW_SYN_RECV &&
		 header_read(j, (void *)(long)ctx->data, (void *)(long)ctx->data_end, &sum))
		why = request_judge(sk, j);
	if (sk)
		bpf_sk_release(sk);
	switch (state) {
	case BPF_TCP_CLOSE:
	case BPF_TCP_LISTEN:
		break;
	case BPF_TCP_NEW_SYN_RECV:
		return handshake_step(ctx, j, known, why, sum);
	case BPF_TCP_TIME_WAIT:
		return KERNEL_TIME_WAIT;
	default:
		return flow_learn(j, known, state);
	}
	if (known && flow_is_syn_recv(known)) {
		if (flow_is_young(known, j->now_ms))
			return KERNEL_HANDSHAKE; /* its SYN is still on the way up */
		handshake_end(j, known);
	}
	if (state == BPF_TCP_LISTEN)
		return judge_ack(ctx, j, known, rec.is_full);
	if (j->pkt->flags & TCP_ACK)
		return ACK_NO_LISTENER;
	return is_armed(j) ? OUT_OF_STATE : AT_PEACE;
}

/* A segment of a connection that is known to be one. */
static __always_inline enum reason judge_known(const struct judgement *j, struct flow *flow)
{
	__u32 is = flow->is;

	if (likely(!(j->pkt->flags & (TCP_FIN | TCP_RST))))
		flow_refresh(flow, j->now_ms);
	else
		flow_enter(flow, is, FLOW_IS(FLOW_ROW(is), FLOW_CLOSING, FLOW_ACCEPTED_BY(is)),
			   j->now_ms, CLOSING_TIMEOUT_MS);
	return FLOW_KNOWN;
}

static __always_inline enum reason judge_segment(struct xdp_md *ctx, struct judgement *j)
{
	struct sip_key key;
	struct flow *flow;

	flow_key(&key);
	j->flow_id = flow_id_make(&key, j->pkt);
	flow = flow_find(j->flow_id, j->now_ms);
	if (!flow)
		return judge_by_socket(ctx, j, NULL);
	switch (FLOW_STATE(flow->is)) {
	case FLOW_ESTABLISHED:
		return judge_known(j, flow);
	case FLOW_CLOSING:
		return FLOW_KNOWN;
	case FLOW_HANDED_OFF:
	case FLOW_VALIDATED:
		if (flow_is_young(flow, j->now_ms))
			return FLOW_JUST_HANDED_OFF;
	}
	return judge_by_socket(ctx, j, flow);
}

#endif
