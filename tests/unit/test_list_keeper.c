/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/list_keeper.c daemon/list_reply.c daemon/list_state.c daemon/lists.c daemon/state_file.c */
/*
 * The lists while the daemon runs, with a data path that is made up: what it is told, what a
 * command changes and says, what ends, and what is there again after a restart.
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
#include "json.h"
#include "list_keeper.h"
#include "list_reply.h"
#include "list_state.h"
#include "log.h"
#include "names.h"

#define STATE_PATH "state/lists.json"
#define FOR_EVER 0
#define HOUR 3600

/* ---- the log and the data path ---- */

static int nr_log_lines;
static char last_line[1024];

void log_line(int level, const char *format, ...)
{
	va_list args;

	(void)level;
	nr_log_lines++;
	va_start(args, format);
	vsnprintf(last_line, sizeof(last_line), format, args);
	va_end(args);
}

static const struct lists *used; /* what the data path was given at the start */
static char told[512];           /* and what it was told since then was looked at */
static int told_err;

int dataplane_use_lists(struct dataplane *dp, const struct lists *lists)
{
	(void)dp;
	used = lists;
	return 0;
}

static int nr_good =
	-1; /* so many are told before one fails; -1: all fail while told_err says so */

static int tell(const char *what, const struct prefix *prefix, const char *list)
{
	char buffer[PREFIX_SIZE];
	const size_t length = strlen(told);

	if (nr_good > 0) {
		nr_good--;
	} else if (!nr_good) {
		nr_good = -1;
		return -ENOMEM;
	} else if (told_err) {
		return told_err;
	}
	snprintf(told + length, sizeof(told) - length, "%s %s%s\n", what,
		 prefix_format(prefix, buffer), list);
	return 0;
}

int dataplane_list_put(struct dataplane *dp, const struct list_entry *entry, bool is_new)
{
	(void)dp;
	return tell(is_new ? "new" : "put", &entry->prefix,
		    entry->list == LIST_ALLOW ? " allow" : " deny");
}

int dataplane_list_delete(struct dataplane *dp, const struct prefix *prefix)
{
	(void)dp;
	return tell("delete", prefix, "");
}

void dataplane_follow_lists(struct dataplane *dp)
{
	(void)dp;
}

static void told_is(const char *wanted)
{
	assert_string_equal(told, wanted);
	told[0] = '\0';
}

/* ---- a world ---- */

static struct config config;
static struct list_keeper *keeper;

static struct prefix prefix_of(const char *text)
{
	char why[PREFIX_WHY_SIZE];
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, &prefix, why), 0);
	return prefix;
}

static void start(void)
{
	assert_int_equal(list_keeper_open(&config, NULL, &keeper), 0);
	assert_int_equal(list_keeper_begin(keeper), 0);
}

static void end(void)
{
	list_keeper_close(keeper);
	keeper = NULL;
}

static int set_up(void **state)
{
	static struct listed listed[2];

	(void)state;
	nr_log_lines = 0;
	told[0] = '\0';
	told_err = 0;
	nr_good = -1;
	listed[0] = (struct listed){ prefix_of("10.0.0.0/8"), LIST_ALLOW, 1 };
	listed[1] = (struct listed){ prefix_of("192.0.2.0/24"), LIST_DENY, 1 };
	config = (struct config){ .listed = listed, .nr_listed = 2, .state_directory = "state" };
	start();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	end();
	unlink(STATE_PATH);
	rmdir("state");
	return 0;
}

