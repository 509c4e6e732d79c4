/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/lists.c daemon/list_table.c */
/*
 * The filter in front of the lists, asked as the data path asks it: what is listed is never missed,
 * at no moment of a change and by no packet that saw some of the change only; what is not listed is
 * let through seldom.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "list_table.h"

#define KEY 0x9e3779b97f4a7c15ULL
#define NR LIST_ENTRIES_MAX

static struct list_block blocks[2 * LIST_BLOCKS_MAX];

static __u64 random_state;

/* xorshift64* */
static __u64 draw(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 2685821657736338717ULL;
}

/* ---- as XDP asks ---- */

/* @conf, and for the rest of it another moment's. */
static bool asks_trie(const struct list_conf *levels_of, const struct list_conf *place,
		      const struct prefix *source)
{
	const bool is_v6 = source->is_v6;
	const __u32 *word = source->addr.word;
	const __u64 upper =
		is_v6 ? (__u64)ntohl(word[0]) << 32 | ntohl(word[1]) : (__u64)ntohl(word[3]) << 32;
	const __u8 levels = is_v6 ? levels_of->levels_v6 : levels_of->levels_v4;
	int level;

	for (level = 0; level < LIST_LEVELS; level++) {
		__u64 hash;

		if (!(levels & 1U << level))
			continue;
		hash = list_hash(place->key, list_cut(upper, level, is_v6), level, is_v6);
		if (list_block_has(&blocks[place->first + list_block_of(hash, place->mask)], hash))
			return true;
	}
	return levels & LIST_LEVEL_ALL;
}

/* ---- prefixes ---- */

static struct prefix made(bool is_v6, unsigned int bits)
{
	struct prefix prefix = { .bits = (__u8)bits, .is_v6 = is_v6 };
	int i;

	for (i = 0; i < 4; i++)
		prefix.addr.word[i] = (__u32)draw();
	if (!is_v6) {
		prefix.addr.word[0] = prefix.addr.word[1] = 0;
		prefix.addr.word[2] = htonl(0xffff);
	}
	prefix_cut(&prefix);
	return prefix;
}

/* Of lengths as they are on lists, and some odd ones; not shorter than the shortest level. */
static struct prefix some_prefix(void)
{
	static const __u8 v4[] = { 32, 32, 32, 24, 24, 22, 16, 25, 31 };
	static const __u8 v6[] = { 128, 64, 64, 48, 32, 56, 44, 29 };
	const bool is_v6 = draw() % 3 == 0;

	return made(is_v6, is_v6 ? v6[draw() % sizeof(v6)] : v4[draw() % sizeof(v4)]);
}

/* An address inside. */
static struct prefix inside(const struct prefix *prefix)
{
	struct prefix random = made(prefix->is_v6, prefix->is_v6 ? 128 : 32), mask = *prefix;
	int i;

	memset(mask.addr.word, 0xff, sizeof(mask.addr.word));
	prefix_cut(&mask);
	for (i = 0; i < 4; i++)
		random.addr.word[i] =
			(random.addr.word[i] & ~mask.addr.word[i]) | prefix->addr.word[i];
	return random;
}

/* ---- a world: the lists, the filter, and what packets see ---- */

static struct lists *lists;
static struct list_table table;
static struct list_conf seen; /* list_conf, as it was put there last */

static int set_up(void **state)
{
	(void)state;
	random_state = 88172645463325252ULL;
	memset(blocks, 0, sizeof(blocks));
	lists = lists_new();
	list_table_fill(&table, blocks, KEY, &(struct list_conf){ 0 }, lists);
	seen = table.conf;
	return lists ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	lists_free(lists);
	return 0;
}

static void put_conf(bool has_changed)
{
	assert_int_equal(has_changed, memcmp(&seen, &table.conf, sizeof(seen)) != 0);
	seen = table.conf;
}

static void add(const struct prefix *prefix)
{
	const struct list_entry entry = { .prefix = *prefix, .list = LIST_DENY };

	if (lists_find(lists, prefix))
		return;
	put_conf(list_table_add(&table, prefix));
	assert_int_equal(lists_set(lists, &entry), 0);
}

