#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Floods of what belongs to no connection, against an armed service: dropped, each for its reason; nobody beside
# them notices, and few are reset.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e

setup() {
	lab_up
	serve
}

# flood_begin FAMILY FLAGS OPTION...: 30000 of them; flood_end waits for the last, and says what became of them.
flood_begin() {
	resets=$(lab_nstat s TcpOutRsts)
	lab_flood_start flood --dst "$(server_of "$1")" --port "$PORT" --pps 50000 --count 30000 --seconds 60 \
		--flags "$2" -j "${@:3}"
}

flood_end() {
	lab_wait flood 30
	nr_taken=$(grep '^{' "$LAB_DIR/flood.out" | jq '.sent - .ring_full')
	seconds=$(grep '^{' "$LAB_DIR/flood.out" | jq '.seconds | ceil')
	resets=$(($(lab_nstat s TcpOutRsts) - resets))
	echo "$nr_taken taken in $seconds s, $resets resets"
	((nr_taken > 5000))
	# RESET_BUDGETS counters, 6 of each in a second at most
	((resets <= 256 * 6 * (seconds + 1)))
}

reasons_sum() { synward_get "[.reasons.$1] | add // 0"; }

# drops_all FLAGS REASONS OPTION...: which are what may become of such a flood; and nobody beside it notices.
drops_all() {
	local f flags=$1 fates=$2 before resets nr_taken seconds
	shift 2
	for f in "${families[@]}"; do
		echo "IPv$f $flags $*"
		before=$(reasons_sum "$fates")
		flood_begin "$f" "$flags" "$@"
		held_echo "held$f" "$flags"
		all_served "$f" 50
		all_served "$f" 1 --echo 1000000
		flood_end
		(($(reasons_sum "$fates") - before == nr_taken))
	done
}

hold_open() {
	local f
	for f in "${families[@]}"; do
		held_open "held$f" "$(server_of "$f")"
	done
}

@test "floods of RST, FIN, SYN-ACK, NULL and Xmas are dropped, and nobody notices" {
	local flags
	synward_in native
	hold_open
	for flags in RST RST,ACK FIN SYN,ACK none FIN,PSH,URG; do
		drops_all "$flags" out_of_state
	done
	[[ $(lab_nstat s TcpOutRsts) == 0 && $(syn_recv) == 0 ]]
}

# Without timestamps a prefix can be out of its budget for wrong cookies; and few are reset.
ack_fates='ack_cookie_invalid, .reasons.ack_cookie_expired, .reasons.ack_over_budget, .reasons.ack_reset'

floods_of_acks() {
	drops_all ACK "$ack_fates"
	drops_all ACK "$ack_fates" --options none
	drops_all FIN,ACK "$ack_fates" --options none
}

@test "floods of ACKs from random sources: clients with timestamps are served, few are reset" {
	synward_in native
	hold_open
	floods_of_acks
	(($(reason ack_cookie_expired) > 20000 && $(reason ack_cookie_invalid) > 40000))
	[[ $(lab_nstat s TcpOutRsts) == "$(reason ack_reset)" ]]
}

@test "floods of ACKs from random sources: clients without timestamps are served" {
	lab_sysctl c net.ipv4.tcp_timestamps=0
	synward_in native
	hold_open
	floods_of_acks
}

# The prefix that floods is out of its budget for wrong cookies, others are not.
@test "a flood of ACKs without timestamps from one prefix: it alone is not looked at any more" {
	local f prefix resets nr_taken seconds over
	lab_sysctl c net.ipv4.tcp_timestamps=0
	synward_in native
	for f in "${families[@]}"; do
		prefix=198.18.7.0/24
		[[ $f == 4 ]] || prefix=2001:db8:9000::/48
		over=$(reason ack_over_budget)
		flood_begin "$f" ACK --options none --src "$prefix"
		all_served "$f" 200
		flood_end
		over=$(($(reason ack_over_budget) - over))
		((over > nr_taken * 9 / 10 && resets <= 6 * (seconds + 1)))
	done
}

no_connection() { [[ -z $(lab_c ss -Htn dst "$(server_of "$1")" dport = "$PORT") ]]; }

# lose FAMILY: what the server holds of that client, and the client does not hear of it.
lose() {
	local client=$LAB_CLI4
	[[ $1 == 4 ]] || client=$LAB_CLI6
	ip -n "$LAB_S" neigh replace "$client" lladdr 02:00:00:00:00:99 dev srv0 nud permanent
	lab_s ss -K dst "[$client]" sport = "$PORT" >/dev/null
	[[ -z $(lab_s ss -Htn dst "[$client]" sport = "$PORT") ]]
	ip -n "$LAB_S" neigh replace "$client" lladdr "$LAB_CLI_MAC" dev srv0 nud permanent
}

notices() {
	echo hello >"$LAB_DIR/held$1.fifo"
	lab_wait_for "held$1 to be reset" 10 no_connection "$1"
}

@test "a client whose connection the server has lost is reset" {
	local f
	hold_open
	for f in "${families[@]}"; do
		lose "$f"
	done
	synward_in native
	for f in "${families[@]}"; do
		counts_by 1 ack_reset notices "$f"
	done
}

# Its address is none of those that flood.
@test "a client whose connection the server has lost is reset, in a flood of ACKs too" {
	local f resets nr_taken seconds
	hold_open
	for f in "${families[@]}"; do
		lose "$f"
	done
	synward_in native
	for f in "${families[@]}"; do
		flood_begin "$f" ACK
		notices "$f"
		flood_end
	done
}
