/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/config*.c */
/*
 * allow-file and deny-file: what is taken from them, and the exact errors. All of it happens in a
 * directory of its own, whose name stands for '@' in what is written and expected.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_help.h"
#include "names.h"

#define BOTH MAIN "allow-file = @/a\ndeny-file = @/d\n" WEB

static char directory[] = "/tmp/synward-test-XXXXXX";

/* To be freed. */
static char *with_directory(const char *text)
{
	size_t nr_bytes = 0;
	char *result = NULL;
	FILE *file = open_memstream(&result, &nr_bytes);

	for (; *text; text++)
		if (*text == '@')
			fputs(directory, file);
		else
			fputc(*text, file);
	fclose(file);
	return result;
}

static void put_bytes(const char *name, const char *text, size_t nr_bytes)
{
	FILE *file = fopen(name, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, nr_bytes, file), nr_bytes);
	assert_int_equal(fclose(file), 0);
}

/* NULL: there is no such file. */
static void put(const char *name, const char *text)
{
	char *whole __cleanup(cleanup_free) = text ? with_directory(text) : NULL;

	if (whole)
		put_bytes(name, whole, strlen(whole));
	else
		unlink(name);
}

static char *listed_text(const struct config *config)
{
	char buffer[PREFIX_SIZE], *text = NULL;
	size_t i, nr_bytes = 0;
	FILE *file = open_memstream(&text, &nr_bytes);

	for (i = 0; i < config->nr_listed; i++)
		fprintf(file, "%s %s\n", list_name(config->listed[i].list),
			prefix_format(&config->listed[i].prefix, buffer));
	fclose(file);
	return text;
}

static void accepts(const char *expected)
{
	char *text __cleanup(cleanup_free) = NULL;
	struct config_errors errors = { 0 };
	struct config config;
	int err = config_load("f", &config, &errors);

	config_errors_print(&errors, stderr, "");
	assert_int_equal(err, 0);
	text = listed_text(&config);
	assert_string_equal(text, expected);
	config_free(&config);
}

static void refuses(const char *expected)
{
	char *wanted __cleanup(cleanup_free) = with_directory(expected);
	char *lines __cleanup(cleanup_free) = NULL;
	struct config_errors errors = { 0 };
	struct config config;

	assert_int_equal(config_load("f", &config, &errors), -EINVAL);
	lines = joined(&errors);
	assert_string_equal(lines, wanted);
	config_errors_free(&errors);
}

static void test_taken(void **state)
{
	(void)state;
	put("f", MAIN WEB);
	put("a", "wrong");
	accepts("");
	put("f", BOTH);
	put("a", "# ours\n\n10.0.0.0/8\r\n\t2001:db8::/32 \n192.0.2.1# a host\n\r\n");
	put("d",
	    "198.51.100.0/24 ; SBL1\n10.1.0.0/16\n10.1.0.0/16\n::ffff:10.1.0.0/112\n10.2.0.0/16");
	accepts("allow 10.0.0.0/8\n"
		"deny 10.1.0.0/16\n"
		"deny 10.2.0.0/16\n"
		"allow 192.0.2.1/32\n"
		"deny 198.51.100.0/24\n"
		"allow 2001:db8::/32\n");
	put("a", "");
	put("d", "\n");
	accepts("");
	put("f", MAIN "deny-file = @/d\n" WEB);
	put("a", NULL);
	put("d", "10.0.0.0/8\n");
	accepts("deny 10.0.0.0/8\n");
}

