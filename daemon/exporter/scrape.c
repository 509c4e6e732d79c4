/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One question to synwardd, and its answer kept for a moment. Failures are kept as answers are, so
 * that a daemon that hangs is not asked by every connection in turn.
 */
#include "scrape.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "metrics.h"
#include "proto.h"
#include "wire.h"

struct scrape {
	const char *socket_path;
	struct MHD_Response *response; /* NULL: none yet */
	long since_ms;                 /* when it was made */
	bool is_known;                 /* whether synwardd answers has been said */
	int err;                       /* what was said last; 0: it answers */
};

struct scrape *scrape_new(const char *socket_path)
{
	struct scrape *scrape = calloc(1, sizeof(*scrape));

	if (scrape)
		scrape->socket_path = socket_path;
	return scrape;
}

void scrape_free(struct scrape *scrape)
{
	if (!scrape)
		return;
	if (scrape->response)
		MHD_destroy_response(scrape->response);
	free(scrape);
}

/* The cause in words, with what helps where we know it. */
static const char *remedy(int err)
{
	switch (err) {
	case -ENOENT:
	case -ECONNREFUSED:
		return "nobody answers; is synwardd running?";
	case -EACCES:
	case -EPERM:
		return "no permission; run as a member of group " PROTO_SOCKET_GROUP;
	case -ETIMEDOUT:
		return "no answer in time; its log may say why";
	case -EPROTO:
		return "what answers is no synwardd";
	default:
		return strerror(-err);
	}
}

/* Once, when it changes. */
static void tell(struct scrape *scrape, int err)
{
	if (scrape->is_known && scrape->err == err)
		return;
	if (err)
		fprintf(stderr, "synward-exporter: %s: %s\n", scrape->socket_path, remedy(err));
	else
		fprintf(stderr, "synward-exporter: %s: synwardd answers\n", scrape->socket_path);
	scrape->is_known = true;
	scrape->err = err;
}

static int ask(const char *path, json_t **ret)
{
	const long end_ms = wire_now_ms() + SCRAPE_DEADLINE_MS;
	struct wire *wire __cleanup(cleanup_wire) = NULL;
	json_t *reply __cleanup(cleanup_json) = NULL;
	json_t *parameters;
	const char *text;
	int err;

	err = wire_open(path, &wire);
	if (!err)
		err = wire_send(wire, PROTO_STATUS, json_object(), false, end_ms);
	if (!err)
		err = wire_receive(wire, end_ms, &text);
	if (err)
		return err;
	reply = json_loads(text, 0, NULL);
	parameters = json_object_get(reply, "parameters");
	if (json_object_get(reply, "error") || !json_is_object(parameters))
		return -EPROTO;
	*ret = json_incref(parameters);
	return 0;
}

static struct MHD_Response *make_response(struct scrape *scrape)
{
	json_t *status __cleanup(cleanup_json) = NULL;
	char *text __cleanup(cleanup_free) = NULL;
	struct MHD_Response *response;

	tell(scrape, ask(scrape->socket_path, &status));
	text = metrics_text(status);
	if (!text)
		return NULL;
	response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	if (!response)
		return NULL;
	(void)take_ptr(text);
	if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, METRICS_CONTENT_TYPE) &&
	    MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close"))
		return response;
	MHD_destroy_response(response);
	return NULL;
}

struct MHD_Response *scrape_response(struct scrape *scrape)
{
	if (scrape->response && wire_now_ms() - scrape->since_ms <= SCRAPE_KEEP_MS)
		return scrape->response;
	if (scrape->response)
		MHD_destroy_response(scrape->response);
	scrape->response = make_response(scrape);
	scrape->since_ms = wire_now_ms();
	return scrape->response;
}
