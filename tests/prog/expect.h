/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What must come of a packet: the verdict, the frame byte for byte, the note, and what the host
 * knows afterwards.
 */
#ifndef SYNWARD_TEST_EXPECT_H
#define SYNWARD_TEST_EXPECT_H

#include "note.h"
#include "reason_table.h"
#include "run.h"

static bool is_answer(enum reason why)
{
	return why == SYN_COOKIE || why == SYN_COOKIE_ROUTED || why == SYN_KERNEL_COOKIE;
}

/* The kernel made the cookie, and only it can say whether it is right. */
static bool is_by_kernel(const struct row *row)
{
	return row->why == SYN_KERNEL_COOKIE || row->by_kernel;
}

static void expect_one_verdict(struct run *r, const __u64 *before, const __u64 *after)
{
	for (int i = 0; i < NR_REASONS; i++) {
		__u64 moved = after[i] - before[i], want = i == (int)r->row->why;

		if (moved != want)
			trouble(r, "%s moved by %llu, not %llu; ", reason_names[i], moved, want);
	}
	if (!r->row->by_tc && r->action != reason_actions[r->row->why])
		trouble(r, "action %d, not %d; ", r->action, reason_actions[r->row->why]);
}

/* ---- the frame ---- */

static void expect_unchanged(struct run *r)
{
	if (r->out_bytes != r->bytes || memcmp(r->out + r->meta_bytes, r->frame, r->bytes))
		trouble(r, "the frame was changed; ");
}

static uint16_t window_of(const struct row *row, uint16_t mss)
{
	uint32_t space = row->in.dport == PORT_SMALL ? SMALL_RCVBUF : RCV_SPACE;

	space -= space % mss;
	return space > 65535 ? 65535 : space;
}

static bool answers_ts(const struct row *row)
{
	return row->in.ts && !(row->without & MAY_TIMESTAMPS) &&
	       (!is_by_kernel(row) || (row->with & MAY_KERNEL_OPTIONS));
}

/* Our time: some moment of the run, plus the client's offset. Returns it. */
static uint64_t expect_our_time(struct run *r, uint32_t tsval, uint64_t from_ms)
{
	uint32_t offset = flow_id(r) >> 32;
	uint64_t ms = from_ms + (int32_t)(tsval - offset - (uint32_t)from_ms);

	if (ms + TICK_MS < from_ms || ms > now_ms())
		trouble(r, "TSval is %ld ms off; ", (long)(ms - from_ms));
	return ms;
}

/* With a cookie of the kernel's: the last moment whose low six bits say what was agreed to. */
static void expect_kernel_time(struct run *r, uint32_t tsval, uint64_t from_ms)
{
	const struct row *row = r->row;
	uint32_t options = (row->keeps.wscale ? row->keeps.wscale - 1 : 15) | row->keeps.sack << 4 |
			   row->keeps.ecn << 5;
	int32_t before_ms = (uint32_t)from_ms - tsval, until_ms = (uint32_t)now_ms() - tsval;

	if ((tsval & 63) != options)
		trouble(r, "TSval says options %02x, not %02x; ", tsval & 63, options);
	if (before_ms > 63 || until_ms < 0)
		trouble(r, "TSval is of %d ms ago; ", before_ms);
}

static void put_macs(const struct run *r, struct frame_net *back)
{
	switch (r->row->way) {
	case WAY_HOP:
		memcpy(back->dst_mac, world_hop_mac, 6);
		memcpy(back->src_mac, world_out_mac, 6);
		break;
	case WAY_LO:
		memcpy(back->dst_mac, world_lo_mac, 6);
		memcpy(back->src_mac, world_lo_mac, 6);
		break;
	case WAY_BACK:
		memcpy(back->src_mac, r->net.dst_mac, 6);
		back->src_mac[5] ^= r->in.to_other_host ? 0xff : 0;
		memcpy(back->dst_mac, r->net.src_mac, 6);
	}
}

/* The answer that must have come, built independently. Its time is its own and must lie within the
 * run, and so is the kernel's cookie, which is tried later. */
static size_t build_answer(struct run *r, uint64_t from_ms, uint8_t *ret)
{
	const struct row *row = r->row;
	uint16_t mss = r->net.v6 ? row->keeps.mss6 : row->keeps.mss4;
	uint16_t mtu = row->mtu ?: MTU;
	bool ts = answers_ts(row);
	struct frame_net from = r->net, back = r->net;
	struct frame f = {
		.sport = row->in.dport,
		.dport = r->in.sport ?: 40000,
		.ack = r->in.seq + 1,
		.flags = SYN | ACK | (row->keeps.ecn ? ECE : 0),
		.window = window_of(row, mss),
		.mss = r->in.mss ? mtu - (r->net.v6 ? 60 : 40) : 0,
		.wscale = !row->keeps.wscale          ? 0 :
			  row->in.dport == PORT_SMALL ? 1 :
							RCV_WSCALE + 1,
		.sack = row->keeps.sack,
		.ts = ts,
		.tsecr = row->in.tsval,
		.pad_to = row->in.pad_to,
		.priority_tags = row->in.priority_tags,
	};
	uint64_t ms = from_ms;

	if (ts) {
		f.tsval = get32(r->out + r->out_bytes - (f.wscale ? 4 : 0) - 8);
		if (is_by_kernel(row))
			expect_kernel_time(r, f.tsval, from_ms);
		else
			ms = expect_our_time(r, f.tsval, from_ms);
	}
	f.seq = is_by_kernel(row) ? cookie_in(r) : cookie_at(r, ms, r->in.seq, ts);
	pick_source(&r->in, &from);
	memcpy(back.src, from.dst, 16);
	memcpy(back.dst, from.src, 16);
	put_macs(r, &back);
	return frame_build(&f, &back, ret);
}

