/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Callbacks for the methods, made up: they note which was called with which values, and end as they
 * are told. Requests and replies are texts.
 */
#ifndef SYNWARD_METHODS_WORLD_H
#define SYNWARD_METHODS_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "json.h"
#include "names.h"
#include "proto.h"
#include "selftest_verdict.h"
#include "tracer.h"
#include "varlink.h"

#define NOBODY 65534
#define CALL(method, parameters) \
	"{\"method\":\"org.synward." method "\",\"parameters\":{" parameters "}}"
#define REPLY(parameters) "{\"parameters\":{" parameters "}}"
#define ERROR(name, parameter, value) \
	"{\"error\":\"" name "\",\"parameters\":{\"" parameter "\":\"" value "\"}}"
#define INVALID(parameter) ERROR("org.varlink.service.InvalidParameter", "parameter", parameter)
#define ARGUMENT(reason) ERROR("org.synward.InvalidArgument", "reason", reason)
#define DENIED \
	ERROR("org.synward.PermissionDenied", "reason", "only root may change what synwardd does")

/* What the callbacks were given, and what they are to return. */
static struct world {
	char called[256]; /* "" = none was */
	int err;
	const char *why, *drop_in;
} world;

static inline int finish(char **ret_why)
{
	if (world.err && world.why)
		*ret_why = strdup(world.why);
	return world.err;
}

static inline int look(const char *name, json_t **ret)
{
	snprintf(world.called, sizeof(world.called), "%s", name);
	if (!world.err)
		*ret = json_pack("{s:f}", "of", 2.35);
	return world.err;
}

static inline int on_status(void *arg, json_t **ret)
{
	(void)arg;
	return look("status", ret);
}

static inline int on_thresholds(void *arg, json_t **ret)
{
	(void)arg;
	return look("thresholds", ret);
}

static inline int on_handshakes(void *arg, const struct handshake_query *query, json_t **ret)
{
	(void)arg;
	snprintf(world.called, sizeof(world.called),
		 "handshakes service=%s state=%d from=%u limit=%u", query->service ?: "-",
		 (int)query->state, query->from, query->limit);
	if (!world.err)
		*ret = json_pack("{s:[], s:n}", "handshakes", "next");
	return world.err;
}

static inline int on_ongoing(void *arg, json_t **ret)
{
	(void)arg;
	snprintf(world.called, sizeof(world.called), "ongoing");
	if (!world.err)
		*ret = json_pack("[{s:s}, {s:s}]", "event", "a", "event", "b");
	return world.err;
}

static inline int on_set(void *arg, const char *service, const char *key, const char *value,
			 char **ret_drop_in, char **ret_why)
{
	(void)arg;
	snprintf(world.called, sizeof(world.called), "set %s %s %s", service, key, value);
	if (!world.err && world.drop_in)
		*ret_drop_in = strdup(world.drop_in);
	return finish(ret_why);
}

static inline int on_arm(void *arg, const char *service, __u32 seconds, char **ret_why)
{
	(void)arg;
	snprintf(world.called, sizeof(world.called), "arm %s %u", service, seconds);
	return finish(ret_why);
}

static inline int on_disarm(void *arg, const char *service, char **ret_why)
{
	(void)arg;
	snprintf(world.called, sizeof(world.called), "disarm %s", service);
	return finish(ret_why);
}

static inline int on_mode(void *arg, const char *service, const char *mode, char **ret_drop_in,
			  char **ret_why)
{
	(void)arg;
	snprintf(world.called, sizeof(world.called), "mode %s %s", service, mode);
	if (!world.err && world.drop_in)
		*ret_drop_in = strdup(world.drop_in);
	return finish(ret_why);
}

/* With a reason, there are two lines. */
static inline int on_reload(void *arg, json_t **ret_errors)
{
	(void)arg;
	strcpy(world.called, "reload");
	if (world.err && world.why)
		*ret_errors = json_pack("[s, s]", world.why, "f:2: and more");
	return world.err;
}

static inline int on_rotate_key(void *arg, bool at_once, __u64 *ret_ms, char **ret_why)
{
	(void)arg;
	snprintf(world.called, sizeof(world.called), "rotate %s", at_once ? "now" : "later");
	*ret_ms = at_once ? 0 : 4321;
	return finish(ret_why);
}

