/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A control socket in a directory of its own, and clients for it, well-behaved and not. Server and
 * clients share one thread: the loop turns until what is waited for has come, or WAIT_MS are over.
 * Nothing sleeps for luck. Include it first: it brings cmocka.
 */
#ifndef SYNWARD_BED_H
#define SYNWARD_BED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "cleanup.h"
#include "control.h"
#include "proto.h"

#define WAIT_MS 10000
#define STATUS "{\"method\":\"org.synward.Status\"}"
#define GOOD "{\"parameters\":{\"answer\":42}}"

struct bed {
	char directory[64], path[96], lock_path[104];
	sd_event *event;
	struct control *control;
	struct control_ops ops;
	size_t nr_padding;                    /* bytes that make a reply large */
	json_t *attacks;                      /* that go on when somebody calls Monitor */
	unsigned int nr_monitors, nr_changes; /* calls */
	int err;
};

static inline int fill_status(void *arg, json_t **ret)
{
	struct bed *bed = arg;

	if (bed->err)
		return bed->err;
	*ret = json_pack("{s:i}", "answer", 42);
	if (bed->nr_padding) {
		char *padding = malloc(bed->nr_padding);

		memset(padding, 'x', bed->nr_padding);
		json_object_set_new(*ret, "padding", json_stringn(padding, bed->nr_padding));
		free(padding);
	}
	return 0;
}

static inline int list_ongoing(void *arg, json_t **ret)
{
	struct bed *bed = arg;

	if (bed->err)
		return bed->err;
	*ret = bed->attacks ? json_incref(bed->attacks) : json_array();
	bed->nr_monitors++;
	return 0;
}

static inline int disarm(void *arg, const char *service, char **ret_why)
{
	struct bed *bed = arg;

	(void)service;
	(void)ret_why;
	bed->nr_changes++;
	return 0;
}

static inline int set_up(void **state)
{
	struct bed *bed = calloc(1, sizeof(*bed));

	strcpy(bed->directory, "/tmp/synward-test-XXXXXX");
	assert_non_null(mkdtemp(bed->directory));
	snprintf(bed->path, sizeof(bed->path), "%s/run/c.sock", bed->directory);
	snprintf(bed->lock_path, sizeof(bed->lock_path), "%s.lock", bed->path);
	assert_true(sd_event_new(&bed->event) >= 0);
	bed->ops = (struct control_ops){
		.status = fill_status, .ongoing = list_ongoing, .disarm = disarm, .arg = bed
	};
	assert_int_equal(control_open(bed->event, bed->path, &bed->ops, &bed->control), 0);
	*state = bed;
	return 0;
}

static inline int tear_down(void **state)
{
	struct bed *bed = *state;
	char run[96];

	bed->control = control_close(bed->control);
	sd_event_unref(bed->event);
	json_decref(bed->attacks);
	assert_int_equal(access(bed->path, F_OK), -1);
	assert_int_equal(access(bed->lock_path, F_OK), -1);
	snprintf(run, sizeof(run), "%s/run", bed->directory);
	assert_int_equal(rmdir(run), 0);
	assert_int_equal(rmdir(bed->directory), 0);
	free(bed);
	return 0;
}

/* Opens the bed's socket again, with another deadline. */
static inline void reopen(struct bed *bed, uint64_t deadline_usec)
{
	bed->control = control_close(bed->control);
	bed->ops.deadline_usec = deadline_usec;
	assert_int_equal(control_open(bed->event, bed->path, &bed->ops, &bed->control), 0);
}

static inline long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline void turn(const struct bed *bed)
{
	assert_true(sd_event_run(bed->event, 1000) >= 0);
}

static inline int client(const struct bed *bed)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	strcpy(address.sun_path, bed->path);
	while (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		assert_int_equal(errno, EAGAIN); /* the backlog is full */
		turn(bed);
	}
	return fd;
}

/* Sends all of it; the loop turns while the socket is full. Returns 0, or -errno when the server
 * closed. */
static inline int deliver(const struct bed *bed, int fd, const char *bytes, size_t nr_bytes)
{
	long end = now_ms() + WAIT_MS;

	while (nr_bytes) {
		ssize_t nr = send(fd, bytes, nr_bytes, MSG_NOSIGNAL);

		if (nr < 0 && errno != EAGAIN)
			return -errno;
		if (nr > 0) {
			bytes += nr;
			nr_bytes -= (size_t)nr;
		}
		assert_true(now_ms() < end);
		turn(bed);
	}
	return 0;
}

/* The next reply, without its NUL; "" when the server closed. `buffer` holds `size` bytes. */
static inline const char *reply(const struct bed *bed, int fd, char *buffer, size_t size)
{
	long end = now_ms() + WAIT_MS;
	size_t nr_bytes = 0;

	while (nr_bytes < size) {
		ssize_t nr = recv(fd, buffer + nr_bytes, 1, 0);

		if (nr == 0 || (nr < 0 && errno == ECONNRESET)) {
			assert_int_equal(nr_bytes, 0);
			return "";
		}
		if (nr < 0) {
			assert_int_equal(errno, EAGAIN);
			assert_true(now_ms() < end);
			turn(bed);
			continue;
		}
		if (!buffer[nr_bytes++])
			return buffer;
	}
	fail_msg("a reply longer than %zu bytes", size);
	return NULL;
}

static inline void expect(const struct bed *bed, int fd, const char *wanted)
{
	char buffer[8192];

	assert_string_equal(reply(bed, fd, buffer, sizeof(buffer)), wanted);
}

static inline void ask(const struct bed *bed, int fd, const char *request)
{
	assert_int_equal(deliver(bed, fd, request, strlen(request) + 1), 0);
}

/* The server still serves: asked while others misbehave. */
static inline void still_serves(const struct bed *bed)
{
	int fd __cleanup(cleanup_close) = client(bed);

	ask(bed, fd, STATUS);
	expect(bed, fd, GOOD);
}

#endif
