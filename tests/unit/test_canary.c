/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/canary.c */
/*
 * When a row is taken for a black hole, and when not: minutes and hours of counts, replayed turn by
 * turn without waiting. What an attacker with an address of its own can do is among them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "canary.h"

#define TURN_MS 500
#define MINUTE_MS 60000U

static struct canary canary;
static struct canary_view view;
static unsigned int nr_doubts, opens_per_turn;

static int begin(void **state)
{
	(void)state;
	canary = (struct canary){ 0 };
	view = (struct canary_view){ .now_ms = 1000000 };
	nr_doubts = 0;
	opens_per_turn = 1; /* somewhere on this host */
	return 0;
}

/* Turns for @ms, with the same in each. Returns the first news and stops there; doubts are
 * counted. */
static enum canary_news go_on(__u32 ms, __u32 missed, __u32 landed, __u32 served)
{
	for (__u32 end = view.now_ms + ms; view.now_ms < end;) {
		enum canary_news news;

		view.now_ms += TURN_MS;
		view.missed += missed;
		view.landed += landed;
		view.served += served;
		view.cookies_valid += served + missed;
		view.opens += opens_per_turn;
		news = canary_follow(&canary, &view);
		nr_doubts += news == CANARY_DOUBT;
		if (news != CANARY_NOTHING && news != CANARY_DOUBT)
			return news;
	}
	return CANARY_NOTHING;
}

/* The kernel has finished a handshake in peace, so the port is no forwarded one. */
static void works_in_peace(void)
{
	view.served = view.cookies_valid + 1;
	assert_int_equal(go_on(TURN_MS, 0, 0, 0), CANARY_NOTHING);
}

static void falls(void)
{
	assert_int_equal(go_on(MINUTE_MS, 4, 0, 2), CANARY_BLACK_HOLE);
}

/* Where there is a choice, the kernel's cookies come before nothing at all. */
static void test_by_kernel(void **state)
{
	(void)state;
	view.has_choice = true;
	assert_int_equal(go_on(MINUTE_MS, 4, 0, 2), CANARY_BY_KERNEL);
	assert_int_equal(canary_by_kernel_seconds(&canary, view.now_ms), 600);
	assert_int_equal(canary_seconds_left(&canary, view.now_ms), 0);
	/* they arrive, and that says nothing of ours */
	assert_int_equal(go_on(MINUTE_MS, 0, 5, 5), CANARY_NOTHING);
	assert_int_equal(canary_by_kernel_seconds(&canary, view.now_ms), 540);
	assert_int_equal(go_on(10 * MINUTE_MS, 0, 5, 5), CANARY_TRIED_AGAIN);
	assert_int_equal(canary_by_kernel_seconds(&canary, view.now_ms), 0);
	/* still nothing: this time for longer */
	assert_int_equal(go_on(MINUTE_MS, 4, 0, 2), CANARY_BY_KERNEL);
	assert_int_equal(canary_by_kernel_seconds(&canary, view.now_ms), 1200);
	view.has_choice = false; /* they are in use */
	assert_int_equal(go_on(MINUTE_MS, 4, 0, 2), CANARY_BLACK_HOLE);
	assert_int_equal(canary_seconds_left(&canary, view.now_ms), 2400);
	assert_true(canary_lift(&canary, &view));
	assert_int_equal(canary_by_kernel_seconds(&canary, view.now_ms), 0);
	assert_int_equal(canary_seconds_left(&canary, view.now_ms), 0);
}

static void test_forwarded(void **state)
{
	__u64 from_ms = view.now_ms + TURN_MS; /* the first turn that misses */

	(void)state;
	assert_int_equal(go_on(MINUTE_MS, 20, 0, 10), CANARY_BLACK_HOLE);
	assert_int_equal(view.now_ms - from_ms, 1000);
	assert_int_equal(canary_seconds_left(&canary, view.now_ms), 600);
	assert_int_equal(canary_seconds_left(&canary, view.now_ms + 599001), 1);
	assert_int_equal(canary_seconds_left(&canary, view.now_ms + 700000), 1);
}

