// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two events of an attack, and what becomes of a row's state between them.
 */
#include "attacks.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "log.h"
#include "names.h"

/* ---- JSON ---- */

static void prefix_text(const struct topk_key *key, char buffer[SOURCE_PREFIX_SIZE])
{
	__be32 words[4] = { key->prefix[0], key->prefix[1] };

	_Static_assert(SOURCE_PREFIX_SIZE >= INET6_ADDRSTRLEN + 3, "and /48");
	inet_ntop(key->is_v6 ? AF_INET6 : AF_INET, words, buffer, INET6_ADDRSTRLEN);
	strcat(buffer, key->is_v6 ? "/48" : "/24");
}

/* Those of which anything is certain; returns how many. */
static size_t shares_of(const struct topk *sources, struct source_share ret[SOURCES_SHOWN])
{
	struct topk_entry best[SOURCES_SHOWN];
	size_t nr_best = sources ? topk_best(sources, best, SOURCES_SHOWN) : 0, nr = 0;

	for (size_t i = 0; i < nr_best; i++) {
		double share = (best[i].weight - best[i].error) / sources->total;

		ret[nr].percent = (double)(int)(share * 1000 + 0.5) / 10;
		prefix_text(&best[i].key, ret[nr].prefix);
		nr += ret[nr].percent > 0;
	}
	return nr;
}

static json_t *sources_json(const struct topk *sources)
{
	struct source_share shares[SOURCES_SHOWN];
	size_t nr = shares_of(sources, shares);
	json_t *array = json_array();

	for (size_t i = 0; i < nr; i++)
		json_array_append_new(array, json_pack("{s:s, s:f}", "prefix", shares[i].prefix,
						       "percent", shares[i].percent));
	return array;
}

static json_t *event_json(const char *kind, const char *time, const struct attack *attack,
			  const struct attack_target *target)
{
	json_t *event = json_pack("{s:s, s:s, s:s, s:i, s:s, s:b, s:s, s:I, s:I}", "event", kind,
				  "time", time, "service", target->name, "port", (int)target->port,
				  "mode", svc_mode_name(target->mode), "answered",
				  (int)(attack->was_answered || target->is_answered), "cause",
				  arm_cause_name(attack->live.cause), "value",
				  (json_int_t)attack->live.value, "threshold",
				  (json_int_t)attack->live.threshold);

	if (event && attack->nr_missed)
		json_object_set_new(event, "missed_before", json_integer(attack->nr_missed));
	return event;
}

static json_t *end_json(__u64 end_ms, const struct attack *attack,
			const struct attack_target *target, const struct row_counts *now)
{
	const struct row_counts *was = &attack->before;
	char time[CLOCK_TEXT_SIZE];
	json_t *event = event_json("attack_end", clock_text(end_ms, time), attack, target);
	json_t *more = json_pack(
		"{s:s, s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "began", attack->began,
		"duration_seconds", (end_ms - attack->live.since_ms) / 1000.0, "peak_syn_rate",
		(json_int_t)attack->peak_syn_rate, "syns", (json_int_t)(now->syns - was->syns),
		"cookies_sent", (json_int_t)(now->cookies_sent - was->cookies_sent),
		"cookies_valid", (json_int_t)(now->cookies_valid - was->cookies_valid),
		"cookies_invalid", (json_int_t)(now->cookies_invalid - was->cookies_invalid),
		"served", (json_int_t)(now->served - was->served), "sources",
		sources_json(attack->sources));

	json_object_update(event, more);
	json_decref(more);
	return event;
}

/* ---- log lines ---- */

struct log_text {
	char line[900];
	size_t len; /* beyond the line when something was cut */
};

static void log_append(struct log_text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void log_append(struct log_text *text, const char *format, ...)
{
	va_list args;

	if (text->len >= sizeof(text->line))
		return;
	va_start(args, format);
	text->len += (size_t)vsnprintf(text->line + text->len, sizeof(text->line) - text->len,
				       format, args);
	va_end(args);
}

static void log_append_sources(struct log_text *text, const json_t *sources)
{
	json_t *source;
	size_t i;

	json_array_foreach (sources, i, source) {
		log_append(text, " source=%s:%.1f%%",
			   json_string_value(json_object_get(source, "prefix")),
			   json_real_value(json_object_get(source, "percent")));
	}
}

/* "key=value key=value": what can be compared and counted by machine. */
static void log_event(const json_t *event)
{
	struct log_text text = {};
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)event, key, value) {
		char *word __cleanup(cleanup_free) = NULL;

		if (json_is_array(value)) {
			log_append_sources(&text, value);
			continue;
		}
		word = json_is_string(value) ?
			       strdup(json_string_value(value)) :
			       json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
		log_append(&text, "%s%s=%s", text.len ? " " : "", key, word ?: "");
	}
	log_notice("%s", text.line);
}

