// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads and attaches for one device. Links are not pinned in this version: they go when the process
 * goes.
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

/* Older headers do not have these: BPF_TCX_INGRESS, BPF_F_BEFORE, BPF_F_TEST_XDP_LIVE_FRAMES. */
#define ATTACH_TCX_INGRESS 46
#define TCX_BEFORE (1U << 3)
#define TEST_XDP_LIVE_FRAMES (1U << 1)

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
		if (bpf_map__fd(shared) < 0) /* of the taps: made with the first of them */
			continue;
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
static void log_load_failure(const char *what, int err)
{
	const char *end = libbpf_words + strlen(libbpf_words);
	int lines = 0;

	while (end > libbpf_words && lines <= 20)
		if (*--end == '\n')
			lines++;
	log_err("the kernel refuses %s: %s; %s", what, strerror(-err), load_remedy(err));
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

bool device_map_is_of_taps(const struct bpf_map *map)
{
	return !strncmp(bpf_map__name(map), "trace_", 6);
}

static int leave_out_taps(struct synward_bpf *skel)
{
	struct bpf_map *map;
	int err;

	bpf_object__for_each_map (map, skel->obj) {
		err = device_map_is_of_taps(map) ? bpf_map__set_autocreate(map, false) : 0;
		if (err)
			return err;
	}
	return 0;
}

int device_load(struct device *dev, struct synward_bpf *first, const struct device_wants *wants)
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
	err = leave_out_taps(skel) ?: (first ? share_maps(first, skel) : size_maps(skel, wants));
	if (!err)
		err = synward_bpf__load(skel);
	if (err) {
		log_load_failure("the data path", err);
		synward_bpf__destroy(skel);
		return err;
	}
	dev->skel = skel;
	return 0;
}

int device_load_taps(struct device *dev, const struct synward_bpf *first)
{
	struct synward_bpf *skel = synward_bpf__open();
	struct bpf_program *program;
	int err;

	libbpf_words[0] = 0;
	if (!skel)
		return -errno;
	*skel->rodata = *dev->skel->rodata;
	bpf_object__for_each_program(program, skel->obj)
	{
		bpf_program__set_autoload(program, false);
	}
	bpf_program__set_autoload(skel->progs.synward_xdp_tap, true);
	bpf_program__set_autoload(skel->progs.synward_tc_tap, dev->skel->rodata->can_hand_off);
	bpf_program__set_flags(skel->progs.synward_xdp_tap,
			       bpf_program__flags(dev->skel->progs.synward_xdp));
	err = share_maps(first ?: dev->skel, skel) ?: synward_bpf__load(skel);
	if (err) {
		log_load_failure("the programs that trace", err);
		synward_bpf__destroy(skel);
		return err;
	}
	dev->taps = skel;
	return 0;
}

/* Who has the device, and what to do about it, into `why_no_xdp`. */
static void name_holder(struct device *dev)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, q);
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	int fd = -1;

	if (!bpf_xdp_query(dev->ifindex, 0, &q) && q.prog_id)
		fd = bpf_prog_get_fd_by_id(q.prog_id);
	if (fd >= 0)
		bpf_obj_get_info_by_fd(fd, &info, &len);
	if (!q.prog_id)
		snprintf(dev->why_no_xdp, sizeof(dev->why_no_xdp),
			 "%s is busy with another XDP program", dev->name);
	else if (!strncmp(info.name, "synward_xdp", strlen("synward_xdp"))) /* or its tap */
		snprintf(dev->why_no_xdp, sizeof(dev->why_no_xdp),
			 "%s is protected already by another synwardd (its XDP program has id %u): "
			 "stop that one first",
			 dev->name, q.prog_id);
	else
		snprintf(dev->why_no_xdp, sizeof(dev->why_no_xdp),
			 "%s is held by another XDP program: id %u, name %s; detach it first, for "
			 "example with 'ip link set dev %s xdp off'; 'bpftool net show dev %s' "
			 "shows it",
			 dev->name, q.prog_id, info.name[0] ? info.name : "unknown", dev->name,
			 dev->name);
	if (fd >= 0)
		close(fd);
}

bool device_xdp_is_free(const struct device *dev)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, q);

	return !bpf_xdp_query(dev->ifindex, 0, &q) && !q.prog_id;
}

