/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/varlink.c daemon/methods*.c */
/*
 * Each method by the text of the request and that of the reply: which call reaches which callback
 * with which values, which parameters are refused, which error a failure becomes, and who may.
 */
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

static int finish(char **ret_why)
{
	if (world.err && world.why)
		*ret_why = strdup(world.why);
	return world.err;
}

static int look(const char *name, json_t **ret)
{
	snprintf(world.called, sizeof(world.called), "%s", name);
	if (!world.err)
		*ret = json_pack("{s:f}", "of", 2.35);
	return world.err;
}

static int on_status(void *arg, json_t **ret)
{
	(void)arg;
	return look("status", ret);
}

static int on_thresholds(void *arg, json_t **ret)
{
	(void)arg;
	return look("thresholds", ret);
}

static int on_handshakes(void *arg, const struct handshake_query *query, json_t **ret)
{
	(void)arg;
	snprintf(world.called, sizeof(world.called),
		 "handshakes service=%s state=%d from=%u limit=%u", query->service ?: "-",
		 (int)query->state, query->from, query->limit);
	if (!world.err)
		*ret = json_pack("{s:[], s:n}", "handshakes", "next");
	return world.err;
}

static int on_ongoing(void *arg, json_t **ret)
{
	(void)arg;
	snprintf(world.called, sizeof(world.called), "ongoing");
	if (!world.err)
		*ret = json_pack("[{s:s}, {s:s}]", "event", "a", "event", "b");
	return world.err;
}

static int on_set(void *arg, const char *service, const char *key, const char *value,
		  char **ret_drop_in, char **ret_why)
{
	(void)arg;
	snprintf(world.called, sizeof(world.called), "set %s %s %s", service, key, value);
	if (!world.err && world.drop_in)
		*ret_drop_in = strdup(world.drop_in);
	return finish(ret_why);
}

static int on_arm(void *arg, const char *service, __u32 seconds, char **ret_why)
{
	(void)arg;
	snprintf(world.called, sizeof(world.called), "arm %s %u", service, seconds);
	return finish(ret_why);
}

static int on_disarm(void *arg, const char *service, char **ret_why)
{
	(void)arg;
	snprintf(world.called, sizeof(world.called), "disarm %s", service);
	return finish(ret_why);
}

static int on_mode(void *arg, const char *service, const char *mode, char **ret_drop_in,
		   char **ret_why)
{
	(void)arg;
	snprintf(world.called, sizeof(world.called), "mode %s %s", service, mode);
	if (!world.err && world.drop_in)
		*ret_drop_in = strdup(world.drop_in);
	return finish(ret_why);
}

/* With a reason, there are two lines. */
static int on_reload(void *arg, json_t **ret_errors)
{
	(void)arg;
	strcpy(world.called, "reload");
	if (world.err && world.why)
		*ret_errors = json_pack("[s, s]", world.why, "f:2: and more");
	return world.err;
}

static int on_rotate_key(void *arg, bool at_once, __u64 *ret_ms, char **ret_why)
{
	(void)arg;
	snprintf(world.called, sizeof(world.called), "rotate %s", at_once ? "now" : "later");
	*ret_ms = at_once ? 0 : 4321;
	return finish(ret_why);
}

static int on_attach(void *arg, const char *interface, __u32 seconds, json_t **ret, char **ret_why)
{
	(void)arg;
	snprintf(world.called, sizeof(world.called), "attach %s %u", interface, seconds);
	if (!world.err)
		*ret = json_pack("{s:s}", "state", "attached");
	return finish(ret_why);
}

static int on_confirm(void *arg, json_t **ret, char **ret_why)
{
	(void)arg;
	strcpy(world.called, "confirm");
	if (!world.err)
		*ret = json_pack("{s:[s]}", "interfaces", "eth0");
	return finish(ret_why);
}

static int on_detach(void *arg, const char *interface, json_t **ret, char **ret_why)
{
	(void)arg;
	snprintf(world.called, sizeof(world.called), "detach %s", interface ?: "-");
	if (!world.err)
		*ret = json_pack("{s:[]}", "interfaces");
	return finish(ret_why);
}

