/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: cli/[a-l]*.c cli/m[e-o]*.c cli/[n-z]*.c daemon/config*.c daemon/pins.c daemon/control.c daemon/control_client.c daemon/control_socket.c daemon/varlink.c daemon/methods*.c daemon/status.c daemon/list_reply.c daemon/lists.c daemon/log.c */
/*
 * `synward allow` and `synward deny` as they are called: what is printed where, and the exit
 * status.
 */
#include "cli_world.h"

static size_t nr_lines(const char *text)
{
	size_t nr = 0;

	for (; *text; text++)
		nr += *text == '\n';
	return nr;
}

static void test_show(void **state)
{
	static const char text[] = "PREFIX         FROM     ENDS IN\n"
				   "10.0.0.0/8     file     -\n"
				   "2001:db8::/32  command  1 h 0 min\n";

	(void)state;
	prints("allow", text);
	prints("allow list", text);
	prints("al l", text);
	prints("allow -t", "prefix\tallow\t10.0.0.0/8\tfile\t\n"
			   "prefix\tallow\t2001:db8::/32\tcommand\t3600\n");
	prints("-j allow",
	       "{\"entries\": [{\"list\": \"allow\", \"prefix\": \"10.0.0.0/8\", \"source\": "
	       "\"file\", \"expires_seconds\": null}, {\"list\": \"allow\", \"prefix\": "
	       "\"2001:db8::/32\", \"source\": \"command\", \"expires_seconds\": 3600}]}\n");
	/* All pages of it. */
	assert_int_equal(synward("deny -t"), 0);
	assert_int_equal(nr_lines(world.out), NR_DENIED);
	assert_non_null(strstr(world.out, "prefix\tdeny\t10.1.9.195/32\tcommand\t\n"));
	assert_int_equal(synward("deny list -p"), 0);
	assert_non_null(strstr(world.out, "\"prefix\": \"10.1.9.195/32\""));
}

struct call {
	const char *line;
	int end;
	const char *err;
};

static void expect(const struct call *calls, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		ends(calls[i].line, calls[i].end, calls[i].err);
		assert_string_equal(world.out, "");
	}
}

#define EXPECT(calls) expect(calls, sizeof(calls) / sizeof((calls)[0]))

static void test_changes(void **state)
{
	static const struct call calls[] = {
		{ "deny add 203.0.113.0/24", CLI_DONE, "" },
		{ "deny add 203.0.113.0/24 2001:db8::1 --for 1h", CLI_DONE, "" },
		{ "deny add 128.0.0.0/1 --for 1h", CLI_FAILED,
		  "synward: add 2 128.0.0.0/1 3600\n" },
		{ "--for 365d allow a 128.0.0.0/1", CLI_FAILED,
		  "synward: add 1 128.0.0.0/1 31536000\n" },
		{ "deny add 203.0.113.5/24", CLI_MISUSE,
		  "synward: nothing is added: 203.0.113.5/24 has bits beyond its length; did you "
		  "mean "
		  "203.0.113.0/24?\n" },
		/* All are looked at before the first is sent. */
		{ "deny add 10.2.0.0/16 nonsense 10.0.0.0/8", CLI_MISUSE,
		  "synward: nothing is added: 'nonsense' is no prefix; write one as in "
		  "203.0.113.0/24 or 2001:db8::/32\n" },
		/* The first that is refused is the last. */
		{ "deny add 10.2.0.0/16 128.0.0.0/1 10.0.0.0/8", CLI_FAILED,
		  "synward: 10.2.0.0/16 was on the allow list; it is on the deny list now\n"
		  "synward: add 2 128.0.0.0/1 0\n"
		  "synward: stopped at 128.0.0.0/1; those before it are added\n" },
		{ "deny add 128.0.0.0/1 10.2.0.0/16", CLI_FAILED,
		  "synward: add 2 128.0.0.0/1 0\n"
		  "synward: stopped at 128.0.0.0/1; nothing is added\n" },
		{ "deny add 10.0.0.0/8", CLI_DONE,
		  "synward: 10.0.0.0/8 was on the allow list by the config's file; it is on the "
		  "deny list now\n" },
		{ "allow add 10.0.0.0/8", CLI_DONE, "" },
		{ "allow add 10.0.0.0/8 --for 5m", CLI_DONE,
		  "synward: 10.0.0.0/8 is on the allow list by the config's file, and stays "
		  "there\n" },
		{ "allow del 10.2.0.0/16", CLI_DONE, "" },
		{ "allow delete 10.2.0.0/16 203.0.113.0/24", CLI_DONE,
		  "synward: 203.0.113.0/24 is not on the allow list\n" },
		{ "deny del 10.2.0.0/16", CLI_DONE,
		  "synward: 10.2.0.0/16 is not on the deny list but on the allow list\n" },
		{ "deny d 10.1.0.0/16", CLI_DONE,
		  "synward: 10.1.0.0/16 stands in the config's deny-file: take it out there too, "
		  "or it is back when synwardd starts\n" },
		{ "deny del 10.0.0.0/8", CLI_DONE,
		  "synward: 10.0.0.0/8 is on the allow list again, by the config's file\n" },
		{ "deny del 10.2.0.0/16 wrong", CLI_MISUSE,
		  "synward: nothing is deleted: 'wrong' is no prefix; write one as in "
		  "203.0.113.0/24 or 2001:db8::/32\n" },
	};

	(void)state;
	EXPECT(calls);
}

