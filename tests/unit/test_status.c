/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/status.c */
/*
 * The JSON of `status`, `thresholds` and `handshakes`: every field compared by name, type and value
 * with text written by hand, so that a renamed or lost field fails. Reasons are compared with their
 * list by hand-written names at both ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <math.h>
#include <string.h>

#include "names.h"
#include "proto.h"
#include "rungs.h"
#include "status.h"

/* Too large for a stack under sanitizers; tests run one after the other. */
static struct snapshot snapshot;
static struct handshake_page page;

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
	static const char *const keys[] = { "version",
					    "libbpf",
					    "uptime_seconds",
					    "synacks_resent",
					    "state_write_errors",
					    "memory_bytes",
					    "max_flows",
					    "interfaces",
					    "services",
					    "attacks",
					    "reasons" };
	json_t *json;

	(void)state;
	memset(&snapshot, 0, sizeof(snapshot));
	json = status_json(&snapshot);
	assert_non_null(json);
	keys_are(json, keys, NAMES_COUNT(keys));
	assert_true(json_is_null(json_object_get(json, "libbpf")));
	assert_true(json_is_null(json_object_get(json, "memory_bytes")));
	assert_string_equal(json_string_value(json_object_get(json, "version")), VERSION);
	equals(json_object_get(json, "interfaces"), "[]");
	equals(json_object_get(json, "services"), "[]");
	equals(json_object_get(json, "attacks"), "[]");
	json_decref(json);
}

static void fill_attacks(void)
{
	snapshot.nr_attacks = 2;
	snapshot.attacks[0] = (struct snapshot_attack){
		.service = "web",
		.port = 443,
		.cause = ARM_SYN_QUEUE,
		.value = 27,
		.threshold = 28,
		.seconds = 29,
		.syn_rate = 30,
		.sources = { { "198.18.3.0/24", 61.5 }, { "2001:db8::/48", 0.5 } },
		.nr_sources = 2,
	};
	snapshot.attacks[1] = (struct snapshot_attack){ .service = "mail", .port = 25 };
}

static void fill_rows(void)
{
	snapshot.nr_rows = 2;
	snapshot.rows[0] = (struct snapshot_row){
		.name = "web",
		.path = "kernel-cookie",
		.why = "MPTCP",
		.port = 443,
		.mode = SVC_AUTO,
		.armed = true,
		.armed_until_seconds = 28,
		.attacked = true,
		.attacks = 29,
		.counts = { .syns = 1,
			    .cookies_sent = 2,
			    .cookies_valid = 3,
			    .cookies_invalid = 4,
			    .served = 5,
			    .untracked = 6 },
		.half_open = 7,
		.half_open_bytes = 8,
		.syn_rate = 9,
		.flows = 10,
		.listeners = { .nr = 1, .half_open = 11, .backlog = 12, .accept_queue = 13 },
		.thresholds = { .half_open = 14,
				.half_open_source = THRESHOLD_TUNED,
				.syn_rate = 15,
				.syn_rate_source = THRESHOLD_PINNED,
				.low_water = 16,
				.hold_seconds = 17,
				.handshake_timeout_seconds = 18,
				.max_half_open = 19 },
		.learned = { .half_open = 2.349, .syn_rate = 1234567.125 },
	};
	snapshot.rows[1] = (struct snapshot_row){
		.name = "web",
		.path = "cookie",
		.port = 65535,
		.mode = SVC_MONITOR,
		.counts = { .syns = UINT64_MAX,
			    .cookies_sent = (__u64)INT64_MAX + 1,
			    .cookies_valid = INT64_MAX,
			    .served = UINT64_MAX,
			    .untracked = UINT64_MAX },
		.half_open = UINT64_MAX,
		.half_open_bytes = UINT64_MAX,
		.syn_rate = UINT32_MAX,
		.flows = UINT32_MAX,
		.thresholds = { .half_open = UINT32_MAX, .syn_rate = UINT32_MAX },
		.learned = { .half_open = NAN, .syn_rate = INFINITY },
	};
}

