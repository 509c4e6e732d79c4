#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # functions are called by name
# kernels: 6.12
# nics: 2
# timeout: 300
#
# A NIC with a driver of its own: native XDP, metadata from XDP to TC, VLAN devices above it. One of two virtio-net
# NICs on a segment goes to each namespace of the lab. They have one queue each: XDP_TX shares it, under a lock.
set -uo pipefail
# shellcheck source=tests/vm/guest.sh
source "$(dirname "$0")/guest.sh"

ADDRS=(192.0.0.1 2001:db8:66::1 203.0.113.1 2001:db8:64::1 198.51.100.1 2001:db8:65::1)

# nic NS NAME MAC_END : the NIC goes to a namespace.
nic() {
	local dev
	dev=$(ip -br link | awk -v mac="02:73:79:6e:01:0$3" '$3 == mac { print $1 }')
	ip link set "$dev" down && ip link set "$dev" name "$2" netns "$1"
}

lab_up 2 || exit 1
modprobe -a virtio_net 8021q
lab_wait_for "the NICs" 10 eval "ip -br link | grep -q 02:73:79:6e:01:01"
expect "a NIC for the server" nic "$LAB_S" nic0 0
expect "a NIC for the client" nic "$LAB_C" nic1 1
expect "addresses" addressed "$LAB_S" nic0 192.0.0.1/24 2001:db8:66::1/64
expect "addresses of the client" addressed "$LAB_C" nic1 192.0.0.2/24 2001:db8:66::2/64
expect "VLAN devices" tagged "$LAB_S" nic0 1
expect "VLAN devices of the client" tagged "$LAB_C" nic1 2
measured "driver" "$(lab_s ethtool -i nic0 | sed -n 's/^driver: //p')"
measured "offloads" "$(lab_s ethtool -k nic0 | grep -E '^(rx-vlan|rx-checks|tx-checks|generic-rec|large)' |
	tr '\n' ' ')"
lab_serve echo --listen :: --port 80
for addr in "${ADDRS[@]}"; do
	expect "in peace: 10 connections, $addr" serves 10 "$addr"
done

for mode in native generic; do
	expect "$mode mode" synward_start --interface nic0 --ports 80 --xdp-mode "$mode"
	expect "$mode: says so" status_is ".interfaces[0] | .xdp_mode == \"$mode\" and .path == \"cookie\""
	for addr in "${ADDRS[@]}"; do
		handed=$(reason handoff)
		expect "$mode: 50 connections, $addr" serves 50 "$addr"
		expect "$mode: 1 MB each way, $addr" serves 1 "$addr" --echo 1048576
		expect "$mode: by cookies, $addr" [ "$(reason handoff)" = $((handed + 51)) ]
	done
	measured "$mode: ACKs that the driver had no room to mark" "$(reason ack_no_note)"
	"$O/synward" --socket "$SOCKET" | sed 's/^/# /'
	expect "$mode: it stops" synward_stop
	expect "$mode: connections go on" serves 5 192.0.0.1
done
dmesg | grep -iE 'virtio_net|nic0.*xdp' | tail -n 3 | sed 's/^/# dmesg: /'
guest_end
