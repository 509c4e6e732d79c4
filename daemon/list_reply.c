/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An entry is {"list", "prefix", "source", "expires_seconds"}; the last is null for one that stays.
 */
#include "list_reply.h"

#include "names.h"

static json_t *expires_json(const struct list_entry *entry, __u64 now_ms)
{
	if (!entry->expires_ms)
		return json_null();
	if (entry->expires_ms <= now_ms)
		return json_integer(0);
	return json_integer((json_int_t)((entry->expires_ms - now_ms + 999) / 1000));
}

static json_t *entry_json(const struct list_entry *entry, __u64 now_ms)
{
	const char *source = entry->source == LIST_FROM_FILE ? "file" : "command";
	char buffer[PREFIX_SIZE];

	return json_pack("{s:s, s:s, s:s, s:o}", "list", list_name(entry->list), "prefix",
			 prefix_format(&entry->prefix, buffer), "source", source, "expires_seconds",
			 expires_json(entry, now_ms));
}

json_t *list_page_json(const struct list_page *page, __u64 now_ms)
{
	json_t *entries = json_array();
	size_t i;

	for (i = 0; i < page->nr_entries; i++) {
		if (json_array_append_new(entries, entry_json(&page->entries[i], now_ms))) {
			json_decref(entries);
			return NULL;
		}
	}
	return json_pack("{s:o, s:o}", "entries", entries, "next",
			 page->next ? json_integer(page->next) : json_null());
}

json_t *list_change_json(const struct list_change *change, __u64 now_ms)
{
	return json_pack("{s:o, s:o}", "before",
			 change->was_there ? entry_json(&change->before, now_ms) : json_null(),
			 "after",
			 change->is_there ? entry_json(&change->after, now_ms) : json_null());
}
