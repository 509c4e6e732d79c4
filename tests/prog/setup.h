/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host that a row finds: the programs loaded as for each kind of kernel, and the maps as the
 * daemon would have filled them, made anew before every packet.
 */
#ifndef SYNWARD_TEST_SETUP_H
#define SYNWARD_TEST_SETUP_H

#include "list_filter.h"
#include "skel_maps.h"
#include "row.h"
#include "taps.h"

#define MTU 1500
#define RMEM_DEFAULT 131072
#define RMEM_MAX 33554432
#define RCV_WSCALE 10   /* of RMEM_MAX */
#define RCV_SPACE 65536 /* half of RMEM_DEFAULT */
#define EPOCH_SHIFT 16
#define FLOW_SETS 16 /* few, so that emptying them takes no time */
#define NR_RETRIES 4
#define MAY_ALL (MAY_TIMESTAMPS | MAY_SACK | MAY_WSCALE | MAY_ECN | MAY_COOKIE)

static const uint8_t our_mac[6] = { 2, 0, 0, 0, 0, 1 }, their_mac[6] = { 2, 0, 0, 0, 0, 2 };

static const struct secret the_secret = {
	.master = { 0x0123456789abcdef, 0xfedcba9876543210 },
	.flow = { 0x1111222233334444, 0x5555666677778888 },
	.salt = 0x9999aaaabbbbcccc,
};

/* ---- services ---- */

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
	{ .port = PORT_ROOMY, .mode = SVC_ALWAYS },
	{ .port = PORT_CROWDED, .mode = SVC_ALWAYS },
	{ .port = PORT_MPTCP_FULL, .mode = SVC_ALWAYS },
	{ .port = PORT_UNHEARD, .mode = SVC_AUTO },
	{ .port = PORT_SHARED, .mode = SVC_AUTO },
};

#define NR_SERVICES (sizeof(services) / sizeof(services[0]))

/* The row of the service that this port is; NR_SERVICES when it is none. */
static __u32 service_row(uint16_t port)
{
	__u32 row = 0;

	while (row < NR_SERVICES && services[row].port != port)
		row++;
	return row;
}

static void put_services(struct synward_bpf *skel)
{
	for (__u32 i = 0; i < NR_SERVICES; i++) {
		put_service(skel, world_srv4, false, services[i].port, i);
		put_service(skel, world_srv6, true, services[i].port, i);
	}
	put_service(skel, world_own4, false, PORT_WEB, service_row(PORT_WEB));
	put_service(skel, world_own6, true, PORT_WEB, service_row(PORT_WEB));
}

/* Without @with_tc for kernels that cannot hand over: what XDP does is the same there. */
static struct synward_bpf *load(enum build build, bool with_tc)
{
	struct synward_bpf *skel = synward_bpf__open();

	if (!skel)
		exit(1);
	skel->rodata->can_hand_off = build != KERNEL_ONLY && build != NO_ANSWER;
	skel->rodata->can_kernel_cookie = build == KERNEL_TOO || build == KERNEL_ONLY;
	skel->rodata->without_metadata = build == NO_METADATA;
	skel->rodata->flow_set_mask = FLOW_SETS - 1;
	skel->rodata->retry_mask = NR_RETRIES - 1;
	skel->rodata->dev_slot = DEV_SLOT;
	MUST(bpf_map__set_max_entries(skel->maps.flow_tags, FLOW_SETS));
	MUST(bpf_map__set_max_entries(skel->maps.flow_tags_more, FLOW_SETS));
	MUST(bpf_map__set_max_entries(skel->maps.flows, FLOW_SETS));
	MUST(bpf_map__set_max_entries(skel->maps.flow_seen, FLOW_SETS));
	MUST(bpf_map__set_max_entries(skel->maps.retries, NR_RETRIES));
	taps_choose(skel, with_tc);
	MUST(synward_bpf__load(skel));
	put_services(skel);
	return skel;
}

/* ---- before a packet ---- */

/* A map of an array of zeros again. */
static void clear(struct bpf_map *map)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	size_t bytes = (bpf_map__value_size(map) + 7) & ~7UL;
	__u32 n = bpf_map__max_entries(map), keys[n];
	void *zeros;

	if (bpf_map__type(map) == BPF_MAP_TYPE_PERCPU_ARRAY)
		bytes *= MUST(libbpf_num_possible_cpus());
	zeros = calloc(n, bytes);
	if (!zeros)
		exit(1);
	for (__u32 i = 0; i < n; i++)
		keys[i] = i;
	MUST(bpf_map_update_batch(bpf_map__fd(map), keys, zeros, &n, &opts));
	free(zeros);
}

