/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host of the differential test: services in every state with their listeners, two connections
 * that the kernel holds, the loaded program and its maps; and what that means for the verdict on a
 * frame (host_expect()). World_*() of world.h makes the sockets.
 */
#ifndef SYNWARD_TEST_HOST_H
#define SYNWARD_TEST_HOST_H

#include "answer.h"
#include "skel_maps.h"
#include "verdict.h"
#include "world.h"

#define HOST_MTU 1500
#define HOST_RMEM_DEFAULT 131072
#define HOST_RMEM_MAX 33554432
#define HOST_TTL 64
#define HOST_FLOW_SETS 16 /* few, so that emptying them takes no time */
#define HOST_HOLD_MS (3600 * 1000)
#define HOST_BUCKET_SHIFT 10

static const uint8_t host_mac[6] = { 2, 0, 0, 0, 0, 1 }, peer_mac[6] = { 2, 0, 0, 0, 0, 2 };

/* A second address that is ours, to which nobody writes. */
static const uint8_t host_other4[16] = { 192, 0, 2, 3 };
static const uint8_t host_other6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 3 };

static const struct secret host_secret = {
	.master = { 0x0123456789abcdef, 0xfedcba9876543210 },
	.flow = { 0x1111222233334444, 0x5555666677778888 },
	.salt = 0x9999aaaabbbbcccd,
};

/* Row i is service i. */
static const struct host_service {
	uint16_t port;
	enum svc_mode mode;
	bool is_armed, is_draining, has_listener;
} host_services[] = {
	{ PORT_WEB, SVC_ALWAYS, true, false, true },
	{ PORT_ATTACKED, SVC_AUTO, true, false, true },
	{ PORT_NOBODY, SVC_ALWAYS, true, false, false },
	{ PORT_AUTO, SVC_AUTO, false, false, true },
	{ PORT_MONITOR, SVC_MONITOR, false, false, true },
	{ PORT_DRAIN, SVC_MONITOR, false, true, true },
	{ PORT_OFF, SVC_OFF, false, false, true },
	{ PORT_OFF_DRAIN, SVC_OFF, false, true, true },
};

#define HOST_SERVICES (sizeof(host_services) / sizeof(host_services[0]))

struct host {
	struct synward_bpf *skel;
	int nr_cpus;
	uint64_t fresh_ms; /* when rows were last written */
	__u64 counts[NR_REASONS];
};

static inline void host_put_settings(struct host *h)
{
	const uint8_t *const own[] = { world_srv4, host_other4, world_srv6, host_other6 };
	struct settings set = {
		.flags = MAY_TIMESTAMPS | MAY_SACK | MAY_WSCALE | MAY_ECN | MAY_COOKIE |
			 ALWAYS_ARMED,
		.rmem_max = HOST_RMEM_MAX,
		.rmem_default = HOST_RMEM_DEFAULT,
		.ttl = HOST_TTL,
		.epoch_shift = REF_EPOCH_SHIFT,
		.synack_flush = 1,
		.svc_mask = services_mask(h->skel),
		.svc_seed = SERVICES_SEED,
	};
	struct dev_conf dev = { .mtu = HOST_MTU, .tc_live = 1, .hop_limit = HOST_TTL };

	for (int i = 0; i < 4; i++) {
		struct ip_addr a = addr_of(own[i], i >= 2);

		set.own_addresses |= 1ULL << own_address_bit(&a);
		for (__u32 row = 0; row < HOST_SERVICES; row++)
			put_service(h->skel, own[i], i >= 2, host_services[row].port, row);
	}
	memcpy(dev.mac, host_mac, 6);
	h->skel->data_conf->settings = set;
	h->skel->data_conf->devices[0] = dev;
	put(h->skel->maps.secret, 0, &host_secret);
}

