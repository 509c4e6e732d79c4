/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls to synwardd over its control socket, one after the other on one connection, or one that
 * streams. Whatever fails has printed one line with the cause and the remedy to cli->complaints; if
 * synwardd gave a reason, it is that. The exit says whose fault it is: CLI_NO_DAEMON nobody
 * answers, CLI_MISUSE a word is wrong, CLI_FAILED the rest.
 */
#ifndef SYNWARD_CLIENT_H
#define SYNWARD_CLIENT_H

#include <jansson.h>

#include "cli.h"

struct client;

enum cli_exit client_open(const struct cli *cli, struct client **ret);
void client_close(struct client *client);

static inline void cleanup_client(struct client **client)
{
	client_close(*client);
}

/*
 * Asks and waits for the reply, at most PROTO_DEADLINE_SECONDS. `parameters` is taken over; NULL is
 * what jansson makes of words that are no UTF-8. The parameters of the reply are a new reference in
 * *ret, which is untouched on failure.
 */
enum cli_exit client_call(struct client *client, const char *method, json_t *parameters,
			  json_t **ret);

/* The same in two steps, for who has other things to wait for meanwhile: client_fd() can be read
 * when it is time for the second, or after PROTO_DEADLINE_SECONDS for client_give_up(), which says
 * so. */
enum cli_exit client_send(struct client *client, const char *method, json_t *parameters);
int client_fd(const struct client *client);
enum cli_exit client_receive(struct client *client, json_t **ret);
enum cli_exit client_give_up(const struct client *client);

/* The same on a connection of its own. */
enum cli_exit client_ask(const struct cli *cli, const char *method, json_t *parameters,
			 json_t **ret);

/* The same for what synwardd may leave unanswered: nothing is printed, and the line that would have
 * been, without "synward: ", is in @ret_why. */
#define CLIENT_WHY_SIZE 256
enum cli_exit client_ask_quietly(const struct cli *cli, const char *method, json_t *parameters,
				 json_t **ret, char ret_why[CLIENT_WHY_SIZE]);

/* Begins a stream; each client_next() waits for one reply, however long. When synwardd goes away it
 * says so, and returns CLI_NO_DAEMON. Who has other things to wait for meanwhile waits for
 * client_fd() to be readable, unless client_has_next(). */
enum cli_exit client_listen(struct client *client, const char *method, json_t *parameters);
enum cli_exit client_next(struct client *client, json_t **ret);
bool client_has_next(const struct client *client);

#endif
