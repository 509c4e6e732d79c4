/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: */
/*
 * The IPv4 header of a SYN: its checksum against RFC 1071, and whether there is a source route in
 * its options, against a reader of RFC 791 that goes by a list of options and not by bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire.h"
#include "ipv4.h"

#define NR_RANDOM 200000

/* RFC 791 §3.1, as they stand in the first byte. */
enum { OPT_END = 0, OPT_NOP = 1, OPT_RECORD = 7, OPT_TIME = 68, OPT_LOOSE = 131, OPT_STRICT = 137 };

/* A header of @words words with these options, its checksum right, and zeros behind it. */
static void header_make(struct ipv4_header *h, unsigned int words, const uint8_t *options)
{
	memset(h, 0, sizeof(*h));
	rng_fill(h->byte, 20);
	h->byte[0] = 0x40 + words;
	if (options)
		memcpy(h->byte + 20, options, words * 4 - 20);
	set16(h->byte + 10, 0);
	set16(h->byte + 10, 0xffff - rfc1071(h->byte, words * 4, 0));
}

static void test_checksum(void **state)
{
	uint8_t options[40];
	struct ipv4_header h;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		unsigned int words = 5 + i % 11;

		rng_fill(options, sizeof(options));
		header_make(&h, words, options);
		assert_true(ipv4_checksum_ok(h.word, words));
		/* what is behind the end are zeros, and adds nothing */
		assert_true(ipv4_checksum_ok(h.word, ARRAY_LEN(h.word)));
	}
}

static void test_checksum_of_any_flipped_bit(void **state)
{
	struct ipv4_header h;

	(void)state;
	for (unsigned int words = 5; words <= 15; words++) {
		uint8_t options[40];

		rng_fill(options, sizeof(options));
		header_make(&h, words, options);
		for (unsigned int bit = 0; bit < words * 32; bit++) {
			h.byte[bit / 8] ^= 1 << bit % 8;
			assert_false(ipv4_checksum_ok(h.word, words));
			h.byte[bit / 8] ^= 1 << bit % 8;
		}
	}
}

static const struct {
	const char *name;
	uint8_t options[40];
	bool is_routed;
} rows[] = {
	{ "none", {}, false },
	{ "loose", { OPT_LOOSE, 7, 4, 10, 0, 0, 1 }, true },
	{ "strict", { OPT_STRICT, 7, 4, 10, 0, 0, 1 }, true },
	{ "loose behind NOPs", { 1, 1, 1, OPT_LOOSE, 7, 4 }, true },
	{ "strict behind a record", { OPT_RECORD, 7, 4, 1, 2, 3, 4, OPT_STRICT, 7 }, true },
	{ "loose behind a timestamp", { OPT_TIME, 12, 5, [12] = OPT_LOOSE, 7, 4 }, true },
	{ "loose in the last bytes", { [0 ... 37] = OPT_NOP, OPT_LOOSE, 7 }, true },
	{ "loose without room for its length", { [0 ... 38] = OPT_NOP, OPT_LOOSE }, true },
	{ "record alone", { OPT_RECORD, 39, 4 }, false },
	{ "behind the end", { OPT_NOP, OPT_END, OPT_LOOSE, 7, 4 }, false },
	{ "behind an end that looks like an option", { OPT_NOP, OPT_END, 2, OPT_LOOSE, 7 }, false },
	{ "inside a record", { OPT_RECORD, 11, 4, OPT_LOOSE, 7, 4, OPT_STRICT, 7 }, false },
	{ "behind a length of 0", { OPT_RECORD, 0, OPT_LOOSE, 7, 4 }, false },
	{ "behind a length of 1", { OPT_RECORD, 1, OPT_LOOSE, 7, 4 }, false },
	{ "behind a length of 2", { OPT_RECORD, 2, OPT_LOOSE, 7, 4 }, true },
	{ "behind a length past the end", { OPT_RECORD, 41, [39] = OPT_LOOSE }, false },
	{ "behind a length of 255", { OPT_RECORD, 255, OPT_LOOSE }, false },
	{ "an option without length at the end", { [0 ... 38] = OPT_NOP, OPT_RECORD }, false },
	{ "neighbours of the kinds", { 130, 3, 0, 132, 3, 0, 136, 3, 0, 138, 3, 0 }, false },
};

static void test_rows(void **state)
{
	struct ipv4_header h;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		header_make(&h, 15, rows[i].options);
		if (ipv4_is_source_routed(&h) != rows[i].is_routed)
			print_error("%s\n", rows[i].name);
		assert_int_equal(ipv4_is_source_routed(&h), rows[i].is_routed);
	}
}

/* Options one by one, as they were meant: the list is known, so is whether a route is in it. */
static size_t options_write(uint8_t *to, bool *ret_is_routed)
{
	static const uint8_t kinds[] = {
		OPT_NOP, OPT_RECORD, OPT_TIME, 148, OPT_LOOSE, OPT_STRICT
	};
	bool is_over = false;
	size_t n = 0;

	*ret_is_routed = false;
	while (n < 40 && rng_below(8)) {
		uint8_t kind = rng_below(20) ? kinds[rng_below(rng_below(3) ? 4 : 6)] : OPT_END;
		size_t len = kind == OPT_NOP || kind == OPT_END ? 1 : 2 + rng_below(9);

		if (n + len > 40)
			break;
		rng_fill(to + n, len);
		to[n] = kind;
		if (len > 1)
			to[n + 1] = len;
		is_over |= kind == OPT_END;
		*ret_is_routed |= !is_over && (kind == OPT_LOOSE || kind == OPT_STRICT);
		n += len;
	}
	return n;
}

static void test_lists_of_options(void **state)
{
	unsigned int nr_routed = 0;
	struct ipv4_header h;

	(void)state;
	for (int i = 0; i < NR_RANDOM; i++) {
		uint8_t options[40] = {};
		bool is_routed;
		size_t n = options_write(options, &is_routed);

		header_make(&h, 5 + (n + 3) / 4, options);
		assert_int_equal(ipv4_is_source_routed(&h), is_routed);
		nr_routed += is_routed;
	}
	assert_in_range(nr_routed, NR_RANDOM / 10, NR_RANDOM * 9 / 10);
}

/* Any bytes: an answer, and nothing read behind the header (the sanitizer watches). */
static void test_any_bytes(void **state)
{
	struct ipv4_header *h = malloc(sizeof(*h));

	(void)state;
	assert_non_null(h);
	for (int i = 0; i < NR_RANDOM; i++) {
		rng_fill(h->byte, sizeof(*h));
		for (int k = 20; k < 60 && i % 2; k++) /* small ones, so that walks are long */
			h->byte[k] %= 8;
		ipv4_is_source_routed(h);
	}
	free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checksum),
		cmocka_unit_test(test_checksum_of_any_flipped_bit),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_lists_of_options),
		cmocka_unit_test(test_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
