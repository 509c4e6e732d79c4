/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: */
/*
 * The half-open count against a list: every handshake that was opened and not finished, with the
 * bucket of its time, in 64 bits. It is open as long as it is not older than the window; nothing is
 * in a ring, nothing falls out, nothing wraps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire.h"
#include "half_open.h"

#define WINDOW_MAX (HANDSHAKE_BUCKETS - 1)
#define OPEN_MAX 512
#define CPUS 4

/* ---- the list ---- */

struct expected {
	uint64_t opened[OPEN_MAX];
	unsigned int nr;
};

static void list_open(struct expected *l, uint64_t bucket)
{
	assert_true(l->nr < OPEN_MAX);
	l->opened[l->nr++] = bucket;
}

/* Any of them, whether it still counts or not. */
static uint64_t list_finish(struct expected *l)
{
	unsigned int i = rng_below(l->nr);
	uint64_t bucket = l->opened[i];

	l->opened[i] = l->opened[--l->nr];
	return bucket;
}

static int list_count(const struct expected *l, uint64_t now, unsigned int window)
{
	int nr = 0;

	for (unsigned int i = 0; i < l->nr; i++)
		nr += l->opened[i] + window >= now;
	return nr;
}

/* What is so old that nobody would ask for it any more; keeps the list short. */
static void list_forget(struct expected *l, uint64_t now)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < l->nr; i++)
		if (l->opened[i] + 200 >= now)
			l->opened[kept++] = l->opened[i];
	l->nr = kept;
}

/* ---- the ring ---- */

static void ring_open(struct half_open *h, uint64_t now, unsigned int window)
{
	half_open_advance(h, now, window);
	half_open_add(h, now);
}

static void ring_finish(struct half_open *h, uint64_t now, unsigned int window, uint64_t opened)
{
	half_open_advance(h, now, window);
	half_open_sub(h, now, window, opened);
}

/* The sum is that of the buckets, and what a reader sees is what a writer would make of it. */
static int ring_count(const struct half_open *h, uint64_t now, unsigned int window)
{
	struct half_open before = *h, advanced = *h;
	int64_t read = half_open_sum(h, now, window), sum = 0;

	assert_memory_equal(h, &before, sizeof(before));
	half_open_advance(&advanced, now, window);
	assert_int_equal(read, advanced.sum);
	for (unsigned int i = 0; i < HANDSHAKE_BUCKETS; i++)
		sum += advanced.open[i];
	assert_int_equal(sum, advanced.sum);
	return (int)read;
}

/* ---- time ---- */

static uint64_t gap_random(unsigned int window)
{
	switch (rng_below(24)) {
	case 0:
		return rng_below(2 * HANDSHAKE_BUCKETS);
	case 1:
		return window + rng_below(3);
	case 2:
		return HANDSHAKE_BUCKETS - 1 + rng_below(3);
	case 3:
		return rng_below(16) ? 0 : 1 + (rng() >> (33 + rng_below(31)));
	case 4 ... 9:
		return 1;
	}
	return 0;
}

/* Where a run begins: anywhere, often shortly before the bucket number wraps. */
static uint64_t start_random(void)
{
	uint64_t wrap = (1 + rng_below(5)) * (1ULL << 32);

	return rng_below(2) ? wrap - rng_below(300) : rng_below(UINT32_MAX) + 1000ULL;
}

/* ---- tests ---- */

/* One ring for all CPUs, each of which may be a bucket late. */
static void test_shared(void **state)
{
	(void)state;
	for (unsigned int run = 0; run < 40 * WINDOW_MAX; run++) {
		unsigned int window = 1 + run % WINDOW_MAX;
		uint64_t now = start_random();
		struct half_open h = { .newest = (uint32_t)now };
		struct expected l = {};

		for (int step = 0; step < 400; step++) {
			uint64_t later = now + gap_random(window);
			uint64_t late = now - rng_below(2);

			list_forget(&l, now);
			if (rng_below(2)) {
				ring_open(&h, late, window);
				list_open(&l, late);
			} else if (l.nr && rng_below(4)) {
				ring_finish(&h, late, window, list_finish(&l));
			}
			assert_int_equal(h.sum, list_count(&l, now, window));
			assert_int_equal(ring_count(&h, later, window),
					 list_count(&l, later, window));
			assert_int_equal(ring_count(&h, now - 1, window), h.sum);
			if (later == now)
				continue;
			now = later;
			half_open_advance(&h, now, window);
			assert_int_equal(h.newest, (uint32_t)now);
		}
	}
}

/*
 * A ring for each CPU, opened on one and finished on another. A late CPU can finish what is younger
 * than its clock; that takes a free bucket, so the widest window is not for it.
 */
