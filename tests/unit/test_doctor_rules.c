/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: cli/doctor_rules.c cli/rule_findings.c cli/rule_match.c cli/iptables_rules.c */
/*
 * What firewalls do to a service: each row is a ruleset as nft 1.0.6 or iptables 1.8.9 prints it,
 * and what is to be said of port 80 of 192.0.2.1 and 2001:db8::1, on eth0.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../cli/doctor_rules.h"
#include "../../cli/iptables_rules.h"
#include "cleanup.h"
#include "json.h"

/* ---- nft, in short ---- */

#define CHAIN(type, hook, prio, policy)                                                           \
	"{\"chain\": {\"family\": \"inet\", \"table\": \"t\", \"name\": \"c\", \"type\": \"" type \
	"\", \"hook\": \"" hook "\", \"prio\": " prio ", \"policy\": \"" policy "\"}}"
#define INPUT CHAIN("filter", "input", "0", "accept")
#define INPUT_DROP CHAIN("filter", "input", "0", "drop")
#define SUB "{\"chain\": {\"family\": \"inet\", \"table\": \"t\", \"name\": \"sub\"}}"
#define RULE_IN(chain, expr)                                                      \
	"{\"rule\": {\"family\": \"inet\", \"table\": \"t\", \"chain\": \"" chain \
	"\", \"handle\": 7, "                                                     \
	"\"expr\": [" expr "]}}"
#define RULE(expr) RULE_IN("c", expr)
#define MATCH(op, left, right) \
	"{\"match\": {\"op\": \"" op "\", \"left\": " left ", \"right\": " right "}}"
#define FIELD(protocol, field) \
	"{\"payload\": {\"protocol\": \"" protocol "\", \"field\": \"" field "\"}}"
#define CT "{\"ct\": {\"key\": \"state\"}}"
#define META(key) "{\"meta\": {\"key\": \"" key "\"}}"
#define FLAGS FIELD("tcp", "flags")
#define MASK(mask) "{\"&\": [" FLAGS ", " mask "]}"
#define FOUR "[\"fin\", \"syn\", \"rst\", \"ack\"]"
#define PORT(right) MATCH("==", FIELD("tcp", "dport"), right)
#define IS_SYN MATCH("==", MASK(FOUR), "\"syn\"")
#define NO_SYN MATCH("!=", MASK(FOUR), "\"syn\"")
#define NEW MATCH("in", CT, "\"new\"")
#define DROP "{\"drop\": null}"
#define ACCEPT "{\"accept\": null}"
#define LIMIT "{\"limit\": {\"rate\": 5, \"burst\": 5, \"per\": \"second\", \"inv\": true}}"
#define JUMP(to) "{\"jump\": {\"target\": \"" to "\"}}"
#define ESTABLISHED RULE(MATCH("in", CT, "[\"established\", \"related\"]") ", " ACCEPT)

#define NOTHING ""
#define IS_STRICT 1 /* nf_conntrack_tcp_loose = 0 */
#define HAS_NAT_CHECK 2

