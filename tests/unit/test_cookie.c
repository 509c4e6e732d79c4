/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: */
/*
 * The cookie: what it remembers (never more than was offered, and nothing better exists), and who
 * can make one (the keyed bits, counted against the claim).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "begun.h"
#include "refs.h"
#include "cookie.h"

/* ---- what the low bits remember ------------------------------------------------------------ */

static unsigned int smallest_mss(bool v6)
{
	return v6 ? 1220 : 536;
}

static void test_mss_classes(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		assert_int_equal(mss_of_class(0, v6), smallest_mss(v6));
		for (int class = 1; class < 16; class ++)
			assert_true(mss_of_class(class - 1, v6) < mss_of_class(class, v6));
		for (unsigned int mss = 0; mss <= 65535; mss++) {
			unsigned int best = smallest_mss(v6);

			for (int class = 0; class < 16; class ++)
				if (mss_of_class(class, v6) <= mss &&
				    mss_of_class(class, v6) > best)
					best = mss_of_class(class, v6);
			assert_int_equal(mss_of_class(mss_class(mss, v6), v6), best);
		}
	}
}

/* Segments of whole Ethernet frames and of the usual tunnels lose nothing. */
static void test_mss_classes_usual(void **state)
{
	static const uint16_t usual_v4[] = { 1460, 1452, 1440, 1420, 1380, 1360, 8960, 536 };
	static const uint16_t usual_v6[] = { 1440, 1432, 1420, 1400, 1360, 1340, 8940, 1220 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(usual_v4); i++) {
		assert_int_equal(mss_of_class(mss_class(usual_v4[i], false), false), usual_v4[i]);
		assert_int_equal(mss_of_class(mss_class(usual_v6[i], true), true), usual_v6[i]);
	}
}

static struct offer remembered(const struct offer *o, bool v6, uint64_t epoch)
{
	struct offer got;
	uint32_t low = cookie_pack(o, epoch, v6);

	memset(&got, 0x5a, sizeof(got));
	assert_true(low < 1u << (o->timestamps ? 10 : 5));
	cookie_unpack(low, o->timestamps, v6, &got);
	assert_int_equal(got.timestamps, o->timestamps);
	return got;
}

static void timestamps_remember(const struct offer *o, bool v6)
{
	struct offer got = remembered(o, v6, rng());
	unsigned int mss = mss_of_class(mss_class(o->mss, v6), v6);

	assert_int_equal(got.mss, mss);
	assert_true(mss <= o->mss || o->mss < smallest_mss(v6));
	assert_int_equal(got.wscale, o->wscale);
	assert_int_equal(got.sack, o->sack);
	assert_int_equal(got.ecn, o->ecn);
}

/* With timestamps everything but the MSS is remembered as it is. */
static void test_timestamps_remember(void **state)
{
	(void)state;
	for (unsigned int mss = 0; mss <= 65535; mss += mss < 1500 || mss > 8900 ? 1 : 7) {
		for (int i = 0; i < 8; i++) {
			struct offer o = { .mss = mss, .timestamps = true };

			o.sack = i & 1;
			o.ecn = i & 2;
			o.wscale = rng_below(16);
			timestamps_remember(&o, i & 4);
		}
	}
	for (int i = 0; i < 16 * 8 * 32; i++) {
		struct offer o = { .wscale = i % 16, .timestamps = true };

		o.sack = i & 16;
		o.ecn = i & 32;
		o.mss = mss_of_class(i / 128, i & 64) + i / 2048;
		timestamps_remember(&o, i & 64);
	}
}

static int wscale_rank(uint8_t wscale)
{
	return wscale == WSCALE_NONE ? -1 : wscale;
}

static bool is_within(const struct offer *a, const struct offer *b)
{
	return a->mss <= b->mss && wscale_rank(a->wscale) <= wscale_rank(b->wscale) &&
	       a->sack <= b->sack;
}

static void profile_is_best(const struct offer *o, bool v6)
{
	struct offer got = remembered(o, v6, rng()), other;

	assert_false(got.ecn);
	if (o->mss < smallest_mss(v6)) {
		struct offer clamped = *o;

		clamped.mss = smallest_mss(v6);
		assert_true(is_within(&got, &clamped));
		return;
	}
	assert_true(is_within(&got, o));
	for (int i = 0; i < NR_PROFILES; i++) {
		cookie_unpack(i, false, v6, &other);
		if (is_within(&other, o))
			assert_true(is_within(&other, &got) || !is_within(&got, &other));
	}
}

