/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The client's half of the wire format in proto.h, and what is said when the daemon is not there,
 * not for us, silent or strange. What a reply means is for the verbs.
 */
#include "client.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "json.h"
#include "proto.h"

#define WITHOUT_END LONG_MAX /* a time that does not come */

struct client {
	const char *path;
	FILE *complaints;
	int fd;
	char *in; /* PROTO_REPLY_MAX + 1 bytes */
	size_t nr_in;
	size_t nr_taken; /* of them, by the message that was received last */
};

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum cli_exit complain_connect(const struct cli *cli, int err)
{
	FILE *to = cli->complaints ?: stderr;
	const char *path = cli->socket_path;

	switch (err) {
	case ENOENT:
	case ECONNREFUSED:
		fprintf(to,
			"synward: no synwardd answers at %s; start it with 'synwardd' (configured "
			"in "
			"/etc/synward/synward.conf) or 'synwardd --interface DEV --ports PORTS'\n",
			path);
		return CLI_NO_DAEMON;
	case EACCES:
	case EPERM:
		fprintf(to,
			"synward: no permission for %s; run as root, or as a member of group %s\n",
			path, PROTO_SOCKET_GROUP);
		return CLI_FAILED;
	case EAGAIN:
		fprintf(to, "synward: synwardd at %s is busy; try again\n", path);
		return CLI_FAILED;
	default:
		fprintf(to, "synward: cannot connect to %s: %s\n", path, strerror(err));
		return CLI_FAILED;
	}
}

static enum cli_exit complain_lost(const struct client *client, int err)
{
	if (err == -ETIMEDOUT)
		fprintf(client->complaints,
			"synward: synwardd at %s gives no answer within %d s; its log may say "
			"why\n",
			client->path, PROTO_DEADLINE_SECONDS);
	else
		fprintf(client->complaints, "synward: synwardd at %s: %s\n", client->path,
			strerror(-err));
	return CLI_FAILED;
}

