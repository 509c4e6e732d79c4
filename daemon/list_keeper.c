/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every change goes to the data path before it is true in memory: a prefix that could not be told
 * is not listed as if it were.
 */
#include "list_keeper.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "clock.h"
#include "list_state.h"
#include "log.h"

#define SAVE_RETRY_MS 60000

struct list_keeper {
	const struct config *conf;
	struct dataplane *dp;
	struct lists *lists;
	bool is_unsaved; /* what commands said has changed */
	__u64 not_saved_before_ms;
};

static struct list_clock clock_now(void)
{
	struct timespec wall;

	clock_gettime(CLOCK_REALTIME, &wall);
	return (struct list_clock){ clock_now_ms(),
				    wall.tv_sec * 1000ULL + wall.tv_nsec / 1000000 };
}

static void keep(struct list_keeper *keeper)
{
	const struct list_clock clock = clock_now();

	if (!keeper->is_unsaved || !keeper->conf->state_directory ||
	    clock.now_ms < keeper->not_saved_before_ms)
		return;
	if (list_state_save(keeper->conf->state_directory, &clock, keeper->lists))
		keeper->not_saved_before_ms = clock.now_ms + SAVE_RETRY_MS;
	else
		keeper->is_unsaved = false;
}

/* ---- begin and end ---- */

static int take_files(const struct config *conf, struct lists *lists)
{
	int err = 0;

	for (size_t i = 0; i < conf->nr_listed && !err; i++) {
		const enum list list = conf->listed[i].list;
		const struct list_entry entry = { .prefix = conf->listed[i].prefix,
						  .list = list,
						  .source = LIST_FROM_FILE,
						  .in_file = list };

		err = lists_set(lists, &entry);
	}
	return err;
}

int list_keeper_open(const struct config *conf, struct dataplane *dp, struct list_keeper **ret)
{
	struct list_keeper *keeper = calloc(1, sizeof(*keeper));
	const struct list_clock clock = clock_now();
	int err = keeper ? 0 : -ENOMEM;

	if (!err) {
		*keeper = (struct list_keeper){ .conf = conf, .dp = dp, .lists = lists_new() };
		err = keeper->lists ? take_files(conf, keeper->lists) : -ENOMEM;
	}
	if (!err && conf->state_directory)
		err = list_state_load(conf->state_directory, &clock, keeper->lists);
	if (err && err != -EINVAL) { /* what is damaged is left aside */
		log_err("the allow and deny lists cannot be read: %s", strerror(-err));
		list_keeper_close(keeper);
		return err;
	}
	*ret = keeper;
	return 0;
}

int list_keeper_begin(struct list_keeper *keeper)
{
	int err = dataplane_use_lists(keeper->dp, keeper->lists);

	if (err)
		log_err("the allow and deny lists cannot be put into the data path: %s",
			strerror(-err));
	return err;
}

void list_keeper_close(struct list_keeper *keeper)
{
	if (!keeper)
		return;
	keeper->not_saved_before_ms = 0;
	keep(keeper);
	lists_free(keeper->lists);
	free(keeper);
}

/* ---- changes ---- */

/* From what is there for the prefix, if anything, to @after; NULL: it is on no list any more. */
static int change(struct list_keeper *keeper, const struct prefix *prefix,
		  const struct list_entry *after)
{
	const struct list_entry *own = lists_find(keeper->lists, prefix);
	int err = 0;

	if (!after) {
		err = dataplane_list_delete(keeper->dp, prefix);
		if (!err)
			lists_remove(keeper->lists, prefix);
	} else if (own) {
		err = dataplane_list_put(keeper->dp, after, false);
		if (!err)
			err = lists_set(keeper->lists, after);
	} else {
		err = lists_set(keeper->lists, after);
		if (!err) {
			err = dataplane_list_put(keeper->dp, after, true);
			if (err)
				lists_remove(keeper->lists, prefix);
		}
	}
	return err;
}

/* Returns -EPERM with a line, or @err. */
static int explain(int err, char **ret_why)
{
	if (err != -ENOSPC)
		return err;
	if (asprintf(ret_why,
		     "the allow and deny lists are full: they have %d prefixes; delete some, or "
		     "list shorter prefixes that cover several",
		     LIST_ENTRIES_MAX) < 0)
		*ret_why = NULL;
	return -EPERM;
}

static int parse(const char *text, struct prefix *ret, char **ret_why)
{
	char why[PREFIX_WHY_SIZE];

	if (!prefix_parse(text, ret, why))
		return 0;
	*ret_why = strdup(why);
	return -EINVAL;
}

/* What there is for the prefix, before anything is changed. */
static void look(const struct list_keeper *keeper, const struct prefix *prefix,
		 struct list_change *ret)
{
	const struct list_entry *own = lists_find(keeper->lists, prefix);

	*ret = (struct list_change){ .was_there = own };
	if (own)
		ret->before = *own;
}

int list_keeper_add(struct list_keeper *keeper, enum list list, const char *text, __u32 seconds,
		    struct list_change *ret, char **ret_why)
{
	const __u64 expires_ms = seconds ? clock_now_ms() + seconds * 1000ULL : 0;
	struct prefix prefix;
	int err = parse(text, &prefix, ret_why);