static int on_list(void *arg, enum list list, __u32 from, __u32 limit, json_t **ret)
{
	(void)arg;
	snprintf(world.called, sizeof(world.called), "list %d from=%u limit=%u", (int)list, from,
		 limit);
	if (!world.err)
		*ret = json_pack("{s:[], s:n}", "entries", "next");
	return world.err;
}

static int on_list_add(void *arg, enum list list, const char *prefix, __u32 seconds, json_t **ret,
		       char **ret_why)
{
	(void)arg;
	snprintf(world.called, sizeof(world.called), "add %d %s %u", (int)list, prefix, seconds);
	if (!world.err)
		*ret = json_pack("{s:s}", "after", "x");
	return finish(ret_why);
}

static int on_list_delete(void *arg, enum list list, const char *prefix, json_t **ret,
			  char **ret_why)
{
	(void)arg;
	snprintf(world.called, sizeof(world.called), "delete %d %s", (int)list, prefix);
	if (!world.err)
		*ret = json_pack("{s:s}", "before", "x");
	return finish(ret_why);
}

static int on_doctor(void *arg, json_t **ret)
{
	(void)arg;
	return look("doctor", ret);
}

static int on_self_test(void *arg, const struct selftest_order *order, json_t **ret, char **ret_why)
{
	(void)arg;
	snprintf(world.called, sizeof(world.called), "self-test %s %s %u %d", order->interface,
		 order->service, order->port, order->is_v6 ? 6 : 4);
	if (!world.err)
		*ret = json_pack("{s:s}", "stage", "connection");
	return finish(ret_why);
}

static int on_trace(void *arg, const struct trace_order *order, json_t **ret, char **ret_why)
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

static void answer(const char *request, uid_t uid, struct varlink_answer *ret)
{
	const struct varlink_caller caller = { .uid = uid, .may_subscribe = true };

	world.called[0] = '\0';
	assert_int_equal(varlink_answer(request, strlen(request), &caller, &ops, ret), 0);
}

/* `called` = NULL: no callback may be. */
static void expect(const char *request, uid_t uid, const char *called, const char *reply)
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

static void expect_rows(const struct row *rows, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		expect(rows[i].request, 0, rows[i].called, rows[i].reply);
}

#define EXPECT_ROWS(rows) expect_rows(rows, sizeof(rows) / sizeof((rows)[0]))

static int set_up(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	return 0;
}

static void test_looks(void **state)
{
	static const struct row rows[] = {
		{ CALL("Status", ""), "status", REPLY("\"of\":2.35") },
		{ CALL("Thresholds", ""), "thresholds", REPLY("\"of\":2.35") },
		{ CALL("Thresholds", "\"x\":null"), NULL, INVALID("x") },
	};

	(void)state;
	EXPECT_ROWS(rows);
}

#define PAGE REPLY("\"handshakes\":[],\"next\":null")

