/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's own structures, with the fields of them that are read; where they lie is found out
 * at load (CO-RE). Whether a field exists on every kernel is said where it is used.
 */
#ifndef SYNWARD_KERNEL_H
#define SYNWARD_KERNEL_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <linux/in6.h>
#include <linux/types.h>
#include <stdbool.h>

#define AF_INET 2
#define AF_INET6 10
#define SOCK_RCVBUF_LOCK 2
#define WIN_SCALE_SHIFT 8 /* TCP_RMEM_TO_WIN_SCALE */

#define KERNEL_STRUCT __attribute__((preserve_access_index))

struct sock___local;

struct sock_common___local {
	__be32 skc_rcv_saddr;
	struct in6_addr skc_v6_rcv_saddr;
	__u16 skc_num; /* local port, host order */
	unsigned short skc_family;
	volatile unsigned char skc_state;
	unsigned char skc_reuseport : 1;
	unsigned char skc_ipv6only : 1;
	int skc_bound_dev_if;
	struct sock___local *skc_listener; /* of a request */
	__u32 skc_rcv_wnd;                 /* the same */
} KERNEL_STRUCT;

struct sock___local {
	__u32 sk_ack_backlog;
	__u32 sk_max_ack_backlog;
	int sk_rcvbuf;
	__u8 sk_userlocks : 4;
} KERNEL_STRUCT;

struct atomic___local {
	int counter;
} KERNEL_STRUCT;

struct request_sock_queue___local {
	__u8 rskq_defer_accept;
	struct atomic___local qlen;
} KERNEL_STRUCT;

struct inet_connection_sock___local {
	struct request_sock_queue___local icsk_accept_queue;
} KERNEL_STRUCT;

struct tcp_options_received___local {
	int ts_recent_stamp; /* of a listener: when it last sent a cookie */
} KERNEL_STRUCT;

struct tcp_sock___local {
	struct tcp_options_received___local rx_opt;
	__u32 window_clamp;
	__u8 scaling_ratio;
	bool is_mptcp;
	void *md5sig_info;
	void *ao_info;
} KERNEL_STRUCT;

/* A handshake that the kernel holds. */
struct request_sock___local {
	struct sock_common___local __req_common;
	__u32 ts_recent;
} KERNEL_STRUCT;

struct inet_request_sock___local {
	struct request_sock___local req;
	__u16 tstamp_ok : 1;
} KERNEL_STRUCT;

struct tcp_request_sock___local {
	struct inet_request_sock___local req;
	__u32 snt_isn;
	__u32 rcv_nxt;
	__u32 snt_tsval_first;
	__u32 snt_tsval_last;
} KERNEL_STRUCT;

#endif
