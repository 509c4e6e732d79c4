/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all verbs have in common: how they are called, and how they end.
 */
#ifndef SYNWARD_CLI_H
#define SYNWARD_CLI_H

#include "out.h"

enum cli_exit {
	CLI_DONE = 0,
	CLI_FAILED = 1,
	CLI_MISUSE = 2,
	CLI_NO_DAEMON = 3,
};

struct cli {
	const char *socket_path;
	enum out_format format;
};

/* A verb's words begin with itself. It prints what it has to say, errors too, and returns how it
 * ended. */
enum cli_exit cli_status(const struct cli *cli, int nr_words, char **words);
enum cli_exit cli_reasons(const struct cli *cli, int nr_words, char **words);

/* The one line that names a wrong word. Returns CLI_MISUSE. */
enum cli_exit cli_misuse(const char *word, const char *problem);

#endif
