/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decides whether a tool that makes hostile traffic may run at all: only on a veth, and only in a
 * network namespace that lab.sh made: one of /run/netns/synward-lab-*, not init's, and holding no
 * device that sits on a bus. Anything that cannot be proved is refused, but for one thing: where a
 * sandbox hides init's namespace even from root, the other two proofs must do. What the tool then
 * sends is not looked at here.
 */
#ifndef LAB_GUARD_H
#define LAB_GUARD_H

#include <errno.h>
#include <glob.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static inline bool guard_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static inline bool guard_listed(const struct stat *self)
{
	bool is_listed = false;
	struct stat entry;
	glob_t found;
	size_t i;

	if (glob("/run/netns/synward-lab-*", 0, NULL, &found))
		return false;
	for (i = 0; i < found.gl_pathc && !is_listed; i++)
		is_listed = !stat(found.gl_pathv[i], &entry) && guard_same_file(self, &entry);
	globfree(&found);
	return is_listed;
}

/* Asks the device with one ethtool command; 0 or -errno. */
static inline int guard_ethtool(const char *dev, void *cmd)
{
	struct ifreq ifr = { 0 };
	int fd, err = 0;

	if (strlen(dev) >= sizeof(ifr.ifr_name))
		return -ENODEV;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	memcpy(ifr.ifr_name, dev, strlen(dev));
	ifr.ifr_data = cmd;
	if (ioctl(fd, SIOCETHTOOL, &ifr))
		err = -errno;
	close(fd);
	return err;
}

/* True when some device of this namespace is hardware (PCI, virtio, ...), or when that is unknown.
 */
static inline bool guard_has_hardware(void)
{
	struct if_nameindex *all = if_nameindex(), *one;
	bool has_hardware = !all;

	for (one = all; one && one->if_index && !has_hardware; one++) {
		struct ethtool_drvinfo drv = { .cmd = ETHTOOL_GDRVINFO };

		has_hardware = !guard_ethtool(one->if_name, &drv) && drv.bus_info[0];
	}
	if (all)
		if_freenameindex(all);
	return has_hardware;
}

/* NULL when the device is one of the lab's, else why it is refused. Logs nothing. */
static inline const char *guard_refuses(const char *dev)
{
	struct ethtool_drvinfo drv = { .cmd = ETHTOOL_GDRVINFO };
	struct stat self, machine;
	int err;

	if (stat("/proc/self/ns/net", &self))
		return "cannot tell in which network namespace this runs";
	err = stat("/proc/1/ns/net", &machine) ? errno : 0;
	if (err && err != EACCES && err != EPERM)
		return "cannot tell which network namespace is the machine's own";
	if (!err && guard_same_file(&self, &machine))
		return "this is the machine's own network namespace, not one of the lab";
	if (guard_has_hardware())
		return "this network namespace holds hardware, it is not one of the lab";
	if (!guard_listed(&self))
		return "this network namespace is not one of the lab (/run/netns/synward-lab-*)";
	if (!if_nametoindex(dev))
		return "there is no such device in this namespace";
	if (guard_ethtool(dev, &drv) || strcmp(drv.driver, "veth"))
		return "the device is not a veth";
	return NULL;
}

#endif
