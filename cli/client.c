/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is said when the daemon is not there, not for us, silent or strange. How bytes come and go
 * is wire.c's; what a reply means is for the verbs.
 */
#include "client.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "proto.h"
#include "wire.h"

struct client {
	const char *path;
	struct wire *wire;
};

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

/* The daemon's own words where it has some for the user. */
static enum cli_exit complain_error(const char *error, const json_t *parameters)
{
	const char *detail =
		json_string_value(json_object_iter_value(json_object_iter((json_t *)parameters)));

	if (!strcmp(error, VARLINK_ERROR_METHOD_NOT_FOUND) && detail)
		fprintf(stderr,
			"synward: synwardd does not know %s; restart it, so that it is as new as "
			"synward\n",
			detail);
	else if (json_object_get(parameters, "reason") &&
		 strcmp(error, PROTO_ERROR_INVALID_REQUEST) && detail)
		fprintf(stderr, "synward: %s\n", detail);
	else
		fprintf(stderr, "synward: synwardd refuses: %s%s%s\n", error, detail ? ": " : "",
			detail ?: "");
	return strcmp(error, PROTO_ERROR_INVALID_ARGUMENT) ? CLI_FAILED : CLI_MISUSE;
}

static enum cli_exit read_reply(const char *path, const char *text, json_t **ret)
{
	json_t *reply __cleanup(cleanup_json) = json_loads(text, 0, NULL);
	json_t *parameters = json_object_get(reply, "parameters");
	const char *error = json_string_value(json_object_get(reply, "error"));

	if (error)
		return complain_error(error, parameters);
	if (!json_is_object(parameters)) {
		fprintf(stderr, "synward: what answers at %s is no synwardd\n", path);
		return CLI_FAILED;
	}
	*ret = json_incref(parameters);
	return CLI_DONE;
}

/* The parameters are taken over. */
static enum cli_exit send_call(struct client *client, const char *method, json_t *parameters,
			       bool is_more, long end_ms)
{
	int err;

	if (!parameters) {
		fputs("synward: a word is no valid UTF-8\n", stderr);
		return CLI_MISUSE;
	}
	err = wire_send(client->wire, method, parameters, is_more, end_ms);
	return err ? complain_lost(client->path, err) : CLI_DONE;
}

enum cli_exit client_open(const struct cli *cli, struct client **ret)
{
	struct client *client __cleanup(cleanup_client) = NULL;
	const char *path = cli->socket_path;
	int err;

	if (!*path || strlen(path) > PROTO_PATH_MAX)
		return cli_misuse("--socket", "needs a path of 1 to 107 bytes");
	client = calloc(1, sizeof(*client));
	if (!client)
		return complain_connect(path, ENOMEM);
	client->path = path;
	err = wire_open(path, &client->wire);
	if (err)
		return complain_connect(path, -err);
	*ret = take_ptr(client);
	return CLI_DONE;
}

void client_close(struct client *client)
{
	if (!client)
		return;
	wire_close(client->wire);
	free(client);
}

enum cli_exit client_call(struct client *client, const char *method, json_t *parameters,
			  json_t **ret)
{
	const long end_ms = wire_now_ms() + PROTO_DEADLINE_SECONDS * 1000L;
	enum cli_exit end = send_call(client, method, parameters, false, end_ms);
	const char *text;
	int err;

	if (end)
		return end;
	err = wire_receive(client->wire, end_ms, &text);
	return err ? complain_lost(client->path, err) : read_reply(client->path, text, ret);
}

enum cli_exit client_listen(struct client *client, const char *method)
{
	return send_call(client, method, json_object(), true,
			 wire_now_ms() + PROTO_DEADLINE_SECONDS * 1000L);
}

enum cli_exit client_next(struct client *client, json_t **ret)
{
	const char *text;
	int err = wire_receive(client->wire, WIRE_WITHOUT_END, &text);

	if (err == -ECONNRESET) {
		fprintf(stderr, "synward: synwardd at %s is gone\n", client->path);
		return CLI_NO_DAEMON;
	}
	return err ? complain_lost(client->path, err) : read_reply(client->path, text, ret);
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
