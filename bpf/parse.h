/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From bytes to struct pkt: Ethernet, up to two VLAN tags, IPv4 with options, IPv6 with a bounded
 * walk of extension headers, TCP. All bounds checks on input are here and in tcpopt.h. Whether a
 * packet is wanted is for others to say; what is not plain TCP gets its reason here, and a header
 * that lies is left to the kernel, which knows how to refuse it.
 *
 * RFC 791, RFC 8200 (§4 extension headers), RFC 9293 (§3.1).
 */
#ifndef SYNWARD_PARSE_H
#define SYNWARD_PARSE_H

#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>

#include "base.h"
#include "csum.h"

#define VLAN_TAGS_MAX 2
#define EXT_HEADERS_MAX 6
#define EXT_BYTES_MAX 256
#define IP_FRAGMENT_BITS 0x3fff /* MF and the offset */
#define IP_OFFSET_BITS 0x1fff

/* The 14th byte of the TCP header, and the bit before it that AccECN took (RFC 9768). */
#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_PSH 0x08
#define TCP_ACK 0x10
#define TCP_URG 0x20
#define TCP_ECE 0x40
#define TCP_CWR 0x80

/* A segment that opens a connection. Reserved bits, ECE, CWR, PSH and URG do not disqualify it
 * (AccECN, RFC 9768). */
