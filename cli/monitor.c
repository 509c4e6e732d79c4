/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `synward monitor`: attacks as they begin and end, and services whose hand-offs arrive nowhere,
 * each at once and on one line, first those that go on already. It ends with Ctrl-C or with the
 * daemon.
 */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "client.h"
#include "json.h"
#include "names.h"
#include "proto.h"

#define NUMBER_MAX 1e18

/* What both events of an attack say. */
#define ATTACK_COLUMNS                                                                          \
	OUT_TABS_COLUMN("time"), OUT_TABS_COLUMN("service"), OUT_TABS_COLUMN("port"),           \
		OUT_TABS_COLUMN("mode"), OUT_TABS_COLUMN("answered"), OUT_TABS_COLUMN("cause"), \
		OUT_TABS_COLUMN("value"), OUT_TABS_COLUMN("threshold")

static const struct out_table begin_table = {
	"attack_begin",
	(const struct out_column[]){
		ATTACK_COLUMNS,
		OUT_END,
	},
};

static const struct out_table end_table = {
	"attack_end",
	(const struct out_column[]){
		ATTACK_COLUMNS,
		OUT_TABS_COLUMN("began"),
		OUT_TABS_COLUMN("duration_seconds"),
		OUT_TABS_COLUMN("peak_syn_rate"),
		OUT_TABS_COLUMN("syns"),
		OUT_TABS_COLUMN("cookies_sent"),
		OUT_TABS_COLUMN("cookies_valid"),
		OUT_TABS_COLUMN("cookies_invalid"),
		OUT_TABS_COLUMN("served"),
		OUT_TABS_COLUMN("sources"),
		OUT_END,
	},
};

/* What no daemon says, because no integer holds it, is -1. */
#define BLACK_HOLE_COLUMNS                                                            \
	OUT_TABS_COLUMN("time"), OUT_TABS_COLUMN("service"), OUT_TABS_COLUMN("port"), \
		OUT_TABS_COLUMN("mode")

static const struct out_table black_hole_table = {
	"black_hole",
	(const struct out_column[]){
		BLACK_HOLE_COLUMNS,
		OUT_TABS_COLUMN("seconds"),
		OUT_TABS_COLUMN("path"),
		OUT_END,
	},
};

static const struct out_table black_hole_end_table = {
	"black_hole_end",
	(const struct out_column[]){
		BLACK_HOLE_COLUMNS,
		OUT_TABS_COLUMN("cause"),
		OUT_END,
	},
};

static long long number_of(const json_t *event, const char *key)
{
	const json_t *value = json_object_get(event, key);
	const double real = json_real_value(value);

	if (!json_is_real(value))
		return json_integer_value(value);
	return real > -NUMBER_MAX && real < NUMBER_MAX ? (long long)real : -1;
}

/* What was too much: "130 half-open handshakes". */
static const char *cause_text(const char *cause)
{
	static const char *const texts[] = {
		[ARM_NONE] = "of an unknown cause",
		[ARM_HALF_OPEN] = "half-open handshakes",
		[ARM_SYN_RATE] = "SYNs in a second",
		[ARM_SYN_QUEUE] = "handshakes in the listener's SYN queue",
		[ARM_FLOW_TABLE] = "half-open handshakes, and no room for one more",
	};
	unsigned int number;

	if (word_find(arm_cause_words, NAMES_COUNT(arm_cause_words), cause, &number) ||
	    number >= NAMES_COUNT(texts))
		return cause;
	return texts[number];
}

/* "2026-11-24T13:30:29.123Z web:443 " */
static void print_head(const json_t *event)
{
	printf("%s %s:%lld ", out_text_of(event, "time"), out_text_of(event, "service"),
	       number_of(event, "port"));
}

static bool may_answer(const json_t *event)
{
	const char *mode = out_text_of(event, "mode");

	return !strcmp(mode, svc_mode_name(SVC_AUTO)) || !strcmp(mode, svc_mode_name(SVC_ALWAYS));
}

static void print_begin(const json_t *event)
{
	const bool is_answered = json_is_true(json_object_get(event, "answered"));

	print_head(event);
	printf("%sattack begins%s: %lld %s (threshold %lld); ", out_style(OUT_BAD),
	       out_style(OUT_PLAIN), number_of(event, "value"),
	       cause_text(out_text_of(event, "cause")), number_of(event, "threshold"));
	if (is_answered)
		puts("SYNs are answered with cookies");
	else
		printf("SYNs are not answered: mode is %s%s\n", out_text_of(event, "mode"),
		       may_answer(event) ? ", and 'synward status' says why" : "");
}

