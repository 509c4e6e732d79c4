/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * synward: words to verbs. The two tables below are the whole command line; help is printed from
 * them. A verb may be shortened to any beginning that is no other's; without one it is `status`.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "proto.h"

static cli_verb cli_help, cli_version;

#define WITH(option) (1U << (option))

static const struct verb {
	const char *name;
	const char *words;    /* that it needs, separated by blanks; "[...]": it looks itself */
	unsigned int options; /* WITH() each that it may have */
	cli_verb *run;
	const char *help;
} verbs[] = {
	{ "status", "", 0, cli_status, "is it protecting, why not, and what it counted" },
	{ "handshakes", "", WITH(CLI_STATE) | WITH(CLI_SERVICE) | WITH(CLI_LIMIT), cli_handshakes,
	  "half-open and known connections" },
	{ "thresholds", "", 0, cli_thresholds, "what arms each service, and where that is from" },
	{ "monitor", "", 0, cli_monitor, "attacks as they begin and end, until Ctrl-C" },
	{ "metrics", "", 0, cli_metrics, "the same as status, as Prometheus text" },
	{ "set", "SERVICE KEY VALUE", WITH(CLI_PERSIST), cli_set,
	  "change a key of the config file: arm-half-open 400" },
	{ "arm", "SERVICE", WITH(CLI_FOR), cli_arm, "answer its SYNs with cookies from now on" },
	{ "disarm", "SERVICE", 0, cli_disarm, "end that" },
	{ "mode", "SERVICE MODE", WITH(CLI_PERSIST), cli_mode, "off, monitor, auto or always" },
	{ "allow", "[list|add|del PREFIX...]", WITH(CLI_FOR), cli_allow,
	  "whose SYNs go to the kernel; '-' as PREFIX: many, from stdin" },
	{ "deny", "[list|add|del PREFIX...]", WITH(CLI_FOR), cli_deny,
	  "whose SYNs are dropped; '-' as PREFIX: many, from stdin" },
	{ "doctor", "", WITH(CLI_NO_SELF_TEST), cli_doctor,
	  "all that keeps protection from working, and what helps" },
	{ "reasons", "", 0, cli_reasons, "every verdict on a packet, and what it means" },
	{ "help", "[VERB]", 0, cli_help, "this, or what belongs to one verb" },
	{ "version", "", 0, cli_version, "the version of synward" },
};

static const struct own_option {
	const char *name;
	const char *value; /* NULL: it takes none */
	const char *help;
} own_options[NR_CLI_OPTIONS] = {
	[CLI_STATE] = { "state", "STATE", "syn-recv, established, handed-off or closing" },
	[CLI_SERVICE] = { "service", "NAME", "of that service alone" },
	[CLI_LIMIT] = { "limit", "N", "so many at most (default 1000)" },
	[CLI_FOR] = { "for", "DURATION", "and no longer: 90s (or 90), 10m, 2h, 1d; up to 365d" },
	[CLI_NO_SELF_TEST] = { "no-self-test", NULL, "without a handshake of its own" },
	[CLI_PERSIST] = { "persist", NULL, "keep it in a drop-in beside the config file" },
};

static const struct option common_options[] = {
	{ "socket", required_argument, NULL, 's' }, { "json", no_argument, NULL, 'j' },
	{ "pretty", no_argument, NULL, 'p' },       { "tabs", no_argument, NULL, 't' },
	{ "help", no_argument, NULL, 'h' },         { "version", no_argument, NULL, 'V' },
};

#define NR_VERBS (sizeof(verbs) / sizeof(verbs[0]))
#define NR_COMMON (sizeof(common_options) / sizeof(common_options[0]))
#define IN_ORDER 1     /* getopt's value of what is no option */
#define OWN_OPTION 256 /* getopt's value of the first; behind all letters */

/* ---- help ---- */

enum cli_exit cli_misuse(const char *word, const char *problem)
{
	fprintf(stderr, "synward: %s %s; see 'synward help'\n", *word ? word : "''", problem);
	return CLI_MISUSE;
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
	cli_misuse(word, found ? "begins several verbs" : "is no verb");
	return NULL;
}

static void help_option(unsigned int option)
{
	const struct own_option *own = &own_options[option];
	char usage[32];

	snprintf(usage, sizeof(usage), "%s %s", own->name, own->value ?: "");
	printf("      --%-18s %s", usage, own->help);
}

static void help_option_verbs(unsigned int option)
{
	const char *before = " (";
	size_t i;

	for (i = 0; i < NR_VERBS; i++) {
		if (verbs[i].options & WITH(option)) {
			printf("%s%s", before, verbs[i].name);
			before = ", ";
		}
	}
	putchar(')');
}

static void help_common(void)
{
	printf("\n"
	       "  -j, --json               JSON on one line\n"
	       "  -p, --pretty             indented JSON\n"
	       "  -t, --tabs               tab-separated lines\n"
	       "      --socket PATH        the control socket of synwardd (default\n"
	       "                           %s)\n"
	       "\n"
	       "Exit status: 0 done, 1 failed, 2 misuse, 3 synwardd is not running.\n",
	       PROTO_SOCKET_DEFAULT);
}