/* As they are to be, whatever time has passed: nothing arms or disarms by itself. */
static inline void host_put_rows(struct host *h)
{
	uint64_t now = now_ms();

	if (h->fresh_ms && now - h->fresh_ms < 1000)
		return;
	for (__u32 i = 0; i < HOST_SERVICES; i++) {
		const struct host_service *s = &host_services[i];
		bool is_attacked = s->mode == SVC_AUTO && s->is_armed;
		struct row_conf conf = {
			.mode = s->mode,
			.bucket_shift = HOST_BUCKET_SHIFT,
			.nr_buckets = 62,
			.arm_half_open = 1U << 20,
			.max_half_open = 1U << 20,
			.arm_syn_rate = ~0U,
			.low_water = 1U << 30,
			.hold_ms = HOST_HOLD_MS,
			.flush_every = 1U << 20,
		};
		struct row_live live = {
			.last_ms = is_attacked ? now : 0,
			.since_ms = is_attacked ? now - 1000 : 0,
			.last_cookie_ms = s->is_draining ? now : 0,
		};

		h->skel->data_conf->rows[i] = conf;
		h->skel->data_live->row_live[i] = live;
	}
	h->fresh_ms = now;
}

/* All entries of an array of @size bytes each are 0 again. */
static inline void host_clear(struct bpf_map *map, size_t size)
{
	static __u8 zero[HOST_FLOW_SETS * 4096];
	static __u32 keys[HOST_FLOW_SETS];
	__u32 nr = bpf_map__max_entries(map);
	LIBBPF_OPTS(bpf_map_batch_opts, opts);

	for (__u32 i = 0; i < nr; i++)
		keys[i] = i;
	if (nr > HOST_FLOW_SETS || size > 4096)
		abort();
	MUST(bpf_map_update_batch(bpf_map__fd(map), keys, zero, &nr, &opts));
}

/* After a frame that left something behind: no flow, no handshake, no note is remembered. */
static inline void host_forget(struct host *h)
{
	struct peace_half_open none = { 0 };

	host_clear(h->skel->maps.flow_tags, sizeof(struct flow_tags));
	host_clear(h->skel->maps.flow_tags_more, sizeof(struct flow_tags));
	host_clear(h->skel->maps.flows, sizeof(struct flow_set));
	host_clear(h->skel->maps.flow_seen, 8 * sizeof(__u32));
	for (__u32 i = 0; i < HOST_SERVICES; i++)
		put(h->skel->maps.peace_half_open, i, &none);
	h->skel->data_live->device_notes[0] = (struct dev_notes){ 0 };
}

/* The kernel can be asked again, as in the first SYN of a moment. */
static inline void host_fresh_lookups(struct host *h)
{
	size_t size = (bpf_map__value_size(h->skel->maps.cpu_state) + 7) & ~7UL;

	host_clear(h->skel->maps.cpu_state, size * h->nr_cpus);
	h->skel->data_conf->settings.generation++;
}

/* Or it was asked as often as it may be in this moment, as in a flood; of the listeners is known
 * what there is, and SYNs of this second were counted. */
static inline void host_spend_lookups(struct host *h)
{
	struct listener_record rec[h->nr_cpus];

	for (__u32 i = 0; i < 2 * HOST_SERVICES; i++) {
		for (int c = 0; c < h->nr_cpus; c++)
			rec[c] = (struct listener_record){
				.window = now_ms() / LOOKUP_WINDOW_MS,
				.is_there = host_services[i / 2].has_listener,
				.wscale = 10,
				.space_bytes = HOST_RMEM_DEFAULT / 2,
				.backlog = 16,
			};
		put(h->skel->maps.listeners, i, rec);
	}
	for (__u32 i = 0; i < HOST_SERVICES; i++) {
		struct row_cpu cpus[h->nr_cpus];

		memset(cpus, 0, sizeof(cpus));
		for (int c = 0; c < h->nr_cpus; c++)
			cpus[c].rate_second = now_ms() / 1000;
		put(h->skel->maps.row_cpu, i, cpus);
	}
	spend_lookups(h->skel, h->nr_cpus);
}