static void test_handshakes(void **state)
{
	static const struct row rows[] = {
		{ CALL("Handshakes", ""), "handshakes service=- state=0 from=0 limit=1000", PAGE },
		{ "{\"method\":\"org.synward.Handshakes\"}",
		  "handshakes service=- state=0 from=0 limit=1000", PAGE },
		{ CALL("Handshakes", "\"state\":\"syn_recv\",\"service\":\"web\",\"limit\":7,"
				     "\"from\":4000000000"),
		  "handshakes service=web state=4 from=4000000000 limit=7", PAGE },
		{ CALL("Handshakes",
		       "\"state\":null,\"service\":null,\"limit\":null,\"from\":null"),
		  "handshakes service=- state=0 from=0 limit=1000", PAGE },
		{ CALL("Handshakes", "\"state\":\"SYN-RECV\""),
		  "handshakes service=- state=4 from=0 limit=1000", PAGE },
		{ CALL("Handshakes", "\"limit\":1"), "handshakes service=- state=0 from=0 limit=1",
		  PAGE },
		{ CALL("Handshakes", "\"limit\":1000"),
		  "handshakes service=- state=0 from=0 limit=1000", PAGE },
		{ CALL("Handshakes", "\"limit\":0"), NULL, ARGUMENT("limit is 1 to 1000, not 0") },
		{ CALL("Handshakes", "\"limit\":1001"), NULL,
		  ARGUMENT("limit is 1 to 1000, not 1001") },
		{ CALL("Handshakes", "\"limit\":4294967297"), NULL,
		  ARGUMENT("limit is 1 to 1000, not 4294967297") },
		{ CALL("Handshakes", "\"limit\":-1"), NULL,
		  ARGUMENT("limit is 1 to 1000, not -1") },
		{ CALL("Handshakes", "\"from\":-1"), NULL,
		  ARGUMENT("from is 0, or what next was, not -1") },
		{ CALL("Handshakes", "\"from\":4294967296"), NULL,
		  ARGUMENT("from is 0, or what next was, not 4294967296") },
		{ CALL("Handshakes", "\"state\":\"validated\""), NULL,
		  ARGUMENT("'validated' is no state; there are established, handed_off, syn_recv, "
			   "closing") },
		{ CALL("Handshakes", "\"state\":\"\""), NULL,
		  ARGUMENT("'' is no state; there are established, handed_off, syn_recv, "
			   "closing") },
		{ CALL("Handshakes", "\"limit\":\"7\""), NULL, INVALID("limit") },
		{ CALL("Handshakes", "\"limit\":7.0"), NULL, INVALID("limit") },
		{ CALL("Handshakes", "\"from\":true"), NULL, INVALID("from") },
		{ CALL("Handshakes", "\"state\":4"), NULL, INVALID("state") },
		{ CALL("Handshakes", "\"service\":[]"), NULL, INVALID("service") },
		{ CALL("Handshakes", "\"Service\":\"web\""), NULL, INVALID("Service") },
	};

	(void)state;
	EXPECT_ROWS(rows);
	world.err = -EINVAL;
	expect(CALL("Handshakes", "\"service\":\"wbe\""), 0,
	       "handshakes service=wbe state=0 from=0 limit=1000",
	       ARGUMENT("there is no service 'wbe'"));
}

static void test_changes(void **state)
{
	static const struct row rows[] = {
		{ CALL("Set", "\"service\":\"web\",\"key\":\"arm-half-open\",\"value\":\"400\""),
		  "set web arm-half-open 400", REPLY("\"drop_in_directory\":null") },
		{ CALL("Set", "\"service\":\"web\",\"key\":\"arm-half-open\""), NULL,
		  INVALID("value") },
		{ CALL("Set", "\"key\":\"hold\",\"value\":\"1m\""), NULL, INVALID("service") },
		{ CALL("Set", "\"service\":\"web\",\"key\":null,\"value\":\"1m\""), NULL,
		  INVALID("key") },
		{ CALL("Set", "\"service\":\"web\",\"key\":\"hold\",\"value\":60"), NULL,
		  INVALID("value") },
		{ CALL("Set", "\"service\":\"a\",\"key\":\"b\",\"value\":\"c\",\"persist\":true"),
		  NULL, INVALID("persist") },
		{ CALL("SetMode", "\"service\":\"web\",\"mode\":\"monitor\""), "mode web monitor",
		  REPLY("\"drop_in_directory\":null") },
		{ CALL("SetMode", "\"service\":\"web\""), NULL, INVALID("mode") },
		{ CALL("Arm", "\"service\":\"web\""), "arm web 0", REPLY("") },
		{ CALL("Arm", "\"service\":\"web\",\"seconds\":null"), "arm web 0", REPLY("") },
		{ CALL("Arm", "\"service\":\"web\",\"seconds\":1"), "arm web 1", REPLY("") },
		{ CALL("Arm", "\"service\":\"web\",\"seconds\":31536000"), "arm web 31536000",
		  REPLY("") },
		{ CALL("Arm", "\"service\":\"web\",\"seconds\":0"), NULL,
		  ARGUMENT("seconds is 1 to 31536000, not 0") },
		{ CALL("Arm", "\"service\":\"web\",\"seconds\":31536001"), NULL,
		  ARGUMENT("seconds is 1 to 31536000, not 31536001") },
		{ CALL("Arm", "\"service\":\"web\",\"seconds\":-1"), NULL,
		  ARGUMENT("seconds is 1 to 31536000, not -1") },
		{ CALL("Arm", "\"service\":\"web\",\"seconds\":4294967297"), NULL,
		  ARGUMENT("seconds is 1 to 31536000, not 4294967297") },
		{ CALL("Arm", "\"seconds\":5"), NULL, INVALID("service") },
		{ CALL("Disarm", "\"service\":\"web\""), "disarm web", REPLY("") },
		{ CALL("RotateKey", ""), "rotate later", REPLY("\"milliseconds\":4321") },
		{ CALL("RotateKey", "\"from\":\"epoch\""), "rotate later",
		  REPLY("\"milliseconds\":4321") },
		{ CALL("RotateKey", "\"from\":\"now\""), "rotate now",
		  REPLY("\"milliseconds\":0") },
		{ CALL("Disarm", ""), NULL, INVALID("service") },
		{ CALL("Disarm", "\"service\":\"web\",\"seconds\":5"), NULL, INVALID("seconds") },
		{ CALL("Reload", ""), "reload", REPLY("") },
		{ CALL("Reload", "\"path\":\"/etc/passwd\""), NULL, INVALID("path") },
	};

	(void)state;
	EXPECT_ROWS(rows);
	world.drop_in = "/etc/synward/synward.conf.d";
	expect(CALL("Set", "\"service\":\"a\",\"key\":\"b\",\"value\":\"c\""), 0, "set a b c",
	       REPLY("\"drop_in_directory\":\"/etc/synward/synward.conf.d\""));
	expect(CALL("SetMode", "\"service\":\"a\",\"mode\":\"auto\""), 0, "mode a auto",
	       REPLY("\"drop_in_directory\":\"/etc/synward/synward.conf.d\""));
}