/* Until the socket is ready for `events`. Returns 0 or -errno. */
static int wait_for(int fd, short events, long end_ms)
{
	struct pollfd ready = { .fd = fd, .events = events };
	long left_ms;
	int nr;

	do {
		left_ms = end_ms - now_ms();
		if (end_ms == WITHOUT_END)
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

/* The next message, which is good until the one after it is received. */
static int receive_message(struct client *client, long end_ms, const char **ret)
{
	const char *end;
	size_t nr_seen = 0;
	ssize_t nr;
	int err;

	client->nr_in -= client->nr_taken;
	memmove(client->in, client->in + client->nr_taken, client->nr_in);
	client->nr_taken = 0;
	while (!(end = memchr(client->in + nr_seen, '\0', client->nr_in - nr_seen))) {
		nr_seen = client->nr_in;
		if (client->nr_in > PROTO_REPLY_MAX)
			return -EMSGSIZE;
		err = wait_for(client->fd, POLLIN, end_ms);
		if (err)
			return err;
		nr = recv(client->fd, client->in + client->nr_in,
			  PROTO_REPLY_MAX + 1 - client->nr_in, 0);
		if (nr == 0)
			return -ECONNRESET;
		if (nr < 0 && errno != EAGAIN)
			return -errno;
		client->nr_in += nr > 0 ? (size_t)nr : 0;
	}
	client->nr_taken = (size_t)(end - client->in) + 1;
	*ret = client->in;
	return 0;
}

/* The daemon's own words where it has some for the user. */
static enum cli_exit complain_error(const struct client *client, const char *error,
				    const json_t *parameters)
{
	const char *detail =
		json_string_value(json_object_iter_value(json_object_iter((json_t *)parameters)));

	if (!strcmp(error, VARLINK_ERROR_METHOD_NOT_FOUND) && detail)
		fprintf(client->complaints,
			"synward: synwardd does not know %s; restart it, so that it is as new as "
			"synward\n",
			detail);
	else if (json_object_get(parameters, "reason") &&
		 strcmp(error, PROTO_ERROR_INVALID_REQUEST) && detail)
		fprintf(client->complaints, "synward: %s\n", detail);
	else
		fprintf(client->complaints, "synward: synwardd refuses: %s%s%s\n", error,
			detail ? ": " : "", detail ?: "");
	return strcmp(error, PROTO_ERROR_INVALID_ARGUMENT) ? CLI_FAILED : CLI_MISUSE;
}

static enum cli_exit complain_config(const struct client *client, const json_t *errors)
{
	const json_t *line;
	size_t i;

	for (i = 0; (line = json_array_get(errors, i)); i++)
		fprintf(client->complaints, "synward: %s\n",
			json_string_value(line) ?: "(no text)");
	return CLI_FAILED;
}

static enum cli_exit read_reply(const struct client *client, const char *text, json_t **ret)
{
	json_t *reply __cleanup(cleanup_json) = json_loads(text, 0, NULL);
	json_t *parameters = json_object_get(reply, "parameters");
	const char *error = json_string_value(json_object_get(reply, "error"));

	if (error && !strcmp(error, PROTO_ERROR_INVALID_CONFIG) &&
	    json_array_size(json_object_get(parameters, "errors")))
		return complain_config(client, json_object_get(parameters, "errors"));
	if (error)
		return complain_error(client, error, parameters);
	if (!json_is_object(parameters)) {
		fprintf(client->complaints, "synward: what answers at %s is no synwardd\n",
			client->path);
		return CLI_FAILED;
	}
	*ret = json_incref(parameters);
	return CLI_DONE;
}

/* The parameters are taken over. */
static enum cli_exit send_call(struct client *client, const char *method, json_t *parameters,
			       bool is_more, long end_ms)
{
	json_t *request __cleanup(cleanup_json) = NULL;
	char *text __cleanup(cleanup_free) = NULL;
	int err;

	if (!parameters) {
		fputs("synward: a word is no valid UTF-8\n", client->complaints);
		return CLI_MISUSE;
	}
	request = json_pack("{s:s, s:o}", "method", method, "parameters", parameters);
	if (is_more)
		json_object_set_new(request, "more", json_true());
	text = request ? json_dumps(request, JSON_COMPACT) : NULL;
	err = text ? send_all(client->fd, text, strlen(text) + 1, end_ms) : -ENOMEM;
	return err ? complain_lost(client, err) : CLI_DONE;
}

enum cli_exit client_open(const struct cli *cli, struct client **ret)
{
	struct client *client __cleanup(cleanup_client) = NULL;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = cli->socket_path;

	if (!*path || strlen(path) > PROTO_PATH_MAX)
		return cli_misuse("--socket", "needs a path of 1 to 107 bytes");
	client = calloc(1, sizeof(*client));
	if (!client)
		return complain_connect(cli, ENOMEM);
	client->path = path;
	client->complaints = cli->complaints ?: stderr;
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	client->in = malloc(PROTO_REPLY_MAX + 1);
	if (client->fd < 0 || !client->in)
		return complain_connect(cli, errno);
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (connect(client->fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return complain_connect(cli, errno);
	*ret = take_ptr(client);
	return CLI_DONE;
}

void client_close(struct client *client)
{
	if (!client)
		return;
	if (client->fd >= 0)
		close(client->fd);
	free(client->in);
	free(client);
}

enum cli_exit client_send(struct client *client, const char *method, json_t *parameters)
{
	return send_call(client, method, parameters, false,
			 now_ms() + PROTO_DEADLINE_SECONDS * 1000L);
}

int client_fd(const struct client *client)
{
	return client->fd;
}

enum cli_exit client_receive(struct client *client, json_t **ret)
{
	const char *text;
	int err = receive_message(client, now_ms() + PROTO_DEADLINE_SECONDS * 1000L, &text);

	return err ? complain_lost(client, err) : read_reply(client, text, ret);
}

enum cli_exit client_give_up(const struct client *client)
{
	return complain_lost(client, -ETIMEDOUT);
}

enum cli_exit client_call(struct client *client, const char *method, json_t *parameters,
			  json_t **ret)
{
	enum cli_exit end = client_send(client, method, parameters);

	return end ?: client_receive(client, ret);
}

enum cli_exit client_listen(struct client *client, const char *method)
{
	return send_call(client, method, json_object(), true,
			 now_ms() + PROTO_DEADLINE_SECONDS * 1000L);
}

enum cli_exit client_next(struct client *client, json_t **ret)
{
	const char *text;
	int err = receive_message(client, WITHOUT_END, &text);

	if (err == -ECONNRESET) {
		fprintf(stderr, "synward: synwardd at %s is gone\n", client->path);
		return CLI_NO_DAEMON;
	}
	return err ? complain_lost(client, err) : read_reply(client, text, ret);
}

enum cli_exit client_ask(const struct cli *cli, const char *method, json_t *parameters,
			 json_t **ret)
{
	struct client *client __cleanup(cleanup_client) = NULL;
	enum cli_exit end = client_open(cli, &client);

	if (end) {
		json_decref(parameters);
		return end;
	}
	return client_call(client, method, parameters, ret);
}

enum cli_exit client_ask_quietly(const struct cli *cli, const char *method, json_t *parameters,
				 json_t **ret, char ret_why[CLIENT_WHY_SIZE])
{
	static const char prefix[] = "synward: ";
	FILE *why = fmemopen(ret_why, CLIENT_WHY_SIZE, "w");
	struct cli quiet = *cli;
	enum cli_exit end;

	ret_why[0] = '\0';
	if (!why) {
		json_decref(parameters);
		snprintf(ret_why, CLIENT_WHY_SIZE, "no memory");
		return CLI_FAILED;
	}
	quiet.complaints = why;
	end = client_ask(&quiet, method, parameters, ret);
	fclose(why);
	ret_why[CLIENT_WHY_SIZE - 1] = '\0';
	ret_why[strcspn(ret_why, "\n")] = '\0';
	if (!strncmp(ret_why, prefix, strlen(prefix)))
		memmove(ret_why, ret_why + strlen(prefix), strlen(ret_why + strlen(prefix)) + 1);
	return end;
}
