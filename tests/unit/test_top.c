/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: cli/canvas.c cli/keys.c cli/out.c cli/top_draw.c cli/top_model.c cli/top_panel.c cli/top_view.c */
/*
 * What `synward top` makes of statuses and keys: rates from two statuses, order, what is picked,
 * what is asked for.
 */
#include "top_world.h"

#include <math.h>

static void is_near(double got, double wanted)
{
	if (fabs(got - wanted) > 0.0001)
		fail_msg("%f, and not %f", got, wanted);
}

/* ---- the model ---- */

static void test_rates(void **state)
{
	int i;

	(void)state;
	looks("{'services': [{'name': 'web', 'port': 443, 'mode': 'auto', 'armed': false, 'syns': "
	      "100, 'cookies_sent': 10, 'cookies_valid': 5, 'cookies_invalid': 1, 'served': 50, "
	      "'half_open': 3}]}",
	      10);
	for (i = 0; i < TOP_NR_COUNTS; i++)
		is_near(top.rows[0].rates[i], TOP_UNKNOWN);
	is_near(top.total.rates[TOP_SYNS], TOP_UNKNOWN);
	is_near(top.seconds, 0);
	looks("{'services': [{'name': 'web', 'port': 443, 'mode': 'auto', 'armed': true, 'syns': "
	      "300, 'cookies_sent': 110, 'cookies_valid': 7, 'cookies_invalid': 1, 'served': 55, "
	      "'half_open': 4, 'kernel_half_open': 2, 'backlog': 511}, {'name': 'mail', 'port': "
	      "25, 'mode': 'auto', 'armed': false, 'syns': 9}]}",
	      12);
	is_near(top.seconds, 2);
	is_near(top.rows[0].rates[TOP_SYNS], 100);
	is_near(top.rows[0].rates[TOP_SENT], 50);
	is_near(top.rows[0].rates[TOP_VALID], 1);
	is_near(top.rows[0].rates[TOP_INVALID], 0);
	is_near(top.rows[0].rates[TOP_SERVED], 2.5);
	is_near(top.rows[1].rates[TOP_SYNS], TOP_UNKNOWN); /* it is new */
	is_near(top.total.rates[TOP_SYNS], 100);
	assert_int_equal(top.nr_armed, 1);
	assert_int_equal(top.total.half_open, 4);
	assert_int_equal(top.total.kernel_half_open, 2);
	is_near(top.rows[0].history[TOP_HISTORY - 1], 100);
	is_near(top.rows[0].history[TOP_HISTORY - 2], TOP_UNKNOWN);
}

/* Counters that begin anew make no rate, and the history goes on; rows move, and stay themselves.
 */
static void test_another_daemon(void **state)
{
	(void)state;
	looks("{'services': [{'name': 'web', 'port': 443, 'mode': 'auto', 'armed': false, 'syns': "
	      "100}]}",
	      1);
	looks("{'services': [{'name': 'web', 'port': 443, 'mode': 'auto', 'armed': false, 'syns': "
	      "150}]}",
	      2);
	looks("{'services': [{'name': 'new', 'port': 1, 'mode': 'auto', 'armed': false, 'syns': "
	      "1}, {'name': 'web', 'port': 443, 'mode': 'auto', 'armed': false, 'syns': 20}]}",
	      3);
	is_near(top.rows[1].rates[TOP_SYNS], TOP_UNKNOWN);
	is_near(top.rows[1].history[TOP_HISTORY - 2], 50);
	is_near(top.rows[0].history[TOP_HISTORY - 2], TOP_UNKNOWN);
	looks("{'services': [{'name': 'new', 'port': 1, 'mode': 'auto', 'armed': false, 'syns': "
	      "1}, {'name': 'web', 'port': 443, 'mode': 'auto', 'armed': false, 'syns': 30}]}",
	      4);
	is_near(top.rows[1].rates[TOP_SYNS], 10);
	is_near(top.rows[1].history[TOP_HISTORY - 3], 50);
	is_near(top.rows[1].history[TOP_HISTORY - 2], TOP_UNKNOWN);
	/* A clock that stands still makes no rate, and no division by it. */
	looks("{'services': [{'name': 'web', 'port': 443, 'mode': 'auto', 'armed': false, 'syns': "
	      "40}]}",
	      4);
	is_near(top.rows[0].rates[TOP_SYNS], TOP_UNKNOWN);
}

