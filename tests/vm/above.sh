#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # functions are called by name
# kernels: 6.12
# timeout: 600
#
# Services on what stands on the protected device and has a MAC of its own: a macvlan, as a VRRP virtual MAC is one,
# and the bridge that the device belongs to. They come while synward runs.
set -uo pipefail
# shellcheck source=tests/vm/guest.sh
source "$(dirname "$0")/guest.sh"

MACVLAN=(203.0.113.1 2001:db8:64::1) BRIDGE=(198.51.100.1 2001:db8:65::1)

on_macvlan() {
	ip -n "$LAB_S" link add vmac0 link srv0 address 00:00:5e:00:01:01 type macvlan mode private &&
		addressed "$LAB_S" vmac0 "${MACVLAN[0]}/24" "${MACVLAN[1]}/64"
}

on_bridge() {
	ip -n "$LAB_S" link add br0 address 02:62:72:00:00:01 type bridge stp_state 0 forward_delay 0 &&
		ip -n "$LAB_S" link set srv0 master br0 &&
		addressed "$LAB_S" br0 "${BRIDGE[0]}/24" "${BRIDGE[1]}/64"
}

handed_one() { # ADDR
	local handed
	handed=$(reason handoff)
	serves 1 "$1" && (($(reason handoff) > handed))
}

# connects WHAT ADDR... : by cookies, as through the device itself.
connects() {
	local addr handed others
	for addr in "${@:2}"; do
		expect "$1: is seen, $addr" lab_wait_for "a hand-off" 20 handed_one "$addr"
		handed=$(reason handoff) others=$(reason other_host)
		expect "$1: 50 connections, $addr" serves 50 "$addr"
		expect "$1: 1 MB each way, $addr" serves 2 "$addr" --echo 1048576
		expect "$1: by cookies, $addr" [ "$(reason handoff)" = $((handed + 52)) ]
		expect "$1: none is taken for another host's, $addr" [ "$(reason other_host)" = "$others" ]
	done
}

lab_up 2 || exit 1
modprobe macvlan && modprobe bridge
ip -n "$LAB_C" addr add 203.0.113.2/24 dev cli0
ip -n "$LAB_C" addr add 2001:db8:64::2/64 dev cli0 nodad
ip -n "$LAB_C" addr add 198.51.100.2/24 dev cli0
ip -n "$LAB_C" addr add 2001:db8:65::2/64 dev cli0 nodad
lab_serve echo --listen :: --port 80
for mode in native generic; do
	[[ $mode == native ]] || lab_gro on
	expect "$mode mode" synward_start --interface srv0 --ports 80 --xdp-mode "$mode"
	expect "$mode: a macvlan" on_macvlan
	connects "$mode, macvlan" "${MACVLAN[@]}"
	ip -n "$LAB_S" link del vmac0
	expect "$mode: a bridge" on_bridge
	connects "$mode, bridge" "${BRIDGE[@]}"
	ip -n "$LAB_S" link del br0
	expect "it stops" synward_stop
done
guest_end
