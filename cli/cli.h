/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all verbs have in common: how they are called, and how they end.
 */
#ifndef SYNWARD_CLI_H
#define SYNWARD_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include "duration.h"
#include "out.h"

enum cli_exit {
	CLI_DONE = 0,
	CLI_FAILED = 1,
	CLI_MISUSE = 2,
	CLI_NO_DAEMON = 3,
};

/* Options that only some verbs have; which is said in main.c. */
enum cli_option {
	CLI_STATE,
	CLI_SERVICE,
	CLI_LIMIT,
	CLI_FOR,
	CLI_PERSIST,
	CLI_NO_SELF_TEST,
	CLI_INTERVAL,
	CLI_COUNT,
	CLI_NOW,
	CLI_CONFIRM,
	CLI_CONFIG,
	CLI_SOURCE,
	CLI_PORT,
	CLI_PCAP,
	NR_CLI_OPTIONS,
};

struct cli {
	const char *socket_path;
	enum out_format format;
	const char *options[NR_CLI_OPTIONS]; /* values, "" without one; NULL: not given */
	FILE *complaints;                    /* of calls to synwardd; NULL: stderr */
};

/*
 * A verb's words begin with itself, and are as many as main.c says. It prints what it has to say,
 * errors too, and returns how it ended.
 */
typedef enum cli_exit cli_verb(const struct cli *cli, char **words);

cli_verb cli_metrics, cli_status, cli_reasons, cli_handshakes, cli_thresholds, cli_monitor;
cli_verb cli_allow, cli_deny;
cli_verb cli_doctor, cli_top, cli_trace, cli_version;
cli_verb cli_config, cli_reload;
cli_verb cli_attach, cli_confirm, cli_detach;
cli_verb cli_set, cli_arm, cli_disarm, cli_mode, cli_key;

/* The one line that names a wrong word. Returns CLI_MISUSE. */
enum cli_exit cli_misuse(const char *word, const char *problem);

/* An option's duration in seconds; *ret_seconds is untouched without it. CLI_MISUSE after a line.
 */
static inline enum cli_exit cli_duration(const struct cli *cli, enum cli_option option,
					 __u32 max_seconds, __u32 *ret_seconds)
{
	const char *duration = cli->options[option];
	char problem[96], longest[DURATION_SIZE];

	if (!duration || !duration_parse(duration, max_seconds, ret_seconds))
		return CLI_DONE;
	snprintf(problem, sizeof(problem),
		 "is no duration of 1s to %s: 90s, 10m, 2h, 1d; a number alone is seconds",
		 duration_format(max_seconds, longest));
	return cli_misuse(duration, problem);
}

/* A number alone, of decimal digits, 1 to @max. Returns false for what is none. */
static inline bool cli_number(const char *text, unsigned long max, unsigned long *ret)
{
	unsigned long number = 0;

	for (; *text >= '0' && *text <= '9' && number <= max; text++)
		number = number * 10 + (unsigned long)(*text - '0');
	if (*text || !number || number > max)
		return false;
	*ret = number;
	return true;
}

/* --for in seconds. */
static inline enum cli_exit cli_seconds(const struct cli *cli, __u32 max_seconds,
					__u32 *ret_seconds)
{
	return cli_duration(cli, CLI_FOR, max_seconds, ret_seconds);
}

#endif
