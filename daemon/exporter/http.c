/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The connections, oldest first, and what is answered on them. libmicrohttpd parses and sends, in
 * the caller's thread. It has a timeout for silence only, and at its limit it stops to accept: so
 * its limit is twice ours, and whoever has to go has his socket shut down, which it takes for the
 * client's own end.
 */
#include "http.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire.h"

struct visitor {
	TAILQ_ENTRY(visitor) by_age;
	int fd;
	long end_ms;
};

struct http {
	struct MHD_Daemon *server;
	int fd; /* the server's epoll */
	struct scrape *scrape;
	TAILQ_HEAD(visitors, visitor) visitors;
	unsigned int nr_visitors; /* that have not been shown out */
};

/* ---- who is there ---- */

/* It is freed when the server has noticed. */
static void show_out(struct http *http, struct visitor *visitor)
{
	TAILQ_REMOVE(&http->visitors, visitor, by_age);
	http->nr_visitors--;
	shutdown(visitor->fd, SHUT_RDWR);
	visitor->fd = -1;
}

static void enter(struct http *http, struct MHD_Connection *connection, void **ret)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct visitor *visitor = calloc(1, sizeof(*visitor));

	if (!info || !visitor) {
		if (info)
			shutdown(info->connect_fd, SHUT_RDWR);
		free(visitor);
		return;
	}
	visitor->fd = info->connect_fd;
	visitor->end_ms = wire_now_ms() + HTTP_DEADLINE_MS;
	TAILQ_INSERT_TAIL(&http->visitors, visitor, by_age);
	*ret = visitor;
	if (++http->nr_visitors > HTTP_CONNECTIONS_MAX)
		show_out(http, TAILQ_FIRST(&http->visitors));
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	struct visitor *visitor = *context;
	struct http *http = arg;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		enter(http, connection, context);
	} else if (visitor) {
		if (visitor->fd >= 0) {
			TAILQ_REMOVE(&http->visitors, visitor, by_age);
			http->nr_visitors--;
		}
		free(visitor);
		*context = NULL;
	}
}

static void show_out_the_late(struct http *http)
{
	const long now_ms = wire_now_ms();
	struct visitor *visitor;

	while ((visitor = TAILQ_FIRST(&http->visitors)) && visitor->end_ms <= now_ms)
		show_out(http, visitor);
}

/* ---- what is answered ---- */

static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned int status,
				   const char *type, const char *text)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result = MHD_NO;

	if (!response)
		return MHD_NO;
	if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) &&
	    MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close") &&
	    (status != MHD_HTTP_METHOD_NOT_ALLOWED ||
	     MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD")))
		result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* Before any body, which is nobody's here. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *body,
				  size_t *nr_body, void **context)
{
	static const char plain[] = "text/plain; charset=utf-8";
	struct http *http = arg;
	struct MHD_Response *metrics;

	(void)version;
	(void)body;
	(void)nr_body;
	(void)context;
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, plain,
				   "GET and HEAD only\n");
	if (!strcmp(url, "/"))
		return answer_text(connection, MHD_HTTP_OK, "text/html; charset=utf-8",
				   "<!doctype html><title>synward</title>"
				   "<p>synward " VERSION ": <a href=\"/metrics\">metrics</a>\n");
	if (strcmp(url, "/metrics"))
		return answer_text(connection, MHD_HTTP_NOT_FOUND, plain,
				   "there is only /metrics\n");
	metrics = scrape_response(http->scrape);
	return metrics ? MHD_queue_response(connection, MHD_HTTP_OK, metrics) : MHD_NO;
}

/* ---- open, run, close ---- */

struct http *http_open(int listen_fd, struct scrape *scrape)
{
	struct http *http = calloc(1, sizeof(*http));
	const union MHD_DaemonInfo *info;

	if (http) {
		http->scrape = scrape;
		TAILQ_INIT(&http->visitors);
		http->server = MHD_start_daemon(
			MHD_USE_EPOLL, 0, NULL, NULL, on_request, http, MHD_OPTION_LISTEN_SOCKET,
			listen_fd, MHD_OPTION_CONNECTION_LIMIT, 2U * HTTP_CONNECTIONS_MAX,
			MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_REQUEST_MAX,
			MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_END);
	}
	if (!http || !http->server) {
		fputs("synward-exporter: the HTTP server cannot be started; is there memory, and "
		      "may it have more files?\n",
		      stderr);
		free(http);
		close(listen_fd);
		return NULL;
	}
	info = MHD_get_daemon_info(http->server, MHD_DAEMON_INFO_EPOLL_FD);
	http->fd = info->epoll_fd;
	return http;
}

void http_close(struct http *http)
{
	if (!http)
		return;
	MHD_stop_daemon(http->server);
	free(http);
}

int http_fd(const struct http *http)
{
	return http->fd;
}

int http_timeout_ms(const struct http *http)
{
	const struct visitor *oldest = TAILQ_FIRST(&http->visitors);
	const long left_ms = oldest ? oldest->end_ms - wire_now_ms() : -1;
	MHD_UNSIGNED_LONG_LONG its_ms;

	if (oldest && left_ms <= 0)
		return 0;
	if (MHD_get_timeout(http->server, &its_ms) == MHD_YES &&
	    (!oldest || its_ms < (MHD_UNSIGNED_LONG_LONG)left_ms))
		return its_ms > INT_MAX ? INT_MAX : (int)its_ms;
	return (int)left_ms;
}

void http_run(struct http *http)
{
	show_out_the_late(http);
	MHD_run(http->server);
}
