/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: cli/canvas.c cli/keys.c cli/out.c cli/top_draw.c cli/top_model.c cli/top_panel.c cli/top_view.c */
/*
 * Arbitrary statuses, one after the other, and keys for `synward top`: nothing but printable ASCII
 * and bars gets into a cell, a row is picked as long as there is one, and what -j prints is JSON.
 * The first two bytes are the size of the screen; what stands between two NULs is keys if it is no
 * JSON.
 */
#include "fuzz.h"

#include <string.h>

#include "cleanup.h"
#include "json.h"
#include "top_draw.h"

#define TEXT_MAX 65536

static void check_json(const struct top *top)
{
	json_t *json __cleanup(cleanup_json) = top_json(top, "now");
	char *text __cleanup(cleanup_free) = json_dumps(json, 0);

	HOLDS(json && text);
}

static void check_screen(const struct top *top, const struct top_view *view, int width, int height)
{
	const struct top_now now = { "05:20:31Z", view->is_paused ? "gone" : NULL };
	struct canvas canvas;
	size_t i;

	HOLDS(!canvas_make(width, height, &canvas));
	top_draw(&canvas, top, view, &now);
	for (i = 0; i < (size_t)canvas.width * (size_t)canvas.height; i++) {
		const unsigned char cell = canvas.cells[i];

		HOLDS((cell >= ' ' && cell < 0x7f) || (cell >= 1 && cell <= CANVAS_BARS));
		HOLDS(canvas.styles[i] <= CANVAS_PICKED);
	}
	canvas_free(&canvas);
}

static void press(struct top_view *view, const struct top *top, const char *bytes)
{
	struct keys keys = { 0 };

	for (; *bytes; bytes++) {
		int key = keys_take(&keys, (unsigned char)*bytes);

		if (key)
			top_view_key(view, top, key);
	}
	if (keys_wait(&keys))
		keys_end(&keys);
	HOLDS(!top->nr_rows == !top_view_picked(view, top));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TEXT_MAX + 1], *at;
	struct top top = { 0 };
	struct top_view view;
	double time = 1;

	if (size < 2 || size - 2 > TEXT_MAX)
		return -1;
	memcpy(text, data + 2, size - 2);
	text[size - 2] = '\0';
	top_view_init(&view);
	for (at = text; at < text + size - 2; at += strlen(at) + 1) {
		json_t *status = json_loads(at, 0, NULL);

		if (status)
			HOLDS(!top_update(&top, status, time++));
		else
			press(&view, &top, at);
		check_json(&top);
		check_screen(&top, &view, data[0] % 130, data[1] % 40);
	}
	top_free(&top);
	return 0;
}
