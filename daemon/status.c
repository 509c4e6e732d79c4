/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which field of a snapshot has which name in JSON. What the values are is decided where the
 * snapshot is taken. A number without a word makes no object at all.
 */
#include "status.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "address.h"
#include "names.h"
#include "proto.h"

_Static_assert(PROTO_ARMED_WITHOUT_END == ARMED_SECONDS_WITHOUT_END, "of proto.h and snapshot.h");

/* JSON integers are signed 64 bits wide in jansson and in most readers. */
static json_int_t clamped(__u64 count)
{
	return count > INT64_MAX ? INT64_MAX : (json_int_t)count;
}

static const char *source_name(enum threshold_source source)
{
	static const char *const words[] = { [THRESHOLD_DEFAULT] = "default",
					     [THRESHOLD_TUNED] = "tuned",
					     [THRESHOLD_PINNED] = "pinned" };

	return word_of(words, NAMES_COUNT(words), source);
}

/* One member of an object; without a value there is no object. */
struct field {
	const char *name;
	json_t *value; /* taken over */
};

static json_t *fields_json(const struct field *fields, size_t nr)
{
	json_t *object = json_object();
	bool is_whole = object;
	size_t i;

	for (i = 0; i < nr; i++)
		is_whole &= !json_object_set_new(object, fields[i].name, fields[i].value);
	if (is_whole)
		return object;
	json_decref(object);
	return NULL;
}

#define FIELDS_JSON(fields) fields_json(fields, sizeof(fields) / sizeof((fields)[0]))

/* One member more, taken over; without one there is no array any more. */
static void append(json_t **array, json_t *member)
{
	if (!*array) {
		json_decref(member);
	} else if (json_array_append_new(*array, member)) {
		json_decref(*array);
		*array = NULL;
	}
}

static json_t *number(__u64 value)
{
	return json_integer(clamped(value));
}

static json_t *seconds(__u64 ms)
{
	return json_real((double)ms / 1000);
}

/* ---- status ---- */

static json_t *device_json(const struct snapshot_device *device)
{
	const struct field fields[] = {
		{ "name", json_string(device->name) },
		{ "xdp_mode", json_string(device->xdp_mode) },
		{ "tc", json_string(device->tc) },
		{ "path", json_string(device->path) },
		{ "why", device->why ? json_string(device->why) : json_null() },
		{ "state", json_string(device_state_name(device->state)) },
		{ "config_name",
		  device->config_name[0] ? json_string(device->config_name) : json_null() },
		{ "unconfirmed_seconds",
		  device->unconfirmed_seconds ? number(device->unconfirmed_seconds) : json_null() },
		{ "gaps", number(device->gaps) },
		{ "gap_seconds", device->gaps ? seconds(device->gap_ms) : json_null() },
		{ "xdp_runs", number(device->xdp_runs.nr) },
		{ "xdp_run_ns", number(device->xdp_runs.ns) },
		{ "tc_runs", number(device->tc_runs.nr) },
		{ "tc_run_ns", number(device->tc_runs.ns) },
	};

	return FIELDS_JSON(fields);
}

static json_t *row_thresholds_json(const struct thresholds *thresholds)
{
	const struct field fields[] = {
		{ "half_open", number(thresholds->half_open) },
		{ "half_open_source", json_string(source_name(thresholds->half_open_source)) },
		{ "syn_rate", number(thresholds->syn_rate) },
		{ "syn_rate_source", json_string(source_name(thresholds->syn_rate_source)) },
		{ "hold_seconds", number(thresholds->hold_seconds) },
	};

	return FIELDS_JSON(fields);
}

/* A reply has room for so much of why services are not answered in the best way. With a thousand of
 * them most say the same. */
#define WHYS_BYTES_MAX (120 * 1024)
#define WHY_LEFT_OUT "as services before it; there is no room to say it again"

static json_t *why_json(const char *why, size_t *nr_bytes)
{
	if (!why)
		return json_null();
	*nr_bytes += strlen(why);
	return json_string(*nr_bytes <= WHYS_BYTES_MAX ? why : WHY_LEFT_OUT);
}

static json_t *row_status_json(const struct snapshot_row *row, size_t *nr_bytes)
{
	const struct field fields[] = {
		{ "name", json_string(row->name) },
		{ "port", number(row->port) },
		{ "mode", json_string(svc_mode_name(row->mode)) },
		{ "path", json_string(row->path) },
		{ "why", why_json(row->why, nr_bytes) },
		{ "armed", json_boolean(row->armed) },
		{ "armed_until_seconds", number(row->armed_until_seconds) },
		{ "attacked", json_boolean(row->attacked) },
		{ "attacks", number(row->attacks) },
		{ "syns", number(row->counts.syns) },
		{ "cookies_sent", number(row->counts.cookies_sent) },
		{ "cookies_valid", number(row->counts.cookies_valid) },
		{ "cookies_invalid", number(row->counts.cookies_invalid) },
		{ "served", number(row->counts.served) },
		{ "untracked", number(row->counts.untracked) },
		{ "half_open", number(row->half_open) },
		{ "half_open_memory_bytes", number(row->half_open_bytes) },
		{ "kernel_half_open", number(row->listeners.half_open) },
		{ "backlog", number(row->listeners.backlog) },
		{ "accept_queue", number(row->listeners.accept_queue) },
		{ "syn_rate", number(row->syn_rate) },
		{ "flows", number(row->flows) },
		{ "thresholds", row_thresholds_json(&row->thresholds) },
	};

	return FIELDS_JSON(fields);
}

static json_t *devices_json(const struct snapshot *snapshot)
{
	json_t *array = json_array();
	unsigned int i;

	for (i = 0; i < snapshot->nr_devices; i++)
		append(&array, device_json(&snapshot->devices[i]));
	return array;
}