/* Eight, and not seven. */
static void test_few(void **state)
{
	(void)state;
	assert_int_equal(go_on(TURN_MS, 7, 0, 1), CANARY_NOTHING);
	assert_int_equal(go_on(CANARY_WINDOW_MS, 0, 0, 0), CANARY_NOTHING);
	begin(NULL);
	assert_int_equal(go_on(TURN_MS, 8, 0, 1), CANARY_NOTHING);
	assert_int_equal(go_on(TURN_MS, 0, 0, 0), CANARY_NOTHING);
	assert_int_equal(go_on(TURN_MS, 0, 0, 0), CANARY_BLACK_HOLE);
}

/* One now and then: for days. */
static void test_slow(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(go_on(TURN_MS, 1, 0, 1), CANARY_NOTHING);
		assert_int_equal(go_on(CANARY_WINDOW_MS / 7, 0, 0, 0), CANARY_NOTHING);
	}
}

/* One client behind a black hole, whose first data is sent again and again, each time later. */
static void test_one_client(void **state)
{
	__u32 wait_ms = 500;

	(void)state;
	assert_int_equal(go_on(TURN_MS, 1, 0, 1), CANARY_NOTHING);
	for (int i = 1; i < CANARY_ENOUGH - 1; i++, wait_ms *= 2) {
		assert_int_equal(go_on(wait_ms - TURN_MS, 0, 0, 0), CANARY_NOTHING);
		assert_int_equal(go_on(TURN_MS, 1, 0, 0), CANARY_NOTHING);
	}
	assert_int_equal(go_on(TURN_MS, 1, 0, 0), CANARY_BLACK_HOLE);
}

/* Somebody makes its own connections fail, a thousand a second, and one other client is served
 * every few seconds. */
static void test_attacker(void **state)
{
	(void)state;
	works_in_peace();
	for (int i = 0; i < 100; i++) {
		assert_int_equal(go_on(9500, 500, 0, 500), CANARY_NOTHING);
		assert_int_equal(go_on(TURN_MS, 500, 1, 501), CANARY_NOTHING);
		assert_int_equal(canary_seconds_left(&canary, view.now_ms), 0);
	}
}

/* Where it has worked, ten seconds; by what the kernel served, by what has landed, or by what was
 * handed off while the kernel opened connections. */
static void test_patience(void **state)
{
	(void)state;
	works_in_peace();
	assert_int_equal(go_on(10000, 4, 0, 2), CANARY_NOTHING);
	assert_int_equal(go_on(TURN_MS, 4, 0, 2), CANARY_BLACK_HOLE);
	begin(NULL);
	assert_int_equal(go_on(TURN_MS, 1, 1, 1), CANARY_NOTHING);
	assert_int_equal(go_on(10000, 4, 0, 2), CANARY_NOTHING);
	assert_int_equal(go_on(TURN_MS, 4, 0, 2), CANARY_BLACK_HOLE);
}

static void test_patience_by_opens(void **state)
{
	(void)state;
	assert_int_equal(go_on(TURN_MS, 0, 0, 1), CANARY_NOTHING);
	assert_int_equal(go_on(10000, 4, 0, 2), CANARY_NOTHING);
	assert_int_equal(go_on(TURN_MS, 4, 0, 2), CANARY_BLACK_HOLE);
}

/* Connections too short to be seen: most never come back. */
static void test_short(void **state)
{
	(void)state;
	opens_per_turn = 21;
	assert_int_equal(go_on(MINUTE_MS, 10, 0, 21), CANARY_NOTHING);
	assert_int_equal(nr_doubts, 0);
	assert_int_equal(go_on(MINUTE_MS, 10, 0, 20), CANARY_BLACK_HOLE);
}

