/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a device does to packets before XDP would see them, and why its driver may refuse XDP
 * because of that. Only looks; nothing here logs.
 */
#ifndef SYNWARD_OFFLOADS_H
#define SYNWARD_OFFLOADS_H

#include <stdbool.h>
#include <stddef.h>

#include "abi.h"

struct offloads {
	bool lro;    /* several packets become one */
	bool gro_hw; /* the same, by the rules of GRO */
};

/* By ethtool's ioctl(2), in the namespace of the caller. What the driver does not say is off. */
void offloads_read(const char *device, struct offloads *ret);

/* Why native XDP may be refused, and the command that helps, behind "; ". "" when there is nothing
 * to say. Pure. Returns @ret. */
const char *offloads_explain(const char *device, const struct offloads *offloads, __u32 mtu,
			     char *ret, size_t room);

#endif
