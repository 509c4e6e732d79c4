/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The clients of the control socket. Each has one deadline at a time: to send a whole request, then
 * to take the whole reply. All deadlines are equally long, so the list of clients is in their order
 * and one timer is enough. A client whose reply is still on its way is not read from; so a client
 * holds at most one request buffer and one reply, and all replies together at most OUTPUT_MAX.
 */
#include "control.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "control_socket.h"
#include "log.h"
#include "proto.h"
#include "varlink.h"

#define OUTPUT_MAX (32UL * 1024 * 1024)          /* bytes of replies that wait, over all clients */
#define FIRST_INPUT 4096                         /* bytes; grows to PROTO_REQUEST_MAX */
#define ACCEPTS_MAX 16                           /* in a turn of the loop */
#define PAUSE_USEC 1000000ULL                    /* after running out of file descriptors */
#define PRIORITY (SD_EVENT_PRIORITY_NORMAL + 10) /* behind timers, signals and netlink */

struct client {
	TAILQ_ENTRY(client) by_deadline;
	struct control *control;
	sd_event_source *source;
	int fd;
	uint64_t deadline_usec;
	char *in;
	size_t nr_in, in_size;
	char *out;
	size_t nr_out, nr_sent;
	bool is_last;   /* closed when the reply is out */
	bool has_ended; /* no more will come */
};

struct control {
	sd_event *event;
	struct control_socket socket;
	struct control_ops ops;
	sd_event_source *accept_source, *timer;
	TAILQ_HEAD(client_list, client) clients;
	unsigned int nr_clients;
	size_t nr_out;
};

static uint64_t now_usec(const struct control *control)
{
	uint64_t now = 0;

	sd_event_now(control->event, CLOCK_MONOTONIC, &now);
	return now;
}

static void timer_set(struct control *control, uint64_t at_usec)
{
	sd_event_source_set_time(control->timer, at_usec);
	sd_event_source_set_enabled(control->timer, SD_EVENT_ONESHOT);
}

static void client_close(struct client *client)
{
	struct control *control = client->control;

	TAILQ_REMOVE(&control->clients, client, by_deadline);
	control->nr_clients--;
	control->nr_out -= client->nr_out;
	sd_event_source_disable_unref(client->source);
	close(client->fd);
	free(client->in);
	free(client->out);
	free(client);
}

/* A new deadline, which is the latest of all. */
static void client_touch(struct client *client)
{
	struct control *control = client->control;

	client->deadline_usec = now_usec(control) + control->ops.deadline_usec;
	TAILQ_REMOVE(&control->clients, client, by_deadline);
	TAILQ_INSERT_TAIL(&control->clients, client, by_deadline);
}

/* Bytes of the request at the front, without its NUL; SIZE_MAX when it is not whole. */
static size_t request_length(const struct client *client)
{
	const char *end = client->nr_in ? memchr(client->in, '\0', client->nr_in) : NULL;

	return end ? (size_t)(end - client->in) : SIZE_MAX;
}