static int xdp_link_make(struct device *dev, __u32 flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags);
	int fd = bpf_link_create(bpf_program__fd(dev->skel->progs.synward_xdp), dev->ifindex,
				 BPF_XDP, &opts);

	return fd < 0 ? -errno : fd;
}

static bool is_busy(int err)
{
	return err == -EBUSY || err == -EEXIST;
}

int device_attach_xdp(struct device *dev, enum xdp_mode mode)
{
	const char *name = "native";
	int fd = -EOPNOTSUPP;

	if (mode != XDP_MODE_GENERIC)
		fd = xdp_link_make(dev, XDP_FLAGS_DRV_MODE);
	if (fd < 0 && !is_busy(fd) && fd != -ENODEV && mode != XDP_MODE_NATIVE) {
		if (mode == XDP_MODE_AUTO)
			log_warn("%s: the driver refuses native XDP (%s); attaching in generic "
				 "mode, which is much slower",
				 dev->name, strerror(-fd));
		name = "generic";
		fd = xdp_link_make(dev, XDP_FLAGS_SKB_MODE);
	}
	if (is_busy(fd))
		name_holder(dev);
	else if (fd < 0)
		snprintf(dev->why_no_xdp, sizeof(dev->why_no_xdp),
			 "%s does not take it in %s mode: %s%s", dev->name, name, strerror(-fd),
			 mode == XDP_MODE_NATIVE ? "; 'xdp-mode = auto' falls back to generic" :
						   "");
	if (fd < 0) {
		log_err("the XDP program is not attached: %s", dev->why_no_xdp);
		return fd;
	}
	dev->xdp_link = fd;
	dev->xdp_mode = name;
	return 0;
}

/* In front of all others: one of them may end the chain. */
int device_attach_tc(struct device *dev)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = TCX_BEFORE);
	int fd = bpf_link_create(bpf_program__fd(dev->skel->progs.synward_tc), dev->ifindex,
				 (enum bpf_attach_type)ATTACH_TCX_INGRESS, &opts);

	if (fd < 0)
		return -errno;
	dev->tc_link = fd;
	dev->conf.tc_live = 1;
	return 0;
}

int device_run_live(int prog_fd, int ifindex, const void *frame, size_t nr_bytes)
{
	struct xdp_md at = { .data_end = nr_bytes, .ingress_ifindex = ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = nr_bytes,
		    .ctx_in = &at, .ctx_size_in = sizeof(at), .repeat = 1, .batch_size = 1,
		    .flags = TEST_XDP_LIVE_FRAMES);

	return bpf_prog_test_run_opts(prog_fd, &opts) ? -errno : 0;
}

bool device_link_is_live(int fd)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);

	/* tcx and xdp links both begin with the ifindex; Debian 12's headers do not know tcx */
	return fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len) && info.xdp.ifindex;
}

void device_link_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
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

void device_unload_taps(struct device *dev)
{
	if (!dev->taps)
		return;
	add_runs(&dev->tap_xdp_runs, program_runs(dev->taps->progs.synward_xdp_tap));
	add_runs(&dev->tap_tc_runs, program_runs(dev->taps->progs.synward_tc_tap));
	synward_bpf__destroy(dev->taps);
	dev->taps = NULL;
}

void device_runs(const struct device *dev, struct snapshot_runs *ret_xdp,
		 struct snapshot_runs *ret_tc)
{
	*ret_xdp = program_runs(dev->skel->progs.synward_xdp);
	*ret_tc = program_runs(dev->skel->progs.synward_tc);
	add_runs(ret_xdp, dev->tap_xdp_runs);
	add_runs(ret_tc, dev->tap_tc_runs);
	if (!dev->taps)
		return;
	add_runs(ret_xdp, program_runs(dev->taps->progs.synward_xdp_tap));
	add_runs(ret_tc, program_runs(dev->taps->progs.synward_tc_tap));
}

void device_close(struct device *dev)
{
	device_link_close(&dev->xdp_link); /* no more SYN-ACKs from here on */
	device_link_close(&dev->tc_link);
	synward_bpf__destroy(dev->skel);
	dev->skel = NULL;
}
