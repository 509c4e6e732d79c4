// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices come, go, and change their names. One of the config is waited for under its name there,
 * and followed by its ifindex while it lives, whatever it is called; one that is there by command
 * is forgotten when it goes. Nothing here waits: what cannot be now is tried again every second, or
 * when the kernel says that something has changed.
 */
#include "dataplane_inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "notify.h"
#include "sysctls.h"
#include "synward.skel.h"

#define MSS_MTU_MAX 65535

/* ---- which is which ---- */

static struct device *device_by_index(struct dataplane *dp, int ifindex)
{
	for (size_t i = 0; i < dp->nr_devices; i++)
		if (ifindex && dp->devices[i].ifindex == ifindex)
			return &dp->devices[i];
	return NULL;
}

/* As it is called now; or, when it is not there or was renamed, in the config. */
struct device *dataplane_device_by_name(struct dataplane *dp, const char *name)
{
	for (size_t i = 0; i < dp->nr_devices; i++)
		if (!strcmp(dp->devices[i].name, name))
			return &dp->devices[i];
	for (size_t i = 0; i < dp->nr_devices; i++)
		if (!strcmp(dp->devices[i].wanted, name))
			return &dp->devices[i];
	return NULL;
}

/* The slot is baked into a device's programs, so it keeps it whatever becomes of the others. */
static bool is_slot_free(const struct dataplane *dp, __u32 slot)
{
	for (size_t i = 0; i < dp->nr_devices; i++)
		if (dp->devices[i].slot == slot)
			return false;
	return true;
}

enum device_state device_state(const struct device *dev)
{
	if (dev->is_detached)
		return DEVICE_DETACHED;
	if (!dev->ifindex)
		return DEVICE_ABSENT;
	return dev->xdp_link >= 0 ? DEVICE_ATTACHED : DEVICE_FAILED;
}

/* ---- gaps ---- */

/* From now on it should be protected and is not. */
void dataplane_gap_begin(struct device *dev)
{
	if (dev->gap_since_ms)
		return;
	dev->gap_since_ms = clock_now_ms();
	dev->gaps++;
}

void dataplane_gap_end(struct device *dev)
{
	if (!dev->gap_since_ms)
		return;
	dev->gap_ms = clock_now_ms() - dev->gap_since_ms;
	dev->gap_since_ms = 0;
}

/* ---- what the data path is to know of one ---- */

static void put_device(struct dataplane *dp, const struct device *dev)
{
	dp->shared->data_conf->devices[dev->slot] = dev->conf;
	dataplane_next_generation(dp);
}

static void read_link(struct device *dev, const struct links *links, const struct link *link)
{
	size_t nr_above = link_macs_above(links, link->ifindex, dev->conf.macs_above);
	bool is_crowded = nr_above > MACS_ABOVE_MAX;

	if (is_crowded && !dev->is_crowded)
		log_warn("%s: the devices on it have %zu MACs of their own; frames to the first %d "
			 "are judged, the "
			 "others go to the kernel",
			 dev->name, nr_above, MACS_ABOVE_MAX);
	dev->is_crowded = is_crowded;
	dev->is_up = link->is_up;
	memcpy(dev->conf.mac, link->mac, sizeof(dev->conf.mac));
	dev->conf.nr_macs_above = is_crowded ? MACS_ABOVE_MAX : nr_above;
	dev->conf.mtu = link->mtu > MSS_MTU_MAX ? MSS_MTU_MAX : link->mtu;
	dev->conf.hop_limit = sysctls_hop_limit(link->name);
}

/* ---- the two links ---- */

/* A TC half that is new has left no note untaken. */
static int attach_tc(struct dataplane *dp, struct device *dev)
{
	int err = device_attach_tc(dev);

	if (err || !dp->is_settled) /* what was taken over goes on */
		return err;
	dev->taken = 0;
	dev->seconds_silent = 0;
	dp->shared->data_live->device_notes[dev->slot] = (struct dev_notes){};
	return 0;
}

