/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The maps of a loaded data path, as the tests fill them, and its clock.
 */
#ifndef SYNWARD_TEST_SKEL_MAPS_H
#define SYNWARD_TEST_SKEL_MAPS_H

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "abi.h"
#include "svc_hash.h"
#include "synward.skel.h"
#include "world.h"

static inline __u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

static inline void wait_ms(uint64_t ms)
{
	for (uint64_t until = now_ms() + ms; now_ms() <= until;)
		usleep(500);
}

static inline void put(struct bpf_map *map, __u32 key, const void *value)
{
	MUST(bpf_map_update_elem(bpf_map__fd(map), &key, value, BPF_ANY));
}

static inline struct ip_addr addr_of(const uint8_t *addr, bool v6)
{
	struct ip_addr a = { .word = { 0, 0, htonl(0xffff) } };

	memcpy(v6 ? &a.word[0] : &a.word[3], addr, v6 ? 16 : 4);
	return a;
}

/* ---- what BPF keeps for itself, in the layouts of bpf/maps.h ---- */

struct listener_record {
	__u32 window;
	__u8 is_there, is_mptcp, is_full, has_keys, wscale, pad;
	__u16 spared, port, pad2;
	__u32 dst_end;
	__u32 space_bytes, clamp_bytes, syn_queue, backlog, gone_ms;
	__u16 mss, rcv_window;
} __attribute__((aligned(8))); /* as the kernel lays out what a map has per CPU */

#define CPU_STATE_LOOKUPS 80 /* offset of lookup_window and lookups_used */
#define CPU_STATE_PKT 128    /* and of the packet at hand, which begins with its addresses */
#define LOOKUP_WINDOW_MS 4
#define LOOKUPS_SPENT 200

/* Every CPU has made its lookups of this window. */
static inline void spend_lookups(struct synward_bpf *skel, int nr_cpus)
{
	size_t size = (bpf_map__value_size(skel->maps.cpu_state) + 7) & ~7UL;
	__u32 spent[2] = { now_ms() / LOOKUP_WINDOW_MS, LOOKUPS_SPENT };
	__u8 cpus[size * nr_cpus];

	MUST(bpf_map_lookup_elem(bpf_map__fd(skel->maps.cpu_state), &(__u32){ 0 }, cpus));
	for (int c = 0; c < nr_cpus; c++)
		memcpy(cpus + c * size + CPU_STATE_LOOKUPS, spent, sizeof(spent));
	put(skel->maps.cpu_state, 0, cpus);
}

/* ---- services ---- */

#define SERVICES_SEED 0x9e3779b97f4a7c15ULL

/* All of the map is one table, which settings.svc_at, 0, says. */
static inline __u32 services_mask(const struct synward_bpf *skel)
{
	return bpf_map__max_entries(skel->maps.services) - 1;
}

/* Each family has a listener's record of its own. Odd ports are in the first of their two buckets,
 * even ones in the second. */
static inline void put_service(struct synward_bpf *skel, const uint8_t *addr, bool v6,
			       uint16_t port, __u32 row)
{
	const struct svc_slot slot = { .addr = addr_of(addr, v6),
				       .port = htons(port),
				       .row_plus_1 = row + 1,
				       .listener = row * 2 + v6 };
	__u64 hash = svc_hash(&slot.addr, slot.port, SERVICES_SEED);
	__u32 at = port & 1 ? svc_first(hash, services_mask(skel)) :
			      svc_second(hash, services_mask(skel));
	struct svc_bucket bucket;
	int way = 0;

	MUST(bpf_map_lookup_elem(bpf_map__fd(skel->maps.services), &at, &bucket));
	while (way < SVC_WAYS && bucket.slot[way].row_plus_1 &&
	       memcmp(&bucket.slot[way], &slot, offsetof(struct svc_slot, row_plus_1)))
		way++;
	if (way == SVC_WAYS)
		abort();
	bucket.slot[way] = slot;
	put(skel->maps.services, at, &bucket);
	skel->data_conf->ports[port] = 1;
}

#endif
