#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# reply = fib: what comes by one uplink is answered by another, where the routing table says so.
#
#        k1 ------- R1 (the lab's cli0) ------- srv0
#   client                                          server
#        k2 ------- R2 r2k            r2s ------ srv1      the server's way back
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e

CLIENT4=203.0.113.9 CLIENT6=2001:db8:99::9
R2_MAC=02:73:79:6e:00:12 SRV1_MAC=02:73:79:6e:00:11

k() { nsenter --net="/run/netns/$LAB_ID-k" -- "$@"; }
r2() { nsenter --net="/run/netns/$LAB_ID-r2" -- "$@"; }

# wire NET A DEV_A B DEV_B: a cable between two namespaces; .1 or ::1 is A's.
wire() {
	ip -n "$2" link add "$3" type veth peer name "$5" netns "$4"
	wire_end "$2" "$3" "10.9.$1.1/24" "2001:db8:9$1::1/64"
	wire_end "$4" "$5" "10.9.$1.2/24" "2001:db8:9$1::2/64"
}

wire_end() {
	# Link-local addresses stay: a router has nothing else to ask for neighbours with.
	nsenter --net="/run/netns/$1" -- sysctl -q -w "net.ipv6.conf.$2.accept_dad=0"
	ip -n "$1" link set "$2" up
	ip -n "$1" addr add "$3" dev "$2"
	ip -n "$1" addr add "$4" dev "$2" nodad
}

# route NS DEV VIA4 VIA6 NET4 NET6
route() {
	ip -n "$1" route replace "$5" via "$3" dev "$2"
	ip -n "$1" -6 route replace "$6" via "$4" dev "$2"
}

setup() {
	lab_up
	local ns
	for ns in k r2; do
		ip netns add "$LAB_ID-$ns"
		"$ns" sysctl -q -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
			net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0
		ip -n "$LAB_ID-$ns" link set lo up
	done
	wire 1 "$LAB_ID-k" k1 "$LAB_C" r1k
	wire 2 "$LAB_ID-k" k2 "$LAB_ID-r2" r2k
	wire 3 "$LAB_S" srv1 "$LAB_ID-r2" r2s
	ip -n "$LAB_S" link set srv1 address "$SRV1_MAC" mtu 1400
	ip -n "$LAB_ID-r2" link set r2s address "$R2_MAC" mtu 1400
	r2 "$LAB_BIN/labxdp" peer r2s
	lab_c sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	r2 sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	ip -n "$LAB_ID-k" addr add "$CLIENT4/32" dev lo
	ip -n "$LAB_ID-k" addr add "$CLIENT6/128" dev lo nodad
	route "$LAB_ID-k" k1 10.9.1.2 2001:db8:91::2 192.0.2.0/24 2001:db8:1::/64
	route "$LAB_C" r1k 10.9.1.1 2001:db8:91::1 203.0.113.0/24 2001:db8:99::/64
	route "$LAB_ID-r2" r2k 10.9.2.1 2001:db8:92::1 203.0.113.0/24 2001:db8:99::/64
	route "$LAB_ID-r2" r2s 10.9.3.1 2001:db8:93::1 192.0.2.0/24 2001:db8:1::/64
	route "$LAB_S" srv1 10.9.3.2 2001:db8:93::2 203.0.113.0/24 2001:db8:99::/64
	lab_sysctl s net.ipv4.conf.lo.forwarding=1 net.ipv6.conf.lo.forwarding=1
	serve
}

teardown() {
	[[ -n ${BATS_TEST_COMPLETED:-} ]] || why_failed
	local ns id=${LAB_ID:-}
	lab_down
	for ns in k r2; do
		[[ ! -e /run/netns/$id-$ns ]] || ip netns del "$id-$ns"
	done
}

# armed_with REPLY [KEY=VALUE...]: on both of the server's devices.
armed_with() {
	synward_conf "mode = ${MODE:-always}" "${@:2}"
	sed -i "s/^interfaces = .*/interfaces = srv0 srv1\nreply = $1/; s/^mode = auto-armed/mode = auto/" "$LAB_DIR/synward.conf"
	synward_up_conf
	[[ ${MODE:-always} != auto-armed ]] || synward_cli arm web
}

# clients FAMILY N: from behind both routers.
clients() {
	local from=$CLIENT4
	[[ $1 == 4 ]] || from=$CLIENT6
	k taskset -c "$LAB_CLIENT_CPU" "$LAB_BIN/tcpload" --dst "$(server_of "$1")" --port "$PORT" --bind "$from" --count "$2" -j
}
clients_served() { clients "$@" | json ".served == $2 and .failed == 0"; }

# The next hop is known once something was sent there.
resolve() {
	local f
	for f in "${families[@]}"; do
		clients_served "$f" 1
	done
}

@test "the SYN-ACK leaves by the other uplink, to its router, with the MSS of that way" {
	local f
	resolve
	armed_with fib
	lab_spawn dump r2 tcpdump -elnn -i r2s -Q in 'tcp and src port 80 and (tcp[13] == 0x12 or ip6[53] == 0x12)'
	lab_wait_for "tcpdump" 5 grep -q listening "$LAB_DIR/dump.err"
	for f in "${families[@]}"; do
		clients_served "$f" 20
	done
	[[ $(reason syn_cookie_routed) == 40 && $(reason syn_cookie) == 0 && $(reason handoff) == 40 ]]
	lab_wait_for "the dump" 3 dumped 40
	[[ $(grep -c "$SRV1_MAC > $R2_MAC" "$LAB_DIR/dump.out") == 40 ]]
	[[ $(grep -c "192\.0\.2\.1\.80 > .*Flags \[S\.\].* \[mss 1360" "$LAB_DIR/dump.out") == 20 ]]
	[[ $(grep -c "2001:db8:1::1\.80 > .*Flags \[S\.\].* \[mss 1340" "$LAB_DIR/dump.out") == 20 ]]
}

