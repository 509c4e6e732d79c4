// SPDX-License-Identifier: GPL-2.0-only
/*
 * One turn for each row: look, judge, tell.
 */
#include "rows_inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "listeners.h"
#include "log.h"
#include "names.h"
#include "passive_opens.h"
#include "row_listeners.h"
#include "state.h"
#include "tuner.h"

#define SAVE_SECONDS 60
#define SNAPSHOT_STALE_MS 100 /* listeners are read again for a snapshot when older */

/* ---- thresholds and orders, to the data path ---- */

void row_tell(struct rows *rows, struct row *row)
{
	struct row_conf conf;

	tuner_thresholds(&row->wanted.tunables, &row->listeners, &row->learned, &row->thresholds);
	tuner_row_conf(&row->thresholds, dataplane_nr_cpus(rows->dp), &conf);
	conf.mode = row->wanted.mode;
	conf.forced_until_ms = row->wanted.forced_until_ms;
	conf.disarmed_ms = row->wanted.disarmed_ms;
	if (rows->conf->services[row->id->service].server_first)
		conf.flags |= ROW_SERVER_FIRST;
	if (row->canary.black_hole_until_ms)
		conf.flags |= ROW_BLACK_HOLE;
	if (row->canary.by_kernel_until_ms)
		conf.flags |= ROW_BY_KERNEL;
	if (!memcmp(&conf, &row->conf, sizeof(conf)))
		return;
	dataplane_set_row(rows->dp, row - rows->row, &conf);
	row->conf = conf;
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

/* When the attack is over, or was: `hold` after it was last seen. */
static __u64 attacked_until_ms(const struct row *row)
{
	return row->look.live.last_ms + row->conf.hold_ms;
}

/* As row_state() of the data path sees it. */
static bool is_attacked(const struct row *row, __u64 now_ms)
{
	return row->look.live.since_ms > row->wanted.disarmed_ms && now_ms < attacked_until_ms(row);
}

/* The same. */
static bool is_armed(const struct row *row, __u64 now_ms)
{
	if (row->rung.path == PATH_MONITOR)
		return false;
	if (row->wanted.mode == SVC_ALWAYS)
		return true;
	return row->wanted.mode == SVC_AUTO &&
	       (is_attacked(row, now_ms) || now_ms < row->wanted.forced_until_ms);
}

/* How its SYNs are answered, by mode, devices, listeners and what became of hand-offs. */
static void row_judge(const struct rows *rows, struct row *row, __u64 now_ms)
{
	const struct rung_row is = {
		.service = row->id->name,
		.mode = row->wanted.mode,
		.listeners = &row->listeners,
		.black_hole_seconds = canary_seconds_left(&row->canary, now_ms),
		.by_kernel_seconds = canary_by_kernel_seconds(&row->canary, now_ms),
	};

	dataplane_row_rung(rows->dp, &is, &row->rung);
}

static struct attack_target target_of(const struct row *row, __u64 now_ms)
{
	return (struct attack_target){
		.name = row->id->name,
		.port = row->id->port,
		.mode = row->wanted.mode,
		.is_answered = is_armed(row, now_ms),
	};
}

static void row_second(struct row *row, double seconds, __u64 now_ms)
{
	const struct row_counts *now = &row->look.counts, *ago = &row->second_ago.counts;
	struct tuner_second second;

	if (is_attacked(row, now_ms) || row->attack.is_going_on)
		row->quiet_ms = now_ms + row->thresholds.handshake_timeout_seconds * 1000ULL;
	second = (struct tuner_second){
		.is_attacked = now_ms < row->quiet_ms || now_ms < row->wanted.forced_until_ms,
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

/* And write it again: that it cannot be kept is said at once, and not in a minute. A file that is
 * not understood stays until then. */
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
	if (state_load(rows->conf->state_directory, all, rows->nr))
		return;
	for (size_t i = 0; i < rows->nr; i++)
		rows->row[i].learned = all[i].learned;
	keep_learned(rows);
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

static struct attack_view view_of(const struct row *row, __u64 now_ms)
{
	return (struct attack_view){
		.live = &row->look.live,
		.is_attacked = is_attacked(row, now_ms),
		.until_ms = attacked_until_ms(row),
		.now = &row->look.counts,
		.before = &row->turn_ago.counts,
		.syn_rate = row->syn_rate,
		.low_water = row->thresholds.low_water,
		.held = row->look.held,
	};
}

static void row_follow(struct rows *rows, struct row *row, __u64 now_ms)
{
	struct attack_view view = view_of(row, now_ms);
	struct attack_target target;

	row_watch(rows, row, now_ms);
	row_judge(rows, row, now_ms);
	target = target_of(row, now_ms);
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
	if (passive_opens_read(&rows->opens))
		rows->opens++; /* what is not known accuses nobody */
	for (size_t i = 0; i < rows->nr; i++) {
		if (row_look_again(rows, &rows->row[i], now_ms))
			continue;
		if (is_second)
			row_second(&rows->row[i], seconds, now_ms);
		row_follow(rows, &rows->row[i], now_ms);
	}
	dataplane_set_alive(rows->dp, now_ms);
	if (!is_second)
		return;
	rows->second_ms = now_ms;
	dataplane_sources(rows->dp, now_ms / 1000 - 1, take_sample, rows);
	if (now_ms - rows->saved_ms >= SAVE_SECONDS * 1000ULL)
		keep_learned(rows);
}

/* ---- looking ---- */

static __u32 armed_seconds(const struct row *row, __u64 now_ms)
{
	__u64 until_ms = is_attacked(row, now_ms) ? attacked_until_ms(row) : now_ms;

	if (!is_armed(row, now_ms))
		return 0;
	if (row->wanted.mode == SVC_ALWAYS || row->wanted.forced_until_ms == ARMED_WITHOUT_END)
		return ARMED_SECONDS_WITHOUT_END;
	if (row->wanted.forced_until_ms > until_ms)
		until_ms = row->wanted.forced_until_ms;
	return (until_ms - now_ms + 999) / 1000;
}

/* Into its place among those with the most SYNs, if it has one there. */
static void shoot_attack(const struct row *row, struct snapshot *ret)
{
	__u32 syn_rate = row->syn_rate + 0.5;
	unsigned int at = ret->nr_attacks;

	while (at && ret->attacks[at - 1].syn_rate < syn_rate)
		at--;
	if (at == ATTACKS_SHOWN)
		return;
	if (ret->nr_attacks < ATTACKS_SHOWN)
		ret->nr_attacks++;
	memmove(&ret->attacks[at + 1], &ret->attacks[at],
		(ret->nr_attacks - 1 - at) * sizeof(ret->attacks[0]));
	ret->attacks[at] = (struct snapshot_attack){
		.service = row->id->name,
		.port = row->id->port,
		.syn_rate = syn_rate,
	};
	attack_snapshot(&row->attack, &ret->attacks[at]);
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
		row_judge(rows, row, now_ms);
		ret->rows[ret->nr_rows++] = (struct snapshot_row){
			.name = row->id->name,
			.port = row->id->port,
			.path = path_name(row->rung.path),
			.why = row->rung.why[0] ? row->rung.why : NULL,
			.mode = row->wanted.mode,
			.armed = is_armed(row, now_ms),
			.armed_until_seconds = armed_seconds(row, now_ms),
			.attacked = row->attack.is_going_on,
			.attacks = row->look.live.times,
			.counts = row->look.counts,
			.half_open = row->look.half_open,
			.half_open_bytes = row->look.half_open * dataplane_request_bytes(rows->dp),
			.syn_rate = row->syn_rate + 0.5,
			.flows = flows[i],
			.listeners = row->listeners,
			.thresholds = row->thresholds,
			.learned = row->learned,
		};
		if (row->attack.is_going_on)
			shoot_attack(row, ret);
	}
	return err;
}

json_t *rows_ongoing(const struct rows *rows)
{
	__u64 now_ms = clock_now_ms();
	json_t *all = json_array();

	for (size_t i = 0; i < rows->nr; i++) {
		const struct row *row = &rows->row[i];
		struct attack_target target = target_of(row, now_ms);
		json_t *event = row_black_hole(row, now_ms);

		if (event)
			json_array_append_new(all, event);
		event = attack_ongoing(&row->attack, &target);
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

size_t rows_nr_armed(const struct rows *rows)
{
	__u64 now_ms = clock_now_ms();
	size_t nr = 0;

	for (size_t i = 0; i < rows->nr; i++)
		nr += is_armed(&rows->row[i], now_ms);
	return nr;
}

/* ---- open and close ---- */

/* What the daemon before left of it; nothing, if there was none. */
static void row_take_over(struct rows *rows, struct row *row)
{
	const struct row_conf *before = dataplane_row_before(rows->dp, row - rows->row);
	__u64 now_ms = clock_now_ms();
	struct attack_target target;
	struct attack_view view;

	if (row->wanted.mode == SVC_AUTO)
		row->wanted.forced_until_ms = before->forced_until_ms;
	row->wanted.disarmed_ms = before->disarmed_ms;
	row->conf = *before;
	if (row_look_again(rows, row, now_ms))
		return;
	row->second_ago = row->turn_ago = row->look;
	row_watch_from_now(rows, row, before->flags, now_ms);
	target = target_of(row, now_ms);
	view = view_of(row, now_ms);
	attack_take_over(&row->attack, &target, &view, dataplane_alive_ms(rows->dp));
}

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
		row->wanted.mode = conf->services[row->id->service].mode;
		row->wanted.tunables = conf->services[row->id->service].tunables;
	}
	load_learned(rows);
	follow_listeners(rows);
	passive_opens_read(&rows->opens);
	for (size_t i = 0; i < nr; i++)
		row_take_over(rows, &rows->row[i]);
	*ret = rows;
	return 0;
}

void rows_begin(struct rows *rows)
{
	for (size_t i = 0; i < rows->nr; i++)
		row_tell(rows, &rows->row[i]);
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
