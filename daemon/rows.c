// SPDX-License-Identifier: GPL-2.0-only
/*
 * One turn for each row: look, judge, tell. Orders change a section's rows together.
 */
#include "rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "listeners.h"
#include "log.h"
#include "names.h"
#include "row_listeners.h"
#include "state.h"
#include "tuner.h"

#define SAVE_SECONDS 60
#define SNAPSHOT_STALE_MS 100 /* listeners are read again for a snapshot when older */

struct row {
	const struct row_id *id;
	enum svc_mode mode;
	struct tunables tunables;
	__u64 forced_until_ms, disarmed_ms;
	struct row_conf conf; /* what the data path was told */

	struct row_listeners listeners;
	struct thresholds thresholds;
	struct baseline learned;
	struct row_look look, second_ago, turn_ago;
	double syn_rate;
	struct attack attack;
	__u64 quiet_ms; /* until then peace is not itself: an attack leaves its handshakes behind */
};

struct rows {
	const struct config *conf;
	struct dataplane *dp;
	struct listeners *listeners;
	attack_report *report;
	void *report_arg;
	__u64 second_ms;    /* when the last second was taken */
	__u64 listeners_ms; /* when the listeners were read */
	__u64 saved_ms;
	bool has_complained; /* of listeners that could not be read */
	size_t nr;
	struct row row[];
};

/* ---- thresholds and orders, to the data path ---- */

static int row_tell(struct rows *rows, struct row *row)
{
	struct row_conf conf;
	int err;

	tuner_thresholds(&row->tunables, &row->listeners, &row->learned, &row->thresholds);
	tuner_row_conf(&row->thresholds, dataplane_nr_cpus(rows->dp), &conf);
	conf.mode = row->mode;
	conf.forced_until_ms = row->forced_until_ms;
	conf.disarmed_ms = row->disarmed_ms;
	if (!memcmp(&conf, &row->conf, sizeof(conf)))
		return 0;
	err = dataplane_set_row(rows->dp, row - rows->row, &conf);
	if (err)
		log_err("%s, port %u: the data path cannot be told of new thresholds: %s",
			row->id->name, row->id->port, strerror(-err));
	else
		row->conf = conf;
	return err;
}

/* ---- listeners ---- */

static void follow_listeners(struct rows *rows)
{
	struct listener_info *all __cleanup(cleanup_free) = NULL;
	size_t nr;
	int err = listeners_read(rows->listeners, &all, &nr);

	if (err && !rows->has_complained)
		log_err("the kernel's listeners cannot be read: %s; thresholds stay as they are",
			strerror(-err));
	rows->has_complained = err;
	if (err)
		return;
	rows->listeners_ms = clock_now_ms();
	for (size_t i = 0; i < rows->nr; i++) {
		struct row *row = &rows->row[i];

		row_listeners_sum(all, nr, &rows->conf->services[row->id->service], row->id->port,
				  &row->listeners);
	}
}

/* ---- turn by turn ---- */

/* As row_state() of the data path sees it. */
static bool is_attacked(const struct row *row, __u64 now_ms)
{
	return now_ms < row->look.live.until_ms && row->look.live.since_ms > row->disarmed_ms;
}

static bool is_armed(const struct rows *rows, const struct row *row, __u64 now_ms)
{
	if (dataplane_why_not(rows->dp))
		return false;
	if (row->mode == SVC_ALWAYS)
		return true;
	return row->mode == SVC_AUTO && (is_attacked(row, now_ms) || now_ms < row->forced_until_ms);
}

static struct attack_target target_of(const struct rows *rows, const struct row *row, __u64 now_ms)
{
	return (struct attack_target){
		.name = row->id->name,
		.port = row->id->port,
		.mode = row->mode,
		.is_answered = is_armed(rows, row, now_ms),
	};
}

