/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What synward wants: which SYNs deserve an answer, what the answer offers, which window it
 * announces. Pure: reads only its arguments.
 */
#ifndef SYNWARD_POLICY_H
#define SYNWARD_POLICY_H

#include "base.h"
#include "cookie.h"
#include "parse.h"
#include "tcpopt.h"

#define MSS_REFUSED_BELOW \
	216 /* smaller ones only make the server send many tiny segments (CVE-2019-11479) */
#define SYN_PAYLOAD_MAX 1460 /* bytes: more than a TFO client sends, and what is checked */

#define IPTOS_ECN_MASK 3

static __always_inline bool is_martian_v4(__be32 addr)
{
	__u32 a = bpf_ntohl(addr);

	return a >> 24 == 0 || a >> 24 == 127 || a >> 28 >= 0xe; /* 0/8, 127/8, 224/4 and 240/4 */
}

static __always_inline bool is_martian_v6(const struct ip_addr *a)
{
	if ((a->word[0] & bpf_htonl(0xff000000)) == bpf_htonl(0xff000000))
		return true; /* multicast */
	/* ::, ::1, and IPv4-mapped addresses on the wire */
	return a->word[0] == 0 && a->word[1] == 0 &&
	       ((a->word[2] == 0 && bpf_ntohl(a->word[3]) <= 1) || a->word[2] == bpf_htonl(0xffff));
}

/* No connection can come from here; the kernel would not answer either, but XDP comes before its
 * checks. The destination is one of our own unicast addresses already. */
static __always_inline bool is_martian(const struct pkt *p)
{
	if (p->sport == 0 || p->is_from_group || addr_equal(&p->src, &p->dst))
		return true;
	return p->is_v6 ? is_martian_v6(&p->src) : is_martian_v4(p->src.word[3]);
}

/* What kind of SYN is this, before anything is looked up? GO_ON, or why it is not answered. */
static __always_inline enum reason syn_judge(const struct pkt *p, const struct tcp_opts *opts)
{
	if (p->flags & (TCP_RST | TCP_FIN))
		return SYN_BAD_FLAGS;
	if (is_martian(p))
		return SYN_MARTIAN;
	if (p->payload_bytes > SYN_PAYLOAD_MAX)
		return SYN_TOO_LONG;
	if (opts->mss && opts->mss < MSS_REFUSED_BELOW)
		return SYN_SMALL_MSS;
	return GO_ON;
}

/* RFC 3168 §6.1.1: ECE and CWR on a SYN that is itself not ECN-capable. AccECN's third bit does not
 * matter, as to a server that knows only RFC 3168. */
static __always_inline bool syn_asks_ecn(const struct pkt *p)
{
	return (p->flags & (TCP_ECE | TCP_CWR)) == (TCP_ECE | TCP_CWR) &&
	       !(p->dsfield & IPTOS_ECN_MASK);
}

/* The client's MSS, or what its absence means; at least what a cookie can carry. */
static __always_inline __u16 mss_of_syn(const struct pkt *p, const struct tcp_opts *opts)
{
	__u16 least = p->is_v6 ? MSS_MIN_V6 : MSS_MIN_V4;

	return opts->mss > least ? opts->mss : least;
}

/* What both sides can have: offered by the SYN and allowed by the sysctls (@may: MAY_*). */
static __always_inline void offer_from_syn(const struct pkt *p, const struct tcp_opts *opts,
					   __u32 may, struct offer *ret)
{
	ret->mss = mss_of_syn(p, opts);
	ret->wscale = may & MAY_WSCALE ? opts->wscale : WSCALE_NONE;
	ret->sack = opts->has_sack && (may & MAY_SACK);
	ret->timestamps = opts->has_timestamps && (may & MAY_TIMESTAMPS);
	ret->ecn = (may & MAY_ECN) && syn_asks_ecn(p);
}

/* What the kernel would give a new connection of a listener to receive into. */
struct rcv_space {
	__u32 space_bytes; /* full buffer, as the window sees it */
	__u32 clamp_bytes; /* the application asked for no more (SO_RCVBUF, TCP_WINDOW_CLAMP); 0:
			      did not ask */
};

#define WINDOW_MAX 65535U

static __always_inline __u32 min_u32(__u32 a, __u32 b)
{
	return a < b ? a : b;
}

static __always_inline __u32 max_u32(__u32 a, __u32 b)
{
	return a > b ? a : b;
}

static __always_inline __u32 clamp_of(const struct rcv_space *rcv)
{
	return rcv->clamp_bytes ?: WINDOW_MAX << WSCALE_MAX;
}

/* The receive window scale that the kernel would choose: enough for the largest buffer that the
 * connection may grow to. @rmem_max: the larger of tcp_rmem[2] and rmem_max. */
static __always_inline __u8 rcv_wscale(const struct rcv_space *rcv, __u32 rmem_max)
{
	__u32 clamp = clamp_of(rcv);
	__u32 space = min_u32(max_u32(min_u32(rcv->space_bytes, clamp), rmem_max), clamp);
	__u8 scale = 0;

	while (scale < WSCALE_MAX && space > WINDOW_MAX) {
		space >>= 1;
		scale++;
	}
	return scale;
}

/*
 * How many packets need not ask for a listener after one has, in peace: none unless its queues are
 * nearly empty, and for each CPU and address that asks so few that they do not fill meanwhile, but
 * where there are a dozen of those at least.
 */
#define SPARED_SHARE 16

static __always_inline __u16 lookups_spared(__u32 backlog, __u32 accept_queue, __u32 syn_queue)
{
	if (accept_queue > backlog / 4 || syn_queue > backlog / 4)
		return 0;
	return min_u32(backlog / SPARED_SHARE, 0xffff);
}

/* The window that the listener will grant: a multiple of @mss, the segment size that the cookie
 * remembers. */
static __always_inline __u16 rcv_window(const struct rcv_space *rcv, __u16 mss)
{
	__u32 space = min_u32(rcv->space_bytes, clamp_of(rcv));

	if (mss && space > mss)
		space -= space % mss;
	return min_u32(space, WINDOW_MAX);
}

#endif
