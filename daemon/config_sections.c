/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which sections and keys a config has. A section may be opened once in each file, and a key stand
 * once in it; a later file's keys override. Single values are config_values.c's and
 * config_tunables.c's.
 */
#include "config_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct key {
	const char *name;
	enum section_kind kind;
	int (*set_synward)(const struct config_place *place, const char *text,
			   struct config *config);
	int (*set_service)(const struct config_place *place, const char *text,
			   struct service *service);
	const char *missing; /* what to say when the key is missing; NULL = it has a default */
	bool is_destination; /* says what is protected */
} own_keys[NR_OWN_KEYS] = {
	{ "interfaces", SECTION_SYNWARD, value_interfaces, NULL, "add 'interfaces = DEV'", false },
	{ "xdp-mode", SECTION_SYNWARD, value_xdp_mode, NULL, NULL, false },
	{ "control-socket", SECTION_SYNWARD, value_control_socket, NULL, NULL, false },
	{ "pin-path", SECTION_SYNWARD, value_pin_path, NULL, NULL, false },
	{ "on-stop", SECTION_SYNWARD, value_on_stop, NULL, NULL, false },
	{ "state-directory", SECTION_SYNWARD, value_state_directory, NULL, NULL, false },
	{ "allow-file", SECTION_SYNWARD, value_allow_file, NULL, NULL, false },
	{ "deny-file", SECTION_SYNWARD, value_deny_file, NULL, NULL, false },
	{ "synack-per-prefix", SECTION_SYNWARD, value_synack_per_prefix, NULL, NULL, false },
	{ "reply", SECTION_SYNWARD, value_reply, NULL, NULL, false },
	{ "max-flows", SECTION_SYNWARD, value_max_flows, NULL, NULL, false },
	{ "ports", SECTION_SERVICE, NULL, value_ports, "add 'ports = PORT...'", true },
	{ "addresses", SECTION_SERVICE, NULL, value_addresses, NULL, true },
	{ "mode", SECTION_SERVICE, NULL, value_mode, NULL, false },
	{ "server-first", SECTION_SERVICE, NULL, value_server_first, NULL, false },
};

#define BLANKS " \t"

/* ---- sections ---- */

static bool is_service_name(const char *name)
{
	size_t length = strlen(name);

	return length >= 1 && length <= SERVICE_NAME_MAX &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
		       length;
}

static const char *const section_words[] = { "synward", "service", NULL };

/* `name` is cut to what is left to say: the service's name. */
static enum section_kind section_kind(struct parse *parse, char *name)
{
	char *label;

	if (!strcmp(name, "synward"))
		return SECTION_SYNWARD;
	if (strncmp(name, "service", 7) || (name[7] && !strchr(BLANKS, name[7]))) {
		const char *nearest;

		name[strcspn(name, BLANKS)] = '\0';
		nearest = config_nearest(name, section_words);
		complain(parse,
			 "unknown section [%s]; %s%s%ssections are [synward] and [service NAME]",
			 name, nearest ? "did you mean '" : "", nearest ?: "",
			 nearest ? "'? " : "");
		return SECTION_UNKNOWN;
	}
	label = name + 7 + strspn(name + 7, BLANKS);
	if (!is_service_name(label)) {
		complain(parse,
			 "'%s' cannot be a service's name; write [service NAME] with 1 to %d "
			 "letters, digits, "
			 "'.', '_' or '-'",
			 label, SERVICE_NAME_MAX);
		return SECTION_UNKNOWN;
	}
	memmove(name, label, strlen(label) + 1);
	return SECTION_SERVICE;
}

const struct section *section_find(const struct parse *parse, enum section_kind kind,
				   const char *name)
{
	const struct section *section;

	for (section = parse->sections; section < parse->sections + parse->nr_sections; section++)
		if (section->kind == kind && !strcmp(section->name, name))
			return section;
	return NULL;
}

static struct section *section_add(struct parse *parse, enum section_kind kind, char *name)
{
	struct section *section;

	if (parse->nr_sections == SECTIONS_MAX) {
		complain(parse, "too many sections; at most %d services are possible", ROWS_MAX);
		free(name);
		parse->next = parse->end;
		return NULL;
	}
	section = &parse->sections[parse->nr_sections++];
	section->kind = kind;
	section->name = name;
	section->first = section->destinations = parse_here(parse);
	service_init(&section->service);
	return section;
}

