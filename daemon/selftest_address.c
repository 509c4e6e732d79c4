// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first address that fits best: on the device itself and global; on the device, link-local; on
 * loopback, where virtual addresses of load balancers are kept; on any other device. Only in the
 * last case a packet to it may not be one that comes in by the device (a VLAN above it).
 */
#include "selftest_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "cleanup.h"
#include "random.h"

#define NEIGHBOUR_BITS_MAX_V4 29 /* longer prefixes have no address to spare */
#define NEIGHBOUR_BITS_MAX_V6 120
#define TAKEN_MAX 4096
#define OFF_LINK_V4 "198.51.100.77" /* TEST-NET-2 */
#define OFF_LINK_V6 "2001:db8:5e1f::77"

struct own {
	struct ip_addr addr;
	unsigned int prefix_bits;
	bool is_v6, is_link_local, is_loopback_device, is_on_device;
};

struct host {
	struct own *own;
	size_t nr_own;
	struct ip_addr *taken; /* own, and neighbours that are known */
	size_t nr_taken;
};

/* ---- pure ---- */

static bool is_taken(const struct ip_addr *a, const struct ip_addr *taken, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (!memcmp(a, &taken[i], sizeof(*a)))
			return true;
	return false;
}

static bool neighbour_v4(const struct ip_addr *at, unsigned int prefix_bits,
			 const struct ip_addr *taken, size_t nr, __u64 random, struct ip_addr *ret)
{
	__u32 hosts, net;

	if (prefix_bits > NEIGHBOUR_BITS_MAX_V4)
		return false;
	hosts = ~0U >> prefix_bits;
	net = ntohl(at->word[3]) & ~hosts;
	/* Routers tend to stand at the ends: in the upper half, away from its end. */
	for (__u32 i = 0; i < hosts / 4; i++) {
		__u32 host = hosts - 2 - (__u32)((random + i) % (hosts / 4));

		*ret = address_of_ipv4(htonl(net | host));
		if (!is_taken(ret, taken, nr))
			return true;
	}
	return false;
}

static bool neighbour_v6(const struct ip_addr *at, unsigned int prefix_bits,
			 const struct ip_addr *taken, size_t nr, __u64 random, struct ip_addr *ret)
{
	const __u32 host[4] = { 0, 0, random >> 32, random };

	if (prefix_bits > NEIGHBOUR_BITS_MAX_V6)
		return false;
	*ret = *at;
	for (unsigned int word = 2; word < 4; word++) {
		unsigned int end = 32 * (word + 1);
		__u32 mask = prefix_bits >= end      ? 0 :
			     prefix_bits <= end - 32 ? ~0U :
						       ~0U >> (prefix_bits - (end - 32));

		ret->word[word] = htonl((ntohl(at->word[word]) & ~mask) | (host[word] & mask));
	}
	return !is_taken(ret, taken, nr) && ret->word[3];
}

bool selftest_neighbour(const struct ip_addr *at, unsigned int prefix_bits, bool is_v6,
			const struct ip_addr *taken, size_t nr, __u64 random, struct ip_addr *ret)
{
	return is_v6 ? neighbour_v6(at, prefix_bits, taken, nr, random, ret) :
		       neighbour_v4(at, prefix_bits, taken, nr, random, ret);
}

static bool serves(const struct service *service, const struct ip_addr *a)
{
	return service->any_address || is_taken(a, service->addresses, service->nr_addresses);
}

/* ---- what there is ---- */

static unsigned int count_bits(const void *mask, size_t nr_bytes)
{
	const __u8 *at = mask;
	unsigned int nr = 0;

	while (nr_bytes--)
		nr += __builtin_popcount(*at++);
	return nr;
}

static bool read_own(const struct ifaddrs *from, const char *device, struct own *ret)
{
	const struct sockaddr_in6 *v6 = (const void *)from->ifa_addr;
	const struct sockaddr_in *v4 = (const void *)from->ifa_addr;
	int family = from->ifa_addr ? from->ifa_addr->sa_family : AF_UNSPEC;

	if ((family != AF_INET && family != AF_INET6) || !from->ifa_netmask)
		return false;
	*ret = (struct own){ .is_v6 = family == AF_INET6,
			     .is_loopback_device = from->ifa_flags & IFF_LOOPBACK,
			     .is_on_device = !strcmp(from->ifa_name, device) };
	if (ret->is_v6) {
		memcpy(&ret->addr, &v6->sin6_addr, sizeof(ret->addr));
		ret->is_link_local = IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr);
		ret->prefix_bits = count_bits(
			&((const struct sockaddr_in6 *)(void *)from->ifa_netmask)->sin6_addr, 16);
		return !IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
	}
	ret->addr = address_of_ipv4(v4->sin_addr.s_addr);
	ret->prefix_bits =
		count_bits(&((const struct sockaddr_in *)(void *)from->ifa_netmask)->sin_addr, 4);
	return ntohl(v4->sin_addr.s_addr) >> 24 != IN_LOOPBACKNET;
}

