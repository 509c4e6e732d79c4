// SPDX-License-Identifier: GPL-2.0-only
/*
 * One sentence and one command for each finding. A rule is named as its own tool names it: nft by
 * table, chain and handle, iptables by the rule itself.
 */
#include "rule_findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key)) ?: "";
}

__attribute__((format(printf, 1, 2))) static char *text(const char *format, ...)
{
	va_list args;
	char *ret;

	va_start(args, format);
	if (vasprintf(&ret, format, args) < 0)
		ret = NULL;
	va_end(args);
	return ret;
}

bool finding_kind_of(const json_t *statement, enum finding_kind *ret)
{
	static const struct {
		const char *statement;
		enum finding_kind kind;
	} kinds[] = {
		{ "drop", FINDING_DROP },         { "reject", FINDING_DROP },
		{ "dnat", FINDING_FORWARD },      { "redirect", FINDING_FORWARD },
		{ "tproxy", FINDING_FORWARD },    { "queue", FINDING_QUEUE },
		{ "synproxy", FINDING_SYNPROXY },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (json_object_get(statement, kinds[i].statement)) {
			*ret = kinds[i].kind;
			return true;
		}
	}
	return false;
}

void findings_add(struct findings *to, enum finding_kind kind, const json_t *rule,
		  struct condition is)
{
	if (to->nr < FINDINGS_MAX)
		to->all[to->nr++] = (struct finding){ kind, rule, is };
}

static const struct finding *find(const struct findings *in, const struct finding *like)
{
	for (size_t i = 0; i < in->nr; i++)
		if (in->all[i].kind == like->kind && in->all[i].rule == like->rule)
			return &in->all[i];
	return NULL;
}

/* ---- words ---- */

/* iptables' own line for the rule: what the translation kept. */
static const char *iptables_line(const json_t *rule)
{
	return json_string_value(json_object_get(rule, "iptables"));
}

static char *rule_name(const json_t *rule)
{
	if (iptables_line(rule))
		return text("%s %s", text_of(rule, "tool"), iptables_line(rule));
	return text("nft rule in %s %s %s, handle %lld", text_of(rule, "family"),
		    text_of(rule, "table"), text_of(rule, "chain"),
		    (long long)json_integer_value(json_object_get(rule, "handle")));
}

/* To take the rule out. */
static char *delete_command(const json_t *rule)
{
	const char *line = iptables_line(rule), *spec = line ? strstr(line, "-A ") : NULL;

	if (spec)
		return text("%s %.*s-D %s", text_of(rule, "tool"), (int)(spec - line), line,
			    spec + strlen("-A "));
	return text("nft delete rule %s %s %s handle %lld", text_of(rule, "family"),
		    text_of(rule, "table"), text_of(rule, "chain"),
		    (long long)json_integer_value(json_object_get(rule, "handle")));
}

/* To let the service's packets through a chain that drops what it does not know. */
static char *accept_command(const json_t *chain, int port)
{
	if (json_object_get(chain, "tool"))
		return text("%s -I %s -p tcp --dport %d -j ACCEPT", text_of(chain, "tool"),
			    text_of(chain, "name"), port);
	return text("nft insert rule %s %s %s tcp dport %d accept", text_of(chain, "family"),
		    text_of(chain, "table"), text_of(chain, "name"), port);
}

/* To keep the service's packets, both ways, out of conntrack's sight. */
static char *notrack_command(int port)
{
	return text("nft 'add table inet synward; add chain inet synward in { type filter hook "
		    "prerouting priority raw; }; add chain inet synward out { type filter hook "
		    "output priority raw; }; add rule inet synward in tcp dport %d notrack; add "
		    "rule inet synward out tcp sport %d notrack'",
		    port, port);
}

#define DENY "synward deny add PREFIX"
#define LOOSE "sysctl -w net.netfilter.nf_conntrack_tcp_loose=1"

static void tell(json_t *to, const char *status, char *detail, char *remedy)
{
	json_t *one = json_pack("{s:s, s:s?, s:s?}", "status", status, "detail", detail, "remedy",
				remedy);
	const json_t *other;
	bool is_new = true;
	size_t i;

	json_array_foreach (to, i, other)
		is_new &= !json_equal(one, other);
	if (is_new)
		json_array_append(to, one);
	json_decref(one);
	free(detail);
	free(remedy);
}