static inline int on_attach(void *arg, const char *interface, __u32 seconds, json_t **ret,
			    char **ret_why)
{
	(void)arg;
	snprintf(world.called, sizeof(world.called), "attach %s %u", interface, seconds);
	if (!world.err)
		*ret = json_pack("{s:s}", "state", "attached");
	return finish(ret_why);
}

static inline int on_confirm(void *arg, json_t **ret, char **ret_why)
{
	(void)arg;
	strcpy(world.called, "confirm");
	if (!world.err)
		*ret = json_pack("{s:[s]}", "interfaces", "eth0");
	return finish(ret_why);
}

static inline int on_detach(void *arg, const char *interface, json_t **ret, char **ret_why)
{
	(void)arg;
	snprintf(world.called, sizeof(world.called), "detach %s", interface ?: "-");
	if (!world.err)
		*ret = json_pack("{s:[]}", "interfaces");
	return finish(ret_why);
}

static inline int on_list(void *arg, enum list list, __u32 from, __u32 limit, json_t **ret)
{
	(void)arg;
	snprintf(world.called, sizeof(world.called), "list %d from=%u limit=%u", (int)list, from,
		 limit);
	if (!world.err)
		*ret = json_pack("{s:[], s:n}", "entries", "next");
	return world.err;
}

static inline int on_list_add(void *arg, enum list list, const char *prefix, __u32 seconds,
			      json_t **ret, char **ret_why)
{
	(void)arg;
	snprintf(world.called, sizeof(world.called), "add %d %s %u", (int)list, prefix, seconds);
	if (!world.err)
		*ret = json_pack("{s:s}", "after", "x");
	return finish(ret_why);
}

static inline int on_list_delete(void *arg, enum list list, const char *prefix, json_t **ret,
				 char **ret_why)
{
	(void)arg;
	snprintf(world.called, sizeof(world.called), "delete %d %s", (int)list, prefix);
	if (!world.err)
		*ret = json_pack("{s:s}", "before", "x");
	return finish(ret_why);
}

static inline int on_doctor(void *arg, json_t **ret)
{
	(void)arg;
	return look("doctor", ret);
}

static inline int on_self_test(void *arg, const struct selftest_order *order, json_t **ret,
			       char **ret_why)
{
	(void)arg;
	snprintf(world.called, sizeof(world.called), "self-test %s %s %u %d", order->interface,
		 order->service, order->port, order->is_v6 ? 6 : 4);
	if (!world.err)
		*ret = json_pack("{s:s}", "stage", "connection");
	return finish(ret_why);
}

static inline int on_trace(void *arg, const struct trace_order *order, json_t **ret, char **ret_why)
{
	char source[PREFIX_SIZE] = "-";

	(void)arg;
	if (order->has_source)
		prefix_format(&order->source, source);
	snprintf(world.called, sizeof(world.called), "trace %s %u", source, order->port);
	if (!world.err)
		*ret = json_pack("{s:s}", "event", "trace_begin");
	return finish(ret_why);
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
};

static inline void answer(const char *request, uid_t uid, struct varlink_answer *ret)
{
	const struct varlink_caller caller = { .uid = uid, .may_subscribe = true };

	world.called[0] = '\0';
	assert_int_equal(varlink_answer(request, strlen(request), &caller, &ops, ret), 0);
}

/* `called` = NULL: no callback may be. */
static inline void expect(const char *request, uid_t uid, const char *called, const char *reply)
{
	struct varlink_answer got;

	answer(request, uid, &got);
	assert_string_equal(got.text, reply);
	assert_int_equal(got.nr_bytes, strlen(reply) + 1);
	assert_string_equal(world.called, called ?: "");
	assert_false(got.subscribes);
	assert_false(got.is_last);
	free(got.text);
}

struct row {
	const char *request, *called, *reply;
};

static inline void expect_rows(const struct row *rows, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		expect(rows[i].request, 0, rows[i].called, rows[i].reply);
}

#define EXPECT_ROWS(rows) expect_rows(rows, sizeof(rows) / sizeof((rows)[0]))

static inline int set_up(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	return 0;
}

#endif