#define LIST_PAGE REPLY("\"entries\":[],\"next\":null")
#define NO_LIST(word) ARGUMENT("'" word "' is no list; there are allow and deny")

static void test_lists(void **state)
{
	static const struct row rows[] = {
		{ CALL("List", ""), "list 0 from=0 limit=1000", LIST_PAGE },
		{ CALL("List", "\"list\":null,\"limit\":null,\"from\":null"),
		  "list 0 from=0 limit=1000", LIST_PAGE },
		{ CALL("List", "\"list\":\"allow\",\"limit\":7,\"from\":4000000000"),
		  "list 1 from=4000000000 limit=7", LIST_PAGE },
		{ CALL("List", "\"list\":\"deny\""), "list 2 from=0 limit=1000", LIST_PAGE },
		{ CALL("List", "\"list\":\"none\""), NULL, NO_LIST("none") },
		{ CALL("List", "\"list\":\"\""), NULL, NO_LIST("") },
		{ CALL("List", "\"list\":1"), NULL, INVALID("list") },
		{ CALL("List", "\"limit\":1001"), NULL, ARGUMENT("limit is 1 to 1000, not 1001") },
		{ CALL("List", "\"from\":-1"), NULL,
		  ARGUMENT("from is 0, or what next was, not -1") },
		{ CALL("ListAdd", "\"list\":\"deny\",\"prefix\":\"10.0.0.0/8\""),
		  "add 2 10.0.0.0/8 0", REPLY("\"after\":\"x\"") },
		{ CALL("ListAdd", "\"list\":\"allow\",\"prefix\":\"\",\"seconds\":31536000"),
		  "add 1  31536000", REPLY("\"after\":\"x\"") },
		{ CALL("ListAdd", "\"list\":\"deny\",\"prefix\":\"::1\",\"seconds\":0"), NULL,
		  ARGUMENT("seconds is 1 to 31536000, not 0") },
		{ CALL("ListAdd", "\"list\":\"deny\",\"prefix\":\"::1\",\"seconds\":31536001"),
		  NULL, ARGUMENT("seconds is 1 to 31536000, not 31536001") },
		{ CALL("ListAdd", "\"list\":\"none\",\"prefix\":\"::1\""), NULL, NO_LIST("none") },
		{ CALL("ListAdd", "\"list\":\"deny\""), NULL, INVALID("prefix") },
		{ CALL("ListAdd", "\"prefix\":\"::1\""), NULL, INVALID("list") },
		{ CALL("ListDelete", "\"list\":\"deny\",\"prefix\":\"::1\""), "delete 2 ::1",
		  REPLY("\"before\":\"x\"") },
		{ CALL("ListDelete", "\"list\":\"x\",\"prefix\":\"::1\""), NULL, NO_LIST("x") },
		{ CALL("ListDelete", "\"list\":\"deny\",\"prefix\":\"::1\",\"seconds\":5"), NULL,
		  INVALID("seconds") },
	};

	(void)state;
	EXPECT_ROWS(rows);
}

