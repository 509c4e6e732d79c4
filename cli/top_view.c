/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keys. A row is picked by its name, so that it stays picked while the order changes under it; and
 * an order is for the row that was picked when its key was pressed, or none.
 */
#include "top_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define PAGE_ROWS 10

void top_view_init(struct top_view *view)
{
	*view = (struct top_view){ .by = TOP_BY_SYNS };
}

static void pick(struct top_view *view, const struct top_row *row)
{
	snprintf(view->picked, sizeof(view->picked), "%s", row->name);
	view->picked_port = row->port;
}

size_t top_view_place(const struct top_view *view, const struct top *top, const size_t *order)
{
	size_t i;

	for (i = 0; i < top->nr_rows; i++) {
		const struct top_row *row = &top->rows[order[i]];

		if (row->port == view->picked_port && !strcmp(row->name, view->picked))
			return i;
	}
	return 0;
}

static size_t *order_of(const struct top_view *view, const struct top *top)
{
	size_t *order = top->nr_rows ? calloc(top->nr_rows, sizeof(*order)) : NULL;

	if (order)
		top_order(top, view->by, view->is_reversed, order);
	return order;
}

const struct top_row *top_view_picked(const struct top_view *view, const struct top *top)
{
	size_t *order __cleanup(cleanup_free) = order_of(view, top);

	return order ? &top->rows[order[top_view_place(view, top, order)]] : NULL;
}

/* By so many rows down; as far as it goes. */
static void move(struct top_view *view, const struct top *top, long by)
{
	size_t *order __cleanup(cleanup_free) = order_of(view, top);
	long place;

	if (!order)
		return;
	place = (long)top_view_place(view, top, order) + by;
	if (place < 0)
		place = 0;
	if (place >= (long)top->nr_rows)
		place = (long)top->nr_rows - 1;
	pick(view, &top->rows[order[place]]);
}

static void sort_next(struct top_view *view, int by)
{
	view->by = (enum top_column)(((int)view->by + by + TOP_NR_COLUMNS) % TOP_NR_COLUMNS);
}

static void ask(struct top_view *view, const struct top *top, enum top_act act)
{
	const struct top_row *row = top_view_picked(view, top);

	if (!row)
		return;
	pick(view, row);
	view->asks = act;
}

/* Only a y is one. */
static enum top_act answer(struct top_view *view, int key)
{
	enum top_act act = view->asks;

	view->asks = TOP_ACT_NONE;
	if (key == 'y' || key == 'Y')
		return act;
	snprintf(view->said, sizeof(view->said), "nothing done");
	return TOP_ACT_NONE;
}

/* Out of whatever is open. */
static enum top_act leave(struct top_view *view)
{
	if (view->is_help)
		view->is_help = false;
	else
		view->is_detail = false;
	return TOP_ACT_NONE;
}

static void key_of_table(struct top_view *view, const struct top *top, int key)
{
	switch (key) {
	case KEY_UP:
	case 'k':
		move(view, top, -1);
		break;
	case KEY_DOWN:
	case 'j':
		move(view, top, 1);
		break;
	case KEY_PAGE_UP:
		move(view, top, -PAGE_ROWS);
		break;
	case KEY_PAGE_DOWN:
		move(view, top, PAGE_ROWS);
		break;
	case KEY_HOME:
		move(view, top, -(long)top->nr_rows);
		break;
	case KEY_END:
		move(view, top, (long)top->nr_rows);
		break;
	case KEY_RIGHT:
	case 's':
		sort_next(view, 1);
		break;
	case KEY_LEFT:
	case 'S':
		sort_next(view, -1);
		break;
	case 'r':
		view->is_reversed = !view->is_reversed;
		break;
	case 'a':
		ask(view, top, TOP_ACT_ARM);
		break;
	case 'd':
		ask(view, top, TOP_ACT_DISARM);
		break;
	}
}

enum top_act top_view_key(struct top_view *view, const struct top *top, int key)
{
	if (view->asks)
		return answer(view, key);
	view->said[0] = '\0';
	view->is_said_bad = false;
	switch (key) {
	case 'q':
	case 'Q':
		return TOP_ACT_QUIT;
	case 'h':
	case '?':
		view->is_help = !view->is_help;
		return TOP_ACT_NONE;
	case KEY_ESCAPE:
		return leave(view);
	case 'p':
	case ' ':
		view->is_paused = !view->is_paused;
		return TOP_ACT_NONE;
	case KEY_ENTER:
		if (view->is_help)
			return leave(view);
		view->is_detail = !view->is_detail;
		return TOP_ACT_NONE;
	}
	if (!view->is_help)
		key_of_table(view, top, key);
	return TOP_ACT_NONE;
}
