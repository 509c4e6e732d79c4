/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From top to bottom: who, when and how many are armed; the sums; the table; what is dropped and
 * who attacks, or all of the picked row; what keys do. On a small screen parts go, the table last.
 */
#include "top_draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "out.h"
#include "proto.h"
#include "top_panel.h"

#define HEAD_LINES 5  /* title, three lines of sums, a blank one */
#define PANEL_LINES 8 /* a blank one, a title, and what fits */
#define PANEL_LINES_MAX 16
#define WIDTH_OF_CLOCK 32 /* and above: there is room for it */

/* ---- columns ---- */

#define NAME_WIDTH_MIN 8
#define NAME_WIDTH_GOOD 12
#define NAME_WIDTH_MAX 28
#define BARS_WIDTH_MIN 6
#define BARS_WIDTH_GOOD 20
#define NR_COLUMNS (sizeof(columns) / sizeof(columns[0]))

enum cell_kind { CELL_NAME, CELL_STATE, CELL_NUMBER, CELL_BARS, CELL_THRESHOLD };

struct column {
	const char *title;
	int width;
	enum cell_kind kind;
	int by;          /* enum top_column that sorts by it, or -1 */
	int rank;        /* the lower, the longer it stays when room is short */
	const char *key; /* of CELL_THRESHOLD */
};

/* In the order in which they stand. */
static const struct column columns[] = {
	{ "SERVICE", NAME_WIDTH_MIN, CELL_NAME, TOP_BY_NAME, 0, NULL },
	{ "STATE", 7, CELL_STATE, TOP_BY_STATE, 2, NULL },
	{ "SYN/S", 5, CELL_NUMBER, TOP_BY_SYNS, 1, NULL },
	{ "", BARS_WIDTH_MIN, CELL_BARS, -1, 5, NULL },
	{ "HALF", 5, CELL_NUMBER, TOP_BY_HALF_OPEN, 3, NULL },
	{ "KERNEL", 6, CELL_NUMBER, TOP_BY_KERNEL, 4, NULL },
	{ "BACKLOG", 7, CELL_NUMBER, TOP_BY_BACKLOG, 9, NULL },
	{ "SENT", 5, CELL_NUMBER, TOP_BY_SENT, 6, NULL },
	{ "VALID", 5, CELL_NUMBER, TOP_BY_VALID, 7, NULL },
	{ "INVAL", 5, CELL_NUMBER, TOP_BY_INVALID, 10, NULL },
	{ "SERVED", 6, CELL_NUMBER, TOP_BY_SERVED, 8, NULL },
	{ "ARM-HALF", 8, CELL_THRESHOLD, -1, 11, "half_open" },
	{ "ARM-SYN", 7, CELL_THRESHOLD, -1, 12, "syn_rate" },
};

struct layout {
	int widths[sizeof(columns) / sizeof(columns[0])]; /* 0: not shown */
};

static size_t column_of_rank(int rank)
{
	size_t i;

	for (i = 0; i < NR_COLUMNS; i++)
		if (columns[i].rank == rank)
			return i;
	return 0;
}

static void widen(struct layout *layout, enum cell_kind kind, int up_to, int *left)
{
	size_t i;

	for (i = 0; i < NR_COLUMNS; i++) {
		int more = up_to - layout->widths[i];

		if (columns[i].kind != kind || !layout->widths[i] || more <= 0)
			continue;
		more = more < *left ? more : *left;
		layout->widths[i] += more;
		*left -= more;
	}
}

/* As many as fit, by rank; what is left goes to the names, then to the bars. */
static void layout_make(struct layout *layout, int width)
{
	int left = width - 1, rank; /* the mark of the picked row */

	memset(layout, 0, sizeof(*layout));
	for (rank = 0; rank < (int)NR_COLUMNS; rank++) {
		const size_t i = column_of_rank(rank);
		const int needs = columns[i].width + (rank ? 1 : 0);

		if (rank && needs > left)
			break;
		layout->widths[i] = columns[i].width;
		left -= needs;
	}
	widen(layout, CELL_NAME, NAME_WIDTH_GOOD, &left);
	widen(layout, CELL_BARS, BARS_WIDTH_GOOD, &left);
	widen(layout, CELL_NAME, NAME_WIDTH_MAX, &left);
	widen(layout, CELL_BARS, TOP_HISTORY, &left);
}

