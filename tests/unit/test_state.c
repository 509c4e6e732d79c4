/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/state.c daemon/state_file.c */
/*
 * What was learned, kept in a file: what comes back, and what is refused.
 */
#include "state_world.h"

static void test_round_trip(void **state)
{
	static struct state_row written[ROWS_MAX], read[ROWS_MAX];
	static char names[ROWS_MAX][24];

	(void)state;
	for (int i = 0; i < ROWS_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "service-%d", i / 4);
		written[i] = (struct state_row){
			.service = names[i],
			.port = 65535 - i % 4,
			.learned = { (double)rng() / 1e11, (double)rng() / UINT64_MAX },
		};
		read[i] = (struct state_row){ names[i], written[i].port, { 3, 4 } };
	}
	written[0].learned = (struct baseline){ 0, 0 };
	written[1].learned = (struct baseline){ 1e9, 5e-324 };
	assert_int_equal(state_save("state", written, ROWS_MAX), 0);
	state_load("state", read, ROWS_MAX);
	rows_equal(read, written, ROWS_MAX);
	warned(0);
	has_file_alone();
}

static void test_no_rows(void **state)
{
	struct state_row rows[NR_KNOWN];

	(void)state;
	assert_int_equal(state_save("state", known, 0), 0);
	load(rows);
	rows_equal(rows, known, NR_KNOWN);
	warned(0);
	has_file_alone();
}

/* What is written is what the head of the source says. */
static void test_format(void **state)
{
	(void)state;
	assert_int_equal(state_save("state", known, 1), 0);
	has_text(FILE_PATH, "{\n \"version\": 1,\n \"learned\": [\n  {\n   \"service\": \"web\",\n"
			    "   \"port\": 443,\n   \"half_open\": 10.0,\n   \"syn_rate\": 100.0\n"
			    "  }\n ]\n}");
}

static void test_missing(void **state)
{
	struct state_row rows[NR_KNOWN];

	(void)state;
	load(rows);
	assert_int_equal(mkdir("state", 0700), 0);
	load(rows);
	rows_equal(rows, known, NR_KNOWN);
	warned(0);
}

/* Not a missing file: something that is in the way is worth a line. */
static void test_unreadable(void **state)
{
	(void)state;
	put("state", "");
	is_refused("the directory is a file");
	assert_int_equal(unlink("state"), 0);
	assert_int_equal(mkdir("state", 0700), 0);
	assert_int_equal(mkdir(FILE_PATH, 0700), 0);
	is_refused("the file is a directory");
	assert_int_equal(rmdir(FILE_PATH), 0);
	assert_int_equal(symlink("learned.json", FILE_PATH), 0);
	is_refused("a loop");
}

/* Rows by service and port; who is not known is passed over in silence, and who is not in the file
 * stays as he is. */
