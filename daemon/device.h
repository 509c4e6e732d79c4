/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One device: the object that is loaded for it and the two links that hold it there. Internal to
 * the data path: with dataplane.c the only code that sees libbpf and the skeleton.
 */
#ifndef SYNWARD_DEVICE_H
#define SYNWARD_DEVICE_H

#include <net/if.h>

#include "abi.h"
#include "config.h"
#include "pins.h"
#include "rungs.h"
#include "snapshot.h"

struct bpf_map;
struct synward_bpf;

struct device {
	char name[IF_NAMESIZE];   /* as it is called now; that of the config when it is absent */
	char wanted[IF_NAMESIZE]; /* the config's name; "": it is there by command */
	int ifindex;              /* 0: absent */
	__u32 slot;
	struct synward_bpf *skel;
	const struct pins *pins; /* where the daemon before left links; NULL: nowhere */
	bool is_kept;            /* its links are pinned there */
	bool is_taken_over;      /* its XDP link was */
	int xdp_link, tc_link;   /* fds, or -1 */
	const char *xdp_mode;
	struct dev_conf conf;
	bool is_up;
	bool is_detached;    /* by command */
	bool is_refused;     /* no try can change that */
	__u64 confirm_by_ms; /* or else it is taken back; 0: it stays */
	__u64 gap_since_ms;  /* it is not attached, but should be; 0: all is well */
	__u64 gap_ms;        /* how long the last time */
	__u32 gaps;
	char why_no_xdp[RUNG_CAUSE_SIZE]; /* cause and remedy, of the last try that failed */
	int native_err;                   /* that its driver was said to refuse with, or 0 */
	bool is_crowded;                  /* more MACs stand on it than `conf` holds */
	__u32 taken;                      /* hand-offs that the TC half had taken a second ago */
	int seconds_silent;               /* notes lie there untaken for so long */
	struct rung rung;                 /* how it answers */
};

enum device_state device_state(const struct device *dev);

/* libbpf speaks to us instead of to stderr; its words come out when a load fails. */
void device_libbpf_init(void);

/* "1.1": of the library that is in use, whatever we were built with. */
const char *device_libbpf_version(void);

/* What is baked into an object. */
struct device_wants {
	enum xdp_mode mode;
	bool can_hand_off, can_kernel_cookie;
	bool has_retries; /* some server speaks first */
	size_t nr_rows;
	__u32 nr_flow_sets; /* a power of two */
};

/* What the programs of all devices share; the rest is each device's own. */
bool device_map_is_shared(const struct bpf_map *map);

/* The maps, as large as they have to be, without any program; they are made when they are loaded,
 * but for those that were reused. The latter logs. Return 0 or -errno. */
int device_maps_open(const struct device_wants *wants, struct synward_bpf **ret);
int device_maps_load(struct synward_bpf *maps);

/* Load the programs for this device, slot baked in, on @maps. Logs. Returns 0 or -errno. */
int device_load(struct device *dev, const struct synward_bpf *maps,
		const struct device_wants *wants);

/* What only the taps write to, below: not made without them. */
bool device_map_is_of_taps(const struct bpf_map *map);

/*
 * The same two programs for this device, of which every packet can be followed (bpf/trace.h): they
 * work on the same maps, and are to take the place of the others on their links. Maps of their own
 * are shared with @first (NULL: these are the first). Logs. Returns 0 or -errno.
 */
int device_load_taps(const struct device *dev, const struct synward_bpf *maps,
		     const struct synward_bpf *first, struct synward_bpf **ret);

/* How often taps ran, and how long; what they are to be added to. */
void device_add_tap_runs(const struct synward_bpf *taps, struct snapshot_runs *xdp,
			 struct snapshot_runs *tc);

/* device_links.c. The TC half, before the XDP half. Does not log why. Returns 0 or -errno. */
int device_attach_tc(struct device *dev);

/* Logs, with the name of whoever holds the device. Returns 0 or -errno. */
int device_attach_xdp(struct device *dev, enum xdp_mode mode);

/* Is there the device, with no XDP program? */
bool device_xdp_is_free(const struct device *dev);

/* Let a frame in at a device, through that program; what it passes, sends or drops is so treated.
 * Takes no other privilege than the data path itself. Returns 0 or -errno. */
int device_run_live(int prog_fd, int ifindex, const void *frame, size_t nr_bytes);

/* A link whose device has gone, or that somebody detached by force, is not live any more. */
bool device_link_is_live(int link);
void device_link_close(int *link);

/* From here on its links outlive us, if any do. */
void device_keep(struct device *dev);

/* Detach, and let nothing of it outlive us. */
void device_drop_xdp(struct device *dev);
void device_drop_tc(struct device *dev);

/* How often its programs ran, and how long. */
void device_runs(const struct device *dev, struct snapshot_runs *ret_xdp,
		 struct snapshot_runs *ret_tc);

/* Unload. What is not pinned is detached, XDP before TC. */
void device_close(struct device *dev);

#endif
