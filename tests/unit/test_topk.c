/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/topk.c */
/*
 * The sketch beside true weights that are kept for every key: exact while there are few; of many,
 * whatever order they come in, what the Space-Saving paper promises. Weights are whole numbers, so
 * that sums in doubles are exact.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>

#include "topk.h"
#include "wire.h"

#define KEYS_MAX 65536

/* Too large for a stack under sanitizers; tests run one after the other. */
static struct topk topk;
static double truth[KEYS_MAX], truth_total;

/* Key i; of 2n and 2n + 1 the second is IPv6, and else they are alike. */
static struct topk_key key_of(__u32 i)
{
	return (struct topk_key){ { htonl(i / 2 << 8), htonl(i / 8) }, i % 2 };
}

static __u32 index_of(const struct topk_key *key)
{
	__u32 i = 2 * (ntohl(key->prefix[0]) >> 8) + key->is_v6;
	struct topk_key made = key_of(i);

	assert_true(i < KEYS_MAX);
	assert_memory_equal(&made, key, sizeof(made));
	return i;
}

static void begin(void)
{
	memset(&topk, 0, sizeof(topk));
	memset(truth, 0, sizeof(truth));
	truth_total = 0;
}

static void add(__u32 i, double weight)
{
	struct topk_key key = key_of(i);

	topk_add(&topk, &key, weight);
	truth[i] += weight;
	truth_total += weight;
}

static void is_in_order(const struct topk_entry *best, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		assert_true(best[i].weight - best[i].error > 0);
		assert_true(!i || best[i - 1].weight - best[i - 1].error >=
					  best[i].weight - best[i].error);
	}
}

/* Theorems of the paper: weights add up to the total; each is between the true one and `error`
 * more; no error is above the mean; all that is above the mean is there. */
static void keeps_its_promises(void)
{
	static bool is_there[KEYS_MAX];
	double sum = 0, mean = truth_total / TOPK_COUNTERS;

	memset(is_there, 0, sizeof(is_there));
	assert_true(topk.nr <= TOPK_COUNTERS);
	assert_true(topk.total == truth_total);
	for (size_t i = 0; i < topk.nr; i++) {
		const struct topk_entry *entry = &topk.entries[i];
		__u32 key = index_of(&entry->key);

		assert_false(is_there[key]);
		is_there[key] = true;
		assert_true(entry->error >= 0 && entry->error <= mean);
		assert_true(truth[key] <= entry->weight);
		assert_true(truth[key] >= entry->weight - entry->error);
		sum += entry->weight;
	}
	assert_true(sum == truth_total);
	for (__u32 key = 0; key < KEYS_MAX; key++)
		assert_true(is_there[key] || truth[key] <= mean);
}

/* ---- tests ---- */

static void test_empty(void **state)
{
	struct topk_entry best[3];

	(void)state;
	begin();
	assert_int_equal(topk_best(&topk, best, 3), 0);
	assert_true(topk.total == 0);
	keeps_its_promises();
}

/* As many different ones as there are counters: nothing is estimated. */
static void test_exact_while_few(void **state)
{
	static struct topk_entry best[TOPK_COUNTERS + 1];

	(void)state;
	begin();
	for (int i = 0; i < 100000; i++)
		add(rng_below(TOPK_COUNTERS), 1 + rng_below(100));
	keeps_its_promises();
	assert_int_equal(topk.nr, TOPK_COUNTERS);
	assert_int_equal(topk_best(&topk, best, TOPK_COUNTERS + 1), TOPK_COUNTERS);
	is_in_order(best, TOPK_COUNTERS);
	for (int i = 0; i < TOPK_COUNTERS; i++) {
		assert_true(best[i].error == 0);
		assert_true(best[i].weight == truth[index_of(&best[i].key)]);
	}
}

static void test_order(void **state)
{
	static const __u32 weights[] = { 30, 70, 10, 90, 50, 20, 80, 40, 60 };
	struct topk_entry best[10];

	(void)state;
	begin();
	for (__u32 i = 0; i < 9; i++)
		add(i, weights[i]);
	for (size_t nr_max = 0; nr_max <= 10; nr_max++) {
		size_t nr = nr_max < 9 ? nr_max : 9;

		memset(best, 0x55, sizeof(best));
		assert_int_equal(topk_best(&topk, best, nr_max), nr);
		for (size_t i = 0; i < nr; i++)
			assert_true(best[i].weight == 90 - 10.0 * i);
		/* and nothing is written behind them */
		for (size_t i = nr * sizeof(best[0]); i < sizeof(best); i++)
			assert_int_equal(((unsigned char *)best)[i], 0x55);
	}
	add(2, 81); /* grows to 91 */
	assert_int_equal(topk_best(&topk, best, 1), 1);
	assert_int_equal(index_of(&best[0].key), 2);
	assert_true(topk.total == 450 + 81);
}

