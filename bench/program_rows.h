/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kinds of packets that are measured, why each is judged as it is, and what the generator makes
 * them from.
 */
#ifndef SYNWARD_BENCH_PROGRAM_ROWS_H
#define SYNWARD_BENCH_PROGRAM_ROWS_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

#include "abi.h"
#include "reasons.h"

#include "program.h"
#include "../tests/prog/frame.h"

#define PORT_NOBODY_PROTECTS 9

/* Where packets go. */
struct bench_to {
	uint8_t mac[6], dst4[16], dst6[16];
	__u16 port;
	__u32 nr_ports, nr_flows;
};

enum { WITHOUT_OPTIONS, LINUX, WINDOWS };

struct row {
	const char *name;
	enum frame_kind kind;
	__u8 flags;
	__u8 options;
	__u16 dport; /* 0: the service's */
	enum bench_from from;
	bool is_cookie, is_one_prefix;
	enum reason why;
	enum reason or_why[2]; /* of some, while a budget lasts or when it is spent; GO_ON: none */
};

static const struct row rows[] = {
	{ "syn-linux", .flags = SYN, .options = LINUX, .why = SYN_COOKIE },
	{ "syn-windows", .flags = SYN, .options = WINDOWS, .why = SYN_COOKIE },
	{ "syn-no-options", .flags = SYN, .why = SYN_COOKIE },
	{ "syn-over-cap", .flags = SYN, .options = LINUX, .is_one_prefix = true,
	  .why = SYN_OVER_CAP, .or_why = { SYN_COOKIE } },
	{ "ack-known-flow", .flags = ACK, .options = LINUX, .from = FROM_FLOWS, .why = FLOW_KNOWN },
	{ "ack-first-of-connection", .flags = ACK, .options = LINUX, .from = FROM_CONNECTIONS,
	  .why = FLOW_LEARNED },
	{ "ack-cookie", .flags = ACK, .options = LINUX, .is_cookie = true,
	  .why = ACK_COOKIE_VALID },
	{ "ack-cookie-no-timestamps", .flags = ACK, .is_cookie = true, .why = ACK_COOKIE_VALID },
	{ "ack-bogus", .flags = ACK, .options = LINUX, .why = ACK_COOKIE_EXPIRED,
	  .or_why = { ACK_RESET } },
	{ "ack-bogus-no-timestamps", .flags = ACK, .why = ACK_COOKIE_INVALID,
	  .or_why = { ACK_OVER_BUDGET, ACK_RESET } },
	{ "tcp-unprotected", .flags = SYN, .options = LINUX, .dport = PORT_NOBODY_PROTECTS,
	  .why = NOT_SERVICE },
	{ "udp", KIND_UDP, .why = NOT_TCP },
};

static inline struct frame frame_of(const struct bench_to *to, const struct row *row)
{
	struct frame f = { .kind = row->kind,
			   .sport = NO_PORT,
			   .dport = row->dport ?: to->port,
			   .flags = row->flags,
			   .window = 64240 };

	if (row->options == WINDOWS) /* MSS, NOP, wscale, NOP, NOP, SACK */
		memcpy(f.raw_options, "\2\4\5\264\1\3\3\10\1\1\4\2", f.raw_options_bytes = 12);
	if (row->options == LINUX) {
		f.ts = true;
		f.sack = row->flags & SYN;
		f.mss = row->flags & SYN ? 1460 : 0;
		f.wscale = row->flags & SYN ? 8 : 0;
	}
	return f;
}

/* Of words as they stand in memory. */
static inline __u32 wire_sum(const uint8_t *at, size_t bytes)
{
	__u32 sum = 0;
	__u16 word;

	for (; bytes > 1; bytes -= 2, at += 2) {
		memcpy(&word, at, 2);
		sum += word;
	}
	return sum;
}

static inline __u16 tcp_bytes(const struct row *row)
{
	static const __u8 syn_options[] = { [LINUX] = 20, [WINDOWS] = 12 };

	return 20 + (row->flags & SYN ? syn_options[row->options] : row->options == LINUX ? 12 : 0);
}

/* Zero what varies, and what the sums of the rest are. */
static inline void template_make(const struct bench_to *to, const struct row *row, bool v6,
				 int nr_vlans, struct bench_conf *c)
{
	struct frame_net net = { .v6 = v6, .nr_vlans = nr_vlans, .src_mac = { 2, 0, 0, 0, 0, 2 } };
	struct frame f = frame_of(to, row);
	uint8_t built[FRAME_ROOM] = {};
	size_t ip_bytes = v6 ? 40 : 20;

	memcpy(net.dst_mac, to->mac, 6);
	memcpy(net.dst, v6 ? to->dst6 : to->dst4, 16);
	f.pad_to = row->kind == KIND_UDP ? 90 : 60; /* room for what the generator writes */
	*c = (struct bench_conf){ .from = row->from,
				  .nr_flows = to->nr_flows,
				  .nr_ports = row->dport ? 1 : to->nr_ports,
				  .dport = f.dport,
				  .is_v6 = v6,
				  .is_one_prefix = row->is_one_prefix,
				  .is_syn = row->flags & SYN,
				  .is_cookie = row->is_cookie,
				  .has_ts = row->options == LINUX,
				  .bytes = frame_build(&f, &net, built) };
	if (v6)
		memcpy(c->dst, to->dst6, 16);
	else
		c->dst[2] = htonl(0xffff), memcpy(&c->dst[3], to->dst4, 4);
	c->l3_off = 14 + 4 * nr_vlans;
	c->l4_off = c->l3_off + ip_bytes;
	c->ts_off = c->l4_off + 20 + 8; /* TSval behind an MSS, or TSecr */
	if (row->kind == KIND_TCP)
		put16(built + c->l4_off + 2, 0);
	put16(built + c->l4_off + 16, 0);
	if (!v6)
		put16(built + c->l3_off + 10, 0);
	c->l3_sum = wire_sum(built + c->l3_off, ip_bytes);
	c->l4_sum = wire_sum(built + c->l4_off, c->bytes - c->l4_off) + htons(6) +
		    htons(tcp_bytes(row)) + wire_sum(net.dst, v6 ? 16 : 4);
	memcpy(c->frame, built, sizeof(c->frame));
}

#endif
