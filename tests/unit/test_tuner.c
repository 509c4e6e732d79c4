/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/tuner.c */
/*
 * Thresholds: tables worked out by hand, then what must hold for every backlog and every peace;
 * the buckets for every timeout there is; and learning, second by second.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "tuner.h"
#include "wire.h"

#define TIMEOUT_MAX_SECONDS 600
#define HOUR 3600
#define DAY 86400

static const struct tunables untouched = {
	.hold_seconds = 30,
	.low_water_percent = 50,
	.handshake_timeout_seconds = 63,
	.max_half_open = 4096,
};

/* ---- thresholds ---- */

static const struct tuned {
	__u32 backlog;
	struct baseline learned;
	__u32 half_open, syn_rate;
} tuned[] = {
	/* a quarter of the backlog; two SYNs a second for each of its places, but 500 at least */
	{ 0, { 0, 0 }, 1, 500 },
	{ 1, { 0, 0 }, 1, 500 },
	{ 2, { 0, 0 }, 1, 500 },
	{ 5, { 0, 0 }, 1, 500 },
	{ 128, { 0, 0 }, 32, 500 },
	{ 250, { 0, 0 }, 62, 500 },
	{ 251, { 0, 0 }, 62, 502 },
	{ 511, { 0, 0 }, 127, 1022 },
	{ 4096, { 0, 0 }, 1024, 8192 },
	{ 65535, { 0, 0 }, 8192, 131070 },
	{ 1U << 31, { 0, 0 }, 8192, 100000000 },
	{ UINT32_MAX, { 0, 0 }, 8192, 100000000 },
	/* four times peace, when that is more */
	{ 128, { 8, 125 }, 32, 500 },
	{ 128, { 8.25, 125.25 }, 33, 501 },
	{ 511, { 50, 255.5 }, 200, 1022 },
	{ 511, { 50, 255.75 }, 200, 1023 },
	/* but never more than half the backlog, of which a backlog of 1 has none */
	{ 128, { 15.99, 0 }, 63, 500 },
	{ 128, { 16, 0 }, 64, 500 },
	{ 128, { 16.25, 0 }, 64, 500 },
	{ 128, { 1e9, 1e9 }, 64, 100000000 },
	{ 511, { 200, 1000 }, 255, 4000 },
	{ 5, { 9, 0 }, 2, 500 },
	{ 2, { 9, 0 }, 1, 500 },
	{ 1, { 9, 0 }, 1, 500 },
	{ 0, { 9, 0 }, 1, 500 },
	/* nor of the flow table */
	{ 100000, { 20000, 0 }, 8192, 200000 },
};

static void test_tuned(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(tuned) / sizeof(tuned[0]); i++) {
		const struct tuned *row = &tuned[i];
		struct row_listeners listeners = { .nr = 2, .backlog = row->backlog };
		struct thresholds t;

		tuner_thresholds(&untouched, &listeners, &row->learned, &t);
		if (t.half_open != row->half_open || t.syn_rate != row->syn_rate)
			fail_msg("backlog %u, peace %g and %g: half-open %u, SYN rate %u",
				 row->backlog, row->learned.half_open, row->learned.syn_rate,
				 t.half_open, t.syn_rate);
		assert_int_equal(t.half_open_source, THRESHOLD_TUNED);
		assert_int_equal(t.syn_rate_source, THRESHOLD_TUNED);
		assert_int_equal(t.low_water, t.syn_rate / 2);
	}
}

#define TUNED(n) n, THRESHOLD_TUNED
#define PINNED(n) n, THRESHOLD_PINNED
#define DEFAULT(n) n, THRESHOLD_DEFAULT

/* Who says it: the operator, whatever the backlog; then the listener, of 128 places and a busy
 * peace. */
static const struct {
	__u32 arm_half_open, arm_syn_rate, nr_listeners;
	__u32 half_open;
	enum threshold_source half_open_source;
	__u32 syn_rate;
	enum threshold_source syn_rate_source;
	__u32 low_water;
} sources[] = {
	{ 0, 0, 0, DEFAULT(128), DEFAULT(1000), 500 },
	{ 0, 0, 1, TUNED(64), TUNED(4000), 2000 },
	{ 400, 7, 0, PINNED(400), PINNED(7), 3 },
	{ 400, 7, 1, PINNED(400), PINNED(7), 3 },
	{ 8192, 0, 0, PINNED(8192), DEFAULT(1000), 500 },
	{ 1, 0, 1, PINNED(1), TUNED(4000), 2000 },
	{ 0, 1, 0, DEFAULT(128), PINNED(1), 1 },
	{ 0, 100000000, 1, TUNED(64), PINNED(100000000), 50000000 },
};