static void test_history(void **state)
{
	char text[128];
	int i;

	(void)state;
	for (i = 0; i <= TOP_HISTORY + 5; i++) {
		snprintf(text, sizeof(text),
			 "{'services': [{'name': 'web', 'port': 1, 'syns': %d}]}", i * i);
		looks(text, i);
	}
	for (i = 0; i < TOP_HISTORY; i++)
		is_near(top.rows[0].history[i], 2 * (i + 6) - 1);
	assert_memory_equal(top.rows[0].history, top.total.history, sizeof(top.total.history));
}

static void test_drops(void **state)
{
	(void)state;
	looks("{'reasons': {'syn_denied': 5, 'syn_cookie': 100, 'ack_cookie_invalid': 7, "
	      "'syn_martian': 0}}",
	      1);
	assert_int_equal(top.nr_drops, 2);
	is_near(top.dropped, TOP_UNKNOWN);
	assert_string_equal(top.drops[0].name, "ack_cookie_invalid"); /* by what they are in all */
	looks("{'reasons': {'syn_denied': 25, 'syn_cookie': 900, 'ack_cookie_invalid': 17, "
	      "'syn_martian': 0, 'syn_over_cap': 4, 'not_known_to_us': 1000}}",
	      3);
	assert_int_equal(top.nr_drops, 3);
	assert_string_equal(top.drops[0].name, "syn_denied");
	is_near(top.drops[0].rate, 10);
	assert_string_equal(top.drops[1].name, "ack_cookie_invalid");
	is_near(top.drops[1].rate, 5);
	assert_string_equal(top.drops[2].name, "syn_over_cap");
	is_near(top.drops[2].rate, 2);
	is_near(top.dropped, 17);
	looks("{'reasons': {}}", 4);
	is_near(top.dropped, 0);
}

static void test_costs(void **state)
{
	(void)state;
	looks("{'interfaces': [{'xdp_runs': 1000, 'xdp_run_ns': 5000, 'tc_runs': 3, 'tc_run_ns': "
	      "9}, {'xdp_runs': 1, 'xdp_run_ns': 1}]}",
	      1);
	is_near(top.xdp.runs_per_second, 0);
	looks("{'interfaces': [{'xdp_runs': 2000, 'xdp_run_ns': 105000, 'tc_runs': 3, 'tc_run_ns': "
	      "9}, {'xdp_runs': 1001, 'xdp_run_ns': 100001}]}",
	      2);
	is_near(top.xdp.runs_per_second, 2000);
	is_near(top.xdp.ns_per_run, 100);
	is_near(top.xdp.percent, 0.02);
	is_near(top.tc.runs_per_second, 0); /* nothing came, or nobody counts */
	looks("{'interfaces': [{'xdp_runs': 5, 'xdp_run_ns': 105001}]}", 3); /* another daemon */
	is_near(top.xdp.runs_per_second, 0);
}

static void test_only(void **state)
{
	json_t *json __cleanup(cleanup_json) = NULL;

	(void)state;
	top.only = "web";
	looks("{'services': [{'name': 'web', 'port': 80, 'mode': 'auto', 'armed': true, "
	      "'half_open': 1}, {'name': 'mail', 'port': 25, 'mode': 'auto', 'armed': true, "
	      "'half_open': 2}, {'name': 'web', 'port': 443, 'mode': 'auto', 'armed': false, "
	      "'half_open': 4}], 'attacks': [{'service': 'mail'}, {'service': 'web'}]}",
	      1);
	assert_int_equal(top.nr_rows, 2);
	assert_int_equal(top.nr_armed, 1);
	assert_int_equal(top.total.half_open, 5);
	json = top_json(&top, "now");
	assert_int_equal(json_array_size(json_object_get(json, "attacks")), 1);
	assert_int_equal(json_array_size(json_object_get(json, "services")), 2);
}

