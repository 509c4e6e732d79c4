/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A network namespace of this process's own, with the sockets that the verdicts depend on:
 * listeners of every kind, connections in every state. Everything is made with ordinary system
 * calls and gone with the process.
 *
 *   service      192.0.2.1  2001:db8::1       (on lo)
 *   another one  192.0.2.3  2001:db8::3       (on lo; of PORT_WEB alone)
 *   client       192.0.2.2  2001:db8::2       (on lo; for real connections)
 *   strangers    198.18.0.0/15  2001:db8:ffff::/48, routed so that the kernel may answer them
 *   by next hop  203.0.113.0/24  2001:db8:71::/48, the upper half of it with a smaller MTU
 *                203.0.114.0/24  2001:db8:72::/48, where the next hop has no MAC
 *   by lo        198.19.0.0/16  2001:db8:73::/48
 */
#ifndef SYNWARD_TEST_WORLD_H
#define SYNWARD_TEST_WORLD_H

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <linux/tcp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frame.h"

#define PORT_WEB 443        /* armed, a listener */
#define PORT_MONITOR 444    /* counted only, a listener */
#define PORT_NOBODY 445     /* armed, no listener */
#define PORT_MPTCP 446      /* armed, an MPTCP listener */
#define PORT_FULL 447       /* armed, a listener whose accept queue is full */
#define PORT_DRAIN 448      /* not armed any more, cookies are outstanding */
#define PORT_SMALL 449      /* armed, a listener with a small SO_RCVBUF */
#define PORT_BRIM 450       /* armed, a listener whose accept queue holds just its limit */
#define PORT_MD5 451        /* armed, a listener with a TCP-MD5 key */
#define PORT_AUTO 452       /* at peace, a listener; handshakes of the kernel's */
#define PORT_ATTACKED 453   /* auto, and under attack */
#define PORT_FORCED 454     /* auto, and armed by hand */
#define PORT_DISARMED 455   /* auto, under attack, but disarmed by hand since */
#define PORT_OFF 456        /* off */
#define PORT_OFF_DRAIN 457  /* off, cookies are outstanding */
#define PORT_DEFER 458      /* at peace, a listener with TCP_DEFER_ACCEPT */
#define PORT_TIMES 459      /* at peace, a listener; the handshake has timestamps */
#define PORT_ROOMY 460      /* armed, a listener whose SYN queue is just half full */
#define PORT_CROWDED 461    /* armed, one whose SYN queue is more than half full */
#define PORT_MPTCP_FULL 462 /* armed, an MPTCP listener whose SYN queue is full */
#define PORT_UNHEARD 463    /* at peace, no listener */
#define PORT_SHARED 464     /* at peace, a listener with SO_REUSEPORT */
#define PORT_OTHER 8080     /* no service */

#define SPORT_ESTABLISHED 41001
#define SPORT_TIME_WAIT 41002
#define SPORT_HALF_OPEN 41003
#define SPORT_CLOSE_WAIT 41004

#define SMALL_RCVBUF 16384 /* bytes asked for; the kernel doubles it */

static const uint8_t world_srv4[16] = { 192, 0, 2, 1 }, world_cli4[16] = { 192, 0, 2, 2 };
static const uint8_t world_own4[16] = { 192, 0, 2, 3 };
static const uint8_t world_own6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 3 };
/* Of the device `out`, of the next hop behind it, and of everything on lo. */
static const uint8_t world_out_mac[6] = { 2, 0, 0, 0, 0, 8 },
		     world_hop_mac[6] = { 2, 0, 0, 0, 0, 9 };
static const uint8_t world_lo_mac[6];
#define WORLD_NARROW_MTU 1400
#define WORLD_LO_MTU 1420
static const uint8_t world_srv6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
static const uint8_t world_cli6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 2 };

#define MUST(what)                                                                    \
	({                                                                            \
		long must_ = (long)(what);                                            \
		if (must_ < 0) {                                                      \
			fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #what, \
				strerror(errno));                                     \
			exit(1);                                                      \
		}                                                                     \
		must_;                                                                \
	})

static inline void world_run(const char *command)
{
	if (system(command)) {
		fprintf(stderr, "failed: %s\n", command);
		exit(1);
	}
}