#define ATTACHED REPLY("\"state\":\"attached\"")
#define NO_INTERFACES REPLY("\"interfaces\":[]")

static void test_interfaces(void **state)
{
	static const struct row rows[] = {
		{ CALL("Attach", "\"interface\":\"eth0\""), "attach eth0 0", ATTACHED },
		{ CALL("Attach", "\"interface\":\"eth0\",\"seconds\":null"), "attach eth0 0",
		  ATTACHED },
		{ CALL("Attach", "\"interface\":\"eth0\",\"seconds\":1"), "attach eth0 1",
		  ATTACHED },
		{ CALL("Attach", "\"interface\":\"eth0\",\"seconds\":3600"), "attach eth0 3600",
		  ATTACHED },
		{ CALL("Attach", "\"interface\":\"eth0\",\"seconds\":0"), NULL,
		  ARGUMENT("seconds is 1 to 3600, not 0") },
		{ CALL("Attach", "\"interface\":\"eth0\",\"seconds\":3601"), NULL,
		  ARGUMENT("seconds is 1 to 3600, not 3601") },
		{ CALL("Attach", "\"interface\":\"eth0\",\"seconds\":4294967297"), NULL,
		  ARGUMENT("seconds is 1 to 3600, not 4294967297") },
		{ CALL("Attach", "\"interface\":\"eth0\",\"seconds\":\"60\""), NULL,
		  INVALID("seconds") },
		{ CALL("Attach", ""), NULL, INVALID("interface") },
		{ CALL("Attach", "\"interface\":7"), NULL, INVALID("interface") },
		{ CALL("Confirm", ""), "confirm", REPLY("\"interfaces\":[\"eth0\"]") },
		{ CALL("Confirm", "\"interface\":\"eth0\""), NULL, INVALID("interface") },
		{ CALL("Detach", ""), "detach -", NO_INTERFACES },
		{ CALL("Detach", "\"interface\":null"), "detach -", NO_INTERFACES },
		{ CALL("Detach", "\"interface\":\"eth0\""), "detach eth0", NO_INTERFACES },
		{ CALL("Detach", "\"seconds\":1"), NULL, INVALID("seconds") },
	};

	(void)state;
	EXPECT_ROWS(rows);
}

#define SELF_TEST(port, family) \
	CALL("SelfTest",        \
	     "\"interface\":\"eth0\",\"service\":\"web\",\"port\":" port ",\"family\":" family)

static void test_doctor(void **state)
{
	static const struct row rows[] = {
		{ CALL("Doctor", ""), "doctor", REPLY("\"of\":2.35") },
		{ CALL("Doctor", "\"x\":1"), NULL, INVALID("x") },
		{ SELF_TEST("443", "4"), "self-test eth0 web 443 4",
		  REPLY("\"stage\":\"connection\"") },
		{ SELF_TEST("65535", "6"), "self-test eth0 web 65535 6",
		  REPLY("\"stage\":\"connection\"") },
		{ SELF_TEST("0", "4"), NULL, ARGUMENT("port is 1 to 65535, not 0") },
		{ SELF_TEST("65536", "4"), NULL, ARGUMENT("port is 1 to 65535, not 65536") },
		{ SELF_TEST("443", "5"), NULL, ARGUMENT("family is 4 or 6, not 5") },
		{ SELF_TEST("443", "null"), NULL, INVALID("family") },
		{ CALL("SelfTest", ""), NULL, INVALID("interface") },
	};

	(void)state;
	EXPECT_ROWS(rows);
}

