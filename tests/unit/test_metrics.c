/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: cli/metrics.c daemon/status.c */
/*
 * Prometheus text of a status: the whole of a small one, compared with text written by hand; that
 * no number of a service or of the daemon is left out; and what an older, a newer or a lying daemon
 * says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "../../cli/metrics.h"
#include "json.h"
#include "status.h"

static struct snapshot snapshot; /* too large for a stack under sanitizers */

static char *text_of_json(const char *text)
{
	json_t *status __cleanup(cleanup_json) = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	char *metrics;

	assert_non_null(status);
	metrics = metrics_text(status);
	assert_non_null(metrics);
	return metrics;
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part)) {
		print_error("no '%s' in:\n%s", part, text);
		fail();
	}
}

static void has_not(const char *text, const char *part)
{
	if (strstr(text, part)) {
		print_error("'%s' in:\n%s", part, text);
		fail();
	}
}

static void test_no_daemon(void **state)
{
	char *text __cleanup(cleanup_free) = metrics_text(NULL);

	(void)state;
	assert_string_equal(text, "# HELP synward_up 1 if synwardd answers.\n"
				  "# TYPE synward_up gauge\n"
				  "synward_up 0\n");
}

static void test_whole(void **state)
{
	char *text __cleanup(cleanup_free) = text_of_json(
		"{\"version\": \"9.8\", \"uptime_seconds\": 12, \"synacks_resent\": 34,"
		" \"state_write_errors\": 35,"
		" \"interfaces\": [{\"name\": \"eth0\", \"xdp_mode\": \"native\", \"tc\": \"tcx\","
		"                   \"path\": \"cookie\"},"
		"                  {\"name\": \"eth1\", \"xdp_mode\": \"none\", \"tc\": \"none\","
		"                   \"path\": \"monitor\"}],"
		" \"reasons\": {\"go_on\": 0, \"syn_cookie\": 5, \"syn_denied\": 6,"
		"               \"syn_peace\": 9223372036854775807}}");

	(void)state;
	assert_string_equal(
		text,
		"# HELP synward_up 1 if synwardd answers.\n"
		"# TYPE synward_up gauge\n"
		"synward_up 1\n"
		"# HELP synward_build_info Version of synwardd. Always 1.\n"
		"# TYPE synward_build_info gauge\n"
		"synward_build_info{version=\"9.8\"} 1\n"
		"# HELP synward_uptime_seconds Time since synwardd was started.\n"
		"# TYPE synward_uptime_seconds gauge\n"
		"synward_uptime_seconds 12\n"
		"# HELP synward_synacks_resent_total SYN-ACKs of server-first services that went "
		"out once more.\n"
		"# TYPE synward_synacks_resent_total counter\n"
		"synward_synacks_resent_total 34\n"
		"# HELP synward_state_write_errors_total Files of the state directory that could "
		"not be written.\n"
		"# TYPE synward_state_write_errors_total counter\n"
		"synward_state_write_errors_total 35\n"
		"# HELP synward_interface_info How the programs are attached, and how SYNs can be "
		"answered. Always 1.\n"
		"# TYPE synward_interface_info gauge\n"
		"synward_interface_info{interface=\"eth0\",xdp=\"native\",tc=\"tcx\",path="
		"\"cookie\"} 1\n"
		"synward_interface_info{interface=\"eth1\",xdp=\"none\",tc=\"none\",path="
		"\"monitor\"} 1\n"
		"# HELP synward_interface_answers 1 if SYNs can be answered there.\n"
		"# TYPE synward_interface_answers gauge\n"
		"synward_interface_answers{interface=\"eth0\"} 1\n"
		"synward_interface_answers{interface=\"eth1\"} 0\n"
		"# HELP synward_packets_total Packets by verdict; fate: passed, dropped, "
		"answered, or - of none.\n"
		"# TYPE synward_packets_total counter\n"
		"synward_packets_total{reason=\"go_on\",fate=\"-\"} 0\n"
		"synward_packets_total{reason=\"syn_cookie\",fate=\"answered\"} 5\n"
		"synward_packets_total{reason=\"syn_denied\",fate=\"dropped\"} 6\n"
		"synward_packets_total{reason=\"syn_peace\",fate=\"passed\"} "
		"9223372036854775807\n");
}

