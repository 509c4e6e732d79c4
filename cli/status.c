/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `synward status`: is it protecting, and if not, why not; then the counters. The first line
 * answers the first question without scrolling. `synward reasons`: what each verdict means, and
 * how many there were if synwardd is there to say. `synward metrics`: the same for Prometheus.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "client.h"
#include "json.h"
#include "metrics.h"
#include "names.h"
#include "proto.h"

static const struct out_table daemon_table = { "daemon",
					       (const struct out_column[]){
						       OUT_COLUMN("VERSION", "version"),
						       OUT_COLUMN("UPTIME", "uptime_seconds"),
						       OUT_TABS_COLUMN("memory_bytes"),
						       OUT_TABS_COLUMN("max_flows"),
						       OUT_END,
					       } };

static const struct out_table interface_table = { "interface",
						  (const struct out_column[]){
							  OUT_COLUMN("INTERFACE", "name"),
							  OUT_COLUMN("XDP", "xdp_mode"),
							  OUT_COLUMN("TC", "tc"),
							  OUT_COLUMN("PATH", "path"),
							  OUT_TABS_COLUMN("why"),
							  OUT_TABS_COLUMN("state"),
							  OUT_TABS_COLUMN("config_name"),
							  OUT_TABS_COLUMN("unconfirmed_seconds"),
							  OUT_TABS_COLUMN("gaps"),
							  OUT_TABS_COLUMN("gap_seconds"),
							  OUT_END,
						  } };

/* For people only what fits into 100 columns. */
static const struct out_table service_table = { "service",
						(const struct out_column[]){
							OUT_COLUMN("SERVICE", "name"),
							OUT_COLUMN("PORT", "port"),
							OUT_COLUMN("MODE", "mode"),
							OUT_COLUMN("STATE", "state"),
							OUT_COLUMN("SYNS", "syns"),
							OUT_COLUMN("COOKIES", "cookies_sent"),
							OUT_COLUMN("VALID", "cookies_valid"),
							OUT_TABS_COLUMN("cookies_invalid"),
							OUT_COLUMN("HALF-OPEN", "half_open"),
							OUT_COLUMN("KERNEL", "kernel_half_open"),
							OUT_COLUMN("BACKLOG", "backlog"),
							OUT_COLUMN("SYN/S", "syn_rate"),
							OUT_TABS_COLUMN("accept_queue"),
							OUT_TABS_COLUMN("armed_until_seconds"),
							OUT_TABS_COLUMN("half_open_memory_bytes"),
							OUT_TABS_COLUMN("served"),
							OUT_TABS_COLUMN("untracked"),
							OUT_TABS_COLUMN("flows"),
							OUT_TABS_COLUMN("path"),
							OUT_TABS_COLUMN("why"),
							OUT_END,
						} };

static const struct out_table verdict_table = { "reason",
						(const struct out_column[]){
							OUT_COLUMN("VERDICT", "name"),
							OUT_COLUMN("PACKETS", "packets"),
							OUT_COLUMN("FATE", "fate"),
							OUT_COLUMN("WHAT IT MEANS", "text"),
							OUT_END,
						} };

static const struct out_table reason_table = { "reason",
					       (const struct out_column[]){
						       OUT_COLUMN("VERDICT", "name"),
						       OUT_COLUMN("FATE", "fate"),
						       OUT_COLUMN("WHAT IT MEANS", "text"),
						       OUT_END,
					       } };

