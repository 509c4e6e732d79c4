/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The values of single keys: text in, checked value out. Each function reports every error it finds
 * in its text at the place it is given, and returns 0, -EINVAL when it reported, or -ENOMEM; on
 * failure the target is untouched. What sections and keys there are, and whether they fit together,
 * is decided in config.c. Nothing here logs.
 */
#ifndef SYNWARD_CONFIG_VALUES_H
#define SYNWARD_CONFIG_VALUES_H

#include "config.h"

/* Where a value stands. line = 0: on the command line, where `file` is the option's name. */
struct config_place {
	const char *file;
	unsigned int line;
	struct config_errors *errors;
};

void config_complain(const struct config_place *place, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The one of the words that is written almost like `word`, or NULL. The list ends with NULL. */
const char *config_nearest(const char *word, const char *const *words);

int value_interfaces(const struct config_place *place, const char *text, struct config *config);
int value_xdp_mode(const struct config_place *place, const char *text, struct config *config);
int value_control_socket(const struct config_place *place, const char *text, struct config *config);
int value_pin_path(const struct config_place *place, const char *text, struct config *config);
int value_ports(const struct config_place *place, const char *text, struct service *service);
int value_addresses(const struct config_place *place, const char *text, struct service *service);
int value_mode(const struct config_place *place, const char *text, struct service *service);

#endif
