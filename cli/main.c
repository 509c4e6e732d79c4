/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * synward: words to verbs. The two tables below are the whole command line; help is printed from
 * them. A verb may be shortened to any beginning that is no other's; without one it is `status`.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../daemon/config.h"
#include "cli.h"
#include "json.h"
#include "names.h"
#include "proto.h"

static cli_verb cli_help;

#define WITH(option) (1U << (option))

static const struct verb {
	const char *name;
	const char *words;    /* that it needs, separated by blanks; "[...]": it looks itself */
	unsigned int options; /* WITH() each that it may have */
	cli_verb *run;
	const char *help;
} verbs[] = {
	{ "status", "", 0, cli_status, "is it protecting, why not, and what it counted" },
	{ "top", "", WITH(CLI_SERVICE) | WITH(CLI_INTERVAL) | WITH(CLI_COUNT), cli_top,
	  "status live, with rates, drops and sources, for an attack" },
	{ "handshakes", "", WITH(CLI_STATE) | WITH(CLI_SERVICE) | WITH(CLI_LIMIT), cli_handshakes,
	  "half-open and known connections" },
	{ "thresholds", "", 0, cli_thresholds, "what arms each service, and where that is from" },
	{ "monitor", "", 0, cli_monitor, "attacks as they begin and end, until Ctrl-C" },
	{ "trace", "",
	  WITH(CLI_SOURCE) | WITH(CLI_PORT) | WITH(CLI_PCAP) | WITH(CLI_COUNT) | WITH(CLI_FOR),
	  cli_trace, "single handshakes step by step, and why; until Ctrl-C" },
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
	{ "attach", "DEV", WITH(CLI_CONFIRM), cli_attach,
	  "protect a device more, or again, until synwardd stops" },
	{ "confirm", "", 0, cli_confirm, "keep what attach --confirm would take back" },
	{ "detach", "[DEV]", WITH(CLI_CONFIG), cli_detach,
	  "leave a device alone, or all; until attach, or a restart" },
	{ "config", "[check|show [FILE]]", 0, cli_config,
	  "the config files' errors; or each value, and where it is from" },
	{ "reload", "", 0, cli_reload,
	  "have synwardd read its config again, all of it or nothing" },
	{ "key", "[rotate]", WITH(CLI_NOW), cli_key,
	  "rotate: another key for cookies, and no handshake is lost" },
	{ "doctor", "", WITH(CLI_NO_SELF_TEST), cli_doctor,
	  "all that keeps protection from working, and what helps" },
	{ "reasons", "", 0, cli_reasons, "every verdict on a packet, how many, and what it means" },
	{ "help", "[VERB]", 0, cli_help, "this, or what belongs to one verb" },
	{ "version", "", 0, cli_version,
	  "what is installed and what runs: synward, synwardd, kernel, libbpf" },
};

static const struct own_option {
	const char *name;
	const char *value; /* NULL: it takes none */
	const char *help;
} own_options[NR_CLI_OPTIONS] = {
	[CLI_STATE] = { "state", "STATE", "syn-recv, established, handed-off or closing" },
	[CLI_SERVICE] = { "service", "NAME", "of that service alone" },
	[CLI_LIMIT] = { "limit", "N", "so many at most (default 1000)" },
	[CLI_FOR] = { "for", "DURATION", "and no longer: 90s, 10m, 2h, 1d; up to 365d" },
	[CLI_NO_SELF_TEST] = { "no-self-test", NULL, "without a handshake of its own" },
	[CLI_INTERVAL] = { "interval", "DURATION", "between two looks: 1s (the default) to 1h" },
	[CLI_NOW] = { "now", NULL, "at once: handshakes under way have to begin anew" },
	[CLI_CONFIRM] = { "confirm", "DURATION",
			  "taken back then (1s to 1h), unless 'synward confirm' follows" },
	[CLI_CONFIG] = { "config", "FILE", "whose pin-path is cleared when no synwardd runs" },
	[CLI_COUNT] = { "count", "N", "so many looks or packets, and no more" },
	[CLI_SOURCE] = { "source", "PREFIX", "packets from there: 203.0.113.7, 2001:db8::/32" },
	[CLI_PORT] = { "port", "N", "packets to that port, of a service or not" },
	[CLI_PCAP] = { "pcap", "FILE", "write the packets of both sides of XDP there, as pcapng" },
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

/* ---- the same for programs: completion, and the test that compares the documentation ---- */

static json_t *option_json(const char *name, const char *value, int letter, const char *help)
{
	char letters[2] = { (char)letter, '\0' };

	return json_pack("{s:s, s:s?, s:s*, s:s?}", "name", name, "value", value, "letter",
			 letter && letter != 's' ? letters : NULL, "help", help);
}

static json_t *options_json(void)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < NR_CLI_OPTIONS; i++)
		json_array_append_new(all, option_json(own_options[i].name, own_options[i].value, 0,
						       own_options[i].help));
	for (i = 0; i < NR_COMMON; i++)
		json_array_append_new(all, option_json(common_options[i].name,
						       common_options[i].has_arg ? "PATH" : NULL,
						       common_options[i].val, NULL));
	return all;
}

