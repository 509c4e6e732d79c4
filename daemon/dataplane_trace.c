// SPDX-License-Identifier: GPL-2.0-only
/*
 * Puts programs that tell of every packet (bpf/trace.h) in the place of the others while somebody
 * traces, and reads what they tell. A link's program is swapped by the kernel between two packets;
 * what a device is attached with anew meanwhile is swapped a second later, and if that cannot be,
 * the trace is over: what is not followed shall not look as if nothing came. Should the daemon die,
 * the programs stop telling by themselves, and the next one puts its own in their place.
 */
#include "dataplane_inside.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "log.h"
#include "notify.h"
#include "refuse.h"
#include "synward.skel.h"
#include "trace_abi.h"

#define REFUSED                                                                                    \
	"the kernel does not take the programs that trace: %s; protection goes on untouched, and " \
	"synwardd's log ('journalctl -u synwardd') has the kernel's own words"

struct taps {
	struct synward_bpf *skels[DEVS_MAX]; /* by slot, whatever device has it; NULL: not yet */
	struct synward_bpf *first;           /* one of them, whose maps all share */
	struct ring_buffer *ring;
	struct trace_conf conf;
	struct dataplane *dp;
	take_packet *take;
	void *arg;
	char why_over[RUNG_CAUSE_SIZE]; /* "": it goes on */
};

/* -1: there is no such link now. */
static int swap(int link, const struct bpf_program *program)
{
	return link < 0 || !bpf_link_update(link, bpf_program__fd(program), NULL) ? 0 : -errno;
}

/* The link of a device that is gone has no program to be swapped. */
static bool is_gone(int err)
{
	return err == -ENOLINK || err == -ENODEV;
}

/* A link that has that program already keeps it. */
static int tap(const struct device *dev, const struct synward_bpf *skel)
{
	int err = swap(dev->tc_link, skel->progs.synward_tc_tap);

	if (err && !is_gone(err))
		return err;
	return swap(dev->xdp_link, skel->progs.synward_xdp_tap);
}

static int untap(const struct device *dev)
{
	int err = swap(dev->xdp_link, dev->skel->progs.synward_xdp);

	return swap(dev->tc_link, dev->skel->progs.synward_tc) ?: err;
}

static int conf_put(struct taps *taps)
{
	const int fd = bpf_map__fd(taps->first->maps.trace_conf);
	const __u32 key = 0;

	taps->conf.until_ms = clock_now_ms() + TRACE_RENEW_MS;
	return bpf_map_update_elem(fd, &key, &taps->conf, BPF_ANY) ? -errno : 0;
}

static const struct device *device_of_slot(const struct dataplane *dp, __u32 slot)
{
	for (size_t i = 0; i < dp->nr_devices; i++)
		if (dp->devices[i].slot == slot)
			return &dp->devices[i];
	return NULL;
}

static int on_record(void *arg, void *data, size_t nr_bytes)
{
	const struct taps *taps = arg;
	const struct trace_record *record = data;
	char out_device[IF_NAMESIZE] = "";
	const struct device *dev;

	if (nr_bytes < offsetof(struct trace_record, out) ||
	    nr_bytes < offsetof(struct trace_record, out) + record->out_kept ||
	    record->in_kept > TRACE_SNAP)
		return 0;
	dev = device_of_slot(taps->dp, record->device);
	if (!dev)
		return 0;
	if (record->out_ifindex)
		if_indextoname(record->out_ifindex, out_device);
	taps->take(taps->arg, dev->name, out_device[0] ? out_device : NULL, record);
	return 0;
}

/* Unless they are there, from a device that had that slot before. */
static int load(const struct dataplane *dp, struct taps *taps, const struct device *dev)
{
	int err;

	if (taps->skels[dev->slot])
		return 0;
	err = device_load_taps(dev, dp->shared, taps->first, &taps->skels[dev->slot]);
	if (!err && !taps->first)
		taps->first = taps->skels[dev->slot];
	notify_alive(); /* each takes a second or so */
	return err;
}

static int load_all(struct dataplane *dp, struct taps *taps)
{
	int err = dp->nr_devices ? 0 : -ENODEV;

	for (size_t i = 0; i < dp->nr_devices && !err; i++)
		err = load(dp, taps, &dp->devices[i]);
	if (err)
		return err;
	taps->ring =
		ring_buffer__new(bpf_map__fd(taps->first->maps.trace_ring), on_record, taps, NULL);
	return taps->ring ? conf_put(taps) : -errno;
}

/* One that is gone needs none. Logs. */
static int tap_if_there(const struct taps *taps, const struct device *dev)
{
	int err = tap(dev, taps->skels[dev->slot]);

	if (!err || is_gone(err))
		return 0;
	log_err("%s: the kernel does not swap the program on its link: %s", dev->name,
		strerror(-err));
	return err;
}

static int tap_all(struct dataplane *dp, const struct taps *taps)
{
	int err = 0;

	for (size_t i = 0; i < dp->nr_devices && !err; i++)
		err = tap_if_there(taps, &dp->devices[i]);
	return err;
}

