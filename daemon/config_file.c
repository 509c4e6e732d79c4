/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which sections and keys a config has, and whether they fit together; single values are
 * config_values.c's.
 *
 * libinih splits the lines, but silently cuts long ones, merges sections of one name, hides empty
 * ones, cuts their names and joins indented lines to the one before. So the reader that feeds it
 * sees each line first: it counts, keeps the sections, strips indentation, and withholds lines that
 * it has reported.
 */
#include "config.h"

#include <errno.h>
#include <ini.h>
#include <string.h>

#include "cleanup.h"
#include "config_values.h"
#include "proto.h"

#define NR_KEYS 7
#define SECTIONS_MAX (ROWS_MAX + 1)

enum section_kind { SECTION_UNKNOWN, SECTION_SYNWARD, SECTION_SERVICE };

struct section {
	enum section_kind kind;
	char *name; /* between the brackets */
	unsigned int line;
	unsigned int key_lines[NR_KEYS]; /* 0 = not seen */
	unsigned int nr_keys;
	bool is_duplicate;
	struct service service;
};

struct parse {
	const char *name, *next, *end;
	unsigned int line;
	bool expects_key; /* the last line went to libinih and should have come back as a key */
	struct section *sections;
	size_t nr_sections;
	struct config config;
	struct config_errors *errors;
	int err; /* -ENOMEM ends the run */
};

static const struct key {
	const char *name;
	enum section_kind kind;
	int (*set_synward)(const struct config_place *place, const char *text,
			   struct config *config);
	int (*set_service)(const struct config_place *place, const char *text,
			   struct service *service);
	const char *missing; /* what to say when the key is missing; NULL = it has a default */
} keys[NR_KEYS] = {
	{ "interfaces", SECTION_SYNWARD, value_interfaces, NULL, "add 'interfaces = DEV'" },
	{ "xdp-mode", SECTION_SYNWARD, value_xdp_mode, NULL, NULL },
	{ "control-socket", SECTION_SYNWARD, value_control_socket, NULL, NULL },
	{ "pin-path", SECTION_SYNWARD, value_pin_path, NULL, NULL },
	{ "ports", SECTION_SERVICE, NULL, value_ports, "add 'ports = PORT...'" },
	{ "addresses", SECTION_SERVICE, NULL, value_addresses, NULL },
	{ "mode", SECTION_SERVICE, NULL, value_mode, NULL },
};

#define complain(parse, at_line, ...)                                                      \
	config_complain(&(struct config_place){ (parse)->name, at_line, (parse)->errors }, \
			__VA_ARGS__)

/* ---- lines and sections ---- */

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
			complain(parse, parse->line,
				 "byte 0x%02x is no text; is this a config file?", byte);
			return false;
		}
	}
	return true;
}

static bool is_service_name(const char *name)
{
	size_t length = strlen(name);

	return length >= 1 && length <= SERVICE_NAME_MAX &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
		       length;
}

static const char *const section_words[] = { "synward", "service", NULL };

static enum section_kind section_kind(struct parse *parse, char *name)
{
	char *label;

	if (!strcmp(name, "synward"))
		return SECTION_SYNWARD;
	if (strncmp(name, "service", 7) || (name[7] && !is_blank(name[7]))) {
		const char *nearest;

		name[strcspn(name, " \t")] = '\0';
		nearest = config_nearest(name, section_words);
		complain(parse, parse->line,
			 "unknown section [%s]; %s%s%ssections are [synward] and [service NAME]",
			 name, nearest ? "did you mean '" : "", nearest ?: "",
			 nearest ? "'? " : "");
		return SECTION_UNKNOWN;
	}
	for (label = name + 7; is_blank(*label); label++)
		;
	if (!is_service_name(label)) {
		complain(parse, parse->line,
			 "'%s' cannot be a service's name; write [service NAME] with 1 to %d "
			 "letters, digits, "
			 "'.', '_' or '-'",
			 label, SERVICE_NAME_MAX);
		return SECTION_UNKNOWN;
	}
	memmove(name, label, strlen(label) + 1);
	return SECTION_SERVICE;
}

static void section_check_duplicate(struct parse *parse, struct section *section)
{
	const struct section *other;

	if (section->kind == SECTION_UNKNOWN)
		return;
	for (other = parse->sections; other < section; other++) {
		if (other->kind != section->kind || strcmp(other->name, section->name))
			continue;
		complain(parse, section->line,
			 "duplicate section [%s%s]; the first is on line %u, make one of them",
			 section->kind == SECTION_SERVICE ? "service " : "", section->name,
			 other->line);
		section->is_duplicate = true;
		return;
	}
}

