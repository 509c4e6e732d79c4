/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What dataplane.c fills and observe.c looks at; nobody else's.
 */
#ifndef SYNWARD_DATAPLANE_INSIDE_H
#define SYNWARD_DATAPLANE_INSIDE_H

#include "dataplane.h"
#include "device.h"

#define SILENT_SECONDS 2          /* of untaken notes, until it is said */
#define REQUEST_BYTES_DEFAULT 320 /* of a half-open handshake, on a kernel that does not say */

struct service_entry;

struct dataplane {
	const struct config *conf;
	struct settings settings;
	bool can_hand_off;
	char why_not[256]; /* why it cannot */
	__u32 request_bytes;
	struct device devices[DEVS_MAX];
	size_t nr_devices;
	size_t nr_rows;
	struct row_id *row_ids;
	struct row_conf *row_confs;    /* what the rows map holds, or will */
	struct service_entry *entries; /* what the services map holds, sorted */
	size_t nr_entries;
	struct flow_set
		*flow_sets; /* the flow table itself, to read; NULL before the first device */
	size_t nr_flow_sets;
	int nr_cpus;
};

/* All devices share the maps of the first. */
static inline struct synward_bpf *first_skel(const struct dataplane *dp)
{
	return dp->devices[0].skel;
}

#endif
