#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# A spoofed flood in both families, and real clients beside it: none fails, established ones go on,
# and the kernel holds nothing for the flood.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e
load floods

bats_require_minimum_version 1.5.0

setup() {
	lab_up
	serve
}

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
	floods_begin 50000 --flags ACK
	for f in "${families[@]}"; do
		all_served "$f" 250
	done
	floods_end
	nr_taken=$(($(flood_sum sent) - $(flood_sum ring_full)))
	(($(synward_get '.reasons | .ack_cookie_invalid + .ack_cookie_expired + .ack_over_budget + .ack_reset') == nr_taken))
	# as many as the budgets of 256 counters allow, and no more
	[[ $(reason handoff) == 500 && $(lab_nstat s TcpOutRsts) == $(synward_get '.reasons.ack_reset // 0') ]]
	(($(synward_get '.reasons.ack_reset // 0') < nr_taken / 4))
}

# map_of NAME: the id of that map of the daemon's.
map_of() {
	awk '/^map_id/ { print $2 }' "/proc/$(lab_pid synwardd)"/fdinfo/* | sort -un |
		xargs -I{} bpftool -j map show id {} | jq -r "select(.name == \"$1\") | .id" | head -n 1
}

# What the program keeps of services, connections and handshakes, byte by byte.
contents() {
	local name
	for name in services flow_tags flow_tags_more flows peace_half_open; do
		echo "$name $(bpftool -j map dump id "$(map_of "$name")" | sha256sum)"
	done
	echo "services have $(bpftool -j map dump id "$(map_of services)" | jq length) entries"
	synward_cli -j handshakes --limit 10000 | jq -c '.handshakes | map([.source, .source_port, .state])'
}

@test "ten million SYNs from random sources leave no trace in any map" {
	local f nr_taken
	# A /15 has few /24s: at this rate two that share a budget would wear it out.
	mkdir "$LAB_DIR/synward.conf.d"
	printf '%s\n' "[synward]" "synack-per-prefix = 0" >"$LAB_DIR/synward.conf.d/cap.conf"
	synward_with
	synward_cli arm web
	for f in "${families[@]}"; do
		held_open "held$f" "$(server_of "$f")"
		handshakes "$f" --count 20 --end ack | json '.answered == 20'
	done
	contents >"$LAB_DIR/before"
	row_is '.flows == 42 and .half_open == 0'
	for f in "${families[@]}"; do
		lab_flood --dst "$(server_of "$f")" --port "$PORT" --pps max --seconds 60 --count 5000000 -j >"$LAB_DIR/flood$f.out"
	done
	nr_taken=$(($(flood_sum sent) - $(flood_sum ring_full)))
	echo "offered $(flood_sum sent), taken $nr_taken"
	((nr_taken > 9000000))
	row_is ".flows == 42 and .half_open == $nr_taken and .cookies_sent == $nr_taken + 42 and .served == 42"
	diff "$LAB_DIR/before" <(contents)
	[[ $(syn_recv) == 0 && $(wc -l <"$LAB_DIR/before") == 7 ]]
	for f in "${families[@]}"; do
		held_echo "held$f" still
		all_served "$f" 20
	done
	run -1 diff "$LAB_DIR/before" <(contents) # which one connection does
	[[ $output == *flow_tags* && $output != *services* ]]
}
