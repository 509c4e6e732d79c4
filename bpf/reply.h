/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The SYN-ACK, written over the SYN that it answers. The Ethernet header and the VLAN tags stay
 * where they are; behind them come an IP header without options or extensions, a TCP header and at
 * most five words of options, all of which fit where the SYN was, because a SYN-ACK answers only
 * options that were offered.
 *
 * reply_bytes() says how long it becomes, reply_write() asks for room before its first byte.
 */
#ifndef SYNWARD_REPLY_H
#define SYNWARD_REPLY_H

#include "base.h"
#include "cookie.h"
#include "csum.h"
#include "parse.h"

/* What the answer says, decided before the first byte is written. */
struct reply {
	__u32 isn;        /* our sequence number: the cookie; host order */
	__u32 tsval;      /* host order */
	__u32 tsecr;      /* the client's TSval */
	__u16 window;     /* bytes, unscaled */
	__u16 mss;        /* ours */
	bool has_mss;     /* the client has one, too */
	__u8 wscale;      /* ours, if the client scales */
	__u8 hop_limit;   /* TTL */
	struct offer got; /* which of the client's options it answers */
};

/*
 * Which options there are, each a word or three in the order in which Linux writes them:
 *
 *     MSS   | SACK, timestamps | value | echo |   SACK alone   | NOP, window scale
 *     HAS_MSS        HAS_TS                     HAS_SACK_ALONE        HAS_WSCALE
 */
#define HAS_MSS 1U
#define HAS_TS 2U
#define HAS_SACK_ALONE 4U /* its place behind HAS_TS is a NOP's otherwise */
#define HAS_WSCALE 8U

static __always_inline __u32 reply_layout(const struct reply *r)
{
	return (r->has_mss ? HAS_MSS : 0) |
	       (r->got.timestamps ? HAS_TS :
		r->got.sack       ? HAS_SACK_ALONE :
				    0) |
	       (r->got.wscale != WSCALE_NONE ? HAS_WSCALE : 0);
}

static __always_inline __u32 layout_words(__u32 layout)
{
	return TCP_HEADER_MIN / 4 + !!(layout & HAS_MSS) + (layout & HAS_TS ? 3 : 0) +
	       !!(layout & HAS_SACK_ALONE) + !!(layout & HAS_WSCALE);
}

/* How long the frame becomes. */
static __always_inline __u32 reply_bytes(const struct pkt *p, __u32 layout)
{
	return p->l3_off + (p->is_v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr)) +
	       layout_words(layout) * 4;
}

static __always_inline void write_ipv4(struct iphdr *ip, const struct pkt *p, const struct reply *r,
				       __u32 tcp_bytes)
{
	__be32 *w = (void *)ip;
	__u64 sum;

	w[0] = bpf_htonl(0x45000000 |
			 (__u32)(sizeof(*ip) + tcp_bytes)); /* version 4, 5 words, no ToS */
	w[1] = bpf_htonl(0x4000);                           /* no identification; DF */
	w[2] = bpf_htonl((__u32)r->hop_limit << 24 | IPPROTO_TCP << 16);
	w[3] = p->dst.word[3];
	w[4] = p->src.word[3];
	sum = (__u64)w[0] + w[1] + w[2] + w[3] + w[4];
	ip->check = (__u16)~csum_fold(sum);
}

static __always_inline void write_ipv6(struct ipv6hdr *ip6, const struct pkt *p,
				       const struct reply *r, __u32 tcp_bytes)
{
	__be32 *w = (void *)ip6;

	w[0] = bpf_htonl(0x60000000); /* version 6, no traffic class, no flow label */
	w[1] = bpf_htonl(tcp_bytes << 16 | IPPROTO_TCP << 8 | r->hop_limit);
	__builtin_memcpy(&ip6->saddr, &p->dst, sizeof(ip6->saddr));
	__builtin_memcpy(&ip6->daddr, &p->src, sizeof(ip6->daddr));
}

static __always_inline void swap_macs(void *frame)
{
	__u16 *h = frame;

	for (int i = 0; i < ETH_ALEN / 2; i++) {
		__u16 mac = h[i];

		h[i] = h[i + ETH_ALEN / 2];
		h[i + ETH_ALEN / 2] = mac;
	}
}

static __always_inline __be32 tcp_word3(__u32 nr_words, __u8 flags, __u16 window)
{
	return bpf_htonl(nr_words << 28 | (__u32)flags << 16 | window);
}

/* Writes one word, and returns what it adds to the checksum. */
static __always_inline __u64 word_put(__be32 *to, __be32 word)
{
	*to = word;
	return word;
}