static void drop(const struct prefix *prefix)
{
	if (!lists_find(lists, prefix))
		return;
	put_conf(list_table_remove(&table, prefix));
	lists_remove(lists, prefix);
}

struct asking {
	const struct list_conf *levels, *place;
	size_t nr_missed;
};

static void ask(void *arg, const struct list_entry *entry)
{
	struct asking *asking = arg;
	const struct prefix source = inside(&entry->prefix);

	asking->nr_missed += !asks_trie(asking->levels, asking->place, &source);
}

static size_t nr_missed(const struct list_conf *levels, const struct list_conf *place)
{
	struct asking asking = { levels, place, 0 };

	lists_each(lists, ask, &asking);
	return asking.nr_missed;
}

/* One turn. No packet misses anything, whether it has read all of list_conf before, all of it
 * after, or one part before and the others after. */
static void turn(void)
{
	const struct list_conf before = seen;
	struct list_conf mixed;

	put_conf(list_table_turn(&table, lists));
	assert_int_equal(nr_missed(&seen, &seen), 0);
	if (!memcmp(&before, &seen, sizeof(seen)))
		return;
	assert_int_equal(nr_missed(&before, &before), 0);
	assert_int_equal(nr_missed(&before, &seen), 0);
	assert_int_equal(nr_missed(&seen, &before), 0);
	mixed = seen;
	mixed.first = before.first;
	assert_int_equal(nr_missed(&before, &mixed), 0);
	assert_int_equal(nr_missed(&seen, &mixed), 0);
	mixed = seen;
	mixed.mask = before.mask;
	assert_int_equal(nr_missed(&before, &mixed), 0);
	assert_int_equal(nr_missed(&seen, &mixed), 0);
}

static __u32 nr_blocks(void)
{
	return seen.mask + 1;
}

/* Of random sources. */
static double wrong_percent(bool is_v6)
{
	int i, nr = 0;

	for (i = 0; i < NR; i++) {
		const struct prefix source = made(is_v6, is_v6 ? 128 : 32);

		nr += asks_trie(&seen, &seen, &source);
	}
	return nr * 100.0 / NR;
}

/* ---- tests ---- */

static void test_empty(void **state)
{
	(void)state;
	assert_int_equal(seen.levels_v4, 0);
	assert_int_equal(seen.levels_v6, 0);
	assert_int_equal(seen.key & 1, 1);
	assert_int_equal(nr_blocks(), LIST_BLOCKS_MIN);
	turn();
	assert_int_equal(seen.first, 0);
}

static void test_levels(void **state)
{
	static const struct {
		bool is_v6;
		__u8 bits, levels;
	} rows[] = {
		{ false, 32, 8 },   { false, 31, 4 }, { false, 24, 4 }, { false, 23, 2 },
		{ false, 16, 2 },   { false, 15, 1 }, { false, 8, 1 },  { false, 7, 0x80 },
		{ false, 1, 0x80 }, { true, 128, 8 }, { true, 64, 8 },  { true, 63, 4 },
		{ true, 48, 4 },    { true, 32, 2 },  { true, 31, 1 },  { true, 16, 1 },
		{ true, 15, 0x80 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct prefix one = made(rows[i].is_v6, rows[i].bits);
		struct prefix other = one;

		other.addr.word[rows[i].is_v6 ? 0 : 3] ^= htonl(0x80000000);
		add(&one);
		add(&other);
		drop(&one);
		assert_int_equal(seen.levels_v4, rows[i].is_v6 ? 0 : rows[i].levels);
		assert_int_equal(seen.levels_v6, rows[i].is_v6 ? rows[i].levels : 0);
		assert_int_equal(nr_missed(&seen, &seen), 0);
		drop(&other);
		assert_int_equal(seen.levels_v4 | seen.levels_v6, 0);
	}
}

/* Loaded at once: it has its size from the start. */
static void test_fill(void **state)
{
	static const struct {
		size_t nr;
		__u32 blocks;
	} rows[] = { { 100, 256 }, { 3276, 256 }, { 3277, 512 }, { 26000, 2048 }, { NR, 16384 } };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		while (lists_nr(lists) < rows[i].nr) {
			const struct list_entry entry = { .prefix = some_prefix() };

			assert_int_equal(lists_set(lists, &entry), 0);
		}
		list_table_fill(&table, blocks, KEY, &(struct list_conf){ 0 }, lists);
		seen = table.conf;
		assert_int_equal(nr_blocks(), rows[i].blocks);
		assert_int_equal(nr_missed(&seen, &seen), 0);
	}
}

