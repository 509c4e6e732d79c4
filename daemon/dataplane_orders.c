// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices by command: attached, for good or until that is not confirmed; and left alone, which
 * nothing but a command, or a restart, ends.
 */
#include "dataplane_inside.h"

#include <errno.h>
#include <string.h>

#include "clock.h"
#include "log.h"

/* Nothing attaches it again. */
static void leave_alone(struct dataplane *dp, struct device *dev, const char *why)
{
	dataplane_gap_end(dev);
	dataplane_close_links(dp, dev);
	if (!dev->is_detached)
		log_notice("%s: detached, %s", dev->name, why);
	dev->is_detached = true;
	dev->confirm_by_ms = 0;
	if (!dev->wanted[0])
		dataplane_forget_device(dp, dev);
}

void dataplane_check_confirmed(struct dataplane *dp)
{
	__u64 now_ms = clock_now_ms();

	for (size_t i = dp->nr_devices; i-- > 0;) {
		struct device *dev = &dp->devices[i];

		if (dev->confirm_by_ms && now_ms >= dev->confirm_by_ms)
			leave_alone(dp, dev, "since the attach was not confirmed in time");
	}
}

bool dataplane_find_device(struct dataplane *dp, const char *name, struct device_look *ret)
{
	const struct device *dev = dataplane_device_by_name(dp, name);

	if (!dev)
		return false;
	*ret = (struct device_look){ .state = device_state(dev),
				     .is_present = dev->ifindex,
				     .is_unconfirmed = dev->confirm_by_ms,
				     .is_in_config = dev->wanted[0],
				     .xdp_mode = dev->xdp_mode };
	return true;
}

/* It stays, from now on or when that is confirmed. */
static void stay(struct dataplane *dp, struct device *dev, __u32 seconds)
{
	dev->confirm_by_ms = seconds ? clock_now_ms() + seconds * 1000ULL : 0;
	if (seconds)
		log_notice("%s: attached by command; detached again in %u s, unless that is "
			   "confirmed",
			   dev->name, seconds);
	else if (!dev->is_kept && dp->is_kept)
		device_keep(dev);
}

/* An attach that is to be confirmed goes when the daemon goes: nothing of it is pinned. */
static int attach_by_command(struct dataplane *dp, struct device *dev, const struct links *links,
			     __u32 seconds, char ret_why[RUNG_CAUSE_SIZE])
{
	const struct link *link = link_by_index(links, dev->ifindex);
	int err;

	if (!link)
		return -ENODEV;
	device_drop_tc(dev); /* it may wait there while somebody else has the XDP half's place */
	dev->is_kept = dp->is_kept && !seconds;
	err = dataplane_attach_links(dp, dev, links, link);
	if (err) {
		dev->is_kept = dp->is_kept; /* should it be attached later, by itself */
		memcpy(ret_why, dev->why_no_xdp, RUNG_CAUSE_SIZE);
		return err;
	}
	dev->is_detached = false;
	stay(dp, dev, seconds);
	return 0;
}

/* It is attached when it comes, and stays. */
static void wait_for(const struct dataplane *dp, struct device *dev)
{
	dev->is_detached = false;
	dev->confirm_by_ms = 0;
	dev->is_kept = dp->is_kept;
	dataplane_gap_begin(dev);
}

static int attach_more(struct dataplane *dp, const char *name, const struct links *links,
		       __u32 seconds, char ret_why[RUNG_CAUSE_SIZE])
{
	const struct link *link = link_by_name(links, name);
	struct device *dev = link ? dataplane_add_device(dp, name, "") : NULL;
	int err;

	if (!dev)
		return link ? -ENOSPC : -ENODEV;
	dev->ifindex = link->ifindex;
	err = attach_by_command(dp, dev, links, seconds, ret_why);
	if (err)
		dataplane_forget_device(dp, dev);
	return err;
}

int dataplane_attach(struct dataplane *dp, const char *name, const struct links *links,
		     __u32 seconds, char ret_why[RUNG_CAUSE_SIZE])
{
	struct device *dev = dataplane_device_by_name(dp, name);
	int err = 0;

	ret_why[0] = '\0';
	if (!dev)
		err = attach_more(dp, name, links, seconds, ret_why);
	else if (!dev->ifindex)
		wait_for(dp, dev);
	else if (dev->xdp_link < 0)
		err = attach_by_command(dp, dev, links, seconds, ret_why);
	else
		stay(dp, dev, seconds);
	dataplane_judge_devices(dp);
	return err;
}

static void note_name(const struct device *dev, struct device_names *ret)
{
	memcpy(ret->name[ret->nr++], dev->name, sizeof(dev->name));
}

void dataplane_attached(const struct dataplane *dp, struct device_names *ret)
{
	ret->nr = 0;
	for (size_t i = 0; i < dp->nr_devices; i++)
		if (dp->devices[i].xdp_link >= 0)
			note_name(&dp->devices[i], ret);
}

void dataplane_confirm(struct dataplane *dp, struct device_names *ret)
{
	ret->nr = 0;
	for (size_t i = 0; i < dp->nr_devices; i++) {
		struct device *dev = &dp->devices[i];

		if (!dev->confirm_by_ms)
			continue;
		log_notice("%s: confirmed: it stays attached", dev->name);
		stay(dp, dev, 0);
		note_name(dev, ret);
	}
}

void dataplane_detach(struct dataplane *dp, const char *name, struct device_names *ret)
{
	const struct device *only = name ? dataplane_device_by_name(dp, name) : NULL;

	ret->nr = 0;
	for (size_t i = dp->nr_devices; i-- > 0;) {
		struct device *dev = &dp->devices[i];

		if (name && dev != only)
			continue;
		if (!dev->is_detached)
			note_name(dev, ret);
		leave_alone(dp, dev, "by command");
	}
	dataplane_judge_devices(dp);
}
