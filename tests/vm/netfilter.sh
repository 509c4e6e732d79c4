#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # functions are called by name
# kernels: 6.12
# timeout: 600
#
# Beside netfilter and conntrack: what goes on as in peace, what is bypassed while armed (the limits that the README
# names), and what swallows hand-offs, so that the canary has to give the port back to the kernel and say so.
set -uo pipefail
# shellcheck source=tests/vm/guest.sh
source "$(dirname "$0")/guest.sh"

ADDRS=("$LAB_SRV4" "$LAB_SRV6")

# rules CHAIN... : of the server, in the place of what there was.
rules() {
	lab_s nft flush ruleset && printf '%s\n' "table inet host {" "$@" "}" | lab_s nft -f -
}

input() { printf '%s\n' "chain in {" "type filter hook input priority 0" "$@" "}"; }

no_rules() { lab_s nft flush ruleset; }
dropped() { lab_s nft -j list ruleset | jq '[.. | .counter? // empty | .packets] | add'; }

PORT=80

# begins : in mode always.
begins() { MODE=always synward_start --interface srv0 --ports "$PORT"; }

# by_cookies COUNT ADDR : so many are served, all by cookies but for a port that is used again while it is in TIME_WAIT.
by_cookies() {
	local sent known
	sent=$(reason syn_cookie) known=$(reason syn_known)
	serves "$1" "$2" && sent=$(($(reason syn_cookie) - sent)) && known=$(($(reason syn_known) - known)) || return 1
	echo "$sent by cookies, $known on TIME_WAIT"
	((sent + known == $1 && known <= 2))
}

# refused ADDR : nobody is served.
refused() {
	lab_load --dst "$1" --port 80 --count 2 --timeout-ms 1500 -j | jq -e '.served == 0 and .failed == 2'
}

# swallowed WHAT : hand-offs arrive nowhere. Clients come until the canary has noticed; then the kernel serves, or
# refuses, as it would without us.
swallowed() {
	local addr
	lab_spawn clients lab_c taskset -c "$LAB_CLIENT_CPU" "$LAB_BIN/tcpload" --dst "$LAB_SRV4" --port "$PORT" \
		--seconds 60 --concurrency 16 --timeout-ms 3000 --pause-ms 50 -j
	expect "$1: the canary notices" lab_wait_for "the canary" 30 status_is '.services[0].path == "monitor"'
	lab_stop clients
	expect "$1: it says so in the log" synward_said "handed to the listener arrive nowhere.*firewall|port is forwarded"
	expect "$1: and in the status, with the remedy" \
		status_is '.services[0].why | test("arrive nowhere") and test("synward arm default")'
	for addr in "${ADDRS[@]}"; do
		expect "$1: from then on the kernel serves, $addr" serves 20 "$addr" --port "$PORT"
	done
	expect "$1: SYNs pass" status_is '.reasons.syn_peace >= 40'
	"$O/synward" --socket "$SOCKET" | sed 's/^/# /'
}

lab_up 2 || exit 1
modprobe -a nf_tables nf_conntrack nft_ct nft_nat nft_chain_nat nft_redir
lab_serve echo --listen :: --port 80

# ---- what works ------------------------------------------------------------------------------------

expect "drop-invalid" rules "$(input 'ct state invalid counter drop')"
expect "tcp_loose is 1, as it comes" [ "$(lab_s sysctl -n net.netfilter.nf_conntrack_tcp_loose)" = 1 ]
expect "synwardd starts" begins
for addr in "${ADDRS[@]}"; do
	expect "tcp_loose=1 and drop-invalid: 50 connections, $addr" by_cookies 50 "$addr"
	expect "1 MB each way, $addr" serves 1 "$addr" --echo 1048576
done
measured "packets that were invalid" "$(dropped)"

expect "a rule for every packet of a client" rules "$(input "ip saddr $LAB_CLI4 counter drop" \
	"ip6 saddr $LAB_CLI6 counter drop")"
for addr in "${ADDRS[@]}"; do
	expect "holds while armed, $addr" refused "$addr"
done
expect "it was the rule" [ "$(dropped)" -gt 0 ]
expect "it stops" synward_stop

# ---- what is bypassed ------------------------------------------------------------------------------

expect "a rule for SYNs alone" rules "$(input 'tcp dport 80 tcp flags & (syn | ack) == syn counter drop')"
expect "synwardd starts" begins
for addr in "${ADDRS[@]}"; do
	expect "known limit: it is bypassed while armed, $addr" by_cookies 10 "$addr"
done
expect "it saw none" [ "$(dropped)" = 0 ]
expect "it stops" synward_stop
for addr in "${ADDRS[@]}"; do
	expect "without us it holds, $addr" refused "$addr"
done
expect "it saw them" [ "$(dropped)" -gt 0 ]

# ---- what swallows hand-offs -----------------------------------------------------------------------

expect "new without a SYN is dropped" rules "$(input 'ct state new tcp flags & (syn | ack) != syn counter drop')"
expect "synwardd starts" begins
swallowed "new without a SYN"
expect "it stops" synward_stop

expect "drop-invalid" rules "$(input 'ct state invalid counter drop')"
expect "tcp_loose=0" lab_sysctl s net.netfilter.nf_conntrack_tcp_loose=0
expect "synwardd starts" begins
swallowed "tcp_loose=0 and drop-invalid"
expect "the remedy: tcp_loose=1" lab_sysctl s net.netfilter.nf_conntrack_tcp_loose=1
expect "and 'synward arm'" "$O/synward" --socket "$SOCKET" arm default
expect "it is armed again" lab_wait_for "the path" 5 status_is '.services[0].path == "cookie"'
for addr in "${ADDRS[@]}"; do
	expect "by cookies again, $addr" by_cookies 20 "$addr"
done
expect "it stops" synward_stop

# A published port: the host's own proxy listens, and NAT sends everybody to a server elsewhere. Another port than before:
# what conntrack remembers of connections to that one has been decided.
FAR=synward-far
PORT=81
published() {
	ip netns add "$FAR" &&
		ip -n "$LAB_S" link add mid0 type veth peer name far0 netns "$FAR" &&
		addressed "$LAB_S" mid0 198.51.100.1/24 2001:db8:65::1/64 &&
		addressed "$FAR" far0 198.51.100.2/24 2001:db8:65::2/64 &&
		ip -n "$FAR" route add default via 198.51.100.1 &&
		ip -n "$FAR" -6 route add default via 2001:db8:65::1 &&
		lab_sysctl s net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 &&
		lab_spawn far nsenter --net="/run/netns/$FAR" -- "$LAB_BIN/tcpserve" --listen :: --port 8080 --report &&
		rules "chain pre {" "type nat hook prerouting priority dstnat" "tcp dport 81 dnat ip to 198.51.100.2:8080" \
			"tcp dport 81 dnat ip6 to [2001:db8:65::2]:8080" "}"
}
lab_serve proxy --listen :: --port 81
expect "the port is published: DNAT" published
for addr in "${ADDRS[@]}"; do
	expect "DNAT in peace, $addr" serves 5 "$addr" --port 81
done
expect "it is the server elsewhere" [ "$(grep -c '"accept"' "$LAB_DIR/far.out")" = 10 ]
expect "synwardd starts" begins
swallowed DNAT
expect "it stops" synward_stop
expect "no rules" no_rules
guest_end