static json_t *rows_json(const struct snapshot *snapshot,
			 json_t *(*one)(const struct snapshot_row *row, size_t *nr_bytes))
{
	json_t *array = json_array();
	size_t nr_bytes = 0; /* of what has no fixed length */
	unsigned int i;

	for (i = 0; i < snapshot->nr_rows; i++)
		append(&array, one(&snapshot->rows[i], &nr_bytes));
	return array;
}

static json_t *attack_json(const struct snapshot_attack *attack)
{
	json_t *sources = json_array();
	size_t i;

	for (i = 0; i < attack->nr_sources; i++)
		append(&sources, json_pack("{s:s, s:f}", "prefix", attack->sources[i].prefix,
					   "percent", attack->sources[i].percent));
	return FIELDS_JSON(((const struct field[]){
		{ "service", json_string(attack->service) },
		{ "port", number(attack->port) },
		{ "cause", json_string(arm_cause_name(attack->cause)) },
		{ "value", number(attack->value) },
		{ "threshold", number(attack->threshold) },
		{ "seconds", number(attack->seconds) },
		{ "sources", sources },
	}));
}

static json_t *attacks_json(const struct snapshot *snapshot)
{
	json_t *array = json_array();
	unsigned int i;

	for (i = 0; i < snapshot->nr_attacks; i++)
		append(&array, attack_json(&snapshot->attacks[i]));
	return array;
}

static json_t *reasons_json(const struct snapshot *snapshot)
{
	json_t *object = json_object();
	char name[REASON_NAME_SIZE];
	unsigned int reason;

	for (reason = 0; reason < NR_REASONS; reason++) {
		if (json_object_set_new(object, reason_name(reason, name),
					json_integer(clamped(snapshot->reasons[reason])))) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

json_t *status_json(const struct snapshot *snapshot)
{
	const struct field fields[] = {
		{ "version", json_string(VERSION) },
		{ "libbpf", snapshot->libbpf ? json_string(snapshot->libbpf) : json_null() },
		{ "uptime_seconds", number(snapshot->uptime_seconds) },
		{ "synacks_resent", number(snapshot->synacks_resent) },
		{ "state_write_errors", number(snapshot->state_write_errors) },
		{ "memory_bytes",
		  snapshot->memory_bytes ? number(snapshot->memory_bytes) : json_null() },
		{ "max_flows", number(snapshot->max_flows) },
		{ "interfaces", devices_json(snapshot) },
		{ "services", rows_json(snapshot, row_status_json) },
		{ "attacks", attacks_json(snapshot) },
		{ "reasons", reasons_json(snapshot) },
	};

	return FIELDS_JSON(fields);
}

/* ---- thresholds ---- */

/* JSON has no numbers but finite ones. */
static json_t *rounded(double value)
{
	const double limit = 1e12;

	if (!(value >= 0))
		value = 0;
	if (value > limit)
		value = limit;
	return json_real((double)(__u64)(value * 100 + 0.5) / 100);
}

static json_t *row_tuning_json(const struct snapshot_row *row, size_t *nr_bytes)
{
	const struct thresholds *thresholds = &row->thresholds;
	const struct field fields[] = {
		{ "name", json_string(row->name) },
		{ "port", number(row->port) },
		{ "mode", json_string(svc_mode_name(row->mode)) },
		{ "half_open", number(thresholds->half_open) },
		{ "half_open_source", json_string(source_name(thresholds->half_open_source)) },
		{ "syn_rate", number(thresholds->syn_rate) },
		{ "syn_rate_source", json_string(source_name(thresholds->syn_rate_source)) },
		{ "low_water", number(thresholds->low_water) },
		{ "hold_seconds", number(thresholds->hold_seconds) },
		{ "handshake_timeout_seconds", number(thresholds->handshake_timeout_seconds) },
		{ "max_half_open", number(thresholds->max_half_open) },
		{ "backlog", row->listeners.nr ? number(row->listeners.backlog) : json_null() },
		{ "learned_half_open", rounded(row->learned.half_open) },
		{ "learned_syn_rate", rounded(row->learned.syn_rate) },
	};

	(void)nr_bytes;
	return FIELDS_JSON(fields);
}

json_t *thresholds_json(const struct snapshot *snapshot)
{
	return json_pack("{s:o}", "thresholds", rows_json(snapshot, row_tuning_json));
}

/* ---- handshakes ---- */

/* Which of two ways a finished handshake goes to the listener is of no interest outside. */
static const char *shown_state(enum flow_state state)
{
	return flow_state_name(state == FLOW_VALIDATED ? FLOW_HANDED_OFF : state);
}

static json_t *handshake_json(const struct handshake *handshake)
{
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	const struct field fields[] = {
		{ "source", json_string(address_text(&handshake->src, src)) },
		{ "source_port", number(handshake->sport) },
		{ "destination", json_string(address_text(&handshake->dst, dst)) },
		{ "port", number(handshake->dport) },
		{ "service", json_string(handshake->service) },
		{ "state", json_string(shown_state(handshake->state)) },
		{ "accepted_by", json_string(accepted_by_name(handshake->accepted_by)) },
		{ "age_seconds", seconds(handshake->age_ms) },
		{ "state_seconds", seconds(handshake->in_state_ms) },
	};

	return FIELDS_JSON(fields);
}

json_t *handshakes_json(const struct handshake_page *page)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < page->nr_entries; i++)
		append(&array, handshake_json(&page->entries[i]));
	return json_pack("{s:o, s:o}", "handshakes", array, "next",
			 page->next ? json_integer(page->next) : json_null());
}
