/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the dataplane*.c fill and observe.c looks at; nobody else's.
 */
#ifndef SYNWARD_DATAPLANE_INSIDE_H
#define SYNWARD_DATAPLANE_INSIDE_H

#include <jansson.h>

#include "dataplane.h"
#include "device.h"
#include "list_table.h"
#include "pins.h"
#include "rungs.h"

#define SILENT_SECONDS 2          /* of untaken notes, until it is said */
#define SILENT_RETRY_SECONDS 60   /* a few connections are lost with each try */
#define REQUEST_BYTES_DEFAULT 320 /* of a half-open handshake, on a kernel that does not say */

struct bpf_object;

/* Entries of the flow table by row: dataplane_count.c. */
struct flow_count {
	__u32 *last, *next;  /* the last whole count, and the one that is being made */
	size_t at;           /* entries that this one has looked at; 0: none is being made */
	__u64 began_ms;      /* when it was */
	__u64 not_before_ms; /* the next one */
	bool is_asked;       /* by somebody, since the last began */
};

struct dataplane {
	const struct config *conf;
	struct settings settings;
	struct settings
		told; /* what the data path's settings are: those, and what is known beside them */
	__u64 own_addresses; /* bits of settings.own_addresses */
	struct rung_means means;
	__u32 request_bytes;
	struct synward_bpf *shared; /* the maps of all devices, without programs */
	struct pins *pins;          /* NULL: nothing outlives us, and nothing was left */
	json_t *about;              /* the maps: dataplane_pins.c */
	json_t *about_before;       /* those of the daemon before; NULL: there are none */
	bool found_maps;            /* there were some, whatever they are */
	bool is_adopted;            /* they are ours now */
	int pins_err;               /* why nothing can be pinned: -errno, or 0 */
	bool is_kept;               /* maps and links are pinned, and stay when we go */
	bool is_settled;            /* all devices are attached, and all is told */
	struct device devices[DEVS_MAX];
	size_t nr_devices;
	size_t nr_rows;
	struct row_id *row_ids;
	struct row_conf *row_confs;  /* what the data path's rows are, or will be */
	struct svc_bucket *services; /* the map: two tables */
	size_t nr_buckets;           /* of each */
	struct svc_slot *slots;      /* what the one that is asked was filled with, sorted */
	size_t nr_slots;
	__u32 svc_at; /* as in settings */
	__u64 svc_seed;
	struct flow_set *flow_sets; /* the flow table itself, to read */
	size_t nr_flow_sets;
	struct flow_count count;
	const struct lists *lists; /* NULL: there are none */
	struct list_table list_table;
	struct retry *retries; /* the map itself; NULL: no server speaks first */
	size_t nr_retries;
	bool has_complained_of_send;
	__u64 key_epoch; /* the first of the master key; 0: the one of the start */
	__u32 secret_serial;
	int nr_cpus;
	struct taps *taps; /* NULL: nobody traces */
	struct tap_runs {
		struct snapshot_runs xdp, tc;
	} tap_runs[DEVS_MAX]; /* by slot: of taps that are gone */
};

/* A copy of the flow table's entry with that number, if it is still believed; it changes while we
 * look. */
bool dataplane_flow_at(const struct dataplane *dp, size_t index, __u64 now_ms, struct flow *ret);

/* dataplane_count.c: with the maps. Returns 0 or -errno. */
int dataplane_open_count(struct dataplane *dp);
void dataplane_close_count(struct dataplane *dp);

/* What the data path is to know beside the sysctls, if that has changed. */
void dataplane_put_settings(struct dataplane *dp);

/* What it remembers was made of what was told before: forget it. */
void dataplane_next_generation(struct dataplane *dp);

/* The programs of one more device. Logs. Returns 0 or -errno. */
int dataplane_load(const struct dataplane *dp, struct device *dev);

/* dataplane_devices.c: how each answers, to be found out anew whenever something of that may have
 * changed; and every second. The latter logs. */
void dataplane_judge_devices(struct dataplane *dp);
void dataplane_check_devices(struct dataplane *dp);

/* As it is called now; or, when it is not there or was renamed, in the config. NULL: none of ours.
 */
struct device *dataplane_device_by_name(struct dataplane *dp, const char *name);

/* One more, and its programs, so that nothing takes time when it is there; @wanted: the config's
 * name, or "". NULL: it failed. Logs. And one less: those behind it move up. */
struct device *dataplane_add_device(struct dataplane *dp, const char *name, const char *wanted);
void dataplane_forget_device(struct dataplane *dp, struct device *dev);

/* Both links, TC before XDP, or none. Logs. Returns 0 or -errno, and why_no_xdp says it. And away
 * with both, XDP before TC. */
int dataplane_attach_links(struct dataplane *dp, struct device *dev, const struct links *links,
			   const struct link *link);
void dataplane_close_links(struct dataplane *dp, struct device *dev);

/* From now on it should be protected and is not; it is again, or is not to be. */
void dataplane_gap_begin(struct device *dev);
void dataplane_gap_end(struct device *dev);

/* dataplane_orders.c: every second: what nobody confirmed in time goes. Logs. */
void dataplane_check_confirmed(struct dataplane *dp);

/* dataplane_memory.c: of all maps; 0 where the kernel does not say. */
__u64 dataplane_memory_bytes(const struct dataplane *dp);

/* dataplane_trace.c: every second, behind all that may have attached a program again. Logs. */
void dataplane_check_trace(struct dataplane *dp);

/* The object whose maps all taps share, or NULL. */
const struct bpf_object *dataplane_taps(const struct dataplane *dp);

/* The next device in that slot begins with none. */
void dataplane_forget_tap_runs(struct dataplane *dp, const struct device *dev);

/* To those of the device's own programs are added those of its taps. */
void dataplane_add_tap_runs(const struct dataplane *dp, const struct device *dev,
			    struct snapshot_runs *xdp, struct snapshot_runs *tc);

/* dataplane_probe.c: fills dp->means. Returns 0, or -errno where nothing can be loaded. Logs. */
int dataplane_probe(struct dataplane *dp);

/* dataplane_pins.c: where maps and links are pinned; the maps; those of the daemon before by name;
 * and at close. Those that return something return 0 (or the fd) or -errno, and the first two log.
 */
int dataplane_open_pins(struct dataplane *dp);
int dataplane_open_maps(struct dataplane *dp, const struct device_wants *wants);
int dataplane_open_before(const struct dataplane *dp, const char *map);
void dataplane_close_pins(struct dataplane *dp);

/* dataplane_carry.c: from the maps before to those that are made anew; and once more what programs
 * write, just before the first link is swapped. Return 0 or -errno. */
int dataplane_carry(struct dataplane *dp);
int dataplane_carry_live(struct dataplane *dp);

/* dataplane_key.c: a secret for new maps; which one there is; and every second, which logs. */
int dataplane_make_secret(struct dataplane *dp);
int dataplane_read_key(struct dataplane *dp);
void dataplane_check_key(struct dataplane *dp);

/* dataplane_services.c: at open and close. Returns 0 or -errno. */
int dataplane_map_services(struct dataplane *dp);
void dataplane_unmap_services(struct dataplane *dp);

/* dataplane_retry.c: at open and close. Returns 0 or -errno. */
int dataplane_map_retries(struct dataplane *dp);
void dataplane_unmap_retries(struct dataplane *dp);

/* dataplane_lists.c: at close. */
void dataplane_forget_lists(struct dataplane *dp);

#endif
