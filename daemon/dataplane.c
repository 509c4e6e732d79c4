// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all devices have in common: the shared maps, and the rows and settings that they are filled
 * with. The BPF object is loaded once per device (device.c); all share the maps of the first. Which
 * destinations are services is in dataplane_services.c, what is read out of the maps in observe.c.
 */
#include "dataplane_inside.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "clock.h"
#include "log.h"
#include "sysctls.h"
#include "synward.skel.h"

#define MSS_MTU_MAX 65535
#define SYNACK_FLUSH_SHARE 16   /* of the cap, what all CPUs together may keep to themselves */
#define SILENT_RETRY_SECONDS 60 /* a few connections are lost with each try */

/* How each device answers, to be found out anew whenever something of that may have changed. */
static void judge_devices(struct dataplane *dp)
{
	for (size_t i = 0; i < dp->nr_devices; i++) {
		struct device *dev = &dp->devices[i];
		const struct rung_device is = {
			.has_xdp = dev->xdp_link >= 0,
			.has_tc = dev->conf.tc_live,
			.is_silent = dev->seconds_silent >= SILENT_SECONDS,
			.is_down = !dev->is_up,
			.name = dev->name,
			.why_no_xdp = dev->why_no_xdp,
		};

		rung_of_device(&dp->means, &is, &dev->rung);
	}
}

/* ---- feeding the maps ---- */

static void put_rows(struct dataplane *dp)
{
	struct synward_bpf *skel = first_skel(dp);

	for (size_t i = 0; i < dp->nr_rows; i++) {
		skel->data_conf->rows[i] = dp->row_confs[i];
		skel->data_conf->ports[dp->row_ids[i].port] = i + 1;
	}
}

/* What the data path remembers of a tick was made of what was told before. */
static void next_generation(struct dataplane *dp)
{
	__sync_synchronize(); /* all that is new is there before */
	first_skel(dp)->data_conf->settings.generation = ++dp->told.generation;
}

void dataplane_set_row(struct dataplane *dp, size_t row, const struct row_conf *conf)
{
	dp->row_confs[row] = *conf;
	if (!dp->nr_devices)
		return;
	first_skel(dp)->data_conf->rows[row] = *conf;
	next_generation(dp);
	dataplane_put_settings(dp);
}

size_t dataplane_nr_rows(const struct dataplane *dp)
{
	return dp->nr_rows;
}

const struct row_id *dataplane_row(const struct dataplane *dp, size_t row)
{
	return &dp->row_ids[row];
}

/* Is some row armed although nobody attacks? */
static bool is_always_armed(const struct dataplane *dp)
{
	__u64 now_ms = clock_now_ms();

	for (size_t i = 0; i < dp->nr_rows; i++) {
		const struct row_conf *row = &dp->row_confs[i];

		if (row->flags & ROW_BLACK_HOLE)
			continue;
		if (row->mode == SVC_ALWAYS ||
		    (row->mode == SVC_AUTO && now_ms < row->forced_until_ms))
			return true;
	}
	return false;
}

void dataplane_put_settings(struct dataplane *dp)
{
	__u32 cap = dp->conf->synack_per_prefix;
	struct settings now = dp->settings;

	if (dp->conf->reply_by_route)
		now.flags |= REPLY_BY_ROUTE;
	if (is_always_armed(dp))
		now.flags |= ALWAYS_ARMED;
	now.synack_cap = cap;
	now.synack_flush = cap / (SYNACK_FLUSH_SHARE * dp->nr_cpus) ?: 1;
	now.own_addresses = dp->own_addresses;
	now.svc_mask = dp->nr_buckets - 1;
	now.svc_at = dp->svc_at;
	now.svc_seed = dp->svc_seed;
	now.generation = dp->told.generation;
	now.secret_serial = dp->secret_serial;
	if (!dp->nr_devices || !memcmp(&now, &dp->told, sizeof(now)))
		return;
	__sync_synchronize(); /* what they say where to find is there before */
	first_skel(dp)->data_conf->settings = now;
	dp->told = now;
	next_generation(dp);
}

