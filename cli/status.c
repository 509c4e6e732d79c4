/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `synward status`: is it protecting, and if not, why not; then the counters. The first line
 * answers the first question without scrolling. `synward reasons`: what each verdict means; it
 * needs no daemon.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "client.h"
#include "json.h"
#include "names.h"
#include "proto.h"

static const struct out_table daemon_table = {
	"daemon", (const struct out_column[]){ { "VERSION", "version", NULL, NULL },
					       { "UPTIME", "uptime_seconds", NULL, NULL },
					       { NULL, NULL, NULL, NULL } }
};

static const struct out_table interface_table = {
	"interface", (const struct out_column[]){ { "INTERFACE", "name", NULL, NULL },
						  { "XDP", "xdp_mode", NULL, NULL },
						  { "TC", "tc", NULL, NULL },
						  { "PATH", "path", NULL, NULL },
						  { NULL, "why", NULL, NULL },
						  { NULL, NULL, NULL, NULL } }
};

static const struct out_table service_table = {
	"service", (const struct out_column[]){ { "SERVICE", "name", NULL, NULL },
						{ "PORT", "port", NULL, NULL },
						{ "MODE", "mode", NULL, NULL },
						{ "STATE", "armed", "armed", "peace" },
						{ "SYNS", "syns", NULL, NULL },
						{ "COOKIES-SENT", "cookies_sent", NULL, NULL },
						{ "VALID", "cookies_valid", NULL, NULL },
						{ "INVALID", "cookies_invalid", NULL, NULL },
						{ NULL, NULL, NULL, NULL } }
};

static const struct out_table verdict_table = {
	"reason", (const struct out_column[]){ { "VERDICT", "name", NULL, NULL },
					       { "PACKETS", "packets", NULL, NULL },
					       { "FATE", "fate", NULL, NULL },
					       { "WHAT IT MEANS", "text", NULL, NULL },
					       { NULL, NULL, NULL, NULL } }
};

static const struct out_table reason_table = {
	"reason", (const struct out_column[]){ { "VERDICT", "name", NULL, NULL },
					       { "FATE", "fate", NULL, NULL },
					       { "WHAT IT MEANS", "text", NULL, NULL },
					       { NULL, NULL, NULL, NULL } }
};

/* The actions of reasons.h in the operator's words. */
static const char *fate(const char *action)
{
	static const char *const words[][2] = {
		{ "PASS", "passed" }, { "DROP", "dropped" }, { "TX", "answered" }, { "NEXT", "-" }
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i][0], action))
			return words[i][1];
	return action;
}

/* A reason of a newer daemon has no words here, and still its count. */
static json_t *verdict_row(const char *name, json_t *count)
{
	const struct reason_words *words = reason_words(reason_find(name));

	return json_pack("{s:s, s:O, s:s, s:s}", "name", name, "packets", count, "fate",
			 words ? fate(words->action) : "-", "text", words ? words->text : "-");
}

/* The reasons that were given at least once; for scripts all of them. */
static json_t *verdict_rows(const json_t *status, enum out_format format)
{
	json_t *rows = json_array(), *count;
	const char *name;

	json_object_foreach (json_object_get(status, "reasons"), name, count)
		if (format == OUT_TABS || json_integer_value(count))
			json_array_append_new(rows, verdict_row(name, count));
	return rows;
}

static void print_duration(long long seconds)
{
	if (seconds >= 86400)
		printf("%lld d %lld h", seconds / 86400, seconds / 3600 % 24);
	else if (seconds >= 3600)
		printf("%lld h %lld min", seconds / 3600, seconds / 60 % 60);
	else if (seconds >= 60)
		printf("%lld min %lld s", seconds / 60, seconds % 60);
	else
		printf("%lld s", seconds);
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key)) ?: "-";
}

static bool answers(const json_t *interface)
{
	return !strcmp(text_of(interface, "path"), "cookie");
}

/* "synwardd 0.1, up 2 h 13 min: 2 of 3 services armed, SYNs answered on 1 of 2 interfaces" */
static void print_summary(const json_t *status)
{
	const json_t *interfaces = json_object_get(status, "interfaces");
	const json_t *services = json_object_get(status, "services"), *item;
	size_t nr_armed = 0, nr_answering = 0, i;
	bool is_good;

	json_array_foreach ((json_t *)services, i, item)
		nr_armed += json_is_true(json_object_get(item, "armed"));
	json_array_foreach ((json_t *)interfaces, i, item)
		nr_answering += answers(item);
	is_good = nr_answering == json_array_size(interfaces);

	printf("%ssynwardd %s%s, up ", out_style(OUT_BOLD), text_of(status, "version"),
	       out_style(OUT_PLAIN));
	print_duration(json_integer_value(json_object_get(status, "uptime_seconds")));
	printf(": %zu of %zu service ports armed, %sSYNs can be answered on %zu of %zu "
	       "interfaces%s\n",
	       nr_armed, json_array_size(services), out_style(is_good ? OUT_GOOD : OUT_BAD),
	       nr_answering, json_array_size(interfaces), out_style(OUT_PLAIN));
	json_array_foreach ((json_t *)interfaces, i, item)
		if (!answers(item))
			printf("%s%s: not answering%s: %s\n", out_style(OUT_BAD),
			       text_of(item, "name"), out_style(OUT_PLAIN), text_of(item, "why"));
	putchar('\n');
}

static void print_status(const json_t *status, enum out_format format)
{
	json_t *verdicts __cleanup(cleanup_json) = verdict_rows(status, format);
	const struct {
		const struct out_table *table;
		const json_t *rows;
	} parts[] = {
		{ &interface_table, json_object_get(status, "interfaces") },
		{ &service_table, json_object_get(status, "services") },
		{ &verdict_table, verdicts },
	};
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (i && format == OUT_TEXT && json_array_size(parts[i].rows))
			putchar('\n');
		out_table(format, parts[i].table, parts[i].rows);
	}
}

enum cli_exit cli_status(const struct cli *cli, int nr_words, char **words)
{
	json_t *status __cleanup(cleanup_json) = NULL;
	json_t *daemon __cleanup(cleanup_json) = NULL;
	enum cli_exit end;

	if (nr_words > 1)
		return cli_misuse(words[1], "is not expected after status");
	end = client_call(cli, PROTO_STATUS, &status);
	if (end)
		return end;
	switch (cli->format) {
	case OUT_JSON:
	case OUT_PRETTY:
		out_json(cli->format, status);
		return CLI_DONE;
	case OUT_TABS:
		daemon = json_pack("[O]", status);
		out_table(OUT_TABS, &daemon_table, daemon);
		break;
	case OUT_TEXT:
		print_summary(status);
		break;
	}
	print_status(status, cli->format);
	return CLI_DONE;
}

enum cli_exit cli_reasons(const struct cli *cli, int nr_words, char **words)
{
	json_t *rows __cleanup(cleanup_json) = json_array();
	const struct reason_words *reason;
	char name[REASON_NAME_SIZE];
	unsigned int i;

	if (nr_words > 1)
		return cli_misuse(words[1], "is not expected after reasons");
	for (i = 0; (reason = reason_words(i)); i++)
		json_array_append_new(rows, json_pack("{s:s, s:s, s:s}", "name",
						      reason_name(i, name), "fate",
						      fate(reason->action), "text", reason->text));
	if (cli->format == OUT_JSON || cli->format == OUT_PRETTY)
		out_json(cli->format, rows);
	else
		out_table(cli->format, &reason_table, rows);
	return CLI_DONE;
}