static void test_per_cpu(void **state)
{
	(void)state;
	for (unsigned int run = 0; run < 20 * (WINDOW_MAX - 1); run++) {
		unsigned int window = 1 + run % (WINDOW_MAX - 1);
		uint64_t now = start_random();
		struct half_open h[CPUS];
		uint64_t clock[CPUS];
		struct expected l = {};

		for (int i = 0; i < CPUS; i++) {
			h[i] = (struct half_open){ .newest = (uint32_t)now - rng_below(2) };
			clock[i] = now - 1;
		}
		for (int step = 0; step < 400; step++) {
			int cpu = rng_below(CPUS), sum = 0;

			if (clock[cpu] < now)
				clock[cpu] = now - rng_below(2);
			list_forget(&l, now);
			if (rng_below(2)) {
				ring_open(&h[cpu], clock[cpu], window);
				list_open(&l, clock[cpu]);
			} else if (l.nr && rng_below(4)) {
				ring_finish(&h[cpu], clock[cpu], window, list_finish(&l));
			}
			for (int i = 0; i < CPUS; i++)
				sum += ring_count(&h[i], now, window);
			assert_int_equal(sum, list_count(&l, now, window));
			now += gap_random(window);
		}
	}
}

/* One handshake that nobody finishes: it counts for `window` buckets after its own. */
static void test_life(void **state)
{
	(void)state;
	for (unsigned int window = 1; window <= WINDOW_MAX; window++) {
		for (uint32_t opened = UINT32_MAX - 80; opened != 80; opened++) {
			struct half_open h = { .newest = opened };

			ring_open(&h, opened, window);
			assert_int_equal(half_open_sum(&h, opened, window), 1);
			assert_int_equal(half_open_sum(&h, opened + window, window), 1);
			assert_int_equal(half_open_sum(&h, opened + window + 1, window), 0);
			half_open_advance(&h, opened + window, window);
			assert_int_equal(h.sum, 1);
			half_open_advance(&h, opened + window + 1, window);
			assert_int_equal(h.sum, 0);
		}
	}
}

/* What has fallen out is not finished a second time, by whichever CPU. */
static void test_finished_too_late(void **state)
{
	static const struct {
		int late, age; /* of the CPU's clock, and of the handshake by that clock */
		int sum;
	} rows[] = {
		/* window 5, at `now` */
		{ 0, 0, -1 },  { 0, 5, -1 },  { 0, 6, 0 },  { 0, 7, 0 },       { 0, 63, 0 },
		{ 0, 64, 0 },  { 1, 0, -1 },  { 1, 4, -1 }, { 1, 5, 0 },       { 1, 6, 0 },
		{ 0, -1, -1 }, { 1, -1, -1 }, { 0, -2, 0 }, { 0, 1 << 20, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (uint64_t now = (1ULL << 32) - 70; now < (1ULL << 32) + 70; now++) {
			struct half_open h = { .newest = (uint32_t)now };
			uint64_t late = now - rows[i].late;

			ring_finish(&h, late, 5, late - rows[i].age);
			assert_int_equal(h.newest, (uint32_t)now);
			assert_int_equal(h.sum, rows[i].sum);
			half_open_advance(&h, now + 7, 5);
			assert_int_equal(h.sum, 0);
			for (int b = 0; b < HANDSHAKE_BUCKETS; b++)
				assert_int_equal(h.open[b], 0);
		}
	}
}

/* A ring that nobody touched since the boot, or since the last attack, however long ago that is. */
static void test_long_asleep(void **state)
{
	(void)state;
	for (int run = 0; run < 100000; run++) {
		unsigned int window = 1 + rng_below(WINDOW_MAX);
		uint32_t slept = (uint32_t)rng() >> rng_below(32) ?: 1;
		uint32_t now = rng_below(2) ? slept : rng();
		struct half_open h = { .newest = now - slept };

		/* the end of the circle is taken for a late clock */
		if (slept > UINT32_MAX - HALF_OPEN_LATE_MAX)
			continue;
		ring_open(&h, h.newest, window);
		assert_int_equal(ring_count(&h, now, window), slept <= window);
		ring_open(&h, now, window);
		assert_int_equal(h.newest, now);
		assert_int_equal(h.sum, 1 + (slept <= window));
		assert_int_equal(ring_count(&h, now + window, window), 1);
		assert_int_equal(ring_count(&h, now + window + 1, window), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shared),      cmocka_unit_test(test_per_cpu),
		cmocka_unit_test(test_life),        cmocka_unit_test(test_finished_too_late),
		cmocka_unit_test(test_long_asleep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
