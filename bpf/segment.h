/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything that is no SYN: of a connection, of a handshake that the kernel holds, the answer to a
 * cookie, or of nothing.
 */
#ifndef SYNWARD_SEGMENT_H
#define SYNWARD_SEGMENT_H

#include "budget.h"
#include "kernelcookie.h"
#include "request.h"
#include "retry.h"

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

/* The cookie came back: the handshake is open no longer. Not for the first time, and the kernel
 * still has no more than a listener: what was handed to it did not arrive, unless it is on its way,
 * on another CPU. */
static __always_inline void cookie_finish(const struct judgement *j, const struct flow *known,
					  __u64 sent_ms)
{
	j->here->counts.cookies_valid++;
	if (known && flow_is_handed_off(known)) {
		j->here->counts.missed += !flow_is_young(known, j->now_ms);
		return;
	}
	cookie_count_out(j, sent_ms);
	retry_forget(j);
	j->here->counts.served++;
}

static __always_inline void flow_hand_off(const struct judgement *j, enum flow_state state)
{
	flow_put(j->pkt, j->flow_id, j->now_ms, HANDED_OFF_TIMEOUT_MS,
		 FLOW_IS(j->row_index, state,
			 FLOW_BY_ON(ACCEPTED_COOKIE, bpf_get_smp_processor_id())));
}

static __always_inline enum reason ack_note(struct xdp_md *ctx, struct judgement *j)
{
	struct dev_notes *notes = &device_notes[dev_slot];
	bool is_left = note_leave(ctx, &j->cpu->note);

	flow_hand_off(j, is_left ? FLOW_HANDED_OFF : FLOW_VALIDATED);
	if (!notes->untaken++)
		notes->since_ms = j->now_ms;
	if (is_left)
		return ACK_COOKIE_VALID;
	notes->is_without_metadata = true;
	return ACK_NO_NOTE;
}

/* The answer to one of the kernel's cookies finds its way alone. */
static __always_inline enum reason ack_of_kernel(struct judgement *j, const struct flow *known,
						 bool is_queue_full)
{
	if (is_queue_full)
		return ACK_ACCEPTQ_FULL;
	cookie_finish(j, known, j->now_ms);
	flow_hand_off(j, FLOW_HANDED_OFF);
	return KERNEL_COOKIE;
}

/* A keep-alive may carry one byte (RFC 9293 §3.8.4). A time of ours is that of a handshake. */
static __always_inline bool is_without_data(const struct judgement *j, enum reason why)
{
	return j->pkt->payload_bytes <= 1 &&
	       (!j->cpu->opts.has_timestamps || why == ACK_COOKIE_EXPIRED);
}

/*
 * Whose connection is not known gets a reset, of which there are few; but never one whose handshake
 * may be under way, its first segments lost or late. What has no data to send is no such one; nor
 * is what echoes a time that was never ours, unless it may be the kernel's.
 */
static __always_inline bool is_reset(const struct judgement *j, bool may_be_kernels,
				     enum reason why)
{
	bool is_stranger =
		j->cpu->opts.has_timestamps && why == ACK_COOKIE_EXPIRED && !may_be_kernels;

	return (is_stranger || is_without_data(j, why)) && reset_take(j);
}

/* An ACK that brings back no cookie of ours: whose is it? @sk and @tp: the listener. */
static __always_inline enum reason ack_invalid(struct judgement *j, const struct flow *known,
					       struct bpf_sock *sk,
					       const struct tcp_sock___local *tp,
					       bool is_queue_full, enum reason why)
{
	bool may_be_kernels = sent_kernel_cookies(tp);

	if (!is_armed(j))
		return ACK_INVALID_PEACE;
	if (may_be_kernels && is_kernel_cookie(j, sk))
		return ack_of_kernel(j, known, is_queue_full);
	j->here->counts.cookies_invalid++;
	if (!j->cpu->opts.has_timestamps)
		verify_take(j);
	return is_reset(j, may_be_kernels, why) ? ACK_RESET : why;
}

/* Is the cookie worth a look, and if so, is it good? As cookie_judge(), or ACK_OVER_BUDGET. */
static __always_inline enum reason ack_read(struct xdp_md *ctx, struct judgement *j)
{
	if (!options_read(j, (void *)(long)ctx->data, (void *)(long)ctx->data_end))
		return BAD_HEADER;
	if (!j->cpu->opts.has_timestamps && !verify_left(j))
		return is_armed(j) ? ACK_OVER_BUDGET : ACK_INVALID_PEACE;
	return can_hand_off ? cookie_judge(j->now_ms, j->flow_id) : ACK_COOKIE_EXPIRED;
}

static __always_inline bool is_pure_ack(const struct pkt *p)
{
	return (p->flags & (TCP_SYN | TCP_RST | TCP_ACK)) == TCP_ACK;
}

/* A segment for which the kernel has no more than a listener, @sk. */
static __always_inline enum reason judge_ack(struct xdp_md *ctx, struct judgement *j,
					     const struct flow *known, struct bpf_sock *sk)
{
	const struct tcp_sock___local *tp = (const void *)bpf_skc_to_tcp_sock(sk);
	bool is_queue_full = tp && is_accept_queue_full((const void *)tp);
	enum reason why;

	if (!is_armed(j) && !is_draining(j))
		return AT_PEACE;
	if (!is_pure_ack(j->pkt))
		return is_armed(j) ? OUT_OF_STATE : AT_PEACE;
	why = ack_read(ctx, j);
	if (why == ACK_COOKIE_INVALID || why == ACK_COOKIE_EXPIRED)
		return ack_invalid(j, known, sk, tp, is_queue_full, why);
	if (why != ACK_COOKIE_VALID)
		return why;
	if (is_queue_full)
		return ACK_ACCEPTQ_FULL;
	cookie_finish(j, known, j->cpu->cookie_ms);
	return ack_note(ctx, j);
}

