// SPDX-License-Identifier: GPL-2.0-only
/*
 * What this kernel can do, asked of itself and never guessed from its version: hand a handshake to
 * a listener, send cookies of its own from XDP.
 */
#include "dataplane_inside.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "log.h"

#define HAND_OFF_KFUNC "bpf_sk_assign_tcp_reqsk"

/* Without BTF no program finds its way in the kernel. */
static int probe_btf(struct dataplane *dp)
{
	struct rung_means *means = &dp->means;
	struct btf *btf = btf__load_vmlinux_btf();
	struct utsname u;
	int id;

	uname(&u);
	if (libbpf_get_error(btf)) {
		log_err("kernel %s shows no BTF (/sys/kernel/btf/vmlinux), by which the programs "
			"find their way in it: it must be built with CONFIG_DEBUG_INFO_BTF, as "
			"the kernels of distributions are; and in a container /sys must be there",
			u.release);
		return -ENOENT;
	}
	means->can_hand_off = btf__find_by_name_kind(btf, HAND_OFF_KFUNC, BTF_KIND_FUNC) > 0;
	if (!means->can_hand_off)
		snprintf(means->why_no_hand_off, sizeof(means->why_no_hand_off),
			 "kernel %s has no %s(), which hands handshakes to the listener; Linux 6.9 "
			 "or newer has it (on Debian 12: linux-image-6.12-amd64)",
			 u.release, HAND_OFF_KFUNC);
	id = btf__find_by_name_kind(btf, "tcp_request_sock", BTF_KIND_STRUCT);
	if (id > 0)
		dp->request_bytes = btf__resolve_size(btf, id);
	btf__free(btf);
	return 0;
}

int dataplane_probe(struct dataplane *dp)
{
	int err;

	dp->request_bytes = REQUEST_BYTES_DEFAULT;
	err = probe_btf(dp);
	if (err)
		return err;
	dp->means.can_kernel_cookie =
		libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_tcp_gen_syncookie, NULL) == 1;
	if (!dp->means.can_hand_off)
		log_warn("%s; %s", dp->means.why_no_hand_off,
			 dp->means.can_kernel_cookie ?
				 "SYNs are answered with the kernel's own cookies" :
				 "running in monitor");
	return 0;
}
