// SPDX-License-Identifier: GPL-2.0-only
/*
 * How the programs of a device are attached: by a link that the daemon before left pinned, in which
 * the program is swapped without a gap, or by a new one. A link that is pinned outlives the daemon.
 */
#include "device.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "offloads.h"
#include "synward.skel.h"

/* Older headers do not have these: BPF_TCX_INGRESS, BPF_F_BEFORE. */
#define ATTACH_TCX_INGRESS 46
#define TCX_BEFORE (1U << 3)

/* ---- links that are there ---- */

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

static void unpin(const struct device *dev, enum pins_link kind)
{
	if (dev->pins)
		pins_remove_link(dev->pins, kind, dev->ifindex);
}

void device_drop_xdp(struct device *dev)
{
	unpin(dev, PINS_XDP);
	device_link_close(&dev->xdp_link);
	dev->xdp_mode = NULL;
}

void device_drop_tc(struct device *dev)
{
	unpin(dev, PINS_TC);
	device_link_close(&dev->tc_link);
	dev->conf.tc_live = 0;
}

/* Both halves outlive us, or none. */
static void pin(struct device *dev, enum pins_link kind, int fd)
{
	char path[PATH_MAX];

	if (!dev->is_kept || fd < 0)
		return;
	pins_link_path(dev->pins, kind, dev->ifindex, path);
	if (!bpf_obj_pin(fd, path))
		return;
	log_err("%s: %s: %s: it is protected as long as synwardd runs", dev->name, path,
		strerror(errno));
	dev->is_kept = false;
	unpin(dev, PINS_XDP);
	unpin(dev, PINS_TC);
}

void device_keep(struct device *dev)
{
	dev->is_kept = true;
	pin(dev, PINS_TC, dev->tc_link);
	pin(dev, PINS_XDP, dev->xdp_link);
}

/* The link that the daemon before left, if the device is still what it was. */
static int pinned_link(const struct device *dev, enum pins_link kind)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);
	char path[PATH_MAX];
	int fd;

	if (!dev->pins)
		return -ENOENT;
	pins_link_path(dev->pins, kind, dev->ifindex, path);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return -errno;
	if (!bpf_obj_get_info_by_fd(fd, &info, &len) && (int)info.xdp.ifindex == dev->ifindex)
		return fd;
	close(fd);
	unpin(dev, kind);
	return -ENOLINK;
}

/* Swap @program into it. Returns the link, or -errno: then there is none any more. */
static int take_over(const struct device *dev, enum pins_link kind,
		     const struct bpf_program *program)
{
	int fd = pinned_link(dev, kind), err;

	if (fd < 0 || !bpf_link_update(fd, bpf_program__fd(program), NULL))
		return fd;
	err = -errno;
	log_warn("%s: the %s program cannot be swapped in its link (%s); it is attached anew",
		 dev->name, kind == PINS_XDP ? "XDP" : "TC", strerror(-err));
	close(fd);
	unpin(dev, kind);
	return err;
}

/* ---- XDP ---- */

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
			 "%s is busy with another XDP program, of the device that it belongs to "
			 "maybe (a bond's is its ports' too); 'bpftool net' shows it",
			 dev->name);
	else if (!strncmp(info.name, "synward_xdp", strlen("synward_xdp"))) /* or its tap */
		snprintf(dev->why_no_xdp, sizeof(dev->why_no_xdp),
			 "%s is protected already by another synwardd (its XDP program has id %u): "
			 "stop that one first, or, if none runs, remove what it left with "
			 "'synward detach', and with --config FILE if pin-path was another one",
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

/* "native" or "generic"; NULL: nothing is attached. */
static const char *xdp_mode_now(const struct device *dev)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, q);

	if (bpf_xdp_query(dev->ifindex, 0, &q) || q.attach_mode == XDP_ATTACHED_NONE)
		return NULL;
	return q.attach_mode == XDP_ATTACHED_SKB ? "generic" : "native";
}

static bool take_over_xdp(struct device *dev, const char *mode_now)
{
	int fd = take_over(dev, PINS_XDP, dev->skel->progs.synward_xdp);

	if (fd < 0)
		return false;
	dev->xdp_link = fd;
	dev->xdp_mode = mode_now;
	return true;
}