static json_t *verbs_json(void)
{
	json_t *all = json_array();
	size_t i, option;

	for (i = 0; i < NR_VERBS; i++) {
		json_t *options = json_array();

		for (option = 0; option < NR_CLI_OPTIONS; option++)
			if (verbs[i].options & WITH(option))
				json_array_append_new(options,
						      json_string(own_options[option].name));
		json_array_append_new(all, json_pack("{s:s, s:s, s:o, s:s}", "name", verbs[i].name,
						     "words", verbs[i].words, "options", options,
						     "help", verbs[i].help));
	}
	return all;
}

static void put_choice(json_t *all, const char *word, const char *choice)
{
	json_array_append_new(all, json_pack("{s:s, s:s}", "word", word, "choice", choice));
}

/* On the command line words have hyphens. */
static void put_state(json_t *all, const char *name)
{
	char word[32], *at;

	snprintf(word, sizeof(word), "%s", name);
	for (at = word; (at = strchr(at, '_'));)
		*at = '-';
	put_choice(all, "STATE", word);
}

/* What may stand for the words of the two tables, where that is known without a daemon. */
static json_t *choices_json(void)
{
	json_t *all = json_array();
	enum flow_state state;
	size_t i;

	for (i = 0; i < NAMES_COUNT(svc_mode_words); i++)
		put_choice(all, "MODE", svc_mode_words[i]);
	for (i = 0; i < NAMES_COUNT(flow_state_words); i++)
		if (!flow_state_find(flow_state_words[i], &state))
			put_state(all, flow_state_words[i]);
	for (i = 0; config_live_key(i); i++)
		put_choice(all, "KEY", config_live_key(i));
	for (i = 0; i < NR_VERBS; i++)
		put_choice(all, "VERB", verbs[i].name);
	return all;
}

/* Tabs are for the completion: an option of a verb is a line of its own. */
static void help_tabs(const json_t *verbs_array, const json_t *options, const json_t *choices)
{
	static const struct out_column of_verbs[] = { OUT_TABS_COLUMN("name"),
						      OUT_TABS_COLUMN("words"), OUT_END },
				       of_options[] = { OUT_TABS_COLUMN("name"),
							OUT_TABS_COLUMN("value"),
							OUT_TABS_COLUMN("letter"), OUT_END },
				       of_choices[] = { OUT_TABS_COLUMN("word"),
							OUT_TABS_COLUMN("choice"), OUT_END };
	size_t i, option;

	out_table(OUT_TABS, &(struct out_table){ "verb", of_verbs }, verbs_array);
	out_table(OUT_TABS, &(struct out_table){ "option", of_options }, options);
	out_table(OUT_TABS, &(struct out_table){ "choice", of_choices }, choices);
	for (i = 0; i < NR_VERBS; i++)
		for (option = 0; option < NR_CLI_OPTIONS; option++)
			if (verbs[i].options & WITH(option))
				printf("has\t%s\t%s\n", verbs[i].name, own_options[option].name);
}

static void help_table(enum out_format format)
{
	json_t *all __cleanup(cleanup_json) =
		json_pack("{s:o, s:o, s:o}", "verbs", verbs_json(), "options", options_json(),
			  "choices", choices_json());

	if (format == OUT_TABS)
		help_tabs(json_object_get(all, "verbs"), json_object_get(all, "options"),
			  json_object_get(all, "choices"));
	else
		out_json(format, all);
}

static enum cli_exit cli_help(const struct cli *cli, char **words)
{
	const struct verb *verb;

	if (cli->format != OUT_TEXT) {
		help_table(cli->format);
		return CLI_DONE;
	}
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
			return puts("synward " VERSION) < 0 ? CLI_FAILED : CLI_DONE;
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
