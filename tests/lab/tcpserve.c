// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TCP server for the lab, with the kernel's own sockets: many connections on one epoll. It
 * decides nothing about how connections come to be; with --report it says what the kernel
 * negotiated for each (TCP_INFO at accept) and what was received (length and FNV-1a at close), one
 * JSON line each.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "args.h"
#include "pattern.h"
#include "sockopt.h"

enum mode { MODE_ECHO, MODE_SINK, MODE_SEND, MODE_HELLO };

static const char hello[] = "hello\n";

struct args {
	const char *listen;
	unsigned int port;
	unsigned int backlog;
	unsigned int rcvbuf;
	enum mode mode;
	uint64_t send_bytes;
	bool is_waiting; /* does not accept before SIGUSR1 */
	bool is_reuseport;
	bool is_v6only;
	bool is_report;
	bool is_mptcp;
	const char *device;
	const char *md5_key;
	unsigned int fastopen_queue;
	unsigned int defer_s;
};

struct conn {
	int fd;
	char peer[INET6_ADDRSTRLEN];
	unsigned int peer_port;
	uint64_t received;
	uint64_t fnv;
	uint64_t to_send; /* of the pattern (MODE_SEND) */
	uint64_t sent;
	size_t held; /* bytes of buf not yet sent: while there are any, none are read */
	size_t held_off;
	bool is_eof;
	uint8_t buf[65536];
};

struct server {
	struct args args;
	int listener;
	int epoll;
	int signals;
	bool is_stopped;
};

static void misuse(const char *what)
{
	fprintf(stderr,
		"tcpserve: %s\n"
		"usage: tcpserve --listen ADDR --port N [--backlog N=4096] [--rcvbuf N]\n"
		"                [--mode echo|sink|hello|send [--bytes N]] [--reuseport] "
		"[--v6only]\n"
		"                [--no-accept-until-signal] [--report] [--mptcp]\n"
		"                [--device DEV] [--md5 KEY] [--fastopen QUEUE] [--defer-accept "
		"S]\n",
		what);
	exit(2);
}