/* Of a name that is too long the end goes; the port is what differs. */
static void draw_name(struct canvas *canvas, int x, int y, int width, const struct top_row *row)
{
	char port[16];
	int nr_port = snprintf(port, sizeof(port), ":%d", row->port);
	int nr_name = (int)strlen(row->name);

	if (nr_name + nr_port <= width) {
		x = canvas_put(canvas, x, y, width, CANVAS_PLAIN, row->name);
	} else {
		x = canvas_put(canvas, x, y, width - nr_port - 1, CANVAS_PLAIN, row->name);
		x = canvas_put(canvas, x, y, 1, CANVAS_DIM, "~");
	}
	canvas_put(canvas, x, y, nr_port, CANVAS_PLAIN, port);
}

static enum canvas_style state_style(const struct top_row *row)
{
	return row->is_armed || row->attack ? CANVAS_BAD : CANVAS_PLAIN;
}

/* What the kernel holds is a danger once it is half of what it can. */
static enum canvas_style number_style(const struct top_row *row, int by)
{
	if (by == TOP_BY_KERNEL && row->backlog && row->kernel_half_open > row->backlog / 2)
		return CANVAS_BAD;
	return CANVAS_PLAIN;
}

static void draw_cell(struct canvas *canvas, int x, int y, int width, const struct column *column,
		      const struct top_row *row)
{
	char number[TOP_NUMBER_SIZE];
	json_int_t threshold;

	switch (column->kind) {
	case CELL_NAME:
		draw_name(canvas, x, y, width, row);
		break;
	case CELL_STATE:
		canvas_put(canvas, x, y, width, state_style(row), top_state(row));
		break;
	case CELL_NUMBER:
		canvas_put_right(canvas, x, y, width, number_style(row, column->by),
				 top_number(top_value(row, column->by), number));
		break;
	case CELL_BARS:
		canvas_bars(canvas, x, y, width, CANVAS_GOOD, row->history, TOP_HISTORY);
		break;
	case CELL_THRESHOLD:
		threshold = out_integer_of(json_object_get(row->json, "thresholds"), column->key);
		canvas_put_right(canvas, x, y, width, CANVAS_PLAIN,
				 top_number((double)threshold, number));
		break;
	}
}

/* ---- the table ---- */

static void draw_titles(struct canvas *canvas, int y, const struct layout *layout,
			const struct top_view *view)
{
	int x = 1;
	size_t i;

	canvas_restyle(canvas, 0, y, canvas->width, CANVAS_HEAD);
	for (i = 0; i < NR_COLUMNS; i++) {
		const struct column *column = &columns[i];
		const bool is_left = column->kind == CELL_NAME || column->kind == CELL_STATE;
		char title[16];

		if (!layout->widths[i])
			continue;
		snprintf(title, sizeof(title), "%s", column->title);
		if (is_left)
			canvas_put(canvas, x, y, layout->widths[i], CANVAS_HEAD, title);
		else
			canvas_put_right(canvas, x, y, layout->widths[i], CANVAS_HEAD, title);
		if (column->by == (int)view->by) /* in the gap in front of it */
			canvas_put(canvas, x - 1, y, 1, CANVAS_HEAD, view->is_reversed ? "^" : "v");
		x += layout->widths[i] + 1;
	}
}

static void draw_row(struct canvas *canvas, int y, const struct layout *layout,
		     const struct top_row *row, bool is_picked)
{
	int x = 1;
	size_t i;

	for (i = 0; i < NR_COLUMNS; i++) {
		if (!layout->widths[i])
			continue;
		draw_cell(canvas, x, y, layout->widths[i], &columns[i], row);
		x += layout->widths[i] + 1;
	}
	if (!is_picked)
		return;
	canvas_put(canvas, 0, y, 1, CANVAS_PICKED, ">");
	canvas_restyle(canvas, 1, y, layout->widths[0], CANVAS_PICKED);
	canvas_restyle(canvas, 1, y, canvas->width, CANVAS_BOLD);
}

