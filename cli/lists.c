/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `synward allow` and `synward deny`: what is on that list, and changes of it, of one prefix after
 * the other on one connection, until one is refused. What a prefix is, the daemon says. '-' stands
 * for the lines of standard input: a blocklist as it is published.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "client.h"
#include "duration.h"
#include "json.h"
#include "proto.h"

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
	add_words(entries);
	out_table(cli->format, &list_table, entries);
	return CLI_DONE;
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

/* All of it, before the daemon is called: it waits for no terminal. NULL after a line. */
static char *read_stdin(void)
{
	char *text __cleanup(cleanup_free) = NULL;
	size_t nr_bytes = 0;
	FILE *all = open_memstream(&text, &nr_bytes);
	int c;

	while (all && (c = getchar()) != EOF)
		fputc(c, all);
	cleanup_file(&all);
	if (text && !ferror(stdin) && strlen(text) == nr_bytes)
		return take_ptr(text);
	fputs("synward: standard input cannot be read, or is no text\n", stderr);
	return NULL;
}

/* The first prefix of a line, which is cut there; "" without one. Comments begin with # or ;. */
static char *line_prefix(char *line)
{
	line[strcspn(line, "#;")] = '\0';
	line += strspn(line, " \t\r");
	line[strcspn(line, " \t\r")] = '\0';
	return line;
}

static enum cli_exit change_lines(const struct order *order, char *text)
{
	enum cli_exit end = CLI_DONE;
	unsigned int nr = 0;
	char *line;

	while (!end && (line = strsep(&text, "\n"))) {
		const char *prefix = line_prefix(line);

		nr++;
		if (*prefix)
			end = change(order, prefix);
	}
	if (end)
		fprintf(stderr,
			"synward: stopped at line %u of standard input; those before it are %s\n",
			nr, order->is_add ? "added" : "deleted");
	return end;
}

static enum cli_exit change_words(const struct cli *cli, struct order *order, char **prefixes)
{
	struct client *client __cleanup(cleanup_client) = NULL;
	char *text __cleanup(cleanup_free) = NULL;
	enum cli_exit end;

	if (!strcmp(prefixes[0], "-")) {
		if (prefixes[1])
			return cli_misuse(prefixes[1], "is not expected after -");
		text = read_stdin();
		if (!text)
			return CLI_FAILED;
	}
	end = client_open(cli, &client);
	order->client = client;
	if (!end && text)
		return change_lines(order, text);
	for (; !end && *prefixes; prefixes++)
		end = change(order, *prefixes);
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
	int err;

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
	err = duration ? duration_parse(duration, PROTO_LIST_SECONDS_MAX, &order.seconds) : 0;
	if (err)
		return cli_misuse(duration, err == -ERANGE ? "is more than 365d" :
							     "is no duration: 90s, 10m, 2h, 1d");
	return change_words(cli, &order, words + 1);
}

enum cli_exit cli_allow(const struct cli *cli, char **words)
{
	return run(cli, "allow", words + 1);
}

enum cli_exit cli_deny(const struct cli *cli, char **words)
{
	return run(cli, "deny", words + 1);
}
