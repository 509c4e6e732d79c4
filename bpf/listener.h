/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel holds for a packet's addresses and ports: a listener, a connection, nothing.
 *
 * A SYN asks first, because a cookie for a tuple that has a socket would be killed by it, because
 * some listeners cannot take cookies, and because the kernel's own queue must never fill. Up to
 * LOOKUPS_PER_WINDOW SYNs in LISTENER_WINDOW_MS and CPU ask exactly; beyond that they believe what
 * was last seen of the listener of their address and port, which is refreshed at least once per
 * window: it is at most two windows old (8 ms, and a tick of the coarse clock; in the lane another
 * tick, see ticket.h). In peace a listener with much room spares some of its packets the question.
 */
#ifndef SYNWARD_LISTENER_H
#define SYNWARD_LISTENER_H

#include "judge.h"
#include "kernel.h"
#include "policy.h"

#define LISTENER_WINDOW_MS 4
#define LOOKUPS_PER_WINDOW 200 /* 50 000 a second: 0.5 % of a core */

static __always_inline __u32 lookup_window(__u64 now_ms)
{
	return now_ms / LISTENER_WINDOW_MS;
}

static __always_inline bool has_keys(const struct tcp_sock___local *tp)
{
	if (bpf_core_field_exists(tp->md5sig_info) && tp->md5sig_info)
		return true;
	return bpf_core_field_exists(tp->ao_info) && tp->ao_info;
}

static __always_inline struct bpf_sock *socket_lookup(void *ctx, const struct pkt *p)
{
	struct bpf_sock_tuple t = {};

	if (p->is_v6) {
		__builtin_memcpy(t.ipv6.saddr, &p->src, sizeof(t.ipv6.saddr));
		__builtin_memcpy(t.ipv6.daddr, &p->dst, sizeof(t.ipv6.daddr));
		t.ipv6.sport = p->sport;
		t.ipv6.dport = p->dport;
		return bpf_skc_lookup_tcp(ctx, &t, sizeof(t.ipv6), BPF_F_CURRENT_NETNS, 0);
	}
	t.ipv4.saddr = p->src.word[3];
	t.ipv4.daddr = p->dst.word[3];
	t.ipv4.sport = p->sport;
	t.ipv4.dport = p->dport;
	return bpf_skc_lookup_tcp(ctx, &t, sizeof(t.ipv4), BPF_F_CURRENT_NETNS, 0);
}

/* The receive buffer of a new connection, before anybody looked at its listener: tcp_rmem[1], at
 * the kernel's default ratio of payload to memory. */
static __always_inline void rcv_space_default(__u32 rmem_default, struct rcv_space *ret)
{
	ret->space_bytes = rmem_default / 2;
	ret->clamp_bytes = 0;
}

/* How much of a buffer is window, of 1 << WIN_SCALE_SHIFT; before 6.6 half, by tcp_adv_win_scale.
 */
static __always_inline __u32 scaling_ratio(const struct tcp_sock___local *tp)
{
	if (bpf_core_field_exists(tp->scaling_ratio))
		return tp->scaling_ratio;
	return 1U << (WIN_SCALE_SHIFT - 1);
}

/* rcv_wscale() as a global function: its loop is verified once. */
__noinline __u32 wscale_of(__u32 space_bytes, __u32 clamp_bytes)
{
	const struct rcv_space rcv = { space_bytes, clamp_bytes };

	return rcv_wscale(&rcv, settings.rmem_max);
}

/* It holds more than its limit, as in the kernel. */
static __always_inline bool is_accept_queue_full(const struct sock___local *s)
{
	return s->sk_ack_backlog > s->sk_max_ack_backlog;
}

/* Is what the socket says all that there is to know, and does it speak for no other one? */
static __always_inline bool is_plain_listener(const struct inet_connection_sock___local *icsk)
{
	const struct sock_common___local *common = (const void *)icsk;

	return !icsk->icsk_accept_queue.rskq_defer_accept && !common->skc_bound_dev_if &&
	       !BPF_CORE_READ_BITFIELD(common, skc_reuseport);
}

/* In peace: is the record of this window, of this very service, and to be believed once more? */
static __always_inline bool lookup_spare_take(const struct judgement *j,
					      struct listener_record *rec)
{
	if (is_armed(j) || rec->window != lookup_window(j->now_ms) || !rec->spared ||
	    rec->port != j->pkt->dport || rec->dst_end != j->pkt->dst.word[3])
		return false;
	rec->spared--;
	return true;
}