/* What is certain counts, not what may be: a newcomer inherits the smallest weight as error. */
static void test_newcomer(void **state)
{
	static struct topk_entry best[TOPK_COUNTERS];

	(void)state;
	begin();
	for (__u32 i = 0; i < TOPK_COUNTERS; i++)
		add(i, i == 100 ? 5 : 9);
	add(1000, 6);
	keeps_its_promises();
	assert_true(topk.entries[100].weight == 11 && topk.entries[100].error == 5);
	assert_int_equal(index_of(&topk.entries[100].key), 1000);
	assert_int_equal(topk_best(&topk, best, TOPK_COUNTERS), TOPK_COUNTERS);
	is_in_order(best, TOPK_COUNTERS);
	assert_int_equal(index_of(&best[TOPK_COUNTERS - 1].key), 1000);

	/* it grows in its place, with the same error */
	add(1000, 100);
	keeps_its_promises();
	assert_int_equal(topk_best(&topk, best, 1), 1);
	assert_true(best[0].weight == 111 && best[0].error == 5);
}

/* A newcomer without weight leaves nothing certain. */
static void test_nothing_certain(void **state)
{
	static struct topk_entry best[TOPK_COUNTERS];

	(void)state;
	begin();
	for (__u32 i = 0; i < TOPK_COUNTERS; i++)
		add(i, 1);
	add(1000, 0);
	assert_int_equal(topk_best(&topk, best, TOPK_COUNTERS), TOPK_COUNTERS - 1);
	is_in_order(best, TOPK_COUNTERS - 1);
}

/* Some send much, among very many that send a little. */
static void test_heavy_hitters(void **state)
{
	static const __u32 heavy[] = { 11, 12, 1000, 40001, 65535 };
	struct topk_entry best[5];
	bool is_found[5];

	(void)state;
	for (int run = 0; run < 5; run++) {
		begin();
		for (int i = 0; i < 60000; i++) {
			__u32 dice = rng_below(100);

			/* the first 5 %, the second 4 %, ... */
			if (dice < 15)
				add(heavy[dice < 5  ? 0 :
					  dice < 9  ? 1 :
					  dice < 12 ? 2 :
					  dice < 14 ? 3 :
						      4],
				    16);
			else
				add(rng_below(KEYS_MAX), 1 + rng_below(31));
		}
		keeps_its_promises();
		assert_int_equal(topk_best(&topk, best, 5), 5);
		is_in_order(best, 5);
		memset(is_found, 0, sizeof(is_found));
		for (int i = 0; i < 5; i++)
			for (int k = 0; k < 5; k++)
				is_found[k] |= index_of(&best[i].key) == heavy[k];
		for (int k = 0; k < 5; k++)
			assert_true(is_found[k]);
		assert_int_equal(index_of(&best[0].key), heavy[0]);
	}
}

/* In the order that is worst for it: one more than fit, round and round, and one among them. */
static void test_round_robin(void **state)
{
	struct topk_entry best[2];

	(void)state;
	begin();
	for (int i = 0; i < 100 * (TOPK_COUNTERS + 1); i++) {
		add(i % (TOPK_COUNTERS + 1), 1);
		if (i % 200 == 0)
			add(5000, 1);
	}
	keeps_its_promises();
	assert_true(topk_best(&topk, best, 2) >= 1);
	assert_int_equal(index_of(&best[0].key), 5000);
}

/* Any weights, any order, all the time. */
static void test_promises(void **state)
{
	(void)state;
	for (int run = 0; run < 60; run++) {
		__u32 nr_keys = 1 + ((__u32)rng() >> (16 + rng_below(10))) % KEYS_MAX;

		begin();
		for (int i = 0; i < 5000; i++) {
			__u32 key = rng_below(nr_keys);

			/* often a small number: the distribution is skewed */
			while (rng_below(2))
				key /= 4;
			add(key, rng_below(1 + rng_below(1000)));
		}
		keeps_its_promises();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),           cmocka_unit_test(test_exact_while_few),
		cmocka_unit_test(test_order),           cmocka_unit_test(test_newcomer),
		cmocka_unit_test(test_nothing_certain), cmocka_unit_test(test_heavy_hitters),
		cmocka_unit_test(test_round_robin),     cmocka_unit_test(test_promises),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
