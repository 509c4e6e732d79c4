/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which MACs a device's frames may be addressed to, beside its own: those of the VLAN and macvlan
 * devices on it (a VRRP virtual MAC is one), of the bridge, bond or team that it belongs to, and of
 * what is on those. Pure: what links there are is for netlink.c to say.
 */
#ifndef SYNWARD_LINK_STACK_H
#define SYNWARD_LINK_STACK_H

#include <stdbool.h>
#include <stddef.h>

#include "abi.h"

/* One link of this namespace. */
struct stack_link {
	int ifindex;
	int lower;  /* the device that it stands on, in this namespace; 0: none */
	int master; /* the device that it belongs to; 0: none */
	__u8 mac[6];
	bool is_ours; /* what it takes goes up to this host's stack: a kind named above */
};

/*
 * The MACs above the device @ifindex, each once and without its own, into @ret, which has room for
 * MACS_ABOVE_MAX. Returns how many there are, which may be more than there was room for.
 */
size_t link_stack_macs(const struct stack_link *links, size_t nr, int ifindex, __u8 (*ret)[6]);

/* Is a link of that kind (IFLA_INFO_KIND) one whose frames come up to this host? */
bool link_stack_has_kind(const char *kind);

#endif
