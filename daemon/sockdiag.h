/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel holds for one tuple, by sock_diag: in the caller's network namespace. Nothing
 * here logs.
 */
#ifndef SYNWARD_SOCKDIAG_H
#define SYNWARD_SOCKDIAG_H

#include "abi.h"

struct tcp_tuple {
	struct ip_addr local, peer;  /* of one family */
	__u16 local_port, peer_port; /* host order */
	int ifindex;                 /* where its packets come in */
};

/* The state of the socket that a packet of the tuple goes to (TCP_ESTABLISHED and so on of
 * linux/tcp_states.h; the listener's TCP_LISTEN when there is no connection); -ENOENT: to none, or
 * the kernel has no tcp_diag; or another -errno. */
int sockdiag_state(const struct tcp_tuple *tuple);

#endif
