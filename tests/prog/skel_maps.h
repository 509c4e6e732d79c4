/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The maps of a loaded data path, as the tests fill them, and its clock.
 */
#ifndef SYNWARD_TEST_SKEL_MAPS_H
#define SYNWARD_TEST_SKEL_MAPS_H

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <string.h>
#include <time.h>

#include "abi.h"
#include "synward.skel.h"
#include "world.h"

static inline __u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
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

/* Each family has a listener's record of its own. */
static inline void put_service(struct synward_bpf *skel, const uint8_t *addr, bool v6,
			       uint16_t port, __u32 row)
{
	struct svc_key key = { .addr = addr_of(addr, v6), .port = htons(port) };
	struct svc_value to = { .row = row, .listener = row * 2 + v6 };
	__u8 yes = 1;

	MUST(bpf_map_update_elem(bpf_map__fd(skel->maps.services), &key, &to, BPF_ANY));
	put(skel->maps.ports, port, &yes);
}

#endif
