/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The methods of synwardd and what is said of them. No method streams yet, so `more` gets one reply
 * without `continues`, as the protocol allows; `upgrade` is refused.
 */
#include "varlink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "proto.h"

static const char synward_description[] =
	"# synwardd, the defence of TCP listeners against SYN floods\n"
	"interface org.synward\n"
	"\n"
	"type Interface (\n"
	"  name: string,\n"
	"  xdp_mode: string,\n"
	"  tc: string,\n"
	"  path: string,\n"
	"  # why the path is not \"cookie\", with the remedy\n"
	"  why: ?string\n"
	")\n"
	"\n"
	"# One row for each port of each service section.\n"
	"type Service (\n"
	"  name: string,\n"
	"  port: int,\n"
	"  mode: string,\n"
	"  armed: bool,\n"
	"  syns: int,\n"
	"  cookies_sent: int,\n"
	"  cookies_valid: int,\n"
	"  cookies_invalid: int\n"
	")\n"
	"\n"
	"# reasons: packets by verdict since the start.\n"
	"method Status() -> (\n"
	"  version: string,\n"
	"  uptime_seconds: int,\n"
	"  interfaces: []Interface,\n"
	"  services: []Service,\n"
	"  reasons: [string]int\n"
	")\n"
	"\n"
	"# The request was no Varlink call; the connection is closed.\n"
	"error InvalidRequest (reason: string)\n"
	"error Failed (reason: string)\n";

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
	"error InvalidParameter (parameter: string)\n";

struct call {
	const char *method;
	json_t *parameters; /* borrowed; an object or NULL */
	int is_oneway, is_more, is_upgrade;
};

static json_t *error_reply(const char *error, const char *name, const char *value)
{
	return json_pack("{s:s, s:{s:s}}", "error", error, "parameters", name, value);
}

/* The first parameter that a method without any was given, or NULL. */
static const char *unexpected(const struct call *call)
{
	return json_object_iter_key(json_object_iter(call->parameters));
}

static json_t *get_info(const struct call *call, const struct control_ops *ops)
{
	(void)ops;
	if (unexpected(call))
		return error_reply(VARLINK_ERROR_INVALID_PARAMETER, "parameter", unexpected(call));
	return json_pack("{s:{s:s, s:s, s:s, s:s, s:[s, s]}}", "parameters", "vendor", "synward",
			 "product", "synwardd", "version", VERSION, "url", "", "interfaces",
			 PROTO_INTERFACE, VARLINK_INTERFACE);
}

static json_t *get_description(const struct call *call, const struct control_ops *ops)
{
	const char *name, *text;

	(void)ops;
	if (json_unpack_ex(call->parameters, NULL, JSON_STRICT, "{s:s}", "interface", &name))
		return error_reply(VARLINK_ERROR_INVALID_PARAMETER, "parameter", "interface");
	if (!strcmp(name, PROTO_INTERFACE))
		text = synward_description;
	else if (!strcmp(name, VARLINK_INTERFACE))
		text = varlink_description;
	else
		return error_reply(VARLINK_ERROR_INTERFACE_NOT_FOUND, "interface", name);
	return json_pack("{s:{s:s}}", "parameters", "description", text);
}

static json_t *status(const struct call *call, const struct control_ops *ops)
{
	json_t *parameters = NULL;
	int err;

	if (unexpected(call))
		return error_reply(VARLINK_ERROR_INVALID_PARAMETER, "parameter", unexpected(call));
	err = ops->status(ops->arg, &parameters);
	if (err)
		return error_reply(PROTO_ERROR_FAILED, "reason", strerror(-err));
	return json_pack("{s:o}", "parameters", parameters);
}

static const struct method {
	const char *name;
	json_t *(*reply)(const struct call *call, const struct control_ops *ops);
} methods[] = {
	{ VARLINK_GET_INFO, get_info },
	{ VARLINK_GET_DESCRIPTION, get_description },
	{ PROTO_STATUS, status },
};

static bool is_method_of(const char *name, const char *interface)
{
	size_t length = strlen(interface);

	return !strncmp(name, interface, length) && name[length] == '.' &&
	       !strchr(name + length + 1, '.');
}

static json_t *reply_to(const struct call *call, const struct control_ops *ops)
{
	char *interface __cleanup(cleanup_free) = NULL;
	const char *dot;
	size_t i;

	if (call->is_upgrade)
		return error_reply(VARLINK_ERROR_INVALID_PARAMETER, "parameter", "upgrade");
	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (!strcmp(methods[i].name, call->method))
			return methods[i].reply(call, ops);

	dot = strrchr(call->method, '.');
	if (!dot || is_method_of(call->method, PROTO_INTERFACE) ||
	    is_method_of(call->method, VARLINK_INTERFACE))
		return error_reply(VARLINK_ERROR_METHOD_NOT_FOUND, "method", call->method);
	interface = strndup(call->method, (size_t)(dot - call->method));
	if (!interface)
		return NULL;
	return error_reply(VARLINK_ERROR_INTERFACE_NOT_FOUND, "interface", interface);
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

int varlink_answer(const char *request, size_t nr_bytes, const struct control_ops *ops,
		   struct varlink_answer *ret)
{
	json_t *json __cleanup(cleanup_json) =
		json_loadb(request, nr_bytes, JSON_REJECT_DUPLICATES, NULL);
	json_t *reply __cleanup(cleanup_json) = NULL;
	struct varlink_answer answer = { 0 };
	struct call call = { 0 };
	const char *wrong =
		nr_bytes > PROTO_REQUEST_MAX ? "longer than 65536 bytes" : call_read(json, &call);

	if (wrong) {
		answer.is_last = true;
		reply = error_reply(PROTO_ERROR_INVALID_REQUEST, "reason", wrong);
	} else {
		reply = reply_to(&call, ops);
	}
	if (!reply)
		return -ENOMEM;
	if (wrong || !call.is_oneway) {
		answer.text = json_dumps(reply, JSON_COMPACT);
		if (!answer.text)
			return -ENOMEM;
		answer.nr_bytes = strlen(answer.text) + 1;
	}
	*ret = answer;
	return 0;
}
