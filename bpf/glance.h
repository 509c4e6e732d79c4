/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What most packets of a server are, told from bytes at fixed places: no TCP, for a port that
 * nobody protects, or of a connection that had a packet in this second. What is of none may be a
 * plain SYN (lane.h). All that is not so plain, or not so well known, is GO_ON:
 * parse.h reads it in full.
 */
#ifndef SYNWARD_GLANCE_H
#define SYNWARD_GLANCE_H

#include "lane.h"

#define IPV4_PLAIN 0x45 /* version 4, no options */
#define IPV6_VERSION 6

/* Of a connection, as far as one can see. */
static __always_inline bool is_of_connection(const struct tcphdr *th)
{
	return (tcp_flags(th) & (TCP_SYN | TCP_ACK)) == TCP_ACK;
}

/* Its end is no matter for a glance. */
static __always_inline enum reason glance_flow(struct judgement *j, const struct tcphdr *th,
					       __u64 id)
{
	clock_read(j);
	j->flow_id = id;
	if (tcp_flags(th) & (TCP_FIN | TCP_RST))
		return GO_ON;
	return flow_is_seen(id, j->second) ? FLOW_KNOWN : GO_ON;
}

static __always_inline enum reason glance_v4(struct xdp_md *ctx, struct judgement *j, void *frame,
					     void *end)
{
	const struct iphdr *ip = frame + ETH_HLEN;
	const struct tcphdr *th = (void *)(ip + 1);
	__u32 port;

	if ((void *)(th + 1) > end)
		return GO_ON;
	if (ip->protocol != IPPROTO_TCP)
		return NOT_TCP;
	if (*(const __u8 *)ip != IPV4_PLAIN || (ip->frag_off & bpf_htons(IP_FRAGMENT_BITS)))
		return GO_ON;
	port = port_number(th->dest);
	if (!port)
		return NOT_SERVICE;
	if (!is_of_connection(th))
		return lane_v4(ctx, j, frame, end, port);
	return glance_flow(
		j, th, flow_id_v4(&j->cpu->flow_key, ip->saddr, ip->daddr, th->source, th->dest));
}

static __always_inline enum reason glance_v6(struct xdp_md *ctx, struct judgement *j, void *frame,
					     void *end)
{
	const struct ipv6hdr *ip6 = frame + ETH_HLEN;
	const struct tcphdr *th = (void *)(ip6 + 1);
	__u32 port;

	if ((void *)(ip6 + 1) > end)
		return GO_ON;
	if (ip6->nexthdr == IPPROTO_UDP)
		return NOT_TCP;
	if ((void *)(th + 1) > end || ip6->nexthdr != IPPROTO_TCP ||
	    *(const __u8 *)ip6 >> 4 != IPV6_VERSION)
		return GO_ON;
	port = port_number(th->dest);
	if (!port)
		return NOT_SERVICE;
	if (!is_of_connection(th))
		return lane_v6(ctx, j, frame, end, port);
	return glance_flow(j, th,
			   flow_id_v6(&j->cpu->flow_key, ip6->saddr.s6_addr32, ip6->daddr.s6_addr32,
				      th->source, th->dest));
}

static __always_inline enum reason glance(struct xdp_md *ctx, struct judgement *j, void *frame,
					  void *end)
{
	__be16 proto;

	if (frame + ETH_HLEN > end)
		return GO_ON;
	proto = *(const __be16 *)(frame + 2 * ETH_ALEN); /* of the packed struct, bytes are read */
	if (proto == bpf_htons(ETH_P_IP))
		return glance_v4(ctx, j, frame, end);
	if (proto == bpf_htons(ETH_P_IPV6))
		return glance_v6(ctx, j, frame, end);
	return GO_ON;
}

#endif
