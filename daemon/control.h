/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control socket: who may connect, how long a client may take and how much it may send; what is
 * answered is decided in varlink.c, and the data come from the callbacks. A slow, silent or lying
 * client is closed and holds up nobody: all of it is non-blocking, one request of one client in a
 * turn of the loop.
 *
 * Whoever may connect may look; changes are for root alone (the peer's credentials, SO_PEERCRED).
 */
#ifndef SYNWARD_CONTROL_H
#define SYNWARD_CONTROL_H

#include <jansson.h>
#include <systemd/sd-event.h>

#include "snapshot.h"

struct control;
struct selftest_order;
struct trace_order;

/*
 * Each returns 0 or -errno. What looks fills *ret with a new reference. What changes fills
 * *ret_why, to be freed, with a line for the user when it returns -EINVAL (a word or value is
 * wrong) or -EPERM (it is not possible as things are).
 */
struct control_ops {
	int (*status)(void *arg, json_t **ret);
	int (*thresholds)(void *arg, json_t **ret);
	int (*handshakes)(void *arg, const struct handshake_query *query, json_t **ret);
	/* An array of the events that a client of Monitor is to see first: attacks going on. */
	int (*ongoing)(void *arg, json_t **ret);

	/* *ret_drop_in: the directory of drop-ins, to be freed; NULL when there is no config
	 * file. */
	int (*set)(void *arg, const char *service, const char *key, const char *value,
		   char **ret_drop_in, char **ret_why);
	/* @seconds = 0: until disarmed. */
	int (*arm)(void *arg, const char *service, __u32 seconds, char **ret_why);
	int (*disarm)(void *arg, const char *service, char **ret_why);
	int (*mode)(void *arg, const char *service, const char *mode, char **ret_drop_in,
		    char **ret_why);

	/* The config anew. Not 0: nothing has changed, and *ret_errors is an array of the lines
	 * that say why. */
	int (*reload)(void *arg, json_t **ret_errors);

	/* As dataplane_rotate_key(). */
	int (*rotate_key)(void *arg, bool at_once, __u64 *ret_ms, char **ret_why);

	/* @seconds: unless it is confirmed by then, it is taken back; 0: it stays. */
	int (*attach)(void *arg, const char *interface, __u32 seconds, json_t **ret,
		      char **ret_why);
	int (*confirm)(void *arg, json_t **ret, char **ret_why);
	/* NULL: from all. */
	int (*detach)(void *arg, const char *interface, json_t **ret, char **ret_why);

	/* LIST_NONE: both. */
	int (*list)(void *arg, enum list list, __u32 from, __u32 limit, json_t **ret);
	/* @seconds = 0: for ever. What was there and what is goes to *ret. */
	int (*list_add)(void *arg, enum list list, const char *prefix, __u32 seconds, json_t **ret,
			char **ret_why);
	int (*list_delete)(void *arg, enum list list, const char *prefix, json_t **ret,
			   char **ret_why);

	/* What `synward doctor` wants to know beside the status. */
	int (*doctor)(void *arg, json_t **ret);
	/* One handshake of our own, which takes up to some 600 ms. */
	int (*self_test)(void *arg, const struct selftest_order *order, json_t **ret,
			 char **ret_why);

	/* Packets go to control_trace() from now on; until trace_end(), when the client has gone.
	 */
	int (*trace)(void *arg, const struct trace_order *order, json_t **ret, char **ret_why);
	void (*trace_end)(void *arg);

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

/* To every client of Monitor; one that does not take its events is closed. Logs. */
void control_publish(struct control *control, const json_t *event);

/* To the client of Trace. Returns 0, or -errno when it does not come to it: -ENOBUFS as long as too
 * much waits for it already. It is not closed for that. */
int control_trace(struct control *control, const json_t *event);

/* The client of Trace is told @why it is over, and closed when it has taken that; trace_end() is
 * called before this returns. */
void control_trace_over(struct control *control, const char *why);

/* Closes all clients and removes the socket. NULL is fine. Returns NULL. */
struct control *control_close(struct control *control);

#endif