/* Without: never more than was offered, and no other profile is better. */
static void test_profiles(void **state)
{
	(void)state;
	for (int i = -1; i <= 4 * NR_PROFILES; i++) {
		unsigned int near = i < 0 ? 0 : profile_mss(i / 4, i & 1) + i % 3 - 1;

		for (int k = 0; k < 16 * 8; k++) {
			struct offer o = { .wscale = k % 16, .sack = k & 16, .ecn = k & 32 };

			o.mss = near;
			profile_is_best(&o, k & 64);
			o.mss = rng();
			profile_is_best(&o, k & 64);
			o.mss = 500 + rng_below(1000);
			profile_is_best(&o, k & 64);
		}
	}
}

/* What the most common clients without timestamps send comes back as it was. */
static void test_profiles_usual(void **state)
{
	static const struct offer usual[] = {
		{ .mss = 1460, .wscale = 8, .sack = true },  /* Windows */
		{ .mss = 1440, .wscale = 8, .sack = true },  /* behind a tunnel */
		{ .mss = 1460, .wscale = 7, .sack = true },  /* Linux without timestamps */
		{ .mss = 1460, .wscale = 10, .sack = true }, /* the same, 6.18 */
		{ .mss = 1460, .wscale = WSCALE_NONE, .sack = true },
		{ .mss = 1460, .wscale = WSCALE_NONE },
		{ .mss = 536, .wscale = WSCALE_NONE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(usual); i++) {
		struct offer v6 = usual[i], got = remembered(&usual[i], false, i);

		assert_memory_equal(&got, &usual[i], sizeof(got));
		v6.mss = v6.mss < 1240 ? 1220 : v6.mss - 20;
		got = remembered(&v6, true, i);
		assert_memory_equal(&got, &v6, sizeof(got));
	}
}

/* Every low part that the wire can bring is an offer that the kernel takes. */
static void test_unpack_any(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 4096; i++) {
		bool v6 = i & 1, timestamps = i & 2;
		struct offer got;

		cookie_unpack(cookie_low(i >> 2, timestamps), timestamps, v6, &got);
		assert_true(got.mss >= smallest_mss(v6));
		assert_true(got.wscale <= 15);
	}
}

/* ---- the keyed bits ------------------------------------------------------------------------ */

static uint64_t ref_hash_words(const struct sip_key *key, uint64_t a, uint64_t b)
{
	uint8_t key_bytes[16], msg[16];

	for (int i = 0; i < 16; i++) {
		key_bytes[i] = key->k[i / 8] >> i % 8 * 8;
		msg[i] = (i < 8 ? a : b) >> i % 8 * 8;
	}
	return ref_siphash(1, 3, key_bytes, msg, 15);
}

/* The layout that is drawn in cookie.h, and where its MAC comes from. */
static void test_layout(void **state)
{
	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct sip_key master = key_random(), key;
		uint64_t epoch = i % 3 ? rng() : rng_below(4), flow_id = rng();
		uint32_t isn = rng(), low = rng_below(i & 1 ? 1024 : 32), cookie;
		uint64_t mac;

		epoch_key_make(&master, epoch, &key);
		assert_int_equal(key.k[0], ref_hash_words(&master, epoch, 0));
		assert_int_equal(key.k[1], ref_hash_words(&master, epoch, 1));
		mac = ref_hash_words(&key, flow_id,
				     (low + (i & 1 ? 0x10000 : 0)) * 0x100000000ULL + isn);
		cookie = cookie_make(begun(&key), flow_id, isn, low, i & 1);
		assert_int_equal(cookie, (uint32_t)(mac * (i & 1 ? 1024 : 32)) + low);
		assert_int_equal(cookie_low(cookie, i & 1), low);
		assert_true(cookie_check(begun(&key), flow_id, isn, cookie, i & 1));
		assert_int_equal(ts_offset(flow_id), flow_id / 0x100000000ULL);
	}
}

static void test_low_bits(void **state)
{
	struct offer o = { .mss = 1420, .wscale = 9, .timestamps = true };

	(void)state;
	assert_int_equal(cookie_pack(&o, 0, false), 11 << 6 | 9 << 2);
	o.sack = true;
	assert_int_equal(cookie_pack(&o, 1, false), 11 << 6 | 9 << 2 | 2);
	o.ecn = true;
	assert_int_equal(cookie_pack(&o, 1, false), 11 << 6 | 9 << 2 | 3);
	o = (struct offer){ .mss = 1460, .wscale = 8, .sack = true };
	assert_int_equal(cookie_pack(&o, 6, false), 1);
	assert_int_equal(cookie_pack(&o, 7, false), 16 | 1);
}

/* 64 bits of flow, 32 of the client's ISN, 128 of key, 32 of cookie, 1 of format. */
#define NR_INPUT_BITS (64 + 32 + 128 + 32 + 1)

struct
try {
	struct sip_key key;
	uint64_t flow_id;
	uint32_t isn, cookie;
	bool timestamps;
};

