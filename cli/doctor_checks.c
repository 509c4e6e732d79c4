// SPDX-License-Identifier: GPL-2.0-only
/*
 * One function for each thing that is looked at. "fail" is what leaves a service without protection
 * or without clients; "warn" is what weakens it, or is the operator's own choice.
 */
#include "doctor_checks.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "out.h"
#include "proto.h"

#define BACKLOG_SMALL 128 /* of a listener in mode auto: a few SYNs a second fill it */
#define MTU_IPV6 1280

void check_add(json_t *checks, const char *name, const char *status, const char *remedy,
	       const char *format, ...)
{
	char *detail __cleanup(cleanup_free) = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&detail, format, args) < 0)
		detail = NULL;
	va_end(args);
	json_array_append_new(checks, json_pack("{s:s, s:s, s:s?, s:s?}", "name", name, "status",
						status, "detail", detail, "remedy", remedy));
}

bool checks_failed(const json_t *checks)
{
	const json_t *check;
	size_t i;

	json_array_foreach ((json_t *)checks, i, check)
		if (!strcmp(out_text_of(check, "status"), "fail"))
			return true;
	return false;
}

const char *check_service_name(const char *kind, const json_t *service,
			       char buffer[CHECK_NAME_SIZE])
{
	snprintf(buffer, CHECK_NAME_SIZE, "%s %s:%d", kind, out_text_of(service, "name"),
		 (int)out_integer_of(service, "port"));
	return buffer;
}

bool is_answering_mode(const json_t *service)
{
	const char *mode = out_text_of(service, "mode");

	return !strcmp(mode, "auto") || !strcmp(mode, "always");
}

/* The first command that synwardd's words quote; NULL: none. To be freed. A quote stands behind a
 * blank, an apostrophe does not. */
static char *quoted_command(const char *why)
{
	const char *from = why ? strstr(why, " '") : NULL;
	const char *to = from ? strchr(from + 2, '\'') : NULL;

	return to ? strndup(from + 2, (size_t)(to - from - 2)) : NULL;
}

/* ---- interfaces ---- */

/* How SYNs are answered, and why not better. A remedy of the daemon's own words goes first. */
static void check_path(json_t *checks, const char *name, const json_t *of, const char *otherwise)
{
	const char *path = out_text_of(of, "path");
	const char *why = json_string_value(json_object_get(of, "why"));
	char *command __cleanup(cleanup_free) = quoted_command(why);

	if (!strcmp(path, "cookie"))
		check_add(checks, name, "ok", NULL, "SYNs can be answered, by the path cookie");
	else if (!strcmp(path, "kernel-cookie"))
		check_add(checks, name, "warn", command, "path kernel-cookie: %s",
			  why ?: "no reason is known");
	else
		check_add(checks, name, "fail", command ?: otherwise, "no SYN is answered: %s",
			  why ?: "no reason is known");
}

static void check_xdp(json_t *checks, const json_t *interface, const char *look)
{
	const char *device = out_text_of(interface, "name");
	const char *mode = out_text_of(interface, "xdp_mode");
	char name[CHECK_NAME_SIZE], driver[64];

	snprintf(name, sizeof(name), "xdp %s", device);
	snprintf(driver, sizeof(driver), "ethtool -i %s", device);
	if (!strcmp(mode, "native"))
		check_add(checks, name, "ok", NULL, "native mode");
	else if (!strcmp(mode, "generic"))
		check_add(checks, name, "warn", driver,
			  "generic mode: the driver has no XDP of its own, and each packet costs "
			  "several times as much");
	else
		check_add(checks, name, "fail", look, "the XDP program is not attached");
}

static void check_tc(json_t *checks, const json_t *interface, const char *look)
{
	const char *tc = out_text_of(interface, "tc"), *path = out_text_of(interface, "path");
	char name[CHECK_NAME_SIZE];

	snprintf(name, sizeof(name), "tc %s", out_text_of(interface, "name"));
	if (strcmp(tc, "none"))
		check_add(checks, name, "ok", NULL, "attached as %s", tc);
	else if (!strcmp(path, "kernel-cookie"))
		check_add(checks, name, "ok", NULL, "not attached, and not needed by this path");
	else
		check_add(checks, name, "fail", look, "the TC half is not attached");
}

static void check_confirmed(json_t *checks, const json_t *interface)
{
	const json_t *left = json_object_get(interface, "unconfirmed_seconds");
	char name[CHECK_NAME_SIZE];

	snprintf(name, sizeof(name), "attach %s", out_text_of(interface, "name"));
	if (json_is_integer(left))
		check_add(checks, name, "warn", "synward confirm",
			  "it is not confirmed, and taken back in %d s",
			  (int)json_integer_value(left));
}