/* Every callback that changes, and every error that it may return. */
static void test_failures(void **state)
{
	static const struct row changes[] = {
		{ CALL("Set", "\"service\":\"a\",\"key\":\"b\",\"value\":\"c\""), "set a b c",
		  NULL },
		{ CALL("SetMode", "\"service\":\"a\",\"mode\":\"b\""), "mode a b", NULL },
		{ CALL("Arm", "\"service\":\"a\""), "arm a 0", NULL },
		{ CALL("Disarm", "\"service\":\"a\""), "disarm a", NULL },
		{ CALL("Attach", "\"interface\":\"a\""), "attach a 0", NULL },
		{ CALL("Confirm", ""), "confirm", NULL },
		{ CALL("Detach", ""), "detach -", NULL },
		{ CALL("ListAdd", "\"list\":\"deny\",\"prefix\":\"::1\""), "add 2 ::1 0", NULL },
		{ CALL("ListDelete", "\"list\":\"deny\",\"prefix\":\"::1\""), "delete 2 ::1",
		  NULL },
		{ SELF_TEST("443", "4"), "self-test eth0 web 443 4", NULL },
	};
	static const struct row looks[] = {
		{ CALL("Status", ""), "status", NULL },
		{ CALL("Thresholds", ""), "thresholds", NULL },
		{ CALL("Handshakes", ""), "handshakes service=- state=0 from=0 limit=1000", NULL },
		{ CALL("List", ""), "list 0 from=0 limit=1000", NULL },
		{ CALL("Doctor", ""), "doctor", NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		world.why = "b is 1 to 5, not 7";
		world.err = -EINVAL;
		expect(changes[i].request, 0, changes[i].called, ARGUMENT("b is 1 to 5, not 7"));
		world.err = -EPERM;
		expect(changes[i].request, 0, changes[i].called,
		       ERROR("org.synward.Refused", "reason", "b is 1 to 5, not 7"));
		world.why = NULL;
		expect(changes[i].request, 0, changes[i].called,
		       ERROR("org.synward.Refused", "reason", "Operation not permitted"));
		world.err = -EIO;
		expect(changes[i].request, 0, changes[i].called,
		       ERROR("org.synward.Failed", "reason", "Input/output error"));
	}
	for (i = 0; i < sizeof(looks) / sizeof(looks[0]); i++)
		expect(looks[i].request, 0, looks[i].called,
		       ERROR("org.synward.Failed", "reason", "Input/output error"));
	expect(CALL("Reload", ""), 0, "reload",
	       ERROR("org.synward.Failed", "reason", "Input/output error"));
	world.why = "f:1: wrong";
	expect(CALL("Reload", ""), 0, "reload",
	       "{\"error\":\"org.synward.InvalidConfig\",\"parameters\":{\"errors\":["
	       "\"f:1: wrong\",\"f:2: and more\"]}}");
}

static void test_permissions(void **state)
{
	static const struct {
		const char *request;
		bool is_for_root;
	} rows[] = {
		{ CALL("Status", ""), false },
		{ CALL("Thresholds", ""), false },
		{ CALL("Handshakes", ""), false },
		{ CALL("Set", "\"service\":\"a\",\"key\":\"b\",\"value\":\"c\""), true },
		{ CALL("SetMode", "\"service\":\"a\",\"mode\":\"b\""), true },
		{ CALL("Arm", "\"service\":\"a\""), true },
		{ CALL("Disarm", "\"service\":\"a\""), true },
		{ CALL("Reload", ""), true },
		{ CALL("Attach", "\"interface\":\"a\""), true },
		{ CALL("Confirm", ""), true },
		{ CALL("Detach", ""), true },
		{ CALL("List", ""), false },
		{ CALL("Doctor", ""), false },
		{ SELF_TEST("443", "4"), true },
		{ CALL("ListAdd", "\"list\":\"deny\",\"prefix\":\"::1\""), true },
		{ CALL("ListDelete", "\"list\":\"deny\",\"prefix\":\"::1\""), true },
		{ CALL("Disarm", ""), true }, /* not even what is wrong with the call */
		{ "{\"method\":\"org.varlink.service.GetInfo\"}", false },
	};
	const uid_t uids[] = { 0, geteuid(), NOBODY, NOBODY - 1 };
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (j = 0; j < 4; j++) {
			const bool is_denied = j >= 2 && rows[i].is_for_root;
			struct varlink_answer got;

			answer(rows[i].request, uids[j], &got);
			assert_int_equal(!strcmp(got.text, DENIED), is_denied);
			if (is_denied)
				assert_string_equal(world.called, "");
			free(got.text);
		}
	}
}