static void test_taken(void **state)
{
	static const struct {
		const char *name, *text;
		struct baseline web_443;
	} taken[] = {
		{ "nothing learned", LEARNED(""), { 10, 100 } },
		{ "one row", LEARNED(GOOD_ENTRY("web")), { 1.5, 2.5 } },
		{ "whole numbers",
		  LEARNED("{\"service\":\"web\",\"port\":443,\"half_open\":0,\"syn_rate\":7}"),
		  { 0, 7 } },
		{ "limits",
		  LEARNED("{\"service\":\"web\",\"port\":443,\"half_open\":1e9,\"syn_rate\":"
			  "1000000000}"),
		  { 1e9, 1e9 } },
		{ "any order, any blanks",
		  "\n{ \"learned\" : [{\"syn_rate\" :2.5,\"half_open\":1.5,\n\"port\":443 ,"
		  "\"service\":\"web\"}],\"version\":1}\n\n",
		  { 1.5, 2.5 } },
		{ "an unknown service", LEARNED(GOOD_ENTRY("dns")), { 10, 100 } },
		{ "a name that begins alike", LEARNED(GOOD_ENTRY("we")), { 10, 100 } },
		{ "a name that goes on", LEARNED(GOOD_ENTRY("web2")), { 10, 100 } },
		{ "an unknown port",
		  LEARNED("{\"service\":\"web\",\"port\":444,\"half_open\":1,\"syn_rate\":1}"),
		  { 10, 100 } },
		{ "a port that is none: 443 and 2^16",
		  LEARNED("{\"service\":\"web\",\"port\":65979,\"half_open\":1,\"syn_rate\":1}"),
		  { 10, 100 } },
		{ "443 and 2^32",
		  LEARNED("{\"service\":\"web\",\"port\":4294967739,\"half_open\":1,\"syn_rate\":"
			  "1}"),
		  { 10, 100 } },
		{ "443 less 2^32",
		  LEARNED("{\"service\":\"web\",\"port\":-4294966853,\"half_open\":1,\"syn_rate\":"
			  "1}"),
		  { 10, 100 } },
		{ "unknown ones among known ones",
		  LEARNED(GOOD_ENTRY("a") "," GOOD_ENTRY("web") "," GOOD_ENTRY("b")),
		  { 1.5, 2.5 } },
	};
	struct state_row rows[NR_KNOWN], wanted[NR_KNOWN];

	(void)state;
	assert_int_equal(mkdir("state", 0700), 0);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		put(FILE_PATH, taken[i].text);
		load(rows);
		memcpy(wanted, known, sizeof(known));
		wanted[0].learned = taken[i].web_443;
		if (nr_warnings || rows[0].learned.half_open != taken[i].web_443.half_open)
			fail_msg("%s: half-open %g, %d warnings", taken[i].name,
				 rows[0].learned.half_open, nr_warnings);
		rows_equal(rows, wanted, NR_KNOWN);
	}
}

/* A good entry, then one with something else. */
#define THEN(service, port, half_open, syn_rate)                             \
	LEARNED(GOOD_ENTRY("web") ",{\"service\":" service ",\"port\":" port \
				  ",\"half_open\":" half_open ",\"syn_rate\":" syn_rate "}")
#define MAIL(half_open, syn_rate) THEN("\"mail\"", "443", half_open, syn_rate)