dumped() { (($(wc -l <"$LAB_DIR/dump.out") >= $1)); }

@test "reply = tx sends it back by the uplink that the SYN came by" {
	local f
	resolve
	armed_with tx
	for f in "${families[@]}"; do
		clients_served "$f" 5
	done
	[[ $(reason syn_cookie_routed) == 0 && $(reason syn_cookie) == 10 ]]
}

@test "a client whose way back is the way that it came is answered there" {
	local f
	armed_with fib
	for f in "${families[@]}"; do
		all_served "$f" 5
	done
	[[ $(reason syn_cookie_routed) == 0 && $(reason syn_cookie) == 10 ]]
}

@test "a next hop that is not known is asked for by the kernel, and then answered to" {
	local f
	armed_with fib
	ip -n "$LAB_S" neigh flush dev srv1
	for f in "${families[@]}"; do
		clients_served "$f" 5
	done
	(($(reason syn_no_neighbour) >= 2 && $(reason syn_cookie_routed) >= 8))
}

@test "no forwarding on lo: left to the kernel; no route back: dropped" {
	local f
	resolve
	armed_with fib
	lab_sysctl s net.ipv4.conf.lo.forwarding=0 net.ipv6.conf.lo.forwarding=0
	for f in "${families[@]}"; do
		counts_by 5 syn_fib_off clients_served "$f" 5
	done
	synward_wait '(.interfaces | map(.path == "monitor" and (.why | contains("lo.forwarding"))) | all) and
		.services[0].path == "monitor"' 3
	synward_said "net.ipv4.conf.lo.forwarding=1"
	lab_sysctl s net.ipv4.conf.lo.forwarding=1
	synward_wait '.interfaces | map(.path == "cookie" and (.why | startswith("SYNs of IPv6 go to the kernel"))) | all' 3
	lab_sysctl s net.ipv6.conf.lo.forwarding=1
	synward_wait '.interfaces | map(.path == "cookie" and .why == null) | all' 3
	ip -n "$LAB_S" route del 203.0.113.0/24
	ip -n "$LAB_S" -6 route del 2001:db8:99::/64
	for f in "${families[@]}"; do
		clients "$f" 1 | json '.errors == {"connect:ETIMEDOUT": 1}'
	done
	(($(reason syn_no_route) >= 2 && $(reason syn_cookie_routed) == 0))
}

# The client is not there to answer: what it sends goes the way of all its packets, past the lab's own tools.
@test "server-first: what is sent once more leaves by the same uplink" {
	local f src dst
	resolve
	armed_with fib "server-first = yes"
	lab_spawn dump r2 tcpdump -elnn -i r2s -Q in 'tcp src port 80 and (tcp[13] == 0x12 or ip6[53] == 0x12)'
	lab_wait_for "tcpdump" 5 grep -q listening "$LAB_DIR/dump.err"
	for f in "${families[@]}"; do
		src=$CLIENT4 dst=$LAB_SRV4
		[[ $f == 4 ]] || src=$CLIENT6 dst=$LAB_SRV6
		k "$LAB_BIN/rawtcp" syn-only --dev k1 --src "$src" --dst "$dst" --port "$PORT" --wait-ms 50 \
			--dmac "$(ip -n "$LAB_C" -j link show r1k | jq -r '.[0].address')"
	done
	synward_wait '.synacks_resent == 2' 5
	lab_wait_for "the dump" 3 dumped 4
	[[ $(grep -c "$SRV1_MAC > $R2_MAC" "$LAB_DIR/dump.out") == 4 ]]
}

routed_told() { grep -q '"syn_cookie_routed"' "$LAB_DIR/trace.out" && grep -q '"interface": "srv1"' "$LAB_DIR/trace.out"; }

@test "trace follows both devices, and tells by which one an answer left" {
	armed_with fib
	resolve
	lab_spawn trace lab_s "$SYNWARD" --socket "$LAB_DIR/ctl" -j trace --pcap "$LAB_DIR/sides.pcapng"
	lab_wait_for "trace to begin" 30 lab_out_has trace '"interfaces": ."srv0", "srv1".'
	clients_served 4 1 # in by srv0, out by srv1
	r2 "$LAB_BIN/tcpload" --dst "$LAB_SRV4" --port "$PORT" --count 1 -j | json '.served == 1'
	lab_wait_for "both" 5 routed_told
	lab_signal trace INT
	lab_wait trace 5
	jq -s 'map(select(.reason == "syn_cookie_routed"))' "$LAB_DIR/trace.out" | json ". != [] and all(.[];
		.interface == \"srv0\" and .out_interface == \"srv1\" and .fate == \"answered\" and
		.in.source == \"$CLIENT4\" and .out.destination == \"$CLIENT4\" and .out.ack == .in.seq + 1)"
	jq -s 'map(select(.interface == "srv1"))' "$LAB_DIR/trace.out" | json '.[0].in.flags == "SYN" and
		.[0].in.source == "10.9.3.2" and any(.[]; .hook == "tc" and .reason == "handoff")'
	grep -aq 'srv0:in' "$LAB_DIR/sides.pcapng"
	grep -aq 'srv1:out' "$LAB_DIR/sides.pcapng"
}
