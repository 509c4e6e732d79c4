/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Blocks lie in two halves, one of which is in use. What is deleted leaves its bits behind, since
 * others may share them; so now and then the other half is filled and taken into use. Of the
 * configuration that changes `first` alone, in one byte: a packet sees the old half or the new one,
 * and both are good.
 *
 * With another size `mask` changes too, and the old one with the new half, or the other way round,
 * would miss prefixes. So for two turns everything is asked, and the filter is changed behind that:
 *
 *     turn 1   levels |= LIST_LEVEL_ALL
 *     turn 2   the other half, first, mask
 *     turn 3   levels as they are
 */
#include "list_table.h"

#include <stdlib.h>
#include <string.h>

#define BITS_PER_PREFIX 10
#define BITS_PER_BLOCK (8 * sizeof(struct list_block))

static __u32 blocks_for(size_t nr_prefixes)
{
	__u32 nr = LIST_BLOCKS_MIN;

	while (nr < LIST_BLOCKS_MAX && nr * BITS_PER_BLOCK < nr_prefixes * BITS_PER_PREFIX)
		nr *= 2;
	return nr;
}

/* One step of size is not worth it downwards, or a list at the edge would go back and forth. */
static bool is_misfit(const struct list_table *table)
{
	const __u32 nr = table->conf.mask + 1, wanted = blocks_for(table->nr);

	return wanted > nr || wanted < nr / 2;
}

static int level_of(const struct prefix *prefix)
{
	return list_level(prefix->bits, prefix->is_v6);
}

/* Others may read the block meanwhile. */
static void set_bits(struct list_table *table, const struct prefix *prefix)
{
	const __u64 upper = address_upper(&prefix->addr, prefix->is_v6);
	const int level = level_of(prefix);
	struct list_block *block, bits;
	__u64 hash;

	if (level < 0)
		return;
	hash = list_hash(table->conf.key, list_cut(upper, level, prefix->is_v6), level,
			 prefix->is_v6);
	block = &table->blocks[table->conf.first + list_block_of(hash, table->conf.mask)];
	list_bits(hash, &bits);
	__atomic_fetch_or(&block->word[0], bits.word[0], __ATOMIC_SEQ_CST);
	__atomic_fetch_or(&block->word[1], bits.word[1], __ATOMIC_SEQ_CST);
}

static void take_bits(void *arg, const struct list_entry *entry)
{
	set_bits(arg, &entry->prefix);
}

/* The half in use, whatever it was before. */
static void make(struct list_table *table, const struct lists *lists)
{
	memset(&table->blocks[table->conf.first], 0,
	       (table->conf.mask + 1) * sizeof(struct list_block));
	lists_each(lists, take_bits, table);
	table->nr_gone = 0;
}

/* ---- levels ---- */

static __u8 levels_of(const struct list_table *table, bool is_v6)
{
	const size_t *nr_at = table->nr_at[is_v6];
	__u8 levels = 0;
	int level;

	for (level = 0; level < LIST_LEVELS; level++)
		levels |= nr_at[level] ? 1U << level : 0;
	if (nr_at[LIST_LEVELS] || (levels && table->resize != RESIZE_NONE))
		levels |= LIST_LEVEL_ALL;
	return levels;
}

/* Returns whether they have changed. */
static bool set_levels(struct list_table *table)
{
	const __u8 v4 = levels_of(table, false), v6 = levels_of(table, true);
	const bool is_new = v4 != table->conf.levels_v4 || v6 != table->conf.levels_v6;

	table->conf.levels_v4 = v4;
	table->conf.levels_v6 = v6;
	return is_new;
}

static size_t *nr_at_level(struct list_table *table, const struct prefix *prefix)
{
	const int level = level_of(prefix);

	return &table->nr_at[prefix->is_v6][level < 0 ? LIST_LEVELS : level];
}

bool list_table_add(struct list_table *table, const struct prefix *prefix)
{
	set_bits(table, prefix);
	++*nr_at_level(table, prefix);
	table->nr++;
	return set_levels(table);
}

bool list_table_remove(struct list_table *table, const struct prefix *prefix)
{
	--*nr_at_level(table, prefix);
	table->nr--;
	table->nr_gone++;
	return set_levels(table);
}

/* ---- all at once ---- */

static void take_count(void *arg, const struct list_entry *entry)
{
	struct list_table *table = arg;

	++*nr_at_level(table, &entry->prefix);
	table->nr++;
}

/* With a filter in use this is turn 2 of another size. */
void list_table_fill(struct list_table *table, struct list_block *blocks, __u64 key,
		     const struct list_conf *in_use, const struct lists *lists)
{
	*table = (struct list_table){ .blocks = blocks, .conf.key = key | 1 };
	if (in_use->key) {
		table->conf.key = in_use->key;
		table->conf.first = in_use->first ? 0 : LIST_BLOCKS_MAX;
		table->resize = RESIZE_DONE;
	}
	lists_each(lists, take_count, table);
	table->conf.mask = blocks_for(table->nr) - 1;
	make(table, lists);
	set_levels(table);
}

bool list_table_turn(struct list_table *table, const struct lists *lists)
{
	switch (table->resize) {
	case RESIZE_ASKING_ALL:
		table->conf.mask = blocks_for(table->nr) - 1;
		table->resize = RESIZE_DONE;
		break;
	case RESIZE_DONE:
		table->resize = RESIZE_NONE;
		return set_levels(table);
	case RESIZE_NONE:
		if (is_misfit(table)) {
			table->resize = RESIZE_ASKING_ALL;
			return set_levels(table);
		}
		if (table->nr_gone * 4 <= table->nr + table->nr_gone)
			return false;
		break;
	}
	table->conf.first ^= LIST_BLOCKS_MAX;
	make(table, lists);
	return true;
}
