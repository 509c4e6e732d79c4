#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Every kind of listener: families, one address, one device, small buffers, several sockets for one port.
# Those that ask for more of TCP are in sockopts.bats, those that come and go in
# restart.bats, MPTCP in kernelcookie.bats.
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

# To each by a hash of the connection: a share of some 25.
@test "four sockets with SO_REUSEPORT share the connections" {
	local name
	for name in one two three four; do
		lab_serve "$name" --listen :: --port "$PORT" --reuseport --report
	done
	synward_in native
	all_served 4 50
	all_served 6 50
	[[ $(reason handoff) == 100 ]]
	for name in one two three four; do
		(($(grep -c accept "$LAB_DIR/$name.out") > 5))
	done
}

@test "a listener bound to our device is served, one bound to another is not there" {
	local f
	lab_serve here --listen :: --port "$PORT" --device srv0
	lab_serve away --listen :: --port 81 --device lo
	synward_in native --ports 80,81
	for f in "${families[@]}"; do
		all_served "$f" 20
		lab_load --dst "$(server_of "$f")" --port 81 -j | json '.errors == {"connect:ECONNREFUSED": 1}'
	done
	[[ $(reason handoff) == 40 && $(reason syn_no_listener) == 2 ]]
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
