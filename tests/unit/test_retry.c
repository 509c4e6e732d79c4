/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/retry.c */
/*
 * Which kept SYN-ACKs are due: by age around both limits and around the clock's turn, and none that
 * changes while it is looked at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "retry.h"

#define PAGE ((size_t)getpagesize())

static struct retry kept(__u64 id, __u32 sent_ms)
{
	struct retry slot = { .id = id, .sent_ms = sent_ms, .device = 3, .bytes = 74 };

	memset(slot.frame, 0x5a, sizeof(slot.frame));
	return slot;
}

static void test_age(void **state)
{
	static const struct {
		__s32 age_ms;
		bool is_due, is_kept;
	} rows[] = {
		{ -5, false, true }, /* of a CPU whose clock is ahead */
		{ 0, false, true },    { 999, false, true },   { 1000, true, false },
		{ 2999, true, false }, { 3000, false, false }, { 100000, false, false },
	};
	static const __u32 clocks[] = { 5000000, 10, 0xffffffff, 0x80000000 };

	(void)state;
	for (size_t c = 0; c < sizeof(clocks) / sizeof(clocks[0]); c++) {
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct retry slot = kept(7, clocks[c] - (__u32)rows[i].age_ms), got;
			const struct retry was = slot;

			memset(&got, 0, sizeof(got));
			if (retry_take(&slot, clocks[c], &got) != rows[i].is_due)
				fail_msg("%d ms old, at %u", rows[i].age_ms, clocks[c]);
			assert_int_equal(slot.id, rows[i].is_kept ? 7 : 0);
			if (rows[i].is_due)
				assert_memory_equal(&got, &was, sizeof(was));
			assert_false(retry_take(&slot, clocks[c], &got));
		}
	}
}

static void test_empty(void **state)
{
	struct retry slot = kept(RETRY_EMPTY, 0), got;

	(void)state;
	assert_false(retry_take(&slot, 2000, &got));
	slot = kept(RETRY_BUSY, 0);
	assert_false(retry_take(&slot, 2000, &got));
	assert_false(retry_take(&slot, 3000, &got));
	assert_int_equal(slot.id, RETRY_BUSY); /* is for the CPU that writes it */
	slot = kept(2, 0);
	slot.bytes = 0;
	assert_false(retry_take(&slot, 2000, &got));
	slot = kept(2, 0);
	slot.bytes = RETRY_FRAME_MAX + 1;
	assert_false(retry_take(&slot, 2000, &got));
	slot.bytes = RETRY_FRAME_MAX;
	assert_true(retry_take(&slot, 2000, &got));
}

/* Another thread writes as the data path does, mostly the same flow again: what is taken is of one
 * writing, and nothing is taken twice. */
#define WRITINGS 2000000

static struct retry shared;
static bool is_over;

static void *write_on(void *arg)
{
	(void)arg;
	for (__u32 i = 1; i <= WRITINGS; i++) {
		__atomic_store_n(&shared.id, RETRY_BUSY, __ATOMIC_SEQ_CST);
		__atomic_store_n(&shared.sent_ms, i, __ATOMIC_SEQ_CST);
		shared.bytes = RETRY_FRAME_MAX;
		memset(shared.frame, (int)(i & 0xff), RETRY_FRAME_MAX);
		__atomic_store_n(&shared.id, 2 + i / 256 % 2, __ATOMIC_SEQ_CST);
	}
	__atomic_store_n(&is_over, true, __ATOMIC_SEQ_CST);
	return NULL;
}

static void test_race(void **state)
{
	__u32 last = 0, nr_taken = 0;
	pthread_t writer;

	(void)state;
	assert_int_equal(pthread_create(&writer, NULL, write_on, NULL), 0);
	while (!__atomic_load_n(&is_over, __ATOMIC_SEQ_CST)) {
		__u32 now_ms = __atomic_load_n(&shared.sent_ms, __ATOMIC_SEQ_CST) + RETRY_AFTER_MS;
		struct retry got;

		if (!retry_take(&shared, now_ms, &got))
			continue;
		nr_taken++;
		assert_in_range(got.sent_ms, last + 1, WRITINGS);
		last = got.sent_ms;
		for (size_t k = 0; k < RETRY_FRAME_MAX; k++)
			if (got.frame[k] != (got.sent_ms & 0xff))
				fail_msg("torn at %zu, writing %u", k, got.sent_ms);
	}
	pthread_join(writer, NULL);
	assert_in_range(nr_taken, 1, WRITINGS);
}

/* The same flow is written again in the middle of the copy: the end of the frame lies on a page
 * that is not there until somebody reads it, and then all of the slot is another one. */
static struct retry *on_two_pages;
static char *second_page;

static void rewrite(int signal)
{
	(void)signal;
	mprotect(second_page, PAGE, PROT_READ | PROT_WRITE);
	*on_two_pages = kept(7, 1500);
	memset(on_two_pages->frame, 0x77, RETRY_FRAME_MAX);
}

static void test_rewritten(void **state)
{
	char *pages =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct sigaction ours = { .sa_handler = rewrite }, was;
	struct retry got;

	(void)state;
	assert_ptr_not_equal(pages, MAP_FAILED);
	second_page = pages + PAGE;
	on_two_pages = (struct retry *)(second_page - sizeof(struct retry) / 2);
	*on_two_pages = kept(7, 1000);
	assert_int_equal(mprotect(second_page, PAGE, PROT_NONE), 0);
	sigaction(SIGSEGV, &ours, &was);
	assert_false(retry_take(on_two_pages, 2000, &got));
	sigaction(SIGSEGV, &was, NULL);
	assert_int_equal(on_two_pages->id, 7);
	assert_true(retry_take(on_two_pages, 2500, &got));
	assert_int_equal(got.frame[0], 0x77);
	munmap(pages, 2 * PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_age),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_race),
		cmocka_unit_test(test_rewritten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
