/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/varlink.c daemon/methods*.c */
/*
 * Each method by the text of the request and that of the reply: which call reaches which callback
 * with which values, which parameters are refused, which error a failure becomes, and who may.
 */
#include "methods_world.h"

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
		cmocka_unit_test_setup(test_description, set_up),
		cmocka_unit_test(test_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
