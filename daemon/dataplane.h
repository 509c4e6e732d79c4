/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The data path as the daemon sees it: load, attach, feed, look, detach. The only file behind this
 * header sees libbpf, so that nothing else depends on how the kernel is spoken to.
 */
#ifndef SYNWARD_DATAPLANE_H
#define SYNWARD_DATAPLANE_H

#include "abi.h"
#include "config.h"
#include "netlink.h"
#include "snapshot.h"

struct dataplane;

/*
 * Open the data path for @conf, which must outlive it: probe the kernel, make keys and rows.
 * Nothing is attached yet. Logs. Returns 0 or -errno.
 */
int dataplane_open(const struct config *conf, const struct settings *settings,
		   struct dataplane **ret);

/* Detach from all devices, XDP before TC, and release everything. Logs. */
void dataplane_close(struct dataplane *dp);

/* Load for one more device and attach to it, TC before XDP; all or nothing. Logs. Returns 0 or
 * -errno. */
int dataplane_attach(struct dataplane *dp, const struct link_info *link);

/* What the sysctls say now. Returns 0 or -errno. */
int dataplane_set_settings(struct dataplane *dp, const struct settings *settings);

/* The local addresses: services with `addresses = any` follow them. Logs when the table is full.
 * Returns 0 or -errno. */
int dataplane_set_addresses(struct dataplane *dp, const struct ip_addr *addrs, size_t nr);

/* MAC and MTU of an attached device may have changed, or it is a new one of that name. Logs. */
void dataplane_set_link(struct dataplane *dp, const struct link_info *link);

/*
 * To be called every second: is the TC half of each device still attached? A device where it is not
 * stops answering, and it is attached again. Logs.
 */
void dataplane_check(struct dataplane *dp);

/* Counters, states, modes. Returns 0 or -errno; *ret is then undefined. */
int dataplane_snapshot(struct dataplane *dp, struct snapshot *ret);

#endif