static void put_row(struct synward_bpf *skel, const struct row *row, uint16_t port)
{
	__u32 index = service_row(port), bucket = now_ms() >> BUCKET_SHIFT;
	const struct service_world *svc = &services[index];
	__u64 now = now_ms();
	struct row_conf conf = {
		.mode = svc->mode,
		.flags = row->row_flags,
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
	skel->data_conf->rows[index] = conf;
	skel->data_live->row_live[index] = live;
	skel->data_live->row_rate[index] = rate;
	put(skel->maps.peace_half_open, index, &peace);
}

/* Of the addresses that have a service. */
static __u64 own_addresses(const struct row *row)
{
	const struct ip_addr own[] = { addr_of(world_srv4, false), addr_of(world_own4, false),
				       addr_of(world_srv6, true), addr_of(world_own6, true) };
	__u64 bits = 0;

	if (row->own != OWN_BITS)
		return row->own == OWN_ALL_BITS ? ~0ULL : 0;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		bits |= 1ULL << own_address_bit(&own[i]);
	return bits;
}

static void put_settings(struct synward_bpf *skel, const struct row *row)
{
	struct settings set = {
		.flags = (MAY_ALL | row->with) & ~row->without,
		.rmem_max = RMEM_MAX,
		.rmem_default = RMEM_DEFAULT,
		.ttl = 64,
		.epoch_shift = EPOCH_SHIFT,
		.synack_cap = row->cap,
		.synack_flush = row->flush ?: 1,
		.svc_mask = services_mask(skel),
		.svc_seed = SERVICES_SEED,
		.own_addresses = own_addresses(row),
	};
	struct dev_conf dev = { .mtu = MTU, .tc_live = !row->tc_dead, .hop_limit = 64 };
	struct dev_notes notes = { .is_without_metadata = row->by_tc };
	__u64 armed_ms = row->armed_ms_ago ? now_ms() - row->armed_ms_ago : 0;

	memcpy(dev.mac, our_mac, 6);
	dev.nr_macs_above = row->nr_macs_above;
	for (unsigned int i = 0; i < row->nr_macs_above; i++) {
		memcpy(dev.macs_above[i], our_mac, 6);
		dev.macs_above[i][5] ^= i + 1 == row->nr_macs_above ? 0xff : i + 1;
	}
	if (row->tc_silent) {
		notes.untaken = 4;
		notes.since_ms = now_ms() - 300;
	}
	skel->data_conf->settings = set;
	skel->data_conf->devices[DEV_SLOT] = dev;
	skel->data_live->device_notes[DEV_SLOT] = notes;
	skel->data_live->host_armed_ms = armed_ms;
}

/* Cookies of the rows are always of the usual key. */
static void put_secret(struct synward_bpf *skel, const struct row *row)
{
	struct secret s = the_secret;

	if (row->key) {
		while (now_ms() % (1 << EPOCH_SHIFT) < 100) /* cookies of now are of this epoch */
			wait_ms(20);
		memcpy(s.master_before, s.master, sizeof(s.master_before));
		s.master[0] ^= 1;
		s.from_epoch = (now_ms() >> EPOCH_SHIFT) + (row->key == KEY_FROM_NEXT);
	}
	put(skel->maps.secret, 0, &s);
}

/* ---- lists, as the daemon fills them ---- */

#define LIST_KEY 0xc2b2ae3d27d4eb4fULL
#define LIST_BLOCKS 4 /* in use, in the second half */

static void list_prefix(const struct listed *l, bool v6, uint8_t ret[16])
{
	unsigned int bits = v6 ? l->bits6 : l->bits4, last = bits - 1;

	memset(ret, 0, 16);
	for (unsigned int i = 0; i < bits; i++)
		ret[i / 8] |= (v6 ? world_cli6 : world_cli4)[i / 8] & 0x80 >> i % 8;
	if (l->beside)
		ret[last / 8] ^= 0x80 >> last % 8;
}

static void put_filter(struct synward_bpf *skel, const struct listed *l, bool v6,
		       struct list_conf *conf)
{
	int level = list_level(v6 ? l->bits6 : l->bits4, v6);
	__u8 *levels = v6 ? &conf->levels_v6 : &conf->levels_v4;
	struct list_block block, bits;
	__u64 upper, hash;
	uint8_t prefix[16];
	__u32 at;

	*levels |= level < 0 ? LIST_LEVEL_ALL : 1U << level;
	if (level < 0 || l->where == IN_TRIE)
		return;
	list_prefix(l, v6, prefix);
	upper = (__u64)get32(prefix) << 32 | get32(prefix + 4);
	hash = list_hash(LIST_KEY, list_cut(upper, level, v6), level, v6);
	at = LIST_BLOCKS_MAX + list_block_of(hash, LIST_BLOCKS - 1);
	MUST(bpf_map_lookup_elem(bpf_map__fd(skel->maps.list_blocks), &at, &block));
	list_bits(hash, &bits);
	block.word[0] |= bits.word[0];
	block.word[1] |= bits.word[1];
	put(skel->maps.list_blocks, at, &block);
}

/* Into the trie, or out of it again. */
static void put_trie(struct synward_bpf *skel, const struct listed *l, bool v6, bool in)
{
	int fd = bpf_map__fd(v6 ? skel->maps.list_v6 : skel->maps.list_v4);
	struct list_value value = { .list = l->list,
				    .expires_ms = l->expires == EXPIRES_NOW  ? now_ms() :
						  l->expires == EXPIRES_SOON ? now_ms() + 9000 :
									       0 };
	struct {
		__u32 prefix_bits;
		uint8_t addr[16];
	} key = { .prefix_bits = v6 ? l->bits6 : l->bits4 };

	if (l->where == IN_FILTER)
		return;
	list_prefix(l, v6, key.addr);
	if (in)
		MUST(bpf_map_update_elem(fd, &key, &value, BPF_ANY));
	else
		MUST(bpf_map_delete_elem(fd, &key));
}

static void put_lists(struct synward_bpf *skel, const struct row *row, bool in)
{
	struct list_conf conf = { .key = LIST_KEY,
				  .first = LIST_BLOCKS_MAX,
				  .mask = LIST_BLOCKS - 1 };
	struct list_block none = {};

	for (__u32 i = 0; i < LIST_BLOCKS; i++)
		put(skel->maps.list_blocks, LIST_BLOCKS_MAX + i, &none);
	for (const struct listed *l = row->lists; l < row->lists + 2 && l->list; l++)
		for (int v6 = 0; v6 < 2; v6++) {
			put_trie(skel, l, v6, in);
			put_filter(skel, l, v6, &conf);
		}
	skel->data_conf->list_conf = conf;
}

static void prepare(struct synward_bpf *skel, const struct row *row)
{
	struct bpf_map *const emptied[] = {
		skel->maps.flow_tags,      skel->maps.flows,         skel->maps.flow_seen,
		skel->maps.cpu_state,      skel->maps.synack_here,   skel->maps.synack_total,
		skel->maps.verify_budgets, skel->maps.reset_budgets, skel->maps.retries,
		skel->maps.source_samples, skel->maps.tickets,       skel->maps.flow_tags_more,
	};

	for (size_t i = 0; i < sizeof(emptied) / sizeof(emptied[0]); i++)
		clear(emptied[i]);
	put_secret(skel, row);
	put_settings(skel, row);
	put_lists(skel, row, true);
	put_row(skel, row, row->in.dport);
	if (row->earlier.dport && row->earlier.dport != row->in.dport)
		put_row(skel, row, row->earlier.dport);
}

/* ---- what BPF keeps for itself ---- */

#define RECORD_BACKLOG 128

static void put_record_as(struct synward_bpf *skel, const struct row *row, bool v6, int nr_cpus,
			  const struct listener_record *as)
{
	struct listener_record rec[nr_cpus];

	for (int c = 0; c < nr_cpus; c++)
		rec[c] = *as;
	put(skel->maps.listeners, service_row(row->in.dport) * 2 + v6, rec);
}

/* What every CPU has last seen of the row's listener. */
static void put_record(struct synward_bpf *skel, const struct row *row, bool v6, int nr_cpus)
{
	__u32 queue = row->listener == RECORD_HALF    ? RECORD_BACKLOG / 2 :
		      row->listener == RECORD_FILLING ? RECORD_BACKLOG / 2 + 1 :
							0;
	const struct listener_record rec = {
		.window = row->listener || (row->spares && row->spares != SPARED_BEFORE) ?
				  now_ms() / LOOKUP_WINDOW_MS :
				  0,
		.is_there = row->listener || row->spares || row->was_there,
		.spared = row->spares ? 1 : 0,
		.port = htons(row->in.dport + (row->spares == SPARES_OTHERS)),
		.dst_end = addr_of(v6 ? world_srv6 : world_srv4, v6).word[3],
		.is_mptcp = row->listener == RECORD_MPTCP,
		.is_full = row->listener == RECORD_FULL,
		.wscale = RCV_WSCALE,
		.space_bytes = RCV_SPACE,
		.syn_queue = queue,
		.backlog = RECORD_BACKLOG,
		.gone_ms = row->gone_ms_ago ? now_ms() - row->gone_ms_ago : 0,
	};

	put_record_as(skel, row, v6, nr_cpus, &rec);
}

/* The same, as a lookup of this moment has found the listener that there is. */
static void put_record_of_now(struct synward_bpf *skel, const struct row *row, bool v6, int nr_cpus)
{
	uint16_t port = row->in.dport;
	bool is_small = port == PORT_SMALL;
	const struct listener_record rec = {
		.window = now_ms() / LOOKUP_WINDOW_MS,
		.is_there = port != PORT_NOBODY && port != PORT_UNHEARD,
		.is_mptcp = port == PORT_MPTCP || port == PORT_MPTCP_FULL,
		.is_full = port == PORT_FULL,
		.has_keys = port == PORT_MD5,
		.wscale = is_small ? 0 : RCV_WSCALE,
		.space_bytes = is_small ? SMALL_RCVBUF : RCV_SPACE,
		.clamp_bytes = is_small ? SMALL_RCVBUF : 0,
		.syn_queue = port == PORT_ROOMY || port == PORT_CROWDED ? 2 : 0,
		.backlog = port == PORT_CROWDED ? 3 : 4,
	};

	put_record_as(skel, row, v6, nr_cpus, &rec);
}

/* Nobody has parsed a packet. */
static void forget_packet(struct synward_bpf *skel, int nr_cpus)
{
	size_t size = (bpf_map__value_size(skel->maps.cpu_state) + 7) & ~7UL;
	__u8 cpus[size * nr_cpus];

	MUST(bpf_map_lookup_elem(bpf_map__fd(skel->maps.cpu_state), &(__u32){ 0 }, cpus));
	for (int c = 0; c < nr_cpus; c++)
		memset(cpus + c * size + CPU_STATE_PKT, 0, 2 * sizeof(struct ip_addr));
	put(skel->maps.cpu_state, 0, cpus);
}

/* Has somebody since? */
static bool is_packet_parsed(struct synward_bpf *skel, int nr_cpus)
{
	static const __u8 none[2 * sizeof(struct ip_addr)];
	size_t size = (bpf_map__value_size(skel->maps.cpu_state) + 7) & ~7UL;
	__u8 cpus[size * nr_cpus];
	bool is_parsed = false;

	MUST(bpf_map_lookup_elem(bpf_map__fd(skel->maps.cpu_state), &(__u32){ 0 }, cpus));
	for (int c = 0; c < nr_cpus; c++)
		is_parsed |= memcmp(cpus + c * size + CPU_STATE_PKT, none, sizeof(none)) != 0;
	return is_parsed;
}

/* The kernel holds something for it, of which we know nothing. */
static bool is_found_by_asking(const struct row *row)
{
	return row->why == SYN_KNOWN && !row->flow;
}

#define FLOOD_FLUSH 8

/* The row's service is in the middle of a flood: the kernel was asked as often as it may be, unless
 * all depends on that, and SYNs are not added to the rate one by one. */
static void put_flood(struct synward_bpf *skel, const struct row *row, bool v6, int nr_cpus)
{
	__u32 index = service_row(row->in.dport);
	struct row_cpu cpus[nr_cpus];

	if (index == NR_SERVICES)
		return;
	skel->data_conf->rows[index].flush_every = FLOOD_FLUSH;
	MUST(bpf_map_lookup_elem(bpf_map__fd(skel->maps.row_cpu), &index, cpus));
	for (int c = 0; c < nr_cpus; c++) {
		cpus[c].rate_second = now_ms() / 1000;
		cpus[c].rate_kept = 0;
	}
	put(skel->maps.row_cpu, index, cpus);
	if (row->listener == BY_LOOKUP)
		put_record_of_now(skel, row, v6, nr_cpus);
	if (row->in.to_mapped) /* of the other family, if it was believed */
		put_record_of_now(skel, row, !v6, nr_cpus);
	if (!is_found_by_asking(row))
		spend_lookups(skel, nr_cpus);
}

/* All budgets are of the second before. */
static void age_budgets(struct synward_bpf *skel, int nr_cpus)
{
	struct bpf_map *const budgets[] = { skel->maps.synack_here, skel->maps.synack_total,
					    skel->maps.verify_budgets, skel->maps.reset_budgets };

	for (size_t b = 0; b < sizeof(budgets) / sizeof(budgets[0]); b++)
		for (__u32 i = 0; i < bpf_map__max_entries(budgets[b]); i++) {
			struct budget_line line[nr_cpus];
			__u32 *word = line[0].word;

			memset(line, 0, sizeof(line)); /* of which only a map per CPU has all */
			MUST(bpf_map_lookup_elem(bpf_map__fd(budgets[b]), &i, line));
			for (size_t w = 0; w < nr_cpus * (size_t)BUDGETS_PER_LINE; w++)
				word[w] -= word[w] ? BUDGET_USED_MAX + 1 : 0;
			put(budgets[b], i, line);
		}
}

#endif
