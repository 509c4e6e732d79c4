#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Ports whose hand-offs arrive nowhere: forwarded by NAT, or behind a firewall that drops what is new without a
# SYN. They are found out, left to the kernel, and tried again when the operator wants it.
load e2e

teardown() {
	[[ -n ${BATS_TEST_COMPLETED:-} ]] || why_failed
	local id=$LAB_ID # lab_down forgets it
	lab_down
	[[ ! -e /run/netns/$id-b ]] || ip netns delete "$id-b"
}

lab_b() { nsenter --net="/run/netns/$LAB_ID-b" -- "$@"; }

# A host behind the server, to which the port is forwarded. The server listens, too, as docker-proxy does.
forward() {
	serve
	ip netns add "$LAB_ID-b"
	ip -n "$LAB_S" link add fwd0 type veth peer name in0 netns "$LAB_ID-b"
	ip -n "$LAB_S" addr add 10.66.0.1/24 dev fwd0
	ip -n "$LAB_S" link set fwd0 up
	ip -n "$LAB_ID-b" addr add 10.66.0.2/24 dev in0
	ip -n "$LAB_ID-b" link set in0 up
	ip -n "$LAB_ID-b" route add default via 10.66.0.1
	lab_spawn behind lab_b "$LAB_BIN/tcpserve" --listen 0.0.0.0 --port "$PORT"
	lab_sysctl s net.ipv4.ip_forward=1
	lab_s nft add table ip n
	lab_s nft add chain ip n pre '{ type nat hook prerouting priority -100; }'
	lab_s nft add rule ip n pre iif srv0 tcp dport "$PORT" dnat to 10.66.0.2
}

drop_new() {
	lab_s nft add table inet f
	lab_s nft add chain inet f in '{ type filter hook input priority 0; }'
	lab_s nft add rule inet f in tcp dport "$PORT" 'tcp flags & (syn|ack) != syn' ct state new drop
}

listen_for_events() {
	lab_spawn events "$SYNWARD" --socket "$LAB_DIR/ctl" -j monitor
	lab_wait_for "the subscription" 2 lab_running events
}

# Clients, ten at a time, until the service is on that path; how many were served by the way does not matter.
lose_until() {
	local i
	for ((i = 0; i < 10; i++)); do
		loads 4 --count 10 --concurrency 10 --timeout-ms 2500 >/dev/null || :
		! synward_is ".services[0].path == \"$1\"" >/dev/null || return 0
	done
	synward_wait ".services[0].path == \"$1\"" 3
}

none_served() { loads 4 --count 10 --concurrency 10 --timeout-ms 2500 | json '.served == 0'; }

@test "a forwarded port: found out within seconds, said, forwarded again; 'arm' tries again" {
	forward
	all_served 4 5
	synward_up
	listen_for_events
	none_served
	synward_wait '.services[0] | .path == "monitor" and (.armed | not) and (.why | test("DNAT.*synward arm default.*10m"))' 3
	synward_said "default, port $PORT: handshakes that are handed to the listener arrive nowhere"
	lab_wait_for "the event" 2 lab_out_has events '"event": "black_hole", .*"seconds": 600, "path": "monitor"'
	all_served 4 20
	lab_spawn late "$SYNWARD" --socket "$LAB_DIR/ctl" monitor
	lab_wait_for "one that comes late to hear of it" 2 lab_out_has late 'default:80 black hole: .*in \(10 min\|9 min\)'

	synward_cli arm default
	lab_wait_for "the event" 2 lab_out_has events '"event": "black_hole_end", .*"cause": "operator"'
	synward_wait '.services[0] | .path == "cookie" and .armed and .why == null' 2
	none_served
	synward_wait '.services[0] | .path == "monitor" and (.why | test("10m"))' 3
}

@test "a forwarded port, cookies of the kernel's at any time: they do not arrive either" {
	forward
	lab_sysctl s net.ipv4.tcp_syncookies=2
	synward_up
	none_served
	lose_until kernel-cookie
	lose_until monitor
	synward_wait '.services[0] | .path == "monitor" and (.armed | not) and (.why | test("DNAT.*synward arm default.*20m"))' 3
	all_served 4 20
}

@test "NAT of another port takes the socket from hand-offs: cookies of the kernel's arrive" {
	local cookies
	grep -q nf_nat_ipv6_local_in /proc/kallsyms || skip "this kernel leaves the socket where it is"
	serve
	lab_sysctl s net.ipv4.tcp_syncookies=2
	lab_s nft add table ip n
	lab_s nft add chain ip n pre '{ type nat hook prerouting priority -100; }'
	lab_s nft add rule ip n pre tcp dport 81 redirect to :82
	synward_up
	none_served
	lose_until kernel-cookie
	synward_is '.services[0] | .why | test("NAT on this host")'
	cookies=$(synward_get '.reasons.syn_kernel_cookie // 0')
	all_served 4 20
	synward_is ".reasons.syn_kernel_cookie == $cookies + 20"
}

@test "a firewall that drops what is new without a SYN, on a port that has worked: ten seconds" {
	local began
	serve
	synward_up
	all_served 4 5
	synward_wait '.uptime_seconds >= 2' 4 # and has been seen to work
	drop_new
	began=$SECONDS
	none_served
	lose_until monitor
	((SECONDS - began >= 9))
	synward_wait '.services[0] | .path == "monitor" and (.why | test("firewall"))' 1
	all_served 4 20
}

@test "connections that are too short to be seen, and clients that come back, are no black hole" {
	serve
	synward_up
	all_served 4 3000
	row_is '.path == "cookie" and .armed'
}
