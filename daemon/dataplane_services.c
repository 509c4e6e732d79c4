// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which destinations are ours to judge: (address, port) of every service, as the local addresses
 * come and go.
 */
#include "dataplane_inside.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "synward.skel.h"

struct service_entry {
	struct svc_key key;
	__u32 row;
};

static int entry_order(const void *a, const void *b)
{
	const struct service_entry *x = a, *y = b;

	return memcmp(&x->key, &y->key, sizeof(x->key));
}

/* (address, port) of every service, sorted, each once: two devices may have the same address. What
 * is off is there too: it can be switched on without waiting for anything. */
static size_t entries_make(const struct dataplane *dp, const struct ip_addr *addrs, size_t nr,
			   struct service_entry *ret)
{
	size_t n = 0, kept = 0;
	__u32 row = 0;

	for (size_t s = 0; s < dp->conf->nr_services; s++) {
		const struct service *svc = &dp->conf->services[s];
		const struct ip_addr *at = svc->any_address ? addrs : svc->addresses;
		size_t nr_at = svc->any_address ? nr : svc->nr_addresses;

		for (size_t p = 0; p < svc->nr_ports; p++, row++)
			for (size_t a = 0; a < nr_at; a++)
				ret[n++] = (struct service_entry){
					.key = { .addr = at[a], .port = htons(svc->ports[p]) },
					.row = row,
				};
	}
	qsort(ret, n, sizeof(*ret), entry_order);
	for (size_t i = 0; i < n; i++)
		if (!kept || memcmp(&ret[kept - 1].key, &ret[i].key, sizeof(ret[i].key)))
			ret[kept++] = ret[i];
	return kept;
}

static size_t entries_max(const struct dataplane *dp, size_t nr_addrs)
{
	size_t n = 0;

	for (size_t s = 0; s < dp->conf->nr_services; s++) {
		const struct service *svc = &dp->conf->services[s];

		n += svc->nr_ports * (svc->any_address ? nr_addrs : svc->nr_addresses);
	}
	return n;
}

/* Bring the map from one sorted list to another; what is new comes before what is gone goes. */
static int entries_apply(struct dataplane *dp, const struct service_entry *now, size_t nr)
{
	int fd = bpf_map__fd(first_skel(dp)->maps.services);
	int err = 0;

	for (size_t i = 0; i < nr && !err; i++) {
		struct svc_value to = { .row = now[i].row, .listener = i % LISTENERS_MAX };

		err = bpf_map_update_elem(fd, &now[i].key, &to, BPF_ANY);
	}
	for (size_t i = 0, k = 0; i < dp->nr_entries; i++) {
		while (k < nr && memcmp(&now[k].key, &dp->entries[i].key, sizeof(now[k].key)) < 0)
			k++;
		if (k == nr || memcmp(&now[k].key, &dp->entries[i].key, sizeof(now[k].key)))
			bpf_map_delete_elem(fd, &dp->entries[i].key);
	}
	return err;
}

int dataplane_set_addresses(struct dataplane *dp, const struct ip_addr *addrs, size_t nr)
{
	struct service_entry *now;
	size_t nr_now;
	int err;

	now = calloc(entries_max(dp, nr) + 1, sizeof(*now));
	if (!now)
		return -ENOMEM;
	nr_now = entries_make(dp, addrs, nr, now);
	err = entries_apply(dp, now, nr_now);
	if (err)
		log_err("cannot protect all of %zu addresses and ports: %s; name fewer addresses "
			"or ports",
			nr_now, strerror(-err));
	free(dp->entries);
	dp->entries = now;
	dp->nr_entries = nr_now;
	dp->own_addresses = 0;
	for (size_t i = 0; i < nr_now; i++)
		dp->own_addresses |= 1ULL << own_address_bit(&now[i].key.addr);
	return err ? err : dataplane_put_settings(dp);
}
