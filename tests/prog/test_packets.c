// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the packet table of rows.h against the loaded programs (BPF_PROG_TEST_RUN) and real sockets.
 * Each run must move exactly one reason's counter by one; an answer is compared byte for byte with
 * one that frame.h and ref.h build. In the end every reason must have been some row's.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include "abi.h"
#include "frame.h"
#include "note.h"
#include "reasons.h"
#include "ref.h"
#include "rows.h"
#include "synward.skel.h"
#include "world.h"

#define MTU 1500
#define RMEM_DEFAULT 131072
#define RMEM_MAX 33554432
#define RCV_WSCALE 10   /* of RMEM_MAX */
#define RCV_SPACE 65536 /* half of RMEM_DEFAULT */
#define EPOCH_SHIFT 16
#define FLOW_SETS 16 /* few, so that emptying them takes no time */
#define MAY_ALL (MAY_TIMESTAMPS | MAY_SACK | MAY_WSCALE | MAY_ECN | MAY_COOKIE)

#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

/* Must never be seen. */
static bool is_internal(enum reason why)
{
	return why == GO_ON || why == SYN_NO_ROOM;
}

/* Tests elsewhere see these: TC cannot be at a device's ingress in a test run, and the kernel keeps
 * the secret of its cookies. */
static bool is_seen_elsewhere(enum reason why)
{
	return why == HANDOFF || why == KERNEL_COOKIE; /* e2e/handoff.bats */
}

static const char *const reason_names[] = {
#define X(name, action, text) #name,
	SYNWARD_REASONS(X)
#undef X
};

static const int reason_actions[] = {
#define PASS XDP_PASS
#define DROP XDP_DROP
#define TX XDP_TX
#define REDIRECT XDP_REDIRECT
#define NEXT -1
#define X(name, action, text) action,
	SYNWARD_REASONS(X)
#undef X
#undef PASS
#undef DROP
#undef TX
#undef NEXT
};

static const uint8_t our_mac[6] = { 2, 0, 0, 0, 0, 1 }, their_mac[6] = { 2, 0, 0, 0, 0, 2 };
static const uint16_t ref_mss4[] = { 536,  1024, 1220, 1260, 1300, 1340, 1360, 1370,
				     1380, 1400, 1410, 1420, 1440, 1452, 1460, 8960 };
static const uint16_t ref_mss6[] = { 1220, 1240, 1260, 1280, 1300, 1320, 1340, 1350,
				     1360, 1380, 1390, 1400, 1420, 1432, 1440, 8940 };

static const struct secret the_secret = {
	.master = { 0x0123456789abcdef, 0xfedcba9876543210 },
	.flow = { 0x1111222233334444, 0x5555666677778888 },
};

/* ---- the maps ---- */

static void put(struct bpf_map *map, __u32 key, const void *value)
{
	MUST(bpf_map_update_elem(bpf_map__fd(map), &key, value, BPF_ANY));
}

static void put_service(struct synward_bpf *skel, const uint8_t *addr, bool v6, uint16_t port,
			__u32 row)
{
	struct svc_key key = { .port = htons(port) };
	__u8 yes = 1;

	if (v6) {
		memcpy(&key.addr, addr, 16);
	} else {
		key.addr.word[2] = htonl(0xffff);
		memcpy(&key.addr.word[3], addr, 4);
	}
	struct svc_value to = { .row = row, .listener = row * 2 + v6 };

	MUST(bpf_map_update_elem(bpf_map__fd(skel->maps.services), &key, &to, BPF_ANY));
	put(skel->maps.ports, port, &yes);
}

static __u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

#define HOLD_MS 30000
#define BUCKET_SHIFT 10
#define NR_BUCKETS 62