/* XDP before TC: from then on nothing is answered whose ACK nobody would take. */
void dataplane_close_links(struct dataplane *dp, struct device *dev)
{
	device_drop_xdp(dev);
	device_drop_tc(dev);
	put_device(dp, dev);
}

static void say_attached(struct dataplane *dp, struct device *dev)
{
	bool is_again = dev->gap_since_ms;

	dataplane_gap_end(dev);
	if (is_again)
		log_notice("%s: attached again in %s mode; it was without protection for %.1f s",
			   dev->name, dev->xdp_mode, dev->gap_ms / 1000.0);
	else
		log_notice("%s: %s in %s mode, %s", dev->name,
			   dev->is_taken_over ? "taken over" : "attached", dev->xdp_mode,
			   dp->means.can_hand_off ? "TC half on tcx" : "no TC half");
}

/* Both, TC before XDP, or none. Logs. Returns 0 or -errno, and why_no_xdp says it. */
int dataplane_attach_links(struct dataplane *dp, struct device *dev, const struct links *links,
			   const struct link *link)
{
	int err = link_check(links, link, dp->conf->xdp_mode, dev->why_no_xdp);

	dev->is_refused = err;
	if (err) {
		log_err("%s", dev->why_no_xdp);
		return err;
	}
	if (dp->means.can_hand_off) {
		err = attach_tc(dp, dev);
		if (err) {
			snprintf(dev->why_no_xdp, sizeof(dev->why_no_xdp),
				 "the TC half cannot be attached to %s: %s", dev->name,
				 strerror(-err));
			log_err("%s", dev->why_no_xdp);
			return err;
		}
	}
	read_link(dev, links, link);
	put_device(dp, dev);
	err = device_attach_xdp(dev, dp->conf->xdp_mode);
	if (!err)
		say_attached(dp, dev);
	else if (dp->is_settled || !dev->is_taken_over)
		dataplane_close_links(dp, dev);
	return err;
}

/* ---- to add and to forget ---- */

/* Loads its programs, so that nothing takes time when it is there. Logs. NULL: it failed. */
struct device *dataplane_add_device(struct dataplane *dp, const char *name, const char *wanted)
{
	struct device *dev = &dp->devices[dp->nr_devices];
	__u32 slot = 0;

	if (dp->nr_devices == DEVS_MAX) {
		log_err("%s: at most %d devices can be protected", name, DEVS_MAX);
		return NULL;
	}
	while (!is_slot_free(dp, slot))
		slot++;
	*dev = (struct device){ .slot = slot,
				.pins = dp->pins,
				.is_kept = dp->is_kept,
				.xdp_link = -1,
				.tc_link = -1 };
	snprintf(dev->name, sizeof(dev->name), "%s", name);
	snprintf(dev->wanted, sizeof(dev->wanted), "%s", wanted);
	notify_starting();
	if (dataplane_load(dp, dev))
		return NULL;
	dp->nr_devices++;
	return dev;
}

void dataplane_forget_device(struct dataplane *dp, struct device *dev)
{
	struct device *end = dp->devices + dp->nr_devices;

	dev->conf = (struct dev_conf){};
	dataplane_forget_tap_runs(dp, dev);
	if (dp->is_settled) /* or a program of the daemon before may be asking */
		put_device(dp, dev);
	device_close(dev);
	memmove(dev, dev + 1, (end - dev - 1) * sizeof(*dev));
	dp->nr_devices--;
}

int dataplane_want(struct dataplane *dp, const char *name)
{
	return dataplane_add_device(dp, name, name) ? 0 : -ENOMEM;
}

