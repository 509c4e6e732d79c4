// SPDX-License-Identifier: GPL-2.0-only
/*
 * The walk: base chains in the order of their hooks, from one to the next through jumps, and what
 * was found on the way of each packet.
 */
#include "doctor_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "rule_findings.h"

#define DEPTH_MAX 16
#define VISITS_MAX 100000 /* rules, for one packet; a ruleset of that size is walked no further */

struct rules {
	json_t *chains;       /* "family table chain" to {"chain": ..., "rules": [...]} */
	json_t *sets;         /* "family table" to {name: set} */
	const json_t **bases; /* entries of `chains` that packets to this host begin in */
	size_t nr_bases;
	const json_t *nat[2]; /* a chain of NAT, of IPv4 and of IPv6, that is in use */
};

/* ---- the index ---- */

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key)) ?: "";
}

#define KEY_SIZE 512

static const char *chain_key(const json_t *of, const char *chain, char buffer[KEY_SIZE])
{
	snprintf(buffer, KEY_SIZE, "%s %s %s", text_of(of, "family"), text_of(of, "table"), chain);
	return buffer;
}

static json_t *child(json_t *object, const char *key, json_t *otherwise)
{
	json_t *is = json_object_get(object, key);

	if (is) {
		json_decref(otherwise);
		return is;
	}
	json_object_set_new(object, key, otherwise);
	return json_object_get(object, key);
}

static void take_item(struct rules *rules, const json_t *item)
{
	json_t *chain = json_object_get(item, "chain"), *rule = json_object_get(item, "rule");
	json_t *set = json_object_get(item, "set") ?: json_object_get(item, "map");
	char key[KEY_SIZE];
	json_t *entry;

	if (chain)
		json_object_set(child(rules->chains, chain_key(chain, text_of(chain, "name"), key),
				      json_pack("{s:[]}", "rules")),
				"chain", chain);
	if (rule) {
		entry = child(rules->chains, chain_key(rule, text_of(rule, "chain"), key),
			      json_pack("{s:[]}", "rules"));
		json_array_append(json_object_get(entry, "rules"), rule);
	}
	if (set)
		json_object_set(child(rules->sets, chain_key(set, "", key), json_object()),
				text_of(set, "name"), set);
}

/* In which order a packet to this host meets the hooks; -1: it does not. */
static int hook_order(const json_t *chain)
{
	static const char *const hooks[] = { "ingress", "prerouting", "input" };

	for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++)
		if (!strcmp(hooks[i], text_of(chain, "hook")))
			return (int)i;
	return -1;
}

static int base_order(const void *a, const void *b)
{
	const json_t *x = json_object_get(*(const json_t *const *)a, "chain");
	const json_t *y = json_object_get(*(const json_t *const *)b, "chain");
	json_int_t priority = json_integer_value(json_object_get(x, "prio")) -
			      json_integer_value(json_object_get(y, "prio"));

	if (hook_order(x) != hook_order(y))
		return hook_order(x) - hook_order(y);
	return (priority > 0) - (priority < 0);
}

static bool is_for_family(const json_t *chain, bool is_v6)
{
	const char *family = text_of(chain, "family");

	return strcmp(family, is_v6 ? "ip" : "ip6") && strcmp(family, "arp") &&
	       strcmp(family, "bridge");
}

static bool has_rules(const struct rules *rules, const json_t *chain)
{
	json_t *entry, *of;
	const char *key;

	json_object_foreach (rules->chains, key, entry) {
		of = json_object_get(entry, "chain");
		if (!strcmp(text_of(of, "family"), text_of(chain, "family")) &&
		    !strcmp(text_of(of, "table"), text_of(chain, "table")) &&
		    json_array_size(json_object_get(entry, "rules")))
			return true;
	}
	return false;
}

/* NAT without a rule leaves connections untracked. */
static void find_nat(struct rules *rules)
{
	json_t *entry, *chain;
	const char *key;

	json_object_foreach (rules->chains, key, entry) {
		chain = json_object_get(entry, "chain");
		if (strcmp(text_of(chain, "type"), "nat") || !has_rules(rules, chain))
			continue;
		for (int is_v6 = 0; is_v6 < 2; is_v6++)
			if (is_for_family(chain, is_v6))
				rules->nat[is_v6] = chain;
	}
}

struct rules *rules_read(const json_t *nftables)
{
	struct rules *rules = calloc(1, sizeof(*rules));
	const json_t *item;
	const char *key;
	json_t *entry;
	size_t i;

	if (!rules)
		return NULL;
	rules->chains = json_object();
	rules->sets = json_object();
	json_array_foreach ((json_t *)nftables, i, item) {
		take_item(rules, item);
	}
	rules->bases = calloc(json_object_size(rules->chains) + 1, sizeof(*rules->bases));
	json_object_foreach (rules->chains, key, entry)
		if (rules->bases && hook_order(json_object_get(entry, "chain")) >= 0)
			rules->bases[rules->nr_bases++] = entry;
	if (rules->bases)
		qsort(rules->bases, rules->nr_bases, sizeof(*rules->bases), base_order);
	find_nat(rules);
	return rules;
}

