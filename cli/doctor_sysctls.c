// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel is set to, as far as it decides whether SYNs are answered and what connections
 * get: TCP, conntrack, and the forwarding that the routes of reply = fib need.
 */
#include <stdio.h>
#include <string.h>

#include "doctor_checks.h"
#include "out.h"

static bool has_path(const json_t *list, const char *path)
{
	const json_t *one;
	size_t i;

	json_array_foreach ((json_t *)list, i, one)
		if (!strcmp(out_text_of(one, "path"), path))
			return true;
	return false;
}

static void check_syncookies(json_t *checks, const json_t *facts, bool is_kernel_cookie)
{
	const char *name = "net.ipv4.tcp_syncookies";
	json_int_t value = fact_sysctl(facts, name, -1);

	if (value == 0)
		check_add(checks, name, "fail", "sysctl -w net.ipv4.tcp_syncookies=1",
			  "it is 0: the kernel would reset every connection that is handed to it, "
			  "so no SYN is answered");
	else if (value < 0)
		check_add(checks, name, "fail", "zgrep SYN_COOKIES /proc/config.gz",
			  "this kernel does not have it (CONFIG_SYN_COOKIES)");
	else if (value == 1 && is_kernel_cookie)
		check_add(checks, name, "warn", "sysctl -w net.ipv4.tcp_syncookies=2",
			  "it is 1: on the path kernel-cookie SYNs are answered only once the "
			  "listener's queue is full");
	else
		check_add(checks, name, "ok", NULL, "%d", (int)value);
}

static void check_timestamps(json_t *checks, const json_t *facts, bool is_kernel_cookie)
{
	const char *name = "net.ipv4.tcp_timestamps";
	json_int_t value = fact_sysctl(facts, name, -1);

	if (value == 0)
		check_add(checks, name, "warn", "sysctl -w net.ipv4.tcp_timestamps=1",
			  "it is 0: cookies are weaker and carry fewer options");
	else if (value == 1 && is_kernel_cookie)
		check_add(checks, name, "warn", "sysctl -w net.ipv4.tcp_timestamps=2",
			  "it is 1: on the path kernel-cookie clients get neither timestamps, SACK "
			  "nor window scale");
	else
		check_add(checks, name, "ok", NULL, "%d", (int)value);
}

/* Not told of where it is another's: in a network namespace of its own. */
static void check_jit(json_t *checks, const json_t *facts)
{
	const char *name = "net.core.bpf_jit_enable";
	json_int_t value = fact_sysctl(facts, name, -1);

	if (value > 0)
		check_add(checks, name, "ok", NULL, "%d", (int)value);
	else if (!value)
		check_add(checks, name, "warn", "sysctl -w net.core.bpf_jit_enable=1",
			  "it is 0: the programs are interpreted, and each packet costs several "
			  "times as much");
}

void check_sysctls(json_t *checks, const json_t *status, const json_t *facts)
{
	static const char *const plain[][2] = {
		{ "net.ipv4.tcp_sack", "SACK" },
		{ "net.ipv4.tcp_window_scaling", "window scale" },
	};
	bool is_kernel_cookie = has_path(json_object_get(status, "interfaces"), "kernel-cookie") ||
				has_path(json_object_get(status, "services"), "kernel-cookie");
	char remedy[64];

	check_syncookies(checks, facts, is_kernel_cookie);
	check_timestamps(checks, facts, is_kernel_cookie);
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		json_int_t value = fact_sysctl(facts, plain[i][0], -1);

		snprintf(remedy, sizeof(remedy), "sysctl -w %s=1", plain[i][0]);
		if (value)
			check_add(checks, plain[i][0], "ok", NULL, "%d", (int)value);
		else
			check_add(checks, plain[i][0], "warn", remedy,
				  "it is 0: no connection gets %s", plain[i][1]);
	}
	check_jit(checks, facts);
}

static void check_conntrack_room(json_t *checks, const json_t *facts)
{
	const char *name = "net.netfilter.nf_conntrack_max";
	json_int_t nr = fact_sysctl(facts, "net.netfilter.nf_conntrack_count", -1);
	json_int_t max = fact_sysctl(facts, name, -1);
	char remedy[64];

	if (nr < 0 || max <= 0)
		return;
	snprintf(remedy, sizeof(remedy), "sysctl -w %s=%lld", name, (long long)max * 2);
	if (nr >= max - max / 10)
		check_add(checks, name, "warn", remedy,
			  "%lld of %lld connections are tracked: when there is no room, the kernel "
			  "drops new ones, those that were proved among them",
			  (long long)nr, (long long)max);
	else
		check_add(checks, name, "ok", NULL, "%lld", (long long)max);
}

void check_conntrack(json_t *checks, const json_t *facts, bool drops_invalid)
{
	const char *name = "net.netfilter.nf_conntrack_tcp_loose";
	const char *remedy = "sysctl -w net.netfilter.nf_conntrack_tcp_loose=1";
	json_int_t value = fact_sysctl(facts, name, -1);

	if (value < 0)
		return; /* no conntrack */
	check_conntrack_room(checks, facts);
	if (value)
		check_add(checks, name, "ok", NULL, "%d", (int)value);
	else if (drops_invalid)
		check_add(checks, name, "fail", remedy,
			  "it is 0, and a rule drops what is invalid: so it drops every handshake "
			  "that ends with a cookie, whose SYN conntrack never saw");
	else
		check_add(checks, name, "warn", remedy,
			  "it is 0: conntrack calls every connection that began with a cookie "
			  "invalid; a rule that drops those would drop all of them");
}

void check_reply(json_t *checks, const json_t *facts)
{
	static const char *const forwarding[] = { "net.ipv4.conf.lo.forwarding",
						  "net.ipv6.conf.lo.forwarding" };
	const char *reply = out_text_of(facts, "reply");
	char remedy[64];

	if (strcmp(reply, "fib")) {
		check_add(checks, "reply", "ok", NULL,
			  "answers go back to the MAC address that the SYN came from");
		return;
	}
	for (size_t i = 0; i < sizeof(forwarding) / sizeof(forwarding[0]); i++) {
		json_int_t value = fact_sysctl(facts, forwarding[i], -1);

		snprintf(remedy, sizeof(remedy), "sysctl -w %s=1", forwarding[i]);
		if (value == 0)
			check_add(checks, forwarding[i], "fail", remedy,
				  "it is 0: with reply = fib the kernel tells no route, so SYNs of "
				  "that family are not answered; 1 makes no router of this host");
		else if (value > 0)
			check_add(checks, forwarding[i], "ok", NULL, "%d", (int)value);
	}
}
