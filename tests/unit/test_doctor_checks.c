/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: cli/doctor_checks.c cli/doctor_devices.c cli/doctor_sysctls.c cli/doctor_look.c cli/iptables_rules.c cli/out.c daemon/facts.c daemon/offloads.c daemon/state_file.c */
/*
 * What is made of the daemon's answers, made up: each row changes one thing of a host where all is
 * well, and names the check that must say so. And the reading of what others print.
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

#include "../../cli/doctor_checks.h"
#include "../../cli/doctor_look.h"
#include "cleanup.h"
#include "facts.h"
#include "json.h"

static const char *const well_status =
	"{\"state_write_errors\": 0, \"interfaces\": [{\"name\": \"eth0\", \"state\": "
	"\"attached\", "
	"\"unconfirmed_seconds\": null, \"xdp_mode\": \"native\", \"tc\": \"tcx\", "
	"\"path\": "
	"\"cookie\", \"why\": null}], \"services\": [{\"name\": \"web\", \"port\": 443, \"mode\": "
	"\"auto\", \"path\": \"cookie\", \"why\": null}]}";
static const char *const well_facts =
	"{\"reply\": \"tx\", \"on_stop\": {\"keeps\": true, \"pin_path\": null, \"error\": null}, "
	"\"state\": "
	"{\"directory\": \"/var/lib/synward\", \"error\": null}, "
	"\"sysctls\": {\"net.core.bpf_jit_enable\": 1, \"net.netfilter.nf_conntrack_count\": 899, "
	"\"net.netfilter.nf_conntrack_max\": 1000, \"net.ipv4.tcp_syncookies\": 1, "
	"\"net.ipv4.tcp_timestamps\": 1, \"net.ipv4.tcp_sack\": 1, "
	"\"net.ipv4.tcp_window_scaling\": "
	"1, \"net.core.somaxconn\": 4096, \"net.ipv4.conf.lo.forwarding\": 0, "
	"\"net.ipv6.conf.lo.forwarding\": 0, \"net.netfilter.nf_conntrack_tcp_loose\": 1}, "
	"\"interfaces\": [{\"name\": \"eth0\", \"mtu\": 1500, \"rx_vlan_offload\": true, "
	"\"lro\": false, \"gro_hw\": false, "
	"\"vlans\": "
	"[]}], \"services\": [{\"name\": \"web\", \"port\": 443, \"addresses\": [], \"listeners\": "
	"1, \"mptcp_listeners\": 0, \"backlog\": 511, \"accept_queue\": 0}]}";

#define VLAN "[{\"name\": \"eth0.7\", \"mtu\": 1400}]"

static const struct {
	const char *replace, *by;          /* in either text */
	const char *name, *status, *words; /* name NULL: all is well */
} rows[] = {
	{ "\"reply\"", "\"reply\"", NULL, NULL, NULL },
	{ "\"path\": \"cookie\", \"why\": null}], \"services\"",
	  "\"path\": \"monitor\", \"why\": \"it's off; 'sysctl -w x=1' helps\"}], \"services\"",
	  "interface eth0", "fail", "it's off|=> sysctl -w x=1" },
	{ "\"path\": \"cookie\", \"why\": null}], \"services\"",
	  "\"path\": \"monitor\", \"why\": \"gone\"}], \"services\"", "interface eth0", "fail",
	  "gone|=> bpftool net show dev eth0" },
	{ "\"path\": \"cookie\", \"why\": null}], \"services\"",
	  "\"path\": \"kernel-cookie\", \"why\": \"old\"}], \"services\"", "interface eth0", "warn",
	  "kernel-cookie: old" },
	{ "\"path\": \"cookie\", \"why\": null}], \"services\"",
	  "\"path\": \"kernel-cookie\", \"why\": \"old\"}], \"services\"",
	  "net.ipv4.tcp_syncookies", "warn", "=> sysctl -w net.ipv4.tcp_syncookies=2" },
	{ "\"path\": \"cookie\", \"why\": null}], \"services\"",
	  "\"path\": \"kernel-cookie\", \"why\": \"old\"}], \"services\"",
	  "net.ipv4.tcp_timestamps", "warn", "=> sysctl -w net.ipv4.tcp_timestamps=2" },
	{ "\"native\"", "\"generic\"", "xdp eth0", "warn", "generic|=> ethtool -i eth0" },
	{ "\"native\"", "\"none\"", "xdp eth0", "fail", "=> bpftool net show dev eth0" },
	{ "\"tcx\"", "\"none\"", "tc eth0", "fail", "=> bpftool net show dev eth0" },
	{ "tcp_syncookies\": 1", "tcp_syncookies\": 0", "net.ipv4.tcp_syncookies", "fail",
	  "=> sysctl -w net.ipv4.tcp_syncookies=1" },
	{ "tcp_syncookies\": 1", "tcp_syncookies\": null", "net.ipv4.tcp_syncookies", "fail",
	  "CONFIG_SYN_COOKIES" },
	{ "tcp_syncookies\": 1", "tcp_syncookies\": 2", NULL, NULL, NULL },
	{ "tcp_timestamps\": 1", "tcp_timestamps\": 0", "net.ipv4.tcp_timestamps", "warn",
	  "=> sysctl -w net.ipv4.tcp_timestamps=1" },
	{ "tcp_sack\": 1", "tcp_sack\": 0", "net.ipv4.tcp_sack", "warn", "SACK|=> sysctl -w" },
	{ "window_scaling\": 1", "window_scaling\": 0", "net.ipv4.tcp_window_scaling", "warn",
	  "window scale" },
	{ "tcp_loose\": 1", "tcp_loose\": 0", "net.netfilter.nf_conntrack_tcp_loose", "warn",
	  "=> sysctl -w net.netfilter.nf_conntrack_tcp_loose=1" },
	{ "_count\": 899", "_count\": 900", "net.netfilter.nf_conntrack_max", "warn",
	  "900 of 1000|=> sysctl -w net.netfilter.nf_conntrack_max=2000" },
	{ "_max\": 1000", "_max\": null", NULL, NULL, NULL },
	{ "jit_enable\": 1", "jit_enable\": 0", "net.core.bpf_jit_enable", "warn",
	  "=> sysctl -w net.core.bpf_jit_enable=1" },
	{ "jit_enable\": 1", "jit_enable\": null", NULL, NULL, NULL },
	{ "synward\", \"error\": null", "synward\", \"error\": \"No space left on device\"",
	  "state-directory", "warn",
	  "/var/lib/synward: No space|=> ls -ld /var/lib/synward; df -h /var/lib/synward" },
	{ "state_write_errors\": 0", "state_write_errors\": 1", "state-directory", "ok",
	  "/var/lib/synward; 1 write has failed since" },
	{ "state_write_errors\": 0", "state_write_errors\": 2", "state-directory", "ok",
	  "/var/lib/synward; 2 writes have failed since" },
	{ "\"/var/lib/synward\"", "null", NULL, NULL, NULL },
	{ "true, \"pin_path\": null", "false, \"pin_path\": null", NULL, NULL, NULL },
	{ "true, \"pin_path\": null, \"error\": null",
	  "false, \"pin_path\": \"/sys/fs/bpf/x\", \"error\": \"no BPF file system\"", "on-stop",
	  "warn", "pin-path /sys/fs/bpf/x: no BPF|=> mount -t bpf bpf /sys/fs/bpf" },
	{ "true, \"pin_path\": null, \"error\": null",
	  "false, \"pin_path\": \"/sys/fs/bpf/x\", \"error\": \"Permission denied\"", "on-stop",
	  "warn", "x: Permission|=> journalctl -u synwardd" },
	{ "\"tx\"", "\"fib\"", "net.ipv4.conf.lo.forwarding", "fail",
	  "=> sysctl -w net.ipv4.conf.lo.forwarding=1" },
	{ "\"tx\"", "\"fib\"", "net.ipv6.conf.lo.forwarding", "fail",
	  "=> sysctl -w net.ipv6.conf.lo.forwarding=1" },
	{ "\"mtu\": 1500", "\"mtu\": 1200", "mtu eth0", "warn", "=> ip link set eth0 mtu 1280" },
	{ "\"lro\": false", "\"lro\": true", "merging eth0", "warn",
	  "LRO is on|=> ethtool -K eth0 lro off && synward detach eth0 && synward attach eth0" },
	{ "\"gro_hw\": false", "\"gro_hw\": true", "merging eth0", "warn",
	  "GRO is on|=> ethtool -K eth0 rx-gro-hw off &&" },
	{ "\"attached\"", "\"absent\"", "interface eth0", "fail", "absent|=> ip link" },
	{ "\"attached\"", "\"detached\"", "interface eth0", "warn",
	  "by command|=> synward attach eth0" },
	{ "\"unconfirmed_seconds\": null", "\"unconfirmed_seconds\": 42", "attach eth0", "warn",
	  "42 s|=> synward confirm" },
	{ "\"vlans\": []", "\"vlans\": " VLAN, "vlan eth0", "warn",
	  "=> ethtool -K eth0 rxvlan off" },
	{ "\"vlans\": []", "\"vlans\": " VLAN, "mtu eth0.7", "warn",
	  "1400|=> ip link set eth0.7 mtu 1500" },
	{ "offload\": true, \"lro\": false, \"gro_hw\": false, \"vlans\": []",
	  "offload\": false, \"vlans\": [{\"name\": \"eth0.7\", \"mtu\": 1500}]", NULL, NULL,
	  NULL },
	{ "\"path\": \"cookie\", \"why\": null}]}",
	  "\"path\": \"monitor\", \"why\": \"arrive nowhere; 'synward arm web'; again\"}]}",
	  "service web:443", "fail", "arrive nowhere|=> synward arm web" },
	{ "\"auto\"", "\"monitor\"", "service web:443", "warn", "=> synward mode web auto" },
	{ "\"auto\"", "\"off\"", "services", "fail", "no service" },
	{ "\"listeners\": 1", "\"listeners\": 0", "listener web:443", "warn",
	  "nobody|=> ss -ltn 'sport = :443'" },
	{ "\"mptcp_listeners\": 0", "\"mptcp_listeners\": 1", "listener web:443", "warn",
	  "1 of 1|=> GODEBUG=multipathtcp=0" },
	{ "\"backlog\": 511", "\"backlog\": 128", "backlog web:443", "warn",
	  "=> ss -ltnp 'sport = :443'" },
	{ "4096", "128", NULL, NULL, NULL },
	{ "\"accept_queue\": 0", "\"accept_queue\": 512", "backlog web:443", "warn", "512 of 511" },
	{ "\"accept_queue\": 0", "\"accept_queue\": 511", NULL, NULL, NULL },
};

