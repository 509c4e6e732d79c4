/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/passive_opens.c */
/*
 * The kernel's counter of accepted connections: as the kernel writes it today, with other columns,
 * and what is no such table; and against a connection that this test accepts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "passive_opens.h"

static int find(const char *text, __u64 *ret)
{
	FILE *file = fmemopen((void *)text, strlen(text), "r");
	int err;

	assert_non_null(file);
	err = passive_opens_find(file, ret);
	fclose(file);
	return err;
}

static void test_text(void **state)
{
	static const struct {
		const char *text;
		__u64 value;
	} rows[] = {
		{ "Ip: Forwarding PassiveOpens\nIp: 1 99\n"
		  "Tcp: RtoAlgorithm MaxConn ActiveOpens PassiveOpens AttemptFails\n"
		  "Tcp: 1 -1 7 18446744073709551615 5\nUdp: PassiveOpens\nUdp: 3\n",
		  UINT64_MAX },
		{ "Tcp: PassiveOpens New\nTcp: 0 3\n", 0 },
		{ "Tcp: New PassiveOpens\nTcp: 3 12", 12 },
	};
	static const char *const wrong[] = {
		"x",
		"Tcp: PassiveOpens\n",
		"Tcp: ActiveOpens\nTcp: 5\n",
		"Tcp: ActiveOpens PassiveOpens\nTcp: 5\n",
		"Tcp: PassiveOpens\nTcp: x\n",
		"Tcp: PassiveOpens\nTcp: -1\n",
		"Tcp: PassiveOpens\nTcp: 5x\n",
		"Udp: PassiveOpens\nUdp: 5\n",
	};
	__u64 got = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(find(wrong[i], &got), -EINVAL);
		assert_int_equal(got, 77);
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(find(rows[i].text, &got), 0);
		assert_int_equal(got, rows[i].value);
	}
}

static void test_kernel(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(at);
	int accepted;
	__u64 before, now;

	(void)state;
	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(passive_opens_read(&before), 0);
	assert_int_equal(connect(client, (struct sockaddr *)&at, sizeof(at)), 0);
	accepted = accept(listener, NULL, NULL);
	assert_true(accepted >= 0);
	assert_int_equal(passive_opens_read(&now), 0);
	assert_true(now > before);
	close(accepted);
	close(client);
	close(listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
