/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two halves side by side on a wide screen, drops alone on a narrow one; and the detail, the most
 * important line first.
 */
#include "top_panel.h"

#include <stdio.h>
#include <string.h>

#include "out.h"
#include "proto.h"

#define HALF_WIDTH_MIN 38
#define REASON_WIDTH 24

/* ---- drops and sources ---- */

static void draw_drops(struct canvas *canvas, int x, int y, int nr_lines, const struct top *top)
{
	char number[TOP_NUMBER_SIZE];
	size_t i;

	canvas_put(canvas, x, y, CANVAS_SIDE_MAX, CANVAS_BOLD,
		   "DROPPED                    /S    ALL");
	if (!top->nr_drops)
		canvas_put(canvas, x, y + 1, CANVAS_SIDE_MAX, CANVAS_DIM, "nothing");
	for (i = 0; i < top->nr_drops && (int)i + 1 < nr_lines; i++) {
		const int line = y + 1 + (int)i;

		canvas_put(canvas, x, line, REASON_WIDTH, CANVAS_PLAIN, top->drops[i].name);
		canvas_put_right(canvas, x + REASON_WIDTH, line, 5, CANVAS_PLAIN,
				 top_number(top->drops[i].rate, number));
		canvas_put_right(canvas, x + REASON_WIDTH + 6, line, 6, CANVAS_PLAIN,
				 top_number((double)top->drops[i].count, number));
	}
}

static bool is_shown(const struct top *top, const json_t *attack)
{
	return !top->only || !strcmp(top->only, out_text_of(attack, "service"));
}

/* Of each attack its prefixes; one that comes from everywhere has none. */
static void draw_sources(struct canvas *canvas, int x, int y, int nr_lines, const struct top *top)
{
	const json_t *attack, *source;
	const int end = y + nr_lines;
	size_t i, j;

	canvas_put(canvas, x, y++, CANVAS_SIDE_MAX, CANVAS_BOLD, "ATTACKS, AND FROM WHERE");
	json_array_foreach (json_object_get(top->status, "attacks"), i, attack) {
		const json_t *sources = json_object_get(attack, "sources");
		char since[OUT_NUMBER_SIZE];

		if (!is_shown(top, attack) || y >= end)
			continue;
		canvas_print(canvas, x, y++, CANVAS_BAD, "%s:%d for %s%s",
			     out_text_of(attack, "service"), (int)out_integer_of(attack, "port"),
			     out_duration(out_integer_of(attack, "seconds"), since),
			     json_array_size(sources) ? "" : ", from everywhere");
		json_array_foreach ((json_t *)sources, j, source)
			if (y < end)
				canvas_print(canvas, x + 2, y++, CANVAS_PLAIN, "%5.1f%% %s",
					     json_number_value(json_object_get(source, "percent")),
					     out_text_of(source, "prefix"));
	}
	if (!json_array_size(json_object_get(top->status, "attacks")) && y < end)
		canvas_put(canvas, x, y, CANVAS_SIDE_MAX, CANVAS_DIM, "none");
}

void top_panel_threats(struct canvas *canvas, int y, int nr_lines, const struct top *top)
{
	const int half = canvas->width / 2;

	draw_drops(canvas, 0, y, nr_lines, top);
	if (half >= HALF_WIDTH_MIN)
		draw_sources(canvas, half, y, nr_lines, top);
}

/* ---- one row ---- */

static const char *of_json(const struct top_row *row, const char *key)
{
	return out_text_of(row->json, key);
}

static json_int_t number(const struct top_row *row, const char *key)
{
	return out_integer_of(row->json, key);
}

static void draw_armed(struct canvas *canvas, int y, const struct top_row *row)
{
	const json_int_t seconds = number(row, "armed_until_seconds");
	char left[OUT_NUMBER_SIZE];
	int x = canvas_print(canvas, 0, y, CANVAS_BOLD, "%s:%d", row->name, row->port);

	x = canvas_print(canvas, x, y, CANVAS_PLAIN, "  mode %s, path %s, ", of_json(row, "mode"),
			 of_json(row, "path"));
	if (!row->is_armed)
		canvas_print(canvas, x, y, CANVAS_GOOD, "not armed");
	else if (seconds >= PROTO_ARMED_WITHOUT_END)
		canvas_print(canvas, x, y, CANVAS_BAD, "armed without end");
	else
		canvas_print(canvas, x, y, CANVAS_BAD, "armed for %s more",
			     out_duration(seconds, left));
}

