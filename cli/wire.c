/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The client's half of the wire format: JSON that ends in a NUL byte, over a socket that never
 * blocks longer than the caller says.
 */
#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "json.h"
#include "proto.h"

struct wire {
	int fd;
	char *in; /* PROTO_REPLY_MAX + 1 bytes */
	size_t nr_in;
	size_t nr_taken; /* of them, by the message that was received last */
};

long wire_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until the socket is ready for `events`. Returns 0 or -errno. */
static int wait_for(int fd, short events, long end_ms)
{
	struct pollfd ready = { .fd = fd, .events = events };
	long left_ms;
	int nr;

	do {
		left_ms = end_ms - wire_now_ms();
		if (end_ms == WIRE_WITHOUT_END)
			nr = poll(&ready, 1, -1);
		else
			nr = poll(&ready, 1, left_ms > 0 ? (int)left_ms : 0);
	} while (nr < 0 && errno == EINTR);
	if (nr < 0)
		return -errno;
	return nr ? 0 : -ETIMEDOUT;
}

static int send_all(int fd, const char *bytes, size_t nr_bytes, long end_ms)
{
	ssize_t nr;
	int err;

	while (nr_bytes) {
		err = wait_for(fd, POLLOUT, end_ms);
		if (err)
			return err;
		nr = send(fd, bytes, nr_bytes, MSG_NOSIGNAL);
		if (nr < 0 && errno != EAGAIN)
			return -errno;
		if (nr > 0) {
			bytes += nr;
			nr_bytes -= (size_t)nr;
		}
	}
	return 0;
}

int wire_receive(struct wire *wire, long end_ms, const char **ret)
{
	const char *end;
	size_t nr_seen = 0;
	ssize_t nr;
	int err;

	wire->nr_in -= wire->nr_taken;
	memmove(wire->in, wire->in + wire->nr_taken, wire->nr_in);
	wire->nr_taken = 0;
	while (!(end = memchr(wire->in + nr_seen, '\0', wire->nr_in - nr_seen))) {
		nr_seen = wire->nr_in;
		if (wire->nr_in > PROTO_REPLY_MAX)
			return -EMSGSIZE;
		err = wait_for(wire->fd, POLLIN, end_ms);
		if (err)
			return err;
		nr = recv(wire->fd, wire->in + wire->nr_in, PROTO_REPLY_MAX + 1 - wire->nr_in, 0);
		if (nr == 0)
			return -ECONNRESET;
		if (nr < 0 && errno != EAGAIN)
			return -errno;
		wire->nr_in += nr > 0 ? (size_t)nr : 0;
	}
	wire->nr_taken = (size_t)(end - wire->in) + 1;
	*ret = wire->in;
	return 0;
}

bool wire_has_message(const struct wire *wire)
{
	return memchr(wire->in + wire->nr_taken, '\0', wire->nr_in - wire->nr_taken);
}

int wire_send(struct wire *wire, const char *method, json_t *parameters, bool is_more, long end_ms)
{
	json_t *request __cleanup(cleanup_json) =
		json_pack("{s:s, s:o}", "method", method, "parameters", parameters);
	char *text __cleanup(cleanup_free) = NULL;

	if (is_more)
		json_object_set_new(request, "more", json_true());
	text = request ? json_dumps(request, JSON_COMPACT) : NULL;
	return text ? send_all(wire->fd, text, strlen(text) + 1, end_ms) : -ENOMEM;
}

int wire_open(const char *path, struct wire **ret)
{
	struct wire *wire __cleanup(cleanup_wire) = calloc(1, sizeof(*wire));
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (!wire)
		return -ENOMEM;
	wire->fd = -1;
	if (strlen(path) > PROTO_PATH_MAX)
		return -ENAMETOOLONG;
	wire->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (wire->fd < 0)
		return -errno;
	wire->in = malloc(PROTO_REPLY_MAX + 1);
	if (!wire->in)
		return -ENOMEM;
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (connect(wire->fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	*ret = take_ptr(wire);
	return 0;
}

int wire_fd(const struct wire *wire)
{
	return wire->fd;
}

void wire_close(struct wire *wire)
{
	if (!wire)
		return;
	if (wire->fd >= 0)
		close(wire->fd);
	free(wire->in);
	free(wire);
}