static void fail(const char *what)
{
	fprintf(stderr, "tcpserve: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void read_mode(struct args *args, const char *word)
{
	if (!strcmp(word, "echo"))
		args->mode = MODE_ECHO;
	else if (!strcmp(word, "sink"))
		args->mode = MODE_SINK;
	else if (!strcmp(word, "send"))
		args->mode = MODE_SEND;
	else if (!strcmp(word, "hello"))
		args->mode = MODE_HELLO;
	else
		misuse("--mode wants echo, sink, hello or send");
}

static void read_args(struct args *args, int argc, char **argv)
{
	static const struct option options[] = {
		{ "listen", 1, NULL, 'l' },       { "port", 1, NULL, 'p' },
		{ "backlog", 1, NULL, 'b' },      { "mode", 1, NULL, 'm' },
		{ "bytes", 1, NULL, 'n' },        { "no-accept-until-signal", 0, NULL, 'w' },
		{ "rcvbuf", 1, NULL, 'r' },       { "reuseport", 0, NULL, 'u' },
		{ "v6only", 0, NULL, '6' },       { "report", 0, NULL, 'R' },
		{ "mptcp", 0, NULL, 'M' },        { "device", 1, NULL, 'd' },
		{ "md5", 1, NULL, '5' },          { "fastopen", 1, NULL, 'f' },
		{ "defer-accept", 1, NULL, 'D' }, { 0 },
	};
	int which;

	while ((which = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (which == 'l')
			args->listen = optarg;
		else if (which == 'p')
			args->port = (unsigned int)args_number(optarg, 65535);
		else if (which == 'b')
			args->backlog = (unsigned int)args_number(optarg, 1 << 30);
		else if (which == 'r')
			args->rcvbuf = (unsigned int)args_number(optarg, 1 << 30);
		else if (which == 'n')
			args->send_bytes = args_number(optarg, UINT64_MAX);
		else if (which == 'm')
			read_mode(args, optarg);
		else if (which == 'w')
			args->is_waiting = true;
		else if (which == 'u')
			args->is_reuseport = true;
		else if (which == '6')
			args->is_v6only = true;
		else if (which == 'R')
			args->is_report = true;
		else if (which == 'M')
			args->is_mptcp = true;
		else if (which == 'd')
			args->device = optarg;
		else if (which == '5')
			args->md5_key = optarg;
		else if (which == 'f')
			args->fastopen_queue = (unsigned int)args_number(optarg, 65535);
		else if (which == 'D')
			args->defer_s = (unsigned int)args_number(optarg, 60);
		else
			misuse("unknown option");
	}
	if (optind < argc)
		misuse(argv[optind]);
	if (!args->listen || !args->port)
		misuse("--listen and --port are needed");
}

static void set_options(const struct args *args, int fd, int family)
{
	if (args->device && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, args->device,
				       (socklen_t)strlen(args->device)))
		fail("SO_BINDTODEVICE");
	if (args->md5_key && sockopt_md5_all(fd, family, args->md5_key))
		fail("TCP_MD5SIG_EXT");
	if (args->fastopen_queue &&
	    sockopt_set(fd, IPPROTO_TCP, TCP_FASTOPEN, (int)args->fastopen_queue))
		fail("TCP_FASTOPEN");
	if (args->defer_s && sockopt_set(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, (int)args->defer_s))
		fail("TCP_DEFER_ACCEPT");
}

static int make_listener(const struct args *args)
{
	int fd, on = 1, v6only = args->is_v6only, rcvbuf = (int)args->rcvbuf;
	struct sockaddr_storage addr;
	socklen_t len = args_sockaddr(args->listen, args->port, &addr);

	fd = socket(addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
		    args->is_mptcp ? IPPROTO_MPTCP : 0);
	if (fd < 0)
		fail("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (args->is_reuseport)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (addr.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof(v6only));
	if (rcvbuf)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	set_options(args, fd, addr.ss_family);
	if (bind(fd, (struct sockaddr *)&addr, len))
		fail("bind");
	if (listen(fd, (int)args->backlog))
		fail("listen");
	return fd;
}

/* ---- what --report says ------------------------------------------------------------------------
 */

static const char *word(bool value)
{
	return value ? "true" : "false";
}

static void report_accept(const struct conn *conn)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info), int_len = sizeof(int);
	int maxseg = 0;

	if (getsockopt(conn->fd, IPPROTO_TCP, TCP_INFO, &info, &len) ||
	    getsockopt(conn->fd, IPPROTO_TCP, TCP_MAXSEG, &maxseg, &int_len))
		return;
	printf("{\"event\": \"accept\", \"peer\": \"%s\", \"peer_port\": %u, \"timestamps\": %s, "
	       "\"sack\": %s, \"wscale\": %s, \"ecn\": %s, \"snd_wscale\": %u, \"rcv_wscale\": %u, "
	       "\"maxseg\": %d, \"snd_mss\": %u, \"rcv_mss\": %u, \"advmss\": %u, \"pmtu\": %u, "
	       "\"rtt_us\": %u, \"min_rtt_us\": %u, \"retransmits\": %u}\n",
	       conn->peer, conn->peer_port, word(info.tcpi_options & TCPI_OPT_TIMESTAMPS),
	       word(info.tcpi_options & TCPI_OPT_SACK), word(info.tcpi_options & TCPI_OPT_WSCALE),
	       word(info.tcpi_options & TCPI_OPT_ECN), info.tcpi_snd_wscale, info.tcpi_rcv_wscale,
	       maxseg, info.tcpi_snd_mss, info.tcpi_rcv_mss, info.tcpi_advmss, info.tcpi_pmtu,
	       info.tcpi_rtt, info.tcpi_min_rtt, info.tcpi_total_retrans);
	fflush(stdout);
}

static void report_close(const struct conn *conn, int err)
{
	printf("{\"event\": \"close\", \"peer\": \"%s\", \"peer_port\": %u, \"received\": %llu, "
	       "\"fnv1a\": \"%016llx\", \"sent\": %llu, \"error\": \"%s\"}\n",
	       conn->peer, conn->peer_port, (unsigned long long)conn->received,
	       (unsigned long long)conn->fnv, (unsigned long long)conn->sent,
	       err ? strerrorname_np(err) : "");
	fflush(stdout);
}

/* ---- connections -------------------------------------------------------------------------------
 */

static void conn_close(struct server *server, struct conn *conn, int err)
{
	if (server->args.is_report)
		report_close(conn, err);
	close(conn->fd);
	free(conn);
}

/* Tries to send what is held. 0 all gone, -EAGAIN not all, else -errno. */
static int conn_flush(struct conn *conn)
{
	for (;;) {
		ssize_t done;

		if (!conn->held && conn->to_send) {
			conn->held = conn->to_send < sizeof(conn->buf) ? conn->to_send :
									 sizeof(conn->buf);
			conn->held_off = 0;
			conn->to_send -= conn->held;
			pattern_fill(conn->buf, conn->held, conn->sent);
		}
		if (!conn->held)
			return 0;
		done = send(conn->fd, conn->buf + conn->held_off, conn->held, MSG_NOSIGNAL);
		if (done < 0)
			return -errno;
		conn->held -= (size_t)done;
		conn->held_off += (size_t)done;
		conn->sent += (uint64_t)done;
	}
}

/* 0 read all there is or the end, else -errno. */
static int conn_read(struct conn *conn, enum mode mode)
{
	while (!conn->held && !conn->is_eof) {
		ssize_t got = recv(conn->fd, conn->buf, sizeof(conn->buf), 0);
		int err;

		if (got < 0)
			return errno == EAGAIN ? 0 : -errno;
		conn->is_eof = !got;
		conn->received += (uint64_t)got;
		conn->fnv = fnv_add(conn->fnv, conn->buf, (size_t)got);
		if (mode == MODE_ECHO || mode == MODE_HELLO) {
			conn->held = (size_t)got;
			conn->held_off = 0;
			err = conn_flush(conn);
			if (err && err != -EAGAIN)
				return err;
		}
	}
	return 0;
}

static void conn_step(struct server *server, struct conn *conn)
{
	struct epoll_event event = { .data.ptr = conn };
	enum mode mode = server->args.mode;
	int err = conn_flush(conn);

	if (!err)
		err = conn_read(conn, mode);
	if (err && err != -EAGAIN) {
		conn_close(server, conn, -err);
		return;
	}
	if (!conn->held && !conn->to_send && (conn->is_eof || mode == MODE_SEND)) {
		conn_close(server, conn, 0);
		return;
	}
	event.events = conn->held ? EPOLLOUT : EPOLLIN;
	epoll_ctl(server->epoll, EPOLL_CTL_MOD, conn->fd, &event);
}

static void conn_name(struct conn *conn, const struct sockaddr_storage *peer)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)peer;
	const struct sockaddr_in *four = (const struct sockaddr_in *)peer;

	if (peer->ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &six->sin6_addr, conn->peer, sizeof(conn->peer));
		conn->peer_port = ntohs(six->sin6_port);
	} else {
		inet_ntop(AF_INET, &four->sin_addr, conn->peer, sizeof(conn->peer));
		conn->peer_port = ntohs(four->sin_port);
	}
}