static const struct row {
	const char *name, *rules;
	int how;
	const char *says; /* "status: words|words", one finding after the other by ';' */
} rows[] = {
	{ "no rule", "", 0, NOTHING },
	{ "an empty chain", INPUT, 0, NOTHING },
	{ "new but no SYN", INPUT ", " RULE(NO_SYN ", " NEW ", {\"log\": null}, " DROP), 0,
	  "fail: handle 7|drops the ACK|nft delete rule inet t c handle 7" },
	{ "the same in a chain that it jumps to",
	  SUB ", " INPUT ", " RULE(NEW ", " JUMP("sub")) ", " RULE_IN("sub", NO_SYN ", " DROP), 0,
	  "fail: drops the ACK|nft delete rule inet t sub handle 7" },
	{ "a chain that nobody jumps to", SUB ", " INPUT ", " RULE_IN("sub", DROP), 0, NOTHING },
	{ "for another port", INPUT ", " RULE(PORT("81") ", " NO_SYN ", " NEW ", " DROP), 0,
	  NOTHING },
	{ "on another device",
	  INPUT ", " RULE(MATCH("==", META("iifname"), "\"eth1\"") ", " NO_SYN ", " NEW ", " DROP),
	  0, NOTHING },
	{ "on this one",
	  INPUT ", " RULE(MATCH("==", META("iifname"), "{\"set\": [\"eth*\"]}") ", " NO_SYN ", " NEW
										", " DROP),
	  0, "fail: drops the ACK" },
	{ "behind a rule that takes the port",
	  INPUT ", " RULE(PORT("{\"set\": [22, {\"range\": [80, 90]}]}") ", " ACCEPT) ", " RULE(
		  NO_SYN ", " NEW ", " DROP),
	  0, NOTHING },
	{ "invalid, and conntrack is loose",
	  INPUT ", " RULE(MATCH("in", CT, "\"invalid\"") ", " DROP), 0, NOTHING },
	{ "invalid, and it is not", INPUT ", " RULE(MATCH("in", CT, "\"invalid\"") ", " DROP),
	  IS_STRICT, "fail: tcp_loose = 0|sysctl -w net.netfilter.nf_conntrack_tcp_loose=1" },
	{ "the same as a map",
	  INPUT ", " RULE("{\"vmap\": {\"key\": " CT ", \"data\": {\"set\": [[\"invalid\", " DROP
			  "], [\"established\", " ACCEPT "]]}}}"),
	  IS_STRICT, "fail: tcp_loose = 0" },
	{ "the same as a map, and loose",
	  INPUT ", " RULE("{\"vmap\": {\"key\": " CT ", \"data\": {\"set\": [[\"invalid\", " DROP
			  "], [\"established\", " ACCEPT "]]}}}"),
	  0, NOTHING },
	{ "invalid, but untracked before",
	  "{\"chain\": {\"family\": \"inet\", \"table\": \"t\", \"name\": \"raw\", \"type\": "
	  "\"filter\", \"hook\": \"prerouting\", \"prio\": -300, \"policy\": \"accept\"}}, " INPUT
	  ", " RULE(MATCH("in", CT, "\"invalid\"") ", " DROP) ", " RULE_IN(
		  "raw", PORT("80") ", {\"notrack\": null}"),
	  IS_STRICT, NOTHING },
	{ "SYNs alone", INPUT ", " RULE(IS_SYN ", " DROP), 0, "warn: SYNs alone|synward deny add" },
	{ "SYNs alone, as a flag",
	  INPUT ", " RULE(MATCH("in", FLAGS, "\"syn\"") ", " LIMIT ", " DROP), 0,
	  "warn: SYNs alone" },
	{ "all but SYNs", INPUT ", " RULE(MATCH("!", FLAGS, "\"syn\"") ", " DROP), 0,
	  "fail: drops the ACK" },
	{ "flags as a set",
	  INPUT ", " RULE(MATCH("==", FLAGS,
				"{\"set\": [{\"|\": [\"syn\", \"ack\"]}, \"syn\"]}") ", " DROP),
	  0, "warn: SYNs alone" },
	{ "SYNs of some",
	  INPUT ", " RULE(MATCH("==", FIELD("ip", "saddr"), "\"@bad\"") ", " IS_SYN
									", {\"reject\": null}"),
	  0, "warn: SYNs alone" },
	{ "all packets of some",
	  INPUT ", " RULE(MATCH("==", FIELD("ip", "saddr"), "\"203.0.113.7\"") ", " DROP), 0,
	  NOTHING },
	{ "a limit of new connections", INPUT ", " RULE(PORT("80") ", " NEW ", " LIMIT ", " DROP),
	  0, "warn: makes them wait|synward deny add" },
	{ "a number of connections",
	  INPUT
	  ", " RULE(PORT("80") ", " NEW ", {\"ct count\": {\"val\": 20, \"inv\": true}}, " DROP),
	  0, "warn: makes them wait" },
	{ "a limit by source",
	  INPUT ", " RULE(NEW ", {\"set\": {\"op\": \"add\", \"elem\": " FIELD(
		  "ip", "saddr") ", \"set\": \"@s\", \"stmt\": [" LIMIT "]}}, " DROP),
	  0, "warn: makes them wait" },
	{ "the port", INPUT ", " RULE(PORT("80") ", " DROP), 0,
	  "fail: armed or not|nft delete rule inet t c handle 7" },
	{ "all TCP", INPUT ", " RULE(MATCH("==", META("l4proto"), "\"tcp\"") ", " DROP), 0,
	  "fail: armed or not" },
	{ "all UDP", INPUT ", " RULE(MATCH("==", FIELD("udp", "dport"), "80") ", " DROP), 0,
	  NOTHING },
	{ "high ports", INPUT ", " RULE(MATCH(">", FIELD("tcp", "dport"), "1024") ", " DROP), 0,
	  NOTHING },
	{ "low ports", INPUT ", " RULE(MATCH("<=", FIELD("th", "dport"), "80") ", " DROP), 0,
	  "fail: armed or not" },
	{ "all but the port", INPUT ", " RULE(MATCH("!=", FIELD("tcp", "dport"), "80") ", " DROP),
	  0, NOTHING },
	{ "the address of one family",
	  INPUT ", " RULE(MATCH("==", FIELD("ip", "daddr"),
				"{\"prefix\": {\"addr\": \"192.0.2.0\", \"len\": 28}}") ", " DROP),
	  0, "fail: armed or not" },
	{ "another address",
	  INPUT ", " RULE(MATCH("==", FIELD("ip", "daddr"),
				"{\"prefix\": {\"addr\": \"192.0.2.16\", \"len\": 28}}") ", " DROP),
	  0, NOTHING },
	{ "address and port together",
	  INPUT ", " RULE(MATCH(
		  "==", "{\"concat\": [" FIELD("ip6", "daddr") ", " FIELD("tcp", "dport") "]}",
		  "{\"set\": [{\"concat\": [\"2001:db8::1\", 80]}]}") ", " DROP),
	  0, "fail: armed or not" },
	{ "address and another port",
	  INPUT ", " RULE(MATCH(
		  "==", "{\"concat\": [" FIELD("ip6", "daddr") ", " FIELD("tcp", "dport") "]}",
		  "{\"set\": [{\"concat\": [\"2001:db8::1\", 81]}]}") ", " DROP),
	  0, NOTHING },
	{ "another address and the port",
	  INPUT ", " RULE(MATCH(
		  "==", "{\"concat\": [" FIELD("ip6", "daddr") ", " FIELD("tcp", "dport") "]}",
		  "{\"set\": [{\"concat\": [\"2001:db8::2\", 80]}]}") ", " DROP),
	  0, NOTHING },
	{ "invalid, but untracked at a hook before",
	  CHAIN("filter", "input", "-400", "accept") ", " RULE(MATCH(
		  "in", CT,
		  "\"invalid\"") ", " DROP) ", {\"chain\": {\"family\": \"inet\", "
					    "\"table\": \"t\", \"name\": \"raw\", \"type\": "
					    "\"filter\", \"hook\": \"prerouting\", "
					    "\"prio\": -300, \"policy\": \"accept\"}}, " RULE_IN(
						    "raw", PORT("80") ", {\"notrack\": null}"),
	  IS_STRICT, NOTHING },
	{ "a policy", INPUT_DROP ", " ESTABLISHED, 0,
	  "fail: armed or not|nft insert rule inet t c tcp dport 80 accept" },
	{ "a policy, and new ones are let in",
	  INPUT_DROP ", " ESTABLISHED ", " RULE(PORT("80") ", " NEW ", " ACCEPT), 0, NOTHING },
	{ "a policy, and new ones are let in, but not loose",
	  INPUT_DROP ", " ESTABLISHED ", " RULE(PORT("80") ", " NEW ", " ACCEPT), IS_STRICT,
	  "fail: accepts the port's SYNs|tcp_loose=1" },
	{ "a policy, and SYNs are let in",
	  INPUT_DROP ", " ESTABLISHED ", " RULE(PORT("80") ", " IS_SYN ", " ACCEPT), 0,
	  "fail: accepts the port's SYNs|nft insert rule" },
	{ "a policy, and some are let in",
	  INPUT_DROP
	  ", " RULE(MATCH("==", FIELD("ip", "saddr"), "\"10.0.0.1\"") ", " ACCEPT) ", " RULE(
		  MATCH("==", META("nfproto"), "\"ipv6\"") ", " ACCEPT),
	  0, NOTHING },
	{ "a map of ports",
	  SUB ", " INPUT_DROP
	      ", {\"map\": {\"family\": \"inet\", \"table\": \"t\", \"name\": \"pm\", "
	      "\"type\": \"inet_service\", \"map\": \"verdict\", \"elem\": [[22, " ACCEPT
	      "], [80, " JUMP("sub") "]]}}, " RULE("{\"vmap\": {\"key\": " FIELD(
		      "tcp", "dport") ", \"data\": \"@pm\"}}") ", " RULE_IN("sub", NEW ", " ACCEPT),
	  0, NOTHING },
	{ "redirected",
	  CHAIN("nat", "prerouting", "-100",
		"accept") ", " RULE(PORT("80") ", {\"redirect\": {\"port\": 81}}"),
	  0, "fail: elsewhere|synward mode web off" },
	{ "another is redirected",
	  CHAIN("nat", "prerouting", "-100",
		"accept") ", " RULE(PORT("81") ", {\"redirect\": {\"port\": 82}}"),
	  0, NOTHING },
	{ "another is redirected, on a kernel whose NAT looks at the socket",
	  CHAIN("nat", "prerouting", "-100",
		"accept") ", " RULE(PORT("81") ", {\"redirect\": {\"port\": 82}}"),
	  HAS_NAT_CHECK, "fail: NAT|tcp dport 80 notrack|tcp sport 80 notrack" },
	{ "the same, but the port is untracked",
	  CHAIN("nat", "prerouting", "-100", "accept") ", " RULE(PORT(
		  "81") ", {\"redirect\": {\"port\": 82}}") ", {\"chain\": {\"family\": "
							    "\"inet\", \"table\": \"t\", \"name\": "
							    "\"raw\", \"type\": \"filter\", "
							    "\"hook\": "
							    "\"prerouting\", \"prio\": -300, "
							    "\"policy\": \"accept\"}}, " RULE_IN(
								    "raw",
								    PORT("80") ", {\"notrack\": "
									       "null}"),
	  HAS_NAT_CHECK, NOTHING },
	{ "NAT without a rule", CHAIN("nat", "postrouting", "100", "accept"), HAS_NAT_CHECK,
	  NOTHING },
	{ "by a map",
	  CHAIN("nat", "prerouting", "-100", "accept") ", " RULE(
		  "{\"dnat\": {\"addr\": {\"map\": {\"key\": " FIELD(
			  "tcp", "dport") ", \"data\": {\"set\": [[80, \"10.0.0.1\"], [82, "
					  "\"10.0.0.2\"]]}}}}}"),
	  0, "fail: elsewhere" },
	{ "by a map of others",
	  CHAIN("nat", "prerouting", "-100", "accept") ", " RULE(
		  "{\"dnat\": {\"addr\": {\"map\": {\"key\": " FIELD(
			  "tcp", "dport") ", \"data\": {\"set\": [[81, \"10.0.0.1\"]]}}}}}"),
	  0, NOTHING },
	{ "TPROXY",
	  CHAIN("filter", "prerouting", "-150",
		"accept") ", " RULE("{\"tproxy\": {\"port\": 50080}}"),
	  0, "fail: elsewhere" },
	{ "a queue", INPUT ", " RULE(PORT("80") ", {\"queue\": {\"num\": 0}}"), 0,
	  "warn: user space" },
	{ "SYNPROXY", INPUT ", " RULE(PORT("80") ", {\"synproxy\": {\"mss\": 1460}}"), 0,
	  "fail: SYNPROXY" },
	{ "what is forwarded is nobody's here",
	  CHAIN("filter", "forward", "0", "drop") ", " RULE(DROP), 0, NOTHING },
	{ "chains that jump in a circle",
	  SUB ", " INPUT ", " RULE(JUMP("sub")) ", " RULE_IN("sub", JUMP("sub")), 0, NOTHING },
};

