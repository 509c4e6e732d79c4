// SPDX-License-Identifier: GPL-2.0-only
/*
 * `synward doctor`: all that makes protection ineffective or harmful, each with the reason and the
 * remedy; then, by root, a handshake of our own through the real path. Which check means what is
 * decided behind doctor_checks.h and doctor_rules.h.
 */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "cli.h"
#include "client.h"
#include "doctor_checks.h"
#include "doctor_look.h"
#include "doctor_rules.h"
#include "json.h"
#include "proto.h"

/*
 * Came with the change that makes NAT look, behind the hook of local delivery, whether it has
 * changed the port since a socket was found for the packet ("TCP edemux obtained wrong socket").
 * The request socket of a hand-off has no port yet, so it is taken for wrong. Seen on Linux 6.18.
 */
#define NAT_CHECK "nf_nat_ipv6_local_in"

static const struct out_table check_table = { "check", (const struct out_column[]){
							       OUT_TABS_COLUMN("status"),
							       OUT_TABS_COLUMN("name"),
							       OUT_TABS_COLUMN("detail"),
							       OUT_TABS_COLUMN("remedy"),
							       OUT_END,
						       } };

struct doctor {
	const struct cli *cli;
	json_t *status, *facts; /* what synwardd says */
	json_t *checks;
};

/* ---- rules of others ---- */

/* Only root sees the rules. Returns whether they can be looked at. */
static bool enter_namespace(struct doctor *d)
{
	int err;

	if (geteuid()) {
		check_add(d->checks, "firewall", "warn", "sudo synward doctor",
			  "not looked at, nor IPVS: that is for root");
		return false;
	}
	err = look_enter((int)out_integer_of(d->facts, "pid"),
			 (uint64_t)out_integer_of(d->facts, "netns"));
	if (!err)
		return true;
	check_add(d->checks, "firewall", "warn", NULL,
		  "not looked at, nor IPVS: synwardd works in another network namespace (inode "
		  "%lld), and it cannot be entered: %s; run synward where synwardd runs",
		  (long long)out_integer_of(d->facts, "netns"), strerror(-err));
	return false;
}

static void tell_looked(struct doctor *d, const struct looked *looked)
{
	char remedy[64];

	snprintf(remedy, sizeof(remedy), "apt install %s",
		 strcmp(looked->name, "nft") ? "iptables" : "nftables");
	if (looked->err == -ENOENT)
		check_add(d->checks, looked->name, "warn", remedy,
			  "its rules are not looked at: it is not installed");
	else if (looked->err)
		check_add(d->checks, looked->name, "warn", NULL, "its rules are not looked at: %s",
			  strerror(-looked->err));
}

static json_t *device_names(const json_t *facts)
{
	json_t *names = json_array();
	const json_t *device;
	size_t i;

	json_array_foreach (json_object_get(facts, "interfaces"), i, device) {
		json_array_append(names, json_object_get(device, "name"));
	}
	return names;
}

static void check_rules_of(struct doctor *d, const struct rules *rules, const json_t *fact,
			   const json_t *devices)
{
	const char *loose = "net.netfilter.nf_conntrack_tcp_loose";
	const struct rules_service service = { .name = out_text_of(fact, "name"),
					       .port = (int)out_integer_of(fact, "port"),
					       .addresses = json_object_get(fact, "addresses"),
					       .devices = devices,
					       .is_loose = fact_sysctl(d->facts, loose, 1),
					       .is_nat_harmful = look_has_symbol(NAT_CHECK) };
	json_t *found __cleanup(cleanup_json) = rules_judge(rules, &service);
	char name[CHECK_NAME_SIZE];
	const json_t *one;
	size_t i;

	check_service_name("firewall", fact, name);
	json_array_foreach (found, i, one) {
		check_add(d->checks, name, out_text_of(one, "status"),
			  json_string_value(json_object_get(one, "remedy")), "%s",
			  out_text_of(one, "detail"));
	}
	if (!json_array_size(found))
		check_add(d->checks, name, "ok", NULL, "no rule is in the way");
}

static void check_firewall(struct doctor *d)
{
	struct looked looked[LOOKED_MAX];
	json_t *devices __cleanup(cleanup_json) = device_names(d->facts);
	json_t *items __cleanup(cleanup_json) = NULL;
	struct rules *rules;
	const json_t *fact;
	size_t nr = 0, i;

	items = look_rules(looked, &nr);
	rules = rules_read(items);
	for (i = 0; i < nr; i++)
		tell_looked(d, &looked[i]);
	if (look_has_unknown(items))
		check_add(d->checks, "iptables", "warn", "apt install iptables",
			  "some of its rules are not looked at: nft cannot name them, and "
			  "iptables-nft-save is not installed");
	if (!rules)
		return;
	check_conntrack(d->checks, d->facts, rules_drop_invalid(rules));
	json_array_foreach (json_object_get(d->facts, "services"), i, fact) {
		check_rules_of(d, rules, fact, devices);
	}
	rules_free(rules);
}

