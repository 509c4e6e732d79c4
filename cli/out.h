/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Output for people, for scripts and for programs from the same JSON: aligned columns,
 * tab-separated lines, or the JSON itself. A table is described once. Colour goes to terminals
 * only, and not where NO_COLOR is set.
 */
#ifndef SYNWARD_OUT_H
#define SYNWARD_OUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum out_format {
	OUT_TEXT,
	OUT_TABS,   /* one line a row: the table's name, then the columns */
	OUT_JSON,   /* one line */
	OUT_PRETTY, /* indented JSON */
};

enum out_style { OUT_PLAIN, OUT_BOLD, OUT_GOOD, OUT_BAD };

struct out_column {
	const char *title; /* NULL: for tabs only */
	const char *key;   /* of the rows' objects */
	bool is_for_text_only;
};

#define OUT_COLUMN(title, key)    \
	{                         \
		title, key, false \
	}
#define OUT_TEXT_COLUMN(title, key) \
	{                           \
		title, key, true    \
	}
#define OUT_TABS_COLUMN(key)     \
	{                        \
		NULL, key, false \
	}
#define OUT_END                   \
	{                         \
		NULL, NULL, false \
	}
#define OUT_COLUMNS_MAX 16 /* in text */

struct out_table {
	const char *name;
	const struct out_column *columns; /* ends with OUT_END */
};

/* `rows` is an array of objects. Text aligns numbers to the right; a missing value is "-", in tabs
 * nothing. */
void out_table(enum out_format format, const struct out_table *table, const json_t *rows);

/* OUT_JSON and OUT_PRETTY. */
void out_json(enum out_format format, const json_t *json);

/* Numbers for people: "2 h 13 min", "25.4 MiB". Return `buffer`. */
#define OUT_NUMBER_SIZE 32
const char *out_duration(long long seconds, char buffer[OUT_NUMBER_SIZE]);
const char *out_bytes(long long nr_bytes, char buffer[OUT_NUMBER_SIZE]);

/* The member's text, or "-". */
const char *out_text_of(const json_t *object, const char *key);

/* The member's whole number, or 0. */
json_int_t out_integer_of(const json_t *object, const char *key);

/* What switches a style on for stdout; OUT_PLAIN switches off. "" where there is no colour. */
const char *out_style(enum out_style style);

#endif