/* Two rows are one family with one header. */
static void test_services(void **state)
{
	char *text __cleanup(cleanup_free) = text_of_json(
		"{\"services\": ["
		" {\"name\": \"web\", \"port\": 80, \"mode\": \"auto\", \"path\": \"cookie\","
		"  \"armed\": true, \"armed_until_seconds\": 28, \"syns\": 7,"
		"  \"thresholds\": {\"half_open\": 127, \"syn_rate\": 511}},"
		" {\"name\": \"web\", \"port\": 443, \"mode\": \"always\", \"path\": \"monitor\","
		"  \"armed\": false, \"armed_until_seconds\": 2147483647, \"syns\": 8}]}");

	(void)state;
	has(text, "\nsynward_service_info{service=\"web\",port=\"80\",mode=\"auto\",path="
		  "\"cookie\"} 1\n"
		  "synward_service_info{service=\"web\",port=\"443\",mode=\"always\",path="
		  "\"monitor\"} 1\n");
	has(text, "# TYPE synward_service_syns_total counter\n"
		  "synward_service_syns_total{service=\"web\",port=\"80\"} 7\n"
		  "synward_service_syns_total{service=\"web\",port=\"443\"} 8\n#");
	has(text, "# TYPE synward_service_armed gauge\n"
		  "synward_service_armed{service=\"web\",port=\"80\"} 1\n"
		  "synward_service_armed{service=\"web\",port=\"443\"} 0\n");
	has(text, "\nsynward_service_armed_remaining_seconds{service=\"web\",port=\"80\"} 28\n"
		  "synward_service_armed_remaining_seconds{service=\"web\",port=\"443\"} +Inf\n");
	has(text, "\nsynward_service_threshold_half_open{service=\"web\",port=\"80\"} 127\n");
	has(text, "\nsynward_service_threshold_syns_per_second{service=\"web\",port=\"80\"} 511\n");
	has_not(text, "synward_service_threshold_half_open{service=\"web\",port=\"443\"}");
}

static void test_labels_are_escaped(void **state)
{
	char *text __cleanup(cleanup_free) =
		text_of_json("{\"version\": \"a\\\"b\\\\c\\nd\", \"reasons\": {\"e\\\"f\": 1}}");

	(void)state;
	has(text, "synward_build_info{version=\"a\\\"b\\\\c\\nd\"} 1\n");
	has(text, "synward_packets_total{reason=\"e\\\"f\",fate=\"unknown\"} 1\n");
}

static void test_strange_daemons(void **state)
{
	char *older __cleanup(cleanup_free) = text_of_json("{}");
	char *lying __cleanup(cleanup_free) = text_of_json(
		"{\"uptime_seconds\": \"x\", \"memory_bytes\": null, \"max_flows\": [],"
		" \"interfaces\": 3, \"services\": [7, {\"name\": 5, \"syns\": {}}],"
		" \"reasons\": {\"handoff\": \"many\", \"newer\": 4}}");

	(void)state;
	has(older, "synward_up 1\n");
	has_not(older, "seconds");
	has_not(older, "service");
	has_not(older, "packets");
	has_not(lying, "uptime");
	has_not(lying, "memory");
	has_not(lying, "max_flows");
	has_not(lying, "syns_total");
	has_not(lying, "handoff");
	has(lying, "synward_packets_total{reason=\"newer\",fate=\"unknown\"} 4\n");
}

/* ---- nothing is left out ---- */

static json_int_t next = 1000001;

/* Every number gets a value of its own, below objects too; yes or no becomes one. */
static void number_all(json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach (object, key, value) {
		if (json_is_object(value))
			number_all(value);
		else if (json_is_integer(value) || json_is_boolean(value))
			json_object_set_new(object, key, json_integer(next++));
	}
}

static void test_nothing_is_left_out(void **state)
{
	json_t *status __cleanup(cleanup_json) = NULL;
	char *text __cleanup(cleanup_free) = NULL;
	json_int_t number = next;
	char wanted[32];

	(void)state;
	memset(&snapshot, 0, sizeof(snapshot));
	snapshot.memory_bytes = 1;
	snapshot.nr_rows = 1;
	snapshot.rows[0] = (struct snapshot_row){ .name = "web", .path = "cookie" };
	status = status_json(&snapshot);
	assert_non_null(status);
	number_all(status);
	number_all(json_array_get(json_object_get(status, "services"), 0));
	text = metrics_text(status);
	assert_true(next - number > 20 + NR_REASONS);
	for (; number < next; number++) {
		snprintf(wanted, sizeof(wanted), "%lld", (long long)number);
		has(text, wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_daemon),       cmocka_unit_test(test_whole),
		cmocka_unit_test(test_services),        cmocka_unit_test(test_labels_are_escaped),
		cmocka_unit_test(test_strange_daemons), cmocka_unit_test(test_nothing_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