/* `text` with the first `replace` in it by the other. */
static json_t *changed(const char *text, const char *replace, const char *by, bool *ret_is_there)
{
	const char *at = strstr(text, replace);
	char *all __cleanup(cleanup_free) = NULL;
	json_t *json;

	*ret_is_there |= at != NULL;
	assert_true(asprintf(&all, "%.*s%s%s", (int)(at ? at - text : 0), text, at ? by : "",
			     at ? at + strlen(replace) : text) >= 0);
	json = json_loads(all, 0, NULL);
	if (!json)
		fail_msg("no JSON: %s", all);
	return json;
}

static json_t *examine(const json_t *status, const json_t *facts)
{
	json_t *checks = json_array();

	check_interfaces(checks, status);
	check_sysctls(checks, status, facts);
	check_conntrack(checks, facts, false);
	check_state(checks, status, facts);
	check_on_stop(checks, facts);
	check_reply(checks, facts);
	check_devices(checks, facts);
	check_services(checks, status, facts);
	return checks;
}

static void says(const json_t *checks, const char *name, const char *status, const char *words)
{
	char *all __cleanup(cleanup_free) = json_dumps(checks, JSON_INDENT(1));
	const json_t *check;
	size_t i;

	json_array_foreach ((json_t *)checks, i, check) {
		const char *is = json_string_value(json_object_get(check, "status"));
		char *copy __cleanup(cleanup_free) = strdup(words ?: "");
		char *text __cleanup(cleanup_free) = NULL, *rest = copy, *word;

		if (name && strcmp(json_string_value(json_object_get(check, "name")), name))
			continue;
		if (strcmp(is, name ? status : "ok"))
			fail_msg("%s is not '%s': %s", name, status, all);
		assert_true(asprintf(&text, "%s => %s",
				     json_string_value(json_object_get(check, "detail")),
				     json_string_value(json_object_get(check, "remedy"))) > 0);
		while ((word = strsep(&rest, "|")))
			if (!strstr(text, word))
				fail_msg("%s: '%s' is not in '%s'", name, word, text);
		if (name)
			return;
	}
	if (name)
		fail_msg("there is no check %s: %s", name, all);
}

