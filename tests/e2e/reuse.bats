#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# A SYN on a connection that the kernel still holds, in whatever state: only the kernel's own answer opens it
# again, a cookie would be lost on the old socket.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e

# The server ends first and keeps the TIME_WAIT. A SYN that is not let through is one that a client repeats after a
# second: none is.
@test "1000 connections from one port while the server is in TIME_WAIT: no reset, no stall" {
	local f
	serve :: --mode send --bytes 64
	synward_in native
	for f in "${families[@]}"; do
		all_served "$f" 100 --read 64 --source-port 40000
		[[ $(reason syn_repeated) == 0 ]]
	done
	for f in "${families[@]}"; do
		loads "$f" --count 900 --read 64 --source-port 40000 >"$LAB_DIR/load$f"
		echo "IPv$f: slowest connect $(jq .connect_us.max "$LAB_DIR/load$f") us"
		json '.served == 900 and .failed == 0' <"$LAB_DIR/load$f"
	done
	echo "cookies $(reason syn_cookie), known $(reason syn_known)"
	(($(reason syn_known) >= 1900)) # all but the first of each family, or a SYN ahead of the last ACK
	((2000 - $(reason syn_cookie) <= $(reason syn_known)))
	[[ $(reason syn_repeated) == 0 && $(nr_of accept) == 2000 ]]
	[[ $(lab_nstat s TcpOutRsts) == 0 && $(lab_nstat c TcpOutRsts) == 0 ]]
}

# The client's host went down and came up again: RFC 9293, 3.5.1. The kernel's answer is of the old connection,
# the client resets that and tries again.
@test "a client that lost its connection opens it again, from before the start and from a cookie" {
	local f
	serve
	for f in "${families[@]}"; do
		all_served "$f" 1 --source-port 40001 --vanish
	done
	synward_in native
	for f in "${families[@]}"; do
		all_served "$f" 1 --source-port 40002 --vanish
	done
	[[ $(lab_s ss -Htn state established | wc -l) == 4 ]]
	for f in "${families[@]}"; do
		all_served "$f" 1 --source-port 40001 --timeout-ms 5000
		all_served "$f" 1 --source-port 40002 --timeout-ms 5000
	done
	[[ $(reason syn_known) == 4 && $(reason handoff) == 6 ]]
}

# The server connects from the protected port, the client to it, and neither hears of the other before: what the
# server sends goes to a MAC that nobody has, until both wait for an answer.
opens_to_each_other() {
	local f=$1 client=$LAB_CLI4 nr_known
	nr_known=$(reason syn_known)
	[[ $f == 4 ]] || client=$LAB_CLI6
	ip -n "$LAB_S" neigh replace "$client" lladdr 02:00:00:00:00:99 dev srv0 nud permanent
	lab_spawn "out$f" lab_s "$LAB_BIN/tcpload" --dst "$client" --port 40003 --bind "$(server_of "$f")" \
		--source-port "$PORT" --reuseport --timeout-ms 5000 -j
	lab_wait_for "the server's SYN" 3 in_state s syn-sent
	lab_spawn "in$f" lab_c "$LAB_BIN/tcpload" --dst "$(server_of "$f")" --port "$PORT" --source-port 40003 \
		--timeout-ms 5000 -j
	lab_wait_for "the client's SYN to have come" 3 syn_came
	ip -n "$LAB_S" neigh replace "$client" lladdr "$LAB_CLI_MAC" dev srv0 nud permanent
	lab_wait "in$f" 8
	json '.served == 1 and .failed == 0' <"$LAB_DIR/in$f.out"
	lab_wait "out$f" 8
	json '.served == 1 and .failed == 0' <"$LAB_DIR/out$f.out"
}

in_state() { "lab_$1" ss -Htn state "$2" | grep -q .; }
syn_came() { (($(reason syn_known) > nr_known)); }

@test "both connect at once, beside a listener on the same port" {
	local f
	serve :: --reuseport
	synward_in native
	for f in "${families[@]}"; do
		opens_to_each_other "$f"
	done
	[[ $(nr_of accept) == 0 && $(reason syn_cookie) == 0 ]]
}

# What the kernel answered before we came is answered by the kernel again, with the same number.
synack_seq() { jq .synack.seq <<<"$1"; }

@test "a SYN again on a handshake that the kernel holds from before the arming" {
	local f answer
	serve
	for f in "${families[@]}"; do
		raw "$f" syn-only --sport 40004 --isn 1000 --settle-ms 50 >"$LAB_DIR/first$f"
	done
	[[ $(syn_recv) == 2 ]]
	synward_in native
	for f in "${families[@]}"; do
		answer=$(raw "$f" handshake --sport 40004 --isn 1000)
		want "$answer" '.connected and .echo_ok and (.rst | not)'
		[[ $(synack_seq "$answer") == $(synack_seq "$(<"$LAB_DIR/first$f")") ]]
	done
	[[ $(reason syn_known) == 2 && $(reason syn_cookie) == 0 && $(reason handoff) == 0 ]]
}
