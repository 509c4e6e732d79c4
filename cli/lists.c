/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `synward allow` and `synward deny`: what is on that list, and changes of it, of one prefix after
 * the other on one connection, until one is refused. '-' stands for the lines of standard input: a
 * blocklist as it is published.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "cli.h"
#include "client.h"
#include "json.h"
#include "prefix.h"
#include "proto.h"

#define LINE_BYTES_MAX 4096 /* a prefix is short, but a comment may stand behind it */
#define BLANKS " \t\r"

static const struct out_table list_table = {
	"prefix",
	(const struct out_column[]){
		OUT_TABS_COLUMN("list"),
		OUT_COLUMN("PREFIX", "prefix"),
		OUT_COLUMN("FROM", "source"),
		OUT_TEXT_COLUMN("ENDS IN", "ends_in"),
		OUT_TABS_COLUMN("expires_seconds"),
		OUT_END,
	},
};

/* ---- to look ---- */

static void add_words(json_t *entries)
{
	char duration[OUT_NUMBER_SIZE];
	json_t *entry;
	size_t i;

	json_array_foreach (entries, i, entry) {
		const json_t *left = json_object_get(entry, "expires_seconds");

		if (json_is_integer(left))
			json_object_set_new(
				entry, "ends_in",
				json_string(out_duration(json_integer_value(left), duration)));
	}
}

static enum cli_exit fetch(const struct cli *cli, const char *list, json_t *entries)
{
	struct client *client __cleanup(cleanup_client) = NULL;
	enum cli_exit end = client_open(cli, &client);
	json_int_t from = 0;
	bool is_end = false;

	while (!end && !is_end) {
		json_t *reply __cleanup(cleanup_json) = NULL;
		const json_t *next;

		end = client_call(client, PROTO_LIST,
				  json_pack("{s:s, s:I}", "list", list, "from", from), &reply);
		json_array_extend(entries, json_object_get(reply, "entries"));
		next = json_object_get(reply, "next");
		is_end = !json_is_integer(next);
		from = json_integer_value(next);
	}
	return end;
}

static enum cli_exit show(const struct cli *cli, const char *list)
{
	json_t *entries __cleanup(cleanup_json) = json_array();
	json_t *all __cleanup(cleanup_json) = NULL;
	enum cli_exit end = fetch(cli, list, entries);

	if (end)
		return end;
	if (cli->format == OUT_JSON || cli->format == OUT_PRETTY) {
		all = json_pack("{s:O}", "entries", entries);
		out_json(cli->format, all);
		return CLI_DONE;
	}
	if (cli->format == OUT_TEXT && !json_array_size(entries)) {
		printf("nothing is on the %s list\n", list);
		return CLI_DONE;
	}
	add_words(entries);
	out_table(cli->format, &list_table, entries);
	return CLI_DONE;
}

/* ---- which ---- */

/*
 * All that a command names are read and checked before one of them is sent, so that a bad one
 * changes nothing. Lines are those of the daemon's allow-file and deny-file; neither a line nor
 * their number is without end, whatever standard input is.
 */
struct prefixes {
	const char *done; /* what is to happen to them: "added" */
	struct named *all;
	size_t nr;
};

struct named {
	char text[PREFIX_SIZE]; /* as the user wrote it */
	unsigned int line;      /* of standard input; 0: it is a word */
};

