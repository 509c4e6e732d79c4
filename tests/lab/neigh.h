/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses and neighbours for the lab's tools: reads an IPv4 or IPv6 address, and asks the
 * kernel's neighbour table (rtnetlink) for the link-layer address of one that is on-link. Never
 * resolves by itself: the lab's entries are permanent.
 */
#ifndef LAB_NEIGH_H
#define LAB_NEIGH_H

#include <arpa/inet.h>
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct lab_addr {
	int family;
	size_t len;
	uint8_t bytes[16];
};

static inline bool lab_addr_read(const char *text, struct lab_addr *ret)
{
	struct lab_addr addr = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	addr.len = addr.family == AF_INET6 ? 16 : 4;
	if (inet_pton(addr.family, text, addr.bytes) != 1)
		return false;
	*ret = addr;
	return true;
}

static inline bool lab_mac_read(const char *text, uint8_t ret[6])
{
	unsigned int b[6];
	char rest;
	int i;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &rest) != 6)
		return false;
	for (i = 0; i < 6; i++)
		ret[i] = (uint8_t)b[i];
	return true;
}

/* One message of the dump: true when it names the address and knows its link-layer address. */
static inline bool lab_neigh_match(struct nlmsghdr *msg, int ifindex, const struct lab_addr *addr,
				   uint8_t ret_mac[6])
{
	struct ndmsg *nd = NLMSG_DATA(msg);
	size_t left = msg->nlmsg_len - NLMSG_LENGTH(sizeof(*nd));
	const uint8_t *mac = NULL;
	bool is_same = false;
	struct rtattr *attr;

	if (msg->nlmsg_type != RTM_NEWNEIGH || nd->ndm_ifindex != ifindex)
		return false;
	for (attr = (struct rtattr *)(nd + 1); RTA_OK(attr, left); attr = RTA_NEXT(attr, left)) {
		if (attr->rta_type == NDA_DST && RTA_PAYLOAD(attr) == addr->len)
			is_same = !memcmp(RTA_DATA(attr), addr->bytes, addr->len);
		if (attr->rta_type == NDA_LLADDR && RTA_PAYLOAD(attr) == 6)
			mac = RTA_DATA(attr);
	}
	if (!is_same || !mac)
		return false;
	memcpy(ret_mac, mac, 6);
	return true;
}

/* 0, -ENOENT when the table does not know the address, or another -errno. Logs nothing. */
static inline int lab_neigh_find(int ifindex, const struct lab_addr *addr, uint8_t ret_mac[6])
{
	struct {
		struct nlmsghdr head;
		struct ndmsg nd;
	} ask = {
		.head = { .nlmsg_len = sizeof(ask),
			  .nlmsg_type = RTM_GETNEIGH,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.nd = { .ndm_family = (uint8_t)addr->family },
	};
	_Alignas(struct nlmsghdr) char buf[16384];
	bool is_found = false, is_done = false;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (send(fd, &ask, sizeof(ask), 0) < 0)
		err = -errno;
	while (!err && !is_done) {
		ssize_t got = recv(fd, buf, sizeof(buf), 0);
		struct nlmsghdr *msg = (struct nlmsghdr *)buf;
		size_t left = got > 0 ? (size_t)got : 0;

		if (got <= 0)
			err = got ? -errno : -EIO;
		for (; NLMSG_OK(msg, left); msg = NLMSG_NEXT(msg, left)) {
			is_done |= msg->nlmsg_type == NLMSG_DONE || msg->nlmsg_type == NLMSG_ERROR;
			is_found |= lab_neigh_match(msg, ifindex, addr, ret_mac);
		}
	}
	close(fd);
	return err ? err : is_found ? 0 : -ENOENT;
}

/* The device's own link-layer address; 0 or -errno. */
static inline int lab_own_mac(const char *dev, uint8_t ret_mac[6])
{
	struct ifreq ifr = { 0 };
	int fd, err = 0;

	if (strlen(dev) >= sizeof(ifr.ifr_name))
		return -ENODEV;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	memcpy(ifr.ifr_name, dev, strlen(dev));
	if (ioctl(fd, SIOCGIFHWADDR, &ifr))
		err = -errno;
	else
		memcpy(ret_mac, ifr.ifr_hwaddr.sa_data, 6);
	close(fd);
	return err;
}

#endif
