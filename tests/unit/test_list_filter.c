/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: */
/*
 * The arithmetic of the lists' filter (list_filter.h): at which level a prefix is kept, what of an
 * address counts there, which block and which bits. How it is filled is test_list_table.c's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire.h"
#include "list_filter.h"

#define KEY 0x9e3779b97f4a7c15ULL
#define NR_RANDOM 100000

/* As the drawing at the head of list_filter.h has it. */
static const struct {
	unsigned int bits;
	int level4, level6;
} levels[] = {
	{ 0, -1, -1 }, { 7, -1, -1 }, { 8, 0, -1 },  { 15, 0, -1 }, { 16, 1, 0 },
	{ 23, 1, 0 },  { 24, 2, 0 },  { 31, 2, 0 },  { 32, 3, 1 },  { 47, -9, 1 },
	{ 48, -9, 2 }, { 63, -9, 2 }, { 64, -9, 3 }, { 80, -9, 3 }, { 128, -9, 3 },
};

static void test_levels(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (levels[i].bits <= 32)
			assert_int_equal(list_level(levels[i].bits, false), levels[i].level4);
		assert_int_equal(list_level(levels[i].bits, true), levels[i].level6);
	}
}

/* A level never keeps more bits than the prefix has, or addresses inside would be missed. */
static void test_level_is_not_longer_than_the_prefix(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++)
		for (int bits = 0; bits <= (v6 ? 128 : 32); bits++) {
			int level = list_level(bits, v6), kept = (level + 1) * (v6 ? 16 : 8);

			assert_in_range(level + 1, 0, LIST_LEVELS);
			assert_true(kept <= bits);
			/* and no fewer than it could */
			assert_true(level == LIST_LEVELS - 1 || bits < kept + (v6 ? 16 : 8));
		}
}

static void test_cut(void **state)
{
	static const struct {
		bool v6;
		int level;
		uint64_t kept;
	} rows[] = {
		{ false, 0, 0xff00000000000000 }, { false, 1, 0xffff000000000000 },
		{ false, 2, 0xffffff0000000000 }, { false, 3, 0xffffffff00000000 },
		{ true, 0, 0xffff000000000000 },  { true, 1, 0xffffffff00000000 },
		{ true, 2, 0xffffffffffff0000 },  { true, 3, 0xffffffffffffffff },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t any = rng();

		assert_true(list_cut(~0ULL, rows[i].level, rows[i].v6) == rows[i].kept);
		assert_true(list_cut(any, rows[i].level, rows[i].v6) == (any & rows[i].kept));
	}
}

/* The same bits at another level, or of the other family, are another entry. */
static void test_hash_tells_levels_apart(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++) {
		uint64_t cut = rng() & 0xff00000000000000, seen[2 * LIST_LEVELS];

		for (int k = 0; k < 2 * LIST_LEVELS; k++)
			seen[k] = list_hash(KEY, cut, k / 2, k % 2);
		for (int k = 0; k < 2 * LIST_LEVELS; k++)
			for (int l = 0; l < k; l++)
				assert_true(seen[k] != seen[l]);
	}
}

/* Another key, another hash: who does not know it cannot choose addresses that look listed. */
static void test_hash_depends_on_the_key(void **state)
{
	unsigned int nr_same = 0;

	(void)state;
	for (int i = 0; i < NR_RANDOM; i++) {
		uint64_t cut = rng();

		nr_same += list_block_of(list_hash(KEY, cut, 3, true), LIST_BLOCKS_MAX - 1) ==
			   list_block_of(list_hash(KEY * 3, cut, 3, true), LIST_BLOCKS_MAX - 1);
	}
	assert_in_range(nr_same, 0, 60); /* by chance: 12 */
}

/* Addresses come in rows; their blocks must not. Each block gets its share, give or take. */
static void test_blocks_of_consecutive_addresses(void **state)
{
	static unsigned int in[64];

	(void)state;
	for (uint64_t i = 0; i < 64 * 1000; i++)
		in[list_block_of(list_hash(KEY, (0xc6120000 + i) << 32, 3, false), 63)]++;
	for (int i = 0; i < 64; i++)
		assert_in_range(in[i], 800, 1200);
}

static void test_block_is_inside(void **state)
{
	(void)state;
	for (uint32_t mask = 0; mask < LIST_BLOCKS_MAX; mask = mask * 2 + 1) {
		uint32_t most = 0;

		for (int i = 0; i < NR_RANDOM; i++) {
			uint32_t at = list_block_of(rng(), mask);

			assert_true(at <= mask);
			most = at > most ? at : most;
		}
		assert_int_equal(most, mask); /* and all of them are used */
	}
}

/* Up to five bits, at least one in each word; what was put in is found, an empty block has none. */
static void test_bits(void **state)
{
	static const struct list_block empty;
	unsigned int nr_bits = 0;

	(void)state;
	for (int i = 0; i < NR_RANDOM; i++) {
		struct list_block block;
		uint64_t hash = rng();
		int three, two;

		list_bits(hash, &block);
		three = __builtin_popcountll(block.word[0]);
		two = __builtin_popcountll(block.word[1]);
		assert_in_range(three, 1, 3);
		assert_in_range(two, 1, 2);
		nr_bits += three + two;
		assert_true(list_block_has(&block, hash));
		assert_false(list_block_has(&empty, hash));
		/* without any one of them it is not there */
		block.word[i % 2] &= block.word[i % 2] - 1;
		assert_false(list_block_has(&block, hash));
	}
	assert_in_range(nr_bits, NR_RANDOM * 48 / 10, NR_RANDOM * 5); /* of 5, few coincide */
}

/* As full as it gets, 200 000 prefixes in 16384 blocks: one or two strangers in a hundred. */
static void test_false_answers(void **state)
{
	static struct list_block blocks[LIST_BLOCKS_MAX];
	unsigned int nr_wrong = 0;

	(void)state;
	for (uint64_t i = 0; i < LIST_ENTRIES_MAX; i++) {
		uint64_t hash = list_hash(KEY, i << 32, 3, false);
		struct list_block bits, *to = &blocks[list_block_of(hash, LIST_BLOCKS_MAX - 1)];

		list_bits(hash, &bits);
		to->word[0] |= bits.word[0];
		to->word[1] |= bits.word[1];
	}
	for (uint64_t i = 0; i < 2 * LIST_ENTRIES_MAX; i++) {
		uint64_t hash = list_hash(KEY, i << 32, 3, false);
		bool has = list_block_has(&blocks[list_block_of(hash, LIST_BLOCKS_MAX - 1)], hash);

		if (i < LIST_ENTRIES_MAX)
			assert_true(has);
		else
			nr_wrong += has;
	}
	assert_in_range(nr_wrong, 1, LIST_ENTRIES_MAX * 2 / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_level_is_not_longer_than_the_prefix),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_hash_tells_levels_apart),
		cmocka_unit_test(test_hash_depends_on_the_key),
		cmocka_unit_test(test_blocks_of_consecutive_addresses),
		cmocka_unit_test(test_block_is_inside),
		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_false_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