/* Neighbours that answer; IPv6 has so much room that nobody is met by chance. */
static void read_neighbours(struct host *host)
{
	FILE *file __cleanup(cleanup_file) = fopen("/proc/net/arp", "re");
	char line[256], text[64];
	struct in_addr addr;

	while (file && host->nr_taken < TAKEN_MAX && fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s", text) == 1 && inet_pton(AF_INET, text, &addr) == 1)
			host->taken[host->nr_taken++] = address_of_ipv4(addr.s_addr);
}

static int host_read(const char *device, struct host *ret)
{
	struct ifaddrs *all;

	if (getifaddrs(&all))
		return -errno;
	ret->own = calloc(TAKEN_MAX, sizeof(*ret->own));
	ret->taken = calloc(TAKEN_MAX, sizeof(*ret->taken));
	for (struct ifaddrs *one = all; one && ret->own && ret->taken && ret->nr_own < TAKEN_MAX;
	     one = one->ifa_next) {
		if (!read_own(one, device, &ret->own[ret->nr_own]))
			continue;
		ret->taken[ret->nr_taken++] = ret->own[ret->nr_own++].addr;
	}
	freeifaddrs(all);
	if (!ret->own || !ret->taken)
		return -ENOMEM;
	read_neighbours(ret);
	return 0;
}

static void host_free(struct host *host)
{
	free(host->own);
	free(host->taken);
}

/* ---- the choice ---- */

static int rank(const struct own *own)
{
	if (own->is_on_device)
		return own->is_link_local ? 2 : 3;
	return own->is_link_local ? -1 : own->is_loopback_device;
}

static const struct own *best_server(const struct host *host, const struct service *service,
				     bool is_v6)
{
	const struct own *best = NULL;

	for (size_t i = 0; i < host->nr_own; i++) {
		const struct own *own = &host->own[i];

		if (own->is_v6 == is_v6 && rank(own) >= 0 && serves(service, &own->addr) &&
		    (!best || rank(own) > rank(best)))
			best = own;
	}
	return best;
}

/* In the subnet of the server's address, or in one of the device's. */
static bool pick_client(const struct host *host, const struct own *server, struct ip_addr *ret)
{
	__u64 random;

	if (random_fill(&random, sizeof(random)))
		return false;
	if (!server->is_loopback_device)
		return selftest_neighbour(&server->addr, server->prefix_bits, server->is_v6,
					  host->taken, host->nr_taken, random, ret);
	for (size_t i = 0; i < host->nr_own; i++) {
		const struct own *own = &host->own[i];

		if (own->is_on_device && own->is_v6 == server->is_v6 && !own->is_link_local &&
		    selftest_neighbour(&own->addr, own->prefix_bits, own->is_v6, host->taken,
				       host->nr_taken, random, ret))
			return true;
	}
	return false;
}

static void off_link(bool is_v6, struct ip_addr *ret)
{
	struct in_addr v4;

	if (is_v6) {
		inet_pton(AF_INET6, OFF_LINK_V6, ret);
		return;
	}
	inet_pton(AF_INET, OFF_LINK_V4, &v4);
	*ret = address_of_ipv4(v4.s_addr);
}

int selftest_addresses(const struct service *service, const char *device, bool is_v6,
		       bool is_off_link, struct test_addresses *ret)
{
	const struct own *server;
	struct host host = { 0 };
	int err = host_read(device, &host);

	server = err ? NULL : best_server(&host, service, is_v6);
	if (!err && !server)
		err = -ENOENT;
	if (!err) {
		bool is_near = !is_off_link && pick_client(&host, server, &ret->client);

		ret->server = server->addr;
		ret->is_certain = is_near && (server->is_on_device || server->is_loopback_device);
		if (!is_near)
			off_link(is_v6, &ret->client);
	}
	host_free(&host);
	return err;
}
