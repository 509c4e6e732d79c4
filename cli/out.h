/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Output for people, for scripts and for programs from the same JSON: aligned columns,
 * tab-separated lines, or the JSON itself. A table is described once. Colour goes to terminals
 * only, and not where NO_COLOR is set.
 */
#ifndef SYNWARD_OUT_H
#define SYNWARD_OUT_H

#include <jansson.h>

enum out_format {
	OUT_TEXT,
	OUT_TABS,   /* one line a row: the table's name, then the columns */
	OUT_JSON,   /* one line */
	OUT_PRETTY, /* indented JSON */
};

enum out_style { OUT_PLAIN, OUT_BOLD, OUT_GOOD, OUT_BAD };

struct out_column {
	const char *title;    /* NULL: for tabs only */
	const char *key;      /* of the rows' objects */
	const char *yes, *no; /* words for a boolean */
};

struct out_table {
	const char *name;
	const struct out_column *columns; /* ends with a key of NULL */
};

/* `rows` is an array of objects. Text aligns numbers to the right; a missing value is "-", in tabs
 * nothing. */
void out_table(enum out_format format, const struct out_table *table, const json_t *rows);

/* OUT_JSON and OUT_PRETTY. */
void out_json(enum out_format format, const json_t *json);

/* What switches a style on for stdout; OUT_PLAIN switches off. "" where there is no colour. */
const char *out_style(enum out_style style);

#endif
