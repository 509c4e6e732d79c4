/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's own SYN cookies, sent from here: for listeners that cannot take ours (MPTCP), for
 * kernels that cannot hand over (before 6.9), and while the TC half is gone. The kernel accepts the
 * ACK by itself, and it decides when such a cookie is due: at once with tcp_syncookies=2, when the
 * listener's SYN queue is full with 1.
 *
 * Which options the client gets is in the echoed timestamp's low bits, which the kernel reads only
 * relative to an offset that it keeps to itself unless tcp_timestamps is 2; see
 * cookie_timestamp_decode() in net/ipv4/syncookies.c:
 *
 *      31                    6   5     4    3        0
 *     +------------------------+-----+------+----------+
 *     |      milliseconds      | ECN | SACK |  wscale  |  wscale 15: none
 *     +------------------------+-----+------+----------+
 */
#ifndef SYNWARD_KERNELCOOKIE_H
#define SYNWARD_KERNELCOOKIE_H

#include <linux/errno.h>

#include "listener.h"

#define KERNEL_TS_BITS 63U
#define KERNEL_TS_NO_WSCALE 15U
#define KERNEL_TS_SACK (1U << 4)
#define KERNEL_TS_ECN (1U << 5)

/* As much of an IP header as the helpers read. */
union ip_headers {
	struct iphdr v4;
	struct ipv6hdr v6;
};

static __always_inline void ip_header_make(const struct pkt *p, union ip_headers *ret)
{
	__builtin_memset(ret, 0, sizeof(*ret));
	if (p->is_v6) {
		ret->v6.version = 6;
		__builtin_memcpy(&ret->v6.saddr, &p->src, sizeof(ret->v6.saddr));
		__builtin_memcpy(&ret->v6.daddr, &p->dst, sizeof(ret->v6.daddr));
	} else {
		ret->v4.version = 4;
		ret->v4.saddr = p->src.word[3];
		ret->v4.daddr = p->dst.word[3];
	}
}

#define NOT_LISTENING (-ENOTCONN) /* beside the helper's -ENOENT: no cookie is due */

/* The cookie, and in bits 32 to 47 the MSS that it remembers; or -errno. For the SYN in cpu_state,
 * whose tuple is asked for once more. Global, so that it is verified once. */
__noinline __s64 kernel_cookie_make(struct xdp_md *ctx)
{
	struct cpu_state *cpu = ONLY(cpu_state);
	__s64 made = NOT_LISTENING;
	union ip_headers ip;
	struct bpf_sock *sk;
	__u64 bytes;

	if (!cpu)
		return NOT_LISTENING;
	bytes = cpu->pkt.l4_bytes;
	VERIFIER_LEARNS(bytes);
	if (bytes < TCP_HEADER_MIN || bytes > sizeof(cpu->header))
		return NOT_LISTENING;
	sk = socket_lookup(ctx, &cpu->pkt);
	if (!sk)
		return NOT_LISTENING;
	if (sk->state == BPF_TCP_LISTEN) {
		ip_header_make(&cpu->pkt, &ip);
		made = bpf_tcp_gen_syncookie(sk, &ip, sizeof(ip), (void *)&cpu->header, bytes);
	}
	bpf_sk_release(sk);
	return made;
}

/* Is the ACK in cpu_state the answer to such a cookie, and would @sk, a listener, take it? */
static __always_inline bool is_kernel_cookie(const struct judgement *j, struct bpf_sock *sk)
{
	union ip_headers ip;

	ip_header_make(j->pkt, &ip);
	return !bpf_tcp_check_syncookie(sk, &ip, sizeof(ip), (void *)&j->cpu->header,
					TCP_HEADER_MIN);
}

/* May such cookies of a listener be out? One of a SO_REUSEPORT group does not say. */
static __always_inline bool sent_kernel_cookies(const struct tcp_sock___local *tp)
{
	const struct sock_common___local *common = (const void *)tp;

	return !tp || tp->rx_opt.ts_recent_stamp || BPF_CORE_READ_BITFIELD(common, skc_reuseport);
}

/* What such a SYN-ACK can offer: nothing but the MSS, where the kernel alone could tell what was
 * agreed. */
static __always_inline void kernel_offer(__u32 may, struct offer *offer)
{
	if ((may & MAY_KERNEL_OPTIONS) && offer->timestamps)
		return;
	offer->timestamps = false;
	offer->wscale = WSCALE_NONE;
	offer->sack = false;
	offer->ecn = false;
}

/* The latest time that has these options in its low bits. */
static __always_inline __u32 kernel_tsval(__u64 now_ms, const struct offer *offer)
{
	__u32 options = offer->wscale == WSCALE_NONE ? KERNEL_TS_NO_WSCALE : offer->wscale;
	__u32 now = now_ms, ts;

	if (offer->sack)
		options |= KERNEL_TS_SACK;
	if (offer->ecn)
		options |= KERNEL_TS_ECN;
	ts = (now & ~KERNEL_TS_BITS) | options;
	return (__s32)(ts - now) > 0 ? ts - (KERNEL_TS_BITS + 1) : ts;
}

#endif
