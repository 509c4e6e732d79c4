// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all devices have in common: the shared maps, and the rows and settings that they are filled
 * with. The maps are made once, without any program; the programs are loaded once per device
 * (device.c), on these maps. Which destinations are services is in dataplane_services.c, what is
 * read out of the maps in observe.c.
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
#include "load_failure.h"
#include "log.h"
#include "synward.skel.h"

#define SYNACK_FLUSH_SHARE 16 /* of the cap, what all CPUs together may keep to themselves */

/* ---- feeding the maps ---- */

static void put_rows(struct dataplane *dp)
{
	struct synward_bpf *skel = dp->shared;

	for (size_t i = 0; i < dp->nr_rows; i++) {
		skel->data_conf->rows[i] = dp->row_confs[i];
		skel->data_conf->ports[dp->row_ids[i].port] = i + 1;
	}
}

/* What the data path remembers of a tick was made of what was told before. */
void dataplane_next_generation(struct dataplane *dp)
{
	__sync_synchronize(); /* all that is new is there before */
	dp->shared->data_conf->settings.generation = ++dp->told.generation;
}

void dataplane_set_row(struct dataplane *dp, size_t row, const struct row_conf *conf)
{
	dp->row_confs[row] = *conf;
	dp->shared->data_conf->rows[row] = *conf;
	dataplane_next_generation(dp);
	dataplane_put_settings(dp);
}

const struct row_conf *dataplane_row_before(const struct dataplane *dp, size_t row)
{
	return &dp->row_confs[row];
}

bool dataplane_has_adopted(const struct dataplane *dp)
{
	return dp->is_adopted;
}

void dataplane_set_alive(struct dataplane *dp, __u64 now_ms)
{
	dp->shared->data_conf->inherited.alive_ms = now_ms;
}

__u64 dataplane_alive_ms(const struct dataplane *dp)
{
	return dp->shared->data_conf->inherited.alive_ms;
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
	if (!memcmp(&now, &dp->told, sizeof(now)))
		return;
	__sync_synchronize(); /* what they say where to find is there before */
	dp->shared->data_conf->settings = now;
	dp->told = now;
	dataplane_next_generation(dp);
}

/* reply = fib, and the sysctls that it needs are others than before. */
static void report_routes(const struct dataplane *dp)
{
	struct rung rung;

	rung_of_device(&dp->means, &(struct rung_device){ .has_xdp = true, .has_tc = true }, &rung);
	if (rung.why[0])
		log_warn("%s", rung.why);
	else
		log_notice("reply = fib: the kernel tells the way back for both families");
}

void dataplane_set_settings(struct dataplane *dp, const struct settings *settings)
{
	__u32 changed = dp->settings.flags ^ settings->flags;

	dp->settings = *settings;
	dp->means.may = settings->flags;
	dataplane_judge_devices(dp);
	if (dp->means.is_by_route && (changed & (MAY_ROUTE_V4 | MAY_ROUTE_V6)))
		report_routes(dp);
	dataplane_put_settings(dp);
}

void dataplane_follow_config(struct dataplane *dp)
{
	bool was_by_route = dp->means.is_by_route;

	dp->means.is_by_route = dp->conf->reply_by_route;
	dataplane_judge_devices(dp);
	if (dp->means.is_by_route && !was_by_route)
		report_routes(dp);
	dataplane_put_settings(dp);
}

/* ---- the maps ---- */

/* The flow table, to look at without a system call for each entry. */
static int map_flows(struct dataplane *dp)
{
	struct bpf_map *map = dp->shared->maps.flows;
	size_t nr = bpf_map__max_entries(map);
	void *at = mmap(NULL, nr * sizeof(struct flow_set), PROT_READ, MAP_SHARED, bpf_map__fd(map),
			0);

	if (at == MAP_FAILED)
		return -errno;
	dp->flow_sets = at;
	dp->nr_flow_sets = nr;
	return 0;
}

