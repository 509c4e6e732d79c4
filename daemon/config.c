/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A config's life: its defaults, where it comes from (a file, or the command line for the quick
 * start) and its end, and the list of errors that comes instead of one. What a file may say is
 * config_file.c's, single values are config_values.c's.
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
	*config = (struct config){ 0 };
}

int config_init(struct config *config)
{
	config->xdp_mode = XDP_MODE_AUTO;
	config->control_socket = strdup(PROTO_SOCKET_DEFAULT);
	config->pin_path = strdup(CONFIG_PIN_PATH_DEFAULT);
	return config->control_socket && config->pin_path ? 0 : -ENOMEM;
}

void service_init(struct service *service)
{
	service->any_address = true;
	service->mode = SVC_ALWAYS;
}

int config_load(const char *path, struct config *ret, struct config_errors *errors)
{
	const struct config_place place = { path, 0, errors };
	char *text __cleanup(cleanup_free) = malloc(CONFIG_SIZE_MAX + 1);
	FILE *file __cleanup(cleanup_file) = NULL;
	size_t nr_bytes;

	if (!text)
		return -ENOMEM;
	file = fopen(path, "re");
	if (!file) {
		config_complain(&place, "cannot be opened: %m%s",
				errno == ENOENT ? "; write it, or try synwardd with "
						  "--interface DEV --ports LIST" :
						  "");
		return -EINVAL;
	}
	nr_bytes = fread(text, 1, CONFIG_SIZE_MAX + 1, file);
	if (ferror(file)) {
		config_complain(&place, "cannot be read: %m");
		return -EINVAL;
	}
	if (nr_bytes > CONFIG_SIZE_MAX) {
		config_complain(&place, "has more than %d bytes; is this a config file?",
				CONFIG_SIZE_MAX);
		return -EINVAL;
	}
	return config_parse(path, text, nr_bytes, ret, errors);
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
