/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The methods of org.synward: which parameters each takes, who may call it, and which error its
 * failure is; methods_description.c says all that to clients. What a reply contains is decided in
 * status.c, what a change does by the callbacks.
 */
#include "methods.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "names.h"
#include "proto.h"
#include "selftest_verdict.h"
#include "tracer.h"

_Static_assert(PROTO_PAGE_MAX == HANDSHAKES_PAGE_MAX, "the page of proto.h and of snapshot.h");

/* ---- errors ---- */

static json_t *bad_parameter(const char *name)
{
	return error_reply(VARLINK_ERROR_INVALID_PARAMETER, "parameter", name);
}

__attribute__((format(printf, 1, 2))) static json_t *bad_argument(const char *format, ...)
{
	char *reason __cleanup(cleanup_free) = NULL;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&reason, format, args);
	va_end(args);
	if (length < 0) {
		reason = NULL;
		return NULL;
	}
	return error_reply(PROTO_ERROR_INVALID_ARGUMENT, "reason", reason);
}

/* A callback returned `err`. */
static json_t *failed(int err, const char *why)
{
	const char *error = err == -EINVAL ? PROTO_ERROR_INVALID_ARGUMENT :
			    err == -EPERM  ? PROTO_ERROR_REFUSED :
					     PROTO_ERROR_FAILED;

	return error_reply(error, "reason", why ?: strerror(-err));
}

/* Of an integer that may be missing: what is given is looked at, even if it is 0. */
static bool is_given(const struct call *call, const char *name)
{
	return json_is_integer(json_object_get(call->parameters, name));
}

/* ---- to look ---- */

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

static json_t *status(const struct call *call, const struct control_ops *ops)
{
	return look(call, ops->status, ops->arg);
}

static json_t *thresholds(const struct call *call, const struct control_ops *ops)
{
	return look(call, ops->thresholds, ops->arg);
}

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

static json_t *handshakes(const struct call *call, const struct control_ops *ops)
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

static json_t *monitor(const struct call *call, const struct control_ops *ops)
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

/* ---- to change ---- */

static json_t *changed(int err, const char *why)
{
	return err ? failed(err, why) : json_pack("{s:{}}", "parameters");
}

static json_t *changed_for_good(int err, const char *why, const char *drop_in)
{
	if (err)
		return failed(err, why);
	return json_pack("{s:{s:s?}}", "parameters", "drop_in_directory", drop_in);
}

static json_t *set(const struct call *call, const struct control_ops *ops)
{
	char *drop_in __cleanup(cleanup_free) = NULL;
	char *why __cleanup(cleanup_free) = NULL;
	const char *service, *key, *value, *wrong;
	int err;

	wrong = call_parameters(call,
				(const struct parameter[]){ { "service", &service, NULL, false },
							    { "key", &key, NULL, false },
							    { "value", &value, NULL, false },
							    { 0 } });
	if (wrong)
		return bad_parameter(wrong);
	err = ops->set(ops->arg, service, key, value, &drop_in, &why);
	return changed_for_good(err, why, drop_in);
}

static json_t *set_mode(const struct call *call, const struct control_ops *ops)
{
	char *drop_in __cleanup(cleanup_free) = NULL;
	char *why __cleanup(cleanup_free) = NULL;
	const char *service, *mode, *wrong;
	int err;

	wrong = call_parameters(call,
				(const struct parameter[]){ { "service", &service, NULL, false },
							    { "mode", &mode, NULL, false },
							    { 0 } });
	if (wrong)
		return bad_parameter(wrong);
	err = ops->mode(ops->arg, service, mode, &drop_in, &why);
	return changed_for_good(err, why, drop_in);
}

/* Who computes a 0 does not mean "for ever". */
static bool has_bad_seconds(const struct call *call, json_int_t seconds, __u32 max)
{
	return is_given(call, "seconds") && (seconds < 1 || seconds > max);
}

static json_t *bad_seconds(json_int_t seconds, __u32 max)
{
	return bad_argument("seconds is 1 to %u, not %" JSON_INTEGER_FORMAT, max, seconds);
}

