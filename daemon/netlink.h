/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What rtnetlink says: which devices there are, which addresses are local, and that something has
 * changed. What to make of it is for others. Nothing here logs.
 */
#ifndef SYNWARD_NETLINK_H
#define SYNWARD_NETLINK_H

#include <stdbool.h>
#include <stddef.h>

#include "abi.h"
#include "link_stack.h"

struct netlink;

/* Sockets for questions and for news, in the namespace of the caller. Returns 0 or -errno. */
int netlink_open(struct netlink **ret);
void netlink_close(struct netlink *nl);

/* Readable when devices or addresses have changed; netlink_drain() takes the news. */
int netlink_fd(const struct netlink *nl);
void netlink_drain(struct netlink *nl);

/* All there are; the caller frees them. Returns 0 or -errno. */
int netlink_links(struct netlink *nl, struct links *ret);
void netlink_links_free(struct links *links);

/* Every address of this namespace except loopback's own; the caller frees *ret. Returns 0 or
 * -errno. */
int netlink_addresses(struct netlink *nl, struct ip_addr **ret, size_t *ret_nr);

#endif
