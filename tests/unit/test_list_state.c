/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/list_keeper.c daemon/list_reply.c daemon/list_state.c daemon/lists.c daemon/state_file.c */
/*
 * What commands have put on the lists, over restarts: what is there again, how long it still has,
 * and that a damaged file is ignored whole.
 */
#include "list_keeper_world.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_kept),
		TEST(test_not_kept),
		TEST(test_damaged),
		TEST(test_clocks),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