/* A change that nobody wants an answer to is made, and denied, all the same. */
static void test_oneway(void **state)
{
	static const char request[] = "{\"method\":\"org.synward.Disarm\",\"oneway\":true,"
				      "\"parameters\":{\"service\":\"web\"}}";
	struct varlink_answer got;

	(void)state;
	answer(request, 0, &got);
	assert_null(got.text);
	assert_int_equal(got.nr_bytes, 0);
	assert_string_equal(world.called, "disarm web");
	answer(request, NOBODY, &got);
	assert_null(got.text);
	assert_string_equal(world.called, "");
}

static void test_monitor(void **state)
{
	static const char request[] = "{\"method\":\"org.synward.Monitor\",\"more\":true}";
	static const char wanted[] =
		"{\"parameters\":{\"event\":{\"event\":\"a\"}},\"continues\":true}\0"
		"{\"parameters\":{\"event\":{\"event\":\"b\"}},\"continues\":true}";
	const struct varlink_caller crowd = { .uid = 0, .may_subscribe = false };
	json_t *event __cleanup(cleanup_json) = json_pack("{s:f}", "percent", 0.4);
	char *text __cleanup(cleanup_free) = NULL;
	struct varlink_answer got;
	size_t nr_bytes;

	(void)state;
	answer(request, NOBODY, &got);
	assert_true(got.subscribes);
	assert_int_equal(got.nr_bytes, sizeof(wanted));
	assert_memory_equal(got.text, wanted, sizeof(wanted));
	free(got.text);

	assert_int_equal(varlink_answer(request, strlen(request), &crowd, &ops, &got), 0);
	assert_false(got.subscribes);
	assert_non_null(strstr(got.text, "org.synward.Refused"));
	free(got.text);

	text = varlink_event(event, &nr_bytes);
	assert_string_equal(text,
			    "{\"parameters\":{\"event\":{\"percent\":0.4}},\"continues\":true}");
	assert_int_equal(nr_bytes, strlen(text) + 1);
}

#define TRACE(parameters) \
	"{\"method\":\"org.synward.Trace\",\"more\":true,\"parameters\":{" parameters "}}"
#define TRACE_BEGUN "{\"parameters\":{\"event\":{\"event\":\"trace_begin\"}},\"continues\":true}"