/* At the start, when a device that cannot be attached is an error. */
static int attach_first(struct dataplane *dp, struct device *dev, const struct links *links)
{
	const struct link *link = link_by_name(links, dev->wanted);

	if (!link) {
		log_warn("%s: there is no such device; it is attached as soon as there is, and 'ip "
			 "link' lists those there are",
			 dev->wanted);
		dataplane_gap_begin(dev);
		return 0;
	}
	dev->ifindex = link->ifindex;
	return dataplane_attach_links(dp, dev, links, link);
}

int dataplane_begin(struct dataplane *dp, const struct links *links)
{
	int err = dataplane_carry_live(dp);

	if (err)
		log_err("what the synwardd before had counted cannot be carried over: %s",
			strerror(-err));
	for (size_t i = 0; i < dp->nr_devices && !err; i++)
		err = attach_first(dp, &dp->devices[i], links);
	dataplane_judge_devices(dp);
	return err;
}

/* ---- what becomes of them ---- */

static void lose(struct dataplane *dp, struct device *dev)
{
	bool was_present = dev->ifindex;

	dataplane_close_links(dp, dev);
	dev->ifindex = 0;
	if (!dev->wanted[0]) {
		log_warn("%s: the device is gone, and the config does not name it: forgotten",
			 dev->name);
		dataplane_forget_device(dp, dev);
		return;
	}
	if (was_present && !dev->is_detached)
		log_err("%s: the device is gone, or in another network namespace: it is not "
			"protected until there is one called %s",
			dev->name, dev->wanted);
	snprintf(dev->name, sizeof(dev->name), "%s", dev->wanted);
	if (!dev->is_detached)
		dataplane_gap_begin(dev);
}

static void arrive(struct dataplane *dp, struct device *dev, const struct links *links,
		   const struct link *link)
{
	dev->ifindex = link->ifindex;
	dev->native_err = 0;
	snprintf(dev->name, sizeof(dev->name), "%s", link->name);
	if (dev->is_detached)
		return;
	log_notice("%s: is a new device", dev->name);
	dataplane_gap_begin(dev);
	dataplane_attach_links(dp, dev, links, link);
}

/* It was renamed, and now there is another one that has the config's name: that one is meant, and
 * nobody said that this one is not any more. */
static void part(struct dataplane *dp, struct device *dev, const struct links *links,
		 const struct link *link)
{
	struct device *other = dataplane_add_device(dp, dev->wanted, dev->wanted);

	log_warn("%s: that is another device now; the one that was called so is %s, and stays "
		 "protected until synwardd stops",
		 dev->wanted, dev->name);
	dev->wanted[0] = '\0';
	if (other)
		arrive(dp, other, links, link);
}

static void swap_wanted(struct device *one, struct device *other)
{
	char was[IF_NAMESIZE];

	memcpy(was, one->wanted, sizeof(was));
	memcpy(one->wanted, other->wanted, sizeof(was));
	memcpy(other->wanted, was, sizeof(was));
}

/* The config's name belongs to the link that has it. */
static void follow_name(struct dataplane *dp, struct device *dev, const struct links *links)
{
	const struct link *link = dev->wanted[0] ? link_by_name(links, dev->wanted) : NULL;
	struct device *holder;

	if (!link || link->ifindex == dev->ifindex)
		return;
	holder = device_by_index(dp, link->ifindex);
	if (holder)
		swap_wanted(dev, holder); /* names went round */
	else if (!dev->ifindex)
		arrive(dp, dev, links, link);
	else
		part(dp, dev, links, link);
}

/* What may have changed of one that has stayed. */
static void follow_link(struct dataplane *dp, struct device *dev, const struct links *links)
{
	const struct link *link = link_by_index(links, dev->ifindex);
	const struct dev_conf was = dev->conf;

	if (!link)
		return;
	if (strcmp(dev->name, link->name)) {
		log_notice("%s: is called %s now; nothing else has changed", dev->name, link->name);
		snprintf(dev->name, sizeof(dev->name), "%s", link->name);
	}
	read_link(dev, links, link);
	if (memcmp(&was, &dev->conf, sizeof(was)))
		put_device(dp, dev);
}

