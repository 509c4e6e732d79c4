/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which field of a snapshot has which name in JSON. What the values are is decided where the
 * snapshot is taken.
 */
#include "status.h"

#include <stdint.h>

#include "names.h"

/* JSON integers are signed 64 bits wide in jansson and in most readers. */
static json_int_t clamped(__u64 count)
{
	return count > INT64_MAX ? INT64_MAX : (json_int_t)count;
}

static json_t *device_json(const struct snapshot_device *device)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s?}", "name", device->name, "xdp_mode",
			 device->xdp_mode, "tc", device->tc, "path", device->path, "why",
			 device->why);
}

static json_t *row_json(const struct snapshot_row *row)
{
	const struct row_counts *counts = &row->counts;

	return json_pack("{s:s, s:i, s:s, s:b, s:I, s:I, s:I, s:I}", "name", row->name, "port",
			 (int)row->port, "mode", svc_mode_name(row->mode), "armed", (int)row->armed,
			 "syns", clamped(counts->syns), "cookies_sent",
			 clamped(counts->cookies_sent), "cookies_valid",
			 clamped(counts->cookies_valid), "cookies_invalid",
			 clamped(counts->cookies_invalid));
}

static json_t *devices_json(const struct snapshot *snapshot)
{
	json_t *array = json_array();
	unsigned int i;

	for (i = 0; i < snapshot->nr_devices; i++) {
		if (json_array_append_new(array, device_json(&snapshot->devices[i]))) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *rows_json(const struct snapshot *snapshot)
{
	json_t *array = json_array();
	unsigned int i;

	for (i = 0; i < snapshot->nr_rows; i++) {
		if (json_array_append_new(array, row_json(&snapshot->rows[i]))) {
			json_decref(array);
			return NULL;
		}
	}
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
	return json_pack("{s:s, s:I, s:o, s:o, s:o}", "version", VERSION, "uptime_seconds",
			 clamped(snapshot->uptime_seconds), "interfaces", devices_json(snapshot),
			 "services", rows_json(snapshot), "reasons", reasons_json(snapshot));
}