static const struct refused {
	const char *name, *text;
} refused[] = {
	{ "empty", "" },
	{ "blanks", " \n" },
	{ "text", "half_open = 1\n" },
	{ "null", "null" },
	{ "a number", "1" },
	{ "an array", "[]" },
	{ "an empty object", "{}" },
	{ "two objects", LEARNED("") LEARNED("") },
	{ "something behind", LEARNED(GOOD_ENTRY("web")) "x" },
	{ "a comma too many", LEARNED(GOOD_ENTRY("web") ",") },
	{ "single quotes", "{'version':1,'learned':[]}" },
	{ "a byte order mark", "\xef\xbb\xbf" LEARNED(GOOD_ENTRY("web")) },

	{ "no version", "{\"learned\":[" GOOD_ENTRY("web") "]}" },
	{ "version 0", "{\"version\":0,\"learned\":[" GOOD_ENTRY("web") "]}" },
	{ "version 2", "{\"version\":2,\"learned\":[" GOOD_ENTRY("web") "]}" },
	{ "version -1", "{\"version\":-1,\"learned\":[" GOOD_ENTRY("web") "]}" },
	{ "version 2^32 + 1", "{\"version\":4294967297,\"learned\":[" GOOD_ENTRY("web") "]}" },
	{ "version 1.0", "{\"version\":1.0,\"learned\":[" GOOD_ENTRY("web") "]}" },
	{ "version \"1\"", "{\"version\":\"1\",\"learned\":[" GOOD_ENTRY("web") "]}" },
	{ "version true", "{\"version\":true,\"learned\":[" GOOD_ENTRY("web") "]}" },
	{ "version null", "{\"version\":null,\"learned\":[" GOOD_ENTRY("web") "]}" },
	{ "nothing learned", "{\"version\":1}" },
	{ "learned is an object", "{\"version\":1,\"learned\":{}}" },
	{ "learned is null", "{\"version\":1,\"learned\":null}" },
	{ "one key more", "{\"version\":1,\"learned\":[" GOOD_ENTRY("web") "],\"more\":1}" },

	{ "an entry is a number", LEARNED(GOOD_ENTRY("web") ",1") },
	{ "an entry is null", LEARNED("null," GOOD_ENTRY("web")) },
	{ "an entry is an array", LEARNED(GOOD_ENTRY("web") ",[]") },
	{ "an entry is empty", LEARNED(GOOD_ENTRY("web") ",{}") },
	{ "no service", LEARNED("{\"port\":443,\"half_open\":1,\"syn_rate\":1}") },
	{ "no port", LEARNED("{\"service\":\"web\",\"half_open\":1,\"syn_rate\":1}") },
	{ "no half_open", LEARNED("{\"service\":\"web\",\"port\":443,\"syn_rate\":1}") },
	{ "no syn_rate", LEARNED("{\"service\":\"web\",\"port\":443,\"half_open\":1}") },
	{ "one key more in an entry", MAIL("1", "1,\"more\":1") },

	{ "service is null", THEN("null", "443", "1", "1") },
	{ "service is a number", THEN("5", "443", "1", "1") },
	{ "service is not UTF-8", THEN("\"\xff\"", "443", "1", "1") },
	{ "service with a NUL", THEN("\"web\\u0000\"", "443", "1", "1") },
	{ "service does not end", THEN("\"mail", "443", "1", "1") },
	{ "port is text", THEN("\"mail\"", "\"443\"", "1", "1") },
	{ "port is a fraction", THEN("\"mail\"", "443.0", "1", "1") },
	{ "port is null", THEN("\"mail\"", "null", "1", "1") },
	{ "port beyond 64 bits", THEN("\"mail\"", "99999999999999999999", "1", "1") },

	{ "half_open negative", MAIL("-1", "1") },
	{ "half_open negative by little", MAIL("-1e-300", "1") },
	{ "half_open huge", MAIL("1000000001", "1") },
	{ "half_open huge, as a fraction", MAIL("1.0001e9", "1") },
	{ "half_open beyond doubles", MAIL("1e999", "1") },
	{ "half_open beyond 64 bits", MAIL("1000000000000000000000000", "1") },
	{ "half_open NaN", MAIL("NaN", "1") },
	{ "half_open nan", MAIL("nan", "1") },
	{ "half_open -NaN", MAIL("-NaN", "1") },
	{ "half_open Infinity", MAIL("Infinity", "1") },
	{ "half_open inf", MAIL("inf", "1") },
	{ "half_open null", MAIL("null", "1") },
	{ "half_open text", MAIL("\"1\"", "1") },
	{ "half_open true", MAIL("true", "1") },
	{ "half_open an array", MAIL("[1]", "1") },
	{ "half_open hexadecimal", MAIL("0x10", "1") },
	{ "syn_rate negative", MAIL("1", "-0.001") },
	{ "syn_rate huge", MAIL("1", "1e10") },
	{ "syn_rate largest", MAIL("1", "1.7976931348623157e308") },
	{ "syn_rate beyond doubles", MAIL("1", "-1e999") },
	{ "syn_rate NaN", MAIL("1", "NaN") },
	{ "syn_rate null", MAIL("1", "null") },
	{ "syn_rate text", MAIL("1", "\"NaN\"") },

	{ "version twice", "{\"version\":1,\"version\":1,\"learned\":[" GOOD_ENTRY("web") "]}" },
	{ "learned twice", "{\"version\":1,\"learned\":[" GOOD_ENTRY("web") "],\"learned\":[]}" },
	{ "half_open twice", MAIL("1,\"half_open\":1", "1") },
	{ "service twice", THEN("\"mail\",\"service\":\"web\"", "443", "1", "1") },
};

