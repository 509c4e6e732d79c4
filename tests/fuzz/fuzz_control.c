/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/varlink.c daemon/methods*.c */
/*
 * Arbitrary bytes as a request to synwardd. Whoever asks and however the callbacks end, what comes
 * back is whole messages of JSON that fit into a reply and have parameters or an error; a method
 * that there is not is named as such; a callback gets only values that it may have, and one that
 * changes something is not called for somebody else than root.
 */
#include "fuzz.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "methods.h"
#include "names.h"
#include "proto.h"
#include "selftest_verdict.h"
#include "tracer.h"

#define HUGE_NUMBER 9223372036854775807LL

/* How this round's callbacks end, and which kind of them was called. */
static struct {
	int err;
	bool is_stranger;
	unsigned int nr_looks, nr_changes;
} world;

/* ---- callbacks that take anything ---- */

static int look(json_t **ret)
{
	world.nr_looks++;
	if (!world.err)
		*ret = json_pack("{s:f, s:I, s:s}", "rate", 2.35, "sum", HUGE_NUMBER, "why",
				 "\"\x01\xc3\xa4");
	return world.err;
}

static int on_status(void *arg, json_t **ret)
{
	(void)arg;
	return look(ret);
}

static int on_thresholds(void *arg, json_t **ret)
{
	(void)arg;
	return look(ret);
}

static int on_handshakes(void *arg, const struct handshake_query *query, json_t **ret)
{
	(void)arg;
	HOLDS(query->limit >= 1 && query->limit <= HANDSHAKES_PAGE_MAX);
	HOLDS(query->state == FLOW_NONE || query->state == FLOW_ESTABLISHED ||
	      query->state == FLOW_HANDED_OFF || query->state == FLOW_SYN_RECV ||
	      query->state == FLOW_CLOSING);
	return look(ret);
}

static int on_ongoing(void *arg, json_t **ret)
{
	json_t *event = NULL;
	int err = look(&event);

	(void)arg;
	if (!err)
		*ret = json_pack("[O, o]", event, event);
	return err;
}

static int change_unexplained(void)
{
	HOLDS(!world.is_stranger);
	world.nr_changes++;
	return world.err;
}

static int change(const char *service, char **ret_why)
{
	if (world.err == -EINVAL && asprintf(ret_why, "there is no service '%s'", service) < 0)
		abort();
	return change_unexplained();
}

static int on_set(void *arg, const char *service, const char *key, const char *value,
		  char **ret_drop_in, char **ret_why)
{
	(void)arg;
	HOLDS(key && value);
	if (!world.err)
		*ret_drop_in = strdup(value);
	return change(service, ret_why);
}

static int on_arm(void *arg, const char *service, __u32 seconds, char **ret_why)
{
	(void)arg;
	HOLDS(seconds <= PROTO_ARM_SECONDS_MAX);
	return change(service, ret_why);
}

static int on_disarm(void *arg, const char *service, char **ret_why)
{
	(void)arg;
	return change(service, ret_why);
}

static int on_mode(void *arg, const char *service, const char *mode, char **ret_drop_in,
		   char **ret_why)
{
	(void)arg;
	(void)ret_drop_in;
	HOLDS(mode);
	return change(service, ret_why);
}

static int on_reload(void *arg, json_t **ret_errors)
{
	(void)arg;
	if (world.err)
		*ret_errors = json_pack("[s]", "f:1: wrong");
	return change_unexplained();
}

static int on_rotate_key(void *arg, bool at_once, __u64 *ret_ms, char **ret_why)
{
	(void)arg;
	*ret_ms = at_once;
	return change("", ret_why);
}

static int on_attach(void *arg, const char *interface, __u32 seconds, json_t **ret, char **ret_why)
{
	(void)arg;
	HOLDS(seconds <= PROTO_CONFIRM_SECONDS_MAX);
	if (!world.err)
		*ret = json_pack("{s:s}", "state", "attached");
	return change(interface, ret_why);
}

static int on_confirm(void *arg, json_t **ret, char **ret_why)
{
	(void)arg;
	if (!world.err)
		*ret = json_pack("{s:[]}", "interfaces");
	return change("", ret_why);
}

static int on_detach(void *arg, const char *interface, json_t **ret, char **ret_why)
{
	(void)arg;
	if (!world.err)
		*ret = json_pack("{s:[s]}", "interfaces", interface ?: "");
	return change(interface ?: "", ret_why);
}

static int on_list(void *arg, enum list list, __u32 from, __u32 limit, json_t **ret)
{
	(void)arg;
	(void)from;
	HOLDS(list <= LIST_DENY);
	HOLDS(limit >= 1 && limit <= PROTO_PAGE_MAX);
	return look(ret);
}

static int change_list(enum list list, const char *prefix, json_t **ret, char **ret_why)
{
	HOLDS(list == LIST_ALLOW || list == LIST_DENY);
	if (!world.err)
		*ret = json_pack("{s:n, s:s}", "before", "after", prefix);
	return change(prefix, ret_why);
}

static int on_list_add(void *arg, enum list list, const char *prefix, __u32 seconds, json_t **ret,
		       char **ret_why)
{
	(void)arg;
	HOLDS(seconds <= PROTO_LIST_SECONDS_MAX);
	return change_list(list, prefix, ret, ret_why);
}

static int on_list_delete(void *arg, enum list list, const char *prefix, json_t **ret,
			  char **ret_why)
{
	(void)arg;
	return change_list(list, prefix, ret, ret_why);
}

static int on_doctor(void *arg, json_t **ret)
{
	(void)arg;
	return look(ret);
}

