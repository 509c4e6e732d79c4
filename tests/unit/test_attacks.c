/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/attacks.c daemon/topk.c daemon/log.c */
/*
 * Attacks from begin to end: each event compared with JSON and with a log line that were written by
 * hand.
 */
#include "attacks_world.h"

static void test_peace(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++, now_ms += 500) {
		row.now.syns += 10;
		row.syn_rate = 20;
		look();
		saw(0);
		logged("");
		assert_null(attack_ongoing(&row.attack, &row.target));
	}
	source("198.18.0.0", 1);
	assert_null(row.attack.sources);
}

static void test_begin_and_end(void **state)
{
	(void)state;
	begin();
	saw(1);
	reported(0, BEGIN WEB("true") HALF_OPEN "}");
	logged("synwardd: event=attack_begin time=2026-11-24T13:30:28.873Z service=web port=443 "
	       "mode=auto answered=true cause=half_open value=33 threshold=32\n");

	/* it goes on: nothing to say, until its time is over */
	for (; now_ms < row.until_ms; now_ms += 500) {
		look();
		saw(0);
		logged("");
	}
	end();
	saw(1);
	reported(0, END_AT("30:58.873") WEB("true") HALF_OPEN LASTED_FOR("30.0") NO_COUNTS "}");
	logged("synwardd: event=attack_end time=2026-11-24T13:30:58.873Z service=web port=443 "
	       "mode=auto answered=true cause=half_open value=33 threshold=32 "
	       "began=2026-11-24T13:30:28.873Z duration_seconds=30.0 peak_syn_rate=0 syns=0 "
	       "cookies_sent=0 cookies_valid=0 cookies_invalid=0 served=0\n");
	look();
	saw(0);
	logged("");
}