/*
 * A segment for which the kernel has nothing. Its answer is a reset; of these an attacked service
 * sends few, and none to clients whose listener is only being restarted.
 */
static __always_inline enum reason judge_unheard(struct xdp_md *ctx, struct judgement *j)
{
	struct listener_record *rec = bpf_map_lookup_elem(&listeners, &j->listener);

	if (!is_armed(j))
		return j->pkt->flags & TCP_ACK ? ACK_NO_LISTENER : AT_PEACE;
	if (!is_pure_ack(j->pkt) || !rec)
		return OUT_OF_STATE;
	listener_missed(rec, j->now_ms);
	if (listener_may_return(rec, j->now_ms) && ack_read(ctx, j) == ACK_COOKIE_VALID)
		return ACK_LISTENER_GONE;
	return reset_take(j) ? ACK_NO_LISTENER : ACK_NO_LISTENER_DROP;
}

/* The kernel has a socket beyond the handshake. */
static __always_inline enum reason flow_learn(const struct judgement *j, struct flow *known,
					      __u32 state)
{
	bool is_closing = state == BPF_TCP_FIN_WAIT1 || state == BPF_TCP_FIN_WAIT2 ||
			  state == BPF_TCP_CLOSE_WAIT || state == BPF_TCP_LAST_ACK ||
			  state == BPF_TCP_CLOSING;

	if (is_closing || j->pkt->flags & (TCP_FIN | TCP_RST))
		flow_seen_forget(j->flow_id); /* its entry was evicted */
	if (known && flow_is_handed_off(known))
		j->here->counts.landed++;
	if (known)
		handshake_finish(j, known); /* if it was one: behind our back */
	flow_put(j->pkt, j->flow_id, j->now_ms, is_closing ? CLOSING_TIMEOUT_MS : FLOW_TIMEOUT_MS,
		 FLOW_IS(j->row_index, is_closing ? FLOW_CLOSING : FLOW_ESTABLISHED,
			 ACCEPTED_UNKNOWN));
	return FLOW_LEARNED;
}

/* What the kernel holds for it, @sk, decides; the reference is the caller's. */
static __always_inline enum reason judge_socket(struct xdp_md *ctx, struct judgement *j,
						struct flow *known, struct bpf_sock *sk)
{
	__u64 sum = 0;

	switch (sk->state) {
	case BPF_TCP_LISTEN:
		return judge_ack(ctx, j, known, sk);
	case BPF_TCP_NEW_SYN_RECV:
		if (!header_read(j, (void *)(long)ctx->data, (void *)(long)ctx->data_end, &sum))
			return KERNEL_HANDSHAKE;
		return handshake_step(ctx, j, known, request_judge(sk, j), sum);
	case BPF_TCP_TIME_WAIT:
		return KERNEL_TIME_WAIT;
	}
	return flow_learn(j, known, sk->state);
}

/* @known: what we know of the flow, which is not enough; or NULL. */
static __always_inline enum reason judge_by_socket(struct xdp_md *ctx, struct judgement *j,
						   struct flow *known)
{
	struct bpf_sock *sk = socket_lookup(ctx, j->pkt);
	bool is_held = sk && sk->state != BPF_TCP_LISTEN;
	enum reason why;

	if (!is_held && known && flow_is_syn_recv(known)) {
		if (flow_is_young(known, j->now_ms)) { /* its SYN is still on the way up */
			if (sk)
				bpf_sk_release(sk);
			return KERNEL_HANDSHAKE;
		}
		handshake_end(j, known);
	}
	if (!sk)
		return judge_unheard(ctx, j);
	why = judge_socket(ctx, j, known, sk);
	bpf_sk_release(sk);
	return why;
}

/* A segment of a connection that is known to be one. */
static __always_inline enum reason judge_known(const struct judgement *j, struct flow *flow)
{
	__u32 is = flow->is;

	if (likely(!(j->pkt->flags & (TCP_FIN | TCP_RST)))) {
		flow_refresh(flow, j->now_ms);
		flow_seen_add(j->flow_id, j->second);
	} else {
		flow_enter(flow, is, FLOW_IS(FLOW_ROW(is), FLOW_CLOSING, FLOW_ACCEPTED_BY(is)),
			   j->now_ms, CLOSING_TIMEOUT_MS);
		flow_seen_forget(j->flow_id);
	}
	return FLOW_KNOWN;
}

static __always_inline enum reason judge_segment(struct xdp_md *ctx, struct judgement *j)
{
	struct flow *flow;

	if (!j->flow_id)
		j->flow_id = flow_id_ask();
	flow = flow_find(j->flow_id, j->now_ms);
	if (!flow)
		return judge_by_socket(ctx, j, NULL);
	switch (FLOW_STATE(flow->is)) {
	case FLOW_ESTABLISHED:
		return judge_known(j, flow);
	case FLOW_CLOSING: /* the kernel may have forgotten it, and would answer with resets */
		if (flow_is_young(flow, j->now_ms))
			return FLOW_KNOWN;
		break;
	case FLOW_HANDED_OFF: /* on another CPU it may be ahead of the ACK, and be taken for it */
	case FLOW_VALIDATED:
		if (flow_is_young(flow, j->now_ms) && flow_is_of_this_cpu(flow))
			return FLOW_JUST_HANDED_OFF;
	}
	return judge_by_socket(ctx, j, flow);
}

#endif