static void help_verb(const struct verb *verb)
{
	unsigned int option;

	printf("Usage: synward [OPTION...] %s%s%s\n\n  %s\n", verb->name, *verb->words ? " " : "",
	       verb->words, verb->help);
	if (verb->options)
		putchar('\n');
	for (option = 0; option < NR_CLI_OPTIONS; option++) {
		if (verb->options & WITH(option)) {
			help_option(option);
			putchar('\n');
		}
	}
	help_common();
}

static void help_all(void)
{
	unsigned int option;
	char usage[48];
	size_t i;

	printf("Usage: synward [OPTION...] [VERB [WORD...]]\n\n");
	for (i = 0; i < NR_VERBS; i++) {
		snprintf(usage, sizeof(usage), "%s %s", verbs[i].name, verbs[i].words);
		printf("  %-30s %s%s\n", usage, verbs[i].help, i ? "" : " (the default)");
	}
	putchar('\n');
	for (option = 0; option < NR_CLI_OPTIONS; option++) {
		help_option(option);
		help_option_verbs(option);
		putchar('\n');
	}
	help_common();
}

static enum cli_exit cli_help(const struct cli *cli, char **words)
{
	const struct verb *verb;

	(void)cli;
	if (!words || !words[1]) {
		help_all();
		return CLI_DONE;
	}
	if (words[2])
		return cli_misuse(words[2], "is not expected after the verb of help");
	verb = verb_find(words[1]);
	if (!verb)
		return CLI_MISUSE;
	help_verb(verb);
	return CLI_DONE;
}

static enum cli_exit cli_version(const struct cli *cli, char **words)
{
	(void)cli;
	(void)words;
	puts("synward " VERSION);
	return CLI_DONE;
}

/* ---- words ---- */

static int count_words(const char *words)
{
	int nr = *words != '\0';

	for (; *words; words++)
		nr += *words == ' ';
	return nr;
}

/* Does the verb have what it needs, and nothing else? */
static enum cli_exit verb_check(const struct verb *verb, const struct cli *cli, int nr_words,
				char **words)
{
	const int nr_needed = count_words(verb->words), nr_given = nr_words ? nr_words - 1 : 0;
	char word[32], problem[64];
	unsigned int option;

	for (option = 0; option < NR_CLI_OPTIONS; option++) {
		if (!cli->options[option] || verb->options & WITH(option))
			continue;
		snprintf(word, sizeof(word), "--%s", own_options[option].name);
		snprintf(problem, sizeof(problem), "is no option of %s", verb->name);
		return cli_misuse(word, problem);
	}
	if (verb->words[0] == '[')
		return CLI_DONE;
	if (nr_given < nr_needed) {
		snprintf(problem, sizeof(problem), "needs %s", verb->words);
		return cli_misuse(verb->name, problem);
	}
	if (nr_given > nr_needed) {
		snprintf(problem, sizeof(problem), "is not expected after %s", verb->name);
		return cli_misuse(words[nr_needed + 1], problem);
	}
	return CLI_DONE;
}

static void options_all(struct option all[NR_COMMON + NR_CLI_OPTIONS + 1])
{
	int i;

	memcpy(all, common_options, sizeof(common_options));
	for (i = 0; i < NR_CLI_OPTIONS; i++)
		all[NR_COMMON + i] =
			(struct option){ own_options[i].name,
					 own_options[i].value ? required_argument : no_argument,
					 NULL, OWN_OPTION + i };
	all[NR_COMMON + NR_CLI_OPTIONS] = (struct option){ 0 };
}

static enum cli_exit run(int argc, char **argv)
{
	struct cli cli = { .socket_path = PROTO_SOCKET_DEFAULT, .format = OUT_TEXT };
	struct option all[NR_COMMON + NR_CLI_OPTIONS + 1];
	const struct verb *verb = &verbs[0];
	int option, at, nr_words = 0;
	char **words = argv + 1;
	enum cli_exit end;

	options_all(all);
	opterr = 0;
	/* '-': in the order they are given, so that the word at hand is always argv[at]. */
	while (at = optind ?: 1, (option = getopt_long(argc, argv, "-:jpthV", all, NULL)) >= 0) {
		if (option >= OWN_OPTION) {
			cli.options[option - OWN_OPTION] = optarg ?: "";
			continue;
		}
		switch (option) {
		case IN_ORDER:
			words[nr_words++] = optarg; /* at its own place, or one that was read */
			break;
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
			return cli_help(&cli, NULL);
		case 'V':
			return cli_version(&cli, NULL);
		case ':':
			return cli_misuse(argv[at], "needs a value");
		default:
			return cli_misuse(argv[at], "is no option that is known");
		}
	}
	while (optind < argc) /* behind -- */
		words[nr_words++] = argv[optind++];
	words[nr_words] = NULL;
	if (nr_words)
		verb = verb_find(words[0]);
	if (!verb)
		return CLI_MISUSE;
	end = verb_check(verb, &cli, nr_words, words);
	return end ?: verb->run(&cli, words);
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
