/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the walks of doctor_rules.c have met, and what is said of it: the meaning of a rule that
 * stops the SYN of peace, the ACK of a cookie, or both. Pure.
 */
#ifndef SYNWARD_RULE_FINDINGS_H
#define SYNWARD_RULE_FINDINGS_H

#include "doctor_rules.h"
#include "rule_match.h"

enum finding_kind {
	FINDING_DROP,
	FINDING_POLICY,  /* no rule of a base chain accepts it, and its policy is to drop */
	FINDING_FORWARD, /* NAT or TPROXY takes it elsewhere */
	FINDING_QUEUE,   /* to user space */
	FINDING_SYNPROXY,
	FINDING_NAT, /* there is some, for other ports */
};

/* Under which conditions a rule, or the jumps to it, match. */
struct condition {
	enum tri holds;
	bool has_limit;   /* only beyond a rate or a number */
	bool is_of_state; /* depends on what conntrack says */
};

struct finding {
	enum finding_kind kind;
	const json_t *rule; /* or the base chain */
	struct condition is;
};

#define FINDINGS_MAX 64 /* of one packet; more are not told */

struct findings {
	struct finding all[FINDINGS_MAX];
	size_t nr;
};

/* Is the statement one that stops packets? */
bool finding_kind_of(const json_t *statement, enum finding_kind *ret);

void findings_add(struct findings *to, enum finding_kind kind, const json_t *rule,
		  struct condition is);

/* What both packets have met, into the array @to; nothing twice. */
void findings_tell(const struct findings *of_syn, const struct findings *of_ack,
		   const struct rules_service *service, json_t *to);

#endif
