/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a table looks. Which tables there are, and what their columns mean, is for the verbs.
 */
#include "out.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CELL_SIZE 32   /* bytes; numbers fit, strings are not copied */
#define REAL_DIGITS 15 /* enough for all that is counted, and 2.35 stays 2.35 */

const char *out_style(enum out_style style)
{
	static const char *const codes[] = { [OUT_PLAIN] = "\033[0m",
					     [OUT_BOLD] = "\033[1m",
					     [OUT_GOOD] = "\033[32m",
					     [OUT_BAD] = "\033[1;31m" };
	const char *no_color = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && (!no_color || !*no_color) ? codes[style] : "";
}

/* The text of a cell, in `buffer` if it is a number; NULL when there is none. */
static const char *cell(const struct out_column *column, const json_t *row, char buffer[CELL_SIZE])
{
	const json_t *value = json_object_get(row, column->key);

	if (json_is_string(value))
		return json_string_value(value);
	if (json_is_boolean(value))
		return json_is_true(value) ? "yes" : "no";
	if (json_is_integer(value))
		snprintf(buffer, CELL_SIZE, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		snprintf(buffer, CELL_SIZE, "%.*g", REAL_DIGITS, json_real_value(value));
	else
		return NULL;
	return buffer;
}

static void table_tabs(const struct out_table *table, const json_t *rows)
{
	const struct out_column *column;
	char buffer[CELL_SIZE];
	const json_t *row;
	size_t i;

	json_array_foreach ((json_t *)rows, i, row) {
		fputs(table->name, stdout);
		for (column = table->columns; column->key; column++)
			if (!column->is_for_text_only)
				printf("\t%s", cell(column, row, buffer) ?: "");
		putchar('\n');
	}
}

/* A column as it stands among its rows. */
struct place {
	const struct out_column *column;
	size_t width;
	bool is_number;
};

static struct place place_of(const struct out_column *column, const json_t *rows)
{
	struct place place = { column, strlen(column->title), false };
	char buffer[CELL_SIZE];
	const json_t *row;
	size_t i;

	json_array_foreach ((json_t *)rows, i, row) {
		size_t length = strlen(cell(column, row, buffer) ?: "-");

		if (length > place.width)
			place.width = length;
		place.is_number |= json_is_number(json_object_get(row, column->key));
	}
	return place;
}

/* Numbers stand to the right, words to the left; the last column has no blanks behind it. */
static void print_cell(const struct place *place, bool is_last, const char *text)
{
	int width = (int)place->width;

	if (is_last && !place->is_number)
		width = 0;
	printf("%*s%s", place->is_number ? width : -width, text, is_last ? "\n" : "  ");
}

static void table_text(const struct out_table *table, const json_t *rows)
{
	struct place places[OUT_COLUMNS_MAX];
	const struct out_column *column;
	char buffer[CELL_SIZE];
	size_t nr = 0, i, j;
	const json_t *row;

	for (column = table->columns; column->key; column++)
		if (column->title && nr < OUT_COLUMNS_MAX)
			places[nr++] = place_of(column, rows);
	fputs(out_style(OUT_BOLD), stdout);
	for (j = 0; j < nr; j++)
		print_cell(&places[j], j + 1 == nr, places[j].column->title);
	fputs(out_style(OUT_PLAIN), stdout);
	json_array_foreach ((json_t *)rows, i, row)
		for (j = 0; j < nr; j++)
			print_cell(&places[j], j + 1 == nr,
				   cell(places[j].column, row, buffer) ?: "-");
}

void out_table(enum out_format format, const struct out_table *table, const json_t *rows)
{
	if (format == OUT_TABS)
		table_tabs(table, rows);
	else if (json_array_size(rows))
		table_text(table, rows);
}

void out_json(enum out_format format, const json_t *json)
{
	json_dumpf(json, stdout,
		   JSON_REAL_PRECISION(REAL_DIGITS) | (format == OUT_PRETTY ? JSON_INDENT(2) : 0));
	putchar('\n');
}

const char *out_duration(long long seconds, char buffer[OUT_NUMBER_SIZE])
{
	if (seconds >= 86400)
		snprintf(buffer, OUT_NUMBER_SIZE, "%lld d %lld h", seconds / 86400,
			 seconds / 3600 % 24);
	else if (seconds >= 3600)
		snprintf(buffer, OUT_NUMBER_SIZE, "%lld h %lld min", seconds / 3600,
			 seconds / 60 % 60);
	else if (seconds >= 60)
		snprintf(buffer, OUT_NUMBER_SIZE, "%lld min %lld s", seconds / 60, seconds % 60);
	else
		snprintf(buffer, OUT_NUMBER_SIZE, "%lld s", seconds);
	return buffer;
}

const char *out_bytes(long long nr_bytes, char buffer[OUT_NUMBER_SIZE])
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double size = (double)nr_bytes / 1024;
	size_t i;

	if (nr_bytes < 1024) {
		snprintf(buffer, OUT_NUMBER_SIZE, "%lld bytes", nr_bytes);
		return buffer;
	}
	for (i = 0; size >= 1023.95; i++)
		size /= 1024;
	snprintf(buffer, OUT_NUMBER_SIZE, "%.1f %s", size, units[i]);
	return buffer;
}

const char *out_text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key)) ?: "-";
}

json_int_t out_integer_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}