static void draw_why(struct canvas *canvas, int y, const struct top_row *row)
{
	char since[OUT_NUMBER_SIZE];

	if (row->attack)
		canvas_print(canvas, 0, y, CANVAS_BAD,
			     "attacked for %s: %s was %" JSON_INTEGER_FORMAT
			     ", threshold %" JSON_INTEGER_FORMAT,
			     out_duration(out_integer_of(row->attack, "seconds"), since),
			     out_text_of(row->attack, "cause"),
			     out_integer_of(row->attack, "value"),
			     out_integer_of(row->attack, "threshold"));
	else
		canvas_print(canvas, 0, y, CANVAS_PLAIN, "no attack goes on");
}

static void draw_thresholds(struct canvas *canvas, int y, const struct top_row *row)
{
	const json_t *thresholds = json_object_get(row->json, "thresholds");

	canvas_print(canvas, 0, y, CANVAS_PLAIN,
		     "arms at %" JSON_INTEGER_FORMAT " half-open (%s) or %" JSON_INTEGER_FORMAT
		     " SYN/s (%s), for %" JSON_INTEGER_FORMAT " s",
		     out_integer_of(thresholds, "half_open"),
		     out_text_of(thresholds, "half_open_source"),
		     out_integer_of(thresholds, "syn_rate"),
		     out_text_of(thresholds, "syn_rate_source"),
		     out_integer_of(thresholds, "hold_seconds"));
}

static void draw_queues(struct canvas *canvas, int y, const struct top_row *row)
{
	char bytes[OUT_NUMBER_SIZE];

	canvas_print(canvas, 0, y, CANVAS_PLAIN,
		     "half-open %" JSON_INTEGER_FORMAT " (%s spared), kernel %" JSON_INTEGER_FORMAT
		     "/%" JSON_INTEGER_FORMAT ", accept queue %" JSON_INTEGER_FORMAT
		     ", flows %" JSON_INTEGER_FORMAT,
		     row->half_open, out_bytes(number(row, "half_open_memory_bytes"), bytes),
		     row->kernel_half_open, row->backlog, number(row, "accept_queue"),
		     number(row, "flows"));
}

static void draw_counts(struct canvas *canvas, int y, const struct top_row *row)
{
	char counts[TOP_NR_COUNTS][TOP_NUMBER_SIZE];
	int i;

	for (i = 0; i < TOP_NR_COUNTS; i++)
		top_number((double)row->counts[i], counts[i]);
	canvas_print(canvas, 0, y, CANVAS_PLAIN,
		     "in all: SYNs %s; cookies %s sent, %s valid, %s invalid; served %s",
		     counts[TOP_SYNS], counts[TOP_SENT], counts[TOP_VALID], counts[TOP_INVALID],
		     counts[TOP_SERVED]);
}

static void draw_history(struct canvas *canvas, int y, const struct top_row *row)
{
	int x = canvas_print(canvas, 0, y, CANVAS_PLAIN, "SYN/s ");

	canvas_bars(canvas, x, y, canvas->width - x, CANVAS_GOOD, row->history, TOP_HISTORY);
}

/* Its path is not the best one. */
static void draw_path(struct canvas *canvas, int y, const struct top_row *row)
{
	const char *why = json_string_value(json_object_get(row->json, "why"));

	if (why)
		canvas_print(canvas, 0, y, CANVAS_BAD, "%s, because %s", of_json(row, "path"), why);
}

void top_panel_detail(struct canvas *canvas, int y, int nr_lines, const struct top_row *row)
{
	static void (*const lines[])(struct canvas * canvas, int y, const struct top_row *row) = {
		draw_armed,  draw_why,     draw_thresholds, draw_queues,
		draw_counts, draw_history, draw_path,
	};
	int i;

	for (i = 0; row && i < nr_lines && i < (int)(sizeof(lines) / sizeof(lines[0])); i++)
		lines[i](canvas, y + i, row);
}