static inline socklen_t world_sockaddr(bool v6, const uint8_t *addr, uint16_t port,
				       struct sockaddr_storage *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (v6) {
		struct sockaddr_in6 *a = (void *)ret;

		a->sin6_family = AF_INET6;
		a->sin6_port = htons(port);
		memcpy(&a->sin6_addr, addr, 16);
		return sizeof(*a);
	}
	struct sockaddr_in *a = (void *)ret;

	a->sin_family = AF_INET;
	a->sin_port = htons(port);
	memcpy(&a->sin_addr, addr, 4);
	return sizeof(*a);
}

/* Dual-stack, on every address. */
static inline int world_listen(uint16_t port, int protocol, int backlog, int rcvbuf)
{
	static const uint8_t any[16];
	struct sockaddr_storage at;
	socklen_t len = world_sockaddr(true, any, port, &at);
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, protocol), one = 1;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (rcvbuf)
		MUST(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf)));
	MUST(bind(fd, (void *)&at, len));
	MUST(listen(fd, backlog));
	return fd;
}

static inline void world_add_key(int listener)
{
	struct tcp_md5sig md5 = { .tcpm_keylen = 3, .tcpm_key = "key" };
	static const uint8_t mapped[16] = { [10] = 0xff, 0xff, 192, 0, 2, 2 };

	world_sockaddr(true, mapped, 0, (void *)&md5.tcpm_addr);
	MUST(setsockopt(listener, IPPROTO_TCP, TCP_MD5SIG, &md5, sizeof(md5)));
}

static inline void world_defer(int listener)
{
	int seconds = 10;

	MUST(setsockopt(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof(seconds)));
}

static inline void world_share(int listener)
{
	int one = 1;

	MUST(setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)));
}

static inline int world_connect(bool v6, uint16_t sport, uint16_t dport)
{
	struct sockaddr_storage from, to;
	socklen_t len = world_sockaddr(v6, v6 ? world_cli6 : world_cli4, sport, &from);
	int fd = MUST(socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), one = 1;

	MUST(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	world_sockaddr(v6, v6 ? world_srv6 : world_srv4, dport, &to);
	MUST(bind(fd, (void *)&from, len));
	MUST(connect(fd, (void *)&to, len));
	return fd;
}

#define HALF_OPEN_SEQ 99
#define HALF_OPEN_TSVAL 500

/* What the kernel said. */
struct world_synack {
	uint32_t seq, tsval; /* tsval: 0 without timestamps */
};

static inline uint32_t world_tsval(const uint8_t *option, const uint8_t *end)
{
	while (option + 10 <= end && *option != 8)
		option += *option == 1 ? 1 : option[1];
	return option + 10 <= end ? ntohl(*(const uint32_t *)(option + 2)) : 0;
}

/* Wait for the kernel's SYN-ACK. */
static inline struct world_synack world_take_synack(int packets, bool v6, uint16_t dport)
{
	size_t tcp = 14 + (v6 ? 40 : 20);
	uint8_t got[256];

	for (;;) {
		ssize_t n = MUST(recv(packets, got, sizeof(got), 0));

		if (n < (ssize_t)tcp + 20 || (got[14] >> 4) != (v6 ? 6 : 4) ||
		    got[tcp] != dport >> 8 || got[tcp + 1] != (dport & 0xff) ||
		    got[tcp + 13] != (SYN | ACK))
			continue;
		return (struct world_synack){
			.seq = ntohl(*(uint32_t *)(got + tcp + 4)),
			.tsval = world_tsval(got + tcp + 20, got + tcp + (got[tcp + 12] >> 4) * 4),
		};
	}
}

/* A SYN that the kernel answers and nobody acknowledges: SYN_RECV. Returns the answer. */
static inline struct world_synack world_half_open(bool v6, const struct frame_net *net,
						  uint16_t dport)
{
	int packets = MUST(socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)));
	struct timeval patience = { .tv_sec = 5 };
	struct frame f = { .sport = SPORT_HALF_OPEN,
			   .dport = dport,
			   .flags = SYN,
			   .seq = HALF_OPEN_SEQ,
			   .ts = dport == PORT_TIMES,
			   .tsval = HALF_OPEN_TSVAL };
	int fd = MUST(socket(v6 ? AF_INET6 : AF_INET, SOCK_RAW, IPPROTO_RAW)), one = 1;
	struct sockaddr_storage to;
	socklen_t len = world_sockaddr(v6, net->dst, 0, &to);
	uint8_t frame[FRAME_ROOM];
	size_t n = frame_build(&f, net, frame);
	struct world_synack answer;

	MUST(setsockopt(packets, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)));
	if (v6)
		MUST(setsockopt(fd, IPPROTO_IPV6, IPV6_HDRINCL, &one, sizeof(one)));
	MUST(sendto(fd, frame + 14, n - 14, 0, (void *)&to, len));
	answer = world_take_synack(packets, v6, dport);
	close(packets);
	close(fd);
	return answer;
}

