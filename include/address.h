/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct ip_addr in userland: which family an address is of, and how it is written. IPv4 is kept as
 * ::ffff:a.b.c.d, and never written so. Nothing here logs.
 */
#ifndef SYNWARD_ADDRESS_H
#define SYNWARD_ADDRESS_H

#include <arpa/inet.h>
#include <stdbool.h>

#include "abi.h"

static inline bool address_is_ipv4(const struct ip_addr *a)
{
	return !a->word[0] && !a->word[1] && a->word[2] == htonl(0xffff);
}

static inline struct ip_addr address_of_ipv4(__be32 ipv4)
{
	return (struct ip_addr){ { 0, 0, htonl(0xffff), ipv4 } };
}

/* Returns `buffer`. */
static inline const char *address_text(const struct ip_addr *a, char buffer[INET6_ADDRSTRLEN])
{
	if (address_is_ipv4(a))
		return inet_ntop(AF_INET, &a->word[3], buffer, INET6_ADDRSTRLEN);
	return inet_ntop(AF_INET6, a->word, buffer, INET6_ADDRSTRLEN);
}

#endif