/* No field is there, or none is what it should be: nothing is known, and nothing breaks. */
static void test_strange_statuses(void **state)
{
	static const char *const texts[] = {
		"{}",
		"{'services': 7, 'reasons': [], 'interfaces': {}, 'attacks': 'x'}",
		"{'services': [7, {}, {'name': 9, 'port': 'x', 'syns': -5, 'half_open': 1e30}]}",
		"{'services': [{'name': 'a', 'port': 1, 'syns': 9223372036854775807, 'half_open': "
		"9223372036854775807}, {'name': 'b', 'port': 1, 'syns': 9223372036854775807, "
		"'half_open': 9223372036854775807}], 'reasons': {'syn_denied': 'x'}, 'attacks': "
		"[3]}",
	};
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		for (j = 0; j < sizeof(texts) / sizeof(texts[0]); j++) {
			const struct top_now now = { "00:00:00Z", NULL };
			struct canvas canvas;

			looks(texts[i], (double)j);
			looks(texts[j], (double)j + 0.5);
			json_decref(top_json(&top, "now"));
			assert_int_equal(canvas_make(80, 24, &canvas), 0);
			view.is_detail = !view.is_detail;
			top_draw(&canvas, &top, &view, &now);
			canvas_free(&canvas);
		}
	}
	assert_true(top.total.half_open == INT64_MAX);
}

static void test_numbers(void **state)
{
	static const struct {
		double number;
		const char *text;
	} rows[] = {
		{ -1, "-" },        { 0, "0" },          { 0.04, "0" },      { 0.4, "0.4" },
		{ 3, "3" },         { 9.96, "10" },      { 512, "512" },     { 4096, "4096" },
		{ 9999.4, "9999" }, { 9999.6, "10.0k" }, { 99949, "99.9k" }, { 99951, "100k" },
		{ 999499, "999k" }, { 999501, "1.00M" }, { 1e9, "1.00G" },   { 9.3e18, "9.30E" },
		{ 1e30, "999E" },
	};
	char buffer[TOP_NUMBER_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(top_number(rows[i].number, buffer), rows[i].text);
		assert_true(strlen(buffer) <= 5);
	}
}

static void test_json(void **state)
{
	json_t *json __cleanup(cleanup_json) = NULL;
	json_t *wanted __cleanup(cleanup_json) = NULL;

	(void)state;
	looks("{'services': ["
	      "{'name': 'web', 'port': 443, 'mode': 'auto', 'armed': true, 'syns': 100, 'backlog': "
	      "9}"
	      "], "
	      "'reasons': {'syn_denied': 1}, 'interfaces': "
	      "[{'xdp_runs': 0, 'xdp_run_ns': 0}]}",
	      1);
	looks("{'services': ["
	      "{'name': 'web', 'port': 443, 'mode': 'auto', 'armed': true, 'syns': 125, 'backlog': "
	      "9}"
	      "], "
	      "'reasons': {'syn_denied': 6}, 'interfaces': "
	      "[{'xdp_runs': 10, 'xdp_run_ns': 1234}],"
	      "'attacks': [{'service': 'web'}]}",
	      3.5);
	json = top_json(&top, "2026-11-28T05:20:31Z");
	wanted = json_of(
		"{'time': '2026-11-28T05:20:31Z', 'interval_seconds': 2.5, 'total': {'services': "
		"1, 'armed': 1, 'half_open': 0, 'kernel_half_open': 0, 'dropped_rate': 2.0, "
		"'syn_rate': 10.0, 'cookies_sent_rate': 0.0, 'cookies_valid_rate': 0.0, "
		"'cookies_invalid_rate': 0.0, 'served_rate': 0.0}, 'services': [{'name': 'web', "
		"'port': 443, 'mode': 'auto', 'armed': true, 'backlog': 9, 'state': 'armed', "
		"'syn_rate': 10.0, 'cookies_sent_rate': 0.0, 'cookies_valid_rate': 0.0, "
		"'cookies_invalid_rate': 0.0, 'served_rate': 0.0}], 'drops': [{'reason': "
		"'syn_denied', 'rate': 2.0, 'packets': 6}], 'attacks': [{'service': 'web'}], "
		"'cpu': {'xdp': {'packet_rate': 4.0, 'ns_per_packet': 123.4, 'cpu_percent': 0.0}, "
		"'tc': null}}");
	if (!json_equal(json, wanted)) {
		json_dumpf(json, stderr, 0);
		fail();
	}
}