/* What the services are, and what has happened to them. */
static const struct service_world {
	uint16_t port;
	enum svc_mode mode;
	bool is_draining, is_attacked, is_forced, is_disarmed;
} services[] = {
	{ .port = PORT_WEB, .mode = SVC_ALWAYS },
	{ .port = PORT_MONITOR, .mode = SVC_MONITOR },
	{ .port = PORT_NOBODY, .mode = SVC_ALWAYS },
	{ .port = PORT_MPTCP, .mode = SVC_ALWAYS },
	{ .port = PORT_FULL, .mode = SVC_ALWAYS },
	{ .port = PORT_DRAIN, .mode = SVC_MONITOR, .is_draining = true },
	{ .port = PORT_SMALL, .mode = SVC_ALWAYS },
	{ .port = PORT_BRIM, .mode = SVC_ALWAYS },
	{ .port = PORT_MD5, .mode = SVC_ALWAYS },
	{ .port = PORT_AUTO, .mode = SVC_AUTO },
	{ .port = PORT_ATTACKED, .mode = SVC_AUTO, .is_attacked = true },
	{ .port = PORT_FORCED, .mode = SVC_AUTO, .is_forced = true },
	{ .port = PORT_DISARMED, .mode = SVC_AUTO, .is_attacked = true, .is_disarmed = true },
	{ .port = PORT_OFF, .mode = SVC_OFF },
	{ .port = PORT_OFF_DRAIN, .mode = SVC_OFF, .is_draining = true },
	{ .port = PORT_DEFER, .mode = SVC_AUTO },
	{ .port = PORT_TIMES, .mode = SVC_AUTO },
};

#define NR_SERVICES (sizeof(services) / sizeof(services[0]))

struct world {
	struct synward_bpf *skel;        /* as on a device with metadata */
	struct synward_bpf *no_metadata; /* as on one without; shares nothing */
	int nr_cpus;
	bool seen[NR_REASONS];
	unsigned int nr_run, nr_failed;
	bool has_mptcp, checks_echo;
	struct world_synack synacks[NR_SERVICES][2]; /* of half-open connections, IPv4 and IPv6 */
};

static void put_services(struct synward_bpf *skel)
{
	for (__u32 i = 0; i < NR_SERVICES; i++) {
		put_service(skel, world_srv4, false, services[i].port, i);
		put_service(skel, world_srv6, true, services[i].port, i);
	}
}

/* The row of the service that this port is; NR_SERVICES when it is none. */
static __u32 service_row(uint16_t port)
{
	__u32 row = 0;

	while (row < NR_SERVICES && services[row].port != port)
		row++;
	return row;
}

/* The row as it is before a packet. */
static void put_row(struct synward_bpf *skel, const struct row *row)
{
	__u32 index = service_row(row->in.dport), bucket = now_ms() >> BUCKET_SHIFT;
	const struct service_world *svc = &services[index];
	__u64 now = now_ms();
	struct row_conf conf = {
		.mode = svc->mode,
		.bucket_shift = BUCKET_SHIFT,
		.nr_buckets = NR_BUCKETS,
		.arm_half_open = ARM_HALF_OPEN,
		.max_half_open = MAX_HALF_OPEN,
		.arm_syn_rate = ARM_SYN_RATE,
		.low_water = ARM_SYN_RATE / 2,
		.hold_ms = HOLD_MS,
		.flush_every = 1,
		.forced_until_ms = svc->is_forced ? ARMED_WITHOUT_END : 0,
		.disarmed_ms = svc->is_disarmed ? now : 0,
	};
	struct row_live live = {
		.last_ms = svc->is_attacked ? now - 900 : 0,
		.since_ms = svc->is_attacked ? now - 1000 : 0,
		.last_cookie_ms = svc->is_draining ? now : 0,
	};
	struct row_rate rate = { .now = (now / 1000) << 32 | row->syns_before };
	struct peace_half_open peace = { .held = { .newest = bucket, .sum = row->held } };

	if (index == NR_SERVICES)
		return;
	peace.held.open[bucket % HANDSHAKE_BUCKETS] = row->held;
	put(skel->maps.rows, index, &conf);
	put(skel->maps.row_live, index, &live);
	put(skel->maps.row_rate, index, &rate);
	put(skel->maps.peace_half_open, index, &peace);
}

static struct synward_bpf *load(bool without_metadata)
{
	struct synward_bpf *skel = synward_bpf__open();

