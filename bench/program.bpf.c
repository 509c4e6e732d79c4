// SPDX-License-Identifier: GPL-2.0-only
/*
 * A packet generator in front of the data path that is loaded. Each run of it, under
 * BPF_PROG_TEST_RUN, writes another packet over the last one and goes on, by a tail call, either to
 * the attached synward_xdp or to the floor, which swaps MACs and answers; the difference is what
 * synward costs. It shares the maps of the running daemon, and so can know its flows and cookies.
 */
#include <linux/bpf.h>
#include <linux/ipv6.h>
#include <bpf/bpf_helpers.h>

#include "cookie.h"
#include "flow.h"
#include "judge.h"
#include "policy.h"

#include "program.h"

#define FRAME_MIN 60

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, BENCH_NR_TARGETS);
	__type(key, __u32);
	__type(value, __u32);
} targets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BENCH_TUPLES_MAX);
	__type(key, __u32);
	__type(value, struct bench_tuple);
} connections SEC(".maps");

/* Per CPU, so that two that generate at once share nothing of the generator's. */
struct generator {
	struct pkt pkt; /* what differs from packet to packet */
	__u64 random;
	__u64 nr_made;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct generator);
} generators SEC(".maps");

struct bench_conf conf = {};
__u32 nr_filled = 0;

static __always_inline __u64 next_random(struct generator *g)
{
	__u64 x = g->random ?: (bpf_get_smp_processor_id() + 1) * 0x9e3779b97f4a7c15ULL;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	g->random = x;
	return x;
}

/* Of so many flows, the one with that number; of two numbers below 2^24 each is another. */
static __always_inline void tuple_of(struct pkt *pkt, __u64 number)
{
	__u32 upper = (number * 0x9e3779b1U) & 0xffffff;

	if (conf.is_one_prefix)
		upper &= 0xff;
	pkt->dport = bpf_htons(conf.dport + (conf.nr_ports > 1 ? number % conf.nr_ports : 0));
	pkt->sport = bpf_htons(0x8000 | (number >> 24 & 0x7fff));
	if (conf.is_v6) {
		pkt->src.word[0] = bpf_htonl(0x20010db8);
		pkt->src.word[1] = bpf_htonl(upper << 8 & (conf.is_one_prefix ? 0xffff : ~0U));
		pkt->src.word[2] = 0;
		pkt->src.word[3] = bpf_htonl(upper & 0xff);
	} else {
		pkt->src.word[0] = 0;
		pkt->src.word[1] = 0;
		pkt->src.word[2] = bpf_htonl(0xffff);
		pkt->src.word[3] = bpf_htonl(10U << 24 | upper);
	}
}

/* One that the kernel has and we have forgotten. */
static __always_inline void connection_pick(struct pkt *pkt, __u32 number)
{
	__u32 index = number & (BENCH_TUPLES_MAX - 1);
	struct bench_tuple *t;

	t = bpf_map_lookup_elem(&connections, &index);
	if (!t)
		return;
	__builtin_memcpy(&pkt->src, t->src, sizeof(pkt->src));
	pkt->sport = t->sport;
	pkt->dport = bpf_htons(conf.dport);
}

static __always_inline __u64 flow_of(struct pkt *pkt)
{
	struct cpu_state *cpu = cpu_state_of();

	if (!cpu)
		return 0;
	__builtin_memcpy(&pkt->dst, conf.dst, sizeof(pkt->dst));
	pkt->is_v6 = conf.is_v6;
	return flow_id_make(&cpu->flow_key, pkt);
}

static __always_inline void connection_forget(struct pkt *pkt)
{
	__u64 id = flow_of(pkt);
	struct flow_tags *tags = flow_tags_of(id);
	__u8 tag = flow_tag(id);

	for (int i = 0; tags && i < FLOW_WAYS; i++)
		if (tags->tag[i] == tag)
			tags->tag[i] = ~tag;
}

/* The ACK of a cookie that was sent a moment ago, to a SYN of that sequence number less one. */
static __always_inline void cookie_acknowledge(struct pkt *pkt, __u32 *ret_tsecr)
{
	struct cpu_state *cpu = cpu_state_of();
	struct offer offer = { .mss = 1460, .wscale = 7, .sack = true, .timestamps = conf.has_ts };
	__u64 id = flow_of(pkt), now_ms = clock_ms(), epoch;
	__u32 low;

	if (!cpu)
		return;
	epoch = epoch_of(now_ms, settings.epoch_shift);
	low = cookie_pack(&offer, epoch, conf.is_v6);
	pkt->ack = bpf_htonl(cookie_make(&epoch_key(cpu, epoch)->key, id, bpf_ntohl(pkt->seq) - 1,
					 low, offer.timestamps) +
			     1);
	*ret_tsecr = (__u32)now_ms + ts_offset(id);
}

