/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What control.c and control_client.c share, and nobody else sees.
 *
 * Each client has one deadline at a time: to send a whole request, then to take the whole reply.
 * All deadlines are equally long, so the list of those that have one is in their order and one
 * timer is enough. A client whose reply is still on its way is not read from; so a client holds at
 * most one request buffer and one reply, and all replies together at most OUTPUT_MAX: beyond it who
 * is in arrears longest is closed.
 *
 * A subscriber is a client that called Monitor. It has no request buffer and no further request; it
 * is read from only to notice its end. It holds one queue of events, PROTO_REPLY_MAX bytes at most,
 * which does not count as a reply, and has a deadline only while something is in there: to take all
 * of it. There are at most PROTO_SUBSCRIBERS_MAX, so that all queues have a bound, too, and the
 * last PROTO_SUBSCRIBERS_ROOT of the places are for root. Since subscribers idle by right, they
 * make room for others only when no other client is left.
 *
 * The tracer is the one subscriber that called Trace and not Monitor. It has no deadline: whoever
 * pages through what he sees has not gone. What finds no room in its queue is lost, and it is told
 * how much that was. When the trace cannot go on, why is put behind all that waits for it, room or
 * not, and it is closed when it has taken that.
 */
#ifndef SYNWARD_CONTROL_CLIENT_H
#define SYNWARD_CONTROL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "control.h"
#include "control_socket.h"
#include "log.h"

/* Behind timers, signals and netlink; and whoever is not root behind who is, and behind those at
 * the door, of whom one may be root. */
#define CONTROL_PRIORITY (SD_EVENT_PRIORITY_NORMAL + 10)
#define CONTROL_PRIORITY_OTHERS (CONTROL_PRIORITY + 1)

struct client {
	TAILQ_ENTRY(client) by_deadline;
	TAILQ_ENTRY(client) by_age; /* of subscribers */
	struct control *control;
	sd_event_source *source;
	int fd;
	uid_t uid;
	uint64_t deadline_usec; /* 0: none, and not in that list */
	char *in;
	size_t nr_in, in_size;
	char *out;
	size_t nr_out, nr_sent;
	bool is_last;   /* closed when the reply is out */
	bool has_ended; /* no more will come */
	bool is_subscriber;
	bool is_over; /* it was the tracer: no more events, and closed when those are out */
};

struct control {
	sd_event *event;
	struct control_socket socket;
	struct control_ops ops;
	sd_event_source *accept_source, *timer;
	TAILQ_HEAD(client_list, client) clients; /* that have a deadline */
	TAILQ_HEAD(subscriber_list, client) subscribers;
	struct client *tracer;   /* of the subscribers; or NULL */
	unsigned int nr_clients; /* of both kinds */
	unsigned int nr_subscribers;
	size_t nr_out; /* bytes of replies */
	struct log_limit complaints;
};

/* One line for what clients cause, who may be anybody in the group, as often as he likes. */
#define control_complain(control, level, ...) \
	log_line_within(&(control)->complaints, level, "control socket: " __VA_ARGS__)

uint64_t control_now_usec(const struct control *control);
void control_timer_set(struct control *control, uint64_t at_usec);

/* Takes the accepted descriptor over, also on failure. Returns 0 or -errno. */
int control_client_open(struct control *control, int accepted_fd);
void control_client_close(struct client *client);

/*
 * One event, as text of a message with its NUL, behind those that wait for a subscriber. Returns 0
 * or more; or -errno when he is lost and to be closed, -EMSGSIZE when too much waits already.
 */
int control_client_queue(struct client *client, const char *text, size_t nr_bytes);

/* The tracer's last message, NULL if memory was short: it is not the tracer any more, and
 * trace_end() has been called. The client may be closed by then. */
void control_client_end(struct client *client, const char *text, size_t nr_bytes);

#endif
