/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From two statuses to rates. Rows are found again by name and port: their number and order are the
 * config's, which another daemon may have another of.
 */
#include "top_model.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "names.h"
#include "out.h"

static const char *const count_keys[TOP_NR_COUNTS] = {
	[TOP_SYNS] = "syns",           [TOP_SENT] = "cookies_sent",
	[TOP_VALID] = "cookies_valid", [TOP_INVALID] = "cookies_invalid",
	[TOP_SERVED] = "served",
};

static const char *const rate_keys[TOP_NR_COUNTS] = {
	[TOP_SYNS] = "syn_rate",
	[TOP_SENT] = "cookies_sent_rate",
	[TOP_VALID] = "cookies_valid_rate",
	[TOP_INVALID] = "cookies_invalid_rate",
	[TOP_SERVED] = "served_rate",
};

/* ---- rates ---- */

static double rate_of(json_int_t now, json_int_t before, double seconds)
{
	if (seconds <= 0 || now < before)
		return TOP_UNKNOWN;
	return (double)(now - before) / seconds;
}

static json_int_t plus(json_int_t a, json_int_t b)
{
	json_int_t sum;

	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

/* What is not known adds nothing; nothing known is no sum. */
static double plus_rate(double sum, double rate)
{
	if (rate < 0)
		return sum;
	return sum < 0 ? rate : sum + rate;
}

static void remember(struct top_row *row, const struct top_row *before)
{
	size_t i;

	for (i = 0; i < TOP_HISTORY; i++)
		row->history[i] =
			before && i + 1 < TOP_HISTORY ? before->history[i + 1] : TOP_UNKNOWN;
	row->history[TOP_HISTORY - 1] = row->rates[TOP_SYNS];
}

/* ---- rows ---- */

static bool is_same(const struct top_row *row, const char *name, int port)
{
	return row->port == port && !strcmp(row->name, name);
}

static const struct top_row *row_before(const struct top *before, size_t guess,
					const struct top_row *row)
{
	size_t i;

	if (guess < before->nr_rows && is_same(&before->rows[guess], row->name, row->port))
		return &before->rows[guess];
	for (i = 0; i < before->nr_rows; i++)
		if (is_same(&before->rows[i], row->name, row->port))
			return &before->rows[i];
	return NULL;
}

static const json_t *attack_on(const json_t *status, const struct top_row *row)
{
	const json_t *attack;
	size_t i;

	json_array_foreach (json_object_get(status, "attacks"), i, attack)
		if (out_integer_of(attack, "port") == row->port &&
		    !strcmp(out_text_of(attack, "service"), row->name))
			return attack;
	return NULL;
}

static void row_read(struct top_row *row, const json_t *status, const json_t *json)
{
	size_t i;

	row->name = out_text_of(json, "name");
	row->port = (int)out_integer_of(json, "port");
	row->json = json;
	row->attack = attack_on(status, row);
	row->is_armed = json_is_true(json_object_get(json, "armed"));
	row->half_open = out_integer_of(json, "half_open");
	row->kernel_half_open = out_integer_of(json, "kernel_half_open");
	row->backlog = out_integer_of(json, "backlog");
	for (i = 0; i < TOP_NR_COUNTS; i++)
		row->counts[i] = out_integer_of(json, count_keys[i]);
}

static void row_rates(struct top_row *row, const struct top_row *before, double seconds)
{
	size_t i;

	for (i = 0; i < TOP_NR_COUNTS; i++)
		row->rates[i] =
			before ? rate_of(row->counts[i], before->counts[i], seconds) : TOP_UNKNOWN;
	remember(row, before);
}

static void add_to(struct top_row *total, const struct top_row *row)
{
	size_t i;

	total->half_open = plus(total->half_open, row->half_open);
	total->kernel_half_open = plus(total->kernel_half_open, row->kernel_half_open);
	for (i = 0; i < TOP_NR_COUNTS; i++) {
		total->counts[i] = plus(total->counts[i], row->counts[i]);
		total->rates[i] = plus_rate(total->rates[i], row->rates[i]);
	}
}

static int read_rows(struct top *top, const struct top *before)
{
	const json_t *services = json_object_get(top->status, "services"), *json;
	size_t i;

	top->rows = calloc(json_array_size(services) + 1, sizeof(*top->rows));
	if (!top->rows)
		return -ENOMEM;
	top->total = (struct top_row){ .name = "total" };
	for (i = 0; i < TOP_NR_COUNTS; i++)
		top->total.rates[i] = TOP_UNKNOWN;
	json_array_foreach ((json_t *)services, i, json) {
		struct top_row *row = &top->rows[top->nr_rows];

		if (top->only && strcmp(top->only, out_text_of(json, "name")))
			continue;
		row_read(row, top->status, json);
		row_rates(row, row_before(before, top->nr_rows, row), top->seconds);
		add_to(&top->total, row);
		top->nr_armed += row->is_armed;
		top->nr_rows++;
	}
	remember(&top->total, before->status ? &before->total : NULL);
	return 0;
}

/* ---- drops ---- */

static int compare_drops(const void *left, const void *right)
{
	const struct top_drop *a = left, *b = right;

	if (a->rate < b->rate || a->rate > b->rate)
		return a->rate < b->rate ? 1 : -1;
	return a->count < b->count ? 1 : a->count > b->count ? -1 : strcmp(a->name, b->name);
}

/* A verdict that is newer than this program is not known to drop. */
static bool is_drop(const char *name)
{
	const struct reason_words *words = reason_words(reason_find(name));

	return words && !strcmp(words->action, "DROP");
}

static int read_drops(struct top *top, const struct top *before)
{
	json_t *reasons = json_object_get(top->status, "reasons"), *json;
	const json_t *reasons_before = json_object_get(before->status, "reasons");
	const char *name;

	top->drops = calloc(json_object_size(reasons) + 1, sizeof(*top->drops));
	if (!top->drops)
		return -ENOMEM;
	top->dropped = TOP_UNKNOWN;
	json_object_foreach (reasons, name, json) {
		struct top_drop drop = { .name = name, .count = json_integer_value(json) };

		if (!drop.count || !is_drop(name))
			continue;
		drop.rate = rate_of(drop.count, out_integer_of(reasons_before, name), top->seconds);
		top->drops[top->nr_drops++] = drop;
		top->dropped = plus_rate(top->dropped, drop.rate);
	}
	if (!top->nr_drops && top->seconds > 0)
		top->dropped = 0;
	qsort(top->drops, top->nr_drops, sizeof(*top->drops), compare_drops);
	return 0;
}

/* ---- what a packet costs ---- */

static json_int_t sum_of(const json_t *status, const char *key)
{
	const json_t *interface;
	json_int_t sum = 0;
	size_t i;

	json_array_foreach (json_object_get(status, "interfaces"), i, interface)
		sum = plus(sum, out_integer_of(interface, key));
	return sum;
}

static struct top_cost cost_of(const struct top *top, const struct top *before,
			       const char *runs_key, const char *ns_key)
{
	double runs = rate_of(sum_of(top->status, runs_key), sum_of(before->status, runs_key),
			      top->seconds);
	double ns =
		rate_of(sum_of(top->status, ns_key), sum_of(before->status, ns_key), top->seconds);

	if (runs <= 0 || ns < 0)
		return (struct top_cost){ 0 };
	return (struct top_cost){ runs, ns / runs, ns / 1e7 };
}

int top_update(struct top *top, json_t *status, double time)
{
	struct top now = { .only = top->only, .status = status, .time = time };
	int err;

	if (top->status && time > top->time)
		now.seconds = time - top->time;
	err = read_rows(&now, top) ?: read_drops(&now, top);
	if (err) {
		top_free(&now);
		return err;
	}
	now.xdp = cost_of(&now, top, "xdp_runs", "xdp_run_ns");
	now.tc = cost_of(&now, top, "tc_runs", "tc_run_ns");
	top_free(top);
	*top = now;
	return 0;
}

void top_free(struct top *top)
{
	free(top->rows);
	free(top->drops);
	json_decref(top->status);
	*top = (struct top){ .only = top->only };
}

const char *top_state(const struct top_row *row)
{
	const char *mode = out_text_of(row->json, "mode");

	if (row->is_armed)
		return "armed";
	if (row->attack)
		return "attack";
	if (!strcmp(mode, svc_mode_name(SVC_OFF)) || !strcmp(mode, svc_mode_name(SVC_MONITOR)))
		return mode;
	return "peace";
}

/* ---- order ---- */

double top_value(const struct top_row *row, enum top_column by)
{
	switch (by) {
	case TOP_BY_STATE:
		return row->is_armed ? 2 : row->attack ? 1 : 0;
	case TOP_BY_HALF_OPEN:
		return (double)row->half_open;
	case TOP_BY_KERNEL:
		return (double)row->kernel_half_open;
	case TOP_BY_BACKLOG:
		return (double)row->backlog;
	case TOP_BY_SENT:
		return row->rates[TOP_SENT];
	case TOP_BY_VALID:
		return row->rates[TOP_VALID];
	case TOP_BY_INVALID:
		return row->rates[TOP_INVALID];
	case TOP_BY_SERVED:
		return row->rates[TOP_SERVED];
	default:
		return row->rates[TOP_SYNS];
	}
}

struct order {
	const struct top *top;
	enum top_column by;
	bool is_reversed;
};

static int compare_rows(const void *left, const void *right, void *arg)
{
	const size_t i = *(const size_t *)left, j = *(const size_t *)right;
	const struct order *order = arg;
	const struct top_row *a = &order->top->rows[i], *b = &order->top->rows[j];
	int result;

	if (order->by == TOP_BY_NAME) {
		result = strcmp(a->name, b->name) ?: (a->port > b->port) - (a->port < b->port);
	} else {
		const double x = top_value(a, order->by), y = top_value(b, order->by);

		result = (x < y) - (x > y);
	}
	if (!result)
		return (i > j) - (i < j);
	return order->is_reversed ? -result : result;
}

void top_order(const struct top *top, enum top_column by, bool is_reversed, size_t *ret)
{
	struct order order = { top, by, is_reversed };
	size_t i;

	for (i = 0; i < top->nr_rows; i++)
		ret[i] = i;
	qsort_r(ret, top->nr_rows, sizeof(*ret), compare_rows, &order);
}

/* ---- for people and programs ---- */

const char *top_number(double number, char buffer[TOP_NUMBER_SIZE])
{
	static const char units[] = "kMGTPE";
	size_t i = 0;

	if (number < 0)
		return strcpy(buffer, "-");
	if (number < 9999.5) {
		const bool is_whole = number >= 9.95 || number - (double)(int)number < 0.05;

		snprintf(buffer, TOP_NUMBER_SIZE, "%.*f", is_whole ? 0 : 1, number);
		return buffer;
	}
	for (number /= 1000; number >= 999.5 && i + 2 < sizeof(units); i++)
		number /= 1000;
	snprintf(buffer, TOP_NUMBER_SIZE, "%.*f%c",
		 number < 9.995 ? 2 :
		 number < 99.95 ? 1 :
				  0,
		 number > 999 ? 999 : number, units[i]);
	return buffer;
}

/* To a tenth; null for what is not known. */
static json_t *rate_json(double rate)
{
	return rate < 0 ? json_null() : json_real((double)(long long)(rate * 10 + 0.5) / 10);
}

static void add_rates(json_t *object, const struct top_row *row)
{
	size_t i;

	for (i = 0; i < TOP_NR_COUNTS; i++)
		json_object_set_new(object, rate_keys[i], rate_json(row->rates[i]));
}

/* The daemon's own row, and rates in place of what it counts. */
static json_t *row_json(const struct top_row *row)
{
	json_t *object = json_copy((json_t *)row->json);
	size_t i;

	for (i = 0; i < TOP_NR_COUNTS; i++)
		json_object_del(object, count_keys[i]);
	json_object_set_new(object, "state", json_string(top_state(row)));
	add_rates(object, row);
	return object;
}

static json_t *cost_json(const struct top_cost *cost)
{
	if (cost->runs_per_second <= 0)
		return json_null();
	return json_pack("{s:o, s:o, s:o}", "packet_rate", rate_json(cost->runs_per_second),
			 "ns_per_packet", rate_json(cost->ns_per_run), "cpu_percent",
			 rate_json(cost->percent));
}

static json_t *drops_json(const struct top *top)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < top->nr_drops; i++)
		json_array_append_new(array,
				      json_pack("{s:s, s:o, s:I}", "reason", top->drops[i].name,
						"rate", rate_json(top->drops[i].rate), "packets",
						top->drops[i].count));
	return array;
}