static __always_inline bool is_syn(__u8 flags)
{
	return (flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

#define TCP_FLAGS_AT 13

static __always_inline __u8 tcp_flags(const struct tcphdr *th)
{
	return ((const __u8 *)th)[TCP_FLAGS_AT];
}

#define TCP_HEADER_MIN 20
#define TCP_OPTIONS_MAX 40

struct vlan_tag {
	__be16 tci;
	__be16 next_proto;
};

/* A TCP packet, IPv4 and IPv6 alike. Offsets, not pointers: they outlive a resize of the frame. */
struct pkt {
	struct ip_addr src, dst;
	__be32 seq, ack;
	__be16 sport, dport;
	__u16 frame_bytes;
	__u16 payload_bytes;
	__u16 l3_off;
	__u16 l4_off;
	__u8 l4_bytes; /* TCP header with options */
	__u8 flags;    /* TCP_* */
	__u8 dsfield;
	bool is_v6;
	bool is_from_group; /* a multicast MAC cannot have sent it */
	/* With FRAGMENT alone: it begins a TCP segment that is a SYN, or shows too little of it. */
	bool may_begin_syn;
};

/*
 * Where the headers are in the frame. The masks are above the largest offsets that the parser makes
 * (22 and 318) and tell the verifier so; the volatile read makes it forget through which of many
 * paths the parser came, or it would follow each of them to the end (clang 14, Linux 6.18: more
 * than a million instructions).
 */
#define L3_OFF_MASK 0x1f
#define L4_OFF_MASK 0x1ff

static __always_inline __u32 pkt_l3_off(const struct pkt *p)
{
	return *(const volatile __u16 *)&p->l3_off & L3_OFF_MASK;
}

static __always_inline void *pkt_l3(void *frame, const struct pkt *p)
{
	return frame + pkt_l3_off(p);
}

static __always_inline void *pkt_l4(void *frame, const struct pkt *p)
{
	return frame + (*(const volatile __u16 *)&p->l4_off & L4_OFF_MASK);
}

static __always_inline bool is_vlan(__be16 proto)
{
	return proto == bpf_htons(ETH_P_8021Q) || proto == bpf_htons(ETH_P_8021AD);
}

/* IEEE 802.1Q: a tag that names no VLAN. The kernel takes off as many of these as there are. */
static __always_inline bool is_priority(const struct vlan_tag *tag)
{
	return !(tag->tci & bpf_htons(0x0fff));
}

static __always_inline enum reason parse_eth(void *frame, void *end, struct pkt *p,
					     __be16 *ret_proto)
{
	struct ethhdr *eth = frame;
	struct vlan_tag *tag = (void *)(eth + 1);
	bool has_priority = false;
	__be16 proto;

	if ((void *)(eth + 1) > end)
		return NOT_IP;
	proto = eth->h_proto;
	p->is_from_group = eth->h_source[0] & 1;
	p->l3_off = ETH_HLEN;
	for (int i = 0; i < VLAN_TAGS_MAX && is_vlan(proto); i++, tag++) {
		if ((void *)(tag + 1) > end)
			return NOT_IP;
		has_priority |= is_priority(tag);
		proto = tag->next_proto;
		p->l3_off += sizeof(*tag);
	}
	if (unlikely(is_vlan(proto)))
		return has_priority || (void *)(tag + 1) > end || is_priority(tag) ? TAGS_TOO_DEEP :
										     NOT_IP;
	*ret_proto = proto;
	return GO_ON;
}

/* Of a TCP segment that is cut into fragments only @bytes are here: can it be a SYN? What lies
 * behind them is padding, and shows nothing. */
static __always_inline bool may_be_syn(void *tcp, void *end, __s32 bytes)
{
	__u8 *flags = tcp + TCP_FLAGS_AT;

	return bytes <= TCP_FLAGS_AT || (void *)(flags + 1) > end || is_syn(*flags);
}

/* The length of the TCP segment, from the IP header alone: padding behind the datagram never
 * counts. */
static __always_inline enum reason parse_ipv4(void *frame, void *end, struct pkt *p,
					      __u32 *ret_l4_len)
{
	struct iphdr *ip = pkt_l3(frame, p);
	__u32 header, total;

	if ((void *)(ip + 1) > end)
		return BAD_HEADER;
	if (ip->protocol != IPPROTO_TCP)
		return NOT_TCP;
	header = ip->ihl * 4;
	total = bpf_ntohs(ip->tot_len);
	if (ip->frag_off & bpf_htons(IP_FRAGMENT_BITS)) {
		p->may_begin_syn = !(ip->frag_off & bpf_htons(IP_OFFSET_BITS)) &&
				   may_be_syn((void *)ip + header, end, (__s32)(total - header));
		return FRAGMENT;
	}
	if (ip->version != 4 || header < sizeof(*ip) || total < header ||
	    total > (__u32)p->frame_bytes - p->l3_off)
		return BAD_HEADER;
	p->is_v6 = false;
	p->dsfield = ip->tos;
	addr_from_v4(&p->src, ip->saddr);
	addr_from_v4(&p->dst, ip->daddr);
	p->l4_off = p->l3_off + header;
	*ret_l4_len = total - header;
	return GO_ON;
}

static __always_inline bool is_ext_header(__u8 next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS ||
	       next == IPPROTO_AH;
}

/* RFC 8200 §4.5, and RFC 6946 for those that are whole. */
struct frag_header {
	__u8 next;
	__u8 reserved;
	__be16 offset; /* in the upper 13 bits */
	__be32 id;
};

/* @bytes: of the IPv6 payload, from the fragment header on. */
static __always_inline enum reason parse_fragment(struct frag_header *frag, void *end, __s32 bytes,
						  struct pkt *p)
{
	if ((void *)(frag + 1) > end)
		return BAD_HEADER;
	p->may_begin_syn = false;
	if (frag->offset & bpf_htons(0xfff8))
		return FRAGMENT;
	if (frag->next == IPPROTO_TCP)
		p->may_begin_syn = may_be_syn(frag + 1, end, bytes - (__s32)sizeof(*frag));
	else
		p->may_begin_syn = is_ext_header(frag->next);
	return FRAGMENT;
}

/* Walks from the fixed header to TCP. A Routing header that is not spent has another destination
 * than the one it shows, so it is left to the kernel. */
static __always_inline enum reason parse_ext_headers(void *ext_at, void *end, __u8 next,
						     __u32 payload, struct pkt *p, __u32 *ret_bytes)
{
	__u32 bytes = 0;

	for (int i = 0; i < EXT_HEADERS_MAX && is_ext_header(next); i++) {
		__u8 *ext = ext_at + bytes;
		__u32 len;

		if ((void *)(ext + 4) > end)
			return BAD_HEADER;
		if (next == IPPROTO_ROUTING && ext[3])
			return EXT_ROUTED;
		len = next == IPPROTO_AH ? (ext[1] + 2) * 4 : (ext[1] + 1) * 8;
		bytes += len;
		if (bytes > EXT_BYTES_MAX)
			return EXT_TOO_DEEP;
		next = ext[0];
	}
	*ret_bytes = bytes;
	if (next == IPPROTO_TCP)
		return GO_ON;
	if (next == IPPROTO_FRAGMENT)
		return parse_fragment(ext_at + bytes, end, (__s32)(payload - bytes), p);
	return is_ext_header(next) ? EXT_TOO_DEEP : NOT_TCP;
}

/* ::ffff:a.b.c.d is how IPv4 is written here; on the wire it is nobody. */
static __always_inline bool is_mapped(const __be32 *addr)
{
	return !addr[0] && !addr[1] && addr[2] == bpf_htonl(0xffff);
}

static __always_inline enum reason parse_ipv6(void *frame, void *end, struct pkt *p,
					      __u32 *ret_l4_len)
{
	struct ipv6hdr *ip6 = pkt_l3(frame, p);
	__u32 payload, ext_bytes = 0;
	enum reason why;

	if ((void *)(ip6 + 1) > end)
		return BAD_HEADER;
	payload = bpf_ntohs(ip6->payload_len);
	if (is_mapped(ip6->daddr.s6_addr32))
		return NOT_SERVICE;
	if (!payload && ip6->nexthdr == IPPROTO_HOPOPTS)
		return EXT_TOO_DEEP; /* a jumbogram (RFC 2675), or what the kernel takes for one */
	if (ip6->nexthdr != IPPROTO_TCP) {
		why = parse_ext_headers(ip6 + 1, end, ip6->nexthdr, payload, p, &ext_bytes);
		if (why != GO_ON)
			return why;
	}
	if (ip6->version != 6 || payload < ext_bytes ||
	    payload + sizeof(*ip6) > (__u32)p->frame_bytes - p->l3_off)
		return BAD_HEADER;
	p->is_v6 = true;
	p->dsfield = ip6->priority << 4 | ip6->flow_lbl[0] >> 4;
	__builtin_memcpy(&p->src, &ip6->saddr, sizeof(p->src));
	__builtin_memcpy(&p->dst, &ip6->daddr, sizeof(p->dst));
	p->l4_off = p->l3_off + sizeof(*ip6) + ext_bytes;
	*ret_l4_len = payload - ext_bytes;
	return GO_ON;
}

static __always_inline enum reason parse_tcp(void *frame, void *end, struct pkt *p, __u32 l4_len)
{
	struct tcphdr *th = pkt_l4(frame, p);

	if ((void *)(th + 1) > end)
		return BAD_HEADER;
	p->l4_bytes = th->doff * 4;
	if (p->l4_bytes < TCP_HEADER_MIN || p->l4_bytes > l4_len)
		return BAD_HEADER;
	p->payload_bytes = l4_len - p->l4_bytes;
	p->flags = tcp_flags(th);
	p->sport = th->source;
	p->dport = th->dest;
	p->seq = th->seq;
	p->ack = th->ack_seq;
	return GO_ON;
}

/* From the network header on; p->l3_off and p->frame_bytes are set. */
static __always_inline enum reason parse_network(void *frame, void *end, __be16 proto,
						 struct pkt *p)
{
	__u32 l4_len = 0;
	enum reason why;

	if (proto == bpf_htons(ETH_P_IP))
		why = parse_ipv4(frame, end, p, &l4_len);
	else if (proto == bpf_htons(ETH_P_IPV6))
		why = parse_ipv6(frame, end, p, &l4_len);
	else
		return NOT_IP;
	if (why != GO_ON)
		return why;
	return parse_tcp(frame, end, p, l4_len);
}

/*
 * Fill @p from @frame. @frame_bytes is the whole frame, @end may come earlier when the rest is in
 * fragments (jumbo frames) or not linear (skb).
 * Returns GO_ON, or the reason why the packet is none of ours; @p is then undefined.
 */
static __always_inline enum reason parse_packet(void *frame, void *end, __u32 frame_bytes,
						struct pkt *p)
{
	__be16 proto = 0;
	enum reason why;

	if (frame_bytes > 0xffff)
		return BAD_HEADER;
	p->frame_bytes = frame_bytes;
	why = parse_eth(frame, end, p, &proto);
	if (why != GO_ON)
		return why;
	return parse_network(frame, end, proto, p);
}

/* The same for a packet that begins with its network header. */
static __always_inline enum reason parse_packet_l3(void *frame, void *end, __u32 frame_bytes,
						   __be16 proto, struct pkt *p)
{
	if (frame_bytes > 0xffff)
		return BAD_HEADER;
	p->frame_bytes = frame_bytes;
	p->l3_off = 0;
	return parse_network(frame, end, proto, p);
}

/* The TCP header as it came, copied so that options can be read without asking for bounds again. */
struct tcp_header {
	__be32 word[(TCP_HEADER_MIN + TCP_OPTIONS_MAX) / 4];
};

/*
 * Copy the TCP header of @p and add it up. The number of words selects straight-line code: a loop
 * over packet bytes would pay for a bounds check each. Returns false when the header is not whole
 * in linear memory.
 */
static __always_inline bool tcp_header_read(void *frame, void *end, const struct pkt *p,
					    struct tcp_header *ret, __u64 *ret_sum)
{
	const __be32 *from = pkt_l4(frame, p);
	__u64 sum = 0;

#define HEADER_OF(n)                            \
	case (n)*4:                             \
		if ((void *)(from + (n)) > end) \
			return false;           \
		UNROLL                          \
		for (int i = 0; i < (n); i++) { \
			ret->word[i] = from[i]; \
			sum += from[i];         \
		}                               \
		break
	switch (p->l4_bytes) {
		HEADER_OF(5);
		HEADER_OF(6);
		HEADER_OF(7);
		HEADER_OF(8);
		HEADER_OF(9);
		HEADER_OF(10);
		HEADER_OF(11);
		HEADER_OF(12);
		HEADER_OF(13);
		HEADER_OF(14);
		HEADER_OF(15);
	default:
		return false;
	}
#undef HEADER_OF
	*ret_sum = sum;
	return true;
}

#endif