/*
 * The segment with its checksum, if there is room for it at @to. @layout is a constant, so that all
 * of it is straight-line code.
 */
static __always_inline bool segment_write(__be32 *to, void *end, const struct pkt *p,
					  const struct reply *r, __u32 layout)
{
	const __u32 n = layout_words(layout);
	__u32 at = TCP_HEADER_MIN / 4;
	__u64 sum;

	if ((void *)(to + n) > end)
		return false;
	sum = csum_pseudo(csum_addr(&p->src, p->is_v6) + csum_addr(&p->dst, p->is_v6), n * 4);
	sum += word_put(to, bpf_htonl((__u32)bpf_ntohs(p->dport) << 16 | bpf_ntohs(p->sport)));
	sum += word_put(to + 1, bpf_htonl(r->isn));
	sum += word_put(to + 2, bpf_htonl(bpf_ntohl(p->seq) + 1));
	sum += word_put(to + 3,
			tcp_word3(n, TCP_SYN | TCP_ACK | (r->got.ecn ? TCP_ECE : 0), r->window));
	if (layout & HAS_MSS)
		sum += word_put(to + at++,
				OPT_WORD(TCPOPT_MSS, TCPOLEN_MSS, r->mss >> 8, r->mss & 0xff));
	if (layout & HAS_TS) {
		sum += word_put(to + at++, r->got.sack ?
						   OPT_WORD(TCPOPT_SACK_PERM, TCPOLEN_SACK_PERM,
							    TCPOPT_TIMESTAMP, TCPOLEN_TIMESTAMP) :
						   OPT_WORD(TCPOPT_NOP, TCPOPT_NOP,
							    TCPOPT_TIMESTAMP, TCPOLEN_TIMESTAMP));
		sum += word_put(to + at++, bpf_htonl(r->tsval));
		sum += word_put(to + at++, bpf_htonl(r->tsecr));
	}
	if (layout & HAS_SACK_ALONE)
		sum += word_put(to + at++, OPT_WORD(TCPOPT_NOP, TCPOPT_NOP, TCPOPT_SACK_PERM,
						    TCPOLEN_SACK_PERM));
	if (layout & HAS_WSCALE)
		sum += word_put(to + at++,
				OPT_WORD(TCPOPT_NOP, TCPOPT_WSCALE, TCPOLEN_WSCALE, r->wscale));
	((__be16 *)to)[8] = (__u16)~csum_fold(sum);
	((__be16 *)to)[9] = 0; /* no urgent pointer */
	return true;
}

static __always_inline bool segment_write_any(__be32 *to, void *end, const struct pkt *p,
					      const struct reply *r, __u32 layout)
{
#define LAYOUT(is) \
	case is:   \
		return segment_write(to, end, p, r, is)
	switch (layout) {
		LAYOUT(HAS_MSS | HAS_TS | HAS_WSCALE);         /* Linux */
		LAYOUT(HAS_MSS | HAS_SACK_ALONE | HAS_WSCALE); /* Windows */
		LAYOUT(HAS_MSS | HAS_TS);
		LAYOUT(HAS_MSS | HAS_SACK_ALONE);
		LAYOUT(HAS_MSS | HAS_WSCALE);
		LAYOUT(HAS_MSS);
		LAYOUT(HAS_TS | HAS_WSCALE);
		LAYOUT(HAS_SACK_ALONE | HAS_WSCALE);
		LAYOUT(HAS_TS);
		LAYOUT(HAS_SACK_ALONE);
		LAYOUT(HAS_WSCALE);
		LAYOUT(0);
	}
#undef LAYOUT
	return false;
}

/*
 * Write the answer over the frame at @frame, which has its final length already, with its network
 * header at @l3. @layout: reply_layout().
 * Returns false, and has written nothing, when it does not fit.
 */
static __always_inline bool reply_write(void *frame, void *l3, void *end, const struct pkt *p,
					const struct reply *r, __u32 layout)
{
	__u32 tcp_bytes = layout_words(layout) * 4;

	if (frame + ETH_HLEN > end)
		return false;
	if (p->is_v6) {
		if (!segment_write_any(l3 + sizeof(struct ipv6hdr), end, p, r, layout))
			return false;
		write_ipv6(l3, p, r, tcp_bytes);
	} else {
		if (!segment_write_any(l3 + sizeof(struct iphdr), end, p, r, layout))
			return false;
		write_ipv4(l3, p, r, tcp_bytes);
	}
	swap_macs(frame);
	return true;
}

#endif