int dataplane_trace_begin(struct dataplane *dp, const struct trace_conf *whose, take_packet *take,
			  void *arg, char **ret_why)
{
	int err;

	if (dp->taps)
		return refuse(ret_why, -EPERM,
			      "somebody traces already, and one can at a time: 'pgrep -af synward' "
			      "may find who");
	dp->taps = calloc(1, sizeof(*dp->taps));
	if (!dp->taps)
		return -ENOMEM;
	*dp->taps = (struct taps){ .conf = *whose, .dp = dp, .take = take, .arg = arg };
	err = load_all(dp, dp->taps) ?: tap_all(dp, dp->taps);
	if (!err)
		return 0;
	dataplane_trace_end(dp);
	if (err == -ENODEV)
		return refuse(ret_why, -EPERM,
			      "no device is attached, so there is nothing to follow: 'synward "
			      "status' says why");
	return refuse(ret_why, -EPERM, REFUSED, strerror(-err));
}

const struct bpf_object *dataplane_taps(const struct dataplane *dp)
{
	return dp->taps && dp->taps->first ? dp->taps->first->obj : NULL;
}

/* The taps themselves may stay for whoever has the slot next; what they have run is taken off. */
void dataplane_forget_tap_runs(struct dataplane *dp, const struct device *dev)
{
	struct snapshot_runs xdp = {}, tc = {};

	if (dp->taps && dp->taps->skels[dev->slot])
		device_add_tap_runs(dp->taps->skels[dev->slot], &xdp, &tc);
	dp->tap_runs[dev->slot].xdp = (struct snapshot_runs){ -xdp.nr, -xdp.ns };
	dp->tap_runs[dev->slot].tc = (struct snapshot_runs){ -tc.nr, -tc.ns };
}

void dataplane_add_tap_runs(const struct dataplane *dp, const struct device *dev,
			    struct snapshot_runs *xdp, struct snapshot_runs *tc)
{
	const struct tap_runs *gone = &dp->tap_runs[dev->slot];

	xdp->nr += gone->xdp.nr;
	xdp->ns += gone->xdp.ns;
	tc->nr += gone->tc.nr;
	tc->ns += gone->tc.ns;
	if (dp->taps && dp->taps->skels[dev->slot])
		device_add_tap_runs(dp->taps->skels[dev->slot], xdp, tc);
}

int dataplane_trace_fd(const struct dataplane *dp)
{
	return ring_buffer__epoll_fd(dp->taps->ring);
}

void dataplane_trace_read(struct dataplane *dp)
{
	if (dp->taps)
		ring_buffer__consume(dp->taps->ring);
}

void dataplane_trace_lost(const struct dataplane *dp, struct trace_lost *ret)
{
	struct trace_lost by_cpu[dp->nr_cpus];
	const __u32 key = 0;
	int fd;

	*ret = (struct trace_lost){};
	if (!dp->taps)
		return;
	fd = bpf_map__fd(dp->taps->first->maps.trace_lost);
	if (bpf_map_lookup_elem(fd, &key, by_cpu))
		return;
	for (int i = 0; i < dp->nr_cpus; i++) {
		ret->over_limit += by_cpu[i].over_limit;
		ret->ring_full += by_cpu[i].ring_full;
	}
}

/* What fails once is not tried again: a load takes a second or so, and logs. */
void dataplane_check_trace(struct dataplane *dp)
{
	struct taps *taps = dp->taps;
	int err = 0;

	if (!taps || taps->why_over[0])
		return;
	conf_put(taps);
	for (size_t i = 0; i < dp->nr_devices && !err; i++) {
		const struct device *dev = &dp->devices[i];

		err = load(dp, taps, dev) ?: tap_if_there(taps, dev);
		if (err)
			snprintf(taps->why_over, sizeof(taps->why_over),
				 "%s cannot be followed, and so the trace is over: " REFUSED,
				 dev->name, strerror(-err));
	}
}

const char *dataplane_trace_over(const struct dataplane *dp)
{
	return dp->taps && dp->taps->why_over[0] ? dp->taps->why_over : NULL;
}

void dataplane_trace_end(struct dataplane *dp)
{
	struct taps *taps = take_ptr(dp->taps);

	if (!taps)
		return;
	for (size_t i = 0; i < dp->nr_devices; i++) {
		int err = untap(&dp->devices[i]);

		if (err && !is_gone(err))
			log_err("%s: the program that traces stays on its link: %s; it does what "
				"the other one does, at a higher cost, until synwardd is restarted",
				dp->devices[i].name, strerror(-err));
	}
	ring_buffer__free(taps->ring);
	for (size_t i = 0; i < DEVS_MAX; i++) {
		struct tap_runs *runs = &dp->tap_runs[i];

		if (taps->skels[i])
			device_add_tap_runs(taps->skels[i], &runs->xdp, &runs->tc);
		synward_bpf__destroy(taps->skels[i]);
	}
	free(taps);
}