static void expect_answer(struct run *r, uint64_t from_ms)
{
	uint8_t want[FRAME_ROOM];
	size_t n = build_answer(r, from_ms, want);

	if (n != r->out_bytes) {
		trouble(r, "the answer has %zu bytes, not %zu; ", r->out_bytes, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (r->out[i] != want[i]) {
			trouble(r, "byte %zu of the answer is %02x, not %02x; ", i, r->out[i],
				want[i]);
			return;
		}
}

static void expect_note(struct run *r)
{
	const struct row *row = r->row;
	struct note n;
	struct note want = {
		.tsval = r->in.ts ? r->in.tsval : 0,
		.tsecr = r->in.ts ? r->in.tsecr : 0,
		.mss = r->net.v6 ? row->keeps.mss6 : row->keeps.mss4,
		.wscale = row->keeps.wscale ? row->keeps.wscale - 1 : 15,
		.flags = (row->keeps.sack ? NOTE_SACK : 0) | (row->keeps.ecn ? NOTE_ECN : 0) |
			 (r->in.ts ? NOTE_TIMESTAMPS : 0),
	};

	if (r->meta_bytes != sizeof(struct note_area)) {
		trouble(r, "%zu bytes of metadata; ", r->meta_bytes);
		return;
	}
	memcpy(&n, r->out + offsetof(struct note_area, note), sizeof(n));
	if (r->in.ts && n.sent_ms != (uint32_t)r->sent_ms)
		trouble(r, "the note says sent at %u, not %u; ", n.sent_ms, (uint32_t)r->sent_ms);
	want.sent_ms = n.sent_ms;
	if (memcmp(&n, &want, sizeof(n)))
		trouble(r, "note: mss %u wscale %u flags %x, not %u %u %x; ", n.mss, n.wscale,
			n.flags, want.mss, want.wscale, want.flags);
}

/* ---- what the host knows ---- */

/* What put_flow() entered, or what took its place. */
static void expect_flow(struct run *r)
{
	__u32 set = flow_id(r) & (FLOW_SETS - 1);
	struct flow_set now;
	__u8 is;

	MUST(bpf_map_lookup_elem(bpf_map__fd(r->skel->maps.flows), &set, &now));
	is = FLOW_STATE(now.way[0].is);
	if (r->row->flow_after && is != r->row->flow_after)
		trouble(r, "the flow is in state %d, not %d; ", is, r->row->flow_after);
	if (r->row->flow == FLOW_ESTABLISHED && (is != FLOW_NONE) != (r->row->why != SYN_COOKIE))
		trouble(r, "the flow is %s known; ", is ? "still" : "not");
}

/* May its next packets pass without a look at its entry? */
static void expect_seen(struct run *r)
{
	__u32 set = flow_id(r) & (FLOW_SETS - 1);
	__u32 word[SEEN_WORDS];
	bool is_there = false;

	MUST(bpf_map_lookup_elem(bpf_map__fd(r->skel->maps.flow_seen), &set, word));
	for (int i = 1; i < SEEN_WORDS; i++)
		is_there |= word[i] == seen_word(r) && word[0] == now_ms() / 1000;
	if (is_there != r->row->seen_after)
		trouble(r, "the flow is %s said to be seen; ", is_there ? "still" : "not");
}

/* The count of handshakes that the kernel holds, as a whole and bucket by bucket. */
static void expect_held(struct run *r)
{
	__u32 index = service_row(r->in.dport);
	struct peace_half_open peace;
	int sum = 0;

	if (index == NR_SERVICES)
		return;
	MUST(bpf_map_lookup_elem(bpf_map__fd(r->skel->maps.peace_half_open), &index, &peace));
	for (int i = 0; i < HANDSHAKE_BUCKETS; i++)
		sum += peace.held.open[i];
	if (peace.held.sum != r->row->held_after || sum != r->row->held_after)
		trouble(r, "the kernel is said to hold %d (%d by bucket), not %d; ", peace.held.sum,
			sum, r->row->held_after);
}

/* What is denied counts for nothing, and arms nothing. */
static void expect_uncounted(struct run *r)
{
	__u32 index = service_row(r->in.dport);
	struct row_rate rate = r->skel->data_live->row_rate[index];
	struct row_live live = r->skel->data_live->row_live[index];

	if ((int)(__u32)rate.now != r->row->syns_before || live.since_ms)
		trouble(r, "it was counted: %u SYNs in this second; ", (__u32)rate.now);
}

/* An answer says that this host is under attack; nothing else does. */
static void expect_host(struct run *r, uint64_t from_ms)
{
	__u64 armed_ms = r->skel->data_live->host_armed_ms;

	if (is_answer(r->row->why) ? armed_ms + 900 < from_ms :
				     armed_ms >= from_ms && !r->row->times)
		trouble(r, "the host is said to be armed at %llu, now is %lu; ", armed_ms, from_ms);
}

/* What is to be sent once more: just what was sent, and nobody else's. */
static void expect_retries(struct run *r, uint64_t from_ms)
{
	const struct row *row = r->row;
	bool is_kept = row->row_flags & ROW_SERVER_FIRST && is_answer(row->why);

	for (__u32 i = 0; i < NR_RETRIES; i++) {
		__u64 want = i != retry_slot(r) ? 0 :
			     is_kept            ? flow_id(r) :
			     row->stays_kept    ? kept_id(r) :
						  0;
		struct retry now;

		MUST(bpf_map_lookup_elem(bpf_map__fd(r->skel->maps.retries), &i, &now));
		if (now.id != want)
			trouble(r, "of the SYN-ACK to be sent again, the id is %llx, not %llx; ",
				now.id, want);
		if (!want || !is_kept)
			continue;
		if (now.bytes != r->out_bytes || memcmp(now.frame, r->out, now.bytes))
			trouble(r, "another SYN-ACK is kept than was sent; ");
		if (now.device != DEV_SLOT || now.sent_ms < (__u32)from_ms ||
		    now.sent_ms > (__u32)now_ms() || !now.ifindex ||
		    (now.ifindex == 1 /* lo, as all that comes in by test runs */) !=
			    (row->way != WAY_HOP))
			trouble(r, "the kept one is of device %u by %u, sent at %u; ", now.device,
				now.ifindex, now.sent_ms);
	}
}

/* As one of the SYNs of its service. */
static bool is_counted(enum reason why)
{
	return why >= SYN_PEACE && why <= SYN_KERNEL_COOKIE;
}

/* All SYNs of this second are in the rate, or kept for it, whoever judged them. */
static void expect_rate(struct run *r)
{
	const struct row *row = r->row;
	__u32 index = service_row(r->in.dport), kept = 0, now, want;
	bool is_alike = !row->earlier.dport ||
			(row->earlier.dport == row->in.dport && row->earlier.flags == SYN);
	struct row_cpu per_cpu[r->nr_cpus];

	if (!is_counted(row->why) || row->why == SYN_DENIED)
		return;
	MUST(bpf_map_lookup_elem(bpf_map__fd(r->skel->maps.row_cpu), &index, per_cpu));
	for (int c = 0; c < r->nr_cpus; c++)
		kept += per_cpu[c].rate_kept;
	now = r->skel->data_live->row_rate[index].now;
	want = row->syns_before + 1 + (is_alike ? row->times + row->twice : 0);
	if (now + kept != want || kept > (__u32)r->nr_cpus * (FLOOD_FLUSH - 1))
		trouble(r, "the rate is %u and %u, which makes not %u; ", now, kept, want);
}

static void expect_row_counts(struct run *r, const struct row_counts *before,
			      const struct row_counts *after)
{
	static const char *const names[] = { "syns",          "cookies_sent",
					     "cookies_valid", "cookies_invalid",
					     "served",        "landed",
					     "missed",        "untracked" };
	const struct row *row = r->row;
	enum reason why = row->why;
	bool is_valid = why == ACK_COOKIE_VALID || why == ACK_NO_NOTE || why == KERNEL_COOKIE;
	bool is_finished =
		row->flow == FLOW_SYN_RECV && (why == KERNEL_HANDSHAKE_DONE || why == FLOW_LEARNED);
	struct row_counts want = {
		.syns = is_counted(why),
		.cookies_sent = is_answer(why),
		.cookies_valid = is_valid,
		.cookies_invalid =
			why == ACK_COOKIE_INVALID || why == ACK_COOKIE_EXPIRED || why == ACK_RESET,
		.served = (is_valid && !row->missed && !row->of_another_cpu) || is_finished,
		.landed = row->landed,
		.missed = row->missed,
		.untracked = why == SYN_UNTRACKED,
	};

	_Static_assert(sizeof(names) / sizeof(names[0]) == NR_ROW_COUNTS, "a name for each count");
	for (size_t i = 0; i < NR_ROW_COUNTS; i++) {
		__u64 moved = ((const __u64 *)after)[i] - ((const __u64 *)before)[i];

		if (moved != ((const __u64 *)&want)[i])
			trouble(r, "%s moved by %llu; ", names[i], moved);
	}
}

#endif
