// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends given frames in order out of the device it is run on: the n-th run on live frames cuts its
 * frame to the n-th length, writes the n-th frame and returns XDP_TX. All runs of one batch reach
 * the peer's ring before its NAPI is woken.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "batch.h"

struct batch_frame frames[BATCH_MAX] = { 0 };
__u32 nr_frames = 0;
__u32 nr_sent = 0;

SEC("xdp")
int batch(struct xdp_md *ctx)
{
	__u32 now = ctx->data_end - ctx->data;
	struct batch_frame *frame;
	__u32 i = nr_sent, len;

	if (i >= nr_frames || i >= BATCH_MAX)
		return XDP_DROP;
	frame = &frames[i];
	len = frame->len;
	if (len < BATCH_FRAME_MIN || len > BATCH_FRAME_MAX)
		return XDP_DROP;
	if (bpf_xdp_adjust_tail(ctx, (int)(len - now)))
		return XDP_DROP;
	if (bpf_xdp_store_bytes(ctx, 0, frame->bytes, len))
		return XDP_DROP;
	nr_sent = i + 1;
	return XDP_TX;
}

char _license[] SEC("license") = "GPL";