/* A full accept queue drops handshakes, too. */
static void test_queue_full(void **state)
{
	(void)state;
	view.is_queue_full = true;
	assert_int_equal(go_on(MINUTE_MS, 10, 0, 5), CANARY_NOTHING);
	assert_int_equal(go_on(MINUTE_MS, 10, 1, 5), CANARY_NOTHING);
	view.is_queue_full = false;
	assert_int_equal(go_on(TURN_MS, 10, 0, 5), CANARY_NOTHING);
}

/* Nothing comes back, since nobody says a word, or the client was reset; and the kernel opens
 * nothing. */
static void test_unopened(void **state)
{
	__u64 from_ms;

	(void)state;
	opens_per_turn = 0;
	assert_int_equal(go_on(TURN_MS, 0, 0, 0), CANARY_NOTHING);
	from_ms = view.now_ms + TURN_MS;
	assert_int_equal(go_on(MINUTE_MS, 0, 0, 4), CANARY_BLACK_HOLE);
	assert_int_equal(view.now_ms - from_ms, 1000);
}

static void test_few_unopened(void **state)
{
	(void)state;
	opens_per_turn = 0;
	assert_int_equal(go_on(TURN_MS, 0, 0, 7), CANARY_NOTHING);
	assert_int_equal(go_on(CANARY_WINDOW_MS + TURN_MS, 0, 0, 0), CANARY_NOTHING);
	assert_int_equal(go_on(TURN_MS, 0, 0, 8), CANARY_NOTHING);
	assert_int_equal(go_on(MINUTE_MS, 0, 0, 0), CANARY_BLACK_HOLE);
}

/* Connections, of whatever port, acquit, if there is one for eight that cookies have finished; and
 * where it has worked, there are ten seconds for it. */
static void test_opened(void **state)
{
	(void)state;
	works_in_peace();
	for (int i = 0; i < 100; i++) {
		opens_per_turn = 0;
		assert_int_equal(go_on(9000, 0, 0, 1000), CANARY_NOTHING);
		opens_per_turn = 19 * 1000 / 8;
		assert_int_equal(go_on(TURN_MS, 0, 0, 1000), CANARY_NOTHING);
	}
	opens_per_turn = 0;
	assert_int_equal(go_on(10000, 0, 0, 1000), CANARY_NOTHING);
	assert_int_equal(go_on(TURN_MS, 0, 0, 1000), CANARY_BLACK_HOLE);
}

/* A forwarded port where now and then a segment goes another way: one in nine, all the time. */
static void test_few_opened(void **state)
{
	(void)state;
	opens_per_turn = 10;
	assert_int_equal(go_on(MINUTE_MS, 0, 0, 80), CANARY_NOTHING);
	assert_int_equal(go_on(MINUTE_MS, 0, 0, 90), CANARY_BLACK_HOLE);
}

/* What the kernel finishes by itself is no hand-off, whatever becomes of it. */
static void test_peace(void **state)
{
	(void)state;
	opens_per_turn = 0;
	view.cookies_valid = 0;
	for (int i = 0; i < 100; i++) {
		view.cookies_valid -= 50; /* go_on() counts them as cookies */
		assert_int_equal(go_on(TURN_MS, 0, 0, 50), CANARY_NOTHING);
	}
}

/* Many connections between the reading of the kernel's count and that of the others: then nothing
 * for a while. */
static void test_between_two_readings(void **state)
{
	(void)state;
	opens_per_turn = 0;
	assert_int_equal(go_on(TURN_MS, 0, 0, 50), CANARY_NOTHING);
	opens_per_turn = 50;
	assert_int_equal(go_on(TURN_MS, 0, 0, 0), CANARY_NOTHING);
	opens_per_turn = 0;
	assert_int_equal(go_on(MINUTE_MS, 0, 0, 0), CANARY_NOTHING);
}

