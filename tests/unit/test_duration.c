/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: */
/*
 * Durations: what is taken, what is refused and with which error, and that each is read back as it
 * is written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "duration.h"

#define UNTOUCHED 0x5a5a5a5aU

static const struct {
	const char *text;
	__u32 max_seconds;
	int err;
	__u32 seconds;
} rows[] = {
	{ "1", UINT32_MAX, 0, 1 },
	{ "1s", UINT32_MAX, 0, 1 },
	{ "90", UINT32_MAX, 0, 90 },
	{ "007s", UINT32_MAX, 0, 7 },
	{ "2m", UINT32_MAX, 0, 120 },
	{ "3h", UINT32_MAX, 0, 10800 },
	{ "4d", UINT32_MAX, 0, 345600 },
	{ "4294967295", UINT32_MAX, 0, UINT32_MAX },
	{ "49710d", UINT32_MAX, 0, 4294944000U },

	{ "3600", 3600, 0, 3600 },
	{ "60m", 3600, 0, 3600 },
	{ "1h", 3600, 0, 3600 },
	{ "3601", 3600, -ERANGE, 0 },
	{ "61m", 3600, -ERANGE, 0 },
	{ "2h", 3600, -ERANGE, 0 },
	{ "1d", 3600, -ERANGE, 0 },

	{ "", UINT32_MAX, -EINVAL, 0 },
	{ "s", UINT32_MAX, -EINVAL, 0 },
	{ "0", UINT32_MAX, -EINVAL, 0 },
	{ "0d", UINT32_MAX, -EINVAL, 0 },
	{ "+1", UINT32_MAX, -EINVAL, 0 },
	{ "-1", UINT32_MAX, -EINVAL, 0 },
	{ " 1", UINT32_MAX, -EINVAL, 0 },
	{ "1 ", UINT32_MAX, -EINVAL, 0 },
	{ "1 s", UINT32_MAX, -EINVAL, 0 },
	{ "1s ", UINT32_MAX, -EINVAL, 0 },
	{ "1ss", UINT32_MAX, -EINVAL, 0 },
	{ "1ms", UINT32_MAX, -EINVAL, 0 },
	{ "1h30m", UINT32_MAX, -EINVAL, 0 },
	{ "1S", UINT32_MAX, -EINVAL, 0 },
	{ "1w", UINT32_MAX, -EINVAL, 0 },
	{ "1.5h", UINT32_MAX, -EINVAL, 0 },
	{ "0x10", UINT32_MAX, -EINVAL, 0 },
	{ "1e3", UINT32_MAX, -EINVAL, 0 },
	{ "auto", UINT32_MAX, -EINVAL, 0 },
	{ "4294967296", UINT32_MAX, -EINVAL, 0 },
	{ "49711d", UINT32_MAX, -EINVAL, 0 },
	{ "4294967295d", UINT32_MAX, -EINVAL, 0 },
	/* 2^64 + 1 and 2^32 * 60 + 60: what is left of them in too few bits would be fine */
	{ "18446744073709551617", UINT32_MAX, -EINVAL, 0 },
	{ "4294967297m", UINT32_MAX, -EINVAL, 0 },
	{ "99999999999999999999999999999999999999999999", 3600, -EINVAL, 0 },
};

static void test_parse(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		__u32 seconds = UNTOUCHED;
		/* a copy that ends where its block ends, for the sanitizer */
		char *text = strdup(rows[i].text);
		int err;

		assert_non_null(text);
		err = duration_parse(text, rows[i].max_seconds, &seconds);
		free(text);
		if (err != rows[i].err)
			print_error("row: '%s'\n", rows[i].text);
		assert_int_equal(err, rows[i].err);
		assert_int_equal(seconds, err ? UNTOUCHED : rows[i].seconds);
	}
}

static void test_format(void **state)
{
	static const struct {
		__u32 seconds;
		const char *text;
	} texts[] = {
		{ 0, "0s" },
		{ 1, "1s" },
		{ 59, "59s" },
		{ 60, "1m" },
		{ 63, "63s" },
		{ 600, "10m" },
		{ 3600, "1h" },
		{ 5400, "90m" },
		{ 86400, "1d" },
		{ 90000, "25h" },
		{ 172800, "2d" },
		{ 4294944000U, "49710d" },
		{ 4294967295U, "4294967295s" },
	};
	char buffer[DURATION_SIZE];
	__u32 seconds;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_ptr_equal(duration_format(texts[i].seconds, buffer), buffer);
		assert_string_equal(buffer, texts[i].text);
		if (!texts[i].seconds)
			continue;
		assert_int_equal(duration_parse(buffer, UINT32_MAX, &seconds), 0);
		assert_int_equal(seconds, texts[i].seconds);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