static void print_end(const json_t *event)
{
	const json_t *sources = json_object_get(event, "sources"), *source;
	char duration[OUT_NUMBER_SIZE];
	size_t i;

	print_head(event);
	printf("%sattack ends%s after %s: %lld SYNs, at most %lld/s; cookies: %lld sent, %lld "
	       "valid, %lld invalid; %lld clients served",
	       out_style(OUT_GOOD), out_style(OUT_PLAIN),
	       out_duration(number_of(event, "duration_seconds"), duration),
	       number_of(event, "syns"), number_of(event, "peak_syn_rate"),
	       number_of(event, "cookies_sent"), number_of(event, "cookies_valid"),
	       number_of(event, "cookies_invalid"), number_of(event, "served"));
	json_array_foreach ((json_t *)sources, i, source) {
		printf("%s%s (%.1f%%)", i ? ", " : "; most from ", out_text_of(source, "prefix"),
		       json_number_value(json_object_get(source, "percent")));
	}
	putchar('\n');
}

static void print_black_hole(const json_t *event)
{
	char duration[OUT_NUMBER_SIZE];

	print_head(event);
	printf("%sblack hole%s: handshakes that are handed to the listener arrive nowhere; %s, "
	       "tried again in %s\n",
	       out_style(OUT_BAD), out_style(OUT_PLAIN),
	       strcmp(out_text_of(event, "path"), "kernel-cookie") ?
		       "SYNs go to the kernel" :
		       "the kernel's own cookies are tried",
	       out_duration(number_of(event, "seconds"), duration));
}

static void print_black_hole_end(const json_t *event)
{
	static const char *const causes[][2] = {
		{ "time", "the time is over" },
		{ "landed", "one has arrived after all" },
		{ "operator", "the operator wants it" },
	};
	const char *cause = out_text_of(event, "cause");
	size_t i;

	for (i = 0; i < NAMES_COUNT(causes); i++)
		if (!strcmp(causes[i][0], cause))
			cause = causes[i][1];
	print_head(event);
	printf("%shand-offs are tried again%s: %s\n", out_style(OUT_GOOD), out_style(OUT_PLAIN),
	       cause);
}

/* A row whose sources are one cell: "198.18.3.0/24=0.4,...". */
static json_t *tabs_row(const json_t *event)
{
	json_t *row = json_copy((json_t *)event), *source;
	char text[1024] = "";
	size_t i, length = 0;

	json_array_foreach (json_object_get(event, "sources"), i, source) {
		if (length < sizeof(text))
			length += (size_t)snprintf(
				text + length, sizeof(text) - length, "%s%s=%.15g", i ? "," : "",
				out_text_of(source, "prefix"),
				json_number_value(json_object_get(source, "percent")));
	}
	json_object_set_new(row, "sources", json_string(text));
	return json_pack("[o]", row);
}

static void print_event(enum out_format format, const json_t *event)
{
	static const struct kind {
		const char *name;
		const struct out_table *table;
		void (*print)(const json_t *event);
	} kinds[] = {
		{ "attack_begin", &begin_table, print_begin },
		{ "attack_end", &end_table, print_end },
		{ "black_hole", &black_hole_table, print_black_hole },
		{ "black_hole_end", &black_hole_end_table, print_black_hole_end },
	};
	json_t *rows __cleanup(cleanup_json) = NULL;
	size_t i;

	for (i = 0; format == OUT_TEXT || format == OUT_TABS; i++) {
		if (i == NAMES_COUNT(kinds))
			break;
		if (strcmp(kinds[i].name, out_text_of(event, "event")))
			continue;
		if (format == OUT_TEXT)
			kinds[i].print(event);
		else
			out_table(OUT_TABS, kinds[i].table, rows = tabs_row(event));
		return;
	}
	/* One that is newer than this program says itself what it is. */
	out_json(format, event);
}

enum cli_exit cli_monitor(const struct cli *cli, char **words)
{
	struct client *client __cleanup(cleanup_client) = NULL;
	enum cli_exit end = client_open(cli, &client);

	(void)words;
	if (!end)
		end = client_listen(client, PROTO_MONITOR, json_object());
	while (!end) {
		json_t *reply __cleanup(cleanup_json) = NULL;

		end = client_next(client, &reply);
		if (end)
			break;
		print_event(cli->format, json_object_get(reply, "event"));
		if (fflush(stdout))
			return CLI_DONE; /* main() says what is wrong */
	}
	return end;
}
