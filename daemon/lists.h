/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The allow and deny lists, as a sorted set of prefixes in memory. A prefix is on one list at a
 * time. A file of the config may say so, or a command; what a command says covers the file for as
 * long as it holds. Telling the data path is for others (list_keeper.c). Nothing here logs.
 */
#ifndef SYNWARD_LISTS_H
#define SYNWARD_LISTS_H

#include <stddef.h>

#include "prefix.h"

enum list_source {
	LIST_FROM_FILE, /* of the config */
	LIST_FROM_COMMAND,
};

struct list_entry {
	struct prefix prefix;
	enum list list;
	enum list_source source;
	enum list in_file; /* where a file puts it; LIST_NONE: nowhere */
	__u64 expires_ms;  /* of the millisecond clock; 0: never */
};

struct lists;

/* NULL: no memory. */
struct lists *lists_new(void);
void lists_free(struct lists *lists);

size_t lists_nr(const struct lists *lists);
const struct list_entry *lists_find(const struct lists *lists, const struct prefix *prefix);

/* Puts a copy of the entry there, in place of what was there for its prefix. Returns 0; -ENOSPC
 * beyond LIST_ENTRIES_MAX; or -ENOMEM. */
int lists_set(struct lists *lists, const struct list_entry *entry);
void lists_remove(struct lists *lists, const struct prefix *prefix);

/* In order. The lists must not be changed meanwhile. */
typedef void take_entry(void *arg, const struct list_entry *entry);
void lists_each(const struct lists *lists, take_entry *take, void *arg);

/* Copies of all whose time is up at @now_ms, in *ret, to be freed. Returns how many; 0 also when
 * memory is short, and then they come later. */
size_t lists_expired(struct lists *lists, __u64 now_ms, struct list_entry **ret);

#define LIST_PAGE_MAX 1000

struct list_page {
	struct list_entry entries[LIST_PAGE_MAX];
	size_t nr_entries;
	__u32 next; /* where to go on; 0: there are no more */
};

/* At most @limit entries of that list (LIST_NONE: of both), from 0 or from the `next` of the page
 * before. */
void lists_page(const struct lists *lists, enum list list, __u32 from, __u32 limit,
		struct list_page *ret);

/* ---- what becomes of an entry ---- */

/* Of that for one prefix. */
struct list_change {
	bool was_there, is_there;
	struct list_entry before, after; /* when it was, or is */
};

/* A command puts @prefix on @list; @before: what was there, or NULL. What the file says anyway
 * needs no command. */
struct list_entry list_entry_added(const struct list_entry *before, const struct prefix *prefix,
				   enum list list, __u64 expires_ms);

/* It was deleted, or its time is up. True: what a file says comes back, in *ret. */
bool list_entry_uncovers(const struct list_entry *before, struct list_entry *ret);

#endif
