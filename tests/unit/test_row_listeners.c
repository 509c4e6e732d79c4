/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/row_listeners.c */
/*
 * Which listeners are a row's: a table of bound addresses against services, and what is summed up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "row_listeners.h"

#define PORT 443

static struct ip_addr address(const char *text)
{
	struct ip_addr a = { .word = { 0, 0, htonl(0xffff), 0 } };

	if (inet_pton(AF_INET, text, &a.word[3]) != 1)
		assert_int_equal(inet_pton(AF_INET6, text, &a), 1);
	return a;
}

static void test_matching(void **state)
{
	static const struct {
		const char *bound;
		bool is_v6_only;
		const char *service; /* NULL: any */
		bool is_its;
	} rows[] = {
		{ "0.0.0.0", false, NULL, true },
		{ "::", false, NULL, true },
		{ "::", true, NULL, true },
		{ "192.0.2.1", false, NULL, true },
		{ "2001:db8::1", false, NULL, true },
		{ "127.0.0.1", false, NULL, false },
		{ "127.9.9.9", false, NULL, false },
		{ "::1", false, NULL, false },
		{ "0.0.0.0", false, "192.0.2.1", true },
		{ "0.0.0.0", false, "2001:db8::1", false },
		{ "::", false, "192.0.2.1", true },
		{ "::", true, "192.0.2.1", false },
		{ "::", true, "2001:db8::1", true },
		{ "192.0.2.1", false, "192.0.2.1", true },
		{ "192.0.2.2", false, "192.0.2.1", false },
		{ "2001:db8::1", false, "2001:db8::1", true },
		{ "2001:db8::1", false, "192.0.2.1", false },
		{ "127.0.0.1", false, "127.0.0.1", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct listener_info listener = { .addr = address(rows[i].bound),
						  .port = PORT,
						  .is_listener = 1,
						  .is_v6_only = rows[i].is_v6_only,
						  .backlog = 5 };
		struct ip_addr at = address(rows[i].service ?: "::");
		struct service service = { .any_address = !rows[i].service,
					   .addresses = &at,
					   .nr_addresses = 1 };
		struct row_listeners got;

		row_listeners_sum(&listener, 1, &service, PORT, &got);
		if (got.nr != rows[i].is_its)
			fail_msg("%s%s for %s", rows[i].bound, rows[i].is_v6_only ? " only" : "",
				 rows[i].service ?: "any");
		row_listeners_sum(&listener, 1, &service, PORT + 1, &got);
		assert_int_equal(got.nr, 0);
	}
}

static void test_sum(void **state)
{
	const struct service any = { .any_address = true };
	const struct listener_info all[] = {
		{ .addr = address("192.0.2.1"),
		  .port = PORT,
		  .syn_queue = 3,
		  .accept_queue = 9,
		  .backlog = 512 },
		{ .addr = address("192.0.2.2"),
		  .port = PORT,
		  .is_mptcp = 1,
		  .syn_queue = 4,
		  .accept_queue = 2,
		  .backlog = 128 },
		{ .addr = address("192.0.2.3"),
		  .port = PORT,
		  .syn_queue = 5,
		  .accept_queue = 0,
		  .backlog = 4096 },
		{ .addr = address("192.0.2.3"),
		  .port = 80,
		  .is_mptcp = 1,
		  .syn_queue = 50,
		  .accept_queue = 50,
		  .backlog = 1 },
	};
	struct row_listeners got = { 9, 9, 9, 9, 9 };

	(void)state;
	row_listeners_sum(all, 4, &any, PORT, &got);
	assert_int_equal(got.nr, 3);
	assert_int_equal(got.half_open, 12);
	assert_int_equal(got.backlog, 128);
	assert_int_equal(got.accept_queue, 9);
	assert_int_equal(got.nr_mptcp, 1);
	row_listeners_sum(all, 0, &any, PORT, &got);
	assert_int_equal(got.nr + got.half_open + got.backlog + got.accept_queue + got.nr_mptcp, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matching),
		cmocka_unit_test(test_sum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
