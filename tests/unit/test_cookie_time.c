/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: */
/*
 * When a cookie is accepted: edges of epochs, clocks that disagree by a tick, wrapping clocks, the
 * first moments of uptime.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "begun.h"
#include "refs.h"
#include "cookie.h"

#define SHIFT 16 /* epochs of 65.5 s, the default */
#define SKEW 64  /* ms that a clock may be behind */

struct connection {
	struct sip_key master;
	uint64_t flow_id;
	uint32_t isn;
};

struct syn_ack {
	uint32_t cookie, tsval;
	bool timestamps;
};

static struct connection connection_random(void)
{
	return (struct connection){ key_random(), rng(), rng() };
}

static struct syn_ack answer_at(const struct connection *c, uint64_t now_ms, uint32_t shift,
				bool timestamps)
{
	struct offer o = { .mss = 1460, .wscale = 7, .sack = true, .timestamps = timestamps };
	uint64_t epoch = epoch_of(now_ms, shift);
	struct syn_ack ret = { .timestamps = timestamps };
	struct sip_key key;

	epoch_key_make(&c->master, epoch, &key);
	ret.cookie = cookie_make(begun(&key), c->flow_id, c->isn, cookie_pack(&o, epoch, false),
				 timestamps);
	ret.tsval = now_ms + ts_offset(c->flow_id);
	return ret;
}

static bool ack_at(const struct connection *c, uint64_t now_ms, uint32_t shift,
		   const struct syn_ack *a)
{
	uint64_t epoch = cookie_epoch(now_ms, a->cookie, shift);
	struct sip_key key;
	__u64 sent_ms;

	if (a->timestamps) {
		if (!cookie_sent_at(now_ms, c->flow_id, a->tsval, shift, &sent_ms))
			return false;
		epoch = epoch_of(sent_ms, shift);
	}
	epoch_key_make(&c->master, epoch, &key);
	return cookie_check(begun(&key), c->flow_id, c->isn, a->cookie, a->timestamps);
}

/* Moments around which clocks do something: the start, epochs, 32 bits, a long uptime. */
static const uint64_t moments[] = {
	2ULL << SHIFT,
	5ULL << SHIFT,
	8ULL << SHIFT,
	1ULL << 31,
	1ULL << 32,
	(1ULL << 32) + (1 << SHIFT),
	(1ULL << 33) - (1 << SHIFT),
	1ULL << 40,
};

static void edge_holds(const struct connection *c, uint64_t edge, bool timestamps)
{
	/* a plain cookie ends earlier by as much as its maker's clock may be ahead */
	uint64_t early = timestamps ? 0 : SKEW, epoch_ms = (1 << SHIFT) - early;
	struct syn_ack last = answer_at(c, edge - 1, SHIFT, timestamps);
	struct syn_ack first = answer_at(c, edge, SHIFT, timestamps);

	/* made in the last ms of an epoch: good through the next one, and no longer */
	assert_true(ack_at(c, edge - 1, SHIFT, &last));
	assert_true(ack_at(c, edge, SHIFT, &last));
	assert_true(ack_at(c, edge + 1, SHIFT, &last));
	assert_true(ack_at(c, edge + epoch_ms - 1, SHIFT, &last));
	assert_false(ack_at(c, edge + epoch_ms, SHIFT, &last));
	assert_false(ack_at(c, edge + epoch_ms + 1000, SHIFT, &last));
	assert_false(ack_at(c, edge + 2 * epoch_ms, SHIFT, &last));
	assert_false(ack_at(c, edge + 3 * epoch_ms, SHIFT, &last));
	/* made in the first: good for two whole epochs */
	assert_true(ack_at(c, edge, SHIFT, &first));
	assert_true(ack_at(c, edge + epoch_ms, SHIFT, &first));
	assert_true(ack_at(c, edge + 2 * epoch_ms + early - 1, SHIFT, &first));
	assert_false(ack_at(c, edge + 2 * epoch_ms + early, SHIFT, &first));
	assert_false(ack_at(c, edge + 4 * epoch_ms, SHIFT, &first));
	assert_false(ack_at(c, edge + (1ULL << 32) - 1, SHIFT, &first));
}