void rules_free(struct rules *rules)
{
	if (!rules)
		return;
	json_decref(rules->chains);
	json_decref(rules->sets);
	free(rules->bases);
	free(rules);
}

/* ---- the walk of one packet ---- */

struct walk {
	const struct rules *rules;
	struct rule_packet packet;
	struct findings *found;
	bool may_pass; /* some rule of this base chain may accept it */
	int nr_visits;
};

/* How it goes on behind a rule. */
enum onward { GO_ON, LEAVE_CHAIN, END };

static enum onward walk_chain(struct walk *w, const json_t *entry, struct condition so_far,
			      int depth);

static enum onward jump(struct walk *w, const json_t *rule, const json_t *verdict,
			struct condition so_far, int depth)
{
	const char *target = text_of(
		json_object_get(verdict, "jump") ?: json_object_get(verdict, "goto"), "target");
	char key[KEY_SIZE];
	const json_t *entry = json_object_get(w->rules->chains, chain_key(rule, target, key));
	enum onward then = entry ? walk_chain(w, entry, so_far, depth + 1) : GO_ON;

	if (then == END)
		return END;
	return json_object_get(verdict, "goto") && so_far.holds == TRI_YES ? LEAVE_CHAIN : GO_ON;
}

/* What NAT maps the packet to: {"map": {"key", "data"}} where the port has an entry. */
static enum tri is_mapped(const struct walk *w, const json_t *statement,
			  const struct rule_names *names)
{
	const json_t *map = json_object_get(json_object_get(statement, "addr"), "map"), *pair;
	const json_t *elements = rule_elements(json_object_get(map, "data"), names);
	enum tri is = TRI_NO;
	size_t i;

	if (!map)
		return TRI_YES;
	if (!elements)
		return TRI_MAYBE;
	json_array_foreach ((json_t *)elements, i, pair) {
		enum tri now = rule_value(json_object_get(map, "key"), json_array_get(pair, 0),
					  names, &w->packet);

		if (now > is)
			is = now;
	}
	return is;
}

/* A statement that ends a packet's way, or may; GO_ON for all others. */
static enum onward take_verdict(struct walk *w, const json_t *rule, const json_t *verdict,
				struct condition is, int depth)
{
	enum finding_kind kind;

	if (json_object_get(verdict, "jump") || json_object_get(verdict, "goto"))
		return jump(w, rule, verdict, is, depth);
	if (json_object_get(verdict, "accept")) {
		w->may_pass = true;
		return is.holds == TRI_YES ? END : GO_ON;
	}
	if (json_object_get(verdict, "return"))
		return is.holds == TRI_YES ? LEAVE_CHAIN : GO_ON;
	if (!finding_kind_of(verdict, &kind))
		return GO_ON;
	findings_add(w->found, kind, rule, is);
	return is.holds == TRI_YES ? END : GO_ON;
}

/* {"vmap": {"key", "data"}}: a verdict for each value. */
static enum onward take_verdict_map(struct walk *w, const json_t *rule, const json_t *map,
				    const struct rule_names *names, struct condition is, int depth)
{
	const json_t *elements = rule_elements(json_object_get(map, "data"), names), *pair;
	const json_t *key = json_object_get(map, "key");
	enum onward then = GO_ON;
	size_t i;

	json_array_foreach ((json_t *)elements, i, pair) {
		struct condition now = is;

		now.holds = tri_and(now.holds,
				    rule_value(key, json_array_get(pair, 0), names, &w->packet));
		now.is_of_state |= rule_is_about(key, "ct", "state");
		if (now.holds != TRI_NO && then == GO_ON)
			then = take_verdict(w, rule, json_array_get(pair, 1), now, depth);
	}
	return then;
}

/* Narrows `is` by one statement that is a condition. */
static void narrow(struct walk *w, const json_t *statement, const struct rule_names *names,
		   struct condition *is)
{
	static const char *const limits[] = { "limit", "ct count", "meter", "quota", "connlimit" };
	const json_t *match = json_object_get(statement, "match");
	const json_t *left = json_object_get(match, "left");
	const json_t *set = json_object_get(statement, "set");
	bool is_limit = set && json_object_get(set, "stmt");

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		is_limit |= !!json_object_get(statement, limits[i]);
	if (match) {
		is->holds = tri_and(is->holds, rule_match(match, names, &w->packet));
		is->is_of_state |= rule_is_about(left, "ct", "state");
	}
	if (is_limit || json_object_get(statement, "xt")) {
		is->holds = tri_and(is->holds, TRI_MAYBE);
		is->has_limit |= is_limit;
	}
}

