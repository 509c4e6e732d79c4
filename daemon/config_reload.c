// SPDX-License-Identifier: GPL-2.0-only
/*
 * What may differ between the config in force and the one that a reload would put there. What
 * memory, programs and sockets were made for at the start stays: a restart is for that.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "config_file.h"

/* Who adds a key says here, or where it is followed, what a reload does with it. */
_Static_assert(NR_OWN_KEYS == 15, "the new key is fixed at start, or is followed at a reload");

#define RESTART "restart synwardd for that"

static bool is_same(const char *one, const char *other)
{
	return one && other ? !strcmp(one, other) : one == other;
}

static bool are_same_interfaces(const struct config *old, const struct config *new)
{
	if (old->nr_interfaces != new->nr_interfaces)
		return false;
	for (size_t i = 0; i < old->nr_interfaces; i++)
		if (strcmp(old->interfaces[i], new->interfaces[i]))
			return false;
	return true;
}

static bool has_server_first(const struct config *config)
{
	for (size_t i = 0; i < config->nr_services; i++)
		if (config->services[i].server_first)
			return true;
	return false;
}

static void check_synward(const struct config_place *place, const struct config *old,
			  const struct config *new)
{
	const struct {
		const char *key;
		bool is_same;
	} rows[] = {
		{ "interfaces", are_same_interfaces(old, new) },
		{ "xdp-mode", old->xdp_mode == new->xdp_mode },
		{ "control-socket", is_same(old->control_socket, new->control_socket) },
		{ "pin-path", is_same(old->pin_path, new->pin_path) },
		{ "on-stop", old->on_stop == new->on_stop },
		{ "state-directory", is_same(old->state_directory, new->state_directory) },
		{ "max-flows", old->max_flows == new->max_flows },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!rows[i].is_same)
			config_complain(place, "%s is another one than at the start; " RESTART,
					rows[i].key);
	if (has_server_first(new) && !has_server_first(old))
		config_complain(place,
				"server-first = yes, for the first service that has it; " RESTART);
}

/* As many services, of the same names and ports, in the same order: their rows are numbered so. */
static bool check_services(const struct config_place *place, const struct config *old,
			   const struct config *new)
{
	for (size_t i = 0; i < old->nr_services || i < new->nr_services; i++) {
		const struct service *was = &old->services[i], *is = &new->services[i];

		if (i >= old->nr_services)
			config_complain(place, "[service %s] is new; " RESTART, is->name);
		else if (i >= new->nr_services)
			config_complain(place, "[service %s] is gone; " RESTART, was->name);
		else if (strcmp(was->name, is->name))
			config_complain(place,
					"[service %s] stands where [service %s] did; " RESTART,
					is->name, was->name);
		else if (was->nr_ports != is->nr_ports ||
			 memcmp(was->ports, is->ports, is->nr_ports * sizeof(*is->ports)))
			config_complain(place, "[service %s] has other ports; " RESTART, is->name);
		else
			continue;
		return false;
	}
	return true;
}

static void check_tunables(const struct config_place *place, const struct service *was,
			   const struct service *is)
{
	for (size_t i = 0; i < NR_TUNABLES; i++)
		if (!tunable_is_live(i) && !tunable_is_same(i, &was->tunables, &is->tunables))
			config_complain(place, "%s of [service %s] is another one; " RESTART,
					tunable_key(i), is->name);
}

int config_check_reload(const struct config *old, const struct config *new,
			struct config_errors *errors)
{
	const size_t nr_before = errors->nr_lines + errors->nr_left_out;
	const struct config_place place = { new->path, 0, errors };

	check_synward(&place, old, new);
	if (check_services(&place, old, new))
		for (size_t i = 0; i < new->nr_services; i++)
			check_tunables(&place, &old->services[i], &new->services[i]);
	return errors->nr_lines + errors->nr_left_out > nr_before ? -EINVAL : 0;
}