static const char *const iptables_new = "*filter\n:INPUT ACCEPT [0:0]\n"
					"-A INPUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN "
					"-m conntrack --ctstate NEW -j DROP\n"
					"COMMIT\n";
static const char *const iptables_docker =
	"*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n:DOCKER - [0:0]\n"
	"-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n"
	"-A DOCKER ! -i docker0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 172.17.0.2:80\n"
	"COMMIT\n";
static const char *const iptables_old =
	"*filter\n:INPUT DROP [0:0]\n"
	"-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT\n"
	"-A INPUT -i lo -j ACCEPT\n"
	"-A INPUT -p tcp -m multiport --dports 80,443,8000:8010 -m tcp --tcp-flags "
	"FIN,SYN,RST,ACK SYN -m comment --comment \"it's \\\"web\\\" -j DROP\" -j ACCEPT\n"
	"COMMIT\n";
static const char *const iptables_hashlimit =
	"*filter\n:INPUT ACCEPT [0:0]\n:web - [0:0]\n"
	"-A INPUT -d 192.0.2.1/32 -p tcp -m tcp --dport 80 -g web\n"
	"-A web -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m hashlimit --hashlimit-above "
	"10/sec "
	"--hashlimit-burst 5 --hashlimit-mode srcip --hashlimit-name a -j DROP\n"
	"COMMIT\n";