void dataplane_follow_links(struct dataplane *dp, const struct links *links)
{
	for (size_t i = dp->nr_devices; i-- > 0;)
		if (dp->devices[i].ifindex && !link_by_index(links, dp->devices[i].ifindex))
			lose(dp, &dp->devices[i]);
	for (size_t i = 0; i < dp->nr_devices; i++)
		follow_name(dp, &dp->devices[i], links);
	for (size_t i = dp->nr_devices; i-- > 0;)
		if (!dp->devices[i].ifindex && !dp->devices[i].wanted[0])
			dataplane_forget_device(
				dp, &dp->devices[i]); /* its name went to one that is there */
	for (size_t i = 0; i < dp->nr_devices; i++)
		follow_link(dp, &dp->devices[i], links);
	dataplane_judge_devices(dp);
}

/* ---- every second ---- */

/*
 * Notes that nobody takes although the TC half is attached: some were lost on the way, or another
 * program ends the chain before ours. Only that ours has run since tells the one from the other; if
 * it has not, the data path stops answering by itself, and tries again once in a while.
 */
static void check_notes(struct dataplane *dp, struct device *dev)
{
	struct dev_notes *notes = &dp->shared->data_live->device_notes[dev->slot];
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

static void check_tc(struct dataplane *dp, struct device *dev)
{
	bool was_live = dev->conf.tc_live;

	if (device_link_is_live(dev->tc_link)) {
		check_notes(dp, dev);
		return;
	}
	device_drop_tc(dev);
	put_device(dp, dev);
	if (was_live)
		log_err("%s: the TC half was detached by somebody; SYNs are %s until it is back",
			dev->name,
			dp->means.can_kernel_cookie ? "answered with the kernel's own cookies" :
						      "left to the kernel");
	if (attach_tc(dp, dev))
		return;
	put_device(dp, dev);
	if (dev->xdp_link >= 0)
		log_notice("%s: the TC half is attached again", dev->name);
}

/* The first try says what is in the way, the later ones wait until it is gone. */
static void check_xdp(struct dataplane *dp, struct device *dev)
{
	bool is_news = dev->xdp_link >= 0;

	if (device_link_is_live(dev->xdp_link))
		return;
	if (is_news) {
		device_drop_xdp(dev);
		dataplane_gap_begin(dev);
		log_err("%s: the XDP program was detached by somebody, or the device is gone: it "
			"is not protected",
			dev->name);
	}
	if ((is_news || device_xdp_is_free(dev)) && !device_attach_xdp(dev, dp->conf->xdp_mode))
		say_attached(dp, dev);
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

void dataplane_judge_devices(struct dataplane *dp)
{
	for (size_t i = 0; i < dp->nr_devices; i++) {
		struct device *dev = &dp->devices[i];
		const struct rung_device is = {
			.has_xdp = dev->xdp_link >= 0,
			.has_tc = dev->conf.tc_live,
			.is_silent = dev->seconds_silent >= SILENT_SECONDS,
			.is_down = !dev->is_up,
			.is_absent = !dev->ifindex,
			.is_detached = dev->is_detached,
			.is_refused = dev->is_refused,
			.name = dev->name,
			.why_no_xdp = dev->why_no_xdp,
		};

		rung_of_device(&dp->means, &is, &dev->rung);
	}
}

void dataplane_check_devices(struct dataplane *dp)
{
	dataplane_check_confirmed(dp);
	for (size_t i = 0; i < dp->nr_devices; i++) {
		struct device *dev = &dp->devices[i];

		if (!dev->ifindex || dev->is_detached || dev->is_refused)
			continue;
		if (dp->means.can_hand_off)
			check_tc(dp, dev);
		check_xdp(dp, dev);
		check_hop_limit(dp, dev);
	}
	dataplane_judge_devices(dp);
}
