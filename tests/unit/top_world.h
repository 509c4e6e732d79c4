/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `synward top` without terminal and daemon: statuses as text, keys that are pressed.
 */
#ifndef SYNWARD_TOP_WORLD_H
#define SYNWARD_TOP_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "json.h"
#include "keys.h"
#include "top_draw.h"

/* One test after the other. */
static struct top top;
static struct top_view view;

static inline int set_up(void **state)
{
	(void)state;
	top = (struct top){ 0 };
	top_view_init(&view);
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	top_free(&top);
	return 0;
}

/* JSON is written here with ' instead of ". */
static inline json_t *json_of(const char *text)
{
	char *quoted __cleanup(cleanup_free) = strdup(text);
	json_t *json;
	char *c;

	for (c = quoted; (c = strchr(c, '\''));)
		*c = '"';
	json = json_loads(quoted, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	return json;
}

static inline void looks(const char *text, double time)
{
	assert_int_equal(top_update(&top, json_of(text), time), 0);
}

static inline enum top_act press(int key)
{
	return top_view_key(&view, &top, key);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
