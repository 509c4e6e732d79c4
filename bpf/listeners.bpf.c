// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel holds for each listener of a network namespace: half-open handshakes, finished
 * ones that wait, and the backlog. No other interface tells the first of an exact listener. The
 * iterator begins with the listeners; what comes behind them is reported as their end, so that the
 * reader can stop there and need not walk every connection.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#include "abi.h"
#include "kernel.h"

struct seq_file;

struct bpf_iter_meta___local {
	struct seq_file *seq;
} KERNEL_STRUCT;

/* The program's context, whose layout is fixed. */
struct bpf_iter__tcp {
	struct bpf_iter_meta___local *meta;
	struct sock_common___local *sk_common;
};

static __always_inline void address_read(const struct sock_common___local *sk, struct ip_addr *ret)
{
	if (sk->skc_family == AF_INET6) {
		for (int i = 0; i < 4; i++)
			ret->word[i] = sk->skc_v6_rcv_saddr.s6_addr32[i];
	} else {
		ret->word[2] = bpf_htonl(0xffff);
		ret->word[3] = sk->skc_rcv_saddr;
	}
}

static __always_inline void queues_read(struct sock_common___local *sk, struct listener_info *ret)
{
	struct inet_connection_sock___local *icsk = (void *)bpf_skc_to_tcp_sock(sk);
	struct tcp_sock___local *tp = (void *)icsk;
	struct sock___local *s = (void *)icsk;

	if (!s)
		return;
	if (bpf_core_field_exists(tp->is_mptcp)) /* CONFIG_MPTCP */
		ret->is_mptcp = tp->is_mptcp;
	ret->syn_queue = icsk->icsk_accept_queue.qlen.counter;
	ret->accept_queue = s->sk_ack_backlog;
	ret->backlog = s->sk_max_ack_backlog;
}

SEC("iter/tcp")
int synward_listeners(struct bpf_iter__tcp *ctx)
{
	struct sock_common___local *sk = ctx->sk_common;
	struct listener_info info = {};

	if (!sk)
		return 0;
	if (sk->skc_state == BPF_TCP_LISTEN) {
		info.is_listener = 1;
		info.port = sk->skc_num;
		info.is_v6_only = BPF_CORE_READ_BITFIELD(sk, skc_ipv6only);
		address_read(sk, &info.addr);
		queues_read(sk, &info);
	}
	bpf_seq_write(ctx->meta->seq, &info, sizeof(info));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
