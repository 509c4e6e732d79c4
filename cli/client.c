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
	FILE *complaints;
	struct wire *wire;
};

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
	int err;

	if (!parameters) {
		fputs("synward: a word is no valid UTF-8\n", client->complaints);
		return CLI_MISUSE;
	}
	err = wire_send(client->wire, method, parameters, is_more, end_ms);
	return err ? complain_lost(client, err) : CLI_DONE;
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
		return complain_connect(cli, ENOMEM);
	client->path = path;
	client->complaints = cli->complaints ?: stderr;
	err = wire_open(path, &client->wire);
	if (err)
		return complain_connect(cli, -err);
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

enum cli_exit client_send(struct client *client, const char *method, json_t *parameters)
{
	return send_call(client, method, parameters, false,
			 wire_now_ms() + PROTO_DEADLINE_SECONDS * 1000L);
}

int client_fd(const struct client *client)
{
	return wire_fd(client->wire);
}

enum cli_exit client_receive(struct client *client, json_t **ret)
{
	const char *text;
	int err = wire_receive(client->wire, wire_now_ms() + PROTO_DEADLINE_SECONDS * 1000L, &text);

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

enum cli_exit client_listen(struct client *client, const char *method, json_t *parameters)
{
	return send_call(client, method, parameters, true,
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
	return err ? complain_lost(client, err) : read_reply(client, text, ret);
}

bool client_has_next(const struct client *client)
{
	return wire_has_message(client->wire);
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
