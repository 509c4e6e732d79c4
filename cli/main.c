/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * synward: words to verbs. The table below is the whole command line; help is printed from it. A
 * verb may be shortened to any beginning that is no other's; without one it is `status`.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "proto.h"

static enum cli_exit cli_help(const struct cli *cli, int nr_words, char **words);
static enum cli_exit cli_version(const struct cli *cli, int nr_words, char **words);

static const struct verb {
	const char *name;
	enum cli_exit (*run)(const struct cli *cli, int nr_words, char **words);
	const char *help;
} verbs[] = {
	{ "status", cli_status, "is it protecting, why not, and what it counted" },
	{ "reasons", cli_reasons, "every verdict on a packet, and what it means" },
	{ "help", cli_help, "this" },
	{ "version", cli_version, "the version of synward" },
};

#define NR_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static const struct option long_options[] = {
	{ "socket", required_argument, NULL, 's' },
	{ "json", no_argument, NULL, 'j' },
	{ "pretty", no_argument, NULL, 'p' },
	{ "tabs", no_argument, NULL, 't' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

enum cli_exit cli_misuse(const char *word, const char *problem)
{
	fprintf(stderr, "synward: %s %s; see 'synward help'\n", word, problem);
	return CLI_MISUSE;
}

static enum cli_exit cli_help(const struct cli *cli, int nr_words, char **words)
{
	size_t i;

	(void)cli;
	if (nr_words > 1)
		return cli_misuse(words[1], "is not expected after help");
	printf("Usage: synward [OPTION...] [VERB]\n\n");
	for (i = 0; i < NR_VERBS; i++)
		printf("  %-9s %s%s\n", verbs[i].name, verbs[i].help, i ? "" : " (the default)");
	printf("\n"
	       "  -j, --json         JSON on one line\n"
	       "  -p, --pretty       indented JSON\n"
	       "  -t, --tabs         tab-separated lines\n"
	       "      --socket PATH  the control socket of synwardd (default %s)\n"
	       "\n"
	       "Exit status: 0 done, 1 failed, 2 misuse, 3 synwardd is not running.\n",
	       PROTO_SOCKET_DEFAULT);
	return CLI_DONE;
}

static enum cli_exit cli_version(const struct cli *cli, int nr_words, char **words)
{
	(void)cli;
	if (nr_words > 1)
		return cli_misuse(words[1], "is not expected after version");
	puts("synward " VERSION);
	return CLI_DONE;
}

/* The verb of that name or that alone begins so; NULL after a line when there is none. */
static const struct verb *verb_find(const char *word)
{
	const struct verb *found = NULL;
	bool is_unique = true;
	size_t i;

	for (i = 0; i < NR_VERBS; i++) {
		if (!strcmp(verbs[i].name, word))
			return &verbs[i];
		if (strncmp(verbs[i].name, word, strlen(word)))
			continue;
		is_unique = !found;
		found = &verbs[i];
	}
	if (*word && found && is_unique)
		return found;
	cli_misuse(*word ? word : "''", found ? "begins several verbs" : "is no verb");
	return NULL;
}

static enum cli_exit run(int argc, char **argv)
{
	struct cli cli = { .socket_path = PROTO_SOCKET_DEFAULT, .format = OUT_TEXT };
	const struct verb *verb = &verbs[0];
	int option, at;

	opterr = 0;
	while (at = optind, (option = getopt_long(argc, argv, ":jpthV", long_options, NULL)) >= 0) {
		switch (option) {
		case 's':
			cli.socket_path = optarg;
			break;
		case 'j':
			cli.format = OUT_JSON;
			break;
		case 'p':
			cli.format = OUT_PRETTY;
			break;
		case 't':
			cli.format = OUT_TABS;
			break;
		case 'h':
			return cli_help(&cli, 0, NULL);
		case 'V':
			return cli_version(&cli, 0, NULL);
		case ':':
			return cli_misuse(argv[optind - 1], "needs a value");
		default:
			return cli_misuse(argv[optind > at ? optind - 1 : at],
					  "is no option that is known");
		}
	}
	if (optind < argc)
		verb = verb_find(argv[optind]);
	return verb ? verb->run(&cli, argc - optind, argv + optind) : CLI_MISUSE;
}

int main(int argc, char **argv)
{
	enum cli_exit end = run(argc, argv);

	if (!end && (fflush(stdout) || ferror(stdout))) {
		perror("synward: output");
		return CLI_FAILED;
	}
	return (int)end;
}