static void check_ipvs(struct doctor *d)
{
	char *text __cleanup(cleanup_free) = look_file("/proc/net/ip_vs");
	char name[CHECK_NAME_SIZE], remedy[CHECK_NAME_SIZE];
	const json_t *fact;
	size_t i;

	if (!text)
		return; /* there is none */
	json_array_foreach (json_object_get(d->facts, "services"), i, fact) {
		check_service_name("ipvs", fact, name);
		snprintf(remedy, sizeof(remedy), "synward mode %s off", out_text_of(fact, "name"));
		if (look_ipvs_has_port(text, (int)out_integer_of(fact, "port")))
			check_add(d->checks, name, "fail", remedy,
				  "IPVS takes the port elsewhere, but a connection that was handed "
				  "to a listener cannot be forwarded");
		else
			check_add(d->checks, name, "ok", NULL, "not used for this port");
	}
}

/* ---- the self-test ---- */

/* What the tests of one service came to. */
struct self_tests {
	size_t nr_ok, nr_shown;
	json_t *unheard; /* where nobody listens: only of interest when nobody does at all */
};

static void take_result(struct doctor *d, struct self_tests *all, const char *name,
			const json_t *result)
{
	const char *status = out_text_of(result, "status");
	const char *unheard = "syn_no_listener"; /* or syn_no_listener_drop */
	json_t *to = strncmp(out_text_of(result, "reason"), unheard, strlen(unheard)) ?
			     d->checks :
			     all->unheard;
	char between[128] = "";

	if (!strcmp(status, "skip"))
		return;
	all->nr_ok += !strcmp(status, "ok");
	all->nr_shown++;
	if (json_is_string(json_object_get(result, "source")))
		snprintf(between, sizeof(between), " (%s to %s)", out_text_of(result, "source"),
			 out_text_of(result, "destination"));
	check_add(to, name, status, self_test_remedy(result), "%s%s", out_text_of(result, "detail"),
		  between);
}

static enum cli_exit self_test(struct doctor *d, struct self_tests *all, const char *device,
			       const json_t *service, int family)
{
	json_t *result __cleanup(cleanup_json) = NULL;
	char name[CHECK_NAME_SIZE], place[64];
	enum cli_exit end;

	/* each on a connection of its own: what was looked at since the last may have taken long */
	end = client_ask(d->cli, PROTO_SELF_TEST,
			 json_pack("{s:s, s:O, s:O, s:i}", "interface", device, "service",
				   json_object_get(service, "name"), "port",
				   json_object_get(service, "port"), "family", family),
			 &result);
	if (end)
		return end;
	check_service_name("self-test", service, name);
	snprintf(place, sizeof(place), " %s IPv%d", device, family);
	strncat(name, place, sizeof(name) - strlen(name) - 1);
	take_result(d, all, name, result);
	return CLI_DONE;
}

static enum cli_exit self_test_service(struct doctor *d, const json_t *service)
{
	struct self_tests all = { .unheard = json_array() };
	enum cli_exit end = CLI_DONE;
	char name[CHECK_NAME_SIZE];
	const json_t *interface;
	size_t i;

	json_array_foreach (json_object_get(d->status, "interfaces"), i, interface) {
		/* why it answers nothing was said already */
		if (!strcmp(out_text_of(interface, "path"), "monitor"))
			continue;
		for (int family = 4; family <= 6 && !end; family += 2)
			end = self_test(d, &all, out_text_of(interface, "name"), service, family);
	}
	if (!all.nr_ok)
		json_array_extend(d->checks, all.unheard);
	if (!end && !all.nr_shown)
		check_add(d->checks, check_service_name("self-test", service, name), "warn", NULL,
			  "not made: no interface that answers SYNs has an address of it");
	json_decref(all.unheard);
	return end;
}

static enum cli_exit self_tests(struct doctor *d)
{
	enum cli_exit end = CLI_DONE;
	const json_t *service;
	size_t i;