/* What the maps say is how it is: programs of the daemon before may be running on them. In maps
 * that are new all is zero, but for what was carried over. */
static void read_maps(struct dataplane *dp)
{
	const struct settings *told = &dp->shared->data_conf->settings;

	dp->told = *told;
	dp->svc_at = told->svc_at;
	dp->svc_seed = told->svc_seed;
	dp->own_addresses = told->own_addresses;
	dp->secret_serial =
		told->secret_serial + 1; /* the daemon before may have died before it told */
	for (size_t i = 0; i < dp->nr_rows; i++)
		dp->row_confs[i] = dp->shared->data_conf->rows[i];
}

static int fill_maps(struct dataplane *dp)
{
	int err = map_flows(dp) ?: dataplane_map_services(dp) ?: dataplane_map_retries(dp);

	if (!err && !dp->is_adopted)
		err = dataplane_make_secret(dp);
	if (!err)
		err = dataplane_carry(dp);
	if (!err)
		err = dataplane_read_key(dp);
	if (err) {
		log_err("cannot fill the data path's maps: %s", strerror(-err));
		return err;
	}
	read_maps(dp);
	if (dp->is_adopted)
		return 0; /* the rows are where they were, and settings are told with the rest */
	put_rows(dp);
	dataplane_put_settings(dp);
	return 0;
}

static struct device_wants wants_of(const struct dataplane *dp)
{
	return (struct device_wants){
		.mode = dp->conf->xdp_mode,
		.can_hand_off = dp->means.can_hand_off,
		.can_kernel_cookie = dp->means.can_kernel_cookie,
		.has_retries = dataplane_has_retries(dp),
		.nr_rows = dp->nr_rows,
		.nr_flow_sets = dp->conf->max_flows / FLOW_WAYS,
	};
}

static int open_maps(struct dataplane *dp)
{
	const struct device_wants wants = wants_of(dp);

	return dataplane_open_pins(dp)                 ?:
		       dataplane_open_maps(dp, &wants) ?:
		       fill_maps(dp)                   ?:
							 dataplane_open_count(dp);
}

int dataplane_load(const struct dataplane *dp, struct device *dev)
{
	const struct device_wants wants = wants_of(dp);

	return device_load(dev, dp->shared, &wants);
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
	load_failure_keep_in(&conf->state_directory);
	dp->conf = conf;
	dp->settings = *settings;
	dp->nr_cpus = libbpf_num_possible_cpus();
	err = dp->nr_cpus < 0 ? dp->nr_cpus : rows_make(dp);
	if (!err)
		err = dataplane_probe(dp);
	dp->means.may = settings->flags;
	dp->means.is_by_route = conf->reply_by_route;
	if (!err)
		err = open_maps(dp);
	if (err) {
		dataplane_close(dp);
		return err;
	}
	if (conf->reply_by_route && (~settings->flags & (MAY_ROUTE_V4 | MAY_ROUTE_V6)))
		report_routes(dp);
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
		bool was_attached = dev->xdp_link >= 0;
		bool stays = was_attached && (dp->is_settled ? dev->is_kept : dev->is_taken_over);

		if (!stays && (was_attached || dp->is_settled)) {
			device_drop_xdp(dev);
			device_drop_tc(dev);
		}
		device_close(dev);
		if (was_attached)
			log_notice("%s: %s", dev->name,
				   stays ? "stays protected (on-stop = keep); 'synward detach' "
					   "ends that" :
					   "detached");
	}
	dataplane_close_pins(dp);
	dataplane_close_count(dp);
	synward_bpf__destroy(dp->shared);
	free(dp->row_ids);
	free(dp->row_confs);
	free(dp);
}

void dataplane_check(struct dataplane *dp)
{
	dataplane_check_devices(dp);
	dataplane_check_trace(dp);
	dataplane_check_key(dp);
	dataplane_put_settings(dp); /* the time that a row was armed by hand for may be over */
}
