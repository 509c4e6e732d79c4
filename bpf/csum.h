/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The Internet checksum (RFC 1071) as a running 64-bit sum of 32-bit words: additions never
 * overflow for anything that fits a frame, and the fold at the end does all the carrying. Sums are
 * in wire order throughout.
 */
#ifndef SYNWARD_CSUM_H
#define SYNWARD_CSUM_H

#include "base.h"

static __always_inline __u64 csum_addr(const struct ip_addr *a, bool is_v6)
{
	__u64 sum = a->word[3];

	if (is_v6)
		sum += (__u64)a->word[0] + a->word[1] + a->word[2];
	return sum;
}

/* The pseudo-header of RFC 9293, both families: the sum of both addresses, the protocol, the TCP
 * length. */
static __always_inline __u64 csum_pseudo(__u64 addr_sum, __u32 tcp_bytes)
{
	return addr_sum + bpf_htonl(IPPROTO_TCP) + bpf_htonl(tcp_bytes);
}

/* Fold to 16 bits, not complemented. A number and itself with its halves exchanged add up to the
 * sum of the halves in the upper one, the carry of the lower one included. */
static __always_inline __u16 csum_fold(__u64 sum)
{
	__u32 half;

	sum += sum >> 32 | sum << 32;
	half = sum >> 32;
	half += half >> 16 | half << 16;
	return half >> 16;
}

/*
 * Does a sum that is not 0 fold to 0xffff, as that of a right checksum does? It does when it is a
 * multiple of 0xffff, and of an odd number the multiples are those whose product with its inverse
 * is below 2^64 divided by it (Warren, "Hacker's Delight", 10-17). 0xffff times CSUM_EACH is
 * 2^64 - 1, so the inverse is -CSUM_EACH.
 */
#define CSUM_EACH 0x0001000100010001ULL

static __always_inline bool csum_is_right(__u64 sum)
{
	return sum * -CSUM_EACH <= CSUM_EACH;
}

#endif
