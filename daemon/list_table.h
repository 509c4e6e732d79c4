/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The filter in front of the lists as the daemon fills it (list_filter.h says how it is asked):
 * which levels and how many blocks are in use, when it is made anew. Memory and configuration are
 * the data path's own; putting the latter there is for the caller. A prefix that is in the lists is
 * never missed, whatever happens to the filter meanwhile. Pure; nothing here logs or fails.
 */
#ifndef SYNWARD_LIST_TABLE_H
#define SYNWARD_LIST_TABLE_H

#include "list_filter.h"
#include "lists.h"

#define LIST_BLOCKS_MIN 256 /* 4 KB */

enum list_resize {
	RESIZE_NONE,
	RESIZE_ASKING_ALL, /* nobody looks at the filter any more */
	RESIZE_DONE,       /* it has its new size, and nobody looks at it yet */
};

struct list_table {
	struct list_block *blocks; /* 2 * LIST_BLOCKS_MAX of them */
	struct list_conf conf;     /* as the data path is to have it */
	enum list_resize resize;
	size_t nr_at[2]
		    [LIST_LEVELS + 1]; /* prefixes: IPv4, IPv6; by level, the last LIST_LEVEL_ALL */
	size_t nr;                     /* all of them */
	size_t nr_gone;                /* prefixes that are gone and have left their bits */
};

/* With all of @lists in it. @key is random. @in_use: how the data path asks it now, on behalf of
 * other lists; its half is left alone; or all zero. */
void list_table_fill(struct list_table *table, struct list_block *blocks, __u64 key,
		     const struct list_conf *in_use, const struct lists *lists);

/* One more prefix, or one less. Before a prefix is put in its trie, and after it was taken out;
 * the configuration comes last. Each returns whether that has changed. */
bool list_table_add(struct list_table *table, const struct prefix *prefix);
bool list_table_remove(struct list_table *table, const struct prefix *prefix);

/*
 * Makes it anew when it is too small, too large, or full of what is gone. To be called about once
 * a second: that a packet is judged by what is two turns old is ruled out. @lists are what was
 * added and not removed. Returns whether the configuration has changed.
 */
bool list_table_turn(struct list_table *table, const struct lists *lists);

#endif