/* Every cause has its word, and every mode. */
static void test_words(void **state)
{
	static const struct {
		enum arm_cause cause;
		enum svc_mode mode;
		const char *text;
	} words[] = {
		{ ARM_SYN_RATE, SVC_ALWAYS,
		  "'mode': 'always', 'answered': true, 'cause': 'syn_rate'" },
		{ ARM_SYN_QUEUE, SVC_MONITOR,
		  "'mode': 'monitor', 'answered': true, 'cause': 'syn_queue'" },
		{ ARM_FLOW_TABLE, SVC_OFF,
		  "'mode': 'off', 'answered': true, 'cause': 'flow_table'" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		char wanted[512];

		row.target.name = "mail";
		row.target.port = 65535;
		row.target.mode = words[i].mode;
		row.until_ms = now_ms + 1;
		row.live = (struct row_live){ .since_ms = now_ms,
					      .cause = words[i].cause,
					      .value = UINT32_MAX,
					      .threshold = UINT32_MAX - 1,
					      .times = i + 1 };
		row.is_attacked = true;
		look();
		snprintf(wanted, sizeof(wanted),
			 BEGIN_AT("30:29.123") "'service': 'mail', 'port': 65535, %s, 'value': "
					       "4294967295, 'threshold': 4294967294}",
			 words[i].text);
		saw(i ? 2 : 1);
		reported(seen.nr_events - 1, wanted);
	}
}

/* What was counted between the look before it and its end; the highest rate of any look. */
static void test_counts(void **state)
{
	(void)state;
	row.now = (struct row_counts){ 1, 2, 3, 4, 5, 0, 0, 6 };
	look();
	row.now = (struct row_counts){ 101, 202, 303, 404, 505, 0, 0, 606 };
	row.syn_rate = 900.9;
	begin();
	saw(1);

	now_ms += 1000;
	row.syn_rate = 123456.75;
	look();
	row.until_ms += 12000;
	now_ms += 1000;
	row.syn_rate = 1000;
	look();
	saw(0);
	now_ms = row.until_ms;
	row.is_attacked = false;
	row.syn_rate = 10;
	row.now = (struct row_counts){ 1ULL << 40, 20002, 303, 4004, 50005, 0, 0, 600006 };
	look();
	saw(1);
	reported(0, END_AT("31:10.873") WEB("true") HALF_OPEN LASTED_FOR(
			    "42.0") "'peak_syn_rate': 123456, 'syns': 1099511627775, "
				    "'cookies_sent': 20000, 'cookies_valid': 300, "
				    "'cookies_invalid': 4000, 'served': 50000, 'sources': []}");
}

/* The peak may be in the first look, or in the last. */
static void test_peak(void **state)
{
	(void)state;
	row.syn_rate = 5000;
	begin();
	row.syn_rate = 7;
	end();
	assert_int_equal(json_integer_value(json_object_get(seen.events[0], "peak_syn_rate")),
			 5000);
	begin();
	row.syn_rate = 8000;
	end();
	assert_int_equal(json_integer_value(json_object_get(seen.events[0], "peak_syn_rate")),
			 8000);
}

/* Ended by hand, before its time. */
static void test_disarmed(void **state)
{
	(void)state;
	begin();
	now_ms += 2250;
	end();
	saw(1);
	reported(0, END_AT("30:31.373") WEB("true") HALF_OPEN LASTED_FOR("2.5") NO_COUNTS "}");
}

/* One ended and another began between two looks: both are told, in this order. */
static void test_again_between_looks(void **state)
{
	(void)state;
	row.now.syns = 50;
	begin();
	source("198.18.0.0", 5);
	now_ms += 10000;
	row.now.syns = 1000;
	row.syn_rate = 200;
	look();
	saw(0);

	now_ms += 40250;
	row.now.syns = 1700;
	row.syn_rate = 300;
	row.until_ms = now_ms + 30000;
	row.live = (struct row_live){ .since_ms = now_ms - 1000,
				      .cause = ARM_SYN_RATE,
				      .value = 700,
				      .threshold = 500,
				      .times = 2 };
	look();
	saw(2);
	reported(0, END_AT("30:58.873") WEB("true") HALF_OPEN LASTED_FOR(
			    "30.0") "'peak_syn_rate': 200, 'syns': 1000, 'cookies_sent': 0, "
				    "'cookies_valid': 0, 'cookies_invalid': 0, 'served': 0, "
				    "'sources': [{'prefix': '198.18.0.0/24', 'percent': 100.0}]}");
	reported(1, BEGIN_AT("31:18.373")
			    WEB("true") "'cause': 'syn_rate', 'value': 700, 'threshold': 500}");

	/* the second has nothing of the first */
	now_ms += 5000;
	end();
	saw(1);
	reported(0,
		 END_AT("31:24.373")
			 WEB("true") "'cause': 'syn_rate', 'value': 700, 'threshold': 500" LASTED(
				 "31:18.373",
				 "6.0") "'peak_syn_rate': 300, 'syns': 700, 'cookies_sent': 0, "
					"'cookies_valid': 0, 'cookies_invalid': 0, 'served': 0, "
					"'sources': []}");
}

/* Began and ended between two looks: nobody sees it going on, but it is told. */
static void test_short(void **state)
{
	(void)state;
	row.until_ms = now_ms - 100;
	row.live = (struct row_live){ .since_ms = now_ms - 350,
				      .cause = ARM_HALF_OPEN,
				      .value = 33,
				      .threshold = 32,
				      .times = 1 };
	look();
	saw(1);
	now_ms += 500;
	look();
	saw(1);
	assert_string_equal(json_string_value(json_object_get(seen.events[0], "event")),
			    "attack_end");
	assert_true(json_real_value(json_object_get(seen.events[0], "duration_seconds")) == 0.25);
	look();
	saw(0);
}

/* In monitor nothing is answered; that is said at both ends. */
static void test_monitor(void **state)
{
	(void)state;
	row.target.mode = SVC_MONITOR;
	row.target.is_answered = false;
	begin();
	reported(0, BEGIN
		 "'service': 'web', 'port': 443, 'mode': 'monitor', 'answered': false, " HALF_OPEN
		 "}");
	now_ms += 750;
	look();
	end();
	reported(0, END_AT("30:29.873") "'service': 'web', 'port': 443, 'mode': 'monitor', "
					"'answered': false, " HALF_OPEN LASTED_FOR("1.0") NO_COUNTS
		 "}");
}

static bool is_answered(const json_t *event)
{
	assert_non_null(event);
	return json_is_true(json_object_get(event, "answered"));
}

/* Answered for a while is answered: when the mode was changed meanwhile, and at the end, when the
 * row is not armed any more. Another attack is another matter. */
static void test_answered_for_a_while(void **state)
{
	(void)state;
	row.target.is_answered = false;
	begin();
	assert_false(is_answered(seen.events[0]));
	row.target.is_answered = true;
	look();
	row.target.is_answered = false;
	look();
	end();
	assert_true(is_answered(seen.events[0]));

	begin();
	assert_false(is_answered(seen.events[0]));
	end();
	assert_false(is_answered(seen.events[0]));

	row.target.is_answered = true;
	begin();
	row.is_attacked = false;
	row.target.is_answered = false;
	look();
	assert_true(is_answered(seen.events[0]));
}

/* Who comes late is told that it goes on, with the time at which it began. */
static void test_ongoing(void **state)
{
	json_t *event __cleanup(cleanup_json) = NULL;
	json_t *later __cleanup(cleanup_json) = NULL;

	(void)state;
	begin();
	event = attack_ongoing(&row.attack, &row.target);
	is_event(event, BEGIN WEB("true") HALF_OPEN "}");
	now_ms += 12345;
	look();
	row.target.is_answered = false;
	later = attack_ongoing(&row.attack, &row.target);
	is_event(later, BEGIN WEB("true") HALF_OPEN "}");
	end();
	assert_null(attack_ongoing(&row.attack, &row.target));
}

/* Armed since the last look. */
static void test_ongoing_answered(void **state)
{
	json_t *event __cleanup(cleanup_json) = NULL;

	(void)state;
	row.target.is_answered = false;
	begin();
	row.target.is_answered = true;
	event = attack_ongoing(&row.attack, &row.target);
	assert_true(is_answered(event));
}

static void longest(const char *name)
{
	static const char *const sources[] = { "2001:db8:ffff::", "2001:db8:fffe::",
					       "2001:db8:fffd::", "2001:db8:fffc::",
					       "2001:db8:fffb::" };

	set_up(NULL);
	row.target = (struct attack_target){ name, 65535, SVC_MONITOR, false };
	begin();
	row.live.cause = ARM_FLOW_TABLE;
	row.attack.live.cause = ARM_FLOW_TABLE;
	row.attack.live.value = row.attack.live.threshold = UINT32_MAX;
	for (int i = 0; i < 5; i++)
		source(sources[i], 20);
	row.syn_rate = 123456789;
	memset(&row.now, 0x7f, sizeof(row.now));
	row.is_attacked = false;
	now_ms += 29999;
	look();
	saw(1);
	attack_free(&row.attack);
}

/* One line, however long the name; the longest that a config can have leaves nothing out. */
static void test_long_lines(void **state)
{
	char name[1200];

	(void)state;
	memset(name, 'n', sizeof(name));
	for (size_t len = 1; len < sizeof(name); len++) {
		name[len] = '\0';
		longest(name);
		assert_ptr_equal(strchr(seen.line, '\n'), seen.line + seen.nr_line - 1);
		assert_true(seen.nr_line <= 1024 + strlen("synwardd: \n"));
		if (len == 63) {
			assert_non_null(strstr(seen.line, name));
			assert_non_null(strstr(seen.line, " source=2001:db8:fffb::/48:20.0%\n"));
		}
		name[len] = 'n';
	}
}

/* The wall clock's time of moments before and after now. */
static void test_clock_text(void **state)
{
	static const struct {
		__u64 ms; /* after START_MS */
		const char *text;
	} rows[] = {
		{ 0, "2026-11-24T13:30:29.123Z" },
		{ 876, "2026-11-24T13:30:29.999Z" },
		{ 877, "2026-11-24T13:30:30.000Z" },
		{ 37770877, "2026-11-25T00:00:00.000Z" },
		{ (__u64)-29124, "2026-11-24T13:29:59.999Z" },
		{ (__u64)-500000, "2026-11-24T13:22:09.123Z" },
	};
	char text[CLOCK_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(clock_text(START_MS + rows[i].ms, text), rows[i].text);
}

/* Armed again by what the first attack left in the kernel: no news, unless SYNs come in numbers. */
static void test_residue(void **state)
{
	(void)state;
	row.low_water = 250;
	row.held = 33;
	begin();
	saw(1);
	end();
	saw(1);
	begin(); /* by the same 33 */
	saw(0);
	look();
	saw(0);
	end();
	saw(0);
	row.syn_rate = 249;
	begin();
	saw(0);
	row.syn_rate = 250;
	look();
	saw(1);
	assert_null(json_object_get(seen.events[0], "missed_before"));
	end();
	saw(1);
	begin(); /* in numbers from the first */
	saw(1);
	end();
}

/* What it left is gone: the next one is one, however slow. */
static void test_residue_gone(void **state)
{
	(void)state;
	row.low_water = 250;
	row.held = 33;
	begin();
	end();
	row.held = 32;
	look();
	saw(0);
	row.held = 33;
	begin();
	saw(1);
	end();
	begin(); /* these are its own again */
	saw(0);
	row.held = 10; /* and go while it is armed */
	look();
	saw(0);
	end();
	saw(0);
	begin();
	saw(1);
}

/* Another cause than what is left is news. */
static void test_residue_other_cause(void **state)
{
	(void)state;
	row.low_water = 250;
	row.held = 33;
	begin();
	end();
	row.until_ms = now_ms + 30000;
	row.live = (struct row_live){ .since_ms = now_ms,
				      .cause = ARM_SYN_QUEUE,
				      .value = 33,
				      .threshold = 32,
				      .times = row.live.times + 1 };
	row.is_attacked = true;
	look();
	saw(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_peace),
		TEST(test_begin_and_end),
		TEST(test_words),
		TEST(test_counts),
		TEST(test_peak),
		TEST(test_disarmed),
		TEST(test_again_between_looks),
		TEST(test_short),
		TEST(test_monitor),
		TEST(test_answered_for_a_while),
		TEST(test_ongoing),
		TEST(test_ongoing_answered),
		TEST(test_long_lines),
		TEST(test_residue),
		TEST(test_residue_gone),
		TEST(test_residue_other_cause),
		TEST(test_clock_text),
	};

	unsetenv("JOURNAL_STREAM");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
