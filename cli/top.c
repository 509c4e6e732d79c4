/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `synward top`: the screen to keep open during an attack; where there is no terminal, or JSON or
 * tabs are wanted, a line for each look. Who begins without synwardd is told so, as by any verb;
 * once it was there it may go and come back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "client.h"
#include "json.h"
#include "proto.h"
#include "terminal.h"
#include "top_lines.h"
#include "top_model.h"
#include "top_screen.h"

#define INTERVAL_MAX 3600U
#define COUNT_MAX 1000000000UL

static void cleanup_top(struct top *top)
{
	top_free(top);
}

static struct timespec now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now;
}

/* Prints what fails. */
static enum cli_exit look(const struct cli *cli, struct top *top)
{
	json_t *status = NULL;
	enum cli_exit end = client_ask(cli, PROTO_STATUS, json_object(), &status);
	struct timespec at = now();

	if (end)
		return end;
	if (!top_update(top, status, (double)at.tv_sec + (double)at.tv_nsec / 1e9))
		return CLI_DONE;
	json_decref(status);
	fputs("synward: no memory\n", cli->complaints ?: stderr);
	return CLI_FAILED;
}

/* The next look, an interval after the last; what was slept through is not made up for. */
static void sleep_until(struct timespec *next, __u32 interval)
{
	const struct timespec is = now();

	next->tv_sec += interval;
	if (next->tv_sec < is.tv_sec || (next->tv_sec == is.tv_sec && next->tv_nsec < is.tv_nsec))
		*next = (struct timespec){ is.tv_sec + interval, is.tv_nsec };
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, next, NULL) == EINTR)
		;
}

/* That synwardd is away is said once, and that it is back. */
static enum cli_exit lines(const struct cli *cli, struct top *top, __u32 interval,
			   unsigned long count)
{
	FILE *nowhere __cleanup(cleanup_file) = fopen("/dev/null", "we");
	struct cli quiet = *cli;
	struct timespec next = now();
	enum cli_exit end = CLI_DONE, before;
	unsigned long i;

	quiet.complaints = nowhere;
	for (i = 0; !count || i < count; i++) {
		sleep_until(&next, interval);
		before = end;
		end = look(before ? &quiet : cli, top);
		if (!end && before)
			fputs("synward: synwardd answers again\n", stderr);
		if (end)
			continue;
		top_print(cli->format, top);
		if (fflush(stdout))
			return CLI_DONE; /* main() says what is wrong */
	}
	return end;
}

/* --count; 0 without it. */
static enum cli_exit count_parse(const struct cli *cli, unsigned long *ret)
{
	const char *text = cli->options[CLI_COUNT];

	*ret = 0;
	if (text && !cli_number(text, COUNT_MAX, ret))
		return cli_misuse(text, "is no count of looks, 1 to 1000000000");
	return CLI_DONE;
}

enum cli_exit cli_top(const struct cli *cli, char **words)
{
	struct top top __cleanup(cleanup_top) = { .only = cli->options[CLI_SERVICE] };
	unsigned long count;
	__u32 interval = 1;
	enum cli_exit end;

	(void)words;
	end = cli_duration(cli, CLI_INTERVAL, INTERVAL_MAX, &interval) ?: count_parse(cli, &count);
	if (!end)
		end = look(cli, &top);
	if (end)
		return end;
	if (top.only && !top.nr_rows)
		return cli_misuse(top.only, "is no service");
	if (cli->format == OUT_TEXT && terminal_is_there())
		return top_screen(cli, &top, interval, count);
	return lines(cli, &top, interval, count);
}