/* Nobody takes the notes of a test run, and a TC half that takes none is none. */
static __always_inline void note_forget(void)
{
	device_notes[0].untaken = 0;
}

static __always_inline __u64 halves(__u32 word)
{
	return (word & 0xffff) + (word >> 16);
}

static __always_inline __u16 folded(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* What differs is all of words in memory order, and so are the sums. */
static __always_inline bool packet_write(struct xdp_md *ctx, const struct pkt *pkt, __u32 tsecr)
{
	__u64 sum = halves(pkt->src.word[3]) + pkt->sport;
	__u32 bytes = conf.bytes & (BENCH_FRAME_MAX - 1);
	void *data, *end, *l3, *l4;

	if (bytes < FRAME_MIN || bpf_xdp_store_bytes(ctx, 0, conf.frame, bytes))
		return false;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	l3 = data + (conf.l3_off & 31);
	l4 = data + (conf.l4_off & 127);
	if (l3 + sizeof(struct ipv6hdr) > end || l4 + sizeof(struct tcphdr) > end)
		return false;
	if (conf.is_v6) {
		__builtin_memcpy(l3 + 8, &pkt->src, sizeof(pkt->src));
		sum += halves(pkt->src.word[0]) + halves(pkt->src.word[1]) +
		       halves(pkt->src.word[2]);
	} else {
		*(__u32 *)(l3 + 12) = pkt->src.word[3];
		*(__u16 *)(l3 + 10) = folded(conf.l3_sum + sum - pkt->sport);
	}
	*(__u16 *)l4 = pkt->sport;
	*(__u16 *)(l4 + 2) = pkt->dport;
	*(__u32 *)(l4 + 4) = pkt->seq;
	*(__u32 *)(l4 + 8) = pkt->ack;
	if (conf.has_ts) {
		void *ts = data + (conf.ts_off & 127);

		if (ts + 4 > end)
			return false;
		*(__u32 *)ts = bpf_htonl(tsecr);
		sum += halves(bpf_htonl(tsecr));
	}
	sum += (__u64)pkt->dport + halves(pkt->seq) + halves(pkt->ack) + conf.l4_sum;
	*(__u16 *)(l4 + 16) = folded(sum);
	return true;
}

static __always_inline bool packet_make(struct xdp_md *ctx)
{
	struct generator *g = ONLY(generators);
	struct pkt *pkt;
	__u64 random;
	__u32 tsecr;

	if (!g)
		return false;
	pkt = &g->pkt;
	random = next_random(g);
	tsecr = random >> 32;
	if (conf.from == FROM_CONNECTIONS)
		connection_pick(pkt, random);
	else
		tuple_of(pkt,
			 conf.from == FROM_FLOWS ? random % (conf.nr_flows ?: 1) : random >> 20);
	pkt->seq = random >> 8;
	pkt->ack = conf.is_syn ? 0 : random >> 24;
	if (conf.from == FROM_CONNECTIONS)
		connection_forget(pkt);
	if (conf.is_cookie) {
		note_forget();
		cookie_acknowledge(pkt, &tsecr);
	}
	if (!packet_write(ctx, pkt, tsecr))
		return false;
	__sync_fetch_and_add(&g->nr_made, 1); /* drains the store buffer, as if a NIC had written */
	return true;
}

SEC("xdp")
int bench_xdp(struct xdp_md *ctx)
{
	if (packet_make(ctx))
		bpf_tail_call(ctx, &targets, conf.target);
	return XDP_ABORTED;
}

SEC("xdp")
int bench_floor(struct xdp_md *ctx)
{
	__u16 *mac = (void *)(long)ctx->data;

	if ((void *)(mac + 6) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	for (int i = 0; i < 3; i++) {
		__u16 to = mac[i];

		mac[i] = mac[i + 3];
		mac[i + 3] = to;
	}
	return XDP_TX;
}

/* Each run enters the next flow. */
SEC("xdp")
int bench_fill(struct xdp_md *ctx)
{
	struct generator *g = ONLY(generators);

	if (!g)
		return XDP_ABORTED;
	tuple_of(&g->pkt, nr_filled++);
	flow_put(&g->pkt, flow_of(&g->pkt), clock_ms(), FLOW_TIMEOUT_MS,
		 FLOW_IS(0, FLOW_ESTABLISHED, ACCEPTED_COOKIE));
	return XDP_PASS;
}

/* And each run of this forgets the next one. */
SEC("xdp")
int bench_forget(struct xdp_md *ctx)
{
	struct generator *g = ONLY(generators);
	struct flow *flow;

	if (!g)
		return XDP_ABORTED;
	tuple_of(&g->pkt, nr_filled++);
	flow = flow_find(flow_of(&g->pkt), clock_ms());
	if (flow)
		flow_forget(flow);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
