// SPDX-License-Identifier: GPL-2.0-only
/*
 * The methods that look, and change nothing: which parameters each takes, and which subscribe.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>

#include "cleanup.h"
#include "json.h"
#include "methods_inside.h"
#include "names.h"
#include "proto.h"
#include "snapshot.h"
#include "tracer.h"

_Static_assert(PROTO_PAGE_MAX == HANDSHAKES_PAGE_MAX, "the page of proto.h and of snapshot.h");

static json_t *look(const struct call *call, int (*callback)(void *arg, json_t **ret), void *arg)
{
	const char *wrong = call_parameters(call, NULL);
	json_t *parameters = NULL;
	int err;

	if (wrong)
		return bad_parameter(wrong);
	err = callback(arg, &parameters);
	return err ? failed(err, NULL) : json_pack("{s:o}", "parameters", parameters);
}

json_t *method_status(const struct call *call, const struct control_ops *ops)
{
	return look(call, ops->status, ops->arg);
}

json_t *method_thresholds(const struct call *call, const struct control_ops *ops)
{
	return look(call, ops->thresholds, ops->arg);
}

json_t *method_doctor(const struct call *call, const struct control_ops *ops)
{
	return look(call, ops->doctor, ops->arg);
}

/* ---- the table of handshakes, and the lists, by pages ---- */

static json_t *no_such_state(const char *word)
{
	char words[128] = "";
	enum flow_state state;
	size_t i, length = 0;

	for (i = 0; i < NAMES_COUNT(flow_state_words); i++)
		if (!flow_state_find(flow_state_words[i], &state))
			length += (size_t)snprintf(words + length, sizeof(words) - length, "%s%s",
						   length ? ", " : "", flow_state_words[i]);
	return bad_argument("'%s' is no state; there are %s", word, words);
}

/* NULL: they are fine. */
static json_t *bad_page(json_int_t limit, json_int_t from)
{
	if (limit < 1 || limit > PROTO_PAGE_MAX)
		return bad_argument("limit is 1 to %d, not %" JSON_INTEGER_FORMAT, PROTO_PAGE_MAX,
				    limit);
	if (from < 0 || from > UINT32_MAX)
		return bad_argument("from is 0, or what next was, not %" JSON_INTEGER_FORMAT, from);
	return NULL;
}

json_t *method_handshakes(const struct call *call, const struct control_ops *ops)
{
	json_int_t limit = PROTO_PAGE_MAX, from = 0;
	struct handshake_query query = { 0 };
	const char *state = NULL, *wrong;
	json_t *page = NULL;
	int err;

	wrong = call_parameters(
		call, (const struct parameter[]){ { "state", &state, NULL, true },
						  { "service", &query.service, NULL, true },
						  { "limit", NULL, &limit, true },
						  { "from", NULL, &from, true },
						  { 0 } });
	if (wrong)
		return bad_parameter(wrong);
	if (state && flow_state_find(state, &query.state))
		return no_such_state(state);
	page = bad_page(limit, from);
	if (page)
		return page;
	query.limit = (__u32)limit;
	query.from = (__u32)from;
	err = ops->handshakes(ops->arg, &query, &page);
	if (err == -EINVAL && query.service)
		return bad_argument("there is no service '%s'", query.service);
	return err ? failed(err, NULL) : json_pack("{s:o}", "parameters", page);
}

json_t *method_list_page(const struct call *call, const struct control_ops *ops)
{
	json_int_t limit = PROTO_PAGE_MAX, from = 0;
	const char *word = NULL, *wrong;
	enum list list = LIST_NONE;
	json_t *page = NULL;
	int err;

	wrong = call_parameters(call, (const struct parameter[]){ { "list", &word, NULL, true },
								  { "limit", NULL, &limit, true },
								  { "from", NULL, &from, true },
								  { 0 } });
	if (wrong)
		return bad_parameter(wrong);
	if (word && list_find(word, &list))
		return no_such_list(word);
	page = bad_page(limit, from);
	if (page)
		return page;
	err = ops->list(ops->arg, list, (__u32)from, (__u32)limit, &page);
	return err ? failed(err, NULL) : json_pack("{s:o}", "parameters", page);
}

/* ---- what goes on, until the client leaves ---- */

json_t *method_monitor(const struct call *call, const struct control_ops *ops)
{
	const char *wrong = call_parameters(call, NULL);
	json_t *events __cleanup(cleanup_json) = NULL;
	json_t *messages __cleanup(cleanup_json) = NULL;
	const json_t *event;
	size_t i;
	int err;

	if (wrong)
		return bad_parameter(wrong);
	if (!call->is_more)
		return json_pack("{s:s, s:{}}", "error", VARLINK_ERROR_EXPECTED_MORE, "parameters");
	if (!call->caller.may_subscribe)
		return failed(-EPERM, "too many clients monitor already; end one of them");
	err = ops->ongoing(ops->arg, &events);
	if (err)
		return failed(err, NULL);
	messages = json_array();
	json_array_foreach (events, i, event)
		if (json_array_append_new(messages, event_reply(event)))
			return NULL;
	return take_ptr(messages);
}

/* NULL: they are fine. Any port is no port at all; a 0 is no word for that. */
static json_t *bad_trace(const struct call *call, const char *source, json_int_t port,
			 struct trace_order *ret)
{
	char why[PREFIX_WHY_SIZE];

	ret->has_source = source;
	if (source && prefix_parse(source, &ret->source, why))
		return bad_argument("%s", why);
	if (is_given(call, "port") && (port < 1 || port > UINT16_MAX))
		return bad_argument("port is 1 to 65535, not %" JSON_INTEGER_FORMAT
				    "; without one it is any",
				    port);
	ret->port = (__u16)port;
	return NULL;
}

json_t *method_trace(const struct call *call, const struct control_ops *ops)
{
	char *why __cleanup(cleanup_free) = NULL;
	json_t *begun __cleanup(cleanup_json) = NULL;
	json_t *reply, *messages = NULL;
	const char *source = NULL, *wrong;
	struct trace_order order = { 0 };
	json_int_t port = 0;
	int err;

	wrong = call_parameters(call, (const struct parameter[]){ { "source", &source, NULL, true },
								  { "port", NULL, &port, true },
								  { 0 } });
	if (wrong)
		return bad_parameter(wrong);
	if (!call->is_more)
		return json_pack("{s:s, s:{}}", "error", VARLINK_ERROR_EXPECTED_MORE, "parameters");
	reply = bad_trace(call, source, port, &order);
	if (reply)
		return reply;
	if (!call->caller.may_subscribe)
		return failed(-EPERM, "too many clients monitor already; end one of them");
	err = ops->trace(ops->arg, &order, &begun, &why);
	if (err)
		return failed(err, why);
	messages = json_pack("[o]", event_reply(begun));
	if (!messages)
		ops->trace_end(ops->arg);
	return messages;
}
