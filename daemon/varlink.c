/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The protocol: what is a call, which method it means, and what every Varlink service says of
 * itself. A method that does not stream answers `more` with one reply without `continues`, as the
 * protocol allows; `upgrade` is refused.
 */
#include "varlink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "methods.h"
#include "proto.h"

/* A real has so many digits: enough for all that is counted, and 2.35 stays 2.35. */
#define DUMP_FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(15))

static const char varlink_description[] =
	"# What every Varlink service answers\n"
	"interface org.varlink.service\n"
	"\n"
	"method GetInfo() -> (\n"
	"  vendor: string,\n"
	"  product: string,\n"
	"  version: string,\n"
	"  url: string,\n"
	"  interfaces: []string\n"
	")\n"
	"method GetInterfaceDescription(interface: string) -> (description: string)\n"
	"\n"
	"error InterfaceNotFound (interface: string)\n"
	"error MethodNotFound (method: string)\n"
	"error MethodNotImplemented (method: string)\n"
	"error InvalidParameter (parameter: string)\n"
	"# The method streams: it is called with more.\n"
	"error ExpectedMore ()\n";

json_t *error_reply(const char *error, const char *name, const char *value)
{
	return json_pack("{s:s, s:{s:s}}", "error", error, "parameters", name, value);
}

json_t *event_reply(const json_t *event)
{
	return json_pack("{s:{s:O}, s:b}", "parameters", "event", event, "continues", 1);
}

/* ---- parameters ---- */

static bool parameter_take(const struct parameter *parameter, const json_t *value)
{
	if (!value || json_is_null(value))
		return parameter->is_optional;
	if (parameter->string && json_is_string(value))
		*parameter->string = json_string_value(value);
	else if (parameter->integer && json_is_integer(value))
		*parameter->integer = json_integer_value(value);
	else
		return false;
	return true;
}

const char *call_parameters(const struct call *call, const struct parameter *parameters)
{
	static const struct parameter none[1];
	const struct parameter *parameter;
	json_t *value;
	const char *name;

	parameters = parameters ?: none;
	for (parameter = parameters; parameter->name; parameter++)
		if (!parameter_take(parameter, json_object_get(call->parameters, parameter->name)))
			return parameter->name;
	json_object_foreach (call->parameters, name, value) {
		for (parameter = parameters; parameter->name; parameter++)
			if (!strcmp(parameter->name, name))
				break;
		if (!parameter->name)
			return name;
	}
	return NULL;
}

/* ---- what every service answers ---- */

static json_t *get_info(const struct call *call, const struct control_ops *ops)
{
	const char *wrong = call_parameters(call, NULL);

	(void)ops;
	if (wrong)
		return error_reply(VARLINK_ERROR_INVALID_PARAMETER, "parameter", wrong);
	return json_pack("{s:{s:s, s:s, s:s, s:s, s:[s, s]}}", "parameters", "vendor", "synward",
			 "product", "synwardd", "version", VERSION, "url", "", "interfaces",
			 PROTO_INTERFACE, VARLINK_INTERFACE);
}

static json_t *get_description(const struct call *call, const struct control_ops *ops)
{
	const char *name, *text, *wrong;
	const struct parameter parameters[] = { { "interface", &name, NULL, false }, { 0 } };

	(void)ops;
	wrong = call_parameters(call, parameters);
	if (wrong)
		return error_reply(VARLINK_ERROR_INVALID_PARAMETER, "parameter", wrong);
	if (!strcmp(name, PROTO_INTERFACE))
		text = methods_description;
	else if (!strcmp(name, VARLINK_INTERFACE))
		text = varlink_description;
	else
		return error_reply(VARLINK_ERROR_INTERFACE_NOT_FOUND, "interface", name);
	return json_pack("{s:{s:s}}", "parameters", "description", text);
}

static const struct method service_methods[] = {
	{ VARLINK_GET_INFO, get_info, false },
	{ VARLINK_GET_DESCRIPTION, get_description, false },
};

/* ---- from the request to the reply ---- */

static bool is_method_of(const char *name, const char *interface)
{
	size_t length = strlen(interface);

	return !strncmp(name, interface, length) && name[length] == '.' &&
	       !strchr(name + length + 1, '.');
}

static json_t *no_such_method(const char *name)
{
	const char *dot = strrchr(name, '.');
	char *interface __cleanup(cleanup_free) = NULL;

	if (!dot || is_method_of(name, PROTO_INTERFACE) || is_method_of(name, VARLINK_INTERFACE))
		return error_reply(VARLINK_ERROR_METHOD_NOT_FOUND, "method", name);
	interface = strndup(name, (size_t)(dot - name));
	if (!interface)
		return NULL;
	return error_reply(VARLINK_ERROR_INTERFACE_NOT_FOUND, "interface", interface);
}

