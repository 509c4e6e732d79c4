/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The SYN that floods are made of, and most clients send: plain headers, options as Linux or
 * Windows writes them or none, no data; to a service that is armed, from nobody whom we know, when
 * this CPU has no lookup left (listener.h). It is judged here with all offsets constant, its
 * addresses in registers. Nothing is decided here alone: what is not so plain, or not in order, is
 * GO_ON and has left no trace but its service's ticket, and syn.h judges it in full.
 */
#ifndef SYNWARD_LANE_H
#define SYNWARD_LANE_H

#include "ticket.h"

/* More may go on in other buffers, and is no plain SYN. Where a NIC splits headers off, padding
 * may, too: it goes back to the neighbour that made it. */
#define LANE_FRAME_MAX 256

/* Is it as long as its header says, and nothing but a SYN? ECN apart, and the four bits between. */
static __always_inline bool is_plain_syn(const __be32 *th, __u32 l4_bytes)
{
	return (th[3] & bpf_htonl(0xf03f0000)) == bpf_htonl(l4_bytes / 4 << 28 | TCP_SYN << 16);
}

/* The layouts of options that are plain; each is judged by code of its own, in which the compiler
 * knows which options there are. Reads them and the header's sum: false, if they are others. */
static __always_inline bool lane_options(const __be32 *th, const void *end, __u32 option_bytes,
					 struct tcp_opts *ret, __u64 *ret_sum)
{
	const __be32 *options = th + TCP_HEADER_MIN / 4;

	if ((void *)options + option_bytes > end)
		return false;
	*ret_sum = 0;
	UNROLL
	for (__u32 i = 0; i < (TCP_HEADER_MIN + option_bytes) / 4; i++)
		*ret_sum += th[i];
	/* clang 14 would add up last, and keep ten words on the stack until then */
	barrier_var(*ret_sum);
	switch (option_bytes) {
	case OPTIONS_LINUX:
		return options_linux(options, ret) && ret->mss;
	case OPTIONS_WINDOWS:
		return options_windows(options, ret) && ret->mss;
	default:
		return options_none(options, ret);
	}
}

/* Can the source be on a list? */
static __always_inline bool may_be_listed(const struct pkt *p)
{
	return (p->is_v6 ? list_conf.levels_v6 : list_conf.levels_v4) &&
	       list_maybe(address_upper(&p->src, p->is_v6), p->is_v6);
}

/* Is anything known of its flow? */
static __always_inline bool is_stranger(struct judgement *j, const struct pkt *p)
{
	j->flow_id = flow_id_make(&j->cpu->flow_key, p);
	return !flow_may_be_known(j->flow_id);
}

static __always_inline enum reason lane_answer(struct xdp_md *ctx, struct judgement *j,
					       const struct pkt *p, const struct tcp_opts *opts,
					       struct ticket *t)
{
	__u32 may = TICKET_MAY | (settings.flags & MAY_ECN);
	struct reply reply;

	j->here->counts.syns++;
	if (unlikely(rate_count(j, t->flush_every))) {
		ticket_row(j, t);
		rate_judge(j);
		t->is_attacked = is_attacked(j);
	}
	if (t->is_attacked)
		source_sample(j, p);
	if (!synack_take(j, p))
		return SYN_OVER_CAP;
	cookie_plan(j, p, opts, may, epoch_key(j->cpu, epoch_now(j)), &reply);
	answer_plan(opts, t->mss, t->wscale, ticket_window(t, reply.got.mss), t->hop_limit, &reply);
	if (!answer_write(ctx, p, ETH_HLEN, &reply))
		return SYN_NO_ROOM;
	answer_count(j, t->bucket);
	if (unlikely(!t->is_used)) {
		t->is_used = true;
		ticket_row(j, t);
		cookies_begin(j);
	}
	return SYN_COOKIE;
}

static __always_inline enum reason lane_judge(struct xdp_md *ctx, struct judgement *j,
					      const void *frame, const void *end,
					      const struct pkt *p, const struct tcphdr *th,
					      struct ticket *t, __u32 option_bytes)
{
	__u32 l4_bytes = TCP_HEADER_MIN + option_bytes;
	struct tcp_opts opts;
	__u64 sum;

