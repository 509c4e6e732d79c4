/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One connection of tcpload, from connect to close, by the kernel's own socket: what is asked, and
 * that every byte of the reply is there and right. Every step returns 0 or -errno, and `step` says
 * which it was.
 */
#ifndef LAB_TCPLOAD_CLIENT_H
#define LAB_TCPLOAD_CLIENT_H

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "pattern.h"
#include "sockopt.h"

struct args {
	struct sockaddr_storage dst, bind;
	socklen_t dst_len, bind_len;
	const char *dst_text;
	const char *http;
	unsigned int port, source_port, concurrency, timeout_ms, pause_ms;
	uint64_t count, echo;
	const char *md5_key;
	bool is_reuseport, is_fastopen, is_mptcp;
	bool is_vanishing; /* goes without a word: no FIN, no RST */
	bool is_reading;   /* only reads that many bytes, and then the end */
	double seconds;
	bool is_json;
};

/* One connection. */
struct client {
	const struct args *args;
	int fd;
	uint64_t deadline_ns;
	uint64_t connect_us;
	const char *step;
};

static volatile sig_atomic_t is_stopped;

static inline int client_wait(const struct client *client, short events, short *ret_events)
{
	struct pollfd pfd = { .fd = client->fd, .events = events };
	uint64_t now_ns = monotonic_ns();
	int ready;

	if (now_ns >= client->deadline_ns)
		return -ETIMEDOUT;
	ready = poll(&pfd, 1, (int)((client->deadline_ns - now_ns) / 1000000) + 1);
	if (ready < 0)
		return errno == EINTR && !is_stopped ? 0 : -errno;
	*ret_events = pfd.revents;
	return 0;
}

