/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Handshakes that the kernel holds: a SYN that passes in peace opens one, and what ends it is seen
 * here: the ACK that the kernel will take, the reset that it will believe, its own time-out, or a
 * lookup that finds no trace of it. Each is in the flow table (SYN_RECV) and counted in the bucket
 * of its time, exactly, so that the count is what the kernel holds, and the threshold that it may
 * not pass.
 */
#ifndef SYNWARD_HANDSHAKE_H
#define SYNWARD_HANDSHAKE_H

#include "arm.h"
#include "half_open.h"
#include "judge.h"

static __always_inline __u32 bucket_of(const struct judgement *j, __u64 ms)
{
	return ms >> j->row->bucket_shift;
}

/* So long is it open: to the end of its last bucket. */
static __always_inline __u32 handshake_life_ms(const struct judgement *j)
{
	__u64 end = (__u64)bucket_of(j, j->now_ms) + j->row->nr_buckets + 1;

	return (__u32)(end << j->row->bucket_shift) - (__u32)j->now_ms;
}

/*
 * The count, changed under its lock. Global functions: their loops over the buckets are verified
 * once, and not on every path that comes here. @now and @opened are buckets.
 *
 * Is there room for one more, when there may be @room of them? It is taken then. Returns how many
 * there were: fewer than @room, or there was no room.
 */
__noinline __u32 handshake_count_in(__u32 row, __u32 now, __u32 window, __u32 room)
{
	struct peace_half_open *p = bpf_map_lookup_elem(&peace_half_open, &row);
	__s32 held;

	if (!p)
		return room;
	bpf_spin_lock(&p->lock);
	half_open_advance(&p->held, now, window);
	held = p->held.sum;
	if (held < (__s32)room)
		half_open_add(&p->held, now);
	bpf_spin_unlock(&p->lock);
	return held > 0 ? held : 0;
}

__noinline int handshake_count_out(__u32 row, __u32 now, __u32 window, __u32 opened)
{
	struct peace_half_open *p = bpf_map_lookup_elem(&peace_half_open, &row);

	if (!p)
		return -1;
	bpf_spin_lock(&p->lock);
	half_open_advance(&p->held, now, window);
	half_open_sub(&p->held, now, window, opened);
	bpf_spin_unlock(&p->lock);
	return 0;
}

static __always_inline void handshake_release(const struct judgement *j, __u64 opened_ms)
{
	handshake_count_out(j->row_index, bucket_of(j, j->now_ms), j->row->nr_buckets,
			    bucket_of(j, opened_ms));
}

/* The same for a CPU's own buckets of cookies, without a lock. */
__noinline int cookies_catch_up(struct half_open *cookies, __u32 now, __u32 window)
{
	if (!cookies) /* for the verifier */
		return -1;
	half_open_advance(cookies, now, window);
	return 0;
}

static __always_inline void cookie_count_in(const struct judgement *j)
{
	struct half_open *cookies = &j->here->cookies;
	__u32 now = bucket_of(j, j->now_ms);

	if (unlikely(half_open_is_behind(cookies, now)))
		cookies_catch_up(cookies, now, j->row->nr_buckets);
	half_open_add(cookies, now);
}

static __always_inline void cookie_count_out(const struct judgement *j, __u64 sent_ms)
{
	struct half_open *cookies = &j->here->cookies;
	__u32 now = bucket_of(j, j->now_ms), window = j->row->nr_buckets;

	if (unlikely(half_open_is_behind(cookies, now)))
		cookies_catch_up(cookies, now, window);
	half_open_sub(cookies, now, window, bucket_of(j, sent_ms));
}

/* The kernel does not hold it any more. */
static __always_inline void handshake_end(const struct judgement *j, struct flow *f)
{
	__s32 age_ms = (__u32)j->now_ms - f->opened_ms; /* below 0: opened by a CPU a tick ahead */

	flow_forget(f);
	handshake_release(j, j->now_ms - age_ms);
}