/* Both lists as one text: "allow 10.0.0.0/8 file\n". */
static void lists_are(const char *wanted)
{
	struct list_page *page __cleanup(cleanup_free) = malloc(sizeof(*page));
	char buffer[PREFIX_SIZE], text[1024] = "";
	size_t i;

	list_keeper_page(keeper, LIST_NONE, 0, LIST_PAGE_MAX, page);
	for (i = 0; i < page->nr_entries; i++) {
		const struct list_entry *entry = &page->entries[i];
		const size_t length = strlen(text);

		snprintf(text + length, sizeof(text) - length, "%s %s %s%s\n",
			 list_name(entry->list), prefix_format(&entry->prefix, buffer),
			 entry->source == LIST_FROM_FILE ? "file" : "command",
			 entry->expires_ms ? " ends" : "");
	}
	assert_string_equal(text, wanted);
}

#define FILES "allow 10.0.0.0/8 file\ndeny 192.0.2.0/24 file\n"

/* What a change says, as "before > after" in JSON without the times. */
static void says(const struct list_change *change, const char *wanted)
{
	json_t *json __cleanup(cleanup_json) = list_change_json(change, 0);
	const char *const keys[] = { "before", "after" };
	char text[128] = "";
	int i;

	for (i = 0; i < 2; i++) {
		const json_t *entry = json_object_get(json, keys[i]);
		const size_t length = strlen(text);

		if (json_is_null(entry))
			snprintf(text + length, sizeof(text) - length, "%s-", i ? " > " : "");
		else
			snprintf(text + length, sizeof(text) - length, "%s%s %s", i ? " > " : "",
				 json_string_value(json_object_get(entry, "list")),
				 json_string_value(json_object_get(entry, "source")));
	}
	assert_string_equal(text, wanted);
}

static void add(enum list list, const char *prefix, __u32 seconds, const char *wanted)
{
	struct list_change change;
	char *why = NULL;

	assert_int_equal(list_keeper_add(keeper, list, prefix, seconds, &change, &why), 0);
	says(&change, wanted);
}

static void drop(enum list list, const char *prefix, const char *wanted)
{
	struct list_change change;
	char *why = NULL;

	assert_int_equal(list_keeper_delete(keeper, list, prefix, &change, &why), 0);
	says(&change, wanted);
}

/* ---- tests ---- */

static void test_changes(void **state)
{
	const struct prefix prefix = prefix_of("10.0.0.0/8");

	(void)state;
	assert_int_equal(lists_find(used, &prefix)->list, LIST_ALLOW);
	lists_are(FILES);
	told_is("");
	add(LIST_DENY, "203.0.113.0/24", FOR_EVER, "- > deny command");
	told_is("new 203.0.113.0/24 deny\n");
	add(LIST_DENY, "203.0.113.0/24", HOUR, "deny command > deny command");
	told_is("put 203.0.113.0/24 deny\n");
	lists_are(FILES "deny 203.0.113.0/24 command ends\n");
	add(LIST_ALLOW, "203.0.113.0/24", FOR_EVER, "deny command > allow command");
	told_is("put 203.0.113.0/24 allow\n");
	add(LIST_ALLOW, "2001:db8::1", FOR_EVER, "- > allow command");
	told_is("new 2001:db8::1/128 allow\n");
	lists_are(FILES "allow 203.0.113.0/24 command\nallow 2001:db8::1/128 command\n");
	drop(LIST_DENY, "203.0.113.0/24", "allow command > allow command"); /* not on it */
	drop(LIST_DENY, "203.0.114.0/24", "- > -");
	told_is("");
	drop(LIST_ALLOW, "203.0.113.0/24", "allow command > -");
	told_is("delete 203.0.113.0/24\n");
	drop(LIST_ALLOW, "203.0.113.0/24", "- > -");
	told_is("");
	lists_are(FILES "allow 2001:db8::1/128 command\n");
	assert_int_equal(nr_log_lines, 0);
}

