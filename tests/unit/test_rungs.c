/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/rungs.c */
/*
 * How SYNs are answered by what there is: every mixture of means, devices and rows that changes it,
 * and that each text names the cause and a remedy.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "rungs.h"

#define ALL (MAY_COOKIE | MAY_TIMESTAMPS | MAY_KERNEL_OPTIONS | KERNEL_COOKIES_ALWAYS)
#define NO_KFUNC "no kfunc; a newer kernel helps"
#define TWO_COOKIES "sysctl -w net.ipv4.tcp_syncookies=2"
#define TWO_TIMESTAMPS "sysctl -w net.ipv4.tcp_timestamps=2"

static struct rung_means means_of(bool can_hand_off, bool can_kernel_cookie, __u32 may)
{
	struct rung_means means = { .can_hand_off = can_hand_off,
				    .can_kernel_cookie = can_kernel_cookie,
				    .may = may };

	if (!can_hand_off)
		strcpy(means.why_no_hand_off, NO_KFUNC);
	return means;
}

/* All of these words, separated by '|', are in the text; no text: it is empty. */
static void says(const char *why, const char *words)
{
	char copy[512], *word, *rest = NULL;

	if (!words) {
		assert_string_equal(why, "");
		return;
	}
	snprintf(copy, sizeof(copy), "%s", words);
	for (word = strtok_r(copy, "|", &rest); word; word = strtok_r(NULL, "|", &rest))
		if (!strstr(why, word))
			fail_msg("'%s' is not in '%s'", word, why);
}

/* reply = fib: a family whose way back the kernel does not tell is the kernel's. */
static void test_routes(void **state)
{
	static const struct {
		bool is_by_route;
		__u32 may;
		enum path path;
		const char *why;
	} rows[] = {
		{ false, 0, PATH_COOKIE, NULL },
		{ true, MAY_ROUTE_V4 | MAY_ROUTE_V6, PATH_COOKIE, NULL },
		{ true, MAY_ROUTE_V4, PATH_COOKIE,
		  "IPv6 go to the kernel|sysctl -w net.ipv6.conf.lo.forwarding=1" },
		{ true, MAY_ROUTE_V6, PATH_COOKIE,
		  "IPv4 go to the kernel|sysctl -w net.ipv4.conf.lo.forwarding=1" },
		{ true, 0, PATH_MONITOR, "sysctl -w net.ipv4.conf.lo.forwarding=1|ipv6" },
	};
	const struct rung_device device = { .has_xdp = true, .has_tc = true };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rung_means means = means_of(true, true, ALL | rows[i].may);
		struct rung got;

		means.is_by_route = rows[i].is_by_route;
		rung_of_device(&means, &device, &got);
		assert_int_equal(got.path, rows[i].path);
		says(got.why, rows[i].why);
	}
}

/* What is wrong with the device itself is named, with its name. */
static void test_device_at_fault(void **state)
{
	const struct rung_means means = means_of(true, true, ALL);
	struct rung_device device = { .has_tc = true,
				      .name = "eth7",
				      .why_no_xdp = "held by another; 'x off'" };
	struct rung got;

	(void)state;
	rung_of_device(&means, &device, &got);
	assert_int_equal(got.path, PATH_MONITOR);
	says(got.why, "not attached: held by another; 'x off'; it is tried again");
	device.has_xdp = device.is_down = true;
	rung_of_device(&means, &device, &got);
	assert_int_equal(got.path, PATH_MONITOR);
	says(got.why, "link is down|ip link set dev eth7 up");
}

