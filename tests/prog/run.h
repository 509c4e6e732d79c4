/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One run of a program: the frame that goes in, the cookie that it brings back, what came out.
 */
#ifndef SYNWARD_TEST_RUN_H
#define SYNWARD_TEST_RUN_H

#include <stdarg.h>
#include <stddef.h>

#include "ref.h"
#include "setup.h"

struct run {
	const struct row *row;
	enum {
		CALM,
		IN_FLOOD,
		IN_FLOOD_AGAIN
	} when; /* again: another SYN was answered just before */
	bool is_by_lane;
	struct synward_bpf *skel;
	int nr_cpus;
	struct frame_net net;
	struct frame in;
	uint8_t frame[FRAME_ROOM], out[FRAME_ROOM];
	size_t bytes, out_bytes, meta_bytes;
	int action;
	uint64_t sent_ms;  /* of the cookie */
	uint64_t begin_ms; /* before the host was made */
	uint64_t since_ms; /* before it was told of the client and the listener */
	char trouble[512];
};

static void trouble(struct run *r, const char *format, ...)
{
	size_t at = strlen(r->trouble);
	va_list args;

	va_start(args, format);
	vsnprintf(r->trouble + at, sizeof(r->trouble) - at, format, args);
	va_end(args);
}

/* ---- cookies ---- */

static const uint16_t ref_mss4[] = { 536,  1024, 1220, 1260, 1300, 1340, 1360, 1370,
				     1380, 1400, 1410, 1420, 1440, 1452, 1460, 8960 };
static const uint16_t ref_mss6[] = { 1220, 1240, 1260, 1280, 1300, 1320, 1340, 1350,
				     1360, 1380, 1390, 1400, 1420, 1432, 1440, 8940 };

static int class_of(const uint16_t *classes, uint16_t mss)
{
	for (int i = 0; i < 16; i++)
		if (classes[i] == mss)
			return i;
	return 0;
}

static uint32_t low_bits(const struct run *r, bool ts, uint64_t epoch)
{
	const struct row *row = r->row;
	int class = r->net.v6 ? class_of(ref_mss6, row->keeps.mss6) :
				class_of(ref_mss4, row->keeps.mss4);

	if (!ts)
		return (epoch & 1) << 4 | row->keeps.profile;
	return class << 6 | (row->keeps.wscale ? row->keeps.wscale - 1 : 15) << 2 |
	       row->keeps.sack << 1 | row->keeps.ecn;
}

static uint64_t flow_id(const struct run *r)
{
	struct frame_net net = r->net;

	pick_source(&r->in, &net);
	return ref_flow_id(the_secret.flow, net.v6, net.src, net.dst, r->in.sport ?: 40000,
			   r->in.dport);
}

static uint32_t cookie_at(const struct run *r, uint64_t ms, uint32_t isn, bool ts)
{
	uint64_t epoch = ms >> EPOCH_SHIFT;

	return ref_cookie(the_secret.master, epoch, flow_id(r), isn, low_bits(r, ts, epoch), ts);
}

#define CLIENT_ISN 5000

/* Make the ACK acknowledge what the row says. */
static void put_cookie(struct run *r)
{
	enum cookie_kind kind = r->row->cookie;
	uint64_t now, epoch;
	bool ts = r->in.ts != (kind == COOKIE_OTHER_FORMAT);

	if (kind == COOKIE_NONE || kind == COOKIE_KERNEL || kind == COOKIE_KERNEL_OFF)
		return;
	/* Without timestamps the next epoch begins CLOCK_SKEW_MS early, and this one is the one
	 * before already. */
	while (!ts && now_ms() % (1 << EPOCH_SHIFT) > (1 << EPOCH_SHIFT) - 100)
		wait_ms(20);
	now = now_ms();
	epoch = now >> EPOCH_SHIFT;
	r->sent_ms = kind == COOKIE_PREVIOUS_EPOCH ? (epoch << EPOCH_SHIFT) - 1 :
		     kind == COOKIE_TOO_OLD        ? ((epoch - 1) << EPOCH_SHIFT) - 1 :
		     kind == COOKIE_FROM_FUTURE    ? now + 10000 :
						     now - 50;
	r->in.seq = CLIENT_ISN + 1;
	r->in.ack = cookie_at(r, r->sent_ms, CLIENT_ISN - (kind == COOKIE_OTHER_ISN), ts) + 1;
	if (kind == COOKIE_BIT_FLIPPED)
		r->in.ack ^= 1U << 31;
	r->in.tsecr = (uint32_t)r->sent_ms + (uint32_t)(flow_id(r) >> 32);
}

/* ---- the program ---- */

#define FOREIGN_META_BYTES 8

