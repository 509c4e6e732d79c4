/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What only the daemon can tell `synward doctor`, beside the status: what stands in its network
 * namespace, and what it found the services to be. Judged by the CLI. Nothing here logs.
 */
#ifndef SYNWARD_FACTS_H
#define SYNWARD_FACTS_H

#include <jansson.h>

#include "config.h"
#include "snapshot.h"

/* The reply of Doctor, as methods_description.c describes it. NULL when memory is short. */
json_t *facts_json(const struct config *conf, const struct snapshot *snapshot,
		   const struct ip_addr *addresses, size_t nr_addresses);

/* The VLAN devices on @device in the text of /proc/net/vlan/config. Pure. A new array, or NULL. */
json_t *facts_vlans(const char *text, const char *device);

#endif