/* One read. Returns 0, or -errno when the client is lost. */
static int client_read(struct client *client)
{
	ssize_t nr;

	if (client->nr_in == client->in_size) {
		size_t size = client->in_size ? client->in_size * 2 : FIRST_INPUT;
		char *in;

		if (size > PROTO_REQUEST_MAX)
			size = PROTO_REQUEST_MAX + 1; /* and its NUL */
		in = realloc(client->in, size);
		if (!in)
			return -ENOMEM;
		client->in = in;
		client->in_size = size;
	}
	nr = recv(client->fd, client->in + client->nr_in, client->in_size - client->nr_in,
		  MSG_DONTWAIT);
	if (nr < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	client->has_ended = nr == 0;
	client->nr_in += (size_t)nr;
	return 0;
}

static int client_write(struct client *client)
{
	ssize_t nr = send(client->fd, client->out + client->nr_sent,
			  client->nr_out - client->nr_sent, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (nr < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	client->nr_sent += (size_t)nr;
	if (client->nr_sent < client->nr_out)
		return 0;
	client->control->nr_out -= client->nr_out;
	free(take_ptr(client->out));
	client->nr_out = client->nr_sent = 0;
	client_touch(client);
	return 0;
}

/* Takes the request of `nr_bytes` at the front, or refuses what can no longer become one. */
static int client_answer(struct client *client, size_t nr_bytes)
{
	struct control *control = client->control;
	struct varlink_answer answer;
	int err;

	err = varlink_answer(client->in, nr_bytes == SIZE_MAX ? client->nr_in : nr_bytes,
			     &control->ops, &answer);
	if (err)
		return err;
	if (answer.nr_bytes > PROTO_REPLY_MAX || control->nr_out + answer.nr_bytes > OUTPUT_MAX) {
		log_warn("control socket: a reply of %zu bytes exceeds the limit; its client is "
			 "closed",
			 answer.nr_bytes);
		free(answer.text);
		return -EMSGSIZE;
	}
	client->out = answer.text;
	client->nr_out = answer.nr_bytes;
	client->is_last = answer.is_last;
	control->nr_out += answer.nr_bytes;
	if (nr_bytes == SIZE_MAX)
		return 0;
	client->nr_in -= nr_bytes + 1;
	memmove(client->in, client->in + nr_bytes + 1, client->nr_in);
	client_touch(client);
	return 0;
}

/* What to wait for next: with a whole request at hand, the turn after this one. */
static int client_wait(struct client *client)
{
	const bool has_work = client->nr_out || request_length(client) != SIZE_MAX;

	if (!has_work && (client->is_last || client->has_ended))
		return -ECONNRESET;
	return sd_event_source_set_io_events(client->source, has_work ? EPOLLOUT : EPOLLIN);
}

static int client_serve(struct client *client, uint32_t events)
{
	size_t nr_bytes;
	int err = 0;

	if (!client->nr_out && (events & EPOLLIN))
		err = client_read(client);
	if (!err && !client->nr_out) {
		nr_bytes = request_length(client);
		if (nr_bytes != SIZE_MAX || client->nr_in > PROTO_REQUEST_MAX)
			err = client_answer(client, nr_bytes);
	}
	if (!err && client->nr_out)
		err = client_write(client);
	if (!err && client->is_last && !client->nr_out)
		err = -ECONNRESET;
	return err ?: client_wait(client);
}

static int on_client(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct client *client = userdata;

	(void)source;
	(void)fd;
	if (client_serve(client, events) < 0)
		client_close(client);
	return 0;
}

static int client_open(struct control *control, int accepted_fd)
{
	int fd __cleanup(cleanup_close) = accepted_fd;
	struct client *client = calloc(1, sizeof(*client));
	int err;

	if (!client)
		return -ENOMEM;
	err = sd_event_add_io(control->event, &client->source, fd, EPOLLIN, on_client, client);
	if (err < 0) {
		free(client);
		return err;
	}
	sd_event_source_set_priority(client->source, PRIORITY);
	client->fd = take_fd(&fd);
	client->control = control;
	client->deadline_usec = now_usec(control) + control->ops.deadline_usec;
	TAILQ_INSERT_TAIL(&control->clients, client, by_deadline);
	control->nr_clients++;
	if (TAILQ_FIRST(&control->clients) == client)
		timer_set(control, client->deadline_usec);
	return 0;
}

/* The client nearest to its deadline goes, so that idle connections cannot lock anybody out. */
static bool make_room(struct control *control)
{
	struct client *client = TAILQ_FIRST(&control->clients);

	if (!client)
		return false;
	log_notice("control socket: %u clients; the one that is idle longest is closed",
		   control->nr_clients);
	client_close(client);
	return true;
}

static void accept_pause(struct control *control)
{
	log_err("control socket: no file descriptor is left for a client");
	sd_event_source_set_enabled(control->accept_source, SD_EVENT_OFF);
	timer_set(control, now_usec(control) + PAUSE_USEC);
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
		if (client_open(control, fd) < 0)
			log_warn("control socket: no memory for a client");
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
		if (client->deadline_usec > now_usec(control)) {
			timer_set(control, client->deadline_usec);
			break;
		}
		client_close(client);
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
	sd_event_source_set_priority(control->timer, PRIORITY);
	sd_event_source_set_priority(control->accept_source, PRIORITY);
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
		client_close(TAILQ_FIRST(&control->clients));
	sd_event_source_disable_unref(control->accept_source);
	sd_event_source_disable_unref(control->timer);
	control_socket_close(&control->socket);
	sd_event_unref(control->event);
	free(control);
	return NULL;
}