/* Is it one to attach to, as things are? If not that is all there is to say of it. */
static bool check_is_there(json_t *checks, const char *name, const json_t *interface)
{
	const char *device = out_text_of(interface, "name");
	const char *state = out_text_of(interface, "state");
	char remedy[64];

	snprintf(remedy, sizeof(remedy), "synward attach %s", device);
	if (!strcmp(state, "absent"))
		check_add(checks, name, "fail", "ip link",
			  "it is absent: no device is called so; it is attached as soon as there "
			  "is one");
	else if (!strcmp(state, "detached"))
		check_add(checks, name, "warn", remedy, "it was detached by command");
	else
		return true;
	return false;
}

void check_interfaces(json_t *checks, const json_t *status)
{
	const json_t *interface;
	size_t i;

	json_array_foreach (json_object_get(status, "interfaces"), i, interface) {
		const char *device = out_text_of(interface, "name");
		char name[CHECK_NAME_SIZE], look[64];

		snprintf(name, sizeof(name), "interface %s", device);
		snprintf(look, sizeof(look), "bpftool net show dev %s", device);
		if (!check_is_there(checks, name, interface))
			continue;
		check_path(checks, name, interface, look);
		check_confirmed(checks, interface);
		check_xdp(checks, interface, look);
		check_tc(checks, interface, look);
	}
}

/* ---- sysctls ---- */