/* A reason of a newer daemon has no words here, and still its count. */
static json_t *verdict_row(const char *name, json_t *count)
{
	const struct reason_words *words = reason_words(reason_find(name));

	return json_pack("{s:s, s:O, s:s, s:s}", "name", name, "packets", count, "fate",
			 words ? reason_fate(words->action) : "-", "text",
			 words ? words->text : "-");
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

/* The services with a word for their state: for people with the time that is left. */
static json_t *service_rows(const json_t *status, enum out_format format)
{
	json_t *rows = json_deep_copy(json_object_get(status, "services")), *row;
	char text[OUT_NUMBER_SIZE + 8], duration[OUT_NUMBER_SIZE];
	size_t i;

	json_array_foreach (rows, i, row) {
		const json_int_t seconds =
			json_integer_value(json_object_get(row, "armed_until_seconds"));

		if (!json_is_true(json_object_get(row, "armed")))
			strcpy(text, "peace");
		else if (format == OUT_TABS || seconds <= 0 || seconds >= PROTO_ARMED_WITHOUT_END)
			strcpy(text, "armed");
		else
			snprintf(text, sizeof(text), "armed %s", out_duration(seconds, duration));
		json_object_set_new(row, "state", json_string(text));
	}
	return rows;
}

static bool answers(const json_t *interface)
{
	return strcmp(out_text_of(interface, "path"), path_name(PATH_MONITOR));
}

static json_int_t sum_of(const json_t *services, const char *key)
{
	json_int_t sum = 0;
	const json_t *item;
	size_t i;

	json_array_foreach ((json_t *)services, i, item)
		if (__builtin_add_overflow(sum, json_integer_value(json_object_get(item, key)),
					   &sum))
			return INT64_MAX;
	return sum;
}

/* "128 half-open handshakes, which would take 40.0 KiB in the kernel" */
static void print_half_open(const json_t *services)
{
	const json_int_t half_open = sum_of(services, "half_open");
	char bytes[OUT_NUMBER_SIZE];

	if (half_open)
		printf("%" JSON_INTEGER_FORMAT
		       " half-open handshakes, which would take %s in the kernel\n",
		       half_open, out_bytes(sum_of(services, "half_open_memory_bytes"), bytes));
}

/* "6.3 MiB of BPF maps, with room for 65536 flows" */
static void print_memory(const json_t *status)
{
	const json_int_t nr_bytes = out_integer_of(status, "memory_bytes");
	char bytes[OUT_NUMBER_SIZE];

	if (nr_bytes)
		printf("%s of BPF maps, with room for %" JSON_INTEGER_FORMAT " flows\n",
		       out_bytes(nr_bytes, bytes), out_integer_of(status, "max_flows"));
}

/* What only sometimes is so: "eth0: detached again in 42 s, unless 'synward confirm' follows" */
static void print_device_news(const json_t *interface)
{
	const json_t *left = json_object_get(interface, "unconfirmed_seconds");
	const char *name = out_text_of(interface, "name");
	const char *config_name = json_string_value(json_object_get(interface, "config_name"));
	json_int_t gaps = out_integer_of(interface, "gaps");

	if (json_is_integer(left))
		printf("%s%s: detached again in %" JSON_INTEGER_FORMAT
		       " s, unless 'synward confirm' follows%s\n",
		       out_style(OUT_BAD), name, json_integer_value(left), out_style(OUT_PLAIN));
	if (config_name && strcmp(config_name, name))
		printf("%s: called %s in the config, and renamed\n", name, config_name);
	if (gaps)
		printf("%s: without protection %" JSON_INTEGER_FORMAT
		       " time%s, the last for %.1f s\n",
		       name, gaps, gaps == 1 ? "" : "s",
		       json_number_value(json_object_get(interface, "gap_seconds")));
}

/* "synwardd 0.1, up 2 h 13 min: 2 of 3 services armed, SYNs answered on 1 of 2 interfaces" */
static void print_summary(const json_t *status)
{
	const json_t *interfaces = json_object_get(status, "interfaces");
	const json_t *services = json_object_get(status, "services"), *item;
	size_t nr_armed = 0, nr_answering = 0, i;
	char uptime[OUT_NUMBER_SIZE];
	bool is_good;

	json_array_foreach ((json_t *)services, i, item)
		nr_armed += json_is_true(json_object_get(item, "armed"));
	json_array_foreach ((json_t *)interfaces, i, item)
		nr_answering += answers(item);
	is_good = nr_answering == json_array_size(interfaces);

	printf("%ssynwardd %s%s, up %s: %zu of %zu service ports armed, "
	       "%sSYNs can be answered on %zu of %zu interfaces%s\n",
	       out_style(OUT_BOLD), out_text_of(status, "version"), out_style(OUT_PLAIN),
	       out_duration(json_integer_value(json_object_get(status, "uptime_seconds")), uptime),
	       nr_armed, json_array_size(services), out_style(is_good ? OUT_GOOD : OUT_BAD),
	       nr_answering, json_array_size(interfaces), out_style(OUT_PLAIN));
	json_array_foreach ((json_t *)interfaces, i, item)
		if (!answers(item))
			printf("%s%s: not answering%s: %s\n", out_style(OUT_BAD),
			       out_text_of(item, "name"), out_style(OUT_PLAIN),
			       out_text_of(item, "why"));
	json_array_foreach ((json_t *)interfaces, i, item) {
		print_device_news(item);
	}
	print_half_open(services);
	print_memory(status);
	putchar('\n');
}

/* ---- why SYNs are not answered in the best way ---- */

/* Interfaces that do not answer were named above, and whom the operator keeps out knows it. */
static bool is_to_be_explained(const json_t *item)
{
	const char *mode = out_text_of(item, "mode");
	const bool is_service = json_object_get(item, "port");

	if (!json_is_string(json_object_get(item, "why")))
		return false;
	return is_service ? strcmp(mode, "off") && strcmp(mode, "monitor") : answers(item);
}

static bool has_why(const json_t *item, const char *why)
{
	return !strcmp(out_text_of(item, "why"), why);
}

static bool is_said_before(const json_t *items, size_t end, const json_t *interfaces,
			   const char *why)
{
	const json_t *item;
	size_t i;

	json_array_foreach ((json_t *)interfaces, i, item)
		if (items != interfaces && has_why(item, why))
			return true;
	for (i = 0; i < end; i++) {
		item = json_array_get(items, i);
		if (is_to_be_explained(item) && has_why(item, why))
			return true;
	}
	return false;
}

/* "web:443, web:80: kernel-cookie, because ...": each cause once, with all that it holds for. */
static void print_whys_of(const json_t *items, const json_t *interfaces)
{
	const json_t *item, *other;
	size_t i, j;

	json_array_foreach ((json_t *)items, i, item) {
		const char *why = out_text_of(item, "why"), *comma = "\n";

		if (!is_to_be_explained(item) || is_said_before(items, i, interfaces, why))
			continue;
		json_array_foreach ((json_t *)items, j, other) {
			if (!is_to_be_explained(other) || !has_why(other, why))
				continue;
			printf("%s%s", comma, out_text_of(other, "name"));
			if (items != interfaces)
				printf(":%" JSON_INTEGER_FORMAT,
				       json_integer_value(json_object_get(other, "port")));
			comma = ", ";
		}
		printf(": %s, because %s\n", out_text_of(item, "path"), why);
	}
}

static void print_whys(const json_t *status)
{
	const json_t *interfaces = json_object_get(status, "interfaces");

	print_whys_of(interfaces, interfaces);
	print_whys_of(json_object_get(status, "services"), interfaces);
}

static void print_status(const json_t *status, enum out_format format)
{
	json_t *verdicts __cleanup(cleanup_json) = verdict_rows(status, format);
	json_t *services __cleanup(cleanup_json) = service_rows(status, format);
	const struct {
		const struct out_table *table;
		const json_t *rows;
	} parts[] = {
		{ &interface_table, json_object_get(status, "interfaces") },
		{ &service_table, services },
		{ &verdict_table, verdicts },
	};
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (i && format == OUT_TEXT && json_array_size(parts[i].rows))
			putchar('\n');
		out_table(format, parts[i].table, parts[i].rows);
	}
}

