// SPDX-License-Identifier: GPL-2.0-only
/*
 * DIRECTORY/learned.json: {"version": 1, "learned": [{"service", "port", "half_open",
 * "syn_rate"}]}.
 */
#include "state.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "json.h"
#include "log.h"
#include "state_file.h"

#define STATE_NAME "learned.json"
#define STATE_VERSION 1

static bool is_sane(double value)
{
	return isfinite(value) && value >= 0 && value <= 1e9;
}

/* Returns whether it is an entry at all. */
static bool take_entry(json_t *entry, struct state_row *rows, size_t nr)
{
	struct baseline learned;
	const char *service;
	json_int_t port;

	if (json_unpack_ex(entry, NULL, JSON_STRICT, "{s:s, s:I, s:F, s:F}", "service", &service,
			   "port", &port, "half_open", &learned.half_open, "syn_rate",
			   &learned.syn_rate) ||
	    !is_sane(learned.half_open) || !is_sane(learned.syn_rate))
		return false;
	for (size_t i = 0; i < nr; i++)
		if (rows[i].port == port && !strcmp(rows[i].service, service))
			rows[i].learned = learned;
	return true;
}

/* All of the file is sane, or none of it is taken. */
static bool take_all(json_t *state, struct state_row *rows, size_t nr)
{
	struct state_row *copy __cleanup(cleanup_free) = malloc(nr * sizeof(*rows) + 1);
	json_t *learned, *entry;
	json_int_t version;
	size_t i;

	if (!copy || json_unpack_ex(state, NULL, JSON_STRICT, "{s:I, s:o}", "version", &version,
				    "learned", &learned))
		return false;
	if (version != STATE_VERSION || !json_is_array(learned))
		return false;
	memcpy(copy, rows, nr * sizeof(*rows));
	json_array_foreach (learned, i, entry)
		if (!take_entry(entry, copy, nr))
			return false;
	memcpy(rows, copy, nr * sizeof(*rows));
	return true;
}

int state_load(const char *directory, struct state_row *rows, size_t nr)
{
	json_t *state __cleanup(cleanup_json) = NULL;
	int err = state_file_read(directory, STATE_NAME, &state);

	if (err == -ENOMEM || (!err && !state))
		return err;
	if (!err && take_all(state, rows, nr))
		return 0;
	if (err && err != -EINVAL)
		log_warn("%s/" STATE_NAME ": cannot be read (%s); learning begins anew", directory,
			 strerror(-err));
	else
		log_warn("%s/" STATE_NAME
			 ": is damaged or of another version, and ignored; learning begins anew",
			 directory);
	return -EINVAL;
}

static json_t *state_json(const struct state_row *rows, size_t nr)
{
	json_t *learned = json_array();

	for (size_t i = 0; i < nr; i++)
		json_array_append_new(learned, json_pack("{s:s, s:i, s:f, s:f}", "service",
							 rows[i].service, "port", (int)rows[i].port,
							 "half_open", rows[i].learned.half_open,
							 "syn_rate", rows[i].learned.syn_rate));
	return json_pack("{s:i, s:o}", "version", STATE_VERSION, "learned", learned);
}

int state_save(const char *directory, const struct state_row *rows, size_t nr)
{
	static bool has_failed;
	json_t *json __cleanup(cleanup_json) = state_json(rows, nr);
	int err = json ? state_file_write(directory, STATE_NAME, json) : -ENOMEM;

	if (err && !has_failed)
		log_warn("%s: what was learned cannot be kept there (%s); protection goes on",
			 directory, strerror(-err));
	has_failed = err;
	return err;
}