static struct try try_random(bool timestamps)
{
	struct try t = { .key = key_random(), .flow_id = rng(), .isn = rng() };
	uint32_t low = rng_below(timestamps ? 1024 : 32);

	t.timestamps = timestamps;
	t.cookie = cookie_make(begun(&t.key), t.flow_id, t.isn, low, timestamps);
	return t;
}

static struct try try_flipped(struct try t, unsigned int bit)
{
	if (bit < 64)
		t.flow_id ^= 1ULL << bit;
	else if (bit < 96)
		t.isn ^= 1u << (bit - 64);
	else if (bit < 224)
		t.key.k[(bit - 96) / 64] ^= 1ULL << (bit - 96) % 64;
	else if (bit < 256)
		t.cookie ^= 1u << (bit - 224);
	else
		t.timestamps = !t.timestamps;
	return t;
}

static bool is_accepted(const struct try *t)
{
	return cookie_check(begun(&t->key), t->flow_id, t->isn, t->cookie, t->timestamps);
}

/* 257000 flips at 2^-22 and as many at 2^-27 let 0.06 through on average: two would be a wonder. */
static void test_flipped_bits(void **state)
{
	unsigned int nr_accepted = 0;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		struct try good = try_random(i & 1);

		assert_true(is_accepted(&good));
		for (unsigned int bit = 0; bit < NR_INPUT_BITS; bit++) {
			struct try bad = try_flipped(good, bit);

			nr_accepted += is_accepted(&bad);
		}
	}
	assert_in_range(nr_accepted, 0, 1);
}

/*
 * Each input bit turns each bit of the MAC half of the time, so that all 22 and all 27 of them
 * count: 8000 trials of a fair coin are within 400 of 4000 but for one in 10^18.
 */
static void test_mac_bits_all_turn(void **state)
{
	(void)state;
	for (int timestamps = 0; timestamps < 2; timestamps++) {
		int first = timestamps ? 10 : 5, nr = 8000;
		unsigned int turned[32] = {};

		for (int i = 0; i < nr; i++) {
			struct try t = try_random(timestamps), f = try_flipped(t, i % 224);
			uint32_t low = cookie_low(t.cookie, timestamps);

			f.cookie = cookie_make(begun(&f.key), f.flow_id, f.isn, low, timestamps);
			for (int bit = 0; bit < 32; bit++)
				turned[bit] += (t.cookie ^ f.cookie) >> bit & 1;
		}
		for (int bit = 0; bit < 32; bit++)
			assert_in_range(turned[bit], bit < first ? 0 : nr / 2 - 400,
					bit < first ? 0 : nr / 2 + 400);
	}
}

/* Of the 2^22 MACs of one low part one is good, and of 2^20 that surround a plain one too. */
static void test_one_mac_per_low_part(void **state)
{
	struct try t = try_random(true), plain = try_random(false);
	uint32_t mac = t.cookie >> 10, nr_accepted = 0;

	(void)state;
	for (uint32_t i = 0; i < 1u << 22; i++) {
		t.cookie = i << 10 | (t.cookie & 1023);
		nr_accepted += is_accepted(&t);
		if (i == mac)
			assert_int_equal(nr_accepted, 1);
	}
	assert_int_equal(nr_accepted, 1);
	nr_accepted = 0;
	for (uint32_t i = 0; i < 1u << 20; i++) {
		plain.cookie += 32;
		nr_accepted += is_accepted(&plain);
	}
	assert_int_equal(nr_accepted, 0);
}

/* The same connection, low bits and key: another MAC, and neither passes for the other. */
static void test_formats_are_domains(void **state)
{
	unsigned int nr_alike = 0, nr_accepted = 0;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		struct try t = try_random(i & 1);
		uint32_t low = rng_below(32);
		uint32_t with = cookie_make(begun(&t.key), t.flow_id, t.isn, low, true);
		uint32_t without = cookie_make(begun(&t.key), t.flow_id, t.isn, low, false);

		nr_alike += (with >> 10) == (without >> 5 & 0x3fffff);
		t.timestamps = !t.timestamps;
		nr_accepted += is_accepted(&t);
	}
	assert_in_range(nr_alike, 0, 1);
	assert_in_range(nr_accepted, 0, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mss_classes),
		cmocka_unit_test(test_mss_classes_usual),
		cmocka_unit_test(test_timestamps_remember),
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_profiles_usual),
		cmocka_unit_test(test_unpack_any),
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_low_bits),
		cmocka_unit_test(test_flipped_bits),
		cmocka_unit_test(test_mac_bits_all_turn),
		cmocka_unit_test(test_one_mac_per_low_part),
		cmocka_unit_test(test_formats_are_domains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