/* The server closes first, so the TIME_WAIT is its own. */
static inline void world_time_wait(bool v6, uint16_t port, int listener)
{
	int client = world_connect(v6, SPORT_TIME_WAIT, port);

	close(MUST(accept(listener, NULL, NULL)));
	usleep(1000);
	close(client);
}

static inline void world_connections(bool v6, int web)
{
	world_connect(v6, SPORT_ESTABLISHED, PORT_WEB);
	MUST(accept(web, NULL, NULL));
	MUST(shutdown(world_connect(v6, SPORT_CLOSE_WAIT, PORT_WEB), SHUT_WR));
	MUST(accept(web, NULL, NULL));
	world_time_wait(v6, PORT_WEB, web);
}

/* A sysctl of this namespace, net.ipv4 or net.ipv6. */
static inline void world_sysctl(const char *name, int value)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	f = fopen(path, "we");
	if (!f || fprintf(f, "%d", value) < 0 || fclose(f)) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
}

static inline void world_forward(bool does)
{
	world_sysctl("ipv4/conf/lo/forwarding", does);
	world_sysctl("ipv6/conf/lo/forwarding", does);
}

static inline void world_namespace(void)
{
	MUST(unshare(CLONE_NEWNET));
	world_run(
		"ip link set lo up; ip addr add 192.0.2.1/32 dev lo; ip addr add 192.0.2.2/32 "
		"dev lo; ip addr add 192.0.2.3/32 dev lo;"
		"for i in 1 2 3; do ip addr add 2001:db8::$i/128 dev lo nodad; done;"
		"ip route add 198.18.0.0/15 dev lo;"
		/* To an address that is not its own, IPv6 answers on another device only. */
		"ip link add out address 02:00:00:00:00:08 type veth peer name in;"
		"ip link set out up; ip link set in up;"
		"ip -6 route add 2001:db8:ffff::/48 dev out;"
		"ip -6 neigh add 2001:db8:ffff::7 lladdr 02:00:00:00:00:07 dev out nud permanent");
	world_run("ip addr add 10.9.0.1/24 dev out; ip addr add 2001:db8:9::1/64 dev out nodad;"
		  "hop='lladdr 02:00:00:00:00:09 dev out nud permanent';"
		  "ip neigh add 10.9.0.2 $hop; ip neigh add 2001:db8:9::2 $hop;"
		  "ip route add 203.0.113.0/24 via 10.9.0.2;"
		  "ip route add 203.0.113.128/25 via 10.9.0.2 mtu lock 1400;"
		  "ip route add 2001:db8:71::/48 via 2001:db8:9::2;"
		  "ip route add 2001:db8:71:8000::/49 via 2001:db8:9::2 mtu lock 1400;"
		  "ip route add 203.0.114.0/24 via 10.9.0.3;"
		  "ip route add 2001:db8:72::/48 via 2001:db8:9::3");
	/* Of IPv4, lo has one neighbour for all, and would not hear itself under another MAC. */
	world_run("ip link set lo mtu 1420; ip route add 2001:db8:73::/48 dev lo;"
		  "lo='lladdr 00:00:00:00:00:00 dev lo nud permanent';"
		  "ip neigh add 198.19.7.7 $lo; ip neigh add 2001:db8:73::7 $lo");
	world_sysctl("ipv4/tcp_synack_retries", 12); /* half-open ones outlast the test */
	world_forward(true);
}

#endif