/* `line`: as in struct named. */
__attribute__((format(printf, 3, 4))) static enum cli_exit refuse(const struct prefixes *prefixes,
								  unsigned int line,
								  const char *format, ...)
{
	va_list args;

	fprintf(stderr, "synward: nothing is %s: ", prefixes->done);
	if (line)
		fprintf(stderr, "line %u of standard input: ", line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return CLI_MISUSE;
}

static enum cli_exit append(struct prefixes *prefixes, const char *text, unsigned int line)
{
	struct named *one = &prefixes->all[prefixes->nr];
	char why[PREFIX_WHY_SIZE];
	struct prefix prefix;

	if (prefixes->nr == LIST_ENTRIES_MAX)
		return refuse(prefixes, line,
			      "more than %d prefixes; the lists hold no more, so list shorter "
			      "prefixes that cover several",
			      LIST_ENTRIES_MAX);
	if (prefix_parse(text, &prefix, why))
		return refuse(prefixes, line, "%s", why);
	snprintf(one->text, sizeof(one->text), "%s", text);
	one->line = line;
	prefixes->nr++;
	return CLI_DONE;
}

/*
 * The next line, without its end. Returns 1, or 0 when there is none, -EMSGSIZE when it is too
 * long, -EBADMSG when it is no text, or another -errno.
 */
static int read_line(char line[LINE_BYTES_MAX + 1])
{
	bool is_text = true;
	size_t nr = 0;
	int c;

	while ((c = getchar()) != EOF && c != '\n') {
		if (nr == LINE_BYTES_MAX)
			return -EMSGSIZE;
		is_text &= !iscntrl(c) || isspace(c);
		line[nr++] = (char)c;
	}
	line[nr] = '\0';
	if (ferror(stdin))
		return errno ? -errno : -EIO;
	if (!is_text)
		return -EBADMSG;
	return c != EOF || nr;
}

static enum cli_exit take_line(struct prefixes *prefixes, char *line, unsigned int nr)
{
	const char *first, *second;
	char *rest;

	line[strcspn(line, "#;")] = '\0';
	first = strtok_r(line, BLANKS, &rest);
	second = first ? strtok_r(NULL, BLANKS, &rest) : NULL;
	if (second)
		return refuse(prefixes, nr,
			      "'%.64s' is not expected after %.64s; write one prefix a line",
			      second, first);
	return first ? append(prefixes, first, nr) : CLI_DONE;
}

static enum cli_exit read_lines(struct prefixes *prefixes)
{
	char line[LINE_BYTES_MAX + 1];
	enum cli_exit end = CLI_DONE;
	unsigned int nr = 0;
	int err = 1;

	while (!end) {
		nr++;
		err = read_line(line);
		if (err <= 0)
			break;
		end = take_line(prefixes, line, nr);
	}
	if (end || !err)
		return end;
	if (err == -EMSGSIZE)
		return refuse(prefixes, nr, "more than %d bytes; is this a list of prefixes?",
			      LINE_BYTES_MAX);
	if (err == -EBADMSG)
		return refuse(prefixes, nr, "this is no text; is this a list of prefixes?");
	refuse(prefixes, nr, "cannot be read: %s", strerror(-err));
	return CLI_FAILED;
}

/* `words` end with NULL; the word - alone stands for standard input. */
static enum cli_exit prefixes_read(struct prefixes *prefixes, char **words)
{
	enum cli_exit end = CLI_DONE;
	bool is_stdin = !strcmp(words[0], "-");

	if (is_stdin && words[1])
		return cli_misuse(words[1], "is not expected after -");
	prefixes->nr = 0;
	prefixes->all = calloc(LIST_ENTRIES_MAX, sizeof(*prefixes->all));
	if (!prefixes->all) {
		refuse(prefixes, 0, "%s", strerror(ENOMEM));
		return CLI_FAILED;
	}
	if (is_stdin)
		return read_lines(prefixes);
	for (; !end && *words; words++)
		end = append(prefixes, *words, 0);
	return end;
}

static void prefixes_free(struct prefixes *prefixes)
{
	free(prefixes->all);
}

/* ---- to change ---- */

struct order {
	const char *list;
	bool is_add;
	__u32 seconds; /* 0: for ever */
	struct client *client;
};

/* What the user may not expect. A change that is what was asked for says nothing. */
static void remark(const struct order *order, const char *prefix, const json_t *reply)
{
	const json_t *before = json_object_get(reply, "before");
	const json_t *after = json_object_get(reply, "after");
	const char *was = out_text_of(before, "list"), *is = out_text_of(after, "list");
	const bool was_in_file = !strcmp(out_text_of(before, "source"), "file");
	const bool is_in_file = !strcmp(out_text_of(after, "source"), "file");

	if (order->is_add && json_is_object(before) && strcmp(was, is))
		fprintf(stderr, "synward: %s was on the %s list%s; it is on the %s list now\n",
			prefix, was, was_in_file ? " by the config's file" : "", is);
	else if (order->is_add && is_in_file && order->seconds)
		fprintf(stderr,
			"synward: %s is on the %s list by the config's file, and stays there\n",
			prefix, is);
	if (order->is_add)
		return;
	if (!json_is_object(before))
		fprintf(stderr, "synward: %s is not on the %s list\n", prefix, order->list);
	else if (strcmp(was, order->list))
		fprintf(stderr, "synward: %s is not on the %s list but on the %s list\n", prefix,
			order->list, was);
	else if (json_is_object(after))
		fprintf(stderr, "synward: %s is on the %s list again, by the config's file\n",
			prefix, is);
	else if (was_in_file)
		fprintf(stderr,
			"synward: %s stands in the config's %s-file: take it out there too, or it "
			"is back when synwardd starts\n",
			prefix, order->list);
}

static enum cli_exit change(const struct order *order, const char *prefix)
{
	const char *method = order->is_add ? PROTO_LIST_ADD : PROTO_LIST_DELETE;
	json_t *parameters = json_pack("{s:s, s:s}", "list", order->list, "prefix", prefix);
	json_t *reply __cleanup(cleanup_json) = NULL;
	enum cli_exit end;

	if (parameters && order->seconds)
		json_object_set_new(parameters, "seconds", json_integer(order->seconds));
	end = client_call(order->client, method, parameters, &reply);
	if (!end)
		remark(order, prefix, reply);
	return end;
}

/* What a change of several has come to: the one at `nr_done` was refused. */
static void complain_stopped(const struct prefixes *prefixes, size_t nr_done)
{
	const struct named *one = &prefixes->all[nr_done];

	if (one->line)
		fprintf(stderr, "synward: stopped at line %u of standard input", one->line);
	else if (prefixes->nr > 1)
		fprintf(stderr, "synward: stopped at %s", one->text);
	else
		return; /* it has been said */
	fprintf(stderr, "; %s %s\n", nr_done ? "those before it are" : "nothing is",
		prefixes->done);
}

/* Words are read before the daemon is called: it waits for no terminal. */
static enum cli_exit change_all(const struct cli *cli, struct order *order, char **words)
{
	struct prefixes prefixes __cleanup(prefixes_free) = {
		.done = order->is_add ? "added" : "deleted",
	};
	struct client *client __cleanup(cleanup_client) = NULL;
	enum cli_exit end = prefixes_read(&prefixes, words) ?: client_open(cli, &client);
	size_t i;

	order->client = client;
	for (i = 0; !end && i < prefixes.nr; i++) {
		end = change(order, prefixes.all[i].text);
		if (end)
			complain_stopped(&prefixes, i);
	}
	return end;
}

/* ---- words ---- */

/* Sub-verbs may be shortened as verbs are. */
static bool is_word(const char *word, const char *whole)
{
	return *word && !strncmp(word, whole, strlen(word));
}

static enum cli_exit run(const struct cli *cli, const char *list, char **words)
{
	const char *verb = words[0] ?: "list", *duration = cli->options[CLI_FOR];
	struct order order = { .list = list, .is_add = is_word(verb, "add") };

	if (is_word(verb, "list")) {
		if (words[0] && words[1])
			return cli_misuse(words[1], "is not expected after list");
		if (duration)
			return cli_misuse("--for", "goes with add");
		return show(cli, list);
	}
	if (!order.is_add && !is_word(verb, "delete"))
		return cli_misuse(verb, "is none of add, del and list");
	if (!words[1])
		return cli_misuse(verb, "needs PREFIX..., or - for standard input");
	if (duration && !order.is_add)
		return cli_misuse("--for", "goes with add");
	return cli_seconds(cli, PROTO_LIST_SECONDS_MAX, &order.seconds) ?:
		       change_all(cli, &order, words + 1);
}

enum cli_exit cli_allow(const struct cli *cli, char **words)
{
	return run(cli, "allow", words + 1);
}

enum cli_exit cli_deny(const struct cli *cli, char **words)
{
	return run(cli, "deny", words + 1);
}
