/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the person in front of `synward top` has chosen, and what a key does to it. What follows
 * outside, an order to synwardd or the end, is said to the caller. Pure.
 */
#ifndef SYNWARD_TOP_VIEW_H
#define SYNWARD_TOP_VIEW_H

#include "keys.h"
#include "top_model.h"

#define TOP_NAME_SIZE 72 /* of a service; longer than any that the config takes */

enum top_act {
	TOP_ACT_NONE, /* it is drawn anew, and that is all */
	TOP_ACT_QUIT,
	TOP_ACT_ARM, /* the picked service */
	TOP_ACT_DISARM,
};

struct top_view {
	enum top_column by;
	bool is_reversed;
	bool is_paused, is_detail, is_help;
	enum top_act asks;          /* an order that waits for a y */
	char picked[TOP_NAME_SIZE]; /* the row that is picked; "": the first that is shown */
	int picked_port;
	char said[160]; /* the answer to the last key or order; "" */
	bool is_said_bad;
};

/* What a look begins with: the most SYNs first. */
void top_view_init(struct top_view *view);

enum top_act top_view_key(struct top_view *view, const struct top *top, int key);

/* The place of the picked row in @order (of top_order()); 0 if it is gone. */
size_t top_view_place(const struct top_view *view, const struct top *top, const size_t *order);

/* The picked row, or NULL when there is none at all. */
const struct top_row *top_view_picked(const struct top_view *view, const struct top *top);

#endif
