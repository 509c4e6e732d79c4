/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HTTP for scrapes: GET and HEAD of /metrics and of /, one request a connection. What keeps a
 * crowd from shutting a scrape out is decided here: a connection has HTTP_DEADLINE_MS in all,
 * however busy it looks, and when there are HTTP_CONNECTIONS_MAX the oldest makes room.
 */
#ifndef SYNWARD_HTTP_H
#define SYNWARD_HTTP_H

#include "scrape.h"

#define HTTP_DEADLINE_MS 10000L
#define HTTP_CONNECTIONS_MAX 64
#define HTTP_REQUEST_MAX (16 * 1024) /* bytes of request line and headers, and what they need */

struct http;

/* Serves what comes in on `listen_fd`, which is taken over. NULL after a line. */
struct http *http_open(int listen_fd, struct scrape *scrape);
void http_close(struct http *http);

/* To be polled for input, at most so many milliseconds (-1: for ever); then http_run(). */
int http_fd(const struct http *http);
int http_timeout_ms(const struct http *http);
void http_run(struct http *http);

#endif