static void test_run_xdp(struct run *r)
{
	struct xdp_md in = {}, out = {};
	uint8_t data[FRAME_ROOM + 64] = {}, result[FRAME_ROOM + 64];
	size_t meta = r->row->with_metadata ? FOREIGN_META_BYTES : 0;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = data, .data_size_in = r->bytes + meta,
		    .data_out = result, .data_size_out = sizeof(result), .ctx_in = &in,
		    .ctx_size_in = sizeof(in), .ctx_out = &out, .ctx_size_out = sizeof(out),
		    .repeat = 1);

	memset(data, 0x5a, meta);
	memcpy(data + meta, r->frame, r->bytes);
	in.data = meta;
	in.data_end = r->bytes + meta;
	tap_begin(r->skel);
	MUST(bpf_prog_test_run_opts(bpf_program__fd(xdp_program(r->skel)), &opts));
	tap_end(r->skel);
	r->action = opts.retval;
	r->meta_bytes = out.data - out.data_meta;
	r->out_bytes = out.data_end - out.data;
	memcpy(r->out, result, opts.data_size_out);
}

/* The sequence number of what came out. */
static uint32_t cookie_in(const struct run *r)
{
	return get32(r->out + 14 + 4 * r->net.nr_vlans + (r->net.v6 ? 40 : 20) + 4);
}

static void test_run_tc(struct run *r)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = r->frame, .data_size_in = r->bytes,
		    .data_out = r->out, .data_size_out = sizeof(r->out), .repeat = 1);

	tap_begin(r->skel);
	MUST(bpf_prog_test_run_opts(bpf_program__fd(tc_program(r->skel)), &opts));
	tap_end(r->skel);
	r->action = (int)opts.retval == -1 ? XDP_PASS : (int)opts.retval;
	r->out_bytes = opts.data_size_out;
}

static void read_counts(const struct run *r, __u64 ret[NR_REASONS])
{
	__u64 per_cpu[r->nr_cpus];

	memset(ret, 0, NR_REASONS * sizeof(*ret));
	for (__u32 i = 0; i < NR_REASONS; i++) {
		MUST(bpf_map_lookup_elem(bpf_map__fd(r->skel->maps.reason_counts), &i, per_cpu));
		for (int c = 0; c < r->nr_cpus; c++)
			ret[i] += per_cpu[c];
	}
}

#define NR_ROW_COUNTS (sizeof(struct row_counts) / sizeof(__u64))

/* Of the service, over all CPUs. */
static struct row_counts read_row_counts(const struct run *r)
{
	__u32 index = service_row(r->in.dport);
	struct row_cpu per_cpu[r->nr_cpus];
	struct row_counts ret = {};

	if (index == NR_SERVICES)
		return ret;
	MUST(bpf_map_lookup_elem(bpf_map__fd(r->skel->maps.row_cpu), &index, per_cpu));
	for (int c = 0; c < r->nr_cpus; c++)
		for (size_t i = 0; i < NR_ROW_COUNTS; i++)
			((__u64 *)&ret)[i] += ((const __u64 *)&per_cpu[c].counts)[i];
	return ret;
}

/* ---- what is known of the client before ---- */

static void put_flow(const struct run *r, enum flow_state state)
{
	__u64 id = flow_id(r);
	__u32 cpu = sched_getcpu() + r->row->of_another_cpu;
	__u32 set = id & (FLOW_SETS - 1), since = now_ms() - (r->row->aged ? 100 : 0);
	struct flow_set in = {
		.way[0] = { .id = id,
			    .is = FLOW_IS(service_row(r->in.dport), state, FLOW_BY_ON(0, cpu)),
			    .opened_ms = state == FLOW_CLOSING ? since - 100000 : since,
			    .since_ms = since,
			    .expires_ms = now_ms() + 60000 }
	};
	struct flow_tags tags = { .tag[0] = id >> 24 }, more = { .tag[0] = id >> 16 };

	put(r->skel->maps.flows, set, &in);
	put(r->skel->maps.flow_tags, set, &tags);
	put(r->skel->maps.flow_tags_more, set, &more);
}

/* As bpf/flow_match.h has it. */
#define SEEN_WORDS 8 /* the second, and as many ids */

static __u32 seen_word(const struct run *r)
{
	return flow_id(r) >> 32 | 1;
}

/* In the last place, behind others. */
static void put_seen(const struct run *r)
{
	__u32 word[SEEN_WORDS] = { now_ms() / 1000 - (r->row->seen == SEEN_BEFORE), ~0U, 1 };

	word[SEEN_WORDS - 1] = seen_word(r);
	put(r->skel->maps.flow_seen, flow_id(r) & (FLOW_SETS - 1), word);
}

static __u32 retry_slot(const struct run *r)
{
	return (flow_id(r) >> 32) % NR_RETRIES;
}

/* The one that is kept before: another's differs in bits that do not say where it is kept. */
static __u64 kept_id(const struct run *r)
{
	return r->row->kept == KEPT_OWN ? flow_id(r) : flow_id(r) ^ 1;
}

static void put_retry(const struct run *r)
{
	struct retry kept = { .id = kept_id(r), .bytes = 60, .sent_ms = now_ms() };

	memset(kept.frame, 0x77, sizeof(kept.frame));
	put(r->skel->maps.retries, retry_slot(r), &kept);
}

#endif