void section_open(struct parse *parse, char *name)
{
	enum section_kind kind = section_kind(parse, name);
	const struct section *earlier =
		kind == SECTION_UNKNOWN ? NULL : section_find(parse, kind, name);
	struct section *section;

	if (earlier && earlier->latest.file != parse_here(parse).file) {
		section = &parse->sections[earlier - parse->sections];
		memset(section->key_lines, 0, sizeof(section->key_lines));
		section->nr_keys = 0;
		free(name);
	} else {
		section = section_add(parse, kind, name);
		if (!section)
			return;
		if (earlier) {
			complain(parse,
				 "duplicate section [%s%s]; the first is on line %u, make one of "
				 "them",
				 kind == SECTION_SERVICE ? "service " : "", section->name,
				 earlier->latest.line);
			section->is_duplicate = true;
		}
	}
	section->latest = parse_here(parse);
	parse->section = section;
}

/* ---- keys ---- */

static const char *key_name(size_t i)
{
	return i < NR_OWN_KEYS ? own_keys[i].name : tunable_key(i - NR_OWN_KEYS);
}

const char *config_key(size_t i)
{
	return i < NR_KEYS ? key_name(i) : NULL;
}

bool key_is_of_synward(const char *name)
{
	size_t i;

	for (i = 0; i < NR_OWN_KEYS; i++)
		if (own_keys[i].kind == SECTION_SYNWARD && !strcmp(own_keys[i].name, name))
			return true;
	return false;
}

static bool key_belongs(size_t i, enum section_kind kind)
{
	return i >= NR_OWN_KEYS || own_keys[i].kind == kind;
}

static void key_unknown(struct parse *parse, const char *name, enum section_kind kind)
{
	const char *words[NR_KEYS + 1] = { NULL };
	char list[CONFIG_LIST_SIZE];
	const char *nearest;
	size_t i, nr = 0;

	for (i = 0; i < NR_KEYS; i++) {
		if (key_belongs(i, kind)) {
			words[nr++] = key_name(i);
		} else if (!strcmp(key_name(i), name)) {
			complain(parse, "'%s' does not belong here; it belongs to %s", name,
				 kind == SECTION_SERVICE ? "[synward]" : "a [service NAME]");
			return;
		}
	}
	nearest = config_nearest(name, words);
	if (nearest)
		complain(parse, "unknown key '%s'; did you mean '%s'?", name, nearest);
	else
		complain(parse, "unknown key '%s'; keys here are %s", name,
			 config_list(words, list));
}

static int key_set(struct parse *parse, size_t i, const char *value)
{
	const struct config_place place = { parse->files[parse->nr_files - 1].name, parse->line,
					    parse->errors };
	struct section *section = parse->section;

	if (section->key_lines[i]) {
		complain(parse, "duplicate key '%s'; the first is on line %u, make one of them",
			 key_name(i), section->key_lines[i]);
		return -EINVAL;
	}
	section->key_lines[i] = parse->line;
	section->has_key[i] = true;
	section->key_spots[i] = parse_here(parse);
	if (!*value) {
		complain(parse, "'%s' has no value", key_name(i));
		return -EINVAL;
	}
	if (i >= NR_OWN_KEYS)
		return value_tunable(&place, i - NR_OWN_KEYS, value, &section->service.tunables);
	if (own_keys[i].is_destination)
		section->destinations = section->latest;
	if (own_keys[i].set_synward)
		return own_keys[i].set_synward(&place, value, &parse->config);
	return own_keys[i].set_service(&place, value, &section->service);
}

void section_take_key(struct parse *parse, const char *name, const char *value)
{
	struct section *section = parse->section;
	size_t i;

	section->nr_keys++;
	if (section->kind == SECTION_UNKNOWN)
		return;
	for (i = 0; i < NR_KEYS; i++)
		if (key_belongs(i, section->kind) && !strcmp(key_name(i), name))
			break;
	if (i == NR_KEYS)
		key_unknown(parse, name, section->kind);
	else if (key_set(parse, i, value) == -ENOMEM)
		parse->err = -ENOMEM;
}

bool section_has_tunable(const struct section *section, size_t i)
{
	return section->has_key[NR_OWN_KEYS + i];
}

void section_check_keys(struct parse *parse, const struct section *section)
{
	size_t i;

	if (section->kind == SECTION_UNKNOWN || section->is_duplicate || section->is_empty)
		return;
	for (i = 0; i < NR_OWN_KEYS; i++)
		if (key_belongs(i, section->kind) && own_keys[i].missing && !section->has_key[i])
			complain_at(parse, section->first, "key '%s' is missing; %s",
				    own_keys[i].name, own_keys[i].missing);
}
