#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # functions are called by name
# kernels: 6.12
# timeout: 600
#
# Bonds, of two veths each, on both sides: which modes take XDP of their own, that cookies go out by a port of the bond
# and handshakes are handed over, when a port fails too; and synward on a port alone. VLAN, macvlan and bridge devices
# are refused with the device below them named, and generic mode takes them.
set -uo pipefail
# shellcheck source=tests/vm/guest.sh
source "$(dirname "$0")/guest.sh"

SRV4=203.0.113.1 SRV6=2001:db8:64::1

# bonded NS PORT PORT HOST MODE [WORD...] : bond0 of these, with 203.0.113.HOST and 2001:db8:64::HOST.
bonded() {
	ip -n "$1" link add bond0 type bond mode "$5" miimon 50 "${@:6}" &&
		ip -n "$1" link set "$2" down && ip -n "$1" link set "$2" master bond0 &&
		ip -n "$1" link set "$3" down && ip -n "$1" link set "$3" master bond0 &&
		ip -n "$1" link set "$2" up && ip -n "$1" link set "$3" up &&
		addressed "$1" bond0 "203.0.113.$4/24" "2001:db8:64::$4/64"
}

# both_bonded MODE [WORD...]
both_bonded() {
	bonded "$LAB_S" srv0 srv1 1 "$@" && bonded "$LAB_C" cli0 cli1 2 "$@" &&
		lab_wait_for "the bonds to carry" 20 serves 1 "$SRV4"
}

unbonded() {
	ip -n "$LAB_S" link del bond0 && ip -n "$LAB_C" link del bond0
}

by_cookies() { # by_cookies ADDR COUNT
	local handed
	handed=$(reason handoff)
	serves "$2" "$1" && [ "$(reason handoff)" = $((handed + $2)) ]
}

# answers WHAT : at both addresses, by cookies.
answers() {
	local addr
	for addr in "$SRV4" "$SRV6"; do
		expect "$1: 50 connections by cookies, $addr" by_cookies "$addr" 50
		expect "$1: 1 MB each way, $addr" serves 2 "$addr" --echo 1048576
	done
}

# refused DEVICE WORDS : by a daemon that is started on it, and why.
refused() {
	refuse lab_s timeout 20 "$O/synwardd" --interface "$1" --ports 80 --control-socket "$LAB_DIR/no" \
		2>"$LAB_DIR/refused"
	cat "$LAB_DIR/refused"
	grep -qF -- "$2" "$LAB_DIR/refused"
}

port_is_refused() {
	refuse "$O/synward" --socket "$SOCKET" attach srv0 2>"$LAB_DIR/refused"
	grep -F "srv0 is busy with another XDP program, of the device that it belongs to maybe" "$LAB_DIR/refused"
}

lab_up 2 || exit 1
modprobe -a bonding 8021q macvlan bridge dummy
ip -n "$LAB_S" link add srv1 type veth peer name cli1 netns "$LAB_C"
lab_c "$LAB_BIN/labxdp" peer cli1
lab_serve echo --listen :: --port 80

for mode in active-backup balance-rr balance-xor; do
	expect "$mode: bonds" both_bonded "$mode"
	expect "$mode: native mode" synward_start --interface bond0 --ports 80 --xdp-mode native
	expect "$mode: says so" status_is '.interfaces[0] | .state == "attached" and .xdp_mode == "native" and .path == "cookie"'
	answers "$mode"
	expect "$mode: a port has no room for another program" port_is_refused
	if [[ $mode == active-backup ]]; then
		expect "$mode: a port goes down" ip -n "$LAB_S" link set srv0 down
		expect "$mode: and the client's" ip -n "$LAB_C" link set cli0 down
		expect "$mode: the other takes over" lab_wait_for "service" 20 by_cookies "$SRV4" 1
		answers "$mode, by the other port"
	fi
	expect "$mode: it stops" synward_stop
	expect "$mode: no bond any more" unbonded
done

# Modes that XDP does not know: in auto it falls back, and says so. The client has no bond: this mode sends by the MAC of
# whichever port it takes.
tlb() {
	ip -n "$LAB_S" link add bond0 type bond mode balance-tlb miimon 50 &&
		ip -n "$LAB_S" link set srv0 down && ip -n "$LAB_S" link set srv0 master bond0 &&
		addressed "$LAB_S" bond0 "$SRV4/24" "$SRV6/64" &&
		addressed "$LAB_C" cli0 203.0.113.2/24 2001:db8:64::2/64 &&
		lab_wait_for "the bond to carry" 20 serves 1 "$SRV4"
}

expect "balance-tlb: a bond" tlb
expect "balance-tlb: auto" synward_start --interface bond0 --ports 80
measured "balance-tlb" "$(status '.interfaces[0].xdp_mode')"
expect "balance-tlb: generic, and told" synward_said 'bond0: the driver refuses native XDP .*; attaching in generic mode'
lab_s ethtool -K bond0 gro on
answers "balance-tlb, generic"
expect "balance-tlb: it stops" synward_stop
expect "balance-tlb: no bond any more" ip -n "$LAB_S" link del bond0
ip -n "$LAB_C" addr flush dev cli0

# On a port of a bond, rather than on the bond.
expect "a port: bonds" both_bonded active-backup
expect "a port: native mode" synward_start --interface srv0 --ports 80 --xdp-mode native
answers "a port"
expect "a port: it stops" synward_stop
expect "a port: no bond any more" unbonded

# What stands on others.
ip -n "$LAB_S" link set srv0 up
ip -n "$LAB_S" link add srv0.7 link srv0 type vlan id 7
ip -n "$LAB_S" link add mac0 link srv0 type macvlan
ip -n "$LAB_S" link add br0 type bridge
ip -n "$LAB_S" link set srv1 master br0
expect "a VLAN is refused" refused srv0.7 "srv0.7 is a VLAN on srv0,"
expect "a macvlan is refused" refused mac0 "mac0 is a macvlan on srv0,"
expect "a bridge is refused" refused br0 "br0 is a bridge on srv1,"
ip -n "$LAB_C" link set cli0 up
expect "VLAN devices" tagged "$LAB_S" srv0 1
expect "and the client's" tagged "$LAB_C" cli0 2
lab_c ethtool -K cli0 tx-vlan-hw-insert off tx-vlan-stag-hw-insert off
expect "generic mode on a VLAN" synward_start --interface srv0.100 --ports 80 --xdp-mode generic
lab_gro on
answers "a VLAN, generic"
"$O/synward" --socket "$SOCKET" | sed 's/^/# /'
expect "it stops" synward_stop
guest_end
