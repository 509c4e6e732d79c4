/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's own opinion: a frame comes in at a tap device of this namespace, and either it
 * answers with a SYN-ACK from a port that ought to be armed, or not. Its answers are seen by a
 * packet socket, wherever they are routed.
 */
#ifndef SYNWARD_TEST_STACK_H
#define SYNWARD_TEST_STACK_H

#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include "host.h"

struct stack {
	int tap;     /* frames that are written here come in; -1: there is none */
	int packets; /* what leaves any device */
};

/* Strangers of both families are reached, so that the kernel can answer them. */
static inline void stack_open(struct stack *s)
{
	struct ifreq ifr = { .ifr_name = "tap", .ifr_flags = IFF_TAP | IFF_NO_PI };

	s->tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (s->tap < 0) {
		printf("SKIP: no tap device (%s): what is passed is not shown to the stack\n",
		       strerror(errno));
		return;
	}
	MUST(ioctl(s->tap, TUNSETIFF, &ifr));
	world_run("ip link set tap address 02:00:00:00:00:01 up;"
		  "ip route add default dev lo;"
		  "ip -6 neigh add fe80::7 lladdr 02:00:00:00:00:07 dev out nud permanent;"
		  "ip -6 route add default via fe80::7 dev out");
	s->packets = MUST(
		socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ALL)));
}

/* A SYN-ACK from an armed port of ours that acknowledges what stands in this frame. The kernel also
 * sends older ones again, that of the half-open connection among them. */
static inline bool is_synack_for(const uint8_t *frame, size_t bytes, const uint8_t *ip, size_t n)
{
	bool v6 = n && ip[0] >> 4 == 6;
	size_t header = v6 ? 40 : 20;
	unsigned int port;
	uint8_t seq[4];

	if (n < header + 20 || ip[v6 ? 6 : 9] != 6 || ip[header + 13] != (SYN | ACK) ||
	    memcmp(ip + (v6 ? 8 : 12), v6 ? world_srv6 : world_srv4, v6 ? 16 : 4))
		return false;
	port = at16(ip + header);
	put32(seq, get32(ip + header + 8) - 1);
	return (port == PORT_WEB || port == PORT_ATTACKED) && get32(seq) != HALF_OPEN_SEQ &&
	       memmem(frame, bytes, seq, 4);
}

/* The kernel answers in the same call that brings it the frame. */
static inline bool stack_makes_handshake(const struct stack *s, const uint8_t *frame, size_t bytes)
{
	struct sockaddr_ll from;
	socklen_t from_bytes = sizeof(from);
	bool is_made = false;
	uint8_t got[256];
	ssize_t n;

	while (recv(s->packets, got, sizeof(got), 0) >= 0)
		;
	if (write(s->tap, frame, bytes) < 0)
		return false; /* an Ethernet header and nothing behind it */
	while ((n = recvfrom(s->packets, got, sizeof(got), 0, (void *)&from, &from_bytes)) >= 0)
		is_made |=
			from.sll_pkttype == PACKET_OUTGOING && is_synack_for(frame, bytes, got, n);
	return is_made;
}

#endif
