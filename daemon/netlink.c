// SPDX-License-Identifier: GPL-2.0-only
/*
 * rtnetlink through libmnl. One socket asks and waits for the answer, another hears news; news only
 * say that it is time to ask again, so a lost message (ENOBUFS) costs nothing.
 */
#include "netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "address.h"
#include "link_stack.h"

#define DUMP_TRIES 5

struct netlink {
	struct mnl_socket *ask;
	struct mnl_socket *news;
	unsigned int seq;
};

static int socket_open(unsigned int groups, int flags, struct mnl_socket **ret)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, flags);

	if (!s)
		return -errno;
	if (mnl_socket_bind(s, groups, MNL_SOCKET_AUTOPID) < 0) {
		int err = -errno;

		mnl_socket_close(s);
		return err;
	}
	*ret = s;
	return 0;
}

int netlink_open(struct netlink **ret)
{
	struct netlink *nl = calloc(1, sizeof(*nl));
	int err;

	if (!nl)
		return -ENOMEM;
	nl->seq = time(NULL);
	err = socket_open(0, SOCK_CLOEXEC, &nl->ask);
	if (!err)
		err = socket_open(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
				  SOCK_CLOEXEC | SOCK_NONBLOCK, &nl->news);
	if (err) {
		netlink_close(nl);
		return err;
	}
	*ret = nl;
	return 0;
}

void netlink_close(struct netlink *nl)
{
	if (!nl)
		return;
	if (nl->ask)
		mnl_socket_close(nl->ask);
	if (nl->news)
		mnl_socket_close(nl->news);
	free(nl);
}

int netlink_fd(const struct netlink *nl)
{
	return mnl_socket_get_fd(nl->news);
}

void netlink_drain(struct netlink *nl)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];

	while (mnl_socket_recvfrom(nl->news, buf, sizeof(buf)) > 0 || errno == ENOBUFS)
		errno = 0;
}

/* What is left of an answer that was given up would be taken for the next one. */
static int reopen(struct netlink *nl)
{
	struct mnl_socket *fresh;
	int err = socket_open(0, SOCK_CLOEXEC, &fresh);

	if (err)
		return err;
	mnl_socket_close(nl->ask);
	nl->ask = fresh;
	return 0;
}

static int ask_once(struct netlink *nl, struct nlmsghdr *request, mnl_cb_t each, void *data)
{
	unsigned int port = mnl_socket_get_portid(nl->ask);
	char buf[32768];
	ssize_t n;

	request->nlmsg_seq = ++nl->seq;
	if (mnl_socket_sendto(nl->ask, request, request->nlmsg_len) < 0)
		return -errno;
	do {
		n = mnl_socket_recvfrom(nl->ask, buf, sizeof(buf));
		if (n < 0)
			return -errno;
		n = mnl_cb_run(buf, n, nl->seq, port, each, data);
		if (n < 0)
			return -errno;
	} while (n > MNL_CB_STOP && (request->nlmsg_flags & NLM_F_DUMP));
	return 0;
}

/* Send a request and hand every answer to @each. After any error the socket is a new one. */
static int ask(struct netlink *nl, struct nlmsghdr *request, mnl_cb_t each, void *data)
{
	int err = ask_once(nl, request, each, data);

	return err ? reopen(nl) ?: err : 0;
}

static int read_link(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct link_info *ret = data;
	struct nlattr *attr;

	ret->ifindex = ifi->ifi_index;
	ret->is_ether = ifi->ifi_type == ARPHRD_ETHER;
	ret->is_up = ifi->ifi_flags & IFF_UP;
	mnl_attr_for_each (attr, nlh, sizeof(*ifi)) {
		switch (mnl_attr_get_type(attr)) {
		case IFLA_MTU:
			ret->mtu = mnl_attr_get_u32(attr);
			break;
		case IFLA_ADDRESS:
			if (mnl_attr_get_payload_len(attr) == sizeof(ret->mac))
				memcpy(ret->mac, mnl_attr_get_payload(attr), sizeof(ret->mac));
			break;
		}
	}
	return MNL_CB_OK;
}

struct link_list {
	struct stack_link *link;
	size_t nr, room;
};

static bool has_our_kind(const struct nlattr *info)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested (attr, info)
		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
			return link_stack_has_kind(mnl_attr_get_str(attr));
	return false;
}

static void read_stack_attr(const struct nlattr *attr, struct stack_link *ret)
{
	switch (mnl_attr_get_type(attr)) {
	case IFLA_LINK:
		ret->lower = mnl_attr_get_u32(attr);
		break;
	case IFLA_MASTER:
		ret->master = mnl_attr_get_u32(attr);
		break;
	case IFLA_ADDRESS:
		if (mnl_attr_get_payload_len(attr) == sizeof(ret->mac))
			memcpy(ret->mac, mnl_attr_get_payload(attr), sizeof(ret->mac));
		break;
	case IFLA_LINKINFO:
		ret->is_ours = has_our_kind(attr);
		break;
	}
}