static const char *const iptables_raw =
	"*raw\n:PREROUTING ACCEPT [0:0]\n"
	"-A PREROUTING -p tcp -m tcp --dport 80 -j CT --notrack\nCOMMIT\n"
	"*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m conntrack --ctstate INVALID -j DROP\nCOMMIT\n";

static const struct {
	const char *text;
	bool is_v6, is_legacy;
	int how;
	const char *says;
} tables[] = {
	{ iptables_new, false, false, 0,
	  "fail: drops the ACK|iptables -t filter -D INPUT -p tcp -m tcp ! --tcp-flags "
	  "FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j DROP" },
	{ iptables_new, true, true, 0, "fail: drops the ACK|ip6tables-legacy -t filter -D INPUT" },
	{ iptables_docker, false, false, 0, "fail: elsewhere|iptables -t nat -A DOCKER" },
	{ iptables_docker, false, false, HAS_NAT_CHECK, "fail: elsewhere;fail: NAT" },
	{ iptables_old, false, false, 0,
	  "fail: accepts the port's SYNs|iptables -I INPUT -p tcp --dport 80 -j ACCEPT" },
	{ iptables_hashlimit, false, true, 0, "warn: SYNs alone" },
	{ iptables_hashlimit, true, true, 0, NOTHING }, /* an IPv4 address */
	{ iptables_raw, false, false, IS_STRICT, NOTHING },
};

