/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between which addresses a self-test's handshake takes place: to one of the service's own, from
 * one that nobody seems to have in the same subnet, so that routing and rp_filter find nothing
 * strange. Nothing here logs.
 */
#ifndef SYNWARD_SELFTEST_ADDRESS_H
#define SYNWARD_SELFTEST_ADDRESS_H

#include "config.h"

struct test_addresses {
	struct ip_addr server, client;
	bool is_certain; /* such a client would come in by the device */
};

/*
 * For @service on @device, of one family. @is_off_link: from an address of the documentation's
 * (RFC 5737, 3849), whose next hop is that of all strangers. Returns 0; -ENOENT: the service has no
 * address of that family; or another -errno.
 */
int selftest_addresses(const struct service *service, const char *device, bool is_v6,
		       bool is_off_link, struct test_addresses *ret);

/* An address of @at's subnet that is none of the @nr @taken and no broadcast, from @random on
 * downward or, for IPv6, made of it. False when the subnet has no room for it. Pure. */
bool selftest_neighbour(const struct ip_addr *at, unsigned int prefix_bits, bool is_v6,
			const struct ip_addr *taken, size_t nr, __u64 random, struct ip_addr *ret);

#endif