/* Each failure doubles the pause, up to four hours. */
static void test_back_off(void **state)
{
	static const __u32 minutes[] = { 10, 20, 40, 80, 160, 240, 240 };

	(void)state;
	for (size_t i = 0; i < sizeof(minutes) / sizeof(minutes[0]); i++) {
		falls();
		assert_int_equal(canary_seconds_left(&canary, view.now_ms), minutes[i] * 60);
		assert_int_equal(go_on(minutes[i] * MINUTE_MS - TURN_MS, 0, 0, 0), CANARY_NOTHING);
		assert_int_equal(go_on(TURN_MS, 0, 0, 0), CANARY_TRIED_AGAIN);
		assert_int_equal(canary_seconds_left(&canary, view.now_ms), 0);
	}
	assert_int_equal(go_on(TURN_MS, 0, 1, 1), CANARY_NOTHING);
	falls();
	assert_int_equal(canary_seconds_left(&canary, view.now_ms), 600);
}

/* What came back meanwhile is no evidence for the time after. */
static void test_new_trial(void **state)
{
	(void)state;
	falls();
	assert_int_equal(go_on(11 * MINUTE_MS, 9, 0, 1), CANARY_TRIED_AGAIN);
	assert_int_equal(go_on(10 * MINUTE_MS, 0, 0, 0), CANARY_NOTHING);
}

static void test_landed_after_all(void **state)
{
	(void)state;
	falls();
	assert_int_equal(go_on(MINUTE_MS, 1, 0, 0), CANARY_NOTHING);
	assert_int_equal(go_on(MINUTE_MS, 0, 1, 0), CANARY_LANDED);
	falls();
	assert_int_equal(canary_seconds_left(&canary, view.now_ms), 600);
}

static void test_lifted(void **state)
{
	(void)state;
	assert_false(canary_lift(&canary, &view));
	falls();
	assert_int_equal(go_on(20 * MINUTE_MS, 0, 0, 0), CANARY_TRIED_AGAIN);
	falls();
	assert_true(canary_lift(&canary, &view));
	assert_int_equal(canary_seconds_left(&canary, view.now_ms), 0);
	assert_int_equal(go_on(MINUTE_MS, 0, 0, 0), CANARY_NOTHING);
	falls();
	assert_int_equal(canary_seconds_left(&canary, view.now_ms), 600);
}

/* Some land, and more do not: said once in ten minutes, whatever goes on. */
static void test_doubt(void **state)
{
	(void)state;
	assert_int_equal(go_on(20 * MINUTE_MS, 3, 1, 5), CANARY_NOTHING);
	assert_int_equal(nr_doubts, 2);
}

static void test_no_doubt(void **state)
{
	(void)state;
	assert_int_equal(go_on(MINUTE_MS, 3, 3, 6), CANARY_NOTHING);
	assert_int_equal(nr_doubts, 0);
	begin(NULL);
	for (int i = 0; i < 10; i++) { /* in ten seconds seven are missed, and one lands */
		assert_int_equal(go_on(TURN_MS, 7, 1, 8), CANARY_NOTHING);
		assert_int_equal(go_on(10000 - TURN_MS, 0, 0, 0), CANARY_NOTHING);
	}
	assert_int_equal(nr_doubts, 0);
	begin(NULL);
	view.is_queue_full = true;
	assert_int_equal(go_on(MINUTE_MS, 3, 1, 6), CANARY_NOTHING);
	assert_int_equal(nr_doubts, 0);
}

#define TEST(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_by_kernel),
		TEST(test_forwarded),
		TEST(test_few),
		TEST(test_slow),
		TEST(test_one_client),
		TEST(test_attacker),
		TEST(test_patience),
		TEST(test_short),
		TEST(test_queue_full),
		TEST(test_patience_by_opens),
		TEST(test_unopened),
		TEST(test_few_unopened),
		TEST(test_opened),
		TEST(test_few_opened),
		TEST(test_peace),
		TEST(test_between_two_readings),
		TEST(test_back_off),
		TEST(test_new_trial),
		TEST(test_landed_after_all),
		TEST(test_lifted),
		TEST(test_doubt),
		TEST(test_no_doubt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
