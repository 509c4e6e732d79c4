/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: */
/*
 * The note from XDP to TC: all that was agreed on is in it, and in no other's place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "refs.h"
#include "note.h"

static void test_note(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct offer got = { .mss = rng(), .wscale = rng_below(16) };
		struct tcp_opts opts = { .tsval = rng(), .tsecr = rng(), .mss = 7, .wscale = 3 };
		uint64_t sent_ms = rng();
		struct note note;

		got.sack = i & 1;
		got.ecn = i & 2;
		got.timestamps = i & 4;
		memset(&note, 0x5a, sizeof(note));
		note_make(&got, &opts, sent_ms, &note);
		assert_int_equal(note.tsval, opts.tsval);
		assert_int_equal(note.tsecr, opts.tsecr);
		assert_int_equal(note.sent_ms, (uint32_t)sent_ms);
		assert_int_equal(note.mss, got.mss);
		assert_int_equal(note.wscale, got.wscale);
		assert_int_equal(note.flags, (got.sack ? NOTE_SACK : 0) | (got.ecn ? NOTE_ECN : 0) |
						     (got.timestamps ? NOTE_TIMESTAMPS : 0));
	}
	assert_int_equal(NOTE_SACK | NOTE_ECN | NOTE_TIMESTAMPS,
			 NOTE_SACK + NOTE_ECN + NOTE_TIMESTAMPS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_note),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
