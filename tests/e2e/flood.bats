#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# A spoofed flood in both families, and real clients beside it: none fails, established ones go on,
# and the kernel holds nothing for the flood.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e

setup() {
	lab_up
	serve
}

syn_recv() { lab_s ss -Htn state syn-recv | wc -l; }

# flood_sum FIELD: over what both floods said at their end.
flood_sum() { grep -h "^{" "$LAB_DIR"/flood[46].out | jq -s "map(.$1) | add"; }

# floods_begin PPS_EACH OPTION...: until floods_end.
floods_begin() {
	local f pps=$1
	shift
	for f in "${families[@]}"; do
		lab_flood_start "flood$f" --dst "$(server_of "$f")" --pps "$pps" --seconds 60 -j "$@"
	done
}

floods_end() {
	local f
	for f in "${families[@]}"; do
		lab_signal "flood$f" TERM
	done
	for f in "${families[@]}"; do
		lab_wait "flood$f" 10
	done
}

@test "a flood in both families at once: no client fails, every SYN is accounted for" {
	local f nr_taken nr_sent
	synward_in native
	for f in "${families[@]}"; do
		held_open "held$f" "$(server_of "$f")"
	done
	floods_begin 100000
	for f in "${families[@]}"; do
		held_echo "held$f" one
		all_served "$f" 500
		[[ $(syn_recv) == 0 ]]
		all_served "$f" 1 --echo 1048576
		held_echo "held$f" two
	done
	[[ $(syn_recv) == 0 ]]
	floods_end
	# All that arrived was answered, ours and theirs; a real client's SYN may have come twice.
	nr_taken=$(($(flood_sum sent) - $(flood_sum ring_full)))
	nr_sent=$(synward_get '.services[0].cookies_sent')
	echo "offered $(flood_sum sent), taken $nr_taken, answered $nr_sent"
	((nr_taken > 10000))
	((nr_sent >= nr_taken + 1004 && nr_sent <= nr_taken + 1104))
	[[ $(reason handoff) == 1004 ]]
	[[ $(lab_nstat s TcpExtListenOverflows) == 0 && $(lab_nstat s TcpExtTCPReqQFullDoCookies) == 0 &&
		$(lab_nstat s TcpExtSyncookiesSent) == 0 ]]
	lab_cli_counts | json ".spoofed_synack == $nr_taken"
}

@test "a flood of ACKs is dropped, none of 500 connections fails" {
	local f nr_taken
	synward_in native
	floods_begin 50000 --kind ack
	for f in "${families[@]}"; do
		all_served "$f" 250
	done
	floods_end
	nr_taken=$(($(flood_sum sent) - $(flood_sum ring_full)))
	(($(synward_get '.reasons | .ack_cookie_invalid + .ack_cookie_expired') == nr_taken))
	[[ $(reason handoff) == 500 && $(lab_nstat s TcpOutRsts) == 0 ]]
}