static void test_files(void **state)
{
	(void)state;
	add(LIST_ALLOW, "10.0.0.0/8", HOUR, "allow file > allow file");
	told_is("put 10.0.0.0/8 allow\n");
	add(LIST_DENY, "10.0.0.0/8", HOUR, "allow file > deny command");
	told_is("put 10.0.0.0/8 deny\n");
	lists_are("deny 10.0.0.0/8 command ends\ndeny 192.0.2.0/24 file\n");
	drop(LIST_DENY, "10.0.0.0/8", "deny command > allow file");
	told_is("put 10.0.0.0/8 allow\n");
	lists_are(FILES);
	drop(LIST_ALLOW, "10.0.0.0/8", "allow file > -");
	told_is("delete 10.0.0.0/8\n");
	lists_are("deny 192.0.2.0/24 file\n");
	end();
	start();
	lists_are(FILES);
}

static void wrong(int err, enum list list, const char *prefix, const char *wanted)
{
	char *why __cleanup(cleanup_free) = NULL;
	char *again __cleanup(cleanup_free) = NULL;
	struct list_change change;

	assert_int_equal(list_keeper_add(keeper, list, prefix, 0, &change, &why), err);
	assert_string_equal(why ?: "", wanted);
	if (err != -EINVAL)
		return;
	assert_int_equal(list_keeper_delete(keeper, list, prefix, &change, &again), err);
	assert_string_equal(again ?: "", wanted);
}

static void test_refused(void **state)
{
	static struct listed many[LIST_ENTRIES_MAX];
	__u32 i;

	(void)state;
	wrong(-EINVAL, LIST_DENY, "10.0.0.1/8",
	      "10.0.0.1/8 has bits beyond its length; did you mean 10.0.0.0/8?");
	told_err = -ENOMEM;
	wrong(-ENOMEM, LIST_DENY, "203.0.113.0/24", "");
	wrong(-ENOMEM, LIST_DENY, "10.0.0.0/8", "");
	lists_are(FILES);
	told_is("");
	end();
	told_err = 0;
	for (i = 0; i < LIST_ENTRIES_MAX; i++)
		many[i] = (struct listed){ prefix_of("10.0.0.0/32"), LIST_DENY, 0 };
	for (i = 0; i < LIST_ENTRIES_MAX; i++)
		many[i].prefix.addr.word[3] = htonl(0x0a000000 + i);
	config.listed = many;
	config.nr_listed = LIST_ENTRIES_MAX;
	start();
	wrong(-EPERM, LIST_DENY, "203.0.113.0/24",
	      "the allow and deny lists are full: they have 200000 prefixes; delete some, or list "
	      "shorter prefixes that cover several");
	told_is("");
	add(LIST_ALLOW, "10.0.0.7", FOR_EVER, "deny file > allow command");
}

static void state_has(const char *word, bool wanted)
{
	FILE *file __cleanup(cleanup_file) = fopen(STATE_PATH, "re");
	char text[2048] = "";

	assert_non_null(file);
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	assert_int_equal(strstr(text, word) != NULL, wanted);
}

static void test_expiry(void **state)
{
	(void)state;
	add(LIST_DENY, "203.0.113.0/24", 1, "- > deny command");
	add(LIST_DENY, "203.0.114.0/24", HOUR, "- > deny command");
	add(LIST_DENY, "10.0.0.0/8", 1, "allow file > deny command");
	told[0] = '\0';
	list_keeper_second(keeper);
	told_is("");
	usleep(1100000); /* that is the time that they are listed for */
	told_err = -ENOMEM;
	list_keeper_second(keeper);
	assert_int_equal(nr_log_lines, 2);
	told_err = 0;
	list_keeper_second(keeper);
	told_is("put 10.0.0.0/8 allow\ndelete 203.0.113.0/24\n");
	lists_are(FILES "deny 203.0.114.0/24 command ends\n");
	list_keeper_second(keeper);
	told_is("");
	state_has("203.0.114.0/24", true);
	state_has("203.0.113.0/24", false);
}

/* ---- restarts ---- */

