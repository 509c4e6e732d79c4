/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cells and how they are written. In `cells` a bar is its height, 1 to CANVAS_BARS, which no
 * printable character is.
 */
#include "canvas.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define LINE_SIZE (CANVAS_SIDE_MAX + 1)

int canvas_make(int width, int height, struct canvas *ret)
{
	struct canvas canvas = {
		.width = width < 1               ? 1 :
			 width > CANVAS_SIDE_MAX ? CANVAS_SIDE_MAX :
						   width,
		.height = height < 1               ? 1 :
			  height > CANVAS_SIDE_MAX ? CANVAS_SIDE_MAX :
						     height,
	};
	size_t nr = (size_t)canvas.width * (size_t)canvas.height;

	canvas.cells = malloc(nr);
	canvas.styles = calloc(nr, 1);
	if (!canvas.cells || !canvas.styles) {
		canvas_free(&canvas);
		return -ENOMEM;
	}
	memset(canvas.cells, ' ', nr);
	*ret = canvas;
	return 0;
}

void canvas_free(struct canvas *canvas)
{
	free(canvas->cells);
	free(canvas->styles);
	*canvas = (struct canvas){ 0 };
}

static void set(struct canvas *canvas, int x, int y, enum canvas_style style, unsigned char cell)
{
	size_t at;

	if (x < 0 || y < 0 || x >= canvas->width || y >= canvas->height)
		return;
	at = (size_t)y * (size_t)canvas->width + (size_t)x;
	canvas->cells[at] = cell;
	canvas->styles[at] = (unsigned char)style;
}

/* What stands for a character that no terminal is to see; '\0': nothing, it belongs to the one
 * before. */
static unsigned char printable(unsigned char c)
{
	if ((c & 0xc0) == 0x80)
		return '\0';
	return c >= ' ' && c < 0x7f ? c : '?';
}

int canvas_put(struct canvas *canvas, int x, int y, int width, enum canvas_style style,
	       const char *text)
{
	const int end = width < CANVAS_SIDE_MAX ? x + width : canvas->width;

	for (; *text && x < end; text++) {
		unsigned char cell = printable((unsigned char)*text);

		if (cell)
			set(canvas, x++, y, style, cell);
	}
	return x;
}

int canvas_print(struct canvas *canvas, int x, int y, enum canvas_style style, const char *format,
		 ...)
{
	char text[LINE_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return canvas_put(canvas, x, y, CANVAS_SIDE_MAX, style, text);
}

void canvas_put_right(struct canvas *canvas, int x, int y, int width, enum canvas_style style,
		      const char *text)
{
	int length = (int)strlen(text);

	canvas_put(canvas, length < width ? x + width - length : x, y, width, style, text);
}

void canvas_bars(struct canvas *canvas, int x, int y, int width, enum canvas_style style,
		 const double *values, size_t nr)
{
	const size_t nr_shown = width < 0 ? 0 : (size_t)width < nr ? (size_t)width : nr;
	double most = 0;
	size_t i;

	values += nr - nr_shown;
	for (i = 0; i < nr_shown; i++)
		if (values[i] > most)
			most = values[i];
	x += width - (int)nr_shown;
	for (i = 0; i < nr_shown; i++) {
		int bar = most > 0 ? (int)(values[i] / most * CANVAS_BARS + 0.5) : 0;

		if (values[i] >= 0)
			set(canvas, x + (int)i, y, style, (unsigned char)(bar ?: 1));
	}
}

void canvas_restyle(struct canvas *canvas, int x, int y, int width, enum canvas_style style)
{
	const int end = x + width < canvas->width ? x + width : canvas->width;

	for (; y >= 0 && y < canvas->height && x >= 0 && x < end; x++) {
		unsigned char *at = &canvas->styles[(size_t)y * (size_t)canvas->width + (size_t)x];

		if (*at == CANVAS_PLAIN)
			*at = (unsigned char)style;
	}
}

/* ---- onto a terminal ---- */

static void write_cell(unsigned char cell, bool is_utf8, FILE *to)
{
	static const char ascii[] = "_.:-=+*#";

	if (cell > CANVAS_BARS)
		putc(cell, to);
	else if (is_utf8)
		fprintf(to, "\xe2\x96%c", 0x80 + cell); /* U+2581 to U+2588 */
	else
		putc(ascii[cell - 1], to);
}

void canvas_line(const struct canvas *canvas, int y, bool is_utf8, FILE *to)
{
	const unsigned char *cells = canvas->cells + (size_t)y * (size_t)canvas->width;
	int x, end = canvas->width;

	while (end && cells[end - 1] == ' ')
		end--;
	for (x = 0; x < end; x++)
		write_cell(cells[x], is_utf8, to);
}

/* Each line at its place, so that the last column scrolls nothing. Every cell is written, so
 * nothing needs to be cleared, and nothing flickers. */
void canvas_write(const struct canvas *canvas, bool is_utf8, bool has_color, FILE *to)
{
	static const char *const codes[] = {
		[CANVAS_PLAIN] = "\033[0m",      [CANVAS_BOLD] = "\033[0;1m",
		[CANVAS_DIM] = "\033[0;2m",      [CANVAS_GOOD] = "\033[0;32m",
		[CANVAS_BAD] = "\033[0;1;31m",   [CANVAS_HEAD] = "\033[0;7m",
		[CANVAS_PICKED] = "\033[0;1;7m",
	};
	int style = CANVAS_PLAIN;
	int x, y;

	for (y = 0; y < canvas->height; y++) {
		const size_t line = (size_t)y * (size_t)canvas->width;

		fprintf(to, "\033[%d;1H", y + 1);
		for (x = 0; x < canvas->width; x++) {
			if (has_color && canvas->styles[line + (size_t)x] != style) {
				style = canvas->styles[line + (size_t)x];
				fputs(codes[style], to);
			}
			write_cell(canvas->cells[line + (size_t)x], is_utf8, to);
		}
		if (style != CANVAS_PLAIN)
			fputs(codes[CANVAS_PLAIN], to);
		style = CANVAS_PLAIN;
	}
}