/* The policy of a base chain stops the ACK. */
static void tell_policy(const struct finding *ack, bool is_syn_too,
			const struct rules_service *service, json_t *to)
{
	const char *chain = text_of(ack->rule, "name"), *table = text_of(ack->rule, "table");

	tell(to, "fail",
	     is_syn_too ? text("no rule of chain %s (table %s) accepts port %d, and its policy is "
			       "to drop: no client connects, armed or not",
			       chain, table, service->port) :
			  text("chain %s (table %s) accepts the port's SYNs, but not the ACK that "
			       "ends a handshake, which is the first packet that it sees while %s "
			       "is armed; its policy drops it",
			       chain, table, service->name),
	     is_syn_too || service->is_loose ? accept_command(ack->rule, service->port) :
					       text(LOOSE));
}

static void tell_drop(const struct finding *ack, const struct finding *syn,
		      const struct rules_service *service, json_t *to)
{
	char *name __cleanup(cleanup_free) = rule_name(ack->rule);
	bool is_invalid = ack->is.is_of_state && !service->is_loose;

	if (ack->is.holds != TRI_YES) {
		if (ack->is.has_limit && ack->is.is_of_state)
			tell(to, "warn",
			     text("%s: while %s is armed it meets no SYN, but the ACK of clients "
				  "who believe that they are connected, and makes them wait",
				  name, service->name),
			     text(DENY));
		return;
	}
	if (syn && syn->is.holds == TRI_YES)
		tell(to, "fail",
		     text("%s: drops all that comes to port %d; no client connects, armed or not",
			  name, service->port),
		     delete_command(ack->rule));
	else if (is_invalid)
		tell(to, "fail",
		     text("%s: with net.netfilter.nf_conntrack_tcp_loose = 0 it drops the ACK that "
			  "ends a handshake: conntrack never saw its SYN",
			  name),
		     text(LOOSE));
	else
		tell(to, "fail",
		     text("%s: drops the ACK that ends a handshake, because its SYN was answered "
			  "before netfilter could see it",
			  name),
		     delete_command(ack->rule));
}

static void tell_ack(const struct finding *ack, const struct finding *syn,
		     const struct rules_service *service, json_t *to)
{
	char *name __cleanup(cleanup_free) =
		ack->kind == FINDING_POLICY || ack->kind == FINDING_NAT ? NULL :
									  rule_name(ack->rule);

	switch (ack->kind) {
	case FINDING_POLICY:
		return tell_policy(ack, syn, service, to);
	case FINDING_NAT:
		if (service->is_nat_harmful)
			tell(to, "fail",
			     text("there is NAT (%s table %s): this kernel's takes the socket from "
				  "every packet that it was handed to and that is tracked, so each "
				  "client of %s would be reset while it is armed; keep its packets "
				  "untracked (rules on ct state then know them as such)",
				  text_of(ack->rule, "family"), text_of(ack->rule, "table"),
				  service->name),
			     notrack_command(service->port));
		return;
	case FINDING_DROP:
		return tell_drop(ack, syn, service, to);
	case FINDING_FORWARD:
		return tell(to, "fail",
			    text("%s: takes port %d elsewhere, but a connection that was handed to "
				 "a listener cannot be forwarded: all of its clients would wait "
				 "for nothing",
				 name, service->port),
			    text("synward mode %s off", service->name));
	case FINDING_SYNPROXY:
		return tell(to, "fail",
			    text("%s: SYNPROXY answers SYNs too, and refuses the ACKs of our "
				 "cookies",
				 name),
			    delete_command(ack->rule));
	case FINDING_QUEUE:
		return tell(to, "warn",
			    text("%s: hands packets to user space; a handshake that is kept there "
				 "is not safe from a listener that goes meanwhile",
				 name),
			    text("synward mode %s off", service->name));
	}
}

void findings_tell(const struct findings *of_syn, const struct findings *of_ack,
		   const struct rules_service *service, json_t *to)
{
	for (size_t i = 0; i < of_ack->nr; i++)
		tell_ack(&of_ack->all[i], find(of_syn, &of_ack->all[i]), service, to);
	for (size_t i = 0; i < of_syn->nr; i++) {
		const struct finding *syn = &of_syn->all[i];
		char *name __cleanup(cleanup_free) = NULL;

		if (syn->kind != FINDING_DROP || find(of_ack, syn))
			continue;
		name = rule_name(syn->rule);
		tell(to, "warn",
		     text("%s: drops SYNs alone, so it does not apply while %s is armed", name,
			  service->name),
		     text(DENY));
	}
}