/* The part of it that has the picked row. */
static void draw_table(struct canvas *canvas, int y, int nr_lines, const struct top *top,
		       const struct top_view *view)
{
	size_t *order __cleanup(cleanup_free) = calloc(top->nr_rows + 1, sizeof(*order));
	size_t place, first = 0, i;
	struct layout layout;

	layout_make(&layout, canvas->width);
	draw_titles(canvas, y, &layout, view);
	if (!order || nr_lines < 2)
		return;
	top_order(top, view->by, view->is_reversed, order);
	place = top_view_place(view, top, order);
	if (place >= (size_t)nr_lines - 1)
		first = place + 2 - (size_t)nr_lines;
	for (i = first; i < top->nr_rows && i - first + 1 < (size_t)nr_lines; i++)
		draw_row(canvas, y + 1 + (int)(i - first), &layout, &top->rows[order[i]],
			 i == place);
}

/* ---- above it ---- */

static void draw_title(struct canvas *canvas, const struct top *top, const struct top_view *view,
		       const struct top_now *now)
{
	char uptime[OUT_NUMBER_SIZE];
	int x = canvas_print(canvas, 0, 0, CANVAS_BOLD, "synward top");

	if (top->status)
		x = canvas_print(
			canvas, x, 0, CANVAS_PLAIN, "  %s up %s",
			out_text_of(top->status, "version"),
			out_duration(out_integer_of(top->status, "uptime_seconds"), uptime));
	x = canvas_print(canvas, x, 0, top->nr_armed ? CANVAS_BAD : CANVAS_GOOD,
			 "  %zu of %zu armed", top->nr_armed, top->nr_rows);
	if (view->is_paused)
		canvas_print(canvas, x, 0, CANVAS_BAD, "  PAUSED");
	if (canvas->width >= WIDTH_OF_CLOCK)
		canvas_put_right(canvas, canvas->width - 10, 0, 10, CANVAS_PLAIN, now->clock);
}

static void draw_rates(struct canvas *canvas, int y, const struct top_row *total)
{
	char number[TOP_NR_COUNTS][TOP_NUMBER_SIZE];
	int x, i;

	for (i = 0; i < TOP_NR_COUNTS; i++)
		top_number(total->rates[i], number[i]);
	x = canvas_print(canvas, 0, y, CANVAS_PLAIN, "SYN/s ");
	canvas_print(canvas, x, y, CANVAS_BOLD, "%s", number[TOP_SYNS]);
	canvas_bars(canvas, x + 6, y, 6, CANVAS_GOOD, total->history, TOP_HISTORY);
	canvas_print(canvas, x + 14, y, CANVAS_PLAIN,
		     "cookies/s %s sent %s valid %s inval  served/s %s", number[TOP_SENT],
		     number[TOP_VALID], number[TOP_INVALID], number[TOP_SERVED]);
}

static void draw_half_open(struct canvas *canvas, int y, const struct top *top)
{
	char half_open[TOP_NUMBER_SIZE], kernel[TOP_NUMBER_SIZE], dropped[TOP_NUMBER_SIZE];

	canvas_print(canvas, 0, y, CANVAS_PLAIN,
		     "half-open %s, of them %s in the kernel; dropped/s %s",
		     top_number((double)top->total.half_open, half_open),
		     top_number((double)top->total.kernel_half_open, kernel),
		     top_number(top->dropped, dropped));
}

static int draw_cost(struct canvas *canvas, int x, int y, const char *name,
		     const struct top_cost *cost)
{
	char runs[TOP_NUMBER_SIZE], ns[TOP_NUMBER_SIZE], percent[TOP_NUMBER_SIZE];

	return canvas_print(canvas, x, y, CANVAS_PLAIN, "%s%s %s ns x %s/s = %s%% CPU",
			    x > 15 ? ";  " : " ", name, top_number(cost->ns_per_run, ns),
			    top_number(cost->runs_per_second, runs),
			    top_number(cost->percent, percent));
}

static void draw_costs(struct canvas *canvas, int y, const struct top *top)
{
	int x = canvas_print(canvas, 0, y, CANVAS_PLAIN, "per packet");

	if (top->xdp.runs_per_second <= 0 && top->tc.runs_per_second <= 0) {
		canvas_print(canvas, x, y, CANVAS_DIM,
			     ": 'sysctl -w kernel.bpf_stats_enabled=1' has the kernel count it");
		return;
	}
	if (top->xdp.runs_per_second > 0)
		x = draw_cost(canvas, x, y, "XDP", &top->xdp);
	if (top->tc.runs_per_second > 0)
		draw_cost(canvas, x, y, "TC", &top->tc);
}

