#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Beside netfilter: rules that match every packet hold while armed; those that match SYNs alone are not asked, as
# the README's limits say. What drops every handshake is in blackhole.bats, too.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e

setup() {
	lab_up
	lab_s nft add table inet lab || skip "the kernel has no nftables"
	lab_s nft add chain inet lab input '{ type filter hook input priority 0; policy accept; }'
	serve
}

rule() { lab_s nft add rule inet lab input "$@"; }

@test "a policy of drop, with the port and what it needs accepted: served" {
	local f
	rule meta l4proto ipv6-icmp accept
	rule tcp dport "$PORT" counter accept
	lab_s nft add chain inet lab input '{ policy drop; }'
	synward_in native
	for f in "${families[@]}"; do
		all_served "$f" 20
	done
	[[ $(reason handoff) == 40 ]]
}

@test "a rule for every packet of a source: nothing of it arrives, armed or not" {
	local f
	rule ip saddr "$LAB_CLI4" drop
	rule ip6 saddr "$LAB_CLI6" drop
	for f in "${families[@]}"; do
		loads "$f" --timeout-ms 300 | json '.errors == {"connect:ETIMEDOUT": 1}'
	done
	synward_in native
	for f in "${families[@]}"; do
		loads "$f" --timeout-ms 300 | json '.served == 0 and .failed == 1'
	done
	[[ $(nr_of accept) == 0 ]]
}

# What the limits warn of, so that the warning is true, and goes when it is not.
@test "a rule for SYNs alone: holds in peace, not while armed" {
	local f
	rule 'tcp flags & (syn | ack) == syn' counter drop
	for f in "${families[@]}"; do
		loads "$f" --timeout-ms 300 | json '.errors == {"connect:ETIMEDOUT": 1}'
	done
	synward_in native
	for f in "${families[@]}"; do
		all_served "$f" 5
	done
	[[ $(reason handoff) == 10 && $(lab_nstat s TcpPassiveOpens) == 10 ]]
}

# Connections are tracked; what belongs to none is dropped.
stateful() {
	rule meta l4proto ipv6-icmp accept
	rule ct state established,related accept
	rule ct state invalid counter drop
	rule ct state new tcp dport "$PORT" accept
	lab_s nft add chain inet lab input '{ policy drop; }'
}

@test "a stateful firewall, which takes up connections in their midst: served" {
	local f
	lab_s sysctl -q -w net.netfilter.nf_conntrack_tcp_loose=1
	stateful
	synward_in native
	for f in "${families[@]}"; do
		all_served "$f" 20
		all_served "$f" 1 --echo 1000000
	done
	[[ $(reason handoff) == 42 ]]
}

# Its clients believe that they are connected, until that is noticed and the kernel answers.
@test "a stateful firewall that takes up none (tcp_loose=0): the service is left to the kernel" {
	local f
	lab_s sysctl -q -w net.netfilter.nf_conntrack_tcp_loose=0
	stateful
	synward_in native
	loads 4 --count 16 --concurrency 16 --timeout-ms 2000 | json '.served == 0'
	lab_wait_for "synward to notice" 10 synward_said "arrive nowhere"
	for f in "${families[@]}"; do
		all_served "$f" 20
	done
}
