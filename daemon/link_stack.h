/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The links of this namespace and what stands on what: which MACs a device's frames may be
 * addressed to beside its own (those of the VLAN and macvlan devices on it, of which a VRRP virtual
 * MAC is one, of the bridge, bond or team that it belongs to, and of what is on those), and whether
 * a device is one to attach to at all, or stands on one that is. Pure: what links there are is for
 * netlink.c to say.
 */
#ifndef SYNWARD_LINK_STACK_H
#define SYNWARD_LINK_STACK_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "abi.h"
#include "config.h"

#define LINK_KIND_SIZE 16
#define LINK_WHY_SIZE 320

struct link {
	int ifindex;
	int lower;  /* the device that it stands on, in this namespace; 0: none */
	int master; /* the device that it belongs to; 0: none */
	__u8 mac[6];
	__u32 mtu;                 /* bytes */
	bool is_up;                /* set so by the operator: IFF_UP */
	bool is_ether;             /* frames begin with an Ethernet header */
	char kind[LINK_KIND_SIZE]; /* "vlan"; "" of hardware */
	char name[IF_NAMESIZE];
};

struct links {
	struct link *link;
	size_t nr;
};

/* Each NULL when there is none. */
const struct link *link_by_index(const struct links *links, int ifindex);
const struct link *link_by_name(const struct links *links, const char *name);

/*
 * The MACs above the device @ifindex, each once and without its own, into @ret, which has room for
 * MACS_ABOVE_MAX. Returns how many there are, which may be more than there was room for.
 */
size_t link_macs_above(const struct links *links, int ifindex, __u8 (*ret)[6]);

/*
 * May XDP be attached to it, in that mode? -EOPNOTSUPP, with cause and remedy in @ret_why: it
 * carries no Ethernet frames, or it is one whose frames a device below it sees first; named is, in
 * place of it, the first on the way down that XDP may be attached to. @link is one of @links.
 */
int link_check(const struct links *links, const struct link *link, enum xdp_mode mode,
	       char ret_why[LINK_WHY_SIZE]);

#endif
