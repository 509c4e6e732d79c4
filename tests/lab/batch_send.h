/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sends up to BATCH_MAX frames as one NAPI batch of the peer: live frames, one test run whose batch
 * size is the number of frames, so that the peer is woken once, after the last. The batch stays
 * whole unless other traffic keeps that very ring busy; run on the CPU whose ring is quiet. The
 * caller asks guard.h first.
 */
#ifndef LAB_BATCH_SEND_H
#define LAB_BATCH_SEND_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "batch.h"
#include "ethstat.h"
#include "lab/batch.skel.h"

/*
 * 0 or -errno; -EIO when not all frames were sent, -ENOTCONN when the peer did not take them (it
 * wants an XDP program or GRO). Logs nothing of its own.
 */
static inline int batch_send(const char *dev, const struct batch_frame *frames, __u32 nr_frames)
{
	unsigned int ifindex = if_nametoindex(dev);
	uint64_t taken = ethstat_sum(dev, "xdp_xmit");
	struct xdp_md ctx = { .data_end = BATCH_FRAME_MAX, .ingress_ifindex = ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frames->bytes,
		    .data_size_in = BATCH_FRAME_MAX, .ctx_in = &ctx, .ctx_size_in = sizeof(ctx),
		    .repeat = (int)nr_frames, .batch_size = nr_frames,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES);
	struct batch_bpf *skel;
	int err;

	if (!nr_frames || nr_frames > BATCH_MAX)
		return -EINVAL;
	skel = batch_bpf__open_and_load();
	if (!skel)
		return -errno;
	memcpy(skel->bss->frames, frames, nr_frames * sizeof(*frames));
	skel->bss->nr_frames = nr_frames;
	err = bpf_prog_test_run_opts(bpf_program__fd(skel->progs.batch), &opts);
	if (!err && skel->bss->nr_sent != nr_frames)
		err = -EIO;
	if (!err && ethstat_sum(dev, "xdp_xmit") - taken < nr_frames)
		err = -ENOTCONN;
	batch_bpf__destroy(skel);
	return err;
}

#endif
