// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which destinations are ours to judge: (address, port) of every service, as the local addresses
 * come and go. The map holds two tables (svc_table.c): the one that is not asked is filled, and
 * then asked.
 */
#include "dataplane_inside.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "log.h"
#include "random.h"
#include "svc_table.h"
#include "synward.skel.h"

#define SEEDS_MAX 8 /* that are tried: the first is good but for one table in a great many */

/* By key alone. */
static int slot_order(const void *a, const void *b)
{
	return memcmp(a, b, offsetof(struct svc_slot, row_plus_1));
}

/* (address, port) of every service, sorted, each once: two devices may have the same address. What
 * is off is there too: it can be switched on without waiting for anything. */
static size_t slots_make(const struct dataplane *dp, const struct ip_addr *addrs, size_t nr,
			 struct svc_slot *ret)
{
	size_t n = 0, kept = 0;
	__u32 row = 0;

	for (size_t s = 0; s < dp->conf->nr_services; s++) {
		const struct service *svc = &dp->conf->services[s];
		const struct ip_addr *at = svc->any_address ? addrs : svc->addresses;
		size_t nr_at = svc->any_address ? nr : svc->nr_addresses;

		for (size_t p = 0; p < svc->nr_ports; p++, row++)
			for (size_t a = 0; a < nr_at; a++)
				ret[n++] = (struct svc_slot){ .addr = at[a],
							      .port = htons(svc->ports[p]),
							      .row_plus_1 = row + 1 };
	}
	qsort(ret, n, sizeof(*ret), slot_order);
	for (size_t i = 0; i < n; i++)
		if (!kept || slot_order(&ret[kept - 1], &ret[i]))
			ret[kept++] = ret[i];
	for (size_t i = 0; i < kept; i++)
		ret[i].listener = i % LISTENERS_MAX;
	return kept;
}

static size_t slots_max(const struct dataplane *dp, size_t nr_addrs)
{
	size_t n = 0;

	for (size_t s = 0; s < dp->conf->nr_services; s++) {
		const struct service *svc = &dp->conf->services[s];

		n += svc->nr_ports * (svc->any_address ? nr_addrs : svc->nr_addresses);
	}
	return n;
}

int dataplane_map_services(struct dataplane *dp)
{
	struct bpf_map *map = dp->shared->maps.services;
	size_t nr = bpf_map__max_entries(map);
	void *at = mmap(NULL, nr * sizeof(struct svc_bucket), PROT_READ | PROT_WRITE, MAP_SHARED,
			bpf_map__fd(map), 0);

	if (at == MAP_FAILED)
		return -errno;
	dp->services = at;
	dp->nr_buckets = nr / 2;
	return 0;
}

void dataplane_unmap_services(struct dataplane *dp)
{
	if (dp->services)
		munmap(dp->services, 2 * dp->nr_buckets * sizeof(*dp->services));
	dp->services = NULL;
	dp->nr_buckets = 0;
	free(dp->slots);
	dp->slots = NULL;
}

/* Fill the table that is not asked, and have it asked. Returns 0 or -errno. */
static int slots_apply(struct dataplane *dp, const struct svc_slot *slots, size_t nr)
{
	__u32 at = dp->svc_at ? 0 : dp->nr_buckets;
	__u64 seed = dp->svc_seed;
	int err = -ENOSPC;

	for (int i = 0; i < SEEDS_MAX && err == -ENOSPC; i++) {
		if ((i || !seed) && random_fill(&seed, sizeof(seed)))
			return -EIO;
		seed |= 1;
		err = svc_table_fill(dp->services + at, dp->nr_buckets, seed, slots, nr);
	}
	if (err)
		return err;
	dp->svc_at = at;
	dp->svc_seed = seed;
	dp->own_addresses = 0;
	for (size_t i = 0; i < nr; i++)
		dp->own_addresses |= 1ULL << own_address_bit(&slots[i].addr);
	dataplane_put_settings(dp);
	return 0;
}

static bool is_as_before(const struct dataplane *dp, const struct svc_slot *slots, size_t nr)
{
	return dp->slots && nr == dp->nr_slots && !memcmp(slots, dp->slots, nr * sizeof(*slots));
}

int dataplane_set_addresses(struct dataplane *dp, const struct ip_addr *addrs, size_t nr)
{
	struct svc_slot *slots = calloc(slots_max(dp, nr) + 1, sizeof(*slots));
	size_t room = dp->nr_buckets * SVC_WAYS / 2, nr_slots;
	int err;

	if (!slots)
		return -ENOMEM;
	nr_slots = slots_make(dp, addrs, nr, slots);
	if (is_as_before(dp, slots, nr_slots)) {
		free(slots);
		return 0;
	}
	if (nr_slots > room)
		log_err("of %zu addresses and ports %zu are protected, there is no room for more; "
			"name fewer addresses or ports",
			nr_slots, room);
	err = slots_apply(dp, slots, nr_slots < room ? nr_slots : room);
	if (err) {
		log_err("cannot protect other addresses and ports than before: %s", strerror(-err));
		free(slots);
		return err;
	}
	free(dp->slots);
	dp->slots = slots;
	dp->nr_slots = nr_slots;
	return nr_slots > room ? -ENOSPC : 0;
}