static void test_checks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool is_there = false, is_failing = rows[i].name && !strcmp(rows[i].status, "fail");
		json_t *status __cleanup(cleanup_json) =
			changed(well_status, rows[i].replace, rows[i].by, &is_there);
		json_t *facts __cleanup(cleanup_json) =
			changed(well_facts, rows[i].replace, rows[i].by, &is_there);
		json_t *checks __cleanup(cleanup_json) = examine(status, facts);

		if (!is_there)
			fail_msg("row %zu changes nothing", i);
		says(checks, rows[i].name, rows[i].status, rows[i].words);
		if (is_failing && !checks_failed(checks))
			fail_msg("row %zu does not fail", i);
		if (!rows[i].name && checks_failed(checks))
			fail_msg("row %zu fails", i);
	}
}

static void test_conntrack(void **state)
{
	json_t *checks __cleanup(cleanup_json) = json_array();
	json_t *strict __cleanup(cleanup_json) =
		json_pack("{s:{s:i}}", "sysctls", "net.netfilter.nf_conntrack_tcp_loose", 0);
	json_t *none __cleanup(cleanup_json) =
		json_pack("{s:{s:n}}", "sysctls", "net.netfilter.nf_conntrack_tcp_loose");

	(void)state;
	check_conntrack(checks, none, true);
	assert_int_equal(json_array_size(checks), 0);
	check_conntrack(checks, strict, true);
	says(checks, "net.netfilter.nf_conntrack_tcp_loose", "fail", "drops every handshake");
}