/* All errors of all files in one run. */
static void test_errors(void **state)
{
	(void)state;
	put("f", BOTH "mode = on\n");
	put("a", "10.0.0.0/8\n10.0.0.1/8\n# fine\nexample.net # not\n192.0.2.0/24\n");
	put("d", "0.0.0.0/0\n2001:db8::/129\n192.0.2.0/24\n10.0.0.0/8 10.1.0.0/16\n10.0.0.0/8\n");
	refuses("f:7: 'on' is no mode; it is off, monitor, auto or always\n"
		"@/a:2: 10.0.0.1/8 has bits beyond its length; did you mean 10.0.0.0/8?\n"
		"@/a:4: 'example.net' is no prefix; write one as in 203.0.113.0/24 or "
		"2001:db8::/32\n"
		"@/d:1: '0.0.0.0/0' is everybody; name those that you mean, or change what a "
		"service does with 'synward mode SERVICE off'\n"
		"@/d:2: '2001:db8::/129' has no length of a prefix: after an IPv6 address it is "
		"1 to 128\n"
		"@/d:4: '10.0.0.0/8 10.1.0.0/16' has no length of a prefix: after an IPv4 "
		"address it is 1 to 32\n"
		"@/d:5: 10.0.0.0/8 is also on line 1 of @/a; keep it in one of them\n"
		"@/d:3: 192.0.2.0/24 is also on line 5 of @/a; keep it in one of them\n");
}

static void test_no_files(void **state)
{
	(void)state;
	put("f", BOTH);
	put("a", NULL);
	put("d", NULL);
	refuses("@/a: cannot be opened: No such file or directory; make it, empty if need be, or "
		"take the key out\n"
		"@/d: cannot be opened: No such file or directory; make it, empty if need be, or "
		"take the key out\n");
	assert_int_equal(mkfifo("a", 0600), 0);
	assert_int_equal(mkdir("d", 0700), 0);
	refuses("@/a: is no file; name one that has a prefix a line\n"
		"@/d: is no file; name one that has a prefix a line\n");
	assert_int_equal(unlink("a") | rmdir("d"), 0);
	put("f", MAIN "allow-file = a\ndeny-file = @/\n" WEB);
	refuses("f:3: allow-file 'a' is no absolute path of a file; begin it with '/'\n"
		"f:4: deny-file '@/' is no absolute path of a file; begin it with '/'\n");
}

static void test_no_text(void **state)
{
	static const char bytes[] = "10.0.0.0/8\n\0\n10.1.0.0/16\0\n\x1b[2J\n";

	(void)state;
	put("f", MAIN "deny-file = @/d\n" WEB);
	put_bytes("d", bytes, sizeof(bytes) - 1);
	refuses("@/d:2: is no text; is this a list of prefixes?\n"
		"@/d:3: is no text; is this a list of prefixes?\n"
		"@/d:4: is no text; is this a list of prefixes?\n");
}

static void put_many(const char *name, unsigned int first, unsigned int nr)
{
	FILE *file = fopen(name, "we");
	unsigned int i;

	assert_non_null(file);
	for (i = first; i < first + nr; i++)
		fprintf(file, "10.%u.%u.%u\n", i >> 16, i >> 8 & 255, i & 255);
	assert_int_equal(fclose(file), 0);
}

static void test_limits(void **state)
{
	struct config_errors errors = { 0 };
	struct config config;

	(void)state;
	put("f", BOTH);
	put_many("a", 0, 100000);
	put_many("d", 100000, 100000);
	assert_int_equal(config_load("f", &config, &errors), 0);
	assert_int_equal(config.nr_listed, LIST_ENTRIES_MAX);
	config_free(&config);
	put_many("d", 100000, 100001);
	refuses("@/d:100001: makes it 200001 prefixes on the lists; at most 200000 are possible, "
		"shorter ones that cover several may do\n");
	put("f", MAIN "deny-file = @/d\n" WEB);
	assert_int_equal(truncate("d", 16 * 1024 * 1024 + 1), 0);
	refuses("@/d: has more than 16777216 bytes; is this a list of prefixes?\n");
}

static int enter(void **state)
{
	(void)state;
	return mkdtemp(directory) && !chdir(directory) ? 0 : -1;
}

static int leave(void **state)
{
	(void)state;
	unlink("a");
	unlink("d");
	unlink("f");
	return chdir("/") || rmdir(directory) ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),    cmocka_unit_test(test_errors),
		cmocka_unit_test(test_no_files), cmocka_unit_test(test_no_text),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
