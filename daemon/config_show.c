// SPDX-License-Identifier: GPL-2.0-only
/*
 * A config as text again: each key with its value, as the file would have it, and where that is
 * from. The values are those that the daemon would have, not the words of the files.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "address.h"
#include "cleanup.h"
#include "config_file.h"
#include "duration.h"
#include "names.h"

/* Whose key it is: a service's, or the daemon's, and then there is no service. */
struct shown {
	const struct config *config;
	const struct service *service;
};

static void put_words(FILE *file, char *const *words, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		fprintf(file, "%s%s", i ? " " : "", words[i]);
}

/* 80 443 8000-8010 */
static void put_ports(FILE *file, const struct service *service)
{
	for (size_t i = 0, last; i < service->nr_ports; i = last + 1) {
		for (last = i; last + 1 < service->nr_ports; last++)
			if (service->ports[last + 1] != service->ports[last] + 1)
				break;
		if (last == i + 1) /* two are no range */
			last = i;
		fprintf(file, "%s%u", i ? " " : "", service->ports[i]);
		if (last > i)
			fprintf(file, "-%u", service->ports[last]);
	}
}

static void put_addresses(FILE *file, const struct service *service)
{
	char text[INET6_ADDRSTRLEN];

	if (service->any_address)
		fputs("any", file);
	for (size_t i = 0; i < service->nr_addresses; i++)
		fprintf(file, "%s%s", i ? " " : "", address_text(&service->addresses[i], text));
}

static void put_string(FILE *file, const char *text)
{
	fputs(text ?: "", file);
}

#define PUT(name, ...)                                            \
	static void put_##name(FILE *file, const struct shown *s) \
	{                                                         \
		__VA_ARGS__;                                      \
	}
PUT(interfaces, put_words(file, s->config->interfaces, s->config->nr_interfaces))
PUT(xdp_mode, put_string(file, xdp_mode_name(s->config->xdp_mode)))
PUT(control_socket, put_string(file, s->config->control_socket))
PUT(pin_path, put_string(file, s->config->pin_path))
PUT(on_stop, put_string(file, on_stop_name(s->config->on_stop)))
PUT(state_directory, put_string(file, s->config->state_directory))
PUT(allow_file, put_string(file, s->config->allow_file))
PUT(deny_file, put_string(file, s->config->deny_file))
PUT(synack_per_prefix, fprintf(file, "%u", s->config->synack_per_prefix))
PUT(reply, put_string(file, s->config->reply_by_route ? "fib" : "tx"))
PUT(max_flows, fprintf(file, "%u", s->config->max_flows))
PUT(service_ports, put_ports(file, s->service))
PUT(service_addresses, put_addresses(file, s->service))
PUT(mode, put_string(file, svc_mode_name(s->service->mode)))
PUT(server_first, put_string(file, s->service->server_first ? "yes" : "no"))

static const struct {
	const char *key;
	void (*put)(FILE *file, const struct shown *shown);
} puts_of[] = {
	{ "interfaces", put_interfaces },
	{ "xdp-mode", put_xdp_mode },
	{ "control-socket", put_control_socket },
	{ "pin-path", put_pin_path },
	{ "on-stop", put_on_stop },
	{ "state-directory", put_state_directory },
	{ "allow-file", put_allow_file },
	{ "deny-file", put_deny_file },
	{ "synack-per-prefix", put_synack_per_prefix },
	{ "reply", put_reply },
	{ "max-flows", put_max_flows },
	{ "ports", put_service_ports },
	{ "addresses", put_service_addresses },
	{ "mode", put_mode },
	{ "server-first", put_server_first },
};

/* A tunable that is for all services is asked of none. */
static void put_value(FILE *file, size_t i, const struct shown *shown)
{
	const char *key = config_key(i);

	if (i >= NR_OWN_KEYS) {
		tunable_put(file, i - NR_OWN_KEYS, &shown->service->tunables);
		return;
	}
	for (size_t j = 0; j < sizeof(puts_of) / sizeof(puts_of[0]); j++)
		if (!strcmp(puts_of[j].key, key))
			puts_of[j].put(file, shown);
}

/* ---- where it is from ---- */

static char *from_spot(const struct parse *parse, struct spot spot)
{
	char *from;

	if (asprintf(&from, "%s:%u", parse->files[spot.file].name, spot.line) < 0)
		return NULL;
	return from;
}

static char *from(const struct parse *parse, const struct section *section,
		  const struct section *synward, size_t i)
{
	if (section->has_key[i])
		return from_spot(parse, section->key_spots[i]);
	if (synward->has_key[i]) /* of the keys that stand in both */
		return from_spot(parse, synward->key_spots[i]);
	return strdup("default");
}

/* ---- all of them ---- */

static int append(struct config_lines *lines, const struct config_line *line)
{
	struct config_line *more;

	more = reallocarray(lines->line, lines->nr + 1, sizeof(*lines->line));
	if (more)
		lines->line = more;
	if (!more || !line->section || !line->value || !line->from) {
		free(line->section);
		free(line->value);
		free(line->from);
		return -ENOMEM;
	}
	lines->line[lines->nr++] = *line;
	return 0;
}

static char *value_text(size_t i, const struct shown *shown)
{
	size_t nr_bytes;
	char *text = NULL;
	FILE *file = open_memstream(&text, &nr_bytes);

	if (!file)
		return NULL;
	put_value(file, i, shown);
	cleanup_file(&file);
	return text;
}

/* The keys of a section; those without a value are left out. */
static int show_section(const struct parse *parse, const struct section *section,
			const struct shown *shown, struct config_lines *ret)
{
	const struct section *synward = section_find(parse, SECTION_SYNWARD, "synward");
	int err = 0;

	for (size_t i = 0; i < NR_KEYS && !err; i++) {
		struct config_line line = { .key = config_key(i) };

		if (shown->service ? i < NR_OWN_KEYS && key_is_of_synward(line.key) :
				     i >= NR_OWN_KEYS || !key_is_of_synward(line.key))
			continue;
		line.value = value_text(i, shown);
		if (line.value && !*line.value) {
			free(line.value);
			continue;
		}
		line.section = shown->service ? strdup(shown->service->name) : strdup("");
		line.from = from(parse, section, synward, i);
		err = append(ret, &line);
	}
	return err;
}

int config_lines_make(const struct parse *parse, const struct config *config,
		      struct config_lines *ret)
{
	struct shown shown = { config, NULL };
	const struct section *section = parse->sections, *end = section + parse->nr_sections;
	int err = show_section(parse, section_find(parse, SECTION_SYNWARD, "synward"), &shown, ret);

	shown.service = config->services;
	for (; section < end && !err; section++) {
		if (section->kind != SECTION_SERVICE)
			continue;
		err = show_section(parse, section, &shown, ret);
		shown.service++;
	}
	return err;
}

void config_lines_free(struct config_lines *lines)
{
	while (lines->nr) {
		struct config_line *line = &lines->line[--lines->nr];

		free(line->section);
		free(line->value);
		free(line->from);
	}
	free(lines->line);
	lines->line = NULL;
}
