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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "address.h"

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

static const char *kind_of(const struct nlattr *info)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested (attr, info)
		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
			return mnl_attr_get_str(attr);
	return "";
}

static void read_link_attr(const struct nlattr *attr, struct link *ret)
{
	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		snprintf(ret->name, sizeof(ret->name), "%s", mnl_attr_get_str(attr));
		break;
	case IFLA_MTU:
		ret->mtu = mnl_attr_get_u32(attr);
		break;
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
		snprintf(ret->kind, sizeof(ret->kind), "%s", kind_of(attr));
		break;
	}
}

struct link_list {
	struct links links;
	size_t room;
};

static struct link *add_link(struct link_list *list)
{
	struct links *links = &list->links;

	if (links->nr == list->room) {
		size_t room = list->room ? 2 * list->room : 16;
		struct link *more = reallocarray(links->link, room, sizeof(*more));

		if (!more)
			return NULL;
		links->link = more;
		list->room = room;
	}
	return &links->link[links->nr++];
}

static int read_link(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	bool is_elsewhere = false; /* the device that IFLA_LINK names */
	struct link *link = add_link(data);
	struct nlattr *attr;

	if (!link) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	*link = (struct link){ .ifindex = ifi->ifi_index,
			       .is_ether = ifi->ifi_type == ARPHRD_ETHER,
			       .is_up = ifi->ifi_flags & IFF_UP };
	mnl_attr_for_each (attr, nlh, sizeof(*ifi)) {
		read_link_attr(attr, link);
		is_elsewhere |= mnl_attr_get_type(attr) == IFLA_LINK_NETNSID;
	}
	if (is_elsewhere)
		link->lower = 0;
	return MNL_CB_OK;
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

/* Statistics are what is long in an answer. */
int netlink_links(struct netlink *nl, struct links *ret)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct link_list list = {};
	struct ifinfomsg *ifi;
	int err;

	nlh->nlmsg_type = RTM_GETLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_family = AF_UNSPEC;
	mnl_attr_put_u32(nlh, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	err = dump(nl, nlh, read_link, &list, &list.links.nr);
	if (err) {
		free(list.links.link);
		return err;
	}
	*ret = list.links;
	return 0;
}

void netlink_links_free(struct links *links)
{
	free(links->link);
	*links = (struct links){};
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
