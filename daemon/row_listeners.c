// SPDX-License-Identifier: GPL-2.0-only
/*
 * A wildcard listener takes connections to every address of its families; one on a loopback address
 * takes none that come in by a device.
 */
#include "row_listeners.h"

#include <string.h>

#include "address.h"

/* IPv4's 127/8 and ::1 are not reached through a device. */
static bool is_loopback(const struct ip_addr *a)
{
	if (address_is_ipv4(a))
		return ntohl(a->word[3]) >> 24 == 127;
	return !a->word[0] && !a->word[1] && !a->word[2] && a->word[3] == htonl(1);
}

static bool is_wildcard(const struct ip_addr *a)
{
	return !a->word[0] && !a->word[1] && !a->word[3] &&
	       (!a->word[2] || a->word[2] == htonl(0xffff));
}

/* Does the listener get connections to this address? */
static bool listens_on(const struct listener_info *listener, const struct ip_addr *address)
{
	if (!is_wildcard(&listener->addr))
		return !memcmp(&listener->addr, address, sizeof(*address));
	if (address_is_ipv4(&listener->addr))
		return address_is_ipv4(address);
	return !address_is_ipv4(address) || !listener->is_v6_only;
}

static bool is_listener_of(const struct listener_info *listener, const struct service *service)
{
	if (service->any_address)
		return !is_loopback(&listener->addr);
	for (size_t i = 0; i < service->nr_addresses; i++)
		if (listens_on(listener, &service->addresses[i]))
			return true;
	return false;
}

static void add(struct row_listeners *sum, const struct listener_info *listener)
{
	if (!sum->nr++ || listener->backlog < sum->backlog)
		sum->backlog = listener->backlog;
	sum->half_open += listener->syn_queue;
	sum->nr_mptcp += listener->is_mptcp;
	if (listener->accept_queue > sum->accept_queue)
		sum->accept_queue = listener->accept_queue;
}

void row_listeners_sum(const struct listener_info *all, size_t nr, const struct service *service,
		       __u16 port, struct row_listeners *ret)
{
	*ret = (struct row_listeners){ 0 };
	for (size_t i = 0; i < nr; i++)
		if (all[i].port == port && is_listener_of(&all[i], service))
			add(ret, &all[i]);
}
