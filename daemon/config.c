/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A config's life: its defaults, the quick start, where it comes from the command line, and its
 * end. Which files there are is config_load.c's; how they are read, config_file.c's; what they may
 * say, config_sections.c's; whether it fits together, config_check.c's.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "config_values.h"
#include "proto.h"

void service_free(struct service *service)
{
	free(service->name);
	free(service->ports);
	free(service->addresses);
}

void config_free(struct config *config)
{
	size_t i;

	for (i = 0; i < config->nr_interfaces; i++)
		free(config->interfaces[i]);
	for (i = 0; i < config->nr_services; i++)
		service_free(&config->services[i]);
	free(config->interfaces);
	free(config->services);
	free(config->control_socket);
	free(config->pin_path);
	free(config->state_directory);
	free(config->allow_file);
	free(config->deny_file);
	free(config->listed);
	free(config->path);
	*config = (struct config){ 0 };
}

/* systemd names the directories that it made for the unit, separated by colons. */
static char *state_directory_default(void)
{
	const char *directories = getenv("STATE_DIRECTORY");

	if (!directories || directories[0] != '/')
		return strdup(CONFIG_STATE_DIRECTORY_DEFAULT);
	return strndup(directories, strcspn(directories, ":"));
}

int config_init(struct config *config)
{
	config->xdp_mode = XDP_MODE_AUTO;
	config->synack_per_prefix = SYNACK_CAP_DEFAULT;
	config->max_flows = MAX_FLOWS_DEFAULT;
	config->control_socket = strdup(PROTO_SOCKET_DEFAULT);
	config->pin_path = strdup(CONFIG_PIN_PATH_DEFAULT);
	config->state_directory = state_directory_default();
	return config->control_socket && config->pin_path && config->state_directory ? 0 : -ENOMEM;
}

void service_init(struct service *service)
{
	service->any_address = true;
	service->mode = SVC_AUTO;
	service->tunables = (struct tunables){
		.arm_half_open = THRESHOLD_AUTO,
		.arm_syn_rate = THRESHOLD_AUTO,
		.hold_seconds = HOLD_DEFAULT_SECONDS,
		.low_water_percent = LOW_WATER_DEFAULT_PERCENT,
		.handshake_timeout_seconds = HANDSHAKE_TIMEOUT_DEFAULT_SECONDS,
		.max_half_open = MAX_HALF_OPEN_DEFAULT,
	};
}

/* ---- the quick start ---- */

/* On the command line lists are separated by commas. */
static char *list_of(const char *text)
{
	char *list = strdup(text), *comma;

	for (comma = list; comma && (comma = strchr(comma, ',')); comma++)
		*comma = ' ';
	return list;
}

static void keep_worst(int *worst, int err)
{
	if (*worst != -ENOMEM && err)
		*worst = err;
}

int config_from_args(const struct config_args *args, struct config *ret,
		     struct config_errors *errors)
{
	char *interfaces __cleanup(cleanup_free) = list_of(args->interface);
	char *ports __cleanup(cleanup_free) = list_of(args->ports);
	struct config config __cleanup(config_free) = { 0 };
	struct service *service;
	int err = 0;

	config.services = service = calloc(1, sizeof(*service));
	if (!interfaces || !ports || !service || config_init(&config))
		return -ENOMEM;
	config.nr_services = 1;
	free(take_ptr(config.state_directory)); /* it learns, but keeps nothing */
	config.on_stop = ON_STOP_DETACH;
	service_init(service);
	service->name = strdup(SERVICE_NAME_QUICK);
	if (!service->name)
		return -ENOMEM;

#define PLACE(option) (&(struct config_place){ option, 0, errors })
	keep_worst(&err, value_interfaces(PLACE("--interface"), interfaces, &config));
	keep_worst(&err, value_ports(PLACE("--ports"), ports, service));
	if (args->mode)
		keep_worst(&err, value_mode(PLACE("--mode"), args->mode, service));
	if (args->xdp_mode)
		keep_worst(&err, value_xdp_mode(PLACE("--xdp-mode"), args->xdp_mode, &config));
	if (args->control_socket)
		keep_worst(&err, value_control_socket(PLACE("--control-socket"),
						      args->control_socket, &config));
#undef PLACE
	if (err)
		return err;
	*ret = config;
	config = (struct config){ 0 };
	return 0;
}
