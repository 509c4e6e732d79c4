/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What allow-file and deny-file put on the lists: a prefix a line, comments begin with # or ;. All
 * errors of both files are told in one run. A prefix that stands twice in one file is no error,
 * since published lists overlap; in both files it is.
 */
#include "config_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"

#define FILE_BYTES_MAX (16 * 1024 * 1024)

struct reading {
	struct parse *parse;
	struct listed *listed; /* of both files */
	size_t nr, nr_room;
	struct config_place place; /* the line at hand */
	enum list list;
};

static int append(struct reading *reading, const struct prefix *prefix)
{
	if (reading->nr == reading->nr_room) {
		const size_t nr_room = reading->nr_room * 2 + 64;
		struct listed *more =
			reallocarray(reading->listed, nr_room, sizeof(*reading->listed));

		if (!more)
			return -ENOMEM;
		reading->listed = more;
		reading->nr_room = nr_room;
	}
	reading->listed[reading->nr++] =
		(struct listed){ *prefix, reading->list, reading->place.line };
	return 0;
}

static bool is_text(const char *line, size_t nr_bytes)
{
	for (size_t i = 0; i < nr_bytes; i++)
		if (iscntrl((unsigned char)line[i]) && !isspace((unsigned char)line[i]))
			return false;
	return true;
}

/* Without comment and blanks around. */
static char *trim(char *line)
{
	char *end;

	line[strcspn(line, "#;")] = '\0';
	line += strspn(line, " \t\r\n");
	for (end = line + strlen(line); end > line && strchr(" \t\r\n", end[-1]);)
		*--end = '\0';
	return line;
}

static int take_line(struct reading *reading, char *line, size_t nr_bytes)
{
	char why[PREFIX_WHY_SIZE];
	struct prefix prefix;

	if (!is_text(line, nr_bytes)) {
		config_complain(&reading->place, "is no text; is this a list of prefixes?");
		return 0;
	}
	line = trim(line);
	if (!*line)
		return 0;
	if (!prefix_parse(line, &prefix, why))
		return append(reading, &prefix);
	config_complain(&reading->place, "%s", why);
	return 0;
}

/* Not a pipe that nobody writes to, and nothing that has no end. */
static FILE *open_list(const struct config_place *place)
{
	int fd __cleanup(cleanup_close) = open(place->file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	FILE *file = NULL;

	if (fd < 0 || fstat(fd, &st)) {
		config_complain(place, "cannot be opened: %m; %s",
				errno == ENOENT ? "make it, empty if need be, or take the key out" :
						  "synwardd must be able to read it");
	} else if (!S_ISREG(st.st_mode)) {
		config_complain(place, "is no file; name one that has a prefix a line");
	} else if (st.st_size > FILE_BYTES_MAX) {
		config_complain(place, "has more than %d bytes; is this a list of prefixes?",
				FILE_BYTES_MAX);
	} else {
		file = fdopen(fd, "r");
		if (file)
			take_fd(&fd);
		else
			config_complain(place, "cannot be read: %m; try again");
	}
	return file;
}

static int read_file(struct reading *reading, enum list list, const char *path)
{
	FILE *file __cleanup(cleanup_file) = NULL;
	char *line __cleanup(cleanup_free) = NULL;
	size_t size = 0;
	ssize_t nr_bytes;
	int err = 0;

	if (!path)
		return 0;
	reading->list = list;
	reading->place = (struct config_place){ path, 0, reading->parse->errors };
	file = open_list(&reading->place);
	while (file && !err && (nr_bytes = getline(&line, &size, file)) >= 0) {
		reading->place.line++;
		err = take_line(reading, line, (size_t)nr_bytes);
	}
	if (file && ferror(file))
		config_complain(&reading->place, "cannot be read on: %m; try again");
	return err;
}

static int listed_order(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;

	return prefix_compare(&x->prefix, &y->prefix) ?:
		       (int)x->list - (int)y->list    ?:
							(int)x->line - (int)y->line;
}

/* Both say something of the prefix, and `other` stands in deny-file. */
static void complain_both(const struct parse *parse, const struct listed *one,
			  const struct listed *other)
{
	const struct config_place place = { parse->config.deny_file, other->line, parse->errors };
	char buffer[PREFIX_SIZE];

	config_complain(&place, "%s is also on line %u of %s; keep it in one of them",
			prefix_format(&one->prefix, buffer), one->line, parse->config.allow_file);
}

/* Each prefix once. */
static void settle(struct reading *reading)
{
	size_t i, nr = 0;

	if (reading->nr)
		qsort(reading->listed, reading->nr, sizeof(*reading->listed), listed_order);
	for (i = 0; i < reading->nr; i++) {
		const struct listed *one = nr ? &reading->listed[nr - 1] : NULL;
		const struct listed *other = &reading->listed[i];

		if (!one || prefix_compare(&one->prefix, &other->prefix))
			reading->listed[nr++] = *other;
		else if (one->list != other->list)
			complain_both(reading->parse, one, other);
	}
	reading->nr = nr;
	if (nr > LIST_ENTRIES_MAX)
		config_complain(&reading->place,
				"makes it %zu prefixes on the lists; at most %d are possible, "
				"shorter ones that cover several may do",
				nr, LIST_ENTRIES_MAX);
}

int parse_lists(struct parse *parse)
{
	struct reading reading = { .parse = parse };
	int err = read_file(&reading, LIST_ALLOW, parse->config.allow_file) ?:
			  read_file(&reading, LIST_DENY, parse->config.deny_file);

	if (err) {
		free(reading.listed);
		return err;
	}
	settle(&reading);
	parse->config.listed = reading.listed;
	parse->config.nr_listed = reading.nr;
	return 0;
}