/* What is not there, or left alone by command, is not what is wrong. */
static void test_device_is_not_to_be(void **state)
{
	const struct rung_means means = means_of(true, true, ALL);
	struct rung_device device = { .name = "eth7", .why_no_xdp = "", .is_absent = true };
	struct rung got;

	(void)state;
	rung_of_device(&means, &device, &got);
	assert_int_equal(got.path, PATH_MONITOR);
	says(got.why, "it is absent|as soon as there is one|ip link");
	device.is_detached = true; /* also of a device that is not there */
	rung_of_device(&means, &device, &got);
	assert_int_equal(got.path, PATH_MONITOR);
	says(got.why, "detached by command|'synward attach eth7'");
	device = (struct rung_device){ .name = "eth7",
				       .why_no_xdp = "no frames",
				       .is_refused = true };
	rung_of_device(&means, &device, &got);
	says(got.why, "not attached: no frames");
	assert_null(strstr(got.why, "again"));
}

#define DEVICE(xdp, tc, silent)                                   \
	{                                                         \
		.has_xdp = xdp, .has_tc = tc, .is_silent = silent \
	}

static void test_device(void **state)
{
	static const struct {
		bool can_hand_off, can_kernel_cookie;
		__u32 may;
		struct rung_device device;
		enum path path;
		const char *why;
	} rows[] = {
		{ true, true, ALL, DEVICE(true, true, false), PATH_COOKIE, NULL },
		{ true, false, MAY_COOKIE, DEVICE(true, true, false), PATH_COOKIE, NULL },
		{ true, true, ALL, DEVICE(false, true, false), PATH_MONITOR, "XDP program is not" },
		{ true, true, ALL & ~MAY_COOKIE, DEVICE(true, true, false), PATH_MONITOR,
		  "tcp_syncookies is 0|sysctl -w net.ipv4.tcp_syncookies=1" },
		{ false, true, 0, DEVICE(true, false, false), PATH_MONITOR, "tcp_syncookies=1" },
		{ false, true, ALL, DEVICE(true, false, false), PATH_KERNEL_COOKIE,
		  NO_KFUNC "|kernel's own cookies" },
		{ false, false, ALL, DEVICE(true, false, false), PATH_MONITOR, NO_KFUNC },
		{ true, true, ALL, DEVICE(true, false, false), PATH_KERNEL_COOKIE,
		  "TC half is not attached|kernel's own cookies" },
		{ true, false, ALL, DEVICE(true, false, false), PATH_MONITOR,
		  "TC half is not attached" },
		{ true, true, ALL, DEVICE(true, true, true), PATH_KERNEL_COOKIE,
		  "sees no packets|bpftool net|kernel's own cookies" },
		{ true, false, ALL, DEVICE(true, true, true), PATH_MONITOR, "sees no packets" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rung_means means =
			means_of(rows[i].can_hand_off, rows[i].can_kernel_cookie, rows[i].may);
		struct rung got;

		memset(&got, 0xff, sizeof(got));
		rung_of_device(&means, &rows[i].device, &got);
		if (got.path != rows[i].path)
			fail_msg("row %zu: %s", i, path_name(got.path));
		says(got.why, rows[i].why);
	}
}

/* What the kernel's own cookies cost is said only where it is so. */
static void test_sysctls(void **state)
{
	static const struct rung_device device = { .has_xdp = true };
	static const __u32 all[] = { MAY_COOKIE, MAY_COOKIE | KERNEL_COOKIES_ALWAYS,
				     MAY_COOKIE | MAY_TIMESTAMPS | MAY_KERNEL_OPTIONS, ALL };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct rung_means means = means_of(false, true, all[i]);
		struct rung got;

		rung_of_device(&means, &device, &got);
		assert_int_equal(got.path, PATH_KERNEL_COOKIE);
		assert_int_equal(!strstr(got.why, TWO_COOKIES), !!(all[i] & KERNEL_COOKIES_ALWAYS));
		assert_int_equal(!strstr(got.why, TWO_TIMESTAMPS), !!(all[i] & MAY_KERNEL_OPTIONS));
	}
}