	if (!skel)
		exit(1);
	skel->rodata->can_hand_off = true;
	skel->rodata->without_metadata = without_metadata;
	skel->rodata->flow_set_mask = FLOW_SETS - 1;
	MUST(bpf_map__set_max_entries(skel->maps.flow_tags, FLOW_SETS));
	MUST(bpf_map__set_max_entries(skel->maps.flows, FLOW_SETS));
	MUST(synward_bpf__load(skel));
	put(skel->maps.secret, 0, &the_secret);
	put_services(skel);
	return skel;
}

/* A map of an array of zeros again. */
static void clear(struct bpf_map *map)
{
	__u8 zero[256 * 64] = {};

	for (__u32 i = 0; i < bpf_map__max_entries(map); i++)
		put(map, i, zero);
}

static void prepare(struct synward_bpf *skel, const struct row *row)
{
	struct settings set = {
		.flags = MAY_ALL & ~row->without,
		.rmem_max = RMEM_MAX,
		.rmem_default = RMEM_DEFAULT,
		.ttl = 64,
		.epoch_shift = EPOCH_SHIFT,
	};
	struct dev_conf dev = { .mtu = MTU, .tc_live = !row->tc_dead, .hop_limit = 64 };
	struct dev_notes notes = { .is_without_metadata = row->by_tc };

	memcpy(dev.mac, our_mac, 6);
	if (row->tc_silent) {
		notes.untaken = 4;
		notes.since_ms = now_ms() - 300;
	}
	put(skel->maps.settings, 0, &set);
	put(skel->maps.devices, 0, &dev);
	put(skel->maps.device_notes, 0, &notes);
	clear(skel->maps.flow_tags);
	clear(skel->maps.flows);
	clear(skel->maps.cpu_state);
	put_row(skel, row);
}

static void read_counts(const struct world *w, struct synward_bpf *skel, __u64 ret[NR_REASONS])
{
	__u64 per_cpu[w->nr_cpus];

	memset(ret, 0, NR_REASONS * sizeof(*ret));
	for (__u32 i = 0; i < NR_REASONS; i++) {
		MUST(bpf_map_lookup_elem(bpf_map__fd(skel->maps.reason_counts), &i, per_cpu));
		for (int c = 0; c < w->nr_cpus; c++)
			ret[i] += per_cpu[c];
	}
}

/* ---- one run ---- */

