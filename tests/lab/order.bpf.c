// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes down in which order the XDP and the TC hook of a device see TCP packets: an X or a T for
 * each. Untagged frames only. Nothing else is decided here; all packets pass.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "order.h"

char events[ORDER_MAX] = { 0 };
__u32 nr_events = 0;

static __always_inline void order_note(void *frame, void *end, char hook)
{
	struct ethhdr *eth = frame;
	__u8 *l3 = frame + sizeof(*eth);
	__u32 i;

	if ((void *)(l3 + 10) > end)
		return;
	if (!(eth->h_proto == bpf_htons(ETH_P_IP) && l3[9] == IPPROTO_TCP) &&
	    !(eth->h_proto == bpf_htons(ETH_P_IPV6) && l3[6] == IPPROTO_TCP))
		return;
	i = __sync_fetch_and_add(&nr_events, 1);
	if (i < ORDER_MAX)
		events[i] = hook;
}

SEC("xdp")
int order_xdp(struct xdp_md *ctx)
{
	order_note((void *)(long)ctx->data, (void *)(long)ctx->data_end, 'X');
	return XDP_PASS;
}

SEC("tc")
int order_tc(struct __sk_buff *skb)
{
	order_note((void *)(long)skb->data, (void *)(long)skb->data_end, 'T');
	return TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "GPL";
