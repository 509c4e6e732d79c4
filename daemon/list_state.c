/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DIRECTORY/lists.json: {"version": 1, "entries": [{"list", "prefix", "expires"}]}; expires is in
 * ms since 1970, or null.
 */
#include "list_state.h"

#include <errno.h>
#include <string.h>

#include "json.h"
#include "log.h"
#include "names.h"
#include "proto.h"
#include "state_file.h"

#define STATE_NAME "lists.json"
#define STATE_VERSION 1
#define LONGEST_MS (PROTO_LIST_SECONDS_MAX * 1000ULL)

/* ---- reading ---- */

/* Into an entry of the data path's clock. A clock that was set back makes nothing last longer than
 * a command may. Returns whether it is an entry at all. */
static bool read_entry(json_t *json, const struct list_clock *clock, struct list_entry *ret)
{
	char why[PREFIX_WHY_SIZE];
	const char *list, *prefix;
	json_t *expires;
	__u64 left_ms = 0;

	*ret = (struct list_entry){ .source = LIST_FROM_COMMAND };
	if (json_unpack_ex(json, NULL, JSON_STRICT, "{s:s, s:s, s:o}", "list", &list, "prefix",
			   &prefix, "expires", &expires) ||
	    list_find(list, &ret->list) || prefix_parse(prefix, &ret->prefix, why))
		return false;
	if (json_is_null(expires))
		return true;
	if (!json_is_integer(expires) || json_integer_value(expires) < 0)
		return false;
	if ((__u64)json_integer_value(expires) > clock->wall_ms)
		left_ms = (__u64)json_integer_value(expires) - clock->wall_ms;
	ret->expires_ms = clock->now_ms + (left_ms < LONGEST_MS ? left_ms : LONGEST_MS);
	return true;
}

/* All of the file is sane, or nothing of it is taken. */
static bool check_all(json_t *state, const struct list_clock *clock, json_t **ret_entries)
{
	struct list_entry ignored;
	json_int_t version;
	json_t *json;
	size_t i;

	if (json_unpack_ex(state, NULL, JSON_STRICT, "{s:I, s:o}", "version", &version, "entries",
			   ret_entries) ||
	    version != STATE_VERSION || !json_is_array(*ret_entries))
		return false;
	json_array_foreach (*ret_entries, i, json)
		if (!read_entry(json, clock, &ignored))
			return false;
	return true;
}

static int put_all(const json_t *entries, const struct list_clock *clock, struct lists *lists)
{
	size_t i, nr_left_out = 0;
	json_t *json;

	json_array_foreach ((json_t *)entries, i, json) {
		struct list_entry entry;
		int err;

		if (!read_entry(json, clock, &entry) ||
		    (entry.expires_ms && entry.expires_ms <= clock->now_ms))
			continue;
		entry = list_entry_added(lists_find(lists, &entry.prefix), &entry.prefix,
					 entry.list, entry.expires_ms);
		err = lists_set(lists, &entry);
		if (err == -ENOMEM)
			return err;
		nr_left_out += err != 0;
	}
	if (nr_left_out)
		log_warn("%zu prefixes that commands had put on the lists are left out: with those "
			 "of the config's files there are more than %d; shorten the files",
			 nr_left_out, LIST_ENTRIES_MAX);
	return 0;
}

int list_state_load(const char *directory, const struct list_clock *clock, struct lists *lists)
{
	json_t *state __cleanup(cleanup_json) = NULL;
	int err = state_file_read(directory, STATE_NAME, &state);
	json_t *entries;

	if (err == -ENOMEM || (!err && !state))
		return err;
	if (!err && check_all(state, clock, &entries))
		return put_all(entries, clock, lists);
	log_warn("%s/" STATE_NAME ": %s, and ignored; what commands had put on the allow and deny "
		 "lists is lost",
		 directory,
		 err && err != -EINVAL ? strerror(-err) : "is damaged or of another version");
	return -EINVAL;
}

/* ---- writing ---- */

struct writing {
	const struct list_clock *clock;
	json_t *entries;
	int err;
};

static json_t *expires_json(const struct list_entry *entry, const struct list_clock *clock)
{
	if (!entry->expires_ms)
		return json_null();
	return json_integer((json_int_t)(clock->wall_ms + entry->expires_ms - clock->now_ms));
}

static void add_entry(void *arg, const struct list_entry *entry)
{
	struct writing *writing = arg;
	char buffer[PREFIX_SIZE];

	if (entry->source != LIST_FROM_COMMAND)
		return;
	if (json_array_append_new(writing->entries,
				  json_pack("{s:s, s:s, s:o}", "list", list_name(entry->list),
					    "prefix", prefix_format(&entry->prefix, buffer),
					    "expires", expires_json(entry, writing->clock))))
		writing->err = -ENOMEM;
}

static int save(const char *directory, const struct list_clock *clock, const struct lists *lists)
{
	json_t *entries = json_array();
	struct writing writing = { clock, entries, 0 };
	json_t *state __cleanup(cleanup_json) =
		json_pack("{s:i, s:o}", "version", STATE_VERSION, "entries", entries);

	if (!state)
		return -ENOMEM;
	lists_each(lists, add_entry, &writing);
	return writing.err ?: state_file_write(directory, STATE_NAME, state);
}

int list_state_save(const char *directory, const struct list_clock *clock,
		    const struct lists *lists)
{
	static bool has_failed;
	int err = save(directory, clock, lists);

	if (err && !has_failed)
		log_warn("%s: the allow and deny lists cannot be kept there (%s); they hold until "
			 "synwardd stops",
			 directory, strerror(-err));
	has_failed = err;
	return err;
}
