/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: cli/keys.c */
/*
 * From the bytes that a terminal sends to keys.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "keys.h"

static void keys_are(const char *bytes, const int *wanted)
{
	struct keys keys = { 0 };

	for (; *bytes; bytes++) {
		int key = keys_take(&keys, (unsigned char)*bytes);

		if (key)
			assert_int_equal(key, *wanted++);
	}
	if (keys_wait(&keys)) {
		int key = keys_end(&keys);

		if (key)
			assert_int_equal(key, *wanted++);
	}
	assert_int_equal(*wanted, 0);
}

static void test_keys(void **state)
{
	(void)state;
	keys_are("qa\r\n", (const int[]){ 'q', 'a', KEY_ENTER, KEY_ENTER, 0 });
	keys_are("\033[A\033[B\033[C\033[D\033[H\033[F",
		 (const int[]){ KEY_UP, KEY_DOWN, KEY_RIGHT, KEY_LEFT, KEY_HOME, KEY_END, 0 });
	keys_are("\033OA\033OD", (const int[]){ KEY_UP, KEY_LEFT, 0 });
	keys_are("\033[5~\033[6~\033[1~\033[4~\033[7~\033[8~",
		 (const int[]){ KEY_PAGE_UP, KEY_PAGE_DOWN, KEY_HOME, KEY_END, KEY_HOME, KEY_END,
				0 });
	keys_are("\033[1;5Ax", (const int[]){ KEY_UP, 'x', 0 }); /* with Ctrl */
	/* Swallowed whole: F5, a mouse, an answer that nobody asked for, Alt-q, a number too long.
	 */
	keys_are("\033[15~a\033[<0;3;4Mb\033[?1;2cc\033qd\033[99999999999999~e",
		 (const int[]){ 'a', 'b', 'c', 'd', 'e', 0 });
	keys_are("\033", (const int[]){ KEY_ESCAPE, 0 });
	keys_are("\033\033[A", (const int[]){ KEY_ESCAPE, KEY_UP, 0 });
	keys_are("\033[", (const int[]){ 0 });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
