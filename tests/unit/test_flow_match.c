/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: */
/*
 * What is asked of all ways of a set at once, against a loop over them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "flow_match.h"
#include "wire.h"

#define ROUNDS 1000000

/* Tags as there are few of, so that they meet, and their neighbours: one more, one less, and those
 * of which only one end differs. */
static uint8_t some_tag(void)
{
	static const uint8_t tags[] = {
		0, 1, 2, 3, 0x7f, 0x80, 0x81, 0xfe, 0xff, 0x34, 0x35, 0xb4,
	};

	return rng_below(4) ? tags[rng_below(ARRAY_LEN(tags))] : rng();
}

static struct flow_tags some_tags(void)
{
	struct flow_tags tags = {};

	for (int i = 0; i < FLOW_WAYS; i++)
		tags.tag[i] = some_tag();
	return tags;
}

static bool has_tag(const struct flow_tags *tags, uint8_t tag)
{
	for (int i = 0; i < FLOW_WAYS; i++)
		if (tags->tag[i] == tag)
			return true;
	return false;
}

static void test_tags(void **state)
{
	unsigned int nr_there = 0;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct flow_tags tags = some_tags();
		uint8_t tag = some_tag();
		bool is_there = has_tag(&tags, tag);

		assert_int_equal(!!flow_tag_match(tags.all, tag), is_there);
		nr_there += is_there;
	}
	assert_in_range(nr_there, ROUNDS / 10, ROUNDS - ROUNDS / 10);
}

/* Every tag, alone in each place, among others of which none is it. */
static void test_each_tag_in_each_place(void **state)
{
	(void)state;
	for (uint32_t tag = 0; tag <= 0xff; tag++)
		for (int i = 0; i < 256 * FLOW_WAYS; i++) {
			struct flow_tags tags;

			for (int k = 0; k < FLOW_WAYS; k++)
				tags.tag[k] = tag ^ 1U << rng_below(8);
			assert_false(flow_tag_match(tags.all, tag));
			tags.tag[i % FLOW_WAYS] = tag;
			assert_true(flow_tag_match(tags.all, tag));
		}
}

/* A byte that matches is marked; one that does not is, only when all from it down to one that does
 * differ from the tag in their lowest bit. */
static void test_marks(void **state)
{
	unsigned int nr_false = 0;

	(void)state;
	for (int n = 0; n < ROUNDS; n++) {
		struct flow_tags tags = some_tags();
		uint8_t tag = some_tag();
		uint64_t match = flow_tag_match(tags.all, tag);
		bool borrows = false;

		assert_int_equal(match & ~0x8080808080808080ULL, 0);
		for (int i = 0; i < FLOW_WAYS; i++) {
			uint8_t x = tags.tag[i] ^ tag;
			bool is_marked = match >> (i * 8 + 7) & 1;

			borrows = !x || (borrows && x == 1);
			assert_int_equal(is_marked, borrows);
			nr_false += is_marked && x;
		}
	}
	assert_true(nr_false);
}

/* A set's number of up to 21 bits reaches into the second byte, and never into the first. */
static void test_bytes_of_a_tag(void **state)
{
	(void)state;
	assert_int_equal(flow_tag(0x1111222244553333), 0x44);
	assert_int_equal(flow_tag_more(0x1111222244553333), 0x55);
	assert_int_equal(flow_tag((1ULL << 21) - 1), 0);
}

/* The flow is in one of the ways: both bytes say so, whatever is in the others. */
static void test_both_bytes(void **state)
{
	unsigned int nr_false = 0;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t id = (uint64_t)some_tag() << 24 | (uint64_t)some_tag() << 16;
		struct flow_tags tags = some_tags(), more = some_tags();
		uint64_t match = flow_tag_match(tags.all, flow_tag(id));
		bool is_there = false;

		for (int k = 0; k < FLOW_WAYS; k++)
			is_there |= tags.tag[k] == flow_tag(id) && more.tag[k] == flow_tag_more(id);
		if (is_there)
			assert_true(flow_tag_match_more(match, more.all, id));
		else
			nr_false += !!flow_tag_match_more(match, more.all, id);
	}
	assert_true(nr_false < ROUNDS / 10);
}

/* Ids that differ in one bit, or in none. */
static uint64_t near_id(uint64_t id)
{
	return rng_below(2) ? id : id ^ 1ULL << rng_below(64);
}

/* The lowest bit of the upper half is not kept, so that a place that is free is nobody's. */
static bool is_same(uint64_t a, uint64_t b)
{
	return a >> 33 == b >> 33;
}

static void test_seen(void **state)
{
	unsigned int nr_there = 0;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t id = rng();
		struct flow_seen seen = { { { 0 } } };
		bool is_there = false;

		seen.second = rng_below(2) ? flow_seen_id(id) : rng(); /* none of them */
		for (int k = 0; k < SEEN_WAYS; k++) {
			uint64_t other = rng_below(4) ? rng() : near_id(id);

			if (!rng_below(4))
				continue;
			seen.id[k] = flow_seen_id(other);
			is_there |= is_same(other, id);
		}
		assert_int_equal(flow_seen_has(&seen, flow_seen_id(id)), is_there);
		nr_there += is_there;
	}
	assert_in_range(nr_there, ROUNDS / 10, ROUNDS - ROUNDS / 10);
}

/* One bit makes it another word, wherever it is and in whichever place. */
static void test_seen_bit_by_bit(void **state)
{
	(void)state;
	for (int k = 0; k < SEEN_WAYS; k++)
		for (int bit = 0; bit < 32; bit++) {
			struct flow_seen seen = { { { 0 } } };
			uint32_t want = rng();

			seen.id[k] = want;
			assert_true(flow_seen_has(&seen, want));
			assert_false(flow_seen_has(&seen, want ^ 1U << bit));
		}
}

static void test_seen_is_never_what_is_free(void **state)
{
	static const struct flow_seen none;

	(void)state;
	assert_int_not_equal(flow_seen_id(0), 0);
	assert_int_not_equal(flow_seen_id(0xffffffff), 0);
	assert_false(flow_seen_has(&none, flow_seen_id(0)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_each_tag_in_each_place),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_bytes_of_a_tag),
		cmocka_unit_test(test_both_bytes),
		cmocka_unit_test(test_seen),
		cmocka_unit_test(test_seen_bit_by_bit),
		cmocka_unit_test(test_seen_is_never_what_is_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