static void test_kept(void **state)
{
	struct stat first, second;

	(void)state;
	list_keeper_second(keeper);
	assert_int_equal(access(STATE_PATH, F_OK), -1); /* nothing to keep */
	add(LIST_DENY, "203.0.113.0/24", HOUR, "- > deny command");
	add(LIST_ALLOW, "2001:db8::/32", FOR_EVER, "- > allow command");
	add(LIST_DENY, "10.0.0.0/8", FOR_EVER, "allow file > deny command");
	list_keeper_second(keeper);
	assert_int_equal(stat(STATE_PATH, &first), 0);
	assert_int_equal(first.st_mode & 0777, 0600);
	list_keeper_second(keeper);
	assert_int_equal(stat(STATE_PATH, &second), 0);
	assert_int_equal(first.st_ino, second.st_ino); /* not written again */
	end();
	start();
	lists_are("deny 10.0.0.0/8 command\ndeny 192.0.2.0/24 file\n"
		  "deny 203.0.113.0/24 command ends\nallow 2001:db8::/32 command\n");
	drop(LIST_DENY, "203.0.113.0/24", "deny command > -");
	end(); /* without a second in between */
	start();
	lists_are("deny 10.0.0.0/8 command\ndeny 192.0.2.0/24 file\n"
		  "allow 2001:db8::/32 command\n");
	/* The file says it now, too. */
	config.listed[0].list = LIST_DENY;
	end();
	start();
	lists_are("deny 10.0.0.0/8 file\ndeny 192.0.2.0/24 file\n"
		  "allow 2001:db8::/32 command\n");
	/* It says it no more. */
	config.nr_listed = 1;
	end();
	start();
	lists_are("deny 10.0.0.0/8 file\nallow 2001:db8::/32 command\n");
	assert_int_equal(nr_log_lines, 0);
}

static void test_not_kept(void **state)
{
	(void)state;
	end();
	config.state_directory = NULL;
	start();
	add(LIST_DENY, "203.0.113.0/24", FOR_EVER, "- > deny command");
	list_keeper_second(keeper);
	end();
	start();
	lists_are(FILES);
	end();
	assert_int_equal(access("state", F_OK), -1);
	config.state_directory = "/proc/nowhere";
	start();
	add(LIST_DENY, "203.0.113.0/24", FOR_EVER, "- > deny command");
	list_keeper_second(keeper);
	list_keeper_second(keeper);
	assert_int_equal(nr_log_lines, 1);
	assert_non_null(strstr(last_line, "they hold until synwardd stops"));
	end();
	/* What failed is not tried every second, but once more in the end. */
	config.state_directory = "late/state";
	start();
	add(LIST_DENY, "203.0.113.0/24", FOR_EVER, "- > deny command");
	list_keeper_second(keeper);
	assert_int_equal(mkdir("late", 0700), 0);
	list_keeper_second(keeper);
	assert_int_equal(access("late/state", F_OK), -1);
	end();
	assert_int_equal(unlink("late/state/lists.json"), 0);
	assert_int_equal(rmdir("late/state") | rmdir("late"), 0);
}