/* One level, as most lists have: the worst load that there is. */
static void test_false_positives(void **state)
{
	(void)state;
	while (lists_nr(lists) < NR) {
		const struct list_entry entry = { .prefix = made(false, 32) };

		assert_int_equal(lists_set(lists, &entry), 0);
	}
	list_table_fill(&table, blocks, KEY, &(struct list_conf){ 0 }, lists);
	seen = table.conf;
	assert_true(wrong_percent(false) < 3);
	assert_true(wrong_percent(false) > 0.1); /* or nobody was asked */
	assert_true(wrong_percent(true) == 0);
}

/* Added one by one, and taken away in between; a turn now and then. */
static void test_changes(void **state)
{
	static struct prefix all[NR];
	__u32 largest = 0, i;

	(void)state;
	for (i = 0; i < NR; i++) {
		all[i] = some_prefix();
		add(&all[i]);
		if (i % 4 == 3)
			drop(&all[draw() % i]);
		if (i % 4096 == 0)
			turn();
	}
	assert_int_equal(nr_missed(&seen, &seen), 0);
	for (i = 0; i < 4; i++)
		turn();
	assert_int_equal(table.resize, RESIZE_NONE);
	largest = nr_blocks();
	assert_int_equal(largest, 16384);
	for (i = 0; i < NR; i++) {
		if (i % 200)
			drop(&all[i]);
		if (i % 8192 == 0)
			turn();
	}
	for (i = 0; i < 8; i++)
		turn();
	assert_true(lists_nr(lists) > 500);
	assert_int_equal(table.resize, RESIZE_NONE);
	assert_in_range(nr_blocks(), 256, 512); /* one step too many may stay */
	assert_true(wrong_percent(false) < 3);
}

/* Deleted prefixes leave bits behind; a quarter of them, and it is made anew in the other half. */
static void test_rebuild(void **state)
{
	static struct prefix all[3000];
	const __u32 before = seen.first;
	double full;
	int i;

	(void)state;
	for (i = 0; i < 3000; i++) {
		all[i] = made(false, 32);
		add(&all[i]);
	}
	turn();
	full = wrong_percent(false);
	for (i = 0; i < 750; i++)
		drop(&all[i]);
	turn();
	assert_int_equal(seen.first, before);
	assert_int_equal(nr_blocks(), 256);
	drop(&all[750]);
	turn();
	assert_int_equal(seen.first, LIST_BLOCKS_MAX - before);
	assert_int_equal(nr_blocks(), 256);
	assert_int_equal(table.nr_gone, 0);
	assert_true(wrong_percent(false) < full * 0.8);
	turn();
	assert_int_equal(seen.first, LIST_BLOCKS_MAX - before);
}

/* At the edge of a size it does not go back and forth. */
static void test_edge(void **state)
{
	static struct prefix all[3400];
	__u32 i;

	(void)state;
	for (i = 0; i < 3400; i++) {
		all[i] = made(true, 64);
		add(&all[i]);
	}
	for (i = 0; i < 3; i++)
		turn();
	assert_int_equal(nr_blocks(), 512);
	for (i = 0; i < 300; i++)
		drop(&all[i]);
	turn();
	assert_int_equal(table.resize, RESIZE_NONE);
	assert_int_equal(nr_blocks(), 512);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_empty),   TEST(test_levels),  TEST(test_fill), TEST(test_false_positives),
		TEST(test_changes), TEST(test_rebuild), TEST(test_edge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