static void test_epoch_edges(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(moments); i++) {
		for (int k = 0; k < 200; k++) {
			struct connection c = connection_random();

			edge_holds(&c, moments[i], k & 1);
		}
	}
}

/* The rule in one line, at random: the epoch of the SYN is that of the ACK or the one before. */
static void test_epochs_random(void **state)
{
	unsigned int nr_accepted = 0;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		struct connection c = connection_random();
		uint32_t shift = 8 + rng_below(14), early = i & 1 ? 0 : SKEW;
		uint64_t sent = rng() >> (20 + rng_below(30));
		uint64_t now = sent + rng_below(4u << shift);
		struct syn_ack a = answer_at(&c, sent, shift, i & 1);
		bool is_young = ((now + early) >> shift) - (sent >> shift) <= 1;

		assert_int_equal(ack_at(&c, now, shift, &a), is_young);
		nr_accepted += is_young;
	}
	assert_in_range(nr_accepted, 30000, 50000);
}

/* Another master key, as after a restart: nothing of before is good. */
static void test_other_master(void **state)
{
	(void)state;
	for (int i = 0; i < 2000; i++) {
		struct connection c = connection_random(), other = c;
		struct syn_ack a = answer_at(&c, 1 << 20, SHIFT, i & 1);

		other.master = key_random();
		assert_true(ack_at(&c, 1 << 20, SHIFT, &a));
		assert_false(ack_at(&other, 1 << 20, SHIFT, &a));
	}
}

/* The clock of the ACK's CPU is behind by up to a tick of HZ=100 and then some. */
static void test_clock_behind(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(moments); i++) {
		for (int behind = 0; behind <= SKEW + 40; behind++) {
			uint64_t sent = moments[i] + rng_below(2 * SKEW);
			struct connection c = connection_random();
			struct syn_ack a = answer_at(&c, sent, SHIFT, true);

			assert_int_equal(ack_at(&c, sent - behind, SHIFT, &a), behind <= SKEW);
			/* without timestamps it shows only where an epoch begins in between */
			sent = moments[i] + rng_below(2 * SKEW);
			a = answer_at(&c, sent, SHIFT, false);
			assert_true(behind > SKEW || ack_at(&c, sent - behind, SHIFT, &a));
		}
	}
}

/* cookie_sent_at() by the elapsed time: exact inside the lifetime, false and silent outside. */
static void sent_at_is(uint64_t now, uint64_t flow_id, int64_t elapsed)
{
	uint64_t previous = (now >> SHIFT) ? ((now >> SHIFT) - 1) << SHIFT : 0;
	bool is_good = elapsed >= -SKEW && elapsed <= (int64_t)(now - previous);
	uint32_t tsecr = (uint32_t)(now - elapsed) + (flow_id >> 32);
	__u64 sent = 0x5a5a;

	assert_int_equal(cookie_sent_at(now, flow_id, tsecr, SHIFT, &sent), is_good);
	assert_int_equal(sent, is_good ? now - elapsed : 0x5a5a);
}

static void test_sent_at(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(moments); i++) {
		uint64_t now = moments[i] + rng_below(1 << SHIFT);

		for (int64_t elapsed = -200; elapsed <= (2 << SHIFT) + 200; elapsed++)
			sent_at_is(now, rng(), elapsed);
	}
}

/* An ACK in the first moments of uptime: no time before the start is a time. */
static void test_sent_at_small_clock(void **state)
{
	(void)state;
	for (uint64_t now = 0; now < 300; now++) {
		for (int64_t elapsed = -100; elapsed < 400; elapsed++)
			sent_at_is(now, rng(), elapsed);
		sent_at_is(now, rng(), 1 << 17);
		sent_at_is(now, rng(), INT32_MAX);
		sent_at_is(now, rng(), INT32_MIN);
	}
	for (int i = 0; i < 2000; i++) {
		struct connection c = connection_random();
		uint64_t sent = rng_below(300), now = sent + rng_below(300);
		struct syn_ack a = answer_at(&c, sent, SHIFT, i & 1);

		assert_true(ack_at(&c, now, SHIFT, &a));
	}
}

