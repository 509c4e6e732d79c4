/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The client's half of the wire format in proto.h, and what is said when the daemon is not there,
 * not for us, silent or strange. What a reply means is for the verbs.
 */
#include "client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "json.h"
#include "proto.h"

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum cli_exit complain_connect(const char *path, int err)
{
	switch (err) {
	case ENOENT:
	case ECONNREFUSED:
		fprintf(stderr,
			"synward: no synwardd answers at %s; start it with 'synwardd' (configured "
			"in "
			"/etc/synward/synward.conf) or 'synwardd --interface DEV --ports PORTS'\n",
			path);
		return CLI_NO_DAEMON;
	case EACCES:
	case EPERM:
		fprintf(stderr,
			"synward: no permission for %s; run as root, or as a member of group %s\n",
			path, PROTO_SOCKET_GROUP);
		return CLI_FAILED;
	case EAGAIN:
		fprintf(stderr, "synward: synwardd at %s is busy; try again\n", path);
		return CLI_FAILED;
	default:
		fprintf(stderr, "synward: cannot connect to %s: %s\n", path, strerror(err));
		return CLI_FAILED;
	}
}

static enum cli_exit complain_lost(const char *path, int err)
{
	if (err == -ETIMEDOUT)
		fprintf(stderr,
			"synward: synwardd at %s gives no answer within %d s; its log may say "
			"why\n",
			path, PROTO_DEADLINE_SECONDS);
	else
		fprintf(stderr, "synward: synwardd at %s: %s\n", path, strerror(-err));
	return CLI_FAILED;
}

static enum cli_exit connect_to(const char *path, int *ret_fd)
{
	int fd __cleanup(cleanup_close) =
		socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (fd < 0)
		return complain_connect(path, errno);
	if (!*path || strlen(path) > PROTO_PATH_MAX)
		return cli_misuse("--socket", "needs a path of 1 to 107 bytes");
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return complain_connect(path, errno);
	*ret_fd = take_fd(&fd);
	return CLI_DONE;
}

/* Until the socket is ready for `events`. Returns 0 or -errno. */
static int wait_for(int fd, short events, long end_ms)
{
	struct pollfd ready = { .fd = fd, .events = events };
	long left_ms;
	int nr;

	do {
		left_ms = end_ms - now_ms();
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

/* One message and its NUL into *ret, to be freed. */
static int receive_message(int fd, long end_ms, char **ret)
{
	char *bytes __cleanup(cleanup_free) = malloc(PROTO_REPLY_MAX + 1);
	size_t nr_bytes = 0;
	ssize_t nr;
	int err;

	if (!bytes)
		return -ENOMEM;
	while (nr_bytes <= PROTO_REPLY_MAX) {
		err = wait_for(fd, POLLIN, end_ms);
		if (err)
			return err;
		nr = recv(fd, bytes + nr_bytes, PROTO_REPLY_MAX + 1 - nr_bytes, 0);
		if (nr == 0)
			return -ECONNRESET;
		if (nr < 0 && errno != EAGAIN)
			return -errno;
		if (nr > 0 && memchr(bytes + nr_bytes, '\0', (size_t)nr)) {
			*ret = take_ptr(bytes);
			return 0;
		}
		nr_bytes += nr > 0 ? (size_t)nr : 0;
	}
	return -EMSGSIZE;
}

static enum cli_exit read_reply(const char *path, const char *text, json_t **ret)
{
	json_t *reply __cleanup(cleanup_json) = json_loads(text, 0, NULL);
	const char *error = NULL, *detail = NULL;
	json_t *parameters;

	parameters = json_object_get(reply, "parameters");
	error = json_string_value(json_object_get(reply, "error"));
	if (error) {
		detail = json_string_value(json_object_iter_value(json_object_iter(parameters)));
		fprintf(stderr, "synward: synwardd refuses: %s%s%s\n", error, detail ? ": " : "",
			detail ?: "");
		return CLI_FAILED;
	}
	if (!json_is_object(parameters)) {
		fprintf(stderr, "synward: what answers at %s is no synwardd\n", path);
		return CLI_FAILED;
	}
	*ret = json_incref(parameters);
	return CLI_DONE;
}

enum cli_exit client_call(const struct cli *cli, const char *method, json_t **ret)
{
	const long end_ms = now_ms() + PROTO_DEADLINE_SECONDS * 1000L;
	char *request __cleanup(cleanup_free) = NULL;
	char *text __cleanup(cleanup_free) = NULL;
	int fd __cleanup(cleanup_close) = -1;
	enum cli_exit end;
	int err;

	end = connect_to(cli->socket_path, &fd);
	if (end)
		return end;
	if (asprintf(&request, "{\"method\":\"%s\"}", method) < 0) {
		request = NULL;
		return complain_lost(cli->socket_path, -ENOMEM);
	}
	err = send_all(fd, request, strlen(request) + 1, end_ms);
	if (!err)
		err = receive_message(fd, end_ms, &text);
	if (err)
		return complain_lost(cli->socket_path, err);
	return read_reply(cli->socket_path, text, ret);
}
