// SPDX-License-Identifier: GPL-2.0-only
/*
 * The methods that change something, and the self-test, which sends packets: which parameters each
 * takes.
 */
#include <stdint.h>
#include <string.h>

#include "cleanup.h"
#include "json.h"
#include "methods_inside.h"
#include "proto.h"
#include "selftest_verdict.h"

/* ---- services ---- */

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

json_t *method_set(const struct call *call, const struct control_ops *ops)
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

json_t *method_set_mode(const struct call *call, const struct control_ops *ops)
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

json_t *method_arm(const struct call *call, const struct control_ops *ops)
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

json_t *method_disarm(const struct call *call, const struct control_ops *ops)
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

json_t *method_reload(const struct call *call, const struct control_ops *ops)
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

json_t *method_rotate_key(const struct call *call, const struct control_ops *ops)
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

json_t *method_attach(const struct call *call, const struct control_ops *ops)
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

json_t *method_confirm(const struct call *call, const struct control_ops *ops)
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

json_t *method_detach(const struct call *call, const struct control_ops *ops)
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

json_t *method_list_add(const struct call *call, const struct control_ops *ops)
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

json_t *method_list_delete(const struct call *call, const struct control_ops *ops)
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

/* ---- the self-test ---- */

json_t *method_self_test(const struct call *call, const struct control_ops *ops)
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
