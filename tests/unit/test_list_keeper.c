/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/list_keeper.c daemon/list_reply.c daemon/list_state.c daemon/lists.c daemon/state_file.c */
/*
 * The lists while the daemon runs, with a data path that is made up: what it is told, what a
 * command changes and says, what ends, and what a reload makes of them.
 */
#include "list_keeper_world.h"

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
	const struct CMUnitTest tests[] = {
		TEST(test_changes),
		TEST(test_files),
		TEST(test_refused),
		TEST(test_expiry),
		TEST(test_json),
		TEST(test_reload),
		TEST(test_reload_under_commands),
		TEST(test_reload_fails),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
