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

#define CELL_SIZE 32 /* bytes; numbers fit, strings are not copied */

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
		return json_is_true(value) ? column->yes ?: "yes" : column->no ?: "no";
	if (!json_is_integer(value))
		return NULL;
	snprintf(buffer, CELL_SIZE, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
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
			printf("\t%s", cell(column, row, buffer) ?: "");
		putchar('\n');
	}
}

static int column_width(const struct out_column *column, const json_t *rows)
{
	size_t width = strlen(column->title), i;
	char buffer[CELL_SIZE];
	const json_t *row;

	json_array_foreach ((json_t *)rows, i, row) {
		size_t length = strlen(cell(column, row, buffer) ?: "-");

		if (length > width)
			width = length;
	}
	return (int)width;
}

/* Numbers stand to the right, words to the left; the last column has no blanks behind it. */
static void print_cell(const struct out_column *column, const json_t *rows, const char *text)
{
	const bool is_number =
		json_is_integer(json_object_get(json_array_get(rows, 0), column->key));
	const bool is_last = !column[1].key || !column[1].title;
	int width = column_width(column, rows);

	if (is_last && !is_number)
		width = 0;
	printf("%*s%s", is_number ? width : -width, text, is_last ? "\n" : "  ");
}

static void table_text(const struct out_table *table, const json_t *rows)
{
	const struct out_column *column;
	char buffer[CELL_SIZE];
	const json_t *row;
	size_t i;

	fputs(out_style(OUT_BOLD), stdout);
	for (column = table->columns; column->key && column->title; column++)
		print_cell(column, rows, column->title);
	fputs(out_style(OUT_PLAIN), stdout);
	json_array_foreach ((json_t *)rows, i, row)
		for (column = table->columns; column->key && column->title; column++)
			print_cell(column, rows, cell(column, row, buffer) ?: "-");
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
	json_dumpf(json, stdout, format == OUT_PRETTY ? JSON_INDENT(2) : 0);
	putchar('\n');
}
