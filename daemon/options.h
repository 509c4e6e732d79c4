/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * synwardd's command line: what it is asked to do, and from where its config comes. What the values
 * may be is decided in config.c. options_parse() prints the one line that names a wrong word; the
 * rest prints nothing.
 */
#ifndef SYNWARD_OPTIONS_H
#define SYNWARD_OPTIONS_H

#include <stdio.h>

#include "config.h"

enum options_verb {
	OPTIONS_RUN,
	OPTIONS_CHECK, /* is the config good? */
	OPTIONS_HELP,
	OPTIONS_VERSION,
};

struct options {
	enum options_verb verb;
	const char *config_path; /* NULL: the quick start */
	struct config_args args; /* of the quick start */
};

/* Strings in *ret are argv's. Returns 0, or -EINVAL after a line; then *ret is untouched. */
int options_parse(int argc, char **argv, struct options *ret);

/* The config that the options name: as config_load() and config_from_args(). */
int options_config(const struct options *options, struct config *ret, struct config_errors *errors);

void options_usage(FILE *file);

#endif
