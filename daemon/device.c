// SPDX-License-Identifier: GPL-2.0-only
/*
 * The object of one device: loaded, run, closed. How its programs are attached is in
 * device_links.c.
 */
#include "device.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "load_failure.h"
#include "log.h"
#include "svc_table.h"
#include "synward.skel.h"

#define TEST_XDP_LIVE_FRAMES (1U << 1) /* BPF_F_TEST_XDP_LIVE_FRAMES: older headers lack it */

static int libbpf_listen(enum libbpf_print_level level, const char *format, va_list args)
{
	return level > LIBBPF_WARN ? 0 : load_failure_hear(format, args);
}

void device_libbpf_init(void)
{
	libbpf_set_print(libbpf_listen);
}

const char *device_libbpf_version(void)
{
	const char *version = libbpf_version_string();

	return *version == 'v' ? version + 1 : version;
}

bool device_map_is_of_taps(const struct bpf_map *map)
{
	return !strncmp(bpf_map__name(map), "trace_", 6);
}

bool device_map_is_shared(const struct bpf_map *map)
{
	if (bpf_map__is_internal(map))
		return !strncmp(bpf_map__name(map), ".data.", 6);
	return !device_map_is_of_taps(map);
}

static int leave_out_taps(struct synward_bpf *skel)
{
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_map (map, skel->obj)
		if (!err && device_map_is_of_taps(map))
			err = bpf_map__set_autocreate(map, false);
	return err;
}

/* Those maps for which @is_theirs is true. */
static int share_maps(const struct synward_bpf *from, struct synward_bpf *to,
		      bool (*is_theirs)(const struct bpf_map *map))
{
	struct bpf_map *map;
	int err;

	bpf_object__for_each_map (map, to->obj) {
		struct bpf_map *shared;

		if (!is_theirs(map))
			continue;
		shared = bpf_object__find_map_by_name(from->obj, bpf_map__name(map));
		err = bpf_map__reuse_fd(map, bpf_map__fd(shared));
		if (err)
			return err;
	}
	return 0;
}

/* Of what is by row, there is as much as there are rows; of flows, what the config says. */
static int size_maps(struct synward_bpf *skel, const struct device_wants *wants)
{
	struct bpf_map *const by_row[] = { skel->maps.row_cpu, skel->maps.peace_half_open };
	struct bpf_map *const by_flow_set[] = { skel->maps.flows, skel->maps.flow_tags,
						skel->maps.flow_tags_more, skel->maps.flow_seen };
	int err = 0;

	for (size_t i = 0; i < sizeof(by_row) / sizeof(by_row[0]) && !err; i++)
		err = bpf_map__set_max_entries(by_row[i], wants->nr_rows);
	for (size_t i = 0; i < sizeof(by_flow_set) / sizeof(by_flow_set[0]) && !err; i++)
		err = bpf_map__set_max_entries(by_flow_set[i], wants->nr_flow_sets);
	if (!err)
		err = bpf_map__set_max_entries(skel->maps.services,
					       2 * svc_table_buckets(wants->nr_rows));
	if (!err)
		err = bpf_map__set_max_entries(skel->maps.tickets,
					       svc_table_tickets(wants->nr_rows));
	if (!err && !wants->has_retries)
		err = bpf_map__set_max_entries(skel->maps.retries, 1);
	return err;
}

/* What they are to take, by the sizes that they are made with. A list grows with its prefixes. */
static __u64 maps_bytes(const struct bpf_object *object)
{
	const int nr_cpus = libbpf_num_possible_cpus();
	const struct bpf_map *map;
	__u64 sum = 0;

	bpf_object__for_each_map (map, object) {
		const bool is_per_cpu = bpf_map__type(map) == BPF_MAP_TYPE_PERCPU_ARRAY;

		if (bpf_map__type(map) != BPF_MAP_TYPE_LPM_TRIE)
			sum += (__u64)bpf_map__value_size(map) * bpf_map__max_entries(map) *
			       (is_per_cpu && nr_cpus > 0 ? nr_cpus : 1);
	}
	return sum;
}

/* What the kernel says from here on is of this object. NULL, and errno: it cannot be opened. */
static struct synward_bpf *open_object(void)
{
	load_failure_begin();
	return synward_bpf__open();
}

/* To whom it belongs from now on, unless something has failed. Returns @err. */
static int hand_over(int err, struct synward_bpf *skel, struct synward_bpf **ret)
{
	if (err)
		synward_bpf__destroy(skel);
	else
		*ret = skel;
	return err;
}

static void load_no_program(struct synward_bpf *skel)
{
	struct bpf_program *program = NULL;

	while ((program = bpf_object__next_program(skel->obj, program)))
		bpf_program__set_autoload(program, false);
}

