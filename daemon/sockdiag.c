// SPDX-License-Identifier: GPL-2.0-only
/*
 * One question on a socket of its own: it is asked a few times in a self-test, and never else.
 */
#include "sockdiag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <stdbool.h>
#include <string.h>

#include "address.h"

static int read_state(const struct nlmsghdr *nlh, void *data)
{
	const struct inet_diag_msg *msg = mnl_nlmsg_get_payload(nlh);
	int *ret = data;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*msg)) {
		errno = EBADMSG;
		return MNL_CB_ERROR;
	}
	*ret = msg->idiag_state;
	return MNL_CB_STOP;
}

static void put_address(const struct ip_addr *a, bool is_v4, __be32 ret[4])
{
	if (is_v4)
		ret[0] = a->word[3];
	else
		memcpy(ret, a, sizeof(*a));
}

static void put_request(const struct tcp_tuple *tuple, struct nlmsghdr *nlh)
{
	bool is_v4 = address_is_ipv4(&tuple->local);
	struct inet_diag_req_v2 *request;

	nlh->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	request = mnl_nlmsg_put_extra_header(nlh, sizeof(*request));
	request->sdiag_family = is_v4 ? AF_INET : AF_INET6;
	request->sdiag_protocol = IPPROTO_TCP;
	request->idiag_states = ~0U;
	request->id.idiag_sport = htons(tuple->local_port);
	request->id.idiag_dport = htons(tuple->peer_port);
	put_address(&tuple->local, is_v4, request->id.idiag_src);
	put_address(&tuple->peer, is_v4, request->id.idiag_dst);
	request->id.idiag_if = tuple->ifindex;
	request->id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
	request->id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
}

static int ask(struct mnl_socket *s, const struct tcp_tuple *tuple)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	int state = -EBADMSG;
	ssize_t n;

	put_request(tuple, nlh);
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(s, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	n = mnl_socket_recvfrom(s, buf, sizeof(buf));
	if (n < 0 || mnl_cb_run(buf, n, 0, mnl_socket_get_portid(s), read_state, &state) < 0)
		return -errno;
	return state;
}

int sockdiag_state(const struct tcp_tuple *tuple)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	int state;

	if (!s)
		return -errno;
	state = ask(s, tuple);
	mnl_socket_close(s);
	return state;
}