static void test_states(void **state)
{
	static const char *const wanted[] = { "armed", "attack", "monitor", "off", "peace" };
	size_t i;

	(void)state;
	looks("{'services': [{'name': 'a', 'port': 1, 'mode': 'auto', 'armed': true}, "
	      "{'name': 'b', 'port': 1, 'mode': 'monitor', 'armed': false}, "
	      "{'name': 'b', 'port': 2, 'mode': 'monitor', 'armed': false}, "
	      "{'name': 'c', 'port': 1, 'mode': 'off'}, {'name': 'd', 'port': 1, 'mode': 'auto'}], "
	      "'attacks': [{'service': 'a', 'port': 1}, {'service': 'b', 'port': 1}]}",
	      1);
	for (i = 0; i < 5; i++)
		assert_string_equal(top_state(&top.rows[i]), wanted[i]);
}

/* ---- order and keys ---- */

#define THREE                                                                                   \
	"{'services': ["                                                                        \
	"{'name': 'b', 'port': 1, 'mode': 'auto', 'armed': false, 'syns': %d, 'half_open': 5, " \
	"'backlog': 1}, "                                                                       \
	"{'name': 'a', 'port': 2, 'mode': 'auto', 'armed': true, 'syns': %d, 'half_open': 5, "  \
	"'backlog': 3}, "                                                                       \
	"{'name': 'a', 'port': 1, 'mode': 'auto', 'armed': false, 'syns': %d, 'half_open': 9, " \
	"'backlog': 2}"                                                                         \
	"]}"

static void three(int first, int second, int third)
{
	char text[1024];

	snprintf(text, sizeof(text), THREE, 0, 0, 0);
	looks(text, 1);
	snprintf(text, sizeof(text), THREE, first, second, third);
	looks(text, 2);
}

/* Each row as its place in the config. */
static void order_is(enum top_column by, bool is_reversed, const char *wanted)
{
	size_t order[3], i;

	top_order(&top, by, is_reversed, order);
	for (i = 0; i < 3; i++)
		assert_int_equal(order[i], wanted[i] - '0');
}

static void test_order(void **state)
{
	(void)state;
	three(10, 30, 20);
	order_is(TOP_BY_SYNS, false, "120");
	order_is(TOP_BY_SYNS, true, "021");
	order_is(TOP_BY_NAME, false, "210");
	order_is(TOP_BY_NAME, true, "012");
	order_is(TOP_BY_HALF_OPEN, false, "201"); /* of equals the first stays the first */
	order_is(TOP_BY_HALF_OPEN, true, "012");
	order_is(TOP_BY_BACKLOG, false, "120");
	order_is(TOP_BY_STATE, false, "102");
	order_is(TOP_BY_SERVED, false, "012");
}

static void picks(const char *name, int port)
{
	const struct top_row *row = top_view_picked(&view, &top);

	assert_non_null(row);
	assert_string_equal(row->name, name);
	assert_int_equal(row->port, port);
}

