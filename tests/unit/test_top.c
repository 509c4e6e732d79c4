/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: cli/canvas.c cli/keys.c cli/out.c cli/top_draw.c cli/top_model.c cli/top_panel.c cli/top_view.c */
/*
 * `synward top` without terminal and daemon: rates from two statuses, order, keys, and what is
 * drawn on screens of many sizes, compared with screens that were written by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "json.h"
#include "keys.h"
#include "top_draw.h"

/* One test after the other. */
static struct top top;
static struct top_view view;

static int set_up(void **state)
{
	(void)state;
	top = (struct top){ 0 };
	top_view_init(&view);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	top_free(&top);
	return 0;
}

/* JSON is written here with ' instead of ". */
static json_t *json_of(const char *text)
{
	char *quoted __cleanup(cleanup_free) = strdup(text);
	json_t *json;
	char *c;

	for (c = quoted; (c = strchr(c, '\''));)
		*c = '"';
	json = json_loads(quoted, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	return json;
}

static void looks(const char *text, double time)
{
	assert_int_equal(top_update(&top, json_of(text), time), 0);
}

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

static enum top_act press(int key)
{
	return top_view_key(&view, &top, key);
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

/* ---- bytes to keys ---- */

static void keys_are(const char *bytes, const int *wanted)
{
	struct keys keys = { 0 };

	for (; *bytes; bytes++) {
		int key = keys_take(&keys, (unsigned char)*bytes);

		if (key)
			assert_int_equal(key, *wanted++);
	}
	if (keys_wait(&keys)) {
		int key = keys_end(&keys);

		if (key)
			assert_int_equal(key, *wanted++);
	}
	assert_int_equal(*wanted, 0);
}

static void test_keys(void **state)
{
	(void)state;
	keys_are("qa\r\n", (const int[]){ 'q', 'a', KEY_ENTER, KEY_ENTER, 0 });
	keys_are("\033[A\033[B\033[C\033[D\033[H\033[F",
		 (const int[]){ KEY_UP, KEY_DOWN, KEY_RIGHT, KEY_LEFT, KEY_HOME, KEY_END, 0 });
	keys_are("\033OA\033OD", (const int[]){ KEY_UP, KEY_LEFT, 0 });
	keys_are("\033[5~\033[6~\033[1~\033[4~\033[7~\033[8~",
		 (const int[]){ KEY_PAGE_UP, KEY_PAGE_DOWN, KEY_HOME, KEY_END, KEY_HOME, KEY_END,
				0 });
	keys_are("\033[1;5Ax", (const int[]){ KEY_UP, 'x', 0 }); /* with Ctrl */
	/* Swallowed whole: F5, a mouse, an answer that nobody asked for, Alt-q, a number too long.
	 */
	keys_are("\033[15~a\033[<0;3;4Mb\033[?1;2cc\033qd\033[99999999999999~e",
		 (const int[]){ 'a', 'b', 'c', 'd', 'e', 0 });
	keys_are("\033", (const int[]){ KEY_ESCAPE, 0 });
	keys_are("\033\033[A", (const int[]){ KEY_ESCAPE, KEY_UP, 0 });
	keys_are("\033[", (const int[]){ 0 });
}

/* ---- the canvas ---- */

static char *text_of(const struct canvas *canvas, bool is_utf8)
{
	char *text = NULL;
	size_t nr_bytes;
	FILE *to = open_memstream(&text, &nr_bytes);
	int y;

	for (y = 0; y < canvas->height; y++) {
		canvas_line(canvas, y, is_utf8, to);
		putc('\n', to);
	}
	fclose(to);
	return text;
}

static void test_canvas(void **state)
{
	static const double bars[] = { -1, 0, 1, 2, 3, 4, 5, 6, 7, 8 };
	char *text __cleanup(cleanup_free) = NULL;
	char *utf8 __cleanup(cleanup_free) = NULL;
	struct canvas canvas;

	(void)state;
	assert_int_equal(canvas_make(12, 4, &canvas), 0);
	assert_int_equal(canvas_put(&canvas, 9, 0, 99, CANVAS_PLAIN, "clipped"), 16);
	canvas_put(&canvas, -3, 0, 99, CANVAS_PLAIN, "abcde");
	canvas_put(&canvas, 0, -1, 9, CANVAS_PLAIN, "above");
	canvas_put(&canvas, 0, 4, 9, CANVAS_PLAIN, "below");
	canvas_put(&canvas, 0, 1, 9, CANVAS_PLAIN, "a\033[2Jb\n\xc3\xa9\x7f\x01");
	canvas_put_right(&canvas, 0, 2, 6, CANVAS_PLAIN, "42");
	canvas_put_right(&canvas, 7, 2, 3, CANVAS_PLAIN, "12345");
	canvas_bars(&canvas, 0, 3, 12, CANVAS_PLAIN, bars, 10);
	text = text_of(&canvas, false);
	assert_string_equal(text, "de       cli\na?[2Jb???\n    42 123\n   __.:-=+*#\n");
	utf8 = text_of(&canvas, true);
	canvas_free(&canvas);
	assert_non_null(strstr(utf8, "▁▁▂▃▄▅▆▇█\n"));
}

/* Onto a terminal: each line at its place, styles ended, and none at all without colour. */
static void test_canvas_write(void **state)
{
	char *text __cleanup(cleanup_free) = NULL;
	struct canvas canvas;
	size_t nr_bytes;
	FILE *to;

	(void)state;
	assert_int_equal(canvas_make(3, 2, &canvas), 0);
	canvas_put(&canvas, 1, 0, 1, CANVAS_BAD, "x");
	canvas_put(&canvas, 2, 1, 1, CANVAS_HEAD, "y");
	to = open_memstream(&text, &nr_bytes);
	canvas_write(&canvas, false, true, to);
	fflush(to);
	assert_string_equal(text, "\033[1;1H \033[0;1;31mx\033[0m \033[2;1H  \033[0;7my\033[0m");
	rewind(to);
	canvas_write(&canvas, false, false, to);
	fclose(to);
	assert_int_equal(nr_bytes, strlen("\033[1;1H x \033[2;1H  y"));
	assert_memory_equal(text, "\033[1;1H x \033[2;1H  y", nr_bytes);
	canvas_free(&canvas);
	assert_int_equal(canvas_make(0, 1 << 30, &canvas), 0);
	assert_int_equal(canvas.width, 1);
	assert_int_equal(canvas.height, CANVAS_SIDE_MAX);
	canvas_free(&canvas);
}

/* ---- the screen ---- */

#define ATTACKED(syns, sent, valid, denied, runs, ns)                                              \
	"{'version': '0.1', 'uptime_seconds': 7380, 'interfaces': [{'xdp_runs': " runs             \
	", 'xdp_run_ns': " ns "}], 'services': [{'name': 'web', 'port': 443, 'mode': 'auto', "     \
	"'path': 'cookie', 'why': null, 'armed': true, 'armed_until_seconds': 28, 'syns': " syns   \
	", 'cookies_sent': " sent ", 'cookies_valid': " valid                                      \
	", 'cookies_invalid': 3, 'served': 60, 'half_open': 1000128, 'half_open_memory_bytes': "   \
	"320041000, 'kernel_half_open': 64, 'backlog': 4096, 'accept_queue': 1, 'flows': 70, "     \
	"'thresholds': {'half_open': 128, 'half_open_source': 'tuned', 'syn_rate': 5000, "         \
	"'syn_rate_source': 'pinned', 'hold_seconds': 30}}, {'name': 'a-very-long-name-for-mail'," \
	" 'port': 25, 'mode': 'monitor', 'path': 'monitor', 'why': 'mode is monitor', 'armed': "   \
	"false, 'syns': 7, 'half_open': 100, 'kernel_half_open': 100, 'backlog': 128}], "          \
	"'attacks': [{'service': 'web', 'port': 443, 'cause': 'half_open', 'value': 130, "         \
	"'threshold': 128, 'seconds': 75, 'sources': [{'prefix': '203.0.113.0/24', 'percent': "    \
	"61.4}, {'prefix': '2001:db8:abcd::/48', 'percent': 5.0}]}], 'reasons': "                  \
	"{'syn_denied': " denied ", 'ack_cookie_invalid': 3}}"

static void attack(void)
{
	looks(ATTACKED("1000000", "900000", "40", "0", "0", "0"), 1);
	looks(ATTACKED("2014808", "1900000", "52", "34000", "1048000", "66024000"), 2);
}

static char *screen(int width, int height, const char *away)
{
	const struct top_now now = { "05:20:31Z", away };
	struct canvas canvas;
	char *text;

	assert_int_equal(canvas_make(width, height, &canvas), 0);
	top_draw(&canvas, &top, &view, &now);
	text = text_of(&canvas, false);
	canvas_free(&canvas);
	return text;
}

static void shows(int width, int height, const char *wanted)
{
	char *text __cleanup(cleanup_free) = screen(width, height, NULL);

	assert_string_equal(text, wanted);
}

static void has(const char *text, const char *wanted)
{
	if (!strstr(text, wanted))
		fail_msg("no '%s' in\n%s", wanted, text);
}

#include "top_screens.h"

static void test_80x24(void **state)
{
	(void)state;
	attack();
	shows(80, 24, SCREEN_80X24);
	press(KEY_ENTER);
	shows(80, 24, SCREEN_DETAIL);
}

static void test_small(void **state)
{
	(void)state;
	attack();
	shows(40, 8, SCREEN_40X8);
	shows(20, 3, SCREEN_20X3);
}

/* What matters is there at every size, and nothing is drawn out of it. */
static void test_all_sizes(void **state)
{
	int width, height, i;

	(void)state;
	attack();
	for (i = 0; i < 8; i++) {
		view.is_detail = i & 1;
		view.is_help = i & 2;
		view.asks = i & 4 ? TOP_ACT_ARM : TOP_ACT_NONE;
		for (width = 1; width < 200; width += width < 30 ? 1 : 23) {
			for (height = 1; height < 60; height += height < 26 ? 1 : 11) {
				char *text __cleanup(cleanup_free) = screen(width, height, "away");
				char *line, *rest = text;
				int nr_lines = 0;

				while (*rest && (line = strsep(&rest, "\n"))) {
					assert_true(strlen(line) <= (size_t)width);
					nr_lines++;
				}
				assert_int_equal(nr_lines, height);
			}
		}
	}
	view.is_help = view.is_detail = false;
	for (width = 14; width < 200; width++) {
		char *text __cleanup(cleanup_free) = screen(width, 3, NULL);

		has(text, ">web:443");
	}
}

static void test_away(void **state)
{
	char *text __cleanup(cleanup_free) = NULL;
	char *small __cleanup(cleanup_free) = NULL;

	(void)state;
	attack();
	text = screen(80, 24, "since 05:19:00Z: no synwardd answers");
	has(text, "\nsince 05:19:00Z: no synwardd answers\n");
	small = screen(40, 4, "since 05:19:00Z: no synwardd answers");
	assert_memory_equal(small, "since 05:19:00Z: no synwardd answers\n", 37);
}

static void test_questions(void **state)
{
	char *asked __cleanup(cleanup_free) = NULL;
	char *said __cleanup(cleanup_free) = NULL;
	char *help __cleanup(cleanup_free) = NULL;
	char *paused __cleanup(cleanup_free) = NULL;

	(void)state;
	attack();
	press('d');
	asked = screen(80, 24, NULL);
	has(asked, "\ndisarm web? y or n\n");
	press('n');
	said = screen(80, 24, NULL);
	has(said, "\nnothing done\n");
	press('h');
	help = screen(80, 24, NULL);
	has(help, "end that; a flood arms it again by itself");
	has(help, "05:20:31Z");
	press('h');
	press('p');
	paused = screen(80, 24, NULL);
	has(paused, "  PAUSED");
}

/* A name cannot do more than be shown. */
static void test_wild_names(void **state)
{
	char *text __cleanup(cleanup_free) = NULL;
	struct canvas canvas;
	size_t i;

	(void)state;
	looks("{'services': [{'name': '\\u001b[2J\\u001b]0;x\\u0007\\r\\n\\u00e9', 'port': 1, "
	      "'mode': '\\u001b[0m', 'path': '\\u009b1m'}], 'attacks': [{'service': "
	      "'\\u001bc', 'port': 1, 'sources': [{'prefix': '\\u001b[H', 'percent': 1.0}]}], "
	      "'version': '\\u0007', 'reasons': {'syn_\\u0008': 1}}",
	      1);
	view.is_detail = true;
	assert_int_equal(canvas_make(100, 30, &canvas), 0);
	top_draw(&canvas, &top, &view, &(struct top_now){ "05:20:31Z", "\033[31mgone" });
	for (i = 0; i < 3000; i++)
		assert_true((canvas.cells[i] >= ' ' && canvas.cells[i] < 0x7f) ||
			    (canvas.cells[i] >= 1 && canvas.cells[i] <= CANVAS_BARS));
	text = text_of(&canvas, true);
	canvas_free(&canvas);
	assert_null(strchr(text, '\033'));
	has(text, "?[2J?]0;x?");
}

/* What is a danger has its colour, in the picked row too; and what is none has not. */
static void test_styles(void **state)
{
	struct canvas canvas;
	char line[81] = "";
	const unsigned char *styles;
	int y;

	(void)state;
	attack();
	assert_int_equal(canvas_make(80, 24, &canvas), 0);
	top_draw(&canvas, &top, &view, &(struct top_now){ "05:20:31Z", NULL });
	for (y = 6; y <= 7; y++) {
		const bool is_picked = y == 6;

		memcpy(line, canvas.cells + y * 80, 80);
		styles = canvas.styles + y * 80;
		assert_int_equal(styles[1], is_picked ? CANVAS_PICKED : CANVAS_PLAIN);
		if (is_picked)
			assert_int_equal(styles[strstr(line, "armed") - line], CANVAS_BAD);
		else
			assert_int_equal(styles[strstr(line, "monitor") - line], CANVAS_PLAIN);
		/* 64 of 4096, and 100 of 128 */
		if (is_picked)
			assert_int_equal(styles[strstr(line, "64 ") - line], CANVAS_BOLD);
		else
			assert_int_equal(styles[strstr(line, "100     128") - line], CANVAS_BAD);
	}
	canvas_free(&canvas);
}

/* More rows than lines: those around the picked one are shown. */
static void test_scroll(void **state)
{
	json_t *services = json_array();
	char *text __cleanup(cleanup_free) = NULL;
	char *end __cleanup(cleanup_free) = NULL;
	char name[16];
	int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "s%03d", i);
		json_array_append_new(services, json_pack("{s:s, s:i}", "name", name, "port", 1));
	}
	assert_int_equal(top_update(&top, json_pack("{s:o}", "services", services), 1), 0);
	text = screen(80, 24, NULL);
	has(text, ">s000:1");
	has(text, " s008:1");
	assert_null(strstr(text, "s009:1"));
	has(text, "ATTACKS"); /* still there */
	press(KEY_END);
	end = screen(80, 24, NULL);
	has(end, ">s999:1");
	has(end, " s991:1");
	assert_null(strstr(end, "s990:1"));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

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
		TEST(test_keys),
		TEST(test_canvas),
		TEST(test_canvas_write),
		TEST(test_80x24),
		TEST(test_small),
		TEST(test_all_sizes),
		TEST(test_away),
		TEST(test_questions),
		TEST(test_wild_names),
		TEST(test_styles),
		TEST(test_scroll),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