/* ---- the judgement ---- */

static void says(const char *name, const json_t *found, const char *wanted)
{
	char *shown __cleanup(cleanup_free) = json_dumps(found, JSON_INDENT(1));
	char *copy __cleanup(cleanup_free) = strdup(wanted);
	char *one, *word, *rest = copy, *in;
	size_t nr = 0;

	while (*copy && (one = strsep(&rest, ";"))) {
		const json_t *finding = json_array_get(found, nr++);
		char *text __cleanup(cleanup_free) = NULL;

		if (!finding)
			fail_msg("%s: '%s' is not said", name, one);
		assert_true(asprintf(&text, "%s: %s %s",
				     json_string_value(json_object_get(finding, "status")),
				     json_string_value(json_object_get(finding, "detail")),
				     json_string_value(json_object_get(finding, "remedy"))) > 0);
		in = one;
		if (strncmp(text, one, strlen("fail:")))
			fail_msg("%s: wanted '%s', got '%s'", name, one, text);
		in += strlen("fail: ");
		while ((word = strsep(&in, "|")))
			if (!strstr(text, word))
				fail_msg("%s: wanted '%s', got '%s'", name, word, text);
	}
	if (json_array_size(found) != nr)
		fail_msg("%s: wanted %zu findings, got %s", name, nr, shown);
}