static void row_second(struct row *row, double seconds, __u64 now_ms)
{
	const struct row_counts *now = &row->look.counts, *ago = &row->second_ago.counts;
	struct tuner_second second;

	if (is_attacked(row, now_ms) || row->attack.is_going_on)
		row->quiet_ms = now_ms + row->thresholds.handshake_timeout_seconds * 1000ULL;
	second = (struct tuner_second){
		.is_attacked = now_ms < row->quiet_ms || now_ms < row->forced_until_ms,
		.half_open = row->look.held,
		.syns = (now->syns - ago->syns) / seconds,
		.served = (now->served - ago->served) / seconds,
	};

	row->syn_rate = second.syns;
	row->second_ago = row->look;
	tuner_learn(&row->learned, &second);
}

static void take_sample(void *arg, const struct source_sample *sample, double weight)
{
	struct rows *rows = arg;
	struct topk_key key = { { sample->prefix[0], sample->prefix[1] }, sample->is_v6 };

	attack_source(&rows->row[sample->row].attack, &key, weight);
}

static void keep_learned(struct rows *rows)
{
	struct state_row *all __cleanup(cleanup_free) = calloc(rows->nr, sizeof(*all));

	if (!all || !rows->conf->state_directory)
		return;
	for (size_t i = 0; i < rows->nr; i++)
		all[i] = (struct state_row){ rows->row[i].id->name, rows->row[i].id->port,
					     rows->row[i].learned };
	state_save(rows->conf->state_directory, all, rows->nr);
	rows->saved_ms = clock_now_ms();
}

static void load_learned(struct rows *rows)
{
	struct state_row *all __cleanup(cleanup_free) = calloc(rows->nr, sizeof(*all));

	rows->saved_ms = clock_now_ms();
	if (!all || !rows->conf->state_directory)
		return;
	for (size_t i = 0; i < rows->nr; i++)
		all[i] = (struct state_row){ rows->row[i].id->name,
					     rows->row[i].id->port,
					     { 0, 0 } };
	state_load(rows->conf->state_directory, all, rows->nr);
	for (size_t i = 0; i < rows->nr; i++)
		rows->row[i].learned = all[i].learned;
}

/* Returns 0 or -errno; the row is then as it was. */
static int row_look_again(struct rows *rows, struct row *row, __u64 now_ms)
{
	struct row_look look;
	int err = dataplane_look(rows->dp, row - rows->row, now_ms, &look);

	if (!err)
		row->look = look;
	return err;
}

static void row_follow(struct rows *rows, struct row *row, __u64 now_ms)
{
	struct attack_target target = target_of(rows, row, now_ms);
	struct attack_view view = {
		.live = &row->look.live,
		.is_attacked = is_attacked(row, now_ms),
		.now = &row->look.counts,
		.before = &row->turn_ago.counts,
		.syn_rate = row->syn_rate,
	};

	attack_follow(&row->attack, &target, &view, rows->report, rows->report_arg);
	row->turn_ago = row->look;
	row_tell(rows, row);
}

void rows_follow(struct rows *rows)
{
	__u64 now_ms = clock_now_ms();
	double seconds = (now_ms - rows->second_ms) / 1000.0;
	bool is_second = seconds >= 0.99;

	follow_listeners(rows);
	for (size_t i = 0; i < rows->nr; i++) {
		if (row_look_again(rows, &rows->row[i], now_ms))
			continue;
		if (is_second)
			row_second(&rows->row[i], seconds, now_ms);
		row_follow(rows, &rows->row[i], now_ms);
	}
	if (!is_second)
		return;
	rows->second_ms = now_ms;
	dataplane_sources(rows->dp, now_ms / 1000 - 1, take_sample, rows);
	if (now_ms - rows->saved_ms >= SAVE_SECONDS * 1000ULL)
		keep_learned(rows);
}

/* ---- looking ---- */

static __u32 armed_seconds(const struct rows *rows, const struct row *row, __u64 now_ms)
{
	__u64 until_ms = is_attacked(row, now_ms) ? row->look.live.until_ms : now_ms;

	if (!is_armed(rows, row, now_ms))
		return 0;
	if (row->mode == SVC_ALWAYS || row->forced_until_ms == ARMED_WITHOUT_END)
		return ARMED_SECONDS_WITHOUT_END;
	if (row->forced_until_ms > until_ms)
		until_ms = row->forced_until_ms;
	return (until_ms - now_ms + 999) / 1000;
}

