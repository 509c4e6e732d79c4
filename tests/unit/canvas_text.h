/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What stands on a canvas, line by line.
 */
#ifndef SYNWARD_CANVAS_TEXT_H
#define SYNWARD_CANVAS_TEXT_H

#include <stdio.h>

#include "canvas.h"

/* To be freed. */
static inline char *text_of(const struct canvas *canvas, bool is_utf8)
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

#endif