static json_t *judge(const json_t *items, int how)
{
	json_t *addresses __cleanup(cleanup_json) = json_pack("[ss]", "192.0.2.1", "2001:db8::1");
	json_t *devices __cleanup(cleanup_json) = json_pack("[s]", "eth0");
	struct rules *rules = rules_read(items);
	json_t *found;

	assert_non_null(rules);
	found = rules_judge(rules,
			    &(struct rules_service){ .name = "web",
						     .port = 80,
						     .addresses = addresses,
						     .devices = devices,
						     .is_loose = !(how & IS_STRICT),
						     .is_nat_harmful = how & HAS_NAT_CHECK });
	rules_free(rules);
	return found;
}

static void test_nft(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *items __cleanup(cleanup_json) = NULL;
		json_t *found __cleanup(cleanup_json) = NULL;
		char *text __cleanup(cleanup_free) = NULL;

		assert_true(asprintf(&text, "[%s]", rows[i].rules) > 0);
		items = json_loads(text, 0, NULL);
		if (!items)
			fail_msg("%s: no JSON: %s", rows[i].name, text);
		found = judge(items, rows[i].how);
		says(rows[i].name, found, rows[i].says);
	}
}

static void test_iptables(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		json_t *items __cleanup(cleanup_json) = json_array();
		json_t *found __cleanup(cleanup_json) = NULL;

		iptables_add(tables[i].text, tables[i].is_v6, tables[i].is_legacy, items);
		found = judge(items, tables[i].how);
		says(tables[i].text, found, tables[i].says);
	}
}

/* nft shows iptables' tables too, but cannot name their extensions. */
static void test_iptables_instead(void **state)
{
	json_t *items __cleanup(cleanup_json) = json_loads(
		"[{\"chain\": {\"family\": \"ip\", \"table\": \"filter\", \"name\": \"INPUT\", "
		"\"type\": \"filter\", \"hook\": \"input\", \"prio\": 0, \"policy\": \"drop\"}}, "
		"{\"rule\": {\"family\": \"ip\", \"table\": \"filter\", \"chain\": \"INPUT\", "
		"\"handle\": 3, \"expr\": [{\"xt\": {\"type\": \"match\", \"name\": \"time\"}}, "
		"{\"drop\": null}]}}, {\"chain\": {\"family\": \"ip\", \"table\": \"mine\", "
		"\"name\": "
		"\"c\"}}]",
		0, NULL);

	(void)state;
	iptables_add("*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n", false, true, items);
	assert_int_equal(json_array_size(items), 4); /* the old kind is beside them */
	iptables_add("*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n", false, false, items);
	assert_int_equal(json_array_size(items), 3);
}

static void test_drops_invalid(void **state)
{
	json_t *none __cleanup(cleanup_json) = json_loads("[" INPUT ", " ESTABLISHED "]", 0, NULL);
	json_t *some __cleanup(cleanup_json) = json_loads(
		"[" INPUT ", " RULE(MATCH("in", CT, "\"invalid\"") ", " DROP) "]", 0, NULL);
	struct rules *rules = rules_read(none);

	(void)state;
	assert_false(rules_drop_invalid(rules));
	rules_free(rules);
	rules = rules_read(some);
	assert_true(rules_drop_invalid(rules));
	rules_free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nft),
		cmocka_unit_test(test_iptables),
		cmocka_unit_test(test_iptables_instead),
		cmocka_unit_test(test_drops_invalid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