static void fill(void)
{
	memset(&snapshot, 0, sizeof(snapshot));
	snapshot.uptime_seconds = 12;
	snapshot.libbpf = "1.1";
	snapshot.synacks_resent = 20;
	snapshot.state_write_errors = 27;
	snapshot.memory_bytes = 21;
	snapshot.max_flows = 22;
	snapshot.nr_devices = 2;
	snapshot.devices[0] = (struct snapshot_device){ .name = "eth0",
							.xdp_mode = "native",
							.tc = "tcx",
							.path = "cookie",
							.xdp_runs = { 24, 25 },
							.tc_runs = { 26, UINT64_MAX } };
	snapshot.devices[1] = (struct snapshot_device){ .name = "eth1",
							.xdp_mode = "generic",
							.tc = "none",
							.path = "monitor",
							.why = "no \"kfunc\"" };
	strcpy(snapshot.devices[0].config_name, "lan0");
	snapshot.devices[0].unconfirmed_seconds = 23;
	snapshot.devices[1].state = DEVICE_ABSENT;
	snapshot.devices[1].gaps = 2;
	snapshot.devices[1].gap_ms = 2500;
	fill_attacks();
	fill_rows();
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
	assert_string_equal(json_string_value(json_object_get(json, "libbpf")), "1.1");
	assert_int_equal(json_integer_value(json_object_get(json, "uptime_seconds")), 12);
	assert_int_equal(json_integer_value(json_object_get(json, "synacks_resent")), 20);
	assert_int_equal(json_integer_value(json_object_get(json, "state_write_errors")), 27);
	assert_int_equal(json_integer_value(json_object_get(json, "memory_bytes")), 21);
	assert_int_equal(json_integer_value(json_object_get(json, "max_flows")), 22);
	equals(json_object_get(json, "interfaces"),
	       "[{\"name\": \"eth0\", \"xdp_mode\": \"native\", \"tc\": \"tcx\", \"path\": "
	       "\"cookie\", "
	       "\"why\": null, \"state\": \"attached\", \"config_name\": \"lan0\", "
	       "\"unconfirmed_seconds\": 23, \"gaps\": 0, \"gap_seconds\": null, "
	       "\"xdp_runs\": 24, \"xdp_run_ns\": 25, \"tc_runs\": 26, "
	       "\"tc_run_ns\": 9223372036854775807},"
	       "{\"name\": \"eth1\", \"xdp_mode\": \"generic\", \"tc\": \"none\", \"path\": "
	       "\"monitor\", "
	       "\"why\": \"no \\\"kfunc\\\"\", \"state\": \"absent\", \"config_name\": null, "
	       "\"unconfirmed_seconds\": null, \"gaps\": 2, \"gap_seconds\": 2.5, "
	       "\"xdp_runs\": 0, \"xdp_run_ns\": 0, "
	       "\"tc_runs\": 0, \"tc_run_ns\": 0}]");
	equals(json_object_get(json, "attacks"),
	       "[{\"service\": \"web\", \"port\": 443, \"cause\": \"syn_queue\", \"value\": 27, "
	       "\"threshold\": 28, \"seconds\": 29, \"sources\": ["
	       "{\"prefix\": \"198.18.3.0/24\", \"percent\": 61.5}, "
	       "{\"prefix\": \"2001:db8::/48\", \"percent\": 0.5}]},"
	       "{\"service\": \"mail\", \"port\": 25, \"cause\": \"none\", \"value\": 0, "
	       "\"threshold\": 0, \"seconds\": 0, \"sources\": []}]");
	equals(json_object_get(json, "services"),
	       "[{\"name\": \"web\", \"port\": 443, \"mode\": \"auto\", "
	       "\"path\": \"kernel-cookie\", \"why\": \"MPTCP\", \"armed\": true, "
	       "\"armed_until_seconds\": 28, \"attacked\": true, \"attacks\": 29, \"syns\": 1, "
	       "\"cookies_sent\": 2, "
	       "\"cookies_valid\": 3, \"cookies_invalid\": 4, \"served\": 5, \"untracked\": 6, "
	       "\"half_open\": 7, \"half_open_memory_bytes\": 8, \"kernel_half_open\": 11, "
	       "\"backlog\": 12, \"accept_queue\": 13, \"syn_rate\": 9, \"flows\": 10, "
	       "\"thresholds\": {\"half_open\": 14, \"half_open_source\": \"tuned\", "
	       "\"syn_rate\": 15, \"syn_rate_source\": \"pinned\", \"hold_seconds\": 17}},"
	       "{\"name\": \"web\", \"port\": 65535, \"mode\": \"monitor\", "
	       "\"path\": \"cookie\", \"why\": null, \"armed\": false, "
	       "\"armed_until_seconds\": 0, \"attacked\": false, \"attacks\": 0, \"syns\": "
	       "9223372036854775807, "
	       "\"cookies_sent\": 9223372036854775807, "
	       "\"cookies_valid\": 9223372036854775807, \"cookies_invalid\": 0, "
	       "\"served\": 9223372036854775807, \"untracked\": 9223372036854775807, "
	       "\"half_open\": 9223372036854775807, "
	       "\"half_open_memory_bytes\": 9223372036854775807, \"kernel_half_open\": 0, "
	       "\"backlog\": 0, \"accept_queue\": 0, \"syn_rate\": 4294967295, "
	       "\"flows\": 4294967295, "
	       "\"thresholds\": {\"half_open\": 4294967295, \"half_open_source\": \"default\", "
	       "\"syn_rate\": 4294967295, \"syn_rate_source\": \"default\", "
	       "\"hold_seconds\": 0}}]");
	json_decref(json);
}

