/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A screen in memory: cells of one column each, drawn to by coordinates and clipped at every edge,
 * then written out with the codes of a terminal. A cell is printable ASCII or a bar of one of
 * CANVAS_BARS heights; of any other text nothing gets there, whoever wrote it. Pure, but for
 * canvas_write().
 */
#ifndef SYNWARD_CANVAS_H
#define SYNWARD_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define CANVAS_BARS 8
#define CANVAS_SIDE_MAX 1000 /* cells; a larger terminal is used so far */

enum canvas_style {
	CANVAS_PLAIN,
	CANVAS_BOLD,
	CANVAS_DIM,
	CANVAS_GOOD,
	CANVAS_BAD,
	CANVAS_HEAD,   /* of a table */
	CANVAS_PICKED, /* the row that keys are for */
};

struct canvas {
	int width, height;
	unsigned char *cells, *styles;
};

/* Blank. Sides are made to be 1 to CANVAS_SIDE_MAX. Returns 0 or -ENOMEM. */
int canvas_make(int width, int height, struct canvas *ret);
void canvas_free(struct canvas *canvas);

/* Text from (x, y), over at most @width cells. Returns the x behind it. */
int canvas_put(struct canvas *canvas, int x, int y, int width, enum canvas_style style,
	       const char *text);

/* The same in printf's way, as far as the line goes. */
int canvas_print(struct canvas *canvas, int x, int y, enum canvas_style style, const char *format,
		 ...) __attribute__((format(printf, 5, 6)));

/* Text that ends before x + @width. */
void canvas_put_right(struct canvas *canvas, int x, int y, int width, enum canvas_style style,
		      const char *text);

/* The last @width of @values as bars, the highest of them @width cells' full height; those below 0
 * are not known, and blank. */
void canvas_bars(struct canvas *canvas, int x, int y, int width, enum canvas_style style,
		 const double *values, size_t nr);

/* A style for those of @width cells that are plain. */
void canvas_restyle(struct canvas *canvas, int x, int y, int width, enum canvas_style style);

/* A line's text, bars in ASCII or UTF-8, without styles and the blanks at its end. */
void canvas_line(const struct canvas *canvas, int y, bool is_utf8, FILE *to);

/* All of it, onto a terminal of that size at least. */
void canvas_write(const struct canvas *canvas, bool is_utf8, bool has_color, FILE *to);

#endif
