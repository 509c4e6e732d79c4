/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/load_failure.c daemon/surroundings.c daemon/state_file.c daemon/log.c */
/*
 * What is kept of libbpf's words, and how much of it; and what is made of the surroundings: which
 * capabilities are missing, by how much a time namespace's clock is off.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "load_failure.h"
#include "surroundings.h"

__attribute__((format(printf, 1, 2))) static int hear(const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = load_failure_hear(format, args);
	va_end(args);
	return length;
}

static void test_heard(void **state)
{
	(void)state;
	load_failure_begin();
	assert_string_equal(load_failure_heard(), "");
	assert_int_equal(hear("line %d\n", 1), 7);
	hear("%s", "");
	hear("line %d\n", 2);
	assert_string_equal(load_failure_heard(), "line 1\nline 2\n");
	load_failure_begin();
	assert_string_equal(load_failure_heard(), "");
}

/* Of more than is kept, the end: in many pieces, or in one. */
static void test_bound(void **state)
{
	const size_t nr = LOAD_LOG_MAX + 100;
	char *text __cleanup(cleanup_free) = malloc(nr + 1);

	(void)state;
	load_failure_begin();
	for (size_t i = 0; i < nr / 10 + 1; i++)
		hear("%09zu\n", i);
	assert_int_equal(strlen(load_failure_heard()), LOAD_LOG_MAX);
	snprintf(text, nr, "%09zu\n", nr / 10);
	assert_string_equal(load_failure_tail(load_failure_heard(), 1), text);

	memset(text, 'x', nr);
	text[0] = text[99] = 'a';
	text[100] = 'b';
	text[nr] = '\0';
	hear("%s", text);
	assert_int_equal(strlen(load_failure_heard()), LOAD_LOG_MAX);
	assert_int_equal(load_failure_heard()[0], 'b');
	hear("the end");
	assert_int_equal(strlen(load_failure_heard()), LOAD_LOG_MAX);
	assert_string_equal(load_failure_heard() + LOAD_LOG_MAX - 8, "xthe end");
}

static void test_tail(void **state)
{
	static const struct {
		const char *text;
		size_t nr;
		const char *tail;
	} rows[] = {
		{ "", 2, "" },
		{ "a\n", 2, "a\n" },
		{ "a\nb\n", 2, "a\nb\n" },
		{ "a\nb\nc\n", 2, "b\nc\n" },
		{ "a\nb\nc", 2, "b\nc" },
		{ "a\n\nc\n", 2, "\nc\n" },
		{ "a\nb\n\n\n", 1, "b\n\n\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(load_failure_tail(rows[i].text, rows[i].nr), rows[i].tail);
}

/* The whole of it goes to the state directory, for its owner alone. */
static void test_kept(void **state)
{
	char directory[] = "/tmp/synward-test-XXXXXX", path[64], text[64] = "";
	FILE *file __cleanup(cleanup_file) = NULL;
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/" LOAD_LOG_NAME, directory);
	load_failure_keep_in(directory);
	load_failure_begin();
	load_failure_explain("a test", -ENOMEM, &(struct load_size){ 0 }); /* of nothing, nothing */
	assert_int_equal(access(path, F_OK), -1);
	hear("the verifier: no\n");
	load_failure_explain("a test", -EINVAL, &(struct load_size){ 0 });
	load_failure_keep_in(NULL);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	assert_string_equal(text, "the verifier: no\n");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(directory), 0);
}

static void test_missing(void **state)
{
	static const struct {
		__u64 capabilities;
		const char *missing;
	} rows[] = {
		{ 0, "CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON are" },
		{ 0xc000001000, "" },               /* as the unit has them */
		{ 0x4000001000, "CAP_BPF is" },     /* PERFMON and NET_ADMIN */
		{ 0x8000001000, "CAP_PERFMON is" }, /* BPF and NET_ADMIN */
		{ 0x200000, "" },                   /* SYS_ADMIN stands for all */
		{ 0x1000, "CAP_BPF and CAP_PERFMON are" },
		{ ~0ULL, "" },
	};
	char buffer[SURROUNDINGS_MISSING_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(surroundings_missing(rows[i].capabilities, buffer),
				    rows[i].missing);
}

static void test_clock_offset(void **state)
{
	(void)state;
	assert_int_equal(surroundings_clock_offset(""), 0);
	assert_int_equal(surroundings_clock_offset("boottime  7 0\nmonotonic  0 0\n"), 0);
	assert_int_equal(surroundings_clock_offset("monotonic       86400         0\n"
						   "boottime            7         0\n"),
			 86400);
	assert_int_equal(surroundings_clock_offset("monotonic  -5 0\n"), -5);
	assert_int_equal(surroundings_clock_offset("monotonic  x\n"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heard),   cmocka_unit_test(test_bound),
		cmocka_unit_test(test_tail),    cmocka_unit_test(test_kept),
		cmocka_unit_test(test_missing), cmocka_unit_test(test_clock_offset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