/* `name` is what stands between the brackets, trimmed; it is taken over. */
static void section_open(struct parse *parse, char *name)
{
	struct section *section;

	if (parse->nr_sections == SECTIONS_MAX) {
		complain(parse, parse->line, "too many sections; at most %d services are possible",
			 ROWS_MAX);
		free(name);
		parse->next = parse->end;
		return;
	}
	section = &parse->sections[parse->nr_sections++];
	section->name = name;
	section->line = parse->line;
	section->kind = section_kind(parse, name);
	service_init(&section->service);
	section_check_duplicate(parse, section);
}

/* "[name]", perhaps with a comment behind it. */
static bool line_is_section(struct parse *parse, const char *text)
{
	const char *first = text + 1, *last = strchr(text, ']');
	const char *behind;
	char *name;

	if (!last) {
		complain(parse, parse->line, "no ']' behind the section's name");
		return false;
	}
	behind = last + 1 + strspn(last + 1, " \t");
	if (*behind && *behind != ';' && *behind != '#') {
		complain(parse, parse->line, "'%s' behind the section's name; begin a new line",
			 behind);
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
			parse, parse->line,
			"the line has %zu bytes; at most %zu are possible, make two sections of it",
			nr_bytes, nr_max);
		/* An over-long header still ends the section before it. */
		if (text[0] != '[')
			return false;
	}
	if (text[0] == '[')
		return line_is_section(parse, text) && nr_bytes <= nr_max;
	if (text[nr_key] == ':') {
		complain(parse, parse->line, "':' behind the key; write 'key = value'");
		return false;
	}
	if (!parse->nr_sections) {
		complain(parse, parse->line, "a key before any section; begin with [synward]");
		return false;
	}
	parse->expects_key = true;
	return true;
}

