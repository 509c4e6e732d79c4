/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a segment does to a handshake that the kernel holds. The kernel's own request socket is
 * asked, so that a segment which the kernel will ignore does not end anything here, but where its
 * listener spares the question for room (listener.h); what is looked at, and in which order, is
 * tcp_check_req()'s.
 */
#ifndef SYNWARD_REQUEST_H
#define SYNWARD_REQUEST_H

#include "checksum.h"
#include "handshake.h"

/* RFC 7323 §5: is this segment's timestamp older than what came last, or an echo of nothing that
 * was sent? */
static __always_inline bool is_time_refused(const struct tcp_request_sock___local *req,
					    const struct tcp_opts *opts)
{
	__u32 first, last;

	if (!opts->has_timestamps)
		return false;
	if (req->req.req.ts_recent && (__s32)(req->req.req.ts_recent - opts->tsval) > 0)
		return true;
	if (!bpf_core_field_exists(req->snt_tsval_first) || !opts->tsecr ||
	    !BPF_CORE_READ_BITFIELD(&req->req, tstamp_ok))
		return false;
	first = req->snt_tsval_first;
	last = req->snt_tsval_last;
	return last - first < opts->tsecr - first;
}

/* Does the listener spare us the question? */
static __always_inline bool is_room_believed(const struct judgement *j)
{
	struct listener_record *rec = bpf_map_lookup_elem(&listeners, &j->listener);

	return rec && lookup_spare_take(j, rec);
}

/*
 * Will the listener take the connection? Not while the accept queue is full: the kernel keeps the
 * handshake for another try; and with TCP_DEFER_ACCEPT not before there are data. The listener is
 * in a union, through which the verifier does not follow pointers.
 */
static __always_inline bool is_taken(const struct tcp_request_sock___local *req,
				     const struct pkt *p)
{
	const struct sock___local *listener = BPF_CORE_READ(req, req.req.__req_common.skc_listener);
	const struct inet_connection_sock___local *icsk = (const void *)listener;

	if (BPF_CORE_READ(icsk, icsk_accept_queue.rskq_defer_accept) && !p->payload_bytes &&
	    !(p->flags & TCP_FIN))
		return false;
	return BPF_CORE_READ(listener, sk_ack_backlog) <=
	       BPF_CORE_READ(listener, sk_max_ack_backlog);
}

/* @sk is the request, the header and options of the segment are in cpu_state. */
static __always_inline enum reason request_judge(struct bpf_sock *sk, const struct judgement *j)
{
	struct tcp_request_sock___local *req = (void *)bpf_skc_to_tcp_request_sock(sk);
	const struct pkt *p = j->pkt;

	if (!req || bpf_ntohl(p->seq) - req->rcv_nxt > req->req.req.__req_common.skc_rcv_wnd ||
	    is_time_refused(req, &j->cpu->opts))
		return KERNEL_HANDSHAKE;
	if (p->flags & (TCP_RST | TCP_SYN))
		return KERNEL_HANDSHAKE_RESET;
	if (!(p->flags & TCP_ACK) || bpf_ntohl(p->ack) - 1 != req->snt_isn ||
	    !(is_room_believed(j) || is_taken(req, p)))
		return KERNEL_HANDSHAKE;
	return KERNEL_HANDSHAKE_DONE;
}

/* Do it to what we know of it: @why from request_judge(), @f the flow's entry or NULL. */
static __always_inline enum reason handshake_step(struct xdp_md *ctx, const struct judgement *j,
						  struct flow *f, enum reason why, __u64 sum)
{
	if (!f || why == KERNEL_HANDSHAKE)
		return why;
	if (!segment_checksum_ok(ctx, j, sum))
		return KERNEL_HANDSHAKE;
	if (why == KERNEL_HANDSHAKE_DONE) {
		handshake_finish(j, f);
		flow_seen_add(j->flow_id, j->second);
	} else {
		handshake_end(j, f);
	}
	return why;
}

#endif