json_int_t fact_sysctl(const json_t *facts, const char *name, json_int_t otherwise)
{
	const json_t *value = json_object_get(json_object_get(facts, "sysctls"), name);

	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

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

/* ---- the daemon's own ---- */

void check_daemon(json_t *checks, const json_t *status, const char *version)
{
	const char *is = out_text_of(status, "version");
	char uptime[OUT_NUMBER_SIZE];

	out_duration(out_integer_of(status, "uptime_seconds"), uptime);
	if (strcmp(is, version))
		check_add(checks, "daemon", "warn", "systemctl restart synwardd",
			  "synwardd %s, up %s, and synward is %s: it runs as it was before that "
			  "was installed",
			  is, uptime, version);
	else
		check_add(checks, "daemon", "ok", NULL, "synwardd %s, up %s", is, uptime);
}

void check_group(json_t *checks, bool is_its_own)
{
	if (is_its_own)
		check_add(checks, "group " PROTO_SOCKET_GROUP, "ok", NULL, "its members may look");
	else
		check_add(checks, "group " PROTO_SOCKET_GROUP, "warn", "systemctl restart synwardd",
			  "its members cannot connect, synward-exporter among them: the control "
			  "socket is not the group's, which may have been made after it");
}

/* "; 3 writes have failed since synwardd was started", or "": what could not be kept for a while
 * may be long mended, and whether it can be now is asked by other means. */
static const char *write_errors(const json_t *status, char *buffer, size_t size)
{
	json_int_t nr = out_integer_of(status, "state_write_errors");

	buffer[0] = '\0';
	if (nr)
		snprintf(buffer, size,
			 "; %" JSON_INTEGER_FORMAT " write%s failed since synwardd was started", nr,
			 nr == 1 ? " has" : "s have");
	return buffer;
}

void check_state(json_t *checks, const json_t *status, const json_t *facts)
{
	const json_t *state = json_object_get(facts, "state");
	const char *directory = json_string_value(json_object_get(state, "directory"));
	const char *error = json_string_value(json_object_get(state, "error"));
	char *remedy __cleanup(cleanup_free) = NULL;
	char failed[96];

	if (!directory)
		return; /* the quick start keeps nothing */
	write_errors(status, failed, sizeof(failed));
	if (error && asprintf(&remedy, "ls -ld %s; df -h %s", directory, directory) < 0)
		remedy = NULL;
	if (error)
		check_add(checks, "state-directory", "warn", remedy,
			  "nothing can be kept in %s: %s; what is learned, and what commands put "
			  "on the lists, is lost when synwardd stops%s",
			  directory, error, failed);
	else
		check_add(checks, "state-directory", "ok", NULL, "%s%s", directory, failed);
}

void check_on_stop(json_t *checks, const json_t *facts)
{
	const json_t *on_stop = json_object_get(facts, "on_stop");
	const char *pin_path = json_string_value(json_object_get(on_stop, "pin_path"));
	const char *error = json_string_value(json_object_get(on_stop, "error")) ?: "";

	if (!on_stop)
		return; /* a daemon from before an upgrade */
	if (pin_path)
		check_add(checks, "on-stop", "warn",
			  strcmp(error, "no BPF file system") ?
				  "journalctl -u synwardd | grep pin-path" :
				  "mount -t bpf bpf /sys/fs/bpf && systemctl restart synwardd",
			  "protection ends when synwardd stops, or is restarted: nothing can be "
			  "pinned under pin-path %s: %s",
			  pin_path, error);
	else if (json_is_true(json_object_get(on_stop, "keeps")))
		check_add(checks, "on-stop", "ok", NULL, "protection stays when synwardd stops");
	else
		check_add(checks, "on-stop", "ok", NULL, "detach: protection ends with synwardd");
}

void check_btf(json_t *checks, bool is_there)
{
	if (is_there)
		check_add(checks, "btf", "ok", NULL, "the kernel describes itself");
	else
		check_add(checks, "btf", "fail", "zgrep DEBUG_INFO_BTF /proc/config.gz",
			  "/sys/kernel/btf/vmlinux is not there, by which the programs find their "
			  "way in the kernel: it must be built with CONFIG_DEBUG_INFO_BTF");
}

/* ---- devices ---- */

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

static void check_vlans(json_t *checks, const json_t *device)
{
	const json_t *vlans = json_object_get(device, "vlans"), *vlan;
	const char *name = out_text_of(device, "name");
	char check[CHECK_NAME_SIZE], remedy[64];
	size_t i;

	snprintf(check, sizeof(check), "vlan %s", name);
	snprintf(remedy, sizeof(remedy), "ethtool -K %s rxvlan off", name);
	if (!json_array_size(vlans))
		return;
	if (json_is_true(json_object_get(device, "rx_vlan_offload")))
		check_add(checks, check, "warn", remedy,
			  "%zu VLAN devices are on %s, and it may take the tags off before XDP "
			  "sees them: their clients would get no answer",
			  json_array_size(vlans), name);
	else
		check_add(checks, check, "ok", NULL, "XDP sees the tags");
	json_array_foreach ((json_t *)vlans, i, vlan) {
		json_int_t mtu = out_integer_of(vlan, "mtu");

		snprintf(check, sizeof(check), "mtu %s", out_text_of(vlan, "name"));
		snprintf(remedy, sizeof(remedy), "ip link set %s mtu %d", out_text_of(vlan, "name"),
			 (int)out_integer_of(device, "mtu"));
		if (mtu && mtu < out_integer_of(device, "mtu"))
			check_add(checks, check, "warn", remedy,
				  "%d is less than that of %s below it, by which the MSS is "
				  "announced",
				  (int)mtu, name);
	}
}

/* Generic mode comes behind them, and the kernel switches them off for it; native mode is often
 * refused because of them. */
static void check_merging(json_t *checks, const json_t *device)
{
	const char *name = out_text_of(device, "name");
	const bool is_lro = json_is_true(json_object_get(device, "lro"));
	const bool is_gro = json_is_true(json_object_get(device, "gro_hw"));
	char check[CHECK_NAME_SIZE], remedy[128];

	snprintf(check, sizeof(check), "merging %s", name);
	snprintf(remedy, sizeof(remedy),
		 "ethtool -K %s%s%s && synward detach %s && synward attach %s", name,
		 is_lro ? " lro off" : "", is_gro ? " rx-gro-hw off" : "", name, name);
	if (is_lro || is_gro)
		check_add(
			checks, check, "warn", remedy,
			"%s%s%s is on: packets are merged before XDP could see them; most drivers "
			"refuse native XDP then",
			is_lro ? "LRO" : "", is_lro && is_gro ? " and " : "",
			is_gro ? "the NIC's GRO" : "");
	else
		check_add(checks, check, "ok", NULL, "no packets are merged before XDP");
}

void check_devices(json_t *checks, const json_t *facts)
{
	const json_t *device;
	size_t i;

	json_array_foreach (json_object_get(facts, "interfaces"), i, device) {
		const char *name = out_text_of(device, "name");
		json_int_t mtu = out_integer_of(device, "mtu");
		char check[CHECK_NAME_SIZE], remedy[64];

		snprintf(check, sizeof(check), "mtu %s", name);
		snprintf(remedy, sizeof(remedy), "ip link set %s mtu %d", name, MTU_IPV6);
		if (mtu >= MTU_IPV6)
			check_add(checks, check, "ok", NULL, "%d", (int)mtu);
		else
			check_add(checks, check, "warn", remedy, "%d: IPv6 needs %d", (int)mtu,
				  MTU_IPV6);
		check_merging(checks, device);
		check_vlans(checks, device);
	}
}

/* ---- services ---- */

static void check_listeners(json_t *checks, const json_t *service, const json_t *fact)
{
	const int port = (int)out_integer_of(service, "port");
	const json_int_t nr = out_integer_of(fact, "listeners");
	const json_int_t nr_mptcp = out_integer_of(fact, "mptcp_listeners");
	char name[CHECK_NAME_SIZE], remedy[64];

	check_service_name("listener", service, name);
	snprintf(remedy, sizeof(remedy), "ss -ltn 'sport = :%d'", port);
	if (!nr)
		check_add(checks, name, "warn", remedy, "nobody listens on port %d", port);
	else if (nr_mptcp)
		check_add(checks, name, "warn", "GODEBUG=multipathtcp=0",
			  "%d of %d listeners speak MPTCP (Go's default), and take no cookie of "
			  "ours; set this in the environment of a program in Go",
			  (int)nr_mptcp, (int)nr);
	else
		check_add(checks, name, "ok", NULL, "%d", (int)nr);
}

static void check_backlog(json_t *checks, const json_t *service, const json_t *fact,
			  json_int_t somaxconn)
{
	const json_int_t backlog = out_integer_of(fact, "backlog");
	const json_int_t queue = out_integer_of(fact, "accept_queue");
	char name[CHECK_NAME_SIZE], remedy[64];

	if (!out_integer_of(fact, "listeners"))
		return;
	check_service_name("backlog", service, name);
	snprintf(remedy, sizeof(remedy), "ss -ltnp 'sport = :%d'",
		 (int)out_integer_of(service, "port"));
	if (queue > backlog)
		check_add(checks, name, "warn", remedy,
			  "the accept queue is full (%d of %d): the application does not take its "
			  "connections, and SYNs are dropped",
			  (int)queue, (int)backlog);
	else if (backlog <= BACKLOG_SMALL && !strcmp(out_text_of(service, "mode"), "auto"))
		check_add(checks, name, "warn",
			  somaxconn <= BACKLOG_SMALL ? "sysctl -w net.core.somaxconn=4096" : remedy,
			  "%d: a few SYNs a second fill such a queue, so it is armed often; the "
			  "application asks for it in listen(), and net.core.somaxconn = %d bounds "
			  "it",
			  (int)backlog, (int)somaxconn);
	else
		check_add(checks, name, "ok", NULL, "%d", (int)backlog);
}

static const json_t *fact_of(const json_t *facts, const json_t *service)
{
	const json_t *fact;
	size_t i;

	json_array_foreach (json_object_get(facts, "services"), i, fact)
		if (out_integer_of(fact, "port") == out_integer_of(service, "port") &&
		    !strcmp(out_text_of(fact, "name"), out_text_of(service, "name")))
			return fact;
	return NULL;
}

void check_services(json_t *checks, const json_t *status, const json_t *facts)
{
	const json_int_t somaxconn = fact_sysctl(facts, "net.core.somaxconn", 4096);
	const json_t *service;
	size_t nr_answering = 0, i;

	json_array_foreach (json_object_get(status, "services"), i, service) {
		char name[CHECK_NAME_SIZE], remedy[CHECK_NAME_SIZE];

		check_service_name("service", service, name);
		snprintf(remedy, sizeof(remedy), "synward mode %s auto",
			 out_text_of(service, "name"));
		if (is_answering_mode(service))
			check_path(checks, name, service, "synward status");
		else
			check_add(checks, name, "warn", remedy, "mode %s answers no SYN",
				  out_text_of(service, "mode"));
		nr_answering += is_answering_mode(service);
		check_listeners(checks, service, fact_of(facts, service));
		check_backlog(checks, service, fact_of(facts, service), somaxconn);
	}
	if (!nr_answering)
		check_add(checks, "services", "fail", "synward mode SERVICE auto",
			  "no service is in a mode that answers SYNs");
}

/* ---- the self-test ---- */

const char *self_test_remedy(const json_t *result)
{
	const json_t *remedy = json_object_get(result, "remedy");

	/* Others have spent the share of the prefix, a flood maybe: that is over in a second. */
	if (!json_is_string(remedy) && !strcmp(out_text_of(result, "reason"), "syn_over_cap"))
		return "sleep 1; synward doctor # if it is so again: raise synack-per-prefix in "
		       "the config file, and restart synwardd";
	return json_string_value(remedy);
}