static void test_refused(void **state)
{
	(void)state;
	assert_int_equal(mkdir("state", 0700), 0);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		put(FILE_PATH, refused[i].text);
		is_refused(refused[i].name);
		/* and it is left aside, not touched */
		has_text(FILE_PATH, refused[i].text);
	}
}

static void test_truncated(void **state)
{
	static const char text[] = LEARNED(GOOD_ENTRY("web") "," GOOD_ENTRY("mail"));

	(void)state;
	assert_int_equal(mkdir("state", 0700), 0);
	for (size_t len = 0; len < strlen(text); len++) {
		put_bytes(FILE_PATH, text, len);
		is_refused("truncated");
	}
}

static void test_binary(void **state)
{
	static char deep[100000];
	uint8_t bytes[4096];

	(void)state;
	assert_int_equal(mkdir("state", 0700), 0);
	for (int i = 0; i < 50; i++) {
		rng_fill(bytes, sizeof(bytes));
		put_bytes(FILE_PATH, bytes, i * 16 + 1);
		is_refused("random");
	}
	memset(bytes, 0, sizeof(bytes));
	put_bytes(FILE_PATH, bytes, sizeof(bytes));
	is_refused("zeros, as after a crash");
	put_bytes(FILE_PATH, LEARNED(GOOD_ENTRY("web")) "\0", sizeof(LEARNED(GOOD_ENTRY("web"))));
	is_refused("a NUL behind");
	memset(deep, '[', sizeof(deep));
	put_bytes(FILE_PATH, deep, sizeof(deep));
	is_refused("deep");
}

/* A few bytes changed: taken or refused, but whole and sane. */
static void test_damaged(void **state)
{
	static const char text[] = LEARNED(GOOD_ENTRY("web") "," GOOD_ENTRY("mail"));
	struct state_row rows[NR_KNOWN];

	(void)state;
	assert_int_equal(mkdir("state", 0700), 0);
	for (int i = 0; i < 3000; i++) {
		char copy[sizeof(text)];

		memcpy(copy, text, sizeof(text));
		for (uint32_t nr = rng_below(3) + 1; nr; nr--)
			copy[rng_below(strlen(text))] = rng_below(2) ? ' ' + rng_below(95) : rng();
		put_bytes(FILE_PATH, copy, strlen(text));
		load(rows);
		assert_true(nr_warnings <= 1);
		if (nr_warnings)
			rows_equal(rows, known, NR_KNOWN);
		nr_warnings = 0;
		for (size_t k = 0; k < NR_KNOWN; k++) {
			assert_true(rows[k].learned.half_open >= 0 &&
				    rows[k].learned.half_open <= 1e9);
			assert_true(rows[k].learned.syn_rate >= 0 &&
				    rows[k].learned.syn_rate <= 1e9);
		}
	}
}

/* What must never be read back is not written. */
static void test_nonsense_is_not_kept(void **state)
{
	struct state_row rows[NR_KNOWN];

	(void)state;
	memcpy(rows, known, sizeof(rows));
	rows[0].learned.half_open = NAN;
	rows[1].learned.syn_rate = INFINITY;
	rows[2].learned = (struct baseline){ 5, 6 };
	assert_int_equal(state_save("state", rows, NR_KNOWN), 0);
	load(rows);
	warned(0);
	rows_equal(rows, known, 2);
	assert_true(rows[2].learned.half_open == 5 && rows[2].learned.syn_rate == 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_round_trip),
		TEST(test_no_rows),
		TEST(test_format),
		TEST(test_missing),
		TEST(test_unreadable),
		TEST(test_taken),
		TEST(test_refused),
		TEST(test_truncated),
		TEST(test_binary),
		TEST(test_damaged),
		TEST(test_nonsense_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