/* The last line went to libinih as a key and was refused. */
static void line_settle(struct parse *parse)
{
	if (parse->expects_key)
		complain(parse, parse->line, "neither 'key = value' nor [section] nor a comment");
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

/* ---- keys ---- */

static void key_unknown(struct parse *parse, const char *name, enum section_kind kind)
{
	const char *words[NR_KEYS + 1] = { NULL };
	const char *nearest;
	size_t i, nr = 0;

	for (i = 0; i < NR_KEYS; i++) {
		if (!strcmp(keys[i].name, name)) {
			complain(parse, parse->line, "'%s' does not belong here; it belongs to %s",
				 name,
				 keys[i].kind == SECTION_SYNWARD ? "[synward]" :
								   "a [service NAME]");
			return;
		}
		if (keys[i].kind == kind)
			words[nr++] = keys[i].name;
	}
	nearest = config_nearest(name, words);
	if (nearest)
		complain(parse, parse->line, "unknown key '%s'; did you mean '%s'?", name, nearest);
	else if (kind == SECTION_SYNWARD)
		complain(parse, parse->line,
			 "unknown key '%s'; keys here are interfaces, xdp-mode, control-socket and "
			 "pin-path",
			 name);
	else
		complain(parse, parse->line,
			 "unknown key '%s'; keys here are ports, addresses and mode", name);
}

static int key_set(struct parse *parse, struct section *section, size_t i, const char *value)
{
	const struct config_place place = { parse->name, parse->line, parse->errors };

	if (section->key_lines[i]) {
		complain(parse, parse->line,
			 "duplicate key '%s'; the first is on line %u, make one of them",
			 keys[i].name, section->key_lines[i]);
		return -EINVAL;
	}
	section->key_lines[i] = parse->line;
	if (!*value) {
		complain(parse, parse->line, "'%s' has no value", keys[i].name);
		return -EINVAL;
	}
	if (keys[i].set_synward)
		return keys[i].set_synward(&place, value, &parse->config);
	return keys[i].set_service(&place, value, &section->service);
}

/* ini_handler. The section is the one that the reader saw last, since libinih cuts its name. */
static int key_handle(void *user, const char *section_name, const char *name, const char *value)
{
	struct parse *parse = user;
	struct section *section = &parse->sections[parse->nr_sections - 1];
	size_t i;

	(void)section_name;
	parse->expects_key = false;
	section->nr_keys++;
	if (section->kind == SECTION_UNKNOWN)
		return 1;
	for (i = 0; i < NR_KEYS; i++)
		if (keys[i].kind == section->kind && !strcmp(keys[i].name, name))
			break;
	if (i == NR_KEYS)
		key_unknown(parse, name, section->kind);
	else if (key_set(parse, section, i, value) == -ENOMEM)
		parse->err = -ENOMEM;
	return 1;
}

/* ---- the whole ---- */

static void check_section(struct parse *parse, const struct section *section)
{
	size_t i;

	if (section->kind == SECTION_UNKNOWN)
		return;
	if (!section->nr_keys) {
		complain(parse, section->line, "section [%s%s] is empty; give it keys or remove it",
			 section->kind == SECTION_SERVICE ? "service " : "", section->name);
		return;
	}
	for (i = 0; i < NR_KEYS; i++)
		if (keys[i].kind == section->kind && keys[i].missing && !section->key_lines[i] &&
		    !section->is_duplicate)
			complain(parse, section->line, "key '%s' is missing; %s", keys[i].name,
				 keys[i].missing);
}

static bool has_port(const struct service *service, __u16 port)
{
	size_t i;

	for (i = 0; i < service->nr_ports; i++)
		if (service->ports[i] == port)
			return true;
	return false;
}

static bool share_address(const struct service *one, const struct service *other)
{
	size_t i, j;

	if (one->any_address || other->any_address)
		return true;
	for (i = 0; i < one->nr_addresses; i++)
		for (j = 0; j < other->nr_addresses; j++)
			if (!memcmp(&one->addresses[i], &other->addresses[j],
				    sizeof(struct ip_addr)))
				return true;
	return false;
}

/* A destination names one row. `any` holds every local address, so it goes with no other. */
static void check_overlap(struct parse *parse, const struct section *section)
{
	const struct service *service = &section->service;
	const struct section *other;
	size_t i;

	for (other = parse->sections; other < section; other++) {
		if (other->kind != SECTION_SERVICE || other->is_duplicate)
			continue;
		for (i = 0; i < service->nr_ports; i++) {
			if (!has_port(&other->service, service->ports[i]) ||
			    !share_address(service, &other->service))
				continue;
			complain(parse, section->line,
				 "port %u of [service %s] is also in [service %s] on line %u, for "
				 "the same "
				 "addresses; keep it in one of them",
				 service->ports[i], section->name, other->name, other->line);
		}
	}
}

static void check_whole(struct parse *parse)
{
	const unsigned int last_line = parse->line ?: 1;
	bool has_synward = false, has_service = false;
	struct section *section;
	size_t nr_rows = 0;

	for (section = parse->sections; section < parse->sections + parse->nr_sections; section++) {
		check_section(parse, section);
		has_synward |= section->kind == SECTION_SYNWARD;
		if (section->kind != SECTION_SERVICE)
			continue;
		has_service = true;
		if (section->is_duplicate)
			continue;
		nr_rows += section->service.nr_ports;
		if (nr_rows <= ROWS_MAX) /* beyond, comparing all with all takes minutes */
			check_overlap(parse, section);
	}
	if (!has_synward)
		complain(parse, last_line, "no section [synward]; add it, with 'interfaces = DEV'");
	if (!has_service)
		complain(parse, last_line, "no service; add [service NAME] with 'ports = PORT...'");
	if (nr_rows > ROWS_MAX)
		complain(parse, last_line, "%zu ports over all services; at most %d are possible",
			 nr_rows, ROWS_MAX);
}

static int take_services(struct parse *parse)
{
	struct config *config = &parse->config;
	struct section *section;

	config->services = calloc(parse->nr_sections, sizeof(*config->services));
	if (!config->services)
		return -ENOMEM;
	for (section = parse->sections; section < parse->sections + parse->nr_sections; section++) {
		if (section->kind != SECTION_SERVICE)
			continue;
		section->service.name = take_ptr(section->name);
		config->services[config->nr_services++] = section->service;
		section->service = (struct service){ 0 };
	}
	return 0;
}

static void parse_free(struct parse *parse)
{
	while (parse->nr_sections) {
		struct section *section = &parse->sections[--parse->nr_sections];

		free(section->name);
		service_free(&section->service);
	}
	free(parse->sections);
	config_free(&parse->config);
}

int config_parse(const char *name, const char *text, size_t nr_bytes, struct config *ret,
		 struct config_errors *errors)
{
	struct parse parse __cleanup(parse_free) = {
		.name = name, .next = text, .end = text + nr_bytes, .errors = errors
	};
	const size_t nr_before = errors->nr_lines;

	parse.sections = calloc(SECTIONS_MAX, sizeof(*parse.sections));
	if (!parse.sections || config_init(&parse.config))
		return -ENOMEM;
	if (nr_bytes >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		parse.next += 3; /* the mark that some editors begin UTF-8 with */

	if (ini_parse_stream(line_read, &parse, key_handle, &parse) < 0)
		return -ENOMEM;
	if (!parse.err)
		check_whole(&parse);
	if (parse.err)
		return parse.err;
	if (errors->nr_lines > nr_before || errors->nr_left_out)
		return -EINVAL;
	if (take_services(&parse))
		return -ENOMEM;
	*ret = parse.config;
	parse.config = (struct config){ 0 };
	return 0;
}