static void test_daemon(void **state)
{
	json_t *status __cleanup(cleanup_json) =
		json_pack("{s:s, s:i}", "version", "1.2", "uptime_seconds", 90);
	json_t *same __cleanup(cleanup_json) = json_array();
	json_t *older __cleanup(cleanup_json) = json_array();

	(void)state;
	check_daemon(same, status, "1.2");
	check_group(same, true);
	says(same, NULL, NULL, NULL);
	check_daemon(older, status, "1.3");
	says(older, "daemon", "warn", "synwardd 1.2|synward is 1.3|=> systemctl restart synwardd");
	check_group(older, false);
	says(older, "group synward", "warn", "cannot connect|=> systemctl restart synwardd");
	assert_false(checks_failed(older));
}

static void test_btf(void **state)
{
	json_t *with __cleanup(cleanup_json) = json_array();
	json_t *without __cleanup(cleanup_json) = json_array();

	(void)state;
	check_btf(with, true);
	says(with, NULL, NULL, NULL);
	check_btf(without, false);
	says(without, "btf", "fail", "CONFIG_DEBUG_INFO_BTF");
}

static void test_reading(void **state)
{
	static const char *const ipvs =
		"IP Virtual Server version 1.2.1 (size=4096)\n"
		"Prot LocalAddress:Port Scheduler Flags\n"
		"  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n"
		"TCP  C0000201:0050 rr \n"
		"  -> 0A000001:01BB      Masq    1      0          0         \n"
		"UDP  C0000201:0035 rr \n"
		"TCP  [2001:0db8:0000:0000:0000:0000:0000:0001]:1F90 rr \n";
	static const char *const vlans = "VLAN Dev name	 | VLAN ID\n"
					 "Name-Type: VLAN_NAME_TYPE_RAW_PLUS_VID_NO_PAD\n"
					 "eth0.100       | 100  | eth0\n"
					 "vlan7          | 7  | eth1\n";
	json_t *found __cleanup(cleanup_json) = facts_vlans(vlans, "eth0");
	json_t *none __cleanup(cleanup_json) = facts_vlans(NULL, "eth0");

	(void)state;
	assert_true(look_ipvs_has_port(ipvs, 80));
	assert_true(look_ipvs_has_port(ipvs, 8080));
	assert_false(look_ipvs_has_port(ipvs, 443)); /* of the server behind it */
	assert_false(look_ipvs_has_port(ipvs, 53));
	assert_false(look_ipvs_has_port("", 80));
	assert_int_equal(json_array_size(found), 1);
	assert_string_equal(json_string_value(json_array_get(found, 0)), "eth0.100");
	assert_int_equal(json_array_size(none), 0);
}

static void test_run(void **state)
{
	const char *const programs[] = { "/no/such/echo", "/bin/echo", NULL };
	const char *const shells[] = { "/bin/sh", NULL };
	char *text = NULL;

	(void)state;
	assert_int_equal(look_run(programs, (const char *[]){ "a; b", "$c", NULL }, &text), 0);
	assert_string_equal(text, "a; b $c\n");
	free(text);
	text = NULL;
	assert_int_equal(look_run(programs + 2, (const char *[]){ NULL }, &text), -ENOENT);
	assert_int_equal(look_run(shells, (const char *[]){ "-c", "echo x; exit 3", NULL }, &text),
			 -EIO);
	assert_null(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checks),  cmocka_unit_test(test_conntrack),
		cmocka_unit_test(test_btf),     cmocka_unit_test(test_daemon),
		cmocka_unit_test(test_reading), cmocka_unit_test(test_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