int rows_snapshot(struct rows *rows, struct snapshot *ret)
{
	__u32 *flows __cleanup(cleanup_free) = calloc(rows->nr, sizeof(*flows));
	__u64 now_ms = clock_now_ms();
	int err = flows ? 0 : -ENOMEM;

	if (err)
		return err;
	if (now_ms - rows->listeners_ms > SNAPSHOT_STALE_MS)
		follow_listeners(rows);
	dataplane_count_flows(rows->dp, now_ms, flows);
	for (size_t i = 0; i < rows->nr && !err; i++) {
		struct row *row = &rows->row[i];

		err = row_look_again(rows, row, now_ms);
		ret->rows[ret->nr_rows++] = (struct snapshot_row){
			.name = row->id->name,
			.port = row->id->port,
			.mode = row->mode,
			.armed = is_armed(rows, row, now_ms),
			.armed_until_seconds = armed_seconds(rows, row, now_ms),
			.counts = row->look.counts,
			.half_open = row->look.half_open,
			.half_open_bytes = row->look.half_open * dataplane_request_bytes(rows->dp),
			.syn_rate = row->syn_rate + 0.5,
			.flows = flows[i],
			.listeners = row->listeners,
			.thresholds = row->thresholds,
			.learned = row->learned,
		};
	}
	return err;
}

json_t *rows_ongoing(const struct rows *rows)
{
	json_t *all = json_array();

	for (size_t i = 0; i < rows->nr; i++) {
		const struct row *row = &rows->row[i];
		struct attack_target target = target_of(rows, row, clock_now_ms());
		json_t *event = attack_ongoing(&row->attack, &target);

		if (event)
			json_array_append_new(all, event);
	}
	return all;
}

bool rows_has_service(const struct rows *rows, const char *service)
{
	for (size_t i = 0; i < rows->nr; i++)
		if (!strcmp(rows->row[i].id->name, service))
			return true;
	return false;
}

/* ---- orders ---- */

static int refuse(char **ret_why, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int refuse(char **ret_why, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vasprintf(ret_why, format, args) < 0) {
		*ret_why = NULL;
		err = -ENOMEM;
	}
	va_end(args);
	return err;
}

/* The rows of a section, which stand together. Returns 0, or -EINVAL and why. */
static int find_service(struct rows *rows, const char *service, struct row **ret_first,
			struct row **ret_end, char **ret_why)
{
	struct row *row = rows->row, *end = rows->row + rows->nr;

	while (row < end && strcmp(row->id->name, service))
		row++;
	if (row == end)
		return refuse(ret_why, -EINVAL,
			      "there is no service '%s'; 'synward status' lists those there are",
			      service);
	*ret_first = row;
	while (row < end && !strcmp(row->id->name, service))
		row++;
	*ret_end = row;
	return 0;
}

/* Tells as many as it can, and returns what went wrong first. */
static int tell_all(struct rows *rows, struct row *first, struct row *end)
{
	int failed = 0;

	for (struct row *row = first; row < end; row++) {
		int err = row_tell(rows, row);

		if (!failed)
			failed = err;
	}
	return failed;
}

int rows_tune(struct rows *rows, const char *service, const char *key, const char *value,
	      char **ret_why)
{
	struct config_errors errors = {};
	struct row *first, *end;
	struct tunables tuned;
	int err = find_service(rows, service, &first, &end, ret_why);

	if (err)
		return err;
	tuned = first->tunables;
	err = config_tune(key, value, &tuned, &errors);
	if (err == -EINVAL)
		err = refuse(ret_why, err, "%s", errors.nr_lines ? errors.lines[0] : key);
	config_errors_free(&errors);
	if (err)
		return err;
	for (struct row *row = first; row < end; row++)
		row->tunables = tuned;
	err = tell_all(rows, first, end);
	if (!err)
		log_notice("service %s: %s is set to %s", service, key, value);
	return err;
}

