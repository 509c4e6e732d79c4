/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way back, where it is not the way that the SYN came (reply = fib: asymmetric routing, several
 * uplinks, VRRP). The kernel's routing table says which device, which next hop and which MTU. A
 * frame with VLAN tags goes back with them, the way it came: what the table names is then a VLAN
 * device, through which XDP cannot send.
 */
#ifndef SYNWARD_ROUTE_H
#define SYNWARD_ROUTE_H

#include <linux/if_ether.h>

#include "budget.h"
#include "kernel.h"

#define LOOPBACK_IFINDEX 1 /* what a packet of the host's own comes from, for the routing rules */
#define NEIGHBOURS_PER_SECOND 64 /* per CPU; the kernel asks for each of them (ARP, ND) */

static __always_inline long fib_ask(struct xdp_md *ctx, const struct pkt *p,
				    struct bpf_fib_lookup *fib)
{
	fib->l4_protocol = IPPROTO_TCP;
	fib->sport = p->dport;
	fib->dport = p->sport;
	fib->ifindex = LOOPBACK_IFINDEX;
	if (p->is_v6) {
		fib->family = AF_INET6;
		__builtin_memcpy(fib->ipv6_src, &p->dst, sizeof(fib->ipv6_src));
		__builtin_memcpy(fib->ipv6_dst, &p->src, sizeof(fib->ipv6_dst));
	} else {
		fib->family = AF_INET;
		fib->ipv4_src = p->dst.word[3];
		fib->ipv4_dst = p->src.word[3];
	}
	return bpf_fib_lookup(ctx, fib, sizeof(*fib), 0);
}

/* cpu_state's `way` for its packet: GO_ON, or why there is none. Global, so that it is verified
 * once. */
__noinline int way_ask(struct xdp_md *ctx)
{
	struct cpu_state *cpu = ONLY(cpu_state);
	struct bpf_fib_lookup fib = {};

	if (!cpu)
		return SYN_NO_ROUTE;
	switch (fib_ask(ctx, &cpu->pkt, &fib)) {
	case BPF_FIB_LKUP_RET_SUCCESS:
		cpu->way.ifindex = fib.ifindex;
		cpu->way.mtu = fib.mtu_result ?: cpu->way.mtu; /* 16 bits, of 65536 too */
		__builtin_memcpy(cpu->way.macs, fib.dmac, ETH_ALEN);
		__builtin_memcpy(cpu->way.macs + ETH_ALEN, fib.smac, ETH_ALEN);
		return GO_ON;
	case BPF_FIB_LKUP_RET_FWD_DISABLED:
		return SYN_FIB_OFF;
	case BPF_FIB_LKUP_RET_NO_NEIGH:
		return budget_take(&cpu->neighbours, cpu->second, NEIGHBOURS_PER_SECOND) ?
			       SYN_NO_NEIGHBOUR :
			       SYN_NO_ROUTE;
	}
	return SYN_NO_ROUTE;
}

/* Its neighbours are those of the link that it came by, whatever the table says. */
static __always_inline bool is_link_local(const struct pkt *p)
{
	return p->is_v6 && (p->src.word[0] & bpf_htonl(0xffc00000)) == bpf_htonl(0xfe800000);
}

static __always_inline enum reason way_back(struct xdp_md *ctx, struct judgement *j,
					    const struct dev_conf *dev)
{
	struct way *way = &j->cpu->way;

	way->ifindex = 0;
	way->mtu = dev->mtu;
	if (likely(!(settings.flags & REPLY_BY_ROUTE)) || j->pkt->l3_off != ETH_HLEN ||
	    is_link_local(j->pkt))
		return GO_ON;
	return way_ask(ctx);
}

/* Send the answer that is in the frame. Global, so that it is verified once. */
__noinline int way_take(struct xdp_md *ctx)
{
	const struct cpu_state *cpu = ONLY(cpu_state);
	__u8 *frame = (void *)(long)ctx->data;

	if (!cpu || frame + sizeof(cpu->way.macs) > (__u8 *)(long)ctx->data_end)
		return SYN_COOKIE;
	__builtin_memcpy(frame, cpu->way.macs, sizeof(cpu->way.macs));
	if (cpu->way.ifindex == ctx->ingress_ifindex)
		return SYN_COOKIE;
	bpf_redirect(cpu->way.ifindex, 0);
	return SYN_COOKIE_ROUTED;
}

#endif
