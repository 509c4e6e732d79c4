#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Every kind of listener: families, one address, small buffers, several sockets for one port; and
# clients that come back with the port that they had.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e

@test "two listeners, one for each family" {
	local f
	lab_serve four --listen 0.0.0.0 --port "$PORT"
	lab_serve six --listen :: --port "$PORT" --v6only
	synward_in native
	for f in "${families[@]}"; do
		all_served "$f" 20
	done
	[[ $(reason handoff) == 40 ]]
}

@test "a listener for IPv6 alone: IPv4 is refused by the kernel" {
	serve :: --v6only
	synward_in native
	all_served 6 3
	loads 4 | json '.errors == {"connect:ECONNREFUSED": 1}'
	[[ $(reason handoff) == 3 && $(reason syn_no_listener) == 1 ]]
}

@test "listeners of one address each, another address refused" {
	serve "$LAB_SRV4"
	lab_serve six --listen "$LAB_SRV6" --port "$PORT"
	ip -n "$LAB_S" addr add 192.0.2.9/24 dev srv0
	ip -n "$LAB_C" neigh replace 192.0.2.9 lladdr "$LAB_SRV_MAC" dev cli0 nud permanent
	synward_in native
	all_served 4 5
	all_served 6 5
	lab_load --dst 192.0.2.9 --port "$PORT" -j | json '.errors == {"connect:ECONNREFUSED": 1}'
	all_served 4 5
	[[ $(reason handoff) == 15 && $(reason syn_no_listener) == 1 ]]
}

@test "two sockets with SO_REUSEPORT share the connections" {
	lab_serve one --listen :: --port "$PORT" --reuseport --report
	lab_serve two --listen :: --port "$PORT" --reuseport --report
	synward_in native
	all_served 4 50
	all_served 6 50
	[[ $(reason handoff) == 100 ]]
	(($(grep -c accept "$LAB_DIR/one.out") > 10 && $(grep -c accept "$LAB_DIR/two.out") > 10))
}

@test "a listener with a small SO_RCVBUF: options as in peace, and 1 MB each way" {
	local f peace="" armed=""
	serve :: --rcvbuf 8192
	for f in "${families[@]}"; do
		peace+=$(report_of accept all_served "$f" 1 | jq -c '[.rcv_wscale, .snd_wscale, .snd_mss]')
	done
	synward_in native
	for f in "${families[@]}"; do
		armed+=$(report_of accept all_served "$f" 1 --echo 1048576 --timeout-ms 20000 |
			jq -c '[.rcv_wscale, .snd_wscale, .snd_mss]')
	done
	[[ $armed == "$peace" && $(reason handoff) == 2 ]]
}

@test "an MPTCP listener: every SYN passes, in both families" {
	[[ -e /proc/sys/net/mptcp/enabled ]] || skip "the kernel has no MPTCP"
	serve :: --mptcp
	synward_in native
	all_served 4 20
	all_served 6 20
	[[ $(reason syn_mptcp) == 40 && $(reason syn_cookie) == 0 ]]
}

# The server ends first and keeps the TIME_WAIT; only the kernel's own answer opens such a tuple again.
@test "a client that uses its port again while the server is in TIME_WAIT" {
	local f
	serve :: --mode send --bytes 64
	synward_in native
	for f in "${families[@]}"; do
		all_served "$f" 100 --read 64 --source-port 40000
	done
	echo "cookies $(reason syn_cookie), known $(reason syn_known)"
	(($(reason syn_known) >= 190)) # all but the first of each family, or a SYN ahead of the last ACK
	((200 - $(reason syn_cookie) <= $(reason syn_known)))
	[[ $(nr_of accept) == 200 ]]
}