static json_t *attacks_json(const struct top *top)
{
	json_t *array = json_array(), *attack;
	size_t i;

	json_array_foreach (json_object_get(top->status, "attacks"), i, attack)
		if (!top->only || !strcmp(top->only, out_text_of(attack, "service")))
			json_array_append(array, attack);
	return array;
}

json_t *top_json(const struct top *top, const char *time)
{
	json_t *services = json_array(), *total;
	size_t i;

	for (i = 0; i < top->nr_rows; i++)
		json_array_append_new(services, row_json(&top->rows[i]));
	total = json_pack("{s:I, s:I, s:I, s:I, s:o}", "services", (json_int_t)top->nr_rows,
			  "armed", (json_int_t)top->nr_armed, "half_open", top->total.half_open,
			  "kernel_half_open", top->total.kernel_half_open, "dropped_rate",
			  rate_json(top->dropped));
	add_rates(total, &top->total);
	return json_pack("{s:s, s:f, s:o, s:o, s:o, s:o, s:{s:o, s:o}}", "time", time,
			 "interval_seconds", (double)(long long)(top->seconds * 1000 + 0.5) / 1000,
			 "total", total, "services", services, "drops", drops_json(top), "attacks",
			 attacks_json(top), "cpu", "xdp", cost_json(&top->xdp), "tc",
			 cost_json(&top->tc));
}
