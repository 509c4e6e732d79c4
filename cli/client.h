/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A call to synwardd over its control socket: connect, ask, wait for the whole reply, at most
 * PROTO_DEADLINE_SECONDS for all of it. Prints one line with the cause and the remedy when there is
 * no reply.
 */
#ifndef SYNWARD_CLIENT_H
#define SYNWARD_CLIENT_H

#include <jansson.h>

#include "cli.h"

/* The parameters of the reply as a new reference in *ret, which is untouched on failure. */
enum cli_exit client_call(const struct cli *cli, const char *method, json_t **ret);

#endif
