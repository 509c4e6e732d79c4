/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frames of one handshake as a client of today makes it (MSS, SACK, timestamps, window scale),
 * and what its SYN-ACK must be like. Pure; nothing of the data path's own code is used, so that a
 * mistake there shows.
 */
#ifndef SYNWARD_SELFTEST_FRAMES_H
#define SYNWARD_SELFTEST_FRAMES_H

#include <arpa/inet.h>

#include "dataplane_selftest.h"

/* Of the client who is made up; ports and numbers in host order. */
struct test_client {
	struct ip_addr address, server;
	__u16 port, server_port;
	__u8 mac[6], server_mac[6];
	__u32 isn;
	__u32 tsval;
	bool is_routed; /* the answer goes where the route says, and not back to `mac` */
};

/* What came back. */
struct test_answer {
	__u32 isn;
	bool has_timestamps;
	__u32 tsval;
};

void selftest_syn(const struct test_client *client, struct test_frame *ret);

/* Is the frame the right answer to selftest_syn()? Returns NULL and *ret, or what is wrong with
 * it. */
const char *selftest_read(const struct test_client *client, const struct test_frame *frame,
			  struct test_answer *ret);

/* The ACK that finishes the handshake, and the reset that ends the connection. */
void selftest_ack(const struct test_client *client, const struct test_answer *answer,
		  struct test_frame *ret);
void selftest_rst(const struct test_client *client, const struct test_answer *answer,
		  struct test_frame *ret);

#endif
