/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iptables' rules as nft would say them, so that doctor_rules.c walks both in one way. Pure.
 */
#ifndef SYNWARD_IPTABLES_RULES_H
#define SYNWARD_IPTABLES_RULES_H

#include <jansson.h>
#include <stdbool.h>

/*
 * Adds the rules of @text, what iptables-save or ip6tables-save prints, to the array @nftables.
 * Unless it is the legacy one, its tables are nft's as well, and what it says takes the place of
 * what nft said, which cannot name iptables' extensions. Each rule keeps its own line as
 * "iptables", and the command that changes it as "tool".
 */
void iptables_add(const char *text, bool is_v6, bool is_legacy, json_t *nftables);

#endif