static void test_thresholds(void **state)
{
	json_t *json;

	(void)state;
	fill();
	json = thresholds_json(&snapshot);
	equals(json,
	       "{\"thresholds\": [{\"name\": \"web\", \"port\": 443, \"mode\": \"auto\", "
	       "\"half_open\": 14, \"half_open_source\": \"tuned\", \"syn_rate\": 15, "
	       "\"syn_rate_source\": \"pinned\", \"low_water\": 16, \"hold_seconds\": 17, "
	       "\"handshake_timeout_seconds\": 18, \"max_half_open\": 19, \"backlog\": 12, "
	       "\"learned_half_open\": 2.35, \"learned_syn_rate\": 1234567.13},"
	       "{\"name\": \"web\", \"port\": 65535, \"mode\": \"monitor\", "
	       "\"half_open\": 4294967295, \"half_open_source\": \"default\", "
	       "\"syn_rate\": 4294967295, \"syn_rate_source\": \"default\", \"low_water\": 0, "
	       "\"hold_seconds\": 0, \"handshake_timeout_seconds\": 0, \"max_half_open\": 0, "
	       "\"backlog\": null, \"learned_half_open\": 0.0, "
	       "\"learned_syn_rate\": 1000000000000.0}]}");
	json_decref(json);
	snapshot.rows[1].thresholds.syn_rate_source = (enum threshold_source)3;
	assert_null(thresholds_json(&snapshot));
	assert_null(status_json(&snapshot));
}

static struct ip_addr address(const char *text)
{
	struct ip_addr addr;

	assert_int_equal(inet_pton(AF_INET6, text, &addr), 1);
	return addr;
}

static void test_handshakes(void **state)
{
	json_t *json;

	(void)state;
	memset(&page, 0, sizeof(page));
	json = handshakes_json(&page);
	equals(json, "{\"handshakes\": [], \"next\": null}");
	json_decref(json);

	page.nr_entries = 2;
	page.next = UINT32_MAX;
	page.entries[0] = (struct handshake){ .src = address("::ffff:198.18.3.4"),
					      .dst = address("::ffff:192.0.2.1"),
					      .sport = 65535,
					      .dport = 443,
					      .service = "web",
					      .state = FLOW_VALIDATED,
					      .accepted_by = ACCEPTED_COOKIE,
					      .age_ms = 63001,
					      .in_state_ms = 0 };
	page.entries[1] = (struct handshake){ .src = address("2001:db8::1"),
					      .dst = address("fe80::ffff:1:2"),
					      .sport = 1,
					      .dport = 25,
					      .service = "mail",
					      .state = FLOW_SYN_RECV,
					      .accepted_by = ACCEPTED_UNKNOWN,
					      .age_ms = 9,
					      .in_state_ms = 8 };
	json = handshakes_json(&page);
	equals(json, "{\"handshakes\": [{\"source\": \"198.18.3.4\", \"source_port\": 65535, "
		     "\"destination\": \"192.0.2.1\", \"port\": 443, \"service\": \"web\", "
		     "\"state\": \"handed_off\", \"accepted_by\": \"cookie\", "
		     "\"age_seconds\": 63.001, \"state_seconds\": 0.0},"
		     "{\"source\": \"2001:db8::1\", \"source_port\": 1, "
		     "\"destination\": \"fe80::ffff:1:2\", \"port\": 25, \"service\": \"mail\", "
		     "\"state\": \"syn_recv\", \"accepted_by\": \"unknown\", "
		     "\"age_seconds\": 0.009, \"state_seconds\": 0.008}], \"next\": 4294967295}");
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

static void fits_a_reply(json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);

	assert_non_null(text);
	assert_true(strlen(text) < PROTO_REPLY_MAX - 100);
	free(text);
	json_decref(json);
}

