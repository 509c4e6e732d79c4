/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where what stands on the screen of `synward top`, for any size of it: 80x24 has all, a smaller
 * one what matters most. Pure.
 */
#ifndef SYNWARD_TOP_DRAW_H
#define SYNWARD_TOP_DRAW_H

#include "canvas.h"
#include "top_view.h"

/* What is not of the model. */
struct top_now {
	const char *clock; /* "05:20:31" */
	const char *away;  /* why synwardd does not answer; NULL: it does */
};

void top_draw(struct canvas *canvas, const struct top *top, const struct top_view *view,
	      const struct top_now *now);

#endif