	if (err)
		return err;
	look(keeper, &prefix, ret);
	ret->is_there = true;
	ret->after =
		list_entry_added(ret->was_there ? &ret->before : NULL, &prefix, list, expires_ms);
	err = change(keeper, &prefix, &ret->after);
	if (err)
		return explain(err, ret_why);
	keeper->is_unsaved = true;
	return 0;
}

int list_keeper_delete(struct list_keeper *keeper, enum list list, const char *text,
		       struct list_change *ret, char **ret_why)
{
	struct prefix prefix;
	int err = parse(text, &prefix, ret_why);

	if (err)
		return err;
	look(keeper, &prefix, ret);
	if (!ret->was_there || ret->before.list != list) {
		ret->is_there = ret->was_there;
		ret->after = ret->before;
		return 0;
	}
	ret->is_there = list_entry_uncovers(&ret->before, &ret->after);
	err = change(keeper, &prefix, ret->is_there ? &ret->after : NULL);
	if (!err)
		keeper->is_unsaved = true;
	return err;
}

/* ---- a reload ---- */

/* From the lists that are to the lists that shall be. */
struct difference {
	const struct lists *is, *shall_be;
	struct list_change *changes;
	size_t nr;
	int err; /* of making what shall be */
};

static bool is_same_entry(const struct list_entry *a, const struct list_entry *b)
{
	return a->list == b->list && a->source == b->source && a->in_file == b->in_file &&
	       a->expires_ms == b->expires_ms;
}

static void find_gone(void *arg, const struct list_entry *entry)
{
	struct difference *difference = arg;

	if (!lists_find(difference->shall_be, &entry->prefix))
		difference->changes[difference->nr++] =
			(struct list_change){ .was_there = true, .before = *entry };
}

static void find_new(void *arg, const struct list_entry *entry)
{
	struct difference *difference = arg;
	const struct list_entry *own = lists_find(difference->is, &entry->prefix);
	struct list_change new = { .was_there = own, .is_there = true, .after = *entry };

	if (own)
		new.before = *own;
	if (!own || !is_same_entry(own, entry))
		difference->changes[difference->nr++] = new;
}

/* What goes makes room for what comes. */
static int find_difference(struct difference *difference)
{
	const size_t nr = lists_nr(difference->is) + lists_nr(difference->shall_be);

	difference->changes = calloc(nr + 1, sizeof(*difference->changes));
	if (!difference->changes)
		return -ENOMEM;
	lists_each(difference->is, find_gone, difference);
	lists_each(difference->shall_be, find_new, difference);
	return 0;
}

static int change_all(struct list_keeper *keeper, const struct list_change *changes, size_t nr)
{
	size_t i;
	int err = 0;

	for (i = 0; i < nr && !err; i++) {
		const struct list_change *one = &changes[i];

		err = one->is_there ? change(keeper, &one->after.prefix, &one->after) :
				      change(keeper, &one->before.prefix, NULL);
	}
	if (!err)
		return 0;
	for (i--; i-- > 0;) {
		const struct list_change *one = &changes[i];

		if (change(keeper, one->was_there ? &one->before.prefix : &one->after.prefix,
			   one->was_there ? &one->before : NULL))
			log_err("a prefix on the lists is not as it was before the reload; restart "
				"synwardd");
	}
	return err;
}

/* What a command said, over what the new files say. */
static void add_command(void *arg, const struct list_entry *entry)
{
	struct difference *difference = arg;
	struct lists *lists = (struct lists *)difference->shall_be;
	const struct list_entry *in_file = lists_find(lists, &entry->prefix);
	struct list_entry own = *entry;

	if (entry->source != LIST_FROM_COMMAND || difference->err)
		return;
	own.in_file = in_file ? in_file->list : LIST_NONE;
	difference->err = lists_set(lists, &own);
}

int list_keeper_reload(struct list_keeper *keeper, const struct config *next, char **ret_why)
{
	struct lists *lists = lists_new();
	struct difference difference = { .is = keeper->lists, .shall_be = lists };
	int err = lists ? take_files(next, lists) : -ENOMEM;

	if (!err) {
		lists_each(keeper->lists, add_command, &difference);
		err = difference.err ?: find_difference(&difference);
	}
	if (!err)
		err = change_all(keeper, difference.changes, difference.nr);
	free(difference.changes);
	lists_free(lists);
	return err ? explain(err, ret_why) : 0;
}

/* ---- second by second ---- */

static void end_expired(struct list_keeper *keeper)
{
	struct list_entry *expired __cleanup(cleanup_free) = NULL;
	size_t nr = lists_expired(keeper->lists, clock_now_ms(), &expired);

	for (size_t i = 0; i < nr; i++) {
		struct list_entry after;
		bool is_left = list_entry_uncovers(&expired[i], &after);
		int err = change(keeper, &expired[i].prefix, is_left ? &after : NULL);

		if (err)
			log_warn("the data path keeps a prefix whose time on a list is up, without "
				 "obeying it: %s",
				 strerror(-err));
	}
	keeper->is_unsaved |= nr != 0;
}

void list_keeper_second(struct list_keeper *keeper)
{
	end_expired(keeper);
	dataplane_follow_lists(keeper->dp);
	keep(keeper);
}

void list_keeper_page(const struct list_keeper *keeper, enum list list, __u32 from, __u32 limit,
		      struct list_page *ret)
{
	lists_page(keeper->lists, list, from, limit, ret);
}
