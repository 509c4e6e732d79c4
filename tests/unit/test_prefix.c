/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: */
/*
 * Prefixes as they are written: what is taken, how it is spelled then, and what is said of the
 * rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "prefix.h"

static void test_taken(void **state)
{
	static const struct {
		const char *text, *spelled;
		bool is_v6;
	} rows[] = {
		{ "203.0.113.0/24", "203.0.113.0/24", false },
		{ "203.0.113.5", "203.0.113.5/32", false },
		{ "203.0.113.5/32", "203.0.113.5/32", false },
		{ "0.0.0.0", "0.0.0.0/32", false },
		{ "128.0.0.0/1", "128.0.0.0/1", false },
		{ "0.0.0.0/1", "0.0.0.0/1", false },
		{ "203.0.113.254/31", "203.0.113.254/31", false },
		{ "2001:db8::/32", "2001:db8::/32", true },
		{ "2001:DB8:0:0::1", "2001:db8::1/128", true },
		{ "8000::/1", "8000::/1", true },
		{ "2001:db8:0:8000::/49", "2001:db8:0:8000::/49", true },
		{ "::/64", "::/64", true },
		{ "::1/128", "::1/128", true },
		{ "::ffff:203.0.113.5", "203.0.113.5/32", false },
		{ "::ffff:203.0.113.0/120", "203.0.113.0/24", false },
		{ "::ffff:128.0.0.0/97", "128.0.0.0/1", false },
		{ "0:0:0:0:0:ffff:203.0.113.105", "203.0.113.105/32", false },
	};
	char why[PREFIX_WHY_SIZE], text[PREFIX_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct prefix prefix, again;

		assert_int_equal(prefix_parse(rows[i].text, &prefix, why), 0);
		assert_string_equal(prefix_format(&prefix, text), rows[i].spelled);
		assert_int_equal(prefix.is_v6, rows[i].is_v6);
		assert_int_equal(prefix_parse(text, &again, why), 0);
		assert_int_equal(prefix_compare(&prefix, &again), 0);
	}
}

#define NO_PREFIX " is no prefix; write one as in 203.0.113.0/24 or 2001:db8::/32"
#define EVERYBODY                                                                 \
	" is everybody; name those that you mean, or change what a service does " \
	"with 'synward mode SERVICE off'"

static void test_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", "''" NO_PREFIX },
		{ "example.net", "'example.net'" NO_PREFIX },
		{ "203.0.113", "'203.0.113'" NO_PREFIX },
		{ "203.0.113/24", "'203.0.113/24'" NO_PREFIX },
		{ "203.0.113.256", "'203.0.113.256'" NO_PREFIX },
		{ "/24", "'/24'" NO_PREFIX },
		{ " 203.0.113.0/24", "' 203.0.113.0/24'" NO_PREFIX },
		{ "fe80::1%eth0", "'fe80::1%eth0'" NO_PREFIX },
		{ "0000:0000:0000:0000:0000:ffff:255.255.255.2550",
		  "'0000:0000:0000:0000:0000:ffff:255.255.255.2550'" NO_PREFIX },
		{ "203.0.113.0/33", "'203.0.113.0/33' has no length of a prefix: after an IPv4 "
				    "address it is 1 to 32" },
		{ "203.0.113.0/", "'203.0.113.0/' has no length of a prefix: after an IPv4 "
				  "address it is 1 to 32" },
		{ "203.0.113.0/255.255.255.0",
		  "'203.0.113.0/255.255.255.0' has no length of a prefix: after an IPv4 address "
		  "it is 1 to 32" },
		{ "203.0.113.0/-1", "'203.0.113.0/-1' has no length of a prefix: after an IPv4 "
				    "address it is 1 to 32" },
		{ "203.0.113.0/24/24", "'203.0.113.0/24/24' has no length of a prefix: after an "
				       "IPv4 address it is 1 to 32" },
		{ "2001:db8::/129", "'2001:db8::/129' has no length of a prefix: after an IPv6 "
				    "address it is 1 to 128" },
		{ "2001:db8::/4294967328", "'2001:db8::/4294967328' has no length of a prefix: "
					   "after an IPv6 address it is 1 to 128" },
		{ "203.0.113.5/24",
		  "203.0.113.5/24 has bits beyond its length; did you mean 203.0.113.0/24?" },
		{ "203.0.113.255/31",
		  "203.0.113.255/31 has bits beyond its length; did you mean 203.0.113.254/31?" },
		{ "2001:db8::1/64",
		  "2001:db8::1/64 has bits beyond its length; did you mean 2001:db8::/64?" },
		{ "2001:db8:0:ffff::/49",
		  "2001:db8:0:ffff::/49 has bits beyond its length; did you mean "
		  "2001:db8:0:8000::/49?" },
		{ "::ffff:203.0.113.5/120",
		  "::ffff:203.0.113.5/120 has bits beyond its length; did you mean "
		  "203.0.113.0/24?" },
		{ "::ffff:0.0.0.0/95",
		  "::ffff:0.0.0.0/95 has bits beyond its length; did you mean ::fffe:0:0/95?" },
		{ "0.0.0.0/0", "'0.0.0.0/0'" EVERYBODY },
		{ "::/0", "'::/0'" EVERYBODY },
		{ "::ffff:0.0.0.0/96", "'::ffff:0.0.0.0/96'" EVERYBODY },
	};
	char why[PREFIX_WHY_SIZE];
	struct prefix prefix;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(prefix_parse(rows[i].text, &prefix, why), -EINVAL);
		assert_string_equal(why, rows[i].why);
	}
}

static void test_order(void **state)
{
	static const char *const texts[] = { "9.0.0.0/8",     "10.0.0.0/8",      "10.0.0.0/16",
					     "10.0.0.0/32",   "192.0.2.0/24",    "255.0.0.0/8",
					     "::/64",         "::fffe:0:0/95",   "2001:db8::/32",
					     "2001:db8::/33", "2001:db8:1::/48", "ff00::/8" };
	struct prefix a, b;
	char why[PREFIX_WHY_SIZE];
	int i, j;

	(void)state;
	for (i = 0; i < 12; i++) {
		for (j = 0; j < 12; j++) {
			int order;

			assert_int_equal(prefix_parse(texts[i], &a, why), 0);
			assert_int_equal(prefix_parse(texts[j], &b, why), 0);
			order = prefix_compare(&a, &b);
			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