/* Which reasons were given since the last call. */
static inline void host_read_counts(struct host *h, __u64 ret_moved[NR_REASONS])
{
	__u32 keys[NR_REASONS], nr = NR_REASONS, batch = 0;
	__u64 values[NR_REASONS][h->nr_cpus];
	LIBBPF_OPTS(bpf_map_batch_opts, opts);

	if (bpf_map_lookup_batch(bpf_map__fd(h->skel->maps.reason_counts), NULL, &batch, keys,
				 values, &nr, &opts) &&
	    errno != ENOENT)
		MUST(-1);
	for (__u32 i = 0; i < NR_REASONS; i++) {
		__u64 sum = 0;

		for (int c = 0; c < h->nr_cpus; c++)
			sum += values[i][c];
		ret_moved[keys[i]] = sum - h->counts[keys[i]];
		h->counts[keys[i]] = sum;
	}
}

static inline void host_open(struct host *h)
{
	__u64 ignored[NR_REASONS];
	struct frame_net net = { 0 };
	int web;

	world_namespace();
	world_run("echo 30 > /proc/sys/net/ipv4/tcp_synack_retries");
	/* Some mutants are SYNs to other addresses of this host; a queue that is half full drops
	 * handshakes early. */
	web = world_listen(PORT_WEB, 0, 4096, 0);
	for (__u32 i = 1; i < HOST_SERVICES; i++)
		if (host_services[i].has_listener)
			world_listen(host_services[i].port, 0, 16, 0);
	for (int v6 = 0; v6 < 2; v6++) {
		struct frame from = { .src = ADDR_OTHER };

		world_connect(v6, SPORT_ESTABLISHED, PORT_WEB);
		MUST(accept(web, NULL, NULL));
		net.v6 = v6;
		memcpy(net.dst, v6 ? world_srv6 : world_srv4, 16);
		pick_source(&from, &net);
		world_half_open(v6, &net, PORT_WEB);
	}
	h->nr_cpus = MUST(libbpf_num_possible_cpus());
	h->skel = synward_bpf__open();
	if (!h->skel)
		exit(1);
	h->skel->rodata->can_hand_off = true;
	h->skel->rodata->flow_set_mask = HOST_FLOW_SETS - 1;
	MUST(bpf_map__set_max_entries(h->skel->maps.flow_tags, HOST_FLOW_SETS));
	MUST(bpf_map__set_max_entries(h->skel->maps.flow_tags_more, HOST_FLOW_SETS));
	MUST(bpf_map__set_max_entries(h->skel->maps.flows, HOST_FLOW_SETS));
	MUST(bpf_map__set_max_entries(h->skel->maps.flow_seen, HOST_FLOW_SETS));
	MUST(synward_bpf__load(h->skel));
	host_put_settings(h);
	host_put_rows(h);
	host_read_counts(h, ignored);
}

/* ---- what that means ---- */

/* The kernel holds a connection of this tuple: 'E' established, 'H' half-open, or 0. */
static inline char host_holds(const struct view *w)
{
	static const uint8_t other4[] = { 198, 18, 7, 7 };
	static const uint8_t other6[16] = { 0x20, 0x01, 0x0d, 0xb8, 0xff, 0xff, [15] = 7 };
	size_t n = w->v6 ? 16 : 4;

	if (w->dport != PORT_WEB || memcmp(w->dst, w->v6 ? world_srv6 : world_srv4, n))
		return 0;
	if (w->sport == SPORT_ESTABLISHED && !memcmp(w->src, w->v6 ? world_cli6 : world_cli4, n))
		return 'E';
	if (w->sport == SPORT_HALF_OPEN && !memcmp(w->src, w->v6 ? other6 : other4, n))
		return 'H';
	return 0;
}

static inline bool host_has(const uint8_t *addr, bool v6)
{
	size_t n = v6 ? 16 : 4;

	return !memcmp(addr, v6 ? world_srv6 : world_srv4, n) ||
	       !memcmp(addr, v6 ? host_other6 : host_other4, n);
}

static inline const struct host_service *host_service_of(const struct view *w)
{
	for (size_t i = 0; i < HOST_SERVICES; i++)
		if (host_services[i].port == w->dport && host_has(w->dst, w->v6))
			return &host_services[i];
	return NULL;
}

static inline void host_expect_syn(const struct view *w, const struct host_service *s,
				   struct verdict *v)
{
	struct verdict defects = { 0 };
	bool is_bad;

