/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Is a segment's TCP checksum right? The header is in cpu_state, the payload is read from the
 * frame.
 */
#ifndef SYNWARD_CHECKSUM_H
#define SYNWARD_CHECKSUM_H

#include "judge.h"
#include "policy.h"

/* One's complement sum of up to SYN_PAYLOAD_MAX bytes of payload; ~0 when they cannot be read.
 * Global, so that it is verified once and not on every path that comes here. */
__noinline __u64 payload_sum(struct xdp_md *ctx, __u32 at, __u32 bytes)
{
	__u64 sum = 0;

	for (int i = 0; i < SYN_PAYLOAD_MAX / 64 + 1; i++) {
		__u64 chunk[8] = {};
		__u32 n = min_u32(bytes, sizeof(chunk));

		if (!n)
			break;
		VERIFIER_LEARNS(n); /* that it is not 0 */
		n = ((n - 1) & (sizeof(chunk) - 1)) + 1;
		if (bpf_xdp_load_bytes(ctx, at, chunk, n))
			return ~0ULL;
		for (int k = 0; k < 8; k++)
			sum += (chunk[k] >> 32) + (__u32)chunk[k];
		at += n;
		bytes -= n;
	}
	return sum;
}

/* A checksum that is the bare pseudo-header's was left to hardware by a local sender, and is as
 * good as right; so is one over more payload than is read. */
static __always_inline bool segment_checksum_ok(struct xdp_md *ctx, const struct judgement *j,
						__u64 header_sum)
{
	const struct pkt *p = j->pkt;
	const struct tcphdr *th = (const void *)&j->cpu->header;
	__u64 pseudo = csum_pseudo(csum_addr(&p->src, p->is_v6) + csum_addr(&p->dst, p->is_v6),
				   p->l4_bytes + p->payload_bytes);
	__u64 sum = header_sum + pseudo;

	if (p->payload_bytes > SYN_PAYLOAD_MAX)
		return true;
	if (p->payload_bytes) {
		__u64 payload = payload_sum(ctx, p->l4_off + p->l4_bytes, p->payload_bytes);

		if (payload == ~0ULL)
			return false;
		sum += payload;
	}
	return csum_is_right(sum) || th->check == csum_fold(pseudo);
}

#endif
