/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a firewall's rules do to a service while it is armed. The rules never see the SYN then, but
 * the ACK that brings the cookie back, as the first packet of its connection: so each ruleset is
 * walked twice, once with the SYN of peace and once with that ACK, and what differs is told. What
 * is not understood of a rule may match, and is told only where it could be harm. Pure.
 */
#ifndef SYNWARD_DOCTOR_RULES_H
#define SYNWARD_DOCTOR_RULES_H

#include <jansson.h>
#include <stdbool.h>

struct rules;

/*
 * From the array `nftables` of `nft -j list ruleset`, to which others' rules may have been added
 * (iptables_rules.h). It is borrowed and must outlive the rules. NULL when memory is short.
 */
struct rules *rules_read(const json_t *nftables);
void rules_free(struct rules *rules);

struct rules_service {
	const char *name;
	int port;
	const json_t *addresses; /* texts, of both families; none: any */
	const json_t *devices;   /* texts */
	bool is_loose;           /* nf_conntrack_tcp_loose is not 0 */
	bool is_nat_harmful;     /* the kernel's NAT takes the assigned socket from a packet */
};

/* Findings of one service: an array of {"status": "fail" or "warn", "detail", "remedy"}. */
json_t *rules_judge(const struct rules *rules, const struct rules_service *service);

/* Is there a rule that drops what conntrack calls invalid? Only with it tcp_loose = 0 does harm. */
bool rules_drop_invalid(const struct rules *rules);

#endif
