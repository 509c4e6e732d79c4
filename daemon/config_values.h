/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The values of single keys: text in, checked value out. Each function reports every error it finds
 * in its text at the place it is given, and returns 0, -EINVAL when it reported, or -ENOMEM; on
 * failure the target is untouched. What sections and keys there are is decided in
 * config_sections.c, whether they fit together in config_check.c. Nothing here logs.
 */
#ifndef SYNWARD_CONFIG_VALUES_H
#define SYNWARD_CONFIG_VALUES_H

#include "config.h"

/* Where a value stands. line = 0: on the command line, where `file` is the option's name. file =
 * NULL: it was said while the daemon runs, and the line stands alone. */
struct config_place {
	const char *file;
	unsigned int line;
	struct config_errors *errors;
};

void config_complain(const struct config_place *place, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The one of the words that is written almost like `word`, or NULL. The list ends with NULL. */
const char *config_nearest(const char *word, const char *const *words);

/* "a, b and c", cut where the buffer ends, which is returned. */
#define CONFIG_LIST_SIZE 256
const char *config_list(const char *const *words, char buffer[CONFIG_LIST_SIZE]);

/* Decimal digits only: no sign, no blanks, no other base. Returns how many bytes were taken, 0 if
 * none, or for a number that is 0 or above max. */
size_t value_digits(const char *text, __u32 max, __u32 *ret);

int value_interfaces(const struct config_place *place, const char *text, struct config *config);
int value_xdp_mode(const struct config_place *place, const char *text, struct config *config);
const char *xdp_mode_name(enum xdp_mode mode);
int value_control_socket(const struct config_place *place, const char *text, struct config *config);
int value_pin_path(const struct config_place *place, const char *text, struct config *config);
int value_on_stop(const struct config_place *place, const char *text, struct config *config);
const char *on_stop_name(enum on_stop on_stop);
int value_state_directory(const struct config_place *place, const char *text,
			  struct config *config);
int value_allow_file(const struct config_place *place, const char *text, struct config *config);
int value_deny_file(const struct config_place *place, const char *text, struct config *config);
int value_synack_per_prefix(const struct config_place *place, const char *text,
			    struct config *config);
int value_reply(const struct config_place *place, const char *text, struct config *config);
int value_max_flows(const struct config_place *place, const char *text, struct config *config);
int value_ports(const struct config_place *place, const char *text, struct service *service);
int value_addresses(const struct config_place *place, const char *text, struct service *service);
int value_mode(const struct config_place *place, const char *text, struct service *service);
int value_server_first(const struct config_place *place, const char *text, struct service *service);

/* The keys of struct tunables, numbered from 0. Messages name the key. */
#define NR_TUNABLES 6
const char *tunable_key(size_t i);
void tunable_put(FILE *file, size_t i, const struct tunables *tunables);
bool tunable_is_live(size_t i); /* it may change while the daemon runs */
bool tunable_is_same(size_t i, const struct tunables *one, const struct tunables *other);
void tunable_copy(size_t i, const struct tunables *from, struct tunables *to);
int value_tunable(const struct config_place *place, size_t i, const char *text,
		  struct tunables *tunables);

#endif
