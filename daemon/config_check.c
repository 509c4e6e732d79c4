/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether the sections of all files fit together, and what a service has from [synward] where it
 * says nothing itself. Looks at the whole only: what a file got wrong was said where it stands.
 */
#include "config_file.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"

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

static bool is_before(struct spot one, struct spot other)
{
	return one.file != other.file ? one.file < other.file : one.line < other.line;
}

/* A destination names one row. `any` holds every local address, so it goes with no other. The later
 * of the two is the one to mend. */
static void check_pair(struct parse *parse, const struct section *early, const struct section *late)
{
	const struct spot spot = early->destinations;
	bool is_same_file = spot.file == late->destinations.file;
	size_t i;

	if (!share_address(&early->service, &late->service))
		return;
	for (i = 0; i < late->service.nr_ports; i++) {
		if (!has_port(&early->service, late->service.ports[i]))
			continue;
		complain_at(parse, late->destinations,
			    "port %u of [service %s] is also in [service %s] %s%s%s%u, for the "
			    "same addresses; keep it in one of them",
			    late->service.ports[i], late->name, early->name,
			    is_same_file ? "on line " : "at ",
			    is_same_file ? "" : parse->files[spot.file].name,
			    is_same_file ? "" : ":", spot.line);
	}
}

static void check_overlap(struct parse *parse, const struct section *section)
{
	const struct section *other;

	for (other = parse->sections; other < section; other++) {
		if (other->kind != SECTION_SERVICE || other->is_duplicate)
			continue;
		if (is_before(section->destinations, other->destinations))
			check_pair(parse, section, other);
		else
			check_pair(parse, other, section);
	}
}

static struct spot end_of_file(const struct parse *parse, size_t file)
{
	return (struct spot){ file, parse->files[file].nr_lines ?: 1 };
}

static void check_whole(struct parse *parse)
{
	bool has_synward = false, has_service = false;
	struct spot last = { 0 };
	struct section *section;
	size_t nr_rows = 0;

	for (section = parse->sections; section < parse->sections + parse->nr_sections; section++) {
		section_check_keys(parse, section);
		has_synward |= section->kind == SECTION_SYNWARD;
		if (section->kind != SECTION_SERVICE)
			continue;
		has_service = true;
		if (section->is_duplicate)
			continue;
		if (is_before(last, section->destinations))
			last = section->destinations;
		nr_rows += section->service.nr_ports;
		if (nr_rows <= ROWS_MAX) /* beyond, comparing all with all takes minutes */
			check_overlap(parse, section);
	}
	if (!has_synward)
		complain_at(parse, end_of_file(parse, 0),
			    "no section [synward]; add it, with 'interfaces = DEV'");
	if (!has_service)
		complain_at(parse, end_of_file(parse, 0),
			    "no service; add [service NAME] with 'ports = PORT...'");
	if (nr_rows > ROWS_MAX)
		complain_at(parse, end_of_file(parse, last.file),
			    "%zu ports over all services; at most %d are possible", nr_rows,
			    ROWS_MAX);
}

static void inherit(const struct section *synward, struct section *section)
{
	size_t i;

	for (i = 0; i < NR_TUNABLES; i++)
		if (!section_has_tunable(section, i))
			tunable_copy(i, &synward->service.tunables, &section->service.tunables);
}

/* There is a [synward], and no error. */
static int take_services(struct parse *parse)
{
	const struct section *synward = section_find(parse, SECTION_SYNWARD, "synward");
	struct config *config = &parse->config;
	struct section *section;

	config->services = calloc(parse->nr_sections, sizeof(*config->services));
	if (!config->services)
		return -ENOMEM;
	for (section = parse->sections; section < parse->sections + parse->nr_sections; section++) {
		if (section->kind != SECTION_SERVICE)
			continue;
		inherit(synward, section);
		section->service.name = take_ptr(section->name);
		config->services[config->nr_services++] = section->service;
		section->service = (struct service){ 0 };
	}
	return 0;
}

int parse_finish(struct parse *parse, struct config *ret)
{
	if (!parse->is_partial)
		check_whole(parse);
	if (parse->errors->nr_lines + parse->errors->nr_left_out > parse->nr_errors_before)
		return -EINVAL;
	if (take_services(parse))
		return -ENOMEM;
	*ret = parse->config;
	parse->config = (struct config){ 0 };
	return 0;
}
