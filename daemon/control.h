/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control socket: who may connect, how long a client may take and how much it may send; what is
 * answered is decided in varlink.c, and the data come from the callbacks. A slow, silent or lying
 * client is closed and holds up nobody: all of it is non-blocking, one request of one client in a
 * turn of the loop.
 */
#ifndef SYNWARD_CONTROL_H
#define SYNWARD_CONTROL_H

#include <jansson.h>
#include <systemd/sd-event.h>

struct control;

struct control_ops {
	/* Fills *ret with a new reference. Returns 0 or -errno. */
	int (*status)(void *arg, json_t **ret);
	void *arg;
	uint64_t deadline_usec; /* 0 = PROTO_DEADLINE_SECONDS; the tests have less patience */
};

/*
 * Listens at `path` (absolute, at most PROTO_PATH_MAX bytes) and serves from `event`, whose loop
 * the caller runs. `ops` is copied. Returns 0 or -errno; logs what went wrong. -EADDRINUSE: another
 * daemon answers there.
 */
int control_open(sd_event *event, const char *path, const struct control_ops *ops,
		 struct control **ret);

/* Closes all clients and removes the socket. NULL is fine. Returns NULL. */
struct control *control_close(struct control *control);

#endif