struct run {
	const struct row *row;
	struct frame_net net;
	struct frame in;
	uint8_t frame[FRAME_ROOM], out[FRAME_ROOM];
	size_t bytes, out_bytes, meta_bytes;
	int action;
	uint64_t sent_ms; /* of the cookie */
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

static int class_of(const uint16_t *classes, uint16_t mss)
{
	for (int i = 0; i < 16; i++)
		if (classes[i] == mss)
			return i;
	return 0;
}

static bool row_uses_ts(const struct row *row)
{
	return row->in.ts && !(row->without & MAY_TIMESTAMPS);
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

/* Make the ACK acknowledge what the row says. */
static void put_cookie(struct run *r)
{
	enum cookie_kind kind = r->row->cookie;
	uint64_t now = now_ms(), epoch = now >> EPOCH_SHIFT;
	bool ts = r->in.ts != (kind == COOKIE_OTHER_FORMAT);

	if (kind == COOKIE_NONE)
		return;
	r->sent_ms = kind == COOKIE_PREVIOUS_EPOCH ? (epoch << EPOCH_SHIFT) - 1 :
		     kind == COOKIE_TOO_OLD        ? ((epoch - 1) << EPOCH_SHIFT) - 1 :
		     kind == COOKIE_FROM_FUTURE    ? now + 10000 :
						     now - 50;
	r->in.seq = 5001;
	r->in.ack = cookie_at(r, r->sent_ms, kind == COOKIE_OTHER_ISN ? 4999 : 5000, ts) + 1;
	if (kind == COOKIE_BIT_FLIPPED)
		r->in.ack ^= 1U << 31;
	r->in.tsecr = (uint32_t)r->sent_ms + (uint32_t)(flow_id(r) >> 32);
}

#define FOREIGN_META_BYTES 8

static void test_run_xdp(struct synward_bpf *skel, struct run *r)
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
	MUST(bpf_prog_test_run_opts(bpf_program__fd(skel->progs.synward_xdp), &opts));
	r->action = opts.retval;
	r->meta_bytes = out.data - out.data_meta;
	r->out_bytes = out.data_end - out.data;
	memcpy(r->out, result, opts.data_size_out);
}

static void put_flow(struct synward_bpf *skel, const struct run *r, enum flow_state state)
{
	__u64 id = flow_id(r);
	__u32 set = id & (FLOW_SETS - 1), since = now_ms() - (r->row->aged ? 100 : 0);
	struct flow_set in = { .way[0] = { .id = id,
					   .is = FLOW_IS(service_row(r->in.dport), state, 0),
					   .opened_ms = since,
					   .since_ms = since,
					   .expires_ms = now_ms() + 60000 } };
	struct flow_tags tags = { .tag[0] = (id >> 16 & 0xffff) ?: 1 };

	put(skel->maps.flows, set, &in);
	put(skel->maps.flow_tags, set, &tags);
}

/* What put_flow() entered is still believed, or not. */
static void expect_known(struct synward_bpf *skel, struct run *r, bool is_known)
{
	__u32 set = flow_id(r) & (FLOW_SETS - 1);
	struct flow_set now;

	MUST(bpf_map_lookup_elem(bpf_map__fd(skel->maps.flows), &set, &now));
	if ((FLOW_STATE(now.way[0].is) != FLOW_NONE) != is_known)
		trouble(r, "the flow is %s known; ", is_known ? "not" : "still");
}

static void test_run_tc(struct synward_bpf *skel, struct run *r)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = r->frame, .data_size_in = r->bytes,
		    .data_out = r->out, .data_size_out = sizeof(r->out), .repeat = 1);

	put_flow(skel, r, FLOW_VALIDATED);
	MUST(bpf_prog_test_run_opts(bpf_program__fd(skel->progs.synward_tc), &opts));
	r->action = (int)opts.retval == -1 ? XDP_PASS : (int)opts.retval;
	r->out_bytes = opts.data_size_out;
}

/* The layouts of what BPF keeps per CPU, as bpf/maps.h has them. */
struct listener_record {
	__u32 window;
	__u8 is_there, is_mptcp, is_full, has_keys, wscale, pad[3];
	__u32 space_bytes, clamp_bytes, syn_queue, backlog, pad2;
};
#define RECORD_BACKLOG 128
#define CPU_STATE_LOOKUPS 48 /* offset of lookup_window and lookups_used */
#define LOOKUP_WINDOW_MS 4
#define LOOKUPS_SPENT 200

/* Every CPU has made its lookups of this window, the last one of the row's listener. */
static void spend_lookups(const struct world *w, struct synward_bpf *skel, const struct run *r)
{
	size_t size = (bpf_map__value_size(skel->maps.cpu_state) + 7) & ~7UL;
	struct listener_record rec[w->nr_cpus];
	__u32 spent[2] = { now_ms() / LOOKUP_WINDOW_MS, LOOKUPS_SPENT };
	__u8 cpus[size * w->nr_cpus];
	__u32 row = service_row(r->in.dport);

	for (int c = 0; c < w->nr_cpus; c++)
		rec[c] = (struct listener_record){
			.window = spent[0],
			.is_there = true,
			.is_mptcp = r->row->listener == RECORD_MPTCP,
			.is_full = r->row->listener == RECORD_FULL,
			.wscale = RCV_WSCALE,
			.space_bytes = RCV_SPACE,
			.syn_queue = r->row->listener == RECORD_HALF    ? RECORD_BACKLOG / 2 :
				     r->row->listener == RECORD_FILLING ? RECORD_BACKLOG / 2 + 1 :
									  0,
			.backlog = RECORD_BACKLOG,
		};
	put(skel->maps.listeners, row * 2 + r->net.v6, rec);
	MUST(bpf_map_lookup_elem(bpf_map__fd(skel->maps.cpu_state), &(__u32){ 0 }, cpus));
	for (int c = 0; c < w->nr_cpus; c++)
		memcpy(cpus + c * size + CPU_STATE_LOOKUPS, spent, sizeof(spent));
	put(skel->maps.cpu_state, 0, cpus);
}

