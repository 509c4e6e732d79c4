/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lines of one config file. libinih splits them, but silently cuts long ones, merges sections
 * of one name, hides empty ones, cuts their names and joins indented lines to the one before. So
 * the reader that feeds it sees each line first: it counts, opens the sections, strips indentation,
 * and withholds lines that it has reported.
 */
#include "config_file.h"

#include <errno.h>
#include <ini.h>
#include <string.h>

#include "cleanup.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Text has no control characters; bytes above 127 may stand in comments. */
static bool line_is_text(struct parse *parse, const char *text, size_t nr_bytes)
{
	size_t i;

	for (i = 0; i < nr_bytes; i++) {
		unsigned char byte = (unsigned char)text[i];

		if ((byte < ' ' && byte != '\t') || byte == 0x7f) {
			complain(parse, "byte 0x%02x is no text; is this a config file?", byte);
			return false;
		}
	}
	return true;
}

/* "[name]", perhaps with a comment behind it. */
static bool line_is_section(struct parse *parse, const char *text)
{
	const char *first = text + 1, *last = strchr(text, ']');
	const char *behind;
	char *name;

	if (!last) {
		complain(parse, "no ']' behind the section's name");
		return false;
	}
	behind = last + 1 + strspn(last + 1, " \t");
	if (*behind && *behind != ';' && *behind != '#') {
		complain(parse, "'%s' behind the section's name; begin a new line", behind);
		return false;
	}
	while (is_blank(*first))
		first++;
	while (last > first && is_blank(last[-1]))
		last--;
	name = strndup(first, (size_t)(last - first));
	if (!name)
		parse->err = -ENOMEM;
	else
		section_open(parse, name);
	return !parse->err;
}

/* Is the line for libinih? It is trimmed, not empty and no comment. */
static bool line_examine(struct parse *parse, const char *text, size_t nr_bytes, size_t nr_max)
{
	size_t nr_key = strcspn(text, "=:");

	if (nr_bytes > nr_max) {
		complain(
			parse,
			"the line has %zu bytes; at most %zu are possible, make two sections of it",
			nr_bytes, nr_max);
		/* An over-long header still ends the section before it. */
		if (text[0] != '[')
			return false;
	}
	if (text[0] == '[')
		return line_is_section(parse, text) && nr_bytes <= nr_max;
	if (text[nr_key] == ':') {
		complain(parse, "':' behind the key; write 'key = value'");
		return false;
	}
	if (!parse->section) {
		complain(parse, "a key before any section; begin with [synward]");
		return false;
	}
	parse->expects_key = true;
	return true;
}

/* The last line went to libinih as a key and was refused. */
static void line_settle(struct parse *parse)
{
	if (parse->expects_key)
		complain(parse, "neither 'key = value' nor [section] nor a comment");
	parse->expects_key = false;
}

/* ini_reader: the next line without indentation; an empty one for what is not for libinih. */
static char *line_read(char *buffer, int size, void *stream)
{
	char *line __cleanup(cleanup_free) = NULL;
	struct parse *parse = stream;
	const char *text = parse->next, *end;
	size_t nr_bytes;

	line_settle(parse);
	buffer[0] = '\0';
	if (parse->err || text == parse->end)
		return NULL;
	end = memchr(text, '\n', (size_t)(parse->end - text)) ?: parse->end;
	parse->next = end < parse->end ? end + 1 : end;
	parse->line++;
	if (end > text && end[-1] == '\r')
		end--;
	if (!line_is_text(parse, text, (size_t)(end - text)))
		return buffer;
	while (text < end && is_blank(*text))
		text++;
	while (end > text && is_blank(end[-1]))
		end--;
	nr_bytes = (size_t)(end - text);
	if (text == end || *text == ';' || *text == '#')
		return buffer;

	line = strndup(text, nr_bytes);
	if (!line)
		parse->err = -ENOMEM;
	else if (line_examine(parse, line, nr_bytes, (size_t)size - 3))
		memcpy(buffer, line, nr_bytes + 1);
	return buffer;
}

/* ini_handler. The section is the one that the reader saw last, since libinih cuts its name. */
static int key_handle(void *user, const char *section_name, const char *name, const char *value)
{
	struct parse *parse = user;

	(void)section_name;
	parse->expects_key = false;
	section_take_key(parse, name, value);
	return 1;
}

static void check_empty(struct parse *parse)
{
	struct section *section;

	for (section = parse->sections; section < parse->sections + parse->nr_sections; section++) {
		if (section->kind == SECTION_UNKNOWN || section->nr_keys ||
		    section->latest.file != parse->nr_files - 1)
			continue;
		complain_at(parse, section->latest,
			    "section [%s%s] is empty; give it keys or remove it",
			    section->kind == SECTION_SERVICE ? "service " : "", section->name);
		section->is_empty = true;
	}
}

static int add_file(struct parse *parse, const char *name)
{
	struct parsed_file *files = reallocarray(parse->files, parse->nr_files + 1, sizeof(*files));
	char *copy = strdup(name);

	if (files)
		parse->files = files;
	if (!files || !copy) {
		free(copy);
		return -ENOMEM;
	}
	files[parse->nr_files++] = (struct parsed_file){ .name = copy };
	return 0;
}

int parse_file(struct parse *parse, const char *name, const char *text, size_t nr_bytes)
{
	if (add_file(parse, name))
		return -ENOMEM;
	parse->next = text;
	parse->end = text + nr_bytes;
	parse->line = 0;
	parse->section = NULL;
	if (nr_bytes >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		parse->next += 3; /* the mark that some editors begin UTF-8 with */
	if (ini_parse_stream(line_read, parse, key_handle, parse) < 0)
		return -ENOMEM;
	if (parse->err)
		return parse->err;
	parse->files[parse->nr_files - 1].nr_lines = parse->line;
	check_empty(parse);
	return 0;
}

int parse_init(struct parse *parse, struct config_errors *errors)
{
	parse->errors = errors;
	parse->nr_errors_before = errors->nr_lines + errors->nr_left_out;
	parse->sections = calloc(SECTIONS_MAX, sizeof(*parse->sections));
	return parse->sections ? config_init(&parse->config) : -ENOMEM;
}

void parse_free(struct parse *parse)
{
	while (parse->nr_sections) {
		struct section *section = &parse->sections[--parse->nr_sections];

		free(section->name);
		service_free(&section->service);
	}
	while (parse->nr_files)
		free(parse->files[--parse->nr_files].name);
	free(parse->sections);
	free(parse->files);
	config_free(&parse->config);
}
