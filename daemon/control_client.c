/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One client: its bytes in and out, its deadline, and how it becomes a subscriber. What the rules
 * are stands in control_client.h; who gets in and who is closed for whose sake is decided in
 * control.c, what is answered in varlink.c. Logs only what the operator should know of a client
 * that is lost.
 */
#include "control_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "log.h"
#include "proto.h"
#include "varlink.h"

#define OUTPUT_MAX (32UL * 1024 * 1024) /* bytes of replies that wait, over all clients */
#define OUTPUT_MAX_TEXT "32 MiB"
#define FIRST_INPUT 4096 /* bytes; grows to PROTO_REQUEST_MAX */

uint64_t control_now_usec(const struct control *control)
{
	uint64_t now = 0;

	sd_event_now(control->event, CLOCK_MONOTONIC, &now);
	return now;
}

void control_timer_set(struct control *control, uint64_t at_usec)
{
	sd_event_source_set_time(control->timer, at_usec);
	sd_event_source_set_enabled(control->timer, SD_EVENT_ONESHOT);
}

static void deadline_end(struct client *client)
{
	if (client->deadline_usec)
		TAILQ_REMOVE(&client->control->clients, client, by_deadline);
	client->deadline_usec = 0;
}

/* A new deadline, which is the latest of all. */
static void deadline_begin(struct client *client)
{
	struct control *control = client->control;

	deadline_end(client);
	if (client == control->tracer || client->is_over)
		return;
	client->deadline_usec = control_now_usec(control) + control->ops.deadline_usec;
	TAILQ_INSERT_TAIL(&control->clients, client, by_deadline);
	if (TAILQ_FIRST(&control->clients) == client)
		control_timer_set(control, client->deadline_usec);
}

static void output_free(struct client *client)
{
	if (!client->is_subscriber)
		client->control->nr_out -= client->nr_out;
	free(take_ptr(client->out));
	client->nr_out = client->nr_sent = 0;
}

static void trace_end(struct control *control)
{
	control->tracer = NULL;
	control->ops.trace_end(control->ops.arg);
}

void control_client_close(struct client *client)
{
	struct control *control = client->control;

	deadline_end(client);
	output_free(client);
	if (client->is_subscriber) {
		TAILQ_REMOVE(&control->subscribers, client, by_age);
		control->nr_subscribers--;
	}
	if (client == control->tracer)
		trace_end(control);
	control->nr_clients--;
	sd_event_source_disable_unref(client->source);
	close(client->fd);
	free(client->in);
	free(client);
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
	output_free(client);
	if (client->is_subscriber)
		deadline_end(client);
	else
		deadline_begin(client);
	return 0;
}

/* The answer has begun to stream. What was sent behind the request is one word too many. */
static int subscriber_begin(struct client *client)
{
	struct control *control = client->control;

	client->is_subscriber = true;
	TAILQ_INSERT_TAIL(&control->subscribers, client, by_age);
	control->nr_subscribers++;
	if (client->nr_out)
		deadline_begin(client);
	else
		deadline_end(client);
	free(take_ptr(client->in));
	client->in_size = 0;
	return client->nr_in ? -EPROTO : 0;
}

/* Who does not take his reply makes room for who asks now: those that wait longest go first. */
static void output_make_room(struct client *client, size_t nr_bytes)
{
	struct control *control = client->control;
	struct client *other, *next;

	for (other = TAILQ_FIRST(&control->clients);
	     other && control->nr_out + nr_bytes > OUTPUT_MAX; other = next) {
		next = TAILQ_NEXT(other, by_deadline);
		if (other == client || other->is_subscriber || !other->nr_out)
			continue;
		control_complain(control, LOG_NOTICE,
				 OUTPUT_MAX_TEXT " of replies are not taken; the client that is in "
						 "arrears longest is closed");
		control_client_close(other);
	}
}

/* A few places are root's, whatever others do. */
static bool may_subscribe(const struct client *client)
{
	const unsigned int nr_kept = client->uid ? PROTO_SUBSCRIBERS_ROOT : 0;

	return client->control->nr_subscribers + nr_kept < PROTO_SUBSCRIBERS_MAX;
}