static void put_state(const char *text)
{
	FILE *file;

	mkdir("state", 0700);
	file = fopen(STATE_PATH, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

#define STATE(entries) "{\"version\":1,\"entries\":[" entries "]}"
#define GOOD "{\"list\":\"deny\",\"prefix\":\"203.0.113.0/24\",\"expires\":null}"

static void test_damaged(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"{\"version\":2,\"entries\":[]}",
		"{\"version\":1}",
		"{\"version\":1,\"entries\":{}}",
		"{\"version\":1,\"entries\":[],\"more\":0}",
		STATE(GOOD ",5"),
		STATE(GOOD ",{\"list\":\"deny\",\"prefix\":\"203.0.113.0/24\"}"),
		STATE(GOOD ",{\"list\":\"none\",\"prefix\":\"1.2.3.4\",\"expires\":null}"),
		STATE(GOOD ",{\"list\":\"deny\",\"prefix\":\"0.0.0.0/0\",\"expires\":null}"),
		STATE(GOOD ",{\"list\":\"deny\",\"prefix\":\"1.2.3.4\",\"expires\":\"1\"}"),
		STATE(GOOD ",{\"list\":\"deny\",\"prefix\":\"1.2.3.4\",\"expires\":-1}"),
		STATE(GOOD ",{\"list\":\"deny\",\"prefix\":\"1.2.3.4\",\"expires\":1.5}"),
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		end();
		put_state(texts[i]);
		nr_log_lines = 0;
		start();
		lists_are(FILES);
		assert_int_equal(nr_log_lines, 1);
		assert_string_equal(last_line,
				    "state/lists.json: is damaged or of another version, and "
				    "ignored; what commands had put on the allow and deny lists is "
				    "lost");
	}
	end();
	put_state(STATE(GOOD));
	start();
	lists_are(FILES "deny 203.0.113.0/24 command\n");
	assert_int_equal(nr_log_lines, 1);
}

/* Time goes on by the clock on the wall; one that was set back makes nothing last for years. */
static void test_clocks(void **state)
{
	const struct list_clock before = { 1000000, 1700000000000 };
	static const struct {
		__s64 wall_ms; /* that have gone by */
		__u64 left_ms; /* 0: it is gone */
	} rows[] = {
		{ 0, 3600000 },
		{ 1000, 3599000 },
		{ 3599999, 1 },
		{ 3600000, 0 },
		{ 86400000, 0 },
		{ -1000, 3601000 },
		{ -10LL * 365 * 86400000, 365ULL * 86400000 },
	};
	const struct prefix prefix = prefix_of("203.0.113.0/24");
	const struct list_entry entry =
		list_entry_added(NULL, &prefix, LIST_DENY, before.now_ms + 3600000);
	struct lists *lists = lists_new();
	size_t i;

	(void)state;
	assert_int_equal(lists_set(lists, &entry), 0);
	assert_int_equal(list_state_save("state", &before, lists), 0);
	lists_free(lists);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct list_clock after = { 77, before.wall_ms + (__u64)rows[i].wall_ms };
		const struct list_entry *found;

		lists = lists_new();
		assert_int_equal(list_state_load("state", &after, lists), 0);
		found = lists_find(lists, &prefix);
		assert_int_equal(found != NULL, rows[i].left_ms != 0);
		if (found)
			assert_int_equal(found->expires_ms, 77 + rows[i].left_ms);
		lists_free(lists);
	}
}

/* ---- JSON ---- */

static void test_json(void **state)
{
	static struct list_page page;
	json_t *json __cleanup(cleanup_json) = NULL;
	char *text __cleanup(cleanup_free) = NULL;

	(void)state;
	page.nr_entries = 4;
	page.next = 7;
	page.entries[0] =
		list_entry_added(NULL, &(struct prefix){ .bits = 1, .is_v6 = true }, LIST_ALLOW, 0);
	page.entries[1] = list_entry_added(NULL, &config.listed[0].prefix, LIST_DENY, 6000);
	page.entries[2] = list_entry_added(NULL, &config.listed[0].prefix, LIST_DENY, 5001);
	page.entries[3] = list_entry_added(NULL, &config.listed[0].prefix, LIST_DENY, 4000);
	page.entries[3].source = LIST_FROM_FILE;
	json = list_page_json(&page, 5000);
	text = json_dumps(json, JSON_COMPACT);
	assert_string_equal(text,
			    "{\"entries\":["
			    "{\"list\":\"allow\",\"prefix\":\"::/1\",\"source\":\"command\","
			    "\"expires_seconds\":null},"
			    "{\"list\":\"deny\",\"prefix\":\"10.0.0.0/8\",\"source\":\"command\","
			    "\"expires_seconds\":1},"
			    "{\"list\":\"deny\",\"prefix\":\"10.0.0.0/8\",\"source\":\"command\","
			    "\"expires_seconds\":1},"
			    "{\"list\":\"deny\",\"prefix\":\"10.0.0.0/8\",\"source\":\"file\","
			    "\"expires_seconds\":0}],"
			    "\"next\":7}");
}

