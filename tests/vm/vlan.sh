#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # functions are called by name
# kernels: 6.12
# timeout: 600
#
# Services on VLAN devices, one tag and two, with synward on the device below. The client's own device puts the
# tags into the frames (tx-vlan-hw-insert off): a veth that leaves them beside the frame is like a NIC that strips
# them (rxvlan on). In native mode XDP then sees no tag and answers without one; that is shown, not judged.
set -uo pipefail
# shellcheck source=tests/vm/guest.sh
source "$(dirname "$0")/guest.sh"

ADDRS=(203.0.113.1 2001:db8:64::1 198.51.100.1 2001:db8:65::1)

client_inserts() { # on|off
	lab_c ethtool -K cli0 tx-vlan-hw-insert "$1" tx-vlan-stag-hw-insert "$1"
}

# synacks_untagged : so many of the SYN-ACKs for one connection to VLAN 100 came without a tag.
synacks_untagged() {
	lab_spawn dump lab_c tcpdump -elnU -i cli0 -Q in 'tcp src port 80 or (vlan 100 and tcp src port 80)'
	lab_wait_for "tcpdump" 10 grep -q listening "$LAB_DIR/dump.err"
	serves 1 203.0.113.1 >/dev/null
	lab_wait_for "the SYN-ACK" 5 lab_out_has dump 'Flags \[S\.\]'
	lab_stop dump
	grep 'Flags \[S\.\]' "$LAB_DIR/dump.out" | grep -vc 'vlan 100'
}

# connects MODE : to every address, by cookies.
connects() {
	local addr handed
	for addr in "${ADDRS[@]}"; do
		handed=$(reason handoff)
		expect "$1: 50 connections, $addr" serves 50 "$addr"
		expect "$1: 1 MB each way, $addr" serves 2 "$addr" --echo 1048576
		expect "$1: by cookies, $addr" [ "$(reason handoff)" = $((handed + 52)) ]
	done
	expect "$1: the answer carries the tag" [ "$(synacks_untagged)" = 0 ]
}

lab_up 2 || exit 1
modprobe 8021q
expect "VLAN devices" tagged "$LAB_S" srv0 1
expect "VLAN devices of the client" tagged "$LAB_C" cli0 2
client_inserts off
lab_serve echo --listen :: --port 80
for addr in "${ADDRS[@]}"; do
	expect "in peace: 10 connections, $addr" serves 10 "$addr"
done

expect "native mode" synward_start --interface srv0 --ports 80 --xdp-mode native
connects native
client_inserts on
measured "known limit: a native SYN-ACK that lacks its tag, when XDP does not see it" "$(synacks_untagged)"
client_inserts off
expect "it stops" synward_stop

lab_gro on
expect "generic mode" synward_start --interface srv0 --ports 80 --xdp-mode generic
connects "generic, tags in the frame"
client_inserts on
connects "generic, tags beside the frame"
"$O/synward" --socket "$SOCKET" | sed 's/^/# /'
expect "it stops" synward_stop
guest_end