static __always_inline void handshake_finish(const struct judgement *j, struct flow *f)
{
	handshake_end(j, f);
	flow_enter(f, FLOW_ESTABLISHED, j->now_ms, FLOW_TIMEOUT_MS);
	f->accepted_by = ACCEPTED_KERNEL;
	j->here->counts.served++;
}

/*
 * One more reason to arm: GO_ON when the row is armed now, and this SYN is to be answered with a
 * cookie; what it is otherwise when it cannot be (in monitor, or without the TC half).
 */
static __always_inline enum reason handshake_overflow(struct judgement *j, enum arm_cause cause,
						      __u32 value, __u32 threshold)
{
	arm(j, cause, value, threshold);
	if (is_armed(j))
		return GO_ON;
	j->here->counts.untracked++;
	return SYN_UNTRACKED;
}

/* A SYN that is going to be the kernel's: SYN_PEACE; or the handshake that is one too many for it,
 * see handshake_overflow(). */
static __always_inline enum reason handshake_open(struct judgement *j,
						  const struct listener_record *rec)
{
	__u32 room = can_arm(j->row) ? j->row->arm_half_open : j->row->max_half_open;
	__u32 held;

	if (!rec->is_there || rec->is_full) /* the kernel will hold none */
		return SYN_PEACE;
	if (rec->syn_queue > rec->backlog / 2) {
		arm(j, ARM_SYN_QUEUE, rec->syn_queue, rec->backlog / 2);
		if (is_armed(j))
			return GO_ON;
	}
	held = handshake_count_in(j->row_index, bucket_of(j, j->now_ms), j->row->nr_buckets, room);
	if (held >= room)
		return handshake_overflow(j, ARM_HALF_OPEN, held, j->row->arm_half_open);
	if (held >= j->row->arm_half_open) { /* in monitor */
		arm(j, ARM_HALF_OPEN, held, j->row->arm_half_open);
		arm_extend(j);
	}
	if (flow_put(j->pkt, j->flow_id, j->now_ms, handshake_life_ms(j),
		     flow_is_now(j->row_index, FLOW_SYN_RECV, ACCEPTED_UNKNOWN))) {
		handshake_release(j, j->now_ms);
		return handshake_overflow(j, ARM_FLOW_TABLE, held, FLOW_WAYS);
	}
	return SYN_PEACE;
}

/* ---- what a segment does to a handshake ---- */

/* While the accept queue is full, the kernel keeps the handshake for another try. The listener is
 * in a union, through which the verifier does not follow pointers. */
static __always_inline bool request_can_finish(const struct tcp_request_sock___local *req)
{
	const struct sock___local *listener = BPF_CORE_READ(req, req.req.__req_common.skc_listener);

	return BPF_CORE_READ(listener, sk_ack_backlog) <=
	       BPF_CORE_READ(listener, sk_max_ack_backlog);
}

/* What the kernel will make of this segment of a handshake of its own (tcp_check_req()); @sk is the
 * request. */
static __always_inline enum reason request_judge(struct bpf_sock *sk, const struct pkt *p)
{
	struct tcp_request_sock___local *req = (void *)bpf_skc_to_tcp_request_sock(sk);

	if (!req || bpf_ntohl(p->seq) - req->rcv_nxt > req->req.req.__req_common.skc_rcv_wnd)
		return KERNEL_HANDSHAKE;
	if (p->flags & TCP_RST)
		return KERNEL_HANDSHAKE_RESET;
	if (!(p->flags & TCP_ACK) || bpf_ntohl(p->ack) - 1 != req->snt_isn)
		return KERNEL_HANDSHAKE;
	return request_can_finish(req) ? KERNEL_HANDSHAKE_DONE : KERNEL_HANDSHAKE;
}

/* Do it to what we know of it: @why from request_judge(), @f the flow's entry or NULL. */
static __always_inline enum reason handshake_step(const struct judgement *j, struct flow *f,
						  enum reason why)
{
	if (!f || f->state != FLOW_SYN_RECV)
		return why;
	if (why == KERNEL_HANDSHAKE_DONE)
		handshake_finish(j, f);
	else if (why == KERNEL_HANDSHAKE_RESET)
		handshake_end(j, f);
	return why;
}

#endif