static json_t *arm(const struct call *call, const struct control_ops *ops)
{
	char *why __cleanup(cleanup_free) = NULL;
	const char *service, *wrong;
	json_int_t seconds = 0;
	int err;

	wrong = call_parameters(call,
				(const struct parameter[]){ { "service", &service, NULL, false },
							    { "seconds", NULL, &seconds, true },
							    { 0 } });
	if (wrong)
		return bad_parameter(wrong);
	if (has_bad_seconds(call, seconds, PROTO_ARM_SECONDS_MAX))
		return bad_seconds(seconds, PROTO_ARM_SECONDS_MAX);
	err = ops->arm(ops->arg, service, (__u32)seconds, &why);
	return changed(err, why);
}

static json_t *disarm(const struct call *call, const struct control_ops *ops)
{
	char *why __cleanup(cleanup_free) = NULL;
	const char *service, *wrong;
	int err;

	wrong = call_parameters(
		call, (const struct parameter[]){ { "service", &service, NULL, false }, { 0 } });
	if (wrong)
		return bad_parameter(wrong);
	err = ops->disarm(ops->arg, service, &why);
	return changed(err, why);
}

static json_t *reload(const struct call *call, const struct control_ops *ops)
{
	const char *wrong = call_parameters(call, NULL);
	json_t *errors = NULL;
	int err;

	if (wrong)
		return bad_parameter(wrong);
	err = ops->reload(ops->arg, &errors);
	if (err && errors)
		return json_pack("{s:s, s:{s:o}}", "error", PROTO_ERROR_INVALID_CONFIG,
				 "parameters", "errors", errors);
	return changed(err, NULL);
}

static json_t *rotate_key(const struct call *call, const struct control_ops *ops)
{
	const char *from = "epoch", *wrong;
	char *why __cleanup(cleanup_free) = NULL;
	__u64 in_ms = 0;
	int err;

	wrong = call_parameters(call,
				(const struct parameter[]){ { "from", &from, NULL, true }, { 0 } });
	if (wrong)
		return bad_parameter(wrong);
	if (strcmp(from, "epoch") && strcmp(from, "now"))
		return bad_argument("a key is rotated from epoch or from now, not from '%s'", from);
	err = ops->rotate_key(ops->arg, !strcmp(from, "now"), &in_ms, &why);
	return err ? failed(err, why) :
		     json_pack("{s:{s:I}}", "parameters", "milliseconds", (json_int_t)in_ms);
}

/* ---- interfaces by command ---- */

static json_t *changed_into(int err, const char *why, json_t *state)
{
	return err ? failed(err, why) : json_pack("{s:o}", "parameters", state);
}

static json_t *attach(const struct call *call, const struct control_ops *ops)
{
	char *why __cleanup(cleanup_free) = NULL;
	const char *interface, *wrong;
	json_t *state = NULL;
	json_int_t seconds = 0;
	int err;

	wrong = call_parameters(
		call, (const struct parameter[]){ { "interface", &interface, NULL, false },
						  { "seconds", NULL, &seconds, true },
						  { 0 } });
	if (wrong)
		return bad_parameter(wrong);
	if (has_bad_seconds(call, seconds, PROTO_CONFIRM_SECONDS_MAX))
		return bad_seconds(seconds, PROTO_CONFIRM_SECONDS_MAX);
	err = ops->attach(ops->arg, interface, (__u32)seconds, &state, &why);
	return changed_into(err, why, state);
}

static json_t *confirm(const struct call *call, const struct control_ops *ops)
{
	const char *wrong = call_parameters(call, NULL);
	char *why __cleanup(cleanup_free) = NULL;
	json_t *state = NULL;
	int err;

	if (wrong)
		return bad_parameter(wrong);
	err = ops->confirm(ops->arg, &state, &why);
	return changed_into(err, why, state);
}

static json_t *detach(const struct call *call, const struct control_ops *ops)
{
	const char *interface = NULL, *wrong;
	char *why __cleanup(cleanup_free) = NULL;
	json_t *state = NULL;
	int err;

	wrong = call_parameters(
		call, (const struct parameter[]){ { "interface", &interface, NULL, true }, { 0 } });
	if (wrong)
		return bad_parameter(wrong);
	err = ops->detach(ops->arg, interface, &state, &why);
	return changed_into(err, why, state);
}

/* ---- the allow and deny lists ---- */

static json_t *no_such_list(const char *word)
{
	return bad_argument("'%s' is no list; there are allow and deny", word);
}

static json_t *list_page(const struct call *call, const struct control_ops *ops)
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

