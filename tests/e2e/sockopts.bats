#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Listeners and clients that ask for more of TCP: signatures (RFC 2385), data in the SYN (RFC 7413), no accept
# before the first data. Where a cookie cannot do it the kernel answers, or it works as without.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e

@test "TCP-MD5: signed SYNs go to the kernel, and the connection is signed" {
	local f
	serve :: --md5 secret
	synward_in native
	for f in "${families[@]}"; do
		counts_by 3 syn_signed all_served "$f" 3 --md5 secret
	done
	[[ $(reason syn_cookie) == 0 && $(nr_of accept) == 6 ]]
}

# One that does not sign may believe that it is, while armed: which clients must sign is not known before the ACK.
@test "TCP-MD5: who signs with another key, or not at all, is not connected" {
	local f
	serve :: --md5 secret
	synward_in native
	for f in "${families[@]}"; do
		loads "$f" --md5 other --timeout-ms 500 | json '.errors == {"connect:ETIMEDOUT": 1}'
		loads "$f" --timeout-ms 500 | json '.served == 0 and (.errors | keys - ["connect:ETIMEDOUT", "reply:ETIMEDOUT"] == [])'
	done
	[[ $(nr_of accept) == 0 ]]
}

# A signature that nobody asked for hides no flood: the listener has no keys, and takes no signed SYN in peace.
@test "TCP-MD5: signed SYNs to a listener without keys are not the kernel's" {
	local f
	serve
	synward_in native
	for f in "${families[@]}"; do
		loads "$f" --md5 secret --timeout-ms 500 | json '.errors == {"connect:ETIMEDOUT": 1}'
	done
	[[ $(reason syn_signed) == 0 && $(nr_of accept) == 0 ]]
}

fast_opens() { lab_nstat s TcpExtTCPFastOpenPassive; }

# The client's cookie (of that RFC) is from peace; while armed its data is sent again, and served once.
@test "TCP Fast Open: data in the SYN is served, as if it had come after it" {
	local f before
	lab_sysctl s net.ipv4.tcp_fastopen=3
	lab_sysctl c net.ipv4.tcp_fastopen=1
	serve :: --fastopen 16
	for f in "${families[@]}"; do
		all_served "$f" 2 --fastopen
	done
	before=$(fast_opens)
	[[ $before == 2 ]]
	synward_in native
	for f in "${families[@]}"; do
		counts_by 5 syn_cookie all_served "$f" 5 --fastopen
		all_served "$f" 1 --fastopen --echo 1000000
	done
	[[ $(fast_opens) == "$before" && $(reason handoff) == 12 ]]
	[[ $(nr_of accept) == 16 && $(lab_nstat c TcpExtTCPFastOpenActiveFail) -ge 12 ]]
}

@test "TCP_DEFER_ACCEPT: served, with data that comes at once, late, and in the first ACK" {
	local f
	serve :: --defer-accept 5
	synward_in native
	for f in "${families[@]}"; do
		all_served "$f" 10
		raw "$f" handshake --gap-ms 300 | json '.connected and .echo_ok and (.rst | not)'
		raw "$f" data-in-ack | json '.connected and .echo_ok and (.rst | not)'
	done
	[[ $(reason handoff) == 24 ]]
}