static void test_trace(void **state)
{
	static const struct row rows[] = {
		{ TRACE(""), "trace - 0", TRACE_BEGUN },
		{ TRACE("\"source\":null,\"port\":null"), "trace - 0", TRACE_BEGUN },
		{ TRACE("\"source\":\"203.0.113.7\""), "trace 203.0.113.7/32 0", TRACE_BEGUN },
		{ TRACE("\"source\":\"2001:db8::/32\",\"port\":443"), "trace 2001:db8::/32 443",
		  TRACE_BEGUN },
		{ TRACE("\"port\":65535"), "trace - 65535", TRACE_BEGUN },
		{ TRACE("\"port\":65536"), NULL, ARGUMENT("port is 1 to 65535, not 65536") },
		{ TRACE("\"port\":-1"), NULL, ARGUMENT("port is 1 to 65535, not -1") },
		{ TRACE("\"port\":\"443\""), NULL, INVALID("port") },
		{ TRACE("\"source\":7"), NULL, INVALID("source") },
		{ TRACE("\"service\":\"web\""), NULL, INVALID("service") },
		{ TRACE("\"source\":\"web\""), NULL,
		  ARGUMENT("'web' is no prefix; write one as in 203.0.113.0/24 or 2001:db8::/32") },
		{ CALL("Trace", ""), NULL,
		  "{\"error\":\"org.varlink.service.ExpectedMore\",\"parameters\":{}}" },
	};
	const struct varlink_caller crowd = { .uid = 0, .may_subscribe = false };
	struct varlink_answer got;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		answer(rows[i].request, 0, &got);
		assert_string_equal(got.text, rows[i].reply);
		assert_string_equal(world.called, rows[i].called ?: "");
		assert_int_equal(got.subscribes, rows[i].called != NULL);
		assert_int_equal(got.traces, rows[i].called != NULL);
		free(got.text);
	}
	world.err = -EPERM;
	world.why = "somebody traces already";
	answer(TRACE(""), 0, &got);
	assert_false(got.subscribes || got.traces);
	assert_string_equal(got.text,
			    ERROR("org.synward.Refused", "reason", "somebody traces already"));
	free(got.text);
	set_up(NULL);
	assert_int_equal(varlink_answer(TRACE(""), strlen(TRACE("")), &crowd, &ops, &got), 0);
	assert_false(got.subscribes);
	assert_string_equal(world.called, "");
	free(got.text);
	answer(TRACE(""), NOBODY, &got);
	assert_false(got.subscribes || got.traces);
	assert_string_equal(world.called, "");
	assert_string_equal(got.text, ERROR("org.synward.PermissionDenied", "reason",
					    "only root may see packets"));
	free(got.text);
}

/* Every method and error that the header names is described, and every state that may be asked for.
 */
static void test_description(void **state)
{
	static const char *const wanted[] = {
		"method Status(",
		"method Thresholds(",
		"method Handshakes(",
		"method Set(",
		"method Arm(",
		"method Disarm(",
		"method SetMode(",
		"method Reload(",
		"method Attach(",
		"method Confirm(",
		"method Detach(",
		"method List(",
		"method ListAdd(",
		"method ListDelete(",
		"method Monitor(",
		"method Trace(",
		"error InvalidRequest (",
		"error Refused (",
		"error InvalidArgument (",
		"error InvalidConfig (errors: []string)",
		"error PermissionDenied (",
		"error Failed (",
	};
	struct varlink_answer got;
	size_t i;

	(void)state;
	answer("{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":{"
	       "\"interface\":\"org.synward\"}}",
	       NOBODY, &got);
	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		assert_non_null(strstr(got.text, wanted[i]));
	free(got.text);
}

/* What has to be done for an answer is not done when nobody takes it. */
static void test_gone(void **state)
{
	static const char status[] = CALL("Status", "");
	static const char disarm[] = "{\"method\":\"org.synward.Disarm\",\"oneway\":true,"
				     "\"parameters\":{\"service\":\"web\"}}";
	const struct varlink_caller gone = { .uid = 0, .is_gone = true };
	struct varlink_answer got;

	(void)state;
	world = (struct world){ 0 };
	assert_int_equal(varlink_answer(status, strlen(status), &gone, &ops, &got), 0);
	assert_string_equal(world.called, "");
	assert_null(got.text);
	assert_true(got.is_last);
	assert_int_equal(varlink_answer(disarm, strlen(disarm), &gone, &ops, &got), 0);
	assert_string_equal(world.called, "disarm web");
	assert_null(got.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_looks, set_up),
		cmocka_unit_test_setup(test_handshakes, set_up),
		cmocka_unit_test_setup(test_changes, set_up),
		cmocka_unit_test_setup(test_lists, set_up),
		cmocka_unit_test_setup(test_interfaces, set_up),
		cmocka_unit_test_setup(test_doctor, set_up),
		cmocka_unit_test_setup(test_failures, set_up),
		cmocka_unit_test_setup(test_permissions, set_up),
		cmocka_unit_test_setup(test_oneway, set_up),
		cmocka_unit_test_setup(test_monitor, set_up),
		cmocka_unit_test_setup(test_trace, set_up),
		cmocka_unit_test_setup(test_description, set_up),
		cmocka_unit_test(test_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