enum cli_exit cli_status(const struct cli *cli, char **words)
{
	json_t *status __cleanup(cleanup_json) = NULL;
	json_t *daemon __cleanup(cleanup_json) = NULL;
	enum cli_exit end;

	(void)words;
	end = client_ask(cli, PROTO_STATUS, json_object(), &status);
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
	if (cli->format == OUT_TEXT)
		print_whys(status);
	return CLI_DONE;
}

enum cli_exit cli_metrics(const struct cli *cli, char **words)
{
	json_t *status __cleanup(cleanup_json) = NULL;
	char *text __cleanup(cleanup_free) = NULL;
	enum cli_exit end;

	if (cli->format != OUT_TEXT)
		return cli_misuse(words[0], "has one format only; for others there is 'status'");
	end = client_ask(cli, PROTO_STATUS, json_object(), &status);
	if (end)
		return end;
	text = metrics_text(status);
	if (!text) {
		fputs("synward: no memory for the metrics\n", stderr);
		return CLI_FAILED;
	}
	fputs(text, stdout);
	return CLI_DONE;
}

/* All that there are; and those of a newer daemon, which has counted them. */
static json_t *reason_rows(const json_t *counts)
{
	json_t *rows = json_array(), *count;
	char name[REASON_NAME_SIZE];
	const char *other;
	unsigned int i;

	for (i = 0; reason_words(i); i++) {
		count = json_object_get(counts, reason_name(i, name));
		json_array_append_new(rows, verdict_row(name, count ?: json_null()));
	}
	json_object_foreach ((json_t *)counts, other, count)
		if (reason_find(other) == NR_REASONS)
			json_array_append_new(rows, verdict_row(other, count));
	return rows;
}

enum cli_exit cli_reasons(const struct cli *cli, char **words)
{
	json_t *status __cleanup(cleanup_json) = NULL;
	json_t *rows __cleanup(cleanup_json) = NULL;
	char why[CLIENT_WHY_SIZE];

	(void)words;
	if (client_ask_quietly(cli, PROTO_STATUS, json_object(), &status, why) == CLI_MISUSE)
		return CLI_MISUSE;
	rows = reason_rows(json_object_get(status, "reasons"));
	if (cli->format == OUT_JSON || cli->format == OUT_PRETTY)
		out_json(cli->format, rows);
	else if (cli->format == OUT_TABS || status)
		out_table(cli->format, &verdict_table, rows);
	else
		out_table(cli->format, &reason_table, rows);
	return CLI_DONE;
}