static int read_stack_link(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct link_list *list = data;
	bool is_elsewhere = false; /* the device that IFLA_LINK names */
	struct stack_link *link;
	struct nlattr *attr;

	if (list->nr == list->room) {
		size_t room = list->room ? 2 * list->room : 16;
		struct stack_link *more = reallocarray(list->link, room, sizeof(*more));

		if (!more) {
			errno = ENOMEM;
			return MNL_CB_ERROR;
		}
		list->link = more;
		list->room = room;
	}
	link = &list->link[list->nr++];
	*link = (struct stack_link){ .ifindex = ifi->ifi_index };
	mnl_attr_for_each (attr, nlh, sizeof(*ifi)) {
		read_stack_attr(attr, link);
		is_elsewhere |= mnl_attr_get_type(attr) == IFLA_LINK_NETNSID;
	}
	if (is_elsewhere)
		link->lower = 0;
	return MNL_CB_OK;
}

static void put_link_request(struct nlmsghdr *nlh, __u16 flags)
{
	struct ifinfomsg *ifi;

	nlh->nlmsg_type = RTM_GETLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_family = AF_UNSPEC;
}

/* A dump under which something changed is interrupted (NLM_F_DUMP_INTR): once more. */
static int dump(struct netlink *nl, struct nlmsghdr *request, mnl_cb_t each, void *data, size_t *nr)
{
	int err = -EINTR;

	for (int try = 0; try < DUMP_TRIES && err == -EINTR; try++) {
		*nr = 0;
		err = ask(nl, request, each, data);
	}
	return err;
}

static int read_stack(struct netlink *nl, struct link_info *ret)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct link_list list = {};
	int err;

	put_link_request(nlh, NLM_F_DUMP);
	err = dump(nl, nlh, read_stack_link, &list, &list.nr);
	if (!err)
		ret->nr_macs_above =
			link_stack_macs(list.link, list.nr, ret->ifindex, ret->macs_above);
	free(list.link);
	return err;
}

int netlink_link(struct netlink *nl, const char *name, struct link_info *ret)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct link_info info = {};
	int err;

	put_link_request(nlh, 0);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	err = ask(nl, nlh, read_link, &info);
	if (!err)
		err = read_stack(nl, &info);
	if (err)
		return err;
	strncpy(info.name, name, sizeof(info.name) - 1);
	*ret = info;
	return 0;
}

struct address_list {
	struct ip_addr *addr;
	size_t nr;
	size_t room;
};

static int add_address(struct address_list *list, int family, const void *bytes)
{
	struct ip_addr *a;

	if (list->nr == list->room) {
		size_t room = list->room ? 2 * list->room : 16;
		struct ip_addr *more = reallocarray(list->addr, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		list->addr = more;
		list->room = room;
	}
	a = &list->addr[list->nr++];
	*a = address_of_ipv4(0);
	if (family == AF_INET)
		memcpy(&a->word[3], bytes, sizeof(a->word[3]));
	else
		memcpy(a, bytes, sizeof(*a));
	return 0;
}

static bool is_loopback(int family, const void *bytes)
{
	return family == AF_INET ? *(const __u8 *)bytes == 127 :
				   IN6_IS_ADDR_LOOPBACK((const struct in6_addr *)bytes);
}

/* IFA_LOCAL is the address on point-to-point devices, where IFA_ADDRESS is the peer's; IPv6 has
 * only the latter. */
static int read_address(const struct nlmsghdr *nlh, void *data)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	const void *address = NULL, *local = NULL;
	struct nlattr *attr;

	if (ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6)
		return MNL_CB_OK;
	mnl_attr_for_each (attr, nlh, sizeof(*ifa)) {
		if (mnl_attr_get_payload_len(attr) < (ifa->ifa_family == AF_INET ? 4 : 16))
			continue;
		if (mnl_attr_get_type(attr) == IFA_ADDRESS)
			address = mnl_attr_get_payload(attr);
		if (mnl_attr_get_type(attr) == IFA_LOCAL)
			local = mnl_attr_get_payload(attr);
	}
	if (!local)
		local = address;
	if (!local || is_loopback(ifa->ifa_family, local))
		return MNL_CB_OK;
	if (add_address(data, ifa->ifa_family, local)) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	return MNL_CB_OK;
}

int netlink_addresses(struct netlink *nl, struct ip_addr **ret, size_t *ret_nr)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct address_list list = {};
	struct ifaddrmsg *ifa;
	int err;

	nlh->nlmsg_type = RTM_GETADDR;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_family = AF_UNSPEC;
	err = dump(nl, nlh, read_address, &list, &list.nr);
	if (err) {
		free(list.addr);
		return err;
	}
	*ret = list.addr;
	*ret_nr = list.nr;
	return 0;
}