/* reply = fib, and the sysctls that it needs are others than before. */
static void report_routes(const struct dataplane *dp)
{
	const struct rung *rung = &dp->devices[0].rung;

	if (rung->why[0])
		log_warn("%s", rung->why);
	else
		log_notice("reply = fib: the kernel tells the way back for both families");
}

void dataplane_set_settings(struct dataplane *dp, const struct settings *settings)
{
	__u32 changed = dp->settings.flags ^ settings->flags;

	dp->settings = *settings;
	dp->means.may = settings->flags;
	judge_devices(dp);
	if (dp->means.is_by_route && dp->nr_devices && (changed & (MAY_ROUTE_V4 | MAY_ROUTE_V6)))
		report_routes(dp);
	dataplane_put_settings(dp);
}

void dataplane_follow_config(struct dataplane *dp)
{
	bool was_by_route = dp->means.is_by_route;

	dp->means.is_by_route = dp->conf->reply_by_route;
	judge_devices(dp);
	if (dp->means.is_by_route && !was_by_route && dp->nr_devices)
		report_routes(dp);
	dataplane_put_settings(dp);
}

static void put_device(struct dataplane *dp, const struct device *dev)
{
	first_skel(dp)->data_conf->devices[dev->slot] = dev->conf;
	next_generation(dp);
}

static void read_link(struct device *dev, const struct link_info *link)
{
	bool is_crowded = link->nr_macs_above > MACS_ABOVE_MAX;

	if (is_crowded && !dev->is_crowded)
		log_warn("%s: the devices on it have %zu MACs of their own; frames to the first %d "
			 "are judged, the "
			 "others go to the kernel",
			 dev->name, link->nr_macs_above, MACS_ABOVE_MAX);
	dev->is_crowded = is_crowded;
	dev->is_up = link->is_up;
	memcpy(dev->conf.mac, link->mac, sizeof(dev->conf.mac));
	memcpy(dev->conf.macs_above, link->macs_above, sizeof(dev->conf.macs_above));
	dev->conf.nr_macs_above = is_crowded ? MACS_ABOVE_MAX : link->nr_macs_above;
	dev->conf.mtu = link->mtu > MSS_MTU_MAX ? MSS_MTU_MAX : link->mtu;
	dev->conf.hop_limit = sysctls_hop_limit(link->name);
}

/* ---- attaching ---- */

/* The flow table, to look at without a system call for each entry. */
static int map_flows(struct dataplane *dp)
{
	struct bpf_map *map = first_skel(dp)->maps.flows;
	size_t nr = bpf_map__max_entries(map);
	void *at = mmap(NULL, nr * sizeof(struct flow_set), PROT_READ, MAP_SHARED, bpf_map__fd(map),
			0);

	if (at == MAP_FAILED)
		return -errno;
	dp->flow_sets = at;
	dp->nr_flow_sets = nr;
	return 0;
}

static int fill_maps(struct dataplane *dp)
{
	int err = dataplane_make_secret(dp);

	if (!err)
		err = map_flows(dp) ?: dataplane_map_services(dp) ?: dataplane_map_retries(dp);
	if (!err)
		err = dataplane_fill_lists(dp);
	if (err)
		log_err("cannot fill the data path's maps: %s", strerror(-err));
	put_rows(dp);
	dataplane_put_settings(dp);
	return err;
}

