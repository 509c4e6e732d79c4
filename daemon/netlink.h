/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What rtnetlink says: which devices there are, which addresses are local, and that something has
 * changed. What to make of it is for others. Nothing here logs.
 */
#ifndef SYNWARD_NETLINK_H
#define SYNWARD_NETLINK_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "abi.h"

struct netlink;

struct link_info {
	int ifindex;
	char name[IF_NAMESIZE];
	__u8 mac[6];
	__u32 mtu;                          /* bytes */
	bool is_up;                         /* set so by the operator: IFF_UP */
	bool is_ether;                      /* frames begin with an Ethernet header */
	__u8 macs_above[MACS_ABOVE_MAX][6]; /* of what stands on it: link_stack.h */
	size_t nr_macs_above;               /* may be more than there was room for */
};

/* Sockets for questions and for news, in the namespace of the caller. Returns 0 or -errno. */
int netlink_open(struct netlink **ret);
void netlink_close(struct netlink *nl);

/* Readable when devices or addresses have changed; netlink_drain() takes the news. */
int netlink_fd(const struct netlink *nl);
void netlink_drain(struct netlink *nl);

/* The device called @name. Returns 0, -ENODEV, or another -errno. */
int netlink_link(struct netlink *nl, const char *name, struct link_info *ret);

/* Every address of this namespace except loopback's own; the caller frees *ret. Returns 0 or
 * -errno. */
int netlink_addresses(struct netlink *nl, struct ip_addr **ret, size_t *ret_nr);

#endif