static enum onward walk_rule(struct walk *w, const json_t *rule, struct condition is, int depth)
{
	const json_t *statement;
	struct rule_names names;
	char key[KEY_SIZE];
	size_t i;

	names.sets = json_object_get(w->rules->sets, chain_key(rule, "", key));
	json_array_foreach (json_object_get(rule, "expr"), i, statement) {
		const json_t *map = json_object_get(statement, "vmap");
		const json_t *dnat = json_object_get(statement, "dnat");
		enum onward then;

		narrow(w, statement, &names, &is);
		if (dnat)
			is.holds = tri_and(is.holds, is_mapped(w, dnat, &names));
		if (is.holds == TRI_NO)
			return GO_ON;
		if (json_object_get(statement, "notrack") && is.holds == TRI_YES)
			w->packet.ct_state = "untracked";
		then = map ? take_verdict_map(w, rule, map, &names, is, depth) :
			     take_verdict(w, rule, statement, is, depth);
		if (then != GO_ON)
			return then;
	}
	return GO_ON;
}

static enum onward walk_chain(struct walk *w, const json_t *entry, struct condition so_far,
			      int depth)
{
	const json_t *rule;
	size_t i;

	if (depth > DEPTH_MAX)
		return GO_ON;
	json_array_foreach (json_object_get(entry, "rules"), i, rule) {
		enum onward then;

		if (w->nr_visits++ > VISITS_MAX)
			return GO_ON;
		then = walk_rule(w, rule, so_far, depth);
		if (then != GO_ON)
			return then == END ? END : GO_ON;
	}
	return GO_ON;
}

static bool is_for_device(const json_t *chain, const struct rule_packet *packet)
{
	const char *device = text_of(chain, "dev");
	const json_t *one;
	size_t i;

	json_array_foreach ((json_t *)packet->devices, i, one)
		if (!strcmp(json_string_value(one) ?: "", device))
			return true;
	return !*device;
}

/* What happens to the packet in all base chains. */
static void walk(const struct rules *rules, const struct rule_packet *packet, struct findings *ret)
{
	struct walk w = { .rules = rules, .packet = *packet, .found = ret };

	for (size_t i = 0; i < rules->nr_bases; i++) {
		const json_t *chain = json_object_get(rules->bases[i], "chain");
		enum onward then;

		if (!is_for_family(chain, packet->is_v6) || !is_for_device(chain, packet))
			continue;
		w.may_pass = false;
		then = walk_chain(&w, rules->bases[i], (struct condition){ .holds = TRI_YES }, 0);
		if (then != END && !w.may_pass && !strcmp(text_of(chain, "policy"), "drop"))
			findings_add(ret, FINDING_POLICY, chain,
				     (struct condition){ .holds = TRI_YES });
	}
	if (rules->nat[packet->is_v6] && strcmp(w.packet.ct_state, "untracked"))
		findings_add(ret, FINDING_NAT, rules->nat[packet->is_v6],
			     (struct condition){ .holds = TRI_YES });
}

/* ---- what it means ---- */

static bool has_family(const json_t *addresses, bool is_v6)
{
	const json_t *one;
	size_t i;

	json_array_foreach ((json_t *)addresses, i, one)
		if (!!strchr(json_string_value(one) ?: "", ':') == is_v6)
			return true;
	return !json_array_size(addresses);
}

json_t *rules_judge(const struct rules *rules, const struct rules_service *service)
{
	json_t *all = json_array();

	for (int is_v6 = 0; is_v6 < 2; is_v6++) {
		struct rule_packet packet = { .is_v6 = is_v6,
					      .is_syn = true,
					      .port = service->port,
					      .addresses = service->addresses,
					      .devices = service->devices,
					      .ct_state = "new" };
		struct findings of_syn = { 0 }, of_ack = { 0 };

		if (!has_family(service->addresses, is_v6))
			continue;
		walk(rules, &packet, &of_syn);
		packet.is_syn = false;
		packet.ct_state = service->is_loose ? "new" : "invalid";
		walk(rules, &packet, &of_ack);
		findings_tell(&of_syn, &of_ack, service, all);
	}
	return all;
}

static bool drops_invalid(const json_t *rule)
{
	char *text = json_dumps(rule, JSON_COMPACT);
	bool is = text && strstr(text, "\"invalid\"") &&
		  (strstr(text, "\"drop\"") || strstr(text, "\"reject\""));

	free(text);
	return is;
}

bool rules_drop_invalid(const struct rules *rules)
{
	json_t *entry, *rule;
	const char *key;
	size_t i;

	json_object_foreach (rules->chains, key, entry) {
		json_array_foreach (json_object_get(entry, "rules"), i, rule) {
			if (drops_invalid(rule))
				return true;
		}
	}
	return false;
}
