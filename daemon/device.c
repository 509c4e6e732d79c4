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
#include "log.h"
#include "svc_table.h"
#include "synward.skel.h"

#define TEST_XDP_LIVE_FRAMES (1U << 1) /* BPF_F_TEST_XDP_LIVE_FRAMES: older headers lack it */

/* libbpf's own words, of which the end is kept for the moment when a load fails. */
static char libbpf_words[4096];

static int libbpf_listen(enum libbpf_print_level level, const char *format, va_list args)
{
	__cleanup(cleanup_free) char *text = NULL;
	size_t room = sizeof(libbpf_words) - 1, had = strlen(libbpf_words);
	const char *from;
	int len;

	if (level > LIBBPF_WARN)
		return 0;
	len = vasprintf(&text, format, args);
	if (len < 0)
		return 0;
	from = (size_t)len > room ? text + len - room : text;
	len = strlen(from);
	if (had + len > room) {
		memmove(libbpf_words, libbpf_words + (had + len - room), room - len);
		had = room - len;
	}
	memcpy(libbpf_words + had, from, len + 1);
	return len;
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

bool device_map_is_shared(const struct bpf_map *map)
{
	return !bpf_map__is_internal(map) || !strncmp(bpf_map__name(map), ".data.", 6);
}

static int share_maps(const struct synward_bpf *from, struct synward_bpf *to)
{
	struct bpf_map *map;
	int err;

	bpf_object__for_each_map (map, to->obj) {
		struct bpf_map *shared;

		if (!device_map_is_shared(map))
			continue;
		shared = bpf_object__find_map_by_name(from->obj, bpf_map__name(map));
		err = bpf_map__reuse_fd(map, bpf_map__fd(shared));
		if (err)
			return err;
	}
	return 0;
}

static const char *load_remedy(int err)
{
	if (err == -EPERM || err == -EACCES)
		return "run as root, or with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON; otherwise "
		       "the verifier's words help:";
	if (err == -ENOMEM)
		return "a smaller max-flows takes less; its last words:";
	return "its last words:";
}

/* Logs why the kernel refused, with the end of the verifier's log. */
static void log_load_failure(int err)
{
	const char *end = libbpf_words + strlen(libbpf_words);
	int lines = 0;

	while (end > libbpf_words && lines <= 20)
		if (*--end == '\n')
			lines++;
	log_err("the kernel refuses the data path: %s; %s", strerror(-err), load_remedy(err));
	fprintf(stderr, "%s\n", end);
}

/* Of what is by row, there is as much as there are rows; of flows, what the config says. */
static int size_maps(struct synward_bpf *skel, const struct device_wants *wants)
{
	struct bpf_map *const by_row[] = { skel->maps.row_cpu, skel->maps.peace_half_open };
	struct bpf_map *const by_flow_set[] = { skel->maps.flows, skel->maps.flow_tags,
						skel->maps.flow_seen };
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

int device_maps_open(const struct device_wants *wants, struct synward_bpf **ret)
{
	struct synward_bpf *skel;
	struct bpf_program *program = NULL;
	int err;

	libbpf_words[0] = 0;
	skel = synward_bpf__open();
	if (!skel)
		return -errno;
	while ((program = bpf_object__next_program(skel->obj, program)))
		bpf_program__set_autoload(program, false);
	err = size_maps(skel, wants);
	if (err)
		synward_bpf__destroy(skel);
	else
		*ret = skel;
	return err;
}

int device_maps_load(struct synward_bpf *maps)
{
	int err = synward_bpf__load(maps);

	if (err)
		log_load_failure(err);
	return err;
}

int device_load(struct device *dev, const struct synward_bpf *maps,
		const struct device_wants *wants)
{
	struct synward_bpf *skel;
	int err;

	libbpf_words[0] = 0;
	skel = synward_bpf__open();
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
	err = share_maps(maps, skel);
	if (!err) {
		err = synward_bpf__load(skel);
		if (err)
			log_load_failure(err);
	}
	if (err)
		synward_bpf__destroy(skel);
	else
		dev->skel = skel;
	return err;
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
