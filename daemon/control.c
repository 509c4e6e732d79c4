/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The door of the control socket: who gets in, who makes room, whose time is up, and who gets an
 * event. The rules for clients stand in control_client.h.
 */
#include "control.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "control_client.h"
#include "log.h"
#include "proto.h"
#include "varlink.h"

#define ACCEPTS_MAX 16        /* in a turn of the loop */
#define PAUSE_USEC 1000000ULL /* after running out of file descriptors */

static void complain_subscriber(struct control *control, const char *why)
{
	control_complain(control, LOG_NOTICE, "a client of Monitor is closed: %s", why);
}

void control_publish(struct control *control, const json_t *event)
{
	char *text __cleanup(cleanup_free) = NULL;
	struct client *client, *next;
	size_t nr_bytes = 0;
	int err;

	if (TAILQ_EMPTY(&control->subscribers))
		return;
	text = varlink_event(event, &nr_bytes);
	if (!text) {
		log_err("control socket: no memory for an event");
		return;
	}
	for (client = TAILQ_FIRST(&control->subscribers); client; client = next) {
		next = TAILQ_NEXT(client, by_age);
		if (client == control->tracer || client->is_over)
			continue;
		err = control_client_queue(client, text, nr_bytes);
		if (err >= 0)
			continue;
		complain_subscriber(control, err == -EMSGSIZE ? "it does not take its events" :
								strerror(-err));
		control_client_close(client);
	}
}

int control_trace(struct control *control, const json_t *event)
{
	char *text __cleanup(cleanup_free) = NULL;
	size_t nr_bytes = 0;
	int err;

	if (!control->tracer)
		return -ENOTCONN;
	text = varlink_event(event, &nr_bytes);
	if (!text)
		return -ENOMEM;
	err = control_client_queue(control->tracer, text, nr_bytes);
	return err == -EMSGSIZE ? -ENOBUFS : err < 0 ? err : 0;
}

void control_trace_over(struct control *control, const char *why)
{
	char *text __cleanup(cleanup_free) = NULL;
	size_t nr_bytes = 0;

	if (!control->tracer)
		return;
	text = varlink_failure(why, &nr_bytes);
	control_client_end(control->tracer, text, nr_bytes);
}

/* Who is nearest to his deadline. Root comes behind all others, and subscribers behind root. */
static struct client *idlest(const struct control *control)
{
	struct client *client, *of_root = NULL;

	for (client = TAILQ_FIRST(&control->clients); client;
	     client = TAILQ_NEXT(client, by_deadline)) {
		if (client->is_subscriber)
			continue;
		if (client->uid)
			return client;
		of_root = of_root ?: client;
	}
	return of_root ?: TAILQ_FIRST(&control->subscribers);
}

/* One goes, so that idle connections cannot lock anybody out. */
static bool make_room(struct control *control)
{
	struct client *client = idlest(control);

	if (!client)
		return false;
	control_complain(control, LOG_NOTICE, "%u clients; the one that is idle longest is closed",
			 control->nr_clients);
	control_client_close(client);
	return true;
}

static void accept_pause(struct control *control)
{
	control_complain(control, LOG_ERR, "no file descriptor is left for a client");
	sd_event_source_set_enabled(control->accept_source, SD_EVENT_OFF);
	control_timer_set(control, control_now_usec(control) + PAUSE_USEC);
}

static int on_accept(sd_event_source *source, int listen_fd, uint32_t events, void *userdata)
{
	struct control *control = userdata;
	int nr, fd;

	(void)source;
	(void)events;
	for (nr = 0; nr < ACCEPTS_MAX; nr++) {
		fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			/* Without a free descriptor accept fails even if nobody waits; the first
			 * time somebody does. */
			if (!nr && (errno == EMFILE || errno == ENFILE) && !make_room(control))
				accept_pause(control);
			break;
		}
		if (control->nr_clients >= PROTO_CLIENTS_MAX)
			make_room(control);
		if (control_client_open(control, fd) < 0)
			control_complain(control, LOG_WARNING,
					 "a client cannot be taken in; memory may be short");
	}
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct control *control = userdata;
	struct client *client, *next;

	(void)source;
	(void)usec;
	sd_event_source_set_enabled(control->accept_source, SD_EVENT_ON);
	for (client = TAILQ_FIRST(&control->clients); client; client = next) {
		next = TAILQ_NEXT(client, by_deadline);
		if (client->deadline_usec > control_now_usec(control)) {
			control_timer_set(control, client->deadline_usec);
			break;
		}
		if (client->is_subscriber)
			complain_subscriber(control, "it does not take its events");
		control_client_close(client);
	}
	return 0;
}

static int sources_add(struct control *control)
{
	int err;

	err = sd_event_add_time(control->event, &control->timer, CLOCK_MONOTONIC, 0, 0, on_timer,
				control);
	if (err < 0)
		return err;
	sd_event_source_set_enabled(control->timer, SD_EVENT_OFF);
	err = sd_event_add_io(control->event, &control->accept_source, control->socket.fd, EPOLLIN,
			      on_accept, control);
	if (err < 0)
		return err;
	sd_event_source_set_priority(control->timer, CONTROL_PRIORITY);
	sd_event_source_set_priority(control->accept_source, CONTROL_PRIORITY);
	return 0;
}

int control_open(sd_event *event, const char *path, const struct control_ops *ops,
		 struct control **ret)
{
	struct control *control = calloc(1, sizeof(*control));
	int err;

	if (!control)
		return -ENOMEM;
	TAILQ_INIT(&control->clients);
	TAILQ_INIT(&control->subscribers);
	control->ops = *ops;
	if (!control->ops.deadline_usec)
		control->ops.deadline_usec = PROTO_DEADLINE_SECONDS * 1000000ULL;
	control->event = sd_event_ref(event);
	err = control_socket_open(path, &control->socket);
	if (!err) {
		err = sources_add(control);
		if (err < 0)
			log_err("%s: control socket cannot be served: %s", path, strerror(-err));
	}
	if (err) {
		control_close(control);
		return err;
	}
	*ret = control;
	return 0;
}

struct control *control_close(struct control *control)
{
	if (!control)
		return NULL;
	while (!TAILQ_EMPTY(&control->clients))
		control_client_close(TAILQ_FIRST(&control->clients));
	while (!TAILQ_EMPTY(&control->subscribers))
		control_client_close(TAILQ_FIRST(&control->subscribers));
	sd_event_source_disable_unref(control->accept_source);
	sd_event_source_disable_unref(control->timer);
	control_socket_close(&control->socket);
	sd_event_unref(control->event);
	free(control);
	return NULL;
}
