// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames of our own making through the programs that are attached, by BPF_PROG_TEST_RUN. What they
 * contain, and what their fate means, is for selftest.c.
 *
 * A trial returns what the program made of the frame, and nothing leaves the host. A frame that is
 * let in is a "live frame": what the program passes becomes an skb of that device and goes up the
 * stack, with the metadata that the program wrote (seen on Linux 6.12 and 6.18). In generic mode
 * the attached program runs on skbs, so it gets to see the frame by itself on its way up; there a
 * program lets it in that passes all.
 */
#include "dataplane_selftest.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "dataplane_inside.h"
#include "synward.skel.h"

static const struct device *device_find(const struct dataplane *dp, const char *name)
{
	for (size_t i = 0; i < dp->nr_devices; i++)
		if (dp->devices[i].xdp_link >= 0 && !strcmp(dp->devices[i].name, name))
			return &dp->devices[i];
	return NULL;
}

bool dataplane_device(const struct dataplane *dp, const char *name, struct test_device *ret)
{
	const struct device *dev = device_find(dp, name);

	if (!dev)
		return false;
	ret->ifindex = dev->ifindex;
	memcpy(ret->mac, dev->conf.mac, sizeof(ret->mac));
	return true;
}

int dataplane_try(const struct dataplane *dp, const char *device, struct test_frame *frame)
{
	const struct device *dev = device_find(dp, device);
	struct xdp_md ctx = { .data_end = frame->nr_bytes };
	struct test_frame in = *frame;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in.bytes, .data_size_in = in.nr_bytes,
		    .data_out = frame->bytes, .data_size_out = sizeof(frame->bytes), .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .repeat = 1);

	if (!dev)
		return -ENODEV;
	ctx.ingress_ifindex = dev->ifindex;
	if (bpf_prog_test_run_opts(bpf_program__fd(dev->skel->progs.synward_xdp), &opts))
		return -errno;
	frame->nr_bytes = opts.data_size_out;
	return (int)opts.retval;
}

static int pass_all_load(void)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "synward_pass", "GPL", insns,
			       sizeof(insns) / sizeof(insns[0]), NULL);

	return fd < 0 ? -errno : fd;
}

int dataplane_inject(const struct dataplane *dp, const char *device, const struct test_frame *frame)
{
	const struct device *dev = device_find(dp, device);
	int pass_all __cleanup(cleanup_close) = -1;
	int fd;

	if (!dev || !dev->xdp_mode)
		return -ENODEV;
	fd = bpf_program__fd(dev->skel->progs.synward_xdp);
	if (!strcmp(dev->xdp_mode, "generic"))
		fd = pass_all = pass_all_load();
	return fd < 0 ? fd : device_run_live(fd, dev->ifindex, frame->bytes, frame->nr_bytes);
}