/* Bring the same order to all rows of a section. */
static int order(struct rows *rows, struct row *first, struct row *end, enum svc_mode mode,
		 __u64 forced_until_ms, __u64 disarmed_ms)
{
	for (struct row *row = first; row < end; row++) {
		row->mode = mode;
		row->forced_until_ms = forced_until_ms;
		row->disarmed_ms = disarmed_ms;
	}
	return tell_all(rows, first, end);
}

int rows_set_mode(struct rows *rows, const char *service, const char *word, char **ret_why)
{
	struct row *first, *end;
	enum svc_mode mode;
	int err = find_service(rows, service, &first, &end, ret_why);

	if (err)
		return err;
	if (svc_mode_find(word, &mode))
		return refuse(ret_why, -EINVAL,
			      "'%s' is no mode; it is off, monitor, auto or always", word);
	if (mode != first->mode)
		log_notice("service %s: mode is %s now, was %s", service, svc_mode_name(mode),
			   svc_mode_name(first->mode));
	return order(rows, first, end, mode, mode == SVC_AUTO ? first->forced_until_ms : 0,
		     first->disarmed_ms);
}

int rows_arm(struct rows *rows, const char *service, __u32 seconds, char **ret_why)
{
	struct row *first, *end;
	int err = find_service(rows, service, &first, &end, ret_why);
	const char *why_not = dataplane_why_not(rows->dp);
	__u64 until_ms = seconds ? clock_now_ms() + seconds * 1000ULL : ARMED_WITHOUT_END;

	if (err)
		return err;
	if (first->mode == SVC_OFF || first->mode == SVC_MONITOR)
		return refuse(ret_why, -EPERM,
			      "service %s is in mode %s, which answers nothing; 'synward mode %s "
			      "auto' first",
			      service, svc_mode_name(first->mode), service);
	if (why_not)
		return refuse(ret_why, -EPERM, "no interface can answer SYNs: %s", why_not);
	if (first->mode == SVC_ALWAYS)
		return 0;
	log_notice("service %s: armed by hand%s", service, seconds ? " for a time" : "");
	return order(rows, first, end, first->mode, until_ms, first->disarmed_ms);
}

int rows_disarm(struct rows *rows, const char *service, char **ret_why)
{
	struct row *first, *end;
	int err = find_service(rows, service, &first, &end, ret_why);

	if (err)
		return err;
	if (first->mode == SVC_ALWAYS)
		return refuse(ret_why, -EPERM,
			      "service %s is in mode always; 'synward mode %s auto' first", service,
			      service);
	log_notice("service %s: disarmed by hand; an attack arms it again", service);
	return order(rows, first, end, first->mode, 0, clock_now_ms());
}

/* ---- open and close ---- */

int rows_open(const struct config *conf, struct dataplane *dp, attack_report *report, void *arg,
	      struct rows **ret)
{
	size_t nr = dataplane_nr_rows(dp);
	struct rows *rows = calloc(1, sizeof(*rows) + nr * sizeof(rows->row[0]));
	int err;

	if (!rows)
		return -ENOMEM;
	rows->conf = conf;
	rows->dp = dp;
	rows->report = report;
	rows->report_arg = arg;
	rows->second_ms = clock_now_ms();
	err = listeners_open(&rows->listeners);
	if (err) {
		free(rows);
		return err;
	}
	rows->nr = nr;
	for (size_t i = 0; i < nr; i++) {
		struct row *row = &rows->row[i];

		row->id = dataplane_row(dp, i);
		row->mode = conf->services[row->id->service].mode;
		row->tunables = conf->services[row->id->service].tunables;
	}
	load_learned(rows);
	follow_listeners(rows);
	for (size_t i = 0; i < nr && !err; i++)
		err = row_tell(rows, &rows->row[i]);
	if (err) {
		rows_close(rows);
		return err;
	}
	*ret = rows;
	return 0;
}

void rows_close(struct rows *rows)
{
	if (!rows)
		return;
	keep_learned(rows);
	for (size_t i = 0; i < rows->nr; i++)
		attack_free(&rows->row[i].attack);
	listeners_close(rows->listeners);
	free(rows);
}
