/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: */
/*
 * SipHash-1-3: published vectors, a byte-wise reference that is itself held against the vectors of
 * SipHash-2-4, and the property that matters here, that no bit of key or message is ignored.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "refs.h"
#include "siphash.h"

#define NR_RANDOM 20000

static const struct sip_key key_counting = { { 0x0706050403020100, 0x0f0e0d0c0b0a0908 } };

static void count_up(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = i;
}

/* The authors' vectors: key 00..0f, message 00, 01, ... */
static void test_reference_24(void **state)
{
	static const uint64_t vectors[] = {
		0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a,
		0x85676696d7fb7e2d, 0xcf2794e0277187b7, 0x18765564cd99a68d,
		0xcbc9466e58fee3ce, 0xab0200f58b01d137, 0x93f5f5799a932462,
	};
	uint8_t bytes[16];

	(void)state;
	count_up(bytes, sizeof(bytes));
	for (size_t n = 0; n < ARRAY_LEN(vectors); n++)
		assert_int_equal(ref_siphash(2, 4, bytes, bytes, n), vectors[n]);
	assert_int_equal(ref_siphash(2, 4, bytes, bytes, 15), 0xa129ca6149be45e5);
}

static void test_reference_13(void **state)
{
	uint8_t bytes[16];

	(void)state;
	count_up(bytes, sizeof(bytes));
	assert_int_equal(ref_siphash(1, 3, bytes, bytes, 0), 0xabac0158050fc4dc);
	assert_int_equal(ref_siphash(1, 3, bytes, bytes, 1), 0xc9f49bf37d57ca93);
	assert_int_equal(ref_siphash(1, 3, bytes, bytes, 8), 0x369095118d299a8e);
	assert_int_equal(ref_siphash(1, 3, bytes, bytes, 15), 0xd320d86d2a519956);
}

#define SEVEN_BYTES 0xffffffffffffffULL

static uint64_t hash_of(const struct sip_key *key, const __u64 *word, size_t n)
{
	struct sip_state s;

	sip_begin(&s, key);
	sip_add_first(&s, word[0]);
	for (size_t i = 1; i < n; i++)
		sip_add(&s, word[i]);
	return sip_end(&s, SIP_LENGTH(n * 8));
}

/* Whole words of the published messages, through the same steps that the two fixed lengths take. */
static void test_vectors(void **state)
{
	static const __u64 word[] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908, 0x1716151413121110,
				      0x1f1e1d1c1b1a1918, 0x2726252423222120 };

	(void)state;
	assert_int_equal(hash_of(&key_counting, word, 1), 0x369095118d299a8e);
	assert_int_equal(hash_of(&key_counting, word, 2), 0xcc4fdd1a7d908b66);
	assert_int_equal(sip_hash15(&key_counting, word[0], word[1] & SEVEN_BYTES),
			 0xd320d86d2a519956);
}

static __u64 sip_hash39(const struct sip_key *key, const __u64 word[4], __u64 b)
{
	struct sip_state s;

	sip_begin(&s, key);
	return sip_from39(&s, word, b);
}

/*
 * What CPython 3.11, whose hash of bytes is SipHash-1-3, says with PYTHONHASHSEED=0: a key of
 * zeros.
 */
static void test_vectors_zero_key(void **state)
{
	static const __u64 word[] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908, 0x1716151413121110,
				      0x1f1e1d1c1b1a1918, 0x2726252423222120 };
	static const struct sip_key zero;

	(void)state;
	assert_int_equal(hash_of(&zero, word, 1), 0xead411e67ebe2eea);
	assert_int_equal(hash_of(&zero, word, 2), 0x8972188433a5c5b7);
	assert_int_equal(hash_of(&zero, word, 3), 0x31185a47af932f3a);
	assert_int_equal(hash_of(&zero, word, 5), 0x95bc321ab41d8206);
	assert_int_equal(sip_hash15(&zero, word[0], word[1] & SEVEN_BYTES), 0xf30eb725bb91c9ea);
	assert_int_equal(sip_hash39(&zero, word, word[4] & SEVEN_BYTES), 0x6c76b6d34bb6d26b);
}

static void to_bytes(const __u64 *word, size_t n, uint8_t *ret)
{
	for (size_t i = 0; i < n * 8; i++)
		ret[i] = word[i / 8] >> i % 8 * 8;
}

static void test_random(void **state)
{
	(void)state;
	for (int i = 0; i < NR_RANDOM; i++) {
		__u64 both[2] = { rng(), rng() };
		__u64 word[5];
		struct sip_key key = { { both[0], both[1] } };
		uint8_t key_bytes[16], msg[40];

		for (size_t k = 0; k < ARRAY_LEN(word); k++)
			word[k] = rng();
		to_bytes(both, 2, key_bytes);
		to_bytes(word, 5, msg);
		assert_int_equal(sip_hash15(&key, word[0], word[1] & SEVEN_BYTES),
				 ref_siphash(1, 3, key_bytes, msg, 15));
		assert_int_equal(sip_hash39(&key, word, word[4] & SEVEN_BYTES),
				 ref_siphash(1, 3, key_bytes, msg, 39));
	}
}

/* Two words of key, then the message; of its last word seven bytes. */
static uint64_t short_hash(const __u64 *in)
{
	return sip_hash15(&(struct sip_key){ { in[0], in[1] } }, in[2], in[3] & SEVEN_BYTES);
}

static uint64_t long_hash(const __u64 *in)
{
	return sip_hash39(&(struct sip_key){ { in[0], in[1] } }, in + 2, in[6] & SEVEN_BYTES);
}

/*
 * Two words of key and five of message: each bit flipped changes the hash, and about half of its
 * bits.
 */
static void test_every_bit_counts(void **state)
{
	uint64_t nr_flipped = 0, nr_hashes = 0;

	(void)state;
	for (int round = 0; round < 64; round++) {
		uint64_t was15, was39;
		__u64 in[7];

		for (size_t k = 0; k < ARRAY_LEN(in); k++)
			in[k] = rng();
		was15 = short_hash(in);
		was39 = long_hash(in);
		for (int bit = 0; bit < 7 * 64 - 8; bit++) {
			uint64_t now15, now39;

			in[bit / 64] ^= 1ULL << bit % 64;
			now15 = short_hash(in);
			now39 = long_hash(in);
			in[bit / 64] ^= 1ULL << bit % 64;
			assert_true(bit >= 4 * 64 - 8 ? now15 == was15 : now15 != was15);
			assert_true(now39 != was39);
			nr_flipped += __builtin_popcountll(now39 ^ was39);
			nr_hashes++;
		}
	}
	assert_in_range(nr_flipped * 1000 / nr_hashes, 31800, 32200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reference_24), cmocka_unit_test(test_reference_13),
		cmocka_unit_test(test_vectors),      cmocka_unit_test(test_vectors_zero_key),
		cmocka_unit_test(test_random),       cmocka_unit_test(test_every_bit_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