/* ---- below it ---- */

static void draw_keys(struct canvas *canvas, int y, const struct top_view *view)
{
	if (view->asks)
		canvas_print(canvas, 0, y, CANVAS_BAD, "%s %s%s? y or n",
			     view->asks == TOP_ACT_ARM ? "arm" : "disarm", view->picked,
			     view->asks == TOP_ACT_ARM ? " until it is disarmed" : "");
	else if (view->said[0])
		canvas_put(canvas, 0, y, canvas->width,
			   view->is_said_bad ? CANVAS_BAD : CANVAS_GOOD, view->said);
	else
		canvas_put(canvas, 0, y, canvas->width, CANVAS_DIM,
			   "q quit  h help  up/down pick  left/right sort  enter detail  a arm  "
			   "d disarm");
}

static void draw_help(struct canvas *canvas, int y)
{
	static const char *const lines[] = {
		"up, down, k, j       pick a service; also page up, page down, home, end",
		"left, right, S, s    sort by the column before, after; v marks it",
		"r                    the other way round",
		"enter                all that is known of the picked service, and back",
		"a                    arm it, after a y: its SYNs are answered with cookies",
		"d                    end that; a flood arms it again by itself",
		"p, space             pause, and go on",
		"h, ?                 this, and back",
		"q, Ctrl-C            quit; Ctrl-Z and fg do what they always do",
		"",
		"SYN/S, SENT, VALID, INVAL, SERVED: SYNs, cookies and handshakes a second.",
		"HALF: answered and not finished; KERNEL: of them in its SYN queue.",
		"ARM-HALF, ARM-SYN: the thresholds; the detail has them, too.",
	};
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		canvas_put(canvas, 1, y + (int)i, canvas->width, CANVAS_PLAIN, lines[i]);
}

/* ---- all ---- */

/* How many lines each part has. */
struct parts {
	int head, table, panel, keys;
};

static struct parts parts_of(const struct canvas *canvas, const struct top *top)
{
	const int height = canvas->height, nr_rows = top->nr_rows < 500 ? (int)top->nr_rows : 500;
	struct parts parts = {
		.head = height >= 14 ? HEAD_LINES :
			height >= 6  ? 2 :
			height >= 3  ? 1 :
				       0,
		.keys = height >= 5,
	};
	int left = height - parts.head - parts.keys - (1 + nr_rows);

	if (height >= 20) {
		parts.panel = left < PANEL_LINES ? PANEL_LINES : left;
		if (parts.panel > PANEL_LINES_MAX)
			parts.panel = PANEL_LINES_MAX;
	}
	parts.table = height - parts.head - parts.keys - parts.panel;
	return parts;
}

void top_draw(struct canvas *canvas, const struct top *top, const struct top_view *view,
	      const struct top_now *now)
{
	const struct parts parts = parts_of(canvas, top);
	const int behind = parts.head + parts.table;

	if (parts.head)
		draw_title(canvas, top, view, now);
	if (parts.head && now->away)
		canvas_print(canvas, 0, parts.head > 1, CANVAS_BAD, "%-*s", canvas->width,
			     now->away);
	else if (parts.head > 1)
		draw_rates(canvas, 1, &top->total);
	if (parts.head > 2) {
		draw_half_open(canvas, 2, top);
		draw_costs(canvas, 3, top);
	}
	if (parts.keys)
		draw_keys(canvas, canvas->height - 1, view);
	if (view->is_help) {
		draw_help(canvas, parts.head);
		return;
	}
	if (view->is_detail && !parts.panel) {
		top_panel_detail(canvas, parts.head, parts.table, top_view_picked(view, top));
		return;
	}
	draw_table(canvas, parts.head, parts.table, top, view);
	if (view->is_detail)
		top_panel_detail(canvas, behind + 1, parts.panel - 1, top_view_picked(view, top));
	else if (parts.panel)
		top_panel_threats(canvas, behind + 1, parts.panel - 1, top);
}