/* Read a socket that is in LISTEN. */
static __always_inline void listener_read(struct bpf_sock *sk, struct listener_record *ret)
{
	struct tcp_sock___local *tp = (void *)bpf_skc_to_tcp_sock(sk);
	struct inet_connection_sock___local *icsk = (void *)tp;
	struct sock___local *s = (void *)tp;
	struct rcv_space rcv;

	rcv_space_default(settings.rmem_default, &rcv);
	ret->is_there = true;
	ret->is_mptcp = false;
	ret->is_full = false;
	ret->has_keys = false;
	ret->spared = 0;
	ret->syn_queue = 0;
	ret->backlog = ~0U;
	if (s) {
		rcv.space_bytes = (__u64)(__u32)s->sk_rcvbuf * scaling_ratio(tp) >> WIN_SCALE_SHIFT;
		rcv.clamp_bytes = tp->window_clamp;
		if ((BPF_CORE_READ_BITFIELD(s, sk_userlocks) & SOCK_RCVBUF_LOCK) &&
		    (!rcv.clamp_bytes || rcv.clamp_bytes > rcv.space_bytes))
			rcv.clamp_bytes = rcv.space_bytes;
		ret->is_mptcp = tp->is_mptcp;
		ret->has_keys = has_keys(tp);
		ret->is_full = is_accept_queue_full(s);
		ret->syn_queue = icsk->icsk_accept_queue.qlen.counter;
		ret->backlog = s->sk_max_ack_backlog;
		if (is_plain_listener(icsk))
			ret->spared =
				lookups_spared(ret->backlog, s->sk_ack_backlog, ret->syn_queue);
	}
	ret->wscale = wscale_of(rcv.space_bytes, rcv.clamp_bytes);
	ret->space_bytes = rcv.space_bytes;
	ret->clamp_bytes = rcv.clamp_bytes;
	ret->mss = 0;
}

/* The window for an MSS: nearly all clients have the same, and it costs a division. */
static __always_inline __u16 listener_window(struct listener_record *rec, __u16 mss)
{
	const struct rcv_space rcv = { rec->space_bytes, rec->clamp_bytes };

	if (unlikely(rec->mss != mss)) {
		rec->mss = mss;
		rec->rcv_window = rcv_window(&rcv, mss);
	}
	return rec->rcv_window;
}

/* Has this CPU lookups left in this window? */
static __always_inline bool has_lookups(const struct cpu_state *cpu, __u64 now_ms)
{
	return cpu->lookup_window != lookup_window(now_ms) ||
	       cpu->lookups_used < LOOKUPS_PER_WINDOW;
}

/* Would this SYN ask the kernel? */
static __always_inline bool lookup_due(const struct cpu_state *cpu,
				       const struct listener_record *rec, __u64 now_ms)
{
	return rec->window != lookup_window(now_ms) || has_lookups(cpu, now_ms);
}

/* May this SYN ask the kernel? Always when its service's record is of an earlier window. */
static __always_inline bool lookup_allowed(struct cpu_state *cpu, const struct listener_record *rec,
					   __u64 now_ms)
{
	__u32 window = lookup_window(now_ms);

	if (cpu->lookup_window != window) {
		cpu->lookup_window = window;
		cpu->lookups_used = 0;
	}
	if (rec->window == window && cpu->lookups_used >= LOOKUPS_PER_WINDOW)
		return false;
	cpu->lookups_used++;
	return true;
}

static __always_inline void listener_missed(struct listener_record *rec, __u64 now_ms)
{
	if (rec->is_there)
		rec->gone_ms = now_ms;
	rec->is_there = false;
}

/* What there is for a SYN's tuple. */
enum tuple_state {
	TUPLE_FREE,      /* a listener, as the record says, or nothing at all */
	TUPLE_UNASKED,   /* most probably the same: the listener spared it the question */
	TUPLE_HELD,      /* a connection, or a handshake */
	TUPLE_TIME_WAIT, /* a connection that a SYN may follow */
	TUPLE_REPEATED,  /* held, and its SYNs come faster than any client's */
};

/* Ask the kernel; the record of the listener, if that is what is found, is brought up to date. */
static __always_inline enum tuple_state tuple_ask(void *ctx, const struct judgement *j,
						  struct listener_record *rec)
{
	struct bpf_sock *sk = socket_lookup(ctx, j->pkt);
	enum tuple_state state = TUPLE_FREE;

	if (!sk) {
		rec->window = lookup_window(j->now_ms);
		listener_missed(rec, j->now_ms);
		return TUPLE_FREE;
	}
	if (sk->state == BPF_TCP_LISTEN) {
		listener_read(sk, rec);
		rec->window = lookup_window(j->now_ms);
		rec->dst_end = j->pkt->dst.word[3];
		rec->port = j->pkt->dport;
	} else {
		state = sk->state == BPF_TCP_TIME_WAIT ? TUPLE_TIME_WAIT : TUPLE_HELD;
	}
	bpf_sk_release(sk);
	return state;
}

/* A listener that was there a moment ago: its server is being restarted. */
#define RESTART_MS 5000

static __always_inline bool listener_may_return(const struct listener_record *rec, __u64 now_ms)
{
	return rec->gone_ms && (__u32)now_ms - rec->gone_ms < RESTART_MS;
}

#endif
