/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A TCP packet for people: from the first bytes of a frame to addresses, numbers, flags and
 * options. The bytes are whatever somebody sent: nothing of them is believed, and a part that was
 * not kept is said to be missing. RFC 9293 §3.1; options RFC 9293, 7323, 2018, 7413, 2385, 5925.
 */
#ifndef SYNWARD_FRAME_H
#define SYNWARD_FRAME_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "address.h"

#define FRAME_WORDS_SIZE 256 /* the longest text of flags or options, and its NUL */

struct frame_tcp {
	struct ip_addr src, dst;
	__u16 sport, dport; /* host order, as all that follows */
	__u32 seq, ack;
	__u16 window;
	__u16 flags; /* the 14th byte of the header, and the bit before it */
	__u32 payload_bytes;
	__u32 ts_value, ts_echo;
	__u16 mss; /* 0: no such option */
	__u8 wscale;
	bool has_wscale, has_sack, has_timestamps, has_fast_open, has_md5, has_ao;
	bool is_cut; /* there are options beyond what was kept, or that lie about their length */
};

/* @has_ethernet: else they begin with the IP header. Returns 0, or -EINVAL: no TCP header in them.
 */
int frame_read(const unsigned char *bytes, size_t nr_bytes, bool has_ethernet,
	       struct frame_tcp *ret);

/* "SYN ACK", "mss 1460, sackOK, ts 17 0, wscale 7". Both return `buffer`. */
const char *frame_flags(const struct frame_tcp *tcp, char buffer[FRAME_WORDS_SIZE]);
const char *frame_options(const struct frame_tcp *tcp, char buffer[FRAME_WORDS_SIZE]);

/* The same for programs. NULL: no memory. */
json_t *frame_json(const struct frame_tcp *tcp);

#endif
