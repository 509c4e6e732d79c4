/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The SYN-ACK, written over the SYN that it answers. The Ethernet header and the VLAN tags stay
 * where they are; behind them come an IP header without options or extensions, a TCP header and at
 * most five words of options, all of which fit where the SYN was, because a SYN-ACK answers only
 * options that were offered.
 *
 * reply_plan() makes the segment and so the length, reply_write() asks for room before its first
 * byte.
 */
#ifndef SYNWARD_REPLY_H
#define SYNWARD_REPLY_H

#include "base.h"
#include "cookie.h"
#include "csum.h"
#include "parse.h"

#define REPLY_WORDS_MAX 10 /* TCP header, MSS, SACK and timestamps, window scale */

/* What the answer says, decided before the first byte is written. */
struct reply {
	__u32 isn;        /* our sequence number: the cookie; host order */
	__u32 tsval;      /* host order */
	__u32 tsecr;      /* the client's TSval */
	__u16 window;     /* bytes, unscaled */
	__u16 mss;        /* what we announce; 0: the client offered none */
	__u8 wscale;      /* ours; WSCALE_NONE: not offered */
	__u8 hop_limit;   /* TTL */
	struct offer got; /* which of the client's options it answers */
};

/* The TCP segment as words; the number of words selects straight-line code, as when it was read. */
struct segment {
	__be32 word[REPLY_WORDS_MAX];
	__u32 nr_words;
};

static __always_inline __be32 tcp_word3(__u32 nr_words, __u8 flags, __u16 window)
{
	return bpf_htonl(nr_words << 28 | (__u32)flags << 16 | window);
}

/* The options in the order in which Linux writes them. */
static __always_inline __u32 segment_options(const struct reply *r, __be32 *w)
{
	const struct offer *got = &r->got;
	__u32 n = TCP_HEADER_MIN / 4;

	if (r->mss)
		w[n++] = OPT_WORD(TCPOPT_MSS, TCPOLEN_MSS, r->mss >> 8, r->mss & 0xff);
	if (got->timestamps) {
		w[n++] = got->sack ? OPT_WORD(TCPOPT_SACK_PERM, TCPOLEN_SACK_PERM, TCPOPT_TIMESTAMP,
					      TCPOLEN_TIMESTAMP) :
				     OPT_WORD(TCPOPT_NOP, TCPOPT_NOP, TCPOPT_TIMESTAMP,
					      TCPOLEN_TIMESTAMP);
		w[n++] = bpf_htonl(r->tsval);
		w[n++] = bpf_htonl(r->tsecr);
	}
	if (got->sack && !got->timestamps)
		w[n++] = OPT_WORD(TCPOPT_NOP, TCPOPT_NOP, TCPOPT_SACK_PERM, TCPOLEN_SACK_PERM);
	if (r->wscale != WSCALE_NONE)
		w[n++] = OPT_WORD(TCPOPT_NOP, TCPOPT_WSCALE, TCPOLEN_WSCALE, r->wscale);
	return n;
}

/* The whole segment with its checksum. */
static __always_inline void reply_plan(const struct pkt *p, const struct reply *r,
				       struct segment *ret)
{
	__u64 sum;

	*ret = (struct segment){};
	ret->nr_words = segment_options(r, ret->word);
	ret->word[0] = bpf_htonl((__u32)bpf_ntohs(p->dport) << 16 | bpf_ntohs(p->sport));
	ret->word[1] = bpf_htonl(r->isn);
	ret->word[2] = bpf_htonl(bpf_ntohl(p->seq) + 1);
	ret->word[3] =
		tcp_word3(ret->nr_words, TCP_SYN | TCP_ACK | (r->got.ecn ? TCP_ECE : 0), r->window);
	sum = csum_pseudo(csum_addr(&p->src, p->is_v6) + csum_addr(&p->dst, p->is_v6),
			  ret->nr_words * 4);
	UNROLL
	for (int i = 0; i < REPLY_WORDS_MAX; i++)
		sum += ret->word[i];
	/* the checksum is the upper half of word 4, in wire order */
	ret->word[4] = bpf_htonl((__u32)bpf_ntohs((__u16)~csum_fold(sum)) << 16);
}

static __always_inline __u32 reply_bytes(const struct pkt *p, const struct segment *s)
{
	return p->l3_off + (p->is_v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr)) +
	       s->nr_words * 4;
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

/* Write words behind an IP header of @header bytes at @l3, once it is certain that they fit. */
static __always_inline bool segment_write(void *l3, void *end, __u32 header,
					  const struct segment *s)
{
	__be32 *to = l3 + header;

#define WORDS_OF(n)                           \
	case n:                               \
		if ((void *)(to + (n)) > end) \
			return false;         \
		UNROLL                        \
		for (int i = 0; i < (n); i++) \
			to[i] = s->word[i];   \
		return true
	switch (s->nr_words) {
		WORDS_OF(5);
		WORDS_OF(6);
		WORDS_OF(7);
		WORDS_OF(8);
		WORDS_OF(9);
		WORDS_OF(10);
	}
#undef WORDS_OF
	return false;
}

/*
 * Write the answer over the frame at @frame, which has its final length already.
 * Returns false, and has written nothing, when it does not fit.
 */
static __always_inline bool reply_write(void *frame, void *end, const struct pkt *p,
					const struct reply *r, const struct segment *s)
{
	void *l3 = pkt_l3(frame, p);

	if (frame + ETH_HLEN > end)
		return false;
	if (p->is_v6) {
		if (!segment_write(l3, end, sizeof(struct ipv6hdr), s))
			return false;
		write_ipv6(l3, p, r, s->nr_words * 4);
	} else {
		if (!segment_write(l3, end, sizeof(struct iphdr), s))
			return false;
		write_ipv4(l3, p, r, s->nr_words * 4);
	}
	swap_macs(frame);
	return true;
}

#endif