	if (d->cli->options[CLI_NO_SELF_TEST])
		return CLI_DONE;
	if (geteuid()) {
		check_add(d->checks, "self-test", "warn", "sudo synward doctor",
			  "not made: that is for root");
		return CLI_DONE;
	}
	/* why a service has no path was said already, as it is of interfaces */
	json_array_foreach (json_object_get(d->status, "services"), i, service)
		if (!end && is_answering_mode(service) &&
		    strcmp(out_text_of(service, "path"), "monitor"))
			end = self_test_service(d, service);
	return end;
}

/* ---- what is said ---- */

static void print_checks(const json_t *checks)
{
	const json_t *check;
	size_t width = 0, nr_warnings = 0, nr_failed = 0, i;

	json_array_foreach ((json_t *)checks, i, check)
		if (strlen(out_text_of(check, "name")) > width)
			width = strlen(out_text_of(check, "name"));
	json_array_foreach ((json_t *)checks, i, check) {
		const char *status = out_text_of(check, "status");
		const char *remedy = json_string_value(json_object_get(check, "remedy"));
		bool is_bad = !strcmp(status, "fail");

		nr_failed += is_bad;
		nr_warnings += !strcmp(status, "warn");
		printf("%s%-4s%s  %-*s  %s\n",
		       out_style(is_bad                ? OUT_BAD :
				 !strcmp(status, "ok") ? OUT_GOOD :
							 OUT_BOLD),
		       is_bad ? "FAIL" : status, out_style(OUT_PLAIN), (int)width,
		       out_text_of(check, "name"), out_text_of(check, "detail"));
		if (remedy)
			printf("      %-*s  -> %s\n", (int)width, "", remedy);
	}
	printf("\n%sprotection is %s%s: %zu checks, warn: %zu, FAIL: %zu\n",
	       out_style(nr_failed ? OUT_BAD : OUT_GOOD), nr_failed ? "not effective" : "effective",
	       out_style(OUT_PLAIN), json_array_size(checks), nr_warnings, nr_failed);
}

static enum cli_exit report(const struct cli *cli, json_t *checks)
{
	bool is_effective = !checks_failed(checks);
	json_t *all __cleanup(cleanup_json) =
		json_pack("{s:b, s:O}", "effective", is_effective, "checks", checks);

	switch (cli->format) {
	case OUT_JSON:
	case OUT_PRETTY:
		out_json(cli->format, all);
		break;
	case OUT_TABS:
		out_table(OUT_TABS, &check_table, checks);
		break;
	case OUT_TEXT:
		print_checks(checks);
		break;
	}
	return is_effective ? CLI_DONE : CLI_FAILED;
}

static enum cli_exit ask(struct doctor *d)
{
	return client_ask(d->cli, PROTO_STATUS, json_object(), &d->status) ?:
		       client_ask(d->cli, PROTO_DOCTOR, json_object(), &d->facts);
}

/* Without the group, the socket is root's alone, and that is fine. */
static void look_at_group(struct doctor *d)
{
	const struct group *group = getgrnam(PROTO_SOCKET_GROUP);
	struct stat st;

	if (group && !stat(d->cli->socket_path, &st))
		check_group(d->checks, st.st_gid == group->gr_gid && (st.st_mode & S_IWGRP));
}

static void examine(struct doctor *d)
{
	check_daemon(d->checks, d->status, VERSION);
	look_at_group(d);
	check_state(d->checks, d->status, d->facts);
	check_on_stop(d->checks, d->facts);
	check_interfaces(d->checks, d->status);
	check_sysctls(d->checks, d->status, d->facts);
	check_reply(d->checks, d->facts);
	check_devices(d->checks, d->facts);
	check_services(d->checks, d->status, d->facts);
	if (enter_namespace(d)) {
		check_firewall(d);
		check_ipvs(d);
	} else {
		check_conntrack(d->checks, d->facts, false);
	}
}

/* Nobody answers, which was said on standard error. What keeps it from starting? */
static void examine_host(struct doctor *d)
{
	check_add(d->checks, "daemon", "fail", "journalctl -u synwardd -n 20",
		  "synwardd does not run, and its last words tell why; what it left attached goes "
		  "on by itself, and nothing else is protected");
	check_btf(d->checks, !access("/sys/kernel/btf/vmlinux", R_OK));
}

enum cli_exit cli_doctor(const struct cli *cli, char **words)
{
	struct doctor d = { .cli = cli, .checks = json_array() };
	enum cli_exit end = ask(&d);

	(void)words;
	if (!end) {
		examine(&d);
		end = self_tests(&d);
	}
	if (end == CLI_NO_DAEMON) {
		examine_host(&d);
		report(cli, d.checks);
	}
	if (!end)
		end = report(cli, d.checks);
	json_decref(d.status);
	json_decref(d.facts);
	json_decref(d.checks);
	return end;
}