static inline int client_socket(struct client *client)
{
	const struct args *args = client->args;
	int err;

	client->step = "socket";
	client->fd = socket(args->dst.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			    args->is_mptcp ? IPPROTO_MPTCP : 0);
	if (client->fd < 0)
		return -errno;
	err = sockopt_set(client->fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (!err && args->is_reuseport)
		err = sockopt_set(client->fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (!err && args->md5_key)
		err = sockopt_md5_all(client->fd, args->dst.ss_family, args->md5_key);
	if (!err && args->is_fastopen)
		err = sockopt_set(client->fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
	if (err)
		return err;
	client->step = "bind";
	if (args->bind_len &&
	    bind(client->fd, (const struct sockaddr *)&args->bind, args->bind_len))
		return -errno;
	return 0;
}

static inline int client_connect(struct client *client)
{
	const struct args *args = client->args;
	uint64_t start_ns;
	socklen_t len = sizeof(int);
	int err = client_socket(client);
	short got = 0;

	if (err)
		return err;
	client->step = "connect";
	start_ns = monotonic_ns();
	if (connect(client->fd, (const struct sockaddr *)&args->dst, args->dst_len) &&
	    errno != EINPROGRESS)
		return -errno;
	while (!err && !got)
		err = client_wait(client, POLLOUT, &got);
	if (err)
		return err;
	if (getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &err, &len) || err)
		return err ? -err : -errno;
	client->connect_us = (monotonic_ns() - start_ns) / 1000;
	return 0;
}

/* The server ends first, and keeps the TIME_WAIT. */
static inline int client_end(struct client *client)
{
	char byte;
	int err;

	for (;;) {
		ssize_t done = recv(client->fd, &byte, 1, 0);
		short got;

		if (done >= 0)
			return done ? -EBADMSG : 0;
		if (errno != EAGAIN)
			return -errno;
		err = client_wait(client, POLLIN, &got);
		if (err)
			return err;
	}
}

/* Sends bytes of the pattern and reads them back, both at once as the socket allows. */
static inline int client_echo(struct client *client)
{
	uint64_t want = client->args->echo, read = 0;
	uint64_t sent = client->args->is_reading ? want : 0;
	uint8_t buf[65536];
	ssize_t done;
	short got = 0;
	int err;

	client->step = "reply";
	while (read < want) {
		err = client_wait(client, sent < want ? POLLIN | POLLOUT : POLLIN, &got);
		if (err)
			return err;
		if ((got & POLLOUT) && sent < want) {
			size_t len = want - sent < sizeof(buf) ? want - sent : sizeof(buf);

			pattern_fill(buf, len, sent);
			done = send(client->fd, buf, len, MSG_NOSIGNAL);
			if (done < 0 && errno != EAGAIN)
				return -errno;
			sent += done > 0 ? (uint64_t)done : 0;
		}
		if (!(got & (POLLIN | POLLHUP | POLLERR)))
			continue;
		done = recv(client->fd, buf, sizeof(buf), 0);
		if (done < 0 && errno != EAGAIN)
			return -errno;
		if (!done)
			return -ENODATA; /* the end came too early */
		if (done > 0 && pattern_match(buf, (size_t)done, read) != (size_t)done)
			return -EBADMSG;
		read += done > 0 ? (uint64_t)done : 0;
	}
	if (read != want)
		return -EBADMSG;
	return client->args->is_reading ? client_end(client) : 0;
}

static inline int client_send_all(struct client *client, const char *text, size_t len)
{
	while (len) {
		ssize_t done = send(client->fd, text, len, MSG_NOSIGNAL);
		short got;
		int err;

		if (done < 0 && errno != EAGAIN)
			return -errno;
		if (done < 0) {
			err = client_wait(client, POLLOUT, &got);
			if (err)
				return err;
			continue;
		}
		text += done;
		len -= (size_t)done;
	}
	return 0;
}

/* How long the reply with this head must be in all; 0 while the head is not complete or not 200. */
static inline uint64_t http_length(const char *head, bool *ret_is_bad)
{
	const char *end = strstr(head, "\r\n\r\n"), *line;
	unsigned long long body = 0;

	if (!end)
		return 0;
	*ret_is_bad = strncmp(head, "HTTP/1.1 200 ", 13) && strncmp(head, "HTTP/1.0 200 ", 13);
	line = strcasestr(head, "\r\nContent-Length:");
	if (*ret_is_bad || !line || line > end || sscanf(line + 17, "%llu", &body) != 1) {
		*ret_is_bad = true;
		return 0;
	}
	return (uint64_t)(end - head) + 4 + body;
}

static inline int client_http(struct client *client)
{
	uint64_t want = 0, read = 0;
	bool is_bad = false;
	char ask[1024], head[8193], rest[65536];
	int len, err;

	client->step = "reply";
	len = snprintf(ask, sizeof(ask), "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
		       client->args->http, client->args->dst_text);
	if (len < 0 || (size_t)len >= sizeof(ask))
		return -ENAMETOOLONG;
	err = client_send_all(client, ask, (size_t)len);
	while (!err && (!want || read < want)) {
		bool is_head = !want;
		short got = 0;
		ssize_t done;

		err = client_wait(client, POLLIN, &got);
		if (err || !got)
			continue;
		if (is_head && read == sizeof(head) - 1)
			return -EMSGSIZE;
		done = recv(client->fd, is_head ? head + read : rest,
			    is_head ? sizeof(head) - 1 - read : sizeof(rest), 0);
		if (done < 0 && errno != EAGAIN)
			return -errno;
		if (!done)
			return -ENODATA;
		read += done > 0 ? (uint64_t)done : 0;
		if (is_head) {
			head[read] = '\0';
			want = http_length(head, &is_bad);
		}
		if (is_bad)
			return -EBADMSG;
	}
	return err ? err : read == want ? 0 : -EBADMSG;
}

static inline int client_run(struct client *client)
{
	int err = client_connect(client);

	if (!err)
		err = client->args->http ? client_http(client) : client_echo(client);
	if (client->fd >= 0 && client->args->is_vanishing && !err) {
		client->step = "vanish";
		err = sockopt_set(client->fd, IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_ON);
	}
	if (client->fd >= 0)
		close(client->fd);
	return err;
}

#endif
