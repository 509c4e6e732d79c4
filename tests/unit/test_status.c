/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/status.c */
/*
 * The JSON of `status`: every field compared by name, type and value with text written by hand, so
 * that a renamed or lost field fails. Reasons are compared with their list by hand-written names at
 * both ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "names.h"
#include "proto.h"
#include "status.h"

/* Too large for a stack under sanitizers; tests run one after the other. */
static struct snapshot snapshot;

static void equals(const json_t *got, const char *wanted_text)
{
	json_t *wanted = json_loads(wanted_text, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(wanted);
	if (!json_equal(got, wanted)) {
		char *text = json_dumps(got, JSON_INDENT(1));

		print_error("got %s\n", text);
		free(text);
		fail();
	}
	json_decref(wanted);
}

static void keys_are(const json_t *object, const char *const *keys, size_t nr)
{
	void *iter = json_object_iter((json_t *)object);
	size_t i;

	for (i = 0; i < nr; i++, iter = json_object_iter_next((json_t *)object, iter)) {
		assert_non_null(iter);
		assert_string_equal(json_object_iter_key(iter), keys[i]);
	}
	assert_null(iter);
}

static void test_empty(void **state)
{
	static const char *const keys[] = { "version", "uptime_seconds", "interfaces", "services",
					    "reasons" };
	json_t *json;

	(void)state;
	memset(&snapshot, 0, sizeof(snapshot));
	json = status_json(&snapshot);
	assert_non_null(json);
	keys_are(json, keys, 5);
	assert_string_equal(json_string_value(json_object_get(json, "version")), VERSION);
	equals(json_object_get(json, "interfaces"), "[]");
	equals(json_object_get(json, "services"), "[]");
	json_decref(json);
}

static void fill(void)
{
	memset(&snapshot, 0, sizeof(snapshot));
	snapshot.uptime_seconds = 12;
	snapshot.nr_devices = 2;
	snapshot.devices[0] = (struct snapshot_device){ "eth0", "native", "tcx", "cookie", NULL };
	snapshot.devices[1] =
		(struct snapshot_device){ "eth1", "generic", "none", "monitor", "no \"kfunc\"" };
	snapshot.nr_rows = 2;
	snapshot.rows[0] = (struct snapshot_row){ "web", 443, SVC_ALWAYS, true, { 1, 2, 3, 4 } };
	snapshot.rows[1] = (struct snapshot_row){
		"web", 65535, SVC_MONITOR, false, { UINT64_MAX, (__u64)INT64_MAX + 1, INT64_MAX, 0 }
	};
	snapshot.reasons[GO_ON] = 7;
	snapshot.reasons[SYN_COOKIE] = 8;
	snapshot.reasons[NR_REASONS - 1] = UINT64_MAX;
}

static void test_full(void **state)
{
	json_t *json;

	(void)state;
	fill();
	json = status_json(&snapshot);
	assert_int_equal(json_integer_value(json_object_get(json, "uptime_seconds")), 12);
	equals(json_object_get(json, "interfaces"),
	       "[{\"name\": \"eth0\", \"xdp_mode\": \"native\", \"tc\": \"tcx\", \"path\": "
	       "\"cookie\", "
	       "\"why\": null},"
	       "{\"name\": \"eth1\", \"xdp_mode\": \"generic\", \"tc\": \"none\", \"path\": "
	       "\"monitor\", "
	       "\"why\": \"no \\\"kfunc\\\"\"}]");
	equals(json_object_get(json, "services"),
	       "[{\"name\": \"web\", \"port\": 443, \"mode\": \"always\", \"armed\": true, "
	       "\"syns\": 1, "
	       "\"cookies_sent\": 2, \"cookies_valid\": 3, \"cookies_invalid\": 4},"
	       "{\"name\": \"web\", \"port\": 65535, \"mode\": \"monitor\", \"armed\": false, "
	       "\"syns\": 9223372036854775807, \"cookies_sent\": 9223372036854775807, "
	       "\"cookies_valid\": 9223372036854775807, \"cookies_invalid\": 0}]");
	json_decref(json);
}

static void test_reasons(void **state)
{
	json_t *json, *reasons;

	(void)state;
	fill();
	json = status_json(&snapshot);
	reasons = json_object_get(json, "reasons");
	assert_int_equal(json_object_size(reasons), NR_REASONS);
	assert_int_equal(json_integer_value(json_object_get(reasons, "go_on")), 7);
	assert_int_equal(json_integer_value(json_object_get(reasons, "syn_cookie")), 8);
	assert_true(json_is_integer(json_object_get(reasons, "ack_cookie_valid")));
	assert_true(json_integer_value(json_object_get(reasons, "handoff_refused")) == INT64_MAX);
	json_decref(json);
}

/* Rows and devices at their limits: the reply that results must be one that the socket carries. */
static void test_largest(void **state)
{
	unsigned int i;
	json_t *json;
	char *text;

	(void)state;
	memset(&snapshot, 0xff, sizeof(snapshot));
	snapshot.nr_devices = DEVS_MAX;
	for (i = 0; i < DEVS_MAX; i++)
		snapshot.devices[i] =
			(struct snapshot_device){ "123456789012345", "generic", "none", "monitor",
						  "a remedy that is as long as most of them are" };
	snapshot.nr_rows = ROWS_MAX;
	for (i = 0; i < ROWS_MAX; i++)
		snapshot.rows[i] = (struct snapshot_row){
			"a-name-of-63-letters-1234567890123456789012345678901234567890123",
			65535,
			SVC_MONITOR,
			false,
			{ UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX }
		};
	json = status_json(&snapshot);
	text = json_dumps(json, JSON_COMPACT);
	assert_non_null(text);
	assert_true(strlen(text) < PROTO_REPLY_MAX - 100);
	free(text);
	json_decref(json);
}

static void test_names(void **state)
{
	char name[REASON_NAME_SIZE];
	enum svc_mode mode;
	unsigned int i;

	(void)state;
	for (i = 0; i < NR_REASONS; i++)
		assert_int_equal(reason_find(reason_name(i, name)), i);
	assert_int_equal(reason_find("no_such"), NR_REASONS);
	assert_null(reason_words(NR_REASONS));
	for (i = SVC_OFF; i <= SVC_ALWAYS; i++) {
		assert_int_equal(svc_mode_find(svc_mode_name((enum svc_mode)i), &mode), 0);
		assert_int_equal(mode, i);
	}
	assert_int_equal(svc_mode_find("on", &mode), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),   cmocka_unit_test(test_full),
		cmocka_unit_test(test_reasons), cmocka_unit_test(test_largest),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