/* A link stays in the mode that it was made in, and no other can be made beside it. */
static bool is_in_other_mode(const struct device *dev, const char *mode_now, enum xdp_mode mode)
{
	static const char *const names[] = {
		[XDP_MODE_NATIVE] = "native", [XDP_MODE_GENERIC] = "generic"
	};
	int fd = mode_now && mode != XDP_MODE_AUTO && strcmp(mode_now, names[mode]) ?
			 pinned_link(dev, PINS_XDP) :
			 -ENOENT;

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* The mode that is wanted cannot be: better the one that was than none. The start fails. */
static void back_to(struct device *dev, const char *mode)
{
	bool was_generic = !strcmp(mode, "generic");
	int fd = xdp_link_make(dev, was_generic ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE);

	if (fd < 0)
		return;
	pin(dev, PINS_XDP, fd);
	dev->xdp_link = fd;
	dev->xdp_mode = mode;
	dev->is_taken_over = true;
}

static bool is_busy(int err)
{
	return err == -EBUSY || err == -EEXIST;
}

/* The native mode was refused: what the device itself may have to do with it. */
static const char *explain(const struct device *dev, char *ret, size_t room)
{
	struct offloads offloads;

	offloads_read(dev->name, &offloads);
	return offloads_explain(dev->name, &offloads, dev->conf.mtu, ret, room);
}

/* If generic mode fails, too, it is tried every second, and said once. */
static void say_slower(struct device *dev, int err)
{
	char because[sizeof(dev->why_no_xdp) / 2];

	if (err == dev->native_err)
		return;
	dev->native_err = err;
	log_warn("%s: the driver refuses native XDP (%s)%s; attaching in generic mode, which is "
		 "much slower",
		 dev->name, strerror(-err), explain(dev, because, sizeof(because)));
}

/* A new link, and the mode in which it is; or -errno. */
static int make_in_mode(struct device *dev, enum xdp_mode mode, const char **ret_name)
{
	int fd = -EOPNOTSUPP;

	*ret_name = "native";
	if (mode != XDP_MODE_GENERIC)
		fd = xdp_link_make(dev, XDP_FLAGS_DRV_MODE);
	if (fd < 0 && !is_busy(fd) && fd != -ENODEV && mode != XDP_MODE_NATIVE) {
		if (mode == XDP_MODE_AUTO)
			say_slower(dev, fd);
		*ret_name = "generic";
		fd = xdp_link_make(dev, XDP_FLAGS_SKB_MODE);
	}
	return fd;
}

/* It is tried every second, and said once. */
static void say_why_not(struct device *dev, enum xdp_mode mode, const char *name, int fd)
{
	char before[sizeof(dev->why_no_xdp)], because[sizeof(dev->why_no_xdp) / 2];

	memcpy(before, dev->why_no_xdp, sizeof(before));
	if (is_busy(fd))
		name_holder(dev);
	else
		snprintf(dev->why_no_xdp, sizeof(dev->why_no_xdp),
			 "%s does not take it in %s mode: %s%s%s", dev->name, name, strerror(-fd),
			 mode == XDP_MODE_NATIVE ? explain(dev, because, sizeof(because)) : "",
			 mode == XDP_MODE_NATIVE ? "; 'xdp-mode = auto' falls back to generic" :
						   "");
	if (strcmp(before, dev->why_no_xdp))
		log_err("the XDP program is not attached: %s", dev->why_no_xdp);
}

int device_attach_xdp(struct device *dev, enum xdp_mode mode)
{
	const char *mode_before = xdp_mode_now(dev), *name;
	bool is_other = is_in_other_mode(dev, mode_before, mode);
	int fd;

	dev->is_taken_over = !is_other && take_over_xdp(dev, mode_before);
	if (dev->is_taken_over)
		return 0;
	if (is_other)
		unpin(dev, PINS_XDP);
	fd = make_in_mode(dev, mode, &name);
	if (fd < 0) {
		say_why_not(dev, mode, name, fd);
		if (is_other)
			back_to(dev, mode_before);
		return fd;
	}
	dev->why_no_xdp[0] = '\0';
	dev->native_err = 0;
	pin(dev, PINS_XDP, fd);
	dev->xdp_link = fd;
	dev->xdp_mode = name;
	return 0;
}

/* ---- TC ---- */

/* In front of all others: one of them may end the chain. */
static int tc_link_make(struct device *dev)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = TCX_BEFORE);
	int fd = bpf_link_create(bpf_program__fd(dev->skel->progs.synward_tc), dev->ifindex,
				 (enum bpf_attach_type)ATTACH_TCX_INGRESS, &opts);

	if (fd < 0)
		return -errno;
	pin(dev, PINS_TC, fd);
	return fd;
}

int device_attach_tc(struct device *dev)
{
	int fd = take_over(dev, PINS_TC, dev->skel->progs.synward_tc);

	if (fd < 0)
		fd = tc_link_make(dev);
	if (fd < 0)
		return fd;
	dev->tc_link = fd;
	dev->conf.tc_live = 1;
	return 0;
}
