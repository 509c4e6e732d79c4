/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The IPv4 header of a SYN, as its destination would look at it (RFC 791): is its checksum right,
 * and does a source route in its options say that the answer has to go another way? Pure.
 */
#ifndef SYNWARD_IPV4_H
#define SYNWARD_IPV4_H

#include <linux/ip.h>

#include "base.h"
#include "csum.h"

#define IPV4_HEADER_MAX 60
#define IPV4_OPTIONS_MAX (IPV4_HEADER_MAX - (int)sizeof(struct iphdr))

/* A whole header; behind its end are zeros, one word of them at least. */
struct ipv4_header {
	union {
		__be32 word[IPV4_HEADER_MAX / 4 + 1];
		__u8 byte[IPV4_HEADER_MAX + 4];
	};
};

/* Of a header without options. */
static __always_inline bool ipv4_plain_checksum_ok(const __be32 *w)
{
	return csum_is_right((__u64)w[0] + w[1] + w[2] + w[3] + w[4]);
}

static __always_inline bool ipv4_checksum_ok(const __be32 *word, __u32 nr_words)
{
	__u64 sum = 0;

	UNROLL
	for (__u32 i = 0; i < nr_words; i++)
		sum += word[i];
	return csum_is_right(sum);
}

/* Options that are cut short end the list, as an end does: the kernel will refuse them. */
static __always_inline bool ipv4_is_source_routed(const struct ipv4_header *h)
{
	__u32 at = sizeof(struct iphdr);

	for (int i = 0; i < IPV4_OPTIONS_MAX; i++) {
		__u8 kind, len;

		VERIFIER_LEARNS(at);
		if (at >= IPV4_HEADER_MAX)
			return false;
		kind = h->byte[at];
		if (kind == IPOPT_END)
			return false;
		if (kind == IPOPT_LSRR || kind == IPOPT_SSRR)
			return true;
		if (kind == IPOPT_NOOP) {
			at++;
			continue;
		}
		len = h->byte[at + 1];
		if (len < 2)
			return false;
		at += len;
	}
	return false;
}

#endif
