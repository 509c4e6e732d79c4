/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: cli/canvas.c */
/*
 * The canvas: what is put on it and clipped, and how it comes to the terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "canvas_text.h"
#include "cleanup.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_canvas),
		cmocka_unit_test(test_canvas_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
