/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The list of errors that comes instead of a config, and the words that help to mend one: what was
 * probably meant, and what there is.
 */
#include "config.h"

#include <stdarg.h>
#include <string.h>

#include "cleanup.h"
#include "config_values.h"

#define NEAR_LENGTH 24 /* words that are compared for nearness are shorter */

void config_complain(const struct config_place *place, const char *format, ...)
{
	struct config_errors *errors = place->errors;
	char *message __cleanup(cleanup_free) = NULL;
	char *line = NULL;
	va_list args;
	int length;

	if (errors->nr_lines == CONFIG_ERRORS_MAX) {
		errors->nr_left_out++;
		return;
	}
	va_start(args, format);
	length = vasprintf(&message, format, args);
	va_end(args);
	if (length < 0) {
		message = NULL;
		errors->nr_left_out++;
		return;
	}
	if (!place->file)
		line = take_ptr(message);
	else if (place->line)
		length = asprintf(&line, "%s:%u: %s", place->file, place->line, message);
	else
		length = asprintf(&line, "%s: %s", place->file, message);
	if (length < 0)
		errors->nr_left_out++;
	else
		errors->lines[errors->nr_lines++] = line;
}

void config_errors_print(const struct config_errors *errors, FILE *file, const char *prefix)
{
	size_t i;

	for (i = 0; i < errors->nr_lines; i++)
		fprintf(file, "%s%s\n", prefix, errors->lines[i]);
	if (errors->nr_left_out)
		fprintf(file, "%s... and %zu more\n", prefix, errors->nr_left_out);
}

void config_errors_free(struct config_errors *errors)
{
	while (errors->nr_lines)
		free(errors->lines[--errors->nr_lines]);
	errors->nr_left_out = 0;
}

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int least = a < b ? a : b;

	return least < c ? least : c;
}

/* How many letters to change, add or remove to make one word of the other (Levenshtein). */
static unsigned int word_distance(const char *from, const char *to)
{
	unsigned int row[NEAR_LENGTH + 1], corner, above;
	size_t nr_from = strlen(from), nr_to = strlen(to), i, j;

	if (nr_from > NEAR_LENGTH || nr_to > NEAR_LENGTH)
		return NEAR_LENGTH;
	for (j = 0; j <= nr_to; j++)
		row[j] = (unsigned int)j;
	for (i = 1; i <= nr_from; i++) {
		corner = row[0];
		row[0] = (unsigned int)i;
		for (j = 1; j <= nr_to; j++) {
			above = row[j];
			row[j] = min3(above + 1, row[j - 1] + 1,
				      corner + (from[i - 1] != to[j - 1]));
			corner = above;
		}
	}
	return row[nr_to];
}

const char *config_nearest(const char *word, const char *const *words)
{
	unsigned int distance, least = 3; /* two slips are a typing error, three are another word */
	const char *nearest = NULL;

	for (; *words; words++) {
		distance = word_distance(word, *words);
		if (distance < least && distance < strlen(*words)) {
			least = distance;
			nearest = *words;
		}
	}
	return nearest;
}

const char *config_list(const char *const *words, char buffer[CONFIG_LIST_SIZE])
{
	FILE *list = fmemopen(buffer, CONFIG_LIST_SIZE, "w");
	size_t i;

	buffer[0] = '\0';
	for (i = 0; list && words[i]; i++)
		fprintf(list, "%s%s", !i ? "" : words[i + 1] ? ", " : " and ", words[i]);
	cleanup_file(&list);
	buffer[CONFIG_LIST_SIZE - 1] = '\0';
	return buffer;
}
