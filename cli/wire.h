/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One connection to synwardd's control socket, in the wire format of proto.h. It neither prints nor
 * logs: what a failure means to whom is for the callers, the CLI (client.c) and synward-exporter.
 * All return 0 or -errno.
 */
#ifndef SYNWARD_WIRE_H
#define SYNWARD_WIRE_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>

struct wire;

#define WIRE_WITHOUT_END LONG_MAX /* a time that does not come */

/* Milliseconds on the clock that ends are given on. */
long wire_now_ms(void);

/* `path` has at most PROTO_PATH_MAX bytes. */
int wire_open(const char *path, struct wire **ret);
void wire_close(struct wire *wire);

/* To wait for a message with poll(2). */
int wire_fd(const struct wire *wire);

static inline void cleanup_wire(struct wire **wire)
{
	wire_close(*wire);
}

/* `parameters` is taken over. -ETIMEDOUT when it is not sent by then. */
int wire_send(struct wire *wire, const char *method, json_t *parameters, bool is_more, long end_ms);

/* The text of the next message, which is good until the one after it is received. -ECONNRESET: the
 * other side has closed; -EMSGSIZE: longer than a reply may be. */
int wire_receive(struct wire *wire, long end_ms, const char **ret);

/* Has the next message come already, with the one before? */
bool wire_has_message(const struct wire *wire);

#endif