static void test_pick(void **state)
{
	(void)state;
	assert_null(top_view_picked(&view, &top));
	press(KEY_DOWN); /* there is nothing */
	press('a');
	assert_int_equal(view.asks, TOP_ACT_NONE);
	three(10, 30, 20);
	picks("a", 2);
	press(KEY_UP);
	picks("a", 2);
	press(KEY_DOWN);
	picks("a", 1);
	three(30, 20, 10); /* it is the last now */
	picks("a", 1);
	press('k');
	picks("a", 2);
	press(KEY_END);
	picks("a", 1);
	press('j');
	picks("a", 1);
	press(KEY_HOME);
	picks("b", 1);
	press(KEY_PAGE_DOWN);
	picks("a", 1);
	looks("{'services': ["
	      "{'name': 'c', 'port': 1, 'mode': 'auto', 'armed': false, 'syns': 1}"
	      "]}",
	      3);
	picks("c", 1);
	looks("{'services': []}", 4);
	assert_null(top_view_picked(&view, &top));
}

static void test_sort_keys(void **state)
{
	int i;

	(void)state;
	assert_int_equal(view.by, TOP_BY_SYNS);
	press(KEY_RIGHT);
	assert_int_equal(view.by, TOP_BY_HALF_OPEN);
	press('S');
	press(KEY_LEFT);
	assert_int_equal(view.by, TOP_BY_STATE);
	for (i = 0; i < TOP_NR_COLUMNS; i++)
		press('s');
	assert_int_equal(view.by, TOP_BY_STATE);
	press(KEY_LEFT);
	press(KEY_LEFT);
	assert_int_equal(view.by, TOP_BY_SERVED);
	press('r');
	assert_true(view.is_reversed);
	press('r');
	assert_false(view.is_reversed);
}

static void test_other_keys(void **state)
{
	(void)state;
	three(1, 2, 3);
	assert_int_equal(press('q'), TOP_ACT_QUIT);
	assert_int_equal(press('p'), TOP_ACT_NONE);
	assert_true(view.is_paused);
	press(' ');
	assert_false(view.is_paused);
	press(KEY_ENTER);
	assert_true(view.is_detail);
	press('?');
	assert_true(view.is_help);
	press('d'); /* not while it is hidden what is picked */
	assert_int_equal(view.asks, TOP_ACT_NONE);
	press(KEY_ESCAPE);
	assert_false(view.is_help);
	assert_true(view.is_detail);
	press(KEY_ESCAPE);
	assert_false(view.is_detail);
	press('h');
	assert_int_equal(press('q'), TOP_ACT_QUIT);
}

/* An order is asked for, and is for the row that was picked then. */
static void test_orders(void **state)
{
	(void)state;
	three(10, 30, 20);
	assert_int_equal(press('d'), TOP_ACT_NONE);
	assert_int_equal(view.asks, TOP_ACT_DISARM);
	three(90, 30, 20); /* what nobody has picked stands in the first line now */
	assert_int_equal(press('y'), TOP_ACT_DISARM);
	assert_string_equal(view.picked, "a");
	assert_int_equal(view.picked_port, 2);
	assert_int_equal(press('y'), TOP_ACT_NONE); /* once */

	press('a');
	assert_int_equal(press(KEY_ENTER), TOP_ACT_NONE); /* only a y is one */
	assert_false(view.is_detail);
	assert_string_equal(view.said, "nothing done");
	press('a');
	assert_int_equal(press('q'), TOP_ACT_NONE);
	press('a');
	looks("{'services': ["
	      "{'name': 'c', 'port': 1, 'mode': 'auto', 'armed': false, 'syns': 1}"
	      "]}",
	      3); /* it is gone */
	assert_int_equal(press('Y'), TOP_ACT_ARM);
	assert_string_equal(view.picked, "a"); /* and synwardd will say so */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rates),
		TEST(test_another_daemon),
		TEST(test_history),
		TEST(test_drops),
		TEST(test_costs),
		TEST(test_only),
		TEST(test_strange_statuses),
		TEST(test_numbers),
		TEST(test_json),
		TEST(test_states),
		TEST(test_order),
		TEST(test_pick),
		TEST(test_sort_keys),
		TEST(test_other_keys),
		TEST(test_orders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
