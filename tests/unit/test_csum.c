/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: */
/*
 * The Internet checksum against RFC 1071, its example and a byte-wise implementation. Sums of bpf/
 * are in wire order; read back as two bytes they are the numbers of the RFC.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire.h"
#include "csum.h"

#define WORDS_MAX 400

static uint16_t as_number(uint16_t wire)
{
	uint8_t byte[2];

	memcpy(byte, &wire, 2);
	return get16(byte);
}

static uint64_t sum_words(const uint8_t *p, size_t nr_words)
{
	uint64_t sum = 0;
	uint32_t word;

	for (size_t i = 0; i < nr_words; i++) {
		memcpy(&word, p + 4 * i, 4);
		sum += word;
	}
	return sum;
}

/* RFC 1071 §3: 00 01 f2 03 f4 f5 f6 f7 sums to ddf2. */
static void test_rfc_example(void **state)
{
	static const uint8_t bytes[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };

	(void)state;
	assert_int_equal(rfc1071(bytes, 8, 0), 0xddf2);
	assert_int_equal(as_number(csum_fold(sum_words(bytes, 2))), 0xddf2);
}

/* The IPv4 header of 172.16.10.99 to 172.16.10.12 that textbooks carry: its checksum is b1e6. */
static void test_known_header(void **state)
{
	static const uint8_t header[] = { 0x45, 0x00, 0x00, 0x3c, 0x1c, 0x46, 0x40,
					  0x00, 0x40, 0x06, 0x00, 0x00, 0xac, 0x10,
					  0x0a, 0x63, 0xac, 0x10, 0x0a, 0x0c };

	(void)state;
	assert_int_equal(as_number(~csum_fold(sum_words(header, 5))), 0xb1e6);
}

static void test_fold_edges(void **state)
{
	static const struct {
		uint64_t sum;
		uint16_t folded;
	} rows[] = {
		{ 0, 0 },
		{ 1, 1 },
		{ 0xffff, 0xffff },
		{ 0x10000, 1 },
		{ 0x1fffe, 0xffff },
		{ 0x1ffff, 1 },
		{ 0xffff0000, 0xffff },
		{ 0xffffffff, 0xffff },
		{ 0x100000000, 1 },
		{ 0x1fffffffe, 0xffff },
		{ 0x1ffffffff, 1 },
		{ 0xffff00000000, 0xffff },
		{ 0xffffffffffff, 0xffff },
		{ 0xfffefffefffeffff, 0xfffc },
		{ 0xffff0000ffff0001, 1 },
		{ 0xfffffffffffffffe, 0xfffe },
		{ 0xffffffffffffffff, 0xffff },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(csum_fold(rows[i].sum), rows[i].folded);
		if (rows[i].sum)
			assert_int_equal(csum_is_right(rows[i].sum), rows[i].folded == 0xffff);
	}
}

/* Folding is the remainder by 0xffff, with 0xffff instead of 0 for every sum but 0 itself. */
static void test_fold_random(void **state)
{
	(void)state;
	for (int i = 0; i < 500000; i++) {
		uint64_t sum = rng() >> rng_below(64);
		uint16_t rest = sum % 0xffff;

		if (i % 4 == 0)
			sum |= ~0ULL << rng_below(64), rest = sum % 0xffff;
		assert_int_equal(csum_fold(sum), rest || !sum ? rest : 0xffff);
		assert_int_equal(csum_is_right(sum), !rest);
		assert_true(csum_is_right(sum - rest));
	}
}

static void test_random_data(void **state)
{
	static uint8_t bytes[WORDS_MAX * 4];

	(void)state;
	for (int i = 0; i < 2000; i++) {
		size_t n = rng_below(WORDS_MAX + 1);

		rng_fill(bytes, n * 4);
		if (i % 3 == 0)
			memset(bytes, 0xff, n * 4);
		assert_int_equal(as_number(csum_fold(sum_words(bytes, n))),
				 rfc1071(bytes, n * 4, 0));
	}
}

/* The pseudo-header as bytes: RFC 9293 §3.1 for IPv4, RFC 8200 §8.1 for IPv6. */
static uint16_t pseudo_bytes(bool v6, const uint8_t *src, const uint8_t *dst, uint32_t bytes)
{
	size_t addr = v6 ? 16 : 4;
	uint8_t rest[8] = {};

	set32(rest, bytes);
	rest[7] = 6;
	return rfc1071(rest, 8, rfc1071(dst, addr, rfc1071(src, addr, 0)));
}

static void test_pseudo(void **state)
{
	(void)state;
	for (int i = 0; i < 100000; i++) {
		uint32_t bytes = i % 7 ? rng_below(65536) : (uint32_t)rng();
		bool v6 = i & 1;
		uint8_t src[16], dst[16];
		struct ip_addr s = {}, d = {};
		uint64_t sum;

		rng_fill(src, 16);
		rng_fill(dst, 16);
		if (v6) {
			memcpy(&s, src, 16);
			memcpy(&d, dst, 16);
		} else {
			memcpy(&s.word[3], src, 4);
			memcpy(&d.word[3], dst, 4);
			s.word[2] = d.word[2] = bpf_htonl(0xffff);
		}
		sum = csum_pseudo(csum_addr(&s, v6) + csum_addr(&d, v6), bytes);
		assert_int_equal(as_number(csum_fold(sum)), pseudo_bytes(v6, src, dst, bytes));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc_example), cmocka_unit_test(test_known_header),
		cmocka_unit_test(test_fold_edges),  cmocka_unit_test(test_fold_random),
		cmocka_unit_test(test_random_data), cmocka_unit_test(test_pseudo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