static json_t *list_add(const struct call *call, const struct control_ops *ops)
{
	char *why __cleanup(cleanup_free) = NULL;
	const char *word, *prefix, *wrong;
	json_t *change = NULL;
	json_int_t seconds = 0;
	enum list list;
	int err;

	wrong = call_parameters(call,
				(const struct parameter[]){ { "list", &word, NULL, false },
							    { "prefix", &prefix, NULL, false },
							    { "seconds", NULL, &seconds, true },
							    { 0 } });
	if (wrong)
		return bad_parameter(wrong);
	if (list_find(word, &list))
		return no_such_list(word);
	if (has_bad_seconds(call, seconds, PROTO_LIST_SECONDS_MAX))
		return bad_seconds(seconds, PROTO_LIST_SECONDS_MAX);
	err = ops->list_add(ops->arg, list, prefix, (__u32)seconds, &change, &why);
	return changed_into(err, why, change);
}

static json_t *list_delete(const struct call *call, const struct control_ops *ops)
{
	char *why __cleanup(cleanup_free) = NULL;
	const char *word, *prefix, *wrong;
	json_t *change = NULL;
	enum list list;
	int err;

	wrong = call_parameters(call,
				(const struct parameter[]){ { "list", &word, NULL, false },
							    { "prefix", &prefix, NULL, false },
							    { 0 } });
	if (wrong)
		return bad_parameter(wrong);
	if (list_find(word, &list))
		return no_such_list(word);
	err = ops->list_delete(ops->arg, list, prefix, &change, &why);
	return changed_into(err, why, change);
}

/* ---- the doctor ---- */

static json_t *doctor(const struct call *call, const struct control_ops *ops)
{
	return look(call, ops->doctor, ops->arg);
}

static json_t *self_test(const struct call *call, const struct control_ops *ops)
{
	char *why __cleanup(cleanup_free) = NULL;
	struct selftest_order order = { 0 };
	json_int_t port, family;
	json_t *result = NULL;
	const char *wrong;
	int err;

	wrong = call_parameters(
		call, (const struct parameter[]){ { "interface", &order.interface, NULL, false },
						  { "service", &order.service, NULL, false },
						  { "port", NULL, &port, false },
						  { "family", NULL, &family, false },
						  { 0 } });
	if (wrong)
		return bad_parameter(wrong);
	if (port < 1 || port > UINT16_MAX)
		return bad_argument("port is 1 to 65535, not %" JSON_INTEGER_FORMAT, port);
	if (family != 4 && family != 6)
		return bad_argument("family is 4 or 6, not %" JSON_INTEGER_FORMAT, family);
	order.port = (__u16)port;
	order.is_v6 = family == 6;
	err = ops->self_test(ops->arg, &order, &result, &why);
	return err ? failed(err, why) : json_pack("{s:o}", "parameters", result);
}

/* ---- packets ---- */

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

static json_t *trace(const struct call *call, const struct control_ops *ops)
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

/* ---- the table ---- */

static const struct method methods[] = {
	{ PROTO_STATUS, status, false },
	{ PROTO_THRESHOLDS, thresholds, false },
	{ PROTO_HANDSHAKES, handshakes, false },
	{ PROTO_MONITOR, monitor, false },
	{ PROTO_TRACE, trace, true },
	{ PROTO_SET, set, true },
	{ PROTO_ARM, arm, true },
	{ PROTO_DISARM, disarm, true },
	{ PROTO_SET_MODE, set_mode, true },
	{ PROTO_RELOAD, reload, true },
	{ PROTO_ROTATE_KEY, rotate_key, true },
	{ PROTO_ATTACH, attach, true },
	{ PROTO_CONFIRM, confirm, true },
	{ PROTO_DETACH, detach, true },
	{ PROTO_DOCTOR, doctor, false },
	{ PROTO_SELF_TEST, self_test, true },
	{ PROTO_LIST, list_page, false },
	{ PROTO_LIST_ADD, list_add, true },
	{ PROTO_LIST_DELETE, list_delete, true },
};

const struct method *method_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (!strcmp(methods[i].name, name))
			return &methods[i];
	return NULL;
}

/* A daemon that somebody runs as himself is his to command. */
static bool may_change(uid_t uid)
{
	return uid == 0 || uid == geteuid();
}

json_t *method_reply(const struct method *method, const struct call *call,
		     const struct control_ops *ops)
{
	if (method->is_change && !may_change(call->caller.uid))
		return error_reply(PROTO_ERROR_PERMISSION_DENIED, "reason",
				   method->reply == trace ?
					   "only root may see packets" :
					   "only root may change what synwardd does");
	return method->reply(call, ops);
}
