/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `synward handshakes`: the flow table, page by page until the limit or its end. Which entries are
 * meant is the daemon's to know.
 */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "client.h"
#include "json.h"
#include "names.h"
#include "proto.h"

#define LIMIT_DEFAULT 1000
#define LIMIT_MAX 1000000
#define SECONDS_MAX 1e15 /* a longer age is none, and fits no integer */
#define ENDPOINT_SIZE 64 /* "[2001:db8:...]:65535" */

static const struct out_table handshake_table = {
	"handshake",
	(const struct out_column[]){
		OUT_TEXT_COLUMN("SOURCE", "from"),
		OUT_TEXT_COLUMN("DESTINATION", "to"),
		OUT_TABS_COLUMN("source"),
		OUT_TABS_COLUMN("source_port"),
		OUT_TABS_COLUMN("destination"),
		OUT_TABS_COLUMN("port"),
		OUT_COLUMN("SERVICE", "service"),
		OUT_TEXT_COLUMN("STATE", "state_word"),
		OUT_TABS_COLUMN("state"),
		OUT_COLUMN("BY", "accepted_by"),
		OUT_TEXT_COLUMN("AGE", "age"),
		OUT_TABS_COLUMN("age_seconds"),
		OUT_TABS_COLUMN("state_seconds"),
		OUT_END,
	},
};

static json_t *endpoint(const json_t *entry, const char *address_key, const char *port_key)
{
	const char *address = out_text_of(entry, address_key);
	const int port = (int)json_integer_value(json_object_get(entry, port_key));

	return json_sprintf(strchr(address, ':') ? "[%s]:%d" : "%s:%d", address, port);
}

/* As ss writes it: SYN-RECV. */
static json_t *state_word(const json_t *entry)
{
	char word[ENDPOINT_SIZE];
	size_t i;

	snprintf(word, sizeof(word), "%s", out_text_of(entry, "state"));
	for (i = 0; word[i]; i++)
		word[i] = word[i] == '_' ? '-' : (char)toupper((unsigned char)word[i]);
	return json_string(word);
}

/* Who finished it; nobody yet, or before our time. */
static const char *accepted_by(const json_t *entry)
{
	const char *by = out_text_of(entry, "accepted_by");

	return strcmp(by, "unknown") ? by : "-";
}

static json_t *age(const json_t *entry)
{
	const double seconds = json_number_value(json_object_get(entry, "age_seconds"));
	char duration[OUT_NUMBER_SIZE];

	if (!(seconds >= 60 && seconds < SECONDS_MAX))
		return json_sprintf("%.3f s", seconds);
	return json_string(out_duration((long long)seconds, duration));
}

/* What people see of an entry; there may be very many, so no more than that is kept. */
static json_t *text_row(const json_t *entry)
{
	return json_pack("{s:o, s:o, s:s, s:o, s:s, s:o}", "from",
			 endpoint(entry, "source", "source_port"), "to",
			 endpoint(entry, "destination", "port"), "service",
			 out_text_of(entry, "service"), "state_word", state_word(entry),
			 "accepted_by", accepted_by(entry), "age", age(entry));
}

static void rows_add(json_t *rows, const json_t *page, enum out_format format)
{
	json_t *entry;
	size_t i;

	json_array_foreach (page, i, entry) {
		json_t *row = format == OUT_TEXT ? text_row(entry) : json_incref(entry);

		json_array_append_new(rows, row);
	}
}

/* *ret_is_cut: the table goes on behind the limit. */
static enum cli_exit fetch(const struct cli *cli, size_t limit, json_t *rows, bool *ret_is_cut)
{
	struct client *client __cleanup(cleanup_client) = NULL;
	enum cli_exit end = client_open(cli, &client);
	json_int_t from = 0;
	bool is_end = false;

	while (!end && !is_end && json_array_size(rows) < limit) {
		const size_t nr_left = limit - json_array_size(rows);
		json_t *reply __cleanup(cleanup_json) = NULL;
		const json_t *next;

		end = client_call(
			client, PROTO_HANDSHAKES,
			json_pack("{s:s?, s:s?, s:I, s:I}", "state", cli->options[CLI_STATE],
				  "service", cli->options[CLI_SERVICE], "limit",
				  (json_int_t)(nr_left < PROTO_PAGE_MAX ? nr_left : PROTO_PAGE_MAX),
				  "from", from),
			&reply);
		rows_add(rows, json_object_get(reply, "handshakes"), cli->format);
		next = json_object_get(reply, "next");
		is_end = !json_is_integer(next);
		from = json_integer_value(next);
	}
	*ret_is_cut = !is_end;
	return end;
}

static int limit_parse(const char *text, size_t *ret)
{
	size_t limit = 0;

	for (; *text >= '0' && *text <= '9' && limit <= LIMIT_MAX; text++)
		limit = limit * 10 + (size_t)(*text - '0');
	if (*text || !limit || limit > LIMIT_MAX)
		return -EINVAL;
	*ret = limit;
	return 0;
}

/* In the spelling of the command line, which the daemon's own line does not have. */
static enum cli_exit no_such_state(const char *word)
{
	char problem[128] = "is no state; there are";
	enum flow_state state;
	size_t i, length = strlen(problem);
	const char *before = " ";

	for (i = 0; i < NAMES_COUNT(flow_state_words); i++) {
		if (flow_state_find(flow_state_words[i], &state))
			continue;
		length += (size_t)snprintf(problem + length, sizeof(problem) - length, "%s%s",
					   before, flow_state_words[i]);
		before = ", ";
	}
	for (i = 0; problem[i]; i++)
		if (problem[i] == '_')
			problem[i] = '-';
	return cli_misuse(word, problem);
}

enum cli_exit cli_handshakes(const struct cli *cli, char **words)
{
	json_t *rows __cleanup(cleanup_json) = json_array();
	json_t *all __cleanup(cleanup_json) = NULL;
	const char *limit_text = cli->options[CLI_LIMIT], *state_text = cli->options[CLI_STATE];
	enum flow_state state;
	size_t limit = LIMIT_DEFAULT;
	bool is_cut = false;
	enum cli_exit end;

	(void)words;
	if (limit_text && limit_parse(limit_text, &limit))
		return cli_misuse(limit_text, "is no limit: it is 1 to 1000000");
	if (state_text && flow_state_find(state_text, &state))
		return no_such_state(state_text);
	end = fetch(cli, limit, rows, &is_cut);
	if (end)
		return end;
	switch (cli->format) {
	case OUT_JSON:
	case OUT_PRETTY:
		all = json_pack("{s:O}", "handshakes", rows);
		out_json(cli->format, all);
		break;
	case OUT_TABS:
	case OUT_TEXT:
		out_table(cli->format, &handshake_table, rows);
		break;
	}
	if (is_cut && cli->format == OUT_TEXT)
		fprintf(stderr, "synward: there may be more than %zu; --limit N shows them\n",
			limit);
	return CLI_DONE;
}