static void test_row(void **state)
{
	static const struct {
		enum path device;
		bool can_kernel_cookie;
		enum svc_mode mode;
		__u32 nr, nr_mptcp, black_hole_seconds;
		enum path path;
		const char *why;
		__u32 by_kernel_seconds;
	} rows[] = {
		{ PATH_COOKIE, true, SVC_AUTO, 1, 0, 0, PATH_KERNEL_COOKIE,
		  "NAT on this host|'synward arm web'|in 20m|kernel's own cookies", 1200 },
		{ PATH_COOKIE, true, SVC_AUTO, 1, 0, 600, PATH_MONITOR, "DNAT", 1200 },
		{ PATH_COOKIE, true, SVC_AUTO, 1, 0, 0, PATH_COOKIE, NULL, 0 },
		{ PATH_COOKIE, true, SVC_ALWAYS, 0, 0, 0, PATH_COOKIE, NULL, 0 },
		{ PATH_COOKIE, true, SVC_OFF, 1, 1, 0, PATH_MONITOR,
		  "mode is off|synward mode web auto", 0 },
		{ PATH_COOKIE, true, SVC_MONITOR, 1, 0, 9, PATH_MONITOR, "mode is monitor", 0 },
		{ PATH_COOKIE, true, SVC_AUTO, 3, 1, 0, PATH_KERNEL_COOKIE,
		  "1 of 3 listeners is MPTCP|GODEBUG=multipathtcp=0|kernel's own cookies", 0 },
		{ PATH_COOKIE, true, SVC_AUTO, 2, 2, 0, PATH_KERNEL_COOKIE,
		  "2 of 2 listeners are MPTCP", 0 },
		{ PATH_COOKIE, false, SVC_AUTO, 2, 2, 0, PATH_MONITOR, "2 of 2 listeners", 0 },
		{ PATH_COOKIE, true, SVC_ALWAYS, 1, 1, 600, PATH_MONITOR,
		  "DNAT|firewall|'synward arm web'|tried again in 10m", 0 },
		{ PATH_COOKIE, true, SVC_AUTO, 1, 0, 14399, PATH_MONITOR, "tried again in 4h", 0 },
		{ PATH_COOKIE, true, SVC_AUTO, 1, 0, 1, PATH_MONITOR, "tried again in 1m", 0 },
		{ PATH_KERNEL_COOKIE, true, SVC_AUTO, 1, 1, 0, PATH_KERNEL_COOKIE, "the device's",
		  0 },
		{ PATH_KERNEL_COOKIE, true, SVC_AUTO, 1, 0, 60, PATH_MONITOR, "DNAT", 0 },
		{ PATH_MONITOR, true, SVC_AUTO, 1, 1, 60, PATH_MONITOR, "the device's", 0 },
		{ PATH_MONITOR, true, SVC_ALWAYS, 1, 0, 0, PATH_MONITOR, "the device's", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rung_means means = means_of(true, rows[i].can_kernel_cookie, ALL);
		struct row_listeners listeners = { .nr = rows[i].nr, .nr_mptcp = rows[i].nr_mptcp };
		struct rung_row row = { "web", rows[i].mode, &listeners, rows[i].black_hole_seconds,
					rows[i].by_kernel_seconds };
		struct rung device = { .path = rows[i].device }, got;

		if (device.path != PATH_COOKIE)
			strcpy(device.why, "the device's");
		memset(&got, 0xff, sizeof(got));
		rung_of_row(&means, &device, &row, &got);
		if (got.path != rows[i].path)
			fail_msg("row %zu: %s", i, path_name(got.path));
		says(got.why, rows[i].why);
	}
}

/* Nothing is cut: the longest cause, and all that is said behind it. */
static void test_longest(void **state)
{
	static const struct rung_device device = { .has_xdp = true };
	struct rung_means means = means_of(false, true, MAY_COOKIE);
	struct rung got;

	(void)state;
	memset(means.why_no_hand_off, 'x', sizeof(means.why_no_hand_off) - 1);
	rung_of_device(&means, &device, &got);
	says(got.why, "tcp_timestamps=2' keeps them");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_device),
		cmocka_unit_test(test_device_at_fault),
		cmocka_unit_test(test_device_is_not_to_be),
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_sysctls),
		cmocka_unit_test(test_row),
		cmocka_unit_test(test_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
