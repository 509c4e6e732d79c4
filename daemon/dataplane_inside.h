/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the dataplane*.c fill and observe.c looks at; nobody else's.
 */
#ifndef SYNWARD_DATAPLANE_INSIDE_H
#define SYNWARD_DATAPLANE_INSIDE_H

#include "dataplane.h"
#include "device.h"
#include "list_table.h"
#include "rungs.h"

#define SILENT_SECONDS 2          /* of untaken notes, until it is said */
#define REQUEST_BYTES_DEFAULT 320 /* of a half-open handshake, on a kernel that does not say */

struct bpf_object;

struct dataplane {
	const struct config *conf;
	struct settings settings;
	struct settings
		told; /* what the data path's settings are: those, and what is known beside them */
	__u64 own_addresses; /* bits of settings.own_addresses */
	struct rung_means means;
	__u32 request_bytes;
	struct device devices[DEVS_MAX];
	size_t nr_devices;
	size_t nr_rows;
	struct row_id *row_ids;
	struct row_conf *row_confs;  /* what the data path's rows are, or will be */
	struct svc_bucket *services; /* the map: two tables; NULL before the first device */
	size_t nr_buckets;           /* of each */
	struct svc_slot *slots;      /* what the one that is asked was filled with, sorted */
	size_t nr_slots;
	__u32 svc_at; /* as in settings */
	__u64 svc_seed;
	struct flow_set
		*flow_sets; /* the flow table itself, to read; NULL before the first device */
	size_t nr_flow_sets;
	const struct lists *lists;    /* NULL: there are none */
	struct list_table list_table; /* filled with the first device */
	struct retry *retries;        /* the map itself; NULL: no server speaks first */
	size_t nr_retries;
	__u64 synacks_resent;
	bool has_complained_of_send;
	__u64 key_epoch;   /* the first of the master key; 0: the one of the start */
	__u64 key_made_ms; /* when it was made */
	__u32 secret_serial;
	int nr_cpus;
	struct taps *taps; /* NULL: nobody traces */
};

/* All devices share the maps of the first. */
static inline struct synward_bpf *first_skel(const struct dataplane *dp)
{
	return dp->devices[0].skel;
}

/* What the data path is to know beside the sysctls, if that has changed. */
void dataplane_put_settings(struct dataplane *dp);

/* dataplane_memory.c: of all maps; 0 where the kernel does not say. */
__u64 dataplane_memory_bytes(const struct dataplane *dp);

/* dataplane_trace.c: every second, behind all that may have attached a program again. */
void dataplane_check_trace(struct dataplane *dp);

/* The object whose maps all taps share, or NULL. */
const struct bpf_object *dataplane_taps(const struct dataplane *dp);

/* dataplane_probe.c: fills dp->means. Logs. */
void dataplane_probe(struct dataplane *dp);

/* dataplane_key.c: with the first device, and every second. Returns 0 or -errno; logs. */
int dataplane_make_secret(struct dataplane *dp);
void dataplane_check_key(struct dataplane *dp);

/* dataplane_services.c: with the first device, and when its maps go. Returns 0 or -errno. */
int dataplane_map_services(struct dataplane *dp);
void dataplane_unmap_services(struct dataplane *dp);

/* dataplane_retry.c: with the first device, and when its maps go. Returns 0 or -errno. */
int dataplane_map_retries(struct dataplane *dp);
void dataplane_unmap_retries(struct dataplane *dp);

/* dataplane_lists.c: with the first device, and when its maps go. Returns 0 or -errno. */
int dataplane_fill_lists(struct dataplane *dp);
void dataplane_forget_lists(struct dataplane *dp);

#endif