/* Takes the request of `nr_bytes` at the front, or refuses what can no longer become one. */
static int client_answer(struct client *client, size_t nr_bytes, bool is_gone)
{
	struct control *control = client->control;
	const struct varlink_caller caller = {
		.uid = client->uid,
		.may_subscribe = may_subscribe(client),
		.is_gone = is_gone,
	};
	struct varlink_answer answer;
	int err;

	err = varlink_answer(client->in, nr_bytes == SIZE_MAX ? client->nr_in : nr_bytes, &caller,
			     &control->ops, &answer);
	if (err)
		return err;
	if (answer.traces)
		control->tracer = client;
	if (answer.nr_bytes > PROTO_REPLY_MAX) {
		control_complain(control, LOG_WARNING,
				 "a reply of %zu bytes exceeds the limit; its client is closed",
				 answer.nr_bytes);
		free(answer.text);
		return -EMSGSIZE;
	}
	if (!answer.subscribes)
		output_make_room(client, answer.nr_bytes);
	client->out = answer.text;
	client->nr_out = answer.nr_bytes;
	client->is_last = answer.is_last;
	if (!answer.subscribes)
		control->nr_out += answer.nr_bytes;
	if (nr_bytes == SIZE_MAX)
		return 0;
	client->nr_in -= nr_bytes + 1;
	memmove(client->in, client->in + nr_bytes + 1, client->nr_in);
	if (answer.subscribes)
		return subscriber_begin(client);
	deadline_begin(client);
	return 0;
}

/* What to wait for next: with a whole request at hand, the turn after this one. */
static int client_wait(struct client *client)
{
	const bool has_work = client->nr_out || request_length(client) != SIZE_MAX;

	if (client->is_subscriber)
		return sd_event_source_set_io_events(client->source,
						     EPOLLIN | (has_work ? EPOLLOUT : 0));
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
			err = client_answer(client, nr_bytes, events & EPOLLHUP);
	}
	if (!err && client->nr_out)
		err = client_write(client);
	if (!err && client->is_last && !client->nr_out)
		err = -ECONNRESET;
	return err ?: client_wait(client);
}

/* Its end and a further request come to the same. */
static int subscriber_serve(struct client *client)
{
	int err = 0;
	char byte;

	if (recv(client->fd, &byte, sizeof(byte), MSG_DONTWAIT) >= 0)
		return -ECONNRESET;
	if (errno != EAGAIN && errno != EINTR)
		return -errno;
	if (client->nr_out)
		err = client_write(client);
	if (!err && client->is_over && !client->nr_out)
		err = -ECONNRESET;
	return err ?: client_wait(client);
}

static int on_client(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct client *client = userdata;
	int err;

	(void)source;
	(void)fd;
	err = client->is_subscriber ? subscriber_serve(client) : client_serve(client, events);
	if (err < 0)
		control_client_close(client);
	return 0;
}

/* Behind what waits already. Returns as control_client_queue(). */
static int client_append(struct client *client, const char *text, size_t nr_bytes)
{
	size_t nr_waiting = client->nr_out - client->nr_sent;
	char *out;

	if (client->nr_sent)
		memmove(client->out, client->out + client->nr_sent, nr_waiting);
	client->nr_out = nr_waiting;
	client->nr_sent = 0;
	out = realloc(client->out, nr_waiting + nr_bytes);
	if (!out)
		return -ENOMEM;
	memcpy(out + nr_waiting, text, nr_bytes);
	client->out = out;
	client->nr_out += nr_bytes;
	if (!nr_waiting)
		deadline_begin(client);
	return client_wait(client);
}

int control_client_queue(struct client *client, const char *text, size_t nr_bytes)
{
	size_t nr_waiting = client->nr_out - client->nr_sent;
	int err;

	/* Many events in one turn of the loop are no fault of his. */
	if (nr_waiting && nr_waiting + nr_bytes > PROTO_REPLY_MAX) {
		err = client_write(client);
		if (err)
			return err;
		nr_waiting = client->nr_out - client->nr_sent;
	}
	return nr_waiting + nr_bytes > PROTO_REPLY_MAX ? -EMSGSIZE :
							 client_append(client, text, nr_bytes);
}

void control_client_end(struct client *client, const char *text, size_t nr_bytes)
{
	client->is_over = true;
	trace_end(client->control);
	if (!text || client_append(client, text, nr_bytes) < 0)
		control_client_close(client);
}

static int peer_uid(int fd, uid_t *ret)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return -errno;
	*ret = peer.uid;
	return 0;
}

int control_client_open(struct control *control, int accepted_fd)
{
	int fd __cleanup(cleanup_close) = accepted_fd;
	struct client *client = calloc(1, sizeof(*client));
	int err;

	if (!client)
		return -ENOMEM;
	err = peer_uid(fd, &client->uid);
	if (!err)
		err = sd_event_add_io(control->event, &client->source, fd, EPOLLIN, on_client,
				      client);
	if (err < 0) {
		free(client);
		return err;
	}
	sd_event_source_set_priority(client->source,
				     client->uid ? CONTROL_PRIORITY_OTHERS : CONTROL_PRIORITY);
	client->fd = take_fd(&fd);
	client->control = control;
	control->nr_clients++;
	deadline_begin(client);
	return 0;
}