int dataplane_attach(struct dataplane *dp, const struct link_info *link)
{
	struct device *dev = &dp->devices[dp->nr_devices];
	const struct device_wants wants = {
		.mode = dp->conf->xdp_mode,
		.can_hand_off = dp->means.can_hand_off,
		.can_kernel_cookie = dp->means.can_kernel_cookie,
		.has_retries = dataplane_has_retries(dp),
		.nr_rows = dp->nr_rows,
		.nr_flow_sets = dp->conf->max_flows / FLOW_WAYS,
	};
	int err;

	if (dp->nr_devices == DEVS_MAX) {
		log_err("%s: at most %d devices can be protected", link->name, DEVS_MAX);
		return -E2BIG;
	}
	*dev = (struct device){
		.ifindex = link->ifindex, .slot = dp->nr_devices, .xdp_link = -1, .tc_link = -1
	};
	snprintf(dev->name, sizeof(dev->name), "%s", link->name);
	err = device_load(dev, dp->nr_devices ? first_skel(dp) : NULL, &wants);
	if (err)
		return err;
	dp->nr_devices++;
	err = dev->slot ? 0 : fill_maps(dp);
	if (!err && dp->means.can_hand_off) {
		err = device_attach_tc(dev);
		if (err)
			log_err("cannot attach the TC half to %s: %s", dev->name, strerror(-err));
	}
	if (!err) {
		read_link(dev, link);
		put_device(dp, dev);
	}
	if (!err)
		err = device_attach_xdp(dev, dp->conf->xdp_mode);
	if (err) {
		device_close(dev);
		dp->nr_devices--;
		return err;
	}
	judge_devices(dp);
	log_notice("%s: attached in %s mode, %s", dev->name, dev->xdp_mode,
		   dp->means.can_hand_off ? "TC half on tcx" : "no TC half");
	if (dp->means.is_by_route && dev->slot == 0 && dev->rung.why[0])
		report_routes(dp);
	return 0;
}

/* ---- start, second by second, stop ---- */

static int rows_make(struct dataplane *dp)
{
	const struct config *conf = dp->conf;

	for (size_t s = 0; s < conf->nr_services; s++)
		dp->nr_rows += conf->services[s].nr_ports;
	if (dp->nr_rows > ROWS_MAX) {
		log_err("more than %d services (section, port) are configured", ROWS_MAX);
		return -E2BIG;
	}
	dp->row_ids = calloc(dp->nr_rows, sizeof(*dp->row_ids));
	dp->row_confs = calloc(dp->nr_rows, sizeof(*dp->row_confs));
	if (!dp->row_ids || !dp->row_confs)
		return -ENOMEM;
	for (size_t s = 0, row = 0; s < conf->nr_services; s++)
		for (size_t p = 0; p < conf->services[s].nr_ports; p++)
			dp->row_ids[row++] = (struct row_id){ s, conf->services[s].name,
							      conf->services[s].ports[p] };
	return 0;
}

int dataplane_open(const struct config *conf, const struct settings *settings,
		   struct dataplane **ret)
{
	struct dataplane *dp = calloc(1, sizeof(*dp));
	int err;

	if (!dp)
		return -ENOMEM;
	device_libbpf_init();
	dp->conf = conf;
	dp->settings = *settings;
	dp->nr_cpus = libbpf_num_possible_cpus();
	err = dp->nr_cpus < 0 ? dp->nr_cpus : rows_make(dp);
	if (err) {
		dataplane_close(dp);
		return err;
	}
	dataplane_probe(dp);
	dp->means.may = settings->flags;
	dp->means.is_by_route = conf->reply_by_route;
	*ret = dp;
	return 0;
}

void dataplane_close(struct dataplane *dp)
{
	if (!dp)
		return;
	dataplane_trace_end(dp);
	if (dp->flow_sets)
		munmap(dp->flow_sets, dp->nr_flow_sets * sizeof(struct flow_set));
	dataplane_unmap_services(dp);
	dataplane_unmap_retries(dp);
	dataplane_forget_lists(dp);
	while (dp->nr_devices) {
		struct device *dev = &dp->devices[--dp->nr_devices];

		device_close(dev);
		log_notice("%s: detached", dev->name);
	}
	free(dp->row_ids);
	free(dp->row_confs);
	free(dp);
}

/*
 * Notes that nobody takes although the TC half is attached: some were lost on the way, or another
 * program ends the chain before ours. Only that ours has run since tells the one from the other; if
 * it has not, the data path stops answering by itself, and tries again once in a while.
 */
static void check_notes(struct dataplane *dp, struct device *dev)
{
	struct dev_notes *notes = &first_skel(dp)->data_live->device_notes[dev->slot];
	__u32 taken = notes->taken;

	if (notes->untaken >= TC_SILENT_NOTES && taken == dev->taken)
		dev->seconds_silent++;
	else
		dev->seconds_silent = 0;
	dev->taken = taken;
	if (dev->seconds_silent == SILENT_SECONDS)
		log_err("%s: the TC half is attached but sees no packets: another program before "
			"it ends the chain; see 'tc filter show dev %s ingress' and 'bpftool net'",
			dev->name, dev->name);
	if (notes->untaken >= TC_SILENT_NOTES && dev->seconds_silent % SILENT_RETRY_SECONDS == 0)
		notes->untaken = 0;
}