	if (!is_plain_syn((const void *)th, l4_bytes) ||
	    !lane_options((const void *)th, end, option_bytes, &opts, &sum) ||
	    syn_judge(p, &opts) != GO_ON || is_from_us(p))
		return GO_ON;
	sum += csum_pseudo(csum_addr(&p->src, p->is_v6) + csum_addr(&p->dst, p->is_v6), l4_bytes);
	if (!csum_is_right(sum) || !ticket_takes(t, frame) || may_be_listed(p) ||
	    !is_stranger(j, p))
		return GO_ON;
	j->row_index = t->row;
	j->here = bpf_map_lookup_elem(&row_cpu, &j->row_index);
	return j->here ? lane_answer(ctx, j, p, &opts, t) : GO_ON;
}

/* @p is filled but for what only the TCP header says, @th is whole without its options. In peace
 * a service has no ticket, and nothing else is asked here. */
static __always_inline enum reason lane(struct xdp_md *ctx, struct judgement *j, void *frame,
					void *end, struct pkt *p, const struct tcphdr *th,
					__u32 port, __u32 l4_bytes)
{
	struct ticket *t;

	p->dport = th->dest;
	clock_read(j);
	t = ticket_find(j, p, port);
	if (!t)
		return GO_ON;
	p->is_from_group = ((const struct ethhdr *)frame)->h_source[0] & 1;
	p->sport = th->source;
	p->seq = th->seq;
	p->flags = tcp_flags(th);
	switch (l4_bytes) {
	case TCP_HEADER_MIN + OPTIONS_LINUX:
		return lane_judge(ctx, j, frame, end, p, th, t, OPTIONS_LINUX);
	case TCP_HEADER_MIN + OPTIONS_WINDOWS:
		return lane_judge(ctx, j, frame, end, p, th, t, OPTIONS_WINDOWS);
	case TCP_HEADER_MIN:
		return lane_judge(ctx, j, frame, end, p, th, t, 0);
	}
	return GO_ON;
}

/* The headers are whole; that of IP has no options and is of no fragment. */
static __always_inline enum reason lane_v4(struct xdp_md *ctx, struct judgement *j, void *frame,
					   void *end, __u32 port)
{
	const struct iphdr *ip = frame + ETH_HLEN;
	const struct tcphdr *th = (const void *)(ip + 1);
	__u32 linear = end - frame, total = bpf_ntohs(ip->tot_len);
	struct pkt p = { .frame_bytes = linear, .l3_off = ETH_HLEN, .dsfield = ip->tos };

	if (linear < ETH_HLEN + total || linear > LANE_FRAME_MAX ||
	    !ipv4_plain_checksum_ok((const void *)ip))
		return GO_ON;
	addr_from_v4(&p.src, ip->saddr);
	addr_from_v4(&p.dst, ip->daddr);
	return lane(ctx, j, frame, end, &p, th, port, total - sizeof(*ip));
}

static __always_inline enum reason lane_v6(struct xdp_md *ctx, struct judgement *j, void *frame,
					   void *end, __u32 port)
{
	const struct ipv6hdr *ip6 = frame + ETH_HLEN;
	const struct tcphdr *th = (const void *)(ip6 + 1);
	__u32 linear = end - frame, payload = bpf_ntohs(ip6->payload_len);
	struct pkt p = { .frame_bytes = linear,
			 .l3_off = ETH_HLEN,
			 .is_v6 = true,
			 .dsfield = ip6->priority << 4 | ip6->flow_lbl[0] >> 4 };

	if (linear < ETH_HLEN + sizeof(*ip6) + payload || linear > LANE_FRAME_MAX ||
	    is_mapped(ip6->daddr.s6_addr32))
		return GO_ON;
	__builtin_memcpy(&p.src, &ip6->saddr, sizeof(p.src));
	__builtin_memcpy(&p.dst, &ip6->daddr, sizeof(p.dst));
	return lane(ctx, j, frame, end, &p, th, port, payload);
}

#endif
