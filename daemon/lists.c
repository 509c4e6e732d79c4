/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tree (tsearch(3), which keeps it balanced): with 200 000 prefixes, one more must not cost a
 * move of half of them. A page counts its way through it, a few milliseconds at the most.
 */
#include "lists.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>

#include "cleanup.h"

struct lists {
	void *root;
	size_t nr;
	__u64 next_expiry_ms; /* nothing expires before; 0: nothing does */
};

static int entry_order(const void *a, const void *b)
{
	return prefix_compare(&((const struct list_entry *)a)->prefix,
			      &((const struct list_entry *)b)->prefix);
}

struct lists *lists_new(void)
{
	return calloc(1, sizeof(struct lists));
}

void lists_free(struct lists *lists)
{
	if (!lists)
		return;
	tdestroy(lists->root, free);
	free(lists);
}

size_t lists_nr(const struct lists *lists)
{
	return lists->nr;
}

static struct list_entry *find(const struct lists *lists, const struct prefix *prefix)
{
	const struct list_entry key = { .prefix = *prefix };
	struct list_entry *const *node = tfind(&key, &lists->root, entry_order);

	return node ? *node : NULL;
}

const struct list_entry *lists_find(const struct lists *lists, const struct prefix *prefix)
{
	return find(lists, prefix);
}

static void note_expiry(struct lists *lists, __u64 expires_ms)
{
	if (expires_ms && (!lists->next_expiry_ms || expires_ms < lists->next_expiry_ms))
		lists->next_expiry_ms = expires_ms;
}

int lists_set(struct lists *lists, const struct list_entry *entry)
{
	struct list_entry *own = find(lists, &entry->prefix);

	if (!own) {
		if (lists->nr == LIST_ENTRIES_MAX)
			return -ENOSPC;
		own = malloc(sizeof(*own));
		if (!own)
			return -ENOMEM;
		own->prefix = entry->prefix;
		if (!tsearch(own, &lists->root, entry_order)) {
			free(own);
			return -ENOMEM;
		}
		lists->nr++;
	}
	*own = *entry;
	note_expiry(lists, entry->expires_ms);
	return 0;
}

void lists_remove(struct lists *lists, const struct prefix *prefix)
{
	struct list_entry *own = find(lists, prefix);

	if (!own)
		return;
	tdelete(own, &lists->root, entry_order);
	free(own);
	lists->nr--;
}

/* ---- all of them ---- */

struct walk {
	take_entry *take;
	void *arg;
};

static void walk_on(const void *node, VISIT which, void *arg)
{
	const struct walk *walk = arg;

	if (which == postorder || which == leaf) /* between its two branches */
		walk->take(walk->arg, *(struct list_entry *const *)node);
}

void lists_each(const struct lists *lists, take_entry *take, void *arg)
{
	struct walk walk = { take, arg };

	twalk_r(lists->root, walk_on, &walk);
}

struct expiry {
	struct lists *lists;
	__u64 now_ms;
	struct list_entry *expired;
	size_t nr;
};

static void take_expired(void *arg, const struct list_entry *entry)
{
	struct expiry *expiry = arg;

	if (entry->expires_ms && entry->expires_ms <= expiry->now_ms)
		expiry->expired[expiry->nr++] = *entry;
	note_expiry(expiry->lists, entry->expires_ms); /* who is not removed is found again */
}

size_t lists_expired(struct lists *lists, __u64 now_ms, struct list_entry **ret)
{
	struct expiry expiry = { lists, now_ms, NULL, 0 };

	if (!lists->next_expiry_ms || now_ms < lists->next_expiry_ms)
		return 0;
	expiry.expired = calloc(lists->nr + 1, sizeof(*expiry.expired));
	if (!expiry.expired)
		return 0;
	lists->next_expiry_ms = 0;
	lists_each(lists, take_expired, &expiry);
	*ret = expiry.expired;
	return expiry.nr;
}

struct paging {
	enum list list;
	__u32 from, limit, at;
	struct list_page *page;
};

static void take_for_page(void *arg, const struct list_entry *entry)
{
	struct paging *paging = arg;
	const __u32 at = paging->at++;
	struct list_page *page = paging->page;

	if (at < paging->from || page->next)
		return;
	if (paging->list != LIST_NONE && entry->list != paging->list)
		return;
	if (page->nr_entries == paging->limit)
		page->next = at;
	else
		page->entries[page->nr_entries++] = *entry;
}

void lists_page(const struct lists *lists, enum list list, __u32 from, __u32 limit,
		struct list_page *ret)
{
	struct paging paging = { list, from, limit, 0, ret };

	ret->nr_entries = 0;
	ret->next = 0;
	lists_each(lists, take_for_page, &paging);
}

/* ---- what becomes of an entry ---- */

struct list_entry list_entry_added(const struct list_entry *before, const struct prefix *prefix,
				   enum list list, __u64 expires_ms)
{
	const enum list in_file = before ? before->in_file : LIST_NONE;
	const bool is_in_file = in_file == list;

	return (struct list_entry){
		.prefix = *prefix,
		.list = list,
		.source = is_in_file ? LIST_FROM_FILE : LIST_FROM_COMMAND,
		.in_file = in_file,
		.expires_ms = is_in_file ? 0 : expires_ms,
	};
}

bool list_entry_uncovers(const struct list_entry *before, struct list_entry *ret)
{
	if (before->source == LIST_FROM_FILE || before->in_file == LIST_NONE)
		return false;
	*ret = (struct list_entry){
		.prefix = before->prefix,
		.list = before->in_file,
		.source = LIST_FROM_FILE,
		.in_file = before->in_file,
	};
	return true;
}
