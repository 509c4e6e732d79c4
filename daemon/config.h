/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the operator wants: the config file, or the few words of the quick start. A config is
 * complete and checked, or there is none: every error of a file is collected in one run, and
 * nothing is returned if there is one. Whether the machine can do it (a device exists, a path can
 * be made) is for those who use it. Nothing here logs.
 */
#ifndef SYNWARD_CONFIG_H
#define SYNWARD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "abi.h"

#define CONFIG_PATH_DEFAULT "/etc/synward/synward.conf"
#define CONFIG_PIN_PATH_DEFAULT "/sys/fs/bpf/synward"
#define CONFIG_SIZE_MAX (1024 * 1024) /* bytes of a file */
#define CONFIG_ERRORS_MAX 100         /* kept; more are only counted */
#define SERVICE_NAME_MAX 63
#define SERVICE_NAME_QUICK "default" /* the one service of the quick start */

enum xdp_mode {
	XDP_MODE_AUTO, /* native, else generic with a warning */
	XDP_MODE_NATIVE,
	XDP_MODE_GENERIC,
};

struct service {
	char *name;
	__u16 *ports; /* host order, each once */
	size_t nr_ports;
	bool any_address; /* every local address; then there are no addresses */
	struct ip_addr *addresses;
	size_t nr_addresses;
	enum svc_mode mode;
};

struct config {
	char **interfaces;
	size_t nr_interfaces;
	enum xdp_mode xdp_mode;
	char *control_socket;
	char *pin_path;
	struct service *services;
	size_t nr_services;
};

/* The quick start: what stands on the command line instead of in a file. NULL = the default, where
 * there is one. */
struct config_args {
	const char *interface; /* one or more, separated by commas */
	const char *ports;     /* separated by commas */
	const char *mode;
	const char *xdp_mode;
	const char *control_socket;
};

/* Lines "file:line: what is wrong; the remedy". Starts as {0}. */
struct config_errors {
	char *lines[CONFIG_ERRORS_MAX];
	size_t nr_lines;
	size_t nr_left_out;
};

/*
 * Each returns 0; -EINVAL, and then `errors` has at least one line; or -ENOMEM. *ret is untouched
 * on failure and is released with config_free().
 */
int config_load(const char *path, struct config *ret, struct config_errors *errors);
int config_parse(const char *name, const char *text, size_t nr_bytes, struct config *ret,
		 struct config_errors *errors);
int config_from_args(const struct config_args *args, struct config *ret,
		     struct config_errors *errors);

/* Defaults: all that is not required. `config` and `service` start as {0}. Returns 0 or -ENOMEM. */
int config_init(struct config *config);
void service_init(struct service *service);

void config_free(struct config *config);
void service_free(struct service *service);

/* All lines to `file`, each behind `prefix`. */
void config_errors_print(const struct config_errors *errors, FILE *file, const char *prefix);
void config_errors_free(struct config_errors *errors);

#endif
