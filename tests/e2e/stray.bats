#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# What belongs to no connection: silence while armed, the kernel's own answer otherwise. And what is
# not ours to judge, untouched.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e

setup() {
	lab_up
	serve
}

silence() { raw "$f" "$@" --settle-ms 100 | json '.nr_replies == 0'; }
silence_after_synack() {
	raw "$f" bogus-ack --settle-ms 100 "$@" |
		json '.nr_synacks == 1 and .nr_replies_to_ack == 0 and (.rst | not)'
}
reset() { raw "$f" "$@" --settle-ms 300 | json '.rst'; }

# dropped_or_reset REASON SCENARIO...: the first few of a prefix are reset by the kernel, for clients whose
# connection it has lost; the others are dropped for that reason.
dropped_or_reset() {
	local name=$1 resets drops
	shift
	resets=$(reason ack_reset) drops=$(reason "$name")
	raw "$f" "$@" --settle-ms 100 >"$LAB_DIR/raw"
	resets=$(($(reason ack_reset) - resets)) drops=$(($(reason "$name") - drops))
	((resets + drops == 1))
	json ".rst == ($resets == 1)" <"$LAB_DIR/raw"
}

@test "an ACK that no cookie of ours brought is dropped while armed, or reset" {
	local f
	synward_in native
	for f in "${families[@]}"; do
		counts_by 1 ack_cookie_invalid silence_after_synack
		dropped_or_reset ack_cookie_invalid bogus-ack --ts off
		dropped_or_reset ack_cookie_expired bogus-ack --blind
		dropped_or_reset ack_cookie_invalid bogus-ack --blind --ts off
	done
	[[ $(reason handoff) == 0 && $(lab_nstat s TcpInSegs) == "$(reason ack_reset)" ]]
	(($(reason ack_reset) >= 4)) # two of each prefix, at least
	[[ $(synward_get '.services[0].cookies_invalid') == 8 ]]
}

@test "RST, FIN, SYN-ACK and worse are dropped while armed" {
	local f flags
	synward_in native
	for f in "${families[@]}"; do
		for flags in RST RST,ACK FIN SYN,ACK PSH SYN,ACK,FIN; do
			counts_by 1 out_of_state silence stray --flags "$flags"
		done
		for flags in FIN,ACK ACK,PSH,URG,FIN; do
			dropped_or_reset ack_cookie_expired stray --flags "$flags"
			dropped_or_reset ack_cookie_invalid stray --flags "$flags" --ts off
		done
		for flags in SYN,FIN SYN,RST; do
			counts_by 1 syn_bad_flags silence stray --flags "$flags"
		done
	done
	[[ $(lab_nstat s TcpInSegs) == "$(reason ack_reset)" ]]
}

@test "in monitor the kernel answers what it always did, and SYNs are counted" {
	local f
	synward_in native --mode monitor
	for f in "${families[@]}"; do
		reset bogus-ack
		reset bogus-ack --blind
		reset stray --flags SYN,ACK
		counts_by 1 syn_peace all_served "$f" 1
	done
	synward_get '.services[0]' | json '.mode == "monitor" and (.armed | not) and .syns == 4 and
		.cookies_sent == 0 and .cookies_valid == 0'
}

@test "a service that is off is not even counted" {
	local f
	synward_in native --mode off
	for f in "${families[@]}"; do
		all_served "$f" 3
		reset bogus-ack --blind
	done
	synward_get '.services[0]' | json '.mode == "off" and (.armed | not) and .syns == 0'
}

@test "UDP and ports that are no service are untouched" {
	local f name
	synward_in native
	lab_serve other --listen :: --port 81
	for f in "${families[@]}"; do
		lab_load --dst "$(server_of "$f")" --port 81 --count 5 -j | json '.served == 5'
		lab_load --dst "$(server_of "$f")" --port 82 -j | json '.errors == {"connect:ECONNREFUSED": 1}'
		[[ $f == 4 ]] && name=UdpNoPorts || name=Udp6NoPorts
		# shellcheck disable=SC2016 # for the inner shell
		lab_c bash -c 'echo hello >"/dev/udp/$1/80"' udp "$(server_of "$f")"
		lab_wait_for "the kernel to see the datagram" 2 udp_arrived "$name"
	done
	(($(reason not_service) >= 22 && $(reason not_tcp) >= 2))
	synward_get '.services[0]' | json '.syns == 0'
}

udp_arrived() { [[ $(lab_nstat s "$1") == 1 ]]; }

@test "nobody listens: the kernel refuses, as without us" {
	local f
	lab_stop server
	synward_in native
	for f in "${families[@]}"; do
		loads "$f" | json '.errors == {"connect:ECONNREFUSED": 1}'
		reset bogus-ack --blind
	done
	[[ $(reason syn_no_listener) == 2 && $(reason ack_no_listener) == 2 ]]
}