	ref_syn_defects(w, host_has(w->src, w->v6), &defects);
	if (s->is_armed && is_settled(&defects)) {
		*v = defects;
		return;
	}
	/* The kernel makes no handshake of these; of the others it does. */
	is_bad = defects.may[SYN_BAD_FLAGS] || defects.may[SYN_MARTIAN] ||
		 defects.may[SYN_BAD_CHECKSUM];
	if (host_holds(w) && !is_bad)
		may(v, SYN_KNOWN);
	else if (!s->has_listener) /* beyond the budget the second */
		may(v, SYN_NO_LISTENER), may(v, SYN_NO_LISTENER_DROP);
	else
		may(v, s->is_armed ? SYN_COOKIE : SYN_PEACE);
	/* The kernel drops it for its options, and so may we. */
	if (s->is_armed && ref_source_route(w) < 0)
		may(v, SYN_SOURCE_ROUTED);
}

static inline void host_expect_ack(const struct view *w, const struct host_service *s,
				   uint64_t now_ms, struct verdict *v)
{
	enum reason why =
		ref_cookie_judge(w, host_secret.master, ref_flow_of(w, host_secret.flow), now_ms);
	bool has_ts = ref_options_of(w).ts;

	may(v, why == ACK_COOKIE_VALID || s->is_armed ? why : ACK_INVALID_PEACE);
	if (why == ACK_COOKIE_VALID || !s->is_armed)
		return;
	/* Which of these, is said by budgets. No reset for one whose handshake may be under way. */
	if (!has_ts)
		may(v, ACK_OVER_BUDGET);
	if (has_ts ? why == ACK_COOKIE_EXPIRED : w->tcp_bytes - w->doff <= 1)
		may(v, ACK_RESET);
}

static inline void host_expect_segment(const struct view *w, const struct host_service *s,
				       uint64_t now_ms, struct verdict *v)
{
	bool is_ack = (w->flags & (SYN | RST | ACK)) == ACK;

	switch (host_holds(w)) {
	case 'E':
		return may(v, FLOW_LEARNED);
	case 'H':
		may(v, KERNEL_HANDSHAKE), may(v, KERNEL_HANDSHAKE_DONE);
		return may(v, KERNEL_HANDSHAKE_RESET);
	}
	if (!s->is_armed && (!s->is_draining || !is_ack))
		return may(v, AT_PEACE);
	if (!is_ack)
		return may(v, OUT_OF_STATE);
	if (s->has_listener)
		return host_expect_ack(w, s, now_ms, v);
	may(v, ACK_NO_LISTENER), may(v, ACK_NO_LISTENER_DROP);
}

static inline bool host_serves(unsigned int port)
{
	for (size_t i = 0; i < HOST_SERVICES; i++)
		if (host_services[i].port == port)
			return true;
	return false;
}

/* Untagged TCP behind plain headers: its port is where it always is, whatever the lengths say. */
static inline bool is_plain_stray(const struct view *w)
{
	const uint8_t *ip = w->frame + 14;
	bool v4 = w->bytes >= 54 && at16(ip - 2) == 0x0800 && ip[0] == 0x45 && ip[9] == 6 &&
		  !(at16(ip + 6) & 0x3fff);
	bool v6 = w->bytes >= 74 && at16(ip - 2) == 0x86dd && ip[0] >> 4 == 6 && ip[6] == 6;

	return (v4 && !host_serves(at16(ip + 22))) || (v6 && !host_serves(at16(ip + 42)));
}

/* The frame of @w, of which `frame` and `bytes` are set; the rest is filled where it has any. */
static inline void host_expect(struct view *w, uint64_t now_ms, struct verdict *v)
{
	const struct host_service *s;

	ref_read(w, v, host_mac);
	if (is_plain_stray(w))
		may(v, NOT_SERVICE);
	if (is_settled(v))
		return;
	s = host_service_of(w);
	if (!s || (s->mode == SVC_OFF && (ref_is_syn(w->flags) || !s->is_draining)))
		may(v, NOT_SERVICE);
	if (!w->is_for_us)
		may(v, OTHER_HOST);
	if (is_settled(v))
		return;
	if (ref_is_syn(w->flags))
		host_expect_syn(w, s, v);
	else
		host_expect_segment(w, s, now_ms, v);
}

#endif