#define NO_DURATION " is no duration of 1s to 365d: 90s, 10m, 2h, 1d; a number alone is seconds"
#define SEE "; see 'synward help'\n"

static void test_misuse(void **state)
{
	static const struct call calls[] = {
		{ "deny frob", CLI_MISUSE, "synward: frob is none of add, del and list" SEE },
		{ "deny 10.0.0.0/8", CLI_MISUSE,
		  "synward: 10.0.0.0/8 is none of add, del and list" SEE },
		{ "deny add", CLI_MISUSE,
		  "synward: add needs PREFIX..., or - for standard input" SEE },
		{ "deny del", CLI_MISUSE,
		  "synward: del needs PREFIX..., or - for standard input" SEE },
		{ "deny list x", CLI_MISUSE, "synward: x is not expected after list" SEE },
		{ "deny add - x", CLI_MISUSE, "synward: x is not expected after -" SEE },
		{ "deny --for 1h", CLI_MISUSE, "synward: --for goes with add" SEE },
		{ "deny del 10.0.0.0/8 --for 1h", CLI_MISUSE, "synward: --for goes with add" SEE },
		{ "deny add 10.0.0.0/8 --for 1y", CLI_MISUSE, "synward: 1y" NO_DURATION SEE },
		{ "deny add 10.0.0.0/8 --for 366d", CLI_MISUSE, "synward: 366d" NO_DURATION SEE },
		{ "deny --persist", CLI_MISUSE, "synward: --persist is no option of deny" SEE },
		{ "a", CLI_MISUSE, "synward: a begins several verbs" SEE },
	};

	(void)state;
	EXPECT(calls);
}

/* ---- standard input ---- */

static void with_input(const char *text, size_t nr_bytes, const char *line, int end,
		       const char *err)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/input", world.directory);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, nr_bytes, file), nr_bytes);
	assert_int_equal(fclose(file), 0);
	assert_non_null(freopen(path, "re", stdin));
	ends(line, end, err);
}

#define WITH_INPUT(text, ...) with_input(text, sizeof(text) - 1, __VA_ARGS__)

