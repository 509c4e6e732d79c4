/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/attacks.c daemon/topk.c daemon/log.c */
/*
 * Where an attack seems to come from: what is claimed of that in the end, and meanwhile.
 */
#include "attacks_world.h"

static void sources_are(const char *wanted)
{
	end();
	saw(1);
	is_event(json_object_get(seen.events[0], "sources"), wanted);
}

/* In percent of all that was sampled, to a tenth, the most frequent first, five at most. */
static void test_sources(void **state)
{
	const char *line;

	(void)state;
	source("198.18.9.0", 1000); /* before it began */
	begin();
	source("198.18.4.0", 100);
	source("2001:db8:abcd::", 160);
	source("198.18.5.0", 90.4);
	source("198.18.6.0", 30);
	source("203.0.113.0", 500);
	source("::", 70);
	source("198.18.7.0", 49.6);
	sources_are(
		"[{'prefix': '203.0.113.0/24', 'percent': 50.0},{'prefix': '2001:db8:abcd::/48', "
		"'percent': 16.0},{'prefix': '198.18.4.0/24', 'percent': 10.0},{'prefix': "
		"'198.18.5.0/24', 'percent': 9.0},{'prefix': '::/48', 'percent': 7.0}]");
	line = strstr(seen.line, " served=0 source=");
	assert_non_null(line);
	assert_string_equal(
		line, " served=0 source=203.0.113.0/24:50.0% source=2001:db8:abcd::/48:16.0% "
		      "source=198.18.4.0/24:10.0% source=198.18.5.0/24:9.0% source=::/48:7.0%\n");

	/* none of these is left for the next */
	source("198.18.9.0", 1000);
	begin();
	sources_are("[]");

	begin();
	source("198.18.1.0", 2);
	source("198.18.2.0", 1);
	sources_are("[{'prefix': '198.18.1.0/24', 'percent': 66.7},{'prefix': '198.18.2.0/24', "
		    "'percent': 33.3}]");
}

/* While it goes on, status shows what the end will tell. */
static void test_snapshot(void **state)
{
	struct snapshot_attack shown = { .service = "web", .port = 443 };

	(void)state;
	begin();
	source("203.0.113.0", 3);
	source("2001:db8:abcd::", 1);
	now_ms += 5000;
	attack_snapshot(&row.attack, &shown);
	assert_string_equal(shown.service, "web");
	assert_int_equal(shown.port, 443);
	assert_int_equal(shown.cause, ARM_HALF_OPEN);
	assert_int_equal(shown.value, 33);
	assert_int_equal(shown.threshold, 32);
	assert_int_equal(shown.seconds, 5);
	assert_int_equal(shown.nr_sources, 2);
	assert_string_equal(shown.sources[0].prefix, "203.0.113.0/24");
	assert_true(shown.sources[0].percent == 75);
	assert_string_equal(shown.sources[1].prefix, "2001:db8:abcd::/48");
	end();
}

/* Random sources: none is frequent, and no share is claimed that is not certain; one that is less
 * than a thousandth is none. */
static void test_random_sources(void **state)
{
	json_t *sources;
	double percent;

	(void)state;
	begin();
	for (__u32 n = 0; n < 100000; n++) {
		struct topk_key key = { .prefix = { htonl(n << 8) } };

		attack_source(&row.attack, &key, 16);
	}
	source("203.0.113.0", 16000);
	end();
	sources = json_object_get(seen.events[0], "sources");
	assert_int_equal(json_array_size(sources), 1);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(sources, 0), "prefix")),
		"203.0.113.0/24");
	percent = json_real_value(json_object_get(json_array_get(sources, 0), "percent"));
	assert_true(percent > 0 && percent <= 1.0);
}

/* No memory for sources: the attack is told without them. */
static void test_without_sources(void **state)
{
	(void)state;
	begin();
	free(row.attack.sources);
	row.attack.sources = NULL;
	source("198.18.1.0", 2);
	sources_are("[]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sources),
		TEST(test_snapshot),
		TEST(test_random_sources),
		TEST(test_without_sources),
	};

	unsetenv("JOURNAL_STREAM");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