static void test_sources(void **state)
{
	const struct baseline learned = { 100, 1000 };

	(void)state;
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		__u32 nr = sources[i].nr_listeners;
		struct row_listeners listeners = { .nr = nr, .backlog = nr ? 128 : 0 };
		struct tunables tunables = untouched;
		struct thresholds t;

		tunables.arm_half_open = sources[i].arm_half_open;
		tunables.arm_syn_rate = sources[i].arm_syn_rate;
		tuner_thresholds(&tunables, &listeners, &learned, &t);
		assert_int_equal(t.half_open, sources[i].half_open);
		assert_int_equal(t.half_open_source, sources[i].half_open_source);
		assert_int_equal(t.syn_rate, sources[i].syn_rate);
		assert_int_equal(t.syn_rate_source, sources[i].syn_rate_source);
		assert_int_equal(t.low_water, sources[i].low_water);
	}
}

static void test_low_water(void **state)
{
	static const struct {
		__u32 syn_rate, percent, low_water;
	} low[] = {
		{ 1, 1, 1 },
		{ 1, 99, 1 },
		{ 1, 100, 1 },
		{ 99, 1, 1 },
		{ 199, 1, 1 },
		{ 200, 1, 2 },
		{ 7, 50, 3 },
		{ 1000, 33, 330 },
		{ 1000, 100, 1000 },
		{ 100000000, 1, 1000000 },
		{ 100000000, 100, 100000000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(low) / sizeof(low[0]); i++) {
		struct tunables tunables = untouched;
		struct row_listeners nobody = {};
		struct baseline nothing = {};
		struct thresholds t;

		tunables.arm_syn_rate = low[i].syn_rate;
		tunables.low_water_percent = low[i].percent;
		tuner_thresholds(&tunables, &nobody, &nothing, &t);
		assert_int_equal(t.low_water, low[i].low_water);
	}
}

/* The rest is handed through. */
static void test_handed_through(void **state)
{
	const struct tunables tunables = { 0, 0, 11, 12, 13, 14 };
	struct row_listeners nobody = {};
	struct baseline nothing = {};
	struct thresholds t;

	(void)state;
	tuner_thresholds(&tunables, &nobody, &nothing, &t);
	assert_int_equal(t.hold_seconds, 11);
	assert_int_equal(t.low_water, 120);
	assert_int_equal(t.handshake_timeout_seconds, 13);
	assert_int_equal(t.max_half_open, 14);
}

static __u32 size_random(void)
{
	return (__u32)rng() >> rng_below(32);
}

/* An attacker that sits beneath the threshold leaves half the queue to the others. */
static void test_half_is_left(void **state)
{
	(void)state;
	for (int i = 0; i < 300000; i++) {
		struct row_listeners listeners = { .nr = 1 + rng_below(9),
						   .backlog = size_random() };
		struct baseline learned = { size_random() / 16.0, size_random() / 16.0 };
		struct thresholds t;

		tuner_thresholds(&untouched, &listeners, &learned, &t);
		assert_true(t.half_open >= 1);
		assert_true(t.half_open == 1 || 2ULL * t.half_open <= listeners.backlog);
		assert_true(t.half_open <= 8192);
		assert_true(t.syn_rate >= 500 && t.syn_rate <= 100000000);
		assert_true(t.low_water >= 1 && t.low_water <= t.syn_rate);
		assert_int_equal(t.half_open_source, THRESHOLD_TUNED);
		assert_int_equal(t.syn_rate_source, THRESHOLD_TUNED);
	}
}

/* ---- what the data path is told ---- */

static void test_row_conf(void **state)
{
	static const struct thresholds t = {
		.half_open = 11,
		.syn_rate = 1012,
		.low_water = 801,
		.hold_seconds = 3600,
		.handshake_timeout_seconds = 63,
		.max_half_open = 14,
	};
	static const struct row_conf wanted = {
		.bucket_shift = 10,
		.nr_buckets = 62, /* of 1.024 s, are 63.5 s */
		.arm_half_open = 11,
		.max_half_open = 14,
		.arm_syn_rate = 1012,
		.low_water = 801,
		.hold_ms = 3600000,
		.flush_every = 25,
	};
	struct row_conf got;

	(void)state;
	memset(&got, 0xff, sizeof(got));
	tuner_row_conf(&t, 4, &got);
	assert_memory_equal(&got, &wanted, sizeof(got));
}

static __u32 flush_every(__u32 low_water, unsigned int nr_cpus)
{
	struct thresholds t = { .low_water = low_water, .handshake_timeout_seconds = 63 };
	struct row_conf conf;

	tuner_row_conf(&t, nr_cpus, &conf);
	return conf.flush_every;
}

/* What the CPUs keep for themselves, all together, is an eighth of the low-water mark. */
static void test_flush_every(void **state)
{
	(void)state;
	assert_int_equal(flush_every(1, 1), 1);
	assert_int_equal(flush_every(15, 1), 1);
	assert_int_equal(flush_every(16, 1), 2);
	assert_int_equal(flush_every(250, 1), 31);
	assert_int_equal(flush_every(250, 4), 7);
	assert_int_equal(flush_every(250, 64), 1);
	assert_int_equal(flush_every(511, 1), 63);
	assert_int_equal(flush_every(512, 1), 64);
	assert_int_equal(flush_every(100000000, 1), 64);
	assert_int_equal(flush_every(100000000, 4096), 64);
	assert_int_equal(flush_every(500, 0), 62);
	for (int i = 0; i < 100000; i++) {
		__u32 low_water = 1 + size_random() % 100000000;
		unsigned int nr_cpus = 1 + rng_below(1024);
		__u32 n = flush_every(low_water, nr_cpus);

		assert_true(n >= 1 && n <= 64);
		assert_true(n == 1 || 8ULL * n * nr_cpus <= low_water);
	}
}

/*
 * Buckets of 2^shift ms. A handshake counts for nr_buckets whole ones after its own: never for less
 * than the timeout, and so little longer that it does not matter.
 */
static void test_buckets(void **state)
{
	(void)state;
	for (unsigned int seconds = 1; seconds <= TIMEOUT_MAX_SECONDS; seconds++) {
		struct thresholds t = { .low_water = 1, .handshake_timeout_seconds = seconds };
		uint64_t timeout_ms = seconds * 1000ULL, bucket_ms, window_ms;
		struct row_conf conf;

		tuner_row_conf(&t, 1, &conf);
		bucket_ms = 1ULL << conf.bucket_shift;
		window_ms = conf.nr_buckets * bucket_ms;
		assert_true(conf.nr_buckets >= 1 && conf.nr_buckets <= HANDSHAKE_BUCKETS - 2);
		assert_true(window_ms >= timeout_ms);
		assert_true(window_ms - timeout_ms <= timeout_ms / 16);
		assert_true(window_ms - timeout_ms < bucket_ms);
		/* to the end of its last bucket */
		assert_true(window_ms + bucket_ms - timeout_ms < timeout_ms / 15);
	}
}

/* ---- learning ---- */

static void learn(struct baseline *b, struct tuner_second second, int seconds)
{
	while (seconds--)
		tuner_learn(b, &second);
}

static double smaller(double a, double b)
{
	return a < b ? a : b;
}

static double larger(double a, double b)
{
	return a > b ? a : b;
}

static bool is_between(double value, double least, double most)
{
	return value >= least && value <= most;
}

static void test_learn_steps(void **state)
{
	struct baseline b = { 0, 0 };

	(void)state;
	learn(&b, (struct tuner_second){ .half_open = 6, .syns = 600, .served = 600 }, 1);
	assert_true(fabs(b.half_open - 0.01) < 1e-12);
	assert_true(fabs(b.syn_rate - 1) < 1e-12);

	b = (struct baseline){ 86.4, 8640 };
	learn(&b, (struct tuner_second){}, 1);
	assert_true(fabs(b.half_open - 86.399) < 1e-9);
	assert_true(fabs(b.syn_rate - 8639.9) < 1e-9);

	b = (struct baseline){ 5, 50 };
	learn(&b, (struct tuner_second){ .half_open = 5, .syns = 50, .served = 50 }, DAY);
	assert_true(b.half_open == 5 && b.syn_rate == 50);
}

/* 63 % after the time constant. */
static void test_rise_and_fall(void **state)
{
	const struct tuner_second busy = { .half_open = 100, .syns = 1000, .served = 1000 };
	struct baseline b = { 0, 0 };

	(void)state;
	learn(&b, busy, 60);
	assert_true(is_between(b.half_open, 9, 10));
	learn(&b, busy, 540);
	assert_true(is_between(b.half_open, 63, 64));
	assert_true(is_between(b.syn_rate, 630, 640));
	learn(&b, busy, 3 * HOUR);
	assert_true(is_between(b.half_open, 99.9, 100));
	assert_true(is_between(b.syn_rate, 999, 1000));

	/* a quiet night leaves most of it */
	learn(&b, (struct tuner_second){}, 8 * HOUR);
	assert_true(is_between(b.half_open, 71, 72));
	assert_true(is_between(b.syn_rate, 710, 720));
	learn(&b, (struct tuner_second){}, 16 * HOUR);
	assert_true(is_between(b.half_open, 36, 37));
	learn(&b, (struct tuner_second){}, 30 * DAY);
	assert_true(is_between(b.half_open, 0, 1e-9));
	assert_true(is_between(b.syn_rate, 0, 1e-8));
}

/* In peace it is the served that count: a flood beneath the threshold does not raise the rate. */
static void test_learn_served(void **state)
{
	struct baseline b = { 0, 10 };

	(void)state;
	learn(&b, (struct tuner_second){ .half_open = 30, .syns = 499, .served = 10 }, HOUR);
	assert_true(b.syn_rate == 10);
	assert_true(is_between(b.half_open, 29, 30));
	learn(&b, (struct tuner_second){ .half_open = 0, .syns = 499, .served = 0 }, HOUR);
	assert_true(is_between(b.syn_rate, 9, 10));
}

static void test_learn_attack(void **state)
{
	static const struct {
		double syns, served;
		bool is_learned;
	} seconds[] = {
		{ 0, 0, false },        { 0, 1000, false },   { 1, 0, false },
		{ 1000, 749.9, false }, { 1e6, 1000, false }, { 1e9, 0, false },
		{ 1000, 750, true },    { 1000, 1000, true }, { 1000, 2000, true },
		{ 1, 0.75, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		struct baseline b = { 7, 70 };

		learn(&b,
		      (struct tuner_second){ .is_attacked = true,
					     .half_open = 5000,
					     .syns = seconds[i].syns,
					     .served = seconds[i].served },
		      60);
		/* cookies hold no handshakes: of these nothing is learned while armed */
		assert_true(b.half_open == 7);
		assert_int_equal(b.syn_rate != 70, seconds[i].is_learned);
	}
}

/* A busy server that arms although it serves: within the hour its threshold is above. */
static void test_busy_server(void **state)
{
	const struct tuner_second busy = { .is_attacked = true, .syns = 2000, .served = 1900 };
	struct row_listeners listeners = { .nr = 1, .backlog = 128 };
	struct baseline b = { 3, 100 };
	struct thresholds t;

	(void)state;
	tuner_thresholds(&untouched, &listeners, &b, &t);
	assert_int_equal(t.syn_rate, 500);
	learn(&b, busy, HOUR);
	tuner_thresholds(&untouched, &listeners, &b, &t);
	assert_true(is_between(t.syn_rate, 4 * 1800, 4 * 1900));
	assert_int_equal(t.half_open, 32);
}

static double rate_random(void)
{
	switch (rng_below(8)) {
	case 0:
		return 0;
	case 1:
		return 5e-324;
	case 2:
		return 1e9;
	}
	return size_random() / 64.0;
}

/* Whatever comes: between what was known and what was seen, so never negative and never NaN. */
static void test_learn_random(void **state)
{
	(void)state;
	for (int run = 0; run < 300; run++) {
		struct baseline b = { rate_random(), rate_random() };

		for (int i = 0; i < 1000; i++) {
			struct baseline was = b;
			struct tuner_second second = {
				.is_attacked = rng_below(3) == 0,
				.half_open = size_random(),
				.syns = rate_random(),
				.served = rate_random(),
			};

			tuner_learn(&b, &second);
			assert_true(is_between(b.half_open,
					       smaller(was.half_open, second.half_open),
					       larger(was.half_open, second.half_open)));
			assert_true(is_between(b.syn_rate, smaller(was.syn_rate, second.served),
					       larger(was.syn_rate, second.served)));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tuned),        cmocka_unit_test(test_sources),
		cmocka_unit_test(test_low_water),    cmocka_unit_test(test_handed_through),
		cmocka_unit_test(test_half_is_left), cmocka_unit_test(test_row_conf),
		cmocka_unit_test(test_flush_every),  cmocka_unit_test(test_buckets),
		cmocka_unit_test(test_learn_steps),  cmocka_unit_test(test_rise_and_fall),
		cmocka_unit_test(test_learn_served), cmocka_unit_test(test_learn_attack),
		cmocka_unit_test(test_busy_server),  cmocka_unit_test(test_learn_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