static void test_input(void **state)
{
	(void)state;
	WITH_INPUT("# a list\r\n; theirs\n203.0.113.0/24\r\n  10.2.0.0/16 ; "
		   "SBL1\n2001:db8::1#x\n128.0.0.1",
		   "deny add -", CLI_DONE,
		   "synward: 10.2.0.0/16 was on the allow list; it is on the deny list now\n");
	WITH_INPUT("203.0.113.0/24\n\n128.0.0.0/1\n10.2.0.0/16\n", "deny add - --for 1m",
		   CLI_FAILED,
		   "synward: add 2 128.0.0.0/1 60\n"
		   "synward: stopped at line 3 of standard input; those before it are added\n");
	WITH_INPUT("128.0.0.0/1\n10.2.0.0/16\n", "deny add -", CLI_FAILED,
		   "synward: add 2 128.0.0.0/1 0\n"
		   "synward: stopped at line 1 of standard input; nothing is added\n");
	WITH_INPUT("", "deny add -", CLI_DONE, "");
}

#define LINE_2 "synward: nothing is added: line 2 of standard input: "

/* Before any of it is sent. */
static void test_bad_input(void **state)
{
	char *long_line __cleanup(cleanup_free) = malloc(4200);

	(void)state;
	WITH_INPUT("10.2.0.0/16\nwrong\n", "deny del -", CLI_MISUSE,
		   "synward: nothing is deleted: line 2 of standard input: 'wrong' is no prefix; "
		   "write one as in 203.0.113.0/24 or 2001:db8::/32\n");
	WITH_INPUT("10.2.0.0/16 # mine\n5.6.7.8 9.9.9.9\n", "deny add -", CLI_MISUSE,
		   LINE_2 "'9.9.9.9' is not expected after 5.6.7.8; write one prefix a line\n");
	WITH_INPUT("10.2.0.0/16\n\0\n", "deny add -", CLI_MISUSE,
		   LINE_2 "this is no text; is this a list of prefixes?\n");
	/* A comment may be long, but not without end. */
	snprintf(long_line, 4200, "\n::1 #%4091s\n", "x");
	with_input(long_line, strlen(long_line), "deny add -", CLI_DONE, "");
	snprintf(long_line, 4200, "\n::1 #%4092s\n", "x");
	with_input(long_line, strlen(long_line), "deny add -", CLI_MISUSE,
		   LINE_2 "more than 4096 bytes; is this a list of prefixes?\n");
	assert_non_null(freopen("/dev/zero", "re", stdin));
	ends("deny add -", CLI_MISUSE,
	     "synward: nothing is added: line 1 of standard input: more than 4096 bytes; is this a "
	     "list of prefixes?\n");
	assert_non_null(freopen("/tmp", "re", stdin));
	ends("deny add -", CLI_FAILED,
	     "synward: nothing is added: line 1 of standard input: cannot be read: Is a "
	     "directory\n");
}

/* Nor are lines without number: more than a list may have. */
static void test_much_input(void **state)
{
	const size_t nr_bytes = (LIST_ENTRIES_MAX + 1) * 4;
	char *text __cleanup(cleanup_free) = malloc(nr_bytes);
	size_t i;

	(void)state;
	assert_non_null(text);
	for (i = 0; i < nr_bytes; i += 4)
		memcpy(text + i, "::1\n", 4);
	with_input(text, nr_bytes, "deny add -", CLI_MISUSE,
		   "synward: nothing is added: line 200001 of standard input: more than 200000 "
		   "prefixes; the lists hold no more, so list shorter prefixes that cover "
		   "several\n");
}

static void test_no_daemon(void **state)
{
	static const char *const lines[] = { "allow", "deny add ::1", "deny del ::1" };
	size_t i;

	(void)state;
	daemon_end();
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(synward(lines[i]), CLI_NO_DAEMON);
		assert_int_equal(nr_lines(world.err), 1);
	}
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_show),      TEST(test_changes),    TEST(test_misuse),    TEST(test_input),
		TEST(test_bad_input), TEST(test_much_input), TEST(test_no_daemon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