static int enter(void **state)
{
	char path[] = "/tmp/synward-test-XXXXXX";

	*state = mkdtemp(path) ? strdup(path) : NULL;
	return *state && !chdir(path) ? 0 : -1;
}

static int leave(void **state)
{
	int failed = chdir("/") || rmdir(*state);

	free(*state);
	return failed ? -1 : 0;
}

/* ---- a reload ---- */

static struct listed next_listed[3];

static struct config next_config(void)
{
	next_listed[0] = (struct listed){ prefix_of("10.0.0.0/8"), LIST_DENY, 1 };
	next_listed[1] = (struct listed){ prefix_of("198.51.100.0/24"), LIST_DENY, 2 };
	next_listed[2] = (struct listed){ prefix_of("203.0.113.0/24"), LIST_ALLOW, 1 };
	return (struct config){ .listed = next_listed, .nr_listed = 3 };
}

#define NEXT_FILES "deny 10.0.0.0/8 file\ndeny 198.51.100.0/24 file\nallow 203.0.113.0/24 file\n"

/* What went, what is other, what is new; and nothing more of the same. */
static void test_reload(void **state)
{
	struct config next = next_config();
	char *why = NULL;

	(void)state;
	assert_int_equal(list_keeper_reload(keeper, &next, &why), 0);
	lists_are(NEXT_FILES);
	told_is("delete 192.0.2.0/24\nput 10.0.0.0/8 deny\nnew 198.51.100.0/24 deny\n"
		"new 203.0.113.0/24 allow\n");
	assert_int_equal(list_keeper_reload(keeper, &next, &why), 0);
	told_is("");
	assert_int_equal(list_keeper_reload(keeper, &config, &why), 0);
	lists_are(FILES);
}

/* What a command says covers the new file as it covered the old one, and uncovers the new
 * one. */
static void test_reload_under_commands(void **state)
{
	struct config next = next_config();
	char *why = NULL;

	(void)state;
	add(LIST_DENY, "172.16.0.0/12", FOR_EVER, "- > deny command");
	add(LIST_DENY, "203.0.113.0/24", HOUR, "- > deny command");
	add(LIST_ALLOW, "192.0.2.0/24", HOUR, "deny file > allow command");
	assert_int_equal(list_keeper_reload(keeper, &next, &why), 0);
	lists_are("deny 10.0.0.0/8 file\ndeny 172.16.0.0/12 command\n"
		  "allow 192.0.2.0/24 command ends\ndeny 198.51.100.0/24 file\n"
		  "deny 203.0.113.0/24 command ends\n");
	drop(LIST_DENY, "203.0.113.0/24", "deny command > allow file");
	drop(LIST_ALLOW, "192.0.2.0/24", "allow command > -");
}

/* Wherever the data path refuses, all is as it was. */
static void test_reload_fails(void **state)
{
	struct config next = next_config();
	char *why = NULL;
	int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		nr_good = i;
		assert_int_equal(list_keeper_reload(keeper, &next, &why), -ENOMEM);
		lists_are(FILES);
		assert_int_equal(nr_good, -1);
		told[0] = '\0';
	}
	assert_int_equal(list_keeper_reload(keeper, &next, &why), 0);
	lists_are(NEXT_FILES);
	assert_int_equal(nr_log_lines, 0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_changes),
		TEST(test_files),
		TEST(test_refused),
		TEST(test_expiry),
		TEST(test_kept),
		TEST(test_not_kept),
		TEST(test_damaged),
		TEST(test_clocks),
		TEST(test_json),
		TEST(test_reload),
		TEST(test_reload_under_commands),
		TEST(test_reload_fails),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
