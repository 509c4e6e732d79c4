/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A SYN-ACK of a service whose server speaks first is kept for a moment: if the client's ACK is
 * lost, the client believes that it is connected and waits, and nobody would ever speak. The daemon
 * sends what is still there after a second once more; the client's ACK to that finishes the
 * handshake. Off unless asked for: it is the one thing that an unverified packet may write, into
 * slots of a fixed number, where the newest wins.
 */
#ifndef SYNWARD_RETRY_H
#define SYNWARD_RETRY_H

#include <linux/if_ether.h>

#include "judge.h"

const volatile __u32 retry_mask; /* slots of `retries`, less one */

static __always_inline struct retry *retry_of(__u64 flow_id)
{
	__u32 slot = (flow_id >> 32) & retry_mask;

	return bpf_map_lookup_elem(&retries, &slot);
}

/* The answer is in the frame, and leaves by @ifindex. Global, so that it is verified once. */
__noinline int retry_write(struct xdp_md *ctx, __u64 flow_id, __u32 now_ms, __u32 ifindex)
{
	struct retry *r = retry_of(flow_id);
	__u64 bytes = bpf_xdp_get_buff_len(ctx), was;

	VERIFIER_LEARNS(bytes);
	if (!r || bytes < ETH_HLEN)
		return 0;
	VERIFIER_LEARNS(bytes);
	if (bytes > sizeof(r->frame))
		return 0;
	was = r->id;
	if (was == RETRY_BUSY || __sync_val_compare_and_swap(&r->id, was, RETRY_BUSY) != was)
		return 0; /* another CPU keeps one there, as new as this */
	r->sent_ms = now_ms;
	r->device = dev_slot;
	r->ifindex = ifindex;
	r->bytes = bytes;
	if (bpf_xdp_load_bytes(ctx, 0, r->frame, bytes))
		flow_id = 0;
	__sync_val_compare_and_swap(&r->id, RETRY_BUSY, flow_id); /* all of the above before it */
	return 0;
}

/* Its ACK came. */
static __always_inline void retry_forget(const struct judgement *j)
{
	struct retry *r;

	if (likely(!(j->row->flags & ROW_SERVER_FIRST)))
		return;
	r = retry_of(j->flow_id);
	if (r && r->id == j->flow_id)
		r->id = 0;
}

#endif