int device_maps_open(const struct device_wants *wants, struct synward_bpf **ret)
{
	struct synward_bpf *skel = open_object();
	int err;

	if (!skel)
		return -errno;
	load_no_program(skel);
	err = leave_out_taps(skel) ?: size_maps(skel, wants);
	return hand_over(err, skel, ret);
}

static int load(struct synward_bpf *skel, const char *what)
{
	int err = synward_bpf__load(skel);
	const struct load_size size = {
		maps_bytes(skel->obj), (size_t)bpf_map__max_entries(skel->maps.flows) * FLOW_WAYS
	};

	if (err)
		load_failure_explain(what, err, &size);
	return err;
}

int device_maps_load(struct synward_bpf *maps)
{
	return load(maps, "the data path's maps");
}

int device_load(struct device *dev, const struct synward_bpf *maps,
		const struct device_wants *wants)
{
	struct synward_bpf *skel = open_object();
	int err;

	if (!skel)
		return -errno;
	skel->rodata->dev_slot = dev->slot;
	skel->rodata->can_hand_off = wants->can_hand_off;
	skel->rodata->can_kernel_cookie = wants->can_kernel_cookie;
	skel->rodata->retry_mask = wants->has_retries ? RETRY_SLOTS - 1 : 0;
	skel->rodata->flow_set_mask = wants->nr_flow_sets - 1;
	skel->rodata->ticket_mask = svc_table_tickets(wants->nr_rows) - 1;
	if (wants->mode != XDP_MODE_GENERIC)
		bpf_program__set_flags(skel->progs.synward_xdp, BPF_F_XDP_HAS_FRAGS);
	bpf_program__set_autoload(skel->progs.synward_tc, wants->can_hand_off);
	bpf_program__set_autoload(skel->progs.synward_send, wants->has_retries);
	err = leave_out_taps(skel) ?: share_maps(maps, skel, device_map_is_shared);
	if (!err)
		err = load(skel, "the data path");
	return hand_over(err, skel, &dev->skel);
}

int device_load_taps(const struct device *dev, const struct synward_bpf *maps,
		     const struct synward_bpf *first, struct synward_bpf **ret)
{
	struct synward_bpf *skel = open_object();
	int err;

	if (!skel)
		return -errno;
	*skel->rodata = *dev->skel->rodata;
	load_no_program(skel);
	bpf_program__set_autoload(skel->progs.synward_xdp_tap, true);
	bpf_program__set_autoload(skel->progs.synward_tc_tap, dev->skel->rodata->can_hand_off);
	bpf_program__set_flags(skel->progs.synward_xdp_tap,
			       bpf_program__flags(dev->skel->progs.synward_xdp));
	err = share_maps(maps, skel, device_map_is_shared);
	if (!err && first)
		err = share_maps(first, skel, device_map_is_of_taps);
	if (!err)
		err = load(skel, "the programs that trace");
	return hand_over(err, skel, ret);
}

int device_run_live(int prog_fd, int ifindex, const void *frame, size_t nr_bytes)
{
	struct xdp_md at = { .data_end = nr_bytes, .ingress_ifindex = ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = nr_bytes,
		    .ctx_in = &at, .ctx_size_in = sizeof(at), .repeat = 1, .batch_size = 1,
		    .flags = TEST_XDP_LIVE_FRAMES);

	return bpf_prog_test_run_opts(prog_fd, &opts) ? -errno : 0;
}

/* A program that is not loaded has no info, and never ran. */
static struct snapshot_runs program_runs(const struct bpf_program *program)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &len);
	return (struct snapshot_runs){ info.run_cnt, info.run_time_ns };
}

static void add_runs(struct snapshot_runs *sum, struct snapshot_runs more)
{
	sum->nr += more.nr;
	sum->ns += more.ns;
}

void device_add_tap_runs(const struct synward_bpf *taps, struct snapshot_runs *xdp,
			 struct snapshot_runs *tc)
{
	add_runs(xdp, program_runs(taps->progs.synward_xdp_tap));
	add_runs(tc, program_runs(taps->progs.synward_tc_tap));
}

void device_runs(const struct device *dev, struct snapshot_runs *ret_xdp,
		 struct snapshot_runs *ret_tc)
{
	*ret_xdp = program_runs(dev->skel->progs.synward_xdp);
	*ret_tc = program_runs(dev->skel->progs.synward_tc);
}

void device_close(struct device *dev)
{
	device_link_close(&dev->xdp_link); /* no more SYN-ACKs from here on, unless it is pinned */
	device_link_close(&dev->tc_link);
	synward_bpf__destroy(dev->skel);
	dev->skel = NULL;
}
