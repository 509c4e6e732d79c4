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

/* Fold to 16 bits, not complemented. */
static __always_inline __u16 csum_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

#endif