/* As many services as can be expected say all of it. */
static void test_whys(void **state)
{
	char why[600];
	json_t *json;
	size_t i;

	(void)state;
	memset(why, 'x', sizeof(why) - 1);
	why[sizeof(why) - 1] = '\0';
	fill();
	snapshot.nr_rows = 400;
	for (i = 0; i < snapshot.nr_rows; i++) {
		snapshot.rows[i] = snapshot.rows[1];
		snapshot.rows[i].why = why;
	}
	json = status_json(&snapshot);
	for (i = 0; i < snapshot.nr_rows; i++) {
		const json_t *row = json_array_get(json_object_get(json, "services"), i);
		const char *said = json_string_value(json_object_get(row, "why"));

		if (i < 200)
			assert_string_equal(said, why);
		else if (i >= 210)
			assert_string_equal(said, "as services before it; there is no room to say "
						  "it again");
	}
	json_decref(json);
}

/* Everything at its limits: the replies that result must be such as the socket carries. */
static void test_largest(void **state)
{
	static const char name[] =
		"a-name-of-63-letters-1234567890123456789012345678901234567890123";
	static char why[RUNG_WHY_SIZE];
	unsigned int i, j;

	(void)state;
	memset(&snapshot, 0xff, sizeof(snapshot));
	memset(why, 'x', sizeof(why) - 1);
	snapshot.nr_devices = DEVS_MAX;
	for (i = 0; i < DEVS_MAX; i++)
		snapshot.devices[i] = (struct snapshot_device){
			.name = "123456789012345",
			.xdp_mode = "generic",
			.tc = "none",
			.path = "monitor",
			.why = why,
			.xdp_runs = { UINT64_MAX, UINT64_MAX },
			.tc_runs = { UINT64_MAX, UINT64_MAX },
			.state = DEVICE_DETACHED,
			.config_name = "123456789012345",
			.unconfirmed_seconds = UINT32_MAX,
			.gaps = UINT32_MAX,
			.gap_ms = UINT64_MAX,
		};
	snapshot.libbpf = "1.99";
	snapshot.nr_attacks = ATTACKS_SHOWN;
	for (i = 0; i < ATTACKS_SHOWN; i++) {
		snapshot.attacks[i].service = name;
		snapshot.attacks[i].cause = ARM_FLOW_TABLE;
		snapshot.attacks[i].nr_sources = SOURCES_SHOWN;
		for (j = 0; j < SOURCES_SHOWN; j++)
			snapshot.attacks[i].sources[j] =
				(struct source_share){ "2001:db8:ffff::/48", 99.9 };
	}
	snapshot.nr_rows = ROWS_MAX;
	for (i = 0; i < ROWS_MAX; i++) {
		struct snapshot_row *row = &snapshot.rows[i];

		row->name = name;
		row->path = "kernel-cookie";
		row->why = why;
		row->mode = SVC_MONITOR;
		row->armed = false;
		row->attacked = false;
		row->thresholds.half_open_source = THRESHOLD_DEFAULT;
		row->thresholds.syn_rate_source = THRESHOLD_DEFAULT;
		row->learned = (struct baseline){ 123456789012.35, 123456789012.35 };
	}
	fits_a_reply(status_json(&snapshot));
	fits_a_reply(thresholds_json(&snapshot));

	memset(&page, 0xff, sizeof(page));
	page.nr_entries = HANDSHAKES_PAGE_MAX;
	for (i = 0; i < HANDSHAKES_PAGE_MAX; i++) {
		page.entries[i].service = name;
		page.entries[i].state = FLOW_ESTABLISHED;
		page.entries[i].accepted_by = ACCEPTED_UNKNOWN;
	}
	fits_a_reply(handshakes_json(&page));
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
		cmocka_unit_test(test_empty),      cmocka_unit_test(test_full),
		cmocka_unit_test(test_thresholds), cmocka_unit_test(test_handshakes),
		cmocka_unit_test(test_reasons),    cmocka_unit_test(test_whys),
		cmocka_unit_test(test_largest),    cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