static json_t *reply_to(const struct call *call, const struct control_ops *ops)
{
	const struct method *method = method_find(call->method);
	size_t i;

	if (call->is_upgrade)
		return error_reply(VARLINK_ERROR_INVALID_PARAMETER, "parameter", "upgrade");
	for (i = 0; !method && i < sizeof(service_methods) / sizeof(service_methods[0]); i++)
		if (!strcmp(service_methods[i].name, call->method))
			method = &service_methods[i];
	return method ? method_reply(method, call, ops) : no_such_method(call->method);
}

/* What is wrong with the request as a Varlink call; NULL = nothing. */
static const char *call_read(json_t *request, struct call *call)
{
	if (!request)
		return "not JSON";
	if (json_unpack_ex(request, NULL, JSON_STRICT, "{s:s, s?o, s?b, s?b, s?b}", "method",
			   &call->method, "parameters", &call->parameters, "oneway",
			   &call->is_oneway, "more", &call->is_more, "upgrade", &call->is_upgrade))
		return "not a Varlink call: method, parameters, oneway, more and upgrade are "
		       "possible";
	if (json_is_null(call->parameters))
		call->parameters = NULL;
	if (call->parameters && !json_is_object(call->parameters))
		return "parameters is no object";
	if (call->is_oneway + call->is_more + call->is_upgrade > 1)
		return "oneway, more and upgrade exclude each other";
	return NULL;
}

/* One message behind those that are in `answer` already. */
static int answer_add(struct varlink_answer *answer, const json_t *message)
{
	char *text __cleanup(cleanup_free) = json_dumps(message, DUMP_FLAGS);
	size_t nr_bytes = text ? strlen(text) + 1 : 0;
	char *longer;

	if (!text)
		return -ENOMEM;
	longer = realloc(answer->text, answer->nr_bytes + nr_bytes);
	if (!longer)
		return -ENOMEM;
	memcpy(longer + answer->nr_bytes, text, nr_bytes);
	answer->text = longer;
	answer->nr_bytes += nr_bytes;
	return 0;
}

static int answer_add_all(struct varlink_answer *answer, const json_t *messages)
{
	const json_t *message;
	int err = 0;
	size_t i;

	json_array_foreach ((json_t *)messages, i, message)
		err = err ?: answer_add(answer, message);
	return err;
}

int varlink_answer(const char *request, size_t nr_bytes, const struct varlink_caller *caller,
		   const struct control_ops *ops, struct varlink_answer *ret)
{
	json_t *json __cleanup(cleanup_json) =
		json_loadb(request, nr_bytes, JSON_REJECT_DUPLICATES, NULL);
	json_t *reply __cleanup(cleanup_json) = NULL;
	struct varlink_answer answer = { 0 };
	struct call call = { .caller = *caller };
	const char *wrong =
		nr_bytes > PROTO_REQUEST_MAX ? "longer than 65536 bytes" : call_read(json, &call);
	int err = 0;

	if (wrong) {
		answer.is_last = true;
		reply = error_reply(PROTO_ERROR_INVALID_REQUEST, "reason", wrong);
	} else if (caller->is_gone && !call.is_oneway) {
		*ret = (struct varlink_answer){ .is_last = true };
		return 0;
	} else {
		reply = reply_to(&call, ops);
	}
	if (!reply)
		return -ENOMEM;
	answer.subscribes = json_is_array(reply);
	answer.traces = answer.subscribes && !strcmp(call.method, PROTO_TRACE);
	if (answer.subscribes)
		err = answer_add_all(&answer, reply);
	else if (wrong || !call.is_oneway)
		err = answer_add(&answer, reply);
	if (err) {
		if (answer.traces)
			ops->trace_end(ops->arg);
		free(answer.text);
		return err;
	}
	*ret = answer;
	return 0;
}

/* A message, which is taken over, as its bytes on the wire. */
static char *message_text(json_t *message, size_t *ret_nr_bytes)
{
	char *text = message ? json_dumps(message, DUMP_FLAGS) : NULL;

	if (text)
		*ret_nr_bytes = strlen(text) + 1;
	json_decref(message);
	return text;
}

char *varlink_event(const json_t *event, size_t *ret_nr_bytes)
{
	return message_text(event_reply(event), ret_nr_bytes);
}

char *varlink_failure(const char *reason, size_t *ret_nr_bytes)
{
	return message_text(error_reply(PROTO_ERROR_FAILED, "reason", reason), ret_nr_bytes);
}
