/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: cli/canvas.c cli/keys.c cli/out.c cli/top_draw.c cli/top_model.c cli/top_panel.c cli/top_view.c */
/*
 * What `synward top` draws on screens of many sizes, compared with screens that were written by
 * hand.
 */
#include "top_world.h"

#include "canvas_text.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_80x24),  TEST(test_small),     TEST(test_all_sizes),
		TEST(test_away),   TEST(test_questions), TEST(test_wild_names),
		TEST(test_styles), TEST(test_scroll),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