/* A TC half that is new has left no note untaken. */
static int attach_tc_again(struct dataplane *dp, struct device *dev)
{
	int err = device_attach_tc(dev);

	if (err)
		return err;
	dev->taken = 0;
	dev->seconds_silent = 0;
	first_skel(dp)->data_live->device_notes[dev->slot] = (struct dev_notes){};
	return 0;
}

static void check_tc(struct dataplane *dp, struct device *dev)
{
	bool was_live = dev->conf.tc_live;

	if (device_link_is_live(dev->tc_link)) {
		check_notes(dp, dev);
		return;
	}
	device_link_close(&dev->tc_link);
	dev->conf.tc_live = 0;
	put_device(dp, dev);
	if (was_live)
		log_err("%s: the TC half was detached by somebody; SYNs are %s until it is back",
			dev->name,
			dp->means.can_kernel_cookie ? "answered with the kernel's own cookies" :
						      "left to the kernel");
	if (!attach_tc_again(dp, dev)) {
		put_device(dp, dev);
		log_notice("%s: the TC half is attached again", dev->name);
	}
}

/* The first try says what is in the way, the later ones wait until it is gone. */
static void check_xdp(const struct dataplane *dp, struct device *dev)
{
	bool is_news = dev->xdp_link >= 0;

	if (device_link_is_live(dev->xdp_link))
		return;
	if (is_news) {
		device_link_close(&dev->xdp_link);
		dev->xdp_mode = NULL;
		log_err("%s: the XDP program was detached by somebody, or the device is gone: it "
			"is not protected",
			dev->name);
	}
	if ((is_news || device_xdp_is_free(dev)) && !device_attach_xdp(dev, dp->conf->xdp_mode))
		log_notice("%s: attached again in %s mode", dev->name, dev->xdp_mode);
}

/* The device was removed and made again: another one under the same name. */
static void move_to(struct dataplane *dp, struct device *dev, const struct link_info *link)
{
	device_link_close(&dev->xdp_link);
	device_link_close(&dev->tc_link);
	dev->xdp_mode = NULL;
	dev->conf.tc_live = 0;
	dev->ifindex = link->ifindex;
	log_notice("%s: is a new device", dev->name);
	if (dp->means.can_hand_off && attach_tc_again(dp, dev))
		log_err("%s: the TC half cannot be attached", dev->name);
	read_link(dev, link);
	put_device(dp, dev);
	if (!device_attach_xdp(dev, dp->conf->xdp_mode))
		log_notice("%s: attached again in %s mode", dev->name, dev->xdp_mode);
}

void dataplane_set_link(struct dataplane *dp, const struct link_info *link)
{
	for (size_t i = 0; i < dp->nr_devices; i++) {
		struct device *dev = &dp->devices[i];

		if (strcmp(dev->name, link->name))
			continue;
		if (dev->ifindex != link->ifindex) {
			move_to(dp, dev, link);
			continue;
		}
		read_link(dev, link);
		put_device(dp, dev);
	}
	judge_devices(dp);
}

/* No message tells of a changed hop limit. */
static void check_hop_limit(struct dataplane *dp, struct device *dev)
{
	__u8 now = sysctls_hop_limit(dev->name);

	if (now == dev->conf.hop_limit)
		return;
	dev->conf.hop_limit = now;
	put_device(dp, dev);
}

void dataplane_check(struct dataplane *dp)
{
	for (size_t i = 0; i < dp->nr_devices; i++) {
		if (dp->means.can_hand_off)
			check_tc(dp, &dp->devices[i]);
		check_xdp(dp, &dp->devices[i]);
		check_hop_limit(dp, &dp->devices[i]);
	}
	judge_devices(dp);
	dataplane_check_trace(dp);
	dataplane_check_key(dp);
	dataplane_put_settings(dp); /* the time that a row was armed by hand for may be over */
}