static void report_event(json_t *event, attack_report *report, void *arg)
{
	if (!event) {
		log_warn("no memory to report an attack");
		return;
	}
	log_event(event);
	report(arg, event);
	json_decref(event);
}

/* ---- what becomes of a row ---- */

/* At this moment, or by what has been sent: the daemon may have slept through it. */
static bool is_answered(const struct attack_target *target, const struct attack_view *view)
{
	return target->is_answered || view->now->cookies_sent > view->before->cookies_sent;
}

/* What it is, should it be told. */
static void attack_note(struct attack *attack, const struct attack_target *target,
			const struct attack_view *view)
{
	struct topk *sources = attack->sources ?: malloc(sizeof(*sources));

	if (sources)
		memset(sources, 0, sizeof(*sources));
	*attack = (struct attack){
		.left_behind = attack->left_behind,
		.was_answered = is_answered(target, view),
		.until_ms = view->until_ms,
		.nr_missed = view->live->times - attack->times - 1,
		.times = view->live->times,
		.live = *view->live,
		.before = *view->before,
		.peak_syn_rate = view->syn_rate,
		.sources = sources,
	};
	clock_text(view->live->since_ms, attack->began);
}

static void attack_go_on(struct attack *attack, const struct attack_target *target,
			 const struct attack_view *view)
{
	attack->until_ms = view->until_ms;
	attack->was_answered |= is_answered(target, view);
	if (view->syn_rate > attack->peak_syn_rate)
		attack->peak_syn_rate = view->syn_rate;
}

/* An attack leaves half-open handshakes in the kernel for a minute, and each SYN that finds so many
 * arms again. That is right, and no news, as long as no more comes. */
static bool is_by_residue(const struct attack *attack, const struct attack_view *view)
{
	return view->live->cause == ARM_HALF_OPEN && view->live->value <= attack->left_behind &&
	       view->syn_rate < view->low_water;
}

static void attack_end(struct attack *attack, const struct attack_target *target,
		       const struct attack_view *view, attack_report *report, void *arg)
{
	bool is_new = view->live->times != attack->times;
	__u64 now_ms = clock_now_ms();
	__u64 end_ms = attack->until_ms < now_ms ? attack->until_ms : now_ms;

	if (is_new && end_ms > view->live->since_ms)
		end_ms = view->live->since_ms;
	report_event(end_json(end_ms, attack, target, is_new ? view->before : view->now), report,
		     arg);
	attack->is_going_on = false;
	attack->left_behind = view->held;
}

/* Whether it goes on, or left something behind, the next second tells. */
void attack_take_over(struct attack *attack, const struct attack_target *target,
		      const struct attack_view *view)
{
	attack->times = view->live->times;
	if (!view->is_attacked)
		return;
	attack->times--;
	attack_note(attack, target, view);
	attack->is_residue = attack->was_told = true;
}

void attack_follow(struct attack *attack, const struct attack_target *target,
		   const struct attack_view *view, attack_report *report, void *arg)
{
	bool is_new = view->live->times != attack->times;
	bool has_begun = false;

	if (attack->is_going_on && !is_new)
		attack_go_on(attack, target, view);
	if (attack->is_going_on && (is_new || !view->is_attacked))
		attack_end(attack, target, view, report, arg);
	if (is_new) {
		attack_note(attack, target, view);
		attack->is_residue = is_by_residue(attack, view);
		has_begun = !attack->is_residue;
	} else if (attack->is_residue) {
		has_begun = view->is_attacked && view->syn_rate >= view->low_water;
		attack->is_residue = view->is_attacked && !has_begun;
	}
	if (has_begun) {
		attack->is_going_on = true;
		if (!attack->was_told)
			report_event(event_json("attack_begin", attack->began, attack, target),
				     report, arg);
	} else if (!attack->is_going_on && view->held < attack->left_behind) {
		attack->left_behind = view->held;
	}
}

void attack_source(struct attack *attack, const struct topk_key *prefix, double weight)
{
	if (attack->is_going_on && attack->sources)
		topk_add(attack->sources, prefix, weight);
}

json_t *attack_ongoing(const struct attack *attack, const struct attack_target *target)
{
	if (!attack->is_going_on)
		return NULL;
	return event_json("attack_begin", attack->began, attack, target);
}

void attack_snapshot(const struct attack *attack, struct snapshot_attack *ret)
{
	__u64 now_ms = clock_now_ms();

	ret->cause = attack->live.cause;
	ret->value = attack->live.value;
	ret->threshold = attack->live.threshold;
	ret->seconds = now_ms > attack->live.since_ms ? (now_ms - attack->live.since_ms) / 1000 : 0;
	ret->nr_sources = shares_of(attack->sources, ret->sources);
}

void attack_free(struct attack *attack)
{
	free(attack->sources);
	*attack = (struct attack){ 0 };
}