static void accept_one(struct server *server, int fd, const struct sockaddr_storage *peer)
{
	struct conn *conn = malloc(sizeof(*conn));
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = conn };

	if (!conn)
		fail("out of memory");
	memset(conn, 0, offsetof(struct conn, buf));
	conn->fd = fd;
	conn->fnv = FNV_START;
	conn_name(conn, peer);
	if (server->args.is_report)
		report_accept(conn);
	if (server->args.mode == MODE_HELLO) {
		conn->held = sizeof(hello) - 1;
		memcpy(conn->buf, hello, conn->held);
	}
	if (server->args.mode == MODE_SEND)
		conn->to_send = server->args.send_bytes;
	if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event))
		fail("epoll");
	conn_step(server, conn);
}

static void accept_all(struct server *server)
{
	for (;;) {
		struct sockaddr_storage peer;
		socklen_t len = sizeof(peer);
		int fd = accept4(server->listener, (struct sockaddr *)&peer, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0)
			accept_one(server, fd, &peer);
		else if (errno == EAGAIN)
			return;
		else if (errno != ECONNABORTED && errno != EINTR)
			fail("accept");
	}
}

static void watch_listener(struct server *server)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = &server->listener };

	if (server->args.is_waiting)
		return;
	if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->listener, &event) && errno != EEXIST)
		fail("epoll");
}

static void on_signal(struct server *server)
{
	struct signalfd_siginfo info;

	if (read(server->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo != SIGUSR1) {
		server->is_stopped = true;
		return;
	}
	server->args.is_waiting = false;
	watch_listener(server);
}

static void serve(struct server *server)
{
	struct epoll_event events[64];
	int i, nr;

	while (!server->is_stopped) {
		nr = epoll_wait(server->epoll, events, 64, -1);
		for (i = 0; i < nr; i++) {
			if (events[i].data.ptr == &server->signals)
				on_signal(server);
			else if (events[i].data.ptr == &server->listener)
				accept_all(server);
			else
				conn_step(server, events[i].data.ptr);
		}
	}
}

int main(int argc, char **argv)
{
	struct server server = { .args = { .backlog = 4096, .send_bytes = 1 << 20 } };
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = &server.signals };
	sigset_t set;

	read_args(&server.args, argc, argv);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	server.signals = signalfd(-1, &set, SFD_CLOEXEC);
	server.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (server.signals < 0 || server.epoll < 0)
		fail("cannot start");
	epoll_ctl(server.epoll, EPOLL_CTL_ADD, server.signals, &event);
	server.listener = make_listener(&server.args);
	watch_listener(&server);
	printf("ready\n");
	fflush(stdout);
	serve(&server);
	return 0;
}