/* Over all of the 2^32 times that an ACK can echo, those that pass are as many as the lifetime. */
static void test_sent_at_count(void **state)
{
	static const uint32_t phases[] = { 0, 1, 12345, (1 << SHIFT) - 1 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(phases); i++) {
		uint64_t now = (77ULL << SHIFT) + phases[i], flow_id = rng();
		uint32_t nr = 0, lifetime = (1 << SHIFT) + phases[i] + 1 + SKEW;
		__u64 sent;

		for (uint32_t tsecr = 0; tsecr < 4u << SHIFT; tsecr++)
			nr += cookie_sent_at(now, flow_id,
					     now - (2 << SHIFT) - 1000 + tsecr + (flow_id >> 32),
					     SHIFT, &sent);
		assert_int_equal(nr, lifetime);
		for (uint64_t away = 4 << SHIFT; away < UINT32_MAX; away += 4099)
			nr += cookie_sent_at(now, flow_id,
					     now - (2 << SHIFT) - 1000 + away + (flow_id >> 32),
					     SHIFT, &sent);
		assert_int_equal(nr, lifetime);
		/* 2^10 ISNs for each: of 2^64 pairs fewer than 2^28 */
		assert_true(((uint64_t)nr << 10) < 1ULL << 28);
	}
}

/* Of the 2^32 ISNs that an ACK without timestamps can name, 32 are good at any moment. */
static void test_plain_count(void **state)
{
	(void)state;
	for (int i = 0; i < 200; i++) {
		struct connection c = connection_random();
		uint64_t now = rng() >> 24, epoch = now >> SHIFT;
		unsigned int nr = 0;

		for (uint32_t low = 0; low < 32; low++) {
			for (int ago = -1; ago <= 3; ago++) {
				struct syn_ack a = {};
				struct sip_key key;

				epoch_key_make(&c.master, epoch - ago, &key);
				a.cookie = cookie_make(begun(&key), c.flow_id, c.isn, low, false);
				nr += ack_at(&c, now, SHIFT, &a);
			}
		}
		assert_int_equal(nr, 32);
	}
}

static void test_cookie_epoch(void **state)
{
	(void)state;
	for (int i = 0; i < 100000; i++) {
		uint32_t shift = 1 + rng_below(24), cookie = rng();
		uint64_t now = rng() >> (1 + rng_below(40)), epoch = (now + SKEW) >> shift;
		uint64_t named = cookie_epoch(now, cookie, shift);

		assert_int_equal(named % 2, cookie / 16 % 2);
		assert_true(named == epoch || named == epoch - 1);
	}
}

static void test_epoch_keys_differ(void **state)
{
	struct sip_key master = key_random(), last = {}, key, other;

	(void)state;
	for (uint64_t epoch = 0; epoch < 5000; epoch++) {
		epoch_key_make(&master, epoch, &key);
		assert_true(key.k[0] != last.k[0] && key.k[1] != last.k[1]);
		assert_true(key.k[0] != key.k[1]);
		epoch_key_make(&master, epoch | 1ULL << (32 + epoch % 32), &other);
		assert_true(key.k[0] != other.k[0] && key.k[1] != other.k[1]);
		last = key;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_epoch_edges),   cmocka_unit_test(test_epochs_random),
		cmocka_unit_test(test_other_master),  cmocka_unit_test(test_clock_behind),
		cmocka_unit_test(test_sent_at),       cmocka_unit_test(test_sent_at_small_clock),
		cmocka_unit_test(test_sent_at_count), cmocka_unit_test(test_plain_count),
		cmocka_unit_test(test_cookie_epoch),  cmocka_unit_test(test_epoch_keys_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
