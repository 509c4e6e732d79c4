// SPDX-License-Identifier: GPL-2.0-only
/*
 * The small XDP programs that the lab itself attaches. lab_peer sits on the client's device: it
 * drops SYN-ACKs and RSTs to the spoofed ranges (nobody lives there), and what comes back from
 * them, and passes all else; its presence also gives the device NAPI, without which XDP_TX on the
 * server's side goes nowhere. lab_pass sits on the server's device in the phases without synward:
 * it passes everything and counts the flood that arrives, so that "received" has the same meaning
 * in every phase. lab_floor sends everything back with the MACs swapped: the floor that benchmarks
 * subtract. lab_bare does nothing but pass, and lab_next at TC leaves all to the next: what the two
 * hooks cost by themselves.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "labxdp.h"

struct lab_vlan {
	__be16 tci;
	__be16 proto;
};

/* What both programs want to know of a frame. */
struct lab_view {
	const struct tcphdr *tcp;
	__u8 is_spoofed_src;
	__u8 is_spoofed_dst;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, NR_LAB_COUNTS);
	__type(key, __u32);
	__type(value, __u64);
} lab_counts SEC(".maps");

static __always_inline void lab_count(__u32 which)
{
	__u64 *value = bpf_map_lookup_elem(&lab_counts, &which);

	if (value)
		(*value)++;
}

static __always_inline int lab_spoofed4(__be32 addr)
{
	return (addr & bpf_htonl(0xfffe0000)) == bpf_htonl(0xc6120000); /* 198.18.0.0/15 */
}

static __always_inline int lab_spoofed6(const struct in6_addr *a)
{
	return a->s6_addr32[0] == bpf_htonl(0x20010db8) &&
	       a->s6_addr[4] & 0x80; /* 2001:db8:8000::/33 */
}

static __always_inline void *lab_l4_of_ip4(void *l3, void *end, struct lab_view *view)
{
	struct iphdr *ip = l3;

	if ((void *)(ip + 1) > end || ip->protocol != IPPROTO_TCP)
		return NULL;
	view->is_spoofed_src = lab_spoofed4(ip->saddr);
	view->is_spoofed_dst = lab_spoofed4(ip->daddr);
	return l3 + ip->ihl * 4;
}

static __always_inline void *lab_l4_of_ip6(void *l3, void *end, struct lab_view *view)
{
	struct ipv6hdr *ip = l3;

	if ((void *)(ip + 1) > end || ip->nexthdr != IPPROTO_TCP)
		return NULL;
	view->is_spoofed_src = lab_spoofed6(&ip->saddr);
	view->is_spoofed_dst = lab_spoofed6(&ip->daddr);
	return ip + 1;
}

static __always_inline int lab_parse(struct xdp_md *ctx, struct lab_view *view)
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	void *l3 = eth + 1, *l4 = NULL;
	__be16 proto;
	int i;

	if (l3 > end)
		return -1;
	proto = eth->h_proto;
	for (i = 0; i < 2; i++) {
		struct lab_vlan *vlan = l3;

		if (proto != bpf_htons(ETH_P_8021Q) && proto != bpf_htons(ETH_P_8021AD))
			break;
		if ((void *)(vlan + 1) > end)
			return -1;
		proto = vlan->proto;
		l3 = vlan + 1;
	}
	if (proto == bpf_htons(ETH_P_IP))
		l4 = lab_l4_of_ip4(l3, end, view);
	else if (proto == bpf_htons(ETH_P_IPV6))
		l4 = lab_l4_of_ip6(l3, end, view);
	if (!l4 || l4 + sizeof(struct tcphdr) > end)
		return -1;
	view->tcp = l4;
	return 0;
}

SEC("xdp.frags")
int lab_peer(struct xdp_md *ctx)
{
	struct lab_view view = { 0 };

	if (lab_parse(ctx, &view) || !(view.is_spoofed_dst || view.is_spoofed_src)) {
		lab_count(LAB_COUNT_PASSED);
		return XDP_PASS;
	}
	if (view.is_spoofed_src) {
		lab_count(view.tcp->syn ? LAB_COUNT_SPOOFED_SYN : LAB_COUNT_SPOOFED_OTHER);
		return XDP_DROP;
	}
	if (view.tcp->rst) {
		lab_count(LAB_COUNT_SPOOFED_RST);
		return XDP_DROP;
	}
	if (view.tcp->syn && view.tcp->ack) {
		lab_count(LAB_COUNT_SPOOFED_SYNACK);
		return XDP_DROP;
	}
	lab_count(LAB_COUNT_PASSED);
	return XDP_PASS;
}

SEC("xdp.frags")
int lab_pass(struct xdp_md *ctx)
{
	struct lab_view view = { 0 };

	if (!lab_parse(ctx, &view) && view.is_spoofed_src)
		lab_count(view.tcp->syn ? LAB_COUNT_SPOOFED_SYN : LAB_COUNT_SPOOFED_OTHER);
	lab_count(LAB_COUNT_PASSED);
	return XDP_PASS;
}

SEC("xdp.frags")
int lab_bare(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("tc")
int lab_next(struct __sk_buff *skb)
{
	return -1; /* TCX_NEXT, which older headers do not have */
}

SEC("xdp.frags")
int lab_floor(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;
	__u8 mac[ETH_ALEN];

	if ((void *)(eth + 1) > (void *)(long)ctx->data_end)
		return XDP_DROP;
	__builtin_memcpy(mac, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, mac, ETH_ALEN);
	return XDP_TX;
}

char _license[] SEC("license") = "GPL";
