/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Does a firewall's condition hold for a packet of which only some things are known? Yes, no, or it
 * may: whatever is not understood may. Conditions are those of `nft -j list ruleset`
 * (libnftables-json(5)). Pure.
 */
#ifndef SYNWARD_RULE_MATCH_H
#define SYNWARD_RULE_MATCH_H

#include <jansson.h>
#include <stdbool.h>

enum tri { TRI_NO, TRI_MAYBE, TRI_YES };

static inline enum tri tri_and(enum tri a, enum tri b)
{
	return a < b ? a : b;
}

static inline enum tri tri_not(enum tri a)
{
	return TRI_YES - a;
}

/* A SYN from some client to a service, or the ACK that ends its handshake. */
struct rule_packet {
	bool is_v6, is_syn;
	int port;                /* that it goes to */
	const json_t *addresses; /* that it may go to, as text; of another family too */
	const json_t *devices;   /* by which it may come in */
	const char *ct_state;    /* what conntrack takes it for: new, invalid, untracked */
};

/* The named sets and maps of a table: name to the object that nft prints. */
struct rule_names {
	const json_t *sets;
};

/* `match`: {"op", "left", "right"}. */
enum tri rule_match(const json_t *match, const struct rule_names *names,
		    const struct rule_packet *packet);

/* Is what @key stands for one of, or in, @value? As in the elements of a map. */
enum tri rule_value(const json_t *key, const json_t *value, const struct rule_names *names,
		    const struct rule_packet *packet);

/* The elements of a set or map: {"set": [...]}, or "@name"; NULL when they are not known. */
const json_t *rule_elements(const json_t *set, const struct rule_names *names);

/* Does the expression speak of that field? {"ct": {"key": "state"}}: "ct", "state". */
bool rule_is_about(const json_t *expression, const char *kind, const char *key);

#endif