/* ---- what must come out ---- */

static void expect_unchanged(struct run *r)
{
	if (r->out_bytes != r->bytes || memcmp(r->out + r->meta_bytes, r->frame, r->bytes))
		trouble(r, "the frame was changed; ");
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

/* The count of handshakes that the kernel holds, as a whole and bucket by bucket. */
static void expect_held(struct synward_bpf *skel, struct run *r)
{
	__u32 index = service_row(r->in.dport);
	struct peace_half_open peace;
	int sum = 0;

	if (index == NR_SERVICES)
		return;
	MUST(bpf_map_lookup_elem(bpf_map__fd(skel->maps.peace_half_open), &index, &peace));
	for (int i = 0; i < HANDSHAKE_BUCKETS; i++)
		sum += peace.held.open[i];
	if (peace.held.sum != r->row->held_after || sum != r->row->held_after)
		trouble(r, "the kernel is said to hold %d (%d by bucket), not %d; ", peace.held.sum,
			sum, r->row->held_after);
}

static uint16_t window_of(const struct row *row, uint16_t mss)
{
	uint32_t space = row->in.dport == PORT_SMALL ? SMALL_RCVBUF : RCV_SPACE;

	space -= space % mss;
	return space > 65535 ? 65535 : space;
}

/* The answer that must have come, built independently. Its time is its own and must lie within the
 * run. */
static size_t build_answer(struct run *r, uint64_t from_ms, uint8_t *ret)
{
	const struct row *row = r->row;
	uint16_t mss = r->net.v6 ? row->keeps.mss6 : row->keeps.mss4;
	bool ts = row_uses_ts(row);
	struct frame_net back = r->net;
	struct frame f = {
		.sport = row->in.dport,
		.dport = r->in.sport ?: 40000,
		.ack = r->in.seq + 1,
		.flags = SYN | ACK | (row->keeps.ecn ? ECE : 0),
		.window = window_of(row, mss),
		.mss = r->in.mss ? MTU - (r->net.v6 ? 60 : 40) : 0,
		.wscale = !row->keeps.wscale          ? 0 :
			  row->in.dport == PORT_SMALL ? 1 :
							RCV_WSCALE + 1,
		.sack = row->keeps.sack,
		.ts = ts,
		.tsecr = row->in.tsval,
	};
	uint64_t ms = from_ms;

	if (ts) {
		size_t at = r->out_bytes - (f.wscale ? 4 : 0) - 8;
		uint32_t offset = flow_id(r) >> 32, tsval = get32(r->out + at);

		ms = from_ms + (int32_t)(tsval - offset - (uint32_t)from_ms);
		if (ms < from_ms || ms > now_ms())
			trouble(r, "TSval is %ld ms off; ", (long)(ms - from_ms));
		f.tsval = tsval;
	}
	f.seq = cookie_at(r, ms, r->in.seq, ts);
	memcpy(back.src_mac, r->net.dst_mac, 6);
	memcpy(back.dst_mac, r->net.src_mac, 6);
	memcpy(back.src, r->net.dst, 16);
	memcpy(back.dst, r->net.src, 16);
	if (row->in.pad_to)
		f.pad_to = row->in.pad_to;
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

static void expect_one_verdict(struct world *w, struct run *r, const __u64 *before,
			       const __u64 *after)
{
	for (int i = 0; i < NR_REASONS; i++) {
		__u64 moved = after[i] - before[i], want = i == (int)r->row->why;

		if (moved != want)
			trouble(r, "%s moved by %llu, not %llu; ", reason_names[i], moved, want);
		if (moved)
			w->seen[i] = true;
	}
	if (!r->row->by_tc && r->action != reason_actions[r->row->why])
		trouble(r, "action %d, not %d; ", r->action, reason_actions[r->row->why]);
}

/* ---- the runner ---- */

static void wait_ms(uint64_t ms)
{
	for (uint64_t until = now_ms() + ms; now_ms() <= until;)
		usleep(500);
}

static void judge(struct world *w, struct synward_bpf *skel, struct run *r)
{
	__u64 before[NR_REASONS], after[NR_REASONS];
	uint64_t from_ms;

	prepare(skel, r->row);
	put_cookie(r);
	r->bytes = frame_build(&r->in, &r->net, r->frame);
	if (r->row->stale_flow)
		put_flow(skel, r, FLOW_ESTABLISHED);
	if (r->row->syn_recv)
		put_flow(skel, r, FLOW_SYN_RECV);
	if (r->row->listener != BY_LOOKUP)
		spend_lookups(w, skel, r);
	for (int i = 0; i < r->row->times + r->row->twice; i++)
		test_run_xdp(skel, r);
	if (r->row->late)
		wait_ms(20);
	read_counts(w, skel, before);
	from_ms = now_ms();
	if (r->row->by_tc)
		test_run_tc(skel, r);
	else
		test_run_xdp(skel, r);
	read_counts(w, skel, after);
	expect_one_verdict(w, r, before, after);
	if (r->row->why == SYN_COOKIE && r->action == XDP_TX)
		expect_answer(r, from_ms);
	else
		expect_unchanged(r);
	if (r->row->why == ACK_COOKIE_VALID)
		expect_note(r);
	if (r->row->stale_flow)
		expect_known(skel, r, r->row->why != SYN_COOKIE);
	expect_held(skel, r);
}

/* What the kernel said of this service's half-open connection. */
static void acknowledge(const struct world *w, struct run *r)
{
	const struct world_synack *said = &w->synacks[service_row(r->in.dport)][r->net.v6];

	r->in.ack = said->seq + 1;
	if (r->in.ts)
		r->in.tsecr = said->tsval + r->row->tsecr_by;
}

static void run_variant(struct world *w, const struct row *row, bool v6, int nr_vlans)
{
	struct run r = { .row = row, .in = row->in, .net = { .v6 = v6, .nr_vlans = nr_vlans } };

	memcpy(r.net.dst_mac, our_mac, 6);
	memcpy(r.net.src_mac, their_mac, 6);
	memcpy(r.net.src, v6 ? world_cli6 : world_cli4, 16);
	memcpy(r.net.dst, v6 ? world_srv6 : world_srv4, 16);
	for (int try = 0; try < 5; try++) {
		uint64_t epoch = now_ms() >> EPOCH_SHIFT, window = now_ms() / LOOKUP_WINDOW_MS;
		uint64_t second = now_ms() / 1000;

		r.in = row->in;
		if (row->kernel_ack)
			acknowledge(w, &r);
		r.trouble[0] = 0;
		judge(w, row->no_metadata ? w->no_metadata : w->skel, &r);
		if (epoch == now_ms() >> EPOCH_SHIFT && second == now_ms() / 1000 &&
		    (row->listener == BY_LOOKUP || window == now_ms() / LOOKUP_WINDOW_MS))
			break; /* else time moved on under the row: its ages or its budget were off
				*/
	}
	w->nr_run++;
	if (!r.trouble[0])
		return;
	w->nr_failed++;
	printf("not ok: %s (%s, %d tags): %s\n", row->name, v6 ? "IPv6" : "IPv4", nr_vlans,
	       r.trouble);
}

/* Older kernels do not compare the echoed time of a handshake with what they sent. */
static bool kernel_checks_echo(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int id = btf__find_by_name_kind(btf, "tcp_request_sock", BTF_KIND_STRUCT);
	const struct btf_type *type = btf__type_by_id(btf, id);
	bool is_there = false;

	for (int i = 0; type && i < btf_vlen(type); i++)
		is_there |= !strcmp(btf__name_by_offset(btf, btf_members(type)[i].name_off),
				    "snt_tsval_first");
	btf__free(btf);
	return is_there;
}

static void run_row(struct world *w, const struct row *row)
{
	if (row->tsecr_by && !w->checks_echo) {
		printf("SKIP: %s: this kernel does not look at it\n", row->name);
		return;
	}
	if (row->in.dport == PORT_MPTCP && !w->has_mptcp) {
		printf("SKIP: %s: this kernel has no MPTCP\n", row->name);
		w->seen[row->why] = true;
		return;
	}
	for (int v6 = 0; v6 < 2; v6++)
		for (int vlans = row->nr_vlans_min; vlans <= 2 || vlans == row->nr_vlans_min;
		     vlans++) {
			if ((v6 && row->v4_only) || (!v6 && row->v6_only))
				continue;
			run_variant(w, row, v6, vlans);
		}
}

static void check_all_seen(struct world *w)
{
	for (int i = 0; i < NR_REASONS; i++) {
		if (w->seen[i] == !is_internal(i) || is_seen_elsewhere(i))
			continue;
		w->nr_failed++;
		printf("not ok: reason %s %s\n", reason_names[i],
		       w->seen[i] ? "is internal and was seen" : "is no row's verdict");
	}
}

static const uint16_t half_open_ports[] = { PORT_AUTO, PORT_DEFER, PORT_TIMES };

static void world_open(struct world *w)
{
	struct frame_net net = {};
	int web, auto_listener;

	world_namespace();
	web = world_listen(PORT_WEB, 0, 16, 0);
	world_listen(PORT_MONITOR, 0, 16, 0);
	world_listen(PORT_DRAIN, 0, 16, 0);
	world_listen(PORT_SMALL, 0, 16, SMALL_RCVBUF);
	auto_listener = world_listen(PORT_AUTO, 0, 16, 0);
	world_defer(world_listen(PORT_DEFER, 0, 16, 0));
	world_listen(PORT_TIMES, 0, 16, 0);
	world_listen(PORT_ATTACKED, 0, 16, 0);
	world_listen(PORT_FORCED, 0, 16, 0);
	world_listen(PORT_DISARMED, 0, 16, 0);
	world_listen(PORT_OFF, 0, 16, 0);
	world_listen(PORT_OFF_DRAIN, 0, 16, 0);
	w->has_mptcp = world_listen(PORT_MPTCP, 262, 16, 0) >= 0;
	world_listen(PORT_FULL, 0, 0, 0);
	world_connect(false, 0, PORT_FULL); /* one more than a backlog of 0 */
	world_add_key(world_listen(PORT_MD5, 0, 16, 0));
	world_listen(PORT_BRIM, 0, 1, 0);
	world_connect(false, 0, PORT_BRIM);
	for (int v6 = 0; v6 < 2; v6++) {
		struct frame from = { .src = ADDR_OTHER };

		net.v6 = v6;
		memcpy(net.dst, v6 ? world_srv6 : world_srv4, 16);
		pick_source(&from, &net);
		world_connections(v6, web);
		world_connect(v6, SPORT_ESTABLISHED, PORT_AUTO);
		MUST(accept(auto_listener, NULL, NULL));
		world_half_open(v6, &net, PORT_WEB);
		for (size_t i = 0; i < sizeof(half_open_ports) / sizeof(half_open_ports[0]); i++)
			w->synacks[service_row(half_open_ports[i])][v6] =
				world_half_open(v6, &net, half_open_ports[i]);
	}
	w->checks_echo = kernel_checks_echo();
	w->nr_cpus = MUST(libbpf_num_possible_cpus());
	w->skel = load(false);
	w->no_metadata = load(true);
}

int main(void)
{
	struct world w = {};

	world_open(&w);
	for (size_t i = 0; i < NR_ROWS; i++)
		run_row(&w, &rows[i]);
	check_all_seen(&w);
	printf("%zu rows, %u runs, %u failed\n", NR_ROWS, w.nr_run, w.nr_failed);
	synward_bpf__destroy(w.skel);
	synward_bpf__destroy(w.no_metadata);
	return w.nr_failed ? 1 : 0;
}