static int on_self_test(void *arg, const struct selftest_order *order, json_t **ret, char **ret_why)
{
	(void)arg;
	HOLDS(order->interface && order->port);
	if (!world.err)
		*ret = json_pack("{s:s, s:b}", "interface", order->interface, "v6", order->is_v6);
	return change(order->service, ret_why);
}

static int on_trace(void *arg, const struct trace_order *order, json_t **ret, char **ret_why)
{
	(void)arg;
	HOLDS(!order->has_source || (order->source.bits && order->source.bits <= 128));
	if (!world.err)
		*ret = json_pack("{s:s}", "event", "trace_begin");
	return change("", ret_why);
}

static void on_trace_end(void *arg)
{
	(void)arg;
	HOLDS(false); /* no answer fails here */
}

static const struct control_ops ops = {
	.status = on_status,
	.thresholds = on_thresholds,
	.handshakes = on_handshakes,
	.ongoing = on_ongoing,
	.set = on_set,
	.arm = on_arm,
	.disarm = on_disarm,
	.reload = on_reload,
	.rotate_key = on_rotate_key,
	.mode = on_mode,
	.attach = on_attach,
	.confirm = on_confirm,
	.detach = on_detach,
	.list = on_list,
	.list_add = on_list_add,
	.list_delete = on_list_delete,
	.doctor = on_doctor,
	.self_test = on_self_test,
	.trace = on_trace,
	.trace_end = on_trace_end,
};

/* ---- what must come back ---- */

static bool is_method(const char *name)
{
	return method_find(name) || !strcmp(name, VARLINK_GET_INFO) ||
	       !strcmp(name, VARLINK_GET_DESCRIPTION);
}

/* What a method that there is not is answered with: which part of its name is wrong. */
static const char *error_of_unknown(const char *name)
{
	size_t nr_interface = strrchr(name, '.') ? (size_t)(strrchr(name, '.') - name) : 0;

	if (!strchr(name, '.') ||
	    (nr_interface == strlen(PROTO_INTERFACE) &&
	     !strncmp(name, PROTO_INTERFACE, nr_interface)) ||
	    (nr_interface == strlen(VARLINK_INTERFACE) &&
	     !strncmp(name, VARLINK_INTERFACE, nr_interface)))
		return VARLINK_ERROR_METHOD_NOT_FOUND;
	return VARLINK_ERROR_INTERFACE_NOT_FOUND;
}

/* One message. Returns its error, or NULL. */
static const char *check_message(const json_t *message)
{
	const json_t *error = json_object_get(message, "error");

	HOLDS(json_is_object(message));
	HOLDS(json_is_object(json_object_get(message, "parameters")));
	HOLDS(!error || json_is_string(error));
	HOLDS(!error || !json_object_get(message, "continues"));
	return json_string_value(error);
}

static bool is_set(const json_t *request, const char *key)
{
	return json_is_true(json_object_get(request, key));
}

static void check_error(const json_t *request, const char *error, const struct varlink_answer *got)
{
	const char *method = json_string_value(json_object_get(request, "method"));

	HOLDS(got->is_last == !strcmp(error, PROTO_ERROR_INVALID_REQUEST));
	if (got->is_last || is_set(request, "upgrade"))
		return;
	HOLDS(method);
	if (!is_method(method))
		HOLDS(!strcmp(error, error_of_unknown(method)));
	else
		HOLDS(strcmp(error, VARLINK_ERROR_METHOD_NOT_FOUND));
}

/* All messages of an answer. */
static void check_answer(const json_t *request, const struct varlink_answer *got)
{
	const char *at = got->text, *error = NULL;
	unsigned int nr = 0;

	if (!got->text) {
		HOLDS(is_set(request, "oneway") && !got->nr_bytes && !got->is_last);
		return;
	}
	for (; at < got->text + got->nr_bytes; at += strlen(at) + 1, nr++) {
		json_t *message __cleanup(cleanup_json) =
			json_loads(at, JSON_REJECT_DUPLICATES, NULL);

		HOLDS(strlen(at) <= PROTO_REPLY_MAX);
		error = check_message(message);
		if (error)
			check_error(request, error, got);
		HOLDS(is_set(message, "continues") == got->subscribes);
	}
	HOLDS(got->subscribes || nr == 1);
	HOLDS(!got->subscribes ||
	      (is_set(request, "more") && nr == (got->traces ? 1 : 2) && !error));
	HOLDS(!got->is_last || error);
	HOLDS(at == got->text + got->nr_bytes);
}

static void ask(const char *text, size_t size, const json_t *request)
{
	const struct varlink_caller caller = { .uid = geteuid() + world.is_stranger,
					       .may_subscribe = !world.err };
	struct varlink_answer got = { 0 };

	world.nr_looks = world.nr_changes = 0;
	HOLDS(!varlink_answer(text, size, &caller, &ops, &got));
	HOLDS(world.nr_looks + world.nr_changes <= 1);
	check_answer(request, &got);
	free(got.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Ends where its block ends, so that the sanitizer sees the first byte read behind it. */
	char *text __cleanup(cleanup_free) = malloc(size);
	json_t *request __cleanup(cleanup_json) = NULL;

	if (size)
		memcpy(text, data, size);
	request = json_loadb(text ?: "", size, JSON_REJECT_DUPLICATES, NULL);
	world.is_stranger = false;
	world.err = 0;
	ask(text, size, request);
	world.err = -EINVAL;
	ask(text, size, request);
	world.err = -EIO;
	ask(text, size, request);
	world.is_stranger = true;
	world.err = 0;
	ask(text, size, request);
	return 0;
}
