/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who reads a log wants to search it: each line has its time and what it is of, and each number its
 * name, which is that of the JSON.
 */
#include "top_lines.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "json.h"

static const struct out_table total_table = { "total",
					      (const struct out_column[]){
						      OUT_TABS_COLUMN("time"),
						      OUT_TABS_COLUMN("services"),
						      OUT_TABS_COLUMN("armed"),
						      OUT_TABS_COLUMN("syn_rate"),
						      OUT_TABS_COLUMN("cookies_sent_rate"),
						      OUT_TABS_COLUMN("cookies_valid_rate"),
						      OUT_TABS_COLUMN("cookies_invalid_rate"),
						      OUT_TABS_COLUMN("served_rate"),
						      OUT_TABS_COLUMN("dropped_rate"),
						      OUT_TABS_COLUMN("half_open"),
						      OUT_TABS_COLUMN("kernel_half_open"),
						      OUT_END,
					      } };

static const struct out_table service_table = { "service",
						(const struct out_column[]){
							OUT_TABS_COLUMN("time"),
							OUT_TABS_COLUMN("name"),
							OUT_TABS_COLUMN("port"),
							OUT_TABS_COLUMN("state"),
							OUT_TABS_COLUMN("syn_rate"),
							OUT_TABS_COLUMN("cookies_sent_rate"),
							OUT_TABS_COLUMN("cookies_valid_rate"),
							OUT_TABS_COLUMN("cookies_invalid_rate"),
							OUT_TABS_COLUMN("served_rate"),
							OUT_TABS_COLUMN("half_open"),
							OUT_TABS_COLUMN("kernel_half_open"),
							OUT_TABS_COLUMN("backlog"),
							OUT_END,
						} };

const char *top_time(char buffer[TOP_TIME_SIZE])
{
	time_t now = time(NULL);
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(buffer, TOP_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc);
	return buffer;
}

/* Whole numbers: a log has no use for tenths. "-" where there is no rate. */
static void print_rates(const struct top_row *row)
{
	static const char *const names[TOP_NR_COUNTS] = { "syn_rate", "cookies_sent_rate",
							  "cookies_valid_rate",
							  "cookies_invalid_rate", "served_rate" };
	int i;

	for (i = 0; i < TOP_NR_COUNTS; i++) {
		if (row->rates[i] < 0)
			printf(" %s=-", names[i]);
		else
			printf(" %s=%.0f", names[i], row->rates[i]);
	}
	printf(" half_open=%" JSON_INTEGER_FORMAT " kernel_half_open=%" JSON_INTEGER_FORMAT,
	       row->half_open, row->kernel_half_open);
}

static void print_attacked(const struct top *top)
{
	const char *before = " attacked=";
	size_t i;

	for (i = 0; i < top->nr_rows; i++) {
		if (!top->rows[i].attack)
			continue;
		printf("%s%s:%d", before, top->rows[i].name, top->rows[i].port);
		before = ",";
	}
}

static void print_text(const struct top *top, const char *time)
{
	size_t i;

	for (i = 0; top->only && i < top->nr_rows; i++) {
		const struct top_row *row = &top->rows[i];

		printf("%s %s:%d state=%s", time, row->name, row->port, top_state(row));
		print_rates(row);
		printf(" backlog=%" JSON_INTEGER_FORMAT "\n", row->backlog);
	}
	if (top->only)
		return;
	printf("%s total armed=%zu/%zu", time, top->nr_armed, top->nr_rows);
	print_rates(&top->total);
	if (top->dropped >= 0)
		printf(" dropped_rate=%.0f", top->dropped);
	print_attacked(top);
	putchar('\n');
}

static void print_tabs(const json_t *object, const char *time)
{
	json_t *total __cleanup(cleanup_json) = json_deep_copy(json_object_get(object, "total"));
	json_t *services __cleanup(cleanup_json) =
		json_deep_copy(json_object_get(object, "services"));
	json_t *totals __cleanup(cleanup_json) = NULL;
	json_t *service;
	size_t i;

	json_object_set_new(total, "time", json_string(time));
	json_array_foreach (services, i, service) {
		json_object_set_new(service, "time", json_string(time));
	}
	totals = json_pack("[O]", total);
	out_table(OUT_TABS, &total_table, totals);
	out_table(OUT_TABS, &service_table, services);
}

void top_print(enum out_format format, const struct top *top)
{
	json_t *object __cleanup(cleanup_json) = NULL;
	char time[TOP_TIME_SIZE];

	top_time(time);
	if (format == OUT_TEXT) {
		print_text(top, time);
		return;
	}
	object = top_json(top, time);
	if (format == OUT_TABS)
		print_tabs(object, time);
	else
		out_json(format, object);
}
