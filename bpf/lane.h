/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The SYN that floods are made of, and most clients send: plain headers, options as Linux or
 * Windows writes them or none, no data; to a service that is armed, from nobody whom we know, when
 * this CPU has no lookup left (listener.h). It is judged here with all offsets constant, its
 * addresses in registers. Nothing is decided here alone: what is not so plain, or not in order, is
 * GO_ON and has left no trace, and syn.h judges it in full.
 */
#ifndef SYNWARD_LANE_H
#define SYNWARD_LANE_H

#include "syn.h"

/* More may go on in other buffers, and is no plain SYN. Where a NIC splits headers off, padding
 * may, too: it goes back to the neighbour that made it. */
#define LANE_FRAME_MAX 256

/* The options of one of the common layouts, and the sum of the TCP header, from the packet. */
static __always_inline bool lane_options(const __be32 *th, const void *end, __u32 l4_bytes,
					 struct tcp_opts *ret, __u64 *ret_sum)
{
	const __be32 *options = th + TCP_HEADER_MIN / 4;

	*ret_sum = 0;
#define HEADER_IS(option_bytes, read)                                           \
	case TCP_HEADER_MIN + (option_bytes):                                   \
		if ((void *)(options + (option_bytes) / 4) > end)               \
			return false;                                           \
		UNROLL                                                          \
		for (int i = 0; i < (TCP_HEADER_MIN + (option_bytes)) / 4; i++) \
			*ret_sum += th[i];                                      \
		return read(options, ret)
	switch (l4_bytes) {
		HEADER_IS(OPTIONS_LINUX, options_linux);
		HEADER_IS(OPTIONS_WINDOWS, options_windows);
		HEADER_IS(0, options_none);
	}
#undef HEADER_IS
	return false;
}

/* Is it for an armed service of ours, of which a SYN means a cookie whatever else it says? */
static __always_inline bool lane_service(struct judgement *j, const struct dev_conf *dev,
					 const void *frame, const struct pkt *p)
{
	if (service_find(j, p) != GO_ON || !mac_equal(frame, (const void *)dev->mac))
		return false;
	clock_read(j);
	j->state = forget(j->cpu, row_state_of(j->row, j->live, j->now_ms));
	if (!is_armed(j) || (j->row->flags & (ROW_SERVER_FIRST | ROW_BY_KERNEL)))
		return false;
	if (settings.flags & REPLY_BY_ROUTE ||
	    ((p->is_v6 ? list_conf.levels_v6 : list_conf.levels_v4) &&
	     list_maybe(address_upper(&p->src, p->is_v6), p->is_v6)))
		return false;
	return device_ready(j, dev) == GO_ON;
}

/* Would syn.h ask nobody about it? */
static __always_inline bool lane_is_stranger(struct judgement *j, const struct pkt *p,
					     const struct listener_record *rec)
{
	const struct flow_tags *tags;
	struct sip_key key;

	if (!rec->is_there || rec->is_mptcp || rec->is_full || lookup_due(j->cpu, rec, j->now_ms))
		return false;
	flow_key(j->cpu, &key);
	j->flow_id = flow_id_make(&key, p);
	tags = flow_tags_of(j->flow_id);
	return tags && !flow_tags_have(tags, flow_tag(j->flow_id));
}

static __always_inline enum reason lane_answer(struct xdp_md *ctx, struct judgement *j,
					       const struct dev_conf *dev, const struct pkt *p,
					       struct listener_record *rec)
{
	struct reply *reply = &j->cpu->reply;

	j->here->counts.syns++;
	arm_by_rate(j);
	if (is_attacked(j))
		source_sample(j, p);
	if (!synack_take(j, p))
		return SYN_OVER_CAP;
	cookie_plan(j, p, &j->cpu->opts, reply);
	answer_plan(p, &j->cpu->opts, dev, dev->mtu, rec, reply);
	return syn_answer(ctx, j, p, ETH_HLEN, reply);
}

/* @p is filled but for what only the TCP header says, @th is whole without its options. */
static __always_inline enum reason lane(struct xdp_md *ctx, struct judgement *j, void *frame,
					void *end, struct pkt *p, const struct tcphdr *th,
					__u32 l4_len)
{
	const struct dev_conf *dev = &devices[dev_slot];
	struct listener_record *rec;
	__u64 sum;

	p->is_from_group = ((const struct ethhdr *)frame)->h_source[0] & 1;
	p->sport = th->source;
	p->dport = th->dest;
	p->seq = th->seq;
	p->flags = ((const __u8 *)th)[TCP_FLAGS_AT];
	if ((p->flags & ~(TCP_ECE | TCP_CWR)) != TCP_SYN ||
	    !lane_options((const void *)th, end, l4_len, &j->cpu->opts, &sum) ||
	    th->doff * 4 != l4_len || syn_judge(p, &j->cpu->opts) != GO_ON || is_from_us(p))
		return GO_ON;
	sum += csum_pseudo(csum_addr(&p->src, p->is_v6) + csum_addr(&p->dst, p->is_v6), l4_len);
	if (csum_fold(sum) != 0xffff || !lane_service(j, dev, frame, p))
		return GO_ON;
	rec = bpf_map_lookup_elem(&listeners, &j->listener);
	if (!rec || !lane_is_stranger(j, p, rec))
		return GO_ON;
	return lane_answer(ctx, j, dev, p, rec);
}

/* The headers are whole; that of IP has no options and is of no fragment. */
static __always_inline enum reason lane_v4(struct xdp_md *ctx, struct judgement *j, void *frame,
					   void *end)
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
	return lane(ctx, j, frame, end, &p, th, total - sizeof(*ip));
}

static __always_inline enum reason lane_v6(struct xdp_md *ctx, struct judgement *j, void *frame,
					   void *end)
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
	return lane(ctx, j, frame, end, &p, th, payload);
}

#endif
