/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/varlink.c daemon/methods*.c */
/*
 * The methods that stream: what makes a subscriber, what he is told first, and whom they refuse.
 */
#include "methods_world.h"

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

#define NO_PORT(port) ARGUMENT("port is 1 to 65535, not " port "; without one it is any")

static void test_trace(void **state)
{
	static const struct row rows[] = {
		{ TRACE(""), "trace - 0", TRACE_BEGUN },
		{ TRACE("\"source\":null,\"port\":null"), "trace - 0", TRACE_BEGUN },
		{ TRACE("\"source\":\"203.0.113.7\""), "trace 203.0.113.7/32 0", TRACE_BEGUN },
		{ TRACE("\"source\":\"2001:db8::/32\",\"port\":443"), "trace 2001:db8::/32 443",
		  TRACE_BEGUN },
		{ TRACE("\"port\":65535"), "trace - 65535", TRACE_BEGUN },
		{ TRACE("\"port\":65536"), NULL, NO_PORT("65536") },
		{ TRACE("\"port\":0"), NULL, NO_PORT("0") },
		{ TRACE("\"port\":-1"), NULL, NO_PORT("-1") },
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_monitor, set_up),
		cmocka_unit_test_setup(test_trace, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
